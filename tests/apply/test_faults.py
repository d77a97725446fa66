"""Whatever goes wrong at whichever write, the run converges, with nothing double and nothing left over."""

from dataclasses import dataclass

import pytest

from reconciler.kinds import batch_kinds
from reconciler.live.read import read_all
from reconciler.model import Json, Lifecycle, Stack
from reconciler.plan import PlanOptions
from reconciler.problems import Exit
from reconciler.sandbox.core.clock import Timings
from reconciler.sandbox.core.faults import Failure, FaultRule
from tests.apply.test_replacement import NEW, OLD, Killed, Witness
from tests.builders import (
    AS_DECLARED,
    CE,
    CR,
    JD,
    JQ,
    QS,
    SE,
    SP,
    consumable,
    container,
    ec2,
    fair,
    queue,
    quota,
    service,
    share,
    stack,
    training,
)
from tests.world import World


def everything(number: int = 1) -> Stack:
    """A stack of every kind, in a version of that number; one environment needs an update after it was created."""
    return stack(
        {
            (SP, "fair"): fair(shareDecaySeconds=60 * number),
            (SP, "quota"): quota(),
            (CE, "spot"): ec2(maxvCpus=16 * number),
            (CE, "spare"): {**ec2(maxvCpus=8 * number), "state": "DISABLED"},
            (SE, "gpus"): service(m5=8 * number),
            (JQ, "q"): {**queue("spot"), "priority": number, "schedulingPolicyArn": "fair", "tags": {"n": str(number)}},
            (JQ, "train"): {**training("gpus"), "priority": number, "schedulingPolicyArn": "quota"},
            (QS, "team"): share("train", resourceSharingConfiguration={"strategy": "LEND"}),
            (CR, "licence"): consumable(10 * number),
            (JD, "job"): container(image=f"busybox:{number}"),
        },
        lifecycles={(CE, "spot"): Lifecycle(replace="blue-green")},
    )


@dataclass(frozen=True)
class Scenario:
    before: Stack | None
    after: Stack
    wanted: PlanOptions = AS_DECLARED


SCENARIOS = {
    "create": Scenario(None, everything()),
    "update": Scenario(everything(), everything(2)),
    "blue-green": Scenario(OLD, NEW, PlanOptions(allow_replace=True)),
    "destroy": Scenario(everything(), everything(), PlanOptions(destroy=True)),
}
STORM = 6  # throttled answers in a row
of_every_scenario = pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)


def world_before(scenario: Scenario, **timings: float) -> World:
    world = World(timings=Timings(**timings))
    if scenario.before:
        assert world.apply(scenario.before).exit is Exit.DONE
    return world


def inventory(world: World) -> list[str]:
    """Return all that there is, whoever made it, with every revision that there has ever been."""
    ever = world.raw.call("DescribeJobDefinitions", {})["jobDefinitions"]
    revisions = [f"{one['jobDefinitionName']}:{one['revision']} {one['status']}" for one in ever]
    return sorted([str(live.address) for live in read_all(world.raw, batch_kinds()).live] + revisions)


def undisturbed(scenario: Scenario) -> tuple[list[str], list[str]]:
    """Return the writes of a run in which nothing goes wrong, and what there is afterwards."""
    world = world_before(scenario)
    since = len(world.calls)
    assert Witness(world).apply(scenario.after, scenario.wanted).exit is Exit.DONE
    return [operation for operation, _ in world.writes(since)], inventory(world)


def rules(failure: Failure, operations: list[str], number: int) -> tuple[FaultRule, ...]:
    """Let the write of this number fail: throttling comes in storms, the rest once."""
    operation, nth = operations[number], operations[: number + 1].count(operations[number])
    times = STORM if failure is Failure.THROTTLE else 1
    return tuple(FaultRule(failure=failure, operation=operation, nth=nth + more) for more in range(times))


def wrong_with(world: World, witness: Witness, scenario: Scenario, wanted: list[str]) -> list[str]:
    found = {
        f"it left {inventory(world)}": inventory(world) != wanted,
        "the next plan is not empty": not world.plan(scenario.after, scenario.wanted).is_empty,
        f"queues without an environment: {witness.outages}": bool(witness.outages),
    }
    return [text for text, is_so in found.items() if is_so]


FAILURES = (Failure.LOST_ANSWER, Failure.SERVER_ERROR, Failure.THROTTLE)


@of_every_scenario
@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("lag", [0.0, 2.0], ids=["", "lagging reads"])
def test_a_failure_of_any_write_is_survived(
    scenario: Scenario, failure: Failure, lag: float, request: pytest.FixtureRequest
) -> None:
    """In the gate, each failure meets every second write, and between them they meet all."""
    operations, wanted = undisturbed(scenario)
    wrong: list[Json] = []
    start, step = (0, 1) if request.config.getoption("--every-call") else ((FAILURES.index(failure) + bool(lag)) % 2, 2)
    for number, operation in list(enumerate(operations))[start::step]:
        world = world_before(scenario, read_lag=lag)
        world.clock.turn(60)
        world.strike(*rules(failure, operations, number))
        witness = Witness(world)
        finish = witness.apply(scenario.after, scenario.wanted)
        told = [str(result) for result in finish.outcome.results if result.message]
        wrong += [(number, operation, finish.exit, told)] if finish.exit is not Exit.DONE else []
        world.clock.turn(60)
        wrong += [(number, operation, text) for text in wrong_with(world, witness, scenario, wanted)]
    assert wrong == []


def test_the_one_revision_too_many_is_that_of_a_process_killed_while_reads_lag() -> None:
    """Registered, killed, and run again before any read shows it: nobody can know of it, the second one not either."""
    world = World(timings=Timings(read_lag=5.0))
    of = stack({(JD, "job"): container()})
    with pytest.raises(Killed):
        Witness(world, kill_at=1, kill_before=False).apply(of)
    assert Witness(world).apply(of).exit is Exit.DONE
    world.clock.turn(60)
    assert inventory(world) == ["JobDefinition/job", "job:1 ACTIVE", "job:2 ACTIVE"]
    assert world.plan(of).is_empty
