"""The `Cloud` port over botocore: one call in, plain data or a `CloudError` out."""

import os
from collections.abc import Mapping
from functools import cache
from urllib.parse import urlsplit

import botocore.session
from botocore import exceptions as boto
from botocore import xform_name
from botocore.client import BaseClient
from botocore.config import Config

from reconciler.model import Identity, Json
from reconciler.problems import CloudError, Denied, Fault, WrongUsage, fault_of

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
        session: botocore.session.Session,
        region: str | None = None,
        endpoint: str | None = None,
        *,
        service: str = "batch",
    ) -> None:
        self._session = session
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
        return _call(self._called, operation, request)

    def _find_identity(self) -> Identity:
        found = _call(self._beside("sts"), "GetCallerIdentity", {})
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
        try:
            return self._session.create_client(service, self._region, config=ONCE, endpoint_url=endpoint)
        except boto.NoRegionError as error:
            hint = "give --region, set AWS_REGION, or write `region:` in the stack"
            raise Denied("no AWS region is known", hint=hint) from error
        except (boto.ProfileNotFound, boto.PartialCredentialsError, boto.CredentialRetrievalError) as error:
            raise Denied(str(error), hint="check --profile and the AWS configuration files") from error
        except (ValueError, boto.BotoCoreError) as error:
            raise WrongUsage(f"the AWS configuration cannot be used: {error}") from error


def _call(client: BaseClient, operation: str, request: Mapping[str, Json]) -> Mapping[str, Json]:
    method = getattr(client, xform_name(operation), None)
    if method is None:  # botocore knows an operation from the release on that brought it
        message = "the installed botocore does not know this operation"
        raise CloudError(operation, Fault.REFUSED, "UnknownOperation", message, hint="install a newer boto3")
    try:
        response: dict[str, Json] = method(**request)
    except boto.ClientError as error:
        raise _refused(operation, error) from error
    except (boto.NoCredentialsError, boto.PartialCredentialsError, boto.CredentialRetrievalError) as error:
        raise _failed(operation, Fault.DENIED, error, hint="configure credentials, or give --profile") from error
    except (boto.TokenRetrievalError, boto.SSOError, boto.ProfileNotFound) as error:
        raise _failed(operation, Fault.DENIED, error, hint="log in again, for example with `aws sso login`") from error
    except (boto.EndpointConnectionError, boto.ConnectTimeoutError, boto.ProxyConnectionError) as error:
        hint = "check the network, the region and AWS_ENDPOINT_URL"
        raise _failed(operation, Fault.UNREACHABLE, error, hint=hint) from error
    except (boto.HTTPClientError, boto.IncompleteReadError, boto.ReadTimeoutError) as error:
        raise _failed(operation, Fault.UNKNOWN, error) from error
    except boto.BotoCoreError as error:
        raise _failed(operation, Fault.REFUSED, error) from error
    response.pop("ResponseMetadata", None)
    return response


def _refused(operation: str, error: boto.ClientError) -> CloudError:
    told = error.response.get("Error", {})
    about = error.response.get("ResponseMetadata", {})
    status = about.get("HTTPStatusCode", 400)
    code = str(told.get("Code", status))
    fault = fault_of(status, code)
    hint = _hint(operation, code) if fault is Fault.DENIED else ""
    request_id = str(about.get("RequestId", ""))
    return CloudError(operation, fault, code, str(told.get("Message", error)), hint=hint, request_id=request_id)


def _hint(operation: str, code: str) -> str:
    """Expired or unknown credentials are renewed; only valid ones can lack a right."""
    if "AccessDenied" in code or code == "UnauthorizedOperation":
        return f"the caller needs the right to {operation}"
    return "renew the credentials, for example with `aws sso login`, or give --profile"


def _failed(operation: str, fault: Fault, error: Exception, hint: str = "") -> CloudError:
    return CloudError(operation, fault, type(error).__name__, str(error), hint=hint)
