"""A sandbox without delays, for the tests of other projects, and how these empty it."""

import json
import urllib.request

import pytest

from reconciler.sandbox.core.clock import INSTANT
from reconciler.sandbox.session import open_sandbox
from tests.sandbox.conftest import Lab
from tests.serving import client_of, running


@pytest.fixture(name="lab")
def _lab() -> Lab:
    lab = Lab(timings=INSTANT)
    lab.settle = lambda: None
    return lab


def test_a_resource_is_there_at_the_next_call_and_its_name_is_free_after_its_deletion(lab: Lab) -> None:
    for _ in range(2):
        assert lab.environment("spot")["status"] == "VALID"
        assert lab.queue("main", "spot")["status"] == "VALID"
        lab.call("UpdateJobQueue", jobQueue="main", state="DISABLED")
        lab.call("DeleteJobQueue", jobQueue="main")
        lab.disable("spot")
        lab.call("DeleteComputeEnvironment", computeEnvironment="spot")
        assert (lab.see("spot"), lab.see_queue("main")) == (None, None)


def test_a_job_has_ended_at_the_next_call_unless_it_says_how_long_it_runs(lab: Lab) -> None:
    lab.busy(maxvCpus=1)
    [slow, waits] = lab.submit(2)
    assert lab.statuses(slow, waits) == ["RUNNING", "RUNNABLE"]
    lab.clock.turn(30)
    quick = {"containerOverrides": {"command": ["true"]}}
    [after] = lab.submit(**quick, dependsOn=[{"jobId": waits}])
    assert lab.statuses(slow, waits, after) == ["SUCCEEDED", "RUNNING", "PENDING"]
    lab.clock.turn(30)
    assert lab.statuses(waits, after) == ["SUCCEEDED", "SUCCEEDED"]


def test_what_depends_on_a_job_of_a_later_queue_does_not_wait_for_ever(lab: Lab) -> None:
    lab.busy()
    order = [{"order": 1, "computeEnvironment": "spot"}]
    lab.call("CreateJobQueue", jobQueueName="first", priority=9, computeEnvironmentOrder=order)
    for word, ends in (("true", "SUCCEEDED"), ("false", "FAILED")):
        command = {"containerOverrides": {"command": [word]}}
        [need] = lab.submit(**command)
        [heir] = lab.submit(**command, jobQueue="first", dependsOn=[{"jobId": need}])
        [last] = lab.submit(**command, dependsOn=[{"jobId": heir}])
        assert lab.statuses(need, heir, last) == [ends] * 3


def test_an_array_ends_at_the_next_call(lab: Lab) -> None:
    lab.busy()
    [array] = lab.submit(arrayProperties={"size": 3}, containerOverrides={"command": ["true"]})
    assert lab.job(array)["arrayProperties"]["statusSummary"]["SUCCEEDED"] == 3


@pytest.mark.parametrize("path", ["/_sandbox/reset", "/moto-api/reset"])
def test_a_suite_empties_a_served_sandbox_between_its_tests(tmp_path, path: str) -> None:
    simulator = open_sandbox(str(tmp_path / "sandbox.json"), timings=INSTANT)
    with running(simulator) as url:
        batch = client_of(url)
        batch.create_scheduling_policy(name="fair", fairsharePolicy={})
        with urllib.request.urlopen(urllib.request.Request(url + path, b"", method="POST")) as answer:
            assert json.loads(answer.read()) == {"status": "ok"}
        assert batch.list_scheduling_policies()["schedulingPolicies"] == []
        batch.create_scheduling_policy(name="fair", fairsharePolicy={})
    again = open_sandbox(str(tmp_path / "sandbox.json"), timings=INSTANT)
    assert again.places() == (("123456789012", "eu-west-1"),)


def test_a_reset_forgets_the_services_around_batch_too() -> None:
    pytest.importorskip("moto.server")
    with running(Lab().simulator) as url:
        client_of(url, "logs").create_log_group(logGroupName="mine")
        urllib.request.urlopen(urllib.request.Request(f"{url}/moto-api/reset", b"", method="POST")).close()
        assert client_of(url, "logs").describe_log_groups()["logGroups"] == []
