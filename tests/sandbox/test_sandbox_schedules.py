"""The sandbox's EventBridge Scheduler and EventBridge: what they refuse, when schedules fire, what rules would send."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from reconciler.kinds.notice import PATHS, patterns, template
from reconciler.model import Identity, Json
from reconciler.sandbox.core.clock import INSTANT, TurnableClock
from reconciler.sandbox.resources.rules import matches, transformed
from reconciler.sandbox.session import open_sandbox, sandbox_session

REGION = "eu-central-1"
HERE = Identity("123456789012", REGION)
QUEUE = f"arn:aws:batch:{REGION}:123456789012:job-queue/pricing"
SUBMIT = "arn:aws:scheduler:::aws-sdk:batch:submitJob"
DAY = 86400.0


class World:
    """A sandbox in memory, whose clock stands still until it is turned: it begins on 2027-01-15 at 08:00 UTC."""

    def __init__(self) -> None:
        self.clock = TurnableClock()
        simulator = open_sandbox(None, clock=self.clock, timings=INSTANT)
        session = boto3.Session(botocore_session=sandbox_session(simulator, REGION))
        self.batch, self.scheduler = session.client("batch"), session.client("scheduler")
        self.events = session.client("events")

    def with_queue(self) -> "World":
        spot = {"type": "EC2", "minvCpus": 0, "maxvCpus": 64, "instanceTypes": ["c6i.large"], "subnets": ["subnet-1a2b3c4d"],
                "securityGroupIds": ["sg-1a2b3c4d"], "instanceRole": "ecsInstanceRole"}  # fmt: skip
        self.batch.create_compute_environment(computeEnvironmentName="spot", type="MANAGED", computeResources=spot)
        order = [{"order": 1, "computeEnvironment": "spot"}]
        self.batch.create_job_queue(jobQueueName="pricing", priority=1, computeEnvironmentOrder=order)
        container = {"image": "a:1", "vcpus": 1, "memory": 512, "command": ["true"]}
        self.batch.register_job_definition(jobDefinitionName="price", type="container", containerProperties=container)
        return self

    def schedule(self, expression: str, job: Mapping[str, Json] | None = None, **more: Any) -> None:
        job = job or {
            "JobName": "nightly",
            "JobQueue": "pricing",
            "JobDefinition": "price",
            "Parameters": {"lowerKey": "1"},
        }
        target = {"Arn": SUBMIT, "RoleArn": "arn:aws:iam::123456789012:role/scheduler", "Input": json.dumps(job)}
        request = {"FlexibleTimeWindow": {"Mode": "OFF"}, "Target": target, **more}
        self.scheduler.create_schedule(Name="s", ScheduleExpression=expression, **request)

    def submitted(self) -> int:
        return len(
            self.batch.list_jobs(jobQueue="pricing", filters=[{"name": "JOB_NAME", "values": ["nightly"]}])[
                "jobSummaryList"
            ]
        )


@contextmanager
def refused(code: str) -> Iterator[None]:
    with pytest.raises(ClientError) as caught:
        yield
    assert caught.value.response["Error"]["Code"] == code


def test_scheduler_refuses_what_aws_refuses() -> None:
    world = World()
    for expression in ("cron(0 1 * * * *)", "nonsense", "rate(10 seconds)"):
        with refused("ValidationException"):
            world.schedule(expression)
    with refused("ValidationException"):
        world.schedule("rate(1 day)", ScheduleExpressionTimezone="Europe/Berln")
    with refused("ResourceNotFoundException"):
        world.schedule("rate(1 day)", GroupName="none")
    world.schedule("at(2022-12-31T23:59:59)")  # a time in the past is accepted
    with refused("ConflictException"):
        world.schedule("rate(1 day)")


def test_a_schedule_fires_at_its_times_as_the_clock_turns() -> None:
    world = World().with_queue()
    world.schedule("cron(0 3 * * ? *)", ScheduleExpressionTimezone="Europe/Berlin")  # 02:00 UTC
    assert world.submitted() == 0
    world.clock.turn(17 * 3600.0)
    assert world.submitted() == 0
    world.clock.turn(3600.0)
    assert world.submitted() == 1
    world.clock.turn(2 * DAY)
    assert world.submitted() == 3
    world.scheduler.delete_schedule(Name="s")
    world.clock.turn(DAY)
    assert world.submitted() == 3


def test_a_rate_without_a_start_fires_at_once_and_a_disabled_schedule_never() -> None:
    world = World().with_queue()
    world.schedule("rate(12 hours)")
    assert world.submitted() == 1
    world.clock.turn(DAY)
    assert world.submitted() == 3
    off = World().with_queue()
    off.schedule("rate(12 hours)", State="DISABLED")
    off.clock.turn(DAY)
    assert off.submitted() == 0


def test_what_happens_once_is_deleted_where_it_is_to_be() -> None:
    world = World().with_queue()
    world.schedule("at(2027-01-15T09:00:00)", ActionAfterCompletion="DELETE")
    world.clock.turn(7200.0)
    assert (world.submitted(), world.scheduler.list_schedules()["Schedules"]) == (1, [])


def test_an_input_in_the_spelling_of_batch_submits_nothing() -> None:
    world = World().with_queue()
    world.schedule("rate(12 hours)", {"jobName": "nightly", "jobQueue": "pricing", "jobDefinition": "price"})
    assert world.submitted() == 0


def test_a_rule_with_targets_is_not_deleted_and_a_pattern_is_not_too_long() -> None:
    events = World().events
    events.put_rule(Name="r", EventPattern='{"source":["aws.batch"]}')
    events.put_targets(Rule="r", Targets=[{"Id": "1", "Arn": f"arn:aws:sns:{REGION}:123456789012:ops"}])
    with refused("ValidationException"):
        events.delete_rule(Name="r")
    with refused("InvalidEventPatternException"):
        events.put_rule(Name="q", EventPattern=json.dumps({"source": ["a" * 2048]}))
    with refused("ResourceNotFoundException"):
        events.list_targets_by_rule(Rule="none")


# Notices: the patterns and texts that the sandbox and AWS get alike.


def event(**detail: Json) -> dict[str, Json]:
    type_ = detail.pop("type", "Batch Job State Change")
    return {"source": "aws.batch", "detail-type": type_, "region": REGION, "detail": {"jobQueue": QUEUE, **detail}}


def test_one_pattern_matches_failed_jobs_and_blocked_queues() -> None:
    (pattern,) = map(json.loads, patterns(("FAILED", "BLOCKED"), [QUEUE]))
    assert matches(pattern, event(status="FAILED"))
    assert matches(pattern, event(type="Batch Job Queue Blocked", status="RUNNABLE"))
    assert not matches(pattern, event(status="SUCCEEDED"))
    assert not matches(pattern, event(status="FAILED", arrayProperties={"index": 3}))  # the parent is enough
    assert matches(pattern, event(status="FAILED", arrayProperties={"size": 9}))
    assert not matches(pattern, {**event(status="FAILED"), "detail": {"status": "FAILED", "jobQueue": f"{QUEUE}-2"}})
    (blocked,) = map(json.loads, patterns(("BLOCKED",), [QUEUE]))
    assert not matches(blocked, event(status="FAILED"))
    assert "$or" not in blocked


@pytest.mark.parametrize(("length", "count"), [(17, 60), (128, 25)])
def test_many_queues_are_several_patterns_none_of_them_too_long(length: int, count: int) -> None:
    queues = {f"arn:aws:batch:{REGION}:123456789012:job-queue/{number:0>{length}}" for number in range(count)}
    made = list(patterns(("FAILED", "BLOCKED"), queues))
    assert max(map(len, made)) <= 2048
    assert {queue for pattern in made for queue in json.loads(pattern)["detail"]["jobQueue"]} == queues
    assert len(made) <= count // (2048 // (length + 60)) + 2


def test_a_notice_has_what_is_there_and_no_environment_variable() -> None:
    target = {"InputTransformer": {"InputPathsMap": dict(PATHS), "InputTemplate": template("risk", HERE)}}
    secret = {"environment": [{"name": "PASSWORD", "value": "hunter2"}], "exitCode": 3, "reason": 'said "no"'}
    text = transformed(
        target, event(jobName="n", jobId="1", status="FAILED", statusReason="Essential", container=secret)
    )
    assert text.splitlines()[:3] == [
        '"Batch Job State Change: n is FAILED (stack risk)"',
        '"reason: Essential"',
        '"exit code: 3 said "no""',
    ]
    assert "hunter2" not in text
    assert '"exit code:  "' in transformed(target, event(jobName="n", jobId="1", status="FAILED"))  # it never ran
