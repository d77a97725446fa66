"""Nobody's work is overwritten: a change looks at its resource before it writes, in few calls."""

import pytest

from reconciler.app import usecases
from reconciler.app.usecases import Finish
from reconciler.apply import Event, State, executor
from reconciler.apply.executor import FRESH
from reconciler.model import Json, Plan, Stack
from reconciler.plan import PlanOptions
from reconciler.problems import Exit
from reconciler.sandbox.core.clock import Timings
from tests.builders import AS_DECLARED, CE, CR, JD, JQ, SP, consumable, container, ec2, fair, queue, stack
from tests.world import World

DESTROYED = PlanOptions(destroy=True)


def risk(priority: int = 1, image: str = "busybox", decay: int = 60, **resources: Json) -> Stack:
    return stack(
        {
            (SP, "fair"): fair(shareDecaySeconds=decay),
            (CE, "spot"): ec2(**resources),
            (JQ, "q"): {**queue("spot"), "priority": priority, "schedulingPolicyArn": "fair"},
            (JD, "job"): container(image=image),
        }
    )


def applied(of: Stack) -> World:
    world = World()
    assert world.apply(of).exit is Exit.DONE
    return world


def run(world: World, of: Stack, plan: Plan, wanted: PlanOptions = AS_DECLARED) -> Finish:
    return usecases.run(plan, of, world.session, options=wanted, parallelism=4)


def told(finish: Finish) -> dict[str, str]:
    return {result.change.address.name: result.message for result in finish.outcome.results if result.message}


HANDS = {
    "a member": (("UpdateJobQueue", {"jobQueue": "q", "priority": 7}), "q", "priority"),
    "a member of a structure": (
        ("UpdateComputeEnvironment", {"computeEnvironment": "spot", "computeResources": {"maxvCpus": 99}}),
        "spot", "computeResources.maxvCpus"),
    "a tag": (
        ("TagResource", {"resourceArn": "arn:aws:batch:us-east-1:123456789012:job-queue/q", "tags": {"team": "ops"}}),
        "q", "tags.team"),
    "a revision": (("RegisterJobDefinition", {"jobDefinitionName": "job", **container(image="theirs")}),
                   "job", "revision 2"),
}  # fmt: skip


@pytest.mark.parametrize("what", HANDS)
def test_what_somebody_changed_since_the_plan_is_not_overwritten(what: str) -> None:
    world, after = applied(risk()), risk(priority=2, image="busybox:2", maxvCpus=32)
    plan = world.plan(after)
    (operation, request), name, path = HANDS[what]
    world.hand(operation, **request)
    since = len(world.calls)
    finish = run(world, after, plan)
    assert finish.exit is Exit.PARTLY
    assert told(finish)[name] == f"it changed since the plan: {path}; plan again"
    states = {result.change.address.name: result.state for result in finish.outcome.results}
    queues = State.SKIPPED if name == "spot" else State.DONE  # it needs the environment
    assert states == {"spot": State.DONE, "q": queues, "job": State.DONE, name: State.FAILED}
    about = {"spot": "computeEnvironment", "q": "jobQueue", "job": "arn"}[name]
    assert [request for _, request in world.writes(since) if request.get(about) == name] == []
    assert run(world, after, world.plan(after)).exit is Exit.DONE


def test_a_revision_that_lost_the_race_is_taken_back() -> None:
    world, after = applied(risk()), risk(image="busybox:2")
    plan = world.plan(after)
    world.hand("RegisterJobDefinition", jobDefinitionName="job", **container(image="theirs"))
    run(world, after, plan)
    active = world.raw.call("DescribeJobDefinitions", {"status": "ACTIVE"})["jobDefinitions"]
    assert sorted(one["containerProperties"]["image"] for one in active) == ["busybox", "theirs"]


@pytest.mark.parametrize("wanted", [AS_DECLARED, DESTROYED], ids=["update", "destroy"])
def test_what_is_gone_is_not_updated_and_is_destroyed_already(wanted: PlanOptions) -> None:
    world = applied(stack({(SP, "fair"): fair()}))
    after = stack({(SP, "fair"): fair(shareDecaySeconds=90)})
    plan = world.plan(after, wanted)
    world.hand("DeleteSchedulingPolicy", arn=plan.changes[0].arn)
    finish = run(world, after, plan, wanted)
    if wanted.destroy:
        assert finish.exit is Exit.DONE
    else:
        assert told(finish) == {"fair": "it changed since the plan: it no longer exists; plan again"}


def test_what_somebody_changed_is_not_destroyed() -> None:
    world = applied(risk())
    plan = world.plan(risk(), DESTROYED)
    world.hand("RegisterJobDefinition", jobDefinitionName="job", **container(image="theirs"))
    finish = run(world, risk(), plan, DESTROYED)
    assert told(finish) == {"job": "it changed since the plan: revision 2; plan again"}
    assert len(world.raw.call("DescribeJobDefinitions", {"status": "ACTIVE"})["jobDefinitions"]) == 2


