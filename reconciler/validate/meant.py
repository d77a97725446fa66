"""A body as it was meant: members that are misspelt or misplaced are told, and judged as what they should be.

So what follows from a slip is no second problem: what a misspelt member holds is looked at, and what stands one level
too high is not missing below.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from reconciler.kinds.base import Kind
from reconciler.model import Json, Path
from reconciler.validate.verdicts import StrayField, TypoHabit, verdict
from reconciler.validate.vocabulary import DEFS, EACH, MemberPlace, Vocabulary, inside, letters

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
        read = self.read({"$ref": DEFS + self.kind.create}, inner, (), written)
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
