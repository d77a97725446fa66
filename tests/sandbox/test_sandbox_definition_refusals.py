"""Job definitions in the sandbox: what AWS refuses about them."""

import pytest

from tests.sandbox.definitions import fargate, multinode, pod, tasks


@pytest.mark.parametrize(
    ("container", "words"),
    [
        ({"image": None}, "ECS Container Image must be provided."),
        ({"vcpus": None}, "vCPU is required."),
        ({"vcpus": 0}, "vCPU must be at least 1, got 0."),
        ({"memory": 3}, "Memory must be at least 4 Mib, got 3 Mib."),
        (
            {"resourceRequirements": [{"type": "VCPU", "value": "1"}]},
            "Cannot use both ECS containerProperties vcpus and resourceRequirement VCPU.",
        ),
        (
            {"resourceRequirements": [{"type": "GPU", "value": "1"}] * 2},
            "Cannot provide duplicates in resourceRequirements.",
        ),
        (
            {"secrets": [{"name": "a", "valueFrom": "b"}]},
            "executionRoleArn cannot be empty when using secrets or secretOptions",
        ),
        (
            {"linuxParameters": {"maxSwap": 1}},
            "When container specified swap memory, swappiness value is required.",
        ),
        (
            {"linuxParameters": {"swappiness": 101}},
            "Invalid swappiness: 101, must be between 0 and 100.",
        ),
        ({"runtimePlatform": {}}, "runtimePlatform is not applicable for EC2."),
        ({"networkConfiguration": {}}, "networkConfiguration not applicable for EC2."),
        (
            {"volumes": [{"name": "a", "host": {}, "efsVolumeConfiguration": {"fileSystemId": "fs-1"}}]},
            "When the volume parameter is specified, only one volume configuration type should be used.",
        ),
        (
            {
                "volumes": [
                    {
                        "name": "a",
                        "efsVolumeConfiguration": {"fileSystemId": "f", "authorizationConfig": {"iam": "ENABLED"}},
                    }
                ]
            },
            "EFS IAM authorization requires TransitEncryption to be enabled.",
        ),
    ],
)
def test_a_container_that_aws_refuses_is_refused(lab, container, words):
    assert lab.refused("RegisterJobDefinition", **lab.container(**container)) == words
    assert lab.see_definition("render") is None


