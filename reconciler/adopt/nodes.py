"""Values as the tree that `fmt` prints: short lists and mappings on one line, texts of several lines as such, notes."""

import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import replace

from reconciler.adopt.found import Note, TaggedValue
from reconciler.adopt.scalars import NOWHERE, block_leaf, scalar_leaf, tagged_leaf, text_leaf
from reconciler.fmt.tree import BLANK, Leaf, Node, Tree, TreeCollection, TreeEntry
from reconciler.model import Json, Path

SHORT = 88  # characters that braces or brackets may take
FEW = 3  # members of a mapping on one line
BODY = 2  # steps to a resource's body: its section and its name
VARIABLES = "variables"
COMMENT_WIDTH = 110

Notes = Mapping[Path, tuple[str, ...]]


def notes_by_path(notes: Iterable[Note], body: Json) -> Notes:
    """Return the texts of notes by the path of a member that is there: of the note's, or the nearest around it."""
    found: dict[Path, tuple[str, ...]] = {}
    for note in notes:
        path = _nearest(note.path, body)
        found[path] = (*found.get(path, ()), note.text)
    return found


def document(value: Mapping[str, Json], notes: Notes) -> Tree:
    """Return a whole file. A blank line parts its sections, and the resources in them."""
    root = node_of(value, notes, ())
    assert isinstance(root, TreeCollection)
    entries = tuple(_parted(entry, index) for index, entry in enumerate(root.entries))
    return Tree(head=(), root=TreeEntry(node=replace(root, entries=entries)))


def node_of(value: Json, notes: Notes, path: Path) -> Node:
    match value:
        case str():
            return (block_leaf(value) if "\n" in value else None) or text_leaf(value)
        case TaggedValue(tag, text):
            block = block_leaf(text) if "\n" in text else None
            return replace(block, props=(tag,)) if block else tagged_leaf(tag, text)
        case Mapping():
            entries = [_entry(key, inner, notes, (*path, key)) for key, inner in value.items()]
            return _collection(entries, is_mapping=True, may_flow=_is_inside(path))
        case list() | tuple():
            items = [_entry(None, inner, notes, (*path, index)) for index, inner in enumerate(value)]
            return _collection(items, is_mapping=False, may_flow=True)
        case _:
            return scalar_leaf(value)


def commented(text: str) -> list[str]:
    lines = textwrap.wrap(" ".join(text.split()), COMMENT_WIDTH, break_long_words=False, break_on_hyphens=False)
    return [f"# {line}" for line in lines]


def _nearest(path: Path, body: Json) -> Path:
    for length, step in enumerate(path):
        is_there = (isinstance(body, Mapping) and step in body) or (
            isinstance(body, list | tuple) and isinstance(step, int) and step < len(body)
        )
        if not is_there:
            return path[:length]
        body = body[step]
    return path


def _is_inside(path: Path) -> bool:
    """Whether a mapping is less than a resource: those are told apart by their lines."""
    return len(path) > BODY or (len(path) == BODY and path[0] == VARIABLES)


def _entry(key: str | None, value: Json, notes: Notes, path: Path) -> TreeEntry:
    above = tuple(line for text in notes.get(path, ()) for line in commented(text))
    return TreeEntry(node=node_of(value, notes, path), key=text_leaf(key) if key is not None else None, above=above)


def _collection(entries: list[TreeEntry], *, is_mapping: bool, may_flow: bool) -> TreeCollection:
    is_flow = not entries or (may_flow and _is_short(entries, is_mapping=is_mapping))
    return TreeCollection(entries=tuple(entries), is_mapping=is_mapping, is_flow=is_flow, place=NOWHERE)


def _is_short(entries: list[TreeEntry], *, is_mapping: bool) -> bool:
    leaves = [entry.node for entry in entries if isinstance(entry.node, Leaf) and not entry.above]
    if len(leaves) < len(entries) or any(leaf.style == "|" for leaf in leaves):
        return False
    width = sum(len(leaf.text) + sum(map(len, leaf.props)) + 2 for leaf in leaves)
    width += sum(len(entry.key.text) + 2 for entry in entries if entry.key)
    return width <= SHORT and (not is_mapping or len(entries) <= FEW)


def _parted(entry: TreeEntry, index: int) -> TreeEntry:
    node = entry.node
    is_section = (
        isinstance(node, TreeCollection)
        and not node.is_flow
        and any(isinstance(inner.node, TreeCollection) and not inner.node.is_flow for inner in node.entries)
    )
    if not is_section:
        return entry
    assert isinstance(node, TreeCollection)
    parted = tuple(_below(inner) if place else inner for place, inner in enumerate(node.entries))
    section = replace(entry, node=replace(node, entries=parted))
    return _below(section) if index else section


def _below(entry: TreeEntry) -> TreeEntry:
    return replace(entry, above=(BLANK, *entry.above))
