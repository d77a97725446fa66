"""The services around Batch behind the sandbox's one endpoint, each asked by boto3; and what is not served."""

import json
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator

import pytest
from botocore.exceptions import ClientError

from reconciler.model import Json
from reconciler.sandbox.core.clock import TurnableClock
from reconciler.sandbox.core.service import Simulator
from tests.serving import client_of, running

REGION = "us-east-1"
TRUST = '{"Version": "2012-10-17", "Statement": []}'
Clients = Callable[..., Json]


@pytest.fixture(name="url")
def _url() -> Iterator[str]:
    pytest.importorskip("moto.server")
    with running(Simulator(TurnableClock())) as url:
        yield url


@pytest.fixture(name="client")
def _client(url: str) -> Clients:
    return lambda service, region=REGION, **more: client_of(url, service, region, **more)


def refusal(call: Callable[[], object]) -> tuple[str, str, int]:
    """The code, the message and the status of an error."""
    with pytest.raises(ClientError) as caught:
        call()
    answer = caught.value.response
    return answer["Error"]["Code"], answer["Error"]["Message"], answer["ResponseMetadata"]["HTTPStatusCode"]


def test_iam_keeps_roles_and_instance_profiles(client: Clients) -> None:
    iam = client("iam")
    iam.create_role(RoleName="workers", AssumeRolePolicyDocument=TRUST)
    iam.create_instance_profile(InstanceProfileName="workers")
    iam.add_role_to_instance_profile(InstanceProfileName="workers", RoleName="workers")
    [role] = iam.get_instance_profile(InstanceProfileName="workers")["InstanceProfile"]["Roles"]
    assert role["Arn"] == "arn:aws:iam::123456789012:role/workers"
    assert refusal(lambda: iam.get_role(RoleName="nobody"))[0] == "NoSuchEntity"


def test_ec2_keeps_networks_and_launch_templates_and_knows_instance_types(client: Clients) -> None:
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="batch", Description="jobs", VpcId=vpc)["GroupId"]
    ec2.create_launch_template(LaunchTemplateName="disk", LaunchTemplateData={"EbsOptimized": True})
    assert ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]["VpcId"] == vpc
    assert ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["VpcId"] == vpc
    [version] = ec2.describe_launch_template_versions(LaunchTemplateName="disk")["LaunchTemplateVersions"]
    assert version["LaunchTemplateData"] == {"EbsOptimized": True}
    [kind] = ec2.describe_instance_types(InstanceTypes=["m6i.large"])["InstanceTypes"]
    assert kind["VCpuInfo"]["DefaultVCpus"] == 2
    assert refusal(lambda: ec2.describe_subnets(SubnetIds=["subnet-0"]))[0] == "InvalidSubnetID.NotFound"


def test_ecr_keeps_repositories_and_images(client: Clients) -> None:
    ecr = client("ecr")
    ecr.create_repository(repositoryName="jobs/simulate")
    kind = "application/vnd.docker.distribution.manifest.v2+json"
    config = {"mediaType": kind, "size": 1, "digest": f"sha256:{'a' * 64}"}
    manifest = json.dumps({"schemaVersion": 2, "mediaType": kind, "config": config, "layers": []})
    ecr.put_image(repositoryName="jobs/simulate", imageTag="1", imageManifest=manifest)
    [image] = ecr.describe_images(repositoryName="jobs/simulate", imageIds=[{"imageTag": "1"}])["imageDetails"]
    assert image["imageTags"] == ["1"]
    missing = refusal(lambda: ecr.describe_images(repositoryName="jobs/simulate", imageIds=[{"imageTag": "2"}]))
    assert missing[0] == "ImageNotFoundException"


def test_ssm_keeps_parameters(client: Clients) -> None:
    ssm = client("ssm")
    ssm.put_parameter(Name="/subnets", Value="subnet-1,subnet-2", Type="StringList")
    ssm.put_parameter(Name="/password", Value="hush", Type="SecureString")
    assert ssm.get_parameter(Name="/subnets")["Parameter"]["Value"] == "subnet-1,subnet-2"
    assert ssm.get_parameter(Name="/password", WithDecryption=True)["Parameter"]["Value"] == "hush"
    assert refusal(lambda: ssm.get_parameter(Name="/nope"))[0] == "ParameterNotFound"


