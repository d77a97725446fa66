"""A world in which everything is well, as the services around AWS Batch describe it, and a stack that refers to it.

Requests and answers are checked against the service models of botocore: what passes here has the shape of AWS's own.
"""

import base64
import copy
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache

from botocore.model import OperationModel, ServiceModel
from botocore.validate import ParamValidator

from reconciler.calls import ReadOnlyCloud
from reconciler.model import Identity, Json, Stack
from reconciler.ports import Cloud
from reconciler.problems import CloudError, Fault
from reconciler.service_models import model_loader
from tests.builders import CE, JD, JQ, SE, queue, service, stack
from tests.fakes import HERE

NOW = datetime(2026, 11, 1, tzinfo=UTC)
ACCOUNT, REGION = HERE.account, HERE.region
ECR = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:db-AbCdEf"
INDEX = "application/vnd.oci.image.index.v1+json"
World = dict[str, Json]


def trust(*services: str, **more: Json) -> str:
    principals = [f"{service}.amazonaws.com" for service in services]
    statement = {"Effect": "Allow", "Principal": {"Service": principals}, "Action": ["sts:AssumeRole"], **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def role(name: str, *services: str, path: str = "/") -> Json:
    arn = f"arn:aws:iam::{ACCOUNT}:role{path}{name}"
    document = trust(*services)
    return {"Path": path, "RoleName": name, "RoleId": "AROA0123456789012345", "Arn": arn, "CreateDate": NOW,
            "AssumeRolePolicyDocument": document}  # fmt: skip


def profile(name: str, *roles: Json) -> Json:
    arn = f"arn:aws:iam::{ACCOUNT}:instance-profile/{name}"
    return {"Path": "/", "InstanceProfileName": name, "InstanceProfileId": "AIPA0123456789012345", "Arn": arn,
            "CreateDate": NOW, "Roles": list(roles)}  # fmt: skip


def subnet(id_: str, zone: str, vpc: str = "vpc-1") -> Json:
    return {"SubnetId": id_, "VpcId": vpc, "AvailabilityZone": zone, "State": "available",
            "AvailableIpAddressCount": 250, "MapPublicIpOnLaunch": False}  # fmt: skip


def group(id_: str, vpc: str = "vpc-1") -> Json:
    egress = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    return {"GroupId": id_, "GroupName": id_, "VpcId": vpc, "IpPermissions": [], "IpPermissionsEgress": egress}


def mime(*parts: str) -> str:
    head = 'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="B"\n\n'
    body = "".join(f"--B\n{part}\n" for part in parts or ("Content-Type: text/x-shellscript\n\n#!/bin/sh\ntrue",))
    return base64.b64encode(f"{head}{body}--B--\n".encode()).decode()


def template(name: str, number: int = 3, **data: Json) -> Json:
    return {"LaunchTemplateId": "lt-1", "LaunchTemplateName": name, "VersionNumber": number, "DefaultVersion": True,
            "LaunchTemplateData": {"ImageId": "ami-2", "UserData": mime(), **data}}  # fmt: skip


def ami(id_: str, architecture: str = "x86_64") -> Json:
    return {"ImageId": id_, "State": "available", "Architecture": architecture}


def image(tag: str, *architectures: str, digest: str = "sha256:" + "a" * 64) -> Json:
    manifests = [{"platform": {"os": "linux", "architecture": each}} for each in architectures or ("amd64", "arm64")]
    return {"registryId": ACCOUNT, "imageId": {"imageDigest": digest, "imageTag": tag},
            "imageManifest": json.dumps({"manifests": manifests}), "imageManifestMediaType": INDEX}  # fmt: skip


def quota(code: str, class_: str, value: float) -> Json:
    dimensions = {"Class": class_, "Resource": "vCPU", "Service": "EC2", "Type": "Resource"}
    metric = {"MetricNamespace": "AWS/Usage", "MetricName": "ResourceCount", "MetricDimensions": dimensions}
    return {"QuotaCode": code, "QuotaName": code, "Value": float(value), "UsageMetric": metric}


def environment(name: str, most: int, status: str = "VALID", *, kind: str = "SPOT") -> Json:
    """A live environment, of whatever owner."""
    return {"computeEnvironmentName": name, "computeEnvironmentArn": f"arn:aws:batch:us-east-1:1:x/{name}",
            "ecsClusterArn": "", "status": status, "type": "MANAGED", "state": "ENABLED", "tags": {},
            "computeResources": {"type": kind, "allocationStrategy": "SPOT_PRICE_CAPACITY_OPTIMIZED", "maxvCpus": most,
                                 "minvCpus": 0, "instanceTypes": ["m5.large"], "subnets": []}}  # fmt: skip


def good_world() -> World:
    return {
        "roles": {
            each["RoleName"]: each
            for each in (
                role("AWSServiceRoleForBatch", "batch", path="/aws-service-role/batch.amazonaws.com/"),
                role("batch", "batch"), role("ecsInstance", "ec2"), role("fleet", "spotfleet"),
                role("infrastructure", "ecs"), role("job", "ecs-tasks"), role("execution", "ecs-tasks"),
            )
        },
        "policies": ["arn:aws:iam::aws:policy/Some"],
        "profiles": {name: profile(name, role("ecsInstance", "ec2")) for name in ("ecsInstance", "managed")},
        "subnets": [subnet("subnet-1", "us-east-1a"), subnet("subnet-2", "us-east-1b")],
        "groups": [group("sg-1")],
        "templates": {"base": template("base"), "arm": template("arm", ImageId="ami-3")},
        "amis": [ami("ami-1"), ami("ami-2"), ami("ami-3", "arm64")],
        "offerings": {f"{family}.{size}": ["us-east-1a", "us-east-1b"]
                      for family in ("c6i", "m5", "c6g") for size in ("large", "xlarge", "2xlarge")},
        "keys": ["ops"],
        "placement groups": [{"GroupName": "fast", "State": "available", "Strategy": "partition"}],
        "images": {"job": [image("1.0"), image("2.0", digest="sha256:" + "b" * 64)]},
        "secrets": {SECRET: {"ARN": SECRET, "Name": "db"}},
        "parameters": ["/db/user", "plain"],
        "log groups": {"/own": {"logGroupName": "/own", "retentionInDays": 30}},
        "quotas": {"ec2": [quota("L-1", "Standard/OnDemand", 128), quota("L-2", "Standard/Spot", 64)],
                   "fargate": [quota("L-3", "Standard/OnDemand", 6)]},
        "environments": [], "queues": [], "service environments": [],
    }  # fmt: skip


def resources(type_: str, **more: Json) -> Json:
    return {"type": type_, "minvCpus": 0, "maxvCpus": 64, "instanceTypes": ["c6i", "m5.large"],
            "subnets": ["subnet-1", "subnet-2"], "securityGroupIds": ["sg-1"], "instanceRole": "ecsInstance",
            **more}  # fmt: skip


def good_stack() -> Stack:
    """Every field that a check is about, each with a value that is in the good world."""
    arn = f"arn:aws:iam::{ACCOUNT}:role/"
    managed = {
        "infrastructureRoleArn": f"{arn}infrastructure",
        "instanceLaunchTemplate": {
            "ec2InstanceProfileArn": f"arn:aws:iam::{ACCOUNT}:instance-profile/managed",
            "networkConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"]},
            "instanceRequirements": {"allowedInstanceTypes": ["m5.large"]},
        },
    }
    return stack({
        (CE, "spot"): {"type": "MANAGED", "serviceRole": f"{arn}batch", "computeResources": resources(
            "SPOT", allocationStrategy="BEST_FIT", spotIamFleetRole=f"{arn}fleet", ec2KeyPair="ops",
            placementGroup="fast", ec2Configuration=[{"imageType": "ECS_AL2023", "imageIdOverride": "ami-1"}])},
        (CE, "arm"): {"type": "MANAGED", "computeResources": resources(
            "EC2", allocationStrategy="BEST_FIT_PROGRESSIVE", instanceTypes=["c6g"],
            launchTemplate={"launchTemplateName": "arm", "version": "3"})},
        (CE, "templated"): {"type": "MANAGED", "computeResources": resources(
            "EC2", allocationStrategy="BEST_FIT_PROGRESSIVE", launchTemplate={"launchTemplateName": "base"})},
        (CE, "managed"): {"type": "MANAGED", "computeResources": {
            "type": "ECS_MANAGED_INSTANCES", "maxvCpus": 64, "managedInstancesProvider": managed}},
        (SE, "training"): service(m5=4),
        (JQ, "q"): queue("spot", "templated"),
        (JD, "job"): {"type": "container", "containerProperties": {
            "image": f"{ECR}/job:1.0", "jobRoleArn": f"{arn}job", "executionRoleArn": f"{arn}execution",
            "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "1000"}],
            "secrets": [{"name": "A", "valueFrom": f"{SECRET}:password::"}, {"name": "B", "valueFrom": "/db/user"},
                        {"name": "C", "valueFrom": f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/plain"}],
            "repositoryCredentials": {"credentialsParameter": SECRET},
            "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/own"}}}},
    })  # fmt: skip


