"""Checks of every task, container or pod of a job definition, and the definitions that examples of rules vary."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from reconciler.kinds.tasks import (
    Container,
    EcsTask,
    Pod,
    PodContainer,
    containers,
    containers_of_pod,
    ecs_tasks,
    platform,
    pods,
)
from reconciler.model import Json, Path, Spec
from reconciler.rules.base import Check, Example, FieldCheck, Findings, Subject, if_any, if_known

Looked = TypeVar("Looked", Container, EcsTask)


def each_container(look: Callable[[Container], Findings], *, about: str = "", on: str = "") -> Check:
    """Return a check of every ECS container.

    `about` is a field: only containers that have it are checked. `on` is a platform: only its jobs are checked.
    """

    def check(subject: Subject) -> Findings:
        if not on or platform(subject.body) == on:
            yield from _look_at_each(subject, subject.cached(containers), look, about)

    return _if_about(check, about, on)


def each_ecs_task(look: Callable[[EcsTask], Findings], *, about: str = "", on: str = "") -> Check:
    """Return a check of every task, with the options of `each_container`."""

    def check(subject: Subject) -> Findings:
        if not on or platform(subject.body) == on:
            yield from _look_at_each(subject, subject.cached(ecs_tasks), look, about)

    return _if_about(check, about, on)


def _look_at_each(
    subject: Subject, places: Iterable[Looked], look: Callable[[Looked], Findings], about: str
) -> Findings:
    """Yield what is found in each place that has a field, of each as far as that is known."""
    for at in places:
        if subject.has_unknown:
            yield from if_known(_look_about(about, look, at))
        elif not about or about in at.body:
            yield from look(at)


def _look_about(about: str, look: Callable[[Looked], Findings], at: Looked) -> Findings:
    if not about or about in at.body:
        yield from look(at)


def _if_about(check: Check, about: str, on: str) -> Check:
    if on not in ("", "EC2"):  # which is the platform of a job that names none
        return FieldCheck(frozenset({"platformCapabilities"}), check)
    return FieldCheck(frozenset({about}), check) if about else check


def each_single(look: Callable[[EcsTask], Findings], *, about: str = "", on: str = "") -> Check:
    """Return a check of the containers outside tasks, with the options of `each_container`."""

    def look_outside_tasks(ecs_task: EcsTask) -> Findings:
        if not ecs_task.has_containers:
            yield from look(ecs_task)

    return each_ecs_task(look_outside_tasks, about=about, on=on)


def each_pod(look: Callable[[Pod], Findings]) -> Check:
    """Return a check of every pod."""

    @if_any("eksProperties")
    def check(subject: Subject) -> Findings:
        for pod in pods(subject.body):
            yield from if_known(look(pod))

    return check


def each_pod_container(look: Callable[[PodContainer], Findings]) -> Check:
    """Return a check of every container of every pod, also of init containers."""

    @if_any("eksProperties")
    def check(subject: Subject) -> Findings:
        for pod in pods(subject.body):
            for container in containers_of_pod(pod):
                yield from if_known(look(container))

    return check


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


# Job definitions that nothing is wrong with, to be varied by the examples of rules.

ROLE = "arn:aws:iam::123456789012:role/job"
IMAGE = "public.ecr.aws/docker/library/busybox:1.36"


def size(vcpus: Json = 1, memory: Json = 2048, **more: Json) -> list[Spec]:
    """Return resource requirements; what is None is left out."""
    wanted = {"VCPU": vcpus, "MEMORY": memory, **more}
    return [{"type": kind, "value": value} for kind, value in wanted.items() if value is not None]


def job(**members: Json) -> Example:
    """Return a single-node job with these members at its top."""
    return Example(_given({"type": "container", **members}))


def ec2(**members: Json) -> Example:
    """Return a job of one container on EC2 that has these members; None takes one away."""
    return job(containerProperties=_container(members))


def fargate(**members: Json) -> Example:
    """Return a job of one container on Fargate that has these members; None takes one away."""
    container = _container({"executionRoleArn": ROLE, **members})
    return job(platformCapabilities=["FARGATE"], containerProperties=container)


def windows(**members: Json) -> Example:
    """Return a job of one Windows container on Fargate that has these members."""
    return fargate(**{"runtimePlatform": {"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}, **members})


def task(**members: Json) -> Example:
    """Return a job of one task on EC2 that has these members, and one container."""
    container = {"name": "main", **_container({})}
    return job(ecsProperties={"taskProperties": [_given({"containers": [container], **members})]})


def _container(members: Spec) -> Spec:
    return _given({"image": IMAGE, "resourceRequirements": size(), **members})


def _given(members: Spec) -> Spec:
    return {name: value for name, value in members.items() if value is not None}
