"""Whatever is wrong with credentials is exit 4, with its cause and a remedy, and without texts of other programs."""

import os
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from botocore import exceptions as boto
from botocore.awsrequest import AWSResponse
from botocore.session import Session

from reconciler.adapters.aws.cloud import AwsCloud
from reconciler.adapters.aws.failures import call_error, cause_of
from reconciler.adapters.aws.session import open_session
from reconciler.cli.context import exit_of
from reconciler.model import Json
from reconciler.problems import CloudError, Denied, Exit, Fault, Stopped, WrongUsage

ROLE = "arn:aws:iam::123456789012:role/deploy"
CONFIG = f"""\
[profile itself]
role_arn = {ROLE}
source_profile = other
[profile other]
role_arn = {ROLE}
source_profile = itself
[profile lost]
role_arn = {ROLE}
source_profile = nowhere
[profile no-program]
credential_process = /nowhere/program
[profile a-list]
credential_process = echo []
[profile fails]
credential_process = sh -c "echo secret-token-ABC >&2; exit 3"
[profile garbage]
credential_process = echo secret-token-ABC
[profile code]
role_arn = {ROLE}
source_profile = keys
mfa_serial = arn:aws:iam::123456789012:mfa/me
[profile assumes]
role_arn = {ROLE}
source_profile = keys
[profile login]
login_session = arn:aws:iam::123456789012:user/x
[profile keys]
aws_access_key_id = AKIA
aws_secret_access_key = x
[profile broken-key]
aws_access_key_id = AKIA BROKEN
aws_secret_access_key = secret-token-ABC
[profile half]
aws_access_key_id = AKIA
[profile no-sso]
sso_session = none
sso_account_id = 123456789012
sso_role_name = x
[profile logged-out]
sso_start_url = https://x.awsapps.com/start
sso_region = us-east-1
sso_account_id = 123456789012
sso_role_name = x
[profile source]
role_arn = {ROLE}
credential_source = Garbage
[profile both]
role_arn = {ROLE}
credential_source = Environment
source_profile = keys
"""
KEYS = {"AWS_ACCESS_KEY_ID": "AKIAX", "AWS_SECRET_ACCESS_KEY": "secret"}
TOKEN_FILE = {"AWS_WEB_IDENTITY_TOKEN_FILE": "/nowhere/token", "AWS_ROLE_ARN": ROLE}
CONTAINER = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://localhost:1/x"}
FAULTS = [
    ({"AWS_PROFILE": "nope"}, "the AWS profile nope does not exist"),
    ({"AWS_PROFILE": "itself"}, "refers to itself as source_profile"),
    ({"AWS_PROFILE": "lost"}, '"nowhere"'),
    ({"AWS_PROFILE": "no-program"}, "/nowhere/program cannot be read: No such file"),
    ({"AWS_PROFILE": "a-list"}, "cannot be loaded"),
    ({"AWS_PROFILE": "fails"}, "the credential_process of the AWS profile fails failed"),
    ({"AWS_PROFILE": "garbage"}, "cannot be loaded"),
    ({"AWS_PROFILE": "code"}, "but stdin is not a terminal"),
    ({"AWS_PROFILE": "broken-key"}, "access_key of the AWS profile broken-key contains a space"),
    ({"AWS_PROFILE": "half"}, "missing: aws_secret_access_key"),
    ({"AWS_PROFILE": "no-sso"}, 'does not exist: "none"'),
    ({"AWS_PROFILE": "logged-out"}, "the AWS profile logged-out has no valid SSO session"),
    ({"AWS_PROFILE": "source"}, "Garbage"),
    ({"AWS_PROFILE": "login"}, "the AWS profile login"),
    ({"AWS_PROFILE": "both"}, "contains both"),
    ({"AWS_CONFIG_FILE": "broken"}, "broken is not valid"),
    ({"AWS_CONFIG_FILE": "binary"}, "binary is not valid"),
    ({}, "no AWS credentials found"),
    ({"AWS_ACCESS_KEY_ID": "AKIAX"}, "missing: AWS_SECRET_ACCESS_KEY"),
    (TOKEN_FILE, "/nowhere/token (AWS_WEB_IDENTITY_TOKEN_FILE)"),
    ({**CONTAINER, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/nowhere/x"}, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),
    ({**CONTAINER, "AWS_CONTAINER_AUTHORIZATION_TOKEN": "secret-token-ABC\n"}, "has a line break"),
    (
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://example.com/x"},
        "AWS_CONTAINER_CREDENTIALS_FULL_URI refers to an untrusted host",
    ),
    ({**KEYS, "AWS_SESSION_TOKEN": "secret-token-ABC\n"}, "AWS_SESSION_TOKEN ends in a line break"),
    ({**KEYS, "AWS_SESSION_TOKEN": "secret-token-ABC\r\n"}, "AWS_SESSION_TOKEN ends in a line break"),
    ({**KEYS, "AWS_SESSION_TOKEN": "secret-\ntoken-ABC"}, "AWS_SESSION_TOKEN contains a space, a line break"),
    ({**KEYS, "AWS_SESSION_TOKEN": "secret-token-ABC€"}, "AWS_SESSION_TOKEN contains"),
    ({**KEYS, "AWS_SESSION_TOKEN": "secret-token-ABC\x07"}, "AWS_SESSION_TOKEN contains"),
    ({**KEYS, "AWS_ACCESS_KEY_ID": "secret-token-ABC\n"}, "AWS_ACCESS_KEY_ID ends in a line break"),
    ({**KEYS, "AWS_SECRET_ACCESS_KEY": "secret-token-ABC\n"}, "AWS_SECRET_ACCESS_KEY ends in a line break"),
]


@pytest.fixture(autouse=True)
def _no_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    Path("config").write_text(CONFIG, encoding="utf-8")
    Path("broken").write_text("garbage [[[\n= x", encoding="utf-8")
    Path("binary").write_bytes(bytes(range(256)))
    settings = {"CONFIG_FILE": "config", "SHARED_CREDENTIALS_FILE": "none", "EC2_METADATA_DISABLED": "true"}
    for name, value in settings.items():
        monkeypatch.setenv(f"AWS_{name}", value)


def stopped(role: str | None = None) -> Stopped | CloudError:
    """Return what comes of the first call. Nothing listens where it goes."""
    with pytest.raises((Stopped, CloudError)) as caught:
        AwsCloud(open_session(role_arn=role), "us-east-1", "http://127.0.0.1:1").identity()
    error = caught.value
    assert isinstance(error, Stopped | CloudError)
    return error


@pytest.mark.parametrize("role", [None, ROLE])
@pytest.mark.parametrize(("env", "said"), FAULTS)
def test_a_fault_of_credentials_is_denied_with_its_cause(
    env: dict[str, str], said: str, role: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    error = stopped(role)
    code = error.exit if isinstance(error, Stopped) else exit_of(error)
    told = f"{error.message} {error.hint}"
    assert (code, bool(error.hint), "ABC" in f"{told} {error}") == (Exit.DENIED, True, False)
    if role is None:
        assert said in told


@pytest.mark.parametrize(
    "role", ["garbage", "", "arn:aws:iam::1:role/x", f"{ROLE}\n", "arn:aws:iam::123456789012:user/x"]
)
def test_a_role_is_named_by_its_arn(role: str) -> None:
    if role:
        with pytest.raises(Denied, match="is not the ARN of a role"):
            open_session(role_arn=role)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ftp://x", "the scheme must be http or https"),
        ("file://x/y", "the scheme must be http or https"),
        ("gopher://127.0.0.1:1", "the scheme must be http or https"),
        ("http://127.0.0.1:99999", "the port must be a number up to 65535"),
        ("https://u:secret-token-ABC@127.0.0.1:x", "the port must be a number up to 65535|Port could not be cast"),
        ("http://127.0.0.1:0", "the port is 0"),
        ("u:secret-token-ABC@host/x", "Invalid endpoint"),
        ("https://u:secret-@/token-ABC@host:99999", "the port must be a number up to 65535|Invalid"),
    ],
)
@pytest.mark.parametrize("variable", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_BATCH", "AWS_ENDPOINT_URL_STS"])
def test_an_endpoint_is_a_url_of_http(url: str, said: str, variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**KEYS, variable: url}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(WrongUsage, match=said) as caught:
        AwsCloud(open_session(), "us-east-1").identity()
    assert "ABC" not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize("region", ["us-east-1\n", " us-east-1", "us east 1", "us-east-1/x", "-x", "x" * 64, "é"])
@pytest.mark.parametrize("variable", ["", "AWS_REGION", "AWS_DEFAULT_REGION"])
def test_a_region_that_is_none_is_named_before_anything_is_sent(
    region: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**KEYS, **({variable: region} if variable else {})}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(Denied, match="is not an AWS region"):
        AwsCloud(open_session(), None if variable else region, "http://127.0.0.1:1").identity()


@pytest.mark.parametrize("known_by", ["argument", "AWS_REGION"])
def test_the_role_of_a_profile_without_a_region_is_assumed_in_the_region_of_the_run(
    known_by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "assumes")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1")  # nothing listens there
    region = "us-east-1" if known_by == "argument" else None
    monkeypatch.setenv("AWS_REGION", "us-east-1" if region is None else "")
    with pytest.raises(CloudError, match="cannot be reached"):
        AwsCloud(open_session(region=region), region, "http://127.0.0.1:1").identity()


def test_what_is_wrong_with_a_request_is_said_without_its_values() -> None:
    report = (
        "Invalid type for parameter parameters.key, value: secret-\ntoken-ABC, type: <class 'int'>, "
        "valid types: <class 'str'>\nMissing required parameter in input: \"jobQueue\""
    )
    told = call_error("SubmitJob", "https://batch", boto.ParamValidationError(report=report)).message
    assert told == 'parameters.key is of type int, not str Missing required parameter in input: "jobQueue"'


def test_a_bundle_of_certificates_that_is_given_is_what_to_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    error = boto.SSLError(endpoint_url="https://batch", error="x")
    hints = []
    for bundle in ("", "/nowhere"):
        monkeypatch.setenv("AWS_CA_BUNDLE", bundle)
        hints.append(call_error("DescribeJobQueues", "https://batch", error).hint)
    assert "set AWS_CA_BUNDLE to its certificates" in hints[0]
    assert "check that AWS_CA_BUNDLE contains the certificate" in hints[1]


def exceptions() -> list[Exception]:
    """Return one of each exception that botocore has, with a secret in whatever it quotes."""

    class Anything(dict[str, Json]):
        def __missing__(self, key: str) -> str:
            return f"secret-token-ABC in {key}"

    found: list[Exception] = []
    for kind in vars(boto).values():
        if isinstance(kind, type) and issubclass(kind, boto.BotoCoreError):
            error = kind.__new__(kind)
            error.kwargs = Anything(error=ValueError("Invalid header value b'secret-token-ABC'"))
            Exception.__init__(error, f"{kind.__name__}: secret-token-ABC")
            found.append(error)
    return found


@pytest.mark.parametrize("error", exceptions(), ids=lambda error: type(error).__name__)
def test_no_failure_on_the_way_quotes_what_it_carries(error: Exception) -> None:
    if isinstance(error, boto.HTTPClientError | boto.ConnectionError):
        told = call_error("DescribeJobQueues", "https://batch", error)
        assert ("ABC" in f"{told.told} {told.hint}", "https://batch" in told.message) == (False, True)
    elif isinstance(error, boto.CredentialRetrievalError | boto.TokenRetrievalError | boto.SSOError | boto.LoginError):
        known: Json = error.kwargs
        known["provider"] = "custom-process"
        assert "ABC" not in "".join(cause_of(error, "the AWS profile x"))


def test_what_could_not_be_written_is_not_tried_again() -> None:
    error = boto.HTTPClientError(error=ValueError("Invalid header value b'Bearer x'"))
    assert call_error("DescribeJobQueues", "https://batch", error).fault is Fault.REFUSED


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (403, "InvalidSignatureException", "Signature expired: 20261129T235000Z is now earlier than 20261130T000500Z"),
        (403, "SignatureDoesNotMatch", "Signature not yet current: 20261130T013000Z is still later than 2026"),
        (400, "RequestExpired", "Request has expired."),
        (403, "RequestTimeTooSkewed", "The difference between the request time and the current time is too large."),
    ],
)
def test_a_wrong_clock_is_set_and_not_logged_in_again(status: int, code: str, message: str) -> None:
    told = answered(status, code, message, format_datetime(datetime.now(UTC) + timedelta(minutes=20), usegmt=True))
    assert (told.fault, told.hint) == (
        Fault.DENIED,
        "the clock of this machine is wrong by 20 min (behind): correct it",
    )


def test_a_wrong_secret_key_is_named_and_the_signed_headers_are_not() -> None:
    message = "The signature does not match.\n\nThe Canonical String for this request should have been 'x-amz-security-token:ABC'"
    told = answered(403, "SignatureDoesNotMatch", message)
    assert (told.hint, "ABC" in told.told) == ("the secret access key does not match the access key: check both", False)


def answered(status: int, code: str, message: str, date: str = "") -> CloudError:
    class Raw:
        def stream(self, **_options: object) -> Json:
            yield f"<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>".encode()

    session = Session()
    session.set_credentials("key", "secret")
    headers: Json = {"date": date} if date else {}
    handler: Json = lambda request, **_more: AWSResponse(request.url, status, headers, Raw())  # noqa: E731
    session.register("before-send", handler)
    with pytest.raises(CloudError) as caught:
        AwsCloud(session, "us-east-1").identity()
    return caught.value
