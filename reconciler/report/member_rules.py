"""Which rules are about which member: those whose failing example is refused there."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from reconciler.kinds import KINDS
from reconciler.model import Address, Json, Path
from reconciler.rules import RULES, Rule, Subject
from reconciler.schema import Explained, member_at


def with_rules(found: tuple[Explained, ...], schema: Json) -> tuple[Explained, ...]:
    """Return what is explained with the rules about it; of a kind, those about a resource as a whole, and how many."""
    known = _by_member(schema)
    return tuple(replace(one, facts=(*one.facts, *_facts(one, known, schema))) for one in found)


def _facts(one: Explained, known: Mapping[str, tuple[Rule, ...]], schema: Json) -> Iterator[tuple[str, str]]:
    section, *steps = one.path.split(".")
    kind = next(kind for kind in KINDS.values() if kind.section == section)
    if not steps:
        yield "rules", f"{len(RULES[kind.name])}: reconciler explain --rules {section}"
    yield from _told(known.get(member_at(kind, tuple(steps), schema), ()))


def _told(rules: tuple[Rule, ...]) -> Iterator[tuple[str, str]]:
    for rule in rules:
        yield f"{'advice' if rule.advice else 'rule'} {rule.id}", rule.says


def _by_member(schema: Json) -> Mapping[str, tuple[Rule, ...]]:
    found: dict[str, tuple[Rule, ...]] = {}
    for kind, rules in RULES.items():
        for rule in rules:
            member = member_at(KINDS[kind], _place(kind, rule), schema)
            found[member] = (*found.get(member, ()), rule)
    return found


def _place(kind: str, rule: Rule) -> Path:
    """Return where a rule refuses its failing example."""
    mine = Address(kind, "example")
    example = rule.fails
    stack = {mine: example.body, **{Address(*key): body for key, body in example.others.items()}}
    path, _ = next(rule.check(Subject(mine, example.body, stack, example.region)))
    return path
