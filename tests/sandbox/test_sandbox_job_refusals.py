"""What AWS refuses about a job that is submitted."""

import pytest

from tests.sandbox.definitions import fargate, pod

CAN_NOT = "Job Queue is attached to Compute Environment that can not run Jobs with capability"


@pytest.fixture(name="busy")
def _busy(lab):
    lab.busy()
    return lab


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"jobQueue": "nobody"}, "JobQueue nobody not found."),
        ({"jobName": "a b"}, "Job name should match valid pattern"),
        ({"jobName": "_a"}, "Job name should match valid pattern"),
        (
            {"jobDefinition": "nobody"},
            "JobDefinition name nobody does not exist or is not in ACTIVE status",
        ),
        (
            {"jobDefinition": "render:2"},
            "JobDefinition name render:2 does not exist or is not in ACTIVE status",
        ),
        (
            {"shareIdentifier": "A"},
            (
                "Job with shareIdentifier or schedulingPriority can onlybe submitted to job queue with fair share "
                "scheduling policy."
            ),
        ),
        ({"timeout": {"attemptDurationSeconds": 59}}, "Timeout attemptDurationSeconds must be at least 60 seconds."),
        ({"retryStrategy": {"attempts": 11}}, "Retry attempts must be between 1 and 10."),
        ({"arrayProperties": {"size": 1}}, "Array size must be between 2 and 10000."),
        ({"arrayProperties": {"size": 10001}}, "Array size must be between 2 and 10000."),
        ({"dependsOn": [{"jobId": "nobody"}]}, "Job nobody not found."),
        ({"dependsOn": [{"jobId": "a"}] * 21}, "A job can depend upon a maximum of 20 jobs."),
        ({"dependsOn": [{"type": "SEQUENTIAL"}]}, "SEQUENTIAL dependencies are for array jobs."),
        (
            {"containerOverrides": {"command": ["Ref::scene"]}},
            "Unable to substitute value. No parameter found for reference scene",
        ),
        (
            {"containerOverrides": {"resourceRequirements": [{"type": "VCPU", "value": "many"}]}},
            "Value for type VCPU in resourceRequirement is not valid. could not convert string to float: 'many'",
        ),
        ({"containerOverrides": {"vcpus": 0}}, "vCPU must be more than 0, got 0."),
        (
            {"nodeOverrides": {"numNodes": 2}},
            "nodeOverrides cannot be used with this job definition, containerOverrides can.",
        ),
        ({"tags": {"aws:a": "b"}}, "Tag keys cannot begin with aws: aws:a"),
        (
            {"consumableResourcePropertiesOverride": {"consumableResourceList": [{"consumableResource": "a"}] * 2}},
            "Cannot have duplicate consumableResource in consumableResourceProperties",
        ),
    ],
)
def test_a_job_that_aws_refuses_is_refused_and_leaves_no_trace(busy, members, words):
    request = {"jobName": "job", "jobQueue": "main", "jobDefinition": "render", **members}
    assert busy.refused("SubmitJob", **request) == words
    assert busy.listed("SUBMITTED") == []


def test_an_inactive_revision_takes_no_jobs_and_those_that_run_go_on(busy):
    [job] = busy.submit()
    busy.clock.turn(2)
    busy.call("DeregisterJobDefinition", jobDefinition="render:1")
    for name in ("render", "render:1"):
        words = busy.refused("SubmitJob", jobName="job", jobQueue="main", jobDefinition=name)
        assert words == f"JobDefinition name {name} does not exist or is not in ACTIVE status"
    assert busy.statuses(job) == ["RUNNING"]


def test_a_disabled_queue_takes_no_jobs_and_those_in_it_go_on(busy):
    [job] = busy.submit()
    busy.call("UpdateJobQueue", jobQueue="main", state="DISABLED")
    words = busy.refused("SubmitJob", jobName="job", jobQueue="main", jobDefinition="render")
    assert words == "JobQueue main is DISABLED, it does not take jobs."
    busy.clock.turn(2)
    assert busy.statuses(job) == ["RUNNING"]
    busy.clock.turn(60)
    assert busy.statuses(job) == ["SUCCEEDED"]


