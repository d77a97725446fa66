"""Environments whose instances are not declared: ECS managed instances, and Fargate."""

from reconciler.problems import Severity
from reconciler.rules.base import Evidence, Findings, Rule, Subject, documented, measured
from reconciler.rules.compute_environment.common import (
    FARGATE,
    MANAGED_INSTANCES,
    UPDATE_POLICY,
    ForbiddenFields,
    beside,
    ec2,
    fargate,
    is_given,
    managed_instances,
    one_of,
    required,
    resources_of,
    type_of,
)

PAGE = "AWS Batch User Guide, 'Compute environments on Amazon ECS Managed Instances'"
PROVIDER = ("computeResources", "managedInstancesProvider")
TEMPLATE = (*PROVIDER, "instanceLaunchTemplate")
RESERVATIONS = ("RESERVATIONS_ONLY", "RESERVATIONS_FIRST", "RESERVATIONS_EXCLUDED")

# The parameters of which the page says that they must not be specified.
MUST_NOT = (
    {"allocationStrategy", "bidPercentage", "desiredvCpus", "minvCpus", "imageId", "instanceTypes", "instanceRole"}
    | {"ec2Configuration", "ec2KeyPair", "launchTemplate", "placementGroup", "spotIamFleetRole", "subnets"}
    | {"securityGroupIds"}
)


def _not_here(member: str) -> Evidence:
    if member in MUST_NOT:
        quote = "not valid for Amazon ECS Managed Instances compute environments and must not be specified"
        return documented(PAGE, quote, f"in the list that follows: {member}")
    quote = "All networking, instance profile, and instance selection configuration lives within this block."
    return documented(PAGE, quote, f"{member} is not named")


NOT_HERE = ForbiddenFields(
    types=(MANAGED_INSTANCES,),
    whose="ECS managed instances",
    keeps=managed_instances(),
    evidence=_not_here,
    hint="see managedInstancesProvider.instanceLaunchTemplate for the settings of instances",
)


def _no_provider_elsewhere(subject: Subject) -> Findings:
    if type_of(subject) not in ("", MANAGED_INSTANCES) and "managedInstancesProvider" in resources_of(subject):
        yield PROVIDER, f"is for the type {MANAGED_INSTANCES}, and this one is {type_of(subject)}"


def _no_capacity_tags_elsewhere(subject: Subject) -> Findings:
    if type_of(subject) not in ("", MANAGED_INSTANCES) and is_given(resources_of(subject).get("capacityTags")):
        yield ("computeResources", "capacityTags"), f"is for the type {MANAGED_INSTANCES}; see computeResources.tags"


def _no_update_policy(subject: Subject) -> Findings:
    if type_of(subject) == MANAGED_INSTANCES and is_given(subject.body.get("updatePolicy")):
        yield ("updatePolicy",), "is not for ECS managed instances"


def _full_arns(subject: Subject) -> Findings:
    provider = resources_of(subject).get("managedInstancesProvider")
    if provider is None:
        return
    template = provider["instanceLaunchTemplate"]
    members = (((*PROVIDER, "infrastructureRoleArn"), provider), ((*TEMPLATE, "ec2InstanceProfileArn"), template))
    for path, body in members:
        if not str(body[path[-1]]).startswith("arn:"):
            yield path, f"is {body[path[-1]]}, and has to be a full ARN"


def _has_a_network(subject: Subject) -> Findings:
    provider = resources_of(subject).get("managedInstancesProvider")
    network = provider["instanceLaunchTemplate"]["networkConfiguration"] if provider else {}
    for name, listed in network.items():
        if not listed:
            yield (*TEMPLATE, "networkConfiguration", name), "is empty: the instances need some"


