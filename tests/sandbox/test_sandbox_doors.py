"""The doors into the sandbox, botocore and HTTP; and that there is no door out of it."""

import socket
import urllib.request
from pathlib import Path

import boto3
import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError

from reconciler.problems import Stopped, WrongUsage
from reconciler.sandbox.core.clock import TurnableClock
from reconciler.sandbox.core.faults import Failure, FaultRule, Faults
from reconciler.sandbox.core.service import Simulator
from reconciler.sandbox.server.http import sandbox_server, serve
from reconciler.sandbox.session import attach, open_sandbox, sandbox_session
from tests.serving import ONCE, client_of, running

KEYS = {"aws_access_key_id": "x", "aws_secret_access_key": "y"}


@pytest.fixture(name="simulator")
def _simulator():
    return Simulator(TurnableClock())


@pytest.fixture(name="server")
def _server(simulator):
    with running(simulator) as url:
        yield url


def lived(batch):
    """A short life through boto3, which checks requests and parses answers on its own."""
    batch.create_scheduling_policy(name="fair", tags={"a/b": "c d"}, fairsharePolicy={"shareDecaySeconds": 60})
    [arn] = [
        each["arn"]
        for page in batch.get_paginator("list_scheduling_policies").paginate()
        for each in page["schedulingPolicies"]
    ]
    batch.tag_resource(resourceArn=arn, tags={"e": "é"})
    batch.untag_resource(resourceArn=arn, tagKeys=["a/b"])
    [seen] = batch.describe_scheduling_policies(arns=[arn])["schedulingPolicies"]
    return seen


def test_boto3_works_on_the_simulator(simulator):
    batch = boto3.Session(botocore_session=sandbox_session(simulator, "eu-west-1")).client("batch")
    assert lived(batch) == {
        "name": "fair",
        "arn": "arn:aws:batch:eu-west-1:123456789012:scheduling-policy/fair",
        "fairsharePolicy": {"shareDecaySeconds": 60},
        "tags": {"e": "é"},
    }


def test_boto3_and_the_port_get_the_same_answers(simulator, make_lab):
    lab = make_lab()
    batch = sandbox_session(lab.simulator, "us-east-1").create_client("batch")
    lab.environment("spot", **lab.ec2("spot", instanceTypes=["m6i"], subnets=["s"]))
    lab.queue("main", "spot")
    lab.call("RegisterJobDefinition", **lab.container())
    for operation, method in (
        ("DescribeComputeEnvironments", batch.describe_compute_environments),
        ("DescribeJobQueues", batch.describe_job_queues),
        ("DescribeJobDefinitions", batch.describe_job_definitions),
    ):
        answer = method()
        del answer["ResponseMetadata"]
        assert answer == lab.call(operation)


def test_a_refusal_is_a_client_error_in_boto3(simulator):
    batch = sandbox_session(simulator, "us-east-1").create_client("batch")
    with pytest.raises(ClientError, match="nobody does not exist") as caught:
        batch.delete_job_queue(jobQueue="nobody")
    assert caught.value.response["Error"]["Code"] == "ClientException"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_a_lost_answer_is_a_closed_connection_in_boto3():
    rules = (FaultRule(failure=Failure.LOST_ANSWER, operation="Create*"),)
    simulator = Simulator(TurnableClock(), faults=Faults(rules))
    batch = sandbox_session(simulator, "us-east-1").create_client("batch", config=ONCE)
    with pytest.raises(ConnectionClosedError):
        batch.create_scheduling_policy(name="fair")
    assert len(batch.list_scheduling_policies()["schedulingPolicies"]) == 1


def test_who_am_i_is_answered_by_the_sandbox(simulator):
    sts = sandbox_session(simulator, "us-east-1", "210987654321").create_client("sts")
    assert sts.get_caller_identity()["Account"] == "210987654321"


