"""The requests and waits of a plan, complete and in order."""

import pytest

from reconciler.kinds import KINDS
from reconciler.model import Json
from reconciler.plan import PlanOptions
from tests.builders import CE, JD, JQ, SLR, SP, calls, container, ec2, fair, live, owned, planned, queue, stack

ARN = "arn:aws:batch:us-east-1:123456789012:"


def operations(found: list[tuple[str, Json]]) -> list[str]:
    return [operation if operation != "wait" else f"wait {detail}" for operation, detail in found]


def test_an_environment_is_created_with_its_tags_and_waited_for() -> None:
    plan = planned(stack({(CE, "spot"): ec2()}, tags={"team": "risk"}))
    (operation, request), wait = calls(plan)
    assert operation == "CreateComputeEnvironment"
    assert request == {
        "computeEnvironmentName": "spot",
        **ec2(),
        "tags": {
            "team": "risk",
            "reconciler:stack": "risk",
            "reconciler:applied": request["tags"]["reconciler:applied"],
        },
    }
    assert wait == ("wait", "VALID")


def test_what_only_an_update_can_set_follows_the_create() -> None:
    policy = {"jobExecutionTimeoutMinutes": 60, "terminateJobsOnUpdate": False}
    plan = planned(stack({(CE, "spot"): {**ec2(), "state": "DISABLED", "updatePolicy": policy}}))
    found = calls(plan)
    assert operations(found) == [
        "CreateComputeEnvironment", "wait VALID", "UpdateComputeEnvironment", "wait VALID", "TagResource"]  # fmt: skip
    create, update, tag = found[0][1], found[2][1], found[4][1]
    assert "state" not in create
    assert update == {"computeEnvironment": "spot", "state": "DISABLED", "updatePolicy": policy}
    assert create["tags"]["reconciler:applied"] == "pending"
    assert tag["tags"]["reconciler:applied"] != "pending"


def test_an_update_policy_is_never_sent_alone() -> None:
    """The service wants one of state, computeResources, serviceRole, unmanagedvCpus in every update."""
    plan = planned(stack({(CE, "spot"): {**ec2(), "updatePolicy": {"terminateJobsOnUpdate": True}}}))
    assert calls(plan)[2][1] == {
        "computeEnvironment": "spot", "updatePolicy": {"terminateJobsOnUpdate": True}, "state": "ENABLED"}  # fmt: skip


def test_an_enabled_environment_needs_no_second_call() -> None:
    plan = planned(stack({(CE, "spot"): {**ec2(), "state": "enabled"}}))
    assert operations(calls(plan)) == ["CreateComputeEnvironment", "wait VALID"]


def test_the_autoscalers_member_is_never_sent() -> None:
    request = calls(planned(stack({(CE, "spot"): ec2(desiredvCpus=4)})))[0][1]
    assert "desiredvCpus" not in request["computeResources"]


def updated(kind: str, before: dict[str, Json], after: dict[str, Json], name: str = "spot") -> list[tuple[str, Json]]:
    old = stack({(kind, name): before})
    return calls(planned(stack({(kind, name): after}), owned(old, live(kind, name, before, revisions=()))))


def test_an_update_carries_only_the_members_that_change() -> None:
    found = updated(CE, ec2(), ec2(maxvCpus=64))
    assert operations(found) == ["UpdateComputeEnvironment", "wait VALID", "TagResource"]
    assert found[0][1] == {"computeEnvironment": "spot", "computeResources": {"maxvCpus": 64}}


def test_a_change_of_state_alone_sends_no_compute_resources() -> None:
    found = updated(CE, ec2(), {**ec2(), "state": "DISABLED"})
    assert found[0][1] == {"computeEnvironment": "spot", "state": "DISABLED"}


