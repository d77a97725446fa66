"""Who am I: the one question of another service that every AWS tool asks first, and who assumed which role."""

import re
from xml.sax.saxutils import escape

from reconciler.model import partition_of
from reconciler.sandbox.answers import Response

USER = "sandbox"
ACCESS_KEY = re.compile(rb"<AccessKeyId>(\w+)</AccessKeyId>")
ASSUMED = re.compile(rb"<Arn>(arn:[\w-]+:sts::(\d+):assumed-role/[^<]+)</Arn>")


class Roles:
    """The roles that keys stand for, as the answers of AssumeRole and its like told."""

    def __init__(self) -> None:
        self._arns: dict[str, tuple[str, str]] = {}

    def learn(self, answer: Response) -> None:
        key, arn = ACCESS_KEY.search(answer.body), ASSUMED.search(answer.body)
        if key and arn:
            self._arns[key[1].decode()] = (arn[1].decode(), arn[2].decode())

    def account(self, key: str) -> str:
        """Return the account of the role that a key stands for, or nothing."""
        return self._arns.get(key, ("", ""))[1]

    def arn(self, key: str) -> str:
        return self._arns.get(key, ("", ""))[0]


def caller_identity(account: str, region: str, role: str = "") -> Response:
    """Return the answer to GetCallerIdentity in the query protocol; `role`: the ARN of an assumed one."""
    arn = role or f"arn:{partition_of(region)}:iam::{account}:user/{USER}"
    body = (
        '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
        f"<Arn>{escape(arn)}</Arn><UserId>AIDASANDBOX</UserId><Account>{account}</Account></GetCallerIdentityResult>"
        "<ResponseMetadata><RequestId>sandbox</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
    )
    return Response(200, {"content-type": "text/xml"}, body.encode())
