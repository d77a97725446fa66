"""Each row of the checks, in a world in which everything is well, and in worlds with one thing wrong."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import pytest

from reconciler.calls import SECRET_ANSWERS, is_read
from reconciler.model import Json, dotted
from reconciler.placement.catalogue import catalogue
from reconciler.problems import CloudError, Fault
from reconciler.verify.base import Finding, VerifyResult
from reconciler.verify.checks import CHECKS, Verification, inquiries_of, verify_stack
from reconciler.verify.images import CACHE_RULES
from tests import verify_page
from tests.builders import CE, JD, JQ, SE
from tests.fakes import HERE
from tests.verify.worlds import (
    NOW,
    FakeServices,
    World,
    ami,
    environment,
    good_stack,
    good_world,
    group,
    image,
    mime,
    mount_target,
    operation_of,
    role,
    route_table,
    subnet,
    template,
    trust,
    with_image,
)

OK, FAIL, UNKNOWN = VerifyResult.OK, VerifyResult.FAIL, VerifyResult.UNKNOWN
WARNING = "warning"
VOLUME = "containerProperties.volumes[0].efsVolumeConfiguration"


def verified(world: World, failing: Mapping[tuple[str, str], CloudError] | None = None) -> Verification:
    return verify_stack(good_stack(), HERE, FakeServices(world, failing or {}), catalogue())


@cache
def well() -> Verification:
    """Return what is found in the good world, which no test changes."""
    return verified(good_world())


def news(verification: Verification) -> list[Finding]:
    return [each for each in verification.findings if each.is_news]


def test_in_a_good_world_every_check_is_ok_and_each_has_something_to_say() -> None:
    found = well()
    assert news(found) == []
    assert {each.check for each in found.findings} == {check.id for check in CHECKS if check.asks}
    assert all(each.message for each in found.findings)


def without(key: str, name: str) -> Callable[[World], None]:
    def change(world: World) -> None:
        if isinstance(world[key], dict):
            del world[key][name]
        else:
            world[key] = [each for each in world[key] if name not in (each, *each.values())] \
                if isinstance(world[key][0], dict) else [each for each in world[key] if each != name]  # fmt: skip

    return change


def with_(key: str, name: str | int, value: Json) -> Callable[[World], None]:
    def change(world: World) -> None:
        world[key][name] = value

    return change


def with_trust(name: str, **more: Json) -> Callable[[World], None]:
    def change(world: World) -> None:
        world["roles"][name]["AssumeRolePolicyDocument"] = trust("lambda", **more)

    return change


def no_policies(world: World) -> None:
    world["policies"] = []


# Where one thing is wrong: the check that finds it, as what, in which resource and field, and a part of the message.
Wrong = tuple[str, Callable[[World], None], str, str, str, str]
WRONGS: tuple[Wrong, ...] = (
    ("service-role", without("roles", "batch"), "fail", f"{CE}/spot", "serviceRole", "does not exist (NoSuchEntity)"),
    ("service-role", with_trust("batch"), "fail", f"{CE}/spot", "serviceRole",
     "does not trust batch.amazonaws.com: it trusts lambda.amazonaws.com"),
    ("service-role", with_("roles", "batch", role("batch", "batch", path="/team/")), "fail", f"{CE}/spot",
     "serviceRole", "batch has a path"),
    ("service-linked-role", without("roles", "AWSServiceRoleForBatch"), "ok", f"{CE}/arm", "",
     "apply needs iam:CreateServiceLinkedRole"),
    ("instance-profile", without("profiles", "ecsInstance"), "fail", f"{CE}/spot", "computeResources.instanceRole",
     "instance profile ecsInstance does not exist (NoSuchEntity)"),
    ("managed-instance-profile", lambda world: world["profiles"]["managed"].update(Roles=[]), "fail", f"{CE}/managed",
     "computeResources.managedInstancesProvider.instanceLaunchTemplate.ec2InstanceProfileArn", "has no role"),
    ("spot-fleet-role", without("roles", "fleet"), "fail", f"{CE}/spot", "computeResources.spotIamFleetRole",
     "does not exist"),
    ("infrastructure-role", with_trust("infrastructure"), "fail", f"{CE}/managed",
     "computeResources.managedInstancesProvider.infrastructureRoleArn", "does not trust ecs.amazonaws.com"),
    ("job-role", without("roles", "job"), "fail", f"{JD}/job", "containerProperties.jobRoleArn", "does not exist"),
    ("job-role", with_trust("job", Principal={"Service": "ecs-tasks.amazonaws.com"},
                            Condition={"StringEquals": {"aws:SourceAccount": "999999999999"}}),
     "fail", f"{JD}/job", "containerProperties.jobRoleArn", "only if StringEquals aws:SourceAccount is 999999999999"),
    ("execution-role", with_trust("execution", Principal={"Service": "ecs-tasks.amazonaws.com"},
                                  Condition={"Bool": {"aws:SecureTransport": "true"}}),
     "unknown", f"{JD}/job", "containerProperties.executionRoleArn", "is not evaluated"),
    ("subnets", lambda world: world.update(subnets=[*world["subnets"][:1], subnet("subnet-2", "us-east-1b", "vpc-2")]),
     "fail", f"{CE}/spot", "computeResources.subnets", "2 VPCs: subnet-1 in vpc-1; subnet-2 in vpc-2"),
    ("subnets", without("subnets", "subnet-2"), "fail", f"{CE}/spot", "computeResources.subnets[1]",
     "subnet subnet-2 does not exist (DescribeSubnets does not list it)"),
    ("subnets", lambda world: world["subnets"][0].update(State="pending"), "fail", f"{CE}/spot",
     "computeResources.subnets[0]", "is pending"),
    ("security-groups", without("groups", "sg-0a1b2c01"), "fail", f"{CE}/spot", "computeResources.securityGroupIds[0]",
     "does not exist"),
    ("security-groups", with_("groups", 0, group("sg-0a1b2c01", "vpc-9")), "fail", f"{CE}/spot",
     "computeResources.securityGroupIds[0]", "is in vpc-9, and the subnets are in vpc-1"),
    ("security-groups", lambda world: world["groups"][0].update(IpPermissionsEgress=[]), WARNING, f"{CE}/spot",
     "computeResources.securityGroupIds", "outgoing HTTPS"),
    ("launch-template", without("templates", "base"), "fail", f"{CE}/templated", "computeResources.launchTemplate",
     "base, version $Default does not exist (InvalidLaunchTemplateName.NotFoundException)"),
    ("launch-template", with_("templates", "arm", template("arm", 2, ImageId="ami-3")), "fail", f"{CE}/arm",
     "computeResources.launchTemplate", "version 3 does not exist (InvalidLaunchTemplateId.VersionNotFound)"),
    ("launch-template", with_("templates", "base", template("base", UserData="IyEvYmluL3NoCg==")), "fail",
     f"{CE}/templated", "computeResources.launchTemplate", "is not a MIME multi-part archive"),
    ("launch-template", with_("templates", "base", template("base", UserData=mime("\n#!/bin/sh"))), WARNING,
     f"{CE}/templated", "computeResources.launchTemplate", "part 1 of the user data"),
    ("launch-template", with_("templates", "base", template("base", InstanceType="m5.large")), WARNING,
     f"{CE}/templated", "computeResources.launchTemplate", "sets InstanceType, which AWS Batch ignores"),
    ("launch-template", with_("templates", "base", template("base", SecurityGroupIds=["sg-2"])), WARNING,
     f"{CE}/templated", "computeResources.launchTemplate", "has security groups, and so has the environment"),
    ("ami", without("amis", "ami-1"), "fail", f"{CE}/spot",
     "computeResources.ec2Configuration[0].imageIdOverride", "AMI ami-1 does not exist"),
    ("ami", without("amis", "ami-2"), "fail", f"{CE}/templated", "computeResources.launchTemplate",
     "AMI ami-2 does not exist"),
    ("ami", with_("amis", 2, ami("ami-3")), "fail", f"{CE}/arm", "computeResources.launchTemplate",
     "is for x86_64, and all instance types are for arm64"),
    ("ami", lambda world: world["amis"][0].update(State="disabled"), "fail", f"{CE}/spot",
     "computeResources.ec2Configuration[0].imageIdOverride", "is disabled"),
    ("instance-types", lambda world: world["offerings"].update({"m5.large": ["us-east-1f"]}), "fail", f"{CE}/spot",
     "computeResources.instanceTypes[1]", "zones of the subnets (us-east-1a, us-east-1b), but in us-east-1f"),
    ("instance-types",
     lambda world: world.update(offerings={k: v for k, v in world["offerings"].items() if k[:4] != "c6g."}),
     "fail", f"{CE}/arm", "computeResources.instanceTypes[0]", "c6g is not offered in us-east-1"),
    ("key-pair", without("keys", "ops"), "fail", f"{CE}/spot", "computeResources.ec2KeyPair", "does not exist"),
    ("placement-group", without("placement groups", "fast"), "fail", f"{CE}/spot", "computeResources.placementGroup",
     "does not exist"),
    ("placement-group", lambda world: world["placement groups"][0].update(Strategy="cluster"), WARNING, f"{CE}/spot",
     "computeResources.placementGroup", "us-east-1a, us-east-1b"),
    ("routes", with_("route tables", 0, route_table()), "fail", f"{CE}/plain", "computeResources.subnets",
     "has no route to 0.0.0.0/0, and its VPC lacks the endpoints ecs, ecs-agent, ecs-telemetry, ecr.api, ecr.dkr"),
    ("routes", with_("route tables", 0, route_table()), WARNING, f"{CE}/fargate", "computeResources.subnets",
     "lacks the endpoints ecr.api, ecr.dkr, logs, s3"),
    ("routes", with_("route tables", 0, route_table(GatewayId="igw-1")), "fail", f"{CE}/plain",
     "computeResources.subnets", "gives instances a public address"),
    ("routes", with_("route tables", 0, route_table(GatewayId="igw-1")), "warning", f"{CE}/spot",
     "computeResources.subnets", "subnet-1 is public, but neither it nor a launch template"),
    ("routes", with_("route tables", 0, {**route_table(), "Routes": [{"TransitGatewayId": "tgw-1"}]}), "unknown",
     f"{CE}/fargate", "computeResources.subnets", "lead out of the VPC"),
    ("image-updates", with_("environments", 0, with_image("spot", batchImageStatus="UPDATE_AVAILABLE")), WARNING,
     f"{CE}/spot", "computeResources", "a newer ECS_AL2023 image exists"),
    ("image-updates", with_("environments", 0, with_image("spot", imageType="ECS_AL2")), WARNING,
     f"{CE}/spot", "computeResources", "ECS_AL2, which is at its end of life"),
    ("eks-cluster", without("clusters", "jobs"), "fail", f"{CE}/eks", "eksConfiguration.eksClusterArn",
     "cluster jobs does not exist (ResourceNotFoundException)"),
    ("eks-cluster", lambda world: world["clusters"]["jobs"].update(status="FAILED"), "fail", f"{CE}/eks",
     "eksConfiguration.eksClusterArn", "is FAILED, not ACTIVE"),
    ("eks-cluster", without("access entries", "jobs"), WARNING, f"{CE}/eks", "eksConfiguration.eksClusterArn",
     "has no access entry"),
    ("file-system", without("file systems", "fs-0a1b2c01"), "fail", f"{JD}/job", f"{VOLUME}.fileSystemId",
     "file system fs-0a1b2c01 does not exist (FileSystemNotFound)"),
    ("file-system", lambda world: world["access points"]["fsap-0a1b2c3d4e5f60718"].update(FileSystemId="fs-0a1b2c02"), "fail", f"{JD}/job",
     f"{VOLUME}.authorizationConfig.accessPointId", "is one of file system fs-0a1b2c02, not of fs-0a1b2c01"),
    ("mount-targets", with_("mount targets", 1, mount_target(2, "us-east-1b", "creating")), WARNING, f"{JD}/job",
     f"{VOLUME}.fileSystemId", "no mount target in us-east-1b"),
    ("mount-targets", lambda world: world.update({"mount targets": []}), "fail", f"{JD}/job",
     f"{VOLUME}.fileSystemId", "mount targets in no zone"),
    ("mount-targets", lambda world: world["groups"][0].update(IpPermissions=[]), "fail", f"{JD}/job",
     f"{VOLUME}.fileSystemId", "lets in TCP 2049 from sg-0a1b2c01"),
    ("pass-service-role", with_("decisions", "iam:PassRole", "implicitDeny"), WARNING, f"{CE}/spot", "serviceRole",
     "role/deploy may not pass role batch to batch.amazonaws.com"),
    ("pass-job-roles", with_("decisions", "iam:PassRole", "implicitDeny"), WARNING, f"{JD}/job",
     "containerProperties.jobRoleArn", "may not pass role job to ecs-tasks.amazonaws.com"),
    ("execution-rights", with_("decisions", "ecr:GetAuthorizationToken", "implicitDeny"), "fail", f"{JD}/small",
     "containerProperties.executionRoleArn", "role execution does not allow ecr:GetAuthorizationToken"),
    ("execution-rights", with_("decisions", "secretsmanager:GetSecretValue", "implicitDeny"), "unknown", f"{JD}/job",
     "containerProperties.executionRoleArn", "a policy of the resource, or a condition, may"),
    ("execution-rights", with_("decisions", "ssm:GetParameters", "explicitDeny"), "fail", f"{JD}/job",
     "containerProperties.executionRoleArn", "role execution denies ssm:GetParameters"),
    ("image", lambda world: world.update({"images": {}, "cache rules": [{"ecrRepositoryPrefix": "ROOT"}]}), "unknown",
     f"{JD}/job", "containerProperties.image", "may fetch it at the first pull, by its rule for ROOT"),
    ("launch-template", with_("templates", "base", template("base", UserData="H4sIAAAA")), "unknown",
     f"{CE}/templated", "computeResources.launchTemplate", "is compressed"),
    ("image", without("images", "job"), "fail", f"{JD}/job", "containerProperties.image",
     "image job:1.0 does not exist (RepositoryNotFoundException)"),
    ("image", lambda world: world["images"]["job"].pop(0), "fail", f"{JD}/job", "containerProperties.image",
     "image job:1.0 does not exist"),
    ("image-platform", lambda world: world["images"]["job"].__setitem__(0, image("1.0", "arm64")), "fail", f"{JD}/job",
     "containerProperties.image", "built for arm64, and the job runs on x86_64"),
    ("image-platform", lambda world: world["images"]["job"][0].update(imageManifest='{"config": {}}'), "unknown",
     f"{JD}/job", "containerProperties.image", "does not say for which processor"),
    ("secrets", without("secrets", next(iter(good_world()["secrets"]))), "fail", f"{JD}/job",
     "containerProperties.secrets[0].valueFrom", "secret db-AbCdEf does not exist (ResourceNotFoundException)"),
    ("parameters", without("parameters", "/db/user"), "fail", f"{JD}/job", "containerProperties.secrets[1].valueFrom",
     "parameter /db/user does not exist"),
    ("parameters", without("parameters", "plain"), "fail", f"{JD}/job", "containerProperties.secrets[2].valueFrom",
     "does not exist"),
    ("registry-credentials", lambda world: next(iter(world["secrets"].values())).update(DeletedDate=NOW), "fail",
     f"{JD}/job", "containerProperties.repositoryCredentials.credentialsParameter", "is scheduled for deletion"),
    ("log-group", without("log groups", "/own"), "fail", f"{JD}/job",
     "containerProperties.logConfiguration.options.awslogs-group", "log group /own in us-east-1 does not exist"),
    ("log-group", lambda world: world["log groups"].update({"/own": {"logGroupName": "/own/more"}}), "fail",
     f"{JD}/job", "containerProperties.logConfiguration.options.awslogs-group", "does not exist"),
    ("vcpu-quota", lambda world: world.update(environments=[environment("theirs", 8)]), WARNING, f"{CE}/spot",
     "computeResources.maxvCpus", "may take 72 vCPUs of ec2 Standard/Spot, and the quota is 64 (L-2)"),
    ("vcpu-quota", lambda world: world["quotas"]["ec2"].pop(0), "unknown", f"{CE}/arm", "computeResources.maxvCpus",
     "ec2 lists no quota of vCPUs for Standard/OnDemand"),
    ("eks-environments", lambda world: world.update(environments=[
        {**environment(f"theirs{number}", 0), "eksConfiguration": {
            "eksClusterArn": f"arn:aws:eks:us-east-1:{HERE.account}:cluster/jobs", "kubernetesNamespace": "n"}}
        for number in range(5)]), WARNING, f"{CE}/eks", "eksConfiguration.eksClusterArn",
     "6 environments use the cluster, and AWS Batch allows 5"),
    ("compute-environment-number", lambda world: world.update(environments=[
        environment(f"theirs{number}", 0) for number in range(44)]), WARNING, f"{CE}/spot", "",
     "the region has 51 computeEnvironments, and AWS Batch allows 50"),
    ("job-queue-number", lambda world: world.update(queues=[
        {"jobQueueName": f"q{number}", "jobQueueArn": f"q{number}", "state": "ENABLED", "priority": 1,
         "computeEnvironmentOrder": []} for number in range(49)]), WARNING, f"{JQ}/q", "", "the region has 51 jobQueues"),
    ("service-environment-number", lambda world: world.update({"service environments": [
        {"serviceEnvironmentName": f"s{number}", "serviceEnvironmentArn": "s", "capacityLimits": [],
         "serviceEnvironmentType": "SAGEMAKER_TRAINING"} for number in range(50)]}), WARNING, f"{SE}/training", "",
     "the region has 51 serviceEnvironments"),
)  # fmt: skip
# Checks that are about one and the same thing: what is wrong with it flips both.
TOGETHER = {"registry-credentials": {"secrets"}, "secrets": {"registry-credentials"},
            "pass-service-role": {"pass-job-roles"}, "pass-job-roles": {"pass-service-role"},
            "managed-instance-profile": {"instance-profile"}, "instance-profile": set()}  # fmt: skip


def word_of(finding: Finding) -> str:
    return WARNING if finding.is_warning else str(finding.result)


@pytest.mark.parametrize("wrong", WRONGS, ids=[f"{each[0]}: {each[-1]}" for each in WRONGS])
def test_one_thing_that_is_wrong_flips_exactly_the_check_that_is_about_it(wrong: Wrong) -> None:
    check, change, word, address, path, text = wrong
    world = good_world()
    change(world)
    before = {(each.address, each.path, each.check): each for each in well().findings}
    after = verified(world).findings
    flipped = [each for each in after if before.get((each.address, each.path, each.check)) != each]
    assert {each.check for each in flipped} - TOGETHER.get(check, set()) == {check}
    assert any(
        (str(each.address), dotted(each.path), word_of(each)) == (address, path, word) and text in each.message
        for each in flipped
    ), flipped
    assert all(each.hint for each in flipped if each.result is FAIL)


def test_the_page_lists_the_checks() -> None:
    assert verify_page.PAGE.read_text(encoding="utf-8") == verify_page.page()


def test_every_check_has_a_world_that_flips_it() -> None:
    assert {check.id for check in CHECKS if check.asks} - {each[0] for each in WRONGS} == set()


def test_each_thing_is_asked_for_once_and_many_in_one_call_where_that_is_possible() -> None:
    services = FakeServices(good_world())
    verify_stack(good_stack(), HERE, services, catalogue())
    counts = {call: services.calls.count(call) for call in services.calls}
    assert counts == {
        ("iam", "GetRole"): 7,
        ("iam", "SimulatePrincipalPolicy"): 7,
        ("sts", "GetCallerIdentity"): 1,
        ("ec2", "DescribeRouteTables"): 1,
        ("ec2", "DescribeVpcEndpoints"): 1,
        ("efs", "DescribeFileSystems"): 1,
        ("efs", "DescribeAccessPoints"): 1,
        ("efs", "DescribeMountTargets"): 1,
        ("efs", "DescribeMountTargetSecurityGroups"): 2,
        ("eks", "DescribeCluster"): 1,
        ("eks", "DescribeAccessEntry"): 1,
        ("iam", "GetInstanceProfile"): 2,
        ("iam", "ListAttachedRolePolicies"): 4,
        ("ec2", "DescribeSubnets"): 1,
        ("ec2", "DescribeSecurityGroups"): 1,
        ("ec2", "DescribeLaunchTemplateVersions"): 2,
        ("ec2", "DescribeImages"): 2,  # those that the stack names, then those that templates name
        ("ec2", "DescribeInstanceTypeOfferings"): 1,
        ("ec2", "DescribeKeyPairs"): 1,
        ("ec2", "DescribePlacementGroups"): 1,
        ("ecr", "BatchGetImage"): 1,
        ("secretsmanager", "DescribeSecret"): 1,
        ("ssm", "DescribeParameters"): 1,
        ("logs", "DescribeLogGroups"): 1,
        ("service-quotas", "ListServiceQuotas"): 2,
        ("batch", "DescribeComputeEnvironments"): 1,
        ("batch", "DescribeJobQueues"): 1,
        ("batch", "DescribeServiceEnvironments"): 1,
    }


AFTER_OTHERS = (CACHE_RULES,)  # asked only where an image is missing
ASKED = tuple({inquiry.call: inquiry for check in CHECKS for inquiry in check.asks}.values())


@pytest.mark.parametrize("inquiry", ASKED, ids=[each.call for each in ASKED])
def test_a_denied_action_makes_only_its_own_checks_unknown(inquiry: Any) -> None:
    denied = CloudError(inquiry.operation, Fault.DENIED, "AccessDenied", "User is not authorized")
    world = good_world()
    if inquiry in AFTER_OTHERS:
        world["images"].clear()
    found = verified(world, {(inquiry.service, inquiry.operation): denied})
    assert {each.result for each in news(found)} == {UNKNOWN}
    assert {each.check for each in news(found)} <= {check.id for check in CHECKS if inquiry in check.asks}
    assert all(inquiry.action in each.hint and "AccessDenied" in each.message for each in news(found))


@pytest.mark.parametrize("inquiry", ASKED, ids=[each.call for each in ASKED])
def test_every_row_only_reads_and_no_answer_is_a_secret(inquiry: Any) -> None:
    model = operation_of(inquiry.service, inquiry.operation)
    assert is_read(inquiry.operation)
    assert inquiry.operation not in SECRET_ANSWERS
    assert "SecretString" not in (model.output_shape.members if model.output_shape else {})


def test_what_a_stack_may_ask_is_known_without_asking() -> None:
    services = FakeServices(good_world())
    verify_stack(good_stack(), HERE, services, catalogue())
    known = {(each.service, each.operation) for each in inquiries_of(good_stack(), HERE, catalogue())}
    assert known - {(each.service, each.operation) for each in AFTER_OTHERS} == set(services.calls)
