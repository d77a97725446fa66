"""References that are almost the name of a resource of the same stack: what else they name must exist in AWS."""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping

from reconciler.kinds import KINDS
from reconciler.kinds.base import Field, Form, Row
from reconciler.model import Json, Path
from reconciler.problems import Severity
from reconciler.rules.base import Example, Findings, Rule, Subject
from reconciler.rules.evidence import later

ALIKE = 0.75  # `ondemnad` and `ondemand` have 0.88
_WORDS = re.compile(r"[-_.]+")


def near_names(id_: str, fails: Example, passes: Example) -> Rule:
    """Return the rule that no reference of a kind is a typing error."""
    return Rule(
        id=id_,
        says="A reference to a resource outside the stack is not almost the name of one in it.",
        check=_misspelt,
        hint="declare it, or name one that exists; if that one is meant, switch the rule off with the reason",
        severity=Severity.WARNING,
        evidence=later("reconciler plan, REF001", note="a name that is neither in the stack nor live is refused"),
        fails=fails,
        passes=passes,
    )


def _misspelt(subject: Subject) -> Findings:
    for path, row, name in _references(KINDS[subject.address.kind].rows, subject.body, ()):
        known = tuple(one for one, _ in subject.every(row.refers_to))
        own = _name_in(name, KINDS[row.refers_to].noun)
        if own and own not in known and (near := _meant(own, known)):
            yield path, f"is {name}, which is not declared in this stack; it must exist in AWS. Did you mean {near}?"


def _references(rows: Iterable[Row], body: Json, path: Path) -> Iterator[tuple[Path, Field, str]]:
    for row in rows:
        value = body.get(row.name) if isinstance(row, Field) and isinstance(body, Mapping) else None
        if value is None or not isinstance(row, Field):
            continue
        if row.form is Form.REFERENCE:
            yield (*path, row.name), row, str(value)
        elif isinstance(value, Mapping):
            yield from _references(row.fields, value, (*path, row.name))
        elif isinstance(value, list | tuple):
            for index, entry in enumerate(value):
                yield from _references(row.fields, entry, (*path, row.name, index))


def _name_in(reference: str, noun: str) -> str:
    """Return the name that a reference has, also within an ARN; empty for the ARN of something else."""
    if not reference.startswith("arn:"):
        return reference
    *_, last = reference.split(":", 5)
    return last.removeprefix(f"{noun}/") if last.startswith(f"{noun}/") else ""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return the end of a message about a name that is not among some that are known, if it is almost one of them."""
    near = _meant(name, known)
    return f": did you mean {near}?" if near else ""


def _meant(name: str, known: Iterable[str]) -> str:
    """Return the name that is alike in each of its words; `queue-1` is none for `queue-2`, nor `dev-a` for `dev-b`."""
    found = ((_alike(name.lower(), other.lower()), other) for other in known)
    return max(((ratio, other) for ratio, other in found if ratio >= ALIKE), default=(0.0, ""))[1]


def _alike(one: str, other: str) -> float:
    words, others = _WORDS.split(one), _WORDS.split(other)
    if len(words) != len(others):
        joined = _WORDS.sub("", one), _WORDS.sub("", other)
        return 1.0 if joined[0] == joined[1] else 0.0
    return min(_ratio(word, twin) for word, twin in zip(words, others, strict=True))


def _ratio(one: str, other: str) -> float:
    if one == other:
        return 1.0
    is_number = any(word.strip("0123456789") == "" for word in (one, other))
    if is_number or one.strip("0123456789") == other.strip("0123456789"):
        return 0.0
    return difflib.SequenceMatcher(None, one, other).ratio()
