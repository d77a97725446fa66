"""The nodes of multi-node parallel jobs: `<job>#<index>`, each with a container, all with the course of their job."""

from collections.abc import Iterator
from dataclasses import replace

from reconciler.model import Json, Spec
from reconciler.sandbox.core.state import Record
from reconciler.sandbox.resources.definition_checks import targets

MARK = "#"
FORMS = ("container", "ecsProperties", "eksProperties")


def node_count(record: Record) -> int:
    """Return how many nodes a job has; none unless it is a multi-node parallel job."""
    return int(record.hidden.get("nodes", 0))


def nodes_of(record: Record) -> Iterator[Record]:
    """Yield the nodes of a job, which have no rows of their own."""
    return (_node(record, index) for index in range(node_count(record)))


def node_named(record: Record, index: str) -> Record | None:
    return _node(record, int(index)) if index.isdecimal() and int(index) < node_count(record) else None


def main_node(record: Record) -> Record:
    """Return the node that speaks for a job with nodes; of others the job itself."""
    return _node(record, record.hidden["main"]) if node_count(record) and _index(record) is None else record


def node_summary(record: Record) -> dict[str, Json]:
    """Return what ListJobs shows of a job with nodes, or of a node (NodePropertiesSummary).

    Clients tell a job from a node by `numNodes`, as they tell an array from its child by `size`.
    """
    shown = _details(record) or ({"numNodes": node_count(record)} if node_count(record) else {})
    return {"nodeProperties": shown} if shown else {}


def node_details(record: Record) -> dict[str, Json]:
    """Return what DescribeJobs shows of a node beside its container."""
    details = _details(record)
    return {"nodeDetails": details} if details else {}


def body_of_node(node: Record, properties: Spec) -> dict[str, Json]:
    """Return what a node runs: of ranges that overlap, the later one has it (NodeRangeProperty)."""
    index, count = _index(node), node_count(node)
    ranges = [each for each in properties["nodeRangeProperties"] if index in targets(each["targetNodes"], count)]
    return {form: each[form] for each in ranges[-1:] for form in FORMS if form in each}


def _node(record: Record, index: int) -> Record:
    return replace(record, arn=f"{record.arn}{MARK}{index}", tags={})


def _details(record: Record) -> dict[str, Json]:
    index = _index(record)
    return {} if index is None else {"nodeIndex": index, "isMainNode": index == record.hidden.get("main")}


def _index(record: Record) -> int | None:
    _, mark, index = record.arn.rpartition(MARK)
    return int(index) if mark else None
