"""Job queues with the environments of the stack that they refer to, and the rules about those."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.model import Json, Path, Spec
from reconciler.problems import Severity
from reconciler.rules.base import Example, Findings, Rule, Subject, documented, measured
from reconciler.rules.compute_environment import common as environments
from reconciler.rules.compute_environment.common import (
    ec2,
    eks,
    fargate,
    managed_instances,
    spot,
)
from reconciler.rules.instance_names import architectures
from reconciler.rules.shared import arn, forms, is_other, near_names, placeholders, region_of

# Job queues as rules read them, with the environments of the stack that they refer to.
#
# A body that is referred to may have problems of its own: a value of a wrong type counts as unknown.

ENVIRONMENT = "ComputeEnvironment"
POLICY = "SchedulingPolicy"
SERVICE = "ServiceEnvironment"
SAGEMAKER = "SAGEMAKER_TRAINING"
SERVICE_ENVIRONMENT = "arn:aws:batch:us-east-1:123456789012:service-environment/training"
QUOTA_SHARES: Spec = {"quotaSharePolicy": {"idleResourceAssignmentStrategy": "FIFO"}}


@dataclass(frozen=True, slots=True)
class Attached:
    """An environment of the stack in a queue's order."""

    path: Path
    order: int
    name: str
    body: Spec

    @property
    def resources(self) -> Spec:
        return _mapping(self.body.get("computeResources"))

    @property
    def type(self) -> str:
        """Return EC2, SPOT, FARGATE, … of a managed environment; empty if it is unmanaged, or unclear."""
        return str(self.resources.get("type", "")).upper() if self.body.get("type") == "MANAGED" else ""

    @property
    def queue_type(self) -> str:
        """Return the jobQueueType of queues that can use the environment; empty if that is not certain."""
        if self.body.get("eksConfiguration"):
            return "EKS"
        if self.body.get("type") == "UNMANAGED":  # unmanaged environments can only have EC2 (CreateComputeEnvironment)
            return "ECS"
        return _QUEUE_TYPES.get(self.type, "")

    @property
    def is_spot(self) -> bool:
        option = self.launch.get("capacityOptionType", "")
        return self.type in ("SPOT", "FARGATE_SPOT") or str(option).upper() == "SPOT"

    @property
    def launch(self) -> Spec:
        """Return the instanceLaunchTemplate of ECS managed instances."""
        return _mapping(_mapping(self.resources.get("managedInstancesProvider")).get("instanceLaunchTemplate"))

    @property
    def architecture(self) -> str | None:
        """Return the architecture, where the names of instance types leave no doubt."""
        types = self.resources.get("instanceTypes")
        known = (
            architectures(map(str, types)) if self.type in environments.INSTANCES and isinstance(types, list) else {}
        )
        return next(iter(known)) if len(known) == 1 else None


_QUEUE_TYPES = {
    **dict.fromkeys(environments.INSTANCES, "ECS"),
    **dict.fromkeys(environments.FARGATE, "ECS_FARGATE"),
    environments.MANAGED_INSTANCES: "ECS_MANAGED_INSTANCES",
}


def entries(subject: Subject) -> Iterator[tuple[Path, Spec]]:
    """Yield the entries of computeEnvironmentOrder."""
    listed = subject.body.get("computeEnvironmentOrder", ())
    yield from ((("computeEnvironmentOrder", index), entry) for index, entry in enumerate(listed))


def attached(subject: Subject) -> list[Attached]:
    """Return the environments of the stack that the queue uses; those outside the stack are unknown."""
    return [each for each in environments_of(subject, subject.body) if each is not None]


def environments_of(subject: Subject, queue: Spec) -> list[Attached | None]:
    """Return the environments that a queue of the stack uses; None is one outside the stack."""
    listed = queue.get("computeEnvironmentOrder")
    order = enumerate(listed if isinstance(listed, list) else ())
    return [_attached(subject, ("computeEnvironmentOrder", index), _mapping(entry)) for index, entry in order]


