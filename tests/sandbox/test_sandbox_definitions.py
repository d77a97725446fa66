"""Job definitions in the sandbox: revisions, and what the service fills in."""

import pytest

from tests.sandbox.definitions import fargate, multinode, pod, tasks

ARN = "arn:aws:batch:us-east-1:123456789012:job-definition"


def test_a_definition_is_described_with_what_the_service_fills_in(lab):
    request = lab.container(logConfiguration={"logDriver": "awslogs"}, linuxParameters={})
    answer = lab.call("RegisterJobDefinition", **{**request, "type": "CONTAINER"})
    assert answer == {"jobDefinitionName": "render", "jobDefinitionArn": f"{ARN}/render:1", "revision": 1}
    assert lab.see_definition("render") == {
        **answer,
        "status": "ACTIVE",
        "type": "container",
        "parameters": {},
        "tags": {},
        "containerOrchestrationType": "ECS",
        "containerProperties": {
            "image": "busybox",
            "vcpus": 1,
            "memory": 128,
            "command": [],
            "volumes": [],
            "environment": [],
            "mountPoints": [],
            "ulimits": [],
            "resourceRequirements": [],
            "secrets": [],
            "logConfiguration": {"logDriver": "awslogs", "options": {}, "secretOptions": []},
            "linuxParameters": {"devices": [], "tmpfs": []},
        },
    }


def test_a_fargate_definition_gets_a_platform_version(lab):
    lab.call("RegisterJobDefinition", **fargate(runtimePlatform={"cpuArchitecture": "ARM64"}))
    container = lab.see_definition("render")["containerProperties"]
    assert container["fargatePlatformConfiguration"] == {"platformVersion": "LATEST"}
    assert container["runtimePlatform"] == {"operatingSystemFamily": "LINUX", "cpuArchitecture": "ARM64"}


def test_a_task_gets_essential_containers_and_empty_lists(lab):
    lab.call("RegisterJobDefinition", **tasks({"image": "busybox", "name": "a"}))
    container = {m: [] for m in ("command", "dependsOn", "environment", "mountPoints", "secrets", "ulimits")}
    assert lab.see_definition("team")["ecsProperties"]["taskProperties"] == [
        {"volumes": [], "containers": [{"image": "busybox", "name": "a", "essential": True, **container}]}
    ]


def test_a_container_of_a_task_on_fargate_may_have_ulimits(lab):
    """TaskContainerProperties.ulimits describes nofile on Fargate; ContainerProperties.ulimits is not applicable there."""
    sizes = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "2048"}]
    limits = [{"name": "nofile", "hardLimit": 2048, "softLimit": 1024}]
    container = {"image": "busybox", "name": "a", "resourceRequirements": sizes, "ulimits": limits}
    request = tasks(container, executionRoleArn="arn:aws:iam::123456789012:role/r")
    lab.call("RegisterJobDefinition", **request, platformCapabilities=["FARGATE"])
    [task] = lab.see_definition("team")["ecsProperties"]["taskProperties"]
    assert task["containers"][0]["ulimits"] == limits


def test_a_node_range_gets_an_empty_list_of_instance_types(lab):
    lab.call("RegisterJobDefinition", **multinode("0:"))
    [nodes] = lab.see_definition("mpi")["nodeProperties"]["nodeRangeProperties"]
    assert (nodes["targetNodes"], nodes["instanceTypes"], nodes["container"]["secrets"]) == ("0:", [], [])


def test_a_pod_is_marked_as_kubernetes(lab):
    lab.call("RegisterJobDefinition", **pod({"image": "busybox"}))
    seen = lab.see_definition("pod")
    assert seen["containerOrchestrationType"] == "EKS"
    assert seen["eksProperties"]["podProperties"]["containers"] == [
        {"image": "busybox", "args": [], "command": [], "env": [], "volumeMounts": []}
    ]


def test_empty_variables_vanish_and_the_others_lose_their_order(lab):
    names = "abcdefgh"
    variables = [{"name": name, "value": name.upper()} for name in names]
    lab.call("RegisterJobDefinition", **lab.container(environment=[*variables, {"name": "z", "value": ""}]))
    shown = [lab.see_definition("render")["containerProperties"]["environment"] for _ in range(5)]
    assert all(sorted(each, key=lambda entry: entry["name"]) == variables for each in shown)
    assert len({tuple(entry["name"] for entry in each) for each in shown}) > 1


