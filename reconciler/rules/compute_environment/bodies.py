"""Compute environments as rules read them, and as their examples are written."""

from collections.abc import Mapping

from reconciler.model import Json, Spec
from reconciler.rules.base import Example, Subject

FARGATE = ("FARGATE", "FARGATE_SPOT")
INSTANCES = ("EC2", "SPOT")
MANAGED_INSTANCES = "ECS_MANAGED_INSTANCES"

ROLE = "arn:aws:iam::123456789012:role/service-role/AWSBatchServiceRole"
SERVICE_LINKED = "arn:aws:iam::123456789012:role/aws-service-role/batch.amazonaws.com/AWSServiceRoleForBatch"
CLUSTER = "arn:aws:eks:us-east-1:123456789012:cluster/research"
ON_EKS: Spec = {"eksClusterArn": CLUSTER, "kubernetesNamespace": "batch"}
NETWORK: Spec = {"subnets": ["subnet-0a1b2c3d"], "securityGroupIds": ["sg-0a1b2c3d"]}
_EC2: Spec = {
    **NETWORK,
    "type": "EC2",
    "allocationStrategy": "BEST_FIT_PROGRESSIVE",
    "minvCpus": 0,
    "maxvCpus": 16,
    "instanceTypes": ["m6i"],
    "instanceRole": "ecsInstanceRole",
}
_TEMPLATE: Spec = {
    "ec2InstanceProfileArn": "arn:aws:iam::123456789012:instance-profile/ecsInstanceRole",
    "networkConfiguration": {"subnets": ["subnet-0a1b2c3d"], "securityGroups": ["sg-0a1b2c3d"]},
}


def resources_of(subject: Subject) -> Spec:
    resources: Spec = subject.body.get("computeResources", {})
    return resources


def type_of(subject: Subject) -> str:
    """Return where a managed environment runs its jobs: EC2, SPOT, FARGATE, …; empty for unmanaged ones."""
    return str(resources_of(subject).get("type", "")) if subject.body["type"] == "MANAGED" else ""


def is_given(value: Json) -> bool:
    """Whether a member says something: absent, empty text, empty list and empty map do not."""
    return value is not None and value not in ("", [], {})


def ec2(**members: Json) -> Example:
    """Write an environment of EC2 instances; members replace those of computeResources, None takes one away."""
    return _managed({**_EC2, **members})


def spot(**members: Json) -> Example:
    return ec2(**{"type": "SPOT", "allocationStrategy": "SPOT_PRICE_CAPACITY_OPTIMIZED", **members})


def fargate(**members: Json) -> Example:
    return _managed({**NETWORK, "type": "FARGATE", "maxvCpus": 16, **members})


def eks(*, namespace: str = "batch", cluster: str = CLUSTER, **members: Json) -> Example:
    return beside(ec2(**members), eksConfiguration={"eksClusterArn": cluster, "kubernetesNamespace": namespace})


def managed_instances(*, template: Mapping[str, Json] | None = None, **members: Json) -> Example:
    """Write an environment of ECS managed instances; `template` adds to its instanceLaunchTemplate."""
    provider = {
        "infrastructureRoleArn": "arn:aws:iam::123456789012:role/ecsInfrastructureRole",
        "instanceLaunchTemplate": {**_TEMPLATE, **(template or {})},
    }
    return _managed({"type": MANAGED_INSTANCES, "maxvCpus": 16, "managedInstancesProvider": provider, **members})


def unmanaged(**members: Json) -> Example:
    return beside(Example({"type": "UNMANAGED", "serviceRole": ROLE}), **members)


def beside(example: Example, **members: Json) -> Example:
    """Return the example with other members beside its computeResources; None takes one away."""
    return Example(_without_none({**example.body, **members}))


def _managed(resources: Spec) -> Example:
    return Example({"type": "MANAGED", "computeResources": _without_none(resources)})


def _without_none(members: Spec) -> Spec:
    return {name: value for name, value in members.items() if value is not None}
