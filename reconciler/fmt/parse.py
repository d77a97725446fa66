"""From text to tree. The structure is what libyaml's events say, as the loader has it; the writing is the author's."""

import re
from bisect import bisect_right
from collections import deque
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

from reconciler.syntax.parse import LOADER

# A file as people see it: values in their authors' writing, comments beside what they describe, blank lines.

Place = tuple[int, int]  # line and column, from 0: the marks of the loader's nodes

BLANK = ""  # among lines of comments: an empty line
MERGE = "<<"
BLOCK_STYLES = ("|", ">")


@dataclass(frozen=True, slots=True)
class TrailingComment:
    """A comment behind something on the same line, and its further lines, which begin in the same column below it.

    `column` is where it stood in the source, -1 where that does not matter; `is_padded`: more than one blank before it.
    """

    lines: tuple[str, ...]
    column: int = -1
    is_padded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """A scalar. `text` is its writing without anchor and tag, `style` one of `''`, `'`, `"`, `|`, `>`."""

    text: str
    value: str
    style: str
    place: Place
    props: tuple[str, ...] = ()  # anchor and tag as written


@dataclass(frozen=True, slots=True, kw_only=True)
class AliasLeaf:
    name: str
    target: Place
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeCollection:
    """A mapping or a list. `below` are comments behind the last entry."""

    entries: tuple["TreeEntry", ...]
    is_mapping: bool
    is_flow: bool
    place: Place
    props: tuple[str, ...] = ()
    below: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(entry.name for entry in self.entries)


Node = Leaf | AliasLeaf | TreeCollection


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeEntry:
    """An entry of a mapping, or, without a key, of a list. `above` are lines of comments, and blank ones."""

    node: Node
    key: Leaf | None = None
    above: tuple[str, ...] = ()
    beside: TrailingComment | None = None

    @property
    def name(self) -> str:
        return self.key.value if self.key else ""

    @property
    def is_merge(self) -> bool:
        return self.key is not None and self.key.value == MERGE and not self.key.style

    @property
    def place(self) -> Place:
        return self.key.place if self.key else self.node.place


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """A whole file. `head` stays in front of everything: directives, and comments about the file."""

    head: tuple[str, ...]
    root: TreeEntry | None  # without a key; None: there is nothing but comments
    tail: tuple[str, ...] = ()


def anchor_of(node: Node | None) -> str:
    """Return the name that a node is given for aliases, or nothing."""
    props = () if node is None or isinstance(node, AliasLeaf) else node.props
    return next((prop[1:] for prop in props if prop.startswith("&")), "")


def comments_of(tree: Tree) -> Iterator[str]:
    """Yield every comment of a file."""
    lines = [*tree.head, *(_comments(tree.root) if tree.root else ()), *tree.tail]
    return (line for line in lines if line.startswith("#"))


def _comments(entry: TreeEntry) -> Iterator[str]:
    yield from entry.above
    yield from entry.beside.lines if entry.beside else ()
    if isinstance(entry.node, TreeCollection):
        for inner in entry.node.entries:
            yield from _comments(inner)
        yield from entry.node.below


# The text of a file between its values: where comments and blank lines are, which the parser does not return.

COMMENT = re.compile("#[^\n]*")
COMMENT_OR_DASH = re.compile("#[^\n]*|-")
BEHIND = re.compile(r"[ \t,]*(#[^\n]*)")  # in brackets, a comma may stand before the comment
NEXT_LINE = re.compile(r"\n[ \t]*(#[^\n]*)")
MODELINE = "yaml-language-server:"


@dataclass(frozen=True, slots=True)
class Comment:
    text: str
    line: int
    column: int
    is_alone: bool  # nothing else is on its line


