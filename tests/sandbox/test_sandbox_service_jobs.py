"""Service jobs in the sandbox: SageMaker training, on what its environment and its quota share allow."""

import json

import pytest

from tests.sandbox.trainings import ARN, environment, queue

SHARE = {
    "capacityLimits": [{"capacityUnit": "ml.m5.large", "maxCapacity": 1}],
    "preemptionConfiguration": {"inSharePreemption": "ENABLED"},
    "resourceSharingConfiguration": {"strategy": "RESERVE"},
}


@pytest.fixture(name="training")
def _training(lab):
    """A queue on an environment with four instances."""
    environment(lab)
    queue(lab)
    return lab


@pytest.fixture(name="shared")
def _shared(lab):
    """A queue with a quota share of one of the environment's four instances."""
    environment(lab)
    quota = {"idleResourceAssignmentStrategy": "FIFO"}
    policy = lab.call("CreateSchedulingPolicy", name="quotas", quotaSharePolicy=quota)["arn"]
    queue(lab, schedulingPolicyArn=policy)
    lab.call("CreateQuotaShare", quotaShareName="vision", jobQueue="train", **SHARE)
    lab.settle()
    return lab


def payload(count=1, kind="ml.m5.large", seconds=30):
    return json.dumps({
        "TrainingJobName": "train", "ResourceConfig": {"InstanceType": kind, "InstanceCount": count},
        "Environment": {"sandboxSeconds": str(seconds)}})  # fmt: skip


def request(**members):
    return {
        "jobName": "train",
        "jobQueue": "train",
        "serviceJobType": "SAGEMAKER_TRAINING",
        "serviceRequestPayload": payload(),
        **members,
    }


def submit(lab, count=1, **members):
    return [lab.call("SubmitServiceJob", **request(**members))["jobId"] for _ in range(count)]


def statuses(lab, *jobs):
    return [lab.call("DescribeServiceJob", jobId=job)["status"] for job in jobs]


def test_a_training_job_goes_through_its_states(training):
    [job] = submit(training)
    seen = []
    for seconds in (0, 1, 0.5, 0.5, 30):
        training.clock.turn(seconds)
        seen += statuses(training, job)
    assert seen == ["SUBMITTED", "SCHEDULED", "STARTING", "RUNNING", "SUCCEEDED"]


def test_a_training_job_is_described_with_its_payload_and_attempts(training):
    answer = training.call("SubmitServiceJob", **request(tags={"a": "b"}, schedulingPriority=5))
    job, created = answer["jobId"], training.clock.now() * 1000
    assert answer == {"jobName": "train", "jobId": job, "jobArn": f"{ARN}:service-job/{job}"}
    training.clock.turn(60)
    sagemaker = f"arn:aws:sagemaker:us-east-1:123456789012:training-job/AWSBatchtrain{job}"
    resource = {"name": "TrainingJobArn", "value": sagemaker}
    assert training.call("DescribeServiceJob", jobId=f"{ARN}:service-job/{job}") == {
        **answer,
        "jobQueue": f"{ARN}:job-queue/train",
        "serviceJobType": "SAGEMAKER_TRAINING",
        "serviceRequestPayload": payload(),
        "schedulingPriority": 5,
        "status": "SUCCEEDED",
        "createdAt": created,
        "scheduledAt": created + 1000,
        "startedAt": created + 2000,
        "stoppedAt": created + 32000,
        "tags": {"a": "b"},
        "latestAttempt": {"serviceResourceId": resource},
        "attempts": [{"startedAt": created + 2000, "stoppedAt": created + 32000, "serviceResourceId": resource}],
    }


def test_training_jobs_share_the_instances_of_their_environment(training):
    jobs = submit(training, 2, serviceRequestPayload=payload(3)) + submit(training)
    training.clock.turn(2)
    assert statuses(training, *jobs) == ["RUNNING", "RUNNABLE", "RUNNABLE"]
    training.clock.turn(31)
    assert statuses(training, *jobs) == ["SUCCEEDED", "RUNNING", "RUNNING"]


