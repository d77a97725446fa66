"""Applying plans to a simulated AWS Batch."""

from threading import Event as Flag

import pytest

from reconciler.app import usecases
from reconciler.apply import Event, State
from reconciler.model import Json, Stack
from reconciler.plan import PlanOptions
from reconciler.problems import Exit, Refused
from reconciler.report.summary import outcome_line
from reconciler.sandbox.core.clock import Timings
from reconciler.sandbox.core.faults import Failure, FaultRule
from tests.builders import CE, JD, JQ, SP, container, ec2, fair, queue, stack, told
from tests.world import World

FIT = {"allocationStrategy": "BEST_FIT"}


def everything(**resources: Json) -> Stack:
    return stack(
        {
            (SP, "fair"): fair(),
            (CE, "spot"): ec2(**resources),
            (JQ, "q"): {**queue("spot"), "schedulingPolicyArn": "fair"},
            (JD, "job"): container(),
        }
    )


def operations(world: World, since: int = 0) -> list[str]:
    return [operation for operation, _ in world.writes(since)]


def test_a_plan_that_was_made_to_be_looked_at_is_not_run() -> None:
    world = World()
    plan = world.plan(everything(), PlanOptions(guards=False))
    with pytest.raises(AssertionError, match="made to be looked at"):
        usecases.run(plan, everything(), world.session)
    assert operations(world) == []


def test_what_refuses_a_plan_is_read_in_it_whatever_consents_come_later() -> None:
    world = World()
    world.apply(everything())
    before = len(world.calls)
    with pytest.raises(Refused):
        usecases.run(world.plan(stack({})), stack({}), world.session, options=PlanOptions(destroy=True))
    assert operations(world, before) == []


def test_a_stack_is_created_in_order_and_converges() -> None:
    world = World()
    finish = world.apply(everything())
    assert (finish.exit, finish.outcome.is_done, finish.rest.is_empty) == (Exit.DONE, True, True)
    made = operations(world)
    assert sorted(made) == [
        "CreateComputeEnvironment",
        "CreateJobQueue",
        "CreateSchedulingPolicy",
        "RegisterJobDefinition",
    ]
    before_queue = made[: made.index("CreateJobQueue")]
    assert {"CreateComputeEnvironment", "CreateSchedulingPolicy"} <= set(before_queue)


def test_applying_again_writes_nothing() -> None:
    world = World()
    world.apply(everything())
    before = len(world.calls)
    assert world.apply(everything()).exit is Exit.DONE
    assert operations(world, before) == []


def test_a_destroyed_stack_leaves_nothing() -> None:
    world = World()
    world.apply(everything())
    finish = world.apply(everything(), PlanOptions(destroy=True))
    assert (finish.exit, finish.rest.is_empty) == (Exit.DONE, True)
    for describe, result in (
        ("DescribeComputeEnvironments", "computeEnvironments"),
        ("DescribeJobQueues", "jobQueues"),
    ):
        assert world.raw.call(describe, {})[result] == []


def test_a_queue_is_moved_before_its_old_environment_goes() -> None:
    world = World()
    world.apply(stack({(CE, "old"): ec2(), (JQ, "q"): queue("old")}))
    before = len(world.calls)
    finish = world.apply(stack({(CE, "new"): ec2(), (JQ, "q"): queue("new")}), PlanOptions(allow_destroy=("*",)))
    assert finish.exit is Exit.DONE
    assert [name for name in dict.fromkeys(operations(world, before)) if name != "TagResource"] == [
        "CreateComputeEnvironment", "UpdateJobQueue", "UpdateComputeEnvironment", "DeleteComputeEnvironment"]  # fmt: skip


def test_an_environment_that_turns_out_invalid_is_told_with_its_reason_and_its_queue_is_skipped() -> None:
    world = World()
    world.simulator.set_missing_roles(["gone"])
    broken = {**ec2(), "serviceRole": "arn:aws:iam::123456789012:role/gone"}
    finish = world.apply(stack({(CE, "spot"): broken, (JQ, "q"): queue("spot"), (JD, "job"): container()}))
    results = {str(result.change.address): result for result in finish.outcome.results}
    assert {address: result.state for address, result in results.items()} == {
        "ComputeEnvironment/spot": State.UNHEALTHY, "JobQueue/q": State.SKIPPED, "JobDefinition/job": State.DONE}  # fmt: skip
    assert "sts:AssumeRole" in results["ComputeEnvironment/spot"].message
    assert results["JobQueue/q"].message == "needs ComputeEnvironment/spot"
    assert finish.exit is Exit.UNHEALTHY


def test_an_invalid_environment_is_repaired_by_a_good_role() -> None:
    world = World()
    world.simulator.set_missing_roles(["gone"])
    role = "arn:aws:iam::123456789012:role/"
    world.apply(stack({(CE, "spot"): {**ec2(), "serviceRole": role + "gone"}}))
    finish = world.apply(stack({(CE, "spot"): {**ec2(), "serviceRole": role + "good"}}))
    assert finish.exit is Exit.DONE


