"""A body as it was meant: members that are misspelt or misplaced are told, and judged as what they should be.

So what follows from a slip is no second problem: what a misspelt member holds is looked at, and what stands one level
too high is not missing below.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

from reconciler.kinds.base import Kind
from reconciler.model import Json, Path, dotted

# Which members a resource can have, and in which of its structures.

DEFS = "#/$defs/"
EACH = -1  # the step of a path into a list that means all of its entries
FORMS = {"object": dict, "array": list}


class MemberPlace(NamedTuple):
    """The structure at `path` has the member, which takes a mapping, a list, or (`str`) a single value."""

    path: Path
    member: str
    form: type

    def takes(self, value: Json) -> bool:
        return value is None or self.form is next((form for form in (dict, list) if isinstance(value, form)), str)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """`defs` are the definitions of the schema of stacks."""

    defs: Mapping[str, Json]
    known: dict[str, Mapping[str, list[MemberPlace]]] = field(default_factory=dict)

    def homes(self, kind: Kind) -> Mapping[str, list[MemberPlace]]:
        """Return every member by its letters, with `lifecycle` and the short forms."""
        if kind.name not in self.known:
            homes: dict[str, list[MemberPlace]] = {}
            for home in self._homes({"$ref": DEFS + kind.name}, ()):
                homes.setdefault(letters(home.member), []).append(home)
            self.known[kind.name] = homes
        return self.known[kind.name]

    def members(self, kind: Kind, path: Path) -> Mapping[str, Json]:
        """Return the members that a request has at a path; none where it has no structure."""
        members: Mapping[str, Json] = self._structure(kind, path).get("properties", {})
        return members

    def required(self, kind: Kind, path: Path) -> tuple[str, ...]:
        """Return the members that a structure must have."""
        return tuple(self._structure(kind, path).get("required", ()))

    def _structure(self, kind: Kind, path: Path) -> Json:
        schema = self.resolved({"$ref": DEFS + kind.create.operation})
        for step in path:
            inner = schema.get("items") if isinstance(step, int) else schema.get("properties", {}).get(step)
            schema = self.resolved(inner or {})
        return schema

    def resolved(self, schema: Json) -> Json:
        """Return a schema without references; of several forms the long one, which is first."""
        while target := schema.get("$ref", "").removeprefix(DEFS) or schema.get("anyOf"):
            if isinstance(target, str):
                name, _, member = target.partition("/properties/")
                schema = self.defs[name]["properties"][member] if member else self.defs[name]
            else:
                schema = target[0]
        return schema

    def _homes(self, schema: Json, path: Path) -> Iterator[MemberPlace]:
        schema = self.resolved(schema)
        if "items" in schema:
            yield from self._homes(schema["items"], (*path, EACH))
        for member, inner in schema.get("properties", {}).items():
            yield MemberPlace(path, member, FORMS.get(str(self.resolved(inner).get("type")), str))
            yield from self._homes(inner, (*path, member))


def letters(name: str) -> str:
    """Return what is left of a name in whatever style."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def spelled(path: Path) -> str:
    """Write a path with `[]` for each entry of a list: `containerProperties.environment[].name`."""
    return dotted(path).replace(f"[{EACH}]", "[]")


def inside(value: Json, step: str | int) -> Json:
    """Return what a step leads to, of a list the first entry; None if it leads to nothing."""
    if step == EACH:
        return value[0] if isinstance(value, list) and value else None
    return value.get(step) if isinstance(value, Mapping) else None


# What a name was meant to be that its structure does not have: another spelling, a typo, a member of another one.

STYLES: Mapping[str, re.Pattern[str]] = {
    "PascalCase": re.compile(r"[A-Z][A-Za-z0-9]*[a-z][A-Za-z0-9]*"),
    "snake_case": re.compile(r"[A-Za-z0-9]+(_[A-Za-z0-9]+)+"),
    "kebab-case": re.compile(r"[A-Za-z0-9]+(-[A-Za-z0-9]+)+"),
}
# How near a member must be; so near that it counts although another structure has the very name; so near as to be
# looked for in other structures.
ALIKE, TWIN, ELSEWHERE = 0.7, 0.85, 0.85


