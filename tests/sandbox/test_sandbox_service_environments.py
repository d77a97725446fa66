"""Service environments and their queues in the sandbox."""

import pytest

from tests.sandbox.trainings import ARN, LIMITS, environment, queue, queue_request


def see(lab, name="gpu"):
    found = lab.call("DescribeServiceEnvironments", serviceEnvironments=[name])["serviceEnvironments"]
    return found[0] if found else None


def test_a_service_environment_is_described_as_it_was_sent(lab):
    environment(lab)
    assert see(lab, f"{ARN}:service-environment/gpu") == {
        "serviceEnvironmentName": "gpu",
        "serviceEnvironmentArn": f"{ARN}:service-environment/gpu",
        "serviceEnvironmentType": "SAGEMAKER_TRAINING",
        "state": "ENABLED",
        "status": "VALID",
        "capacityLimits": LIMITS,
        "tags": {},
    }


def test_the_order_of_capacity_limits_is_not_kept(lab):
    limits = [{"capacityUnit": f"ml.m5.{size}", "maxCapacity": 1} for size in ("large", "xlarge", "2xlarge")]
    environment(lab, capacityLimits=limits)
    shown = [see(lab)["capacityLimits"] for _ in range(20)]
    assert any(each != limits for each in shown)
    assert all(sorted(each, key=str) == sorted(limits, key=str) for each in shown)


def test_a_service_environment_is_creating_updating_and_deleting_for_a_while(lab):
    environment(lab)
    lab.call("UpdateServiceEnvironment", serviceEnvironment="gpu", state="DISABLED")
    assert (see(lab)["status"], see(lab)["state"]) == ("UPDATING", "DISABLED")
    words = f"{ARN}:service-environment/gpu resource is being modified"
    assert lab.refused("UpdateServiceEnvironment", serviceEnvironment="gpu", state="ENABLED") == words
    words = "Cannot delete, resource is being modified"
    assert lab.refused("DeleteServiceEnvironment", serviceEnvironment="gpu") == words
    lab.settle()
    lab.call("DeleteServiceEnvironment", serviceEnvironment="gpu")
    assert see(lab)["status"] == "DELETING"
    request = {"serviceEnvironmentType": "SAGEMAKER_TRAINING", "capacityLimits": LIMITS}
    assert lab.refused("CreateServiceEnvironment", serviceEnvironmentName="gpu", **request) == "Object already exists"
    lab.settle()
    assert see(lab) is None


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ([], "Capacitylimits are required."),
        (LIMITS * 6, "Number of capacity limits exceeds 5."),
        ([{"capacityUnit": "vcpus", "maxCapacity": 1}], "vcpus is unknown capacity unit"),
        (
            [*LIMITS, {"capacityUnit": "NUM_INSTANCES", "maxCapacity": 1}],
            "Capacity units must specify either number of instances OR instance type",
        ),
        ([{"capacityUnit": "NUM_INSTANCES", "maxCapacity": 0}], "Max capacity must be more than 0."),
    ],
)
def test_limits_that_aws_refuses_are_refused_at_creation_and_later(lab, limits, words):
    request = {"serviceEnvironmentType": "SAGEMAKER_TRAINING", "capacityLimits": limits}
    assert lab.refused("CreateServiceEnvironment", serviceEnvironmentName="x", **request) == words
    environment(lab)
    assert lab.refused("UpdateServiceEnvironment", serviceEnvironment="gpu", capacityLimits=limits) == words


def test_a_name_that_aws_refuses_is_refused(lab):
    request = {"serviceEnvironmentType": "SAGEMAKER_TRAINING", "capacityLimits": LIMITS}
    words = "Service environment name should match a valid pattern."
    assert lab.refused("CreateServiceEnvironment", serviceEnvironmentName="a.b", **request) == words


def test_a_queue_on_a_service_environment_has_its_arn_and_no_compute_environments(lab):
    environment(lab)
    shown = queue(lab)
    assert shown["serviceEnvironmentOrder"] == [
        {"order": 1, "serviceEnvironment": f"{ARN}:service-environment/gpu"}
    ]  # fmt: skip
    assert (shown["computeEnvironmentOrder"], shown["jobQueueType"]) == ([], "SAGEMAKER_TRAINING")


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (
            queue_request("none"),
            "Service environments must be created and valid before attaching them to a job queue.",
        ),
        (queue_request(), "Job queues of type SAGEMAKER_TRAINING must have serviceEnvironmentOrder."),
        (
            queue_request("gpu", jobQueueType="ECS"),
            "The jobQueueType provided is ECS, which is incompatible with the provided serviceEnvironmentOrder.",
        ),
        (queue_request("gpu", "more"), "Only 1 service environment is allowed in job queue request."),
        (
            queue_request("gpu", computeEnvironmentOrder=[{"order": 1, "computeEnvironment": "x"}]),
            "Only one of computeEnvironmentOrder and serviceEnvironmentOrder can be provided.",
        ),
        (
            queue_request(
                "gpu",
                jobStateTimeLimitActions=[
                    {"state": "RUNNABLE", "reason": "x", "maxTimeSeconds": 600, "action": "CANCEL"}
                ],
            ),
            "Invalid job action. Valid job actions: [TERMINATE]",
        ),
    ],
)
def test_a_queue_that_does_not_fit_its_service_environment_is_refused(lab, request_, words):
    environment(lab)
    environment(lab, "more")
    assert lab.refused("CreateJobQueue", **request_) == words


def test_a_service_environment_that_is_not_valid_yet_cannot_be_attached(lab):
    request = {"serviceEnvironmentType": "SAGEMAKER_TRAINING", "capacityLimits": LIMITS}
    lab.call("CreateServiceEnvironment", serviceEnvironmentName="gpu", **request)
    words = "Service environments must be created and valid before attaching them to a job queue."
    assert lab.refused("CreateJobQueue", **queue_request("gpu")) == words


def test_an_environment_that_counts_instance_types_has_one_queue(lab):
    environment(lab)
    environment(lab, "all", capacityLimits=[{"capacityUnit": "NUM_INSTANCES", "maxCapacity": 9}])
    queue(lab)
    words = "A quota management service environment can have one job queue only."
    assert lab.refused("CreateJobQueue", **queue_request("gpu", jobQueueName="second")) == words
    for name in ("third", "fourth"):
        queue(lab, "all", jobQueueName=name)
    lab.call(
        "UpdateJobQueue", jobQueue="train", serviceEnvironmentOrder=queue_request("gpu")["serviceEnvironmentOrder"]
    )


def test_a_service_environment_in_use_cannot_be_deleted_until_a_while_after_its_queue_is_gone(lab):
    environment(lab)
    queue(lab)
    lab.call("UpdateServiceEnvironment", serviceEnvironment="gpu", state="DISABLED")
    lab.call("UpdateJobQueue", jobQueue="train", state="DISABLED")
    lab.settle()
    words = "Cannot delete, found existing JobQueue relationship"
    assert lab.refused("DeleteServiceEnvironment", serviceEnvironment="gpu") == words
    lab.call("DeleteJobQueue", jobQueue="train")
    lab.clock.turn(11)
    assert lab.see_queue("train") is None
    assert lab.refused("DeleteServiceEnvironment", serviceEnvironment="gpu") == words
    lab.clock.turn(30)
    lab.call("DeleteServiceEnvironment", serviceEnvironment="gpu")


def test_an_enabled_service_environment_cannot_be_deleted(lab):
    environment(lab)
    words = "Cannot delete an enabled service environment, set the state to DISABLED first."
    assert lab.refused("DeleteServiceEnvironment", serviceEnvironment="gpu") == words
