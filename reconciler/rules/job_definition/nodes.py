"""Rules about how the ranges of a multi-node job share its nodes out."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from reconciler.kinds.tasks import platform, pods
from reconciler.model import Json, Path, Spec
from reconciler.problems import Severity
from reconciler.rules.base import Check, Example, Findings, Rule, Subject, documented, if_any, measured
from reconciler.rules.instance_names import known_instance_types
from reconciler.rules.job_definition.pods import pod_container
from reconciler.rules.job_definition.tasks import container
from reconciler.rules.traversal import IMAGE, ec2, job, size

RANGES: Path = ("nodeProperties", "nodeRangeProperties")


class Span(NamedTuple):
    """A range of nodes: where it is written, and its first and last node."""

    path: Path
    body: Spec
    first: int
    last: int

    @property
    def text(self) -> str:
        return str(self.body["targetNodes"])


def each_span(look: Callable[[Span], Findings]) -> Check:
    """Return a check of every range of nodes."""

    @if_any("nodeProperties")
    def check(subject: Subject) -> Findings:
        for span in spans(subject.body):
            yield from look(span)

    return check


def spans(body: Spec) -> list[Span]:
    """Return the ranges of a multi-node job: 2, 0:3, :3 up from the first node, 2: down to the last."""
    nodes = body.get("nodeProperties")
    if nodes is None:
        return []
    return [
        Span((*RANGES, index), each, *_ends(each["targetNodes"], nodes["numNodes"] - 1))
        for index, each in enumerate(nodes["nodeRangeProperties"])
    ]


def _ends(text: str, highest: int) -> tuple[int, int]:
    """Return the first and the last node; a text that is not understood, where its check is off, may be all of them."""
    first, colon, last = text.partition(":")
    if not text or any(end and not end.isdecimal() for end in (first, last)):
        return 0, highest
    if not colon:
        return int(first), int(first)
    return int(first or 0), int(last or highest)


def multinode(*ranges: Spec, nodes: int = 4, main: int = 0, **members: Json) -> Example:
    """Return a job of four nodes with these ranges, for examples; one range for all of them if there is none."""
    properties = {"numNodes": nodes, "mainNode": main, "nodeRangeProperties": list(ranges) or [over("0:")]}
    return job(**{"type": "multinode", "nodeProperties": properties, **members})


def over(nodes: str, **container: Json) -> Spec:
    """Return a range over these nodes whose container has these members."""
    return {"targetNodes": nodes, "container": {"image": IMAGE, "resourceRequirements": size(), **container}}


def _count(subject: Subject) -> int:
    return int(subject.body["nodeProperties"]["numNodes"])


@if_any("nodeProperties")
def _main_node_is_there(subject: Subject) -> Findings:
    nodes = subject.body.get("nodeProperties")
    if nodes is not None and nodes["mainNode"] >= nodes["numNodes"]:
        last = nodes["numNodes"] - 1
        yield ("nodeProperties", "mainNode"), f"is {nodes['mainNode']}, but the last of the nodes is {last}"


@if_any("nodeProperties")
def _within_nodes(subject: Subject) -> Findings:
    for span in spans(subject.body):
        if max(span.first, span.last) >= _count(subject):
            last = _count(subject) - 1
            yield (*span.path, "targetNodes"), f"is {span.text}, but the last of the nodes is {last}"


def _upwards(span: Span) -> Findings:
    if span.last < span.first:
        yield (*span.path, "targetNodes"), f"is {span.text}, which ends before it begins"


@if_any("nodeProperties")
def _all_covered(subject: Subject) -> Findings:
    gaps = list(_gaps(subject))
    if gaps:
        yield RANGES, f"leave out {'node' if gaps[0].isdecimal() else 'nodes'} {', '.join(gaps)}"


def _gaps(subject: Subject) -> Iterator[str]:
    """Yield the nodes that are in no range, runs of them as ranges."""
    if "nodeProperties" not in subject.body:
        return
    free, count = 0, _count(subject)
    taken = sorted((span.first, span.last) for span in spans(subject.body) if span.first <= span.last)
    for first, last in (*taken, (count, count)):
        if first > free and free < count:
            yield _written(free, min(first, count) - 1)
        free = max(free, last + 1)


def _written(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}:{last}"


def _pairs(subject: Subject) -> Iterator[tuple[Span, Span]]:
    ranges = spans(subject.body)
    for index, later in enumerate(ranges):
        for earlier in ranges[:index]:
            yield earlier, later


@if_any("nodeProperties")
def _distinct(subject: Subject) -> Findings:
    for earlier, later in _pairs(subject):
        if (earlier.first, earlier.last) == (later.first, later.last):
            yield (*later.path, "targetNodes"), f"is {later.text}, the same nodes as {earlier.text}"


@if_any("nodeProperties")
def _apart_or_nested(subject: Subject) -> Findings:
    for earlier, later in _pairs(subject):
        low, high = sorted((earlier, later), key=lambda span: (span.first, -span.last))
        if low.first < high.first <= low.last < high.last:
            path = (*later.path, "targetNodes")
            yield path, f"is {later.text}, which shares a part of its nodes with {earlier.text}"


@if_any("nodeProperties")
def _declared_multinode(subject: Subject) -> Findings:
    if "nodeProperties" in subject.body and subject.body["type"] == "container":
        yield ("nodeProperties",), "is for the type multinode, and the type is container"


def _not_on(name: str) -> Check:
    @if_any("nodeProperties")
    def check(subject: Subject) -> Findings:
        if "nodeProperties" in subject.body and platform(subject.body) == name:
            yield ("nodeProperties",), f"is not for {name}"

    return check


BESIDE = job(
    nodeProperties=multinode().body["nodeProperties"],
    containerProperties={"image": IMAGE, "resourceRequirements": size()},
)

RULES = (
    Rule(
        id="JD300",
        says="The main node is one of the nodes.",
        check=_main_node_is_there,
        hint="node indexes start at 0",
        evidence=measured("RegisterJobDefinition", "Main node index is out of range, must be less than numNodes."),
        fails=multinode(main=4),
        passes=multinode(main=3),
    ),
    Rule(
        id="JD301",
        says="Ranges of nodes end with the last node or before it.",
        check=_within_nodes,
        hint="node indexes start at 0; `2:` ends at the last node",
        evidence=measured(
            "RegisterJobDefinition", "Node range error 0:5. Node range should be smaller than number of nodes"
        ),
        fails=multinode(over("0:4")),
        passes=multinode(over("0:3")),
    ),
    Rule(
        id="JD302",
        says="A range of nodes is in ascending order.",
        check=each_span(_upwards),
        evidence=documented(
            "NodeRangeProperty.targetNodes", "A range of 0:3 indicates nodes with index values of 0 through 3."
        ),
        severity=Severity.WARNING,  # what the service makes of it is not documented
        fails=multinode(over("0:3"), over("3:1")),
        passes=multinode(over("0:3"), over("1:3")),
    ),
    Rule(
        id="JD303",
        says="Every node is in a range.",
        check=_all_covered,
        hint="node indexes start at 0; `2:` ends at the last node",
        evidence=measured("RegisterJobDefinition", "Node Range Properties target nodes have missing ranges"),
        fails=multinode(over("0"), over("3")),
        passes=multinode(over("0"), over("1:2"), over("3")),
    ),
    Rule(
        id="JD304",
        says="No two ranges are the same nodes.",
        check=_distinct,
        hint="a nested range overrides the outer one; for two equal ranges, the result is undefined",
        evidence=documented("NodeRangeProperty.targetNodes", "You can nest node ranges (for example, 0:10 and 4:5)."),
        severity=Severity.WARNING,
        fails=multinode(over("0:3"), over("0:")),
        passes=multinode(over("0:3"), over("1:")),
    ),
    Rule(
        id="JD305",
        says="Ranges are apart, or one is within the other.",
        check=_apart_or_nested,
        hint="a nested range overrides the outer one; partly overlapping ranges are not documented",
        evidence=documented("NodeRangeProperty.targetNodes", "You can nest node ranges (for example, 0:10 and 4:5)."),
        severity=Severity.WARNING,
        fails=multinode(over("0:2"), over("1:3")),
        passes=multinode(over("0:"), over("1:2"), over("3:")),
    ),
    Rule(
        id="JD306",
        says="nodeProperties require the type multinode.",
        check=_declared_multinode,
        hint="write type: multinode, or remove nodeProperties",
        evidence=documented(
            "RegisterJobDefinitionRequest.type",
            "If the value is container, then one of the following is required: containerProperties, "
            "ecsProperties, or eksProperties.",
        ),
        severity=Severity.WARNING,
        fails=BESIDE,
        passes=multinode(),
    ),
    Rule(
        id="JD307",
        says="Fargate runs no multi-node jobs.",
        check=_not_on("FARGATE"),
        hint="remove platformCapabilities: such jobs run on EC2",
        evidence=documented(
            "RegisterJobDefinitionRequest.type",
            "If the job is run on Fargate resources, then multinode isn't supported.",
        ),
        fails=multinode(over("0:", executionRoleArn="job"), platformCapabilities=["FARGATE"]),
        passes=multinode(platformCapabilities=["EC2"]),
    ),
    Rule(
        id="JD308",
        says="Managed instances run no multi-node jobs.",
        check=_not_on("MANAGED_INSTANCES"),
        hint="remove platformCapabilities: such jobs run on EC2",
        evidence=measured("RegisterJobDefinition", "MANAGED_INSTANCES does not support MNP jobs"),
        fails=multinode(platformCapabilities=["MANAGED_INSTANCES"]),
        passes=multinode(),
    ),
)


# Rules about what runs on the nodes of a multi-node job.

CONTENTS = ("container", "ecsProperties", "eksProperties")


def _contents(span: Span) -> list[str]:
    return [name for name in CONTENTS if name in span.body]


def _something(span: Span) -> Findings:
    if not _contents(span):
        yield span.path, f"has none of {', '.join(CONTENTS)}"


def _one_thing(span: Span) -> Findings:
    first, *others = _contents(span) or [""]
    for other in others:
        yield (*span.path, other), f"cannot be combined with {first}"


def _types_beside_tasks(span: Span) -> Findings:
    if span.body.get("instanceTypes") and "ecsProperties" not in span.body:
        yield (*span.path, "instanceTypes"), "is for ranges with ecsProperties only"


def _one_type(span: Span) -> Findings:
    count = len(span.body.get("instanceTypes") or ())
    if count > 1:
        yield (*span.path, "instanceTypes"), f"has {count} types; only one is allowed"


def _types(span: Span) -> list[str]:
    alone = (span.body.get("container") or {}).get("instanceType")
    return list(span.body.get("instanceTypes") or ()) or ([str(alone)] if alone else [])


@if_any("nodeProperties")
def _one_type_for_all(subject: Subject) -> Findings:
    types = dict.fromkeys(types[0] for types in map(_types, spans(subject.body)) if types)
    if len(types) > 1:
        yield RANGES, f"have different instance types: {', '.join(types)}"


@if_any("instanceType")
def _no_type_without_ranges(subject: Subject) -> Findings:
    if (subject.body.get("containerProperties") or {}).get("instanceType"):
        yield ("containerProperties", "instanceType"), "is for multi-node jobs only"


@if_any("nodeProperties")
def _one_orchestrator(subject: Subject) -> Findings:
    ranges = spans(subject.body)
    on_eks = [span for span in ranges if _contents(span) == ["eksProperties"]]
    if on_eks and len(on_eks) < len(ranges):
        yield RANGES, "are partly for EKS and partly for ECS; a job queue is for one of them"


@if_any("nodeProperties")
def _one_namespace(subject: Subject) -> Findings:
    if "nodeProperties" not in subject.body:
        return
    named = [(pod.body.get("metadata") or {}).get("namespace") for pod in pods(subject.body)]
    namespaces = dict.fromkeys("none" if name is None else str(name) for name in named)
    if len(namespaces) > 1:
        yield RANGES, f"have different namespaces: {', '.join(namespaces)}"


def _tasks(nodes: str, **members: Json) -> Spec:
    task = {"containers": [container("main")]}
    return {"targetNodes": nodes, "ecsProperties": {"taskProperties": [task]}, **members}


def _pods(nodes: str, **metadata: Json) -> Spec:
    properties: Spec = {"containers": [pod_container()], **({"metadata": metadata} if metadata else {})}
    return {"targetNodes": nodes, "eksProperties": {"podProperties": properties}}


CONTENT_RULES = (
    Rule(
        id="JD320",
        says="A range of nodes sets what runs there.",
        check=each_span(_something),
        evidence=measured("RegisterJobDefinition", "Must specify container for node range ..."),
        fails=multinode({"targetNodes": "0:"}),
        passes=multinode(_pods("0:")),
    ),
    Rule(
        id="JD321",
        says="A range of nodes has one of container, ecsProperties and eksProperties.",
        check=each_span(_one_thing),
        evidence=measured(
            "RegisterJobDefinition", "NodeRangeProperties can not use both ecsProperties and container fields"
        ),
        fails=multinode({**_tasks("0:"), **over("0:")}),
        passes=multinode(_tasks("0:")),
    ),
    Rule(
        id="JD322",
        says="instanceTypes of a range requires ecsProperties.",
        check=each_span(_types_beside_tasks),
        hint="with container, set instanceType inside it",
        evidence=measured(
            "RegisterJobDefinition",
            "Using instanceTypes with nodeRangeProperty is only allowed for ecsProperties jobs.",
        ),
        fails=multinode({**over("0:"), "instanceTypes": ["c6i.32xlarge"]}),
        passes=multinode(_tasks("0:", instanceTypes=["c6i.32xlarge"])),
    ),
    Rule(
        id="JD323",
        says="A range has one instance type.",
        check=each_span(_one_type),
        evidence=documented("NodeRangeProperty.instanceTypes", "this list object is currently limited to one element"),
        fails=multinode(_tasks("0:", instanceTypes=["c6i.32xlarge", "c6i.16xlarge"])),
        passes=multinode(_tasks("0:", instanceTypes=["c6i.32xlarge"])),
    ),
    Rule(
        id="JD324",
        says="All ranges have the same instance type.",
        check=_one_type_for_all,
        evidence=documented(
            "ContainerProperties.instanceType",
            "All node groups in a multi-node parallel job must use the same instance type.",
        ),
        fails=multinode(over("0", instanceType="c6i.large"), over("1:", instanceType="c6i.xlarge")),
        passes=multinode(over("0", instanceType="c6i.large"), over("1:", instanceType="c6i.large")),
    ),
    Rule(
        id="JD325",
        says="All ranges are for EKS, or none is.",
        check=_one_orchestrator,
        evidence=documented("JobDefinition.containerOrchestrationType", "The valid values are ECS (default) or EKS."),
        severity=Severity.WARNING,  # when the service refuses it is not documented
        fails=multinode(over("0"), _pods("1:")),
        passes=multinode(_pods("0"), _pods("1:")),
    ),
    Rule(
        id="JD326",
        says="The pods of all ranges are in one namespace.",
        check=_one_namespace,
        evidence=documented(
            "EksMetadata.namespace",
            "For multi-node parallel jobs, the same value must be provided across all the node ranges.",
        ),
        fails=multinode(_pods("0", namespace="batch"), _pods("1:")),
        passes=multinode(_pods("0", namespace="batch"), _pods("1:", namespace="batch")),
    ),
    known_instance_types(
        "JD328",
        multinode(over("0:", instanceType="c6i.32xlrage")),
        multinode(over("0:", instanceType="c6i.32xlarge")),
    ),
    Rule(
        id="JD327",
        says="instanceType is for multi-node jobs.",
        check=_no_type_without_ranges,
        hint="choose instance types in the compute environment",
        evidence=documented(
            "ContainerProperties.instanceType", "This parameter isn't applicable to single-node container jobs"
        ),
        severity=Severity.WARNING,
        fails=ec2(instanceType="c6i.large"),
        passes=multinode(over("0:", instanceType="c6i.large")),
    ),
)