@dataclass(slots=True)
class CommentReader:
    """Reads on from `position`; comments that belong to no entry yet are `waiting`."""

    text: str
    position: int = 0
    waiting: deque[Comment] = field(default_factory=deque)
    starts: list[int] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    sealed: int = -1  # blank lines up to this one belong to a value

    def __post_init__(self) -> None:
        self.lines = self.text.split("\n")
        self.starts = [0, *(match.end() for match in re.finditer("\n", self.text))]

    def scan(self, to: int) -> None:
        """Collect the comments up to a place."""
        for match in COMMENT.finditer(self.text, self.position, to):
            self.waiting.append(self._comment(match.start(), match[0]))
        self.position = max(self.position, to)

    def scan_dash(self) -> int:
        """Collect the comments up to the `-` of an item, go behind it, and return its line."""
        for match in COMMENT_OR_DASH.finditer(self.text, self.position):
            if match[0] == "-":
                self.position = match.end()
                return self.line(match.start())
            self.waiting.append(self._comment(match.start(), match[0]))
        raise AssertionError("an item of a block list requires a dash")

    def behind(self, *, is_dash: bool = False) -> TrailingComment | None:
        """Take the comment that is next on this line, with its further lines.

        Behind a dash there are none: what begins in the same column below belongs to what is in the item.
        """
        match = BEHIND.match(self.text, self.position)
        if match is None:
            return None
        column, is_padded = self.column(match.start(1)), match[0].endswith(("  " + match[1], "\t" + match[1]))
        lines = [match[1].rstrip()]
        self.position = match.end()
        while not is_dash and (match := NEXT_LINE.match(self.text, self.position)):
            if self.column(match.start(1)) != column:
                break
            lines.append(match[1].rstrip())
            self.position = match.end()
        return TrailingComment(tuple(lines), column, is_padded)

    def take(self, line: int) -> tuple[str, ...]:
        """Take all waiting comments: they describe what begins on this line."""
        return self._take_waiting(len(self.waiting)) + self._blank_before(line)

    def take_below(self, column: int) -> tuple[str, ...]:
        """Take the waiting comments that are not left of a column: they end what begins there."""
        first_other = next(
            (i for i, comment in enumerate(self.waiting) if not comment.is_alone or comment.column < column),
            len(self.waiting),
        )
        return self._take_waiting(first_other)

    def take_head(self, line: int) -> tuple[str, ...]:
        """Take the comments about the file: those that a blank line parts from what begins on this line."""
        following = [*(comment.line for comment in self.waiting), line][1:]
        parted = [i for i, below in enumerate(following, 1) if self._blank_before(below)]
        if parted:
            return (*self._take_waiting(parted[-1]), BLANK)
        return self._take_waiting(1) if self.waiting and MODELINE in self.waiting[0].text else ()

    def seal(self, index: int) -> None:
        """Blank lines before this place are part of a value: they part nothing."""
        self.sealed = self.line(index) - 1

    def line(self, index: int) -> int:
        return bisect_right(self.starts, index) - 1

    def column(self, index: int) -> int:
        return index - self.starts[self.line(index)]

    def _comment(self, index: int, text: str) -> Comment:
        line = self.line(index)
        before = self.text[self.starts[line] : index]
        return Comment(text.rstrip(), line, len(before), not before.strip())

    def _take_waiting(self, count: int) -> tuple[str, ...]:
        if not count:
            return ()
        taken = [self.waiting.popleft() for _ in range(count)]
        return tuple(line for comment in taken for line in (*self._blank_before(comment.line), comment.text))

    def _blank_before(self, line: int) -> tuple[str, ...]:
        is_blank = line > 0 and line - 1 > self.sealed and not self.lines[line - 1].strip()
        return (BLANK,) if is_blank else ()


PROP = re.compile(r"&[^\s,\[\]{}]+|!<[^>]*>|!\S*")
SPACE = re.compile(r"(?:\s|#[^\n]*)*")
COLON = re.compile(r"\s*:")
HEADER = re.compile(r"[|>]([-+0-9]*)[ \t]*(#[^\n]*)?")  # the first line of a block scalar
# libyaml ends a line at these, as YAML 1.1 did; for YAML 1.2, and for every editor, they are characters as any other.
OTHER_BREAKS = re.compile("[\x85\u2028\u2029]")
LONGEST_KEY = 1000  # YAML allows 1024 for a key that no `?` announces


class Unpreservable(Exception):  # noqa: N818 - names what happened
    """The file says something that cannot be written again in our form."""

    def __init__(self, message: str, hint: str, place: Place) -> None:
        super().__init__(message)
        self.message, self.hint, self.place = message, hint, place


def read_tree(text: str) -> Tree:
    """Return the tree of a text against which `compose` has nothing to say. Raises `Unpreservable`."""
    source = CommentReader(text)
    if match := OTHER_BREAKS.search(text):
        code = ord(match[0])
        message = f"the character U+{code:04X} ends the line in some programs and not in others"
        hint = f'write it as "\\u{code:04x}" in double quotes, or remove it'
        raise Unpreservable(message, hint, (source.line(match.start()), source.column(match.start())))
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

    def entry(
        self, key: Leaf | None, above: tuple[str, ...], beside: TrailingComment | None, column: int = -1
    ) -> TreeEntry:
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
        self, start: CollectionStartEvent, outer: int, beside: TrailingComment | None
    ) -> tuple[Node, TrailingComment | None, TrailingComment | None]:
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
            raise Unpreservable("a key that spans lines cannot be formatted", "write it on one line", leaf.place)
        if len(leaf.text) > LONGEST_KEY:
            message = f"a key of more than {LONGEST_KEY} characters cannot be formatted"
            raise Unpreservable(message, "shorten it", leaf.place)
        return leaf

    def value(self, event: Event) -> tuple[Node, TrailingComment | None]:
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

    def header(self, leaf: Leaf) -> TrailingComment | None:
        """Return the comment on the first line of the block scalar that has just been read."""
        header = HEADER.match(leaf.text)
        assert header is not None
        if "+" in header[1]:
            self.source.seal(self.source.position)
        return TrailingComment((header[2].rstrip(),)) if header[2] else None

    def first_column(self, end: int, *, is_mapping: bool) -> int:
        """Return the column in which the entries of a block begin; a list's mark may stand behind its first dash."""
        is_behind = not is_mapping and self.source.text[end : end + 1] != "-"
        return self.source.column(end - is_behind)

    def props(self, event: NodeEvent) -> tuple[tuple[str, ...], int]:
        """Return anchor and tag as they are written, and where the value itself begins. Anchors are remembered."""
        index, end = self.span.start, self.span.end
        if event.anchor is not None:
            self.anchors[event.anchor] = self.span.place
        props: list[str] = []
        while match := PROP.match(self.source.text, index, end) if _has(event, len(props)) else None:
            props.append(match[0])
            index = match.end()
            space = SPACE.match(self.source.text, index, end)
            if space and (space.end() < end or isinstance(event, ScalarEvent)):
                index = space.end()
        return tuple(props), index

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
