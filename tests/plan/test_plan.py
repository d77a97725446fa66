"""What a plan says: order, ownership, drift, refusals."""

import pytest

from reconciler.model import Action, Address, Cost, Json, Lifecycle, Live, Wait, dotted
from reconciler.plan import PlanOptions
from reconciler.problems import InvalidStack
from tests.builders import CE, JD, JQ, SLR, SP, container, ec2, fair, live, owned, planned, queue, stack, told

ARN = "arn:aws:batch:us-east-1:123456789012:"
FARGATE = {"type": "MANAGED", "computeResources": {
    "type": "FARGATE", "maxvCpus": 4, "subnets": ["s"], "securityGroupIds": ["g"]}}  # fmt: skip


def everything() -> dict[tuple[str, str], dict[str, Json]]:
    return {
        (JD, "job"): container(),
        (JQ, "q"): {**queue("spot"), "schedulingPolicyArn": "fair"},
        (CE, "spot"): ec2(),
        (SP, "fair"): fair(),
    }


def test_what_others_need_is_created_first() -> None:
    plan = planned(stack(everything()))
    assert told(plan) == ["+ SchedulingPolicy/fair", "+ ComputeEnvironment/spot", "+ JobDefinition/job", "+ JobQueue/q"]
    assert plan.changes[-1].after == (Address(SP, "fair"), Address(CE, "spot"))


def test_no_wait_takes_longer_than_the_timeout() -> None:
    plan = planned(stack(everything()), wanted=PlanOptions(longest_wait=60))
    assert {step.timeout for change in plan.changes for step in change.steps if isinstance(step, Wait)} == {60}


def test_a_timeout_that_is_longer_than_every_wait_changes_nothing() -> None:
    usual, longer = (planned(stack(everything()), wanted=PlanOptions(longest_wait=wait)) for wait in (None, 1e9))
    assert usual.changes == longer.changes


def test_a_logical_name_becomes_an_arn() -> None:
    request = planned(stack(everything(), prefix="dev-")).changes[-1].steps[0].request
    assert request["jobQueueName"] == "dev-q"
    assert request["computeEnvironmentOrder"] == [
        {"order": 1, "computeEnvironment": f"{ARN}compute-environment/dev-spot"}
    ]
    assert request["schedulingPolicyArn"] == f"{ARN}scheduling-policy/dev-fair"


def test_moving_a_queue_frees_the_old_environment_before_deleting_it() -> None:
    old = stack({(CE, "old"): ec2(), (JQ, "q"): queue("old")})
    new = stack({(CE, "new"): ec2(), (JQ, "q"): queue("new")})
    world = [owned(old, live(CE, "old", ec2())), owned(old, live(JQ, "q", queue(f"{ARN}compute-environment/old")))]
    assert told(planned(new, *world)) == ["+ ComputeEnvironment/new", "~ JobQueue/q", "- ComputeEnvironment/old"]


def test_what_uses_others_is_deleted_first() -> None:
    old = stack(everything())
    ref = {**queue(f"{ARN}compute-environment/spot"), "schedulingPolicyArn": f"{ARN}scheduling-policy/fair"}
    world = [
        owned(old, live(SP, "fair", fair(), status="")), owned(old, live(CE, "spot", ec2())), owned(old, live(JQ, "q", ref)),
        owned(old, live(JD, "job", container(), revisions=(1,)))]  # fmt: skip
    plan = planned(old, *world, wanted=PlanOptions(destroy=True))
    order = told(plan)
    assert order.index("- JobQueue/q") < order.index("- ComputeEnvironment/spot")
    assert order.index("- JobQueue/q") < order.index("- SchedulingPolicy/fair")


@pytest.mark.parametrize("tags", [{}, {"reconciler:stack": "other"}])
def test_an_environment_that_a_foreign_queue_uses_is_not_deleted(tags: dict[str, str]) -> None:
    theirs = live(JQ, "theirs", queue(f"{ARN}compute-environment/spot"), tags=tags)
    plan = planned(stack({}), owned(stack({}), live(CE, "spot", ec2())), theirs)
    (refusal,) = plan.refusals
    assert refusal.code == "PLAN005"
    assert "JobQueue/theirs uses it" in refusal.message


