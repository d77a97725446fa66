"""Environments, queues and policies as AWS describes them, against the declarations that they came of: no change."""

import pytest

from reconciler.model import Json
from tests.builders import CE, JQ, SLR, SP, ec2, fair, live, queue
from tests.diff.described import ARN, IAM, told


def managed(**resources: Json) -> dict[str, Json]:
    return {"type": "MANAGED", "computeResources": resources}


NET = {"subnets": ["subnet-a", "subnet-b"], "securityGroupIds": ["sg-a", "sg-b"]}
NET_SHOWN = {name: ids[::-1] for name, ids in NET.items()}
AL2023 = [{"imageType": "ECS_AL2023"}]
CLUSTER = {"eksClusterArn": "arn:aws:eks:us-east-1:123456789012:cluster/c", "kubernetesNamespace": "batch"}
PROVIDER = {
    "infrastructureRoleArn": f"{IAM}role/r",
    "instanceLaunchTemplate": {
        "ec2InstanceProfileArn": f"{IAM}instance-profile/p",
        "networkConfiguration": {"subnets": ["a", "b"], "securityGroups": ["c", "d"]},
    },
}


@pytest.mark.parametrize(
    ("declared", "shown"),
    [
        pytest.param(
            {"type": "managed", **managed(type="EC2", minvCpus=0, maxvCpus=4, instanceTypes=["optimal", "c5"],
                                          instanceRole="ecsInstanceRole", **NET)},
            {"serviceRole": SLR, **managed(
                type="EC2", minvCpus=0, maxvCpus=4, desiredvCpus=2, instanceTypes=["c5", "optimal"], tags={},
                instanceRole=f"{IAM}instance-profile/team/ecsInstanceRole", **NET_SHOWN,
                ec2Configuration=[{"imageType": "ECS_AL2023", "batchImageStatus": "UPDATE_AVAILABLE"}])},
            id="EC2 with nothing but what is required",
        ),
        pytest.param(
            ec2(launchTemplate={"launchTemplateName": "lt"}, instanceRole=f"{IAM}instance-profile/ecsInstanceRole"),
            {**ec2(launchTemplate={"launchTemplateName": "lt", "overrides": [], "version": "$Default",
                                   "userdataType": "EKS_BOOTSTRAP_SH"}, tags={}, desiredvCpus=0,
                   ec2Configuration=AL2023), "serviceRole": SLR},
            id="a launch template by its name",
        ),
        pytest.param(
            ec2(launchTemplate={"launchTemplateId": "lt-1", "version": "", "overrides": [
                {"launchTemplateId": "lt-2", "targetInstanceTypes": ["m5.large", "m5.xlarge"]},
                {"launchTemplateId": "lt-3", "targetInstanceTypes": ["m5.24xlarge"], "version": "$Default"}]}),
            {**ec2(launchTemplate={"launchTemplateId": "lt-1", "overrides": [
                {"launchTemplateId": "lt-3", "targetInstanceTypes": ["m5.24xlarge"]},
                {"launchTemplateId": "lt-2", "targetInstanceTypes": ["m5.xlarge", "m5.large"],
                 "userdataType": "EKS_BOOTSTRAP_SH"}]}), "serviceRole": SLR},
            id="overrides of a launch template",
        ),
        pytest.param(
            ec2(ec2KeyPair="", imageId="", placementGroup="", tags={}, scalingPolicy={"minScaleDownDelayMinutes": 0}),
            {**ec2(tags={}, desiredvCpus=0, ec2Configuration=AL2023), "serviceRole": SLR},
            id="members that are written as unset",
        ),
        pytest.param(
            ec2(type="SPOT", bidPercentage=100, allocationStrategy="BEST_FIT", spotIamFleetRole="fleet"),
            {**ec2(type="SPOT", allocationStrategy=None, spotIamFleetRole=f"{IAM}role/fleet", tags={},
                   ec2Configuration=AL2023), "serviceRole": SLR},
            id="Spot with the documented defaults",
        ),
        pytest.param(
            {**ec2(), "updatePolicy": {"terminateJobsOnUpdate": False}, "ecsSettings": {"containerInsights": "DISABLED"}},
            {**ec2(tags={}), "serviceRole": SLR},
            id="policies that are the default",
        ),
        pytest.param(
            ec2(),
            {**ec2(tags={}), "serviceRole": SLR, "ecsSettings": {"containerInsights": "DISABLED"},
             "updatePolicy": {"terminateJobsOnUpdate": False, "jobExecutionTimeoutMinutes": 30}},
            id="policies that once were set",
        ),
        pytest.param(
            {**managed(type="FARGATE", maxvCpus=4, **NET), "updatePolicy": {"terminateJobsOnUpdate": True}},
            {**managed(type="FARGATE", maxvCpus=4, instanceTypes=[], ec2Configuration=[], **NET_SHOWN), "serviceRole": SLR},
            id="Fargate, and a policy for instances that it has not",
        ),
        pytest.param(
            {**ec2(), "eksConfiguration": CLUSTER},
            {**ec2(ec2Configuration=[{"imageType": "EKS_AL2023"}], tags={}), "serviceRole": SLR,
             "containerOrchestrationType": "EKS", "eksConfiguration": {**CLUSTER, "accessEntry": {"status": "ACTIVE"}}},
            id="EKS without an access entry of its own",
        ),
        pytest.param(
            managed(type="ECS_MANAGED_INSTANCES", maxvCpus=4, managedInstancesProvider=PROVIDER),
            {**managed(type="ECS_MANAGED_INSTANCES", maxvCpus=4, managedInstancesProvider={
                **PROVIDER, "propagateTags": "NONE", "infrastructureOptimization": {"scaleInAfter": 300},
                "instanceLaunchTemplate": {
                    **PROVIDER["instanceLaunchTemplate"], "capacityOptionType": "ON_DEMAND", "fipsEnabled": False,
                    "monitoring": "BASIC", "storageConfiguration": {"storageSizeGiB": 80},
                    "instanceRequirements": {"allowedInstanceTypes": ["*"]}}}), "serviceRole": SLR},
            id="managed instances with anything filled in",
        ),
        pytest.param(
            {"type": "UNMANAGED", "serviceRole": "AWSBatchServiceRole"},
            {"type": "UNMANAGED", "serviceRole": f"{IAM}role/service-role/AWSBatchServiceRole"},
            id="a role of one's own, by its name",
        ),
        pytest.param(
            {"type": "UNMANAGED", "serviceRole": "service-role/AWSBatchServiceRole"},
            {"type": "UNMANAGED", "serviceRole": f"{IAM}role/service-role/AWSBatchServiceRole"},
            id="a role of one's own, by path and name",
        ),
        pytest.param(
            ec2(),
            {**ec2(tags={}, capacityScore=7), "serviceRole": SLR, "createdAt": 1800000000, "health": {"score": 1}},
            id="members that the service has gained since",
        ),
    ],
)  # fmt: skip
def test_a_compute_environment_as_described_is_as_declared(declared: dict[str, Json], shown: dict[str, Json]) -> None:
    assert told(CE, declared, shown) == []


