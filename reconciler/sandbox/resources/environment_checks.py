"""What AWS refuses about a compute environment's shape, with its own words where somebody has seen them.

Messages were measured by badmintoncryer/cdk-preflight (rules pf-batch-ce-*) unless a comment says otherwise.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache

from botocore.loaders import Loader

from reconciler.model import Json, Spec
from reconciler.sandbox.core.iam import is_service_linked, role_arn
from reconciler.sandbox.core.model import Refusal, refuse_if, without_empty
from reconciler.sandbox.core.reading import ORDERED_STRATEGIES
from reconciler.sandbox.core.state import AccountState

# What AWS refuses about an environment's launch template (cdk-preflight, rules pf-batch-ce-launch-template-*).

VERSION = re.compile(r"(\d+|\$Default|\$Latest)?")
MAX_OVERRIDES = 10


def refuse_bad_template(template: Spec, instance_types: Sequence[str]) -> None:
    overrides = template.get("overrides", ())
    ids = _ids(template)
    refuse_if(
        ids > 1 or (not ids and not overrides),
        "One of LaunchTemplateId and LaunchTemplateName or LaunchTemplate.overrides should be provided",
    )
    _check_version(template)
    refuse_if(len(overrides) > MAX_OVERRIDES, "LaunchTemplate.overrides size cannot be greater than 10")
    targets = [target for override in overrides for target in _targets(override, instance_types)]
    refuse_if(len(targets) != len(set(targets)), "LaunchTemplate.overrides have duplicate targetInstanceTypes")


def _targets(override: Spec, instance_types: Sequence[str]) -> Sequence[str]:
    refuse_if(_ids(override) != 1, "LaunchTemplate.overrides should have either LaunchTemplateId or LaunchTemplateName")
    _check_version(override)
    targets: Sequence[str] = override.get("targetInstanceTypes", ())
    refuse_if(not targets, "LaunchTemplate.overrides.targetInstanceTypes[] is required")
    refuse_if(
        not all(_covers(instance_types, target) for target in targets),
        "LaunchTemplate.overrides have targetInstanceTypes that do not match",
    )
    return targets


def _covers(instance_types: Sequence[str], target: str) -> bool:
    return target in instance_types or target.partition(".")[0] in instance_types


def _check_version(template: Spec) -> None:
    refuse_if(
        not VERSION.fullmatch(template.get("version", "")),
        "LaunchTemplateVersion must be either empty or a number or $Default or $Latest",
    )


def _ids(template: Spec) -> int:
    return sum(bool(template.get(member)) for member in ("launchTemplateId", "launchTemplateName"))


# The instance types that exist: those of EC2 in the installed botocore, their families, and Batch's bundles.

BUNDLES = ("optimal", "default_x86_64", "default_arm64")


def refuse_unknown_types(instance_types: Iterable[str]) -> None:
    """Refuse a type, family or bundle that does not exist, as CreateComputeEnvironment does at once.

    Seen in aws/amazon-genomics-cli issue 209 and Netflix/metaflow issue 70. The service's own list is that of the types
    which Batch starts in the region; which ones these are is published nowhere.
    """
    named = set(instance_types) - set(BUNDLES)
    if named:
        known = types_and_families()
        refuse_if(named - known, f"Instance type can only be one of [{', '.join(sorted((*BUNDLES, *known)))}]")


@cache
def types_and_families() -> frozenset[str]:
    types: list[str] = Loader().load_service_model("ec2", "service-2")["shapes"]["InstanceType"]["enum"]
    return frozenset(types) | {each.partition(".")[0] for each in types}


FARGATE = ("FARGATE", "FARGATE_SPOT")
EC2 = ("EC2", "SPOT")
MANAGED_INSTANCES = "ECS_MANAGED_INSTANCES"
# Members for instances that Batch starts itself; neither Fargate nor managed instances take them.
INSTANCE_MEMBERS = (
    "minvCpus", "desiredvCpus", "instanceTypes", "imageId", "ec2KeyPair", "instanceRole", "tags", "placementGroup",
    "bidPercentage", "spotIamFleetRole", "launchTemplate", "ec2Configuration", "allocationStrategy", "scalingPolicy",
)  # fmt: skip
IMAGE_TYPES = {
    "ECS": ("ECS_AL2", "ECS_AL2_NVIDIA", "ECS_AL2023", "ECS_AL2023_NVIDIA", "ECS_AL1"),
    "EKS": ("EKS_AL2", "EKS_AL2_NVIDIA", "EKS_AL2023", "EKS_AL2023_NVIDIA"),
}
# Graviton families have a g after their generation (m6g, c7gn, im4gn), a1 has not.
ARM = re.compile(r"(a1|[a-z]+\d+[a-z]*g[a-z]*)(\..*)?|default_arm64")
SCALE_DOWN_MINUTES = (20, 10_080)  # ComputeScalingPolicy
NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")


def refuse_bad_environment(world: AccountState, request: Spec) -> None:
    """Check a create request."""
    refuse_if(request.get("state") == "DISABLED", "Compute Environment must be created in ENABLED state.")
    if request["type"].upper() == "UNMANAGED":
        _check_unmanaged(request)
        return
    refuse_if("unmanagedvCpus" in request, "unmanagedvCpus can only be set on an UNMANAGED compute environment.")
    # aws/aws-cdk issue 6615
    refuse_if(
        "computeResources" not in request,
        "computeResources is missing but required on a managed compute environment",
    )
    resources = request["computeResources"]
    if "eksConfiguration" in request:
        _check_eks(world, request, resources)
    _check_family(resources)
    refuse_inconsistent(resources)
    refuse_retired_images(resources)


def refuse_inconsistent(resources: Spec) -> None:
    """Check what must hold after a create and after every update."""
    if resources["type"] not in EC2:
        return
    _check_vcpus(resources)
    _check_scaling(resources)
    _check_strategy(resources)
    _check_instance_types(resources)
    if "launchTemplate" in resources:
        refuse_bad_template(resources["launchTemplate"], resources.get("instanceTypes", ()))


def refuse_bad_image_types(resources: Spec, orchestration: str) -> None:
    for entry in resources.get("ec2Configuration", ()):
        refuse_if(
            entry["imageType"] not in IMAGE_TYPES[orchestration],
            "Invalid imageType in ComputeResources.ec2Configuration",
        )
    refuse_if(len(resources.get("ec2Configuration", ())) > 2, "One or two ec2Configuration values can be provided.")  # noqa: PLR2004


def refuse_retired_images(resources: Spec) -> None:
    """Amazon Linux 2 images of AWS's own are gone; one's own image of that type is still taken (Ec2Configuration)."""
    for entry in resources.get("ec2Configuration", ()):
        own = "imageIdOverride" in entry or "imageId" in resources
        refuse_if("_AL2" in entry["imageType"] and "_AL2023" not in entry["imageType"] and not own,
                  "Amazon Linux 2 is end-of-life.")  # fmt: skip


def is_arm(instance_type: str) -> bool:
    return bool(ARM.fullmatch(instance_type))


def _check_unmanaged(request: Spec) -> None:
    for member in ("computeResources", "eksConfiguration"):
        refuse_if(member in request, f"{member} is not applicable for an unmanaged compute environment.")
    refuse_if("serviceRole" not in request, "serviceRole is required on an unmanaged compute environment.")


def _check_family(resources: Spec) -> None:
    checks: Mapping[str, Callable[[Spec], None]] = {
        **dict.fromkeys(FARGATE, _check_fargate),
        **dict.fromkeys(EC2, _check_ec2),
        MANAGED_INSTANCES: _check_managed_instances,
    }
    checks[resources["type"]](resources)


def _check_fargate(resources: Spec) -> None:
    given = without_empty(resources)
    for member in (*INSTANCE_MEMBERS, "managedInstancesProvider"):
        refuse_if(member in given, f"{member} is not applicable for Fargate.")
    _require(resources, "subnets", "Subnets are required.")
    _require(resources, "securityGroupIds", "Security group ids are required.")
    refuse_crowded_fargate(resources)


def refuse_crowded_fargate(resources: Spec) -> None:
    refuse_if(len(resources.get("securityGroupIds", ())) > 5, "Fargate supports a maximum of 5 security groups.")  # noqa: PLR2004
    refuse_if(len(resources.get("subnets", ())) > 16, "Fargate supports a maximum of 16 subnets.")  # noqa: PLR2004


def _check_ec2(resources: Spec) -> None:
    refuse_if("managedInstancesProvider" in resources, f"managedInstancesProvider is only for {MANAGED_INSTANCES}.")
    # In this order, as far as it is known: moto's tests have the first two with no instance types either.
    _require(resources, "instanceRole", "Instance role is required.")
    refuse_if("minvCpus" not in resources, "Resource minvCpus is required.")
    _require(resources, "instanceTypes", "Resource instanceTypes are required.")
    _require(resources, "subnets", "Subnets are required.")
    refuse_if(
        not resources.get("securityGroupIds") and "launchTemplate" not in resources, "Security group ids are required."
    )


def _check_managed_instances(resources: Spec) -> None:
    """Networking and instance profile live in the provider (User Guide, 'ECS managed instances')."""
    given = without_empty(resources)
    for member in (*INSTANCE_MEMBERS, "subnets", "securityGroupIds"):
        refuse_if(member in given, f"{member} is not applicable for {MANAGED_INSTANCES}.")
    _require(resources, "managedInstancesProvider", "managedInstancesProvider is required.")


def _check_eks(world: AccountState, request: Spec, resources: Spec) -> None:
    refuse_if(resources["type"] not in EC2, "Supported compute types for EKS compute environments are [EC2, SPOT]")
    strategy = resources.get("allocationStrategy")
    refuse_if(strategy is None, "allocationStrategy is required for EKS Compute Environments.")
    refuse_if(strategy == "BEST_FIT", "BEST_FIT is not supported for EKS Compute Environments.")
    role = request.get("serviceRole")
    refuse_if(
        role and not is_service_linked(role_arn(world, role)),
        "EKS Compute Environments must use the Batch Service Linked Role.",
    )
    _check_cluster(world, request["eksConfiguration"])


def _check_cluster(world: AccountState, configuration: Spec) -> None:
    parts = configuration["eksClusterArn"].split(":")
    is_cluster = parts[0] == "arn" and parts[2:3] == ["eks"] and parts[-1].startswith("cluster/")
    refuse_if(not is_cluster, "eksClusterArn must be an EKS cluster ARN.")
    refuse_if(parts[3] != world.region, "eksClusterArn must be in the same AWS region as the compute environment")
    namespace = configuration["kubernetesNamespace"]
    refuse_if(len(namespace) > 63, "kubernetesNamespace must less than or equal to 63 characters")  # noqa: PLR2004
    refuse_if(not NAMESPACE.fullmatch(namespace), "kubernetesNamespace must be a valid Kubernetes namespace.")
    refuse_if(namespace == "default", "kubernetesNamespace cannot be the default Kubernetes namespace.")
    refuse_if(namespace.startswith("kube-"), "kubernetesNamespace cannot be a reserved Kubernetes system namespace.")


def _check_vcpus(resources: Spec) -> None:
    least, most, desired = resources.get("minvCpus", 0), resources["maxvCpus"], resources.get("desiredvCpus")
    refuse_if(least < 0, "minvCpus should be greater than or equal to 0.")
    refuse_if(least > most, "maxvCpus should be greater than or equal to minvCpus.")
    refuse_if(
        desired is not None and not least <= desired <= most,
        "desiredvCpus should be between minvCpus and maxvCpus.",
    )


def _check_scaling(resources: Spec) -> None:
    least, most = SCALE_DOWN_MINUTES
    minutes = resources.get("scalingPolicy", {}).get("minScaleDownDelayMinutes", 0)
    refuse_if(
        minutes and not least <= minutes <= most,
        f"minScaleDownDelayMinutes should be 0, or between {least} and {most}.",
    )


def _check_strategy(resources: Spec) -> None:
    kind, strategy = resources["type"], resources.get("allocationStrategy", "BEST_FIT")
    wrong = strategy.startswith("SPOT_") if kind == "EC2" else strategy == "BEST_FIT_PROGRESSIVE_ORDERED"
    refuse_if(wrong, f"Invalid compute resource allocation strategy {strategy} for type {kind}")
    refuse_if(
        kind == "SPOT" and strategy == "BEST_FIT" and not resources.get("spotIamFleetRole"),
        "compute resource spotIamFleetRole is required.",
    )
    bundled = strategy in ORDERED_STRATEGIES and any(each in BUNDLES for each in resources.get("instanceTypes", ()))
    refuse_if(
        bundled,
        f"Instance type bundles (e.g. optimal, default_x86_64) are not allowed for {strategy} allocation strategy. "
        "Specify instance families or types directly.",
    )


def _check_instance_types(resources: Spec) -> None:
    refuse_unknown_types(resources.get("instanceTypes", ()))
    arms = {is_arm(each) for each in resources.get("instanceTypes", ())}
    refuse_if(len(arms) > 1, "arm-based instance type cannot be used with other instance types")


def _require(resources: Mapping[str, Json], member: str, message: str) -> None:
    if not resources.get(member):
        raise Refusal(message)
