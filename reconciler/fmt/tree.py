"""A file as people see it: values in their authors' writing, comments beside what they describe, blank lines."""

from collections.abc import Iterator
from dataclasses import dataclass

Place = tuple[int, int]  # line and column, from 0: the marks of the loader's nodes

BLANK = ""  # among lines of comments: an empty line
MERGE = "<<"
BLOCK_STYLES = ("|", ">")


@dataclass(frozen=True, slots=True)
class Beside:
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
    beside: Beside | None = None

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
