"""What cannot be changed in place is replaced with consent: environments by a second one, queues and policies anew."""

from dataclasses import replace
from typing import Literal

import pytest

from reconciler.model import Action, Address, Lifecycle, Live, Plan, Stack, Wait, dotted
from reconciler.plan import PlanOptions
from tests.builders import (
    CE,
    JQ,
    SE,
    SP,
    calls,
    ec2,
    fair,
    live,
    owned,
    planned,
    queue,
    quota,
    service,
    stack,
    told,
    training,
)

ARN = "arn:aws:batch:us-east-1:123456789012:"
ALLOWED = PlanOptions(allow_replace=True)
FIT = {"allocationStrategy": "BEST_FIT"}
OLD = stack({(CE, "spot"): ec2(**FIT), (JQ, "q"): queue("spot")})
NEW = stack({(CE, "spot"): ec2(), (JQ, "q"): queue("spot")})


def environment(name: str, of: Stack = OLD, **members: str) -> Live:
    """An environment that `of` applied as `spot`, under a name of its own."""
    spec = of.declared[Address(CE, "spot")].spec
    theirs = owned(of, live(CE, "spot", spec))
    tags = {**theirs.tags, **({"reconciler:name": "spot"} if name != "spot" else {})}
    return replace(theirs, address=Address(CE, name), arn=f"{ARN}compute-environment/{name}", tags=tags, **members)


def queue_on(*names: str, of: Stack = OLD) -> Live:
    return owned(of, live(JQ, "q", queue(*(f"{ARN}compute-environment/{name}" for name in names))))


def heir(plan: Plan) -> str:
    return next(change.name for change in plan.changes if change.action is Action.BLUE_GREEN)


def test_a_second_environment_takes_over_and_the_first_is_retired() -> None:
    plan = planned(NEW, environment("spot"), queue_on("spot"), wanted=ALLOWED)
    assert told(plan) == ["+/- ComputeEnvironment/spot", "~ JobQueue/q", "(-) ComputeEnvironment/spot"]
    name = heir(plan)
    assert name.startswith("spot-")
    (created, *_, moved, _, disabled, _, _, deleted, _) = [
        request for request in calls(plan) if request[0] != "TagResource"
    ]
    assert created[1]["computeEnvironmentName"] == name
    assert moved[1]["computeEnvironmentOrder"][0]["computeEnvironment"].endswith(f"/{name}")
    assert disabled == ("UpdateComputeEnvironment", {"computeEnvironment": "spot", "state": "DISABLED"})
    assert deleted == ("DeleteComputeEnvironment", {"computeEnvironment": "spot"})


def test_the_queue_waits_for_the_new_environment_and_the_old_one_for_the_queue() -> None:
    created, moved, retired = planned(NEW, environment("spot"), queue_on("spot"), wanted=ALLOWED).changes
    assert isinstance(created.steps[-1], Wait)
    assert (moved.after, retired.after) == ((Address(CE, "spot"),), (Address(JQ, "q"),))


def test_without_consent_nothing_is_replaced_and_the_consent_is_named() -> None:
    (change,) = planned(NEW, environment("spot"), queue_on("spot")).changes
    assert (change.action, [problem.code for problem in change.refusals]) == (Action.REPLACE, ["PLAN001"])
    assert "--allow-replace" in change.refusals[0].hint


@pytest.mark.parametrize(("choice", "allowed", "signs"), [
    ("blue-green", False, "+/- ~ (-)"), ("blue-green", True, "+/- ~ (-)"), ("refuse", True, "-/+"), (None, False, "-/+"),
])  # fmt: skip
def test_the_stack_may_consent_or_forbid(choice: str | None, allowed: bool, signs: str) -> None:
    mine = stack({(CE, "spot"): ec2(), (JQ, "q"): queue("spot")}, lifecycles={(CE, "spot"): Lifecycle(replace=choice)})
    plan = planned(mine, environment("spot"), queue_on("spot"), wanted=PlanOptions(allow_replace=allowed))
    assert " ".join(change.action.value for change in plan.changes) == signs


def test_the_same_declaration_names_the_same_heir_and_another_one_another() -> None:
    world = (environment("spot"), queue_on("spot"))
    other = stack({(CE, "spot"): ec2(maxvCpus=99), (JQ, "q"): queue("spot")})
    names = [heir(planned(of, *world, wanted=ALLOWED)) for of in (NEW, NEW, other)]
    assert names[0] == names[1] != names[2]


def test_a_name_that_is_taken_is_not_used() -> None:
    world = (environment("spot"), queue_on("spot"))
    taken = heir(planned(NEW, *world, wanted=ALLOWED))
    assert heir(planned(NEW, *world, live(CE, taken, ec2()), wanted=ALLOWED)) != taken


