"""ListJobs and its like: by queue and status, by filter, in pages, the newest first."""

import pytest


@pytest.fixture(name="busy")
def _busy(lab):
    lab.busy(maxvCpus=2)
    return lab


def names(lab, **request):
    return [job["jobName"] for job in lab.call("ListJobs", **request)["jobSummaryList"]]


def test_without_a_status_the_jobs_that_run_are_listed_the_newest_first(busy):
    for name in "abcd":
        busy.submit(jobName=name)
    busy.clock.turn(2)
    assert names(busy, jobQueue="main") == ["b", "a"]
    assert names(busy, jobQueue="main", jobStatus="RUNNABLE") == ["d", "c"]
    assert names(busy, jobQueue="main", jobStatus="FAILED") == []


def test_a_summary_tells_how_far_a_job_is(busy):
    [job] = busy.submit()
    created = busy.clock.now() * 1000
    busy.clock.turn(60)
    [seen] = busy.call("ListJobs", jobQueue="main", jobStatus="SUCCEEDED")["jobSummaryList"]
    assert seen == {
        "jobArn": f"arn:aws:batch:us-east-1:123456789012:job/{job}",
        "jobId": job,
        "jobName": "job",
        "jobDefinition": "arn:aws:batch:us-east-1:123456789012:job-definition/render:1",
        "createdAt": created,
        "startedAt": created + 2000,
        "stoppedAt": created + 32000,
        "status": "SUCCEEDED",
        "statusReason": "Essential container in task exited",
        "container": {"exitCode": 0},
    }


def test_jobs_of_other_queues_are_not_listed(busy):
    busy.queue("other", "spot")
    busy.submit(jobName="here")
    busy.submit(jobName="there", jobQueue="other")
    assert names(busy, jobQueue="other", jobStatus="SUBMITTED") == ["there"]


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("JOB_NAME", "FRAME-1", ["frame-1"]),
        ("JOB_NAME", "frame*", ["Frame-2", "frame-1"]),
        ("JOB_NAME", "frame", []),
        ("JOB_DEFINITION", "render", ["Frame-2", "frame-1"]),
        ("JOB_DEFINITION", "r*", ["Frame-2", "frame-1"]),
        ("JOB_DEFINITION", "arn:aws:batch:us-east-1:123456789012:job-definition/render:2", ["Frame-2"]),
        ("AFTER_CREATED_AT", "1800000120000", ["other", "Frame-2"]),
        ("BEFORE_CREATED_AT", "1800000125000", ["frame-1"]),
    ],
)
def test_a_filter_chooses_jobs_of_any_status(busy, name, value, found):
    assert busy.clock.now() == 1_800_000_120
    busy.submit(jobName="frame-1")
    busy.clock.turn(5)
    busy.call("RegisterJobDefinition", **busy.container())
    busy.call("RegisterJobDefinition", **busy.container("other"))
    busy.submit(jobName="Frame-2")
    busy.submit(jobName="other", jobDefinition="other")
    assert names(busy, jobQueue="main", filters=[{"name": name, "values": [value]}], jobStatus="FAILED") == found


def test_shares_are_a_filter_that_leaves_the_status_its_meaning(lab):
    lab.busy(maxvCpus=1)
    policy = lab.call("CreateSchedulingPolicy", name="fair", fairsharePolicy={"shareDecaySeconds": 60})["arn"]
    lab.queue("fair", "spot", schedulingPolicyArn=policy)
    for share in "AAB":
        lab.submit(jobName=share, jobQueue="fair", shareIdentifier=share)
    lab.clock.turn(2)
    filters = [{"name": "SHARE_IDENTIFIER", "values": ["A"]}]
    assert names(lab, jobQueue="fair", filters=filters, jobStatus="RUNNABLE") == ["A"]
    assert len(lab.call("ListJobs", jobQueue="fair", filters=filters)["jobSummaryList"]) == 2


def test_pages_follow_each_other_while_jobs_come_and_go_on(busy):
    jobs = busy.submit(7)
    request = {"jobQueue": "main", "filters": [{"name": "JOB_NAME", "values": ["job"]}], "maxResults": 3}
    pages, token = [], {}
    while not pages or token:
        page = busy.call("ListJobs", **request, **token)
        pages.append([job["jobId"] for job in page["jobSummaryList"]])
        token = {"nextToken": page["nextToken"]} if "nextToken" in page else {}
        busy.submit()
        busy.clock.turn(40)
    assert pages == [jobs[:3:-1], jobs[3:0:-1], jobs[:1]]


