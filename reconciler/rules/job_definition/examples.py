"""Job definitions that nothing is wrong with, to be varied by the examples of rules."""

from reconciler.model import Json, Spec
from reconciler.rules.base import Example

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