def test_a_long_name_makes_room_for_its_mark() -> None:
    long = "x" * 128
    old, new = (stack({(CE, long): ec2(**more)}) for more in (FIT, {}))
    name = heir(planned(new, owned(old, live(CE, long, ec2(**FIT))), wanted=ALLOWED))
    assert (len(name), name[:121]) == (128, long[:121])


def test_after_an_interruption_the_heir_that_is_there_goes_on() -> None:
    green = environment("spot-123456", of=NEW)
    plan = planned(NEW, environment("spot"), green, queue_on("spot"), wanted=ALLOWED)
    assert told(plan) == ["~ JobQueue/q", "(-) ComputeEnvironment/spot"]
    assert plan.changes[1].name == "spot"


def test_an_heir_that_is_on_its_way_is_waited_for() -> None:
    green = environment("spot-123456", of=NEW, status="CREATING")
    plan = planned(NEW, environment("spot"), green, queue_on("spot"), wanted=ALLOWED)
    assert told(plan) == ["= ComputeEnvironment/spot", "~ JobQueue/q", "(-) ComputeEnvironment/spot"]


def test_when_the_queue_has_moved_only_the_old_one_is_left_to_go() -> None:
    green = environment("spot-123456", of=NEW)
    moving = planned(NEW, environment("spot"), green, queue_on("spot"))
    (tags,) = [request["tags"] for operation, request in calls(moving) if operation == "TagResource"]
    moved = queue_on("spot-123456")
    plan = planned(NEW, environment("spot"), green, replace(moved, tags={**moved.tags, **tags}))
    assert [(change.action, change.name) for change in plan.changes] == [(Action.RETIRE, "spot")]


@pytest.mark.parametrize(("used", "other"), [("spot-111111", "spot-222222"), ("spot-222222", "spot-111111")])
def test_of_two_heirs_the_one_that_the_queue_uses_stays_and_the_other_one_is_retired(used: str, other: str) -> None:
    heirs = [environment(name, of=NEW) for name in (used, other)]
    plan = planned(NEW, *heirs, queue_on(used, of=NEW), wanted=ALLOWED)
    assert [change.name for change in plan.changes if change.action is Action.RETIRE] == [other]
    assert "UpdateJobQueue" not in dict(calls(plan))


@pytest.mark.parametrize("used", ["spot", "spot-123456"])
def test_an_invalid_heir_is_taken_back_and_another_one_tried(used: str) -> None:
    green = environment("spot-123456", of=NEW, status="INVALID")
    plan = planned(NEW, environment("spot"), green, queue_on(used), wanted=ALLOWED)
    retired = {change.name for change in plan.changes if change.action is Action.RETIRE}
    assert retired == {"spot", "spot-123456"}
    assert heir(plan) not in retired


def test_whoever_changes_back_gets_rid_of_the_heir() -> None:
    green = environment("spot-123456", of=NEW)
    plan = planned(OLD, environment("spot"), green, queue_on("spot"))
    assert [(change.action, change.name) for change in plan.changes] == [(Action.RETIRE, "spot-123456")]


def test_a_queue_outside_the_stack_forbids_it() -> None:
    theirs = live(JQ, "theirs", queue(f"{ARN}compute-environment/spot"), tags={"reconciler:stack": "other"})
    plan = planned(NEW, environment("spot"), queue_on("spot"), theirs, wanted=ALLOWED)
    assert [(problem.code, "JobQueue/theirs uses it" in problem.message) for problem in plan.refusals] == [
        ("PLAN005", True)
    ]


@pytest.mark.parametrize("on_remove", ["delete", "orphan"])
def test_what_is_protected_is_not_replaced(on_remove: Literal["delete", "orphan"]) -> None:
    """To keep it when the stack drops it is no leave to delete it when it is replaced."""
    keep = Lifecycle(prevent_destroy=True, on_remove=on_remove)
    mine = stack({(CE, "spot"): ec2(), (JQ, "q"): queue("spot")}, lifecycles={(CE, "spot"): keep})
    plan = planned(mine, environment("spot"), queue_on("spot"), wanted=ALLOWED)
    assert [problem.code for problem in plan.refusals] == ["PLAN004"]
    assert "DeleteComputeEnvironment" not in dict(calls(plan))


def test_the_minimum_of_the_old_one_is_given_up_so_that_it_can_empty() -> None:
    old, new = (stack({(CE, "spot"): ec2(minvCpus=4, **more), (JQ, "q"): queue("spot")}) for more in (FIT, {}))
    plan = planned(new, environment("spot", of=old), queue_on("spot", of=old), wanted=ALLOWED)
    disabled = next(request for operation, request in calls(plan) if operation == "UpdateComputeEnvironment")
    assert disabled == {"computeEnvironment": "spot", "state": "DISABLED", "computeResources": {"minvCpus": 0}}
    assert ("wait", "idle") in calls(plan)


