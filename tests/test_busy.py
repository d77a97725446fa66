"""Stacks whose queues are busy: what jobs are running makes some changes slow, and some impossible for a while."""

import json
from dataclasses import replace

import pytest

from reconciler.app import usecases
from reconciler.apply import Event, waits
from reconciler.model import Action, Address, Change, Interrupts, Json, Plan, Stack
from reconciler.plan import PlanOptions
from reconciler.problems import Exit, Refused
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


def submit(world: World, count: int) -> list[str]:
    request = {"jobName": "job", "jobQueue": "q", "jobDefinition": "job"}
    jobs = [world.raw.call("SubmitJob", request)["jobId"] for _ in range(count)]
    world.clock.turn(3)
    return jobs


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


def test_a_queue_with_jobs_is_not_removed_without_a_word() -> None:
    world, mine = World(), sleeping(7200)
    world.apply(mine)
    submit(world, 20)
    plan = world.plan(mine, PlanOptions(destroy=True))
    (problem,) = plan.refusals
    assert (problem.code, problem.message) == (
        "PLAN010",
        "JobQueue/q: 16 RUNNING and 4 RUNNABLE jobs are in q",
    )
    with pytest.raises(Refused):
        world.apply(mine, PlanOptions(destroy=True))
    assert running(world) == 16


def test_a_queue_with_jobs_is_drained_before_it_is_removed() -> None:
    world, mine = World(), sleeping(600)
    world.apply(mine)
    jobs = submit(world, 20)
    assert world.apply(mine, PlanOptions(destroy=True, drain=True)).exit is Exit.DONE
    assert world.clock.now() > 1200  # two turns, since 16 fit at a time
    assert {job["status"] for job in world.raw.call("DescribeJobs", {"jobs": jobs})["jobs"]} == {"SUCCEEDED"}


def test_draining_ends_with_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waits, "LATEST", 3600.0)  # seconds from look to look: a day has thousands otherwise
    world, mine = World(), sleeping(600_000)
    world.apply(mine)
    submit(world, 2)
    finish = world.apply(mine, PlanOptions(destroy=True, drain=True))
    assert finish.exit is Exit.TIMED_OUT
    (late,) = [result for result in finish.outcome.results if result.message.startswith("q is not empty")]
    assert "2 RUNNING jobs" in late.message
    assert running(world) == 2


def test_a_full_queue_is_removed_with_its_jobs_where_that_is_asked_for() -> None:
    world, mine = World(), sleeping(7200)
    world.apply(mine)
    submit(world, 800)
    before = world.clock.now()
    assert world.apply(mine, PlanOptions(destroy=True, cancel_jobs=True)).exit is Exit.DONE
    assert world.clock.now() - before > 800 / 16
    assert world.plan(stack({})).is_empty


def test_jobs_that_come_after_the_plan_are_not_lost_either() -> None:
    world, mine = World(), sleeping(600)
    world.apply(mine)
    wanted = PlanOptions(destroy=True)
    plan = world.plan(mine, wanted)
    submit(world, 3)
    finish = usecases.run(plan, mine, world.session, options=wanted)
    assert finish.exit is Exit.TIMED_OUT
    assert running(world) == 3


def test_an_empty_queue_costs_one_look_a_status() -> None:
    world, mine = World(), sleeping(600)
    world.apply(mine)
    before = len(world.calls)
    world.plan(mine, PlanOptions(destroy=True))
    assert [operation for operation, _ in world.calls[before:]].count("ListJobs") == 5


def test_whoever_may_not_list_jobs_has_to_say_what_becomes_of_them() -> None:
    world, mine = World(), sleeping(600)
    world.apply(mine)
    world.forbid("ListJobs")
    (problem,) = world.plan(mine, PlanOptions(destroy=True)).refusals
    assert "the jobs in q are unknown" in problem.message
    assert problem.hint == "grant batch:ListJobs, or use --cancel-jobs to delete it and terminate all jobs in it"
    assert world.apply(mine, PlanOptions(destroy=True, cancel_jobs=True)).exit is Exit.DONE


ALLOWED = PlanOptions(allow_destroy=("*",))
MOVED = {(CE, "new"): FARGATE, (JD, "job"): SERVERLESS, (JQ, "q"): queue("new")}


def on_fargate(seconds: int = 600) -> World:
    """A queue that is to move from one environment to another while its jobs run on the first."""
    world = World()
    both = {(CE, "old"): FARGATE, (CE, "new"): FARGATE, (JD, "job"): SERVERLESS}
    world.apply(stack({**both, (JQ, "q"): queue("old")}))
    submit(world, 3)
    return world


def test_an_environment_is_deleted_when_the_jobs_that_ran_there_have_ended() -> None:
    world = on_fargate()
    before = world.clock.now()
    assert world.apply(stack(MOVED), ALLOWED).exit is Exit.DONE
    assert world.clock.now() - before > 590
    assert world.plan(stack(MOVED)).is_empty


