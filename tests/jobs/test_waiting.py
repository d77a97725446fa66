"""Jobs that are waited for, their states, and their logs, against answers of AWS."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from reconciler.jobs.listing import end_jobs
from reconciler.jobs.logs import LogReader
from reconciler.jobs.states import JobState, LogPlace, state_of
from reconciler.jobs.waiting import transitions, wait_for, why_waiting
from reconciler.model import Identity, Json
from reconciler.problems import CloudError, Exit, Fault, Stopped
from tests.fakes import HERE, InstantClock, ScriptedCloud

ARN = "arn:aws:batch:us-east-1:123456789012"


def detail(id_: str, status: str, **more: Json) -> Mapping[str, Json]:
    return {
        "jobId": id_,
        "jobArn": f"{ARN}:job/{id_}",
        "jobName": "nightly",
        "jobQueue": f"{ARN}:job-queue/pricing",
        "jobDefinition": f"{ARN}:job-definition/price:3",
        "status": status,
        **more,
    }


@dataclass
class Jobs:
    """Jobs that end one after the other: at each look one more."""

    count: int
    ended: int = 0
    sizes: list[int] = field(default_factory=list)

    def identity(self) -> Identity:
        return HERE

    def call(self, operation: str, request: Mapping[str, Json]) -> Mapping[str, Json]:
        assert operation == "DescribeJobs"
        self.sizes.append(len(request["jobs"]))
        self.ended += self.count // 2
        statuses = ((id_, "SUCCEEDED" if int(id_) < self.ended else "RUNNING") for id_ in request["jobs"])
        return {"jobs": [detail(*pair) for pair in statuses]}


def test_a_thousand_jobs_are_described_by_the_hundred_and_those_that_ended_no_more() -> None:
    cloud, clock = Jobs(1000), InstantClock()
    waited = wait_for(cloud, clock, [str(index) for index in range(1000)], lambda _states: None)
    assert waited.exit is Exit.DONE
    assert len(waited.states) == 1000
    assert max(cloud.sizes) == 100
    assert len(cloud.sizes) <= 20
    assert len(clock.slept) <= 2


@pytest.mark.parametrize(
    ("statuses", "timeout", "code"),
    [(["FAILED"], None, Exit.UNHEALTHY), (["RUNNABLE"], 60.0, Exit.TIMED_OUT), (["RUNNING", "SUCCEEDED"], 60.0, 0)],
)
def test_the_exit_code_tells_how_jobs_ended(statuses: list[str], timeout: float | None, code: int) -> None:
    cloud = ScriptedCloud({"DescribeJobs": [{"jobs": [detail("a", status)]} for status in statuses]})
    assert wait_for(cloud, InstantClock(), ["a"], lambda _states: None, timeout=timeout).exit == code


def test_a_job_that_was_just_submitted_may_be_described_late_and_one_that_never_is_ends_the_wait() -> None:
    late = ScriptedCloud({"DescribeJobs": [{"jobs": []}, {"jobs": [detail("a", "SUCCEEDED")]}]})
    assert wait_for(late, InstantClock(), ["a"], lambda _states: None).exit is Exit.DONE
    never = ScriptedCloud({"DescribeJobs": [{"jobs": []}]})
    with pytest.raises(Stopped, match="no such job"):
        wait_for(never, InstantClock(), ["a"], lambda _states: None)


def test_a_job_that_does_not_start_is_explained_after_a_minute_and_not_at_each_look() -> None:
    job = detail("a", "RUNNABLE", statusReason="MISCONFIGURATION:X", container={"vcpus": 8, "memory": 512})
    environment = {
        "computeEnvironmentArn": "ce",
        "computeEnvironmentName": "spot",
        "type": "MANAGED",
        "state": "ENABLED",
        "status": "VALID",
        "computeResources": {"type": "EC2", "maxvCpus": 4, "instanceTypes": ["c6i.large"]},
    }
    queue = {"jobQueueName": "pricing", "computeEnvironmentOrder": [{"order": 1, "computeEnvironment": "ce"}]}
    cloud = ScriptedCloud(
        {
            "DescribeJobs": [{"jobs": [job]}],
            "GetJobQueueSnapshot": [{"frontOfQueue": {"jobs": [{"jobArn": "other"}, {"jobArn": job["jobArn"]}]}}],
            "DescribeJobQueues": [{"jobQueues": [queue]}],
            "DescribeComputeEnvironments": [{"computeEnvironments": [environment]}],
        }
    )
    clock, said = InstantClock(), list[str]()
    told = transitions(cloud, clock, lambda _state: None, lambda _state, why: said.append(why))
    wait_for(cloud, clock, ["a"], told.look, timeout=280.0)
    (why,) = said
    assert why.startswith("MISCONFIGURATION:X; it is number 2 in the queue; it can never start there: it needs 8 vCPUs")


def test_what_may_not_be_read_explains_nothing_and_stops_nothing() -> None:
    denied = CloudError("x", Fault.DENIED, "AccessDenied", "no")
    answers = {"GetJobQueueSnapshot": [denied], "DescribeJobQueues": [denied]}
    cloud = ScriptedCloud({"DescribeJobs": [{"jobs": [detail("a", "RUNNABLE")]}], **answers})
    assert why_waiting(cloud, state_of(detail("a", "RUNNABLE"))) == ""


def test_a_state_holds_neither_environment_nor_parameters_and_finds_streams_of_all_forms() -> None:
    secret = {"environment": [{"name": "TOKEN", "value": "hunter22"}], "command": ["--token", "hunter22"]}
    state = state_of(
        detail(
            "a",
            "FAILED",
            parameters={"token": "hunter22"},
            container={**secret, "exitCode": 137, "reason": "OutOfMemoryError", "logStreamName": "s/2"},
            attempts=[{"container": {"logStreamName": "s/1"}}, {"container": {"logStreamName": "s/2"}}],
        )
    )
    assert "hunter22" not in repr(state)
    assert (state.exit_code, state.cause, state.definition) == (137, "OutOfMemoryError", "price:3")
    assert [(log.stream, log.attempt) for log in state.logs] == [("s/1", 1), ("s/2", 2)]
    options = {"logDriver": "awslogs", "options": {"awslogs-group": "/mine"}}
    containers = [{"name": "main", "logStreamName": "m", "logConfiguration": options, "exitCode": 0}]
    task = state_of(detail("b", "RUNNING", ecsProperties={"taskProperties": [{"containers": containers}]}))
    assert task.logs == (LogPlace("/mine", "m", 1, "main"),)
    pod = state_of(detail("c", "RUNNING", eksProperties={"podProperties": {"podName": "p", "containers": []}}))
    assert (pod.pods, pod.logs) == (("p",), ())


def test_a_log_ends_at_the_token_that_was_sent_and_goes_on_from_there() -> None:
    def page(token: str, *texts: str) -> Mapping[str, Json]:
        return {"events": [{"timestamp": 1, "message": text} for text in texts], "nextForwardToken": token}

    script = [page("f/1", "one"), page("f/1"), page("f/2", "two"), page("f/2")]
    logs, lines = ScriptedCloud({"GetLogEvents": script}), list[str]()
    reader = LogReader(ScriptedCloud({}), logs, lambda line: lines.append(line.text))
    state = JobState(id="a", name="a", queue="q", definition="d", status="RUNNING", logs=(LogPlace("g", "s"),))
    reader.read(state)
    reader.read(state)
    assert lines == ["one", "two"]
    assert [request.get("nextToken") for _, request in logs.calls] == [None, "f/1", "f/1", "f/2"]
    missing = ScriptedCloud({"GetLogEvents": [CloudError("x", Fault.REFUSED, "ResourceNotFoundException", "no")]})
    assert LogReader(ScriptedCloud({}), missing, lambda _line: None).read(state) == 0


def test_a_job_that_starts_while_it_is_cancelled_is_terminated() -> None:
    script = {"CancelJob": [{}], "DescribeJobs": [{"jobs": [detail("a", "STARTING")]}], "TerminateJob": [{}]}
    cloud = ScriptedCloud(script)
    (ended,) = end_jobs(cloud, {"a": state_of(detail("a", "RUNNABLE"))}, "enough")
    assert ended.done == "terminated"
    assert [operation for operation, _ in cloud.calls] == ["CancelJob", "DescribeJobs", "TerminateJob"]
