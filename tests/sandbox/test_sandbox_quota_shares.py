"""Quota shares in the sandbox."""

import pytest

from tests.sandbox.trainings import ARN, LIMITS, SHARE, environment, queue, queue_request, quota_policy, share

VISION = f"{ARN}:job-queue/train/quota-share/vision"


@pytest.fixture(name="ready")
def _ready(lab):
    """A laboratory with a queue that can have quota shares."""
    environment(lab)
    queue(lab, schedulingPolicyArn=quota_policy(lab))
    return lab


def see_share(lab, arn=VISION):
    return lab.call("DescribeQuotaShare", quotaShareArn=arn)


def disabled(lab):
    lab.call("UpdateQuotaShare", quotaShareArn=VISION, state="DISABLED")
    lab.settle()


def test_a_share_is_listed_without_its_tags_and_described_with_them(ready):
    share(ready, tags={"a": "b"})
    listed = {
        "quotaShareName": "vision",
        "quotaShareArn": VISION,
        "jobQueueArn": f"{ARN}:job-queue/train",
        "state": "ENABLED",
        "status": "VALID",
        **SHARE,
    }
    assert ready.call("ListQuotaShares", jobQueue="train") == {"quotaShares": [listed]}
    assert see_share(ready) == {**listed, "tags": {"a": "b"}}


def test_a_share_is_tagged_by_its_arn(ready):
    share(ready)
    ready.call("TagResource", resourceArn=VISION, tags={"a": "b", "c": "d"})
    ready.call("UntagResource", resourceArn=VISION, tagKeys=["a"])
    assert ready.call("ListTagsForResource", resourceArn=VISION) == {"tags": {"c": "d"}}
    assert see_share(ready)["tags"] == {"c": "d"}


def test_an_update_of_a_share_replaces_each_member_that_it_carries(ready):
    share(ready)
    more = {"strategy": "LEND_AND_BORROW", "borrowLimit": 100}
    ready.call("UpdateQuotaShare", quotaShareArn=VISION, resourceSharingConfiguration=more)
    assert see_share(ready)["status"] == "UPDATING"
    ready.settle()
    shown = see_share(ready)
    assert (shown["resourceSharingConfiguration"], shown["capacityLimits"]) == (more, LIMITS)


def test_a_share_is_disabled_before_it_is_deleted_and_then_simply_gone(ready):
    share(ready)
    words = "Cannot delete an enabled quota share, set the state to DISABLED first."
    assert ready.refused("DeleteQuotaShare", quotaShareArn=VISION) == words
    disabled(ready)
    ready.call("DeleteQuotaShare", quotaShareArn=VISION)
    assert see_share(ready)["status"] == "DELETING"
    assert ready.refused("UpdateQuotaShare", quotaShareArn=VISION, state="ENABLED").endswith("is being modified")
    ready.settle()
    assert ready.call("ListQuotaShares", jobQueue="train") == {"quotaShares": []}
    for operation in ("DescribeQuotaShare", "UpdateQuotaShare", "DeleteQuotaShare"):
        assert ready.refused(operation, quotaShareArn=VISION) == f"{VISION} does not exist"


def test_a_queue_with_shares_cannot_be_deleted(ready):
    share(ready)
    ready.call("UpdateJobQueue", jobQueue="train", state="DISABLED")
    disabled(ready)
    assert ready.refused("DeleteJobQueue", jobQueue="train") == "Cannot delete, the job queue has quota shares."
    ready.call("DeleteQuotaShare", quotaShareArn=VISION)
    ready.settle()
    ready.call("DeleteJobQueue", jobQueue="train")


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"quotaShareName": "a.b"}, "Quota share name should match a valid pattern."),
        ({"quotaShareName": "vision"}, "Object already exists"),
        ({"jobQueue": "none"}, "none does not exist"),
        ({"capacityLimits": []}, "Capacitylimits are required."),
        (
            {"resourceSharingConfiguration": {"strategy": "LEND_AND_BORROW", "borrowLimit": -2}},
            "borrowLimit should be at least -1.",
        ),
        (
            {"resourceSharingConfiguration": {"strategy": "LEND", "borrowLimit": 50}},
            "borrowLimit can only be applied to the strategy LEND_AND_BORROW.",
        ),
    ],
)
def test_a_share_that_aws_refuses_is_refused(ready, members, words):
    share(ready)
    request = {"quotaShareName": "speech", "jobQueue": "train", **SHARE, **members}
    assert ready.refused("CreateQuotaShare", **request) == words


def test_a_queue_has_twenty_shares_at_most(ready):
    for number in range(20):
        ready.call("CreateQuotaShare", quotaShareName=f"s{number}", jobQueue="train", **SHARE)
    words = "A job queue has at most 20 quota shares"
    assert ready.refused("CreateQuotaShare", quotaShareName="more", jobQueue="train", **SHARE) == words
    first = ready.call("ListQuotaShares", jobQueue="train", maxResults=15)
    second = ready.call("ListQuotaShares", jobQueue="train", nextToken=first["nextToken"])
    assert [len(page["quotaShares"]) for page in (first, second)] == [15, 5]


def test_only_queues_with_a_quota_share_policy_have_shares(lab):
    environment(lab)
    queue(lab)
    words = "The job queue has no quota-share scheduling policy."
    assert lab.refused("CreateQuotaShare", quotaShareName="vision", jobQueue="train", **SHARE) == words
    lab.environment("ec2")
    lab.queue("batch", "ec2")
    words = "Quota Management feature is only supported for SageMaker Training job queues."
    assert lab.refused("CreateQuotaShare", quotaShareName="vision", jobQueue="batch", **SHARE) == words


def test_a_share_needs_a_queue_that_is_valid(lab):
    environment(lab)
    lab.call("CreateJobQueue", **queue_request("gpu", schedulingPolicyArn=quota_policy(lab)))
    words = "A job queue must be in the VALID state before you can associate it with a quota share."
    assert lab.refused("CreateQuotaShare", quotaShareName="vision", jobQueue="train", **SHARE) == words
