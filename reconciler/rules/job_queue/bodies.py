"""Job queues as rules read them, with the environments of the stack that they refer to.

A body that is referred to may have problems of its own: whatever does not look right is taken as unknown.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reconciler.model import Json, Path, Spec
from reconciler.rules.base import Example, Subject
from reconciler.rules.compute_environment import common as environments
from reconciler.rules.compute_environment.instance_types import architectures

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
        """Return the jobQueueType that goes with the environment; empty if that is unclear."""
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
        found = (
            architectures(map(str, types)) if self.type in environments.INSTANCES and isinstance(types, list) else {}
        )
        return next(iter(found)) if len(found) == 1 else None


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
    """Return the environments that a queue of the stack uses; None stands for one outside the stack."""
    listed = queue.get("computeEnvironmentOrder")
    found = enumerate(listed if isinstance(listed, list) else ())
    return [_attached(subject, ("computeEnvironmentOrder", index), _mapping(entry)) for index, entry in found]


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
