"""Plans of service environments, their queues, and the quota shares that are parts of these queues."""

import pytest

from reconciler.model import Action, Address, Cost, Json, Live, dotted
from reconciler.plan import PlanOptions
from reconciler.problems import InvalidStack
from tests.builders import (
    JQ,
    QS,
    SE,
    SP,
    calls,
    limits,
    live,
    owned,
    planned,
    quota,
    service,
    share,
    stack,
    told,
    training,
)

ARN = "arn:aws:batch:us-east-1:123456789012:"
Resources = dict[tuple[str, str], dict[str, Json]]


def everything() -> Resources:
    return {
        (QS, "vision"): share("train"),
        (JQ, "train"): training("gpu", schedulingPolicyArn="quotas"),
        (SE, "gpu"): service(),
        (SP, "quotas"): quota(),
    }


def world(*left_out: str, tags: dict[str, str] | None = None) -> list[Live]:
    """What `everything` looks like when it is live; `tags` are those of the share, else the stack's own."""
    queue = training(f"{ARN}service-environment/gpu", schedulingPolicyArn=f"{ARN}scheduling-policy/quotas")
    all_of_it = [
        live(SP, "quotas", quota(), status=""),
        live(SE, "gpu", service()),
        live(JQ, "train", {**queue, "computeEnvironmentOrder": []}),
    ]
    part = live(QS, "train/vision", share(f"{ARN}job-queue/train"), tags=tags)
    mine = stack(everything())
    found = [owned(mine, one) for one in all_of_it] + [part if tags is not None else owned(mine, part)]
    return [one for one in found if one.address.name not in left_out]


def test_what_a_share_needs_is_created_first() -> None:
    plan = planned(stack(everything()))
    assert told(plan) == [
        "+ SchedulingPolicy/quotas",
        "+ ServiceEnvironment/gpu",
        "+ JobQueue/train",
        "+ QuotaShare/vision",
    ]
    assert plan.changes[-1].after == (Address(JQ, "train"),)


def test_a_share_is_created_in_its_queue_and_known_by_both_names() -> None:
    change = planned(stack(everything(), prefix="dev-")).changes[-1]
    assert (change.name, change.arn) == ("dev-train/dev-vision", f"{ARN}job-queue/dev-train/quota-share/dev-vision")
    request = change.steps[0].request
    assert (request["quotaShareName"], request["jobQueue"]) == ("dev-vision", f"{ARN}job-queue/dev-train")
    assert request["tags"]["reconciler:name"] == "dev-/vision"


def test_a_short_order_names_the_service_environment() -> None:
    request = planned(stack(everything())).changes[2].steps[0].request
    assert request["serviceEnvironmentOrder"] == [{"order": 1, "serviceEnvironment": f"{ARN}service-environment/gpu"}]


def test_what_is_live_as_declared_is_no_change() -> None:
    assert planned(stack(everything()), *world()).is_empty


def test_the_parts_of_a_queue_go_before_it_and_its_environment_after_it() -> None:
    order = told(planned(stack(everything()), *world(), wanted=PlanOptions(destroy=True)))
    places = [
        order.index(f"- {address}") for address in ("QuotaShare/vision", "JobQueue/train", "ServiceEnvironment/gpu")
    ]
    assert places == sorted(places)
    assert order.index("- JobQueue/train") < order.index("- SchedulingPolicy/quotas")


def test_a_share_is_disabled_deleted_and_waited_for_by_its_arn() -> None:
    plan = planned(stack({key: body for key, body in everything().items() if key[0] != QS}), *world())
    arn = f"{ARN}job-queue/train/quota-share/vision"
    assert calls(plan) == [
        ("UpdateQuotaShare", {"quotaShareArn": arn, "state": "DISABLED"}), ("wait", "settled"),
        ("DeleteQuotaShare", {"quotaShareArn": arn}), ("wait", "gone")]  # fmt: skip


def test_a_queue_with_a_share_of_somebody_else_is_not_deleted() -> None:
    plan = planned(stack(everything()), *world(tags={"reconciler:stack": "other"}), wanted=PlanOptions(destroy=True))
    (refusal,) = plan.refusals
    assert (refusal.code, "QuotaShare/train/vision uses it" in refusal.message) == ("PLAN005", True)


def test_shares_of_one_name_in_two_queues_are_two() -> None:
    """The one in the other queue is neither ours, nor in the way."""
    theirs = live(QS, "other/vision", share(f"{ARN}job-queue/other"), tags={"reconciler:stack": "other"})
    queue = live(JQ, "other", training(f"{ARN}service-environment/x"))
    plan = planned(stack(everything()), *world("train/vision"), queue, theirs)
    assert (told(plan), plan.refusals) == (["+ QuotaShare/vision"], ())