class StrayField(NamedTuple):
    """A name that the structure at `path` does not have, and what is written under it."""

    name: str
    value: Json
    path: Path

    @property
    def here(self) -> Path:
        return tuple(EACH if isinstance(step, int) else step for step in self.path)


class TypoHabit(NamedTuple):
    """One mistake that many members can share: what is said before and after those that were meant."""

    before: str
    after: str


class Verdict(NamedTuple):
    """What was meant: a member of the same structure (`own`), one that belongs elsewhere (`home`), or nothing."""

    hint: str
    own: str = ""
    home: MemberPlace | None = None
    habit: TypoHabit | None = None


def verdict(stray: StrayField, body: Json, kind: Kind, vocabulary: Vocabulary) -> Verdict:
    """Say what was meant by a name in a body."""
    homes, name, here = vocabulary.homes(kind), letters(stray.name), stray.here
    own = {letters(home.member): home for home in chain(*homes.values()) if home.path == here}
    if stray.name in (*kind.read.response_only, kind.arn_member):
        return Verdict("only answers of the API have it: leave it out")
    if not here and name == "name":
        return Verdict("the key above is the name: leave it out")
    if name in own:
        return _restyled(own[name].member, stray.name)
    if missing := _begun(stray, body, own, vocabulary.required(kind, stray.path)):
        return Verdict(f"did you mean {missing}?", missing)
    same = homes.get(name, [])
    home = _closest([one for one in same if one.takes(stray.value)] or same, here, body)
    near = _nearest(name, own, TWIN if home else ALIKE)
    if near and not (home and _suits_better(home, near, stray.value, kind, vocabulary)):
        other = f" Or {home.member}, which {_belongs(home, here)}?" if home else ""
        return Verdict(f"did you mean {near.member}?{other}", near.member)
    if home:
        plural = TypoHabit("", f" {_belongs(home, here, 'belong')}")
        return Verdict(f"{home.member} {_belongs(home, here)}", home=home, habit=plural)
    return Verdict(_last_resort(stray, body, homes, own))


def _begun(stray: StrayField, body: Json, own: Mapping[str, MemberPlace], required: tuple[str, ...]) -> str:
    """Return the one member that is missing here and begins with this name: `value` for `valueFrom`."""
    for step in stray.path:
        body = inside(body, step) if not isinstance(step, int) else _entry(body, step)
    written = {letters(str(key)) for key in body} if isinstance(body, Mapping) else set()
    begun = [one for one in required if letters(one).startswith(letters(stray.name)) and letters(one) not in written]
    return begun[0] if len(begun) == 1 and own[letters(begun[0])].takes(stray.value) else ""


def _entry(value: Json, index: int) -> Json:
    return value[index] if isinstance(value, list) and index < len(value) else None


def _suits_better(home: MemberPlace, near: MemberPlace, value: Json, kind: Kind, vocabulary: Vocabulary) -> bool:
    """Whether what is written fits a member of that very name elsewhere better than one here of a name like it."""
    if home.takes(value) != near.takes(value) or not isinstance(value, Mapping):
        return home.takes(value) and not near.takes(value)
    written = {letters(str(key)) for key in value}
    known = ({*map(letters, vocabulary.members(kind, (*one.path, one.member)))} for one in (home, near))
    there, here = (len(written & names) for names in known)
    return there > here


def _restyled(own: str, name: str) -> Verdict:
    style = next((style for style, form in STYLES.items() if form.fullmatch(name)), "")
    if not style:
        return Verdict(f"did you mean {own}?", own)
    habit = TypoHabit(f"members are in camelCase, not {style}: did you mean ", "?")
    return Verdict(own.join(habit), own, habit=habit)


