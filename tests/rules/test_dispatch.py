"""Of the rules of a kind, a body meets those that are about a field that it has."""

import pytest

from reconciler.model import Address
from reconciler.rules import RULES, Subject, rules_about
from reconciler.rules.base import Example

COMMON = 0.5  # of the rules of job definitions, the part that any body meets at most


@pytest.mark.parametrize("kind", RULES)
def test_a_rule_that_is_left_out_finds_nothing(kind: str) -> None:
    for example in (example for rule in RULES[kind] for example in (rule.fails, rule.passes)):
        subject = subject_of(kind, example)
        about = rules_about(kind, example.body, strict=True)
        assert [rule.id for rule in RULES[kind] if rule not in about and list(rule.check(subject))] == []


@pytest.mark.parametrize("kind", RULES)
def test_a_rule_is_asked_about_its_own_examples(kind: str) -> None:
    for rule in RULES[kind]:
        assert rule in rules_about(kind, rule.fails.body, strict=True)
        assert (rule in rules_about(kind, rule.fails.body, strict=False)) is not rule.advice


def test_few_rules_are_about_a_small_body() -> None:
    body = {"type": "container", "containerProperties": {"image": "busybox:1"}}
    assert len(rules_about("JobDefinition", body, strict=True)) < COMMON * len(RULES["JobDefinition"])


def subject_of(kind: str, example: Example) -> Subject:
    others = {Address(*address): body for address, body in example.others.items()}
    own = Address(kind, "example")
    return Subject(own, example.body, {**others, own: example.body}, example.region)
