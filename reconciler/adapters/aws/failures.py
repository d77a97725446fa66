"""What comes out of sessions, credentials, connections and parsers, as failures of ours.

Texts of botocore, urllib3 and http.client are not passed on: they quote headers with tokens in them, and what a
credential process has written. Ours name the cause, the profile and the remedy.
"""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

from botocore import exceptions as boto
from botocore.session import Session
from urllib3.exceptions import HTTPError

from reconciler.adapters.aws.answers import NoAnswer
from reconciler.problems import CloudError, Denied, Fault, fault_of

NOT_AWS = "the response may not come from AWS: check AWS_ENDPOINT_URL, the proxy, and for a login page"
TROUBLE = "the response may not come from AWS: check AWS_ENDPOINT_URL and the proxy, or try again later"
REFUSALS = 400
SERVER = 500  # from here on, HTTP says that the server is to blame
NETWORK = "check the network, the region and AWS_ENDPOINT_URL"
CONFIGURED = "check the profile in the AWS configuration files (`aws configure list` shows where each value comes from)"
RENEW = "renew the credentials, for example with `aws sso login`, or use --profile"
# Of every service that is asked. AWS takes requests of up to 5 minutes (S3: 15) before or after its own time:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
CLOCK = ("RequestExpired", "RequestTimeTooSkewed", "RequestInTheFuture")
CLOCK_TEXT = re.compile(r"signature expired|signature not yet current|is now (earlier|later) than", re.IGNORECASE)
WRONG_KEY = ("SignatureDoesNotMatch", "InvalidSignatureException", "IncompleteSignature")
SHORTEST = 8  # characters of what can be a secret
CONTAINER_TOKEN = "AWS_CONTAINER_AUTHORIZATION_TOKEN"  # noqa: S105 - a name
LINE_BREAK = re.compile(r"[\r\n]")
CANONICAL = "The Canonical String"  # with it, a wrong signature is answered with the headers, and the token in them
# What names the files that a credential provider reads.
FILES = ("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "AWS_CONFIG_FILE",
         "AWS_SHARED_CREDENTIALS_FILE")  # fmt: skip
BUNDLES = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE")  # as botocore looks for certificates
CONTAINER = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
OF_TYPE = re.compile(
    r"Invalid type for parameter (\S+), value: .*?, type: <class '([\w.]+)'>, valid types: ([^\n]*)", re.DOTALL
)
# Of a URL, and of one whose scheme is forgotten; a password may have any character but blanks.
USER_OF_URL = re.compile(r"(?<=://)\S*@|[^/@\s:]*:[^/@\s]+@")
VARIABLES = {"access_key": "AWS_ACCESS_KEY_ID", "secret_key": "AWS_SECRET_ACCESS_KEY", "token": "AWS_SESSION_TOKEN"}


class NoTerminal(Exception):  # noqa: N818 - names what is missing
    """A profile wants a code of an MFA device, and there is no terminal to ask for it."""


class Cause(NamedTuple):
    message: str
    hint: str


