"""What is left alone must exist, and must not be left alone for longer than was said."""

import difflib
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

from reconciler.kinds.base import Kind
from reconciler.kinds.paths import PathError, lacking, parse
from reconciler.model import Address, Declared, Ignore, Spec, Stack
from reconciler.problems import Problem, Severity

EXPIRED_HINT = "remove the entry, or give it a later day"
NO_FIELD = "{0} is no member"
LACKING_HINT = "declare {0}, or write the path up to it to leave all of it alone"


def in_force(stack: Stack, today: str) -> tuple[Ignore, ...]:
    """Return the entries of `ignore` that have not expired; `today` as 2027-03-31, empty if nobody knows."""
    return tuple(one for one in stack.ignore if not _is_expired(one, today))


def problems_of_ignored(resource: Declared, kind: Kind) -> Iterator[Problem]:
    """Yield what is wrong with ignoreChanges. A path that leads nowhere would be believed to protect something."""
    for path in resource.lifecycle.ignore_changes:
        why, hint = _nowhere(kind, path, resource.spec)
        if why:
            of = f" of a {kind.noun}" if why == NO_FIELD.format(path) else ""
            message = f"{resource.address}: lifecycle.ignoreChanges: {why}{of}"
            yield Problem("LIF004", message, resource.places.find(()), hint)


def problems_of_ignore(stack: Stack, kinds: Mapping[str, Kind], today: str) -> Iterator[Problem]:
    """Yield what is wrong with the stack's `ignore`."""
    for one in stack.ignore:
        told = f"ignore: {one.resources}"
        if _is_expired(one, today):
            message = f"{told}: expired after {one.expires}; {', '.join(one.members)} count again"
            yield Problem("IGN006", message, one.where, EXPIRED_HINT, Severity.WARNING)
            continue
        matching = [
            resource for address, resource in stack.declared.items() if fnmatchcase(str(address), one.resources)
        ]
        if not matching:
            hint = _near(one.resources, stack.declared)
            yield Problem("IGN004", f"{told} matches nothing in this stack", one.where, hint, Severity.WARNING)
        for path in one.members if matching else ():
            found = [_nowhere(kinds[each.address.kind], path, each.spec) for each in matching]
            if all(why for why, _ in found):
                yield _leads_nowhere(one, path, found, sorted({kinds[each.address.kind].noun for each in matching}))


def _leads_nowhere(one: Ignore, path: str, found: list[tuple[str, str]], nouns: list[str]) -> Problem:
    """Say it once for all resources that match: a path that one of them could have is better explained by that one."""
    lost = [pair for pair in found if pair[0] != NO_FIELD.format(path)]
    closest = min((hint for _, hint in found), key=len)  # a suggestion is shorter than a list
    why, hint = lost[0] if lost else (f"{NO_FIELD.format(path)} of a {' or '.join(nouns)}", closest)
    return Problem("IGN005", f"ignore: {one.resources}: {why}", one.where, hint)


def _is_expired(one: Ignore, today: str) -> bool:
    return bool(one.expires and today) and one.expires < today


def _near(pattern: str, declared: Mapping[Address, Declared]) -> str:
    near = difflib.get_close_matches(pattern, [str(address) for address in declared], n=1)
    return f"did you mean {near[0]}?" if near else "it is KIND/NAME, such as JobQueue/*"


def _nowhere(kind: Kind, path: str, body: Spec) -> tuple[str, str]:
    """Return why a path leads to nothing in a body, and what may have been meant; empty if it may lead to something."""
    if path == "tags" or path.startswith("tags."):
        return "", ""
    try:
        steps = parse(kind, path, body)
    except PathError as lost:
        return NO_FIELD.format(path), lost.hint
    container = lacking(kind, body, steps)
    if not container:
        return "", ""
    return f"{path} has nothing to protect: {container} is not declared", LACKING_HINT.format(container)