@pytest.fixture(name="opened")
def _opened(monkeypatch):
    """The sockets that anybody opened: none can be, and each attempt is noted, also one whose failure is swallowed."""
    opened = []

    def refuse(*arguments, **_options):
        opened.append(arguments)
        raise OSError("sealed")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    return opened


# 192.0.2.0/24 is documentation space (RFC 5737): nobody is there.
ESCAPES = {
    "endpoint": {"AWS_ENDPOINT_URL": "http://192.0.2.1"},
    "service endpoint": {"AWS_ENDPOINT_URL_BATCH": "http://192.0.2.1:1"},
    "broken endpoint": {"AWS_ENDPOINT_URL": "nowhere"},
    "profile": {"AWS_PROFILE": "nobody", "AWS_DEFAULT_PROFILE": "nobody"},
    "proxy": {"HTTPS_PROXY": "http://192.0.2.1:3128", "HTTP_PROXY": "http://192.0.2.1:3128"},
    "dual stack": {"AWS_USE_DUALSTACK_ENDPOINT": "true"},
    "fips": {"AWS_USE_FIPS_ENDPOINT": "true"},
    "instance metadata": {"AWS_DEFAULTS_MODE": "auto", "AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://192.0.2.1"},
    "monitoring": {"AWS_CSM_ENABLED": "true", "AWS_CSM_HOST": "192.0.2.1"},
    "container credentials": {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://192.0.2.1"},
    "web identity": {"AWS_WEB_IDENTITY_TOKEN_FILE": "/nowhere", "AWS_ROLE_ARN": "arn:aws:iam::1:role/a"},
    "certificates": {"AWS_CA_BUNDLE": "/nowhere"},
}


@pytest.mark.parametrize("way", ESCAPES)
def test_nothing_in_the_environment_leads_out(simulator, monkeypatch, opened, way):
    for name, value in ESCAPES[way].items():
        monkeypatch.setenv(name, value)
    session = sandbox_session(simulator, "us-east-1")
    assert session.create_client("batch").describe_job_queues()["jobQueues"] == []
    assert session.create_client("sts").get_caller_identity()["Account"] == "123456789012"
    assert [operation for operation, _ in simulator.calls] == ["DescribeJobQueues"]
    assert opened == []


# A call of each service that `sandbox serve` offers.
AROUND = {
    "cloudformation": ("describe_stacks", {}),
    "ec2": ("describe_subnets", {}),
    "ecr": ("describe_repositories", {}),
    "iam": ("list_roles", {}),
    "resourcegroupstaggingapi": ("get_resources", {}),
    "secretsmanager": ("list_secrets", {}),
    "ssm": ("describe_parameters", {}),
    "sts": ("assume_role", {"RoleArn": "arn:aws:iam::1:role/deploy", "RoleSessionName": "me"}),
}


@pytest.mark.parametrize("service", AROUND)
@pytest.mark.parametrize("endpoint", ["https://192.0.2.1", ""])
def test_another_service_is_refused_by_name_with_the_way_out(simulator, monkeypatch, opened, service, endpoint):
    if endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    operation, request = AROUND[service]
    client = sandbox_session(simulator, "us-east-1").create_client(service)
    with pytest.raises(Stopped) as caught:
        getattr(client, operation)(**request)
    called = client.meta.method_to_api_mapping[operation]
    assert caught.value.message.endswith(f" {called}")
    assert caught.value.message.startswith("the sandbox does not answer ")
    assert "reconciler sandbox serve" in caught.value.hint
    assert opened == []


def test_a_session_that_is_not_the_sandboxs_would_be_noticed(monkeypatch, opened):
    monkeypatch.setenv("AWS_CSM_ENABLED", "true")
    with pytest.raises(OSError, match="sealed"):
        botocore.session.Session().create_client("batch", "us-east-1", **KEYS)
    monkeypatch.delenv("AWS_CSM_ENABLED")
    with pytest.raises(EndpointConnectionError):
        botocore.session.Session().create_client("batch", "us-east-1", config=ONCE, **KEYS).describe_job_queues()
    assert len(opened) == 2


def test_nothing_in_the_users_files_leads_out(simulator, monkeypatch, opened, tmp_path: Path):
    (tmp_path / "config").write_text(
        "[default]\nregion = eu-west-1\nendpoint_url = http://192.0.2.1\ncredential_process = /bin/false\n"
        "role_arn = arn:aws:iam::1:role/a\nsource_profile = default\nuse_dualstack_endpoint = true\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "config"))
    session = sandbox_session(simulator, "us-east-1")
    batch = session.create_client("batch")
    assert batch.describe_job_queues()["jobQueues"] == []
    assert batch.meta.region_name == "us-east-1"
    assert session.get_credentials().access_key == "sandbox"
    assert opened == []


def test_an_explicit_endpoint_does_not_lead_out_either(simulator, opened):
    session = botocore.session.Session()
    session.set_credentials("x", "y")
    attach(session, simulator, "123456789012", "us-east-1")
    config = Config(use_dualstack_endpoint=True, proxies={"https": "http://192.0.2.1:3128"})
    assert session.create_client("batch", "us-east-1", config=config).describe_job_queues()["jobQueues"] == []
    elsewhere = session.create_client("batch", "us-east-1", endpoint_url="https://192.0.2.1/")
    assert elsewhere.describe_job_queues()["jobQueues"] == []
    assert opened == []


def test_boto3_works_over_http_with_the_region_of_the_signature(server):
    seen = lived(client_of(server))
    assert seen["arn"] == "arn:aws:batch:eu-west-1:123456789012:scheduling-policy/fair"


def test_who_am_i_is_answered_over_http(server):
    assert client_of(server, "sts").get_caller_identity()["Account"] == "123456789012"


def test_a_header_chooses_the_account_and_no_signature_means_the_default_region(server):
    headers = {"x-moto-account-id": "210987654321"}
    asked = urllib.request.Request(f"{server}/v1/createschedulingpolicy", b'{"name": "p"}', headers)
    with urllib.request.urlopen(asked) as answer:
        assert b"arn:aws:batch:us-east-1:210987654321:scheduling-policy/p" in answer.read()


def test_a_lost_answer_is_a_closed_connection_over_http(simulator, server):
    simulator.faults = Faults([FaultRule(failure=Failure.LOST_ANSWER, operation="Create*", first=1)])
    batch = client_of(server)
    with pytest.raises(ConnectionClosedError):
        batch.create_scheduling_policy(name="fair")
    assert len(batch.list_scheduling_policies()["schedulingPolicies"]) == 1


def test_a_damaged_file_is_an_error_of_the_server(tmp_path: Path):
    file = tmp_path / "sandbox.json"
    simulator = open_sandbox(str(file))
    file.write_text("what?\n" * 100)
    with running(simulator) as url, pytest.raises(ClientError, match="is not a file of this sandbox") as caught:
        client_of(url).describe_job_queues()
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500


def test_one_connection_serves_many_calls(simulator, server):
    batch = client_of(server)
    for _ in range(20):
        batch.describe_job_queues()
    assert len(simulator.calls) == 20


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com"])
def test_the_server_listens_on_this_machine_only(simulator, host):
    with pytest.raises(WrongUsage, match="listens only on this machine"):
        sandbox_server(simulator, 0, host=host)


def test_serving_tells_its_address_when_it_is_ready(simulator):
    def ready(url):
        assert url.startswith("http://127.0.0.1:")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        serve(simulator, 0, ready=ready)


def test_services_around_batch_come_from_moto_over_http(server):
    pytest.importorskip("moto")
    iam = client_of(server, "iam", "us-east-1")
    trust = '{"Version": "2012-10-17", "Statement": []}'
    iam.create_role(RoleName="batch", AssumeRolePolicyDocument=trust)
    assert [role["RoleName"] for role in iam.list_roles()["Roles"]] == ["batch"]
