"""Which image AWS Batch chooses for instances when nothing chooses one."""

import re
from collections.abc import Iterable

from reconciler.model import Json, Spec

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
