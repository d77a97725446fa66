"""What Fargate environments do not have, and their limits."""

from reconciler.problems import Severity
from reconciler.rules.base import Evidence, Findings, Rule, Subject, documented, measured
from reconciler.rules.compute_environment.common import (
    FARGATE,
    UPDATE_POLICY,
    Ban,
    beside,
    fargate,
    is_given,
    required,
    resources_of,
    type_of,
)

MOST_GROUPS = 5
MOST_SUBNETS = 16


def _not_applicable(member: str) -> Evidence:
    """Return what the API says of it. Of tags a refusal was seen: 'tags is not applicable for Fargate.'."""
    words = "This parameter isn't applicable to jobs that are running on Fargate resources. Don't specify it."
    if member == "updateToLatestImageVersion":
        words = "Specifies whether the AMI ID is updated to the latest one"
        return documented(f"ComputeResourceUpdate.{member}", words, "Fargate has no AMIs; it is never sent")
    return documented(f"ComputeResource.{member}", words)


NOT_ON_FARGATE = Ban(
    types=FARGATE,
    whose="Fargate",
    keeps=fargate(),
    evidence=_not_applicable,
    hint="leave it out, or make the type EC2 or SPOT",
)


def _few_groups(subject: Subject) -> Findings:
    groups = resources_of(subject).get("securityGroupIds", ())
    if type_of(subject) in FARGATE and len(groups) > MOST_GROUPS:
        yield ("computeResources", "securityGroupIds"), f"has {len(groups)} groups; Fargate takes {MOST_GROUPS}"


def _few_subnets(subject: Subject) -> Findings:
    subnets = resources_of(subject).get("subnets", ())
    if type_of(subject) in FARGATE and len(subnets) > MOST_SUBNETS:
        yield ("computeResources", "subnets"), f"has {len(subnets)} subnets; Fargate takes {MOST_SUBNETS}"


def _no_update_policy(subject: Subject) -> Findings:
    if type_of(subject) in FARGATE and is_given(subject.body.get("updatePolicy")):
        yield ("updatePolicy",), "is not for Fargate: there are no instances to replace"


RULES = (
    NOT_ON_FARGATE.rule("CE101", "minvCpus", 0),
    # It is never sent, so nobody refuses it; but whoever writes it expects something of it.
    NOT_ON_FARGATE.rule("CE102", "desiredvCpus", 0, Severity.WARNING),
    NOT_ON_FARGATE.rule("CE103", "instanceTypes", ["m6i"]),
    NOT_ON_FARGATE.rule("CE104", "imageId", "ami-0a1b2c3d4e5f60718"),
    NOT_ON_FARGATE.rule("CE105", "ec2KeyPair", "research"),
    NOT_ON_FARGATE.rule("CE106", "instanceRole", "ecsInstanceRole"),
    NOT_ON_FARGATE.rule("CE107", "tags", {"Name": "batch"}),
    NOT_ON_FARGATE.rule("CE108", "placementGroup", "research"),
    NOT_ON_FARGATE.rule("CE109", "bidPercentage", 50),
    NOT_ON_FARGATE.rule("CE110", "spotIamFleetRole", "arn:aws:iam::123456789012:role/fleet"),
    NOT_ON_FARGATE.rule("CE111", "launchTemplate", {"launchTemplateName": "large-disk"}),
    NOT_ON_FARGATE.rule("CE112", "ec2Configuration", [{"imageType": "ECS_AL2023"}]),
    NOT_ON_FARGATE.rule("CE113", "allocationStrategy", "BEST_FIT_PROGRESSIVE"),
    NOT_ON_FARGATE.rule("CE114", "scalingPolicy", {"minScaleDownDelayMinutes": 30}),
    # It rides with a launch template, which there is none of.
    NOT_ON_FARGATE.rule("CE116", "updateToLatestImageVersion", value=True, severity=Severity.WARNING),
    Rule(
        id="CE115",
        says="updatePolicy is not for Fargate.",
        check=_no_update_policy,
        evidence=documented(
            "UpdatePolicy", "If you specify it for a Fargate compute environment, Batch ignores it.", "it is never sent"
        ),
        severity=Severity.WARNING,
        fails=beside(fargate(), updatePolicy=UPDATE_POLICY),
        passes=fargate(),
    ),
    required(
        "CE120",
        "securityGroupIds",
        FARGATE,
        fargate(),
        documented(
            "ComputeResource.securityGroupIds",
            "This parameter is required for jobs that are running on Fargate resources and must contain at least one "
            "security group.",
        ),
    ),
    Rule(
        id="CE121",
        says="A Fargate environment has at most 5 security groups.",
        check=_few_groups,
        evidence=measured("CreateComputeEnvironment", "Fargate supports a maximum of 5 security groups."),
        fails=fargate(securityGroupIds=[f"sg-{number}" for number in range(6)]),
        passes=fargate(securityGroupIds=[f"sg-{number}" for number in range(5)]),
    ),
    Rule(
        id="CE122",
        says="A Fargate environment has at most 16 subnets.",
        check=_few_subnets,
        evidence=measured("CreateComputeEnvironment", "Fargate supports a maximum of 16 subnets."),
        fails=fargate(subnets=[f"subnet-{number}" for number in range(17)]),
        passes=fargate(subnets=[f"subnet-{number}" for number in range(16)]),
    ),
)
