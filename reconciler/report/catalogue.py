"""Every finding by its id, as data and as text: rules and other claims about AWS, and all other problems."""

import difflib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from reconciler.fmt import CODES as FMT
from reconciler.importers.cloudformation.context import CODES as CLOUDFORMATION
from reconciler.importers.model import CODES as ADOPT
from reconciler.kinds import SECTIONS
from reconciler.model import Address, Json, Path
from reconciler.plan.guards import CODES as PLAN
from reconciler.problems import Severity
from reconciler.report.text.page import Page
from reconciler.report.text.values import yaml_text
from reconciler.rules import CAN_BE_DISABLED, RULES, Example, Rule, Subject, rules_of
from reconciler.rules.base import Basis, Evidence
from reconciler.schema import Explained, member_at
from reconciler.syntax.diagnostics import CODES as LOAD
from reconciler.validate import CODES as VALIDATE

# Every problem that the documents of several runs can have together. Codes are stable; messages are not.

CODES: Mapping[str, str] = {
    "MRG001": "a document is left out of a merge: a newer one covers it",
    "MRG002": "shares of a run are missing in a merge",
    "MRG003": "a document is left out of a merge: it is from a previous run, and no newer one covers its deployments",
}


# Codes whose problems stop nothing; all others are errors.
MILDER = {
    "CFN010": Severity.WARNING,
    "CFN012": Severity.WARNING,
    "IGN004": Severity.WARNING,
    "IGN006": Severity.WARNING,
    "IGN007": Severity.WARNING,
    "IMP004": Severity.WARNING,
    "IMP005": Severity.WARNING,
    "IMP006": Severity.WARNING,
    "LIF003": Severity.WARNING,
    "PLAN006": Severity.NOTE,
    "PLAN008": Severity.NOTE,
    "PLAN009": Severity.WARNING,
    "PLAN012": Severity.WARNING,
    "PLAN013": Severity.NOTE,
    "MRG001": Severity.WARNING,
    "REV001": Severity.NOTE,
    "REV002": Severity.WARNING,
    "REV003": Severity.NOTE,
    "SCH009": Severity.WARNING,
    "STA001": Severity.NOTE,
    "STK015": Severity.NOTE,
    "TAG005": Severity.WARNING,
}
VERIFY = "verify/"  # begins the ids of findings about what a stack refers to
NEAR = 3  # suggestions
ID = re.compile(r"[A-Za-z]{2,4}[0-9]+")
URL = re.compile(r"https?://\S+?(?=[.,:;)]*(\s|$))")


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """One id and what is known of it. Only rules have a kind and evidence; examples are parts of a stack."""

    id: str
    says: str
    severity: Severity = Severity.ERROR
    kind: str = ""
    advice: bool = False
    hint: str = ""
    source: str = ""
    fails: Json = None
    passes: Json = None
    evidence: Evidence | None = None

    @property
    def can_be_disabled(self) -> bool:
        return self.id in CAN_BE_DISABLED

    @property
    def url(self) -> str:
        found = URL.search(self.source)
        return found[0] if found else ""


@cache
def catalogue() -> Mapping[str, CatalogueEntry]:
    """Return every id: rules by kind, then problems, in the order in which a stack meets them."""
    rules = [_of_rule(kind, rule) for kind, rules in RULES.items() for rule in rules]
    problems = [
        CatalogueEntry(code, _sentence(says), MILDER.get(code, Severity.ERROR))
        for codes in (LOAD, VALIDATE, PLAN, CODES, FMT, ADOPT, CLOUDFORMATION)
        for code, says in codes.items()
    ]
    return {entry.id: entry for entry in (*rules, *problems)}


def entry_of(id_: str) -> CatalogueEntry:
    """Return what is known of an id: at least itself."""
    return catalogue().get(id_) or _of_check(id_) or CatalogueEntry(id_, id_)


def _of_check(id_: str) -> CatalogueEntry | None:
    """Return what a check of `verify` is about; the id of its findings is `verify/` and its own."""
    from reconciler.verify.checks import CHECKS  # noqa: PLC0415 - few commands verify

    check = next((each for each in CHECKS if f"{VERIFY}{each.id}" == id_), None)
    return CatalogueEntry(id_, _sentence(f"{check.subject} {check.holds}"), kind=check.kind) if check else None


