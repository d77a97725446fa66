"""What an update can do to a live environment, queue or definition, and what its request carries for it."""

import pytest

from reconciler.model import Action, Call, Cost, Json, Lifecycle, Plan, Wait, dotted
from tests.builders import CE, JD, JQ, SLR, calls, container, ec2, live, owned, planned, queue, stack

Body = dict[str, Json]
CLUSTER = {"eksClusterArn": "arn:aws:eks:us-east-1:123456789012:cluster/c", "kubernetesNamespace": "batch"}
LT = {"launchTemplate": {"launchTemplateId": "lt-1", "version": "1"}}
MANAGED_INSTANCES = {
    "infrastructureRoleArn": "arn:aws:iam::123456789012:role/r",
    "instanceLaunchTemplate": {"ec2InstanceProfileArn": "arn:aws:iam::123456789012:instance-profile/p"},
}


def fargate(**resources: Json) -> Body:
    whole = {"type": "FARGATE", "maxvCpus": 4, "subnets": ["s"], "securityGroupIds": ["g"], **resources}
    return {"type": "MANAGED", "computeResources": {name: value for name, value in whole.items() if value is not None}}


def managed_instances(**template: Json) -> Body:
    inner = {**MANAGED_INSTANCES["instanceLaunchTemplate"], **template}
    provider = {**MANAGED_INSTANCES, "instanceLaunchTemplate": inner}
    return {"type": "MANAGED", "computeResources": {
        "type": "ECS_MANAGED_INSTANCES", "maxvCpus": 4, "managedInstancesProvider": provider}}  # fmt: skip


def eks(**access: Json) -> Body:
    return {**ec2(), "eksConfiguration": {**CLUSTER, **({"accessEntry": access} if access else {})}}


def plan_of(before: Body, after: Body, kind: str = CE) -> Plan:
    return planned(stack({(kind, "x"): after}), owned(stack({(kind, "x"): before}), live(kind, "x", before)))


def update_of(before: Body, after: Body, kind: str = CE) -> Body:
    """Return what the update carries beside the name."""
    plan = plan_of(before, after, kind)
    assert plan.refusals == ()
    first = next(step for step in plan.changes[0].steps if isinstance(step, Call))
    return {name: value for name, value in first.request.items() if name not in ("computeEnvironment", "jobQueue")}


def refused(before: Body, after: Body) -> list[str]:
    return [problem.message.removeprefix("ComputeEnvironment/x: ") for problem in plan_of(before, after).refusals]


def costs(before: Body, after: Body) -> list[tuple[str, Cost]]:
    fields = [field for change in plan_of(before, after).changes for field in change.fields]
    return [(dotted(field.path), field.cost) for field in fields if not dotted(field.path).startswith("tags.")]


@pytest.mark.parametrize(
    ("before", "after", "sent"),
    [
        (eks(desiredState="ENABLED"), eks(desiredState="DISABLED"), "DISABLED"),
        (eks(), eks(desiredState="ENABLED"), "ENABLED"),
        (eks(desiredState="DISABLED"), eks(), "INHERIT_FROM_CLUSTER"),
    ],
)
def test_of_eks_only_the_access_entry_is_updated(before: Body, after: Body, sent: str) -> None:
    assert update_of(before, after) == {
        "eksConfiguration": {"accessEntry": {"desiredState": sent}}, "state": "ENABLED"}  # fmt: skip


@pytest.mark.parametrize("after", [ec2(launchTemplate={}), ec2(launchTemplate={"launchTemplateId": ""}), ec2()])
def test_a_launch_template_is_taken_away_however_its_absence_is_written(after: Body) -> None:
    sent = update_of(ec2(**LT), after)["computeResources"]
    assert sent == {"launchTemplate": {"launchTemplateId": ""}, "updateToLatestImageVersion": True}


@pytest.mark.parametrize("member", ["ec2KeyPair", "imageId", "placementGroup"])
def test_an_empty_text_unsets_and_then_is_no_change(member: str) -> None:
    assert update_of(ec2(**{member: "x"}), ec2(**{member: ""})) == {"computeResources": {member: ""}}
    assert plan_of(ec2(), ec2(**{member: ""})).is_empty


def test_an_empty_text_is_nothing_to_create_with() -> None:
    blank = {"ec2KeyPair": "", "imageId": "ami-1", "placementGroup": "", "launchTemplate": {"launchTemplateName": ""}}
    plan = planned(stack({(CE, "x"): ec2(**blank)}))
    step = plan.changes[0].steps[0]
    assert isinstance(step, Call)
    assert step.request["computeResources"] == ec2(imageId="ami-1")["computeResources"]


