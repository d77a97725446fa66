"""What clients find of jobs and environments in the services around Batch: logs, and clusters."""

from collections.abc import Callable, Iterator

import boto3
import pytest
from botocore.exceptions import ClientError

from reconciler.model import Json
from reconciler.sandbox.session import sandbox_session
from tests.sandbox.conftest import Lab
from tests.serving import _forget_moto, client_of, running

REGION = "us-east-1"
GROUP = "/aws/batch/job"
Client = Callable[[str], Json]

pytest.importorskip("moto.server")


@pytest.fixture(name="client", params=["served", "in process"])
def _client(lab: Lab, request: pytest.FixtureRequest) -> Iterator[Client]:
    if request.param == "served":
        with running(lab.simulator) as url:
            yield lambda service: client_of(url, service, REGION)
    else:
        yield boto3.Session(botocore_session=sandbox_session(lab.simulator, REGION)).client
        _forget_moto()


def lines(logs: Json, stream: str, group: str = GROUP) -> list[str]:
    answer = logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True)
    return [event["message"] for event in answer["events"]]


def test_a_job_that_runs_has_a_stream_which_grows(lab: Lab, client: Client) -> None:
    lab.busy()
    script = ["sh", "-c", "echo start && sleep 30 && echo 'all done'"]
    [job] = lab.submit(containerOverrides={"command": script})
    logs = client("logs")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        logs.describe_log_streams(logGroupName=GROUP)
    lab.clock.turn(2)
    seen = lab.job(job)
    stream = seen["container"]["logStreamName"]
    assert stream == f"render/default/{seen['container']['taskArn'].rpartition('/')[2]}"
    [event] = logs.get_log_events(logGroupName=GROUP, logStreamName=stream)["events"]
    assert (event["message"], event["timestamp"]) == ("start", seen["startedAt"])
    lab.clock.turn(30)
    assert lines(logs, stream) == ["start", "all done"]
    assert lines(client("logs"), stream) == ["start", "all done"]
    [told] = logs.describe_log_streams(logGroupName=GROUP, logStreamNamePrefix="render/")["logStreams"]
    assert told["logStreamName"] == stream


def test_what_is_terminated_prints_nothing_more(lab: Lab, client: Client) -> None:
    lab.busy()
    [job] = lab.submit(containerOverrides={"command": ["sh", "-c", "echo start; sleep 30; echo stop"]})
    lab.clock.turn(5)
    lab.call("TerminateJob", jobId=job, reason="enough")
    lab.clock.turn(60)
    assert lines(client("logs"), lab.job(job)["container"]["logStreamName"]) == ["start"]


def test_a_command_without_echo_says_that_nothing_is_executed(lab: Lab, client: Client) -> None:
    lab.busy()
    [job] = lab.submit()
    lab.clock.turn(2)
    told = lines(client("logs"), lab.job(job)["container"]["logStreamName"])
    assert told == ["The sandbox executes nothing: sleep 30"]


def test_each_attempt_and_each_child_has_a_stream(lab: Lab, client: Client) -> None:
    lab.busy()
    failing = {"containerOverrides": {"command": ["sh", "-c", "echo try; exit 3"]}, "retryStrategy": {"attempts": 2}}
    [job] = lab.submit(**failing)
    [array] = lab.submit(arrayProperties={"size": 2})
    lab.clock.turn(300)
    streams = [each["container"]["logStreamName"] for each in lab.job(job)["attempts"]]
    streams += [lab.job(f"{array}:{index}")["container"]["logStreamName"] for index in range(2)]
    logs = client("logs")
    assert all(lines(logs, stream) for stream in streams)
    found = logs.describe_log_streams(logGroupName=GROUP)["logStreams"]
    assert sorted(each["logStreamName"] for each in found) == sorted(set(streams))


