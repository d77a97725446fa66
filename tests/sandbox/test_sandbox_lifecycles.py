"""What every kind with a status obeys, from its creation until its name comes free."""

from dataclasses import dataclass
from typing import Any

import pytest

from reconciler.sandbox.core.clock import Timings
from tests.sandbox.conftest import ec2
from tests.sandbox.trainings import ARN, LIMITS, environment, queue

SHARE = f"{ARN}:job-queue/train/quota-share/it"


@dataclass
class Kind:
    noun: str  # as the operations say it
    create: dict[str, Any]
    key: str  # the member that names one in an update and a deletion
    value: str
    result: str = ""  # the member that a description answers with

    def call(self, lab, verb, **members):
        return lab.call(f"{verb}{self.noun}", **{self.key: self.value, **members})

    def refused(self, lab, verb, **members):
        return lab.refused(f"{verb}{self.noun}", **{self.key: self.value, **members})

    def status(self, lab):
        if not self.result:
            listed = lab.call("ListQuotaShares", jobQueue="train")["quotaShares"]
        else:
            listed = lab.call(f"Describe{self.noun}s", **{self.result: [self.value]})[self.result]
        return listed[0]["status"] if listed else None


KINDS = [
    Kind("ComputeEnvironment", ec2("it"), "computeEnvironment", "it", "computeEnvironments"),
    Kind(
        "JobQueue",
        {
            "jobQueueName": "it",
            "priority": 1,
            "computeEnvironmentOrder": [{"order": 1, "computeEnvironment": "base"}],
        },
        "jobQueue",
        "it",
        "jobQueues",
    ),
    Kind(
        "ServiceEnvironment",
        {
            "serviceEnvironmentName": "it",
            "serviceEnvironmentType": "SAGEMAKER_TRAINING",
            "capacityLimits": LIMITS,
        },
        "serviceEnvironment",
        "it",
        "serviceEnvironments",
    ),
    Kind(
        "QuotaShare",
        {
            "quotaShareName": "it",
            "jobQueue": "train",
            "capacityLimits": LIMITS,
            "preemptionConfiguration": {"inSharePreemption": "ENABLED"},
            "resourceSharingConfiguration": {"strategy": "LEND"},
        },
        "quotaShareArn",
        SHARE,
    ),
]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.noun, name="kind")
def _kind(request):
    return request.param


@pytest.fixture(name="ready")
def _ready(lab):
    return prepare(lab)


def prepare(lab):
    """What queues and shares need."""
    lab.environment("base")
    environment(lab)
    quota = {"idleResourceAssignmentStrategy": "FIFO"}
    queue(lab, schedulingPolicyArn=lab.call("CreateSchedulingPolicy", name="q", quotaSharePolicy=quota)["arn"])
    return lab


def test_it_takes_time_to_come_to_change_and_to_go(ready, kind):
    seen = []

    def pass_time():
        for seconds in (9, 2):
            ready.clock.turn(seconds)
            seen.append(kind.status(ready))

    ready.call(f"Create{kind.noun}", **kind.create)
    pass_time()
    kind.call(ready, "Update", state="DISABLED")
    pass_time()
    kind.call(ready, "Delete")
    pass_time()
    assert seen == ["CREATING", "VALID", "UPDATING", "VALID", "DELETING", None]


def test_nothing_else_is_done_to_it_meanwhile(ready, kind):
    words = "resource is being modified"

    def check():
        assert kind.refused(ready, "Update", state="DISABLED").endswith(words)
        assert kind.refused(ready, "Delete") == f"Cannot delete, {words}"
        ready.settle()

    ready.call(f"Create{kind.noun}", **kind.create)
    check()
    kind.call(ready, "Update", state="DISABLED")
    check()
    kind.call(ready, "Delete")
    check()


def test_its_name_is_taken_until_it_is_gone(ready, kind):
    def taken():
        return ready.refused(f"Create{kind.noun}", **kind.create) == "Object already exists"

    ready.call(f"Create{kind.noun}", **kind.create)
    assert taken()
    ready.settle()
    kind.call(ready, "Update", state="DISABLED")
    ready.settle()
    kind.call(ready, "Delete")
    assert taken()
    ready.settle()
    ready.call(f"Create{kind.noun}", **kind.create)


def test_it_is_disabled_before_it_goes(ready, kind):
    ready.call(f"Create{kind.noun}", **kind.create)
    ready.settle()
    assert "DISABLED" in kind.refused(ready, "Delete")


def test_what_does_not_exist_is_neither_changed_nor_deleted(ready, kind):
    for verb, members in (("Update", {"state": "DISABLED"}), ("Delete", {})):
        assert kind.refused(ready, verb, **members) == f"{kind.value} does not exist"


def test_only_what_may_be_called_deleted_is_shown_so_for_a_while(make_lab, kind):
    lab = prepare(make_lab(timings=Timings(create=1, update=1, delete=1, deleted=100)))
    lab.call(f"Create{kind.noun}", **kind.create)
    lab.settle()
    kind.call(lab, "Update", state="DISABLED")
    lab.settle()
    kind.call(lab, "Delete")
    lab.clock.turn(50)
    assert kind.status(lab) == (None if kind.noun == "QuotaShare" else "DELETED")
    if kind.noun != "QuotaShare":
        assert lab.refused(f"Create{kind.noun}", **kind.create) == "Object already exists"
        assert kind.refused(lab, "Delete") == f"{kind.value} does not exist"
    lab.clock.turn(60)
    assert kind.status(lab) is None
    lab.call(f"Create{kind.noun}", **kind.create)