def test_an_empty_list_or_map_is_nothing_to_create_with() -> None:
    blank = ec2(capacityTags={}, tags={}, ec2Configuration=[], scalingPolicy={})
    (operation, request), *_ = calls(planned(stack({(CE, "x"): blank})))
    assert (operation, request["computeResources"]) == ("CreateComputeEnvironment", ec2()["computeResources"])
    pod = {"containers": [{"image": "i"}], "volumes": [{"name": "v", "emptyDir": {}}]}
    body = {"type": "container", "platformCapabilities": [], "parameters": {}, "eksProperties": {"podProperties": pod}}
    ((_, request),) = calls(planned(stack({(JD, "x"): body})))
    assert request.keys() == {"jobDefinitionName", "type", "eksProperties", "tags"}
    assert request["eksProperties"]["podProperties"] == pod


NEW_VERSION = {"launchTemplate": {"launchTemplateId": "lt-1", "version": "2"}}


@pytest.mark.parametrize(
    ("changed", "declared", "sent"),
    [
        (NEW_VERSION, None, True),  # otherwise the image of the old version could stay
        (NEW_VERSION, False, None),
        ({"instanceTypes": ["c5"]}, None, None),
        ({"instanceTypes": ["c5"]}, True, True),
        ({"maxvCpus": 99}, True, None),  # no instance is replaced
    ],
)
def test_the_latest_image_is_asked_for_with_a_launch_template_or_where_declared(
    changed: Body, declared: Json, sent: Json
) -> None:
    trigger = {"updateToLatestImageVersion": declared}
    request = update_of(ec2(**LT), ec2(**{**LT, **changed, **trigger}))
    assert request["computeResources"].get("updateToLatestImageVersion") == sent


def test_the_latest_image_alone_is_no_change_and_nothing_to_create_with() -> None:
    assert costs(ec2(), ec2(updateToLatestImageVersion=True)) == []
    step = planned(stack({(CE, "x"): ec2(updateToLatestImageVersion=True)})).changes[0].steps[0]
    assert isinstance(step, Call)
    assert "updateToLatestImageVersion" not in step.request["computeResources"]


def test_fargate_never_gets_an_update_policy() -> None:
    policy = {"updatePolicy": {"terminateJobsOnUpdate": True}}
    created = planned(stack({(CE, "x"): {**fargate(), **policy}})).changes[0].steps
    assert [step.operation for step in created if isinstance(step, Call)] == ["CreateComputeEnvironment"]
    assert update_of(fargate(), {**fargate(maxvCpus=8), **policy}) == {"computeResources": {"maxvCpus": 8}}


def test_fargate_changes_its_network_and_size_in_place() -> None:
    assert costs(fargate(), fargate(maxvCpus=8, subnets=["t"], securityGroupIds=["h"])) == [
        ("computeResources.maxvCpus", Cost.SCALING),
        ("computeResources.securityGroupIds", Cost.SCALING),
        ("computeResources.subnets", Cost.SCALING),
    ]


def test_fargate_cannot_let_go_of_its_security_groups() -> None:
    (message,) = refused(fargate(), fargate(securityGroupIds=None))
    assert message.endswith("on Fargate an empty list changes nothing (ComputeResourceUpdate)")


def test_a_role_of_ones_own_is_exchanged_also_for_its_namesake_under_another_path() -> None:
    mine = "arn:aws:iam::123456789012:role/mine"
    under_path = "arn:aws:iam::123456789012:role/service-role/mine"
    assert update_of({**ec2(), "serviceRole": mine}, {**ec2(), "serviceRole": under_path}) == {
        "serviceRole": under_path
    }


def test_the_service_linked_role_is_known_by_its_path() -> None:
    """By its bare name AWS Batch finds no such role, and the environment is INVALID."""
    misplaced = {**ec2(), "serviceRole": "arn:aws:iam::123456789012:role/AWSServiceRoleForBatch"}
    assert [message.split(" ", 1)[0] for message in refused(misplaced, ec2())] == ["serviceRole"]
    assert costs({**ec2(), "serviceRole": SLR}, ec2(instanceTypes=["c5"])) == [
        ("computeResources.instanceTypes", Cost.INFRASTRUCTURE)]  # fmt: skip


