"""A name is free once AWS does not even show its old owner as DELETED; until then it is waited for."""

import itertools
from collections.abc import Mapping

import pytest

from reconciler.app import usecases
from reconciler.kinds import KINDS, batch_kinds
from reconciler.live.read import read_all, read_holder, read_one
from reconciler.model import Action, Call, Identity, Json, Stack
from reconciler.plan import PlanOptions
from reconciler.problems import Exit
from reconciler.sandbox.core.clock import Timings
from tests.builders import (
    CE,
    JQ,
    QS,
    SE,
    SP,
    ec2,
    fair,
    live,
    planned,
    queue,
    quota,
    service,
    share,
    stack,
    told,
    training,
)
from tests.fakes import HERE, session_of
from tests.world import World

ALLOWED = PlanOptions(allow_replace=True, allow_destroy=("*",))
FIFO = stack({(CE, "ce"): ec2(), (SP, "fair"): fair(), (JQ, "q"): queue("ce"), (JQ, "r"): queue("ce")})
FAIR = stack({
    (CE, "ce"): ec2(), (SP, "fair"): fair(),
    (JQ, "q"): queue("ce", schedulingPolicyArn="fair"), (JQ, "r"): queue("ce", schedulingPolicyArn="fair"),
})  # fmt: skip
ALL_WITH_A_STATUS = stack({
    (CE, "ce"): ec2(), (JQ, "q"): queue("ce"), (SE, "se"): service(), (SP, "quota"): quota(),
    (JQ, "train"): training("se", schedulingPolicyArn="quota"), (QS, "share"): share("train"),
})  # fmt: skip
LINGERS = [0.0, 3.0, 60.0, 600.0]


class Killed(Exception):  # noqa: N818 - names what happens
    """The process ends."""


class KilledBefore:
    """A cloud in whose use the process ends before it makes a call of one operation."""

    def __init__(self, world: World, operation: str) -> None:
        self.world, self.operation = world, operation

    def identity(self) -> Identity:
        return self.world.cloud.identity()

    def call(self, operation: str, request: Mapping[str, Json]) -> Mapping[str, Json]:
        if operation == self.operation:
            raise Killed
        return self.world.cloud.call(operation, request)


def applied(of: Stack, **timings: float) -> World:
    world = World(Timings(**timings))
    assert world.apply(of).exit is Exit.DONE
    return world


def policies(world: World) -> dict[str, bool]:
    found = world.raw.call("DescribeJobQueues", {})["jobQueues"]
    return {one["jobQueueName"]: "schedulingPolicyArn" in one for one in found if one["status"] == "VALID"}


@pytest.mark.parametrize("lag", [0.0, 2.0])
@pytest.mark.parametrize("deleted", LINGERS)
def test_a_queue_that_is_replaced_exists_afterwards(deleted: float, lag: float) -> None:
    world = applied(FIFO, deleted=deleted, read_lag=lag)
    finish = world.apply(FAIR, ALLOWED)
    assert (finish.exit, finish.outcome.is_done, policies(world)) == (Exit.DONE, True, {"q": True, "r": True})
    assert world.apply(FIFO, ALLOWED).exit is Exit.DONE
    assert policies(world) == {"q": False, "r": False}


@pytest.mark.parametrize("deleted", LINGERS)
def test_what_was_destroyed_a_moment_ago_is_created_again(deleted: float) -> None:
    world = applied(ALL_WITH_A_STATUS, deleted=deleted)
    assert world.apply(ALL_WITH_A_STATUS, PlanOptions(destroy=True)).exit is Exit.DONE
    assert world.apply(ALL_WITH_A_STATUS).exit is Exit.DONE
    assert world.plan(ALL_WITH_A_STATUS).is_empty


@pytest.mark.parametrize("deleted", LINGERS)
def test_killed_between_deletion_and_creation_the_same_command_finishes_the_work(deleted: float) -> None:
    world = applied(FIFO, deleted=deleted)
    killed = KilledBefore(world, "CreateJobQueue")
    plan = usecases.plan(FAIR, session_of(killed), ALLOWED)
    with pytest.raises(Killed):
        usecases.run(plan, FAIR, session_of(killed, world.clock), options=ALLOWED)
    assert world.apply(FAIR, ALLOWED).exit is Exit.DONE
    assert policies(world) == {"q": True, "r": True}


def test_a_destruction_ends_although_aws_goes_on_showing_what_is_deleted() -> None:
    world = applied(ALL_WITH_A_STATUS, deleted=10_000)
    start = world.clock.now()
    assert world.apply(ALL_WITH_A_STATUS, PlanOptions(destroy=True)).exit is Exit.DONE
    assert world.clock.now() - start < 600


def test_what_is_deleted_is_not_live_and_holds_its_name() -> None:
    world = applied(ALL_WITH_A_STATUS, deleted=10_000)
    world.apply(ALL_WITH_A_STATUS, PlanOptions(destroy=True))
    found = read_all(world.cloud, batch_kinds())
    assert found.live == ()
    assert {str(one.address) for one in found.taken} == {
        "ComputeEnvironment/ce", "JobQueue/q", "JobQueue/train", "ServiceEnvironment/se",
    }  # fmt: skip
    assert read_one(world.cloud, KINDS[JQ], HERE, "q") is None
    assert read_holder(world.cloud, KINDS[JQ], HERE, "q").status == "DELETED"


