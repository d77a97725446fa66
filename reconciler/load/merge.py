"""Defaults below a resource: mappings merge, everything else is replaced, null takes a default away."""

from reconciler.load.nodes import MappingNode, Node, is_null


def merged(over: MappingNode, under: MappingNode) -> MappingNode:
    """Return `over` with what only `under` has. Every value keeps the place where it is written."""
    entries = {
        key: (mark, _merged(node, under.entries[key][1]) if key in under.entries else node)
        for key, (mark, node) in over.entries.items()
        if not (is_null(node) and key in under.entries)
    }
    rest = {key: entry for key, entry in under.entries.items() if key not in over.entries and not is_null(entry[1])}
    return MappingNode({**entries, **rest}, over.mark)


def _merged(over: Node, under: Node) -> Node:
    return merged(over, under) if isinstance(over, MappingNode) and isinstance(under, MappingNode) else over
