"""What anchored values are: the shapes of the places that use them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from reconciler.fmt.names import Names
from reconciler.fmt.shapes import NOTHING, NOWHERE, Site, agree
from reconciler.fmt.tree import AliasLeaf, Node, Place, TreeCollection, anchor_of


def anchored_sites(root: Node, site: Site, names: Names) -> Mapping[Place, Site]:
    """Return where each anchored value is used first, by its place; `NOWHERE` if its uses ask for different things.

    A value under a key that begins with x- is what it is used for.
    """
    anchored = {node.place: node for node in _nodes(root) if anchor_of(node)}
    if not anchored:
        return {}
    walk = _Walk(names, anchored)
    walk.node(root, site)
    return {place: _agreed(walk.found.get(place, [])) for place in anchored}


@dataclass(frozen=True, slots=True)
class _Walk:
    names: Names
    anchored: Mapping[Place, Node]
    found: dict[Place, list[Site]] = field(default_factory=dict)

    def node(self, node: Node, site: Site) -> None:
        """Go through a value, and through what its aliases stand for."""
        if isinstance(node, AliasLeaf):
            if node.target in self.anchored:  # and not a key, which is a text
                self.node(self.anchored[node.target], site)
        elif site.shape is not NOTHING and self.is_new(node, site) and isinstance(node, TreeCollection):
            for index, entry in enumerate(node.entries):
                self.node(entry.node, self.names.inside(site, node, index))

    def is_new(self, node: Node, site: Site) -> bool:
        """Remember the site of an anchored value; not new is one of a shape that has been seen there."""
        if not anchor_of(node):
            return True
        known = self.found.setdefault(node.place, [])
        if any(one.shape is site.shape for one in known):
            return False
        known.append(site)
        return True


def _agreed(found: list[Site]) -> Site:
    return found[0] if found and all(agree(found[0].shape, other.shape) for other in found) else NOWHERE


def _nodes(node: Node) -> Iterator[Node]:
    waiting = [node]
    while waiting:
        one = waiting.pop()
        yield one
        if isinstance(one, TreeCollection):
            waiting += [entry.node for entry in reversed(one.entries)]