def test_a_share_can_be_declared_for_a_queue_that_the_stack_does_not_declare() -> None:
    queue = live(JQ, "theirs", training(f"{ARN}service-environment/x"))
    for name in ("theirs", queue.arn):
        (change,) = planned(stack({(QS, "vision"): share(name)}), queue).changes
        assert (change.action, change.name) == (Action.CREATE, "theirs/vision")


def test_a_share_without_its_queue_leads_nowhere() -> None:
    with pytest.raises(InvalidStack, match="1 problem") as caught:
        planned(stack({(QS, "vision"): share("gone")}))
    assert (
        caught.value.problems[0].message
        == "QuotaShare/vision: the job-queue gone exists neither in this stack nor in the account"
    )


def test_a_share_that_nobody_owns_is_found_by_queue_and_name() -> None:
    mine = stack({(QS, "vision"): share("theirs")})
    there = [live(JQ, "theirs", training("x")), live(QS, "theirs/vision", share(f"{ARN}job-queue/theirs"))]
    assert [problem.code for problem in planned(mine, *there).refusals] == ["PLAN002"]
    plan = planned(mine, *there, wanted=PlanOptions(adopt=True))
    assert (told(plan), [call for call, _ in calls(plan)]) == (["> QuotaShare/vision"], ["TagResource"])


def test_a_share_cannot_move_to_another_queue() -> None:
    moved = {**everything(), (QS, "vision"): share("other")}
    plan = planned(stack(moved), *world(), live(JQ, "other", training("x")))
    (change,) = plan.changes
    assert [(dotted(field.path), field.cost) for field in change.fields] == [("jobQueue", Cost.REPLACE)]
    assert "UpdateQuotaShare has no such field" in plan.refusals[0].message


@pytest.mark.parametrize(
    ("before", "after", "members"),
    [
        ({}, {"capacityLimits": limits(m5=4, g5=2)}, {"capacityLimits": limits(m5=4, g5=2)}),
        ({"state": "DISABLED"}, {}, {"state": "ENABLED"}),
        (
            {"resourceSharingConfiguration": {"strategy": "LEND_AND_BORROW", "borrowLimit": 50}},
            {"resourceSharingConfiguration": {"strategy": "LEND_AND_BORROW"}},
            {"resourceSharingConfiguration": {"strategy": "LEND_AND_BORROW"}},
        ),
    ],
)
def test_an_update_of_a_share_sends_the_members_that_change(before: Json, after: Json, members: Json) -> None:
    old, new = ({**everything(), (QS, "vision"): share("train", **more)} for more in (before, after))
    there = owned(stack(old), live(QS, "train/vision", share(f"{ARN}job-queue/train", **before)))
    first = calls(planned(stack(new), *world("train/vision"), there))[0]
    assert first == ("UpdateQuotaShare", {"quotaShareArn": f"{ARN}job-queue/train/quota-share/vision", **members})


@pytest.mark.parametrize("kind", [SE, QS])
def test_what_is_to_be_disabled_is_created_first(kind: str) -> None:
    body = service(m5=1) if kind == SE else share("train")
    plan = planned(stack({**everything(), (kind, "x"): {**body, "state": "DISABLED"}}))
    (change,) = [change for change in plan.changes if change.address == Address(kind, "x")]
    steps = [step.operation if hasattr(step, "operation") else "wait" for step in change.steps]
    verb = kind.removesuffix("s")
    assert steps == [f"Create{verb}", "wait", f"Update{verb}", "wait", "TagResource"]
    assert "state" not in change.steps[0].request


@pytest.mark.parametrize(
    ("shown", "declared"),
    [
        ({"resourceSharingConfiguration": {"strategy": "LEND", "borrowLimit": -1}}, {}),
        ({"capacityLimits": limits(g5=1, m5=2)}, {"capacityLimits": limits(m5=2, g5=1)}),
        ({"preemptionConfiguration": {"inSharePreemption": "ENABLED"}, "state": "ENABLED"}, {}),
    ],
)
def test_what_the_service_may_make_of_a_share_is_no_change(shown: Json, declared: Json) -> None:
    mine = stack({**everything(), (QS, "vision"): share("train", **declared)})
    there = owned(mine, live(QS, "train/vision", share(f"{ARN}job-queue/train", **shown)))
    assert planned(mine, *world("train/vision"), there).is_empty


def test_the_service_of_an_environment_cannot_change() -> None:
    other = {**service(), "serviceEnvironmentType": "OTHER"}
    plan = planned(stack({(SE, "gpu"): service()}), owned(stack({(SE, "gpu"): other}), live(SE, "gpu", other)))
    assert [problem.code for problem in plan.refusals] == ["PLAN001"]
