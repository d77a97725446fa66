"""What the parsers leave: values that know their places, with aliases, merge keys and tags still in them."""

from collections.abc import Mapping as MappingABC
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from reconciler.model import Json, Path
from reconciler.problems import Where

DEEPEST = 100  # far beyond any request of the API, far below Python's limit

LARGEST = 2_000_000  # values; 10,000 job definitions are about half a million
# How many values aliases, merges, includes and variables may make of those that are written. Stops a billion laughs
# within the first few thousand of them.
GROWTH, FREE = 100, 20_000


class SourceMark(Protocol):
    """A place as libyaml gives it: lines and columns count from 0."""

    @property
    def name(self) -> str: ...
    @property
    def line(self) -> int: ...
    @property
    def column(self) -> int: ...


class NamedPlace(NamedTuple):
    """A place that we name ourselves; without a line it is the file as a whole."""

    name: str
    line: int = -1
    column: int = -1


# Nothing changes nodes. Not frozen are those of which a stack has hundreds of thousands: it would take twice as long to
# make them.


@dataclass(slots=True, eq=False)
class Scalar:
    value: Json
    mark: SourceMark


@dataclass(slots=True, eq=False)
class SequenceNode:
    items: tuple["Node", ...]
    mark: SourceMark


@dataclass(slots=True, eq=False)
class MappingNode:
    """`entries` keep the place of each key; `merges` are what `<<` names, until it is expanded."""

    entries: MappingABC[str, tuple[SourceMark, "Node"]]
    mark: SourceMark
    merges: tuple["Node", ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class AliasNode:
    target: "Node"
    mark: SourceMark


@dataclass(frozen=True, slots=True, eq=False)
class TaggedNode:
    """A scalar that stands for something else: `!var image`."""

    tag: str
    text: str
    mark: SourceMark


@dataclass(frozen=True, slots=True, eq=False)
class Broken:
    """What could not be read. The problem has been reported; whatever holds this is left out."""

    mark: SourceMark


Node = Scalar | SequenceNode | MappingNode | AliasNode | TaggedNode | Broken


class TooLarge(Exception):  # noqa: N818 - names what happened
    """A file nests deeper, or holds more, than we follow."""

    def __init__(self, message: str, hint: str, mark: SourceMark) -> None:
        super().__init__(message)
        self.hint = hint
        self.mark = mark


def too_deep(mark: SourceMark) -> TooLarge:
    return TooLarge(f"this is nested deeper than {DEEPEST} levels", "AWS Batch requests are less deep", mark)


def too_large(mark: SourceMark) -> TooLarge:
    return TooLarge(f"this file has more than {LARGEST:,} values", "split the stack", mark)


class BrokenValue(Exception):  # noqa: N818 - names what happened
    """A value holds something that could not be read."""


def where_of(mark: SourceMark) -> Where:
    return Where(mark.name, mark.line + 1, mark.column + 1)


def most_of(written: int) -> int:
    """Return how many values may come of those that are written."""
    return min(LARGEST, FREE + GROWTH * written)


def size_of(value: Json) -> int:
    """Return of how many values a plain one consists, itself included."""
    if isinstance(value, dict | list):
        return 1 + sum(map(size_of, value.values() if isinstance(value, dict) else value))
    return 1


def value_of(node: Node) -> Json:
    """Return the plain value of an expanded node. Raises `BrokenValue`."""
    # The order of the questions is the frequency of the answers: this runs once for every value of a stack.
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, MappingNode):
        return {key: value_of(value) for key, (_, value) in node.entries.items()}
    if isinstance(node, SequenceNode):
        return [value_of(item) for item in node.items]
    raise BrokenValue


def value_with_gaps(node: Node, gap: Json) -> Json:
    """Return the plain value of an expanded node, with `gap` wherever something could not be read."""
    match node:
        case MappingNode(entries):
            return {key: value_with_gaps(inner, gap) for key, (_, inner) in entries.items()}
        case SequenceNode(items):
            return [value_with_gaps(item, gap) for item in items]
        case Scalar(value):
            return value
        case _:
            return gap


def node_of(value: Json, mark: SourceMark) -> Node:
    """Return a plain value as a node, all of it at one place."""
    if isinstance(value, dict):
        return MappingNode({key: (mark, node_of(inner, mark)) for key, inner in value.items()}, mark)
    if isinstance(value, list):
        return SequenceNode(tuple(node_of(item, mark) for item in value), mark)
    return Scalar(value, mark)


def is_null(node: Node) -> bool:
    return isinstance(node, Scalar) and node.value is None


# Where a member of a resource is written; looked up in the parsed files when a message needs it.


@dataclass(frozen=True, slots=True)
class NodePlaces:
    """A single value is where it is written; a mapping or list is at its key, under which something may be missing."""

    key: SourceMark
    body: MappingNode

    def find(self, path: Path, *, at_key: bool = False) -> Where:
        mark: SourceMark = self.key
        node: Node = self.body
        for step in path:
            if (inner := _inner(node, step, at_key=at_key)) is None:
                break
            mark, node = inner
        return where_of(mark)


def _inner(node: Node, step: str | int, *, at_key: bool) -> tuple[SourceMark, Node] | None:
    if isinstance(node, MappingNode) and step in node.entries:
        key, inner = node.entries[str(step)]
        is_at_key = at_key or isinstance(inner, MappingNode | SequenceNode) or is_null(inner)
        return (key if is_at_key else inner.mark), inner
    if isinstance(node, SequenceNode) and isinstance(step, int) and 0 <= step < len(node.items):
        return node.items[step].mark, node.items[step]
    return None
