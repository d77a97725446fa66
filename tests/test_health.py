"""status and doctor as use cases: what they read of a live world, in which calls."""

import pytest

from reconciler.app import usecases
from reconciler.calls import is_read
from reconciler.inspect.status import StackStatus
from reconciler.plan import PlanOptions
from reconciler.problems import CloudError, Fault
from tests.builders import CE, CR, JD, JQ, SE, consumable, container, ec2, queue, service, stack, training
from tests.world import World

HERE = ("stacks/prod",)
MINE = stack(
    {
        (CR, "licence"): consumable(4),
        (CE, "spot"): ec2(),
        (SE, "gpus"): service(),
        (JQ, "q"): queue("spot"),
        (JQ, "train"): training("gpus"),
        (JD, "job"): container(),
    }
)


def by_name(found: StackStatus) -> dict[str, object]:
    return {one.name: one.jobs for one in found.resources}


def test_what_only_a_description_tells_is_in_the_table() -> None:
    world = World()
    world.apply(MINE)
    loads = {one.name: one.load for one in usecases.status(MINE, world.session).resources}
    assert loads == {"licence": (0, 4), "spot": (0, 16), "gpus": (None, None), "q": (None, None),
                     "train": (None, None), "job": (None, None)}  # fmt: skip


def test_each_queue_is_asked_for_its_own_sort_of_jobs() -> None:
    world = World()
    world.apply(MINE)
    since = len(world.calls)
    assert by_name(usecases.status(MINE, world.session))["train"] == {}
    asked = [operation for operation, _ in world.calls[since:]]
    assert (asked.count("ListJobs"), asked.count("ListServiceJobs")) == (5, 6)
    since = len(world.calls)
    assert usecases.doctor(MINE, world.session, HERE).diagnoses == ()
    asked = [operation for operation, _ in world.calls[since:]]
    assert (asked.count("ListJobs"), asked.count("ListServiceJobs")) == (1, 1)
    assert all(map(is_read, asked))


def test_jobs_are_counted_by_status() -> None:
    world = World()
    world.apply(MINE)
    for number in range(20):
        world.raw.call("SubmitJob", {"jobName": f"n{number}", "jobQueue": "q", "jobDefinition": "job"})
    world.clock.turn(10)
    held = by_name(usecases.status(MINE, world.session))["q"]
    assert isinstance(held, dict)
    assert sum(held.values()) == 20


def test_a_denied_listing_stops_nothing() -> None:
    world = World()
    world.apply(MINE)
    world.forbid("ListJobs")
    held = by_name(usecases.status(MINE, world.session))
    assert isinstance(held["q"], CloudError)
    assert held["train"] == {}


def asking(world: World, use: str) -> object:
    if use == "status":
        return usecases.status(MINE, world.session)
    if use == "doctor":
        return usecases.doctor(MINE, world.session, HERE)
    return usecases.plan(MINE, world.session, PlanOptions(destroy=True, cancel_jobs=True))


@pytest.mark.parametrize("use", ["status", "doctor", "plan"])
@pytest.mark.parametrize("fault", [Fault.UNKNOWN, Fault.UNREACHABLE, Fault.THROTTLED])
def test_jobs_that_no_answer_tells_of_are_an_error(use: str, fault: Fault) -> None:
    """Nothing is judged by an answer that is none, and nothing deleted: only a refusal is one."""
    world = World()
    world.apply(MINE)
    world.forbid("ListJobs", fault)
    with pytest.raises(CloudError) as caught:
        asking(world, use)
    assert caught.value.operation == "ListJobs"