def test_an_environment_that_is_no_longer_declared_but_still_named_is_not_deleted() -> None:
    old = stack({(CE, "spot"): ec2(), (JQ, "q"): queue("spot")})
    world = [owned(old, live(CE, "spot", ec2())), owned(old, live(JQ, "q", queue(f"{ARN}compute-environment/spot")))]
    plan = planned(stack({(JQ, "q"): queue("spot")}), *world)
    assert [problem.code for problem in plan.refusals] == ["PLAN005"]


def test_a_resource_that_nobody_owns_is_not_taken_without_consent() -> None:
    plan = planned(stack({(CE, "spot"): ec2()}), live(CE, "spot", ec2()))
    assert told(plan) == ["> ComputeEnvironment/spot"]
    assert [problem.code for problem in plan.refusals] == ["PLAN002"]
    assert plan.changes[0].steps == ()


@pytest.mark.parametrize(
    ("lifecycle", "wanted"), [(Lifecycle(adopt=True), PlanOptions()), (Lifecycle(), PlanOptions(adopt=True))]
)
def test_with_consent_it_is_adopted_by_tags_alone(lifecycle: Lifecycle, wanted: PlanOptions) -> None:
    mine = stack({(CE, "spot"): ec2()}, lifecycles={(CE, "spot"): lifecycle})
    plan = planned(mine, live(CE, "spot", ec2()), wanted=wanted)
    assert (told(plan), plan.refusals) == (["> ComputeEnvironment/spot"], ())
    assert [step.operation for step in plan.changes[0].steps] == ["TagResource"]


@pytest.mark.parametrize(
    ("tags", "owner"),
    [
        ({"reconciler:stack": "pricing"}, "stack pricing"),
        ({"aws:cloudformation:stack-name": "infra"}, "CloudFormation stack infra"),
    ],
)
def test_another_owner_is_named_and_consent_does_not_help(tags: dict[str, str], owner: str) -> None:
    plan = planned(stack({(CE, "spot"): ec2()}), live(CE, "spot", ec2(), tags=tags), wanted=PlanOptions(adopt=True))
    (refusal,) = plan.refusals
    assert (refusal.code, refusal.message) == ("PLAN003", f"ComputeEnvironment/spot: spot belongs to {owner}")


def test_a_difference_under_an_unchanged_declaration_is_drift() -> None:
    mine = stack({(CE, "spot"): ec2()})
    (change,) = planned(mine, owned(mine, live(CE, "spot", ec2(maxvCpus=99, ec2KeyPair="theirs")))).changes
    assert [(dotted(f.path), f.drift, f.undeclared) for f in change.fields] == [
        ("computeResources.ec2KeyPair", True, True), ("computeResources.maxvCpus", True, False)]  # fmt: skip


def test_a_difference_under_a_changed_declaration_is_ours() -> None:
    old, new = stack({(CE, "spot"): ec2()}), stack({(CE, "spot"): ec2(maxvCpus=99)})
    (change,) = planned(new, owned(old, live(CE, "spot", ec2()))).changes
    assert not change.drift


def test_an_unchanged_stack_has_an_empty_plan() -> None:
    mine = stack({(CE, "spot"): ec2(), (JD, "job"): container()})
    plan = planned(
        mine,
        owned(mine, live(CE, "spot", {**ec2(desiredvCpus=8), "serviceRole": SLR})),
        owned(mine, live(JD, "job", container(), revisions=(4,))),
    )
    assert (plan.is_empty, plan.unchanged) == (True, 2)