# What each operation answers of a world, as AWS does: to a filter that nothing fits it answers nothing.


def no_such(code: str) -> CloudError:
    return CloudError("Any", Fault.REFUSED, code, "there is none")


def by_filter(key: str, of: str, id_: str) -> Callable[[World, Json], Json]:
    def answer(world: World, request: Json) -> Json:
        wanted = request["Filters"][0]["Values"]
        return {of: [each for each in world[key] if each[id_] in wanted]}

    return answer


def by_name(key: str, member: str, code: str, of: str = "") -> Callable[[World, Json], Json]:
    def answer(world: World, request: Json) -> Json:
        found = world[key].get(request[member])
        if found is None:
            raise no_such(code)
        return {of: found} if of else found

    return answer


def templates(world: World, request: Json) -> Json:
    found = world["templates"].get(request["LaunchTemplateName"])
    if found is None:
        raise no_such("InvalidLaunchTemplateName.NotFoundException")
    version = request["Versions"][0]
    if version not in ("$Default", "$Latest", str(found["VersionNumber"])):
        raise no_such("InvalidLaunchTemplateId.VersionNotFound")
    return {"LaunchTemplateVersions": [found]}


def offerings(world: World, request: Json) -> Json:
    wanted = request["Filters"][0]["Values"]
    return {
        "InstanceTypeOfferings": [
            {"InstanceType": name, "LocationType": "availability-zone", "Location": zone}
            for name, zones in world["offerings"].items()
            for zone in zones
            if name in wanted
        ]
    }


