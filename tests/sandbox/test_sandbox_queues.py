"""Job queues and scheduling policies in the sandbox."""

import pytest

CE = "arn:aws:batch:us-east-1:123456789012:compute-environment"
POLICY = "arn:aws:batch:us-east-1:123456789012:scheduling-policy"
SHARES = [{"shareIdentifier": "A", "weightFactor": 0.1}]


@pytest.fixture(name="ready")
def _ready(lab):
    """A laboratory with two EC2 environments and a Fargate one."""
    lab.environment("one")
    lab.environment("two")
    lab.environment("serverless", **lab.fargate())
    return lab


def policy(lab, name="fair", **body):
    request = body or {"fairsharePolicy": {"shareDistribution": SHARES}}
    return lab.call("CreateSchedulingPolicy", name=name, **request)["arn"]


def order(*names, first=1):
    return [{"order": place, "computeEnvironment": name} for place, name in enumerate(names, first)]


def test_a_queue_is_described_with_arns_and_what_the_service_fills_in(ready):
    assert ready.queue("main", "one") == {
        "jobQueueName": "main",
        "jobQueueArn": "arn:aws:batch:us-east-1:123456789012:job-queue/main",
        "state": "ENABLED",
        "status": "VALID",
        "statusReason": "JobQueue Healthy",
        "priority": 1,
        "computeEnvironmentOrder": [{"order": 1, "computeEnvironment": f"{CE}/one"}],
        "jobQueueType": "ECS",
        "jobStateTimeLimitActions": [],
        "tags": {},
    }


def test_the_numbers_of_an_order_are_kept_and_its_sequence_is_not(ready):
    sent = [{"order": 0, "computeEnvironment": "one"}, {"order": 7, "computeEnvironment": f"{CE}/two"}]
    ready.call("CreateJobQueue", jobQueueName="main", priority=1, computeEnvironmentOrder=sent)
    shown = [ready.see_queue("main")["computeEnvironmentOrder"] for _ in range(20)]
    by_number = [{"order": 0, "computeEnvironment": f"{CE}/one"}, {"order": 7, "computeEnvironment": f"{CE}/two"}]
    assert all(sorted(each, key=lambda entry: entry["order"]) == by_number for each in shown)
    assert any(each != by_number for each in shown)


def test_a_queue_is_creating_updating_and_deleting_for_a_while(ready):
    ready.call("CreateJobQueue", jobQueueName="main", priority=1, computeEnvironmentOrder=order("one"))
    assert ready.see_queue("main")["status"] == "CREATING"
    words = "arn:aws:batch:us-east-1:123456789012:job-queue/main resource is being modified"
    assert ready.refused("UpdateJobQueue", jobQueue="main", priority=2) == words
    ready.settle()
    ready.call("UpdateJobQueue", jobQueue="main", state="DISABLED")
    assert ready.see_queue("main")["status"] == "UPDATING"
    assert ready.refused("DeleteJobQueue", jobQueue="main") == "Cannot delete, resource is being modified"
    ready.settle()
    ready.call("DeleteJobQueue", jobQueue="main")
    assert ready.see_queue("main")["status"] == "DELETING"
    ready.settle()
    assert ready.see_queue("main") is None


def test_only_a_disabled_queue_can_be_deleted(ready):
    ready.queue("main", "one")
    words = "Cannot delete an enabled job queue, set the state to DISABLED first."
    assert ready.refused("DeleteJobQueue", jobQueue="main") == words


def test_an_update_changes_what_was_sent_and_replaces_the_whole_order(ready):
    ready.queue("main", "one")
    ready.call("UpdateJobQueue", jobQueue="main", computeEnvironmentOrder=order("two", first=3))
    seen = ready.see_queue("main")
    assert seen["computeEnvironmentOrder"] == [{"order": 3, "computeEnvironment": f"{CE}/two"}]
    assert (seen["priority"], seen["state"]) == (1, "ENABLED")


def test_time_limits_are_replaced_as_a_whole_and_cleared_by_an_empty_list(ready):
    limit = {"state": "RUNNABLE", "reason": "full", "maxTimeSeconds": 600, "action": "CANCEL"}
    ready.queue("main", "one", jobStateTimeLimitActions=[limit])
    assert ready.see_queue("main")["jobStateTimeLimitActions"] == [limit]
    ready.call("UpdateJobQueue", jobQueue="main", jobStateTimeLimitActions=[])
    assert ready.see_queue("main")["jobStateTimeLimitActions"] == []


