"""Which resources of a stack refer to which, as indented text and as a Mermaid diagram."""

import re
from collections.abc import Mapping

from reconciler.kinds import KINDS
from reconciler.live.resolve import references
from reconciler.model import Address, Json, Stack

Edges = Mapping[Address, tuple[Address, ...]]


def edges_of(stack: Stack) -> Edges:
    """Return what each declared resource refers to. A target need not be declared."""
    return {
        address: tuple(
            sorted({_target(row.refers_to, to) for _, row, to in references(KINDS[address.kind].rows, declared.spec)})
        )
        for address, declared in stack.declared.items()
    }


def graph_text(stack: Stack) -> str:
    """Each resource with what it needs below it; what the stack does not declare is marked."""
    edges = edges_of(stack)
    lines = []
    for address in sorted(edges):
        lines.append(str(address))
        lines.extend(f"    needs {target}{'' if target in edges else '  (existing)'}" for target in edges[address])
    return "".join(f"{line}\n" for line in lines)


def graph_mermaid(stack: Stack) -> str:
    edges = edges_of(stack)
    nodes = sorted({*edges, *(target for targets in edges.values() for target in targets)})
    ids = {address: f"n{index}" for index, address in enumerate(nodes)}
    lines = ["graph LR"]
    lines += [f"  {ids[address]}{_shape(address, declared=address in edges)}" for address in nodes]
    lines += [f"  {ids[address]} --> {ids[target]}" for address in sorted(edges) for target in edges[address]]
    return "".join(f"{line}\n" for line in lines)


def graph_json(stack: Stack) -> dict[str, Json]:
    edges = edges_of(stack)
    return {
        "stack": stack.name,
        "resources": [
            {"address": str(address), "needs": [str(target) for target in edges[address]]} for address in sorted(edges)
        ],
    }


def _target(kind: str, value: str) -> Address:
    name = value.rsplit("/", 1)[-1] if value.startswith("arn:") else value
    return Address(kind, name)


def _shape(address: Address, *, declared: bool) -> str:
    label = f"{address.kind}<br/>{escaped(address.name)}"
    return f'["{label}"]' if declared else f'(["{label}"])'


def escaped(text: str) -> str:
    """Mermaid reads entities by number: nothing in a name can end the label."""
    return re.sub(r"[^\w .:/-]", lambda found: f"#{ord(found[0])};", text)