def test_a_queue_is_deleted_before_it_is_created_again() -> None:
    old = stack({(CE, "spot"): ec2(), (SP, "fair"): fair(), (JQ, "q"): queue("spot")})
    new = stack(
        {(CE, "spot"): ec2(), (SP, "fair"): fair(), (JQ, "q"): {**queue("spot"), "schedulingPolicyArn": "fair"}}
    )
    world = (
        owned(old, live(CE, "spot", ec2())),
        owned(old, live(SP, "fair", fair(), status="")),
        queue_on("spot", of=old),
    )
    assert [problem.code for problem in planned(new, *world).refusals] == ["PLAN001"]
    plan = planned(new, *world, wanted=ALLOWED)
    assert told(plan) == ["(-) JobQueue/q", "-/+ JobQueue/q"]
    assert Address(JQ, "q") in plan.changes[1].after
    operations = [what if operation == "wait" else operation for operation, what in calls(plan)]
    assert operations == [
        "UpdateJobQueue", "settled", "DeleteJobQueue", "gone", "free", "CreateJobQueue", "VALID",
    ]  # fmt: skip


def test_a_policy_of_another_kind_takes_its_queue_along_in_the_right_order() -> None:
    gpus = service()
    old = stack({(SE, "gpus"): gpus, (SP, "p"): fair(), (JQ, "q"): {**training("gpus"), "schedulingPolicyArn": "p"}})
    new = stack({(SE, "gpus"): gpus, (SP, "p"): quota(),
                 (JQ, "q"): {**training("gpus", jobQueueType="ECS"), "schedulingPolicyArn": "p"}})  # fmt: skip
    spec = {**training(f"{ARN}service-environment/gpus"), "schedulingPolicyArn": f"{ARN}scheduling-policy/p"}
    world = (
        owned(old, live(SE, "gpus", gpus)),
        owned(old, live(SP, "p", fair(), status="")),
        owned(old, live(JQ, "q", spec)),
    )
    assert told(planned(new, *world, wanted=ALLOWED)) == [
        "(-) JobQueue/q", "(-) SchedulingPolicy/p", "-/+ SchedulingPolicy/p", "-/+ JobQueue/q",
    ]  # fmt: skip


IGNORING = Lifecycle(ignore_changes=("computeResources.maxvCpus", "tags.cost-*"))


def test_a_successor_carries_the_live_value_of_what_is_ignored() -> None:
    mine = stack({(CE, "spot"): ec2(maxvCpus=16), (JQ, "q"): queue("spot")}, lifecycles={(CE, "spot"): IGNORING})
    old = environment("spot")
    old = replace(old, spec=ec2(**FIT, maxvCpus=99), tags={**old.tags, "cost-center": "7", "owner": "me"})
    plan = planned(mine, old, queue_on("spot"), wanted=ALLOWED)
    (created,) = [request for operation, request in calls(plan) if operation == "CreateComputeEnvironment"]
    assert (created["computeResources"]["maxvCpus"], created["tags"]["cost-center"]) == (99, "7")
    assert "owner" not in created["tags"]
    ignored = {dotted(one.path): (one.before, one.after) for one in plan.ignored[Address(CE, "spot")]}
    assert ignored == {"computeResources.maxvCpus": (99, 16), "tags.cost-center": ("7", None)}


def test_a_replacement_shows_every_field_that_changes_with_it() -> None:
    mine = stack({(CE, "spot"): ec2(maxvCpus=99), (JQ, "q"): queue("spot")}, tags={"team": "risk"})
    change = planned(mine, environment("spot"), queue_on("spot"), wanted=ALLOWED).changes[0]
    assert change.action is Action.BLUE_GREEN
    assert [dotted(field.path) for field in change.fields] == [
        "computeResources.allocationStrategy",
        "computeResources.maxvCpus",
        "tags.team",
    ]


@pytest.mark.parametrize("status", ["VALID", "DELETING"])
def test_a_queue_that_is_created_again_carries_the_live_value_of_what_is_ignored(status: str) -> None:
    """Also if the first run was interrupted while the old queue was being deleted."""
    of = stack({(CE, "spot"): ec2(), (JQ, "q"): queue("spot")})
    new = stack(
        {(CE, "spot"): ec2(), (SP, "fair"): fair(), (JQ, "q"): queue("spot", schedulingPolicyArn="fair")},
        lifecycles={(JQ, "q"): Lifecycle(ignore_changes=("priority",))},
    )
    environment_ = owned(of, live(CE, "spot", ec2()))
    old = owned(of, live(JQ, "q", queue(environment_.arn, priority=77), status=status))
    plan = planned(new, environment_, old, wanted=ALLOWED)
    (created,) = [request for operation, request in calls(plan) if operation == "CreateJobQueue"]
    assert created["priority"] == 77