def _last_resort(
    stray: StrayField, body: Json, homes: Mapping[str, list[MemberPlace]], own: Mapping[str, MemberPlace]
) -> str:
    name, here = letters(stray.name), stray.here
    far = homes.get(_alike(name, tuple(homes), ELSEWHERE), [])
    if home := _closest(far, here, body):
        return f"did you mean {home.member}? It {_belongs(home, here)}"
    return f"members here: {', '.join(home.member for home in own.values())}"


def _belongs(home: MemberPlace, here: Path, verb: str = "belongs") -> str:
    """Say where a home is, seen from another structure."""
    if home.path != here[: len(home.path)]:
        return f"{verb} in {spelled(home.path)}"
    beside, *inner = here[len(home.path) :]
    levels = 1 + sum(isinstance(step, str) for step in inner)
    higher = "one level higher" if levels == 1 else f"{levels} levels higher"
    return f"{verb} beside {spelled((*home.path, beside))}, {higher}"


def _nearest(name: str, own: Mapping[str, MemberPlace], cutoff: float) -> MemberPlace | None:
    return own.get(_alike(name, tuple(own), cutoff))


@lru_cache
def _alike(name: str, known: tuple[str, ...], cutoff: float) -> str:
    """One mistake is often made in many places, and looking for what was meant takes time."""
    return next(iter(get_close_matches(name, known, n=1, cutoff=cutoff)), "")


def _closest(homes: list[MemberPlace], here: Path, body: Json) -> MemberPlace | None:
    """Return the home that the body has, or most of it; of equals the one that is the fewest steps away."""

    def distance(home: MemberPlace) -> tuple[int, int, int]:
        return _lacking(body, home.path), _apart(home.path, here), len(home.path)

    return min(homes, key=distance, default=None)


def _lacking(body: Json, path: Path) -> int:
    """Return how many steps of a path lead out of a body."""
    for at, step in enumerate(path):
        body = inside(body, step)
        if body is None:
            return len(path) - at
    return 0


def _apart(one: Path, other: Path) -> int:
    shared = 0
    while one[shared : shared + 1] == other[shared : shared + 1] != ():
        shared += 1
    return len(one) + len(other) - 2 * shared


# What CloudFormation and Pulumi put around a body. All but the first say nothing of the resource itself.
ENVELOPE = ("properties", "type", "dependson", "condition", "metadata", "deletionpolicy", "updatereplacepolicy",
            "creationpolicy", "updatepolicy", "options")  # fmt: skip


class TypoKind(NamedTuple):
    """What is wrong with one member, and with many."""

    code: str
    one: str
    many: str


NOT_A_MEMBER = TypoKind("SCH001", "is not a member", "are not members")
NOT_A_LIST = TypoKind("SCH002", "must be a list, and is a mapping", "must be lists, and are mappings")
BLOCKS = TypoHabit("write a `- ` before each entry of ", "")  # lists of structures as Terraform writes them


class TypoSlip(NamedTuple):
    """A member that is not as or not where it should be; `member` is the one that was meant."""

    path: Path
    hint: str
    member: str = ""
    habit: TypoHabit | None = None
    fault: TypoKind = NOT_A_MEMBER


@dataclass(frozen=True, slots=True)
class Meant:
    """`written` says where members are that are written elsewhere or otherwise.

    `implied` are structures that are missing only because what they should hold is misplaced.
    """

    body: Json
    slips: tuple[TypoSlip, ...]
    newer: tuple[Path, ...]
    written: Mapping[Path, Path]
    implied: frozenset[Path]

    def place(self, path: Path) -> Path:
        """Return where a member of the body is written."""
        ends = range(len(path), 0, -1)
        return next(((*self.written[path[:end]], *path[end:]) for end in ends if path[:end] in self.written), path)


def as_meant(kind: Kind, body: Json, vocabulary: Vocabulary, is_newer: Callable[[Path], bool]) -> Meant:
    """Return a body as it was meant. What `is_newer` than the vocabulary is no slip."""
    reader = _TypoFinder(kind, body, vocabulary, is_newer)
    read = reader.whole()
    return Meant(read, tuple(reader.slips), tuple(reader.newer), reader.written, frozenset(reader.implied))