@pytest.mark.parametrize(
    ("container", "words"),
    [
        ({"executionRoleArn": None}, "executionRoleArn is required for Fargate."),
        (
            {"privileged": True},
            "Fargate requires that the 'privileged' setting be 'false' at the container level.",
        ),
        (
            {"ulimits": [{"name": "nofile", "hardLimit": 1, "softLimit": 1}]},
            "ulimits is not applicable for Fargate.",
        ),
        ({"linuxParameters": {"sharedMemorySize": 1}}, "linuxParameter.sharedMemorySize is not allowed for Fargate."),
        ({"logConfiguration": {"logDriver": "syslog"}}, "Log driver for Fargate is not valid: syslog"),
        (
            {"ephemeralStorage": {"sizeInGiB": 20}},
            "Ephemeral storage for Fargate tasks can be only between range 21 GiB to 200 GiB",
        ),
        (
            {"volumes": [{"name": "a", "host": {"sourcePath": "/a"}}]},
            "host.sourcePath should not be set for volumes in Fargate.",
        ),
        (
            {"resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "512"}]},
            "Fargate does not support 1 vCPU with 512 MiB.",
        ),
        (
            {"runtimePlatform": {"operatingSystemFamily": "WINDOWS_SERVER_2019_CORE", "cpuArchitecture": "ARM64"}},
            "Windows supported only by X86_64 cpuArchitecture",
        ),
    ],
)
def test_a_fargate_container_that_aws_refuses_is_refused(lab, container, words):
    assert lab.refused("RegisterJobDefinition", **fargate(**container)) == words


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"jobDefinitionName": "a b"}, "Job Definition name should match a valid pattern."),
        ({"platformCapabilities": []}, "Exactly 1 capability must be provided."),
        (
            {"platformCapabilities": ["MANAGED_INSTANCES"]},
            "Cannot use ECS containerProperties for MANAGED_INSTANCES",
        ),
        ({"schedulingPriority": 10000}, "Scheduling priority must be between 0 and 9999."),
        ({"timeout": {"attemptDurationSeconds": 59}}, "Timeout attemptDurationSeconds must be at least 60 seconds."),
        (
            {"retryStrategy": {"evaluateOnExit": [{"action": "RETRY", "onExitCode": "1"}]}},
            "RetryAttempts must be provided with retry strategy.",
        ),
        (
            {"retryStrategy": {"attempts": 1, "evaluateOnExit": [{"action": "RETRY"}]}},
            "EvaluateOnExit should contain at least one of onExitCode, onReason or onStatusReason",
        ),
        (
            {"retryStrategy": {"attempts": 1, "evaluateOnExit": [{"action": "RETRY", "onExitCode": "1-2"}]}},
            "onExitCode 1-2 contains restricted characters.",
        ),
        ({"ecsProperties": {"taskProperties": []}}, "Cannot use both ECS containerProperties and ecsProperties"),
        ({"containerProperties": None}, "ECS Container Image must be provided."),
        ({"type": "multinode"}, "Node properties of multinode job is required."),
        (
            {
                "consumableResourceProperties": {
                    "consumableResourceList": [{"consumableResource": "a", "quantity": 1}] * 2
                }
            },
            "Cannot have duplicate consumableResource in consumableResourceProperties",
        ),
    ],
)
def test_a_definition_that_aws_refuses_is_refused(lab, members, words):
    assert lab.refused("RegisterJobDefinition", **{**lab.container(), **members}) == words


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (multinode("0:", nodes=1001), "Number of nodes must be between 1 and 1000."),
        (multinode("0:", main=2), "Main node index is out of range, must be less than numNodes."),
        (multinode("a:b"), "targetNodes should contain only digits."),
        (multinode("0:0"), "Node ranges must cover all nodes."),
        (multinode({"targetNodes": "0:"}), "Must specify container for node range 0:"),
        (multinode(*["0:"] * 6), "Maximum allowed size of node range properties is 5"),
        (
            {**multinode("0:"), "platformCapabilities": ["MANAGED_INSTANCES"]},
            "MANAGED_INSTANCES does not support MNP jobs",
        ),
        (tasks(), "Number of containers must be between 1 and 10"),
        (
            tasks({"image": "a", "name": "a", "essential": False}),
            "At least one container must be set as essential",
        ),
        (
            tasks({"image": "a", "name": "a"}, {"image": "b", "name": "b"}, ipcMode="all"),
            "ipcMode all is not valid. Valid values are: [host, task, none]",
        ),
        (
            tasks({"image": "a", "name": "a", "dependsOn": [{"containerName": "a", "condition": "START"}]}),
            "Container dependency can not be used in a single-container job.",
        ),
        (
            tasks(
                {"image": "a", "name": "a", "dependsOn": [{"containerName": "c", "condition": "START"}]},
                {"image": "b", "name": "b"},
            ),
            "containerName c must reference a defined container.",
        ),
        (
            {**pod({"image": "a"}), "propagateTags": True},
            "propagateTags is not applicable for Batch on EKS jobs.",
        ),
        (pod(), "Containers must be provided for Batch on EKS jobs."),
        (pod({"image": "a"}, dnsPolicy="None"), "Unsupported DNS policy value."),
        (
            pod({"image": "a", "resources": {"limits": {"cpu": "250m"}}}),
            "Value 250m for type cpu in resources is not valid. Provide a valid number and unit.",
        ),
        (
            pod({"image": "a", "resources": {"limits": {"memory": "1Gi"}}}),
            "Value 1Gi for type memory is not valid.",
        ),
        (
            pod({"image": "a", "resources": {"limits": {"memory": "8Mi"}, "requests": {"memory": "4Mi"}}}),
            "memory request must be equal to memory limit if both are provided.",
        ),
        (
            pod({"image": "a", "resources": {"limits": {"disk": "1"}}}),
            "disk is not a supported type for resources.",
        ),
        (
            pod({"image": "a", "volumeMounts": [{"name": "v"}]}),
            "Volume mounts must name a declared volume: v",
        ),
    ],
)
def test_a_body_that_aws_refuses_is_refused(lab, request_, words):
    assert lab.refused("RegisterJobDefinition", **request_) == words


@pytest.mark.parametrize(
    "request_",
    [
        fargate(),
        multinode("0", "1:"),
        multinode(
            {"targetNodes": ":1", "ecsProperties": tasks({"image": "a"})["ecsProperties"], "instanceTypes": ["p4d"]}
        ),
        tasks(
            {"image": "a", "name": "a", "dependsOn": [{"containerName": "b", "condition": "COMPLETE"}]},
            {"image": "b", "name": "b", "essential": False},
        ),
        pod({"image": "a", "resources": {"limits": {"cpu": "0.5", "memory": "8Mi", "nvidia.com/gpu": "1"}}}),
        {**pod({"image": "a"}), "propagateTags": False},
    ],
)
def test_sound_bodies_of_every_form_are_taken(lab, request_):
    assert lab.call("RegisterJobDefinition", **request_)["revision"] == 1
