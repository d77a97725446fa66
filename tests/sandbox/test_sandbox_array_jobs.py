"""Array jobs in the sandbox: one submission, many children."""

import pytest


@pytest.fixture(name="busy")
def _busy(lab):
    lab.busy(maxvCpus=4)
    return lab


def array(lab, size=6, **members):
    [job] = lab.submit(arrayProperties={"size": size}, **members)
    return job


def summary(lab, job):
    counts = lab.job(job)["arrayProperties"]["statusSummary"]
    return {status: count for status, count in counts.items() if count}


def children(lab, job, status, **more):
    page = lab.call("ListJobs", arrayJobId=job, jobStatus=status, **more)
    return [child["arrayProperties"]["index"] for child in page["jobSummaryList"]]


def test_a_parent_is_pending_while_its_children_run(busy):
    job = array(busy)
    seen = []
    for seconds in (0, 2, 31, 31):
        busy.clock.turn(seconds)
        seen.append((busy.job(job)["status"], summary(busy, job)))
    assert seen == [
        ("SUBMITTED", {"SUBMITTED": 6}),
        ("PENDING", {"RUNNING": 4, "RUNNABLE": 2}),
        ("PENDING", {"SUCCEEDED": 4, "RUNNING": 2}),
        ("SUCCEEDED", {"SUCCEEDED": 6}),
    ]
    assert busy.job(job)["arrayProperties"]["size"] == 6


def test_a_child_is_described_by_its_index(busy):
    job = array(busy, tags={"a": "b"})
    busy.clock.turn(2)
    seen = busy.job(f"{job}:3")
    assert (seen["jobId"], seen["status"], seen["arrayProperties"]) == (f"{job}:3", "RUNNING", {"index": 3})
    assert seen["jobArn"].endswith(f":job/{job}:3")
    assert busy.job(f"{job}:6") is None


def test_children_are_listed_by_status_in_order_and_not_among_the_jobs_of_the_queue(busy):
    job = array(busy)
    busy.clock.turn(2)
    assert children(busy, job, "RUNNING") == [0, 1, 2, 3]
    assert children(busy, job, "RUNNABLE") == [4, 5]
    assert (busy.listed("RUNNING"), busy.listed("PENDING")) == ([], [job])
    page = busy.call("ListJobs", arrayJobId=job, maxResults=3)
    assert children(busy, job, "RUNNING", nextToken=page["nextToken"]) == [3]


def test_a_parent_fails_with_one_of_its_children(busy):
    job = array(busy, 2)
    busy.clock.turn(2)
    busy.call("TerminateJob", jobId=f"{job}:1", reason="enough")
    assert (busy.job(job)["status"], summary(busy, job)) == ("PENDING", {"RUNNING": 1, "FAILED": 1})
    busy.clock.turn(60)
    seen = busy.job(job)
    assert (seen["status"], seen["statusReason"]) == ("FAILED", "Array Child Job failed")


def test_who_cancels_or_terminates_a_parent_means_its_children(busy):
    job = array(busy)
    busy.clock.turn(2)
    busy.call("CancelJob", jobId=job, reason="enough")
    assert summary(busy, job) == {"RUNNING": 4, "FAILED": 2}
    busy.call("TerminateJob", jobId=job, reason="enough")
    assert (busy.job(job)["status"], summary(busy, job)) == ("FAILED", {"FAILED": 6})


def test_children_may_run_one_after_another(busy):
    job = array(busy, 3, dependsOn=[{"type": "SEQUENTIAL"}])
    seen = []
    for seconds in (2, 31, 31):
        busy.clock.turn(seconds)
        seen.append(busy.statuses(*(f"{job}:{index}" for index in range(3))))
    assert seen == [
        ["RUNNING", "PENDING", "PENDING"],
        ["SUCCEEDED", "RUNNING", "PENDING"],
        ["SUCCEEDED", "SUCCEEDED", "RUNNING"],
    ]


def test_a_child_may_wait_for_the_one_of_the_same_index(busy):
    first = array(busy, 2, parameters={"sandboxSeconds": "10"})
    second = array(busy, 2, dependsOn=[{"jobId": first, "type": "N_TO_N"}])
    busy.clock.turn(2)
    busy.call("TerminateJob", jobId=f"{first}:0", reason="enough")
    busy.clock.turn(12)
    assert busy.statuses(f"{second}:0", f"{second}:1") == ["FAILED", "RUNNING"]


def test_a_job_may_wait_for_a_whole_array(busy):
    job = array(busy)
    [after] = busy.submit(dependsOn=[{"jobId": job}])
    busy.clock.turn(40)
    assert busy.statuses(after) == ["PENDING"]
    busy.clock.turn(25)
    assert busy.statuses(after) == ["RUNNING"]


def test_arrays_that_depend_on_each_other_child_by_child_have_the_same_size(busy):
    job = array(busy)
    request = {"jobName": "job", "jobQueue": "main", "jobDefinition": "render"}
    needs = [{"jobId": job, "type": "N_TO_N"}]
    words = "N_TO_N dependencies are for array jobs of the same size."
    for members in ({}, {"arrayProperties": {"size": 5}}):
        assert busy.refused("SubmitJob", **request, **members, dependsOn=needs) == words


def test_a_large_array_drains(busy):
    job = array(busy, 2000, parameters={"sandboxSeconds": "0"})
    busy.clock.turn(1000)
    assert (busy.job(job)["status"], summary(busy, job)) == ("SUCCEEDED", {"SUCCEEDED": 2000})
