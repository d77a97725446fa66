"""Every rule by its own examples: the one that breaks it, and the one that keeps it."""

import re

import pytest

from reconciler.kinds import KINDS
from reconciler.lookup.schemas import read_schema
from reconciler.model import Address, Declared, Stack
from reconciler.problems import Severity
from reconciler.rules import RULES, Example, Rule, Subject
from reconciler.validate import validate

SCHEMA = read_schema()
ALL = [(kind, rule) for kind, rules in RULES.items() for rule in rules]


def found(kind: str, example: Example) -> dict[str, list[str]]:
    """Return the messages that validating an example gives, strictly, by code."""
    mine = Address(kind, "example")
    declared = {mine: example.body, **{Address(*key): body for key, body in example.others.items()}}
    resources = {address: Declared(address, body) for address, body in declared.items()}
    stack = Stack("s", resources, region=example.region or None)
    _, problems = validate(stack, SCHEMA, KINDS, strict=True)
    codes: dict[str, list[str]] = {}
    for problem in problems:
        if problem.message.startswith(str(mine)):
            codes.setdefault(problem.code, []).append(problem.message)
    return codes


@pytest.mark.parametrize(("kind", "rule"), ALL, ids=[rule.id for _, rule in ALL])
def test_a_rule_finds_what_breaks_it_and_nothing_else_does(kind: str, rule: Rule) -> None:
    codes = found(kind, rule.fails)
    others = {code for code in codes if code != rule.id and not is_advice(kind, code)}
    assert rule.id in codes
    assert others == set()


@pytest.mark.parametrize(("kind", "rule"), ALL, ids=[rule.id for _, rule in ALL])
def test_what_keeps_a_rule_is_valid(kind: str, rule: Rule) -> None:
    codes = found(kind, rule.passes)
    assert rule.id not in codes
    assert {code for code in codes if not is_advice(kind, code)} == set()


def is_advice(kind: str, code: str) -> bool:
    return any(rule.id == code and (rule.advice or rule.severity is not Severity.ERROR) for rule in RULES[kind])


def test_ids_are_unique_and_of_one_form() -> None:
    ids = [rule.id for _, rule in ALL]
    assert len(set(ids)) == len(ids)
    assert [each for each in ids if not re.fullmatch(r"[A-Z]{2}\d{3}", each)] == []


def test_every_rule_says_something_and_names_its_source() -> None:
    assert [rule.id for _, rule in ALL if not rule.says.endswith(".") or not rule.source] == []


def test_what_is_made_of_a_stack_is_made_once_for_all_its_resources() -> None:
    made: list[Address] = []

    def make(subject: Subject) -> int:
        made.append(subject.address)
        return len(subject.stack)

    one, other = Address("JobQueue", "one"), Address("JobQueue", "other")
    first = Subject(one, {}, {one: {}, other: None})
    assert (first.once(make), first.beside(other, {}).once(make), made) == (2, 2, [one])
    assert list(first.every("JobQueue")) == [("one", {}), ("other", {})]
