"""What jobs do to environments, and what becomes of jobs when their environment changes."""

import pytest

from tests.sandbox.definitions import fargate

UPDATE = "UpdateComputeEnvironment"
MINUTE = 60


@pytest.fixture(name="busy")
def _busy(lab):
    """Ten jobs run, an hour each, where there is room for ten."""
    lab.busy(maxvCpus=10)
    lab.jobs = lab.submit(10, parameters={"sandboxSeconds": "3600"})
    lab.clock.turn(2)
    return lab


@pytest.fixture(name="serverless")
def _serverless(lab):
    """Two jobs run on a Fargate environment that no queue names any more."""
    for name in ("old", "new"):
        lab.environment(name, **lab.fargate(name))
    lab.queue("main", "old")
    lab.call("RegisterJobDefinition", **{**fargate(command=["sleep", "600"]), "jobDefinitionName": "render"})
    lab.jobs = lab.submit(2)
    lab.clock.turn(2)
    lab.call("UpdateJobQueue", jobQueue="main", computeEnvironmentOrder=[{"order": 1, "computeEnvironment": "new"}])
    lab.disable("old")
    return lab


@pytest.fixture(name="calm")
def _calm(make_lab):
    """A laboratory where nothing but jobs moves desiredvCpus."""
    return make_lab(restless=False)


def desired(lab, name="spot"):
    return lab.see(name)["computeResources"]["desiredvCpus"]


def image(lab):
    return lab.see("spot")["computeResources"]["ec2Configuration"][0]


def test_desired_vcpus_follow_the_jobs_between_their_bounds(calm):
    calm.busy(minvCpus=2, maxvCpus=6)
    seen = [desired(calm)]
    for count in (1, 3, 9):
        calm.submit(count)
        calm.clock.turn(2)
        seen.append(desired(calm))
    assert seen == [2, 2, 4, 6]


def test_desired_vcpus_return_to_the_minimum_when_the_jobs_have_gone(calm):
    calm.busy(minvCpus=1)
    calm.submit(5)
    calm.clock.turn(2)
    assert desired(calm) == 5
    calm.call(UPDATE, computeEnvironment="spot", computeResources={"maxvCpus": 20})
    calm.clock.turn(100)
    assert desired(calm) == 5
    calm.clock.turn(300)
    assert desired(calm) == 1


def test_the_state_of_images_is_shown_from_the_first_job_on(calm):
    calm.busy()
    assert image(calm) == {"imageType": "ECS_AL2023"}
    calm.submit()
    calm.clock.turn(2)
    assert image(calm) == {"imageType": "ECS_AL2023", "batchImageStatus": "LATEST"}
    calm.clock.turn(1000)
    assert (desired(calm), image(calm)["batchImageStatus"]) == (0, "LATEST")


def test_an_environment_of_the_same_name_has_no_instances_yet(calm):
    calm.busy()
    calm.submit()
    calm.clock.turn(60)
    calm.disable("spot")
    calm.call("UpdateJobQueue", jobQueue="main", state="DISABLED")
    calm.settle()
    calm.call("DeleteJobQueue", jobQueue="main")
    calm.clock.turn(120)
    calm.call("DeleteComputeEnvironment", computeEnvironment="spot")
    calm.settle()
    calm.environment("spot")
    assert image(calm) == {"imageType": "ECS_AL2023"}


def test_a_disabled_environment_starts_no_jobs_and_those_that_run_go_on(busy):
    [waiting] = busy.submit()
    busy.disable("spot")
    assert busy.statuses(busy.jobs[0], waiting) == ["RUNNING", "RUNNABLE"]
    busy.clock.turn(3600)
    assert busy.statuses(busy.jobs[0], waiting) == ["SUCCEEDED", "RUNNABLE"]
    enabled = busy.clock.now()
    busy.call(UPDATE, computeEnvironment="spot", state="ENABLED")
    busy.clock.turn(12)
    assert busy.job(waiting)["startedAt"] == (enabled + 11) * 1000


def test_more_room_lets_jobs_start_that_wait(busy):
    waiting = busy.submit(3)
    busy.clock.turn(2)
    assert busy.statuses(*waiting) == ["RUNNABLE"] * 3
    busy.call(UPDATE, computeEnvironment="spot", computeResources={"maxvCpus": 12})
    busy.clock.turn(15)
    assert busy.statuses(*waiting) == ["RUNNING", "RUNNING", "RUNNABLE"]


def test_less_room_stops_no_job(busy):
    busy.call(UPDATE, computeEnvironment="spot", computeResources={"maxvCpus": 4})
    busy.clock.turn(15)
    assert (busy.statuses(*busy.jobs), desired(busy)) == (["RUNNING"] * 10, 4)


def test_an_infrastructure_update_waits_for_the_jobs_and_then_ends_them(busy):
    busy.call(UPDATE, computeEnvironment="spot", computeResources={"subnets": ["subnet-3"]})
    busy.clock.turn(29 * MINUTE)
    assert (busy.see("spot")["status"], busy.statuses(busy.jobs[0])) == ("UPDATING", ["RUNNING"])
    busy.clock.turn(MINUTE)
    assert (busy.see("spot")["status"], busy.statuses(busy.jobs[0])) == ("VALID", ["FAILED"])
    assert busy.job(busy.jobs[0])["statusReason"].startswith("Host EC2 (instance i-")