PROVIDERS = {
    "custom-process": Cause(
        "the credential_process of {who} failed", "run it by hand: its output may contain secrets, so it is not shown"
    ),
    "container-role": Cause(
        "{who} cannot get credentials from the container",
        "check AWS_CONTAINER_CREDENTIALS_FULL_URI and AWS_CONTAINER_AUTHORIZATION_TOKEN",
    ),
    "sso": Cause("{who} cannot get credentials through SSO", "log in again, for example with `aws sso login`"),
}
NO_LOGIN = Cause("{who} has no valid SSO session", "log in again, for example with `aws sso login`")
# By what is raised, the first that fits. Texts of others are left out.
CAUSES: tuple[tuple[tuple[type[Exception], ...], Cause], ...] = (
    (
        (boto.ProfileNotFound,),
        Cause(
            "the AWS profile {profile} does not exist", "check --profile, AWS_PROFILE and the AWS configuration files"
        ),
    ),
    (
        (boto.ConfigParseError, boto.ConfigNotFound),
        Cause("the AWS configuration file {path} is not valid", "correct it, or unset AWS_CONFIG_FILE"),
    ),
    (
        (boto.MissingDependencyException,),
        Cause("{who} requires a package that is not installed", "install it: pip install 'botocore[crt]'"),
    ),
    (
        (boto.InfiniteLoopConfigError,),
        Cause("{who} refers to itself as source_profile", CONFIGURED),
    ),
    ((boto.InvalidConfigError, boto.PartialCredentialsError), Cause("{who} is incomplete: {why}", CONFIGURED)),
    (
        (boto.NoCredentialsError,),
        Cause("no AWS credentials found", "configure credentials, or use --profile"),
    ),
    ((boto.SSOError, boto.TokenRetrievalError, boto.NoAuthTokenError), NO_LOGIN),
    (
        (boto.LoginError,),
        Cause("{who} has no valid login", "log in again with `aws login`"),
    ),
    (
        (NoTerminal, boto.RefreshWithMFAUnsupportedError),
        Cause(
            "{who} requires an MFA code, but stdin is not a terminal",
            "use session credentials (`aws sts get-session-token`), or run it in a terminal",
        ),
    ),
    ((boto.CredentialRetrievalError,), Cause("{who} cannot get credentials from {provider}", CONFIGURED)),
    ((RuntimeError,), Cause("the credentials from {who} have already expired", RENEW)),  # of a refresh
    (
        (Exception,),
        Cause(
            "the credentials of {who} cannot be loaded ({type})",
            "check the profile in the AWS configuration files, and what its credential_process prints",
        ),
    ),
)


def refusal_error(operation: str, error: boto.ClientError, *, endpoint: str = "") -> CloudError:
    """Return what an error of AWS is."""
    response_error = error.response.get("Error", {})
    about = error.response.get("ResponseMetadata", {})
    status = about.get("HTTPStatusCode", 400)
    code = str(response_error.get("Code", status))
    message = str(response_error.get("Message", "")).partition(CANONICAL)[0].strip()
    fault = Fault.DENIED if _is_clock(code, message) else fault_of(status, code)
    hint = _hint(operation, code, message, about.get("HTTPHeaders", {})) if fault is Fault.DENIED else ""
    if code == str(status):  # no code of AWS: something else may have answered
        message, hint = f"{message or 'no reason given'} ({endpoint})", hint or NOT_AWS
    return CloudError(operation, fault, code, message, hint=hint, request_id=str(about.get("RequestId", "")))


def no_answer_error(operation: str, endpoint: str, error: NoAnswer) -> CloudError:
    """Return the failure that such an answer means: the call may have been made, unless the status excludes it."""
    fault = fault_of(error.status, "")
    message = f"{endpoint} answered with {error}"
    # An endpoint without an operation answers 4xx and no code of AWS: that is a refusal all the same.
    known = Fault.UNKNOWN if fault is Fault.REFUSED and error.status < REFUSALS else fault
    return CloudError(operation, known, "NoAnswer", message, hint=TROUBLE if error.status >= SERVER else NOT_AWS)


def call_error(operation: str, endpoint: str, error: Exception) -> CloudError:
    """Return what a call is that got no answer."""
    name = type(error).__name__
    match error:
        case boto.EndpointConnectionError() | boto.ConnectTimeoutError():
            slow = " in time" if isinstance(error, boto.ConnectTimeoutError) else ""
            return CloudError(operation, Fault.UNREACHABLE, name, f"{endpoint} cannot be reached{slow}", hint=NETWORK)
        case boto.ProxyConnectionError():
            message = f"the proxy to {endpoint} cannot be reached"
            return CloudError(
                operation, Fault.UNREACHABLE, name, message, hint="check HTTPS_PROXY, HTTP_PROXY and NO_PROXY"
            )
        case boto.SSLError():
            why = getattr(_root(error), "verify_message", "") or "the connection is not secure"
            bundle = next((name for name in BUNDLES if os.environ.get(name)), "")
            hint = f"check that {bundle} contains the certificate of the server, or of a proxy that decrypts TLS"
            hint = hint if bundle else "if a proxy decrypts TLS, set AWS_CA_BUNDLE to its certificates"
            return CloudError(operation, Fault.UNREACHABLE, name, f"TLS to {endpoint} failed: {why}", hint=hint)
        case boto.ConnectionError():
            return CloudError(operation, Fault.UNREACHABLE, name, f"{endpoint} cannot be reached", hint=NETWORK)
        case boto.ReadTimeoutError():
            return CloudError(operation, Fault.UNKNOWN, name, f"{endpoint} did not respond in time", hint=NETWORK)
        case boto.ConnectionClosedError() | boto.IncompleteReadError() | boto.ResponseStreamingError() | HTTPError():
            return CloudError(
                operation, Fault.UNKNOWN, name, f"{endpoint} closed the connection before the response was complete"
            )
        case boto.HTTPClientError():
            return _unsent_error(operation, endpoint, error)
        case boto.ParamValidationError():
            return CloudError(operation, Fault.REFUSED, name, _without_values(str(error.kwargs.get("report", ""))))
    return CloudError(operation, Fault.REFUSED, name, legible(str(error)))


