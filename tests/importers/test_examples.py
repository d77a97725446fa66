"""Examples for what an import cannot know: right for the place where it is used."""

from collections.abc import Iterator
from copy import deepcopy

import pytest

from reconciler.importers.model import Imported, ImportedResource, TaggedValue
from reconciler.importers.samples import add_examples, with_stand_ins
from reconciler.kinds import KINDS, batch_kinds
from reconciler.kinds.base import Kind
from reconciler.model import Address, Declared, Json, Path, Stack
from reconciler.placeholders import Unknown, holds_unknown
from reconciler.problems import Severity
from reconciler.rules import RULES
from reconciler.validate import validate
from reconciler.validate.typos import DEFS, FieldIndex
from tests.importers.importing import LANGUAGE
from tests.mistakes import at, replaced
from tests.stacks.bodies import bodies

VOCABULARY = FieldIndex(LANGUAGE.schema["$defs"])
VALUE = TaggedValue("!var", "v")
NAME_WITHIN = TaggedValue("!sub", "x-${v}")
CONTAINER: Json = {"type": "container", "containerProperties": {"image": "a:1", "vcpus": 1, "memory": 512}}
SAMPLED = 4  # of so many fields one, where the examples themselves are tried for all of them elsewhere
TYPES = {"integer": "integer", "number": "number", "boolean": "boolean", "array": "list", "object": "map"}


def example(kind: str, body: Json, **variable: Json) -> Json:
    found = (ImportedResource(Address(kind, "x"), body),)
    imported = Imported(resources=found, variables={"v": {"type": "string", **variable}})
    (declared,) = add_examples(imported, LANGUAGE).variables.values()
    return declared.get("example")


def job(**members: Json) -> Json:
    return {**CONTAINER, "containerProperties": {**CONTAINER["containerProperties"], **members}}


def environment(**members: Json) -> Json:
    return {"type": "MANAGED", "computeResources": {"type": "EC2", **members}}


@pytest.mark.parametrize(
    ("kind", "body", "variable", "expected"),
    [
        ("JobDefinition", job(jobRoleArn=VALUE), {}, "arn:aws:iam::123456789012:role/v"),
        ("ComputeEnvironment", environment(subnets=[VALUE]), {}, "subnet-00000000000000001"),
        ("ComputeEnvironment", environment(subnets=VALUE), {"type": "list"}, ["subnet-00000000000000001"]),
        ("ComputeEnvironment", environment(maxvCpus=VALUE), {"type": "integer"}, 16),
        ("ComputeEnvironment", environment(launchTemplate={"version": VALUE}), {}, "1"),
        ("JobDefinition", job(resourceRequirements=[{"type": "memory", "value": VALUE}]), {}, "2048"),
        ("JobDefinition", job(environment=[{"name": "A", "value": VALUE}]), {}, "v"),
        ("JobDefinition", job(jobRoleArn=NAME_WITHIN), {}, "v"),
        ("JobDefinition", {**job(image=VALUE), "tags": {"a": VALUE}}, {}, "public.ecr.aws/docker/library/busybox:1.36"),
        ("JobDefinition", job(image=VALUE), {"enum": ["a", "b"]}, "a"),
        ("JobDefinition", job(image=VALUE), {"pattern": "^public"}, "public.ecr.aws/docker/library/busybox:1.36"),
        ("JobDefinition", job(image=VALUE), {"pattern": r"^app:\d{2}$"}, "app:00"),
        ("JobDefinition", job(privileged=VALUE), {"type": "boolean"}, True),
        ("JobDefinition", {**CONTAINER, "parameters": VALUE}, {"type": "map"}, {}),
        ("JobDefinition", job(environment=[{"name": "A", "value": VALUE}]), {"secret": True}, "v"),
        ("JobQueue", {"priority": 1, "state": VALUE}, {}, "ENABLED"),
    ],
)
def test_an_example_fits_its_place(kind: str, body: Json, variable: dict[str, Json], expected: Json) -> None:
    assert example(kind, body, **variable) == expected


def test_there_is_none_for_what_has_a_value() -> None:
    assert example("JobDefinition", job(image=VALUE), default="a") is None


def test_ids_differ_from_one_another() -> None:
    body = environment(subnets=[TaggedValue("!var", "a"), TaggedValue("!var", "b")])
    imported = Imported(
        resources=(ImportedResource(Address("ComputeEnvironment", "env"), body),),
        variables={name: {"type": "string"} for name in ("a", "b")},
    )
    ids = [variable["example"] for variable in add_examples(imported, LANGUAGE).variables.values()]
    assert ids == ["subnet-00000000000000001", "subnet-00000000000000002"]


def test_of_the_values_of_a_field_one_is_taken_that_fits_the_whole_resource() -> None:
    body = {
        "type": "container",
        "platformCapabilities": ["FARGATE"],
        "containerProperties": {
            "image": "a:1",
            "executionRoleArn": "arn:aws:iam::123456789012:role/r",
            "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "2048"}],
            "logConfiguration": {"logDriver": VALUE},
        },
    }
    assert example("JobDefinition", body) == "awslogs"