RULES = (
    required(
        "CE601",
        "managedInstancesProvider",
        (MANAGED_INSTANCES,),
        managed_instances(),
        documented(
            "ComputeResource.managedInstancesProvider", "required when computeResources.type is ECS_MANAGED_INSTANCES"
        ),
    ),
    Rule(
        id="CE602",
        says="managedInstancesProvider is for the type ECS_MANAGED_INSTANCES.",
        check=_no_provider_elsewhere,
        evidence=documented(
            "ComputeResource.managedInstancesProvider", "must not be specified for other compute environment types"
        ),
        fails=ec2(managedInstancesProvider=managed_instances().body["computeResources"]["managedInstancesProvider"]),
        passes=managed_instances(),
    ),
    Rule(
        id="CE603",
        says="capacityTags is for the type ECS_MANAGED_INSTANCES.",
        check=_no_capacity_tags_elsewhere,
        evidence=documented(
            "ComputeResource.capacityTags", "only valid for ECS_MANAGED_INSTANCES compute environments"
        ),
        fails=ec2(capacityTags={"team": "research"}),
        passes=managed_instances(capacityTags={"team": "research"}),
    ),
    Rule(
        id="CE604",
        says="Roles and profiles of ECS managed instances are full ARNs.",
        check=_full_arns,
        severity=Severity.WARNING,
        evidence=documented(
            "ManagedInstancesProvider.infrastructureRoleArn",
            "The Amazon Resource Name (ARN) of the IAM role",
            "and InstanceLaunchTemplate.ec2InstanceProfileArn",
        ),
        fails=managed_instances(template={"ec2InstanceProfileArn": "ecsInstanceRole"}),
        passes=managed_instances(),
    ),
    Rule(
        id="CE609",
        says="ECS managed instances have subnets and security groups.",
        check=_has_a_network,
        evidence=documented(
            "ManagedInstancesNetworkConfiguration",
            "Specifies the VPC subnets and security groups where instances are launched.",
            "both are required; empty lists are not documented",
        ),
        severity=Severity.WARNING,
        fails=managed_instances(template={"networkConfiguration": {"subnets": [], "securityGroups": ["sg-0a1b2c3d"]}}),
        passes=managed_instances(),
    ),
    one_of(
        "CE605",
        (*PROVIDER, "propagateTags"),
        ("CAPACITY_PROVIDER", "NONE"),
        managed_instances(
            managedInstancesProvider={
                **managed_instances().body["computeResources"]["managedInstancesProvider"],
                "propagateTags": "INSTANCES",
            }
        ),
        managed_instances(),
        documented(
            "ManagedInstancesProvider.propagateTags",
            "Valid values: CAPACITY_PROVIDER",
            against="the service model leaves the set open",
        ),
    ),
    one_of(
        "CE606",
        (*TEMPLATE, "capacityOptionType"),
        ("ON_DEMAND", "SPOT", "RESERVED"),
        managed_instances(template={"capacityOptionType": "FARGATE"}),
        managed_instances(template={"capacityOptionType": "SPOT"}),
        documented(
            "InstanceLaunchTemplate.capacityOptionType",
            "Valid values: ON_DEMAND (default)",
            "RESERVED is in AWS::Batch::ComputeEnvironment only",
            against="the service model leaves the set open",
        ),
    ),
    one_of(
        "CE607",
        (*TEMPLATE, "monitoring"),
        ("BASIC", "DETAILED"),
        managed_instances(template={"monitoring": "ENABLED"}),
        managed_instances(template={"monitoring": "DETAILED"}),
        documented(
            "InstanceLaunchTemplate.monitoring",
            "Valid values are BASIC and DETAILED.",
            against="the service model leaves the set open",
        ),
    ),
    one_of(
        "CE608",
        (*TEMPLATE, "capacityReservations", "reservationPreference"),
        RESERVATIONS,
        managed_instances(template={"capacityReservations": {"reservationPreference": "ALWAYS"}}),
        managed_instances(template={"capacityReservations": {"reservationPreference": "RESERVATIONS_FIRST"}}),
        documented(
            "CapacityReservationRequest.reservationPreference",
            "Valid values: RESERVATIONS_ONLY",
            against="the service model leaves the set open",
        ),
    ),
    # No refusal is known of what describes instances that this environment does not have, or sets a minimum of 0.
    NOT_HERE.rule("CE621", "minvCpus", 0, Severity.WARNING),
    NOT_HERE.rule("CE622", "instanceTypes", ["m7i"]),
    NOT_HERE.rule("CE623", "subnets", ["subnet-0a1b2c3d"]),
    NOT_HERE.rule("CE624", "securityGroupIds", ["sg-0a1b2c3d"]),
    NOT_HERE.rule("CE625", "instanceRole", "ecsInstanceRole"),
    NOT_HERE.rule("CE626", "imageId", "ami-0a1b2c3d4e5f60718"),
    NOT_HERE.rule("CE627", "ec2KeyPair", "research", Severity.WARNING),
    NOT_HERE.rule("CE628", "tags", {"Name": "batch"}, Severity.WARNING),
    NOT_HERE.rule("CE629", "placementGroup", "research", Severity.WARNING),
    NOT_HERE.rule("CE630", "bidPercentage", 50, Severity.WARNING),
    NOT_HERE.rule("CE631", "spotIamFleetRole", "arn:aws:iam::123456789012:role/fleet", Severity.WARNING),
    NOT_HERE.rule("CE632", "launchTemplate", {"launchTemplateName": "large-disk"}),
    NOT_HERE.rule("CE633", "ec2Configuration", [{"imageType": "ECS_AL2023"}]),
    NOT_HERE.rule("CE634", "allocationStrategy", "BEST_FIT_PROGRESSIVE"),
    NOT_HERE.rule("CE635", "scalingPolicy", {"minScaleDownDelayMinutes": 30}, Severity.WARNING),
    NOT_HERE.rule("CE637", "desiredvCpus", 0, Severity.WARNING),
    NOT_HERE.rule("CE638", "updateToLatestImageVersion", value=True, severity=Severity.WARNING),
    Rule(
        id="CE636",
        says="updatePolicy is not supported for ECS managed instances.",
        check=_no_update_policy,
        evidence=documented(
            "UpdatePolicy", "applies only to Amazon EC2 managed compute environments", "it is never sent"
        ),
        severity=Severity.WARNING,
        fails=beside(managed_instances(), updatePolicy=UPDATE_POLICY),
        passes=managed_instances(),
    ),
)