def test_commands_and_retry_rules_keep_their_order_and_actions_become_lower_case(lab):
    rules = [{"action": "RETRY", "onExitCode": str(code)} for code in range(1, 5)] + [
        {"action": "exit", "onReason": "*"}
    ]
    request = {**lab.container(command=list("abcdef")), "retryStrategy": {"attempts": 3, "evaluateOnExit": rules}}
    lab.call("RegisterJobDefinition", **request)
    for _ in range(5):
        seen = lab.see_definition("render")
        assert seen["containerProperties"]["command"] == list("abcdef")
        assert seen["retryStrategy"] == {
            "attempts": 3,
            "evaluateOnExit": [{**rule, "action": rule["action"].lower()} for rule in rules],
        }


def test_a_retry_strategy_gets_an_empty_list_and_an_empty_timeout_is_not_kept(lab):
    lab.call("RegisterJobDefinition", **lab.container(), retryStrategy={"attempts": 2}, timeout={})
    seen = lab.see_definition("render")
    assert seen["retryStrategy"] == {"attempts": 2, "evaluateOnExit": []}
    assert "timeout" not in seen


def test_each_register_makes_a_revision_and_the_counter_never_goes_back(lab):
    revisions = [lab.call("RegisterJobDefinition", **lab.container())["revision"] for _ in range(3)]
    for revision in revisions:
        lab.call("DeregisterJobDefinition", jobDefinition=f"render:{revision}")
    assert lab.see_definition("render") is None
    assert [*revisions, lab.call("RegisterJobDefinition", **lab.container())["revision"]] == [1, 2, 3, 4]


def test_a_deregistered_revision_stays_to_be_described_for_180_days(lab):
    lab.call("RegisterJobDefinition", **lab.container())
    lab.call("DeregisterJobDefinition", jobDefinition=f"{ARN}/render:1")
    lab.call("DeregisterJobDefinition", jobDefinition="render:1")
    seen = lab.call("DescribeJobDefinitions", jobDefinitions=["render:1"])["jobDefinitions"]
    assert [each["status"] for each in seen] == ["INACTIVE"]
    lab.clock.turn(181 * 86400)
    assert lab.call("DescribeJobDefinitions", jobDefinitions=["render:1"]) == {"jobDefinitions": []}


def test_revisions_are_described_newest_first(lab):
    for _ in range(12):
        lab.call("RegisterJobDefinition", **lab.container("a"))
    lab.call("RegisterJobDefinition", **lab.container("b"))
    found = lab.call("DescribeJobDefinitions", jobDefinitionName="a")["jobDefinitions"]
    assert [each["revision"] for each in found] == list(range(12, 0, -1))
    everything = lab.call("DescribeJobDefinitions", status="ACTIVE")["jobDefinitions"]
    assert len(everything) == 13


def test_definitions_are_described_by_arn_or_by_name_and_revision_never_by_bare_name(lab):
    lab.call("RegisterJobDefinition", **lab.container())
    for identifier, count in ((f"{ARN}/render:1", 1), ("render:1", 1), ("render", 0), ("render:2", 0)):
        found = lab.call("DescribeJobDefinitions", jobDefinitions=[identifier])["jobDefinitions"]
        assert len(found) == count, identifier


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"maxResults": 5}, "JobDefinitions and MaxResults cannot both be set"),
        ({"status": "ACTIVE"}, "jobDefinitions cannot be combined with status"),
    ],
)
def test_named_definitions_cannot_be_filtered(lab, members, words):
    assert lab.refused("DescribeJobDefinitions", jobDefinitions=["render:1"], **members) == words


@pytest.mark.parametrize(
    ("identifier", "words"),
    [("", "Job definition name is required."), ("render:9", "Job definition render:9 does not exist")],
)
def test_only_a_known_revision_can_be_deregistered(lab, identifier, words):
    assert lab.refused("DeregisterJobDefinition", jobDefinition=identifier) == words