class _Astray(NamedTuple):
    """A member that stands where it does not belong."""

    home: MemberPlace
    value: Json
    written: Path


@dataclass(frozen=True, slots=True)
class _TypoFinder:
    kind: Kind
    body: Json
    vocabulary: Vocabulary
    is_newer: Callable[[Path], bool]
    slips: list[TypoSlip] = field(default_factory=list)
    newer: list[Path] = field(default_factory=list)
    astray: list[_Astray] = field(default_factory=list)
    written: dict[Path, Path] = field(default_factory=dict)
    implied: set[Path] = field(default_factory=set)

    def whole(self) -> Json:
        inner, written = self.unwrapped()
        read = self.read({"$ref": DEFS + self.kind.create.operation}, inner, (), written)
        for one in self.astray:  # what comes home may bring more of them
            self.bring_home(one, read)
        return read

    def unwrapped(self) -> tuple[Json, Path]:
        """Return what an envelope holds, and its path."""
        body = self.body
        keys = {letters(str(key)): key for key in body} if isinstance(body, Mapping) else {}
        key = keys.get(ENVELOPE[0], "") if keys.keys() <= set(ENVELOPE) else ""
        if not key or not isinstance(body[key], Mapping):
            return body, ()
        self.slips.append(
            TypoSlip((key,), f"in a stack, what is in {key} stands directly below the name of the resource")
        )
        return body[key], (key,)

    def read(self, schema: Json, value: Json, path: Path, written: Path) -> Json:
        """Return a value whose members are as they were meant. `path` is where it belongs, `written` where it is."""
        schema = self.vocabulary.resolved(schema)
        if path != written:
            self.written[path] = written
        if isinstance(value, Mapping) and "properties" in schema:
            return dict(self.members(schema["properties"], value, path, written))
        if isinstance(value, list) and "items" in schema:
            return [self.read(schema["items"], item, (*path, at), (*written, at)) for at, item in enumerate(value)]
        if isinstance(value, Mapping) and "items" in schema and self.is_entry(value, schema["items"]):
            member = str(path[-1])
            self.slips.append(TypoSlip(written, member.join(BLOCKS), member, BLOCKS, NOT_A_LIST))
            return [self.read(schema["items"], value, (*path, 0), written)]
        return value

    def is_entry(self, value: Mapping[str, Json], schema: Json) -> bool:
        """Whether a mapping is an entry of a list and not a list itself, written as a mapping."""
        members = self.vocabulary.resolved(schema).get("properties", {})
        return not {letters(name) for name in value}.isdisjoint(map(letters, members))

    def members(
        self, known: Mapping[str, Json], value: Mapping[str, Json], path: Path, written: Path
    ) -> Iterator[tuple[str, Json]]:
        for name, inner in value.items():
            here = (*written, name)
            if name not in known and self.is_newer((*path, name)):
                self.newer.append(here)
                continue
            own = name if name in known else self.slip(name, inner, path, here)
            if own in known and (own == name or own not in value):
                yield own, self.read(known[own], inner, (*path, own), here)

    def slip(self, name: str, value: Json, path: Path, here: Path) -> str:
        """Note what is wrong with a name; return the member beside it that was meant, if one was."""
        meant = verdict(StrayField(name, value, path), self.body, self.kind, self.vocabulary)
        member = meant.home.member if meant.home else meant.own
        self.slips.append(TypoSlip(here, meant.hint, member, meant.habit))
        if meant.home:
            self.astray.append(_Astray(meant.home, value, here))
        return meant.own

    def bring_home(self, one: _Astray, body: Json) -> None:
        """Put a misplaced member where it belongs, if that is one place and free."""
        home, path = body, tuple(0 if step == EACH else step for step in one.home.path)
        for step in one.home.path:
            home = inside(home, step)
        known = self.vocabulary.members(self.kind, one.home.path)
        if home is None:
            self.implied.add(path)
        elif isinstance(home, dict) and one.home.member in known and one.home.member not in home:
            member = one.home.member
            home[member] = self.read(known[member], one.value, (*path, member), one.written)