# What Fargate environments do not have, and their limits.

MOST_GROUPS = 5
MOST_SUBNETS = 16


def _not_applicable(member: str) -> Evidence:
    """Return what the API says about a field. A refusal was seen for tags: 'tags is not applicable for Fargate.'."""
    quote = "This parameter isn't applicable to jobs that are running on Fargate resources. Don't specify it."
    if member == "updateToLatestImageVersion":
        quote = "Specifies whether the AMI ID is updated to the latest one"
        return documented(f"ComputeResourceUpdate.{member}", quote, "Fargate has no AMIs; it is never sent")
    return documented(f"ComputeResource.{member}", quote)


NOT_ON_FARGATE = ForbiddenFields(
    types=FARGATE,
    whose="Fargate",
    keeps=fargate(),
    evidence=_not_applicable,
    hint="remove it, or set the type to EC2 or SPOT",
)


def _few_groups(subject: Subject) -> Findings:
    groups = resources_of(subject).get("securityGroupIds", ())
    if type_of(subject) in FARGATE and len(groups) > MOST_GROUPS:
        yield ("computeResources", "securityGroupIds"), f"has {len(groups)} groups; Fargate supports {MOST_GROUPS}"


def _few_subnets(subject: Subject) -> Findings:
    subnets = resources_of(subject).get("subnets", ())
    if type_of(subject) in FARGATE and len(subnets) > MOST_SUBNETS:
        yield ("computeResources", "subnets"), f"has {len(subnets)} subnets; Fargate supports {MOST_SUBNETS}"


def _no_update_policy_on_fargate(subject: Subject) -> Findings:
    if type_of(subject) in FARGATE and is_given(subject.body.get("updatePolicy")):
        yield ("updatePolicy",), "is not supported on Fargate: there are no instances to replace"


FARGATE_RULES = (
    NOT_ON_FARGATE.rule("CE101", "minvCpus", 0),
    # It is never sent, so AWS does not refuse it, but its author expects an effect.
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
        says="updatePolicy is not supported for Fargate.",
        check=_no_update_policy_on_fargate,
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
