"""The ECS tasks, containers and pods of a job definition, however it nests them, each with its path."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from reconciler.model import Path, Spec


class EcsTask(NamedTuple):
    """A task: it has roles, volumes and fields of the platform. A job's only container is a task without containers."""

    path: Path
    body: Spec
    has_containers: bool


class Container(NamedTuple):
    """One container and its task; a job's only container is its own task."""

    path: Path
    body: Spec
    ecs_task: EcsTask


class Pod(NamedTuple):
    """The pod of a job, or of a range of its nodes."""

    path: Path
    body: Spec


class PodContainer(NamedTuple):
    """A container or init container, and its pod."""

    path: Path
    body: Spec
    pod: Pod


# The sizes that Fargate has: MiB by vCPUs, as API_ResourceRequirement lists them.
FARGATE_MEMORIES: Mapping[Decimal, Sequence[int]] = {
    Decimal("0.25"): (512, 1024, 2048),
    Decimal("0.5"): range(1024, 4096 + 1, 1024),
    Decimal(1): range(2048, 8192 + 1, 1024),
    Decimal(2): range(4096, 16384 + 1, 1024),
    Decimal(4): range(8192, 30720 + 1, 1024),
    Decimal(8): range(16384, 61440 + 1, 4096),
    Decimal(16): range(32768, 122880 + 1, 8192),
    Decimal(32): (61440, 122880, 249856),
}
SINGLE: Path = ("containerProperties",)
LISTS = ("containers", "initContainers")  # of a pod


def platform(body: Spec) -> str:
    """Return the platform of the job: EC2 (the default), FARGATE or MANAGED_INSTANCES."""
    capabilities = body.get("platformCapabilities")
    return str(capabilities[0]) if capabilities else "EC2"


def containers(body: Spec) -> list[Container]:
    """Return every ECS container: containerProperties, those of tasks, those of node ranges."""
    return [container for ecs_task in ecs_tasks(body) for container in containers_of(ecs_task)]


def containers_of(ecs_task: EcsTask) -> list[Container]:
    """Return the containers of a task; one that is its own task is its own container."""
    if not ecs_task.has_containers:
        return [Container(ecs_task.path, ecs_task.body, ecs_task)]
    inside = enumerate(ecs_task.body.get("containers") or ())
    return [Container((*ecs_task.path, "containers", index), each, ecs_task) for index, each in inside]


def ecs_tasks(body: Spec) -> list[EcsTask]:
    """Return every task, and every container outside tasks as a task of its own."""
    places = []
    single = body.get("containerProperties")
    if single is not None:
        places.append(EcsTask(SINGLE, single, has_containers=False))
    if "ecsProperties" in body:
        places += _tasks((), body)
    if "nodeProperties" in body:
        places += _of_nodes(body["nodeProperties"] or {})
    return places


def pods(body: Spec) -> list[Pod]:
    """Return the pod of eksProperties, and those of node ranges. A pod that is not there is an empty one."""
    places = _pod((), body) if "eksProperties" in body else []
    if "nodeProperties" in body:
        for index, span in enumerate(body["nodeProperties"].get("nodeRangeProperties") or ()):
            if "eksProperties" in span:
                places += _pod(("nodeProperties", "nodeRangeProperties", index), span)
    return places


def containers_of_pod(pod: Pod) -> Iterator[PodContainer]:
    """Yield the containers of a pod, init containers last."""
    for name in LISTS:
        for index, body in enumerate(pod.body.get(name) or ()):
            yield PodContainer((*pod.path, name, index), body, pod)


def every_container(body: Spec) -> Iterator[tuple[Path, Spec]]:
    """Yield every container of a job definition, on ECS or in a pod, with its path."""
    for container in containers(body):
        yield container.path, container.body
    for pod in pods(body):
        for each in containers_of_pod(pod):
            yield each.path, each.body


def _tasks(path: Path, body: Spec) -> Iterator[EcsTask]:
    tasks = (body.get("ecsProperties") or {}).get("taskProperties") or ()
    for index, task in enumerate(tasks):
        yield EcsTask((*path, "ecsProperties", "taskProperties", index), task, has_containers=True)


def _of_nodes(nodes: Spec) -> Iterator[EcsTask]:
    for index, span in enumerate(nodes.get("nodeRangeProperties") or ()):
        path = ("nodeProperties", "nodeRangeProperties", index)
        container = span.get("container")
        if container is not None:
            yield EcsTask((*path, "container"), container, has_containers=False)
        yield from _tasks(path, span)


def _pod(path: Path, body: Spec) -> list[Pod]:
    return [Pod((*path, "eksProperties", "podProperties"), body["eksProperties"].get("podProperties") or {})]
