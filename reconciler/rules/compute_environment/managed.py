"""ECS managed instances: everything about them is said in managedInstancesProvider."""

from reconciler.problems import Severity
from reconciler.rules.base import Findings, Rule, Subject
from reconciler.rules.compute_environment.bodies import (
    MANAGED_INSTANCES,
    beside,
    ec2,
    is_given,
    managed_instances,
    resources_of,
    type_of,
)
from reconciler.rules.compute_environment.members import Ban, one_of, required
from reconciler.rules.compute_environment.shape import UPDATE_POLICY

PAGE = "AWS Batch User Guide, 'Compute environments on Amazon ECS Managed Instances'"
PROVIDER = ("computeResources", "managedInstancesProvider")
TEMPLATE = (*PROVIDER, "instanceLaunchTemplate")
RESERVATIONS = ("RESERVATIONS_ONLY", "RESERVATIONS_FIRST", "RESERVATIONS_EXCLUDED")

NOT_HERE = Ban(
    types=(MANAGED_INSTANCES,),
    whose="ECS managed instances",
    keeps=managed_instances(),
    source=PAGE + ": 'All networking, instance profile, and instance selection configuration lives within this block.'",
    hint="see managedInstancesProvider.instanceLaunchTemplate for what can be said of the instances",
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
        "ComputeResource, managedInstancesProvider: 'required when computeResources.type is ECS_MANAGED_INSTANCES'",
    ),
    Rule(
        id="CE602",
        says="managedInstancesProvider is for the type ECS_MANAGED_INSTANCES.",
        check=_no_provider_elsewhere,
        source="ComputeResource, managedInstancesProvider: 'must not be specified for other compute environment types'",
        fails=ec2(managedInstancesProvider=managed_instances().body["computeResources"]["managedInstancesProvider"]),
        passes=managed_instances(),
    ),
    Rule(
        id="CE603",
        says="capacityTags is for the type ECS_MANAGED_INSTANCES.",
        check=_no_capacity_tags_elsewhere,
        source="ComputeResource, capacityTags: 'only valid for ECS_MANAGED_INSTANCES compute environments'",
        fails=ec2(capacityTags={"team": "research"}),
        passes=managed_instances(capacityTags={"team": "research"}),
    ),
    Rule(
        id="CE604",
        says="Roles and profiles of ECS managed instances are full ARNs.",
        check=_full_arns,
        severity=Severity.WARNING,
        source="ManagedInstancesProvider, infrastructureRoleArn and InstanceLaunchTemplate, ec2InstanceProfileArn: "
        "'The Amazon Resource Name (ARN) of …'",
        fails=managed_instances(template={"ec2InstanceProfileArn": "ecsInstanceRole"}),
        passes=managed_instances(),
    ),
    Rule(
        id="CE609",
        says="ECS managed instances have subnets and security groups.",
        check=_has_a_network,
        source="ManagedInstancesNetworkConfiguration: subnets and securityGroups are required",
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
        "ManagedInstancesProvider, propagateTags: the values",
    ),
    one_of(
        "CE606",
        (*TEMPLATE, "capacityOptionType"),
        ("ON_DEMAND", "SPOT", "RESERVED"),
        managed_instances(template={"capacityOptionType": "FARGATE"}),
        managed_instances(template={"capacityOptionType": "SPOT"}),
        "InstanceLaunchTemplate, capacityOptionType: the values; RESERVED in AWS::Batch::ComputeEnvironment only",
    ),
    one_of(
        "CE607",
        (*TEMPLATE, "monitoring"),
        ("BASIC", "DETAILED"),
        managed_instances(template={"monitoring": "ENABLED"}),
        managed_instances(template={"monitoring": "DETAILED"}),
        "InstanceLaunchTemplate, monitoring: 'Valid values are BASIC and DETAILED.'",
    ),
    one_of(
        "CE608",
        (*TEMPLATE, "capacityReservations", "reservationPreference"),
        RESERVATIONS,
        managed_instances(template={"capacityReservations": {"reservationPreference": "ALWAYS"}}),
        managed_instances(template={"capacityReservations": {"reservationPreference": "RESERVATIONS_FIRST"}}),
        "CapacityReservationRequest, reservationPreference: the values",
    ),
    NOT_HERE.rule("CE621", "minvCpus", 0),
    NOT_HERE.rule("CE622", "instanceTypes", ["m7i"]),
    NOT_HERE.rule("CE623", "subnets", ["subnet-0a1b2c3d"]),
    NOT_HERE.rule("CE624", "securityGroupIds", ["sg-0a1b2c3d"]),
    NOT_HERE.rule("CE625", "instanceRole", "ecsInstanceRole"),
    NOT_HERE.rule("CE626", "imageId", "ami-0a1b2c3d4e5f60718"),
    NOT_HERE.rule("CE627", "ec2KeyPair", "research"),
    NOT_HERE.rule("CE628", "tags", {"Name": "batch"}),
    NOT_HERE.rule("CE629", "placementGroup", "research"),
    NOT_HERE.rule("CE630", "bidPercentage", 50),
    NOT_HERE.rule("CE631", "spotIamFleetRole", "arn:aws:iam::123456789012:role/fleet"),
    NOT_HERE.rule("CE632", "launchTemplate", {"launchTemplateName": "large-disk"}),
    NOT_HERE.rule("CE633", "ec2Configuration", [{"imageType": "ECS_AL2023"}]),
    NOT_HERE.rule("CE634", "allocationStrategy", "BEST_FIT_PROGRESSIVE"),
    NOT_HERE.rule("CE635", "scalingPolicy", {"minScaleDownDelayMinutes": 30}),
    NOT_HERE.rule("CE637", "desiredvCpus", 0, Severity.WARNING),
    NOT_HERE.rule("CE638", "updateToLatestImageVersion", value=True, severity=Severity.WARNING),
    Rule(
        id="CE636",
        says="updatePolicy is not for ECS managed instances.",
        check=_no_update_policy,
        source="UpdatePolicy: it 'applies only to Amazon EC2 managed compute environments'",
        fails=beside(managed_instances(), updatePolicy=UPDATE_POLICY),
        passes=managed_instances(),
    ),
)
