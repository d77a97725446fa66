"""Environments that work, but not as their author may think: cost, ageing, and what cannot change later."""

from reconciler.problems import Severity
from reconciler.rules.base import Findings, Rule, Subject, documented, inferred, measured
from reconciler.rules.compute_environment.common import (
    INSTANCES,
    ROLE,
    SERVICE_LINKED,
    beside,
    ec2,
    is_service_linked,
    resources_of,
    spot,
    type_of,
    unmanaged,
)
from reconciler.rules.compute_environment.instances import (
    FLEET_ROLE,
    RETIRED,
    STRATEGY,
    TYPES,
    images,
    is_own,
    strategy_of,
    templates,
)
from reconciler.rules.shared import disabled, quota

UPDATING = inferred("AWS Batch User Guide, 'Updating compute environments'")
AMI = "ami-0a1b2c3d4e5f60718"


def _idle(subject: Subject) -> Findings:
    least = resources_of(subject).get("minvCpus", 0)
    if type_of(subject) in INSTANCES and least:
        yield ("computeResources", "minvCpus"), f"is {least}: so many vCPUs run and cost, also without jobs"


def _nothing_runs(subject: Subject) -> Findings:
    if type_of(subject) and not resources_of(subject).get("maxvCpus"):
        yield ("computeResources", "maxvCpus"), "is 0: no job will ever start"


def _optimal(subject: Subject) -> Findings:
    for index, name in enumerate(resources_of(subject).get("instanceTypes", ())):
        if type_of(subject) in INSTANCES and name == "optimal":
            yield (*TYPES, index), "is optimal, which since November 2025 means default_x86_64: newer families"


def _retired_image(subject: Subject) -> Findings:
    for path, entry in images(subject):
        name = entry["imageType"]
        if name in RETIRED and not is_own(entry, subject):
            end = "November 26, 2025" if name.startswith("EKS") else "June 30, 2026"
            yield (*path, "imageType"), f"is {name}, an image of Amazon Linux 2, which AWS supported until {end}"


def _capacity_only(subject: Subject) -> Findings:
    if type_of(subject) == "SPOT" and strategy_of(subject) == "SPOT_CAPACITY_OPTIMIZED":
        yield STRATEGY, "is SPOT_CAPACITY_OPTIMIZED, which does not look at prices"


def _stuck_strategy(subject: Subject) -> Findings:
    if type_of(subject) in INSTANCES and strategy_of(subject) == "BEST_FIT":
        yield STRATEGY, "is BEST_FIT, also when left out: nothing about the instances can change in place"


def _stuck_role(subject: Subject) -> Findings:
    role = subject.body.get("serviceRole")
    if type_of(subject) in INSTANCES and role and not is_service_linked(str(role)):
        yield ("serviceRole",), "is a role of your own: nothing about the instances can change in place"


def _role_by_name(subject: Subject) -> Findings:
    role = str(subject.body.get("serviceRole") or "arn:")
    if not role.startswith("arn:"):
        yield ("serviceRole",), f"is {role}: without a path, AWS Batch assumes the path /"


def _latest_template(subject: Subject) -> Findings:
    for path, template in templates(subject):
        if template.get("version") == "$Latest":
            yield (*path, "version"), "is $Latest: a new version of the template waits until instances are replaced"


def _deprecated_image(subject: Subject) -> Findings:
    if type_of(subject) in INSTANCES and resources_of(subject).get("imageId"):
        yield ("computeResources", "imageId"), "is deprecated"


def _price_limit(subject: Subject) -> Findings:
    percentage = resources_of(subject).get("bidPercentage", 100)
    if type_of(subject) == "SPOT" and 0 < percentage < 100:  # noqa: PLR2004 - percent: the On-Demand price
        yield ("computeResources", "bidPercentage"), f"is {percentage}: while Spot costs more, no instance starts"