@pytest.mark.parametrize(
    ("member", "was", "is_"), [("capacityOptionType", "SPOT", "ON_DEMAND"), ("fipsEnabled", True, False)]
)
def test_managed_instances_keep_for_life_what_an_update_cannot_carry(member: str, was: Json, is_: Json) -> None:
    before, after = managed_instances(**{member: was}), managed_instances(**{member: is_})
    (message,) = refused(before, after)
    assert f"{member} cannot be changed in place" in message
    assert costs(before, managed_instances()) == []  # what is left out is left to the service


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("allocationStrategy", "BEST_FIT_PROGRESSIVE_ORDERED"),
        ("ec2Configuration", [{"imageType": "ECS_AL2023_NVIDIA"}]),
        ("ec2KeyPair", "key"),
        ("imageId", "ami-1"),
        ("instanceRole", "other"),
        ("instanceTypes", ["c5"]),
        ("launchTemplate", {"launchTemplateId": "lt-1"}),
        ("placementGroup", "near"),
        ("securityGroupIds", ["sg-2"]),
        ("subnets", ["subnet-2"]),
        ("tags", {"a": "b"}),
    ],
)
def test_instances_are_replaced_for(member: str, value: Json) -> None:
    """Tags of instances, too: those of the environment itself are free."""
    found = costs(ec2(), ec2(**{member: value}))
    assert {path.split(".")[1] for path, _ in found} == {member}
    assert {cost for _, cost in found} == {Cost.INFRASTRUCTURE}


@pytest.mark.parametrize("strategy", ["BEST_FIT", None])
def test_best_fit_cannot_be_had_by_an_update(strategy: str | None) -> None:
    (message,) = refused(ec2(), ec2(allocationStrategy=strategy))
    assert message.startswith("computeResources.allocationStrategy cannot be changed in place: not with the allocation")


@pytest.mark.parametrize(
    "changed",
    [
        {"ec2InstanceProfileArn": "arn:aws:iam::123456789012:instance-profile/other"},
        {"networkConfiguration": {"subnets": ["subnet-2"], "securityGroups": ["sg-1"]}},
        {"monitoring": "DETAILED"},
    ],
)
def test_an_update_of_managed_instances_ends_no_job_and_promises_nothing_of_an_update_policy(changed: Json) -> None:
    mine = stack({(CE, "a"): {**managed_instances(**changed), "updatePolicy": {"terminateJobsOnUpdate": True}}})
    before = managed_instances()
    (change,) = planned(mine, owned(stack({(CE, "a"): before}), live(CE, "a", before))).changes
    assert (change.cost, change.interrupts, change.losses) == (Cost.SCALING, None, ())
    said = " ".join([*change.reasons, *(field.why for field in change.fields)])
    assert "existing ones go on until their jobs end" in said
    assert "updatePolicy" not in said
    assert not any("updatePolicy" in getattr(step, "request", {}) for step in change.steps)


@pytest.mark.parametrize(("before", "after"), [(ec2(), managed_instances()), (managed_instances(), ec2())])
def test_nothing_becomes_or_leaves_managed_instances(before: Body, after: Body) -> None:
    fields = [message.partition(" cannot be changed")[0] for message in refused(before, after)]
    assert any("computeResources.type" in listed for listed in fields)


def test_fields_that_one_reason_keeps_as_they_are_are_refused_once() -> None:
    because = [message.partition(": ")[2] for message in refused(ec2(), managed_instances())]
    assert len(because) == len(set(because))


def test_a_cluster_is_for_life() -> None:
    other = {**ec2(), "eksConfiguration": {**CLUSTER, "eksClusterArn": CLUSTER["eksClusterArn"] + "2"}}
    assert refused(eks(), other) == ["eksConfiguration.eksClusterArn cannot be changed in place"]


def test_the_type_of_a_queue_is_for_life() -> None:
    environment = live(CE, "a", ec2())
    before = live(JQ, "x", {**queue(environment.arn), "jobQueueType": "ECS"})
    plan = planned(stack({(JQ, "x"): {**queue("a"), "jobQueueType": "EKS"}}), owned(stack({}), before), environment)
    assert [p.message for p in plan.refusals] == ["JobQueue/x: jobQueueType cannot be changed in place"]


