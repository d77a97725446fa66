"""Rules and problems for people: one with all that is known of it, or all in a table."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from reconciler.kinds import KINDS
from reconciler.model import Address, Json, Path
from reconciler.report.catalogue import CatalogueEntry
from reconciler.report.text.page import Page
from reconciler.report.text.values import yaml_text
from reconciler.rules import RULES, Rule, Subject, rules_of
from reconciler.rules.base import Basis
from reconciler.schema import Explained, member_at

LABEL = 12  # the width of the labels' column
ID = 9  # of the ids' column
WORD = 9  # of the column that tells the severity, or that it is advice
WORDS = ("error", "warning", "advice")
CLAIMS = "Other claims about AWS, which can be disabled as rules can"
GENERAL = "Problems, which cannot be disabled"


def entry_page(entry: CatalogueEntry, width: int) -> Page:
    page = Page(width)
    page.line((entry.id, "bold"), f"  {entry.kind}" if entry.kind else "")
    page.line(entry.says, indent=2, hang=0)
    facts = {
        "severity": str(entry.severity),
        "advice": "yes: reported only by `validate --strict`" if entry.advice else "",
        "hint": entry.hint,
        "evidence": f"{entry.evidence.basis}: {entry.evidence.basis.says}" if entry.evidence else "",
        "source": entry.source,
        "against": entry.evidence.against if entry.evidence else "",
        "disable": f'rules: {{disable: {{{entry.id}: "why"}}}}' if entry.can_be_disabled else "",
    }
    for label, text in facts.items():
        if text:
            page.line((f"{label:<{LABEL}}", "dim"), text, indent=2, hang=LABEL)
    if entry.kind:
        _write_example(page, "breaks it", entry.fails)
        _write_example(page, "keeps it", entry.passes)
    return page


def entries_page(entries: Sequence[CatalogueEntry], width: int, *, sources: bool = False) -> Page:
    """Write a row for each; below it, where `sources` are asked for, what to do and why, and a count at the end."""
    page = Page(width)
    heading = ""
    for entry in sorted(entries, key=lambda entry: (not entry.kind, not entry.can_be_disabled)):
        if heading != _heading(entry):
            heading = _heading(entry)
            page.blank()
            page.line((heading, "bold"))
        page.line(f"{entry.id:<{ID}}", (f"{_word(entry):<{WORD}}", "dim"), entry.says, indent=2, hang=ID + WORD)
        for label, text in _grounds(entry) if sources else ():
            if text:
                page.line((f"{label}: {text}", "dim"), indent=2 + ID + WORD, hang=2)
    if not entries:
        page.line("There are no rules.")
    if sources:
        _write_counts(page, [entry for entry in entries if entry.evidence])
    return page


def _heading(entry: CatalogueEntry) -> str:
    return entry.kind or (CLAIMS if entry.can_be_disabled else GENERAL)


def _word(entry: CatalogueEntry) -> str:
    return "advice" if entry.advice else str(entry.severity)


def _grounds(entry: CatalogueEntry) -> Iterable[tuple[str, str]]:
    yield "hint", entry.hint
    if entry.evidence:
        yield "source", entry.source
        yield "evidence", str(entry.evidence.basis)
        yield "against", entry.evidence.against


def _write_counts(page: Page, rules: Sequence[CatalogueEntry]) -> None:
    """Count rules by evidence and severity, and the errors that AWS was not seen nor heard to make."""
    counts = Counter((rule.evidence.basis, _word(rule)) for rule in rules if rule.evidence)
    page.blank()
    page.line(("Rules by evidence and severity", "bold"))
    page.line(("".join(f"{word:>{WORD}}" for word in WORDS), "dim"), indent=2 + LABEL)
    for basis in Basis:
        numbers = "".join(f"{counts[basis, word]:>{WORD}}" for word in WORDS)
        page.line(f"{basis:<{LABEL}}{numbers}  {basis.says}", indent=2, hang=LABEL)
    groundless = sum(_word(rule) == "error" and not (rule.evidence and rule.evidence.is_refusal) for rule in rules)
    page.line(f"{groundless or 'no'} errors without a measurement or a quote", indent=2)


def entry_json(entry: CatalogueEntry) -> dict[str, Json]:
    return {
        "id": entry.id,
        "kind": entry.kind or None,
        "says": entry.says,
        "severity": str(entry.severity),
        "advice": entry.advice,
        "hint": entry.hint,
        "evidence": str(entry.evidence.basis) if entry.evidence else None,
        "source": entry.source,
        "quote": entry.evidence.quote if entry.evidence else "",
        "against": entry.evidence.against if entry.evidence else "",
        "fails": entry.fails,
        "passes": entry.passes,
    }


def _write_example(page: Page, title: str, example: Json) -> None:
    page.blank()
    page.line((title, "dim"), indent=2)
    for line in yaml_text(example).splitlines():
        lead = len(line) - len(line.lstrip(" "))
        page.line(line.lstrip(" "), indent=4 + lead)


# Which rules are about which member: those whose failing example is refused there.


def with_rules(found: tuple[Explained, ...], schema: Json) -> tuple[Explained, ...]:
    """Return what is explained with the rules about it; of a kind, those about a resource as a whole, and how many."""
    known = _by_member(schema)
    return tuple(replace(one, facts=(*one.facts, *_facts(one, known, schema))) for one in found)


def _facts(one: Explained, known: Mapping[str, tuple[Rule, ...]], schema: Json) -> Iterator[tuple[str, str]]:
    section, *steps = one.path.split(".")
    kind = next(kind for kind in KINDS.values() if kind.section == section)
    if not steps:
        count = len(rules_of(kind.name))
        yield "rules", f"{count}: reconciler explain --rules {section}" if count else "none"
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