def test_an_environment_that_counts_instances_takes_any_type(lab):
    environment(lab, capacityLimits=[{"capacityUnit": "NUM_INSTANCES", "maxCapacity": 2}])
    queue(lab)
    jobs = submit(lab, 2, serviceRequestPayload=payload(kind="ml.g5.xlarge")) + submit(lab)
    lab.clock.turn(2)
    assert statuses(lab, *jobs) == ["RUNNING", "RUNNING", "RUNNABLE"]


def test_a_type_that_the_environment_does_not_have_waits_for_ever(training):
    [job] = submit(training, serviceRequestPayload=payload(kind="ml.p4d.24xlarge"))
    training.clock.turn(10_000)
    assert statuses(training, job) == ["RUNNABLE"]


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"ResourceConfig": 1, "Environment": []}', '{"ResourceConfig": {"InstanceCount": "x"}}'])  # fmt: skip
def test_any_payload_is_taken_and_counts_as_one_instance_of_its_type(lab, text):
    environment(lab, capacityLimits=[{"capacityUnit": "NUM_INSTANCES", "maxCapacity": 1}])
    queue(lab)
    jobs = submit(lab, 2, serviceRequestPayload=text)
    lab.clock.turn(2)
    assert statuses(lab, *jobs) == ["RUNNING", "RUNNABLE"]


def test_training_jobs_are_listed_by_status_name_and_page(training):
    submit(training, 5, jobName="one")
    submit(training, jobName="two")
    training.clock.turn(2)

    def names(**members):
        page = training.call("ListServiceJobs", jobQueue="train", **members)
        return [job["jobName"] for job in page["jobSummaryList"]]

    assert (names(), names(jobStatus="RUNNABLE")) == (["one"] * 4, ["two", "one"])
    assert names(filters=[{"name": "JOB_NAME", "values": ["TW*"]}], jobStatus="RUNNING") == ["two"]
    page = training.call("ListServiceJobs", jobQueue="train", maxResults=3)
    assert names(nextToken=page["nextToken"]) == ["one"]
    assert (
        training.refused("ListServiceJobs", jobQueue="train", maxResults=101) == "maxResults must be between 1 and 100"
    )


def test_a_training_job_is_terminated_and_makes_room(training):
    [first] = submit(training, serviceRequestPayload=payload(4))
    [second] = submit(training)
    training.clock.turn(10)
    training.call("TerminateServiceJob", jobId=first, reason="enough")
    training.call("TerminateServiceJob", jobId="nobody", reason="enough")
    training.clock.turn(2)
    assert statuses(training, first, second) == ["FAILED", "RUNNING"]
    seen = training.call("DescribeServiceJob", jobId=first)
    assert (seen["statusReason"], seen["isTerminated"]) == ("enough", True)
    training.call("TerminateServiceJobs", jobs=[second], reason="enough")
    assert statuses(training, second) == ["FAILED"]


def test_a_training_job_that_takes_too_long_is_stopped(training):
    [job] = submit(training, serviceRequestPayload=payload(seconds=1000), timeoutConfig={"attemptDurationSeconds": 60})
    training.clock.turn(62)
    seen = training.call("DescribeServiceJob", jobId=job)
    assert (seen["status"], seen["statusReason"]) == ("FAILED", "Job attempt duration exceeded timeout")


def test_a_quota_share_limits_its_jobs(shared):
    jobs = submit(shared, 2, quotaShareName="vision")
    shared.clock.turn(2)
    assert statuses(shared, *jobs) == ["RUNNING", "RUNNABLE"]
    usage = shared.call("GetJobQueueSnapshot", jobQueue="train")
    assert usage["queueUtilization"]["totalCapacityUsage"] == [{"capacityUnit": "ml.m5.large", "quantity": 1.0}]
    assert [each["jobArn"] for each in usage["frontOfQueue"]["jobs"]] == [f"{ARN}:service-job/{jobs[1]}"]