def test_what_managed_instances_keep_for_life_is_not_sent() -> None:
    mine = managed_instances(capacityOptionType="SPOT")
    sent = update_of(mine, managed_instances(capacityOptionType="SPOT", monitoring="DETAILED"))
    template = sent["computeResources"]["managedInstancesProvider"]["instanceLaunchTemplate"]
    assert template == {**MANAGED_INSTANCES["instanceLaunchTemplate"], "monitoring": "DETAILED"}


@pytest.mark.parametrize("policy", [{}, {"updatePolicy": {"jobExecutionTimeoutMinutes": 60}}])
def test_an_update_of_managed_instances_promises_nothing_that_an_update_policy_would(policy: Body) -> None:
    """It "applies only to Amazon EC2 managed compute environments" (UpdatePolicy)."""
    (change,) = plan_of(managed_instances(), {**managed_instances(monitoring="DETAILED"), **policy}).changes
    assert not any("updatePolicy" in reason or "minutes" in reason for reason in change.reasons)
    (other,) = plan_of(ec2(), ec2(instanceTypes=["c5"])).changes
    assert any("30 minutes at most (updatePolicy" in reason for reason in other.reasons)


def test_spot_becomes_on_demand_in_place() -> None:
    spot = ec2(type="SPOT", allocationStrategy="SPOT_CAPACITY_OPTIMIZED", bidPercentage=60)
    assert update_of(spot, ec2()) == {"computeResources": {
        "type": "EC2", "allocationStrategy": "BEST_FIT_PROGRESSIVE", "bidPercentage": 100}}  # fmt: skip


@pytest.mark.parametrize("is_added", [True, False])
def test_the_wait_knows_the_policy_that_comes_with_the_update(is_added: bool) -> None:
    """UpdateComputeEnvironment: jobs follow the policy that is set in the same call."""
    policy = {"updatePolicy": {"jobExecutionTimeoutMinutes": 120}}
    bodies = [ec2(), {**ec2(instanceTypes=["c5"]), **policy}]
    if not is_added:
        bodies = [{**ec2(), "updatePolicy": {"terminateJobsOnUpdate": True}}, ec2(instanceTypes=["c5"])]
    waits = [step.timeout for step in plan_of(*bodies).changes[0].steps if isinstance(step, Wait)]
    assert waits == [1200 + (120 if is_added else 30) * 60]


LIMITS = [{"state": "RUNNABLE", "reason": reason, "maxTimeSeconds": 600, "action": "CANCEL"} for reason in "AB"]


@pytest.mark.parametrize(("after", "sent"), [({"jobStateTimeLimitActions": LIMITS[:1]}, LIMITS[:1]), ({}, [])])
def test_time_limits_are_sent_as_a_whole(after: Body, sent: list[Json]) -> None:
    environment = live(CE, "a", ec2())
    before = live(JQ, "x", {**queue(environment.arn), "jobStateTimeLimitActions": LIMITS})
    plan = planned(stack({(JQ, "x"): {**queue("a"), **after}}), owned(stack({}), before), environment)
    step = plan.changes[0].steps[0]
    assert isinstance(step, Call)
    assert step.request == {"jobQueue": "x", "jobStateTimeLimitActions": sent}


@pytest.mark.parametrize("shown", ["ECS", None])
def test_a_queue_type_that_is_written_out_is_no_change_though_old_queues_do_not_show_it(shown: str | None) -> None:
    environment = live(CE, "a", ec2())
    before = {**queue(environment.arn), **({"jobQueueType": shown} if shown else {})}
    mine = stack({(CE, "a"): ec2(), (JQ, "x"): {**queue("a"), "jobQueueType": "ECS"}})
    plan = planned(mine, owned(mine, live(JQ, "x", before)), owned(mine, environment))
    assert [
        dotted(field.path) for change in plan.changes for field in change.fields if "tags." not in dotted(field.path)
    ] == []


def test_a_new_revision_keeps_the_tags_that_are_left_to_others() -> None:
    lifecycles = {(JD, "x"): Lifecycle(ignore_changes=("tags.owner",))}
    new = stack({(JD, "x"): container(command=["new"])}, lifecycles=lifecycles)
    before = owned(stack({}), live(JD, "x", container(), tags={"owner": "them", "old": "1"}, revisions=(1,)))
    (change,) = planned(new, before).changes
    step, _seen = change.steps
    assert isinstance(step, Call)
    assert change.action is Action.REVISION
    assert {key for key in step.request["tags"] if not key.startswith("reconciler:")} == {"owner"}
