"""What a managed compute environment may start: instances, images, network, limits."""

import re
from collections.abc import Iterable

from reconciler.kinds.base import (
    AMI,
    INSTANCE_TYPE,
    LAUNCH_TEMPLATE_ID,
    PROFILE,
    ROLE,
    SECURITY_GROUP,
    SUBNET,
    Field,
    Form,
    Unmanaged,
)
from reconciler.model import Cost, Json, Spec

# Which image AWS Batch chooses for instances when nothing chooses one.

GPU = re.compile(r"(p\d|g\d|gr\d).*")
ON_INSTANCES = ("EC2", "SPOT")


def default_image_type(instance_types: Iterable[str], orchestration: str) -> str:
    """Return the image type of a new environment; `orchestration` is ECS or EKS.

    Amazon Linux 2023 since 12 January 2026, with NVIDIA drivers for GPU families (Ec2Configuration, imageType).
    """
    types = tuple(instance_types)
    is_gpu = bool(types) and all(GPU.match(each) for each in types)
    return f"{orchestration}_AL2023{'_NVIDIA' if is_gpu else ''}"


def filled_images(environment: Spec) -> Json:
    """Return the ec2Configuration that a new environment gets that declares none; both bodies are canonical."""
    resources = environment.get("computeResources") or {}
    if str(resources.get("type", "")).upper() not in ON_INSTANCES:
        return None
    orchestration = "EKS" if environment.get("eksConfiguration") else "ECS"
    return {default_image_type(resources.get("instanceTypes") or (), orchestration): {}}


# The part of a compute environment that describes ECS managed instances.


def _always(_value: Json) -> bool:
    """What the service shows for members that were left out is not documented: such members are left to it."""
    return True


MANAGED_INSTANCES_TEMPLATE = (
    Field(
        name="ec2InstanceProfileArn",
        example=PROFILE,
        form=Form.PROFILE,
        says="Instance profile of the instances (full ARN).",
    ),
    Field(
        name="networkConfiguration",
        form=Form.STRUCT,
        says="Where the instances run.",
        fields=(
            Field(name="subnets", example=SUBNET, form=Form.SET, says="Subnets of one VPC."),
            Field(
                name="securityGroups", example=SECURITY_GROUP, form=Form.SET, says="Security groups of the same VPC."
            ),
        ),
    ),
    Field(
        name="instanceRequirements",
        form=Form.STRUCT,
        says="Which instances may be chosen.",
        fields=(
            Field(
                name="allowedInstanceTypes",
                example=INSTANCE_TYPE,
                form=Form.SET,
                fills=_always,
                says="Instance types; * is a wildcard.",
            ),
        ),
    ),
    Field(
        name="capacityOptionType",
        says="ON_DEMAND or SPOT.",
        default="ON_DEMAND",
        cost=Cost.REPLACE,
        fills=_always,
        source="UpdateComputeEnvironment has no such member",
    ),
    Field(
        name="storageConfiguration",
        form=Form.STRUCT,
        says="Root volume.",
        fields=(
            Field(
                name="storageSizeGiB",
                example=100,
                fills=_always,
                says="Size of the root volume, GiB.",
                limits={"minimum": 1},
            ),
        ),
    ),
    Field(name="monitoring", example="BASIC", says="Detail of the instances' CloudWatch metrics.", fills=_always),
    Field(
        name="fipsEnabled",
        says="Use FIPS 140 validated endpoints and modules.",
        default=False,
        cost=Cost.REPLACE,
        fills=_always,
        source="UpdateComputeEnvironment has no such member",
    ),
    Field(
        name="capacityReservations",
        form=Form.STRUCT,
        says="Capacity reservations to draw from.",
        fields=(
            Field(
                name="reservationGroupArn",
                example="arn:aws:resource-groups:us-east-1:123456789012:group/{name}",
                fills=_always,
                says="Resource group with the reservations.",
            ),
            Field(
                name="reservationPreference",
                example="RESERVATIONS_FIRST",
                fills=_always,
                says="How reservations are preferred.",
            ),
        ),
    ),
    Field(
        name="instanceMetadataTagsPropagation",
        says="Show instance tags in the instance metadata.",
        fills=_always,
        default=False,
    ),
    Field(
        name="localStorageConfiguration",
        form=Form.STRUCT,
        says="Instance store volumes.",
        fields=(Field(name="useLocalStorage", fills=_always, says="Use the instance's local disks.", default=False),),
    ),
)

