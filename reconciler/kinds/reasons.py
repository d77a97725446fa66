"""Why environments become INVALID and why jobs stay RUNNABLE, by statusReason: the cause, and what to do about it.

Sources: AWS Batch User Guide, "Troubleshooting AWS Batch" (INVALID compute environment, EKS), and
hashicorp/terraform-provider-aws 8549, 8550, 11699, 16417, 21262, 26930; aws/aws-cdk 20727; aws-nuke 674.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from reconciler.model import Path, Spec

INVALID = "INVALID"  # the status
TROUBLESHOOTING = "https://docs.aws.amazon.com/batch/latest/userguide/troubleshooting.html"


@dataclass(frozen=True, slots=True)
class LookupCommand:
    """A read-only command of the AWS CLI that shows what a field names, and its option for the name."""

    command: str
    option: str
    regional: bool = True


_ROLE = LookupCommand("iam get-role", "--role-name", regional=False)
# By field, with everything in it.
LOOKUP_COMMANDS: Mapping[Path, LookupCommand] = {
    ("serviceRole",): _ROLE,
    ("computeResources", "spotIamFleetRole"): _ROLE,
    ("computeResources", "instanceRole"): LookupCommand(
        "iam get-instance-profile", "--instance-profile-name", regional=False
    ),
    ("computeResources", "launchTemplate", "launchTemplateId"): LookupCommand(
        "ec2 describe-launch-template-versions", "--launch-template-id"
    ),
    ("computeResources", "launchTemplate", "launchTemplateName"): LookupCommand(
        "ec2 describe-launch-template-versions", "--launch-template-name"
    ),
    ("computeResources", "subnets"): LookupCommand("ec2 describe-subnets", "--subnet-ids"),
    ("computeResources", "securityGroupIds"): LookupCommand("ec2 describe-security-groups", "--group-ids"),
    ("eksConfiguration", "eksClusterArn"): LookupCommand("eks describe-cluster", "--name"),
}


class RepairMethod(StrEnum):
    """What makes an environment VALID again."""

    UPDATE = "update"  # an update validates again, once the cause is removed
    REPLACE = "replace"  # only a new environment does


@dataclass(frozen=True, slots=True)
class InvalidReason:
    """A statusReason that contains all `texts`, in any case."""

    texts: Sequence[str]
    cause: str
    remedy: str
    repair: RepairMethod = RepairMethod.UPDATE
    members: Sequence[Path] = ()  # fields of the declaration that may be wrong
    blocks_deletion: bool = False  # it cannot be deleted either, until the cause is gone


INVALID_REASONS = (
    InvalidReason(
        ("sts:AssumeRole",),
        "the service role is gone, or its trust policy does not let batch.amazonaws.com assume it",
        "create the role again under the same name with that trust, or declare a different serviceRole; then apply",
        members=(("serviceRole",),),
        blocks_deletion=True,
    ),
    InvalidReason(
        ("SpotFleetRequestConfig.IamFleetRole",),
        "the Spot Fleet role does not exist or is not a Spot Fleet role, and it cannot be changed in place",
        "declare a right computeResources.spotIamFleetRole, or a strategy that needs none; apply with --allow-replace",
        repair=RepairMethod.REPLACE,
        members=(("computeResources", "spotIamFleetRole"),),
    ),
    InvalidReason(
        ("Clusters can not be blank",),
        "the ECS cluster that AWS Batch manages for the environment was deleted",
        "the environment has to be replaced: apply with --allow-replace",
        repair=RepairMethod.REPLACE,
    ),
    InvalidReason(
        ("nstance profile", "not exist"),
        "the instance profile does not exist",
        "create the instance profile, or declare a different computeResources.instanceRole; then apply",
        members=(("computeResources", "instanceRole"),),
    ),
    InvalidReason(
        ("MIME multipart",),
        "the user data of the launch template is not in MIME multipart format, which AWS Batch adds its own part to",
        "make a version of the launch template with MIME multipart user data, declare it, and apply",
        members=(("computeResources", "launchTemplate"),),
    ),
    InvalidReason(
        ("launch template", "not exist"),
        "the launch template, or the version that is named, does not exist",
        "declare a launch template that exists, and apply",
        members=(("computeResources", "launchTemplate"),),
    ),
    InvalidReason(
        ("EKS", "version", "unsupported"),
        "AWS Batch does not support the Kubernetes version of the EKS cluster any more",
        "upgrade the EKS cluster; then apply, which validates again",
        members=(("eksConfiguration", "eksClusterArn"),),
    ),
    InvalidReason(
        ("Kubernetes Namespace",),
        "AWS Batch cannot see the Kubernetes namespace: it does not exist, or the RBAC for the Batch role is missing",
        "create the namespace and the role binding for AWSServiceRoleForBatch; then apply, which validates again",
        members=(("eksConfiguration", "kubernetesNamespace"),),
    ),
    InvalidReason(
        ("none of the instances joined",),
        "instances start and do not join the cluster: no route to the ECS or EKS endpoints, an image without agent, "
        "or an instance role without its rights",
        "check subnets, security groups, image and instanceRole; then apply, which validates again",
        members=(
            ("computeResources", "subnets"),
            ("computeResources", "securityGroupIds"),
            ("computeResources", "instanceRole"),
        ),
    ),
    InvalidReason(
        ("active jobs", "Fargate"),
        "it was to be deleted while jobs ran on Fargate",
        "terminate the jobs or wait for them; then apply or destroy again",
    ),
    InvalidReason(
        ("not authorized to perform",),
        "the service role lacks a permission, the one that the reason names",
        "add the permission to the service role, or declare a different serviceRole; then apply",
        members=(("serviceRole",),),
    ),
)  # fmt: skip
UNKNOWN = InvalidReason(
    (),
    "",
    f"fix the cause in the reason, then apply, which validates again (see {TROUBLESHOOTING})",
)


def invalid_reason_of(reason: str) -> InvalidReason:
    """Return what is known about a statusReason; `UNKNOWN` if nothing is."""
    lower = reason.lower()
    return next((known for known in INVALID_REASONS if all(text.lower() in lower for text in known.texts)), UNKNOWN)


# Why jobs stay RUNNABLE, by the statusReason of the one at the head of its queue.
# Sources: JobDetail and ListJobs, statusReason; AWS Batch User Guide, "Jobs stuck in a RUNNABLE status" and "Automatic
# remediation with jobStateTimeLimitActions".

STUCK = "https://docs.aws.amazon.com/batch/latest/userguide/job_stuck_in_runnable.html"
# A reason about the queue begins with a code. Any other reason of a job is that of a former attempt.
CODE = re.compile(r"([A-Z]+(?:_[A-Z]+)*(?::[A-Z0-9_]+)?)(?: - |$)")


@dataclass(frozen=True, slots=True)
class WaitReason:
    """`can_be_limited`: jobStateTimeLimitActions of the queue may end a job that waits for this reason."""

    code: str
    cause: str
    remedy: str
    can_be_limited: bool = True


WAIT_REASONS = (
    WaitReason(
        "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY",
        "AWS has no capacity for these instance types at present, in any environment of the queue",
        "wait; or declare more instance types, sizes or subnets in other Availability Zones, or an environment of "
        "a different type after it",
    ),
    WaitReason(
        "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE",
        "maxvCpus of every environment is smaller than the job requires",
        "raise maxvCpus of an environment of the queue, or end the job and submit it with fewer vCPUs",
    ),
    WaitReason(
        "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT",
        "no instance type of any environment is large enough for the vCPUs, memory or GPUs of the job",
        "allow larger instance types in an environment of the queue, or end the job and submit it with less",
    ),
    WaitReason(
        "MISCONFIGURATION:EC2_INSTANCE_CONFIGURATION_UNSUPPORTED",
        "EC2 cannot launch the instance types: their Availability Zones do not offer them, or the launch template does "
        "not go with them",
        "declare instance types that the zones of the subnets offer, or a launch template that goes with them",
        can_be_limited=False,  # not documented
    ),
    WaitReason(
        "MISCONFIGURATION:SERVICE_ENVIRONMENT_MAX_RESOURCE",
        "capacityLimits of every service environment are smaller than the service job requires",
        "raise capacityLimits of a service environment of the queue, or submit the job with fewer instances",
    ),
    WaitReason(
        "MISCONFIGURATION:QUOTA_MANAGEMENT_LIMIT_EXCEEDED",
        "the service job requires more than its quota share may ever have",
        "raise the capacity limits of the quota share, or submit the job with fewer instances",
    ),
    WaitReason(
        "MISCONFIGURATION:SERVICE_ROLE_PERMISSIONS",
        "the service roles of all environments lack a permission",
        "add the permissions of the managed policy AWSBatchServiceRole to the service role",
        can_be_limited=False,
    ),
    WaitReason(
        "ACTION_REQUIRED",
        "every environment of the queue is INVALID",
        "repair one of them, or declare a different one",
        can_be_limited=False,
    ),
    WaitReason(
        "UNDETERMINED",
        "the job blocks the queue, and AWS Batch does not know why",
        f"compare the requirements of the job with the environments (see {STUCK})",
        can_be_limited=False,
    ),
)
UNKNOWN_WAIT_REASON = WaitReason("", "", f"fix the cause in the reason (see {STUCK})")


def wait_reason_of(reason: str) -> WaitReason | None:
    """Return what is known about why a job waits; None if the statusReason says nothing about its queue."""
    match = CODE.match(reason)
    if match is None:
        return None
    return next((known for known in WAIT_REASONS if known.code == match[1]), UNKNOWN_WAIT_REASON)


def is_ended_by_queue(queue: Spec, code: str) -> bool:
    """Whether the queue itself ends a job that waits too long for this reason."""
    return any(str(action.get("reason", "")).startswith(code) for action in queue.get("jobStateTimeLimitActions", ()))
