"""Members of environments that say nothing where they stand."""

from reconciler.problems import Severity
from reconciler.rules.base import Findings, Rule, Subject
from reconciler.rules.compute_environment.advice import AMI
from reconciler.rules.compute_environment.bodies import INSTANCES, ec2, resources_of, spot, type_of
from reconciler.rules.compute_environment.images import images
from reconciler.rules.compute_environment.instances import FLEET_ROLE
from reconciler.rules.evidence import documented

OWN_IMAGE = [{"imageType": "ECS_AL2023", "imageIdOverride": AMI}]
BATCHS_IMAGE = [{"imageType": "ECS_AL2023"}]


def _spot_price_on_demand(subject: Subject) -> Findings:
    for member in ("bidPercentage", "spotIamFleetRole"):
        if type_of(subject) == "EC2" and member in resources_of(subject):
            yield ("computeResources", member), "says nothing on EC2: it is about Spot"


def _desired(subject: Subject) -> Findings:
    if type_of(subject) in INSTANCES and "desiredvCpus" in resources_of(subject):
        yield ("computeResources", "desiredvCpus"), "is never sent: Batch itself moves it between minvCpus and maxvCpus"


def _two_images(subject: Subject) -> Findings:
    for path, entry in images(subject):
        if entry.get("imageIdOverride") and resources_of(subject).get("imageId"):
            yield (*path, "imageIdOverride"), "takes the place of imageId, which says nothing then"


def _pinned_image(subject: Subject) -> Findings:
    resources = resources_of(subject)
    is_pinned = resources.get("imageId") or any(entry.get("imageIdOverride") for _, entry in images(subject))
    if type_of(subject) in INSTANCES and resources.get("updateToLatestImageVersion") and is_pinned:
        yield ("computeResources", "updateToLatestImageVersion"), "is ignored beside an image of your own"


RULES = (
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
