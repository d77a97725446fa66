"""The short spellings that rows of a kind's table allow, written out."""

from dataclasses import dataclass

from reconciler.kinds.base import Field, Form, Kind
from reconciler.load.findings import Findings
from reconciler.load.nodes import MappingNode, Node, Scalar, SequenceNode, SourceMark, where_of

PAIR = 2  # a ranked structure that a name alone can stand for has its rank and one more member


def written_out(kind: Kind, body: MappingNode, findings: Findings) -> MappingNode:
    """Return a body in the API's own members. Only members of the body itself have shorts."""
    writer = _Writer(findings)
    entries = dict(body.entries)
    for row in kind.fields:
        if row.short in entries:
            writer.rename(row, entries)
        if row.form is Form.RANKED and len(row.fields) == PAIR and row.name in entries:
            mark, node = entries[row.name]
            entries[row.name] = (mark, writer.ranked(row, node))
    return MappingNode(entries, body.mark)


@dataclass(frozen=True, slots=True)
class _Writer:
    findings: Findings

    def rename(self, row: Field, entries: dict[str, tuple[SourceMark, Node]]) -> None:
        mark, node = entries.pop(row.short)
        if row.name in entries:
            message = f"{row.short} is short for {row.name}, which is written at {where_of(entries[row.name][0])}, too"
            self.findings.add("STK010", message, mark, "keep one of the two")
        else:
            entries[row.name] = (mark, node)

    def ranked(self, row: Field, node: Node) -> Node:
        if not isinstance(node, SequenceNode) or not any(isinstance(item, Scalar) for item in node.items):
            return node
        other = next(field.name for field in row.fields if field.name != row.key)
        if not all(isinstance(item, Scalar) for item in node.items):
            odd = next(item for item in node.items if isinstance(item, Scalar))
            message = f"{row.name} mixes names with mappings"
            self.findings.add("STK010", message, odd.mark, f"write only names, or {{{row.key}, {other}}} for each")
            return node
        return SequenceNode(
            tuple(_pair(row.key, rank, other, item) for rank, item in enumerate(node.items, 1)), node.mark
        )


def _pair(key: str, rank: int, other: str, item: Node) -> MappingNode:
    return MappingNode({key: (item.mark, Scalar(rank, item.mark)), other: (item.mark, item)}, item.mark)
