"""The facts about AWS Batch that must not show as a change, one test each. Sources: the service's API reference and
public reports of live behaviour, named in the kind tables.
"""

from collections.abc import Mapping

import pytest

from reconciler.diff import compare_bodies
from reconciler.kinds import KINDS
from reconciler.model import Cost, FieldChange, Identity, Json, dotted

HERE = Identity("123456789012", "us-east-1")
SLR = "arn:aws:iam::123456789012:role/aws-service-role/batch.amazonaws.com/AWSServiceRoleForBatch"
CE_ARN = "arn:aws:batch:us-east-1:123456789012:compute-environment/"


def changes(kind: str, live: Mapping[str, Json], declared: Mapping[str, Json]) -> tuple[FieldChange, ...]:
    return compare_bodies(KINDS[kind], live, declared, HERE)


def environment(**resources: Json) -> dict[str, Json]:
    return {"type": "MANAGED", "computeResources": {"type": "EC2", "maxvCpus": 8, "subnets": ["subnet-a"], **resources}}


def container(**members: Json) -> dict[str, Json]:
    return {"type": "container", "containerProperties": {"image": "busybox", **members}}


def paths(found: tuple[FieldChange, ...]) -> list[str]:
    return [dotted(change.path) for change in found]


def test_01_desired_vcpus_belong_to_the_autoscaler() -> None:
    assert changes("ComputeEnvironment", environment(desiredvCpus=64), environment(desiredvCpus=0)) == ()


@pytest.mark.parametrize(("live", "declared"), [({}, {"bidPercentage": 0}), ({"bidPercentage": 0}, {})])
def test_a_spot_price_of_0_is_none(live: dict[str, Json], declared: dict[str, Json]) -> None:
    assert changes("ComputeEnvironment", environment(**live), environment(**declared)) == ()


def test_02_an_omitted_service_role_comes_back_as_the_service_linked_role() -> None:
    assert changes("ComputeEnvironment", {**environment(), "serviceRole": SLR}, environment()) == ()


@pytest.mark.parametrize("image", ["ECS_AL2", "ECS_AL2023", "ECS_AL2_NVIDIA", "ECS_AL2023_NVIDIA", "EKS_AL2023"])
def test_03_an_omitted_image_type_is_filled_in_with_that_of_the_day(image: str) -> None:
    live = environment(ec2Configuration=[{"imageType": image, "batchImageStatus": "LATEST"}])
    assert changes("ComputeEnvironment", live, environment()) == ()


def test_03_an_image_that_somebody_chose_is_not_filled_in() -> None:
    live = environment(ec2Configuration=[{"imageType": "ECS_AL2023", "imageIdOverride": "ami-1"}])
    assert paths(changes("ComputeEnvironment", live, environment())) == ["computeResources.ec2Configuration"]


@pytest.mark.parametrize(
    "declared",
    [
        environment(allocationStrategy="BEST_FIT"),
        environment(bidPercentage=100),
        {**environment(), "updatePolicy": {"terminateJobsOnUpdate": False, "jobExecutionTimeoutMinutes": 30}},
    ],
)
def test_04_what_is_absent_equals_the_documented_default(declared: dict[str, Json]) -> None:
    assert changes("ComputeEnvironment", environment(), declared) == ()
    assert changes("ComputeEnvironment", declared, environment()) == ()


def test_04_an_omitted_launch_template_version_is_the_default_version() -> None:
    live = environment(launchTemplate={"launchTemplateId": "lt-1"})
    declared = environment(launchTemplate={"launchTemplateId": "lt-1", "version": "$Default"})
    assert changes("ComputeEnvironment", live, declared) == ()


def test_05_injected_empties_of_environments_are_absence() -> None:
    live = environment(tags={}, launchTemplate={"launchTemplateId": "lt-1", "overrides": []})
    assert changes("ComputeEnvironment", live, environment(launchTemplate={"launchTemplateId": "lt-1"})) == ()


def test_05_injected_empties_of_queues_are_absence() -> None:
    live = {"priority": 1, "computeEnvironmentOrder": [], "jobStateTimeLimitActions": []}
    assert changes("JobQueue", live, {"priority": 1}) == ()


def test_05_injected_empties_of_definitions_are_absence() -> None:
    empties = ("command", "volumes", "environment", "mountPoints", "ulimits", "resourceRequirements", "secrets")
    live = {
        **container(**{name: [] for name in empties}, logConfiguration={"logDriver": "awslogs", "options": {}}),
        "parameters": {},
        "retryStrategy": {"attempts": 3, "evaluateOnExit": []},
    }
    declared = {
        **container(logConfiguration={"logDriver": "awslogs", "secretOptions": None}),
        "retryStrategy": {"attempts": 3},
    }
    assert changes("JobDefinition", live, declared) == ()