def images(world: World, request: Json) -> Json:
    known = world["images"].get(request["repositoryName"])
    if known is None:
        raise no_such("RepositoryNotFoundException")
    wanted = request["imageIds"]
    found = [each for each in known for id_ in wanted if id_.items() <= each["imageId"].items()]
    lost = [id_ for id_ in wanted if not any(id_.items() <= each["imageId"].items() for each in known)]
    return {"images": found, "failures": [{"imageId": id_, "failureCode": "ImageNotFound"} for id_ in lost]}


def parameters(world: World, request: Json) -> Json:
    wanted = request["ParameterFilters"][0]["Values"]
    return {"Parameters": [{"Name": each, "Type": "SecureString"} for each in world["parameters"] if each in wanted]}


def log_groups(world: World, request: Json) -> Json:
    prefix = request["logGroupNamePrefix"]
    return {"logGroups": [each for name, each in sorted(world["log groups"].items()) if name.startswith(prefix)]}


ANSWERS: Mapping[tuple[str, str], Callable[[World, Json], Json]] = {
    ("iam", "GetRole"): by_name("roles", "RoleName", "NoSuchEntity", "Role"),
    ("iam", "GetInstanceProfile"): by_name("profiles", "InstanceProfileName", "NoSuchEntity", "InstanceProfile"),
    ("iam", "ListAttachedRolePolicies"): lambda world, _request: {
        "AttachedPolicies": [{"PolicyName": arn.rpartition("/")[2], "PolicyArn": arn} for arn in world["policies"]]
    },
    ("ec2", "DescribeSubnets"): by_filter("subnets", "Subnets", "SubnetId"),
    ("ec2", "DescribeSecurityGroups"): by_filter("groups", "SecurityGroups", "GroupId"),
    ("ec2", "DescribeLaunchTemplateVersions"): templates,
    ("ec2", "DescribeImages"): by_filter("amis", "Images", "ImageId"),
    ("ec2", "DescribeInstanceTypeOfferings"): offerings,
    ("ec2", "DescribeKeyPairs"): lambda world, request: {
        "KeyPairs": [{"KeyName": each} for each in world["keys"] if each in request["Filters"][0]["Values"]]
    },
    ("ec2", "DescribePlacementGroups"): by_filter("placement groups", "PlacementGroups", "GroupName"),
    ("ecr", "BatchGetImage"): images,
    ("secretsmanager", "DescribeSecret"): by_name("secrets", "SecretId", "ResourceNotFoundException"),
    ("ssm", "DescribeParameters"): parameters,
    ("logs", "DescribeLogGroups"): log_groups,
    ("service-quotas", "ListServiceQuotas"): lambda world, request: {"Quotas": world["quotas"][request["ServiceCode"]]},
    ("batch", "DescribeComputeEnvironments"): lambda world, _request: {"computeEnvironments": world["environments"]},
    ("batch", "DescribeJobQueues"): lambda world, _request: {"jobQueues": world["queues"]},
    ("batch", "DescribeServiceEnvironments"): lambda world, _request: {
        "serviceEnvironments": world["service environments"]
    },
}


