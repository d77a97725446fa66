"""Capacity limits of SageMaker training: what service environments have, and what their quota shares get of it."""

from reconciler.kinds.base import Field, Form
from reconciler.model import Cost

CAPACITY_LIMITS = Field(
    name="capacityLimits",
    form=Form.KEYED,
    key="capacityUnit",
    cost=Cost.SCALING,
    limits={"maxItems": 5},
    says="How much of what, at most 5 units, each once. An update replaces the whole list.",
    fields=(
        Field(
            name="capacityUnit",
            example=("NUM_INSTANCES", "ml.m5.large"),
            says="An instance type such as ml.m5.large, which quota shares need; or NUM_INSTANCES, all types together. "
            "The two are not mixed.",
        ),
        Field(name="maxCapacity", limits={"minimum": 1}, says="How many, at least 1."),
    ),
)
