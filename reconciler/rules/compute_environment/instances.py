"""How environments on EC2 and Spot choose, boot and reach their instances, also by launch templates."""

from collections import Counter
from collections.abc import Iterator

from reconciler.kinds.compute_resources import ORDERED_STRATEGIES, default_image_type
from reconciler.model import Path, Spec
from reconciler.placement.catalogue import ARM, BUNDLES, X86
from reconciler.problems import Severity
from reconciler.rules.base import Example, Findings, Rule, Subject, documented, later, measured
from reconciler.rules.compute_environment.common import INSTANCES, ec2, eks, is_given, resources_of, spot, type_of
from reconciler.rules.instance_names import architectures, covers, family

LEAST_DELAY = 20  # minutes
RESERVED = "aws:"
FLEET_ROLE = "arn:aws:iam::123456789012:role/AmazonEC2SpotFleetTaggingRole"
STRATEGY = ("computeResources", "allocationStrategy")
TYPES = ("computeResources", "instanceTypes")


def strategy_of(subject: Subject) -> str:
    """Return the allocation strategy; without one it is BEST_FIT (ComputeResource, allocationStrategy)."""
    return str(resources_of(subject).get("allocationStrategy", "BEST_FIT"))


def _has_groups(subject: Subject) -> Findings:
    resources = resources_of(subject)
    reached = is_given(resources.get("securityGroupIds")) or is_given(resources.get("launchTemplate"))
    if type_of(subject) in INSTANCES and not reached:
        yield (
            ("computeResources", "securityGroupIds"),
            "is missing, and no launch template is set that could contain it",
        )


def _delay_is_long_or_none(subject: Subject) -> Findings:
    delay = resources_of(subject).get("scalingPolicy", {}).get("minScaleDownDelayMinutes", 0)
    if 0 < delay < LEAST_DELAY:
        path = ("computeResources", "scalingPolicy", "minScaleDownDelayMinutes")
        yield path, f"is {delay}; it can be {LEAST_DELAY} to 10080, or 0 for none"


def _spot_strategies_on_spot(subject: Subject) -> Findings:
    if type_of(subject) == "EC2" and strategy_of(subject).startswith("SPOT_"):
        yield STRATEGY, f"is {strategy_of(subject)}, which is for SPOT, and the type is EC2"


def _ordered_on_demand(subject: Subject) -> Findings:
    if type_of(subject) == "SPOT" and strategy_of(subject) == "BEST_FIT_PROGRESSIVE_ORDERED":
        yield STRATEGY, "is BEST_FIT_PROGRESSIVE_ORDERED, which is for EC2, and the type is SPOT"


def _fleet_has_a_role(subject: Subject) -> Findings:
    is_fleet = type_of(subject) == "SPOT" and strategy_of(subject) == "BEST_FIT"
    if is_fleet and not resources_of(subject).get("spotIamFleetRole"):
        yield ("computeResources", "spotIamFleetRole"), "is missing: Spot with BEST_FIT, the default, buys by a fleet"


def _ordered_types_are_named(subject: Subject) -> Findings:
    if type_of(subject) not in INSTANCES or strategy_of(subject) not in ORDERED_STRATEGIES:
        return
    for index, name in enumerate(resources_of(subject).get("instanceTypes", ())):
        if name in BUNDLES:
            yield (*TYPES, index), f"is {name}; {strategy_of(subject)} requires types or families"


def _one_architecture(subject: Subject) -> Findings:
    types = architectures(resources_of(subject).get("instanceTypes", ()))
    if type_of(subject) in INSTANCES and len(types) > 1:
        yield TYPES, f"mixes {types[ARM]}, which is ARM, with {types[X86]}, which is x86"


def _tags_are_own(subject: Subject) -> Findings:
    for member in ("tags", "capacityTags"):
        for key in resources_of(subject).get(member, {}):
            if key.lower().startswith(RESERVED):
                yield ("computeResources", member, key), f"begins with {RESERVED}, which belongs to AWS"