def _unsent_error(operation: str, endpoint: str, error: boto.HTTPClientError) -> CloudError:
    """Return what botocore has no name for. Its text has the header that could not be sent, token and all."""
    inner = error.kwargs.get("error")
    name = type(inner or error).__name__
    message = f"the request to {endpoint} failed ({name})"
    if isinstance(inner, ValueError | TypeError):  # it could not be written, so that it was never sent
        return CloudError(
            operation,
            Fault.REFUSED,
            "HTTPClientError",
            message,
            hint="check AWS_ENDPOINT_URL, HTTPS_PROXY, HTTP_PROXY and the credentials",
        )
    return CloudError(operation, Fault.UNKNOWN, "HTTPClientError", message, hint=NETWORK)


def _without_values(report: str) -> str:
    """Return what is wrong with a request, without the values that botocore quotes: one may be secret."""
    return legible(OF_TYPE.sub(lambda match: f"{match[1]} is of type {match[2]}, not {_type_names(match[3])}", report))


def _type_names(listed: str) -> str:
    return " or ".join(re.findall(r"'([\w.]+)'", listed))


def cause_of(error: Exception, profile: str) -> Cause:
    """Say why there are no credentials, and what to do about it. `profile` is how the one in use is called."""
    known = {"provider": "", **getattr(error, "kwargs", {}), "who": profile, "type": type(error).__name__}
    if isinstance(error, OSError) and error.filename:
        setting = next((name for name in FILES if os.environ.get(name) == str(error.filename)), "")
        setting_note = f" ({setting})" if setting else ""
        hint = f"correct {setting}, or unset it" if setting else CONFIGURED
        return Cause(f"the credentials file {error.filename}{setting_note} cannot be read: {error.strerror}", hint)
    if isinstance(error, boto.InvalidConfigError | boto.PartialCredentialsError):
        known["why"] = legible(str(error))  # names of profiles and members alone
    if isinstance(error, ValueError) and LINE_BREAK.search(os.environ.get(CONTAINER_TOKEN, "")):
        return Cause(f"{CONTAINER_TOKEN} has a line break", "remove the line break")
    if isinstance(error, ValueError) and str(error).startswith("Unsupported host"):
        why = "credentials are accepted only from this machine or its container platform"
        return Cause(f"{CONTAINER} refers to an untrusted host: {why}", f"correct {CONTAINER}, or unset it")
    by_provider = PROVIDERS.get(str(known["provider"])) if isinstance(error, boto.CredentialRetrievalError) else None
    cause = by_provider or next(cause for kinds, cause in CAUSES if isinstance(error, kinds))
    return Cause(cause.message.format_map(known), cause.hint)


@contextmanager
def credentials_of(session: Session) -> Iterator[None]:
    """Raise `Denied` for whatever goes wrong within, where nothing but botocore looks for credentials."""
    try:
        yield
    except Denied:
        raise
    except Exception as error:
        cause = cause_of(error, _profile(session))
        raise Denied(cause.message, hint=cause.hint) from error


