"""All ECS containers of a job definition, however it nests them, each with the path that leads there."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from reconciler.model import Json, Path, Spec
from reconciler.rules.base import Findings, Subject


class TaskPlace(NamedTuple):
    """What has roles, volumes and the platform's members: a job's only container, or the task of several."""

    path: Path
    body: Spec
    is_task: bool


class Container(NamedTuple):
    """One container and its home; a job's only container is its own home."""

    path: Path
    body: Spec
    home: TaskPlace


Check = Callable[[Subject], Findings]
SINGLE: Path = ("containerProperties",)


def platform(body: Spec) -> str:
    """Return where the job runs: EC2, also when nothing is said, FARGATE or MANAGED_INSTANCES."""
    capabilities = body.get("platformCapabilities")
    return str(capabilities[0]) if capabilities else "EC2"


def each_container(look: Callable[[Container], Findings], *, about: str = "", on: str = "") -> Check:
    """Make a check that looks at every ECS container.

    `about` is a member without which there is nothing to look at; `on` is a platform. None is any.
    """

    def check(subject: Subject) -> Findings:
        if not on or platform(subject.body) == on:
            for container in subject.seen(containers):
                if not about or about in container.body:
                    yield from look(container)

    return check


def each_home(look: Callable[[TaskPlace], Findings], *, about: str = "", on: str = "") -> Check:
    """Make a check that looks at every single container and every task, as `each_container` does."""

    def check(subject: Subject) -> Findings:
        if not on or platform(subject.body) == on:
            for home in subject.seen(homes):
                if not about or about in home.body:
                    yield from look(home)

    return check


def each_single(look: Callable[[TaskPlace], Findings], *, about: str = "", on: str = "") -> Check:
    """Make a check that looks at containers that are their own home: what a task's containers need differs."""

    def look_outside_tasks(home: TaskPlace) -> Findings:
        if not home.is_task:
            yield from look(home)

    return each_home(look_outside_tasks, about=about, on=on)


def containers(body: Spec) -> list[Container]:
    """Return every ECS container: containerProperties, those of tasks, those of node ranges."""
    return [container for home in homes(body) for container in containers_of(home)]


def containers_of(home: TaskPlace) -> list[Container]:
    """Return the containers of a task, or the one that is its own home."""
    if not home.is_task:
        return [Container(home.path, home.body, home)]
    inside = enumerate(home.body.get("containers") or ())
    return [Container((*home.path, "containers", index), each, home) for index, each in inside]


def homes(body: Spec) -> list[TaskPlace]:
    """Return every container outside a task, and every task."""
    places = []
    single = body.get("containerProperties")
    if single is not None:
        places.append(TaskPlace(SINGLE, single, is_task=False))
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


def _tasks(path: Path, body: Spec) -> Iterator[TaskPlace]:
    tasks = (body.get("ecsProperties") or {}).get("taskProperties") or ()
    for index, task in enumerate(tasks):
        yield TaskPlace((*path, "ecsProperties", "taskProperties", index), task, is_task=True)


def _of_nodes(nodes: Spec) -> Iterator[TaskPlace]:
    for index, span in enumerate(nodes.get("nodeRangeProperties") or ()):
        path = ("nodeProperties", "nodeRangeProperties", index)
        container = span.get("container")
        if container is not None:
            yield TaskPlace((*path, "container"), container, is_task=False)
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
    """Make a check that looks at every pod."""

    def check(subject: Subject) -> Findings:
        for pod in pods(subject.body):
            yield from look(pod)

    return check


def each_pod_container(look: Callable[[PodContainer], Findings]) -> PodCheck:
    """Make a check that looks at every container of every pod, init containers too."""

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
