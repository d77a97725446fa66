"""Rules judge what is known: a value that is not is never why they find something, and hides nothing else."""

from collections.abc import Iterator, Mapping
from itertools import islice

import pytest

from reconciler.model import Address, Declared, Json, Path, Spec
from reconciler.placeholders import Withheld
from reconciler.rules import RULES, Example, Rule, Subject, problems_of

ALL = [(kind, rule) for kind, rules in RULES.items() for rule in rules]
Found = set[tuple[str, str]]


def found(kind: str, body: Spec, example: Example, others: Mapping[Address, Spec]) -> Found:
    mine = Address(kind, "example")
    stack = {**others, mine: body}
    subject = Subject(mine, body, stack, example.region, runs_on=example.runs_on, has_unknown=True)
    return {(each.code, each.message) for each in problems_of(Declared(mine, body), subject, strict=True)}


def others_of(example: Example) -> dict[Address, Spec]:
    return {Address(*key): body for key, body in example.others.items()}


def scalars(body: Json, path: Path = ()) -> Iterator[Path]:
    """Yield the place of every value in a body that is no mapping and no list."""
    if isinstance(body, Mapping | list):
        for key, inner in body.items() if isinstance(body, Mapping) else enumerate(body):
            yield from scalars(inner, (*path, key))
    else:
        yield path


def without(body: Json, path: Path) -> Json:
    """Return the body with the value at a path withheld."""
    if not path:
        return Withheld()
    if isinstance(body, Mapping):
        return {**body, path[0]: without(body[path[0]], path[1:])}
    return [without(each, path[1:]) if index == path[0] else each for index, each in enumerate(body)]


def each_example() -> Iterator[tuple[str, Example]]:
    """Yield the examples of all rules, alike ones once."""
    seen = set[str]()
    for kind, rule in ALL:
        for example in (rule.passes, rule.fails):
            if (key := repr((kind, example))) not in seen:
                seen.add(key)
                yield kind, example


def each_case() -> Iterator[tuple[str, Example, Address | None, Path]]:
    """Yield every value of every example, with the address of the other resource that has it."""
    for kind, example in each_example():
        bodies = {None: example.body, **others_of(example)}
        yield from ((kind, example, address, path) for address, body in bodies.items() for path in scalars(body))


@pytest.mark.parametrize("step", [7, pytest.param(1, marks=pytest.mark.long)])
def test_a_value_that_is_not_known_is_never_why_something_is_found(step: int) -> None:
    before = dict[int, Found]()
    for kind, example, address, path in islice(each_case(), 0, None, step):
        others = others_of(example)
        if id(example) not in before:
            before[id(example)] = found(kind, example.body, example, others)
        if address is None:
            after = found(kind, without(example.body, path), example, others)
        else:
            after = found(kind, example.body, example, {**others, address: without(others[address], path)})
        assert after <= before[id(example)], (address, path, example)


WHOLE = {"JD006", "JD161", "SJ501"}  # they look at all of a body


@pytest.mark.parametrize(("kind", "rule"), ALL, ids=[rule.id for _, rule in ALL])
def test_what_a_rule_does_not_look_at_hides_nothing(kind: str, rule: Rule) -> None:
    body, others = rule.fails.body, others_of(rule.fails)
    tagged = {**body, "tags": {**body.get("tags", {}), "team": Withheld()}}
    before, after = (found(kind, each, rule.fails, others) for each in (body, tagged))
    assert {each for each in before if each[0] not in WHOLE} <= after


def test_a_value_hides_only_what_is_found_in_its_container() -> None:
    """Image, command and parameters of one container say nothing of the sizes of another."""
    rule = next(rule for _, rule in ALL if rule.id == "JD015")
    container = {**rule.fails.body["containerProperties"], "name": "main"}
    other = {**container, "name": "other", "resourceRequirements": Withheld()}
    body = {"type": "container", "ecsProperties": {"taskProperties": [{"containers": [other, container]}]}}
    assert "JD015" in {code for code, _ in found("JobDefinition", body, rule.fails, {})}