def check_credentials(session: Session, operation: str) -> None:
    """Fetch or renew the credentials of a session, if it is time, which may be in the midst of a run.

    Raises `CloudError`.
    """
    profile = _profile(session)
    try:
        credentials = session.get_credentials()
        if credentials is None:
            raise boto.NoCredentialsError  # noqa: TRY301 - reported as the others are
        frozen = credentials.get_frozen_credentials()
    except CloudError:  # of those that a role is assumed with
        raise
    except boto.ClientError as error:
        failure = refusal_error(error.operation_name, error)
        if failure.fault in (Fault.DENIED, Fault.REFUSED):
            why = f"{failure.code}: {legible(failure.message)}"
            message = f"{profile} cannot get credentials with {error.operation_name}: {why}"
            hint = failure.hint or CONFIGURED
            raise CloudError(operation, Fault.DENIED, "NoCredentials", message, hint=hint) from error
        raise CloudError(operation, Fault.UNREACHABLE, failure.code, failure.message, hint=failure.hint) from error
    except NoAnswer as error:
        raise CloudError(
            operation,
            Fault.UNREACHABLE,
            "NoAnswer",
            f"STS responded to a request for credentials with {error}",
            hint=NOT_AWS,
        ) from error
    except (boto.HTTPClientError, boto.ConnectionError) as error:
        failure = call_error(operation, "the credential provider", error)
        # The call itself was not made.
        failure.fault = Fault.DENIED if failure.fault is Fault.REFUSED else Fault.UNREACHABLE
        raise failure from error
    except Exception as error:
        cause = cause_of(error, profile)
        raise CloudError(operation, Fault.DENIED, "NoCredentials", cause.message, hint=cause.hint) from error
    for name, variable in VARIABLES.items():
        if wrong := unsendable(getattr(frozen, name) or ""):
            called = variable if credentials.method == "env" else f"{name} of {profile}"
            message, hint = (
                f"{called} {wrong}",
                "remove line breaks and spaces: a value read from a file often ends in a line break",
            )
            raise CloudError(operation, Fault.DENIED, "InvalidCredentials", message, hint=hint)


def unsendable(text: str) -> str:
    """Say what a credential has that no header can carry; empty if it has nothing of the kind."""
    if text.rstrip("\r\n") != text:
        return "ends in a line break"
    if any(not "!" <= sign <= "~" for sign in text):
        return "contains a space, a line break or a different invalid character"
    return ""


def legible(text: str) -> str:
    """Return a text on one line, without the passwords of URLs and without what is secret in the environment."""
    shown = USER_OF_URL.sub("", " ".join(text.split()))
    for name in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        secret = os.environ.get(name, "").strip()
        shown = shown.replace(secret, "***") if len(secret) >= SHORTEST else shown
    return shown


def _profile(session: Session) -> str:
    name = (
        session.instance_variables().get("profile")
        or os.environ.get("AWS_PROFILE")
        or os.environ.get("AWS_DEFAULT_PROFILE")
    )
    return f"the AWS profile {name}" if name else "the AWS configuration"


def _root(error: BaseException) -> BaseException:
    """Return the failure of `ssl` below those of urllib3 and botocore."""
    inner: Any = getattr(error, "kwargs", {}).get("error") or error.__cause__ or error.__context__
    for _ in range(5):
        if not isinstance(inner, BaseException) or hasattr(inner, "verify_message"):
            break
        inner = getattr(inner, "reason", None) or inner.__cause__ or inner.__context__ or next(iter(inner.args), None)
    return inner if isinstance(inner, BaseException) else error


def _is_clock(code: str, message: str) -> bool:
    return code in CLOCK or CLOCK_TEXT.search(message) is not None


def _hint(operation: str, code: str, message: str, headers: Mapping[str, str]) -> str:
    """Expired or unknown credentials are renewed, a clock is set; only valid credentials can lack a right."""
    if _is_clock(code, message):
        return f"the clock of this machine is wrong{_skew(headers)}: correct it"
    if code in WRONG_KEY:
        return "the secret access key does not match the access key: check both"
    if "AccessDenied" in code or code == "UnauthorizedOperation":
        return f"the caller needs permission for {operation}"
    return RENEW


def _skew(headers: Mapping[str, str]) -> str:
    """Say by how much, as far as AWS has told its own time."""
    try:
        theirs = parsedate_to_datetime(headers.get("date", ""))
    except ValueError:
        return ""
    minutes = round((datetime.now(UTC) - theirs).total_seconds() / 60)
    return f" by {abs(minutes)} min ({'ahead' if minutes > 0 else 'behind'})" if minutes else ""
