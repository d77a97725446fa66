"""From tree to text, in the one canonical layout."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby

from reconciler.fmt.parse import (
    BLANK,
    BLOCK_STYLES,
    AliasLeaf,
    Leaf,
    Node,
    TrailingComment,
    Tree,
    TreeCollection,
    TreeEntry,
)

# How a scalar is written on the lines that it takes.

HEADER = re.compile(r"([|>])([-+0-9]*)")
STEP = 2  # spaces that one level is indented


def one_line(leaf: Leaf) -> str | None:
    """Return a scalar with its anchor and tag, or None if it takes several lines."""
    if leaf.style in BLOCK_STYLES or "\n" in leaf.text:
        return None
    return " ".join((*leaf.props, *((_requoted(leaf),) if leaf.text else ())))


def several_lines(leaf: Leaf, indent: int) -> tuple[str, tuple[str, ...]]:
    """Return the first line of a scalar, and the others as they stand in an entry that is indented so far."""
    first, *rest_lines = (
        _block_scalar(leaf, indent + STEP) if leaf.style in BLOCK_STYLES else _folded(leaf, indent + STEP)
    )
    return " ".join((*leaf.props, first)), tuple(rest_lines)


def _requoted(leaf: Leaf) -> str:
    """Write single quotes double, where that is all there is to change."""
    is_simple = leaf.style == "'" and not set(leaf.value) & {'"', "\\"}
    return f'"{leaf.value}"' if is_simple else leaf.text


def _folded(leaf: Leaf, indent: int) -> list[str]:
    """A line break in a plain or quoted scalar is a space, and the blanks around it are nothing.

    So the lines can be shifted; how they are indented against each other is the author's.
    """
    first, *others = [_ended(line) for line in leaf.text.split("\n")]
    shift = min((_spaces(line) for line in others if line), default=0)
    return [first, *(f"{' ' * indent}{line[shift:]}" if line else "" for line in others)]


def _ended(line: str) -> str:
    """Take the blanks from the end, but not one that a backslash makes count."""
    bare = line.rstrip(" \t")
    slashes = len(bare) - len(bare.rstrip("\\"))
    return line[: len(bare) + 1] if slashes % 2 else bare


def _block_scalar(leaf: Leaf, indent: int) -> list[str]:
    header, _, content = leaf.text.partition("\n")
    match = HEADER.match(header)
    assert match is not None
    keeps = "+" in match[2] and leaf.value.endswith("\n")
    # Without a line break at its end, as the last line of a file may be, a text is one that has its break stripped.
    strips = "-" in match[2] or (leaf.value and not leaf.value.endswith("\n"))
    chomping = "+" if keeps else "-" if strips else ""
    needs_indicator = leaf.value.lstrip("\n")[:1] in (" ", "\t")
    first = f"{match[1]}{STEP if needs_indicator else ''}{chomping}"
    lines = _content(content, leaf.value)
    if keeps:
        lines += [""] * (len(leaf.value) - len(leaf.value.rstrip("\n")) - bool(lines))
    return [first, *(f"{' ' * indent}{line}" if line else "" for line in lines)]


def _content(content: str, value: str) -> list[str]:
    """Return the lines of a block scalar without their indentation, and without those that are empty at the end."""
    lines = content.split("\n")
    shift = _indentation(lines, value)
    bare = [line[shift:] for line in lines]
    while bare and not bare[-1]:
        bare.pop()
    return bare


def _indentation(lines: list[str], value: str) -> int:
    """Return how far a block scalar is indented: the difference between its first line that is not empty, and ours."""
    empty = len(value) - len(value.lstrip("\n"))
    if empty == len(value):
        return max(map(len, lines))
    source, meant = lines[empty], value[empty:].partition("\n")[0]
    return _spaces(source) - _spaces(meant)


def _spaces(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


WIDTH = 120  # what the author wrote in braces or brackets stays in them while it ends before this column


@dataclass(frozen=True, slots=True)
class Line:
    """`column` is where the comment stood in the source; what was put into one column by more blanks stays in one.

    `is_text`: inside of a scalar, where a blank line counts. `is_open`: blank lines below it would count, too.
    """

    text: str
    comment: str = ""
    column: int = -1
    is_padded: bool = False
    is_text: bool = False
    is_open: bool = False


def print_tree(tree: Tree) -> str:
    """Return a tree with a collection at its root as text."""
    head, tail = [Line(line) for line in tree.head], [Line(line) for line in tree.tail]
    root = _root(tree.root) if tree.root else []
    return "".join(f"{line}\n" for line in _aligned(_single_blanks([*head, *root, *tail])))


def _root(entry: TreeEntry) -> list[Line]:
    node = entry.node
    above = [Line(line) for line in entry.above]
    inline = _inline(node)
    if inline is not None and _fits(node, inline):
        return [*above, *_beside([Line(inline)], entry.beside)]
    assert isinstance(node, TreeCollection)
    opening = [Line(" ".join(node.props))] if node.props else []
    return [*above, *_beside(opening, entry.beside), *_block(node, 0)]


def _block(collection: TreeCollection, indent: int) -> list[Line]:
    """Return a collection's entries, a line each or more, and the comments behind the last."""
    lines: list[Line] = []
    for index, entry in enumerate(collection.entries):
        lines += _alone(entry.above if index else without_blank(entry.above), indent)
        lines += _entry(entry, indent)
    return [*lines, *_alone(collection.below, indent)]


