"""A body as written → the body as it was meant, with the misspelt and misplaced fields in it.

So the consequence of a typo is no second problem: the value of a misspelt field is validated, and a field that is one
level too high is not reported as missing below.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

from reconciler.kinds.base import Declarable
from reconciler.model import Json, Path, dotted

# Which fields a resource can have, and in which of its structures.

DEFS = "#/$defs/"
EACH = -1  # the step of a path into a list that means all of its entries
FORMS = {"object": dict, "array": list}


class FieldPlace(NamedTuple):
    """The structure at `path` has the field `member`, whose value is a mapping, a list, or (`str`) a single value."""

    path: Path
    member: str
    form: type

    def takes(self, value: Json) -> bool:
        return value is None or self.form is next((form for form in (dict, list) if isinstance(value, form)), str)


@dataclass(frozen=True, slots=True)
class FieldIndex:
    """The fields of each kind by name. `defs` are the definitions of the schema of stacks."""

    defs: Mapping[str, Json]
    known: dict[str, Mapping[str, list[FieldPlace]]] = field(default_factory=dict)

    def places(self, kind: Declarable) -> Mapping[str, list[FieldPlace]]:
        """Return the places of every field by its normalized name, with `lifecycle` and the short forms."""
        if kind.name not in self.known:
            places: dict[str, list[FieldPlace]] = {}
            for place in self._places({"$ref": DEFS + kind.name}, ()):
                places.setdefault(normalized(place.member), []).append(place)
            self.known[kind.name] = places
        return self.known[kind.name]

    def members(self, kind: Declarable, path: Path) -> Mapping[str, Json]:
        """Return the fields of the structure at a path; none if there is no structure."""
        members: Mapping[str, Json] = self._structure(kind, path).get("properties", {})
        return members

    def required(self, kind: Declarable, path: Path) -> tuple[str, ...]:
        """Return the required fields of the structure at a path."""
        return tuple(self._structure(kind, path).get("required", ()))

    def _structure(self, kind: Declarable, path: Path) -> Json:
        schema = self.resolved({"$ref": DEFS + kind.create.operation})
        for step in path:
            inner = schema.get("items") if isinstance(step, int) else schema.get("properties", {}).get(step)
            schema = self.resolved(inner or {})
        return schema

    def resolved(self, schema: Json) -> Json:
        """Return a schema with its reference followed; of several forms the first, which is the long one."""
        while target := schema.get("$ref", "").removeprefix(DEFS) or schema.get("anyOf"):
            if isinstance(target, str):
                name, _, member = target.partition("/properties/")
                schema = self.defs[name]["properties"][member] if member else self.defs[name]
            else:
                schema = target[0]
        return schema

    def _places(self, schema: Json, path: Path) -> Iterator[FieldPlace]:
        schema = self.resolved(schema)
        if "items" in schema:
            yield from self._places(schema["items"], (*path, EACH))
        for member, inner in schema.get("properties", {}).items():
            yield FieldPlace(path, member, FORMS.get(str(self.resolved(inner).get("type")), str))
            yield from self._places(inner, (*path, member))


def normalized(name: str) -> str:
    """Return a name in lower case without separators, so that names of different styles are equal."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def path_text(path: Path) -> str:
    """Return a path as text, with `[]` for each entry of a list: `containerProperties.environment[].name`."""
    return dotted(path).replace(f"[{EACH}]", "[]")


def inside(value: Json, step: str | int) -> Json:
    """Return the value at a step, of a list the first entry; None if there is none."""
    if step == EACH:
        return value[0] if isinstance(value, list) and value else None
    return value.get(step) if isinstance(value, Mapping) else None


# What an unknown name was meant to be: a different spelling, a typo, a field of a different structure.

STYLES: Mapping[str, re.Pattern[str]] = {
    "PascalCase": re.compile(r"[A-Z][A-Za-z0-9]*[a-z][A-Za-z0-9]*"),
    "snake_case": re.compile(r"[A-Za-z0-9]+(_[A-Za-z0-9]+)+"),
    "kebab-case": re.compile(r"[A-Za-z0-9]+(-[A-Za-z0-9]+)+"),
}
# How similar a field of the same structure must be; how similar if a different structure has exactly this name; and how
# similar a field of a different structure must be.
SIMILAR, NEAR_ENOUGH, SIMILAR_ELSEWHERE = 0.7, 0.85, 0.85


