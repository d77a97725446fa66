"""Stacks whose queues are busy: what jobs are running makes some changes slow, and some impossible for a while."""

import pytest

from reconciler.model import Json, Stack
from reconciler.plan import Wanted
from reconciler.problems import Exit
from tests.builders import CE, CR, JD, JQ, consumable, container, ec2, queue, stack
from tests.world import World

MINUTE = 60.0
FARGATE: dict[str, Json] = {
    "type": "MANAGED",
    "computeResources": {
        "type": "FARGATE", "maxvCpus": 8, "subnets": ["subnet-1"], "securityGroupIds": ["sg-1"]},
}  # fmt: skip
SERVERLESS: dict[str, Json] = {
    "type": "container",
    "platformCapabilities": ["FARGATE"],
    "containerProperties": {
        "image": "busybox", "command": ["sleep", "600"], "executionRoleArn": "arn:aws:iam::123456789012:role/run",
        "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "2048"}]},
}  # fmt: skip


def sleeping(seconds: int, **resources: Json) -> Stack:
    """An environment, a queue on it, and a definition of jobs that sleep."""
    job = {
        **container(command=["sleep", str(seconds)]),
        "consumableResourceProperties": {"consumableResourceList": [{"consumableResource": "seats", "quantity": 1}]},
    }
    seats = consumable(20, resourceType="NON_REPLENISHABLE")
    return stack({(CE, "spot"): ec2(**resources), (JQ, "q"): queue("spot"), (JD, "job"): job, (CR, "seats"): seats})


def submit(world: World, count: int) -> None:
    for _ in range(count):
        world.raw.call("SubmitJob", {"jobName": "job", "jobQueue": "q", "jobDefinition": "job"})
    world.clock.turn(3)


def running(world: World) -> int:
    return len(world.raw.call("ListJobs", {"jobQueue": "q", "jobStatus": "RUNNING"})["jobSummaryList"])


def test_what_jobs_do_is_no_drift() -> None:
    world, mine = World(), sleeping(600)
    world.apply(mine)
    submit(world, 20)
    assert (running(world), world.plan(mine).is_empty) == (16, True)


@pytest.mark.parametrize(("seconds", "minutes"), [(120, 2), (7200, 30)])
def test_an_update_that_replaces_instances_waits_for_the_jobs_there(seconds: int, minutes: int) -> None:
    world = World()
    world.apply(sleeping(seconds))
    submit(world, 4)
    before = world.clock.now()
    after = sleeping(seconds, subnets=["subnet-2"])
    assert world.apply(after).exit is Exit.DONE
    assert minutes <= (world.clock.now() - before) / MINUTE < minutes + 1
    assert (running(world), world.plan(after).is_empty) == (0, True)


def test_an_environment_with_a_successor_goes_when_its_jobs_have_ended() -> None:
    world = World()
    world.apply(sleeping(7200, allocationStrategy=None))
    submit(world, 4)
    jobs = [job["jobId"] for job in world.raw.call("ListJobs", {"jobQueue": "q"})["jobSummaryList"]]
    after, before = sleeping(7200, allocationStrategy=None, subnets=["subnet-2"]), world.clock.now()
    assert world.apply(after, Wanted(allow_replace=True)).exit is Exit.DONE
    assert 120 <= (world.clock.now() - before) / MINUTE < 180
    described = world.raw.call("DescribeJobs", {"jobs": jobs})["jobs"]
    assert [job["status"] for job in described] == ["SUCCEEDED"] * 4
    assert world.plan(after).is_empty
    assert len(world.names("DescribeComputeEnvironments", "computeEnvironments", "computeEnvironmentName")) == 1


def test_a_full_queue_is_removed_with_its_jobs() -> None:
    world, mine = World(), sleeping(7200)
    world.apply(mine)
    submit(world, 800)
    before = world.clock.now()
    assert world.apply(mine, Wanted(destroy=True)).exit is Exit.DONE
    assert world.clock.now() - before > 800 / 16
    assert world.plan(stack({})).is_empty


def test_a_fargate_environment_whose_jobs_still_run_is_unhealthy_until_they_have_ended() -> None:
    world = World()
    both = {(CE, "old"): FARGATE, (CE, "new"): FARGATE, (JD, "job"): SERVERLESS}
    world.apply(stack({**both, (JQ, "q"): queue("old")}))
    submit(world, 3)
    after = stack({(CE, "new"): FARGATE, (JD, "job"): SERVERLESS, (JQ, "q"): queue("new")})
    finish = world.apply(after)
    assert finish.exit is Exit.UNHEALTHY
    assert [r.message for r in finish.outcome.results if r.message] == [
        "CLIENT_ERROR - Cannot delete, 3 active jobs run on Fargate"
    ]
    world.clock.turn(600)
    assert world.apply(after).exit is Exit.DONE
    assert world.plan(after).is_empty
