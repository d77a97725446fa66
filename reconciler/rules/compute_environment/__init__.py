"""Rules of compute environments, by theme."""

from reconciler.rules.compute_environment import advice, common, fargate, instances, kubernetes, managed, templates

RULES = (
    *common.RULES,
    *fargate.RULES,
    *instances.RULES,
    *templates.RULES,
    *instances.IMAGE_RULES,
    *kubernetes.RULES,
    *managed.RULES,
    *advice.RULES,
    *advice.EFFECT_RULES,
)
