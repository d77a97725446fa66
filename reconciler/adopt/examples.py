"""Values that stand for what an import cannot know, so that what it wrote can be checked and tried out at once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from reconciler.adopt.found import Imported, Tagged, variables_in
from reconciler.load.patterns import Pattern
from reconciler.load.scalars import text_of
from reconciler.model import Json, Spec

ROLE = "arn:aws:iam::123456789012:role/{name}"
SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:{name}"  # noqa: S105 - a name, no secret
# By the member of the API that a variable stands for. `{name}` is the variable's, `{number}` tells ids apart.
OF_MEMBERS: Mapping[str, Json] = {
    "accessPointId": "fsap-{number}",
    "attemptDurationSeconds": 3600,
    "credentialsParameter": SECRET,
    "desiredvCpus": 0,
    "ec2KeyPair": "{name}",
    "eksClusterArn": "arn:aws:eks:us-east-1:123456789012:cluster/{name}",
    "executionRoleArn": ROLE,
    "fileSystemId": "fs-{number}",
    "image": "public.ecr.aws/docker/library/busybox:1.36",
    "imageId": "ami-{number}",
    "imageIdOverride": "ami-{number}",
    "instanceRole": "arn:aws:iam::123456789012:instance-profile/{name}",
    "instanceTypes": "m5.large",
    "jobRoleArn": ROLE,
    "launchTemplateId": "lt-{number}",
    "maxvCpus": 16,
    "memory": 2048,
    "minvCpus": 0,
    "securityGroupIds": "sg-{number}",
    "serviceRole": ROLE,
    "spotIamFleetRole": ROLE,
    "subnets": "subnet-{number}",
    "valueFrom": SECRET,
    "version": "1",
}
REQUIREMENTS: Mapping[str, Json] = {"VCPU": "1", "MEMORY": "2048", "GPU": "1"}
OF_TYPES: Mapping[str, Json] = {"boolean": True, "integer": 1, "list": "{name}", "map": {}, "number": 1}


@dataclass(frozen=True, slots=True)
class _Use:
    """Where a variable is used: the nearest member, what is beside it, and whether it is all of the value."""

    member: str
    beside: Mapping[str, Json]
    is_all: bool


def with_examples(imported: Imported) -> Imported:
    """Return the import with an example for each variable without a value, where one can be told; none for a secret."""
    uses: dict[str, list[_Use]] = {}
    for found in imported.found:
        for name, use in _uses(found.body, _Use("", {}, is_all=True)):
            uses.setdefault(name, []).append(use)
    variables = {
        name: _with_example(name, number, variable, uses.get(name, []))
        for number, (name, variable) in enumerate(imported.variables.items(), start=1)
    }
    return replace(imported, variables=variables)


def _with_example(name: str, number: int, variable: Spec, uses: list[_Use]) -> Spec:
    if variable.get("default") is not None or variable.get("secret"):
        return variable
    example = _filled(_example(variable, uses), name, number)
    if variable["type"] == "list":
        example = [example]
    elif variable["type"] == "string":
        example = text_of(example)
    pattern = variable.get("pattern")
    if pattern and not Pattern.of(pattern).is_in(text_of(example)):
        return variable
    return {**variable, "example": example}


def _example(variable: Spec, uses: list[_Use]) -> Json:
    if variable.get("enum"):
        return variable["enum"][0]
    known = (_of_place(use) for use in uses if use.is_all)
    return next((one for one in known if one is not None), OF_TYPES.get(variable["type"], "{name}"))


def _of_place(use: _Use) -> Json:
    if use.member == "value":
        return REQUIREMENTS.get(str(use.beside.get("type", "")).upper())
    return OF_MEMBERS.get(use.member)


def _filled(example: Json, name: str, number: int) -> Json:
    return example.format(name=name, number=f"{number:017x}") if isinstance(example, str) else example


def _uses(value: Json, use: _Use) -> Iterator[tuple[str, _Use]]:
    match value:
        case Tagged(tag):
            for name in variables_in(value):
                yield name, replace(use, is_all=tag == "!var")
        case Mapping():
            for member, inner in value.items():
                yield from _uses(inner, _Use(member, value, is_all=True))
        case list() | tuple():
            for inner in value:
                yield from _uses(inner, use)
