"""Members of the file of targets, as they are needed: asked for their shape, with all that is wrong told."""

from dataclasses import dataclass

from reconciler.load.expand import Expander, Scope
from reconciler.load.findings import Findings, did_you_mean, listed
from reconciler.load.library import Library
from reconciler.load.lookups import Finder
from reconciler.load.nodes import Broken, MappingNode, Node, Scalar, SequenceNode, SourceMark
from reconciler.load.shape import mapping_of, text_from

Body = dict[str, tuple[SourceMark, Node]]
NOWHERE = Scope()  # what can be substituted before it is known where: nothing


@dataclass(frozen=True, slots=True)
class Members:
    library: Library
    finder: Finder
    findings: Findings

    def mapping(self, node: Node | None, what: str) -> MappingNode | None:
        """Return a mapping as it is written, what is in it not expanded: that needs to know where."""
        if isinstance(node, MappingNode):
            return node
        return mapping_of(self.expanded(node, NOWHERE), what, self.findings) if node is not None else None

    def members(self, body: MappingNode, known: tuple[str, ...], what: str) -> Body:
        entries = self.expander(NOWHERE).entries(body) or {}
        for key, (mark, _) in entries.items():
            if key not in known and not key.startswith("x-"):
                hint = did_you_mean(key, known, f"{what} has {listed(known, 'and')}")
                self.findings.add("FLT002", f"{key} is no member of {what}", mark, hint)
        return {key: entry for key, entry in entries.items() if key in known}

    def text(self, body: Body, member: str) -> str:
        if member not in body or isinstance(body[member][1], Broken):
            return ""
        mark, node = body[member]
        return text_from(node, mark, member, self.findings) or ""

    def texts(self, body: Body, member: str) -> list[tuple[SourceMark, str]]:
        """Return a list of texts; one text alone is a list of one."""
        if member not in body:
            return []
        mark, node = body[member]
        items = node.items if isinstance(node, SequenceNode) else (node,)
        found = [(item.mark, text_from(item, mark, f"an entry of {member}", self.findings)) for item in items]
        return [(at, text) for at, text in found if text]

    def truth(self, body: Body, member: str, *, before: bool) -> bool:
        if member not in body:
            return before
        node = body[member][1]
        if isinstance(node, Scalar) and isinstance(node.value, bool):
            return node.value
        if not isinstance(node, Broken):
            self.findings.add("FLT003", f"{member} must be true or false", node.mark, f"write `{member}: true`")
        return before

    def number(self, body: Body, member: str, before: int | None) -> int | None:
        if member not in body:
            return before
        node = body[member][1]
        if (
            isinstance(node, Scalar)
            and isinstance(node.value, int)
            and not isinstance(node.value, bool)
            and node.value >= 0
        ):
            return node.value
        if not isinstance(node, Broken):
            self.findings.add("FLT003", f"{member} must be a number, 0 or more", node.mark, f"write `{member}: 5`")
        return before

    def expanded(self, node: Node, scope: Scope) -> Node:
        return self.expander(scope).expand(node)

    def expander(self, scope: Scope) -> Expander:
        return Expander(self.library, self.finder, self.findings, scope)