@pytest.mark.parametrize(
    ("member", "value", "unset"),
    [
        ("ec2KeyPair", "key", ""),
        ("imageId", "ami-1", ""),
        ("placementGroup", "pg", ""),
        ("tags", {"a": "b"}, {}),
        ("bidPercentage", 50, 100),
        ("minvCpus", 4, 0),
        ("securityGroupIds", ["sg-1"], []),
        ("scalingPolicy", {"minScaleDownDelayMinutes": 30}, {"minScaleDownDelayMinutes": 0}),
        ("ec2Configuration", [{"imageType": "ECS_AL2023", "imageIdOverride": "ami-1"}], [{"imageType": "ECS_AL2023"}]),
    ],
)
def test_each_member_is_unset_in_its_own_way(member: str, value: Json, unset: Json) -> None:
    found = updated(CE, ec2(**{member: value}), ec2(**{member: None}))
    assert found[0][1] == {"computeEnvironment": "spot", "computeResources": {member: unset}}


@pytest.mark.parametrize(
    ("member", "value", "unset"),
    [
        (
            "updatePolicy",
            {"terminateJobsOnUpdate": True},
            {"terminateJobsOnUpdate": False, "jobExecutionTimeoutMinutes": 30},
        ),
        ("ecsSettings", {"containerInsights": "ENABLED"}, {"containerInsights": "DISABLED"}),
        ("state", "DISABLED", "ENABLED"),
    ],
)
def test_members_of_the_environment_itself_are_unset_in_their_own_way(member: str, value: Json, unset: Json) -> None:
    request = updated(CE, {**ec2(), member: value}, ec2())[0][1]
    assert request[member] == unset


def test_what_is_dropped_from_a_policy_is_sent_as_its_default() -> None:
    """The service keeps members of updatePolicy that an update does not carry."""
    before = {"terminateJobsOnUpdate": True, "jobExecutionTimeoutMinutes": 1}
    request = updated(
        CE, {**ec2(), "updatePolicy": before}, {**ec2(), "updatePolicy": {"terminateJobsOnUpdate": True}}
    )[0][1]
    assert request["updatePolicy"] == {"terminateJobsOnUpdate": True, "jobExecutionTimeoutMinutes": 30}


def test_a_queue_update_replaces_the_whole_order() -> None:
    a, b = (live(CE, name, ec2()) for name in "ab")
    old = stack({(JQ, "q"): queue("a")})
    before = live(JQ, "q", queue(a.arn))
    plan = planned(stack({(JQ, "q"): queue("b", "a")}), owned(old, before), a, b)
    order = [{"order": 1, "computeEnvironment": b.arn}, {"order": 2, "computeEnvironment": a.arn}]
    assert calls(plan)[0] == ("UpdateJobQueue", {"jobQueue": "q", "computeEnvironmentOrder": order})


def test_a_policy_update_sends_the_whole_document_by_arn() -> None:
    found = updated(SP, fair(computeReservation=10), fair(computeReservation=20), "fair")
    request = {
        "arn": f"{ARN}scheduling-policy/fair",
        "fairsharePolicy": {"shareDecaySeconds": 60, "computeReservation": 20},
    }
    assert found[0] == ("UpdateSchedulingPolicy", request)
    assert operations(found) == ["UpdateSchedulingPolicy", "TagResource"]


def test_a_change_of_tags_alone_is_no_update() -> None:
    old, new = (
        stack({(CE, "spot"): {**ec2(), "tags": {"a": "1", "b": "2"}}}),
        stack({(CE, "spot"): {**ec2(), "tags": {"b": "3"}}}),
    )
    found = calls(planned(new, owned(old, live(CE, "spot", ec2(), tags={"a": "1", "b": "2"}))))
    assert operations(found) == ["TagResource", "UntagResource"]
    assert found[0][1]["tags"]["b"] == "3"
    assert found[1][1] == {"resourceArn": f"{ARN}compute-environment/spot", "tagKeys": ["a"]}


def test_tags_that_aws_reserves_are_left_alone() -> None:
    mine = stack({(CE, "spot"): ec2()})
    assert planned(mine, owned(mine, live(CE, "spot", ec2(), tags={"aws:created": "x"}))).is_empty


