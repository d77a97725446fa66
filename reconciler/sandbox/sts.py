"""The one answer of another service that every AWS tool asks for first: who am I."""

from reconciler.sandbox.world import partition_of

USER = "sandbox"


def caller_identity(account: str, region: str) -> bytes:
    """Return the answer to GetCallerIdentity in the query protocol."""
    arn = f"arn:{partition_of(region)}:iam::{account}:user/{USER}"
    return (
        '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
        f"<Arn>{arn}</Arn><UserId>AIDASANDBOX</UserId><Account>{account}</Account></GetCallerIdentityResult>"
        "<ResponseMetadata><RequestId>sandbox</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
    ).encode()