def test_a_page_may_begin_after_a_job_that_no_longer_has_the_status(busy):
    jobs = busy.submit(5)
    page = busy.call("ListJobs", jobQueue="main", jobStatus="SUBMITTED", maxResults=2)
    busy.call("CancelJob", jobId=jobs[3], reason="gone")
    rest = busy.call("ListJobs", jobQueue="main", jobStatus="SUBMITTED", nextToken=page["nextToken"])
    assert [job["jobId"] for job in rest["jobSummaryList"]] == jobs[2::-1]


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({}, "Exactly one of jobQueue, arrayJobId, multiNodeJobId is required."),
        ({"jobQueue": "main", "arrayJobId": "a"}, "Exactly one of jobQueue, arrayJobId, multiNodeJobId is required."),
        ({"jobQueue": "nobody"}, "JobQueue nobody not found."),
        ({"arrayJobId": "nobody"}, "Array job nobody not found."),
        ({"multiNodeJobId": "nobody"}, "Multi-node job nobody not found."),
        ({"jobQueue": "main", "maxResults": 0}, "maxResults must be between 1 and 1000"),
        ({"jobQueue": "main", "nextToken": "next"}, "Invalid nextToken"),
        ({"jobQueue": "main", "nextToken": "bmV4dA=="}, "Invalid nextToken"),
        (
            {"jobQueue": "main", "filters": [{"name": "JOB_NAME", "values": ["a"]}] * 2},
            "Only one filter can be used at a time.",
        ),
        (
            {"jobQueue": "main", "filters": [{"name": "AFTER_CREATED_AT", "values": ["now"]}]},
            "now is not a number of milliseconds",
        ),
        (
            {"jobQueue": "main", "filters": [{"name": "COLOUR", "values": ["red"]}]},
            (
                "Unknown filter COLOUR, valid filters: JOB_NAME, JOB_DEFINITION, BEFORE_CREATED_AT, AFTER_CREATED_AT, "
                "SHARE_IDENTIFIER, QUOTA_SHARE_NAME, JOB_STATUS"
            ),
        ),
    ],
)
def test_a_list_that_aws_refuses_is_refused(busy, request_, words):
    busy.submit()
    assert busy.refused("ListJobs", **request_) == words


def test_at_most_a_hundred_jobs_are_described_at_once(busy):
    jobs = [str(number) for number in range(101)]
    assert busy.call("DescribeJobs", jobs=jobs[:100]) == {"jobs": []}
    assert busy.refused("DescribeJobs", jobs=jobs) == "Maximum number of jobs supported is 100"


def test_unknown_jobs_are_left_out_and_each_is_described_once(busy):
    [job] = busy.submit()
    found = busy.call("DescribeJobs", jobs=["nobody", job, job, f"{job}:0"])["jobs"]
    assert [each["jobId"] for each in found] == [job]


def test_the_jobs_that_need_a_resource_are_listed_with_it(busy):
    for name in ("seats", "tokens"):
        busy.call("CreateConsumableResource", consumableResourceName=name, totalQuantity=3)
    for name, quantity in (("a", 1), ("b", 2)):
        needs = {"consumableResourceList": [{"consumableResource": "seats", "quantity": quantity}]}
        busy.submit(jobName=name, consumableResourcePropertiesOverride=needs)
    busy.submit(jobName="c")
    busy.clock.turn(2)
    arn = "arn:aws:batch:us-east-1:123456789012:consumable-resource/seats"
    first, second = busy.call("ListJobsByConsumableResource", consumableResource="seats")["jobs"]
    assert (first["jobName"], first["jobStatus"], first["quantity"]) == ("b", "RUNNING", 3)
    assert first["consumableResourceProperties"] == {
        "consumableResourceList": [{"consumableResource": arn, "quantity": 2}]
    }
    assert second["jobName"] == "a"
    filters = [{"name": "JOB_STATUS", "values": ["SUCCEEDED", "FAILED"]}]
    assert busy.call("ListJobsByConsumableResource", consumableResource=arn, filters=filters) == {"jobs": []}
    assert busy.call("ListJobsByConsumableResource", consumableResource="tokens") == {"jobs": []}
    page = busy.call("ListJobsByConsumableResource", consumableResource="seats", maxResults=1)
    assert [job["jobName"] for job in page["jobs"]] == ["b"]
    assert "nextToken" in page
    assert busy.refused("ListJobsByConsumableResource", consumableResource="no") == "no does not exist"


def test_a_snapshot_shows_the_front_of_a_queue_and_what_it_takes_up(busy):
    jobs = busy.submit(5)
    moment = (busy.clock.now() + 1) * 1000
    busy.clock.turn(2)
    seen = busy.call("GetJobQueueSnapshot", jobQueue="main")
    assert seen["frontOfQueue"]["jobs"] == [
        {"jobArn": f"arn:aws:batch:us-east-1:123456789012:job/{job}", "earliestTimeAtPosition": moment}
        for job in jobs[2:]
    ]
    assert seen["queueUtilization"]["totalCapacityUsage"] == [{"capacityUnit": "VCPU", "quantity": 2.0}]
