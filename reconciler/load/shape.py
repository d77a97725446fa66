"""Asking a node for the shape that we need, and saying so if it has another."""

from reconciler.load.findings import Findings
from reconciler.load.nodes import Broken, MappingNode, Node, Scalar, SequenceNode, SourceMark, is_null
from reconciler.load.scalars import text_of
from reconciler.looked_up import Secret

SHOWN = 60  # characters of a text that a hint repeats


def mapping_of(node: Node, what: str, findings: Findings) -> MappingNode | None:
    """Return a mapping; an empty one for null, which is what a key without a value means."""
    if isinstance(node, MappingNode):
        return node
    if is_null(node):
        return MappingNode({}, node.mark)
    _complain(
        node, node.mark, f"{what} must be a mapping", "write its members below it, as in `  member: value`", findings
    )
    return None


def text_from(
    node: Node, mark: SourceMark, what: str, findings: Findings, *, may_be_secret: bool = False
) -> str | None:
    """Return a scalar as it was written; numbers may stand for texts.

    Names, places and reasons are in every output. A secret among them is refused, unless it `may_be_secret`.
    """
    if isinstance(node, Scalar) and node.value is not None:
        text = text_of(node.value)
        if not isinstance(text, Secret) or may_be_secret:
            return text
        refuse_secret(what, node.mark, findings)
        return None
    _complain(
        node,
        mark if is_null(node) else node.mark,
        f"{what} must be a text",
        "write one value on the same line",
        findings,
    )
    return None


def forgotten_sub(text: str) -> str:
    """Return what to write where `${name}` stands in a plain text, in which nothing is substituted; else nothing."""
    if "${" not in text:
        return ""
    shown = f' "{text}"' if len(text) <= SHOWN and "\n" not in text else " in front of the text"
    return f"write !sub{shown}: only tagged texts are substituted"


def refuse_secret(what: str, mark: SourceMark, findings: Findings) -> None:
    hint = "use a secret only as a value in the body of a resource; a variable with `secret: false` is none"
    findings.add("VAR022", f"{what} is a secret, but every output shows it", mark, hint)


def _complain(node: Node, mark: SourceMark, message: str, hint: str, findings: Findings) -> None:
    if not isinstance(node, Broken):
        findings.add("STK005", f"{message}, not {_name_of(node)}", mark, hint)


def _name_of(node: Node) -> str:
    if isinstance(node, SequenceNode):
        return "a list"
    if isinstance(node, MappingNode):
        return "a mapping"
    return "nothing" if is_null(node) else "a single value"