def test_a_refused_change_stops_only_what_depends_on_it() -> None:
    world = World()
    bad = {(CE, "bad"): ec2(instanceTypes=["m5", "a1"]), (JQ, "on-bad"): queue("bad")}
    mixed = stack({(CE, "ec2"): ec2(), (JQ, "q"): queue("ec2"), **bad})
    finish = world.apply(mixed)
    states = {result.change.address.name: result.state for result in finish.outcome.results}
    assert states == {"ec2": State.DONE, "bad": State.FAILED, "q": State.DONE, "on-bad": State.SKIPPED}
    assert finish.exit is Exit.PARTLY
    assert told(finish.rest) == ["+ ComputeEnvironment/bad", "+ JobQueue/on-bad"]


@pytest.mark.parametrize("operation", ["CreateComputeEnvironment", "CreateJobQueue", "RegisterJobDefinition",
                                       "CreateSchedulingPolicy"])  # fmt: skip
@pytest.mark.parametrize("failure", [Failure.LOST_ANSWER, Failure.SERVER_ERROR, Failure.THROTTLE])
@pytest.mark.parametrize("lag", [0.0, 2.0])
def test_a_lost_call_loses_nothing_and_doubles_nothing(operation: str, failure: Failure, lag: float) -> None:
    world = World(Timings(read_lag=lag), (FaultRule(failure=failure, operation=operation, nth=1),))
    finish = world.apply(everything())
    assert (finish.exit, finish.rest.is_empty) == (Exit.DONE, True)
    definitions = world.raw.call("DescribeJobDefinitions", {"status": "ACTIVE"})["jobDefinitions"]
    assert [item["revision"] for item in definitions] == [1]


@pytest.mark.parametrize("failure", [Failure.LOST_ANSWER, Failure.SERVER_ERROR, Failure.THROTTLE])
def test_lost_calls_of_a_removal_are_waited_out(failure: Failure) -> None:
    world = World()
    world.apply(everything())
    world.strike(
        *(FaultRule(failure=failure, operation=f"{verb}*", nth=1) for verb in ("Delete", "Update", "Deregister"))
    )
    assert world.apply(everything(), PlanOptions(destroy=True)).exit is Exit.DONE


def test_throttled_reads_are_waited_out() -> None:
    world = World(rules=(FaultRule(failure=Failure.THROTTLE, operation="*", every=2),))
    assert world.apply(everything()).exit is Exit.DONE


def test_a_lingering_relationship_is_waited_out() -> None:
    world = World(Timings(relationship_grace=60))
    world.apply(stack({(CE, "old"): ec2(), (JQ, "q"): queue("old")}))
    finish = world.apply(stack({(CE, "new"): ec2(), (JQ, "q"): queue("new")}), PlanOptions(allow_destroy=("*",)))
    assert finish.exit is Exit.DONE


def test_a_name_that_is_still_being_deleted_is_waited_for() -> None:
    world = World(Timings(delete=120))
    mine = stack({(CE, "spot"): ec2()})
    world.apply(mine)
    world.hand("UpdateComputeEnvironment", computeEnvironment="spot", state="DISABLED")
    world.raw.call("DeleteComputeEnvironment", {"computeEnvironment": "spot"})
    assert world.apply(mine).exit is Exit.DONE


@pytest.mark.parametrize("steps", range(6))
def test_a_run_that_was_interrupted_is_finished_by_the_next(steps: int) -> None:
    world, flag, seen = World(), Flag(), []
    later = stack({(CE, "spot"): {**ec2(), "state": "DISABLED"}, (JQ, "q"): queue("spot"), (JD, "job"): container()})

    def watch(event: Event) -> None:
        if event.stage == "step":
            seen.append(event)
            if len(seen) > steps:
                flag.set()

    finish = usecases.run(world.plan(later), later, world.session, parallelism=1, watch=watch, stop=flag)
    assert finish.exit is Exit.INTERRUPTED
    world.clock.turn(100)
    assert world.apply(later).exit is Exit.DONE
    assert len(world.raw.call("DescribeJobDefinitions", {})["jobDefinitions"]) == 1


def test_a_refused_plan_changes_nothing() -> None:
    world = World()
    world.hand("CreateComputeEnvironment", computeEnvironmentName="spot", **ec2())
    before = len(world.calls)
    with pytest.raises(Refused) as caught:
        world.apply(stack({(CE, "spot"): ec2(), (JD, "job"): container()}))
    assert [problem.code for problem in caught.value.problems] == ["PLAN002"]
    assert operations(world, before) == []


def test_an_emptied_stack_does_not_delete_everything() -> None:
    world = World()
    world.apply(everything())
    with pytest.raises(Refused) as caught:
        world.apply(stack({}))
    assert [problem.code for problem in caught.value.problems] == ["PLAN007"]


def test_what_somebody_changed_is_set_right() -> None:
    world = World()
    world.apply(everything())
    world.hand(
        "UpdateComputeEnvironment", computeEnvironment="spot", computeResources={"maxvCpus": 99, "ec2KeyPair": "k"}
    )
    world.hand("RegisterJobDefinition", jobDefinitionName="job", **container(command=["theirs"]))
    plan = world.plan(everything())
    assert told(plan) == ["~ ComputeEnvironment/spot", "^ JobDefinition/job"]
    assert all(change.drift for change in plan.changes)
    assert world.apply(everything()).exit is Exit.DONE


