"""What AWS refuses about containerProperties (cdk-preflight, rules pf-batch-jd-*)."""

import re
from collections.abc import Mapping, Sequence

from reconciler.model import Json, Spec
from reconciler.sandbox.answers import Refusal, refuse_if

USER = re.compile(r"[a-z0-9_][a-z0-9_-]{0,30}")
FARGATE_LOG_DRIVERS = ("awslogs", "splunk", "awsfirelens")
LEGACY = {"vcpus": "VCPU", "memory": "MEMORY"}
# vCPUs, then MiB: first, last, step (ResourceRequirement).
FARGATE_MEMORY: Mapping[float, tuple[int, ...]] = {
    0.25: (512, 1024, 2048),
    0.5: tuple(range(1024, 4097, 1024)),
    1: tuple(range(2048, 8193, 1024)),
    2: tuple(range(4096, 16385, 1024)),
    4: tuple(range(8192, 30721, 1024)),
    8: tuple(range(16384, 61441, 4096)),
    16: tuple(range(32768, 122881, 8192)),
    32: (61440, 122880, 249856),
}


def refuse_bad_container(container: Spec, platform: str) -> None:
    refuse_bad_image(container)
    sizes = _sizes(container)
    if platform == "FARGATE":
        _check_fargate(container, sizes)
    else:
        _check_ec2(container, sizes)
    refuse_bad_common(container, execution_role=container.get("executionRoleArn", ""))
    refuse_bad_volumes(container.get("volumes", ()), task_role=container.get("jobRoleArn", ""))
    user = container.get("user")
    refuse_if(user and not USER.fullmatch(user), "User name should match a valid pattern.")


def refuse_bad_image(container: Spec) -> None:
    refuse_if(not container.get("image"), "ECS Container Image must be provided.")
    refuse_if(len(container["image"]) > 255, "Container image cannot exceed 255 characters.")  # noqa: PLR2004


def refuse_bad_common(container: Spec, execution_role: str) -> None:
    """Check what containers of a definition and of a task have in common."""
    names = [each.get("name", "") for each in container.get("environment", ())]
    refuse_if(not all(names), "Environment variable name is required.")
    refuse_if(any(name.startswith("AWS_BATCH") for name in names), "Environment names cannot begin with AWS_BATCH.")
    secret = container.get("secrets") or container.get("logConfiguration", {}).get("secretOptions")
    refuse_if(secret and not execution_role, "executionRoleArn cannot be empty when using secrets or secretOptions")
    _check_swap(container.get("linuxParameters", {}))


def refuse_bad_volumes(volumes: Sequence[Spec], task_role: str) -> None:
    for volume in volumes:
        types = [member for member in volume if member != "name"]
        refuse_if(
            len(types) > 1,
            "When the volume parameter is specified, only one volume configuration type should be used.",
        )
        _check_efs(volume.get("efsVolumeConfiguration", {}))
        refuse_if(
            "s3filesVolumeConfiguration" in volume and not task_role,
            "A jobRoleArn/taskRoleArn is required when using s3filesVolumeConfiguration.",
        )


def refuse_on_fargate(container: Spec) -> None:
    """Check what no container on Fargate may have."""
    refuse_if(
        container.get("privileged"),
        "Fargate requires that the 'privileged' setting be 'false' at the container level.",
    )
    for member in ("devices", "tmpfs", "sharedMemorySize", "maxSwap", "swappiness"):
        refuse_if(
            member in container.get("linuxParameters", {}), f"linuxParameter.{member} is not allowed for Fargate."
        )
    gpus = [each for each in container.get("resourceRequirements", ()) if each["type"] == "GPU"]
    refuse_if(gpus, "GPU is not applicable for Fargate.")
    driver = container.get("logConfiguration", {}).get("logDriver", "awslogs")
    refuse_if(driver not in FARGATE_LOG_DRIVERS, f"Log driver for Fargate is not valid: {driver}")


def refuse_bad_storage(owner: Spec) -> None:
    size = owner.get("ephemeralStorage", {}).get("sizeInGiB", 21)
    refuse_if(
        not 21 <= size <= 200,  # noqa: PLR2004
        "Ephemeral storage for Fargate tasks can be only between range 21 GiB to 200 GiB",
    )
    sources = [volume for volume in owner.get("volumes", ()) if volume.get("host", {}).get("sourcePath")]
    refuse_if(sources, "host.sourcePath should not be set for volumes in Fargate.")


def refuse_bad_runtime(runtime: Spec, vcpus: float) -> None:
    if not runtime.get("operatingSystemFamily", "LINUX").startswith("WINDOWS"):
        return
    refuse_if(runtime.get("cpuArchitecture", "X86_64") != "X86_64", "Windows supported only by X86_64 cpuArchitecture")
    refuse_if(vcpus < 1, f"vCPU must be at least 1 for Windows Job definition, got {vcpus}.")


