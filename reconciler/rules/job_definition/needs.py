"""What a job needs to start: a kind of environment, and so many vCPUs at once."""

from collections.abc import Iterable, Iterator
from decimal import Decimal

from reconciler.model import Path, Spec
from reconciler.rules import pods
from reconciler.rules.base import Subject
from reconciler.rules.containers import Home, containers_of, homes, platform
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


def known_environments(subject: Subject) -> list[Attached]:
    """Return the environments of all queues that the stack has; those outside it are left out."""
    found = (environments_of(subject, queue) for queue in queues(subject))
    return [each for attached in found for each in attached if each is not None]


def all_environments(subject: Subject) -> list[Attached]:
    """Return the environments of all queues that the stack has; none if any of them is not known for certain."""
    found = [each for queue in queues(subject) for each in environments_of(subject, queue) or [None]]
    certain = [each for each in found if each is not None and each.queue_type]
    return certain if len(certain) == len(found) else []


def fitting(environments: Iterable[Attached], body: Spec) -> list[Attached]:
    return [each for each in environments if each.queue_type == queue_type(body)]


def vcpus(body: Spec) -> Iterator[tuple[Path, Decimal]]:
    """Yield how many vCPUs each container, task or pod needs at once, where that is told in numbers."""
    for home in homes(body):
        yield from _of_home(home)
    for pod in pods.pods(body):
        amounts = [_cpu_of(each.body) for each in pods.containers_of(pod) if "containers" in each.path]
        yield pod.path, sum(amounts, Decimal(0))


def _of_home(home: Home) -> Iterator[tuple[Path, Decimal]]:
    if home.is_task:
        found = [wanted(Home(each.path, each.body, is_task=False), "VCPU") for each in containers_of(home)]
        yield home.path, sum((number(one[1]) or Decimal(0) for one in found if one), Decimal(0))
    elif one := wanted(home, "VCPU"):
        yield one[0], number(one[1]) or Decimal(0)
    elif legacy := home.body.get("vcpus"):
        yield (*home.path, "vcpus"), Decimal(legacy)


def _cpu_of(container: Spec) -> Decimal:
    resources = container.get("resources") or {}
    amounts = {**(resources.get("limits") or {}), **(resources.get("requests") or {})}
    return number(amounts.get("cpu")) or Decimal(0)