@pytest.mark.parametrize(("limit", "running"), [(-1, 4), (100, 2), (150, 2), (0, 1)])
def test_a_share_that_borrows_has_more(shared, limit, running):
    sharing = {"strategy": "LEND_AND_BORROW", "borrowLimit": limit}
    arn = f"{ARN}:job-queue/train/quota-share/vision"
    shared.call("UpdateQuotaShare", quotaShareArn=arn, resourceSharingConfiguration=sharing)
    shared.settle()
    jobs = submit(shared, 5, quotaShareName="vision")
    shared.clock.turn(2)
    assert statuses(shared, *jobs).count("RUNNING") == running


def test_a_share_that_is_deleted_ends_its_jobs(shared):
    jobs = submit(shared, 2, quotaShareName="vision")
    shared.clock.turn(2)
    arn = f"{ARN}:job-queue/train/quota-share/vision"
    shared.call("UpdateQuotaShare", quotaShareArn=arn, state="DISABLED")
    shared.clock.turn(11)
    shared.call("DeleteQuotaShare", quotaShareArn=arn)
    shared.clock.turn(11)
    assert statuses(shared, *jobs) == ["FAILED", "FAILED"]
    assert shared.call("ListQuotaShares", jobQueue="train")["quotaShares"] == []


def test_a_queue_that_is_deleted_ends_its_training_jobs(training):
    jobs = submit(training, 6)
    training.call("UpdateJobQueue", jobQueue="train", state="DISABLED")
    training.clock.turn(11)
    training.call("DeleteJobQueue", jobQueue="train")
    training.clock.turn(11)
    assert (training.see_queue("train"), set(statuses(training, *jobs))) == (None, {"FAILED"})


def test_the_same_request_with_the_same_token_is_rejected(training):
    submit(training, clientToken="t")
    words = "A service job has been submitted with this clientToken already."
    assert training.refused("SubmitServiceJob", **request(clientToken="t")) == words
    submit(training, clientToken="t", jobName="other")


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"jobQueue": "nobody"}, "JobQueue nobody not found."),
        ({"jobName": "a b"}, "Job name should match valid pattern"),
        ({"schedulingPriority": 10_000}, "Scheduling priority must be between 0 and 9999."),
        ({"retryStrategy": {"attempts": 11}}, "Retry attempts must be between 1 and 10."),
        ({}, "quotaShareName is required: JobQueue train has quota shares."),
        ({"quotaShareName": "nobody"}, "Quota share nobody not found."),
    ],
)
def test_a_training_job_that_aws_refuses_is_refused(shared, members, words):
    assert shared.refused("SubmitServiceJob", **request(**members)) == words


def test_a_disabled_share_takes_no_jobs(shared):
    arn = f"{ARN}:job-queue/train/quota-share/vision"
    shared.call("UpdateQuotaShare", quotaShareArn=arn, state="DISABLED")
    words = "Quota share vision is DISABLED, it does not take jobs."
    assert shared.refused("SubmitServiceJob", **request(quotaShareName="vision")) == words


def test_each_kind_of_queue_takes_its_kind_of_job(training):
    training.busy()
    words = "Service jobs need a job queue of type SAGEMAKER_TRAINING."
    assert training.refused("SubmitServiceJob", **request(jobQueue="main")) == words
    words = "Job queues of type SAGEMAKER_TRAINING take service jobs: use SubmitServiceJob."
    assert training.refused("SubmitJob", jobName="job", jobQueue="train", jobDefinition="render") == words
    words = "JobQueue train has no quota-share scheduling policy."
    assert training.refused("SubmitServiceJob", **request(quotaShareName="vision")) == words


def test_an_unknown_training_job_is_no_answer(training):
    assert training.refused("DescribeServiceJob", jobId="nobody") == "Service job nobody not found."
    assert training.refused("ListServiceJobs") == "jobQueue is required."