@pytest.mark.parametrize(
    ("environments", "words"),
    [
        ([], "computeEnvironmentOrder or serviceEnvironmentOrder is required."),
        (
            order("nobody"),
            "Compute Environments must be created and valid before attaching them to a job queue",
        ),
        (order("one", "serverless"), "Fargate and EC2 compute environments can not be mixed."),
        (order("one", "one"), "Duplicate ComputeEnvironments within order list."),
        (order("one") + order("two"), "Duplicate ComputeEnvironment order values."),
        (order("one", "two", "three", "four"), "Only 3 environments are allowed in job queue request."),
    ],
)
def test_an_order_that_aws_refuses_is_refused_at_create_and_update(ready, environments, words):
    request = {"jobQueueName": "main", "priority": 1, "computeEnvironmentOrder": environments}
    assert ready.refused("CreateJobQueue", **request) == words
    ready.queue("main", "one")
    assert ready.refused("UpdateJobQueue", jobQueue="main", computeEnvironmentOrder=environments) == words


def test_an_environment_in_transition_cannot_be_attached(ready):
    ready.call("UpdateComputeEnvironment", computeEnvironment="one", state="ENABLED")
    words = "Compute Environments must be created and valid before attaching them to a job queue"
    request = {"jobQueueName": "main", "priority": 1, "computeEnvironmentOrder": order("one")}
    assert ready.refused("CreateJobQueue", **request) == words


def test_a_disabled_environment_can_be_attached(ready):
    ready.disable("one")
    assert ready.queue("main", "one")["status"] == "VALID"


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"jobQueueName": "a b"}, "Job Queue name should match a valid pattern."),
        ({"priority": 1001}, "Priority should be between 0 and 1000."),
        ({"schedulingPolicyArn": "fair"}, "Only scheduling policy Arn can be allowed."),
        ({"schedulingPolicyArn": f"{POLICY}/no"}, f"SchedulingPolicy {POLICY}/no not found."),
        ({"jobQueueType": "EKS"}, "EKS job queue type must have EKS compute environment."),
        (
            {"jobQueueType": "ECS_FARGATE"},
            "The jobQueueType provided is ECS_FARGATE, which is incompatible with the provided computeEnvironmentOrder.",
        ),
        (
            {"jobQueueType": "SAGEMAKER_TRAINING"},
            "Job queues of type SAGEMAKER_TRAINING must have serviceEnvironmentOrder.",
        ),
        (
            {
                "jobStateTimeLimitActions": [
                    {"state": "RUNNABLE", "reason": "full", "maxTimeSeconds": 600, "action": "TERMINATE"}
                ]
            },
            "Invalid job action. Valid job actions: [CANCEL]",
        ),
    ],
)
def test_a_queue_that_aws_refuses_is_refused(ready, members, words):
    request = {"jobQueueName": "main", "priority": 1, "computeEnvironmentOrder": order("one"), **members}
    assert ready.refused("CreateJobQueue", **request) == words


@pytest.mark.parametrize("operation", ["UpdateJobQueue", "DeleteJobQueue"])
def test_changing_an_unknown_queue_says_that_it_does_not_exist(ready, operation):
    assert ready.refused(operation, jobQueue="nobody") == "nobody does not exist"


def test_an_environment_is_in_use_while_a_queue_names_it_and_for_a_while_after(ready):
    ready.queue("main", "one")
    ready.disable("one")
    words = "Cannot delete, found existing JobQueue relationship"
    assert ready.refused("DeleteComputeEnvironment", computeEnvironment="one") == words
    ready.call("UpdateJobQueue", jobQueue="main", computeEnvironmentOrder=order("two"))
    ready.clock.turn(11)
    assert ready.see_queue("main")["status"] == "VALID"
    assert ready.refused("DeleteComputeEnvironment", computeEnvironment="one") == words
    ready.clock.turn(20)
    ready.call("DeleteComputeEnvironment", computeEnvironment="one")


def test_an_environment_is_in_use_until_a_while_after_its_queue_is_gone(ready):
    ready.queue("main", "one")
    ready.disable("one")
    ready.call("UpdateJobQueue", jobQueue="main", state="DISABLED")
    ready.settle()
    ready.call("DeleteJobQueue", jobQueue="main")
    words = "Cannot delete, found existing JobQueue relationship"
    assert ready.refused("DeleteComputeEnvironment", computeEnvironment="one") == words
    ready.clock.turn(11)
    assert ready.see_queue("main") is None
    assert ready.refused("DeleteComputeEnvironment", computeEnvironment="one") == words
    ready.clock.turn(30)
    ready.call("DeleteComputeEnvironment", computeEnvironment="one")


def test_a_policy_can_be_exchanged_but_not_added_and_not_removed(ready):
    fair, fairer = policy(ready), policy(ready, "fairer")
    ready.queue("plain", "one")
    words = "Only fairshare queue can have scheduling policy"
    assert ready.refused("UpdateJobQueue", jobQueue="plain", schedulingPolicyArn=fair) == words
    ready.queue("shared", "one", schedulingPolicyArn=fair)
    words = "Only scheduling policy Arn can be allowed."
    assert ready.refused("UpdateJobQueue", jobQueue="shared", schedulingPolicyArn="") == words
    ready.call("UpdateJobQueue", jobQueue="shared", schedulingPolicyArn=fairer)
    assert ready.see_queue("shared")["schedulingPolicyArn"] == fairer