def test_secrets_manager_keeps_secrets(client: Clients) -> None:
    secrets = client("secretsmanager")
    arn = secrets.create_secret(Name="db", SecretString='{"dsn": "x"}')["ARN"]
    assert secrets.get_secret_value(SecretId="db")["SecretString"] == '{"dsn": "x"}'
    assert secrets.describe_secret(SecretId=arn)["Name"] == "db"
    assert refusal(lambda: secrets.get_secret_value(SecretId="nope"))[0] == "ResourceNotFoundException"


NETWORK = {
    "Resources": {"Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}}},
    "Outputs": {"Vpc": {"Value": {"Ref": "Vpc"}}},
}


def test_cloudformation_creates_stacks_with_outputs(client: Clients) -> None:
    cfn = client("cloudformation")
    cfn.create_stack(StackName="network", TemplateBody=json.dumps(NETWORK))
    [stack] = cfn.describe_stacks(StackName="network")["Stacks"]
    [vpc] = client("ec2").describe_vpcs(Filters=[{"Name": "is-default", "Values": ["false"]}])["Vpcs"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert stack["Outputs"] == [{"OutputKey": "Vpc", "OutputValue": vpc["VpcId"]}]
    assert refusal(lambda: cfn.describe_stacks(StackName="nope"))[0] == "ValidationError"


def test_a_stack_tells_the_errors_of_services_that_speak_json(client: Clients) -> None:
    system = {"Type": "AWS::EFS::FileSystem", "Properties": {}}
    target = {"FileSystemId": {"Ref": "Files"}, "SubnetId": "subnet-0", "SecurityGroups": ["sg-0"]}
    mount = {"Type": "AWS::EFS::MountTarget", "Properties": target}
    body = json.dumps({"Resources": {"Files": system, "Mount": mount}})
    told = refusal(lambda: client("cloudformation").create_stack(StackName="files", TemplateBody=body))
    assert told[:2] == ("SubnetNotFound", "The subnet ID 'subnet-0' does not exist")


def test_eventbridge_keeps_rules_that_start_jobs(client: Clients) -> None:
    events = client("events")
    queue = f"arn:aws:batch:{REGION}:123456789012:job-queue/nightly"
    start = {"JobDefinition": "simulate", "JobName": "nightly"}
    role = "arn:aws:iam::123456789012:role/events"
    events.put_rule(Name="nightly", ScheduleExpression="rate(1 day)")
    events.put_targets(Rule="nightly", Targets=[{"Id": "1", "Arn": queue, "RoleArn": role, "BatchParameters": start}])
    [target] = events.list_targets_by_rule(Rule="nightly")["Targets"]
    assert (target["Arn"], target["BatchParameters"]) == (queue, start)
    assert refusal(lambda: events.describe_rule(Name="nope"))[0] == "ResourceNotFoundException"


def test_cloudwatch_logs_keeps_groups_and_streams(client: Clients) -> None:
    logs = client("logs")
    logs.create_log_group(logGroupName="/aws/batch/job")
    logs.create_log_stream(logGroupName="/aws/batch/job", logStreamName="simulate/default/1")
    [group] = logs.describe_log_groups(logGroupNamePrefix="/aws/batch")["logGroups"]
    [stream] = logs.describe_log_streams(logGroupName="/aws/batch/job")["logStreams"]
    assert (group["logGroupName"], stream["logStreamName"]) == ("/aws/batch/job", "simulate/default/1")


def test_an_assumed_role_is_somebody_in_its_account(client: Clients) -> None:
    role = "arn:aws:iam::210987654321:role/deploy"
    given = client("sts").assume_role(RoleArn=role, RoleSessionName="me")["Credentials"]
    mine = {"key": given["AccessKeyId"], "token": given["SessionToken"]}
    who = client("sts", **mine).get_caller_identity()
    assert (who["Account"], who["Arn"]) == ("210987654321", "arn:aws:sts::210987654321:assumed-role/deploy/me")
    arn = client("batch", **mine).create_scheduling_policy(name="fair")["arn"]
    assert arn == f"arn:aws:batch:{REGION}:210987654321:scheduling-policy/fair"
    client("iam", **mine).create_role(RoleName="theirs", AssumeRolePolicyDocument=TRUST)
    assert client("batch").list_scheduling_policies()["schedulingPolicies"] == []
    assert client("iam").list_roles()["Roles"] == []
    assert client("sts").get_caller_identity()["Account"] == "123456789012"


def test_a_web_identity_assumes_a_role_without_a_signature(client: Clients) -> None:
    role = "arn:aws:iam::210987654321:role/ci"
    token = "t" * 30
    given = client("sts").assume_role_with_web_identity(RoleArn=role, RoleSessionName="run", WebIdentityToken=token)
    key = given["Credentials"]["AccessKeyId"]
    assert client("sts", key=key).get_caller_identity()["Account"] == "210987654321"


@pytest.mark.parametrize(
    ("service", "ask", "named"),
    [
        ("braket", lambda it: it.get_device(deviceArn="a"), "braket GET /device/a"),
        ("iam", lambda it: it.get_organizations_access_report(JobId="a" * 36), "iam GetOrganizationsAccessReport"),
        ("ec2", lambda it: it.describe_fpga_images(), "ec2 DescribeFpgaImages"),
        ("ecr", lambda it: it.get_account_setting(name="a"), "ecr GetAccountSetting"),
        ("ssm", lambda it: it.list_nodes(), "ssm ListNodes"),
        ("eks", lambda it: it.list_insights(clusterName="a"), "eks POST /clusters/a/insights"),
        ("resourcegroupstaggingapi", lambda it: it.get_compliance_summary(), "tagging GetComplianceSummary"),
    ],
)
def test_what_is_not_served_is_refused_by_name_in_the_words_of_its_protocol(
    client: Clients, service: str, ask: Callable[[Json], object], named: str
) -> None:
    code, message, status = refusal(lambda: ask(client(service)))
    assert (code, status) == ("NotImplemented", 501)
    assert message.startswith(f"the sandbox does not answer {named}")


def test_a_failure_of_moto_is_an_error_and_no_torn_connection(client: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_arguments: object, **_more: object) -> None:
        raise KeyError("oops")

    monkeypatch.setattr("moto.ssm.models.SimpleSystemManagerBackend.get_parameter", broken)
    told = refusal(lambda: client("ssm").get_parameter(Name="/a"))
    assert told == ("InternalFailure", "the sandbox failed at ssm GetParameter (KeyError: 'oops')", 500)


@pytest.mark.parametrize("path", ["/", "/moto-api/data.json", "/latest/meta-data/iam/", "/bucket/key"])
def test_nobody_without_a_signature_is_served_by_moto(url: str, path: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"{url}{path}")
    with caught.value as answer:
        assert answer.status == 403
        assert b"the request has no signature" in answer.read()


def test_the_back_doors_of_moto_are_closed_with_a_signature_too(url: str) -> None:
    signed = {"authorization": f"AWS4-HMAC-SHA256 Credential=x/20260101/{REGION}/logs/aws4_request"}
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(urllib.request.Request(f"{url}/moto-api/seed", b"", signed))
    with caught.value as answer:
        assert (answer.status, b"does not answer logs POST /moto-api/seed" in answer.read()) == (501, True)


@pytest.mark.parametrize("service", ["ec2", "iam", "ssm", "eks", "resourcegroupstaggingapi"])
def test_without_moto_every_service_says_what_to_install(monkeypatch: pytest.MonkeyPatch, service: str) -> None:
    monkeypatch.setitem(sys.modules, "moto.server", None)
    asks = {"ec2": "describe_vpcs", "iam": "list_roles", "ssm": "describe_parameters", "eks": "list_clusters"}
    with running(Simulator(TurnableClock())) as url:
        ask = getattr(client_of(url, service, REGION), asks.get(service, "describe_report_creation"))
        code, message, status = refusal(ask)
    assert (code, status) == ("NotImplemented", 501)
    assert message.endswith("requires moto: pip install 'batch-reconciler[sandbox]'")
