"""A disabled rule says nothing, and what it would have said is not forgotten."""

from dataclasses import replace

import pytest

from reconciler.adapters.lookup.installed import read_schema
from reconciler.kinds import KINDS
from reconciler.model import Address, Declared, Json, Stack
from reconciler.problems import Severity
from reconciler.validate import validate
from tests.builders import CE, JD, JQ, container, ec2, stack

SCHEMA = read_schema()
TWICE = {"fairsharePolicy": {"shareDistribution": [{"shareIdentifier": "A"}, {"shareIdentifier": "A"}]}}


def checked(spec: Json, **disabled: str) -> tuple[list[str], list[str]]:
    """Return the codes of what is said, and of what is silenced."""
    address = Address("SchedulingPolicy", "fair")
    stack, problems = validate(Stack("s", {address: Declared(address, spec)}, disabled=disabled), SCHEMA, KINDS)
    return [problem.code for problem in problems], [problem.code for problem in stack.silenced]


def test_a_rule_holds_unless_it_is_disabled() -> None:
    assert (checked(TWICE), checked(TWICE, SP002="why")) == ((["SP002"], []), ([], ["SP002"]))


def test_other_rules_hold_on() -> None:
    assert checked(TWICE, SP001="why") == (["SP002"], [])


def test_what_cannot_be_understood_cannot_be_silenced() -> None:
    assert checked({"fairsharePolicy": {"x": 1}}, SCH001="why") == (["SCH001"], [])


@pytest.mark.parametrize(
    ("kind", "spec", "code"),
    [
        (CE, ec2(allocationStrategy="CHEAPEST"), "SCH003"),
        (JQ, {"priority": 1001, "computeEnvironmentOrder": [{"order": 1, "computeEnvironment": "a"}]}, "SCH005"),
        (JD, container(environment=[{"name": "AWS_BATCH_X", "value": "1"}]), "SCH006"),
        (JD, container(image="a" * 256), "SCH007"),
    ],
)
def test_what_the_schema_claims_about_aws_can_be_silenced_and_its_message_says_how(
    kind: str, spec: Json, code: str
) -> None:
    mine = stack({(kind, "x"): spec})
    _, problems = validate(mine, SCHEMA, KINDS)
    assert [one.code for one in problems if one.severity is Severity.ERROR] == [code]
    assert problems[0].way_out == f'if AWS accepts it: rules: {{disable: {{{code}: "why"}}}}'
    typed, left = validate(replace(mine, disabled={code: "our account has more"}), SCHEMA, KINDS)
    assert (code not in {one.code for one in left}, [one.code for one in typed.silenced]) == (True, [code])
    assert typed.declared[Address(kind, "x")].spec == spec


TOO_MANY = {f"k{n}": "x" for n in range(48)}


@pytest.mark.parametrize(
    ("of_stack", "of_resource", "code"),
    [
        ({"": "x"}, {}, "TAG001"),
        ({"k": "v" * 257}, {}, "TAG002"),
        ({"aws:x": "y"}, {}, "TAG003"),
        ({}, {"aws:x": "y"}, "TAG003"),
        (TOO_MANY, {}, "TAG004"),
        ({}, TOO_MANY, "TAG004"),
        ({"k": "${x}"}, {}, "TAG005"),
    ],
)
def test_what_is_said_of_tags_is_a_claim_about_aws(of_stack: dict[str, str], of_resource: Json, code: str) -> None:
    mine = replace(stack({(JD, "x"): {**container(), "tags": of_resource}}), tags=of_stack)
    _, problems = validate(mine, SCHEMA, KINDS)
    typed, left = validate(replace(mine, disabled={code: "why"}), SCHEMA, KINDS)
    assert {one.code for one in problems} - {one.code for one in left} == {code}
    assert {code in one.way_out or one.severity is Severity.WARNING for one in problems if one.code == code} == {True}
    assert {one.code for one in typed.silenced} == {code}


def test_the_tags_of_this_tool_are_its_own() -> None:
    mine = replace(stack({(JD, "x"): container()}), tags={"reconciler:stack": "y"}, disabled={"TAG003": "why"})
    assert [(one.code, one.way_out) for one in validate(mine, SCHEMA, KINDS)[1]] == [("TAG006", "")]


@pytest.mark.parametrize("text", ["", "all", "0:x", "a:b:c"])
def test_rules_look_at_what_does_not_match_its_pattern_where_that_is_silenced(text: str) -> None:
    ranges = [{"targetNodes": text, "container": container()["containerProperties"]}]
    nodes = {"numNodes": 2, "mainNode": 0, "nodeRangeProperties": ranges}
    mine = stack({(JD, "x"): {"type": "multinode", "nodeProperties": nodes}})
    typed, _ = validate(replace(mine, disabled={"SCH006": "why"}), SCHEMA, KINDS, strict=True)
    assert [one.code for one in typed.silenced] == ["SCH006"]


def test_a_mapping_where_a_word_belongs_is_not_understood() -> None:
    body = ec2(allocationStrategy={"Ref": "Strategy"})
    _, problems = validate(stack({(CE, "x"): body}), SCHEMA, KINDS)
    assert {(one.code, one.way_out) for one in problems} == {("SCH002", "")}
