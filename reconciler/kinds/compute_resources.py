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
        description="Instance profile of the instances (full ARN).",
    ),
    Field(
        name="networkConfiguration",
        form=Form.STRUCT,
        description="Where the instances run.",
        fields=(
            Field(name="subnets", example=SUBNET, form=Form.SET, description="Subnets of one VPC."),
            Field(
                name="securityGroups",
                example=SECURITY_GROUP,
                form=Form.SET,
                description="Security groups of the same VPC.",
            ),
        ),
    ),
    Field(
        name="instanceRequirements",
        form=Form.STRUCT,
        description="Which instances may be chosen.",
        fields=(
            Field(
                name="allowedInstanceTypes",
                example=INSTANCE_TYPE,
                form=Form.SET,
                is_service_default=_always,
                description="Instance types; * is a wildcard.",
            ),
        ),
    ),
    Field(
        name="capacityOptionType",
        description="ON_DEMAND or SPOT.",
        default="ON_DEMAND",
        cost=Cost.REPLACE,
        is_service_default=_always,
        source="UpdateComputeEnvironment has no such field",
    ),
    Field(
        name="storageConfiguration",
        form=Form.STRUCT,
        description="Root volume.",
        fields=(
            Field(
                name="storageSizeGiB",
                example=100,
                is_service_default=_always,
                description="Size of the root volume, GiB.",
                limits={"minimum": 1},
            ),
        ),
    ),
    Field(
        name="monitoring",
        example="BASIC",
        description="Detail of the instances' CloudWatch metrics.",
        is_service_default=_always,
    ),
    Field(
        name="fipsEnabled",
        description="Use FIPS 140 validated endpoints and modules.",
        default=False,
        cost=Cost.REPLACE,
        is_service_default=_always,
        source="UpdateComputeEnvironment has no such field",
    ),
    Field(
        name="capacityReservations",
        form=Form.STRUCT,
        description="Capacity reservations to draw from.",
        fields=(
            Field(
                name="reservationGroupArn",
                example="arn:aws:resource-groups:us-east-1:123456789012:group/{name}",
                is_service_default=_always,
                description="Resource group with the reservations.",
            ),
            Field(
                name="reservationPreference",
                example="RESERVATIONS_FIRST",
                is_service_default=_always,
                description="How reservations are preferred.",
            ),
        ),
    ),
    Field(
        name="instanceMetadataTagsPropagation",
        description="Show instance tags in the instance metadata.",
        is_service_default=_always,
        default=False,
    ),
    Field(
        name="localStorageConfiguration",
        form=Form.STRUCT,
        description="Instance store volumes.",
        fields=(
            Field(
                name="useLocalStorage",
                is_service_default=_always,
                description="Use the instance's local disks.",
                default=False,
            ),
        ),
    ),
)

