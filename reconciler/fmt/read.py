"""From text to tree. The structure is what libyaml's events say, as the loader has it; the writing is the author's."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import yaml
from yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
)

from reconciler.fmt.source import CommentReader
from reconciler.fmt.tree import (
    BLANK,
    BLOCK_STYLES,
    AliasLeaf,
    Beside,
    Leaf,
    Node,
    Place,
    Tree,
    TreeCollection,
    TreeEntry,
)
from reconciler.load.compose import LOADER

PROP = re.compile(r"&[^\s,\[\]{}]+|!<[^>]*>|!\S*")
SPACE = re.compile(r"(?:\s|#[^\n]*)*")
COLON = re.compile(r"\s*:")
HEADER = re.compile(r"[|>]([-+0-9]*)[ \t]*(#[^\n]*)?")  # the first line of a block scalar
# libyaml ends a line at these, as YAML 1.1 did; for YAML 1.2, and for every editor, they are characters as any other.
OTHER_BREAKS = re.compile("[\x85\u2028\u2029]")
LONGEST_KEY = 1000  # YAML allows 1024 for a key that no `?` announces


class Unkeepable(Exception):  # noqa: N818 - names what happened
    """The file says something that cannot be written again in our form."""

    def __init__(self, message: str, hint: str, place: Place) -> None:
        super().__init__(message)
        self.message, self.hint, self.place = message, hint, place


def read_tree(text: str) -> Tree:
    """Return the tree of a text against which `compose` has nothing to say. Raises `Unkeepable`."""
    source = CommentReader(text)
    if found := OTHER_BREAKS.search(text):
        code = ord(found[0])
        message = f"there is a U+{code:04X} here, at which some programs end the line and others do not"
        hint = f'write it as "\\u{code:04x}" in double quotes, or remove it'
        raise Unkeepable(message, hint, (source.line(found.start()), source.column(found.start())))
    return _TreeReader(source, yaml.parse(text, Loader=LOADER)).tree()


class _Span(NamedTuple):
    """Where an event is: indices into the text, and the place of its beginning."""

    start: int
    end: int
    line: int
    column: int

    @property
    def place(self) -> Place:
        return self.line, self.column


START = _Span(0, 0, 0, 0)


def _span(event: Event) -> _Span:
    start, end = event.start_mark, event.end_mark
    assert start is not None  # only events that a program makes up have no marks
    assert end is not None
    return _Span(start.index, end.index, start.line, start.column)


@dataclass(slots=True)
class _TreeReader:
    """`span` is that of the event that was looked at or taken last."""

    source: CommentReader
    events: Iterator[Event]
    ahead: Event | None = None
    span: _Span = START
    anchors: dict[str, Place] = field(default_factory=dict)

    def tree(self) -> Tree:
        self.next()  # the start of the stream
        start = self.next()
        if not isinstance(start, DocumentStartEvent):
            self.source.scan(len(self.source.text))
            return Tree(head=self.source.take(0), root=None)
        directives = self.directives() if start.explicit else ()
        first, span = self.peek(), self.span
        self.source.scan(span.start)
        head = (*directives, *self.source.take_head(span.line))
        is_block = isinstance(first, CollectionStartEvent) and not first.flow_style
        root = self.entry(None, () if is_block else self.source.take(span.line), None)
        self.source.scan(len(self.source.text))
        return Tree(head=head, root=root, tail=self.source.take(0))

    def directives(self) -> tuple[str, ...]:
        """Return everything up to a `---`, line by line."""
        self.source.position = self.span.end
        lines = [line.rstrip() for line in self.source.text[: self.source.position].split("\n")]
        if behind := self.source.behind():
            lines[-1] += f" {behind.lines[0]}"
            lines += behind.lines[1:]
        return tuple(lines)

    def entry(self, key: Leaf | None, above: tuple[str, ...], beside: Beside | None, column: int = -1) -> TreeEntry:
        """Read what stands behind a key or a dash; `column` is that of the mapping that the key is in.

        Of two comments on its lines only the last can stay; the other goes above.
        """
        event = self.next()
        early: tuple[str, ...] = ()
        if isinstance(event, CollectionStartEvent):
            node, beside, behind = self.collection(event, column, beside)
        else:
            node, behind = self.value(event)
            early = tuple(line for line in self.source.take(0) if line != BLANK)
        if behind and beside:
            early, beside = (*beside.lines, *early), None
        return TreeEntry(node=node, key=key, above=above + early, beside=behind or beside)

    def collection(
        self, start: CollectionStartEvent, outer: int, beside: Beside | None
    ) -> tuple[Node, Beside | None, Beside | None]:
        """Return a collection, the comment on the line before its first entry, and the one behind its bracket."""
        is_mapping, is_flow, span = isinstance(start, MappingStartEvent), bool(start.flow_style), self.span
        props, begin = self.props(start)
        self.source.scan(span.start)
        self.source.position = span.end if is_flow else begin
        beside = beside or self.source.behind()
        entries = tuple(self.pairs(is_flow=is_flow) if is_mapping else self.items(is_flow=is_flow))
        self.next()
        self.source.scan(self.span.start)
        if is_flow:
            below = self.source.take(0) if entries else ()
            self.source.position = self.span.end
        else:  # a list may begin in the column of the key that it belongs to
            column = self.first_column(span.end, is_mapping=is_mapping)
            below = self.source.take_below(column + (column == outer))
        node = TreeCollection(
            entries=entries, is_mapping=is_mapping, is_flow=is_flow, place=span.place, props=props, below=below
        )
        return node, beside, self.source.behind() if is_flow else None

    def pairs(self, *, is_flow: bool) -> Iterator[TreeEntry]:
        while not isinstance(self.peek(), CollectionEndEvent):
            event, span = self.next(), self.span
            self.source.scan(span.start)
            above = self.source.take(span.line)
            key = self.key(event)
            if colon := COLON.match(self.source.text, self.source.position):
                self.source.position = colon.end()
            yield self.entry(key, above, self.source.behind(), -1 if is_flow else span.column)

    def items(self, *, is_flow: bool) -> Iterator[TreeEntry]:
        while not isinstance(self.peek(), CollectionEndEvent):
            if is_flow:
                self.source.scan(self.span.start)
                yield self.entry(None, self.source.take(self.span.line), None)
            else:
                above = self.source.take(self.source.scan_dash())
                yield self.entry(None, above, self.source.behind(is_dash=True))

    def key(self, event: Event) -> Leaf:
        assert isinstance(event, ScalarEvent)  # nothing else is a key to `compose`
        leaf = self.leaf(event)
        if "\n" in leaf.text:
            raise Unkeepable("a key of several lines cannot be formatted", "write it on one line", leaf.place)
        if len(leaf.text) > LONGEST_KEY:
            message = f"a key of more than {LONGEST_KEY} characters cannot be formatted"
            raise Unkeepable(message, "shorten it", leaf.place)
        return leaf

    def value(self, event: Event) -> tuple[Node, Beside | None]:
        """Return a value that is no collection, and the comment behind it."""
        if isinstance(event, ScalarEvent):
            leaf = self.leaf(event)
            return leaf, self.header(leaf) if leaf.style in BLOCK_STYLES else self.source.behind()
        assert isinstance(event, AliasEvent)
        assert event.anchor is not None
        self.source.scan(self.span.end)
        return AliasLeaf(
            name=event.anchor, target=self.anchors[event.anchor], place=self.span.place
        ), self.source.behind()

    def leaf(self, event: ScalarEvent) -> Leaf:
        props, begin = self.props(event)
        self.source.scan(begin)
        end = self.span.end
        self.source.position = max(self.source.position, end)  # nothing, written as such, may stand before a comment
        text = self.source.text[begin:end]
        return Leaf(text=text, value=event.value, style=event.style or "", place=self.span.place, props=props)

    def header(self, leaf: Leaf) -> Beside | None:
        """Return the comment on the first line of the block scalar that has just been read."""
        header = HEADER.match(leaf.text)
        assert header is not None
        if "+" in header[1]:
            self.source.seal(self.source.position)
        return Beside((header[2].rstrip(),)) if header[2] else None

    def first_column(self, end: int, *, is_mapping: bool) -> int:
        """Return the column in which the entries of a block begin; a list's mark may stand behind its first dash."""
        is_behind = not is_mapping and self.source.text[end : end + 1] != "-"
        return self.source.column(end - is_behind)

    def props(self, event: NodeEvent) -> tuple[tuple[str, ...], int]:
        """Return anchor and tag as they are written, and where the value itself begins. Anchors are remembered."""
        index, end = self.span.start, self.span.end
        if event.anchor is not None:
            self.anchors[event.anchor] = self.span.place
        found: list[str] = []
        while match := PROP.match(self.source.text, index, end) if _has(event, len(found)) else None:
            found.append(match[0])
            index = match.end()
            space = SPACE.match(self.source.text, index, end)
            if space and (space.end() < end or isinstance(event, ScalarEvent)):
                index = space.end()
        return tuple(found), index

    def peek(self) -> Event:
        if self.ahead is None:
            self.ahead = next(self.events)
            self.span = _span(self.ahead)
        return self.ahead

    def next(self) -> Event:
        event = self.peek()
        self.ahead = None
        return event


def _has(event: NodeEvent, more: int) -> bool:
    """Whether an event has more properties than so many."""
    return (event.anchor is not None) + (getattr(event, "tag", None) is not None) > more
