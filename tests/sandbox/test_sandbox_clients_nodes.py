"""Multi-node parallel jobs as clients read them: the job, its nodes, and their lists."""

from typing import Any

import pytest

from tests.sandbox.conftest import Lab


@pytest.fixture(name="job")
def _job(lab: Lab) -> str:
    lab.busy()
    container = {"image": "busybox", "vcpus": 1, "memory": 128, "command": ["sleep", "30"]}
    ranges: list[dict[str, Any]] = [
        {"targetNodes": "0", "container": container},
        {"targetNodes": "1:", "container": container | {"image": "worker"}},
    ]
    nodes = {"numNodes": 3, "mainNode": 0, "nodeRangeProperties": ranges}
    lab.call("RegisterJobDefinition", jobDefinitionName="mpi", type="multinode", nodeProperties=nodes)
    [job] = lab.submit(jobDefinition="mpi")
    lab.clock.turn(2)
    return job


def test_a_node_is_read_by_its_number(lab: Lab, job: str) -> None:
    whole = lab.job(job)
    assert (whole["status"], whole["nodeProperties"]["numNodes"], whole["nodeProperties"]["mainNode"]) == (
        "RUNNING",
        3,
        0,
    )
    assert "nodeDetails" not in whole
    assert "container" not in whole
    [main, worker] = lab.call("DescribeJobs", jobs=[f"{job}#0", f"{job}#2"])["jobs"]
    assert (main["jobId"], main["nodeDetails"]) == (f"{job}#0", {"nodeIndex": 0, "isMainNode": True})
    assert (worker["status"], worker["nodeDetails"]) == ("RUNNING", {"nodeIndex": 2, "isMainNode": False})
    assert (main["container"]["image"], worker["container"]["image"]) == ("busybox", "worker")
    assert "nodeProperties" not in main
    assert main["container"]["logStreamName"] != worker["container"]["logStreamName"]
    lab.clock.turn(30)
    ended = lab.job(f"{job}#2")
    assert (ended["status"], ended["container"]["exitCode"], len(ended["attempts"])) == ("SUCCEEDED", 0, 1)
    assert lab.call("DescribeJobs", jobs=[f"{job}#3", f"{job}#", f"{job}#x"])["jobs"] == []


def test_the_nodes_of_a_job_are_listed_by_status(lab: Lab, job: str) -> None:
    nodes = lab.call("ListJobs", multiNodeJobId=job)["jobSummaryList"]
    assert [each["jobId"] for each in nodes] == [f"{job}#{index}" for index in range(3)]
    assert nodes[0]["nodeProperties"] == {"nodeIndex": 0, "isMainNode": True}
    assert lab.call("ListJobs", multiNodeJobId=job, jobStatus="SUCCEEDED")["jobSummaryList"] == []
    [whole] = lab.call("ListJobs", jobQueue="main")["jobSummaryList"]
    assert whole["nodeProperties"] == {"numNodes": 3}
    page = lab.call("ListJobs", multiNodeJobId=job, maxResults=2)
    rest = lab.call("ListJobs", multiNodeJobId=job, maxResults=2, nextToken=page["nextToken"])
    assert [each["jobId"] for each in rest["jobSummaryList"]] == [f"{job}#2"]


def test_what_has_no_nodes_is_refused(lab: Lab, job: str) -> None:
    [plain] = lab.submit()
    for other in (plain, "nobody"):
        assert lab.refused("ListJobs", multiNodeJobId=other) == f"Multi-node job {other} not found."
    assert lab.refused("ListJobs", arrayJobId=job) == f"Array job {job} not found."


def test_fewer_nodes_may_be_submitted(lab: Lab, job: str) -> None:
    del job
    [small] = lab.submit(jobDefinition="mpi", nodeOverrides={"numNodes": 2})
    lab.clock.turn(2)
    assert len(lab.call("ListJobs", multiNodeJobId=small)["jobSummaryList"]) == 2


def test_a_node_ends_with_its_job(lab: Lab, job: str) -> None:
    lab.call("TerminateJob", jobId=f"{job}#1", reason="enough")
    lab.clock.turn(1)
    assert lab.statuses(job, f"{job}#0", f"{job}#1") == ["FAILED"] * 3
