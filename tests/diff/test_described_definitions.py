"""Job definitions as AWS describes them, against the declarations that they came of: no change."""

import pytest

from reconciler.model import Json
from tests.builders import JD, container
from tests.diff.described import EMPTY, IAM, told

SIZES = [{"type": "MEMORY", "value": "2048"}, {"type": "VCPU", "value": "0.5"}]
FULL = {
    "jobRoleArn": "job",
    "executionRoleArn": f"{IAM}role/service-role/run",
    "volumes": [
        {"name": "efs", "efsVolumeConfiguration": {"fileSystemId": "fs-1"}},
        {"name": "scratch", "host": {}},
    ],
    "environment": [{"name": "B", "value": "2"}, {"name": "EMPTY", "value": ""}, {"name": "A", "value": "1"}],
    "mountPoints": [{"containerPath": "/a", "sourceVolume": "efs"}, {"containerPath": "/b", "sourceVolume": "scratch"}],
    "ulimits": [{"name": "nofile", "softLimit": 1, "hardLimit": 2}, {"name": "core", "softLimit": 0, "hardLimit": 0}],
    "linuxParameters": {
        "devices": [{"hostPath": "/dev/a"}],
        "tmpfs": [
            {"containerPath": "/t", "size": 1},
            {"containerPath": "/u", "size": 1, "mountOptions": ["ro", "nosuid"]},
        ],
        "maxSwap": 8,
        "swappiness": 60,
    },
    "logConfiguration": {"logDriver": "awslogs", "secretOptions": [{"name": "s", "valueFrom": "p"}]},
    "secrets": [{"name": "X", "valueFrom": "x"}, {"name": "Y", "valueFrom": "y"}],
    "privileged": False,
    "enableExecuteCommand": False,
}
FULL_SHOWN = {
    **FULL,
    "jobRoleArn": f"{IAM}role/job",
    "volumes": [
        {"name": "scratch"},
        {"name": "efs", "efsVolumeConfiguration": {
            "fileSystemId": "fs-1", "rootDirectory": "/", "transitEncryption": "DISABLED",
            "authorizationConfig": {"iam": "DISABLED"}}},
    ],
    "environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
    "mountPoints": [{**mount, "readOnly": False} for mount in FULL["mountPoints"][::-1]],
    "ulimits": FULL["ulimits"][::-1],
    "linuxParameters": {
        "devices": [{"hostPath": "/dev/a", "permissions": []}],
        "tmpfs": [{"containerPath": "/u", "size": 1, "mountOptions": ["nosuid", "ro"]},
                  {"containerPath": "/t", "size": 1, "mountOptions": []}],
        "maxSwap": 8,
    },
    "logConfiguration": {**FULL["logConfiguration"], "options": {}},
    "secrets": FULL["secrets"][::-1],
    "command": [],
    "resourceRequirements": [],
}  # fmt: skip
FARGATE = {"image": "busybox", "executionRoleArn": "run", "resourceRequirements": SIZES}
TASK_EMPTY = {name: [] for name in ("command", "dependsOn", "environment", "mountPoints", "secrets", "ulimits")}
POD_EMPTY = {name: [] for name in ("args", "command", "env", "volumeMounts")}


def task(*containers: Json, **members: Json) -> dict[str, Json]:
    return {"type": "container", "ecsProperties": {"taskProperties": [{"containers": list(containers), **members}]}}


def pod(*containers: Json, **members: Json) -> dict[str, Json]:
    return {"type": "container", "eksProperties": {"podProperties": {"containers": list(containers), **members}}}


def nodes(*ranges: Json) -> dict[str, Json]:
    return {"type": "multinode", "nodeProperties": {"numNodes": 3, "mainNode": 0, "nodeRangeProperties": list(ranges)}}


