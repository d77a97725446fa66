"""Rules about what a job requires: vCPUs, memory and GPUs of its containers, and consumable resources."""

from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal, InvalidOperation

from reconciler.kinds.tasks import Container, EcsTask
from reconciler.model import Json, Path, Spec
from reconciler.problems import Severity
from reconciler.rules.base import Example, Findings, Rule, Subject, documented, if_any, later, measured
from reconciler.rules.job_definition.nodes import spans
from reconciler.rules.shared import arn, astray, near_names
from reconciler.rules.traversal import each_container, each_single, ec2, members, repeated, size

LEGACY = {"VCPU": "vcpus", "MEMORY": "memory"}
LEAST_MEMORY = 4  # MiB


def number(value: Json) -> Decimal | None:
    """Return a value as a number; None if it is no number."""
    try:
        parsed = Decimal(str(value))
    except InvalidOperation:
        return None
    return parsed if parsed.is_finite() else None


def wanted(ecs_task: EcsTask, kind: str) -> tuple[Path, str] | None:
    """Return where a container asks for a resource in resourceRequirements, and for how much."""
    for index, entry in enumerate(ecs_task.body.get("resourceRequirements") or ()):
        if entry["type"] == kind:
            return (*ecs_task.path, "resourceRequirements", index, "value"), str(entry["value"])
    return None


def _required(kind: str) -> Callable[[EcsTask], Findings]:
    def look(ecs_task: EcsTask) -> Findings:
        if ecs_task.body.get(LEGACY[kind]) is None and wanted(ecs_task, kind) is None:
            yield ecs_task.path, f"does not set {kind}"

    return look


def _not_twice(kind: str) -> Callable[[EcsTask], Findings]:
    def look(ecs_task: EcsTask) -> Findings:
        if ecs_task.body.get(LEGACY[kind]) is not None and wanted(ecs_task, kind) is not None:
            yield (*ecs_task.path, LEGACY[kind]), f"cannot be combined with {kind} in resourceRequirements"

    return look


def _no_duplicates(container: Container) -> Findings:
    for kind, count in repeated(entry["type"] for entry in container.body.get("resourceRequirements") or ()):
        yield (*container.path, "resourceRequirements"), f"has {kind} {count} times"


def _whole(kind: str, noun: str) -> Callable[[Container], Findings]:
    def look(container: Container) -> Findings:
        for path, entry in members(container, "resourceRequirements"):
            if entry["type"] == kind and not str(entry["value"]).isdecimal():
                yield (*path, "value"), f"is {entry['value']}; {noun} is a whole number, without a unit"

    return look


def _vcpus_are_a_number(container: Container) -> Findings:
    for path, entry in members(container, "resourceRequirements"):
        if entry["type"] == "VCPU" and (number(entry["value"]) or 0) <= 0:
            yield (*path, "value"), f"is {entry['value']}; VCPU is a number above 0"


def _enough_memory(container: Container) -> Findings:
    for path, entry in members(container, "resourceRequirements"):
        value = number(entry["value"])
        if entry["type"] == "MEMORY" and value is not None and value < LEAST_MEMORY:
            yield (*path, "value"), f"is {entry['value']} MiB; a container needs at least {LEAST_MEMORY}"


def _whole_vcpus(ecs_task: EcsTask) -> Findings:
    amount = wanted(ecs_task, "VCPU")
    value = number(amount[1]) if amount else None
    if amount and value is not None and value > 0 and not amount[1].isdecimal():
        yield amount[0], f"is {amount[1]}; on EC2 VCPU is a whole number, 1 or more"


