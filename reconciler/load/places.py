"""Where a member of a resource is written; looked up in the parsed files when a message needs it."""

from dataclasses import dataclass

from reconciler.load.nodes import Mapping, Mark, Node, Sequence, is_null, where_of
from reconciler.model import Path
from reconciler.problems import Where


@dataclass(frozen=True, slots=True)
class NodePlaces:
    """A single value is where it is written; a mapping or list is at its key, under which something may be missing."""

    key: Mark
    body: Mapping

    def find(self, path: Path) -> Where:
        mark: Mark = self.key
        node: Node = self.body
        for step in path:
            if (inner := _inner(node, step)) is None:
                break
            mark, node = inner
        return where_of(mark)


def _inner(node: Node, step: str | int) -> tuple[Mark, Node] | None:
    if isinstance(node, Mapping) and step in node.entries:
        key, inner = node.entries[str(step)]
        at_key = isinstance(inner, Mapping | Sequence) or is_null(inner)
        return (key if at_key else inner.mark), inner
    if isinstance(node, Sequence) and isinstance(step, int) and 0 <= step < len(node.items):
        return node.items[step].mark, node.items[step]
    return None
