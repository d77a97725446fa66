"""An empty text in place of an optional one means that there is none, to every stage."""

from collections.abc import Iterator

import pytest

from reconciler.adapters.lookup.installed import read_schema
from reconciler.kinds import KINDS, batch_kinds
from reconciler.kinds.base import Kind
from reconciler.model import Address, Declared, Json, Path, Stack, dotted
from reconciler.plan.requests import request_body
from reconciler.problems import Problem, Severity
from reconciler.rules import RULES
from reconciler.sandbox.core.model import problems_of, service_model
from reconciler.sandbox.resources.definitions import refuse_bad_container, targets
from reconciler.validate import validate
from reconciler.validate.check import Readers
from tests.mistakes import replaced, resolved, sites

SCHEMA = read_schema()
READERS = Readers(SCHEMA["$defs"])
OFF_BY_CHOICE = ("SCH003", "SCH006", "SCH007")  # claims about AWS, which `rules: disable` switches off


@pytest.mark.parametrize("kind", batch_kinds(), ids=lambda kind: kind.name)
def test_an_optional_empty_text_is_as_good_as_absent(kind: Kind) -> None:
    for body, path in texts(kind, required=False):
        empty, absent = replaced(body, path, ""), without(body, path)
        assert READERS.read(kind.create.operation, empty) == READERS.read(kind.create.operation, absent)
        typed, _ = READERS.read(kind.create.operation, empty)
        assert request_body(kind.rows, typed) == request_body(kind.rows, READERS.read(kind.create.operation, absent)[0])


def test_what_must_be_there_is_not_there_by_an_empty_text() -> None:
    body = {"containerProperties": {"image": "a:1", "vcpus": 1, "memory": 4}, "type": ""}
    assert codes(body) == ["SCH003"]


@pytest.mark.parametrize("member", ["user", "jobRoleArn", "executionRoleArn", "instanceType"])
def test_validate_and_the_sandbox_take_an_empty_text_for_none(member: str) -> None:
    container = {"image": "a:1", "vcpus": 1, "memory": 4, member: ""}
    assert codes({"type": "container", "containerProperties": container}) == []
    refuse_bad_container(container, "EC2")


@pytest.mark.parametrize(
    "member", [("ulimits", {"name": "", "softLimit": 1, "hardLimit": 1}), ("linuxParameters", {"tmpfs": [{"containerPath": "/t", "size": 1, "mountOptions": [""]}]})]
)  # fmt: skip
def test_a_message_shows_an_empty_text(member: tuple[str, Json]) -> None:
    name, value = member
    container = {"image": "a:1", "vcpus": 1, "memory": 4, name: [value] if name == "ulimits" else value}
    stack = Stack("s", {Address("JobDefinition", "j"): Declared(Address("JobDefinition", "j"), {"type": "container", "containerProperties": container})})  # fmt: skip
    (problem,) = validate(stack, SCHEMA, KINDS)[1]
    assert '""' in problem.message


def test_the_sandbox_takes_a_range_that_is_open_at_both_ends() -> None:
    assert targets(":", 4) == range(4)


@pytest.mark.parametrize("kind", batch_kinds(), ids=lambda kind: kind.name)
def test_a_required_text_is_not_there_by_an_empty_one(kind: Kind) -> None:
    for body, path in texts(kind, required=True):
        empty = replaced(body, path, "")
        told = [problem for problem in problems(kind, empty) if problem.message.partition(": ")[2].startswith(dotted(path))]  # fmt: skip
        assert [problem.severity for problem in told] == [Severity.ERROR], path
        assert told[0].code in OFF_BY_CHOICE
        words = list(problems_of(service_model().operation_model(kind.create.operation).input_shape, {kind.name_member: "a", **empty}, ""))  # fmt: skip
        assert f"'{spelled(path)}' is a required field (cannot be an empty string)" in words or len(path) == 1


def test_a_required_text_that_is_empty_can_be_let_through() -> None:
    body = {"image": "a:1", "vcpus": 1, "memory": 4, "executionRoleArn": "arn:aws:iam::123456789012:role/r"}
    address = Address("JobDefinition", "j")
    spec = {"type": "container", "containerProperties": {**body, "secrets": [{"name": "", "valueFrom": "a"}]}}
    stack = Stack("s", {address: Declared(address, spec)}, disabled={"SCH007": "tried"})
    assert all(problem.severity is not Severity.ERROR for problem in validate(stack, SCHEMA, KINDS)[1])


def codes(body: Json) -> list[str]:
    return [problem.code for problem in problems(KINDS["JobDefinition"], body)]


def problems(kind: Kind, body: Json) -> tuple[Problem, ...]:
    address = Address(kind.name, "j")
    return validate(Stack("s", {address: Declared(address, body)}), SCHEMA, KINDS)[1]


def spelled(path: Path) -> str:
    """A path as botocore spells it."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")


def texts(kind: Kind, *, required: bool) -> Iterator[tuple[Json, Path]]:
    """Yield each text that an example of a rule has, and must have or need not have, once, with the body."""
    seen = set()
    for rule in RULES[kind.name]:
        body = rule.passes.body
        for site in sites(kind, body):
            steps = tuple("[]" if isinstance(step, int) else step for step in site.path)
            is_text = "enum" in site.schema or "string" in site.schema.get("type", ())
            if (
                is_text
                and site.schema.get("default") != ""
                and steps not in seen
                and is_required(kind, body, site.path) is required
            ):
                seen.add(steps)
                yield body, site.path


def is_required(kind: Kind, body: Json, path: Path) -> bool:
    schema = resolved({"$ref": f"#/$defs/{kind.create.operation}"})
    for step in path[:-1]:
        inner = schema["items"] if isinstance(step, int) else schema.get("properties", {}).get(step, {})
        schema = resolved(inner)
    return path[-1] in schema.get("required", ())


def without(body: Json, path: Path) -> Json:
    copy = replaced(body, path, "")
    parent = copy
    for step in path[:-1]:
        parent = parent[step]
    del parent[path[-1]]
    return copy