def _price_is_limited(subject: Subject) -> Findings:
    if type_of(subject) in INSTANCES and resources_of(subject).get("bidPercentage") == 0:
        yield ("computeResources", "bidPercentage"), "is 0, which means no limit: the limit is the On-Demand price"


RULES = (
    Rule(
        id="CE201",
        says="EC2 and Spot environments have security groups, their own or those of a launch template.",
        check=_has_groups,
        evidence=measured("CreateComputeEnvironment", "Security group ids are required."),
        fails=ec2(securityGroupIds=[]),
        passes=ec2(securityGroupIds=None, launchTemplate={"launchTemplateName": "with-groups"}),
    ),
    Rule(
        id="CE202",
        says="minScaleDownDelayMinutes is at least 20 minutes, or 0 to unset it.",
        check=_delay_is_long_or_none,
        evidence=documented(
            "ComputeScalingPolicy.minScaleDownDelayMinutes",
            "Valid Range: Minimum value of 20. Maximum value of 10080. Use 0 to unset",
        ),
        fails=ec2(scalingPolicy={"minScaleDownDelayMinutes": 19}),
        passes=ec2(scalingPolicy={"minScaleDownDelayMinutes": 20}),
    ),
    Rule(
        id="CE203",
        says="Tags of instances do not begin with aws:.",
        check=_tags_are_own,
        severity=Severity.WARNING,
        evidence=later("EC2 CreateTags", "must not begin with aws:"),
        fails=ec2(tags={"aws:batch": "x"}),
        passes=ec2(tags={"team": "x"}),
    ),
    Rule(
        id="CE204",
        says="bidPercentage is 1 to 100, or left out.",
        check=_price_is_limited,
        hint="remove it; it is never sent as 0",
        severity=Severity.WARNING,
        evidence=measured(
            "CreateComputeEnvironment", "Bid percentage must be between 0 to 100.", "0 is how other tools unset it"
        ),
        fails=spot(bidPercentage=0),
        passes=spot(bidPercentage=100),
    ),
    Rule(
        id="CE210",
        says="SPOT_CAPACITY_OPTIMIZED and its like are for the type SPOT.",
        check=_spot_strategies_on_spot,
        hint="BEST_FIT_PROGRESSIVE is the usual strategy on EC2",
        evidence=measured(
            "CreateComputeEnvironment",
            "Invalid compute resource allocation strategy SPOT_CAPACITY_OPTIMIZED for type EC2",
        ),
        fails=ec2(allocationStrategy="SPOT_PRICE_CAPACITY_OPTIMIZED"),
        passes=spot(allocationStrategy="SPOT_PRICE_CAPACITY_OPTIMIZED"),
    ),
    Rule(
        id="CE211",
        says="BEST_FIT_PROGRESSIVE_ORDERED is for the type EC2.",
        check=_ordered_on_demand,
        hint="SPOT_CAPACITY_OPTIMIZED_PRIORITIZED minds the order of instanceTypes on Spot",
        evidence=documented(
            "ComputeResource.allocationStrategy", "only available for On-Demand Instance (EC2) compute resources"
        ),
        fails=spot(allocationStrategy="BEST_FIT_PROGRESSIVE_ORDERED"),
        passes=ec2(allocationStrategy="BEST_FIT_PROGRESSIVE_ORDERED"),
    ),
    Rule(
        id="CE212",
        says="Spot with BEST_FIT, also by default, needs spotIamFleetRole.",
        check=_fleet_has_a_role,
        hint="or use allocationStrategy: SPOT_PRICE_CAPACITY_OPTIMIZED, which does not require this role",
        evidence=measured("CreateComputeEnvironment", "compute resource spotIamFleetRole is required."),
        fails=spot(allocationStrategy=None),
        passes=spot(allocationStrategy="BEST_FIT", spotIamFleetRole=FLEET_ROLE),
    ),
    Rule(
        id="CE213",
        says="A strategy that depends on the order of instanceTypes does not accept bundles such as optimal.",
        check=_ordered_types_are_named,
        evidence=measured(
            "CreateComputeEnvironment",
            "Instance type bundles (e.g. optimal, default_x86_64) are not allowed for <strategy> allocation strategy.",
        ),
        fails=ec2(allocationStrategy="BEST_FIT_PROGRESSIVE_ORDERED", instanceTypes=["m6i", "optimal"]),
        passes=ec2(allocationStrategy="BEST_FIT_PROGRESSIVE_ORDERED", instanceTypes=["m6i", "m5.large"]),
    ),
    Rule(
        id="CE220",
        says="The instance types of an environment are all ARM or all x86.",
        check=_one_architecture,
        hint="make two environments, with a queue each",
        evidence=measured(
            "CreateComputeEnvironment", "arm-based instance type cannot be used with other instance types"
        ),
        fails=ec2(instanceTypes=["m6g", "optimal"]),
        passes=ec2(instanceTypes=["m6g", "im4gn.large", "default_arm64"]),
    ),
)