def test_a_policy_in_use_cannot_be_deleted(ready):
    fair = policy(ready)
    ready.queue("shared", "one", schedulingPolicyArn=fair)
    words = "Cannot delete, the scheduling policy is used by a job queue."
    assert ready.refused("DeleteSchedulingPolicy", arn=fair) == words
    ready.call("UpdateJobQueue", jobQueue="shared", state="DISABLED")
    ready.settle()
    ready.call("DeleteJobQueue", jobQueue="shared")
    assert ready.refused("DeleteSchedulingPolicy", arn=fair) == words
    ready.settle()
    ready.call("DeleteSchedulingPolicy", arn=fair)
    assert ready.call("ListSchedulingPolicies") == {"schedulingPolicies": []}


def test_a_quota_share_policy_is_not_for_these_queues(ready):
    quota = policy(ready, "quota", quotaSharePolicy={"idleResourceAssignmentStrategy": "FIFO"})
    request = {"jobQueueName": "main", "priority": 1, "computeEnvironmentOrder": order("one")}
    words = "Quota Management feature is only supported for SageMaker Training job queues."
    assert ready.refused("CreateJobQueue", **request, schedulingPolicyArn=quota) == words


def test_a_weight_comes_back_with_32_bits(lab):
    arn = policy(lab)
    assert lab.call("DescribeSchedulingPolicies", arns=[arn])["schedulingPolicies"] == [
        {
            "name": "fair",
            "arn": arn,
            "fairsharePolicy": {"shareDistribution": [{"shareIdentifier": "A", "weightFactor": 0.10000000149011612}]},
            "tags": {},
        }
    ]


def test_an_update_of_a_policy_replaces_the_whole_document(lab):
    arn = policy(lab, fairsharePolicy={"computeReservation": 5, "shareDistribution": SHARES})
    lab.call("UpdateSchedulingPolicy", arn=arn, fairsharePolicy={"shareDecaySeconds": 60})
    described = lab.call("DescribeSchedulingPolicies", arns=[arn])["schedulingPolicies"][0]
    assert described["fairsharePolicy"] == {"shareDecaySeconds": 60}


def test_policies_are_described_by_arn_only_and_unknown_ones_are_left_out(lab):
    arn = policy(lab)
    found = lab.call("DescribeSchedulingPolicies", arns=["fair", f"{POLICY}/no", arn])["schedulingPolicies"]
    assert [each["arn"] for each in found] == [arn]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            {"fairsharePolicy": {}, "quotaSharePolicy": {"idleResourceAssignmentStrategy": "FIFO"}},
            "A scheduling policy can have either fairsharePolicy or quotaSharePolicy",
        ),
        (
            {"fairsharePolicy": {"shareDistribution": [{"shareIdentifier": "a", "weightFactor": 1000}]}},
            "Weight factor should be between 0.0001 and 999.9999.",
        ),
        (
            {"fairsharePolicy": {"shareDistribution": [{"shareIdentifier": "a"}, {"shareIdentifier": "a"}]}},
            "Cannot have two or more identical shareIdentifiers.",
        ),
        (
            {"fairsharePolicy": {"shareDistribution": [{"shareIdentifier": "a*"}, {"shareIdentifier": "ab"}]}},
            "Share identifier a* matches another share identifier ab",
        ),
        (
            {"fairsharePolicy": {"shareDistribution": [{"shareIdentifier": "a b"}]}},
            "ShareIdentifier name should match a valid pattern.",
        ),
        ({"name": "a.b"}, "Scheduling policy name should match a valid pattern."),
        ({"fairsharePolicy": {"computeReservation": 100}}, "computeReservation should be between 0 and 99."),
    ],
)
def test_a_policy_that_aws_refuses_is_refused(lab, body, words):
    assert lab.refused("CreateSchedulingPolicy", **{"name": "fair", **body}) == words


def test_a_policy_keeps_its_kind_and_its_name(lab):
    arn = policy(lab)
    assert lab.refused("CreateSchedulingPolicy", name="fair") == "Object already exists"
    quota = {"idleResourceAssignmentStrategy": "FIFO"}
    words = "The kind of a scheduling policy cannot be changed: fairsharePolicy or quotaSharePolicy for life."
    assert lab.refused("UpdateSchedulingPolicy", arn=arn, quotaSharePolicy=quota) == words
    assert lab.refused("UpdateSchedulingPolicy", arn=f"{POLICY}/no") == f"{POLICY}/no does not exist"
