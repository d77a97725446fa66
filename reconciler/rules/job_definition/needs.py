"""What a job needs to start: a kind of environment, and so many vCPUs at once."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from reconciler.model import Path, Spec
from reconciler.rules import pods
from reconciler.rules.base import Subject
from reconciler.rules.containers import TaskPlace, containers_of, homes, platform
from reconciler.rules.job_definition.sizes import number, wanted
from reconciler.rules.job_queue.bodies import Attached, environments_of, is_training

QUEUE = "JobQueue"
# The jobQueueType that goes with each platform of a definition.
_QUEUE_TYPES = {"EC2": "ECS", "FARGATE": "ECS_FARGATE", "MANAGED_INSTANCES": "ECS_MANAGED_INSTANCES"}


def queue_type(body: Spec) -> str:
    """Return the jobQueueType of queues that run a definition."""
    return "EKS" if pods.pods(body) else _QUEUE_TYPES.get(platform(body), "")


def queues(subject: Subject) -> list[Spec]:
    """Return the queues of the stack that jobs are submitted to; an empty one is unknown."""
    return [queue for _, queue in subject.every(QUEUE) if not is_training(queue)]


def known(subject: Subject) -> list[Attached]:
    """Return the environments of the stack's queues that may run the job; those outside the stack are left out."""
    return subject.once(_known).get(queue_type(subject.body), [])


def everywhere(subject: Subject) -> Mapping[str, list[Attached]]:
    """Return all environments of the stack's queues by jobQueueType; none if any is not known for certain."""
    return subject.once(_certain)


def certain(subject: Subject) -> list[Attached]:
    """Return all environments of the stack's queues that may run the job; none if any is not known for certain."""
    return everywhere(subject).get(queue_type(subject.body), [])


def _known(subject: Subject) -> Mapping[str, list[Attached]]:
    found: dict[str, list[Attached]] = {}
    for queue in queues(subject):
        for each in environments_of(subject, queue):
            if each is not None:
                found.setdefault(each.queue_type, []).append(each)
    return found


def _certain(subject: Subject) -> Mapping[str, list[Attached]]:
    lists = [environments_of(subject, queue) for queue in queues(subject)]
    is_certain = all(attached and all(each and each.queue_type for each in attached) for attached in lists)
    return subject.once(_known) if is_certain else {}


def vcpus(body: Spec) -> Iterator[tuple[Path, Decimal]]:
    """Yield how many vCPUs each container, task or pod needs at once, where that is told in numbers."""
    for home in homes(body):
        yield from _of_home(home)
    for pod in pods.pods(body):
        amounts = [_cpu_of(each.body) for each in pods.containers_of(pod) if "containers" in each.path]
        yield pod.path, sum(amounts, Decimal(0))


def _of_home(home: TaskPlace) -> Iterator[tuple[Path, Decimal]]:
    if home.is_task:
        found = [wanted(TaskPlace(each.path, each.body, is_task=False), "VCPU") for each in containers_of(home)]
        yield home.path, sum((number(one[1]) or Decimal(0) for one in found if one), Decimal(0))
    elif one := wanted(home, "VCPU"):
        yield one[0], number(one[1]) or Decimal(0)
    elif legacy := home.body.get("vcpus"):
        yield (*home.path, "vcpus"), Decimal(legacy)


def _cpu_of(container: Spec) -> Decimal:
    resources = container.get("resources") or {}
    amounts = {**(resources.get("limits") or {}), **(resources.get("requests") or {})}
    return number(amounts.get("cpu")) or Decimal(0)
