"""The calls of well-known clients, replayed as their sources make them, and what they read of the answers."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

from reconciler.model import Json
from reconciler.sandbox.core.clock import INSTANT, TurnableClock
from reconciler.sandbox.core.faults import Failure, FaultRule, Faults
from reconciler.sandbox.core.service import Simulator
from reconciler.sandbox.session import sandbox_session
from tests.serving import _forget_moto

NEEDS = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "512"}]
FAILING = ["/bin/bash", "-c", "echo oops; exit 3"]
GROUP = "/aws/batch/job"


def made(simulator: Simulator) -> boto3.Session:
    """Return a session for a simulator with a queue `main` and two definitions."""
    session = boto3.Session(botocore_session=sandbox_session(simulator, "us-east-1"))
    batch = session.client("batch")
    resources = {
        "type": "EC2",
        "minvCpus": 0,
        "maxvCpus": 256,
        "instanceTypes": ["optimal"],
        "subnets": ["subnet-1"],
        "securityGroupIds": ["sg-1"],
        "instanceRole": "ecsInstanceRole",
    }
    batch.create_compute_environment(computeEnvironmentName="spot", type="MANAGED", computeResources=resources, tags={})
    order = [{"order": 1, "computeEnvironment": "spot"}]
    batch.create_job_queue(jobQueueName="main", priority=1, computeEnvironmentOrder=order, tags={})
    for name, command in (("good", ["/bin/bash", "-c", "echo hello"]), ("bad", FAILING)):
        container = {"image": "busybox", "command": command, "resourceRequirements": NEEDS}
        batch.register_job_definition(jobDefinitionName=name, type="container", containerProperties=container)
    return session


@pytest.fixture(name="session")
def _session() -> Iterator[boto3.Session]:
    yield made(Simulator(TurnableClock(), timings=INSTANT))
    _forget_moto()


def log_of(session: boto3.Session, stream: str, **more: Any) -> list[str]:
    answer = session.client("logs").get_log_events(logGroupName=GROUP, logStreamName=stream, **more)
    return [event["message"] for event in answer["events"]]


def test_airflow_submits_with_everything_empty_and_waits_by_its_waiter(session: boto3.Session) -> None:
    """apache-airflow-providers-amazon 9.39: operators/batch.py, hooks/batch_client.py, waiters/batch.json."""
    batch = session.client("batch")
    job = batch.submit_job(
        jobName="task",
        jobQueue="main",
        jobDefinition="good",
        arrayProperties={},
        parameters={},
        tags={},
        containerOverrides={},
        ecsPropertiesOverride={},
        eksPropertiesOverride={},
        nodeOverrides={},
        retryStrategy={},
    )["jobId"]
    [seen] = batch.describe_jobs(jobs=[job])["jobs"]
    assert (seen["status"], seen["jobQueue"].rpartition("/")[2]) == ("SUCCEEDED", "main")
    assert "nodeProperties" not in seen
    assert log_of(session, seen["container"]["logStreamName"]) == ["hello"]


def test_airflow_finds_the_log_of_a_job_with_nodes_in_its_attempts(session: boto3.Session) -> None:
    """hooks/batch_client.py, get_job_all_awslogs_info."""
    batch = session.client("batch")
    container = {"image": "busybox", "command": ["echo", "hello"], "resourceRequirements": NEEDS}
    ranges = [{"targetNodes": "0:", "container": container}]
    nodes = {"numNodes": 2, "mainNode": 1, "nodeRangeProperties": ranges}
    batch.register_job_definition(jobDefinitionName="mpi", type="multinode", nodeProperties=nodes)
    job = batch.submit_job(jobName="task", jobQueue="main", jobDefinition="mpi")["jobId"]
    [seen] = batch.describe_jobs(jobs=[job])["jobs"]
    assert "container" in seen["nodeProperties"]["nodeRangeProperties"][0]
    [stream] = [attempt["container"]["logStreamName"] for attempt in seen["attempts"]]
    assert log_of(session, stream) == ["hello"]


def test_snakemake_reads_exit_codes_and_cleans_up(session: boto3.Session) -> None:
    """snakemake-executor-plugin-aws-batch 0.2.1."""
    batch = session.client("batch")
    definition = batch.register_job_definition(
        jobDefinitionName="snakejob-def-align",
        type="container",
        containerProperties={
            "image": "snakemake/snakemake",
            "command": FAILING,
            "environment": [],
            "jobRoleArn": "arn:aws:iam::123456789012:role/job",
            "privileged": True,
            "resourceRequirements": NEEDS,
        },
        timeout={"attemptDurationSeconds": 300},
        tags={},
        platformCapabilities=["EC2"],
    )
    name = f"{definition['jobDefinitionName']}:{definition['revision']}"
    job = batch.submit_job(jobName="snakejob-align", jobQueue="main", jobDefinition=name)["jobId"]
    [seen] = batch.describe_jobs(jobs=[job])["jobs"]
    assert (seen["status"], seen["container"]["exitCode"]) == ("FAILED", 3)
    assert seen["statusReason"] == "Essential container in task exited"
    batch.terminate_job(jobId=job, reason="terminated by snakemake")
    batch.deregister_job_definition(jobDefinition=seen["jobDefinition"])


def test_luigi_takes_the_first_queue_and_reads_the_log_of_the_first_attempt(session: boto3.Session) -> None:
    """Luigi 3.8, contrib/batch.py."""
    batch = session.client("batch")
    queues = batch.describe_job_queues()["jobQueues"]
    [queue] = [each["jobQueueName"] for each in queues if (each["state"], each["status"]) == ("ENABLED", "VALID")]
    job = batch.submit_job(jobName="batch-job-a", jobQueue=queue, jobDefinition="bad", parameters={})["jobId"]
    jobs = batch.describe_jobs(jobs=[job])["jobs"]
    json.dumps(jobs)
    assert log_of(session, jobs[0]["attempts"][0]["container"]["logStreamName"], startFromHead=False) == ["oops"]


def test_redun_overrides_resources_and_pages_through_children(session: boto3.Session) -> None:
    """Redun 0.44, executors/aws_batch.py."""
    batch = session.client("batch")
    [definition] = batch.describe_job_definitions(jobDefinitionName="good", status="ACTIVE")["jobDefinitions"]
    job = batch.submit_job(
        jobName="redun-job-a-array",
        jobQueue="main",
        jobDefinition=definition["jobDefinitionArn"],
        retryStrategy={"attempts": 1},
        containerOverrides={"command": ["echo", "child"], "resourceRequirements": [*NEEDS]},
        propagateTags=True,
        arrayProperties={"size": 3},
        timeout={"attemptDurationSeconds": 600},
        tags={"redun": "yes"},
    )["jobId"]
    pages = batch.get_paginator("list_jobs").paginate(arrayJobId=job, jobStatus="SUCCEEDED")
    children = [each for page in pages for each in page["jobSummaryList"]]
    assert [each["arrayProperties"]["index"] for each in children] == [0, 1, 2]
    [child] = batch.describe_jobs(jobs=[children[1]["jobId"]])["jobs"]
    logs = session.client("logs")
    first = logs.get_log_events(
        logGroupName=GROUP, logStreamName=child["container"]["logStreamName"], startFromHead=True
    )
    more = {"nextToken": first["nextForwardToken"]}
    again = logs.get_log_events(logGroupName=GROUP, logStreamName=child["container"]["logStreamName"], **more)
    assert ([event["message"] for event in first["events"]], again["events"]) == (["child"], [])


def test_nextflow_registers_once_submits_in_bulk_and_asks_for_a_hundred_at_a_time(session: boto3.Session) -> None:
    """nextflow, plugins/nf-amazon: AwsBatchTaskHandler, AwsBatchHelper."""
    batch, ecs = session.client("batch"), session.client("ecs")
    assert batch.describe_job_definitions(jobDefinitionName="nf-busybox", status="ACTIVE")["jobDefinitions"] == []
    container = {
        "image": "busybox",
        "command": ["true"],
        "resourceRequirements": [{"type": "MEMORY", "value": "1024"}, {"type": "VCPU", "value": "1"}],
        "mountPoints": [],
        "volumes": [],
        "environment": [],
    }
    batch.register_job_definition(
        jobDefinitionName="nf-busybox",
        type="container",
        containerProperties=container,
        parameters={"nf-token": "0a1b"},
        tags={},
    )
    [definition] = batch.describe_job_definitions(jobDefinitionName="nf-busybox", status="ACTIVE")["jobDefinitions"]
    assert definition["parameters"] == {"nf-token": "0a1b"}
    overrides = {"command": ["bash", "-o", "pipefail", "-c", "trap x EXIT; exit 2"], "resourceRequirements": NEEDS}
    jobs = [
        batch.submit_job(
            jobName=f"task-{number}",
            jobQueue="main",
            jobDefinition=f"nf-busybox:{definition['revision']}",
            containerOverrides=overrides,
            retryStrategy={
                "attempts": 2,
                "evaluateOnExit": [
                    {"action": "RETRY", "onStatusReason": "Host EC2*"},
                    {"action": "EXIT", "onReason": "*"},
                ],
            },
            propagateTags=True,
        )["jobId"]
        for number in range(101)
    ]
    seen = batch.describe_jobs(jobs=jobs[:100])["jobs"]
    assert {(each["status"], each["container"]["exitCode"], len(each["attempts"])) for each in seen} == {
        ("FAILED", 2, 1)
    }
    with pytest.raises(batch.exceptions.ClientException):
        batch.describe_jobs(jobs=jobs)
    # Where a task ran: queue, environment, cluster.
    [queue] = batch.describe_job_queues(jobQueues=[seen[0]["jobQueue"]])["jobQueues"]
    named = [each["computeEnvironment"] for each in queue["computeEnvironmentOrder"]]
    [environment] = batch.describe_compute_environments(computeEnvironments=named)["computeEnvironments"]
    [cluster] = ecs.describe_clusters(clusters=[environment["ecsClusterArn"]])["clusters"]
    assert (cluster["status"], cluster["clusterName"]) == ("ACTIVE", environment["ecsClusterArn"].rpartition("/")[2])
    assert cluster["clusterName"] in seen[0]["container"]["containerInstanceArn"]


def test_times_are_whole_milliseconds(session: boto3.Session) -> None:
    batch = session.client("batch")
    job = batch.submit_job(jobName="a", jobQueue="main", jobDefinition="good")["jobId"]
    [seen] = batch.describe_jobs(jobs=[job])["jobs"]
    [listed] = batch.list_jobs(jobQueue="main", jobStatus="SUCCEEDED")["jobSummaryList"]
    for each in (seen, listed, seen["attempts"][0]):
        times: dict[str, Json] = {name: each[name] for name in ("startedAt", "stoppedAt")}
        assert all(type(value) is int and value > 10**12 for value in times.values())
    assert seen["createdAt"] <= seen["startedAt"] <= seen["stoppedAt"]


def test_retries_of_the_sdk_meet_throttling() -> None:
    rules = (FaultRule(failure=Failure.THROTTLE, operation="SubmitJob", first=2),)
    simulator = Simulator(TurnableClock(), timings=INSTANT, faults=Faults(rules))
    session = made(simulator)
    batch = session.client("batch", config=Config(retries={"mode": "standard", "total_max_attempts": 4}))
    answer = batch.submit_job(jobName="a", jobQueue="main", jobDefinition="good")
    assert answer["ResponseMetadata"]["RetryAttempts"] == 2
    assert len([1 for operation, _ in simulator.calls if operation == "SubmitJob"]) == 3


@pytest.mark.parametrize("mode", ["preferred", "required", "disabled"])
def test_endpoints_of_an_account_make_no_difference(mode: str) -> None:
    session = made(Simulator(TurnableClock(), timings=INSTANT))
    batch = session.client("batch", config=Config(account_id_endpoint_mode=mode))
    assert batch.describe_job_queues()["jobQueues"][0]["status"] == "VALID"
