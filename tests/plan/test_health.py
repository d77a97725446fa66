"""What is told of live resources that do not work, although their members may be as declared."""

import pytest

from reconciler.model import Address, Json, Live, Stack
from reconciler.plan import PlanOptions
from reconciler.redact.presented import present
from reconciler.report.results import drift_of
from tests.builders import CE, JD, JQ, SE, container, ec2, live, owned, planned, queue, service, stack, training

ARN = "arn:aws:batch:us-east-1:123456789012:"
SPOT, OTHER = f"{ARN}compute-environment/spot", f"{ARN}compute-environment/other"
MINE = stack({(CE, "spot"): ec2(), (JQ, "q"): queue("spot")})
OFF = {"state": "DISABLED"}


def world(of: Stack, spot: Live, *more: Live, order: tuple[str, ...] = (SPOT,)) -> list[Live]:
    return [owned(of, spot), owned(of, live(JQ, "q", queue(*order))), *more]


def told(of: Stack, *world: Live) -> list[tuple[str, str, str]]:
    return [(one.address.name, one.status, one.reason) for one in planned(of, *world).unhealthy]


def test_a_queue_is_blocked_when_its_only_environment_is_invalid() -> None:
    broken = live(CE, "spot", ec2(), status="INVALID", reason="CLIENT_ERROR - role")
    assert told(MINE, *world(MINE, broken)) == [
        ("spot", "INVALID", "CLIENT_ERROR - role"),
        ("q", "BLOCKED", "it has no working compute environment: spot is INVALID (CLIENT_ERROR - role)"),
    ]


def test_a_queue_goes_on_while_one_of_its_environments_works() -> None:
    broken, working = live(CE, "spot", ec2(), status="INVALID"), live(CE, "other", ec2())
    mine = stack({(CE, "spot"): ec2(), (JQ, "q"): queue("spot", OTHER)})
    assert [name for name, _, _ in told(mine, *world(mine, broken, working, order=(SPOT, OTHER)))] == ["spot"]


@pytest.mark.parametrize("status", ["CREATING", "UPDATING"])
def test_a_queue_whose_environment_is_on_its_way_is_not_blocked(status: str) -> None:
    assert told(MINE, *world(MINE, live(CE, "spot", ec2(), status=status))) == []


def test_what_is_unhealthy_is_told_whatever_the_targets_are() -> None:
    disabled = world(MINE, live(CE, "spot", {**ec2(), **OFF}))
    plan = planned(MINE, *disabled, wanted=PlanOptions(targets=("JobQueue/q",)))
    assert [(one.address.name, one.status) for one in plan.unhealthy] == [("spot", "DISABLED"), ("q", "BLOCKED")]


def test_what_somebody_disabled_is_unhealthy_and_so_is_what_needs_it() -> None:
    plan = planned(MINE, *world(MINE, live(CE, "spot", {**ec2(), **OFF})))
    assert [(one.address.name, one.status) for one in plan.unhealthy] == [("spot", "DISABLED"), ("q", "BLOCKED")]
    drift = drift_of(present(plan))
    assert drift.counts == {"changed": 0, "undeclared": 1, "missing": 0, "unhealthy": 2, "foreign": 0}


def test_what_the_stack_itself_disables_is_as_declared() -> None:
    mine = stack({(CE, "spot"): {**ec2(), **OFF}, (JQ, "q"): queue("spot")})
    assert told(mine, *world(mine, live(CE, "spot", {**ec2(), **OFF}))) == []


def test_what_the_stack_is_about_to_enable_is_not_called_disabled_by_somebody() -> None:
    before = stack({(CE, "spot"): {**ec2(), **OFF}})
    theirs = owned(before, live(CE, "spot", {**ec2(), **OFF}))
    assert told(stack({(CE, "spot"): {**ec2(), "state": "ENABLED"}}), theirs) == []


def test_a_disabled_queue_is_not_blocked_as_well() -> None:
    mine = stack({(CE, "spot"): ec2(), (JQ, "q"): queue("spot", **OFF)})
    broken = owned(mine, live(CE, "spot", ec2(), status="INVALID"))
    assert [name for name, _, _ in told(mine, broken, owned(mine, live(JQ, "q", queue(SPOT, **OFF))))] == ["spot"]


def test_a_training_queue_needs_its_service_environment() -> None:
    mine = stack({(SE, "gpus"): service(), (JQ, "train"): training("gpus")})
    arn = f"{ARN}service-environment/gpus"
    found = told(mine, owned(mine, live(SE, "gpus", service(), status="INVALID")),
                 owned(mine, live(JQ, "train", training(arn))))  # fmt: skip
    assert [(name, status) for name, status, _ in found] == [("gpus", "INVALID"), ("train", "BLOCKED")]


@pytest.mark.parametrize(
    ("tags", "whose"),
    [
        ({}, "no stack owns it"),
        ({"reconciler:stack": "other"}, "belongs to stack other"),
        ({"aws:cloudformation:stack-name": "batch"}, "belongs to CloudFormation stack batch"),
    ],
)
def test_a_resource_of_a_declared_name_that_is_not_ours_is_foreign(tags: dict[str, str], whose: str) -> None:
    spec: dict[str, Json] = container()
    drift = drift_of(present(planned(stack({(JD, "job"): spec}), live(JD, "job", spec, tags=tags, revisions=(1,)))))
    (change,) = drift.foreign
    assert (change.address, drift.is_none, drift.pending) == (Address(JD, "job"), False, ())
    assert whose in change.refusals[0].message
    assert drift.line == "Drift: 0 changed, 0 undeclared, 0 missing, 0 unhealthy. 1 foreign."