RULES = (
    Rule(
        id="JD010",
        says="A container sets its vCPUs.",
        check=each_single(_required("VCPU")),
        hint="add {type: VCPU, value: 1} to resourceRequirements",
        evidence=measured("RegisterJobDefinition", "vCPU is required."),
        fails=ec2(resourceRequirements=size(vcpus=None)),
        passes=ec2(resourceRequirements=size(memory=None), memory=2048),
    ),
    Rule(
        id="JD011",
        says="A container sets its memory.",
        check=each_single(_required("MEMORY")),
        hint="add {type: MEMORY, value: 2048} to resourceRequirements; the unit is MiB",
        evidence=documented(
            "ResourceRequirement.value", "You must specify at least 4 MiB of memory for a job. This is required"
        ),
        fails=ec2(resourceRequirements=size(memory=None)),
        passes=ec2(resourceRequirements=size(vcpus=None), vcpus=1),
    ),
    Rule(
        id="JD012",
        says="vCPUs are set once: with VCPU in resourceRequirements, or with the deprecated vcpus.",
        check=each_single(_not_twice("VCPU"), about="vcpus"),
        hint="remove vcpus: it is deprecated",
        evidence=measured(
            "RegisterJobDefinition", "Cannot use both ECS containerProperties vcpus and resourceRequirement VCPU."
        ),
        fails=ec2(vcpus=1),
        passes=ec2(vcpus=1, resourceRequirements=size(vcpus=None)),
    ),
    Rule(
        id="JD013",
        says="Memory is set once: with MEMORY in resourceRequirements, or with the deprecated memory.",
        check=each_single(_not_twice("MEMORY"), about="memory"),
        hint="remove memory: it is deprecated",
        evidence=measured(
            "RegisterJobDefinition", "Cannot use both ECS containerProperties memory and resourceRequirement 'MEMORY."
        ),
        fails=ec2(memory=2048),
        passes=ec2(memory=2048, resourceRequirements=size(memory=None)),
    ),
    Rule(
        id="JD014",
        says="Each type of resource is in resourceRequirements once.",
        check=each_container(_no_duplicates, about="resourceRequirements"),
        evidence=measured("RegisterJobDefinition", "Cannot provide duplicates in resourceRequirements."),
        fails=ec2(resourceRequirements=[*size(), {"type": "VCPU", "value": "2"}]),
        passes=ec2(resourceRequirements=size(GPU=1)),
    ),
    Rule(
        id="JD015",
        says="VCPU is a number above 0.",
        check=each_container(_vcpus_are_a_number, about="resourceRequirements"),
        evidence=measured("RegisterJobDefinition", "Value ... for type VCPU in resourceRequirement is not valid."),
        fails=ec2(resourceRequirements=size(vcpus="two")),
        passes=ec2(resourceRequirements=size(vcpus=2)),
    ),
    Rule(
        id="JD016",
        says="MEMORY is a whole number of MiB.",
        check=each_container(_whole("MEMORY", "MEMORY in MiB"), about="resourceRequirements"),
        hint="write 2 GiB as 2048",
        evidence=measured("RegisterJobDefinition", "Value ... for type MEMORY in resourceRequirement is not valid."),
        fails=ec2(resourceRequirements=size(memory="2GB")),
        passes=ec2(resourceRequirements=size(memory="2048")),
    ),
    Rule(
        id="JD017",
        says="GPU is a whole number.",
        check=each_container(_whole("GPU", "GPU"), about="resourceRequirements"),
        evidence=measured(
            "RegisterJobDefinition",
            "Value ... for type GPU in resourceRequirement is not valid. Please provide a numeric value.",
        ),
        fails=ec2(resourceRequirements=size(GPU="0.5")),
        passes=ec2(resourceRequirements=size(GPU=1)),
    ),
    Rule(
        id="JD018",
        says="A container has at least 4 MiB of memory.",
        check=each_container(_enough_memory, about="resourceRequirements"),
        hint="the unit is MiB: write 2 GiB as 2048",
        evidence=measured("RegisterJobDefinition", "Memory must be at least 4 Mib, got ... Mib."),
        fails=ec2(resourceRequirements=size(memory=2)),
        passes=ec2(resourceRequirements=size(memory=4)),
    ),
    Rule(
        id="JD019",
        says="On EC2 a container has whole vCPUs, at least one.",
        check=each_single(_whole_vcpus, on="EC2"),
        hint="write 1 for 1.0; fractions are for Fargate: platformCapabilities: [FARGATE]",
        evidence=measured(
            "RegisterJobDefinition",
            "vCPU must be at least 1, got ...",
            "and 'Value 1.0 for type VCPU in resourceRequirement is not valid.'",
        ),
        fails=ec2(resourceRequirements=size(vcpus="0.25")),
        passes=ec2(resourceRequirements=size(vcpus=16)),
    ),
)


# Rules about the consumable resources that a job, or a range of its nodes, holds while it runs.

PROPERTIES = "consumableResourceProperties"
LIST = "consumableResourceList"


def _consumables(body: Spec) -> Iterator[tuple[Path, list[Spec]]]:
    """Yield the list of the job, and those of its ranges of nodes."""
    places: list[tuple[Path, Spec]] = [((), body)]
    if "nodeProperties" in body:
        places += [(span.path, span.body) for span in spans(body)]
    for path, each in places:
        if PROPERTIES in each:
            yield (*path, PROPERTIES, LIST), each[PROPERTIES].get(LIST) or []


