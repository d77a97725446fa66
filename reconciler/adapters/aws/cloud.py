"""The `Cloud` port over botocore: one call in, plain data or a `CloudError` out."""

import json
import os
import re
from collections.abc import Mapping
from functools import cache
from io import BytesIO
from urllib.parse import urlsplit

from botocore import exceptions as boto
from botocore import xform_name
from botocore.client import BaseClient
from botocore.config import Config
from botocore.response import StreamingBody
from botocore.session import Session
from urllib3.exceptions import HTTPError

from reconciler.adapters.aws.answers import CheckedParsers, NoAnswer, missing
from reconciler.adapters.aws.failures import (
    call_error,
    check_credentials,
    credentials_of,
    legible,
    no_answer_error,
    refusal_error,
)
from reconciler.model import Identity, Json
from reconciler.problems import CloudError, Denied, Fault, WrongUsage

ACCOUNT = re.compile(r"[0-9]{12}")
OK = 200
SCHEMES = ("http", "https")
REGION = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")  # it becomes a part of a host name
LOCAL = ("127.0.0.1", "localhost", "::1")
# Retries are ours: botocore would repeat a RegisterJobDefinition whose answer was lost, and each makes a revision.
ONCE = Config(
    retries={"total_max_attempts": 1},
    connect_timeout=10,
    read_timeout=60,
    max_pool_connections=32,
    user_agent_extra="batch-reconciler",
)


class AwsCloud:
    """AWS as one session sees it. Clients are made when they are first needed; botocore's are safe to share.

    Calls go to AWS Batch, unless another `service` is named.
    """

    def __init__(
        self,
        session: Session,
        region: str | None = None,
        endpoint: str | None = None,
        *,
        service: str = "batch",
    ) -> None:
        self._session = session
        session.register_component("response_parser_factory", CheckedParsers())
        self._service = service
        self._endpoint = endpoint  # None: as the environment and the AWS configuration say
        # botocore itself reads AWS_DEFAULT_REGION only; the other AWS SDKs and CI systems set AWS_REGION.
        self._region = region or os.environ.get("AWS_REGION")
        self._known = cache(self._find_identity)
        self._made = cache(self._client)
        # functools.cached_property would do, but up to Python 3.11 it has one lock for all instances, and a run over
        # many accounts would ask for one identity at a time.

    def identity(self) -> Identity:
        return self._known()

    def call(self, operation: str, request: Mapping[str, Json]) -> Mapping[str, Json]:
        return _call(self._session, self._called, operation, request)

    def _find_identity(self) -> Identity:
        sts = self._beside("sts")
        found = _call(self._session, sts, "GetCallerIdentity", {})
        if not ACCOUNT.fullmatch(found["Account"]):  # every ARN would be wrong
            why = NoAnswer(OK, "", "whose field Account is not an account ID")
            raise no_answer_error("GetCallerIdentity", legible(sts.meta.endpoint_url), why)
        return Identity(
            account=found["Account"], region=self._batch.meta.region_name, partition=self._batch.meta.partition
        )

    @property
    def _batch(self) -> BaseClient:
        return self._made("batch", self._endpoint)

    @property
    def _called(self) -> BaseClient:
        return self._batch if self._service == "batch" else self._beside(self._service)

    def _beside(self, service: str) -> BaseClient:
        """A service where the session has it; for a Batch endpoint on this machine, on the same one: it is not AWS."""
        endpoint = self._batch.meta.endpoint_url
        client = self._made(service)
        if urlsplit(endpoint).hostname in LOCAL and urlsplit(client.meta.endpoint_url).hostname not in LOCAL:
            return self._made(service, endpoint)
        return client

    def _client(self, service: str, endpoint: str | None = None) -> BaseClient:
        """Raises `Denied` for credentials that do not work, and `WrongUsage`."""
        with credentials_of(self._session):
            region = self._region or self._session.get_config_variable("region")
            if region and not REGION.fullmatch(region):
                hint = "correct --region, `region:` in the stack, AWS_REGION or AWS_DEFAULT_REGION"
                raise Denied(f"{json.dumps(region)} is not an AWS region", hint=hint)
            self._session.get_credentials()
        try:
            client = self._session.create_client(service, self._region, config=ONCE, endpoint_url=endpoint)
        except boto.NoRegionError as error:
            hint = "use --region, set AWS_REGION, or add `region:` to the stack"
            raise Denied("no AWS region is set", hint=hint) from error
        except (ValueError, boto.BotoCoreError) as error:
            raise WrongUsage(f"the AWS configuration is invalid: {legible(str(error))}") from error
        if wrong := _wrong_endpoint(client.meta.endpoint_url):
            message = f"{legible(client.meta.endpoint_url)} is not an AWS endpoint: {wrong}"
            raise WrongUsage(message, hint="correct AWS_ENDPOINT_URL")
        return client


def _wrong_endpoint(url: str) -> str:
    """Say why nothing can be sent to a URL; empty if something can."""
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES:
        return "the scheme must be http or https"
    try:
        return "" if parts.port != 0 else "the port is 0"
    except ValueError:
        return "the port must be a number up to 65535"


def _call(session: Session, client: BaseClient, operation: str, request: Mapping[str, Json]) -> Mapping[str, Json]:
    method = getattr(client, xform_name(operation), None)
    if method is None:  # botocore knows an operation from the release on that brought it
        message = "the installed botocore does not know this operation"
        raise CloudError(operation, Fault.REFUSED, "UnknownOperation", message, hint="install a newer boto3")
    endpoint = legible(client.meta.endpoint_url)
    check_credentials(session, operation)
    try:
        response: dict[str, Json] = method(**request)
        for name, value in response.items():
            if isinstance(value, StreamingBody):  # it may break off, too
                response[name] = BytesIO(value.read())
    except boto.ClientError as error:
        raise refusal_error(operation, error, endpoint=endpoint) from error
    except NoAnswer as error:
        raise no_answer_error(operation, endpoint, error) from error
    except (boto.BotoCoreError, HTTPError) as error:
        raise call_error(operation, endpoint, error) from error
    about = response.pop("ResponseMetadata", {})
    if lacking := missing(client.meta.service_model.operation_model(operation), response):
        why = NoAnswer(about.get("HTTPStatusCode", 200), "", f"without the field {lacking}")
        raise no_answer_error(operation, endpoint, why)
    return response
