"""Compute environments in the sandbox: what images, clusters and managed instances show of themselves."""

from reconciler.sandbox.resources.defaults import KUBERNETES

UPDATE = "UpdateComputeEnvironment"


def test_the_state_of_an_image_shows_once_instances_have_run_with_it(lab):
    assert lab.environment("spot")["computeResources"]["ec2Configuration"] == [{"imageType": "ECS_AL2023"}]
    own = {"imageType": "ECS_AL2023", "imageIdOverride": "ami-1"}
    lab.environment("own", **lab.ec2("own", minvCpus=1, ec2Configuration=[own]))
    lab.call(UPDATE, computeEnvironment="spot", computeResources={"minvCpus": 1})
    shown = {"imageType": "ECS_AL2023", "batchImageStatus": "LATEST"}
    assert lab.see("spot")["computeResources"]["ec2Configuration"] == [shown]
    assert lab.see("own")["computeResources"]["ec2Configuration"] == [own]


def test_an_eks_environment_is_marked_as_one(lab):
    cluster = {"eksClusterArn": "arn:aws:eks:us-east-1:123456789012:cluster/c", "kubernetesNamespace": "batch"}
    seen = lab.environment("pods", eksConfiguration=cluster)
    assert (seen["containerOrchestrationType"], seen["eksConfiguration"]) == ("EKS", cluster)
    assert seen["computeResources"]["ec2Configuration"] == [
        {"imageType": "EKS_AL2023", "imageKubernetesVersion": KUBERNETES}
    ]
    assert "ecsClusterArn" not in seen
    sent = {"accessEntry": {"desiredState": "ENABLED"}}
    lab.call(UPDATE, computeEnvironment="pods", eksConfiguration=sent)
    entry = {"desiredState": "ENABLED", "status": "ACTIVE"}
    assert lab.see("pods")["eksConfiguration"] == {**cluster, "accessEntry": entry}


def test_managed_instances_live_in_their_provider_and_merge_deeply(lab):
    template = {
        "ec2InstanceProfileArn": "arn:aws:iam::123456789012:instance-profile/p",
        "networkConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"]},
    }
    provider = {"infrastructureRoleArn": "arn:aws:iam::123456789012:role/r", "instanceLaunchTemplate": template}
    resources = {"type": "ECS_MANAGED_INSTANCES", "maxvCpus": 4, "managedInstancesProvider": provider}
    lab.environment("mi", computeEnvironmentName="mi", computeResources=resources)
    sent = {"managedInstancesProvider": {"instanceLaunchTemplate": {"monitoring": "DETAILED"}}}
    lab.call(UPDATE, computeEnvironment="mi", computeResources=sent)
    after = {**provider, "instanceLaunchTemplate": {**template, "monitoring": "DETAILED"}}
    assert lab.see("mi")["computeResources"]["managedInstancesProvider"] == after
    words = lab.refused(
        "CreateComputeEnvironment",
        computeEnvironmentName="bad",
        type="MANAGED",
        computeResources={**resources, "minvCpus": 0},
    )
    assert words == "minvCpus is not applicable for ECS_MANAGED_INSTANCES."