RULES = (
    Rule(
        id="CE901",
        says="Instances that wait for jobs cost money.",
        check=_idle,
        hint="with minvCpus: 0, all instances are terminated when there are no jobs",
        severity=Severity.WARNING,
        advice=True,
        evidence=documented("ComputeResource.minvCpus", "even if the compute environment is DISABLED"),
        fails=ec2(minvCpus=4),
        passes=ec2(),
    ),
    Rule(
        id="CE902",
        says="An environment with maxvCpus 0 runs nothing.",
        check=_nothing_runs,
        severity=Severity.WARNING,
        advice=True,
        evidence=documented(
            "ComputeResource.maxvCpus", "The maximum number of vCPUs that a compute environment can support."
        ),
        fails=ec2(maxvCpus=0),
        passes=ec2(),
    ),
    Rule(
        id="CE903",
        says="optimal means default_x86_64 since November 2025.",
        check=_optimal,
        hint="use default_x86_64, or instance families",
        severity=Severity.NOTE,
        advice=True,
        evidence=inferred("AWS HPC Blog, 'Introducing default instance categories for AWS Batch'"),
        fails=ec2(instanceTypes=["optimal"]),
        passes=ec2(instanceTypes=["default_x86_64"]),
    ),
    Rule(
        id="CE904",
        says="Batch's images of Amazon Linux 2 have reached their end.",
        check=_retired_image,
        hint="use the AL2023 image type, or your own image (imageIdOverride)",
        severity=Severity.WARNING,
        evidence=measured(
            "CreateComputeEnvironment", "Amazon Linux 2 is end-of-life.", "the dates: Ec2Configuration.imageType"
        ),
        fails=ec2(ec2Configuration=[{"imageType": "ECS_AL2"}]),
        passes=ec2(ec2Configuration=[{"imageType": "ECS_AL2", "imageIdOverride": AMI}]),
    ),
    Rule(
        id="CE905",
        says="On Spot, a strategy that weighs price and capacity is recommended.",
        check=_capacity_only,
        hint="SPOT_PRICE_CAPACITY_OPTIMIZED weighs both",
        severity=Severity.NOTE,
        advice=True,
        evidence=inferred("AWS Batch User Guide, 'Instance type allocation strategies for AWS Batch'"),
        fails=spot(allocationStrategy="SPOT_CAPACITY_OPTIMIZED"),
        passes=spot(),
    ),
    Rule(
        id="CE906",
        says="With BEST_FIT an environment cannot change its instances in place.",
        check=_stuck_strategy,
        hint="BEST_FIT_PROGRESSIVE on EC2 or SPOT_PRICE_CAPACITY_OPTIMIZED on SPOT can",
        severity=Severity.WARNING,
        advice=True,
        evidence=UPDATING,
        fails=ec2(allocationStrategy=None),
        passes=ec2(),
    ),
    Rule(
        id="CE907",
        says="With a serviceRole of your own an environment cannot change its instances in place.",
        check=_stuck_role,
        hint="remove serviceRole: AWS Batch then uses its service-linked role",
        severity=Severity.WARNING,
        advice=True,
        evidence=UPDATING,
        fails=beside(ec2(), serviceRole=ROLE),
        passes=beside(ec2(), serviceRole=SERVICE_LINKED),
    ),
    Rule(
        id="CE908",
        says="serviceRole should be a full ARN.",
        check=_role_by_name,
        severity=Severity.NOTE,
        advice=True,
        evidence=documented(
            "CreateComputeEnvironmentRequest.serviceRole", "we recommend that you specify the full ARN"
        ),
        fails=unmanaged(serviceRole="AWSBatchServiceRole"),
        passes=unmanaged(),
    ),
    Rule(
        id="CE909",
        says="$Latest is looked up when instances are replaced, not when the template changes.",
        check=_latest_template,
        hint="write the version's number: changing it replaces the instances",
        severity=Severity.NOTE,
        advice=True,
        evidence=documented(
            "LaunchTemplateSpecification.version",
            "During an infrastructure update, if either $Default or $Latest is specified, Batch "
            "re-evaluates the launch template version",
        ),
        fails=ec2(launchTemplate={"launchTemplateName": "batch", "version": "$Latest"}),
        passes=ec2(launchTemplate={"launchTemplateName": "batch", "version": "7"}),
    ),
    Rule(
        id="CE910",
        says="imageId is deprecated.",
        check=_deprecated_image,
        hint="write ec2Configuration: [{imageType: ECS_AL2023, imageIdOverride: ami-…}]",
        severity=Severity.NOTE,
        advice=True,
        evidence=documented("Ec2Configuration.batchImageStatus", "ComputeResources.imageId (deprecated)"),
        fails=ec2(imageId=AMI),
        passes=ec2(ec2Configuration=[{"imageType": "ECS_AL2023", "imageIdOverride": AMI}]),
    ),
    disabled(
        "CE911",
        "A DISABLED environment starts no jobs and may still cost.",
        "no job starts here, and minvCpus go on to cost",
        documented(
            "CreateComputeEnvironmentRequest.state",
            "Compute environments in a DISABLED state may continue to incur billing charges",
        ),
        ec2(),
    ),
    Rule(
        id="CE913",
        says="bidPercentage is best left out.",
        check=_price_limit,
        hint="you never pay more than the On-Demand price anyway",
        severity=Severity.NOTE,
        advice=True,
        evidence=documented(
            "ComputeResource.bidPercentage", "For most use cases, we recommend leaving this field empty."
        ),
        fails=spot(bidPercentage=40),
        passes=spot(bidPercentage=100),
    ),
    quota("CE917", "ComputeEnvironment", "compute environments", 50, ec2().body),
)


