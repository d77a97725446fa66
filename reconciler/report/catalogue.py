"""Every finding by its id: rules and other claims about AWS, which a stack may disable, and all other problems."""

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from reconciler.fmt.verify import CODES as FMT
from reconciler.importers.cloudformation.context import CODES as CLOUDFORMATION
from reconciler.importers.model import CODES as ADOPT
from reconciler.kinds import KINDS
from reconciler.model import Json
from reconciler.plan.guards import CODES as PLAN
from reconciler.problems import Severity
from reconciler.rules import CAN_BE_DISABLED, RULES, Example, Rule
from reconciler.rules.base import Evidence
from reconciler.syntax.diagnostics import CODES as LOAD
from reconciler.validate.stack_checks import CODES as VALIDATE

# Every problem that the documents of several runs can have together. Codes are stable; messages are not.

CODES: Mapping[str, str] = {
    "MRG001": "a document is left out of a merge: a newer one covers it",
    "MRG002": "shares of a run are missing in a merge",
    "MRG003": "a document is left out of a merge: it is from a previous run, and no newer one covers its deployments",
}


# Codes whose problems stop nobody; all others are errors.
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
    "MRG001": Severity.WARNING,
    "REV001": Severity.NOTE,
    "REV002": Severity.WARNING,
    "REV003": Severity.NOTE,
    "SCH009": Severity.WARNING,
    "STA001": Severity.NOTE,
    "STK015": Severity.NOTE,
    "TAG005": Severity.WARNING,
}
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
    return catalogue().get(id_) or CatalogueEntry(id_, id_)


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
    bodies = {(kind, "example"): example.body, **example.others}
    sections = dict(_sections(bodies))
    ranked = {section: sections[section] for section in sorted(sections, key=lambda section: _rank(section, kind))}
    return {"region": example.region, **ranked} if example.region else ranked


def _sections(bodies: Mapping[tuple[str, str], Json]) -> Iterator[tuple[str, Json]]:
    for kind in KINDS.values():
        own = {name: body for (of, name), body in bodies.items() if of == kind.name}
        if own:
            yield kind.section, own


def _rank(section: str, kind: str) -> int:
    """What the rule is about comes first."""
    return section != KINDS[kind].section
