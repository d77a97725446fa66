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
    return {"SubnetId": id_, "VpcId": vpc, "CidrBlock": "10.0.0.0/24", "AvailabilityZone": zone, "State": "available",
            "AvailableIpAddressCount": 250, "MapPublicIpOnLaunch": False}  # fmt: skip


def group(id_: str, vpc: str = "vpc-1") -> Json:
    egress = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    ingress = [
        {"IpProtocol": "tcp", "FromPort": 2049, "ToPort": 2049, "UserIdGroupPairs": [{"GroupId": "sg-0a1b2c01"}]}
    ]
    return {"GroupId": id_, "GroupName": id_, "VpcId": vpc, "IpPermissions": ingress, "IpPermissionsEgress": egress}


def route_table(**target: Json) -> Json:
    routes = [{"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local", "State": "active"}]
    routes += [{"DestinationCidrBlock": "0.0.0.0/0", "State": "active", **target}] if target else []
    return {"RouteTableId": "rtb-1", "VpcId": "vpc-1", "Associations": [{"Main": True}], "Routes": routes}


def mount_target(number: int, zone: str, state: str = "available") -> Json:
    return {"MountTargetId": f"fsmt-0a1b2c0{number}", "FileSystemId": "fs-0a1b2c01", "SubnetId": f"subnet-0a1b2c0{number}",
            "LifeCycleState": state, "AvailabilityZoneName": zone}  # fmt: skip


def file_system(id_: str, state: str = "available") -> Json:
    return {"FileSystemId": id_, "OwnerId": ACCOUNT, "CreationToken": "x", "CreationTime": NOW, "LifeCycleState": state,
            "NumberOfMountTargets": 2, "SizeInBytes": {"Value": 1}, "PerformanceMode": "generalPurpose", "Tags": []}  # fmt: skip


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


def with_image(name: str, **configuration: Json) -> Json:
    """A live environment that has started instances with an image of AWS Batch."""
    live = environment(name, 0)
    images = [{"imageType": "ECS_AL2023", "batchImageStatus": "LATEST", **configuration}]
    return {**live, "computeResources": {**live["computeResources"], "ec2Configuration": images}}


def good_world() -> World:
    return {
        "roles": {
            each["RoleName"]: each
            for each in (
                role("AWSServiceRoleForBatch", "batch", path="/aws-service-role/batch.amazonaws.com/"),
                role("batch", "batch"), role("ecsInstance", "ec2"), role("fleet", "spotfleet"),
                role("infrastructure", "ecs"), role("job", "ecs-tasks"), role("execution", "ecs-tasks"),
                role("deploy", "ec2"),
            )
        },
        "policies": ["arn:aws:iam::aws:policy/Some"],
        "profiles": {name: profile(name, role("ecsInstance", "ec2")) for name in ("ecsInstance", "managed")},
        "subnets": [subnet("subnet-1", "us-east-1a"), subnet("subnet-2", "us-east-1b")],
        "groups": [group("sg-0a1b2c01")],
        "templates": {"base": template("base"), "arm": template("arm", ImageId="ami-3")},
        "amis": [ami("ami-1"), ami("ami-2"), ami("ami-3", "arm64")],
        "offerings": {f"{family}.{size}": ["us-east-1a", "us-east-1b"]
                      for family in ("c6i", "m5", "c6g") for size in ("large", "xlarge", "2xlarge")},
        "keys": ["ops"],
        "placement groups": [{"GroupName": "fast", "State": "available", "Strategy": "partition"}],
        "images": {"job": [image("1.0"), image("2.0", digest="sha256:" + "b" * 64)]},
        "cache rules": [{"ecrRepositoryPrefix": "docker-hub"}],
        "route tables": [route_table(NatGatewayId="nat-1")],
        "endpoints": [],
        "file systems": {"fs-0a1b2c01": file_system("fs-0a1b2c01")},
        "access points": {"fsap-0a1b2c3d4e5f60718": {"AccessPointId": "fsap-0a1b2c3d4e5f60718", "FileSystemId": "fs-0a1b2c01"}},
        "mount targets": [mount_target(1, "us-east-1a"), mount_target(2, "us-east-1b")],
        "clusters": {"jobs": {"name": "jobs", "status": "ACTIVE", "accessConfig": {"authenticationMode": "API"}}},
        "access entries": ["jobs"],
        "caller": f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/me",
        "decisions": {},
        "secrets": {SECRET: {"ARN": SECRET, "Name": "db"}},
        "parameters": ["/db/user", "plain"],
        "log groups": {"/own": {"logGroupName": "/own", "retentionInDays": 30}},
        "quotas": {"ec2": [quota("L-1", "Standard/OnDemand", 256), quota("L-2", "Standard/Spot", 64)],
                   "fargate": [quota("L-3", "Standard/OnDemand", 6)]},
        "environments": [with_image("spot")], "queues": [], "service environments": [],
    }  # fmt: skip


