"""Where a member of a resource is written; looked up in the parsed files when a message needs it."""

from dataclasses import dataclass

from reconciler.load.nodes import MappingNode, Node, SequenceNode, SourceMark, is_null, where_of
from reconciler.model import Path
from reconciler.problems import Where


@dataclass(frozen=True, slots=True)
class NodePlaces:
    """A single value is where it is written; a mapping or list is at its key, under which something may be missing."""

    key: SourceMark
    body: MappingNode

    def find(self, path: Path, *, at_key: bool = False) -> Where:
        mark: SourceMark = self.key
        node: Node = self.body
        for step in path:
            if (inner := _inner(node, step, at_key=at_key)) is None:
                break
            mark, node = inner
        return where_of(mark)


def _inner(node: Node, step: str | int, *, at_key: bool) -> tuple[SourceMark, Node] | None:
    if isinstance(node, MappingNode) and step in node.entries:
        key, inner = node.entries[str(step)]
        is_at_key = at_key or isinstance(inner, MappingNode | SequenceNode) or is_null(inner)
        return (key if is_at_key else inner.mark), inner
    if isinstance(node, SequenceNode) and isinstance(step, int) and 0 <= step < len(node.items):
        return node.items[step].mark, node.items[step]
    return None