def test_a_changed_definition_is_registered_whole_with_all_its_tags() -> None:
    old, new = stack({(JD, "job"): container()}), stack({(JD, "job"): {**container(command=["x"]), "tags": {"a": "1"}}})
    (operation, request), seen = calls(
        planned(new, owned(old, live(JD, "job", container(), status="ACTIVE", revisions=(3, 7))))
    )
    assert seen == ("wait", "seen")
    assert operation == "RegisterJobDefinition"
    assert {k: v for k, v in request.items() if k != "tags"} == {"jobDefinitionName": "job", **container(command=["x"])}
    assert set(request["tags"]) == {"a", "reconciler:stack", "reconciler:applied"}


def test_tags_of_a_definition_are_written_to_its_newest_revision() -> None:
    old, new = stack({(JD, "job"): container()}), stack({(JD, "job"): {**container(), "tags": {"a": "1"}}})
    found = calls(planned(new, owned(old, live(JD, "job", container(), status="ACTIVE", revisions=(3, 7)))))
    assert [operation for operation, _ in found] == ["TagResource"]
    assert found[0][1]["resourceArn"] == f"{ARN}job-definition/job:7"


def test_a_removed_definition_loses_every_active_revision() -> None:
    found = calls(
        planned(
            stack({(JD, "other"): container()}),
            owned(stack({}), live(JD, "job", container(), status="ACTIVE", revisions=(3, 7))),
        )
    )
    assert found[:2] == [
        ("DeregisterJobDefinition", {"jobDefinition": f"{ARN}job-definition/job:3"}),
        ("DeregisterJobDefinition", {"jobDefinition": f"{ARN}job-definition/job:7"}),
    ]


@pytest.mark.parametrize(("kind", "spec", "key"), [(CE, ec2(), "computeEnvironment"), (JQ, queue(), "jobQueue")])
def test_an_enabled_resource_is_disabled_deleted_and_waited_for(kind: str, spec: dict[str, Json], key: str) -> None:
    found = calls(planned(stack({}), owned(stack({}), live(kind, "x", spec))))
    assert [step for step in found if step != ("wait", "idle")] == [
        (KINDS[kind].update.operation, {key: "x", "state": "DISABLED"}), ("wait", "settled"),
        (KINDS[kind].delete.operation, {key: "x"}), ("wait", "gone")]  # fmt: skip


def test_a_disabled_resource_is_not_disabled_again() -> None:
    found = calls(planned(stack({}), owned(stack({}), live(CE, "x", {**ec2(), "state": "DISABLED"}))))
    assert operations(found) == ["wait idle", "DeleteComputeEnvironment", "wait gone"]


def test_what_goes_after_all_that_used_it_is_not_waited_for() -> None:
    mine = stack({(CE, "spot"): ec2(), (JQ, "q"): queue("spot")})
    world = (owned(mine, live(CE, "spot", ec2())), owned(mine, live(JQ, "q", queue(f"{ARN}compute-environment/spot"))))
    assert ("wait", "idle") not in calls(planned(mine, *world, wanted=PlanOptions(destroy=True)))


def test_a_resource_in_transition_is_let_settle_first() -> None:
    mine = stack({(CE, "spot"): ec2()})
    before = owned(mine, live(CE, "spot", ec2(), status="UPDATING"))
    found = calls(planned(stack({(CE, "spot"): ec2(maxvCpus=64)}), before))
    assert operations(found) == ["wait settled", "UpdateComputeEnvironment", "wait VALID", "TagResource"]


def test_a_name_that_is_being_deleted_is_waited_for_before_it_is_created_anew() -> None:
    mine = stack({(CE, "spot"): ec2()})
    found = calls(planned(mine, owned(mine, live(CE, "spot", ec2(), status="DELETING"))))
    assert operations(found) == ["wait free", "CreateComputeEnvironment", "wait VALID"]


def test_an_infrastructure_update_is_given_the_time_that_jobs_may_take() -> None:
    mine = {**ec2(), "serviceRole": SLR, "updatePolicy": {"jobExecutionTimeoutMinutes": 120}}
    new = {**ec2(instanceTypes=["c5"]), "updatePolicy": {"jobExecutionTimeoutMinutes": 120}}
    plan = planned(stack({(CE, "spot"): new}), owned(stack({(CE, "spot"): mine}), live(CE, "spot", mine)))
    assert plan.changes[0].steps[1].timeout == 1200 + 120 * 60