LIMITS = [{"state": "RUNNABLE", "reason": reason, "maxTimeSeconds": 600, "action": "CANCEL"} for reason in "AB"]


@pytest.mark.parametrize(
    ("declared", "shown"),
    [
        ({}, {"jobStateTimeLimitActions": [], "jobQueueType": "ECS"}),
        ({"jobQueueType": "ECS", "serviceEnvironmentOrder": []}, {}),
        ({"jobStateTimeLimitActions": LIMITS}, {"jobStateTimeLimitActions": LIMITS[::-1], "jobQueueType": "ECS"}),
        ({"schedulingPolicyArn": "fair"}, {"schedulingPolicyArn": f"{ARN}scheduling-policy/fair"}),
    ],
)
def test_a_job_queue_as_described_is_as_declared(declared: dict[str, Json], shown: dict[str, Json]) -> None:
    others = [live(CE, "a", ec2()), live(CE, "b", ec2()), live(SP, "fair", fair(), status="")]
    order = [{"order": 7, "computeEnvironment": f"{ARN}compute-environment/b"},
             {"order": 0, "computeEnvironment": f"{ARN}compute-environment/a"}]  # fmt: skip
    body = {"priority": 1, "computeEnvironmentOrder": order, **shown}
    assert told(JQ, {**queue("a", f"{ARN}compute-environment/b"), **declared}, body, *others) == []


@pytest.mark.parametrize(
    ("declared", "shown"),
    [
        ({}, {"fairsharePolicy": {}}),
        ({"fairsharePolicy": {}}, {"fairsharePolicy": {"shareDecaySeconds": 0, "computeReservation": 0, "shareDistribution": []}}),
        (
            fair(computeReservation=0, shareDistribution=[{"shareIdentifier": "B*", "weightFactor": 0.1}, {"shareIdentifier": "A"}]),
            fair(shareDistribution=[{"shareIdentifier": "A", "weightFactor": 1.0},
                                    {"shareIdentifier": "B*", "weightFactor": 0.10000000149011612}]),
        ),
    ],
)  # fmt: skip
def test_a_scheduling_policy_as_described_is_as_declared(declared: dict[str, Json], shown: dict[str, Json]) -> None:
    assert told(SP, declared, shown) == []