def resources(type_: str, **more: Json) -> Json:
    return {"type": type_, "minvCpus": 0, "maxvCpus": 64, "instanceTypes": ["c6i", "m5.large"],
            "subnets": ["subnet-1", "subnet-2"], "securityGroupIds": ["sg-0a1b2c01"], "instanceRole": "ecsInstance",
            **more}  # fmt: skip


def good_stack() -> Stack:
    """Every field that a check is about, each with a value that is in the good world."""
    arn = f"arn:aws:iam::{ACCOUNT}:role/"
    managed = {
        "infrastructureRoleArn": f"{arn}infrastructure",
        "instanceLaunchTemplate": {
            "ec2InstanceProfileArn": f"arn:aws:iam::{ACCOUNT}:instance-profile/managed",
            "networkConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-0a1b2c01"]},
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
        (CE, "plain"): {"type": "MANAGED", "computeResources": resources(
            "EC2", allocationStrategy="BEST_FIT_PROGRESSIVE")},
        (CE, "templated"): {"type": "MANAGED", "computeResources": resources(
            "EC2", allocationStrategy="BEST_FIT_PROGRESSIVE", launchTemplate={"launchTemplateName": "base"})},
        (CE, "managed"): {"type": "MANAGED", "computeResources": {
            "type": "ECS_MANAGED_INSTANCES", "maxvCpus": 64, "managedInstancesProvider": managed}},
        (SE, "training"): service(m5=4),
        (CE, "fargate"): {"type": "MANAGED", "computeResources": {
            "type": "FARGATE", "maxvCpus": 4, "subnets": ["subnet-1"], "securityGroupIds": ["sg-0a1b2c01"]}},
        (CE, "eks"): {"type": "MANAGED", "computeResources": resources("EC2", instanceTypes=["m5.large"]),
                      "eksConfiguration": {"eksClusterArn": f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/jobs",
                                           "kubernetesNamespace": "jobs"}},
        (JQ, "q"): queue("spot", "templated"), (JQ, "f"): queue("fargate"),
        (JD, "small"): {"type": "container", "platformCapabilities": ["FARGATE"], "containerProperties": {
            "image": f"{ECR}/job:2.0", "executionRoleArn": f"{arn}execution",
            "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "2048"}]}},
        (JD, "job"): {"type": "container", "containerProperties": {
            "image": f"{ECR}/job:1.0", "jobRoleArn": f"{arn}job", "executionRoleArn": f"{arn}execution",
            "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "1000"}],
            "secrets": [{"name": "A", "valueFrom": f"{SECRET}:password::"}, {"name": "B", "valueFrom": "/db/user"},
                        {"name": "C", "valueFrom": f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/plain"}],
            "volumes": [{"name": "data", "efsVolumeConfiguration": {
                "fileSystemId": "fs-0a1b2c01", "transitEncryption": "ENABLED",
                "authorizationConfig": {"accessPointId": "fsap-0a1b2c3d4e5f60718"}}}],
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
        shape = [found] if of.endswith("s") else found
        return {of: shape} if of else found

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


def access_entry(world: World, request: Json) -> Json:
    if request["clusterName"] not in world["access entries"]:
        raise no_such("ResourceNotFoundException")
    return {"accessEntry": {"clusterName": request["clusterName"], "principalArn": request["principalArn"]}}


def simulation(world: World, request: Json) -> Json:
    (action,) = request["ActionNames"]
    decision = world["decisions"].get(action, "allowed")
    return {
        "EvaluationResults": [
            {"EvalActionName": action, "EvalResourceName": each, "EvalDecision": decision}
            for each in request["ResourceArns"]
        ],
        "IsTruncated": False,
    }


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
    ("ecr", "DescribePullThroughCacheRules"): lambda world, _request: {"pullThroughCacheRules": world["cache rules"]},
    ("ec2", "DescribeRouteTables"): by_filter("route tables", "RouteTables", "VpcId"),
    ("ec2", "DescribeVpcEndpoints"): by_filter("endpoints", "VpcEndpoints", "VpcId"),
    ("efs", "DescribeFileSystems"): by_name("file systems", "FileSystemId", "FileSystemNotFound", "FileSystems"),
    ("efs", "DescribeAccessPoints"): by_name("access points", "AccessPointId", "AccessPointNotFound", "AccessPoints"),
    ("efs", "DescribeMountTargets"): lambda world, _request: {"MountTargets": world["mount targets"]},
    ("efs", "DescribeMountTargetSecurityGroups"): lambda _world, _request: {"SecurityGroups": ["sg-0a1b2c01"]},
    ("eks", "DescribeCluster"): by_name("clusters", "name", "ResourceNotFoundException", "cluster"),
    ("eks", "DescribeAccessEntry"): access_entry,
    ("sts", "GetCallerIdentity"): lambda world, _request: {"Account": ACCOUNT, "Arn": world["caller"], "UserId": "x"},
    ("iam", "SimulatePrincipalPolicy"): simulation,
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