class UnknownField(NamedTuple):
    """A name that the structure at `path` does not have, with the value that is written under it."""

    name: str
    value: Json
    path: Path

    @property
    def here(self) -> Path:
        return tuple(EACH if isinstance(step, int) else step for step in self.path)


class TypoPattern(NamedTuple):
    """One mistake that many fields can have: the text of the hint before and after the fields that were meant."""

    before: str
    after: str


class Suggestion(NamedTuple):
    """What was meant: a field of the same structure (`own`), one that belongs elsewhere (`place`), or neither."""

    hint: str
    own: str = ""
    place: FieldPlace | None = None
    pattern: TypoPattern | None = None


def suggestion_for(unknown: UnknownField, body: Json, kind: Declarable, index: FieldIndex) -> Suggestion:
    """Return what an unknown field in a body was meant to be."""
    places, name, here = index.places(kind), normalized(unknown.name), unknown.here
    own = {normalized(place.member): place for place in chain(*places.values()) if place.path == here}
    if unknown.name in kind.response_only:
        return Suggestion("it is only in API responses: remove it")
    if not here and name == "name":
        return Suggestion("the key above is the name: remove it")
    if name in own:
        return _other_style(own[name].member, unknown.name)
    if missing := _missing_with_prefix(unknown, body, own, index.required(kind, unknown.path)):
        return Suggestion(f"did you mean {missing}?", missing)
    same = places.get(name, [])
    place = _closest([field for field in same if field.takes(unknown.value)] or same, here, body)
    near = _nearest(name, own, NEAR_ENOUGH if place else SIMILAR)
    if near and not (place and _suits_better(place, near, unknown.value, kind, index)):
        other = f" Or {place.member}, which {_whereabouts(place, here)}?" if place else ""
        return Suggestion(f"did you mean {near.member}?{other}", near.member)
    if place:
        plural = TypoPattern("", f" {_whereabouts(place, here, 'belong')}")
        return Suggestion(f"{place.member} {_whereabouts(place, here)}", place=place, pattern=plural)
    return Suggestion(_distant_suggestion(unknown, body, places, own))


def _missing_with_prefix(
    unknown: UnknownField, body: Json, own: Mapping[str, FieldPlace], required: tuple[str, ...]
) -> str:
    """Return the only missing required field that begins with this name: `valueFrom` for `value`."""
    for step in unknown.path:
        body = inside(body, step) if not isinstance(step, int) else _entry(body, step)
    written = {normalized(str(key)) for key in body} if isinstance(body, Mapping) else set()
    begun = [
        name
        for name in required
        if normalized(name).startswith(normalized(unknown.name)) and normalized(name) not in written
    ]
    return begun[0] if len(begun) == 1 and own[normalized(begun[0])].takes(unknown.value) else ""


def _entry(value: Json, index: int) -> Json:
    return value[index] if isinstance(value, list) and index < len(value) else None


def _suits_better(place: FieldPlace, near: FieldPlace, value: Json, kind: Declarable, index: FieldIndex) -> bool:
    """Whether the value fits the field of exactly this name elsewhere better than a field of a similar name here."""
    if place.takes(value) != near.takes(value) or not isinstance(value, Mapping):
        return place.takes(value) and not near.takes(value)
    written = {normalized(str(key)) for key in value}
    known = ({*map(normalized, index.members(kind, (*place.path, place.member)))} for place in (place, near))
    there, here = (len(written & names) for names in known)
    return there > here


def _other_style(own: str, name: str) -> Suggestion:
    style = next((style for style, form in STYLES.items() if form.fullmatch(name)), "")
    if not style:
        return Suggestion(f"did you mean {own}?", own)
    pattern = TypoPattern(f"fields are in camelCase, not {style}: did you mean ", "?")
    return Suggestion(own.join(pattern), own, pattern=pattern)


