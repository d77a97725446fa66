"""What is INVALID is a change: with its cause, its remedy, and an update that validates again where that can help."""

import pytest

from reconciler.kinds.reasons import INVALID_REASONS, UNKNOWN, invalid_reason_of
from reconciler.model import Action, Live
from reconciler.plan import PlanOptions
from reconciler.problems import Exit
from reconciler.redact.presented import present
from reconciler.report.results import drift_of
from tests.builders import CE, JQ, calls, ec2, live, owned, planned, queue, stack, told
from tests.world import World

MINE = stack({(CE, "spot"): ec2(), (JQ, "q"): queue("spot")})
ROLE = "CLIENT_ERROR - User: batch.amazonaws.com is not authorized to perform: sts:AssumeRole"
CLUSTER = "CLIENT_ERROR - Clusters can not be blank."


def sick(reason: str = ROLE) -> Live:
    return owned(MINE, live(CE, "spot", ec2(), status="INVALID", reason=reason))


# The texts are those of the User Guide's troubleshooting page and of public issues, see the table.
@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        ("CLIENT_ERROR - Not authorized to perform sts:AssumeRole", "the service role is gone"),
        (ROLE, "the service role is gone"),
        ("CLIENT_ERROR - User: x is not authorized to perform: ecs:DescribeClusters", "the service role lacks"),
        (CLUSTER, "the ECS cluster that AWS Batch manages for the environment was deleted"),
        ("CLIENT_ERROR - Parameter: SpotFleetRequestConfig.IamFleetRole is invalid.", "the Spot Fleet role"),
        ("CLIENT_ERROR - Instance profile x does not exist", "the instance profile does not exist"),
        ("CLIENT_ERROR - Launch Template UserData is not MIME multipart format", "the user data of the launch"),
        ("CLIENT_ERROR - EKS Cluster version [1.21] is unsupported", "AWS Batch does not support the Kubernetes"),
        ("CLIENT_ERROR - Unable to validate Kubernetes Namespace", "AWS Batch cannot see the Kubernetes"),
        ("Your compute environment has been INVALIDATED and scaled down because none of the instances joined the x",
         "instances start and do not join"),
        ("INTERNAL_ERROR - something new", ""),
    ],
)  # fmt: skip
def test_each_reason_that_is_known_has_its_cause(reason: str, cause: str) -> None:
    found = invalid_reason_of(reason)
    assert found.cause.startswith(cause)
    assert found.remedy
    assert (found is UNKNOWN) is (cause == "")


def test_no_reason_hides_another() -> None:
    """The first that fits counts: a general one must not stand above a special one."""
    assert [invalid_reason_of(" ".join(one.texts)) for one in INVALID_REASONS] == list(INVALID_REASONS)


def test_an_update_that_changes_nothing_validates_again() -> None:
    plan = planned(MINE, sick())
    change = next(change for change in plan.changes if change.address.kind == CE)
    assert change.action is Action.REPAIR
    assert [(step.operation, step.request) for step in change.steps if hasattr(step, "operation")] == [
        ("UpdateComputeEnvironment", {"computeEnvironment": "spot", "state": "ENABLED"})
    ]
    assert (change.fields[0].path, "the service role is gone" in change.fields[0].why) == (("status",), True)


def test_what_is_declared_anew_is_sent_instead() -> None:
    mine = stack({(CE, "spot"): ec2(maxvCpus=99)})
    (change,) = planned(mine, sick()).changes
    assert change.action is Action.UPDATE
    assert calls(planned(mine, sick()))[0] == (
        "UpdateComputeEnvironment",
        {"computeEnvironment": "spot", "computeResources": {"maxvCpus": 99}},
    )


def test_what_no_update_cures_takes_a_new_one() -> None:
    refused = planned(MINE, sick(CLUSTER))
    assert [problem.code for problem in refused.refusals] == ["PLAN001"]
    assert "the ECS cluster that AWS Batch manages for the environment was deleted" in refused.refusals[0].message
    replaced = planned(MINE, sick(CLUSTER), wanted=PlanOptions(allow_replace=True))
    assert told(replaced)[0] == "+/- ComputeEnvironment/spot"


def test_drift_tells_it_once_as_unhealthy() -> None:
    drift = drift_of(present(planned(MINE, sick())))
    assert (drift.changed, [change.address.name for change in drift.pending]) == ((), [])
    assert [(one.status, one.remedy != "") for one in drift.plan.unhealthy] == [("INVALID", True)]


def test_when_the_cause_is_gone_applying_repairs_it() -> None:
    world = World()
    mine = stack({(CE, "spot"): {**ec2(), "serviceRole": "arn:aws:iam::123456789012:role/own"}})
    world.simulator.set_missing_roles(["own"])
    assert world.apply(mine).exit is Exit.UNHEALTHY
    finish = world.apply(mine)
    assert (finish.exit, [result.change.action for result in finish.outcome.results]) == (
        Exit.UNHEALTHY,
        [Action.REPAIR],
    )
    assert finish.outcome.results[0].hint.startswith("create the role again")
    world.simulator.set_missing_roles([])
    assert world.apply(mine).exit is Exit.DONE
    assert world.plan(mine).is_empty
