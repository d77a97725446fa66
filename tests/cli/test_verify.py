"""`verify` and `apply --verify` on a served sandbox, in which moto has what a stack refers to."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from reconciler.calls import is_read
from reconciler.model import Json
from reconciler.problems import Exit
from tests.cli.conftest import SMALL, Run, write
from tests.serving import client_of

REGION = "us-east-1"
TRUST = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"},
                                                 "Action": "sts:AssumeRole"}]}  # fmt: skip
RIGHTS = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
VERIFIED = """\
stack: verified
region: us-east-1
computeEnvironments:
  fargate:
    type: MANAGED
    computeResources:
      type: FARGATE
      maxvCpus: 16
      subnets: [{subnet}, subnet-0bad0bad]
      securityGroupIds: [{group}]
jobQueues:
  pricing: {{priority: 1, computeEnvironmentOrder: [fargate]}}
defaults:
  jobDefinitions:
    type: container
    platformCapabilities: [FARGATE]
    containerProperties:
      executionRoleArn: arn:aws:iam::123456789012:role/execution
      resourceRequirements: [{{type: VCPU, value: 1}}, {{type: MEMORY, value: 2048}}]
jobDefinitions:
  good:
    containerProperties:
      image: 123456789012.dkr.ecr.us-east-1.amazonaws.com/job:1.0
      secrets: [{{name: PASSWORD, valueFrom: "{secret}"}}, {{name: USER_NAME, valueFrom: /db/user}}]
      logConfiguration: {{logDriver: awslogs, options: {{awslogs-group: /own}}}}
  wrong:
    containerProperties:
      image: 123456789012.dkr.ecr.us-east-1.amazonaws.com/job:2.0
      jobRoleArn: arn:aws:iam::123456789012:role/nobody
      secrets: [{{name: PASSWORD, valueFrom: /db/password}}]
  elsewhere: {{containerProperties: {{image: "busybox:1"}}}}