def _attached(subject: Subject, path: Path, entry: Spec) -> Attached | None:
    name = str(entry.get("computeEnvironment", ""))
    body = subject.referred(ENVIRONMENT, name)
    return None if body is None else Attached((*path, "computeEnvironment"), entry.get("order", 0), name, body)


def is_sagemaker(subject: Subject) -> bool:
    return is_training(subject.body)


def is_training(queue: Spec) -> bool:
    return queue.get("jobQueueType") == SAGEMAKER


def policy_name(queue: Spec) -> str:
    return str(queue.get("schedulingPolicyArn") or "")


def policy_of(subject: Subject, queue: Spec) -> Spec:
    """Return a queue's scheduling policy if the stack has it, else an empty body."""
    return _mapping(subject.referred(POLICY, policy_name(queue)))


def service_name(queue: Spec) -> str:
    """Return what a queue names as its service environment; empty if it names none."""
    order = queue.get("serviceEnvironmentOrder")
    first = _mapping(order[0]) if isinstance(order, list) and order else {}
    return str(first.get("serviceEnvironment") or "")


def service_of(subject: Subject, queue: Spec) -> Spec:
    """Return a queue's service environment if the stack has it, else an empty body."""
    return _mapping(subject.referred(SERVICE, service_name(queue)))


def queue(*names: str, **members: Json) -> Example:
    """Write a queue on environments; members stand beside its order."""
    order = [{"order": rank, "computeEnvironment": name} for rank, name in enumerate(names, 1)]
    return Example({"priority": 1, "computeEnvironmentOrder": order, **members})


def training(**members: Json) -> Example:
    order = [{"order": 1, "serviceEnvironment": SERVICE_ENVIRONMENT}]
    return Example({"priority": 1, "jobQueueType": SAGEMAKER, "serviceEnvironmentOrder": order, **members})


def training_on(service: Example, **members: Json) -> Example:
    """Write a queue on a service environment of the stack."""
    order = [{"order": 1, "serviceEnvironment": "gpus"}]
    return Example(training(serviceEnvironmentOrder=order, **members).body, {(SERVICE, "gpus"): service.body})


def queue_on(*others: Example, **members: Json) -> Example:
    """Write a queue on environments of the stack, tried in this order."""
    named = {f"env-{index}": other for index, other in enumerate(others)}
    bodies = {(ENVIRONMENT, name): other.body for name, other in named.items()}
    return Example(queue(*named, **members).body, bodies)


def with_policy(example: Example, policy: Spec) -> Example:
    """Return the queue with a scheduling policy of the stack."""
    others = {**example.others, (POLICY, "shares"): policy}
    return Example({**example.body, "schedulingPolicyArn": "shares"}, others)


def _mapping(value: Json) -> Spec:
    return value if isinstance(value, Mapping) else {}


QUOTA = 3
_COMPUTE, _SERVICE = "computeEnvironmentOrder", "serviceEnvironmentOrder"


def _has_an_order(subject: Subject) -> Findings:
    if not subject.body.get(_COMPUTE) and not subject.body.get(_SERVICE) and not is_sagemaker(subject):
        yield (_COMPUTE,), "is missing: a queue names at least one environment"


def _has_one_order(subject: Subject) -> Findings:
    if subject.body.get(_COMPUTE) and subject.body.get(_SERVICE):
        yield (_SERVICE,), "cannot be combined with computeEnvironmentOrder"


def _distinct_orders(subject: Subject) -> Findings:
    counts = Counter(entry["order"] for _, entry in entries(subject))
    for order, count in counts.items():
        if count > 1:
            yield (_COMPUTE,), f"has the order {order} {count} times"


def _identity(subject: Subject, name: str) -> tuple[bool, str]:
    """Tell environments apart: one of the stack by its logical name, others by name, which ends their ARN."""
    declared = subject.referred(ENVIRONMENT, name) is not None
    return declared, name if declared else name.rsplit("/", 1)[-1]


def _distinct_environments(subject: Subject) -> Findings:
    names = [_identity(subject, entry["computeEnvironment"]) for _, entry in entries(subject)]
    for (_, name), count in Counter(names).items():
        if count > 1:
            yield (_COMPUTE,), f"lists the environment {name} {count} times"