def test_what_aws_moves_by_itself_and_in_what_order_it_shows_lists_is_no_move() -> None:
    world, after = applied(risk(maxvCpus=16, instanceTypes=["m5", "c5"])), risk(maxvCpus=32, instanceTypes=["m5", "c5"])
    plan = world.plan(after)
    world.clock.turn(10_000)  # desiredvCpus has moved by then
    assert run(world, after, plan).exit is Exit.DONE


def test_what_somebody_changed_a_moment_before_our_write_is_not_overwritten_when_that_is_repeated() -> None:
    """Their update is under way, so ours is refused at first; by its repetition the first look is too old."""
    world, after, theirs = applied(risk()), risk(priority=2), []
    world.simulator.timings = Timings(update=0.1)
    plan, call = world.plan(after), world.cloud.call

    def overtaken(operation: str, request: Json) -> Json:
        if operation == "UpdateJobQueue" and not theirs:
            theirs.append(world.raw.call(operation, {"jobQueue": "q", "priority": 9}))
        return call(operation, request)

    world.cloud.call = overtaken
    assert told(run(world, after, plan)) == {"q": "it changed since the plan: priority; plan again"}
    assert [queue["priority"] for queue in world.raw.call("DescribeJobQueues", {})["jobQueues"]] == [9]


def test_another_run_that_comes_while_ours_settles_keeps_its_record() -> None:
    """Between the update and the tag that records it, the resource is read anyway: no further call."""
    world, ours, theirs = applied(risk()), risk(priority=2), risk(priority=3)
    plan, done = world.plan(ours), []

    def watch(event: Event) -> None:
        if event.stage == "waiting" and not done:
            done.append(1)
            world.clock.turn(60)
            assert world.apply(theirs).exit is Exit.DONE

    finish = usecases.run(plan, ours, world.session, parallelism=1, watch=watch)
    assert told(finish) == {
        "q": "it changed since the plan: a different run has applied it in the meantime; plan again"
    }
    assert world.plan(theirs).is_empty


def reads(world: World, since: int, operation: str) -> int:
    return sum(called == operation for called, _ in world.calls[since:])


def test_creating_two_hundred_definitions_looks_at_nothing() -> None:
    world = World()
    many = stack({(JD, f"job-{n}"): container() for n in range(200)})
    plan, since = world.plan(many), len(world.calls)
    executor.run(plan, world.cloud, world.clock, parallelism=8, watch=lambda _event: None)
    assert [operation for operation, _ in world.calls[since:]] == ["RegisterJobDefinition"] * 200


@pytest.mark.parametrize(
    ("kind", "make", "operation", "calls"),
    [
        (SP, lambda n: fair(shareDecaySeconds=n), "DescribeSchedulingPolicies", 2),
        (JQ, lambda n: queue("spot", priority=n), "DescribeJobQueues", None),
    ],
)
def test_updates_that_begin_together_share_a_look_of_a_hundred_names(
    kind: str, make: object, operation: str, calls: int | None
) -> None:
    spot = {(CE, "spot"): ec2()} if kind == JQ else {}
    before, after = (stack(spot | {(kind, f"x-{n}"): make(value) for n in range(120)}) for value in (60, 90))
    world = applied(before)
    plan, since, start = world.plan(after), len(world.calls), world.clock.now()
    outcome = executor.run(plan, world.cloud, world.clock, parallelism=8, watch=lambda _event: None)
    assert outcome.is_done
    looks = [r for called, r in world.calls[since:] if called == operation and len(next(iter(r.values()))) > 1]
    assert len(looks) == calls if calls else len(looks) <= 2 * ((world.clock.now() - start) / FRESH + 1)


def test_removing_definitions_looks_by_pages() -> None:
    world = applied(stack({(JD, f"job-{n}"): container() for n in range(150)}))
    plan, since = world.plan(stack({}), DESTROYED), len(world.calls)
    executor.run(plan, world.cloud, world.clock, parallelism=8, watch=lambda _event: None)
    assert reads(world, since, "DescribeJobDefinitions") == 2


def test_one_that_begins_later_is_looked_at_again() -> None:
    world = applied(stack({(CE, "spot"): ec2(), (JQ, "q"): queue("spot"), (JQ, "r"): queue("spot")}))
    world.simulator.timings = Timings(update=60)
    after = stack({(CE, "spot"): ec2(), (JQ, "q"): queue("spot", priority=2), (JQ, "r"): queue("spot", priority=2)})
    plan, moved = world.plan(after), []

    def watch(event: Event) -> None:
        if event.stage == "finished" and not moved:
            moved.append(event.change.name)
            world.hand("UpdateJobQueue", jobQueue="r", priority=9)

    outcome = executor.run(plan, world.cloud, world.clock, parallelism=1, watch=watch)
    assert moved == ["q"]
    assert [(result.change.name, result.state) for result in outcome.results] == [
        ("q", State.DONE), ("r", State.FAILED)]  # fmt: skip


def test_a_consumable_is_looked_at_too() -> None:
    world = applied(stack({(CR, "licence"): consumable(10)}))
    after = stack({(CR, "licence"): consumable(20)})
    plan = world.plan(after)
    world.hand("UpdateConsumableResource", consumableResource="licence", operation="SET", quantity=5)
    assert told(run(world, after, plan)) == {"licence": "it changed since the plan: totalQuantity; plan again"}