# Which images the instances boot: ec2Configuration.

IMAGES = ("computeResources", "ec2Configuration")
RETIRED = ("ECS_AL2", "ECS_AL2_NVIDIA", "EKS_AL2", "EKS_AL2_NVIDIA")
KNOWN = ("ECS_AL2023", "ECS_AL2023_NVIDIA", "EKS_AL2023", "EKS_AL2023_NVIDIA", *RETIRED, "ECS_AL1")
# Families that the images of Amazon Linux 2023 do not support (Ec2Configuration, imageType).
CHOOSING = ("ec2Configuration", "imageId", "launchTemplate")  # what may choose the image
BY_DEFAULT = "which AWS chooses without ec2Configuration, does not run there"
UNSUPPORTED = {
    "ECS_AL2023": ("a1",),
    "EKS_AL2023": ("a1",),
    "ECS_AL2023_NVIDIA": ("p3", "g3"),
}


def images(subject: Subject) -> Iterator[tuple[Path, Spec]]:
    if type_of(subject) in INSTANCES:
        entries = resources_of(subject).get("ec2Configuration", ())
        yield from (((*IMAGES, index), entry) for index, entry in enumerate(entries))


def is_own(entry: Spec, subject: Subject) -> bool:
    """Whether the image is the user's, not one that Batch provides for the type."""
    return bool(entry.get("imageIdOverride") or resources_of(subject).get("imageId"))


def _distinct(subject: Subject) -> Findings:
    for name, count in Counter(entry["imageType"] for _, entry in images(subject)).items():
        if count > 1:
            yield IMAGES, f"has {count} entries for {name}"


def _known(subject: Subject) -> Findings:
    for path, entry in images(subject):
        if entry["imageType"] not in KNOWN:
            yield (*path, "imageType"), f"is {entry['imageType']}, which is not one of {', '.join(KNOWN)}"


def _of_the_orchestrator(subject: Subject) -> Findings:
    own, other = ("EKS", "ECS") if "eksConfiguration" in subject.body else ("ECS", "EKS")
    for path, entry in images(subject):
        if entry["imageType"] in KNOWN and entry["imageType"].startswith(other):
            yield (
                (*path, "imageType"),
                f"is {entry['imageType']}, which is for {other}, and the environment is on {own}",
            )


def _kubernetes_on_eks(subject: Subject) -> Findings:
    for path, entry in images(subject):
        if "eksConfiguration" not in subject.body and entry.get("imageKubernetesVersion"):
            yield (*path, "imageKubernetesVersion"), "is for EKS, and this environment is on ECS"