def test_a_definition_chooses_group_and_prefix(lab: Lab, client: Client) -> None:
    lab.busy()
    options = {"awslogs-group": "/mine", "awslogs-stream-prefix": "night"}
    lab.call("RegisterJobDefinition", **lab.container(logConfiguration={"logDriver": "awslogs", "options": options}))
    [job] = lab.submit()
    lab.call("RegisterJobDefinition", **lab.container(logConfiguration={"logDriver": "json-file"}))
    [silent] = lab.submit()
    lab.clock.turn(2)
    stream = lab.job(job)["container"]["logStreamName"]
    assert stream.startswith("night/default/")
    assert len(lines(client("logs"), stream, "/mine")) == 1
    assert "logStreamName" not in lab.job(silent)["container"]


def test_each_container_of_a_task_has_a_stream(lab: Lab, client: Client) -> None:
    lab.busy()
    needs = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "128"}]
    containers = [{"name": name, "image": "busybox", "resourceRequirements": needs} for name in ("main", "side")]
    body = {"taskProperties": [{"containers": containers}]}
    lab.call("RegisterJobDefinition", jobDefinitionName="pair", type="container", ecsProperties=body)
    [job] = lab.submit(jobDefinition="pair")
    lab.clock.turn(120)
    seen = lab.job(job)
    [task] = seen["ecsProperties"]["taskProperties"]
    [ended] = seen["attempts"][0]["taskProperties"]
    assert [each["name"] for each in ended["containers"]] == ["main", "side"]
    assert {each["exitCode"] for each in (*ended["containers"], *task["containers"])} == {0}
    assert task["taskArn"] == ended["taskArn"]
    for each in task["containers"]:
        assert lines(client("logs"), each["logStreamName"])


def test_a_group_that_a_client_deletes_does_not_come_back(lab: Lab, client: Client) -> None:
    lab.busy()
    lab.submit()
    lab.clock.turn(2)
    logs = client("logs")
    assert len(logs.describe_log_groups()["logGroups"]) == 1
    logs.delete_log_group(logGroupName=GROUP)
    assert logs.describe_log_groups()["logGroups"] == []
    lab.submit()
    lab.clock.turn(2)
    assert len(logs.describe_log_streams(logGroupName=GROUP)["logStreams"]) == 1


def test_the_cluster_of_an_environment_lives_as_long_as_it(lab: Lab, client: Client) -> None:
    ecs = client("ecs")
    ecs.create_cluster(clusterName="mine")
    lab.call("CreateComputeEnvironment", computeEnvironmentName="own", type="UNMANAGED", serviceRole="batch")
    made = (lab.environment("spot"), lab.environment("serverless", **lab.fargate()), lab.see("own"))
    arns = [each["ecsClusterArn"] for each in made]
    seen = ecs.describe_clusters(clusters=arns)
    assert [(each["clusterArn"], each["status"]) for each in seen["clusters"]] == [(arn, "ACTIVE") for arn in arns]
    assert set(arns) < set(ecs.list_clusters()["clusterArns"])
    lab.disable("spot")
    lab.call("DeleteComputeEnvironment", computeEnvironment="spot")
    assert len(ecs.describe_clusters(clusters=arns)["clusters"]) == 3
    lab.settle()
    [missing] = ecs.describe_clusters(clusters=arns)["failures"]
    assert (missing["arn"], missing["reason"]) == (arns[0], "MISSING")
    assert any(arn.endswith("cluster/mine") for arn in ecs.list_clusters()["clusterArns"])


def test_accounts_and_regions_have_logs_of_their_own(lab: Lab) -> None:
    lab.busy()
    lab.submit()
    lab.clock.turn(2)
    for account, region in (("210987654321", REGION), ("123456789012", "eu-west-1")):
        other = boto3.Session(botocore_session=sandbox_session(lab.simulator, region, account))
        assert other.client("logs").describe_log_groups()["logGroups"] == []
        assert other.client("ecs").list_clusters()["clusterArns"] == []
    _forget_moto()