def test_06_environment_entries_without_a_value_vanish_and_their_order_is_lost() -> None:
    declared = container(
        environment=[{"name": "A", "value": "1"}, {"name": "EMPTY", "value": ""}, {"name": "B", "value": "2"}]
    )
    live = container(environment=[{"name": "B", "value": "2"}, {"name": "A", "value": "1"}])
    assert changes("JobDefinition", live, declared) == ()


def test_06_a_changed_variable_is_told_by_its_name() -> None:
    live = container(environment=[{"name": "A", "value": "1"}, {"name": "B", "value": "2"}])
    declared = container(environment=[{"name": "B", "value": "2"}, {"name": "A", "value": "3"}])
    assert [(dotted(c.path), c.before, c.after) for c in changes("JobDefinition", live, declared)] == [
        ("containerProperties.environment.A.value", "1", "3")
    ]


def retries(*actions: str) -> dict[str, Json]:
    return {
        **container(),
        "retryStrategy": {"attempts": 2, "evaluateOnExit": [{"onReason": a, "action": a} for a in actions]},
    }


def test_07_exit_actions_come_back_in_lower_case() -> None:
    live = {**container(), "retryStrategy": {"attempts": 2, "evaluateOnExit": [{"onReason": "X", "action": "retry"}]}}
    declared = {
        **container(),
        "retryStrategy": {"attempts": 2, "evaluateOnExit": [{"onReason": "X", "action": "RETRY"}]},
    }
    assert changes("JobDefinition", live, declared) == ()


def test_07_the_order_of_exit_conditions_counts() -> None:
    found = changes("JobDefinition", retries("RETRY", "EXIT"), retries("EXIT", "RETRY"))
    assert paths(found) == ["retryStrategy.evaluateOnExit"]


def test_08_types_are_compared_without_regard_to_case() -> None:
    assert changes("ComputeEnvironment", environment(), {**environment(), "type": "managed"}) == ()
    assert changes("JobDefinition", container(), {**container(), "type": "Container"}) == ()


def test_09_the_order_of_environments_is_a_sequence_and_names_are_arns() -> None:
    live = {"priority": 1, "computeEnvironmentOrder": [
        {"order": 20, "computeEnvironment": CE_ARN + "b"}, {"order": 10, "computeEnvironment": CE_ARN + "a"}]}  # fmt: skip
    declared = {"priority": 1, "computeEnvironmentOrder": [
        {"order": 0, "computeEnvironment": "a"}, {"order": 1, "computeEnvironment": "b"}]}  # fmt: skip
    assert changes("JobQueue", live, declared) == ()


def test_10_the_platform_version_of_fargate_is_latest() -> None:
    live = container(fargatePlatformConfiguration={"platformVersion": "LATEST"})
    assert changes("JobDefinition", live, container()) == ()


def test_10_containers_of_a_task_are_essential() -> None:
    def task(**members: Json) -> dict[str, Json]:
        return {"type": "container", "ecsProperties": {"taskProperties": [
            {"containers": [{"name": "a", "image": "busybox", **members}]}]}}  # fmt: skip

    assert changes("JobDefinition", task(essential=True), task()) == ()


def test_11_legacy_sizes_and_resource_requirements_mean_the_same() -> None:
    live = container(vcpus=2, memory=2048)
    declared = container(resourceRequirements=[{"type": "MEMORY", "value": "2048"}, {"type": "VCPU", "value": "2.0"}])
    assert changes("JobDefinition", live, declared) == ()
    assert changes("JobDefinition", declared, live) == ()


def test_11_a_changed_legacy_size_is_a_change() -> None:
    found = changes("JobDefinition", container(vcpus=2, memory=2048), container(vcpus=2, memory=4096))
    assert [(dotted(c.path), c.before, c.after) for c in found] == [
        ("containerProperties.resourceRequirements.MEMORY.value", "2048", "4096")
    ]


@pytest.mark.parametrize(("legacy", "resource"), [("vcpus", "VCPU"), ("memory", "MEMORY")])
def test_11_of_a_legacy_size_and_its_resource_requirement_the_requirement_counts(legacy: str, resource: str) -> None:
    modern = {"resourceRequirements": [{"type": resource, "value": "4096"}]}
    both = container(**{legacy: 2048}, **modern)
    assert (
        changes("JobDefinition", both, container(**modern)) == changes("JobDefinition", container(**modern), both) == ()
    )
    found = changes("JobDefinition", container(**{legacy: 2048}), both)
    assert [(c.before, c.after) for c in found] == [("2048", "4096")]


def policy(weight: float) -> dict[str, Json]:
    return {"fairsharePolicy": {"shareDistribution": [{"shareIdentifier": "A", "weightFactor": weight}]}}


def test_12_weights_are_kept_in_32_bits() -> None:
    assert changes("SchedulingPolicy", policy(0.10000000149011612), policy(0.1)) == ()
    assert paths(changes("SchedulingPolicy", policy(0.1), policy(0.2))) == [
        "fairsharePolicy.shareDistribution.A.weightFactor"
    ]