def _sizes(container: Spec) -> dict[str, str]:
    """Return what VCPU, MEMORY and GPU are, in either spelling."""
    required = container.get("resourceRequirements", ())
    sizes = {each["type"]: each["value"] for each in required}
    refuse_if(len(sizes) != len(required), "Cannot provide duplicates in resourceRequirements.")
    for member, kind in LEGACY.items():
        if member in container:
            refuse_if(
                kind in sizes, f"Cannot use both ECS containerProperties {member} and resourceRequirement {kind}."
            )
            sizes[kind] = str(container[member])
    refuse_if("VCPU" not in sizes, "vCPU is required.")
    refuse_if("MEMORY" not in sizes, "Memory is required.")
    return sizes


def _check_ec2(container: Spec, sizes: Mapping[str, str]) -> None:
    for member in ("fargatePlatformConfiguration", "runtimePlatform", "networkConfiguration"):
        # The word "is" stands in one of the three messages only.
        verb = "is not" if member == "runtimePlatform" else "not"
        refuse_if(member in container, f"{member} {verb} applicable for EC2.")
    vcpus, memory = sizes["VCPU"], sizes["MEMORY"]
    refuse_if(not vcpus.lstrip("-").isdigit(), f"Value {vcpus} for type VCPU in resourceRequirement is not valid.")
    refuse_if(int(vcpus) < 1, f"vCPU must be at least 1, got {vcpus}.")
    refuse_if(not memory.lstrip("-").isdigit(), f"Value {memory} for type MEMORY in resourceRequirement is not valid.")
    refuse_if(int(memory) < 4, f"Memory must be at least 4 Mib, got {memory} Mib.")  # noqa: PLR2004


def _check_fargate(container: Spec, sizes: Mapping[str, str]) -> None:
    refuse_if(not container.get("executionRoleArn"), "executionRoleArn is required for Fargate.")
    refuse_if("instanceType" in container, "instanceType is not applicable for Fargate.")
    refuse_on_fargate(container)
    refuse_if(container.get("ulimits"), "ulimits is not applicable for Fargate.")
    refuse_bad_storage(container)
    vcpus = refuse_bad_fargate_size(sizes)
    refuse_bad_runtime(container.get("runtimePlatform", {}), vcpus)
    version = container.get("fargatePlatformConfiguration", {}).get("platformVersion", "LATEST")
    efs = any("efsVolumeConfiguration" in volume for volume in container.get("volumes", ()))
    refuse_if(
        efs and version in ("1.0.0", "1.1.0", "1.2.0", "1.3.0"),
        f"EFS is supported for Fargate platform versions 1.4.0 or later, provided {version}",
    )


def refuse_bad_fargate_size(sizes: Mapping[str, str]) -> float:
    """Return the vCPUs."""
    vcpus, memory = _number("VCPU", sizes["VCPU"]), _number("MEMORY", sizes["MEMORY"])
    refuse_if(
        memory not in FARGATE_MEMORY.get(vcpus, ()),
        f"Fargate does not support {sizes['VCPU']} vCPU with {sizes['MEMORY']} MiB.",
    )
    return vcpus


def _number(kind: str, value: str) -> float:
    try:
        return float(value)
    except ValueError as wrong:
        raise Refusal(f"Value {value} for type {kind} in resourceRequirement is not valid.") from wrong


def _check_efs(efs: Spec) -> None:
    encrypted = efs.get("transitEncryption") == "ENABLED"
    access: Mapping[str, Json] = efs.get("authorizationConfig", {})
    refuse_if(
        access.get("iam") == "ENABLED" and not encrypted,
        "EFS IAM authorization requires TransitEncryption to be enabled.",
    )
    refuse_if(
        access.get("accessPointId") and not encrypted, "EFS access points require TransitEncryption to be enabled."
    )
    refuse_if(
        access.get("accessPointId") and efs.get("rootDirectory", "/") != "/",
        "The EFS root directory must be omitted or / with an access point.",
    )


def _check_swap(linux: Spec) -> None:
    swap, swappiness = linux.get("maxSwap"), linux.get("swappiness")
    refuse_if(
        swap is not None and swappiness is None,
        "When container specified swap memory, swappiness value is required.",
    )
    refuse_if(
        swappiness is not None and not 0 <= swappiness <= 100,  # noqa: PLR2004
        f"Invalid swappiness: {swappiness}, must be between 0 and 100.",
    )
    refuse_if(swap is not None and swap < 0, f"Invalid swap memory size: {swap}, must be non-negative.")