def _supported(subject: Subject) -> Findings:
    types = [str(name) for name in resources_of(subject).get("instanceTypes", ())]
    for path, entry in images(subject):
        lacking = [name for name in types if family(name) in UNSUPPORTED.get(entry["imageType"], ())]
        if lacking and not is_own(entry, subject):
            yield (*path, "imageType"), f"is {entry['imageType']}, which does not run on {', '.join(lacking)}"
    resources = resources_of(subject)
    if type_of(subject) in INSTANCES and not any(resources.get(name) for name in CHOOSING):
        orchestration = "EKS" if "eksConfiguration" in subject.body else "ECS"
        chosen = {name: default_image_type([name], orchestration) for name in types}
        for image in dict.fromkeys(chosen.values()):
            lacking = [name for name in types if chosen[name] == image and family(name) in UNSUPPORTED.get(image, ())]
            if lacking:
                yield ("computeResources", "instanceTypes"), f"has {', '.join(lacking)}, and {image}, {BY_DEFAULT}"


IMAGE_RULES = (
    Rule(
        id="CE401",
        says="ec2Configuration has one entry for an image type.",
        check=_distinct,
        hint="the second entry is for the other kind of instance: with GPUs (…_NVIDIA) or without",
        severity=Severity.WARNING,
        evidence=documented(
            "Ec2Configuration.imageType", "The image type to match with the instance type to select an AMI."
        ),
        fails=ec2(ec2Configuration=[{"imageType": "ECS_AL2023"}, {"imageType": "ECS_AL2023"}]),
        passes=ec2(ec2Configuration=[{"imageType": "ECS_AL2023"}, {"imageType": "ECS_AL2023_NVIDIA"}]),
    ),
    Rule(
        id="CE402",
        says="imageType is one that Batch knows.",
        check=_known,
        evidence=measured(
            "CreateComputeEnvironment",
            "Invalid imageType in ComputeResources.ec2Configuration",
            against="AWS adds types of images, and its service model leaves the set open",
        ),
        severity=Severity.WARNING,
        fails=ec2(ec2Configuration=[{"imageType": "ECS_AL2024"}]),
        passes=ec2(ec2Configuration=[{"imageType": "ECS_AL2023"}]),
    ),
    Rule(
        id="CE403",
        says="EKS environments boot EKS images, the others ECS images.",
        check=_of_the_orchestrator,
        evidence=measured(
            "CreateComputeEnvironment",
            "Invalid imageType in ComputeResources.ec2Configuration",
            "Ec2Configuration.imageType: 'The supported values are different for ECS and EKS resources.'",
        ),
        fails=ec2(ec2Configuration=[{"imageType": "EKS_AL2023"}]),
        passes=eks(ec2Configuration=[{"imageType": "EKS_AL2023"}]),
    ),
    Rule(
        id="CE404",
        says="imageKubernetesVersion is for EKS.",
        check=_kubernetes_on_eks,
        evidence=documented(
            "Ec2Configuration.imageKubernetesVersion", "The Kubernetes version for the compute environment."
        ),
        severity=Severity.WARNING,
        fails=ec2(ec2Configuration=[{"imageType": "ECS_AL2023", "imageKubernetesVersion": "1.33"}]),
        passes=eks(ec2Configuration=[{"imageType": "EKS_AL2023", "imageKubernetesVersion": "1.33"}]),
    ),
    Rule(
        id="CE405",
        says="The image type runs on the instance types.",
        check=_supported,
        hint="use newer instance types, or your own image (imageIdOverride)",
        severity=Severity.WARNING,
        evidence=documented(
            "Ec2Configuration.imageType",
            "Amazon Linux 2023 does not support A1 instances.",
            "and 'ECS_AL2023_NVIDIA doesn't support p3 and g3 instance types.'",
        ),
        fails=ec2(instanceTypes=["p3.2xlarge"], ec2Configuration=[{"imageType": "ECS_AL2023_NVIDIA"}]),
        passes=ec2(instanceTypes=["g5.2xlarge"], ec2Configuration=[{"imageType": "ECS_AL2023_NVIDIA"}]),
    ),
)