MANAGED_INSTANCES = (
    Field(
        name="propagateTags",
        form=Form.CASELESS,
        default="NONE",
        is_service_default=_always,
        description="CAPACITY_PROVIDER copies tags to the instances; NONE does not.",
    ),
    Field(
        name="infrastructureRoleArn",
        example=ROLE,
        form=Form.ROLE,
        passed_to="ecs.amazonaws.com",
        description="Role with which ECS manages the instances (full ARN).",
    ),
    Field(
        name="instanceLaunchTemplate",
        form=Form.STRUCT,
        description="The attributes of the instances.",
        fields=MANAGED_INSTANCES_TEMPLATE,
    ),
    Field(
        name="infrastructureOptimization",
        form=Form.STRUCT,
        description="How eagerly idle instances go.",
        fields=(
            Field(
                name="scaleInAfter",
                is_service_default=_always,
                description="Seconds that an idle instance is kept; -1 keeps it indefinitely.",
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
    description="How EKS nodes read their user data: EKS_BOOTSTRAP_SH or EKS_NODEADM; only with your own image.",
    source="LaunchTemplateSpecification",
)

LAUNCH_TEMPLATE_OVERRIDE = (
    Field(
        name="launchTemplateId",
        example=LAUNCH_TEMPLATE_ID,
        description="ID of the template to use instead; or set its name.",
    ),
    Field(name="launchTemplateName", description="Name of the template to use instead; or set its ID."),
    Field(
        name="version",
        example="1",
        description="Version number, $Default or $Latest.",
        default="$Default",
        limits={"pattern": r"^([0-9]+|\$Default|\$Latest)?$"},
    ),
    Field(
        name="targetInstanceTypes",
        example=INSTANCE_TYPE,
        form=Form.SET,
        description="Instance types or families, out of instanceTypes, that this override is for.",
    ),
    USERDATA_TYPE,
)

LAUNCH_TEMPLATE = (
    Field(
        name="launchTemplateId",
        example=LAUNCH_TEMPLATE_ID,
        description="ID of the EC2 launch template; or set its name, not both.",
    ),
    Field(name="launchTemplateName", description="Name of the EC2 launch template; or set its ID, not both."),
    Field(
        name="version",
        example="1",
        description="Version number, $Default or $Latest. Both words are resolved only when instances are replaced: "
        "a new template version alone changes nothing.",
        default="$Default",
        limits={"pattern": r"^([0-9]+|\$Default|\$Latest)?$"},
    ),
    Field(
        name="overrides",
        form=Form.SET,
        fields=LAUNCH_TEMPLATE_OVERRIDE,
        limits={"maxItems": 10},
        description="Other templates for some of the instance types.",
    ),
    USERDATA_TYPE,
)

EC2_CONFIGURATION = (
    Field(
        name="imageType",
        example=("ECS_AL2023", "EKS_AL2023"),
        description="Family of the image that Batch chooses: ECS_AL2023, ECS_AL2023_NVIDIA, EKS_AL2023, …",
    ),
    Field(name="imageIdOverride", example=AMI, description="An AMI of your own for this image type."),
    Unmanaged("batchImageStatus", "read-only: AWS Batch reports whether a newer image exists"),
    Field(
        name=VERSION,
        is_service_default=_is_any,
        description="Kubernetes version of the node image; EKS only. Left out, it is the newest that Batch supports.",
        source="AWS Batch User Guide, 'Amazon EKS compute environments': it is shown where nothing was specified",
    ),
)

COMPUTE_RESOURCES = (
    Field(
        name="type",
        form=Form.CASELESS,
        description="Where jobs run: EC2, SPOT, FARGATE, FARGATE_SPOT or ECS_MANAGED_INSTANCES.",
    ),
    Field(
        name="allocationStrategy",
        form=Form.CASELESS,
        default="BEST_FIT",
        description="How instance types are chosen. With BEST_FIT, also when it is left out, nothing about the "
        "instances can change in place.",
        source="UpdateComputeEnvironment does not accept BEST_FIT",
    ),
    Field(
        name="minvCpus",
        example=0,
        cost=Cost.SCALING,
        default=0,
        unset=0,
        limits={"minimum": 0},
        description="vCPUs kept running, also while the environment is disabled. Required on EC2 and Spot.",
    ),
    Field(
        name="maxvCpus",
        example=16,
        cost=Cost.SCALING,
        limits={"minimum": 0},
        description="The most vCPUs the environment may grow to.",
    ),
    Unmanaged("desiredvCpus", "owned by the autoscaler: never sent and never compared"),
    Field(
        name="updateToLatestImageVersion",
        trigger_for=("launchTemplate",),
        only_if=_has_instances,
        description="A trigger, not a state: true uses the latest image whenever instances are replaced. By default, "
        "only a change of launchTemplate does, which could otherwise keep the image of the old template.",
        source="LaunchTemplateSpecification: an image from a template is only changed if this is true",
    ),
    Field(
        name="instanceTypes",
        example=INSTANCE_TYPE,
        form=Form.SET,
        ordered_if=_keeps_order,
        description="Instance types, families or bundles such as optimal or default_arm64. The order matters only for "
        "BEST_FIT_PROGRESSIVE_ORDERED and SPOT_CAPACITY_OPTIMIZED_PRIORITIZED.",
    ),
    Field(
        name="imageId",
        example=AMI,
        unset="",
        description="An AMI of your own. Deprecated: use ec2Configuration.imageIdOverride.",
    ),
    Field(name="subnets", example=SUBNET, form=Form.SET, description="Subnets of the VPC, at most 16 on Fargate."),
    Field(
        name="securityGroupIds",
        example=SECURITY_GROUP,
        form=Form.SET,
        unset=[],
        description="Security groups, 1 to 5 on Fargate. Required unless a launch template has them.",
    ),
    Field(name="ec2KeyPair", unset="", description="Key pair to log in to the instances."),
    Field(
        name="instanceRole",
        example=PROFILE,
        form=Form.PROFILE,
        description="Instance profile of the instances: its name or ARN.",
    ),
    Field(
        name="tags",
        form=Form.MAP,
        unset={},
        description="Tags of the EC2 instances, not of the environment. Changing them replaces the instances.",
    ),
    Field(name="placementGroup", unset="", description="EC2 placement group of the instances."),
    Field(
        name="bidPercentage",
        default=100,
        unset=100,
        only_if=_has_price,
        limits={"minimum": 0, "maximum": 100},
        description="Highest Spot price, in percent of the On-Demand price.",
    ),
    Field(
        name="spotIamFleetRole",
        example=ROLE,
        form=Form.ROLE,
        cost=Cost.REPLACE,
        description="Spot Fleet role; needed on SPOT with BEST_FIT.",
        source="ComputeResourceUpdate has no such field",
    ),
    Field(
        name="launchTemplate",
        form=Form.STRUCT,
        fields=LAUNCH_TEMPLATE,
        unset=_no_template,
        description="EC2 launch template of the instances.",
    ),
    Field(
        name="ec2Configuration",
        form=Form.KEYED,
        key="imageType",
        fields=EC2_CONFIGURATION,
        is_service_default=_is_plain_image,
        service_default=filled_images,
        unset=_without_override,
        limits={"maxItems": 2},
        description="Which image the instances boot. Left out, the service fills in the image type of the day.",
    ),
    Field(
        name="scalingPolicy",
        form=Form.STRUCT,
        cost=Cost.SCALING,
        unset={"minScaleDownDelayMinutes": 0},
        description="How fast instances go. Not on Fargate.",
        fields=(
            Field(
                name="minScaleDownDelayMinutes",
                default=0,
                limits={"minimum": 0, "maximum": 10080},
                description="Minutes, 20 to 10080, that instances are kept after their last job; 0 unsets it.",
            ),
        ),
    ),
    Field(
        name="managedInstancesProvider",
        form=Form.STRUCT,
        cost=Cost.SCALING,
        fields=MANAGED_INSTANCES,
        description="The instances of type ECS_MANAGED_INSTANCES. A change is for new ones: others end with their "
        "jobs.",
    ),
    Field(
        name="capacityTags",
        form=Form.MAP,
        cost=Cost.SCALING,
        description="Tags of the managed capacity; writing them needs the right batch:SetCapacityTags.",
    ),
)
