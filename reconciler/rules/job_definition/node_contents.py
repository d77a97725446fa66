"""Rules about what runs on the nodes of a multi-node job."""

from reconciler.model import Json, Spec
from reconciler.problems import Severity
from reconciler.rules.base import Findings, Rule, Subject
from reconciler.rules.evidence import documented, measured
from reconciler.rules.instance_names import known_instance_types
from reconciler.rules.job_definition.examples import ec2
from reconciler.rules.job_definition.nodes import RANGES, Span, each_span, multinode, over, spans
from reconciler.rules.job_definition.pod_examples import one
from reconciler.rules.job_definition.tasks import container
from reconciler.rules.pods import pods

CONTENTS = ("container", "ecsProperties", "eksProperties")


def _contents(span: Span) -> list[str]:
    return [name for name in CONTENTS if name in span.body]


def _something(span: Span) -> Findings:
    if not _contents(span):
        yield span.path, f"has none of {', '.join(CONTENTS)}"


def _one_thing(span: Span) -> Findings:
    first, *others = _contents(span) or [""]
    for other in others:
        yield (*span.path, other), f"cannot be beside {first}"


def _types_beside_tasks(span: Span) -> Findings:
    if span.body.get("instanceTypes") and "ecsProperties" not in span.body:
        yield (*span.path, "instanceTypes"), "is for ranges with ecsProperties only"


def _one_type(span: Span) -> Findings:
    count = len(span.body.get("instanceTypes") or ())
    if count > 1:
        yield (*span.path, "instanceTypes"), f"has {count} types; it may have one"


def _types(span: Span) -> list[str]:
    alone = (span.body.get("container") or {}).get("instanceType")
    return list(span.body.get("instanceTypes") or ()) or ([str(alone)] if alone else [])


def _one_type_for_all(subject: Subject) -> Findings:
    found = dict.fromkeys(types[0] for types in map(_types, spans(subject.body)) if types)
    if len(found) > 1:
        yield RANGES, f"have different instance types: {', '.join(found)}"


def _no_type_without_ranges(subject: Subject) -> Findings:
    if (subject.body.get("containerProperties") or {}).get("instanceType"):
        yield ("containerProperties", "instanceType"), "is for multi-node jobs only"


def _one_orchestrator(subject: Subject) -> Findings:
    found = spans(subject.body)
    on_eks = [span for span in found if _contents(span) == ["eksProperties"]]
    if on_eks and len(on_eks) < len(found):
        yield RANGES, "are partly for EKS and partly for ECS; a job queue is for one of them"


def _one_namespace(subject: Subject) -> Findings:
    if "nodeProperties" not in subject.body:
        return
    named = [(pod.body.get("metadata") or {}).get("namespace") for pod in pods(subject.body)]
    found = dict.fromkeys("none" if name is None else str(name) for name in named)
    if len(found) > 1:
        yield RANGES, f"have different namespaces: {', '.join(found)}"


def _tasks(nodes: str, **members: Json) -> Spec:
    task = {"containers": [container("main")]}
    return {"targetNodes": nodes, "ecsProperties": {"taskProperties": [task]}, **members}


def _pods(nodes: str, **metadata: Json) -> Spec:
    properties: Spec = {"containers": [one()], **({"metadata": metadata} if metadata else {})}
    return {"targetNodes": nodes, "eksProperties": {"podProperties": properties}}


RULES = (
    Rule(
        id="JD320",
        says="A range of nodes says what runs there.",
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
        says="instanceTypes of a range goes with ecsProperties.",
        check=each_span(_types_beside_tasks),
        hint="beside container, write instanceType inside it",
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
