"""Which images the instances boot: ec2Configuration."""

from collections import Counter
from collections.abc import Iterator

from reconciler.kinds.images import default_image_type
from reconciler.model import Path, Spec
from reconciler.problems import Severity
from reconciler.rules.base import Findings, Rule, Subject
from reconciler.rules.compute_environment.bodies import INSTANCES, ec2, eks, resources_of, type_of
from reconciler.rules.compute_environment.instance_types import family
from reconciler.rules.evidence import documented, measured

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


RULES = (
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
        hint="take newer instance types, or an image of your own (imageIdOverride)",
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