@cache
def model_of(service: str) -> ServiceModel:
    return ServiceModel(model_loader().load_service_model(service, "service-2"), service)


@cache
def operation_of(service: str, operation: str) -> OperationModel:
    return model_of(service).operation_model(operation)


def check_shape(value: Json, shape: Json) -> None:
    if shape is None:
        assert not value
        return
    report = ParamValidator().validate(value, shape)
    assert not report.has_errors(), report.generate_report()


@dataclass
class FakeServices:
    """The services of a world. `failing` has what an operation raises in place of an answer."""

    world: World
    failing: Mapping[tuple[str, str], CloudError] = field(default_factory=dict)
    calls: list[tuple[str, str]] = field(default_factory=list)

    def __call__(self, name: str, region: str = "") -> Cloud:
        return ReadOnlyCloud(FakeService(name, region, self))


@dataclass
class FakeService:
    service: str
    region: str
    of: FakeServices

    def identity(self) -> Identity:
        return HERE

    def call(self, operation: str, request: Mapping[str, Json]) -> Mapping[str, Json]:
        key = (self.service, operation)
        self.of.calls.append(key)
        model = operation_of(self.service, operation)
        check_shape(request, model.input_shape)
        if key in self.of.failing:
            raise self.of.failing[key]
        answer = copy.deepcopy(ANSWERS[key](self.of.world, request))
        check_shape(answer, model.output_shape)
        for each in policies_in(answer):  # as botocore does after it has parsed an answer of IAM
            each["AssumeRolePolicyDocument"] = json.loads(each["AssumeRolePolicyDocument"])
        return answer


def policies_in(value: Json) -> Iterator[dict[str, Json]]:
    if isinstance(value, dict):
        if "AssumeRolePolicyDocument" in value:
            yield value
        for inner in value.values():
            yield from policies_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from policies_in(inner)