def _few_environments(subject: Subject) -> Findings:
    count = len(subject.body.get(_COMPUTE, ()))
    if count > QUOTA:
        yield (_COMPUTE,), f"has {count} environments; the default quota of a queue is {QUOTA}"


def _references(subject: Subject) -> Iterator[tuple[Path, str, str]]:
    """Yield what the queue refers to, each with the noun that its ARN would have."""
    for path, entry in entries(subject):
        yield (*path, "computeEnvironment"), str(entry["computeEnvironment"]), "compute-environment"
    for index, entry in enumerate(subject.body.get(_SERVICE, ())):
        yield (_SERVICE, index, "serviceEnvironment"), str(entry["serviceEnvironment"]), "service-environment"
    if policy := subject.body.get("schedulingPolicyArn"):
        yield ("schedulingPolicyArn",), str(policy), "scheduling-policy"


def _environment_arns(subject: Subject) -> Findings:
    for path, name, noun in _references(subject):
        if noun != "scheduling-policy" and is_other(name, noun):
            yield path, f"is {name}, which is not the ARN of a {noun}"


def _policy_arn(subject: Subject) -> Findings:
    for path, name, noun in _references(subject):
        if noun == "scheduling-policy" and is_other(name, noun):
            yield path, f"is {name}, which is not the ARN of a {noun}"


def _one_region(subject: Subject) -> Findings:
    all_regions = [region for _, name, _ in _references(subject) if (region := region_of(name))]
    if len(regions := list(dict.fromkeys(all_regions))) > 1:
        yield (), f"refers to resources in {' and '.join(regions)}; a queue and what it uses are in one region"


def _own_region(subject: Subject) -> Findings:
    for path, name, _ in _references(subject):
        if subject.region and region_of(name) not in ("", subject.region):
            yield path, f"is {name}; the stack is in {subject.region}"


RULES = (
    Rule(
        id="JQ001",
        says="A queue names its environments.",
        check=_has_an_order,
        evidence=measured("CreateJobQueue", "computeEnvironmentOrder is required."),
        fails=queue(),
        passes=queue("spot"),
    ),
    Rule(
        id="JQ002",
        says="A queue has compute environments or a service environment, not both.",
        check=_has_one_order,
        evidence=documented(
            "CreateJobQueueRequest.serviceEnvironmentOrder",
            "A job queue can't have both a serviceEnvironmentOrder and a computeEnvironmentOrder field.",
        ),
        fails=training(computeEnvironmentOrder=[{"order": 1, "computeEnvironment": "spot"}]),
        passes=training(),
    ),
    Rule(
        id="JQ003",
        says="The environments of a queue have different orders.",
        check=_distinct_orders,
        hint="or write only their names, in the order in which they are tried",
        evidence=measured("CreateJobQueue", "Duplicate ComputeEnvironment order values."),
        fails=Example(
            {
                "priority": 1,
                "computeEnvironmentOrder": [
                    {"order": 1, "computeEnvironment": "spot"},
                    {"order": 1, "computeEnvironment": "on-demand"},
                ],
            }
        ),
        passes=queue("spot", "on-demand"),
    ),
    Rule(
        id="JQ004",
        says="A queue names an environment once.",
        check=_distinct_environments,
        evidence=measured("CreateJobQueue", "Duplicate ComputeEnvironments within order list."),
        fails=queue("spot", arn("compute-environment/spot")),
        passes=queue("spot", "on-demand"),
    ),
    Rule(
        id="JQ005",
        says="A queue has at most 3 environments, unless the account's quota is higher.",
        check=_few_environments,
        hint="request a higher quota, or disable this rule if you have one",
        severity=Severity.WARNING,
        evidence=measured("CreateJobQueue", "Only 3 environments are allowed in job queue request."),
        fails=queue("a", "b", "c", "d"),
        passes=queue("a", "b", "c"),
    ),
    Rule(
        id="JQ006",
        says="An ARN among the environments of a queue is that of an environment.",
        check=_environment_arns,
        evidence=measured(
            "CreateJobQueue", "Compute Environments must be created and valid before attaching them to a job queue"
        ),
        fails=queue(arn("job-queue/spot")),
        passes=queue(arn("compute-environment/spot")),
    ),
    Rule(
        id="JQ007",
        says="schedulingPolicyArn is a name, or the ARN of a scheduling policy.",
        check=_policy_arn,
        evidence=measured("CreateJobQueue", "Only scheduling policy Arn can be allowed."),
        fails=queue("spot", schedulingPolicyArn=arn("job-queue/fair")),
        passes=queue("spot", schedulingPolicyArn=arn("scheduling-policy/fair")),
    ),
    Rule(
        id="JQ008",
        says="A queue refers to resources of one region.",
        check=_one_region,
        evidence=measured(
            "CreateJobQueue",
            "Compute Environments must be created and valid before attaching them to a job queue",
            "and 'SchedulingPolicy … not found.', for those of a different region",
        ),
        fails=queue(
            arn("compute-environment/spot"),
            schedulingPolicyArn=arn("scheduling-policy/fair", "us-west-2"),
        ),
        passes=queue(
            arn("compute-environment/spot"),
            schedulingPolicyArn=arn("scheduling-policy/fair"),
        ),
    ),
    Rule(
        id="JQ009",
        says="A queue refers to resources of the region that its stack names.",
        check=_own_region,
        evidence=measured(
            "CreateJobQueue",
            "Compute Environments must be created and valid before attaching them to a job queue",
            "for those of a different region",
        ),
        fails=Example(queue(arn("compute-environment/spot")).body, region="eu-west-1"),
        passes=Example(queue(arn("compute-environment/spot")).body, region="us-east-1"),
    ),
    forms(
        "JQ012", queue("arn:aws:batch:us-east-1:12345678901:compute-environment/a"), queue(arn("compute-environment/a"))
    ),
    placeholders("JQ010", queue("${ENVIRONMENT}"), queue("spot")),
    near_names(
        "JQ011",
        fails=Example(queue("ondemnad").body, {(ENVIRONMENT, "ondemand"): environments.ec2().body}),
        passes=Example(queue("spot-2").body, {(ENVIRONMENT, "spot-1"): environments.ec2().body}),
    ),
)