@if_any(PROPERTIES)
def _each_once(subject: Subject) -> Findings:
    for path, entries in _consumables(subject.body):
        for name, count in Counter(entry.get("consumableResource") for entry in entries).items():
            if count > 1 and name is not None:
                yield path, f"has {name} {count} times"


@if_any(PROPERTIES)
def _complete(subject: Subject) -> Findings:
    for path, entries in _consumables(subject.body):
        for index, entry in enumerate(entries):
            missing = [name for name in ("consumableResource", "quantity") if name not in entry]
            if missing:
                yield (*path, index), f"has no {' and no '.join(missing)}"


@if_any(PROPERTIES)
def _some_of_it(subject: Subject) -> Findings:
    for path, entries in _consumables(subject.body):
        for index, entry in enumerate(entries):
            if entry.get("quantity", 1) < 1:
                yield (*path, index, "quantity"), f"is {entry['quantity']}, so the job requires none of it"


@if_any(PROPERTIES)
def _enough_of_it(subject: Subject) -> Findings:
    for path, entries in _consumables(subject.body):
        for index, entry in enumerate(entries):
            resource = subject.referred("ConsumableResource", entry.get("consumableResource")) or {}
            wanted, there = entry.get("quantity", 0), resource.get("totalQuantity")
            if there is not None and wanted > there:
                yield (
                    (*path, index, "quantity"),
                    f"is {wanted}, but totalQuantity is {there}: the job waits indefinitely",
                )


@if_any(PROPERTIES)
def _is_a_resource(subject: Subject) -> Findings:
    for path, entries in _consumables(subject.body):
        for index, entry in enumerate(entries):
            if wrong := astray(subject, str(entry.get("consumableResource", "")), "consumable-resource"):
                yield (*path, index, "consumableResource"), wrong


def _holding(*entries: Spec, there: Json = 2) -> Example:
    body = {**ec2().body, PROPERTIES: {LIST: list(entries)}}
    return Example(body, {("ConsumableResource", "licence"): {"totalQuantity": there}})


def _take(name: str, quantity: Json = 1) -> Spec:
    return {"consumableResource": name, "quantity": quantity}


CONSUMABLE_RULES = (
    Rule(
        id="JD340",
        says="A consumable resource is in the list once.",
        check=_each_once,
        hint="add the quantities up",
        evidence=measured(
            "RegisterJobDefinition", "Cannot have duplicate consumableResource in consumableResourceProperties"
        ),
        fails=_holding(_take("licence"), _take("licence", 2)),
        passes=_holding(_take("licence"), _take("connection")),
    ),
    Rule(
        id="JD341",
        says="An entry sets a consumable resource and a quantity.",
        check=_complete,
        evidence=documented(
            "AWS::Batch::JobDefinition, ConsumableResourceRequirement", "Required: Yes", "of both fields"
        ),
        severity=Severity.WARNING,  # by CloudFormation; the API's model requires neither
        fails=_holding({"consumableResource": "licence"}),
        passes=_holding(_take("licence")),
    ),
    Rule(
        id="JD342",
        says="A job requires at least one unit of a consumable resource.",
        check=_some_of_it,
        evidence=documented(
            "ConsumableResourceRequirement.quantity", "The quantity of the consumable resource that is needed."
        ),
        severity=Severity.WARNING,
        fails=_holding(_take("licence", 0)),
        passes=_holding(_take("licence", 1)),
    ),
    Rule(
        id="JD343",
        says="A job does not require more of a consumable resource than its totalQuantity.",
        check=_enough_of_it,
        evidence=later(
            "AWS Batch User Guide, 'Specify the resources needed to run a job'",
            note="the job waits in RUNNABLE until all are available",
        ),
        severity=Severity.WARNING,
        fails=_holding(_take("licence", 3)),
        passes=_holding(_take("licence", 3), there=3),
    ),
    Rule(
        id="JD344",
        says="A consumable resource is a name, or the ARN of one in the stack's region.",
        check=_is_a_resource,
        evidence=later(
            "SubmitJob",
            note="the definition is registered; ConsumableResourceRequirement.consumableResource is 'The "
            "name or ARN of the consumable resource.'",
        ),
        severity=Severity.WARNING,
        fails=_holding(_take(arn("job-queue/licence"))),
        passes=_holding(_take(arn("consumable-resource/licence"))),
    ),
    near_names(
        "JD345",
        fails=Example(_holding(_take("lisence")).body, {("ConsumableResource", "licence"): {"totalQuantity": 2}}),
        passes=Example(_holding(_take("pool-2")).body, {("ConsumableResource", "pool-1"): {"totalQuantity": 2}}),
    ),
)
