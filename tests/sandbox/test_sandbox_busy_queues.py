"""Why jobs wait, for how long they may, what they use up, and what becomes of them when their queue goes."""

import pytest

TOO_SMALL = "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE"
REASON = f"{TOO_SMALL} - CE(s) associated with the job queue cannot meet the CPU requirement of the job."


@pytest.fixture(name="busy")
def _busy(lab):
    lab.busy(maxvCpus=4)
    return lab


def resource(lab, name="seats", **members):
    lab.call("CreateConsumableResource", **{"consumableResourceName": name, "totalQuantity": 3, **members})


def quantities(lab, name="seats"):
    seen = lab.call("DescribeConsumableResource", consumableResource=name)
    return seen["totalQuantity"], seen["inUseQuantity"], seen["availableQuantity"]


def needs(quantity, name="seats"):
    listed = [{"consumableResource": name, "quantity": quantity}]
    return {"consumableResourcePropertiesOverride": {"consumableResourceList": listed}}


def large(vcpus=5):
    return {"containerOverrides": {"resourceRequirements": [{"type": "VCPU", "value": str(vcpus)}]}}


def delete(lab):
    lab.call("UpdateJobQueue", jobQueue="main", state="DISABLED")
    lab.clock.turn(11)
    lab.call("DeleteJobQueue", jobQueue="main")


def test_a_job_that_is_too_large_says_so_and_blocks_those_behind_it(busy):
    [big] = busy.submit(**large())
    [small] = busy.submit()
    busy.clock.turn(2)
    assert (busy.job(big)["status"], busy.job(big)["statusReason"]) == ("RUNNABLE", REASON)
    assert (busy.job(small)["status"], "statusReason" in busy.job(small)) == ("RUNNABLE", False)
    busy.call("CancelJob", jobId=big, reason="too large")
    busy.clock.turn(2)
    assert busy.statuses(small) == ["RUNNING"]


def test_a_job_that_only_waits_for_its_turn_gives_no_reason(busy):
    [job] = busy.submit(5)[4:]
    busy.clock.turn(2)
    assert (busy.job(job)["status"], "statusReason" in busy.job(job)) == ("RUNNABLE", False)


def test_a_job_says_that_all_its_environments_are_invalid_until_they_are_repaired(busy):
    busy.simulator.break_(lambda before: before.without_roles(["ecsInstanceRole"]))
    [job] = busy.submit()
    busy.clock.turn(2)
    words = "ACTION_REQUIRED - CE(s) associated with the job queue are invalid."
    assert (busy.job(job)["status"], busy.job(job)["statusReason"]) == ("RUNNABLE", words)
    busy.call("UpdateComputeEnvironment", computeEnvironment="spot", computeResources={"instanceRole": "other"})
    busy.clock.turn(62)
    assert busy.statuses(job) == ["RUNNING"]


def test_a_role_that_disappears_stops_no_job_that_runs(busy):
    running, waiting = busy.submit(5)[::4]
    busy.clock.turn(2)
    busy.simulator.break_(lambda before: before.without_roles(["ecsInstanceRole"]))
    busy.clock.turn(60)
    assert busy.statuses(running, waiting) == ["SUCCEEDED", "RUNNABLE"]


def test_a_queue_may_give_up_jobs_that_block_it_for_too_long(busy):
    limit = {"state": "RUNNABLE", "reason": TOO_SMALL, "maxTimeSeconds": 600, "action": "CANCEL"}
    busy.call("UpdateJobQueue", jobQueue="main", jobStateTimeLimitActions=[limit])
    first, second = busy.submit(2, **large())
    [small] = busy.submit()
    busy.clock.turn(600)
    assert busy.statuses(first, second) == ["RUNNABLE"] * 2
    busy.clock.turn(1)
    seen = busy.job(first)
    words = f"Canceled by JobStateTimeLimit action due to reason: {TOO_SMALL}"
    assert (seen["status"], seen["statusReason"], seen["isCancelled"]) == ("FAILED", words, True)
    assert busy.statuses(second, small) == ["RUNNABLE"] * 2
    busy.clock.turn(602)
    assert busy.statuses(second, small) == ["FAILED", "RUNNING"]


def test_a_job_that_became_small_enough_in_time_is_not_given_up(busy):
    limit = {"state": "RUNNABLE", "reason": TOO_SMALL, "maxTimeSeconds": 600, "action": "CANCEL"}
    busy.call("UpdateJobQueue", jobQueue="main", jobStateTimeLimitActions=[limit])
    [job] = busy.submit(**large())
    busy.clock.turn(500)
    busy.call("UpdateComputeEnvironment", computeEnvironment="spot", computeResources={"maxvCpus": 5})
    busy.clock.turn(200)
    assert busy.statuses(job) == ["SUCCEEDED"]


