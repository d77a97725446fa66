"""All pods of a job definition and their containers, each with the path that leads there."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from reconciler.model import Path, Spec
from reconciler.rules import containers
from reconciler.rules.base import Findings, Subject


class Pod(NamedTuple):
    """The pod of a job, or of a range of its nodes."""

    path: Path
    body: Spec


class PodContainer(NamedTuple):
    """A container or init container, and its pod."""

    path: Path
    body: Spec
    pod: Pod


Check = Callable[[Subject], Findings]
LISTS = ("containers", "initContainers")


def each_pod(look: Callable[[Pod], Findings]) -> Check:
    """Make a check that looks at every pod."""

    def check(subject: Subject) -> Findings:
        for pod in pods(subject.body):
            yield from look(pod)

    return check


def each_pod_container(look: Callable[[PodContainer], Findings]) -> Check:
    """Make a check that looks at every container of every pod, init containers too."""

    def check(subject: Subject) -> Findings:
        for pod in pods(subject.body):
            for container in containers_of(pod):
                yield from look(container)

    return check


def pods(body: Spec) -> list[Pod]:
    """Return the pod of eksProperties, and those of node ranges. A pod that is not there is an empty one."""
    found = _pod((), body) if "eksProperties" in body else []
    if "nodeProperties" in body:
        for index, span in enumerate(body["nodeProperties"].get("nodeRangeProperties") or ()):
            if "eksProperties" in span:
                found += _pod(("nodeProperties", "nodeRangeProperties", index), span)
    return found


def containers_of(pod: Pod) -> Iterator[PodContainer]:
    """Yield the containers of a pod, init containers last."""
    for name in LISTS:
        for index, body in enumerate(pod.body.get(name) or ()):
            yield PodContainer((*pod.path, name, index), body, pod)


def every_container(body: Spec) -> Iterator[tuple[Path, Spec]]:
    """Yield every container of a job definition, on ECS or in a pod, with its path."""
    for container in containers.containers(body):
        yield container.path, container.body
    for pod in pods(body):
        for each in containers_of(pod):
            yield each.path, each.body


def _pod(path: Path, body: Spec) -> list[Pod]:
    return [Pod((*path, "eksProperties", "podProperties"), body["eksProperties"].get("podProperties") or {})]
