"""What AWS's refusals become: a fault, and a hint that fits the cause."""

import pytest
from botocore.awsrequest import AWSResponse
from botocore.session import Session

from reconciler.adapters.aws.cloud import AwsCloud
from reconciler.problems import CloudError, Fault

RENEW = "renew the credentials, for example with `aws sso login`, or use --profile"


class Raw:
    def __init__(self, body: bytes) -> None:
        self.body = body

    def stream(self, **_options: object):
        yield self.body


def answering(code: str) -> AwsCloud:
    """Return a cloud whose every request is denied with this code."""
    session = Session()
    session.set_credentials("key", "secret")
    body = f"<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>".encode()
    session.register("before-send", lambda request, **_more: AWSResponse(request.url, 403, {}, Raw(body)))
    return AwsCloud(session, "us-east-1")


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("ExpiredToken", RENEW),
        ("InvalidClientTokenId", RENEW),
        ("AccessDenied", "the caller needs permission for GetCallerIdentity"),
    ],
)
def test_a_denial_says_whether_credentials_or_rights_are_missing(code: str, hint: str) -> None:
    with pytest.raises(CloudError) as caught:
        answering(code).identity()
    assert (caught.value.fault, caught.value.code, caught.value.hint) == (Fault.DENIED, code, hint)
