"""Rules of compute environments, by theme."""

from reconciler.rules.compute_environment import advice, common, instances, kubernetes, managed

RULES = (
    *common.RULES,
    *managed.FARGATE_RULES,
    *instances.RULES,
    *instances.TEMPLATE_RULES,
    *instances.IMAGE_RULES,
    *kubernetes.RULES,
    *managed.RULES,
    *advice.RULES,
    *advice.EFFECT_RULES,
)