def test_a_queue_takes_jobs_once_it_is_valid_and_until_it_goes(busy):
    order = [{"order": 1, "computeEnvironment": "spot"}]
    request = {"jobName": "job", "jobQueue": "new", "jobDefinition": "render"}
    busy.call("CreateJobQueue", jobQueueName="new", priority=1, computeEnvironmentOrder=order)
    assert busy.refused("SubmitJob", **request) == "JobQueue new is CREATING, it does not take jobs."
    busy.settle()
    busy.call("UpdateJobQueue", jobQueue="new", priority=2)
    busy.call("SubmitJob", **request)
    busy.settle()
    busy.call("UpdateJobQueue", jobQueue="new", state="DISABLED")
    busy.settle()
    busy.call("DeleteJobQueue", jobQueue="new")
    assert busy.refused("SubmitJob", **request) == "JobQueue new is DELETING, it does not take jobs."


def test_a_queue_takes_the_jobs_of_its_platform_only(busy):
    busy.environment("serverless", **busy.fargate())
    busy.queue("fargate", "serverless")
    busy.call("RegisterJobDefinition", **{**fargate(), "jobDefinitionName": "small"})
    busy.call(
        "RegisterJobDefinition", **pod({"image": "busybox", "resources": {"limits": {"cpu": "1", "memory": "64Mi"}}})
    )
    request = {"jobName": "job", "jobQueue": "fargate"}
    assert busy.refused("SubmitJob", **request, jobDefinition="render") == f"{CAN_NOT} EC2"
    assert busy.refused("SubmitJob", **{**request, "jobQueue": "main"}, jobDefinition="small") == f"{CAN_NOT} FARGATE"
    assert busy.refused("SubmitJob", **{**request, "jobQueue": "main"}, jobDefinition="pod") == f"{CAN_NOT} EKS"
    busy.call("SubmitJob", **request, jobDefinition="small")


def test_jobs_on_kubernetes_take_no_container_overrides(lab):
    cluster = {"eksClusterArn": "arn:aws:eks:us-east-1:123456789012:cluster/c", "kubernetesNamespace": "batch"}
    lab.environment("k", **lab.ec2("k"), eksConfiguration=cluster)
    lab.queue("main", "k")
    sized = {"image": "busybox", "command": ["sleep", "5"], "resources": {"limits": {"cpu": "2", "memory": "64Mi"}}}
    lab.call("RegisterJobDefinition", **pod(sized))
    words = "Container overrides or node overrides should not be set for Batch on EKS jobs."
    request = {"jobName": "job", "jobQueue": "main", "jobDefinition": "pod"}
    assert lab.refused("SubmitJob", **request, containerOverrides={"vcpus": 1}) == words
    override = {"podProperties": {"containers": [{"command": ["sleep", "1"]}], "metadata": {"labels": {"a": "b"}}}}
    [job] = lab.submit(jobDefinition="pod", eksPropertiesOverride=override)
    lab.clock.turn(2)
    assert lab.see("k")["computeResources"]["desiredvCpus"] == 2
    lab.clock.turn(1.5)
    seen = lab.job(job)
    assert (seen["status"], seen["attempts"], len(seen["eksAttempts"])) == ("SUCCEEDED", [], 1)
    assert seen["eksProperties"]["podProperties"]["metadata"] == {"labels": {"a": "b"}}


def test_a_queue_with_fair_shares_wants_a_share(lab):
    lab.busy()
    policy = lab.call("CreateSchedulingPolicy", name="fair", fairsharePolicy={"shareDecaySeconds": 60})["arn"]
    lab.queue("fair", "spot", schedulingPolicyArn=policy)
    words = lab.refused("SubmitJob", jobName="job", jobQueue="fair", jobDefinition="render")
    assert words == "shareIdentifier is required: JobQueue fair has fair shares."
    [job] = lab.submit(jobQueue="fair", shareIdentifier="A", schedulingPriorityOverride=7)
    assert (lab.job(job)["shareIdentifier"], lab.job(job)["schedulingPriority"]) == ("A", 7)