def test_a_plan_makes_no_call_that_writes() -> None:
    world = World()
    world.apply(everything())
    before = len(world.writes())
    world.plan(everything(maxvCpus=500))
    world.plan(stack({}), PlanOptions(destroy=True))
    assert len(world.writes()) == before


def test_a_plan_reads_by_pages_and_never_a_resource_at_a_time() -> None:
    world = World()
    many = stack({(JD, f"job-{n}"): container() for n in range(250)} | {(SP, f"fair-{n}"): fair() for n in range(120)})
    world.apply(many)
    before = len(world.calls)
    assert world.plan(many).is_empty
    assert sorted(operation for operation, _ in world.calls[before:]) == [
        "DescribeComputeEnvironments", *["DescribeJobDefinitions"] * 3, "DescribeJobQueues",
        *["DescribeSchedulingPolicies"] * 2, "DescribeServiceEnvironments", "ListConsumableResources",
        *["ListSchedulingPolicies"] * 2]  # fmt: skip


def test_an_infrastructure_update_waits_as_long_as_jobs_may_take() -> None:
    world = World(Timings(infrastructure=1500))
    world.apply(everything())
    assert world.apply(everything(instanceTypes=["c5"])).exit is Exit.DONE


def test_a_wait_that_takes_too_long_is_told() -> None:
    world = World(Timings(create=100_000))
    finish = world.apply(stack({(CE, "spot"): ec2()}))
    assert finish.exit is Exit.TIMED_OUT
    assert "spot is CREATING after" in finish.outcome.results[0].message


def test_what_needs_a_change_that_timed_out_is_skipped_and_the_rest_is_done() -> None:
    world = World(Timings(create=100_000))
    finish = world.apply(stack({(CE, "spot"): ec2(), (JQ, "q"): queue("spot"), (JD, "job"): container()}))
    states = {result.change.address.name: result.state for result in finish.outcome.results}
    assert states == {"spot": State.TIMED_OUT, "q": State.SKIPPED, "job": State.DONE}
    assert "CreateJobQueue" not in operations(world)


def test_a_successor_that_times_out_leaves_its_queue_and_its_predecessor_alone() -> None:
    old, new = (stack({(CE, "spot"): ec2(**more), (JQ, "q"): queue("spot")}) for more in (FIT, {}))
    world = World()
    world.apply(old)
    world.simulator.timings = Timings(create=100_000)
    before = len(world.calls)
    finish = world.apply(new, PlanOptions(allow_replace=True))
    assert [result.state for result in finish.outcome.results] == [State.TIMED_OUT, State.SKIPPED, State.SKIPPED]
    assert operations(world, before) == ["CreateComputeEnvironment"]


def test_a_long_wait_can_be_interrupted() -> None:
    world, flag = World(Timings(create=100_000)), Flag()
    mine = stack({(CE, "spot"): ec2(), (JQ, "q"): queue("spot")})

    def watch(event: Event) -> None:
        if event.stage == "waiting":
            flag.set()

    finish = usecases.run(world.plan(mine), mine, world.session, parallelism=1, watch=watch, stop=flag)
    assert [(result.state, result.message) for result in finish.outcome.results] == [
        (State.INTERRUPTED, "interrupted while CREATING"),  # AWS goes on creating it
        (State.NOT_STARTED, "interrupted"),
    ]
    assert outcome_line(finish.outcome.counts) == ("Apply: 0 done, 0 failed, 0 skipped, 1 not started. 1 interrupted.")


@pytest.mark.parametrize(
    ("asked", "state"),
    [("update compute-environment spot", State.INTERRUPTED), ("wait until spot is no longer", State.NOT_STARTED)],
)
def test_a_change_is_interrupted_once_a_request_was_made_and_until_then_not_started(asked: str, state: State) -> None:
    world, flag = World(Timings(create=100_000, update=5)), Flag()
    before = stack({(CE, "spot"): ec2()})
    world.apply(before)
    mine = stack({(CE, "spot"): ec2(maxvCpus=99)})
    if state is State.INTERRUPTED:
        world.clock.turn(100_000)

    def watch(event: Event) -> None:
        if event.stage == "step" and event.detail.startswith(asked):
            flag.set()

    finish = usecases.run(world.plan(mine), mine, world.session, parallelism=1, watch=watch, stop=flag)
    assert [result.state for result in finish.outcome.results] == [state]


def test_what_was_done_is_told_although_the_proof_cannot_be_made() -> None:
    world = World()
    mine = stack({(SP, "fair"): fair()})
    plan = world.plan(mine)
    world.strike(FaultRule(failure=Failure.SERVER_ERROR, operation="DescribeJobQueues"))
    finish = usecases.run(plan, mine, world.session, parallelism=1)
    assert (finish.exit, finish.rest, finish.outcome.is_done) == (Exit.ERROR, None, True)
    assert "ServerException" in finish.doubt