# Launch templates and their overrides.

TEMPLATE = ("computeResources", "launchTemplate")
AMI = "ami-0a1b2c3d4e5f60718"


def templates(subject: Subject) -> Iterator[tuple[Path, Spec]]:
    """Yield the launch template and its overrides."""
    template = resources_of(subject).get("launchTemplate")
    if template and type_of(subject) in INSTANCES:
        yield TEMPLATE, template
        yield from _overrides(subject)


def _overrides(subject: Subject) -> Iterator[tuple[Path, Spec]]:
    if type_of(subject) in INSTANCES:
        overrides = resources_of(subject).get("launchTemplate", {}).get("overrides", ())
        yield from (((*TEMPLATE, "overrides", index), override) for index, override in enumerate(overrides))


def _targets(subject: Subject) -> Iterator[tuple[Path, str]]:
    for path, override in _overrides(subject):
        for index, target in enumerate(override.get("targetInstanceTypes", ())):
            yield (*path, "targetInstanceTypes", index), str(target)


def _names(template: Spec) -> int:
    return bool(template.get("launchTemplateId")) + bool(template.get("launchTemplateName"))


def _one_name(subject: Subject) -> Findings:
    template = resources_of(subject).get("launchTemplate", {})
    count = _names(template)
    if type_of(subject) in INSTANCES and template and (count > 1 or (not count and not template.get("overrides"))):
        yield TEMPLATE, _wrong_names(count)


def _one_name_an_override(subject: Subject) -> Findings:
    for path, override in _overrides(subject):
        if (count := _names(override)) != 1:
            yield path, _wrong_names(count)


def _wrong_names(count: int) -> str:
    return "has both launchTemplateId and launchTemplateName" if count else "does not identify a launch template"


def _override_has_targets(subject: Subject) -> Findings:
    for path, override in _overrides(subject):
        if not override.get("targetInstanceTypes"):
            yield (*path, "targetInstanceTypes"), "is missing: list the instance types to override"


def _targets_are_no_bundles(subject: Subject) -> Findings:
    for path, target in _targets(subject):
        if target in BUNDLES:
            yield path, f"is {target}; an override requires types or families"


def _targets_are_chosen(subject: Subject) -> Findings:
    chosen = [str(name) for name in resources_of(subject).get("instanceTypes", ())]
    if not chosen or any(name in BUNDLES for name in chosen):  # what a bundle contains is not documented, and changes
        return
    for path, target in _targets(subject):
        if target not in BUNDLES and not any(covers(name, target) for name in chosen):
            yield path, f"is {target}, which is not among instanceTypes"


def _targets_are_apart(subject: Subject) -> Findings:
    earlier: list[str] = []
    for path, target in _targets(subject):
        if twin := next((other for other in earlier if covers(other, target) or covers(target, other)), None):
            yield (
                path,
                f"is {target}, and a different override has {twin}: an instance type can be in one override only",
            )
        earlier.append(target)


def _user_data_on_eks(subject: Subject) -> Findings:
    if "eksConfiguration" in subject.body:
        return
    for path, template in templates(subject):
        if "userdataType" in template:
            yield (*path, "userdataType"), "is for nodes of EKS, and this environment is on ECS"


def _new_nodes_need_nodeadm(subject: Subject) -> Findings:
    images = resources_of(subject).get("ec2Configuration", ())
    own = [each["imageType"] for each in images if "imageIdOverride" in each and "_AL2023" in each["imageType"]]
    for path, template in templates(subject):
        if own and template.get("userdataType") == "EKS_BOOTSTRAP_SH":
            yield (*path, "userdataType"), f"is EKS_BOOTSTRAP_SH; an image of type {own[0]} requires EKS_NODEADM"


def _with(*overrides: Spec) -> Example:
    return ec2(instanceTypes=["m6i", "c6i"], launchTemplate={"launchTemplateName": "batch", "overrides": [*overrides]})


