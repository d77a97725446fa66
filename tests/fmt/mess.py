"""Files of a stack, laid out, ordered and spelled as badly as they can be without a change of their meaning."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from reconciler.fmt.parse import BLANK, AliasLeaf, Node, TreeCollection, TreeEntry, read_tree
from reconciler.fmt.printer import one_line
from reconciler.kinds import SECTIONS

Choose = Callable[[list[Any]], Any]
Shuffle = Callable[[list[Any]], list[Any]]
# Mappings whose keys are the author's: their order and their words stay.
FREE = {
    "tags",
    "parameters",
    "options",
    "labels",
    "annotations",
    "limits",
    "requests",
    "variables",
    "disable",
    *(declarable.section for declarable in SECTIONS.values()),
}
CHOICES = {"allocationStrategy", "state", "transitEncryption", "assignPublicIp"}


@dataclass
class Mess:
    """`choose` takes one of a list; `shuffle` gives it another order."""

    choose: Choose
    shuffle: Shuffle
    columns: set[int] = field(default_factory=set)

    def file(self, text: str) -> str:
        tree = read_tree(text)
        assert tree.root
        assert isinstance(tree.root.node, TreeCollection)
        head, tail = ("".join(f"{line}\n" for line in lines) for lines in (tree.head, tree.tail))
        return head + self.block(tree.root.node, 0, "") + tail

    def block(self, collection: TreeCollection, column: int, name: str) -> str:
        entries = list(collection.entries)
        if collection.is_mapping and name not in FREE and not _has_anchor(collection):
            entries = self.shuffle(entries)
        lead = " " * column
        written = "".join(self.entry(entry, column, name) for entry in entries)
        return written + "".join(f"{lead}{line}\n" for line in collection.below)

    def entry(self, entry: TreeEntry, column: int, within: str) -> str:
        lead = " " * column
        above = "".join(f"{lead}{line}\n" if line else self.choose(["\n", "\n\n\n"]) for line in entry.above)
        key = f"{self.key(entry, within)}{self.choose(['', ' '])}:" if entry.key else "-"
        node, name = entry.node, entry.name or within
        if not isinstance(node, TreeCollection) or node.is_flow:
            space = self.choose([" ", "   "])
            return f"{above}{self.beside(entry, f'{lead}{key}{space}{self.inline(node, column, name)}')}\n"
        opening = self.beside(entry, f"{lead}{' '.join((key, *node.props))}")
        deeper = column + self.choose([1, 2, 3, 4])
        if not node.is_mapping and entry.key:
            deeper = column + self.choose([0, 2, 3])
        return f"{above}{opening}\n{self.block(node, deeper, name)}"

    def beside(self, entry: TreeEntry, text: str) -> str:
        """Put the comment in a column in which no other one is: those that share one are a block to the formatter."""
        if not entry.beside:
            return text
        column = len(text.rpartition("\n")[2])
        free = next(at for at in range(column + 1, 10_000) if at not in self.columns)
        self.columns.add(free)
        return f"{text}{' ' * (free - column)}{entry.beside.lines[0]}"

    def inline(self, node: Node, column: int, name: str) -> str:
        if isinstance(node, AliasLeaf):
            return f"*{node.name}"
        if not isinstance(node, TreeCollection):
            text = one_line(node)
            assert text is not None
            return self.choose([text, text.lower()]) if name in CHOICES and not node.props else text
        entries = list(node.entries)
        if node.is_mapping and name not in FREE:
            entries = self.shuffle(entries)
        space = self.choose(["", "", " ", "\n" + " " * (column + 1)])
        pairs = (f"{self.key(one, name)}: " if one.key else "" for one in entries)
        inner = f",{space}".join(
            f"{pair}{self.inline(one.node, column, one.name or name)}" for pair, one in zip(pairs, entries, strict=True)
        )
        opening, closing = "{}" if node.is_mapping else "[]"
        return " ".join((*node.props, f"{opening}{space}{inner}{space}{closing}"))

    def key(self, entry: TreeEntry, within: str) -> str:
        assert entry.key
        own = entry.name
        if entry.is_merge or within in FREE or own.startswith("x-"):
            return entry.key.text
        pascal, snake = own[0].upper() + own[1:], re.sub(r"(?<!^)([A-Z])", r"_\1", own).lower()
        return str(self.choose([own, own, f'"{own}"', pascal, snake]))


def _has_anchor(collection: TreeCollection) -> bool:
    """What defines an anchor has to stay above what uses it."""
    return any(isinstance(entry.node, TreeCollection) and entry.node.props for entry in collection.entries)


def blanks_removed(text: str) -> str:
    """Blank lines move with what stands below them, but none is left above what comes to stand first."""
    return "".join(f"{line}\n" for line in text.split("\n") if line != BLANK)
