"""Replacing without an outage: run, interrupted anywhere and run again, or taken back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock

import pytest

from reconciler.app import usecases
from reconciler.app.usecases import Finish
from reconciler.apply import State
from reconciler.calls import is_read
from reconciler.model import Identity, Json, Lifecycle, Stack
from reconciler.plan import PlanOptions
from reconciler.problems import Exit
from reconciler.sandbox.core.clock import Timings
from tests.builders import CE, JQ, SP, ec2, fair, queue, stack
from tests.fakes import session_of
from tests.world import World, stranded

ALLOWED = PlanOptions(allow_replace=True)
TWO_QUEUES = {(JQ, "pricing"): queue("spot"), (JQ, "reports"): queue("spot")}
OLD = stack({(CE, "spot"): ec2(allocationStrategy="BEST_FIT"), **TWO_QUEUES})
NEW = stack({(CE, "spot"): ec2(), **TWO_QUEUES})


class Killed(BaseException):
    """The process is gone."""


@dataclass
class Witness:
    """Looks at the world around every write, and kills the process at one of them, before or after the work is done."""

    world: World
    kill_at: int = 0
    kill_before: bool = True
    writes: int = 0
    is_dead: bool = False
    outages: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.one_at_a_time = Lock()

    def identity(self) -> Identity:
        return self.world.cloud.identity()

    def call(self, operation: str, request: Mapping[str, Json]) -> Mapping[str, Json]:
        with self.one_at_a_time:
            if self.is_dead:  # and with it what else was under way
                raise Killed
            if is_read(operation):
                return self.world.cloud.call(operation, request)
            self.writes += 1
            self.is_dead = self.writes == self.kill_at
            if self.is_dead and self.kill_before:
                raise Killed
            answer = self.world.cloud.call(operation, request)
            self.outages += [f"after {operation}: {name}" for name in stranded(self.world.raw)]
            if self.is_dead:
                raise Killed
            return answer

    def apply(self, of: Stack, wanted: PlanOptions = ALLOWED) -> Finish:
        plan = usecases.plan(of, session_of(self), wanted)
        return usecases.run(plan, of, session_of(self, self.world.clock), options=wanted, parallelism=1)


def names(world: World) -> list[str]:
    return sorted(world.names("DescribeComputeEnvironments", "computeEnvironments", "computeEnvironmentName"))


def applied(of: Stack = OLD, **timings: float) -> World:
    world = World(timings=Timings(**timings))
    assert world.apply(of).exit is Exit.DONE
    return world


def test_a_replaced_environment_leaves_no_queue_without_one() -> None:
    witness = Witness(applied())
    finish = witness.apply(NEW)
    assert (finish.exit, witness.outages) == (Exit.DONE, [])
    (name,) = names(witness.world)
    assert name.startswith("spot-")
    assert witness.world.plan(NEW).is_empty


WRITES = Witness(applied())
WRITES.apply(NEW)


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("number", range(1, WRITES.writes + 1))
def test_killed_at_any_write_the_same_command_finishes_the_replacement(number: int, before: bool) -> None:
    world = applied()
    first = Witness(world, kill_at=number, kill_before=before)
    with pytest.raises(Killed):
        first.apply(NEW)
    second = Witness(world)
    assert second.apply(NEW).exit is Exit.DONE
    assert (first.outages, second.outages) == ([], [])
    assert len(names(world)) == 1
    assert world.plan(NEW).is_empty


NO_PROFILE = stack({(CE, "spot"): ec2(instanceRole="gone"), **TWO_QUEUES})
NO_ROLE = stack({(CE, "spot"): {**ec2(), "serviceRole": "arn:aws:iam::123456789012:role/gone"}, **TWO_QUEUES})


def without_roles() -> World:
    world = applied()
    world.simulator.set_missing_roles(["gone"])
    return world


def invalid_result(finish: Finish) -> str:
    states = {str(result.change.address): result.state for result in finish.outcome.results}
    assert (finish.exit, states["JobQueue/pricing"]) == (Exit.UNHEALTHY, State.SKIPPED)
    (made,) = [result for result in finish.outcome.results if result.state is State.UNHEALTHY]
    return made.message


def test_a_new_environment_that_turns_out_invalid_is_taken_back() -> None:
    witness = Witness(without_roles())
    message = invalid_result(witness.apply(NO_PROFILE))
    assert message.startswith("CLIENT_ERROR - Instance profile gone does not exist; spot-")
    assert message.endswith(" was removed; no queue had moved to it")
    assert (names(witness.world), witness.outages) == (["spot"], [])
    assert witness.world.plan(OLD).is_empty


def test_one_that_cannot_be_deleted_for_want_of_its_role_is_told_and_dealt_with_by_the_next_run() -> None:
    """AWS needs the service role to delete an environment: without it, deletion ends as INVALID."""
    witness = Witness(without_roles())
    assert "could not be removed" in invalid_result(witness.apply(NO_ROLE))
    assert (len(names(witness.world)), witness.outages) == (2, [])
    witness.world.simulator.set_missing_roles([])
    assert witness.apply(NEW).exit is Exit.DONE
    assert (len(names(witness.world)), witness.outages) == (1, [])
    assert witness.world.plan(NEW).is_empty


def test_killed_before_it_is_taken_back_the_next_run_makes_another_and_removes_it() -> None:
    world = without_roles()
    with pytest.raises(Killed):
        Witness(world, kill_at=2).apply(NO_PROFILE)
    assert len(names(world)) == 2
    world.simulator.set_missing_roles([])
    assert Witness(world).apply(NO_PROFILE).exit is Exit.DONE
    assert len(names(world)) == 1
    assert world.plan(NO_PROFILE).is_empty


def test_a_queue_that_becomes_fair_is_deleted_and_created_again() -> None:
    before = stack({(CE, "spot"): ec2(), (JQ, "q"): queue("spot")})
    after = stack(
        {(CE, "spot"): ec2(), (SP, "fair"): fair(), (JQ, "q"): {**queue("spot"), "schedulingPolicyArn": "fair"}}
    )
    world = applied(before)
    assert world.apply(after, ALLOWED).exit is Exit.DONE
    (one,) = world.raw.call("DescribeJobQueues", {})["jobQueues"]
    assert one["schedulingPolicyArn"].endswith("/fair")
    assert world.plan(after).is_empty


def test_a_queue_stays_until_what_its_successor_needs_is_there() -> None:
    before = stack({(CE, "spot"): ec2(allocationStrategy="BEST_FIT"), (JQ, "q"): queue("spot")})
    needing = {**queue("spot"), "schedulingPolicyArn": "fair"}
    after = stack({(CE, "spot"): ec2(instanceRole="gone"), (SP, "fair"): fair(), (JQ, "q"): needing})
    world = applied(before)
    world.simulator.set_missing_roles(["gone"])
    assert world.apply(after, ALLOWED).exit is Exit.UNHEALTHY
    (one,) = world.raw.call("DescribeJobQueues", {})["jobQueues"]
    assert (one["state"], one["status"], one.get("schedulingPolicyArn")) == ("ENABLED", "VALID", None)


@pytest.mark.parametrize("number", range(1, 5))
def test_killed_while_a_queue_is_created_again_the_same_command_finishes(number: int) -> None:
    before = stack({(CE, "spot"): ec2(), (JQ, "q"): queue("spot")})
    after = stack(
        {(CE, "spot"): ec2(), (SP, "fair"): fair(), (JQ, "q"): {**queue("spot"), "schedulingPolicyArn": "fair"}}
    )
    world = applied(before)
    with pytest.raises(Killed):
        Witness(world, kill_at=number, kill_before=False).apply(after)
    assert Witness(world).apply(after).exit is Exit.DONE
    assert world.plan(after).is_empty


IGNORED = {
    CE: ("state", "updatePolicy", "computeResources.maxvCpus", "tags.team"),
    JQ: ("state", "priority", "jobStateTimeLimitActions", "tags.team"),
}
LIMIT = {
    "reason": "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY",
    "state": "RUNNABLE",
    "maxTimeSeconds": 600,
    "action": "CANCEL",
}
POLICY = {"terminateJobsOnUpdate": True, "jobExecutionTimeoutMinutes": 45}


def ignoring_all(resources: Mapping[tuple[str, str], Json]) -> Stack:
    lifecycles = {key: Lifecycle(ignore_changes=IGNORED.get(key[0], ())) for key in resources}
    return stack(resources, lifecycles=lifecycles, tags={"team": "declared"})


def kept_values(world: World) -> Json:
    """Return what the ignored fields of the one environment and of the one queue are."""
    shown = world.raw.call("DescribeComputeEnvironments", {})["computeEnvironments"]
    (environment,) = (one for one in shown if one["status"] == "VALID")
    (one,) = world.raw.call("DescribeJobQueues", {})["jobQueues"]
    return (
        [environment["state"], environment.get("updatePolicy"), environment["computeResources"]["maxvCpus"]],
        environment["tags"]["team"],
        [one["state"], one["priority"], one.get("jobStateTimeLimitActions"), one["tags"]["team"]],
    )


def replaced_with_ignored(state: str) -> tuple[World, Stack]:
    """Return a world in which the ignored fields have values of their own, and the stack that replaces all in it."""
    declared = "ENABLED" if state == "DISABLED" else "DISABLED"
    spot, aside = {**ec2(), "state": declared}, {**queue("spot"), "state": declared}
    before = ignoring_all({(CE, "spot"): {**spot, **ec2(allocationStrategy="BEST_FIT")}, (JQ, "q"): aside})
    after = ignoring_all(
        {(CE, "spot"): spot, (SP, "fair"): fair(), (JQ, "q"): {**aside, "schedulingPolicyArn": "fair"}}
    )
    world = applied(before)
    arn = world.raw.call("DescribeComputeEnvironments", {})["computeEnvironments"][0]["computeEnvironmentArn"]
    world.hand("UpdateComputeEnvironment", computeEnvironment="spot", state=state, computeResources={"maxvCpus": 99})
    world.hand("UpdateComputeEnvironment", computeEnvironment="spot", updatePolicy=POLICY)
    world.hand("UpdateJobQueue", jobQueue="q", state=state, priority=77, jobStateTimeLimitActions=[LIMIT])
    for one in (arn, arn.replace("compute-environment/spot", "job-queue/q")):
        world.hand("TagResource", resourceArn=one, tags={"team": "live"})
    return world, after


KEEPING = Witness(replaced_with_ignored("DISABLED")[0])
KEEPING.apply(replaced_with_ignored("DISABLED")[1])


@pytest.mark.parametrize("state", ["ENABLED", "DISABLED"])
@pytest.mark.parametrize("number", range(1, KEEPING.writes + 1))
def test_killed_after_any_write_what_is_ignored_survives(number: int, state: str) -> None:
    """But once a deleted queue is not described any more: what it had is nowhere then, which the plan announces."""
    world, after = replaced_with_ignored(state)
    wanted = kept_values(world)
    announced = [note.message for note in world.plan(after, ALLOWED).notes if note.code == "IGN009"]
    lost = "jobStateTimeLimitActions, priority, state, tags.team"
    assert announced == [f"JobQueue/q: if the run stops after the deletion, ignored live values are lost: {lost}"]
    with pytest.raises(Killed):
        Witness(world, kill_at=number, kill_before=False).apply(after)
    is_lost = world.raw.call("DescribeJobQueues", {})["jobQueues"] == []
    finish = Witness(world).apply(after)
    assert world.plan(after).is_empty
    assert is_lost or (finish.exit, kept_values(world)) == (Exit.DONE, wanted)