MANAGED_INSTANCES = (
    Field(
        name="propagateTags",
        form=Form.CASELESS,
        default="NONE",
        fills=_always,
        says="CAPACITY_PROVIDER copies tags to the instances; NONE does not.",
    ),
    Field(
        name="infrastructureRoleArn",
        example=ROLE,
        form=Form.ROLE,
        passed_to="ecs.amazonaws.com",
        says="Role with which ECS manages the instances (full ARN).",
    ),
    Field(
        name="instanceLaunchTemplate",
        form=Form.STRUCT,
        says="What the instances look like.",
        fields=MANAGED_INSTANCES_TEMPLATE,
    ),
    Field(
        name="infrastructureOptimization",
        form=Form.STRUCT,
        says="How eagerly idle instances go.",
        fields=(
            Field(
                name="scaleInAfter",
                fills=_always,
                says="Seconds an idle instance is kept; -1 keeps it for ever.",
                limits={"minimum": -1, "maximum": 3600},
            ),
        ),
    ),
)


VERSION = "imageKubernetesVersion"
ORDERED_STRATEGIES = ("BEST_FIT_PROGRESSIVE_ORDERED", "SPOT_CAPACITY_OPTIMIZED_PRIORITIZED")


def _keeps_order(resources: Spec) -> bool:
    return str(resources.get("allocationStrategy", "")).upper() in ORDERED_STRATEGIES


def _has_price(resources: Spec) -> bool:
    """Between 0 and 100 the API takes all, and other tools write 0 where they mean none."""
    return bool(resources.get("bidPercentage") != 0)


def _has_instances(resources: Spec) -> bool:
    return not str(resources.get("type", "")).upper().startswith("FARGATE")


def _is_plain_image(images: Json) -> bool:
    """Whether `images` (keyed by imageType) name image types, perhaps for a Kubernetes version, as the service does."""
    return all(set(image) <= {"imageType", "batchImageStatus", VERSION} for image in images.values())


def _is_any(_version: Json) -> bool:
    """AWS Batch takes the version of the cluster, which moves on (User Guide, 'Default AMI selection')."""
    return True


def _without_override(images: Json) -> Json:
    return [{"imageType": image["imageType"]} for image in images]


def _no_template(template: Json) -> Json:
    return {"launchTemplateName": ""} if "launchTemplateName" in template else {"launchTemplateId": ""}


USERDATA_TYPE = Field(
    name="userdataType",
    default="EKS_BOOTSTRAP_SH",
    says="How EKS nodes read their user data: EKS_BOOTSTRAP_SH or EKS_NODEADM; only beside an image of your own.",
    source="LaunchTemplateSpecification",
)

LAUNCH_TEMPLATE_OVERRIDE = (
    Field(
        name="launchTemplateId", example=LAUNCH_TEMPLATE_ID, says="Id of the template to use instead; or give its name."
    ),
    Field(name="launchTemplateName", says="Name of the template to use instead; or give its id."),
    Field(
        name="version",
        example="1",
        says="Version number, $Default or $Latest.",
        default="$Default",
        limits={"pattern": r"^([0-9]+|\$Default|\$Latest)?$"},
    ),
    Field(
        name="targetInstanceTypes",
        example=INSTANCE_TYPE,
        form=Form.SET,
        says="Instance types or families, out of instanceTypes, that this override is for.",
    ),
    USERDATA_TYPE,
)

LAUNCH_TEMPLATE = (
    Field(
        name="launchTemplateId",
        example=LAUNCH_TEMPLATE_ID,
        says="Id of the EC2 launch template; or give its name, not both.",
    ),
    Field(name="launchTemplateName", says="Name of the EC2 launch template; or give its id, not both."),
    Field(
        name="version",
        example="1",
        says="Version number, $Default or $Latest. Both words are resolved only when instances are replaced: "
        "a new template version alone changes nothing.",
        default="$Default",
        limits={"pattern": r"^([0-9]+|\$Default|\$Latest)?$"},
    ),
    Field(
        name="overrides",
        form=Form.SET,
        fields=LAUNCH_TEMPLATE_OVERRIDE,
        limits={"maxItems": 10},
        says="Other templates for some of the instance types.",
    ),
    USERDATA_TYPE,
)

EC2_CONFIGURATION = (
    Field(
        name="imageType",
        example=("ECS_AL2023", "EKS_AL2023"),
        says="Family of the image that Batch chooses: ECS_AL2023, ECS_AL2023_NVIDIA, EKS_AL2023, …",
    ),
    Field(name="imageIdOverride", example=AMI, says="An AMI of your own for this image type."),
    Unmanaged("batchImageStatus", "read-only: the service says whether a newer image exists"),
    Field(
        name=VERSION,
        fills=_is_any,
        says="Kubernetes version of the node image; EKS only. Left out, it is the newest that Batch supports.",
        source="AWS Batch User Guide, 'Amazon EKS compute environments': it is shown where nothing was specified",
    ),
)