"""


@pytest.fixture
def world(run: Run, port: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A served sandbox with most of what the stack refers to."""
    url = f"http://127.0.0.1:{port}"
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "y")

    def client(service: str) -> Json:
        return client_of(url, service, REGION)

    ec2, ecr = client("ec2"), client("ecr")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    (table,) = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"]
    ec2.create_route(RouteTableId=table["RouteTableId"], DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    group = ec2.create_security_group(GroupName="jobs", Description="jobs", VpcId=vpc)["GroupId"]
    client("iam").create_role(RoleName="execution", AssumeRolePolicyDocument=json.dumps(TRUST))
    client("iam").put_role_policy(RoleName="execution", PolicyName="all", PolicyDocument=json.dumps(RIGHTS))
    secret = client("secretsmanager").create_secret(Name="db", SecretString="hunter2")["ARN"]
    client("ssm").put_parameter(Name="/db/user", Value="scott", Type="SecureString")
    client("logs").create_log_group(logGroupName="/own")
    ecr.create_repository(repositoryName="job")
    manifests = [{"platform": {"architecture": "amd64", "os": "linux"}, "digest": "sha256:" + "a" * 64, "size": 1,
                  "mediaType": "application/vnd.oci.image.manifest.v1+json"}]  # fmt: skip
    index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": manifests}
    ecr.put_image(repositoryName="job", imageTag="1.0", imageManifest=json.dumps(index),
                  imageManifestMediaType="application/vnd.oci.image.index.v1+json")  # fmt: skip
    write("verified", VERIFIED.format(subnet=subnet, group=group, secret=secret))
    return run


def test_what_exists_is_ok_and_what_does_not_fails_and_nothing_is_applied_then(world: Run, made: list[str]) -> None:
    files = {name: Path(f"found.{name}") for name in ("json", "junit", "sarif", "github", "markdown")}
    ran = world("verify", "verified", "-o", "text", *(f"-o{name}={file}" for name, file in files.items()))
    document = json.loads(files["json"].read_text(encoding="utf-8"))
    found = document["findings"]
    counts = {word: [each["result"] for each in found].count(word) for word in ("ok", "fail", "unknown")}
    warnings = sum(each["warning"] for each in found)
    assert document["summary"] == {**counts, "warnings": warnings}
    said = ", ".join(f"{count} {word}" for word, count in counts.items())
    assert (ran.code, ran.last) == (Exit.REFUSED, f"Verify: {said} ({warnings} warnings).")
    assert {each["check"] for each in found if each["result"] == "ok"} >= {
        "security-groups", "execution-role", "image", "image-platform", "secrets", "parameters", "log-group",
    }  # fmt: skip
    for text in (
        "computeResources.subnets[1]: subnet subnet-0bad0bad does not exist",
        "containerProperties.image: image job:2.0 does not exist",
        "role arn:aws:iam::123456789012:role/nobody does not exist (NoSuchEntity)",
        "parameter /db/password does not exist",
        "busybox:1 is not in ECR",
    ):
        assert text in " ".join(ran.out.split())
    assert any("and the quota is 6 (L-3032A538)" in each["message"] for each in found)
    failed = [each for each in found if each["result"] == "fail"]
    assert [(each["address"], each["check"], each["line"] is not None) for each in failed] == [
        ("ComputeEnvironment/fargate", "subnets", True), ("JobDefinition/wrong", "job-role", True),
        ("JobDefinition/wrong", "image", True), ("JobDefinition/wrong", "parameters", True),
    ]  # fmt: skip
    assert all(each["file"] == "verified/stack.yaml" and each["hint"] for each in failed)
    suites = ET.fromstring(files["junit"].read_text(encoding="utf-8"))
    shown = [suites.get("failures"), len(suites.findall(".//skipped")), len(suites.findall(".//testcase"))]
    assert shown == ["4", counts["unknown"], len(found)]
    sarif = json.loads(files["sarif"].read_text(encoding="utf-8"))["runs"][0]["results"]
    assert [each["level"] for each in sarif].count("error") == 4
    assert {each["ruleId"] for each in sarif} >= {"verify/subnets", "verify/image", "verify/parameters"}
    assert files["github"].read_text(encoding="utf-8").count("::error file=verified/stack.yaml,line=") == 4
    assert f"### Verify: {said}" in files["markdown"].read_text(encoding="utf-8")
    everything = ran.out + ran.err + "".join(file.read_text(encoding="utf-8") for file in files.values())
    assert "hunter2" not in everything
    assert "scott" not in everything

    applied = world("apply", "verified", "--verify", "--yes", "-o", "json")
    assert (applied.code, applied.json["error"]["kind"]) == (Exit.REFUSED, "Refused")
    assert "subnet subnet-0bad0bad does not exist" in applied.err
    assert all(map(is_read, made))

    stack = Path("verified/stack.yaml").read_text(encoding="utf-8").replace(", subnet-0bad0bad", "")
    write("verified", stack[: stack.index("  wrong:")])
    verbose = world("verify", "verified", "-v")
    assert (verbose.code, " 0 fail," in verbose.last) == (Exit.DONE, True)
    assert "containerProperties.secrets[0].valueFrom: exists; its value is not read" in verbose.out
    assert world("apply", "verified", "--verify", "--yes").code == Exit.DONE
    assert not all(map(is_read, made))


def test_in_the_process_what_is_outside_of_batch_is_unknown_and_strict_fails_for_it(run: Run) -> None:
    ran = run("verify", "small", "--sandbox")
    assert (ran.code, ran.out) == (Exit.DONE, "Verify: 0 ok, 0 fail, 0 unknown.\n")
    found = run("verify", "risk", "--sandbox", "-o", "json").json
    assert {each["result"] for each in found["findings"] if each["check"][-7:] != "-number"} == {"unknown"}
    assert any("reconciler sandbox serve" in each["hint"] for each in found["findings"])
    assert run("verify", "risk", "--sandbox", "--strict").code == Exit.REFUSED
    assert run("apply", "risk", "--sandbox", "--verify", "--yes").code == Exit.DONE


def test_an_account_that_cannot_be_reached_is_exit_4(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("verify", "risk").code == Exit.DENIED  # no credentials
    for name, value in {"ENDPOINT_URL": "http://127.0.0.1:9", "ACCESS_KEY_ID": "x", "SECRET_ACCESS_KEY": "y"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    ran = run("verify", "risk", "--region", "us-east-1")
    assert (ran.code, "the account of the stack cannot be reached: GetCallerIdentity" in ran.err) == (Exit.DENIED, True)


def test_the_policy_has_the_rights_of_the_checks_of_the_stack_and_no_others(run: Run) -> None:
    write("small", SMALL)
    assert run("iam-policy", "small", "--for", "verify", "-o", "json").json["Statement"] == []
    (statement,) = run("iam-policy", "risk", "--for", "verify", "-o", "json").json["Statement"]
    assert statement["Action"] == [
        "batch:DescribeComputeEnvironments", "batch:DescribeJobQueues", "ec2:DescribeRouteTables",
        "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcEndpoints", "iam:GetRole",
        "iam:ListAttachedRolePolicies", "iam:SimulatePrincipalPolicy", "servicequotas:ListServiceQuotas",
    ]  # fmt: skip