def without_blank(lines: tuple[str, ...]) -> tuple[str, ...]:
    return lines[1:] if lines[:1] == (BLANK,) else lines


def _entry(entry: TreeEntry, indent: int) -> list[Line]:
    node = entry.node
    lead = " " * indent + (f"{one_line(entry.key)}:" if entry.key else "-")
    inline = _inline(node)
    if inline is not None and _fits(node, f"{lead} {inline}"):
        return _beside([Line(f"{lead} {inline}" if inline else lead)], entry.beside)
    if isinstance(node, Leaf):
        return _several(node, lead, indent, entry.beside)
    assert isinstance(node, TreeCollection)
    if entry.key is None and not node.props and not entry.beside:
        return _compact(node, indent)
    return [*_beside([Line(" ".join((lead, *node.props)))], entry.beside), *_block(node, indent + STEP)]


def _compact(collection: TreeCollection, indent: int) -> list[Line]:
    """Let a collection begin on the line of its dash; comments above its first entry go above the dash."""
    lines = _block(collection, indent + STEP)
    count = next(i for i, line in enumerate(lines) if line.text and not line.text.lstrip().startswith("#"))
    hoisted = _alone(tuple(line.text.lstrip() for line in lines[:count]), indent)
    first = replace(lines[count], text=f"{' ' * indent}- {lines[count].text[indent + STEP :]}")
    return [*hoisted, first, *lines[count + 1 :]]


def _several(leaf: Leaf, lead: str, indent: int, beside: TrailingComment | None) -> list[Line]:
    first, others = several_lines(leaf, indent)
    lines = [Line(f"{lead} {first}", is_text=True), *(Line(line, is_text=True) for line in others)]
    if leaf.style not in BLOCK_STYLES:
        return _beside(lines, beside)
    lines[-1] = replace(lines[-1], is_open="+" in first)
    return [*_beside(lines[:1], beside), *lines[1:]]


def _beside(lines: list[Line], beside: TrailingComment | None) -> list[Line]:
    """Put a comment behind the last line; its further lines go below."""
    if beside is None:
        return lines
    if not lines:
        return [Line(line) for line in beside.lines]
    first, *others = beside.lines
    last = replace(lines[-1], comment=first, column=beside.column, is_padded=beside.is_padded)
    return [*lines[:-1], last, *(Line("", line, beside.column) for line in others)]


def _alone(comments: Iterable[str], indent: int) -> list[Line]:
    return [Line(" " * indent + comment if comment else "") for comment in comments]


def _inline(node: Node) -> str | None:
    """Return a node as it is written on one line, or None if it cannot be."""
    match node:
        case AliasLeaf():
            return f"*{node.name}"
        case Leaf():
            return one_line(node)
        case TreeCollection():
            return _flow(node) if node.is_flow else None


def _flow(collection: TreeCollection) -> str | None:
    parts = [_pair(entry) for entry in collection.entries]
    if None in parts or collection.below:
        return None
    inside = ", ".join(part for part in parts if part)
    return " ".join((*collection.props, f"{{{inside}}}" if collection.is_mapping else f"[{inside}]"))


def _pair(entry: TreeEntry) -> str | None:
    """Return an entry between braces or brackets.

    There, libyaml wants a value behind a colon, and a blank behind a tag.
    """
    inline = _inline(entry.node)
    if inline is None or entry.beside or any(entry.above):
        return None
    if isinstance(entry.node, Leaf) and not entry.node.text:
        inline = f"{inline} " if inline else "null"
    return f"{one_line(entry.key)}: {inline}" if entry.key else inline


def _fits(node: Node, line: str) -> bool:
    """Only what has entries can be written on several lines instead."""
    return len(line) <= WIDTH or not isinstance(node, TreeCollection) or not node.entries


def _single_blanks(lines: list[Line]) -> Iterator[Line]:
    """Leave one blank line of several, and none at either end or where it would become part of a scalar."""
    before: Line | None = None
    pending = False
    for line in lines:
        if not line.text and not line.comment and not line.is_text:
            pending = True
            continue
        if pending and before and not before.is_open:
            yield Line("")
        yield line
        before, pending = line, False


def _aligned(lines: Iterable[Line]) -> Iterator[str]:
    numbered = enumerate(lines)
    for _, group in groupby(
        numbered,
        key=lambda numbered_line: numbered_line[1].column if numbered_line[1].column >= 0 else -1 - numbered_line[0],
    ):
        together = [line for _, line in group]
        widest = max(len(line.text) for line in together) if any(line.is_padded for line in together) else 0
        width = widest
        for line in together:
            width = widest or len(line.text) or width  # what has no text goes on below a comment
            yield f"{line.text:<{width}} {line.comment}" if line.comment else line.text