def test_a_stale_record_of_what_was_applied_is_written_anew() -> None:
    """A run that was cut off between an update and its tag leaves this behind."""
    old, new = stack({(CE, "spot"): ec2()}), stack({(CE, "spot"): ec2(maxvCpus=99)})
    plan = planned(new, owned(old, live(CE, "spot", ec2(maxvCpus=99))))
    assert [(dotted(f.path), f.cost) for f in plan.changes[0].fields] == [("tags.reconciler:applied", Cost.METADATA)]
    assert [step.operation for step in plan.changes[0].steps] == ["TagResource"]


@pytest.mark.parametrize(
    ("before", "after", "path", "because"),
    [
        (ec2(), {"type": "UNMANAGED", "serviceRole": "r"}, "type", ""),
        (ec2(), ec2(spotIamFleetRole="r"), "computeResources.spotIamFleetRole", "ComputeResourceUpdate"),
        (ec2(), ec2(type="FARGATE"), "computeResources.type", "between EC2 and SPOT"),
        (FARGATE, {"type": "MANAGED", "computeResources": {**FARGATE["computeResources"], "type": "FARGATE_SPOT"}},
         "computeResources.type", "a Fargate environment can only change"),
        (ec2(allocationStrategy=None), ec2(allocationStrategy=None, instanceTypes=["c5"]),
         "computeResources.instanceTypes", "BEST_FIT"),
        ({**ec2(), "serviceRole": "mine"}, {**ec2(instanceTypes=["c5"]), "serviceRole": "mine"},
         "computeResources.instanceTypes", "AWSServiceRoleForBatch"),
        ({**ec2(), "serviceRole": SLR}, {**ec2(), "serviceRole": "mine"}, "serviceRole", "service-linked role"),
        ({**ec2(), "eksConfiguration": {"eksClusterArn": "a", "kubernetesNamespace": "n"}},
         {**ec2(), "eksConfiguration": {"eksClusterArn": "a", "kubernetesNamespace": "m"}},
         "eksConfiguration.kubernetesNamespace", ""),
    ],
)  # fmt: skip
def test_what_an_environment_cannot_change_is_refused_with_member_and_rule(
    before: dict[str, Json], after: dict[str, Json], path: str, because: str
) -> None:
    plan = planned(stack({(CE, "spot"): after}), owned(stack({(CE, "spot"): before}), live(CE, "spot", before)))
    assert told(plan) == ["-/+ ComputeEnvironment/spot"]
    assert plan.changes[0].steps == ()
    refusal = next(problem for problem in plan.refusals if f" {path} " in problem.message)
    assert refusal.code == "PLAN001"
    assert because in refusal.message


@pytest.mark.parametrize(("before", "after"), [(None, "fair"), ("fair", None)])
def test_a_policy_can_be_neither_added_to_a_queue_nor_removed(before: str | None, after: str | None) -> None:
    policy, environment = live(SP, "fair", fair(), status=""), live(CE, "spot", ec2())
    old = {**queue(environment.arn), **({"schedulingPolicyArn": policy.arn} if before else {})}
    new = {**queue("spot"), **({"schedulingPolicyArn": "fair"} if after else {})}
    plan = planned(stack({(JQ, "q"): new}), policy, environment, owned(stack({(JQ, "q"): old}), live(JQ, "q", old)))
    assert [problem.message.split(" cannot")[0] for problem in plan.refusals] == ["JobQueue/q: schedulingPolicyArn"]


@pytest.mark.parametrize("is_declared", [True, False])
def test_a_queue_moves_to_environments_of_another_type_in_place_as_long_as_no_refusal_is_known(
    is_declared: bool,
) -> None:
    old = live(CE, "old", ec2())
    before = owned(stack({(JQ, "q"): queue(old.arn)}), live(JQ, "q", queue(old.arn)))
    declared = {(CE, "new"): FARGATE} if is_declared else {}
    others = () if is_declared else (live(CE, "new", FARGATE),)
    plan = planned(stack({(JQ, "q"): queue("new"), **declared}), old, before, *others)
    (moved,) = (change for change in plan.changes if change.address.kind == JQ)
    assert (moved.action, moved.cost, plan.refusals) == (Action.UPDATE, Cost.SCALING, ())
    assert "from ECS to ECS_FARGATE: AWS does not document whether a queue can move there" in moved.fields[0].why