def test_a_plan_says_that_a_name_is_not_free_yet() -> None:
    world = applied(FIFO, deleted=10_000)
    world.apply(FIFO, PlanOptions(destroy=True))
    plan = world.plan(FIFO)
    assert {change.reasons for change in plan.changes if change.address.kind == JQ} == {
        ("the old q is DELETED, and its name is not free yet",), ("the old r is DELETED, and its name is not free yet",),
    }  # fmt: skip
    assert {standing.health for standing in usecases.status(FIFO, world.session).resources} == {"missing"}
    assert world.plan(FIFO, PlanOptions(destroy=True)).is_empty


def test_a_queue_on_its_way_out_keeps_no_environment() -> None:
    mine = stack({(JQ, "q"): queue("other")})
    arn = "arn:aws:batch:us-east-1:123456789012:compute-environment"
    leaving = live(JQ, "theirs", queue(f"{arn}/ce"), status="DELETING", tags={"reconciler:stack": "other"})
    ours = live(CE, "ce", ec2(), tags={"reconciler:stack": "risk"})
    plan = planned(mine, ours, live(CE, "other", ec2()), leaving)
    assert (told(plan), plan.refusals) == (["- ComputeEnvironment/ce", "+ JobQueue/q"], ())


NETWORK = {"subnets": ["subnet-1"], "securityGroupIds": ["sg-1"], "maxvCpus": 16}
ON_EKS = {"eksClusterArn": "arn:aws:eks:us-east-1:123456789012:cluster/c", "kubernetesNamespace": "batch"}
FORMS: dict[str, dict[str, Json]] = {
    "EC2": ec2(),
    "BEST_FIT": ec2(allocationStrategy=None),
    "FARGATE": {"type": "MANAGED", "computeResources": {"type": "FARGATE", **NETWORK}},
    "FARGATE_SPOT": {"type": "MANAGED", "computeResources": {"type": "FARGATE_SPOT", **NETWORK}},
    "EKS": {**ec2(), "eksConfiguration": ON_EKS},
    "UNMANAGED": {"type": "UNMANAGED", "serviceRole": "arn:aws:iam::123456789012:role/batch"},
}
PAIRS = list(itertools.permutations(FORMS, 2))


@pytest.mark.parametrize("renamed", [False, True], ids=["beside", "declared"])
@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_an_environment_becomes_one_of_any_other_form(before: str, after: str, renamed: bool) -> None:
    """The queue goes with it where its type does, be the successor declared or made beside the old one."""
    name = "new" if renamed else "ce"
    old = stack({(CE, "ce"): FORMS[before], (JQ, "q"): queue("ce")})
    new = stack({(CE, name): FORMS[after], (JQ, "q"): queue(name)})
    world = applied(old)
    finish = world.apply(new, ALLOWED)
    assert (finish.exit, finish.rest and finish.rest.changes) == (Exit.DONE, ())
    assert policies(world) == {"q": False}


@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_no_reason_speaks_of_a_strategy_where_the_form_is_the_reason(before: str, after: str) -> None:
    old = stack({(CE, "ce"): FORMS[before], (JQ, "q"): queue("ce")})
    plan = applied(old).plan(stack({(CE, "ce"): FORMS[after], (JQ, "q"): queue("ce")}))
    reasons = [problem.message for problem in plan.refusals]
    assert any("BEST_FIT" in reason for reason in reasons) == ({before, after} == {"EC2", "BEST_FIT"})


def test_the_queue_goes_between_its_old_and_its_new_environment() -> None:
    world = applied(stack({(CE, "ce"): FORMS["EC2"], (JQ, "q"): queue("ce")}))
    world.apply(stack({(CE, "ce"): FORMS["EKS"], (JQ, "q"): queue("ce")}), ALLOWED)
    writes = [operation for operation, _ in world.writes() if not operation.startswith("Update")]
    assert writes[2:] == [
        "CreateComputeEnvironment", "DeleteJobQueue", "DeleteComputeEnvironment", "CreateJobQueue",
    ] or writes[2:] == [
        "CreateComputeEnvironment", "DeleteJobQueue", "CreateJobQueue", "DeleteComputeEnvironment",
    ]  # fmt: skip


def test_no_refusal_names_a_consent_that_was_given() -> None:
    """What nobody owns is adopted first: it is not replaced, whatever the consents."""
    mine = stack({(CE, "ce"): ec2(), (JQ, "q"): queue("ce", schedulingPolicyArn="fair"), (SP, "fair"): fair()})
    theirs = (live(CE, "ce", FORMS["FARGATE"]), live(JQ, "q", queue("ce")), live(SP, "fair", fair(), status=""))
    plan = planned(mine, *theirs, wanted=PlanOptions(adopt=True, allow_replace=True))
    assert {problem.code for problem in plan.refusals} == {"PLAN001"}
    assert not [problem for problem in plan.refusals if "--" in problem.hint]


def test_a_replacement_waits_for_its_own_name() -> None:
    world = applied(FIFO)
    plan = world.plan(FAIR, ALLOWED)
    firsts = [change.steps[0] for change in plan.changes if change.action is Action.REPLACE]
    assert firsts
    assert not [step for step in firsts if isinstance(step, Call)]
    assert {step.until for step in firsts if not isinstance(step, Call)} == {"free"}