@pytest.mark.parametrize("kind", batch_kinds(), ids=lambda kind: kind.name)
def test_a_variable_in_place_of_any_field_has_an_example_with_which_the_resource_is_valid(kind: Kind) -> None:
    wrong = []
    for body, others, path, type_ in sites(kind):
        with_variable = replaced(body, path, VALUE)
        mine = Address(kind.name, "example")
        found = (
            ImportedResource(mine, with_variable),
            *(ImportedResource(address, other) for address, other in others.items()),
        )
        (variable,) = add_examples(
            Imported(resources=found, variables={"v": {"type": type_}}), LANGUAGE
        ).variables.values()
        codes = errors(mine, replaced(body, path, variable["example"]), others)
        if codes:
            wrong.append((path, at(body, path), variable["example"], codes))
    assert wrong == []


@pytest.mark.parametrize("kind", batch_kinds(), ids=lambda kind: kind.name)
def test_an_example_stands_in_for_any_field_that_is_looked_up_where_nobody_can(kind: Kind) -> None:
    mine, wrong = Address(kind.name, "example"), []
    for body, others, path, _ in list(sites(kind))[::SAMPLED]:
        bodies_ = {mine: replaced(body, path, Unknown.of("ssm", "/team/x")), **others}
        declared = {address: Declared(address, one) for address, one in bodies_.items()}
        stack = with_stand_ins(Stack("s", declared), LANGUAGE)
        codes = errors(mine, stack.declared[mine].spec, others)
        if codes or holds_unknown(stack.declared[mine].spec):
            wrong.append((path, at(body, path), at(stack.declared[mine].spec, path), codes))
    assert wrong == []


def test_a_text_that_is_not_known_is_called_after_what_would_be_looked_up() -> None:
    entries = [{"name": "URL", "value": Unknown("pg://<unknown: !secret db#dsn>")}]
    mine = Address("JobDefinition", "j")
    body = {**CONTAINER, "containerProperties": {**CONTAINER["containerProperties"], "environment": entries}}
    tags = {"team": Unknown.of("ssm", "/team"), "a": "b"}
    found = with_stand_ins(Stack("s", {mine: Declared(mine, body)}, tags=tags), LANGUAGE)
    assert found.declared[mine].spec["containerProperties"]["environment"][0]["value"] == "pg://db-dsn"
    assert found.tags == {"team": "team", "a": "b"}


def errors(mine: Address, body: Json, others: dict[Address, Json]) -> set[str]:
    declared = {address: Declared(address, deepcopy(one)) for address, one in {mine: body, **others}.items()}
    _, problems = validate(Stack("s", declared), LANGUAGE.schema, KINDS)
    return {problem.code for problem in problems if problem.severity is Severity.ERROR}


def sites(kind: Kind) -> Iterator[tuple[Json, dict[Address, Json], Path, str]]:
    """Yield every field that any valid body of a kind has, once, with the body and what that refers to."""
    seen = set()
    examples = [(rule.passes.body, rule.passes.others) for rule in RULES[kind.name]]
    written: list[tuple[Json, Json]] = [(body, {}) for other, body in bodies() if other is kind]
    for body, others in (*examples, *written):
        for path, schema in leaves({"$ref": DEFS + kind.create.operation}, body, ()):
            steps = tuple("[]" if isinstance(step, int) else step for step in path)
            if steps not in seen:
                seen.add(steps)
                beside = {Address(*key): other for key, other in others.items()}
                yield body, beside, path, TYPES.get(str(schema.get("type")), "string")


def leaves(schema: Json, value: Json, path: Path) -> Iterator[tuple[Path, Json]]:
    """Yield the places of a body where a variable can stand: single values, lists of them, and maps."""
    schema = VOCABULARY.resolved(schema)
    if isinstance(value, dict):
        if "properties" not in schema:
            yield path, schema
        for name, inner in value.items():
            member = schema.get("properties", {}).get(name) or schema.get("additionalProperties")
            if member:
                yield from leaves(member, inner, (*path, name))
    elif isinstance(value, list):
        if "properties" not in VOCABULARY.resolved(schema["items"]):
            yield path, schema
        for index, inner in enumerate(value):
            yield from leaves(schema["items"], inner, (*path, index))
    else:
        yield path, schema


def test_an_empty_text_is_no_example_of_what_may_be_empty() -> None:
    entries = [{"name": "URL", "value": TaggedValue("!var", "url")}]
    body = {**CONTAINER, "containerProperties": {**CONTAINER["containerProperties"], "environment": entries}}
    found = ImportedResource(Address("JobDefinition", "j"), body)
    imported = Imported(resources=(found,), variables={"url": {"type": "string"}})
    assert add_examples(imported, LANGUAGE).variables["url"]["example"] == "url"
