"""Who may take a role, as a policy: a pipeline by its token, so that no key is kept anywhere, or a service."""

from collections.abc import Mapping

from reconciler.model import Json

VERSION = "2012-10-17"
OIDC = {
    "github": ("token.actions.githubusercontent.com", "sts.amazonaws.com", "repo:{who}"),
    "gitlab": ("gitlab.com", "https://gitlab.com", "project_path:{who}"),
}


def trust_of(provider: str, who: str, account: str, partition: str) -> dict[str, Json]:
    """Return who may take a role by a token of GitHub or GitLab: `owner/repo:ref:refs/heads/main`; * and ? match."""
    issuer, audience, subject = OIDC[provider]
    return _trusting(
        {"Federated": f"arn:{partition}:iam::{account}:oidc-provider/{issuer}"},
        "sts:AssumeRoleWithWebIdentity",
        {
            "StringEquals": {f"{issuer}:aud": audience},
            "StringLike": {f"{issuer}:sub": subject.format(who=who)},
        },
    )


def trust_in(principal: str) -> dict[str, Json]:
    """Return who may take a role: a service such as states.amazonaws.com, or the ARN of an account, role or user."""
    kind = "AWS" if principal.startswith("arn:") or principal.isdecimal() else "Service"
    return _trusting({kind: principal}, "sts:AssumeRole", {})


def _trusting(principal: Mapping[str, str], action: str, condition: Mapping[str, Json]) -> dict[str, Json]:
    statement = {"Effect": "Allow", "Principal": dict(principal), "Action": action}
    return {"Version": VERSION, "Statement": [{**statement, **({"Condition": condition} if condition else {})}]}