def test_jobs_that_start_elsewhere_are_not_waited_for() -> None:
    world = on_fargate()
    plan = world.plan(stack(MOVED), ALLOWED)
    later = iter(range(100))

    def watch(event: Event) -> None:
        if event.stage == "waiting" and "in use" in event.detail and next(later) < 20:
            world.raw.call("SubmitJob", {"jobName": "job", "jobQueue": "q", "jobDefinition": "job"})

    finish = usecases.run(plan, stack(MOVED), world.session, options=ALLOWED, watch=watch)
    assert finish.exit is Exit.DONE
    assert running(world) > 0


def test_a_replaced_environment_keeps_its_jobs_to_their_end() -> None:
    world = World()
    old, new = (
        stack({(CE, "spot"): ec2(**more), (JQ, "q"): queue("spot"), (JD, "job"): container(command=["sleep", "900"])})
        for more in ({"allocationStrategy": "BEST_FIT"}, {})
    )
    world.apply(old)
    submit(world, 4)
    assert world.apply(new, PlanOptions(allow_replace=True)).exit is Exit.DONE
    assert world.clock.now() > 900
    jobs = world.raw.call("ListJobs", {"jobQueue": "q", "jobStatus": "SUCCEEDED"})["jobSummaryList"]
    assert len(jobs) == 4


def test_a_queue_that_is_created_again_is_drained_first() -> None:
    world = World()
    job = {(JD, "job"): container(command=["sleep", "900"])}
    before = stack({(CE, "spot"): ec2(), (JQ, "q"): queue("spot"), **job})
    after = stack(
        {(CE, "spot"): ec2(), (SP, "fair"): fair(), (JQ, "q"): queue("spot", schedulingPolicyArn="fair"), **job}
    )
    world.apply(before)
    submit(world, 4)
    plan = world.plan(after, PlanOptions(allow_replace=True))
    assert plan.refusals == ()
    retired = next(change for change in plan.changes if change.action is Action.RETIRE)
    assert retired.reasons[-1] == "4 RUNNING jobs in it: its jobs continue; it is deleted when they have ended"
    assert world.apply(after, PlanOptions(allow_replace=True)).exit is Exit.DONE
    assert world.clock.now() > 900


# Jobs that an update of instances may end

IMPATIENT = {"terminateJobsOnUpdate": True}


def moved(seconds: int = 7200, policy: Json = None, subnet: str = "subnet-2") -> Stack:
    """The same stack in another subnet, which replaces instances."""
    before = sleeping(seconds, subnets=[subnet])
    spot = before.declared[Address(CE, "spot")]
    spec = {**spot.spec, "updatePolicy": policy} if policy else spot.spec
    return replace(before, declared={**before.declared, spot.address: replace(spot, spec=spec)})


def change_of(plan: Plan) -> Change:
    (change,) = (one for one in plan.changes if one.address == Address(CE, "spot"))
    return change


def busy(count: int = 3, policy: Json = None) -> World:
    world = World()
    world.apply(moved(policy=policy, subnet="subnet-1"))
    submit(world, count)
    return world


def refused(world: World, mine: Stack, wanted: PlanOptions = AS_DECLARED) -> list[str]:
    try:
        world.apply(mine, wanted)
    except Refused as error:
        return [f"{problem.code} {problem.message}" for problem in error.problems]
    return []


def test_a_plan_that_replaces_instances_tells_the_jobs_in_the_queues_of_the_environment() -> None:
    change = change_of(busy().plan(moved()))
    assert change.reasons[-1] == "up to 3 running jobs now: 3 in q"
    assert change.interrupts == Interrupts(at_once=False, jobs={"q": 3})


def test_the_children_of_an_array_are_counted_one_by_one() -> None:
    world = busy(0)
    world.raw.call(
        "SubmitJob", {"jobName": "j", "jobQueue": "q", "jobDefinition": "job", "arrayProperties": {"size": 5}}
    )
    world.clock.turn(3)
    assert change_of(world.plan(moved())).reasons[-1] == "up to 5 running jobs now: 5 in q"


def test_without_jobs_or_queues_that_is_told_too() -> None:
    assert change_of(busy(0).plan(moved())).reasons[-1] == "no job runs in its queues now"
    world, alone = World(), {(CE, "spot"): ec2(subnets=["subnet-1"])}
    world.apply(stack(alone))
    plan = world.plan(stack({(CE, "spot"): ec2(subnets=["subnet-2"])}))
    assert change_of(plan).reasons[-1] == "no queue uses it"


