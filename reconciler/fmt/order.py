"""The entries of a mapping in their canonical order, as far as anchors and aliases let them move."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from reconciler.fmt.printer import without_blank
from reconciler.fmt.tree import BLANK, AliasLeaf, Node, TreeCollection, TreeEntry, anchor_of

Rank = Callable[[TreeEntry], float]


def in_order(entries: Sequence[TreeEntry], rank: Rank, *, has_anchors: bool) -> tuple[TreeEntry, ...]:
    """Return entries by rank; those of equal rank stay in their order.

    An alias means the last anchor of its name above it: two entries that use one name, of which one defines it, keep
    their order. `has_anchors`: there are such names in the file.
    """
    if all(rank(one) <= rank(other) for one, other in pairwise(entries)):
        return tuple(entries)
    if not has_anchors:
        return _spaced(entries, sorted(entries, key=rank))
    names = [_names(entry) for entry in entries]
    left = list(range(len(entries)))
    ordered: list[int] = []
    while left:
        free = [i for i in left if not any(j < i and names[i].hinders(names[j]) for j in left)]
        ordered.append(min(free, key=lambda i: rank(entries[i])))
        left.remove(ordered[-1])
    return _spaced(entries, [entries[i] for i in ordered])


@dataclass(frozen=True, slots=True)
class _Names:
    """The anchors that an entry defines, and the aliases that it uses."""

    defined: frozenset[str]
    used: frozenset[str]

    def hinders(self, other: "_Names") -> bool:
        return bool(self.defined & (other.defined | other.used) or self.used & other.defined)


def _names(entry: TreeEntry) -> _Names:
    nodes = list(_nodes(entry))
    defined = frozenset(name for node in nodes if (name := anchor_of(node)))
    return _Names(defined, frozenset(node.name for node in nodes if isinstance(node, AliasLeaf)))


def _nodes(entry: TreeEntry) -> Iterator[Node]:
    yield from (entry.key,) if entry.key else ()
    yield entry.node
    if isinstance(entry.node, TreeCollection):
        for inner in entry.node.entries:
            yield from _nodes(inner)


def _spaced(before: Sequence[TreeEntry], after: Sequence[TreeEntry]) -> tuple[TreeEntry, ...]:
    """No blank line is above the first entry: the one that the new first had goes to the one that was the first."""
    first, former = after[0], before[0]
    if first is former or first.above[:1] != (BLANK,):
        return tuple(after)
    parted = replace(former, above=(BLANK, *without_blank(former.above)))
    rest = (parted if entry is former else entry for entry in after[1:])
    return (replace(first, above=without_blank(first.above)), *rest)