def _distant_suggestion(
    unknown: UnknownField, body: Json, places: Mapping[str, list[FieldPlace]], own: Mapping[str, FieldPlace]
) -> str:
    name, here = normalized(unknown.name), unknown.here
    far = places.get(_closest_name(name, tuple(places), SIMILAR_ELSEWHERE), [])
    if place := _closest(far, here, body):
        return f"did you mean {place.member}? It {_whereabouts(place, here)}"
    return f"fields here: {', '.join(place.member for place in own.values())}"


def _whereabouts(place: FieldPlace, here: Path, verb: str = "belongs") -> str:
    """Describe a place as seen from the structure at `here`."""
    if place.path != here[: len(place.path)]:
        return f"{verb} in {path_text(place.path)}"
    beside, *inner = here[len(place.path) :]
    levels = 1 + sum(isinstance(step, str) for step in inner)
    higher = "one level higher" if levels == 1 else f"{levels} levels higher"
    return f"{verb} beside {path_text((*place.path, beside))}, {higher}"


def _nearest(name: str, own: Mapping[str, FieldPlace], cutoff: float) -> FieldPlace | None:
    return own.get(_closest_name(name, tuple(own), cutoff))


@lru_cache
def _closest_name(name: str, known: tuple[str, ...], cutoff: float) -> str:
    """Cached: one mistake is often made in many places, and the comparison is slow."""
    return next(iter(get_close_matches(name, known, n=1, cutoff=cutoff)), "")


def _closest(places: list[FieldPlace], here: Path, body: Json) -> FieldPlace | None:
    """Return the place of whose path the body has the most; of equals the one that is the fewest steps away."""

    def distance(place: FieldPlace) -> tuple[int, int, int]:
        return _lacking(body, place.path), _steps_between(place.path, here), len(place.path)

    return min(places, key=distance, default=None)


def _lacking(body: Json, path: Path) -> int:
    """Return how many steps of a path the body lacks."""
    for at, step in enumerate(path):
        body = inside(body, step)
        if body is None:
            return len(path) - at
    return 0


def _steps_between(path: Path, other: Path) -> int:
    shared = 0
    while path[shared : shared + 1] == other[shared : shared + 1] != ():
        shared += 1
    return len(path) + len(other) - 2 * shared


# What CloudFormation and Pulumi write around a body. Only the first holds fields of the resource.
ENVELOPE = ("properties", "type", "dependson", "condition", "metadata", "deletionpolicy", "updatereplacepolicy",
            "creationpolicy", "updatepolicy", "options")  # fmt: skip


class TypoMessage(NamedTuple):
    """The message about one field, and about many."""

    code: str
    one: str
    many: str


NOT_A_MEMBER = TypoMessage("SCH001", "is not a field", "are not fields")
NOT_A_LIST = TypoMessage("SCH002", "must be a list, but is a mapping", "must be lists, but are mappings")
BLOCKS = TypoPattern("write a `- ` before each entry of ", "")  # lists of structures as Terraform writes them


class Typo(NamedTuple):
    """A misspelt or misplaced field; `member` is the field that was meant."""

    path: Path
    hint: str
    member: str = ""
    pattern: TypoPattern | None = None
    fault: TypoMessage = NOT_A_MEMBER


@dataclass(frozen=True, slots=True)
class CorrectedBody:
    """A body as it was meant. `written` is where misspelt and misplaced fields are written, by where they belong.

    `implied` are structures that are missing only because their fields are misplaced.
    """

    body: Json
    typos: tuple[Typo, ...]
    newer: tuple[Path, ...]
    written: Mapping[Path, Path]
    implied: frozenset[Path]

    def place(self, path: Path) -> Path:
        """Return where a field of the corrected body is written."""
        ends = range(len(path), 0, -1)
        return next(((*self.written[path[:end]], *path[end:]) for end in ends if path[:end] in self.written), path)


def corrected(kind: Declarable, body: Json, index: FieldIndex, is_newer: Callable[[Path], bool]) -> CorrectedBody:
    """Return a body as it was meant. A field that `is_newer` than our tables is no typo."""
    reader = _TypoFinder(kind, body, index, is_newer)
    read = reader.corrected()
    return CorrectedBody(read, tuple(reader.typos), tuple(reader.newer), reader.written, frozenset(reader.implied))


