"""The ECS tasks, containers and pods of a job definition, however it nests them, each with its path."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from reconciler.model import Json, Path, Spec
from reconciler.rules.base import Findings, Subject


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


Check = Callable[[Subject], Findings]
SINGLE: Path = ("containerProperties",)


def platform(body: Spec) -> str:
    """Return the platform of the job: EC2 (the default), FARGATE or MANAGED_INSTANCES."""
    capabilities = body.get("platformCapabilities")
    return str(capabilities[0]) if capabilities else "EC2"


def each_container(look: Callable[[Container], Findings], *, about: str = "", on: str = "") -> Check:
    """Return a check of every ECS container.

    `about` is a field: only containers that have it are checked. `on` is a platform: only its jobs are checked.
    """

    def check(subject: Subject) -> Findings:
        if not on or platform(subject.body) == on:
            for container in subject.cached(containers):
                if not about or about in container.body:
                    yield from look(container)

    return check


def each_ecs_task(look: Callable[[EcsTask], Findings], *, about: str = "", on: str = "") -> Check:
    """Return a check of every task, with the options of `each_container`."""

    def check(subject: Subject) -> Findings:
        if not on or platform(subject.body) == on:
            for ecs_task in subject.cached(ecs_tasks):
                if not about or about in ecs_task.body:
                    yield from look(ecs_task)

    return check


def each_single(look: Callable[[EcsTask], Findings], *, about: str = "", on: str = "") -> Check:
    """Return a check of the containers outside tasks, with the options of `each_container`."""

    def look_outside_tasks(ecs_task: EcsTask) -> Findings:
        if not ecs_task.has_containers:
            yield from look(ecs_task)

    return each_ecs_task(look_outside_tasks, about=about, on=on)


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


def members(container: Container, name: str) -> Iterator[tuple[Path, Json]]:
    """Yield the entries of a container's list with their paths."""
    for index, entry in enumerate(container.body.get(name) or ()):
        yield (*container.path, name, index), entry


def repeated(values: Iterable[Json]) -> list[tuple[Json, int]]:
    """Return the values, other than none, that are there more than once, and how often."""
    listed = [value for value in values if value]
    if len(set(listed)) == len(listed):
        return []
    return [(value, count) for value, count in Counter(listed).items() if count > 1]


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


# All pods of a job definition and their containers, each with the path that leads there.


class Pod(NamedTuple):
    """The pod of a job, or of a range of its nodes."""

    path: Path
    body: Spec


class PodContainer(NamedTuple):
    """A container or init container, and its pod."""

    path: Path
    body: Spec
    pod: Pod


PodCheck = Callable[[Subject], Findings]
LISTS = ("containers", "initContainers")


def each_pod(look: Callable[[Pod], Findings]) -> PodCheck:
    """Return a check of every pod."""

    def check(subject: Subject) -> Findings:
        for pod in pods(subject.body):
            yield from look(pod)

    return check


def each_pod_container(look: Callable[[PodContainer], Findings]) -> PodCheck:
    """Return a check of every container of every pod, also of init containers."""

    def check(subject: Subject) -> Findings:
        for pod in pods(subject.body):
            for container in containers_of_pod(pod):
                yield from look(container)

    return check


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


def _pod(path: Path, body: Spec) -> list[Pod]:
    return [Pod((*path, "eksProperties", "podProperties"), body["eksProperties"].get("podProperties") or {})]
