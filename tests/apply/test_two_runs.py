"""Two runs of the same stack at the same moment, each with a plan of its own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pytest

from reconciler.app import usecases
from reconciler.apply import executor
from reconciler.apply.executor import send
from reconciler.apply.result import ConcurrentChange
from reconciler.calls import is_read
from reconciler.kinds import KINDS, batch_kinds
from reconciler.live.read import read_all
from reconciler.model import Call, Identity, Json, Plan, Repeat, Stack
from reconciler.plan import PlanOptions
from reconciler.problems import Exit
from reconciler.sandbox.core.clock import Timings
from tests.builders import AS_DECLARED, CE, JD, JQ, SP, container, ec2, fair, queue, stack
from tests.fakes import InstantClock, ScriptedCloud
from tests.world import World

OURS = {"reconciler:stack": "s", "reconciler:applied": "d1"}
DESTROYED = PlanOptions(destroy=True)
THEIRS = {"reconciler:stack": "s", "reconciler:applied": "d2"}


def registering(number: int, *others: tuple[int, dict[str, str]]) -> ScriptedCloud:
    """Register revision `number` after 3 was seen, where others are active by then."""
    listed: list[Json] = [
        {"jobDefinitionName": "j", "jobDefinitionArn": f"arn:{n}", "revision": n, "status": "ACTIVE", "tags": tags}
        for n, tags in (*others, (number, OURS))
    ]
    answer = {"jobDefinitionName": "j", "jobDefinitionArn": f"arn:{number}", "revision": number}
    cloud = ScriptedCloud({
        "RegisterJobDefinition": [answer],
        "DescribeJobDefinitions": [{"jobDefinitions": listed}],
        "DeregisterJobDefinition": [{}],
    })  # fmt: skip
    call = Call("RegisterJobDefinition", {"tags": OURS}, "register", Repeat.LOOK_FIRST, 3)
    send(call, KINDS[JD], "j", cloud, InstantClock(), lambda _text: None)
    return cloud


def withdrawn(cloud: ScriptedCloud) -> list[Json]:
    return [request["jobDefinition"] for operation, request in cloud.calls if operation == "DeregisterJobDefinition"]


def test_the_later_of_two_equal_revisions_is_taken_back() -> None:
    assert withdrawn(registering(5, (3, OURS), (4, OURS))) == ["arn:5"]


def test_a_revision_that_nobody_came_before_is_not_looked_at_again() -> None:
    assert registering(4, (3, OURS)).count("DescribeJobDefinitions") == 0


def test_a_revision_of_other_content_or_of_another_hand_came_first_and_stays() -> None:
    with pytest.raises(ConcurrentChange, match="revision 4, revision 5"):
        registering(6, (3, OURS), (4, THEIRS), (5, {}))


def test_numbers_that_were_used_up_before_are_no_twins() -> None:
    assert withdrawn(registering(9)) == []


def run(world: World, of: Stack, plan: Plan, wanted: PlanOptions = AS_DECLARED) -> Exit:
    return usecases.run(plan, of, world.session, options=wanted).exit


def test_what_another_run_deleted_first_is_deleted() -> None:
    world, of = World(), stack({(CE, "spot"): ec2(), (JQ, "q"): queue("spot")})
    assert run(world, of, world.plan(of)) is Exit.DONE
    plans = [world.plan(of, DESTROYED) for _ in range(2)]
    assert [run(world, of, plan, DESTROYED) for plan in plans] == [Exit.DONE, Exit.DONE]


def test_what_another_run_has_created_and_updated_is_taken_as_created() -> None:
    world, of = World(), stack({(CE, "spot"): {**ec2(), "state": "DISABLED"}})
    plans = [world.plan(of) for _ in range(2)]
    assert [run(world, of, plan) for plan in plans] == [Exit.DONE, Exit.DONE]


def test_two_plans_of_one_moment_leave_one_of_everything() -> None:
    world, of = World(), stack({(CE, "spot"): ec2(), (JQ, "q"): queue("spot"), (JD, "job"): container()})
    first, second = world.plan(of), world.plan(of)
    assert (run(world, of, first), run(world, of, second)) == (Exit.DONE, Exit.DONE)
    active = world.raw.call("DescribeJobDefinitions", {"status": "ACTIVE"})["jobDefinitions"]
    assert [one["revision"] for one in active] == [1]
    assert world.plan(of).is_empty


def version(number: int) -> Stack:
    return stack(
        {
            (SP, "fair"): fair(shareDecaySeconds=60 * number),
            (CE, "spot"): ec2(maxvCpus=16 * number),
            (JQ, "q"): {**queue("spot"), "priority": number, "schedulingPolicyArn": "fair"},
            (JD, "job"): container(image=f"busybox:{number}"),
        }
    )


@dataclass
class Meeting:
    """A cloud in which another run takes place, from its plan to its end, just before call number `at` of ours."""

    world: World
    at: int
    other: Callable[[], object]
    calls: list[str] = field(default_factory=list)

    def identity(self) -> Identity:
        return self.world.cloud.identity()

    def call(self, operation: str, request: Mapping[str, Json]) -> Mapping[str, Json]:
        self.calls.append(operation)
        if len(self.calls) == self.at:
            self.other()
        return self.world.cloud.call(operation, request)


def met(before: Stack | None, ours: Stack, theirs: Stack, at: int, wanted: PlanOptions = AS_DECLARED) -> Meeting:
    world = World(timings=Timings(update=8, create=8, delete=8))
    if before:
        assert world.apply(before).exit is Exit.DONE
    plan = world.plan(ours, wanted)
    meeting = Meeting(world, at, lambda: world.apply(theirs, wanted))
    executor.run(plan, meeting, world.clock, parallelism=1, watch=lambda _event: None)
    return meeting


MEETINGS = {
    "two versions": (version(1), version(2), version(3), AS_DECLARED),
    "one version": (version(1), version(2), version(2), AS_DECLARED),
    "two first versions": (None, version(1), version(2), AS_DECLARED),
    "one first version": (None, version(1), version(1), AS_DECLARED),
    "two destructions": (version(1), version(1), version(1), DESTROYED),
}


def in_all(world: World) -> list[str]:
    """Return all that there is, with every active revision of job definitions."""
    return sorted(
        f"{live.address} {live.revisions}" if live.revisions else str(live.address)
        for live in read_all(world.raw, batch_kinds()).live
    )


@pytest.mark.parametrize("name", MEETINGS)
def test_a_run_in_the_middle_of_another_doubles_nothing_and_is_not_half_overwritten(
    name: str, request: pytest.FixtureRequest
) -> None:
    """Only a whole run between a look and the write that follows at once goes unnoticed: a few milliseconds."""
    before, ours, theirs, wanted = MEETINGS[name]
    calls = [*enumerate(met(before, ours, theirs, 0, wanted).calls, 1)]
    start, step = (0, 1) if request.config.getoption("--every-call") else ([*MEETINGS].index(name) % 2, 2)
    for number, operation in calls[start::step]:
        world = met(before, ours, theirs, number, wanted).world
        kinds = [] if wanted.destroy else ["ComputeEnvironment/spot", "JobQueue/q", "SchedulingPolicy/fair"]
        assert [one for one in in_all(world) if not one.startswith(JD)] == kinds, (number, operation)
        left = [world.plan(of, wanted).is_empty for of in (ours, theirs)]
        assert any(left) or not is_read(operation), (number, operation, in_all(world))
        assert world.apply(theirs, wanted).exit is Exit.DONE
