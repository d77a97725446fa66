"""Which environments go together in a queue. Only those of the stack can be looked at."""

from collections.abc import Sequence

from reconciler.rules.base import Findings, Rule, Subject
from reconciler.rules.compute_environment.bodies import (
    ec2,
    eks,
    fargate,
    managed_instances,
    spot,
)
from reconciler.rules.evidence import documented, measured
from reconciler.rules.job_queue.bodies import SAGEMAKER, Attached, attached, is_sagemaker, queue_on, training

PLATFORMS = {"ECS": "EC2", "ECS_FARGATE": "Fargate", "ECS_MANAGED_INSTANCES": "ECS managed instances", "EKS": "EKS"}
MANAGED = "ECS_MANAGED_INSTANCES"
ORDER = ("computeEnvironmentOrder",)


def _mixed(found: Sequence[Attached]) -> dict[str, Attached]:
    """Return the first environment for each jobQueueType that goes with one of them."""
    firsts: dict[str, Attached] = {}
    for each in found:
        if each.queue_type:
            firsts.setdefault(each.queue_type, each)
    return firsts


def _both(one: Attached, other: Attached) -> str:
    return f"mixes {one.name} on {PLATFORMS[one.queue_type]} with {other.name} on {PLATFORMS[other.queue_type]}"


def _fargate_alone(subject: Subject) -> Findings:
    firsts = _mixed(attached(subject))
    if "ECS_FARGATE" in firsts and "ECS" in firsts:
        yield ORDER, _both(firsts["ECS_FARGATE"], firsts["ECS"])


def _kubernetes_alone(subject: Subject) -> Findings:
    firsts = _mixed(attached(subject))
    others = [each for type_, each in firsts.items() if type_ != "EKS"]
    if "EKS" in firsts and others:
        yield ORDER, _both(firsts["EKS"], others[0])


def _managed_alone(subject: Subject) -> Findings:
    firsts = _mixed(attached(subject))
    others = [each for type_, each in firsts.items() if type_ not in ("EKS", MANAGED)]
    if MANAGED in firsts and others:
        yield ORDER, _both(firsts[MANAGED], others[0])


def _one_architecture(subject: Subject) -> Findings:
    firsts: dict[str, Attached] = {}
    for each in attached(subject):
        if each.architecture:
            firsts.setdefault(each.architecture, each)
    if len(firsts) > 1:
        yield ORDER, "mixes " + " with ".join(f"{each.name}, which is {name}," for name, each in firsts.items())


def _type_agrees(subject: Subject) -> Findings:
    wanted = subject.body.get("jobQueueType")
    firsts = _mixed(attached(subject))
    if wanted and wanted != SAGEMAKER and len(firsts) == 1 and wanted not in firsts:
        own, first = next(iter(firsts.items()))
        yield ("jobQueueType",), f"is {wanted}; {first.name} is on {PLATFORMS[own]}, which wants {own}"


def _on_demand_first(subject: Subject) -> Findings:
    ranked = sorted((each for each in attached(subject) if each.queue_type == MANAGED), key=lambda each: each.order)
    first_spot = next((each for each in ranked if each.is_spot), None)
    late = [each for each in ranked if first_spot and each.order > first_spot.order and not each.is_spot]
    if first_spot and late:
        yield ORDER, f"tries {first_spot.name}, which is Spot, before {late[0].name}, which is On-Demand"


def _training_has_its_environment(subject: Subject) -> Findings:
    if is_sagemaker(subject) and not subject.body.get("serviceEnvironmentOrder"):
        yield ("serviceEnvironmentOrder",), f"is missing: a {SAGEMAKER} queue needs a service environment"


def _service_is_for_training(subject: Subject) -> Findings:
    only_service = subject.body.get("serviceEnvironmentOrder") and not subject.body.get("computeEnvironmentOrder")
    if only_service and not is_sagemaker(subject):
        yield ("serviceEnvironmentOrder",), f"wants jobQueueType: {SAGEMAKER}"


_SPOT_CAPACITY = managed_instances(template={"capacityOptionType": "SPOT"})

RULES = (
    Rule(
        id="JQ101",
        says="Fargate and EC2 do not mix in a queue.",
        check=_fargate_alone,
        hint="make a queue for each",
        evidence=measured("CreateJobQueue", "Fargate and EC2 compute environments can not be mixed."),
        fails=queue_on(fargate(), ec2()),
        passes=queue_on(spot(), ec2()),
    ),
    Rule(
        id="JQ102",
        says="EKS and ECS do not mix in a queue.",
        check=_kubernetes_alone,
        hint="make a queue for each",
        evidence=measured("CreateJobQueue", "EKS job queue type must have EKS compute environment."),
        fails=queue_on(eks(), ec2()),
        passes=queue_on(eks(), eks()),
    ),
    Rule(
        id="JQ103",
        says="ECS managed instances do not mix with other environments in a queue.",
        check=_managed_alone,
        hint="make a queue for each",
        evidence=documented(
            "AWS Batch User Guide, 'Job queues on Amazon ECS Managed Instances'",
            "You cannot mix Amazon ECS Managed Instances compute environments with Fargate or Amazon "
            "EC2 compute environments in the same job queue.",
        ),
        fails=queue_on(managed_instances(), fargate()),
        passes=queue_on(managed_instances(), managed_instances()),
    ),
    Rule(
        id="JQ104",
        says="The environments of a queue are all ARM or all x86.",
        check=_one_architecture,
        hint="make a queue for each",
        evidence=documented(
            "ComputeEnvironmentOrder",
            "All compute environments that are associated with a job queue must share the same architecture.",
        ),
        fails=queue_on(ec2(instanceTypes=["m6g"]), ec2(instanceTypes=["optimal"])),
        passes=queue_on(ec2(instanceTypes=["m6g"]), ec2(instanceTypes=["default_arm64"])),
    ),
    Rule(
        id="JQ105",
        says="jobQueueType agrees with the environments.",
        check=_type_agrees,
        hint="leave jobQueueType out: Batch derives it from the environments",
        evidence=measured("CreateJobQueue", "EKS job queue type must have EKS compute environment."),
        fails=queue_on(ec2(), jobQueueType="EKS"),
        passes=queue_on(eks(), jobQueueType="EKS"),
    ),
    Rule(
        id="JQ106",
        says="In a queue of ECS managed instances On-Demand comes before Spot.",
        check=_on_demand_first,
        evidence=documented(
            "AWS Batch User Guide, 'Job queues on Amazon ECS Managed Instances'",
            "Spot compute environments cannot be ordered before On-Demand compute environments in the"
            " computeEnvironmentOrder.",
        ),
        fails=queue_on(_SPOT_CAPACITY, managed_instances()),
        passes=queue_on(managed_instances(), _SPOT_CAPACITY),
    ),
    Rule(
        id="JQ110",
        says="A SAGEMAKER_TRAINING queue has a service environment.",
        check=_training_has_its_environment,
        evidence=measured("CreateJobQueue", "Job queues of type SAGEMAKER_TRAINING must have serviceEnvironmentOrder."),
        fails=training(serviceEnvironmentOrder=[]),
        passes=training(),
    ),
    Rule(
        id="JQ111",
        says="A queue with a service environment says jobQueueType: SAGEMAKER_TRAINING.",
        check=_service_is_for_training,
        evidence=measured(
            "CreateJobQueue",
            "The jobQueueType provided is …, which is incompatible with the provided serviceEnvironmentOrder.",
        ),
        fails=training(jobQueueType="ECS"),
        passes=training(),
    ),
)
