"""Compute environments in the sandbox: what AWS refuses about them."""

import pytest

from reconciler.model import Identity
from reconciler.sandbox.core.service import SimulatedCloud

UPDATE = "UpdateComputeEnvironment"


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({}, "One of [state | compute-resources | service-role | unmanaged-vcpus] is required."),
        ({"computeResources": {}}, "At least one compute-resources attribute must be specified"),
        (
            {"computeResources": {"desiredvCpus": 2}},
            (
                "Manually scaling down compute environment is not supported. Disconnecting job queues from compute "
                "environment will cause it to scale-down to minvCpus."
            ),
        ),
        ({"computeResources": {"desiredvCpus": 100}}, "desiredvCpus should be between minvCpus and maxvCpus."),
        (
            {"serviceRole": "batch"},
            "The service role cannot be changed between the Batch Service Linked Role and a regular IAM role.",
        ),
        ({"computeResources": {"type": "FARGATE"}}, "The type can only be changed between EC2 and SPOT."),
        (
            {"computeResources": {"allocationStrategy": "SPOT_CAPACITY_OPTIMIZED"}},
            "Invalid compute resource allocation strategy SPOT_CAPACITY_OPTIMIZED for type EC2",
        ),
        ({"unmanagedvCpus": 4}, "unmanagedvCpus can only be set on an UNMANAGED compute environment."),
    ],
)
def test_an_update_that_aws_refuses_is_refused(lab, request_, words):
    lab.environment("spot", **lab.ec2("spot", minvCpus=4))
    assert lab.refused(UPDATE, computeEnvironment="spot", **request_) == words
    assert lab.see("spot")["status"] == "VALID"


def test_instances_are_only_replaced_with_the_service_linked_role(lab):
    lab.environment("spot", serviceRole="batch")
    assert lab.refused(UPDATE, computeEnvironment="spot", computeResources={"imageId": "ami-1"}) == (
        "Following fields [imageId] can be updated only for Non-fargate Compute Environment having a Batch Service "
        "Linked Role."
    )
    lab.call(UPDATE, computeEnvironment="spot", computeResources={"maxvCpus": 2})


def test_instances_are_only_replaced_with_an_updatable_strategy(lab):
    body = lab.ec2("spot")
    del body["computeResources"]["allocationStrategy"]
    assert "allocationStrategy" not in lab.environment("spot", **body)["computeResources"]
    assert "BEST_FIT" in lab.refused(UPDATE, computeEnvironment="spot", computeResources={"imageId": "ami-1"})
    sent = {"imageId": "ami-1", "allocationStrategy": "BEST_FIT_PROGRESSIVE"}
    lab.call(UPDATE, computeEnvironment="spot", computeResources=sent)


def test_best_fit_is_no_value_of_an_update(lab):
    lab.environment("spot")
    sent = {"allocationStrategy": "BEST_FIT"}
    words = lab.refused(UPDATE, computeEnvironment="spot", computeResources=sent)
    assert words.startswith("Invalid value for parameter computeResources.allocationStrategy: BEST_FIT")


def test_fargate_names_every_member_that_it_cannot_update(lab):
    lab.environment("serverless", **lab.fargate())
    words = (
        "The following parameters can't be updated for Fargate compute environment: allocationStrategy, bidPercentage, "
        "ec2Configuration, ec2KeyPair, imageId, instanceRole, instanceTypes, launchTemplate, placementGroup, tags, type, "
        "updatePolicy, updateToLatestImageVersion."
    )
    for sent in ({"computeResources": {"tags": {"a": "b"}}}, {"computeResources": {"type": "FARGATE_SPOT"}}):
        assert lab.refused(UPDATE, computeEnvironment="serverless", **sent) == words
    policy = {"terminateJobsOnUpdate": True}
    assert lab.refused(UPDATE, computeEnvironment="serverless", state="ENABLED", updatePolicy=policy) == words


@pytest.mark.parametrize(
    ("resources", "words"),
    [
        ({"instanceTypes": []}, "Resource instanceTypes are required."),
        ({"instanceRole": ""}, "Instance role is required."),
        ({"minvCpus": None}, "Resource minvCpus is required."),
        ({"minvCpus": -1}, "minvCpus should be greater than or equal to 0."),
        ({"minvCpus": 65}, "maxvCpus should be greater than or equal to minvCpus."),
        ({"desiredvCpus": 65}, "desiredvCpus should be between minvCpus and maxvCpus."),
        ({"securityGroupIds": []}, "Security group ids are required."),
        (
            {"scalingPolicy": {"minScaleDownDelayMinutes": 5}},
            "minScaleDownDelayMinutes should be 0, or between 20 and 10080.",
        ),
        ({"type": "SPOT", "allocationStrategy": "BEST_FIT"}, "compute resource spotIamFleetRole is required."),
        (
            {"allocationStrategy": "SPOT_CAPACITY_OPTIMIZED"},
            "Invalid compute resource allocation strategy SPOT_CAPACITY_OPTIMIZED for type EC2",
        ),
        (
            {"allocationStrategy": "BEST_FIT_PROGRESSIVE_ORDERED", "instanceTypes": ["optimal"]},
            (
                "Instance type bundles (e.g. optimal, default_x86_64) are not allowed for BEST_FIT_PROGRESSIVE_ORDERED "
                "allocation strategy. Specify instance families or types directly."
            ),
        ),
        (
            {"instanceTypes": ["m6g.large", "m6i.large"]},
            "arm-based instance type cannot be used with other instance types",
        ),
        (
            {"launchTemplate": {"launchTemplateId": "lt-1", "launchTemplateName": "a"}},
            "One of LaunchTemplateId and LaunchTemplateName or LaunchTemplate.overrides should be provided",
        ),
        (
            {"launchTemplate": {"launchTemplateId": "lt-1", "version": "newest"}},
            "LaunchTemplateVersion must be either empty or a number or $Default or $Latest",
        ),
        (
            {"ec2Configuration": [{"imageType": "ECS_WINDOWS"}]},
            "Invalid imageType in ComputeResources.ec2Configuration",
        ),
        ({"ec2Configuration": [{"imageType": "ECS_AL2"}]}, "Amazon Linux 2 is end-of-life."),
    ],
)
def test_an_ec2_environment_that_aws_refuses_is_refused(lab, resources, words):
    assert lab.refused("CreateComputeEnvironment", **lab.ec2("spot", **resources)) == words
    assert lab.see("spot") is None


