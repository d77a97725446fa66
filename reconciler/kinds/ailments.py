"""Why environments become INVALID, told by their statusReason: the cause, the way out, and who can take it.

Sources: AWS Batch User Guide, "Troubleshooting AWS Batch" (INVALID compute environment, EKS), and
hashicorp/terraform-provider-aws 8549, 8550, 11699, 16417, 21262, 26930; aws/aws-cdk 20727; aws-nuke 674.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

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