def _for(*targets: str) -> Spec:
    return {"launchTemplateName": "other", "targetInstanceTypes": [*targets]}


def _node(userdata: str) -> Example:
    return eks(
        ec2Configuration=[{"imageType": "EKS_AL2023", "imageIdOverride": AMI}],
        launchTemplate={"launchTemplateName": "node", "userdataType": userdata},
    )


TEMPLATE_RULES = (
    Rule(
        id="CE301",
        says="A launch template is named by its id or by its name, or has only overrides.",
        check=_one_name,
        evidence=measured(
            "CreateComputeEnvironment",
            "One of LaunchTemplateId and LaunchTemplateName or LaunchTemplate.overrides should be provided",
        ),
        fails=ec2(launchTemplate={"launchTemplateId": "lt-0a1b2c3d", "launchTemplateName": "batch"}),
        passes=ec2(launchTemplate={"overrides": [_for("m6i.large")]}),
    ),
    Rule(
        id="CE302",
        says="An override names its launch template by id or by name.",
        check=_one_name_an_override,
        evidence=measured(
            "CreateComputeEnvironment",
            "LaunchTemplate.overrides should have either LaunchTemplateId or LaunchTemplateName",
        ),
        fails=_with({"targetInstanceTypes": ["c6i"]}),
        passes=_with(_for("c6i")),
    ),
    Rule(
        id="CE303",
        says="An override lists its instance types.",
        check=_override_has_targets,
        evidence=measured("CreateComputeEnvironment", "LaunchTemplate.overrides.targetInstanceTypes[] is required"),
        fails=_with(_for()),
        passes=_with(_for("c6i")),
    ),
    Rule(
        id="CE304",
        says="An override is for types or families, not for a bundle such as optimal.",
        check=_targets_are_no_bundles,
        evidence=documented(
            "LaunchTemplateSpecificationOverride.targetInstanceTypes",
            "The following Batch InstanceTypes are not allowed: optimal, default_x86_64, and default_arm64.",
        ),
        fails=_with(_for("optimal")),
        passes=_with(_for("c6i")),
    ),
    Rule(
        id="CE305",
        says="An override is for types that the environment may start.",
        check=_targets_are_chosen,
        hint="use one of instanceTypes, or a size of a family in it",
        evidence=measured(
            "CreateComputeEnvironment", "LaunchTemplate.overrides have targetInstanceTypes that do not match"
        ),
        fails=_with(_for("g5.xlarge")),
        passes=_with(_for("m6i.large")),
    ),
    Rule(
        id="CE306",
        says="An instance type is for one override at most.",
        check=_targets_are_apart,
        hint="a family has all its sizes: m5 and m5.large overlap",
        evidence=measured("CreateComputeEnvironment", "LaunchTemplate.overrides have duplicate targetInstanceTypes"),
        fails=_with(_for("c6i"), _for("c6i.large")),
        passes=_with(_for("c6i.xlarge"), _for("c6i.large")),
    ),
    Rule(
        id="CE307",
        says="userdataType is for EKS.",
        check=_user_data_on_eks,
        severity=Severity.WARNING,
        evidence=documented("LaunchTemplateSpecification.userdataType", "The EKS node initialization process to use."),
        fails=ec2(launchTemplate={"launchTemplateName": "node", "userdataType": "EKS_NODEADM"}),
        passes=_node("EKS_NODEADM"),
    ),
    Rule(
        id="CE308",
        says="An image of your own for EKS_AL2023 is set up by EKS_NODEADM.",
        check=_new_nodes_need_nodeadm,
        severity=Severity.WARNING,
        evidence=documented("LaunchTemplateSpecification.userdataType", "then you must choose EKS_NODEADM"),
        fails=_node("EKS_BOOTSTRAP_SH"),
        passes=_node("EKS_NODEADM"),
    ),
)
