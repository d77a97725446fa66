"""What is adopted although a tag on it says that another tool manages it: a warning, since the tag may be old."""

from collections.abc import Iterable, Iterator

from reconciler.model import Action, Change
from reconciler.ownership import mark_of
from reconciler.problems import Problem, Severity

HINT = "two tools would undo each other's changes: take it out of the other one's state, and the tag out of the YAML"


def marked(changes: Iterable[Change]) -> Iterator[Problem]:
    for change in changes:
        mark = mark_of(change.seen.tags) if change.seen and change.action is Action.ADOPT else None
        if mark:
            message = f"{change.address}: the tag {mark.key}={mark.value} says that {mark.tool} manages {change.name}"
            yield Problem("PLAN012", message, change.where, HINT, Severity.WARNING)
