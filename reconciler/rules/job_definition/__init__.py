"""Rules of job definitions, by theme: common ones, those of containers, then pods, tasks and nodes."""

from reconciler.rules.base import Rule
from reconciler.rules.job_definition import (
    advice,
    containers,
    fargate,
    nodes,
    placement,
    pods,
    retries,
    sizes,
    tasks,
    volumes,
)

RULES: tuple[Rule, ...] = (
    *containers.COMMON_RULES,
    *sizes.RULES,
    *containers.RULES,
    *containers.LINUX_RULES,
    *fargate.RULES,
    *fargate.SIZE_RULES,
    *fargate.WINDOWS_RULES,
    *volumes.RULES,
    *retries.RULES,
    *advice.RULES,
    *advice.PARAMETER_RULES,
    *containers.VARIABLE_RULES,
    *pods.EKS_RULES,
    *pods.RULES,
    *pods.METADATA_RULES,
    *pods.SECURITY_RULES,
    *advice.POD_RULES,
    *tasks.RULES,
    *tasks.PLATFORM_RULES,
    *nodes.RULES,
    *nodes.CONTENT_RULES,
    *sizes.CONSUMABLE_RULES,
    *placement.RULES,
)