def test_a_queue_cannot_move_to_or_from_environments_on_eks() -> None:
    old = live(CE, "old", ec2())
    before = owned(stack({(JQ, "q"): queue(old.arn)}), live(JQ, "q", queue(old.arn)))
    cluster = {"eksClusterArn": "arn:aws:eks:us-east-1:123456789012:cluster/c", "kubernetesNamespace": "batch"}
    kubernetes = {**ec2(), "eksConfiguration": cluster}
    (refusal,) = planned(stack({(JQ, "q"): queue("new")}), old, before, live(CE, "new", kubernetes)).refusals
    assert "cannot be changed in place: from ECS to EKS: 'EKS job queue type must have EKS" in refusal.message


def test_a_policy_can_be_exchanged_for_another() -> None:
    policies = [live(SP, name, fair(), status="") for name in ("a", "b")]
    environment = live(CE, "spot", ec2())
    old = {**queue(environment.arn), "schedulingPolicyArn": policies[0].arn}
    new = {**queue("spot"), "schedulingPolicyArn": "b"}
    plan = planned(stack({(JQ, "q"): new}), *policies, environment, owned(stack({(JQ, "q"): old}), live(JQ, "q", old)))
    assert (told(plan), plan.changes[0].cost) == (["~ JobQueue/q"], Cost.SCALING)


def test_the_kind_of_a_policy_is_for_life() -> None:
    quota = {"quotaSharePolicy": {"idleResourceAssignmentStrategy": "FIFO"}}
    plan = planned(
        stack({(SP, "fair"): quota}), owned(stack({(SP, "fair"): fair()}), live(SP, "fair", fair(), status=""))
    )
    assert plan.changes[0].action is Action.REPLACE


def test_a_reference_to_nothing_stops_the_plan_and_suggests_a_name() -> None:
    with pytest.raises(InvalidStack) as caught:
        planned(stack({(CE, "spot"): ec2(), (JQ, "q"): queue("sopt")}))
    (problem,) = caught.value.problems
    assert (problem.code, problem.hint) == ("REF001", "did you mean spot?")


@pytest.mark.parametrize("reference", ["dev-spot", f"{ARN}compute-environment/dev-spot"])
def test_a_resource_of_the_stack_may_be_referred_to_as_aws_is_going_to_call_it(reference: str) -> None:
    plan = planned(stack({(JQ, "q"): queue(reference), (CE, "spot"): ec2()}, prefix="dev-"))
    assert told(plan) == ["+ ComputeEnvironment/spot", "+ JobQueue/q"]
    assert plan.changes[-1].after == (Address(CE, "spot"),)


def test_an_existing_resource_may_be_named_and_is_not_touched() -> None:
    theirs = live(CE, "shared", ec2())
    plan = planned(stack({(JQ, "q"): queue("shared")}), theirs)
    assert told(plan) == ["+ JobQueue/q"]
    assert plan.changes[0].steps[0].request["computeEnvironmentOrder"][0]["computeEnvironment"] == theirs.arn


def test_a_definition_registered_by_hand_is_drift_of_ours() -> None:
    mine = stack({(JD, "job"): container()})
    ours = owned(mine, live(JD, "job", container(), revisions=(1,)))
    by_hand = Live(ours.address, container(command=["x"]), ours.arn, {}, "ACTIVE", "", (1, 2), owned={1: ours.tags})
    (change,) = planned(mine, by_hand).changes
    assert (change.action, change.drift) == (Action.REVISION, True)


def test_a_renamed_resource_keeps_its_physical_name() -> None:
    old = stack({(CE, "old"): ec2()})
    new = stack({(CE, "new"): ec2()}, lifecycles={(CE, "new"): Lifecycle(renamed_from="old")})
    plan = planned(new, owned(old, live(CE, "old", ec2())))
    assert told(plan) == ["~ ComputeEnvironment/new"]
    (tag,) = plan.changes[0].steps
    assert tag.request["tags"]["reconciler:name"] == "new"


