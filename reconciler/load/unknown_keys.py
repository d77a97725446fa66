"""Top-level keys that a stack does not have, and what their writer may have meant."""

from collections.abc import Iterator
from collections.abc import Mapping as MappingABC
from difflib import get_close_matches
from typing import NamedTuple

from reconciler.kinds.base import Kind
from reconciler.syntax.diagnostics import did_you_mean, listed
from reconciler.syntax.nodes import SourceMark

TWIN = 0.9  # so near to a key of stacks that this is what was meant, although it is the name of a member
# Keys that only files of other tools have at the top.
TOOLS: MappingABC[str, str] = {
    "Resources": "CloudFormation",
    "AWSTemplateFormatVersion": "CloudFormation",
    "resource": "Terraform",
    "resources": "Pulumi or the Serverless Framework",
    "apiVersion": "Kubernetes",
    "openapi": "OpenAPI",
    "swagger": "OpenAPI",
    "services": "Docker Compose",
    "jobName": "SubmitJob",
}


class Stranger(NamedTuple):
    key: str
    message: str
    hint: str


def strangers(
    keys: MappingABC[str, SourceMark], known: tuple[str, ...], kinds: MappingABC[str, Kind]
) -> Iterator[Stranger]:
    """Yield what to say of keys that are none of the known ones. Keys of one mistake are told together."""
    if tool := next((key for key in keys if key in TOOLS), ""):
        hint = (
            f"a stack has sections such as {next(iter(kinds.values())).section}, with bodies as the AWS API takes them"
        )
        yield Stranger(tool, f"{tool} is a key of {TOOLS[tool]}: this is no stack", hint)
        return
    kind = max(kinds.values(), key=lambda kind: len(keys.keys() & members_of(kind)))
    members = [key for key in keys if key in members_of(kind) and not get_close_matches(key, known, cutoff=TWIN)]
    if members:
        yield _of_a_body(members, kind)
    for key in (key for key in keys if key not in members):
        hint = did_you_mean(key, known, f"a stack has {listed(known, 'and')}; x-… is yours")
        yield Stranger(key, f"the top-level key {key} is not known", hint)


def _of_a_body(members: list[str], kind: Kind) -> Stranger:
    what = kind.noun.replace("-", " ")
    hint = f"write the members of a {what} below {kind.section} and a name"
    if kind.name_member in members:
        hint = f"only JSON files can be one resource as the AWS CLI takes it; in YAML, use {kind.section}"
    are = "are members" if len(members) > 1 else "is a member"
    return Stranger(members[0], f"{listed(members, 'and')} {are} of a {what}, not of a stack", hint)


def members_of(kind: Kind) -> set[str]:
    """Return the members at the top of the request that creates a resource of the kind."""
    return {kind.name_member, *(row.name for row in kind.rows)}