@pytest.mark.parametrize(
    ("declared", "shown"),
    [
        pytest.param(
            {**container(**FULL), "type": "Container", "platformCapabilities": ["EC2"], "propagateTags": False,
             "retryStrategy": {"attempts": 2}, "timeout": {}},
            {**container(**FULL_SHOWN), "retryStrategy": {"attempts": 2, "evaluateOnExit": []}},
            id="a container with everything",
        ),
        pytest.param(
            {"type": "container", "containerProperties": {"image": "busybox", "resourceRequirements": [
                {"type": "vcpu", "value": "1.0"}, {"type": "MEMORY", "value": "512"}]}},
            container(**EMPTY),
            id="modern sizes of a definition of old",
        ),
        pytest.param(
            {"type": "container", "platformCapabilities": ["FARGATE"], "containerProperties": FARGATE},
            {"type": "container", "platformCapabilities": ["FARGATE"], "containerProperties": {
                **EMPTY, **FARGATE, "executionRoleArn": f"{IAM}role/run", "resourceRequirements": SIZES[::-1],
                "fargatePlatformConfiguration": {"platformVersion": "LATEST"},
                "runtimePlatform": {"operatingSystemFamily": "LINUX", "cpuArchitecture": "X86_64"},
                "networkConfiguration": {"assignPublicIp": "DISABLED", "interfaceConfigurations": []}}},
            id="Fargate",
        ),
        pytest.param(
            {**container(), "retryStrategy": {"attempts": 3, "evaluateOnExit": [
                {"onStatusReason": "Host EC2*", "action": "RETRY"}, {"onReason": "*", "action": "EXIT"}]}},
            {**container(**EMPTY), "retryStrategy": {"attempts": 3, "evaluateOnExit": [
                {"onStatusReason": "Host EC2*", "action": "retry"}, {"onReason": "*", "action": "exit"}]}},
            id="retries",
        ),
        pytest.param(
            task({"name": "main", "image": "a", "dependsOn": [{"containerName": "side", "condition": "START"}]},
                 {"name": "side", "image": "b", "essential": False, "logConfiguration": {"logDriver": "awslogs"}}),
            task({**TASK_EMPTY, "name": "side", "image": "b", "essential": False, "logConfiguration": {
                     "logDriver": "awslogs", "secretOptions": []}},
                 {**TASK_EMPTY, "name": "main", "image": "a", "essential": True,
                  "dependsOn": [{"containerName": "side", "condition": "START"}]},
                 volumes=[], platformVersion="LATEST"),
            id="a task of several containers",
        ),
        pytest.param(
            pod({"image": "a:latest", "resources": {"limits": {"memory": "512Mi", "cpu": "1"}}},
                dnsPolicy="ClusterFirstWithHostNet", hostNetwork=True),
            {**pod({**POD_EMPTY, "name": "Default", "image": "a:latest", "imagePullPolicy": "Always",
                    "resources": {"limits": {"memory": "512Mi", "cpu": "1"}}, "securityContext": {"privileged": False}},
                   imagePullSecrets=[], initContainers=[], volumes=[]), "containerOrchestrationType": "EKS"},
            id="a pod with its defaults",
        ),
        pytest.param(
            pod({"name": "b", "image": "b:1"}, {"name": "a", "image": "a:1", "imagePullPolicy": "IfNotPresent"},
                hostNetwork=False, volumes=[{"name": "scratch", "emptyDir": {}}, {"name": "s", "secret": {"secretName": "s"}}]),
            {**pod({"name": "a", "image": "a:1"}, {"name": "b", "image": "b:1", "imagePullPolicy": "IfNotPresent"},
                   hostNetwork=False, dnsPolicy="ClusterFirst", volumes=[
                       {"name": "s", "secret": {"secretName": "s", "optional": False}},
                       {"name": "scratch", "emptyDir": {"medium": ""}}])},
            id="a pod with a network of its own",
        ),
        pytest.param(
            nodes({"targetNodes": "1:", "container": {"image": "b", "memory": 512, "vcpus": 1}},
                  {"targetNodes": "0:0", "container": {"image": "a", **FULL}}),
            nodes({"targetNodes": "0:0", "instanceTypes": [], "container": {"image": "a", **FULL_SHOWN}},
                  {"targetNodes": "1:", "instanceTypes": [], "container": {
                      "image": "b", **EMPTY, "memory": 512, "vcpus": 1}}),
            id="several nodes",
        ),
        pytest.param(
            {**container(), "consumableResourceProperties": {"consumableResourceList": []}},
            {**container(**EMPTY), "newMember": {"since": 2027}},
            id="a member that the service has gained since",
        ),
    ],
)  # fmt: skip
def test_a_job_definition_as_described_is_as_declared(declared: dict[str, Json], shown: dict[str, Json]) -> None:
    assert told(JD, declared, shown) == []
