"""What the parsers leave: scalars by the YAML 1.2 core schema, and nodes that know their places.

Aliases, merge keys and tags are still in the nodes.
"""

import math
import re
from array import array
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from collections.abc import Mapping as MappingABC
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple, Protocol

from reconciler.model import Json, Path
from reconciler.problems import Where

DEEPEST = 100  # far beyond any request of the API, far below Python's limit

LARGEST = 2_000_000  # values; 10,000 job definitions are about half a million
# How many values aliases, merges, includes and variables may make of those that are written. Stops a billion laughs
# within the first few thousand of them.
GROWTH, FREE = 100, 20_000


class SourceMark(Protocol):
    """A place in a file: lines and columns count from 0."""

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


# A stack has hundreds of thousands of values. Those in which nothing is left to expand stay plain values, and the
# places of all keys and values of a file are in one array: an object for each would take most of the time and memory.

OFFSET_BITS = 32
LARGE = 100  # values in a mapping or list, of which several may be looked for
OFFSET = (1 << OFFSET_BITS) - 1


@dataclass(slots=True, eq=False)
class SourceMap:
    """The places of the keys and values of one file, in the order in which they are written.

    The lower half of an item of `places` is the number of characters before the key or value. The upper half is the
    index of the item after all that is in the value; 0 if nothing is. `lines` are the numbers of characters before each
    line. `large` has the indices of what is in large mappings and lists, from the first search in them on.
    """

    name: str
    lines: Sequence[int]
    places: "array[int]" = field(default_factory=lambda: array("Q"))
    large: dict[int, dict[str | int, int]] = field(default_factory=dict)

    def mark(self, index: int) -> "Mark":
        return Mark(self, self.places[index] & OFFSET)

    def after(self, index: int) -> int:
        """Return the index of what follows a value and all that is in it."""
        return self.places[index] >> OFFSET_BITS or index + 1

    def inner(self, index: int, value: Json) -> dict[str | int, int]:
        """Return the index of each value in a mapping or list; of a large one it is computed once."""
        if index in self.large:
            return self.large[index]
        indices: dict[str | int, int] = {}
        at = index + 1
        for step in value if isinstance(value, dict) else range(len(value)):
            indices[step] = at = at + isinstance(value, dict)  # behind its key
            at = self.after(at)
        if len(value) > LARGE:
            self.large[index] = indices
        return indices

    def close(self, index: int) -> None:
        """Note that all that is in a mapping or list has been read."""
        self.places[index] |= len(self.places) << OFFSET_BITS


@dataclass(slots=True, eq=False)
class Mark:
    """A place in a file. Line and column are found when a message needs them."""

    source: SourceMap
    offset: int

    @property
    def name(self) -> str:
        return self.source.name

    @property
    def line(self) -> int:
        return bisect_right(self.source.lines, self.offset) - 1

    @property
    def column(self) -> int:
        return self.offset - self.source.lines[self.line]


@dataclass(slots=True, eq=False)
class Literal:
    """A plain mapping or list of a file, with the places of all that is in it. Nodes are made where they are needed."""

    source: SourceMap
    index: int
    value: Json

    def entries(self) -> dict[str, tuple[SourceMark, "Node"]]:
        source, index = self.source, self.index + 1
        entries: dict[str, tuple[SourceMark, Node]] = {}
        for key, value in self.value.items():
            entries[key] = (source.mark(index), written_node(source, index + 1, value))
            index = source.after(index + 1)
        return entries

    def items(self) -> tuple["Node", ...]:
        source, index = self.source, self.index + 1
        items = []
        for value in self.value:
            items.append(written_node(source, index, value))
            index = source.after(index)
        return tuple(items)

    def find(self, path: Path, *, at_key: bool) -> Mark | None:
        """Return the place of the last step of a path that leads somewhere; None if the first leads nowhere."""
        mark, index, value = None, self.index, self.value
        for step in path:
            if isinstance(value, dict) and step in value:
                index = self.source.inner(index, value)[step]
                value = value[step]
                mark = self.source.mark(index - 1 if at_key or _is_at_key(value) else index)
            elif isinstance(value, list) and isinstance(step, int) and 0 <= step < len(value):
                index = self.source.inner(index, value)[step]
                value = value[step]
                mark = self.source.mark(index)
            else:
                break
        return mark


def _is_at_key(value: Json) -> bool:
    """Whether a value is found at its key: a mapping or list, under which something may be missing, or nothing."""
    return value is None or isinstance(value, dict | list)


# Nothing changes nodes, but that they make those of a literal when these are asked for.


@dataclass(slots=True, eq=False)
class Scalar:
    value: Json
    mark: SourceMark


class SequenceNode:
    """A list; of a `literal`, if it is a plain one of a file."""

    __slots__ = ("_items", "literal", "mark")
    __match_args__ = ("items", "mark")

    def __init__(self, items: tuple["Node", ...] | None, mark: SourceMark, *, literal: Literal | None = None) -> None:
        self._items = items
        self.mark = mark
        self.literal = literal

    @property
    def items(self) -> tuple["Node", ...]:
        if self._items is None:
            self._items = self.literal.items() if self.literal else ()
        return self._items