@pytest.mark.parametrize("types", [["g4dn", "g5", "m6i"], ["m6g", "c7gn", "x2gd", "t4g", "a1", "default_arm64"]])
def test_families_of_one_architecture_go_together(lab, types):
    assert lab.environment("spot", **lab.ec2("spot", instanceTypes=types))["status"] == "VALID"


@pytest.mark.parametrize(
    "member",
    ["minvCpus", "desiredvCpus", "instanceTypes", "instanceRole", "tags", "bidPercentage", "allocationStrategy"],
)
def test_fargate_takes_no_member_of_instances(lab, member):
    value = lab.ec2()["computeResources"].get(member, {"a": "b"} if member == "tags" else 1)
    words = lab.refused("CreateComputeEnvironment", **lab.fargate("serverless", **{member: value}))
    assert words == f"{member} is not applicable for Fargate."


def test_networks_of_fargate_are_bounded(lab):
    groups = [f"sg-{number}" for number in range(6)]
    words = lab.refused("CreateComputeEnvironment", **lab.fargate("serverless", securityGroupIds=groups))
    assert words == "Fargate supports a maximum of 5 security groups."


def test_an_environment_is_created_enabled_or_not_at_all(lab):
    words = lab.refused("CreateComputeEnvironment", **lab.ec2("spot"), state="DISABLED")
    assert words == "Compute Environment must be created in ENABLED state."


def test_a_managed_environment_needs_resources_and_an_unmanaged_one_a_role(lab):
    words = lab.refused("CreateComputeEnvironment", computeEnvironmentName="spot", type="MANAGED")
    assert words == "computeResources is missing but required on a managed compute environment"
    words = lab.refused("CreateComputeEnvironment", computeEnvironmentName="own", type="UNMANAGED")
    assert words == "serviceRole is required on an unmanaged compute environment."


@pytest.mark.parametrize(
    ("cluster", "resources", "words"),
    [
        ({}, {"allocationStrategy": None}, "allocationStrategy is required for EKS Compute Environments."),
        ({"eksClusterArn": "cluster"}, {}, "eksClusterArn must be an EKS cluster ARN."),
        (
            {"eksClusterArn": "arn:aws:eks:eu-west-1:123456789012:cluster/c"},
            {},
            "eksClusterArn must be in the same AWS region as the compute environment",
        ),
        (
            {"kubernetesNamespace": "default"},
            {},
            "kubernetesNamespace cannot be the default Kubernetes namespace.",
        ),
    ],
)
def test_an_eks_environment_that_aws_refuses_is_refused(lab, cluster, resources, words):
    good = {"eksClusterArn": "arn:aws:eks:us-east-1:123456789012:cluster/c", "kubernetesNamespace": "batch"}
    request = {**lab.ec2("pods", **resources), "eksConfiguration": good | cluster}
    assert lab.refused("CreateComputeEnvironment", **request) == words


@pytest.mark.parametrize("operation", [UPDATE, "DeleteComputeEnvironment"])
def test_changing_an_unknown_environment_says_that_it_does_not_exist(lab, operation):
    assert lab.refused(operation, computeEnvironment="nobody") == "nobody does not exist"


def test_an_update_policy_alone_is_refused_in_govcloud_only(lab):
    policy = {"terminateJobsOnUpdate": True}
    lab.environment("spot")
    lab.call(UPDATE, computeEnvironment="spot", updatePolicy=policy)
    lab.cloud = SimulatedCloud(lab.simulator, Identity("123456789012", "us-gov-west-1", "aws-us-gov"))
    lab.environment("spot")
    assert lab.refused(UPDATE, computeEnvironment="spot", updatePolicy=policy) == (
        "One of [state | compute-resources | service-role | unmanaged-vcpus] is required."
    )


@pytest.mark.parametrize("unknown", ["unknown", "m5.huge", "z99.large", "m6i.", "", "optimal.large"])
def test_an_instance_type_that_does_not_exist_is_refused(lab, unknown):
    """As amazon-genomics-cli issue 209 shows it: the call fails, and the message lists what there is."""
    words = lab.refused("CreateComputeEnvironment", **lab.ec2("spot", instanceTypes=["m5.large", unknown]))
    assert words.startswith("Instance type can only be one of [a1, a1.2xlarge, ")
    assert words.endswith("]")
    assert {"optimal", "m5", "m5.large"} <= set(words.partition("[")[2].rstrip("]").split(", "))
    lab.environment("spot")
    sent = {"instanceTypes": [unknown]}
    assert lab.refused(UPDATE, computeEnvironment="spot", computeResources=sent) == words


@pytest.mark.parametrize("known", ["m5.large", "m8i-flex", "p6-b200.48xlarge", "u7i-12tb", "optimal", "default_x86_64"])
def test_an_instance_type_that_exists_is_taken(lab, known):
    assert lab.environment("spot", **lab.ec2("spot", instanceTypes=[known]))["status"] == "VALID"
