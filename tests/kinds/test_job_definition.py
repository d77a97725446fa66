"""What the service makes of a job definition must not show as a change; what a user changes must."""

import pytest

from reconciler.diff import compare_bodies
from reconciler.kinds import KINDS
from reconciler.model import Cost, Identity, Json, dotted

HERE = Identity("123456789012", "us-east-1")
KIND = KINDS["JobDefinition"]


def changes(live: Json, declared: Json) -> list[str]:
    found = compare_bodies(KIND, live, declared, HERE)
    assert {change.cost for change in found} <= {Cost.REVISION}
    return [dotted(change.path) for change in found]


def container(**members: Json) -> Json:
    return {"type": "container", "containerProperties": {"image": "busybox", **members}}


def task(*containers: Json, **members: Json) -> Json:
    return {"type": "container", "ecsProperties": {"taskProperties": [{"containers": list(containers), **members}]}}


def pod(*containers: Json, **members: Json) -> Json:
    return {"type": "container", "eksProperties": {"podProperties": {"containers": list(containers), **members}}}


@pytest.mark.parametrize(
    ("live", "declared"),
    [
        # empties that the service adds
        (
            container(command=[], volumes=[], environment=[], mountPoints=[], ulimits=[], secrets=[])
            | {"parameters": {}},
            container(),
        ),
        (
            container(linuxParameters={"devices": [{"hostPath": "/dev/a", "permissions": []}], "tmpfs": []}),
            container(linuxParameters={"devices": [{"hostPath": "/dev/a"}]}),
        ),
        # defaults
        (container(fargatePlatformConfiguration={"platformVersion": "LATEST"}), container()),
        (container(runtimePlatform={"operatingSystemFamily": "LINUX", "cpuArchitecture": "X86_64"}), container()),
        (container(), container(privileged=False, readonlyRootFilesystem=False, enableExecuteCommand=False)),
        (container(), {**container(), "platformCapabilities": ["EC2"], "propagateTags": False}),
        (container(networkConfiguration={"interfaceConfigurations": []}), container()),
        (
            container(linuxParameters={"devices": [{"hostPath": "/dev/a"}]}),
            container(linuxParameters={"devices": [{"hostPath": "/dev/a", "permissions": ["MKNOD", "READ", "WRITE"]}]}),
        ),
        # order, case, spelling
        (
            container(environment=[{"name": "B", "value": "2"}, {"name": "A", "value": "1"}]),
            container(
                environment=[{"name": "A", "value": "1"}, {"name": "B", "value": "2"}, {"name": "C", "value": ""}]
            ),
        ),
        (
            container()
            | {"retryStrategy": {"attempts": 2, "evaluateOnExit": [{"onExitCode": "1", "action": "retry"}]}},
            container()
            | {"retryStrategy": {"attempts": 2, "evaluateOnExit": [{"onExitCode": "1", "action": "RETRY"}]}},
        ),
        (
            container() | {"retryStrategy": {"attempts": 2, "evaluateOnExit": []}},
            container() | {"retryStrategy": {"attempts": 2}},
        ),
        (
            container(resourceRequirements=[{"type": "VCPU", "value": "1.0"}]),
            container(resourceRequirements=[{"type": "VCPU", "value": "1"}]),
        ),
        (
            container(vcpus=2, memory=2048),
            container(resourceRequirements=[{"type": "MEMORY", "value": "2048"}, {"type": "VCPU", "value": "2"}]),
        ),
        (container(jobRoleArn="arn:aws:iam::123456789012:role/job"), container(jobRoleArn="job")),
        # several containers
        (
            task(
                {"name": "b", "image": "x", "essential": True, "command": []},
                {"name": "a", "image": "y", "essential": True},
            ),
            task({"name": "a", "image": "y"}, {"name": "b", "image": "x"}),
        ),
        (task({"name": "a", "image": "x"}, platformVersion="LATEST", volumes=[]), task({"name": "a", "image": "x"})),
        # pods
        (
            pod({"name": "a", "image": "x", "args": [], "env": []}, hostNetwork=True, volumes=[]),
            pod({"name": "a", "image": "x"}),
        ),
        (pod({"name": "a", "image": "x"}, dnsPolicy="ClusterFirstWithHostNet"), pod({"name": "a", "image": "x"})),
        (pod({"name": "a", "image": "x", "imagePullPolicy": "IfNotPresent"}), pod({"name": "a", "image": "x"})),
        (pod({"name": "a", "image": "x"}), pod({"name": "a", "image": "x", "securityContext": {"privileged": False}})),
        # nodes
        (
            {
                "type": "multinode",
                "nodeProperties": {
                    "numNodes": 2,
                    "mainNode": 0,
                    "nodeRangeProperties": [
                        {"targetNodes": "1:", "container": {"image": "b", "command": []}, "instanceTypes": []},
                        {"targetNodes": "0:0", "container": {"image": "a", "memory": 4}},
                    ],
                },
            },
            {
                "type": "MULTINODE",
                "nodeProperties": {
                    "numNodes": 2,
                    "mainNode": 0,
                    "nodeRangeProperties": [
                        {
                            "targetNodes": "0:0",
                            "container": {"image": "a", "resourceRequirements": [{"type": "MEMORY", "value": "4"}]},
                        },
                        {"targetNodes": "1:", "container": {"image": "b"}},
                    ],
                },
            },
        ),
    ],
)
def test_what_the_service_makes_of_it_is_no_change(live: Json, declared: Json) -> None:
    assert changes(live, declared) == []


@pytest.mark.parametrize(
    ("live", "declared", "paths"),
    [
        (container(command=["a", "b"]), container(command=["b", "a"]), ["containerProperties.command"]),
        (
            container(environment=[{"name": "A", "value": "1"}]),
            container(environment=[{"name": "A", "value": "2"}]),
            ["containerProperties.environment.A.value"],
        ),
        (container(memory=8), container(memory=16), ["containerProperties.resourceRequirements.MEMORY.value"]),
        (container(), container(privileged=True), ["containerProperties.privileged"]),
        (
            task({"name": "a", "image": "x"}),
            task({"name": "a", "image": "y"}),
            ["ecsProperties.taskProperties[0].containers.a.image"],
        ),
        (
            pod({"name": "a", "image": "x"}),
            pod({"name": "a", "image": "x"}, dnsPolicy="Default"),
            ["eksProperties.podProperties.dnsPolicy"],
        ),
        (
            pod({"name": "a", "image": "x"}, dnsPolicy="Default"),
            pod({"name": "a", "image": "x"}),
            ["eksProperties.podProperties.dnsPolicy"],
        ),
        (
            container()
            | {"retryStrategy": {"attempts": 2, "evaluateOnExit": [{"action": "EXIT"}, {"action": "RETRY"}]}},
            container()
            | {"retryStrategy": {"attempts": 2, "evaluateOnExit": [{"action": "RETRY"}, {"action": "EXIT"}]}},
            ["retryStrategy.evaluateOnExit"],
        ),
        (container(), {**container(), "platformCapabilities": ["FARGATE"]}, ["platformCapabilities"]),
    ],
)
def test_what_a_user_changes_is_a_new_revision(live: Json, declared: Json, paths: list[str]) -> None:
    assert changes(live, declared) == paths