class MappingNode:
    """A mapping; of a `literal`, if it is a plain one of a file.

    `entries` keep the place of each key; `merges` are what `<<` names, until it is expanded.
    """

    __slots__ = ("_entries", "literal", "mark", "merges")
    __match_args__ = ("entries", "mark", "merges")

    def __init__(
        self,
        entries: MappingABC[str, tuple[SourceMark, "Node"]] | None,
        mark: SourceMark,
        merges: tuple["Node", ...] = (),
        *,
        literal: Literal | None = None,
    ) -> None:
        self._entries = entries
        self.mark = mark
        self.merges = merges
        self.literal = literal

    @property
    def entries(self) -> MappingABC[str, tuple[SourceMark, "Node"]]:
        if self._entries is None:
            self._entries = self.literal.entries() if self.literal else {}
        return self._entries

    @property
    def keys(self) -> AbstractSet[str]:
        """The keys alone, for which no node is made."""
        keys: AbstractSet[str] = self.literal.value.keys() if self.literal else self.entries.keys()
        return keys


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
NODES = frozenset({Scalar, SequenceNode, MappingNode, AliasNode, TaggedNode, Broken})


def written_node(source: SourceMap, index: int, value: Json) -> Node:
    """Return the node of a value of a file: its own, if it is no plain value."""
    if type(value) is dict:
        return MappingNode(None, source.mark(index), literal=Literal(source, index, value))
    if type(value) is list:
        return SequenceNode(None, source.mark(index), literal=Literal(source, index, value))
    return value if type(value) in NODES else Scalar(value, source.mark(index))


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
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, MappingNode | SequenceNode) and node.literal is not None:
        return node.literal.value
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


# Where a field of a resource is written; looked up when a message needs it.


@dataclass(frozen=True, slots=True)
class NodePlaces:
    """A single value is where it is written; a mapping or list is at its key, under which something may be missing."""

    key: SourceMark
    body: Node | Literal

    def find(self, path: Path, *, at_key: bool = False) -> Where:
        mark, node = self.key, self.body
        for number, step in enumerate(path):
            literal = node.literal if isinstance(node, MappingNode | SequenceNode) else node
            if isinstance(literal, Literal):
                mark = literal.find(path[number:], at_key=at_key) or mark
                break
            if (inner := _inner(node, step, at_key=at_key)) is None:
                break
            mark, node = inner
        return where_of(mark)


def _inner(node: Node | Literal, step: str | int, *, at_key: bool) -> tuple[SourceMark, Node] | None:
    if isinstance(node, MappingNode) and step in node.entries:
        key, inner = node.entries[str(step)]
        is_at_key = at_key or isinstance(inner, MappingNode | SequenceNode) or is_null(inner)
        return (key if is_at_key else inner.mark), inner
    if isinstance(node, SequenceNode) and isinstance(step, int) and 0 <= step < len(node.items):
        return node.items[step].mark, node.items[step]
    return None


# Plain scalars by the YAML 1.2 core schema (https://yaml.org/spec/1.2.2/#103-core-schema), and how they were written.
#
# `on`, `no`, dates and `1_000` are texts there. The API wants many numbers as texts, and then the user's spelling
# counts: a number whose spelling Python would not give back carries it as `.text`.

WORDS: Mapping[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
LONGEST_WORD = max(map(len, WORDS))
BEGINS_NUMBER = frozenset("+-.0123456789")
INTEGER = re.compile(r"[-+]?[0-9]+")
BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
LONGEST_NUMBER = 300  # int() refuses more than 4300 digits; what is this long is no number that AWS wants


class Integer(int):
    """An integer that was not written as Python writes it: `012`, `+5`, `0o14`."""

    text: str


class Number(float):
    """A number that was not written as Python writes it: `1.50`, `1e3`."""

    text: str


def plain_value(text: str) -> Json:
    """Return what an unquoted scalar means."""
    if text[:1] in BEGINS_NUMBER:
        return _number(text)
    return WORDS.get(text, text) if len(text) <= LONGEST_WORD else text


def text_of(value: Json) -> str:
    """Return a scalar as it was written; booleans in lower case, which is how JSON and AWS write them."""
    if isinstance(value, str):
        return value  # an `Unknown` stays one
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(getattr(value, "text", value))


def spellings_of_number(text: str) -> tuple[str, ...]:
    """Return how else a number can be written once it was read; nothing for other texts."""
    value = plain_value(text)
    if isinstance(value, str | bool | None):
        return ()
    return (str(value + 0), format(Decimal(str(value + 0)).normalize(), "f"))  # without the text that it carries


def _number(text: str) -> Json:
    if len(text) > LONGEST_NUMBER:
        return text
    if INTEGER.fullmatch(text):
        return _integer(int(text), text)
    if BASED.fullmatch(text):
        return _integer(int(text, 0), text)
    if not NUMBER.fullmatch(text):
        return text
    return _float(float(text), text)


def _integer(value: int, text: str) -> int:
    if str(value) == text:
        return value
    number = Integer(value)
    number.text = text
    return number


def _float(value: float, text: str) -> Json:
    if math.isinf(value):  # 1e999: JSON has no infinity
        return text
    if repr(value) == text:
        return value
    number = Number(value)
    number.text = text
    return number