def test_jobs_are_listed_only_where_a_plan_replaces_instances_and_once_for_each_queue() -> None:
    world = busy()
    before = len(world.calls)
    world.plan(moved(subnet="subnet-1"))
    assert [operation for operation, _ in world.calls[before:] if operation == "ListJobs"] == []
    before = len(world.calls)
    world.plan(moved())
    listed = [request["jobStatus"] for operation, request in world.calls[before:] if operation == "ListJobs"]
    assert listed == ["STARTING", "RUNNING", "PENDING"]


def test_whoever_may_not_list_jobs_is_told_so_and_goes_on() -> None:
    world = busy()
    world.forbid("ListJobs")
    change = change_of(world.plan(moved()))
    assert change.reasons[-1].startswith("the number of running jobs is unknown (ListJobs: AccessDeniedException")
    assert change.refusals == ()


def test_jobs_are_not_ended_at_once_without_a_word() -> None:
    world = busy(policy=IMPATIENT)
    mine = moved(policy=IMPATIENT)
    assert refused(world, mine) == [
        "GRD003 ComputeEnvironment/spot: up to 3 running jobs would be terminated immediately with its instances"
    ]
    assert refused(world, mine, PlanOptions(max_interrupted=2)) == [
        "GRD003 up to 3 running jobs would be terminated when instances are replaced, but --max-interrupted is 2"
    ]
    assert running(world) == 3
    assert refused(world, mine, PlanOptions(max_interrupted=3)) == []
    assert running(world) == 0


def test_without_running_jobs_nothing_is_lost_and_nothing_refused() -> None:
    assert refused(busy(0, policy=IMPATIENT), moved(policy=IMPATIENT)) == []


def test_jobs_that_are_not_known_are_not_ended_at_once() -> None:
    world = busy(policy=IMPATIENT)
    world.forbid("ListJobs")
    (problem,) = refused(world, moved(policy=IMPATIENT))
    assert problem.startswith(
        "GRD003 ComputeEnvironment/spot: the number of jobs that run on spot is unknown (ListJobs"
    )


def test_a_limit_holds_for_jobs_that_are_given_time_as_well() -> None:
    world = busy()
    assert refused(world, moved(), PlanOptions(max_interrupted=0)) == [
        "GRD003 up to 3 running jobs would be terminated when instances are replaced, but --max-interrupted is 0"
    ]
    assert refused(world, moved()) == []


# Quota shares

TEAMS: dict[tuple[str, str], Json] = {
    (SP, "quotas"): quota(),
    (SE, "gpu"): service(),
    (JQ, "train"): training("gpu", schedulingPolicyArn="quotas"),
    (QS, "vision"): share("train"),
}
WITH_SHARES = stack({**TEAMS, (QS, "speech"): share("train")})
WITHOUT_SPEECH = stack(TEAMS)
GOES = PlanOptions(allow_destroy=("*",))


def teaching(seconds: int = 600) -> World:
    """Two shares of one queue; two jobs run in `speech` and one in `vision`."""
    world = World()
    world.apply(WITH_SHARES)
    for name, count in (("speech", 2), ("vision", 1)):
        payload = {
            "TrainingJobName": "t", "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
            "Environment": {"sandboxSeconds": str(seconds)}}  # fmt: skip
        for _ in range(count):
            world.raw.call(
                "SubmitServiceJob",
                {"jobName": "t", "jobQueue": "train", "quotaShareName": name, "serviceJobType": "SAGEMAKER_TRAINING",
                 "serviceRequestPayload": json.dumps(payload)},
            )  # fmt: skip
    world.clock.turn(5)
    return world


def test_a_quota_share_with_jobs_is_not_removed_without_a_word_and_only_its_own_count() -> None:
    world = teaching()
    (problem,) = world.plan(WITHOUT_SPEECH, GOES).refusals
    assert (problem.code, problem.message) == (
        "PLAN010",
        "QuotaShare/speech: 2 RUNNING jobs are in train/speech",
    )


def test_a_quota_share_is_drained_before_it_is_removed() -> None:
    world = teaching()
    assert world.apply(WITHOUT_SPEECH, replace(GOES, drain=True)).exit is Exit.DONE
    assert world.clock.now() > 600
    jobs = world.raw.call("ListServiceJobs", {"jobQueue": "train", "jobStatus": "SUCCEEDED"})["jobSummaryList"]
    assert sum(job["quotaShareName"] == "speech" for job in jobs) == 2


def test_the_jobs_of_a_quota_share_end_with_it_where_that_is_asked_for() -> None:
    world = teaching(seconds=90_000)
    assert world.apply(WITHOUT_SPEECH, replace(GOES, cancel_jobs=True)).exit is Exit.DONE
    running_ = world.raw.call("ListServiceJobs", {"jobQueue": "train", "jobStatus": "RUNNING"})["jobSummaryList"]
    assert [job["quotaShareName"] for job in running_] == ["vision"]