def test_the_stack_under_another_prefix_is_left_alone() -> None:
    dev, prod = (stack({(CE, "spot"): ec2()}, prefix=prefix) for prefix in ("dev-", "prod-"))
    plan = planned(prod, owned(dev, live(CE, "dev-spot", ec2())))
    assert told(plan) == ["+ ComputeEnvironment/spot"]
    assert [note.code for note in plan.notes] == ["PLAN006"]


def test_ignored_members_keep_their_live_value() -> None:
    lifecycles = {(CE, "spot"): Lifecycle(ignore_changes=("computeResources.maxvCpus", "tags.owner"))}
    old, new = stack({(CE, "spot"): ec2()}), stack({(CE, "spot"): ec2(minvCpus=2, maxvCpus=50)}, lifecycles=lifecycles)
    (change,) = planned(new, owned(old, live(CE, "spot", ec2(maxvCpus=99), tags={"owner": "x"}))).changes
    assert [dotted(f.path) for f in change.fields] == ["computeResources.minvCpus"]


def test_an_ignored_member_of_a_definition_is_registered_as_it_is_live() -> None:
    lifecycles = {
        (JD, "job"): Lifecycle(ignore_changes=("containerProperties.image", "containerProperties.environment.A"))
    }
    now = container(image="busybox:2", environment=[{"name": "A", "value": "live"}, {"name": "B", "value": "1"}])
    then = container(environment=[{"name": "A", "value": "ours"}, {"name": "B", "value": "2"}])
    (change,) = planned(
        stack({(JD, "job"): then}, lifecycles=lifecycles), owned(stack({}), live(JD, "job", now, revisions=(1,)))
    ).changes
    body = change.steps[0].request["containerProperties"]
    assert body["image"] == "busybox:2"
    assert {e["name"]: e["value"] for e in body["environment"]} == {"A": "live", "B": "2"}


def test_an_orphaned_resource_loses_our_tags_alone() -> None:
    orphan = stack({(CE, "spot"): ec2()}, lifecycles={(CE, "spot"): Lifecycle(on_remove="orphan")})
    created = planned(orphan).changes[0].steps[0].request["tags"]
    plan = planned(stack({}), live(CE, "spot", ec2(), tags=created))
    assert told(plan) == [". ComputeEnvironment/spot"]
    assert plan.changes[0].steps[0].request["tagKeys"] == ["reconciler:applied", "reconciler:stack"]


def test_a_target_brings_what_it_waits_for() -> None:
    plan = planned(stack(everything()), wanted=PlanOptions(targets=("JobQueue/*",)))
    assert told(plan) == ["+ SchedulingPolicy/fair", "+ ComputeEnvironment/spot", "+ JobQueue/q"]


def test_whoever_needs_a_resource_in_transition_waits_for_it() -> None:
    mine = stack({(CE, "spot"): ec2(), (JQ, "q"): queue("spot")})
    plan = planned(mine, owned(mine, live(CE, "spot", ec2(), status="CREATING")))
    assert told(plan) == ["= ComputeEnvironment/spot", "+ JobQueue/q"]
    assert plan.changes[1].after == (Address(CE, "spot"),)


def test_an_invalid_resource_is_told_even_when_nothing_differs() -> None:
    mine = stack({(CE, "spot"): ec2()})
    plan = planned(mine, owned(mine, live(CE, "spot", ec2(), status="INVALID", reason="CLIENT_ERROR - role")))
    assert [(u.address.name, u.reason) for u in plan.unhealthy] == [("spot", "CLIENT_ERROR - role")]


def test_the_order_of_the_files_does_not_matter() -> None:
    resources = everything()
    backwards = dict(reversed(resources.items()))
    assert planned(stack(resources)).changes == planned(stack(backwards)).changes
