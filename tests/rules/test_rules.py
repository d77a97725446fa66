"""Every rule by its own examples: the one that breaks it, and the one that keeps it."""

import html
import re

import pytest

from reconciler.adapters.lookup.installed import read_schema, service_model
from reconciler.kinds import KINDS
from reconciler.kinds.submission import JOB
from reconciler.model import Address, Declared, DeclaredJob, Lifecycle, Stack
from reconciler.problems import Severity
from reconciler.rules import RULES, Example, Rule, Subject
from reconciler.rules.base import Basis, Evidence
from reconciler.validate import validate

SCHEMA = read_schema()
PAGES = ("AWS Batch User Guide, '", "https://docs.aws.amazon.com/", "AWS::Batch::")
ALL = [(kind, rule) for kind, rules in RULES.items() for rule in rules]


def found(kind: str, example: Example) -> dict[str, list[str]]:
    """Return the messages that validating an example gives, strictly, by code."""
    mine = Address(kind, "example")
    declared = {Address(*key): body for key, body in example.others.items()}
    resources = {address: Declared(address, body) for address, body in declared.items()}
    jobs = {"example": DeclaredJob(mine, example.body)} if kind == JOB.name else {}
    if not jobs:
        resources[mine] = Declared(mine, example.body, Lifecycle(runs_on=example.runs_on))
    stack = Stack("s", resources, jobs, region=example.region or None)
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
    assert [rule.id for _, rule in ALL if not rule.says.endswith(".") or not rule.evidence.where] == []


def is_error(rule: Rule) -> bool:
    return rule.severity is Severity.ERROR and not rule.advice


def test_an_error_rests_on_a_refusal_that_was_seen_or_on_a_quote_with_nothing_known_against_it() -> None:
    assert [rule.id for _, rule in ALL if is_error(rule) and not rule.evidence.is_refusal] == []


def test_what_follows_from_facts_is_advice_and_what_fails_later_no_error() -> None:
    bases = {rule.id: rule.evidence.basis for _, rule in ALL}
    loud = {rule.id for _, rule in ALL if not rule.advice}
    assert {id_ for id_ in loud if bases[id_] is Basis.INFERRED} == set()
    assert {rule.id for _, rule in ALL if is_error(rule) and bases[rule.id] is Basis.LATER} == set()


QUOTED = [(rule.id, rule.evidence) for _, rule in ALL if rule.evidence.basis is Basis.DOCUMENTED]


@pytest.mark.parametrize(("id_", "evidence"), QUOTED, ids=[id_ for id_, _ in QUOTED])
def test_words_of_the_documentation_stand_in_the_installed_service_model_or_name_their_page(
    id_: str, evidence: Evidence
) -> None:
    said = documentation(evidence.where)
    if said is None:
        assert evidence.where.startswith(PAGES), id_
        assert evidence.quote
    else:
        assert [part for part in re.split(r"\.\.\.|…", evidence.quote) if part.strip() not in said] == []


def documentation(where: str) -> str | None:
    """Return what the service model says of a shape, or of a member of one (`Shape.member`); None if it has none."""
    name, _, member = where.partition(".")
    shape = service_model()["shapes"].get(name)
    if shape is None:
        return None
    text = shape["members"][member]["documentation"] if member else shape["documentation"]
    plain = re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", text)).replace("\u2019", "'"))
    return re.sub(r" ([.,;:)])", r"\1", plain).replace("( ", "(")


def test_what_is_made_of_a_stack_is_made_once_for_all_its_resources() -> None:
    made: list[Address] = []

    def make(subject: Subject) -> int:
        made.append(subject.address)
        return len(subject.stack)

    one, other = Address("JobQueue", "one"), Address("JobQueue", "other")
    first = Subject(one, {}, {one: {}, other: None})
    assert (first.shared(make), first.of_resource(other, {}).shared(make), made) == (2, 2, [one])
    assert list(first.every("JobQueue")) == [("one", {}), ("other", {})]
