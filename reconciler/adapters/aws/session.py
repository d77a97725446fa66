"""Sessions with a profile and, where one is given, a role that is assumed when needed and renewed in time."""

import getpass
import os
import re
import sys
import time
from collections.abc import Mapping
from functools import partial
from typing import Any

from botocore import exceptions as boto
from botocore.awsrequest import AWSResponse
from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials
from botocore.model import OperationModel
from botocore.session import Session

from reconciler.adapters.aws.answers import CheckedParsers, NoAnswer
from reconciler.adapters.aws.failures import NoTerminal, check_credentials, credentials_of, legible
from reconciler.calls import attempt_at
from reconciler.ports import UNOBSERVED, Called, Observer
from reconciler.problems import Denied
from reconciler.service_models import model_loader, new_session

# Tell of each call that the clients of a session make, those that botocore makes for itself among them.

STARTED = "reconciler_started"
# Other failures, such as missing credentials, are those of calls that were not even tried.
SENT = (boto.HTTPClientError, boto.ConnectionError, boto.IncompleteReadError)


def observe(session: Session, observer: Observer) -> None:
    """Tell the observer of the calls of all clients that this session creates from now on."""
    calls = _Calls(observer)
    handlers: dict[str, Any] = {
        "before-call": calls.start,
        "after-call": calls.answered,
        "after-call-error": calls.failed,
    }
    for event, handler in handlers.items():
        session.register(event, handler)


class _Calls:
    """What botocore emits around a call. `context` is the call's own, the same in all of its events."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._account = ""

    def start(self, model: OperationModel, context: dict[str, Any], **_more: Any) -> None:
        context[STARTED] = model, time.time(), time.monotonic()

    def answered(
        self, http_response: AWSResponse, parsed: Mapping[str, Any], context: Mapping[str, Any], **_more: Any
    ) -> None:
        self._account = str(parsed.get("Account", self._account))  # GetCallerIdentity alone tells it
        self._tell(
            context,
            status=int(http_response.status_code),
            error=str(parsed.get("Error", {}).get("Code", "")),
            request_id=str(parsed.get("ResponseMetadata", {}).get("RequestId", "")),
        )

    def failed(self, exception: Exception, context: Mapping[str, Any], **_more: Any) -> None:
        if isinstance(exception, NoAnswer):
            self._tell(context, status=exception.status, error=type(exception).__name__)
        elif isinstance(exception, SENT):
            self._tell(context, error=type(exception).__name__)

    def _tell(self, context: Mapping[str, Any], **more: Any) -> None:
        model, began, start = context[STARTED]
        self._observer.called(
            Called(
                service=str(model.service_model.service_id),
                operation=model.name,
                region=str(context.get("client_region", "")),
                started=began,
                seconds=time.monotonic() - start,
                attempt=attempt_at(model.name),
                account=self._account,
                **more,
            )
        )


SESSION_NAME = "batch-reconciler"  # how CloudTrail names our calls
EXAMPLE = "arn:aws:iam::123456789012:role/deploy"
ROLE = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]+")
ANY_REGION = "us-east-1"  # STS answers there for the standard partition


def open_session(
    profile: str | None = None,
    role_arn: str | None = None,
    region: str | None = None,
    observer: Observer = UNOBSERVED,
) -> Session:
    """Return a session; AWS is not called yet. Raises `Denied` for a profile or credentials that do not exist."""
    if role_arn and not ROLE.fullmatch(role_arn):
        raise Denied(f"--role-arn {legible(role_arn)} is not the ARN of a role", hint=f"use an ARN such as {EXAMPLE}")
    base = _session(profile, observer)
    with credentials_of(base):
        _ask_only_at_a_terminal(base)
        known = base.get_config_variable("region")  # this is where a profile that does not exist fails
        region = region or os.environ.get("AWS_REGION") or known
        if region:  # botocore assumes the role of a profile in the region of the session, and fails where it has none
            base.set_config_variable("region", region)
    return assume_role(base, role_arn, region, observer) if role_arn else base


def assume_role(base: Session, role_arn: str, region: str | None = None, observer: Observer = UNOBSERVED) -> Session:
    """Return a session in a role, which the credentials of `base` assume. Raises `Denied` where that has none."""
    with credentials_of(base):
        credentials = base.get_credentials()
    if credentials is None:
        raise Denied("no AWS credentials to assume the role with", hint="configure credentials, or use --profile")
    create_client = partial(base.create_client, region_name=region or ANY_REGION)
    fetcher = AssumeRoleCredentialFetcher(
        create_client, credentials, role_arn, extra_args={"RoleSessionName": SESSION_NAME}
    )
    assumed = _session(base.instance_variables().get("profile"), observer)

    def assume() -> Any:
        check_credentials(base, "AssumeRole")
        return fetcher.fetch_credentials()

    role = DeferredRefreshableCredentials(method="assume-role", refresh_using=assume)
    assumed.register_component("credential_provider", _Only(role))
    return assumed


def _session(profile: str | None, observer: Observer) -> Session:
    """Return a session that shares the service models with all others."""
    session = new_session(profile)
    with credentials_of(session):
        session.register_component("data_loader", model_loader(session.get_config_variable("data_path")))
    session.register_component("response_parser_factory", CheckedParsers())
    observe(session, observer)
    return session


def _ask_only_at_a_terminal(session: Session) -> None:
    """Let a profile ask for a code of an MFA device at a terminal only, and fail without one.

    botocore asks by `getpass`, which waits for a line of stdin where there is no terminal.
    """
    chain = session.get_component("credential_provider")
    chain.get_provider("assume-role")._prompter = _prompted  # noqa: SLF001 - botocore has no public way to it


def _prompted(question: str) -> str:
    is_ci = os.environ.get("CI", "").lower() not in ("", "0", "false")
    if is_ci or not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise NoTerminal
    return getpass.getpass(question)


class _Only:
    """The one source of credentials of a session."""

    def __init__(self, credentials: DeferredRefreshableCredentials) -> None:
        self._credentials = credentials

    def load_credentials(self) -> DeferredRefreshableCredentials:
        return self._credentials
