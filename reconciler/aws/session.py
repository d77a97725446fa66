"""Sessions with a profile and, where one is given, a role that is assumed when needed and renewed in time."""

from functools import cache, partial

from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials
from botocore.exceptions import ProfileNotFound
from botocore.loaders import Loader, create_loader
from botocore.session import Session

from reconciler.aws.calls import observe
from reconciler.ports import UNOBSERVED, Observer
from reconciler.problems import Denied

SESSION_NAME = "batch-reconciler"  # how CloudTrail names our calls
ANY_REGION = "us-east-1"  # STS answers there for the standard partition


def open_session(
    profile: str | None = None,
    role_arn: str | None = None,
    region: str | None = None,
    observer: Observer = UNOBSERVED,
) -> Session:
    """Return a session; AWS is not called yet. Raises `Denied` for a profile or credentials that do not exist."""
    base = _session(profile, observer)
    try:
        credentials = base.get_credentials() if role_arn else None
        region = region or base.get_config_variable("region")
    except ProfileNotFound as error:
        raise Denied(str(error), hint="check --profile and AWS_PROFILE") from error
    if role_arn is None:
        return base
    if credentials is None:
        raise Denied("no AWS credentials to assume the role with", hint="configure credentials, or give --profile")
    create_client = partial(base.create_client, region_name=region or ANY_REGION)
    fetcher = AssumeRoleCredentialFetcher(
        create_client, credentials, role_arn, extra_args={"RoleSessionName": SESSION_NAME}
    )
    assumed = _session(profile, observer)
    role = DeferredRefreshableCredentials(method="assume-role", refresh_using=fetcher.fetch_credentials)
    assumed.register_component("credential_provider", _Only(role))
    return assumed


def _session(profile: str | None, observer: Observer) -> Session:
    """Return a session that shares the service models with all others: to read them takes longer than a call."""
    session = Session(profile=profile)
    session.register_component("data_loader", _loader())
    observe(session, observer)
    return session


@cache
def _loader() -> Loader:
    return create_loader(Session().get_config_variable("data_path"))


class _Only:
    """The one source of credentials of a session."""

    def __init__(self, credentials: DeferredRefreshableCredentials) -> None:
        self._credentials = credentials

    def load_credentials(self) -> DeferredRefreshableCredentials:
        return self._credentials
