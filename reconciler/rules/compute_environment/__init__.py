"""Rules of compute environments, by theme."""

from reconciler.rules.compute_environment import (
    advice,
    effects,
    fargate,
    images,
    instances,
    kubernetes,
    managed,
    shape,
    templates,
)

RULES = (
    *shape.RULES,
    *fargate.RULES,
    *instances.RULES,
    *templates.RULES,
    *images.RULES,
    *kubernetes.RULES,
    *managed.RULES,
    *advice.RULES,
    *effects.RULES,
)
