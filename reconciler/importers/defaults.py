"""What many resources have in common, written once: tags of the stack, and defaults of a kind."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.importers.model import ImportedResource
from reconciler.kinds import KINDS
from reconciler.model import Json, Path, Spec

TAGS = "tags"
FEWEST = 3  # resources: fewer read better with all that they are
MOST = 0.75  # so many of them must agree
NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Factored:
    """`tags` are the stack's, `defaults` are members by section; `found` have what is theirs alone."""

    found: tuple[ImportedResource, ...]
    tags: Mapping[str, str]
    defaults: Mapping[str, Spec]


def factored(founds: Iterable[ImportedResource]) -> Factored:
    everything = tuple(founds)
    tags = _common_tags(everything)
    left = [replace(found, body=_without_tags(found.body, tags)) for found in everything]
    defaults: dict[str, Spec] = {}
    for kind in KINDS.values():
        own = [index for index, found in enumerate(left) if found.address.kind == kind.name]
        common = _common([left[index].body for index in own], _noted(left[index] for index in own))
        if common:
            defaults[kind.section] = common
            for index in own:
                left[index] = replace(left[index], body=_rest(left[index].body, common))
    return Factored(tuple(left), tags, defaults)


def _common_tags(founds: Sequence[ImportedResource]) -> dict[str, str]:
    """Return the tags that all resources have: those of a stack are on each."""
    if len(founds) < FEWEST:
        return {}
    first, *others = [found.body.get(TAGS, NOTHING) for found in founds]
    return {key: value for key, value in first.items() if all(other.get(key) == value for other in others)}


def _without_tags(body: Spec, tags: Mapping[str, str]) -> Spec:
    own = {key: value for key, value in body.get(TAGS, NOTHING).items() if key not in tags}
    rest = {name: value for name, value in body.items() if name != TAGS}
    return {**rest, TAGS: own} if own else rest


def _noted(founds: Iterable[ImportedResource]) -> frozenset[Path]:
    """Return the members that have a note, and those around them: a comment belongs to one resource."""
    paths = [note.path for found in founds for note in found.notes]
    return frozenset(path[:length] for path in paths for length in range(1, len(path) + 1))


def _common(bodies: Sequence[Spec], noted: frozenset[Path], at: Path = ()) -> dict[str, Json]:
    """Return the members that all bodies have, and most of them with one value.

    What only some have is left to them: to take a default away, a body must say null. Nor is anything taken from a
    mapping in full, which one that differs would only add to.
    """
    if len(bodies) < FEWEST:
        return {}
    out = {}
    for name in bodies[0]:
        values = [body[name] for body in bodies if name in body]
        if len(values) == len(bodies) and (*at, name) not in noted:
            common = _common_value(values, noted, (*at, name))
            if common is not None:
                out[name] = common
    return out


def _common_value(values: Sequence[Json], noted: frozenset[Path], at: Path) -> Json:
    if all(isinstance(value, Mapping) for value in values):
        return _common(values, noted, at) or None
    if any(isinstance(value, Mapping) for value in values):
        return None
    text, count = Counter(map(repr, values)).most_common(1)[0]
    return next(value for value in values if repr(value) == text) if count >= MOST * len(values) else None


def _rest(body: Spec, common: Spec) -> dict[str, Json]:
    """Return what a body has beside the defaults."""
    out = {}
    for name, value in body.items():
        if name not in common:
            out[name] = value
        elif isinstance(common[name], Mapping):
            if rest := _rest(value, common[name]):
                out[name] = rest
        elif repr(value) != repr(common[name]):
            out[name] = value
    return out
