"""Rules about how the ranges of a multi-node job share its nodes out."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from reconciler.model import Json, Path, Spec
from reconciler.problems import Severity
from reconciler.rules.base import Example, Findings, Rule, Subject
from reconciler.rules.containers import Check, platform
from reconciler.rules.evidence import documented, measured
from reconciler.rules.job_definition.examples import IMAGE, job, size

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
    """Make a check that looks at every range of nodes."""

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


def _main_node_is_there(subject: Subject) -> Findings:
    nodes = subject.body.get("nodeProperties")
    if nodes is not None and nodes["mainNode"] >= nodes["numNodes"]:
        last = nodes["numNodes"] - 1
        yield ("nodeProperties", "mainNode"), f"is {nodes['mainNode']}, but the last of the nodes is {last}"


def _within_nodes(subject: Subject) -> Findings:
    for span in spans(subject.body):
        if max(span.first, span.last) >= _count(subject):
            last = _count(subject) - 1
            yield (*span.path, "targetNodes"), f"is {span.text}, but the last of the nodes is {last}"


def _upwards(span: Span) -> Findings:
    if span.last < span.first:
        yield (*span.path, "targetNodes"), f"is {span.text}, which ends before it begins"


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
    found = spans(subject.body)
    for index, later in enumerate(found):
        for earlier in found[:index]:
            yield earlier, later


def _distinct(subject: Subject) -> Findings:
    for earlier, later in _pairs(subject):
        if (earlier.first, earlier.last) == (later.first, later.last):
            yield (*later.path, "targetNodes"), f"is {later.text}, the same nodes as {earlier.text}"


def _apart_or_nested(subject: Subject) -> Findings:
    for earlier, later in _pairs(subject):
        low, high = sorted((earlier, later), key=lambda span: (span.first, -span.last))
        if low.first < high.first <= low.last < high.last:
            path = (*later.path, "targetNodes")
            yield path, f"is {later.text}, which shares a part of its nodes with {earlier.text}"


def _declared_multinode(subject: Subject) -> Findings:
    if "nodeProperties" in subject.body and subject.body["type"] == "container":
        yield ("nodeProperties",), "is for the type multinode, and the type is container"


def _not_on(name: str) -> Check:
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
        hint="nodes count from 0",
        evidence=measured("RegisterJobDefinition", "Main node index is out of range, must be less than numNodes."),
        fails=multinode(main=4),
        passes=multinode(main=3),
    ),
    Rule(
        id="JD301",
        says="Ranges of nodes end with the last node or before it.",
        check=_within_nodes,
        hint="nodes count from 0; `2:` goes to the last one",
        evidence=measured(
            "RegisterJobDefinition", "Node range error 0:5. Node range should be smaller than number of nodes"
        ),
        fails=multinode(over("0:4")),
        passes=multinode(over("0:3")),
    ),
    Rule(
        id="JD302",
        says="A range of nodes goes upwards.",
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
        hint="nodes count from 0; `2:` goes to the last one",
        evidence=measured("RegisterJobDefinition", "Node Range Properties target nodes have missing ranges"),
        fails=multinode(over("0"), over("3")),
        passes=multinode(over("0"), over("1:2"), over("3")),
    ),
    Rule(
        id="JD304",
        says="No two ranges are the same nodes.",
        check=_distinct,
        hint="a range within another overrides it; of two equal ones nobody knows which counts",
        evidence=documented("NodeRangeProperty.targetNodes", "You can nest node ranges (for example, 0:10 and 4:5)."),
        severity=Severity.WARNING,
        fails=multinode(over("0:3"), over("0:")),
        passes=multinode(over("0:3"), over("1:")),
    ),
    Rule(
        id="JD305",
        says="Ranges are apart, or one is within the other.",
        check=_apart_or_nested,
        hint="a range within another overrides it; what happens where two only cross is not documented",
        evidence=documented("NodeRangeProperty.targetNodes", "You can nest node ranges (for example, 0:10 and 4:5)."),
        severity=Severity.WARNING,
        fails=multinode(over("0:2"), over("1:3")),
        passes=multinode(over("0:"), over("1:2"), over("3:")),
    ),
    Rule(
        id="JD306",
        says="nodeProperties come with the type multinode.",
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
