"""Whether the instances of a live environment run images that AWS still supports and updates."""

from collections.abc import Mapping, Sequence

from reconciler.model import Json
from reconciler.verify.base import NOT_JUDGED, Ask, Judgements, LiveCheck, Reference, unknown, warn
from reconciler.verify.quotas import ALL, ENVIRONMENT, LISTINGS

NAME = "computeEnvironmentName"
OUTDATED = "UPDATE_AVAILABLE"
ON_INSTANCES = ("EC2", "SPOT")
# AWS Batch creates none with them any more: on EKS since 26 November 2025, on ECS since 30 June 2026.
ENDED = ("ECS_AL2", "ECS_AL2_NVIDIA", "EKS_AL2", "EKS_AL2_NVIDIA", "ECS_AL1")


def _images(reference: Reference, ask: Ask) -> Judgements:
    of = reference.of
    listed = ask(LISTINGS[ENVIRONMENT], ALL)
    if not listed.is_found:
        yield unknown(reference.path, f"its live images: {listed.unknown or listed.absent}", listed.hint)
        return
    own = f"{of.stack.name_prefix}{of.address.name}"
    images = [image for live in listed.value if live.get(NAME) == own for image in _images_of(live)]
    if not images:
        yield NOT_JUDGED  # it is not created yet, or has not started instances
        return
    for image in images:
        name = str(image.get("imageType", ""))
        if name in ENDED and not image.get("imageIdOverride"):
            newer = name.replace("AL2", "AL2023").replace("AL1", "AL2023")
            message = f"its instances run {name}, which is at its end of life"
            yield warn(reference.path, message, f"write ec2Configuration: [{{imageType: {newer}}}], and apply")
        if image.get("batchImageStatus") == OUTDATED:
            message = f"a newer {name} image exists than its instances run"
            hint = "write updateToLatestImageVersion: true; the next change that replaces instances takes the new image"
            yield warn(reference.path, message, hint)


def _images_of(live: Mapping[str, Json]) -> Sequence[Mapping[str, Json]]:
    images: Sequence[Mapping[str, Json]] = (live.get("computeResources") or {}).get("ec2Configuration") or ()
    return images


def _is_on_instances(reference: Reference) -> bool:
    return str(reference.value.get("type", "")).upper() in ON_INSTANCES


FRESHNESS = (
    LiveCheck(
        id="image-updates",
        kind="ComputeEnvironment",
        fields=("computeResources",),
        holds="its instances run current images",
        asks=(LISTINGS[ENVIRONMENT],),
        judge=_images,
        applies=_is_on_instances,
        warns="live instances run Amazon Linux 2, or an older image than AWS Batch has (`batchImageStatus`)",
    ),
)