# Members of environments that say nothing where they stand.

OWN_IMAGE = [{"imageType": "ECS_AL2023", "imageIdOverride": AMI}]
BATCHS_IMAGE = [{"imageType": "ECS_AL2023"}]


def _spot_price_on_demand(subject: Subject) -> Findings:
    for member in ("bidPercentage", "spotIamFleetRole"):
        if type_of(subject) == "EC2" and member in resources_of(subject):
            yield ("computeResources", member), "has no effect on EC2: it only applies to Spot"


def _desired(subject: Subject) -> Findings:
    if type_of(subject) in INSTANCES and "desiredvCpus" in resources_of(subject):
        yield ("computeResources", "desiredvCpus"), "is never sent: Batch itself moves it between minvCpus and maxvCpus"


def _two_images(subject: Subject) -> Findings:
    for path, entry in images(subject):
        if entry.get("imageIdOverride") and resources_of(subject).get("imageId"):
            yield (*path, "imageIdOverride"), "overrides imageId, which has no effect"


def _pinned_image(subject: Subject) -> Findings:
    resources = resources_of(subject)
    is_pinned = resources.get("imageId") or any(entry.get("imageIdOverride") for _, entry in images(subject))
    if type_of(subject) in INSTANCES and resources.get("updateToLatestImageVersion") and is_pinned:
        yield ("computeResources", "updateToLatestImageVersion"), "is ignored if you use your own image"


EFFECT_RULES = (
    Rule(
        id="CE912",
        says="bidPercentage and spotIamFleetRole are about Spot.",
        check=_spot_price_on_demand,
        severity=Severity.NOTE,
        advice=True,
        evidence=documented(
            "ComputeResource.bidPercentage",
            "The maximum percentage that a Spot Instance price can be",
            "and spotIamFleetRole, 'applied to a SPOT compute environment'",
        ),
        fails=ec2(spotIamFleetRole=FLEET_ROLE),
        passes=spot(spotIamFleetRole=FLEET_ROLE),
    ),
    Rule(
        id="CE914",
        says="desiredvCpus is Batch's to choose.",
        check=_desired,
        hint="minvCpus keeps instances running",
        severity=Severity.NOTE,
        advice=True,
        evidence=documented(
            "ComputeResource.desiredvCpus", "Batch modifies this value between the minimum and maximum values"
        ),
        fails=ec2(desiredvCpus=4),
        passes=ec2(minvCpus=0),
    ),
    Rule(
        id="CE915",
        says="imageIdOverride overrides imageId.",
        check=_two_images,
        severity=Severity.NOTE,
        advice=True,
        evidence=documented(
            "ComputeResource.imageId", "overridden by the imageIdOverride member of the Ec2Configuration structure"
        ),
        fails=ec2(imageId=AMI, ec2Configuration=OWN_IMAGE),
        passes=ec2(ec2Configuration=OWN_IMAGE),
    ),
    Rule(
        id="CE916",
        says="updateToLatestImageVersion is about images that Batch chooses.",
        check=_pinned_image,
        severity=Severity.NOTE,
        advice=True,
        evidence=documented(
            "ComputeResourceUpdate.updateToLatestImageVersion",
            "If an AMI ID is specified any of these ways, this parameter is ignored.",
        ),
        fails=ec2(updateToLatestImageVersion=True, ec2Configuration=OWN_IMAGE),
        passes=ec2(updateToLatestImageVersion=True, ec2Configuration=BATCHS_IMAGE),
    ),
)