def test_jobs_hold_a_replenishable_resource_until_they_end(busy):
    resource(busy)
    jobs = busy.submit(2, **needs(2))
    assert quantities(busy) == (3, 0, 3)
    busy.clock.turn(2)
    assert (quantities(busy), busy.statuses(*jobs)) == ((3, 2, 1), ["RUNNING", "RUNNABLE"])
    [listed] = busy.call("ListConsumableResources")["consumableResources"]
    assert (listed["totalQuantity"], listed["inUseQuantity"]) == (3, 2)
    busy.clock.turn(31)
    assert (quantities(busy), busy.statuses(*jobs)) == ((3, 2, 1), ["SUCCEEDED", "RUNNING"])
    busy.clock.turn(31)
    assert quantities(busy) == (3, 0, 3)


def test_jobs_use_up_what_is_not_replenishable(busy):
    resource(busy, resourceType="NON_REPLENISHABLE")
    jobs = busy.submit(4, **needs(1))
    busy.clock.turn(2)
    assert (quantities(busy), busy.statuses(*jobs)) == ((0, 3, 0), ["RUNNING"] * 3 + ["RUNNABLE"])
    busy.clock.turn(100)
    assert (quantities(busy), busy.statuses(*jobs)) == ((0, 0, 0), ["SUCCEEDED"] * 3 + ["RUNNABLE"])
    busy.call("UpdateConsumableResource", consumableResource="seats", operation="ADD", quantity=5)
    busy.clock.turn(2)
    assert (quantities(busy), busy.statuses(jobs[3])) == ((4, 1, 4), ["RUNNING"])


def test_a_job_waits_for_a_resource_that_does_not_exist_yet(busy):
    [job] = busy.submit(**needs(1))
    busy.clock.turn(100)
    assert busy.statuses(job) == ["RUNNABLE"]
    resource(busy)
    busy.clock.turn(2)
    assert busy.statuses(job) == ["RUNNING"]


def test_a_submission_may_ask_for_another_quantity_than_the_definition(busy):
    resource(busy)
    resource(busy, "tokens")
    listed = [{"consumableResource": name, "quantity": 1} for name in ("seats", "tokens")]
    body = busy.container("licensed", command=["sleep", "30"])
    busy.call("RegisterJobDefinition", **body, consumableResourceProperties={"consumableResourceList": listed})
    [job] = busy.submit(jobDefinition="licensed", **needs(3))
    busy.clock.turn(2)
    assert (quantities(busy), quantities(busy, "tokens")) == ((3, 3, 0), (3, 1, 2))
    assert len(busy.job(job)["consumableResourceProperties"]["consumableResourceList"]) == 2


def test_a_queue_that_is_deleted_terminates_its_jobs_some_a_second(busy):
    jobs = busy.submit(320, parameters={"sandboxSeconds": "3600"})
    delete(busy)
    busy.clock.turn(10)
    assert busy.see_queue("main")["status"] == "DELETING"
    assert sum(status == "FAILED" for job in jobs for status in busy.statuses(job)) == 160
    assert busy.job(jobs[0])["statusReason"] == "Job queue deleted"
    busy.clock.turn(9.9)
    assert busy.see_queue("main")["status"] == "DELETING"
    busy.clock.turn(0.2)
    assert busy.see_queue("main") is None
    assert {status for job in jobs for status in busy.statuses(job)} == {"FAILED"}


def test_no_job_starts_in_a_queue_that_is_deleted(busy):
    *running, waiting = busy.submit(100)
    delete(busy)
    busy.clock.turn(1)
    assert busy.statuses(running[0], waiting) == ["FAILED", "RUNNABLE"]
    busy.clock.turn(60)
    assert "startedAt" not in busy.job(waiting)
    assert "startedAt" in busy.job(running[0])


def test_an_environment_is_in_use_until_its_queue_and_the_jobs_in_it_are_gone(busy):
    busy.disable("spot")
    busy.submit(480)
    delete(busy)
    busy.clock.turn(29)
    words = "Cannot delete, found existing JobQueue relationship"
    assert busy.see_queue("main")["status"] == "DELETING"
    assert busy.refused("DeleteComputeEnvironment", computeEnvironment="spot") == words


def test_a_queue_without_jobs_is_deleted_as_fast_as_ever(busy):
    busy.submit(5)
    busy.clock.turn(600)
    delete(busy)
    busy.clock.turn(10)
    assert busy.see_queue("main") is None
