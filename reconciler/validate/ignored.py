"""What is left alone must exist, and must not be left alone for longer than was said."""

import difflib
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

from reconciler.kinds.base import Field, Form, Kind
from reconciler.model import Address, Declared, Ignore, Stack
from reconciler.problems import Problem, Severity

# Below these, a step of a path is a key or a position, and not a member with a row.
OPEN = (Form.MAP, Form.SET, Form.ORDERED, Form.RANKED)
EXPIRED_HINT = "remove the entry, or give it a later day"


def in_force(stack: Stack, today: str) -> tuple[Ignore, ...]:
    """Return the entries of `ignore` that have not expired; `today` as 2027-03-31, empty if nobody knows."""
    return tuple(one for one in stack.ignore if not _is_expired(one, today))


def problems_of_ignored(resource: Declared, kind: Kind) -> Iterator[Problem]:
    """Yield what is wrong with ignoreChanges. A path that leads nowhere would be believed to protect something."""
    for path in resource.lifecycle.ignore_changes:
        if hint := _nowhere(kind, path):
            message = f"{resource.address}: lifecycle.ignoreChanges: {path} is no member of a {kind.noun}"
            yield Problem("LIF004", message, resource.places.find(()), hint)


def problems_of_ignore(stack: Stack, kinds: Mapping[str, Kind], today: str) -> Iterator[Problem]:
    """Yield what is wrong with the stack's `ignore`."""
    for one in stack.ignore:
        told = f"ignore: {one.resources}"
        if _is_expired(one, today):
            message = f"{told}: expired after {one.expires}; {', '.join(one.members)} count again"
            yield Problem("IGN006", message, one.where, EXPIRED_HINT, Severity.WARNING)
            continue
        matching = {address.kind for address in stack.declared if fnmatchcase(str(address), one.resources)}
        if not matching:
            hint = _near(one.resources, stack.declared)
            yield Problem("IGN004", f"{told} matches nothing in this stack", one.where, hint, Severity.WARNING)
        for path in one.members if matching else ():
            hints = [_nowhere(kinds[kind], path) for kind in sorted(matching)]
            if all(hints):
                message = (
                    f"{told}: {path} is no member of a {' or '.join(kinds[kind].noun for kind in sorted(matching))}"
                )
                yield Problem("IGN005", message, one.where, min(hints, key=len))  # a suggestion is shorter than a list


def _is_expired(one: Ignore, today: str) -> bool:
    return bool(one.expires and today) and one.expires < today


def _near(pattern: str, declared: Mapping[Address, Declared]) -> str:
    near = difflib.get_close_matches(pattern, [str(address) for address in declared], n=1)
    return f"did you mean {near[0]}?" if near else "it is KIND/NAME, such as JobQueue/*"


def _nowhere(kind: Kind, path: str) -> str:
    """Return what may have been meant by a path that leads to no member; empty if it leads to one."""
    first, *_ = steps = _steps(kind, path)
    rows = kind.rows_on(steps)
    known_steps = _length(rows)
    if first == "tags" or known_steps >= len(steps) or (rows and rows[-1].form in OPEN):
        return ""
    known = [row.name for row in (rows[-1].members if rows else kind.fields)]
    near = difflib.get_close_matches(steps[known_steps], known, n=1)
    return f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"


def _steps(kind: Kind, path: str) -> list[str]:
    """Split a path. A key may have dots of its own (ml.m5.large) and ends where a member of its entry begins."""
    steps = path.split(".")
    rows = kind.rows_on(steps)
    length = _length(rows)
    members = {row.name for row in rows[-1].members} if rows and rows[-1].form is Form.KEYED else set()
    end = next((at for at in range(length, len(steps)) if steps[at] in members), length)
    return [*steps[: length - 1], ".".join(steps[length - 1 : end]), *steps[end:]] if end > length else steps


def _length(rows: list[Field]) -> int:
    """Return how many steps of a path the rows along it take: a keyed list takes its key, too."""
    return sum(2 if row.form is Form.KEYED else 1 for row in rows)