COMPUTE_RESOURCES = (
    Field(
        name="type",
        form=Form.CASELESS,
        says="Where jobs run: EC2, SPOT, FARGATE, FARGATE_SPOT or ECS_MANAGED_INSTANCES.",
    ),
    Field(
        name="allocationStrategy",
        form=Form.CASELESS,
        default="BEST_FIT",
        says="How instance types are chosen. With BEST_FIT, also when it is left out, nothing about the instances can "
        "change in place.",
        source="UpdateComputeEnvironment does not take BEST_FIT",
    ),
    Field(
        name="minvCpus",
        example=0,
        cost=Cost.SCALING,
        default=0,
        unset=0,
        limits={"minimum": 0},
        says="vCPUs kept running, also while the environment is disabled. Required on EC2 and Spot.",
    ),
    Field(
        name="maxvCpus",
        example=16,
        cost=Cost.SCALING,
        limits={"minimum": 0},
        says="The most vCPUs the environment may grow to.",
    ),
    Unmanaged("desiredvCpus", "owned by the autoscaler: never sent and never compared"),
    Field(
        name="updateToLatestImageVersion",
        rides_with=("launchTemplate",),
        only_if=_has_instances,
        says="A trigger, no state: true takes the latest image whenever instances are replaced. Left out, only a "
        "change of launchTemplate does, which could otherwise keep the image of the old template.",
        source="LaunchTemplateSpecification: an image from a template is only changed if this is true",
    ),
    Field(
        name="instanceTypes",
        example=INSTANCE_TYPE,
        form=Form.SET,
        ordered_if=_keeps_order,
        says="Instance types, families or bundles such as optimal or default_arm64. The order counts only for "
        "BEST_FIT_PROGRESSIVE_ORDERED and SPOT_CAPACITY_OPTIMIZED_PRIORITIZED.",
    ),
    Field(
        name="imageId",
        example=AMI,
        unset="",
        says="An AMI of your own. Deprecated: use ec2Configuration.imageIdOverride.",
    ),
    Field(name="subnets", example=SUBNET, form=Form.SET, says="Subnets of the VPC, at most 16 on Fargate."),
    Field(
        name="securityGroupIds",
        example=SECURITY_GROUP,
        form=Form.SET,
        unset=[],
        says="Security groups, 1 to 5 on Fargate. Required unless a launch template has them.",
    ),
    Field(name="ec2KeyPair", unset="", says="Key pair to log in to the instances."),
    Field(
        name="instanceRole",
        example=PROFILE,
        form=Form.PROFILE,
        says="Instance profile of the instances: its name or ARN.",
    ),
    Field(
        name="tags",
        form=Form.MAP,
        unset={},
        says="Tags of the EC2 instances, not of the environment. Changing them replaces the instances.",
    ),
    Field(name="placementGroup", unset="", says="EC2 placement group of the instances."),
    Field(
        name="bidPercentage",
        default=100,
        unset=100,
        only_if=_has_price,
        limits={"minimum": 0, "maximum": 100},
        says="Highest Spot price, in percent of the On-Demand price.",
    ),
    Field(
        name="spotIamFleetRole",
        example=ROLE,
        form=Form.ROLE,
        cost=Cost.REPLACE,
        says="Spot Fleet role; needed on SPOT with BEST_FIT.",
        source="ComputeResourceUpdate has no such member",
    ),
    Field(
        name="launchTemplate",
        form=Form.STRUCT,
        fields=LAUNCH_TEMPLATE,
        unset=_no_template,
        says="EC2 launch template of the instances.",
    ),
    Field(
        name="ec2Configuration",
        form=Form.KEYED,
        key="imageType",
        fields=EC2_CONFIGURATION,
        fills=_is_plain_image,
        filled=filled_images,
        unset=_without_override,
        limits={"maxItems": 2},
        says="Which image the instances boot. Left out, the service fills in the image type of the day.",
    ),
    Field(
        name="scalingPolicy",
        form=Form.STRUCT,
        cost=Cost.SCALING,
        unset={"minScaleDownDelayMinutes": 0},
        says="How fast instances go. Not on Fargate.",
        fields=(
            Field(
                name="minScaleDownDelayMinutes",
                default=0,
                limits={"minimum": 0, "maximum": 10080},
                says="Minutes, 20 to 10080, that instances stay after their last job; 0 unsets it.",
            ),
        ),
    ),
    Field(
        name="managedInstancesProvider",
        form=Form.STRUCT,
        cost=Cost.SCALING,
        fields=MANAGED_INSTANCES,
        says="The instances of type ECS_MANAGED_INSTANCES. A change is for new ones: others end with their jobs.",
    ),
    Field(
        name="capacityTags",
        form=Form.MAP,
        cost=Cost.SCALING,
        says="Tags of the managed capacity; writing them needs the right batch:SetCapacityTags.",
    ),
)
