"""Somebody submits jobs, and a queue gets busy."""

import pytest

from reconciler.problems import CloudError, WrongUsage
from reconciler.sandbox.actor import submit
from tests.sandbox.trainings import environment, queue


@pytest.fixture(name="hand")
def _hand(lab):
    lab.busy()
    return lambda *names, **more: submit(lab.cloud, *names, **more)


def test_jobs_run_as_long_as_they_are_told_to(hand, lab):
    done = hand("main", "render", count=3, seconds=100.0)
    assert (done.queue, done.definition, done.seconds, len(set(done.jobs))) == ("main", "render:1", 100.0, 3)
    lab.clock.turn(2)
    assert lab.statuses(*done.jobs) == ["RUNNING"] * 3
    lab.clock.turn(99)
    assert lab.statuses(*done.jobs) == ["RUNNING"] * 3
    lab.clock.turn(1)
    assert lab.statuses(*done.jobs) == ["SUCCEEDED"] * 3


def test_without_a_time_the_command_of_the_definition_says_it(hand, lab):
    [job] = hand("main", "render").jobs
    lab.clock.turn(40)
    assert lab.statuses(job) == ["SUCCEEDED"]


def test_queue_and_definition_may_be_named_as_in_their_stack(hand, lab):
    arn = lab.see_queue("main")["jobQueueArn"]
    lab.call("TagResource", resourceArn=arn, tags={"reconciler:stack": "risk", "reconciler:name": "pricing"})
    assert hand("pricing", "render").queue == "main"
    assert hand("JobQueue/pricing", "JobDefinition/render").definition == "render:1"
    definition = lab.see_definition("render")["jobDefinitionArn"]
    assert hand(arn, definition).definition == "render:1"


def test_a_revision_may_be_chosen(hand, lab):
    lab.call("RegisterJobDefinition", **lab.container())
    assert [hand("main", name).definition for name in ("render", "render:1")] == ["render:2", "render:1"]


def test_parameters_without_a_default_get_their_own_name(hand, lab):
    command = ["run", "Ref::scene", "Ref::frame"]
    lab.call("RegisterJobDefinition", **lab.container("shot", command=command), parameters={"frame": "1"})
    [job] = hand("main", "shot").jobs
    assert lab.job(job)["container"]["command"] == ["run", "scene", "1"]


def test_fair_shares_are_given_their_identifier(hand, lab):
    policy = lab.call("CreateSchedulingPolicy", name="fair", fairsharePolicy={"shareDecaySeconds": 60})["arn"]
    lab.queue("fair", "spot", schedulingPolicyArn=policy)
    [job] = hand("fair", "render", share="A").jobs
    assert lab.job(job)["shareIdentifier"] == "A"


@pytest.mark.parametrize("unit", ["ml.g5.xlarge", "NUM_INSTANCES"])
def test_a_queue_for_training_gets_training_jobs_of_what_it_has(lab, unit):
    environment(lab, capacityLimits=[{"capacityUnit": unit, "maxCapacity": 1}])
    queue(lab)
    done = submit(lab.cloud, "train", None, count=2, seconds=10.0)
    assert (done.queue, done.definition) == ("train", "")
    lab.clock.turn(3)
    seen = [lab.call("DescribeServiceJob", jobId=job)["status"] for job in done.jobs]
    assert seen == ["RUNNING", "RUNNABLE"]


@pytest.mark.parametrize(
    ("names", "message", "hint"),
    [
        (("mian", "render"), "JobQueue/mian does not exist in us-east-1 of account 123456789012", "did you mean main?"),
        (
            ("main", "rendr"),
            "JobDefinition/rendr does not exist in us-east-1 of account 123456789012",
            "did you mean render?",
        ),
        (
            ("main", "render:7"),
            "the revision render:7 does not exist",
            "without a number, the newest active revision is used",
        ),
        (("main", None), "JobQueue/main requires a job definition", "add its name after the queue"),
    ],
)
def test_what_does_not_exist_is_told_with_a_way_out(hand, names, message, hint):
    with pytest.raises(WrongUsage) as caught:
        hand(*names)
    assert (caught.value.message, caught.value.hint) == (message, hint)


def test_what_aws_refuses_is_refused_in_its_words(hand, lab):
    lab.call("UpdateJobQueue", jobQueue="main", state="DISABLED")
    with pytest.raises(CloudError, match="JobQueue main is DISABLED"):
        hand("main", "render")