def test_13_instance_types_are_a_set() -> None:
    live, declared = environment(instanceTypes=["m5", "c5"]), environment(instanceTypes=["c5", "m5"])
    assert changes("ComputeEnvironment", live, declared) == ()


@pytest.mark.parametrize("strategy", ["BEST_FIT_PROGRESSIVE_ORDERED", "SPOT_CAPACITY_OPTIMIZED_PRIORITIZED"])
def test_13_the_order_of_instance_types_counts_for_ordered_strategies(strategy: str) -> None:
    live = environment(instanceTypes=["m5", "c5"], allocationStrategy=strategy)
    declared = environment(instanceTypes=["c5", "m5"], allocationStrategy=strategy)
    assert paths(changes("ComputeEnvironment", live, declared)) == ["computeResources.instanceTypes"]


def test_14_subnets_security_groups_and_shares_are_sets() -> None:
    live = environment(subnets=["a", "b"], securityGroupIds=["x", "y"])
    assert changes("ComputeEnvironment", live, environment(subnets=["b", "a"], securityGroupIds=["y", "x"])) == ()


def test_14_the_order_of_a_command_counts() -> None:
    assert paths(changes("JobDefinition", container(command=["a", "b"]), container(command=["b", "a"]))) == [
        "containerProperties.command"
    ]


@pytest.mark.parametrize(
    ("name", "default", "other"),
    [
        ("capacityOptionType", "ON_DEMAND", "SPOT"),
        ("fipsEnabled", False, True),
        ("instanceMetadataTagsPropagation", False, True),
    ],
)
def test_a_declared_default_that_the_service_may_fill_in_is_no_change_where_descriptions_lack_it(
    name: str, default: Json, other: Json
) -> None:
    def template(**members: Json) -> dict[str, Json]:
        return environment(managedInstancesProvider={"instanceLaunchTemplate": {"monitoring": "BASIC", **members}})

    assert changes("ComputeEnvironment", template(), template(**{name: default})) == ()
    assert changes("ComputeEnvironment", template(**{name: other}), template()) == ()
    found = changes("ComputeEnvironment", template(**{name: other}), template(**{name: default}))
    assert [(c.before, c.after) for c in found] == [(other, default)]


def test_15_members_that_only_a_response_has_are_no_members() -> None:
    live = {**environment(), "eksConfiguration": {"accessEntry": {"desiredState": "ENABLED", "status": "ACTIVE"}}}
    declared = {**environment(), "eksConfiguration": {"accessEntry": {"desiredState": "ENABLED"}}}
    assert changes("ComputeEnvironment", live, declared) == ()


def test_16_containers_are_told_apart_by_name() -> None:
    def pod(*names: str) -> dict[str, Json]:
        containers = [{"name": name, "image": f"{name}:1"} for name in names]
        return {"type": "container", "eksProperties": {"podProperties": {"containers": containers}}}

    assert changes("JobDefinition", pod("a", "b"), pod("b", "a")) == ()


def test_16_the_platform_of_a_definition_is_ec2_and_tags_are_not_propagated() -> None:
    declared = {**container(), "platformCapabilities": ["EC2"], "propagateTags": False}
    assert changes("JobDefinition", container(), declared) == ()


def over(nodes: str, image: str = "busybox") -> dict[str, Json]:
    ranges = [{"targetNodes": nodes, "container": {"image": image}}, {"targetNodes": "2", "container": {"image": "b"}}]
    return {"type": "multinode", "nodeProperties": {"numNodes": 3, "mainNode": 0, "nodeRangeProperties": ranges}}


def test_a_range_of_nodes_without_a_start_begins_with_the_first() -> None:
    assert changes("JobDefinition", over("0:1"), over(":1")) == changes("JobDefinition", over(":1"), over("0:1")) == ()
    [found] = changes("JobDefinition", over("0:1"), over(":1", "alpine"))
    assert (dotted(found.path), found.after) == ("nodeProperties.nodeRangeProperties.0:1.container.image", "alpine")


def test_a_range_of_nodes_with_an_open_end_is_not_one_that_ends_with_the_last_of_now() -> None:
    """Jobs may bring another numNodes to the one, and not to the other."""
    assert changes("JobDefinition", over("0:2"), over("0:")) != ()
    assert changes("JobDefinition", over("0:"), over("0:2")) != ()


def test_an_undeclared_member_that_is_no_default_is_a_change() -> None:
    found = changes("ComputeEnvironment", environment(ec2KeyPair="theirs"), environment())
    assert [(dotted(c.path), c.before, c.after) for c in found] == [("computeResources.ec2KeyPair", "theirs", None)]


def test_a_member_that_the_api_cannot_unset_is_said_to_be_so() -> None:
    live = {**environment(), "unmanagedvCpus": 4}
    assert [c.cost for c in changes("ComputeEnvironment", live, environment())] == [Cost.IMPOSSIBLE]
