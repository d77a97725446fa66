"""A disabled rule says nothing, and what it would have said is not forgotten."""

from reconciler.kinds import KINDS
from reconciler.lookup.schemas import read_schema
from reconciler.model import Address, Declared, Json, Stack
from reconciler.validate import validate

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


def test_what_the_schema_says_cannot_be_silenced() -> None:
    assert checked({"fairsharePolicy": {"x": 1}}, SCH001="why") == (["SCH001"], [])