# Which environments go together in a queue. Only those of the stack can be looked at.

PLATFORMS = {"ECS": "EC2", "ECS_FARGATE": "Fargate", "ECS_MANAGED_INSTANCES": "ECS managed instances", "EKS": "EKS"}
MANAGED = "ECS_MANAGED_INSTANCES"
ORDER = ("computeEnvironmentOrder",)


def _mixed(attached: Sequence[Attached]) -> dict[str, Attached]:
    """Return the first environment for each jobQueueType."""
    firsts: dict[str, Attached] = {}
    for each in attached:
        if each.queue_type:
            firsts.setdefault(each.queue_type, each)
    return firsts


def _both(first: Attached, other: Attached) -> str:
    return f"mixes {first.name} on {PLATFORMS[first.queue_type]} with {other.name} on {PLATFORMS[other.queue_type]}"


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
        yield ("jobQueueType",), f"is {wanted}; {first.name} is on {PLATFORMS[own]}, which requires {own}"


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
        yield ("serviceEnvironmentOrder",), f"requires jobQueueType: {SAGEMAKER}"


_SPOT_CAPACITY = managed_instances(template={"capacityOptionType": "SPOT"})

MIXTURE_RULES = (
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
        hint="remove jobQueueType: AWS Batch derives it from the environments",
        evidence=measured("CreateJobQueue", "EKS job queue type must have EKS compute environment."),
        fails=queue_on(ec2(), jobQueueType="EKS"),
        passes=queue_on(eks(), jobQueueType="EKS"),
    ),
    Rule(
        id="JQ106",
        says="In a queue of ECS managed instances, On-Demand environments precede Spot.",
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
        says="A queue with a service environment sets jobQueueType: SAGEMAKER_TRAINING.",
        check=_service_is_for_training,
        evidence=measured(
            "CreateJobQueue",
            "The jobQueueType provided is …, which is incompatible with the provided serviceEnvironmentOrder.",
        ),
        fails=training(jobQueueType="ECS"),
        passes=training(),
    ),
)
