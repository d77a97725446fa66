"""Why environments become INVALID, told by their statusReason: the cause, the way out, and who can take it.

Sources: AWS Batch User Guide, "Troubleshooting AWS Batch" (INVALID compute environment, EKS), and
hashicorp/terraform-provider-aws 8549, 8550, 11699, 16417, 21262, 26930; aws/aws-cdk 20727; aws-nuke 674.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from reconciler.model import Spec

INVALID = "INVALID"  # the status
TROUBLESHOOTING = "https://docs.aws.amazon.com/batch/latest/userguide/troubleshooting.html"


@dataclass(frozen=True, slots=True)
class Look:
    """A read-only command of the AWS CLI that shows what a member names, and the option that takes the name."""

    command: str
    option: str
    regional: bool = True


_ROLE = Look("iam get-role", "--role-name", regional=False)
# By member, with all that is in it.
LOOKS: Mapping[str, Look] = {
    "serviceRole": _ROLE,
    "computeResources.spotIamFleetRole": _ROLE,
    "computeResources.instanceRole": Look("iam get-instance-profile", "--instance-profile-name", regional=False),
    "computeResources.launchTemplate.launchTemplateId": Look(
        "ec2 describe-launch-template-versions", "--launch-template-id"
    ),
    "computeResources.launchTemplate.launchTemplateName": Look(
        "ec2 describe-launch-template-versions", "--launch-template-name"
    ),
    "computeResources.subnets": Look("ec2 describe-subnets", "--subnet-ids"),
    "computeResources.securityGroupIds": Look("ec2 describe-security-groups", "--group-ids"),
    "eksConfiguration.eksClusterArn": Look("eks describe-cluster", "--name"),
}


class Cure(StrEnum):
    """What makes it VALID again."""

    UPDATE = "update"  # an update validates again, once the cause is out of the world
    REPLACE = "replace"  # nothing does: it takes a new one


@dataclass(frozen=True, slots=True)
class Ailment:
    """`texts` are parts of the reason that all have to be there, whatever their case."""

    texts: Sequence[str]
    cause: str
    remedy: str
    cure: Cure = Cure.UPDATE
    members: Sequence[str] = ()  # of the declaration, that are worth a look
    keeps: bool = False  # it cannot be deleted either, until the cause is gone


AILMENTS = (
    Ailment(
        ("sts:AssumeRole",),
        "the service role is gone, or its trust policy does not let batch.amazonaws.com assume it",
        "create the role again under the same name with that trust, or declare another serviceRole; then apply",
        members=("serviceRole",),
        keeps=True,
    ),
    Ailment(
        ("SpotFleetRequestConfig.IamFleetRole",),
        "the Spot Fleet role does not exist or is no Spot Fleet role, and it cannot be changed in place",
        "declare a right computeResources.spotIamFleetRole, or a strategy that needs none; apply with --allow-replace",
        cure=Cure.REPLACE,
        members=("computeResources.spotIamFleetRole",),
    ),
    Ailment(
        ("Clusters can not be blank",),
        "somebody deleted the ECS cluster that AWS Batch keeps for the environment",
        "the environment has to be replaced: apply with --allow-replace",
        cure=Cure.REPLACE,
    ),
    Ailment(
        ("nstance profile", "not exist"),
        "the instance profile does not exist",
        "create the instance profile, or declare another computeResources.instanceRole; then apply",
        members=("computeResources.instanceRole",),
    ),
    Ailment(
        ("MIME multipart",),
        "the user data of the launch template is not in MIME multipart format, which AWS Batch adds its own part to",
        "make a version of the launch template with MIME multipart user data, declare it, and apply",
        members=("computeResources.launchTemplate",),
    ),
    Ailment(
        ("launch template", "not exist"),
        "the launch template, or the version that is named, does not exist",
        "declare a launch template that exists, and apply",
        members=("computeResources.launchTemplate",),
    ),
    Ailment(
        ("EKS", "version", "unsupported"),
        "AWS Batch does not support the Kubernetes version of the EKS cluster any more",
        "upgrade the EKS cluster; then apply, which validates again",
        members=("eksConfiguration.eksClusterArn",),
    ),
    Ailment(
        ("Kubernetes Namespace",),
        "AWS Batch cannot see the Kubernetes namespace: it does not exist, or the RBAC for the Batch role is missing",
        "create the namespace and the role binding for AWSServiceRoleForBatch; then apply, which validates again",
        members=("eksConfiguration.kubernetesNamespace",),
    ),
    Ailment(
        ("none of the instances joined",),
        "instances start and do not join the cluster: no route to the ECS or EKS endpoints, an image without agent, "
        "or an instance role without its rights",
        "check subnets, security groups, image and instanceRole; then apply, which validates again",
        members=("computeResources.subnets", "computeResources.securityGroupIds", "computeResources.instanceRole"),
    ),
    Ailment(
        ("active jobs", "Fargate"),
        "it was to be deleted while jobs ran on Fargate",
        "terminate the jobs or wait for them; then apply or destroy again",
    ),
    Ailment(
        ("not authorized to perform",),
        "the service role lacks a permission, the one that the reason names",
        "add the permission to the service role, or declare another serviceRole; then apply",
        members=("serviceRole",),
    ),
)  # fmt: skip
UNKNOWN = Ailment(
    (),
    "",
    f"correct what the reason names; then apply, which validates again (see {TROUBLESHOOTING})",
)


def ailment_of(reason: str) -> Ailment:
    """Return what is known of a statusReason; where nothing is, how to go on all the same."""
    lower = reason.lower()
    return next((one for one in AILMENTS if all(text.lower() in lower for text in one.texts)), UNKNOWN)


# Why jobs stay RUNNABLE, told by the statusReason of the one at the head of its queue: the cause and the way out.
#
# Sources: JobDetail and ListJobs, statusReason; AWS Batch User Guide, "Jobs stuck in a RUNNABLE status" and "Automatic
# remediation with jobStateTimeLimitActions".

STUCK = "https://docs.aws.amazon.com/batch/latest/userguide/job_stuck_in_runnable.html"
# A verdict on the queue begins with a code. What else jobs have as a reason tells of a former attempt.
CODE = re.compile(r"([A-Z]+(?:_[A-Z]+)*(?::[A-Z0-9_]+)?)(?: - |$)")


@dataclass(frozen=True, slots=True)
class Delay:
    """`limited`: jobStateTimeLimitActions of the queue may end a job that waits for this reason."""

    code: str
    cause: str
    remedy: str
    limited: bool = True


DELAYS = (
    Delay(
        "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY",
        "AWS has no instances of these types to give at present, in none of the environments of the queue",
        "wait; or declare more instance types, sizes or subnets in other Availability Zones, or an environment of "
        "another type behind it",
    ),
    Delay(
        "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE",
        "maxvCpus of every environment is smaller than what the job asks for",
        "raise maxvCpus of an environment of the queue, or end the job and submit it with fewer vCPUs",
    ),
    Delay(
        "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT",
        "no instance type of any environment is large enough for the vCPUs, memory or GPUs of the job",
        "allow larger instance types in an environment of the queue, or end the job and submit it with less",
    ),
    Delay(
        "MISCONFIGURATION:SERVICE_ROLE_PERMISSIONS",
        "the service roles of all environments lack a permission",
        "add the permissions of the managed policy AWSBatchServiceRole to the service role",
        limited=False,
    ),
    Delay(
        "ACTION_REQUIRED",
        "every environment of the queue is INVALID",
        "repair one of them, or declare another",
        limited=False,
    ),
    Delay(
        "UNDETERMINED",
        "the job blocks the queue, and AWS Batch does not know why",
        f"compare what the job asks for with what the environments have (see {STUCK})",
        limited=False,
    ),
)
UNKNOWN_WAIT = Delay("", "", f"correct what the reason names (see {STUCK})")


def delay_of(reason: str) -> Delay | None:
    """Return what is known of why a job waits; None where the statusReason is no verdict on its queue."""
    found = CODE.match(reason)
    return next((one for one in DELAYS if one.code == found[1]), UNKNOWN_WAIT) if found else None


def is_ended_by(queue: Spec, code: str) -> bool:
    """Whether the queue itself ends a job that waits too long for this reason."""
    return any(str(action.get("reason", "")).startswith(code) for action in queue.get("jobStateTimeLimitActions", ()))
