"""What a schema cannot say: about tags, which a stack and its resources make together, and about what is ignored."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from reconciler.kinds.base import Kind
from reconciler.looked_up import Unknown
from reconciler.model import Declared, Json, Stack
from reconciler.ownership import APPLIED, NAME, OWNER, PREFIX
from reconciler.problems import Problem, Severity
from reconciler.rules.placeholders import looks_unfilled
from reconciler.validate.ignored import problems_of_ignored

OURS = len((OWNER, NAME, APPLIED))
# Whose tags begin with what: the code of the problem, and why. Only what AWS reserves is AWS's to allow.
RESERVED = {
    "aws:": ("TAG003", "AWS reserves tags that begin with aws:"),
    PREFIX: ("TAG006", f"reconciler keeps in tags that begin with {PREFIX} who owns a resource, and what was applied"),
}
# A resource has at most 50 tags, keys of 1 to 128 and values of up to 256 characters (TagResource).
MOST_TAGS = 50
LONGEST_KEY = 128
LONGEST_VALUE = 256
MOST_TAGS_HINT = f"a resource has at most {MOST_TAGS} tags, of which {OURS} are ours"


def problems_of_resource(stack: Stack, resource: Declared, kind: Kind) -> Iterator[Problem]:
    """Yield what is wrong with one resource beyond its schema."""
    yield from problems_of_ignored(resource, kind)
    yield from _problems_of_tags(stack, resource)


def _problems_of_tags(stack: Stack, resource: Declared) -> Iterator[Problem]:
    tags = resource.spec.get("tags") if isinstance(resource.spec, Mapping) else None
    if not isinstance(tags, Mapping):
        return
    for code, key, hint in _reserved(tags):
        where = resource.places.find(("tags", key))
        yield Problem(code, f"{resource.address}: the tag {key} is reserved", where, hint)
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
        if isinstance(value, str) and not isinstance(value, Unknown) and looks_unfilled(value):
            message = f"the tag {key} is {value}, which looks like a placeholder"
            hint = "write !sub in front of the text, or !var name"
            yield replace(_of_stack(stack, "TAG005", message, hint), severity=Severity.WARNING)
    for code, key, hint in _reserved(stack.tags):
        yield _of_stack(stack, code, f"the tag {key} is reserved", hint)
    if len(stack.tags) > MOST_TAGS - OURS:
        yield _of_stack(stack, "TAG004", f"{len(stack.tags)} tags", MOST_TAGS_HINT)


def _of_stack(stack: Stack, code: str, message: str, hint: str) -> Problem:
    return Problem(code, f"stack {stack.name}: {message}", None, hint)


def _reserved(tags: Mapping[str, Json]) -> Iterator[tuple[str, str, str]]:
    """Yield the code, the key and the reason for each tag that belongs to AWS or to this tool."""
    for key in tags:
        for prefix, (code, hint) in RESERVED.items():
            if key.lower().startswith(prefix):
                yield code, key, hint