def test_the_update_policy_says_how_long_an_infrastructure_update_waits(busy):
    busy.call(
        UPDATE,
        computeEnvironment="spot",
        updatePolicy={"jobExecutionTimeoutMinutes": 120},
        computeResources={"subnets": ["subnet-3"]},
    )
    busy.clock.turn(59 * MINUTE)
    assert busy.see("spot")["status"] == "UPDATING"
    busy.clock.turn(MINUTE)
    assert (busy.see("spot")["status"], busy.statuses(busy.jobs[0])) == ("VALID", ["SUCCEEDED"])


def test_an_infrastructure_update_may_terminate_the_jobs_at_once(busy):
    busy.call(
        UPDATE,
        computeEnvironment="spot",
        updatePolicy={"terminateJobsOnUpdate": True},
        computeResources={"subnets": ["subnet-3"]},
    )
    assert busy.statuses(*busy.jobs) == ["FAILED"] * 10
    busy.clock.turn(61)
    assert busy.see("spot")["status"] == "VALID"


def test_an_infrastructure_update_is_over_when_its_last_job_is_terminated(busy):
    busy.call(UPDATE, computeEnvironment="spot", computeResources={"subnets": ["subnet-3"]})
    busy.clock.turn(2 * MINUTE)
    busy.call("TerminateJobs", jobs=busy.jobs[1:], reason="enough")
    assert busy.see("spot")["status"] == "UPDATING"
    busy.call("TerminateJob", jobId=busy.jobs[0], reason="enough")
    assert busy.see("spot")["status"] == "VALID"


def test_jobs_wait_while_instances_are_replaced(busy):
    [waiting] = busy.submit()
    busy.call(
        UPDATE,
        computeEnvironment="spot",
        updatePolicy={"terminateJobsOnUpdate": True},
        computeResources={"subnets": ["subnet-3"]},
    )
    busy.clock.turn(59)
    assert busy.statuses(waiting) == ["RUNNABLE"]
    busy.clock.turn(3)
    assert busy.statuses(waiting) == ["RUNNING"]


def test_a_scaling_update_does_not_wait_for_jobs(busy):
    busy.call(UPDATE, computeEnvironment="spot", computeResources={"minvCpus": 1})
    busy.clock.turn(11)
    assert (busy.see("spot")["status"], busy.statuses(*busy.jobs)) == ("VALID", ["RUNNING"] * 10)


def test_a_fargate_environment_that_is_deleted_with_active_jobs_becomes_invalid(serverless):
    serverless.call("DeleteComputeEnvironment", computeEnvironment="old")
    assert serverless.see("old")["status"] == "DELETING"
    serverless.settle()
    seen = serverless.see("old")
    assert (seen["status"], seen["statusReason"]) == (
        "INVALID",
        "CLIENT_ERROR - Cannot delete, 2 active jobs run on Fargate",
    )
    assert serverless.statuses(*serverless.jobs) == ["RUNNING"] * 2
    serverless.call("TerminateJobs", jobs=serverless.jobs, reason="make way")
    serverless.call("DeleteComputeEnvironment", computeEnvironment="old")
    serverless.settle()
    assert serverless.see("old") is None


def test_instances_that_are_deleted_take_their_jobs_with_them(busy):
    busy.environment("new")
    busy.call("UpdateJobQueue", jobQueue="main", computeEnvironmentOrder=[{"order": 1, "computeEnvironment": "new"}])
    busy.disable("spot")
    busy.call("DeleteComputeEnvironment", computeEnvironment="spot")
    assert busy.statuses(*busy.jobs) == ["RUNNING"] * 10
    busy.settle()
    assert (busy.see("spot"), busy.statuses(*busy.jobs)) == (None, ["FAILED"] * 10)
    assert busy.job(busy.jobs[0])["statusReason"].startswith("Host EC2 (instance i-")


def test_fargate_has_no_desired_vcpus_however_many_jobs_run(serverless):
    assert "desiredvCpus" not in serverless.see("old")["computeResources"]


def test_a_queue_tries_its_environments_in_order(lab):
    lab.busy(maxvCpus=2)
    lab.environment("more", **lab.ec2("more", maxvCpus=2))
    order = [{"order": 7, "computeEnvironment": "spot"}, {"order": 3, "computeEnvironment": "more"}]
    lab.call("UpdateJobQueue", jobQueue="main", computeEnvironmentOrder=order)
    seen = []
    for _ in range(4):
        lab.submit(parameters={"sandboxSeconds": "600"})
        lab.clock.turn(2)
        seen.append((desired(lab, "more"), desired(lab)))
    assert seen == [(1, 0), (2, 0), (2, 1), (2, 2)]


def test_a_queue_of_a_higher_priority_comes_first(lab):
    lab.busy(maxvCpus=1)
    lab.submit()
    lab.clock.turn(2)
    order = [{"order": 1, "computeEnvironment": "spot"}]
    lab.call("CreateJobQueue", jobQueueName="urgent", priority=9, computeEnvironmentOrder=order)
    lab.clock.turn(11)
    [later] = lab.submit()
    [urgent] = lab.submit(jobQueue="urgent")
    lab.clock.turn(25)
    assert lab.statuses(urgent, later) == ["RUNNING", "RUNNABLE"]


def test_an_unmanaged_environment_has_room_for_all(lab):
    lab.call("CreateComputeEnvironment", computeEnvironmentName="own", type="UNMANAGED", serviceRole="batch")
    lab.settle()
    lab.queue("main", "own")
    lab.call("RegisterJobDefinition", **lab.container())
    jobs = lab.submit(20)
    lab.clock.turn(2)
    assert lab.statuses(*jobs) == ["RUNNING"] * 20