class _MisplacedField(NamedTuple):
    """A field that is written where it does not belong."""

    place: FieldPlace
    value: Json
    written: Path


@dataclass(frozen=True, slots=True)
class _TypoFinder:
    kind: Declarable
    body: Json
    index: FieldIndex
    is_newer: Callable[[Path], bool]
    typos: list[Typo] = field(default_factory=list)
    newer: list[Path] = field(default_factory=list)
    misplaced_fields: list[_MisplacedField] = field(default_factory=list)
    written: dict[Path, Path] = field(default_factory=dict)
    implied: set[Path] = field(default_factory=set)

    def corrected(self) -> Json:
        inner, written = self.unwrapped()
        read = self.read({"$ref": DEFS + self.kind.create.operation}, inner, (), written)
        for misplaced in self.misplaced_fields:  # one that is put in place may contain more of them
            self.put_in_place(misplaced, read)
        return read

    def unwrapped(self) -> tuple[Json, Path]:
        """Return the body without what a template writes around it, and its path."""
        body = self.body
        keys = {normalized(str(key)): key for key in body} if isinstance(body, Mapping) else {}
        key = keys.get(ENVELOPE[0], "") if keys.keys() <= set(ENVELOPE) else ""
        if not key or not isinstance(body[key], Mapping):
            return body, ()
        self.typos.append(
            Typo((key,), f"in a stack, write the content of {key} directly below the name of the resource")
        )
        return body[key], (key,)

    def read(self, schema: Json, value: Json, path: Path, written: Path) -> Json:
        """Return a value with its fields as they were meant. `path` is where it belongs, `written` where it is."""
        schema = self.index.resolved(schema)
        if path != written:
            self.written[path] = written
        if isinstance(value, Mapping) and "properties" in schema:
            return dict(self.members(schema["properties"], value, path, written))
        if isinstance(value, list) and "items" in schema:
            return [self.read(schema["items"], item, (*path, at), (*written, at)) for at, item in enumerate(value)]
        if isinstance(value, Mapping) and "items" in schema and self.is_entry(value, schema["items"]):
            member = str(path[-1])
            self.typos.append(Typo(written, member.join(BLOCKS), member, BLOCKS, NOT_A_LIST))
            return [self.read(schema["items"], value, (*path, 0), written)]
        return value

    def is_entry(self, value: Mapping[str, Json], schema: Json) -> bool:
        """Whether a mapping is an entry of a list and not a list itself, written as a mapping."""
        members = self.index.resolved(schema).get("properties", {})
        return not {normalized(name) for name in value}.isdisjoint(map(normalized, members))

    def members(
        self, known: Mapping[str, Json], value: Mapping[str, Json], path: Path, written: Path
    ) -> Iterator[tuple[str, Json]]:
        for name, inner in value.items():
            here = (*written, name)
            if name not in known and self.is_newer((*path, name)):
                self.newer.append(here)
                continue
            own = name if name in known else self.note_typo(name, inner, path, here)
            if own in known and (own == name or own not in value):
                yield own, self.read(known[own], inner, (*path, own), here)

    def note_typo(self, name: str, value: Json, path: Path, here: Path) -> str:
        """Record the typo in a name; return the field of the same structure that was meant, if any."""
        meant = suggestion_for(UnknownField(name, value, path), self.body, self.kind, self.index)
        member = meant.place.member if meant.place else meant.own
        self.typos.append(Typo(here, meant.hint, member, meant.pattern))
        if meant.place:
            self.misplaced_fields.append(_MisplacedField(meant.place, value, here))
        return meant.own

    def put_in_place(self, misplaced: _MisplacedField, body: Json) -> None:
        """Put a misplaced field where it belongs, if its structure exists and does not have the field."""
        place, path = body, tuple(0 if step == EACH else step for step in misplaced.place.path)
        for step in misplaced.place.path:
            place = inside(place, step)
        known = self.index.members(self.kind, misplaced.place.path)
        if place is None:
            self.implied.add(path)
        elif isinstance(place, dict) and misplaced.place.member in known and misplaced.place.member not in place:
            member = misplaced.place.member
            place[member] = self.read(known[member], misplaced.value, (*path, member), misplaced.written)
