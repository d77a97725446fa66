"""Which resources of a stack refer to which, as indented text and as a Mermaid diagram."""

import re

from reconciler.model import Address, Json
from reconciler.redact.presented import PresentedReferences


def graph_text(graph: PresentedReferences) -> str:
    """Each resource with what it needs below it; what the stack does not declare is marked."""
    edges = graph.edges
    lines = []
    for address in sorted(edges):
        lines.append(str(address))
        lines.extend(f"    needs {target}{'' if target in edges else '  (existing)'}" for target in edges[address])
    return "".join(f"{line}\n" for line in lines)


def graph_mermaid(graph: PresentedReferences) -> str:
    edges = graph.edges
    nodes = sorted({*edges, *(target for targets in edges.values() for target in targets)})
    ids = {address: f"n{index}" for index, address in enumerate(nodes)}
    lines = ["graph LR"]
    lines += [f"  {ids[address]}{_shape(address, declared=address in edges)}" for address in nodes]
    lines += [f"  {ids[address]} --> {ids[target]}" for address in sorted(edges) for target in edges[address]]
    return "".join(f"{line}\n" for line in lines)


def graph_json(graph: PresentedReferences) -> dict[str, Json]:
    edges = graph.edges
    return {
        "stack": graph.stack,
        "resources": [
            {"address": str(address), "needs": [str(target) for target in edges[address]]} for address in sorted(edges)
        ],
    }


def _shape(address: Address, *, declared: bool) -> str:
    label = f"{address.kind}<br/>{escaped(address.name)}"
    return f'["{label}"]' if declared else f'(["{label}"])'


def escaped(text: str) -> str:
    """Mermaid reads entities by number: nothing in a name can end the label."""
    return re.sub(r"[^\w .:/-]", lambda found: f"#{ord(found[0])};", text)
