"""Rules that a schema cannot say: about tags, which a stack and its resources make together."""

import difflib
from collections.abc import Iterator, Mapping

from reconciler.kinds.base import Field, Form, Kind
from reconciler.looked_up import Unknown
from reconciler.model import Declared, Json, Stack
from reconciler.ownership import APPLIED, NAME, OWNER, PREFIX
from reconciler.problems import Problem

OURS = len((OWNER, NAME, APPLIED))
RESERVED = ("aws:", PREFIX)
# A resource has at most 50 tags, keys of 1 to 128 and values of up to 256 characters (TagResource).
MOST_TAGS = 50
LONGEST_KEY = 128
LONGEST_VALUE = 256
# Below these, a step of a path is a key or a position, and not a member with a row.
OPEN = (Form.MAP, Form.SET, Form.ORDERED, Form.RANKED)
RESERVED_HINT = "aws: belongs to AWS, reconciler: to this tool"
MOST_TAGS_HINT = f"a resource has at most {MOST_TAGS} tags, of which {OURS} are ours"


def problems_of_resource(stack: Stack, resource: Declared, kind: Kind) -> Iterator[Problem]:
    """Yield what is wrong with one resource beyond its schema."""
    yield from _problems_of_ignored(resource, kind)
    yield from _problems_of_tags(stack, resource)


def _problems_of_ignored(resource: Declared, kind: Kind) -> Iterator[Problem]:
    """A path of ignoreChanges that leads nowhere would be believed to protect something."""
    for path in resource.lifecycle.ignore_changes:
        first, *_ = steps = _steps(kind, path)
        rows = kind.rows_on(steps)
        known_steps = _length(rows)
        if first == "tags" or known_steps >= len(steps) or (rows and rows[-1].form in OPEN):
            continue
        known = [row.name for row in (rows[-1].members if rows else kind.fields)]
        wrong = steps[known_steps]
        near = difflib.get_close_matches(wrong, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
        message = f"{resource.address}: lifecycle.ignoreChanges: {path} is no member of a {kind.noun}"
        yield Problem("LIF004", message, resource.places.find(()), hint)


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


def _problems_of_tags(stack: Stack, resource: Declared) -> Iterator[Problem]:
    tags = resource.spec.get("tags") if isinstance(resource.spec, Mapping) else None
    if not isinstance(tags, Mapping):
        return
    for key in _reserved(tags):
        where = resource.places.find(("tags", key))
        yield Problem("TAG003", f"{resource.address}: the tag {key} is reserved", where, RESERVED_HINT)
    both = len({**stack.tags, **tags})
    if both > MOST_TAGS - OURS:
        where = resource.places.find(("tags",))
        yield Problem("TAG004", f"{resource.address}: {both} tags with those of the stack", where, MOST_TAGS_HINT)


def problems_of_stack(stack: Stack) -> Iterator[Problem]:
    """Yield what is wrong with the stack's own tags."""
    for key, value in stack.tags.items():
        if not 1 <= len(key) <= LONGEST_KEY:
            yield _of_stack(stack, "TAG001", f"a tag key has {len(key)} characters", "1 to 128 are allowed")
        if isinstance(value, str) and not isinstance(value, Unknown) and len(value) > LONGEST_VALUE:
            message = f"the value of tag {key} has {len(value)} characters"
            yield _of_stack(stack, "TAG002", message, "at most 256 are allowed")
    for key in _reserved(stack.tags):
        yield _of_stack(stack, "TAG003", f"the tag {key} is reserved", RESERVED_HINT)
    if len(stack.tags) > MOST_TAGS - OURS:
        yield _of_stack(stack, "TAG004", f"{len(stack.tags)} tags", MOST_TAGS_HINT)


def _of_stack(stack: Stack, code: str, message: str, hint: str) -> Problem:
    return Problem(code, f"stack {stack.name}: {message}", None, hint)


def _reserved(tags: Mapping[str, Json]) -> Iterator[str]:
    return (key for key in tags if key.lower().startswith(RESERVED))