def nearest_ids(word: str) -> tuple[str, ...]:
    """Return the ids nearest to a word that looks like one; none if it does not."""
    if not ID.fullmatch(word):
        return ()
    return tuple(difflib.get_close_matches(word.upper(), catalogue(), n=NEAR, cutoff=0.5))


def _sentence(text: str) -> str:
    """Write it with a capital and a stop; names such as lifecycle.ignoreChanges stay as they are."""
    first = text.split(maxsplit=1)[0]
    return f"{text if '.' in first else text[0].upper() + text[1:]}."


def _of_rule(kind: str, rule: Rule) -> CatalogueEntry:
    return CatalogueEntry(
        rule.id,
        rule.says,
        rule.severity,
        kind,
        rule.advice,
        rule.hint,
        rule.source,
        _part_of_stack(kind, rule.fails),
        _part_of_stack(kind, rule.passes),
        rule.evidence,
    )


def _part_of_stack(kind: str, example: Example) -> Json:
    """Return an example as it stands in a stack, with what it refers to."""
    lifecycle = {"lifecycle": {"runsOn": list(example.runs_on)}} if example.runs_on else {}
    bodies = {(kind, "example"): {**example.body, **lifecycle}, **example.others}
    sections = dict(_sections(bodies))
    ranked = {section: sections[section] for section in sorted(sections, key=lambda section: _rank(section, kind))}
    return {"region": example.region, **ranked} if example.region else ranked


def _sections(bodies: Mapping[tuple[str, str], Json]) -> Iterator[tuple[str, Json]]:
    for kind in SECTIONS.values():
        own = {name: body for (of, name), body in bodies.items() if of == kind.name}
        if own:
            yield kind.section, own


def _rank(section: str, kind: str) -> int:
    """What the rule is about comes first."""
    return section != SECTIONS[kind].section


# Rules and problems for people: one with everything that is known about it, or all in a table.

LABEL_WIDTH = 12  # the width of the labels' column
ID_WIDTH = 9  # of the ids' column
WORD_WIDTH = 9  # of the column with the severity, or the word advice
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
            page.line((f"{label:<{LABEL_WIDTH}}", "dim"), text, indent=2, hang=LABEL_WIDTH)
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
        page.line(
            f"{entry.id:<{ID_WIDTH}}",
            (f"{_word(entry):<{WORD_WIDTH}}", "dim"),
            entry.says,
            indent=2,
            hang=ID_WIDTH + WORD_WIDTH,
        )
        for label, text in _grounds(entry) if sources else ():
            if text:
                page.line((f"{label}: {text}", "dim"), indent=2 + ID_WIDTH + WORD_WIDTH, hang=2)
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
    page.line(("".join(f"{word:>{WORD_WIDTH}}" for word in WORDS), "dim"), indent=2 + LABEL_WIDTH)
    for basis in Basis:
        numbers = "".join(f"{counts[basis, word]:>{WORD_WIDTH}}" for word in WORDS)
        page.line(f"{basis:<{LABEL_WIDTH}}{numbers}  {basis.says}", indent=2, hang=LABEL_WIDTH)
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
    section, *steps = one.steps
    kind = next(kind for kind in SECTIONS.values() if kind.section == section)
    if not steps:
        count = len(rules_of(kind.name))
        yield "rules", f"{count}: reconciler explain --rules {section}" if count else "none"
    yield from _rule_lines(known.get(member_at(kind, tuple(steps), schema), ()))


def _rule_lines(rules: tuple[Rule, ...]) -> Iterator[tuple[str, str]]:
    for rule in rules:
        yield f"{'advice' if rule.advice else 'rule'} {rule.id}", rule.says


def _by_member(schema: Json) -> Mapping[str, tuple[Rule, ...]]:
    found: dict[str, tuple[Rule, ...]] = {}
    for kind, rules in RULES.items():
        for rule in rules:
            member = member_at(SECTIONS[kind], _place(kind, rule), schema)
            found[member] = (*found.get(member, ()), rule)
    return found


def _place(kind: str, rule: Rule) -> Path:
    """Return where a rule refuses its failing example."""
    mine = Address(kind, "example")
    example = rule.fails
    stack = {mine: example.body, **{Address(*key): body for key, body in example.others.items()}}
    path, _ = next(rule.check(Subject(mine, example.body, stack, example.region, runs_on=example.runs_on)))
    return path
