"""Consumable resources: licences and other tokens that jobs hold while they run, or use up."""

from collections.abc import Mapping

from reconciler.kinds.base import Field, Form, Gauge, Kind, Reading
from reconciler.model import Cost, Json, Spec


def _set(quantity: Json) -> Mapping[str, Json]:
    return {"operation": "SET", "quantity": quantity}


def _is_used_up(spec: Spec) -> bool:
    return str(spec.get("resourceType", "")).upper() == "NON_REPLENISHABLE"


KIND = Kind(
    name="ConsumableResource",
    section="consumableResources",
    says="What jobs hold while they run, or use up: licences, connections, budgets. A job waits until there is enough.",
    noun="consumable-resource",
    name_member="consumableResourceName",
    arn_member="consumableResourceArn",
    rows=(
        Field(
            name="resourceType",
            form=Form.CASELESS,
            cost=Cost.REPLACE,
            default="REPLENISHABLE",
            limits={"enum": ["REPLENISHABLE", "NON_REPLENISHABLE"]},
            says="REPLENISHABLE: free again when the job ends. NON_REPLENISHABLE: used up.",
            source="UpdateConsumableResource has no such member",
        ),
        Field(
            name="totalQuantity",
            cost=Cost.SCALING,
            update_as=_set,
            runtime_if=_is_used_up,
            limits={"minimum": 0},
            says="How many there are. Of what is NON_REPLENISHABLE, jobs take away: it is filled up only when you "
            "declare another quantity.",
            source="AWS Batch User Guide, 'Check how many resources are in-use and available': the quantity that a job "
            "consumed is subtracted from the total, too",
        ),
    ),
    # A list shows no tags, and no other call describes more than one.
    reading=Reading(
        operation="DescribeConsumableResource",
        result="",
        names="consumableResource",
        listing="ListConsumableResources",
        listed="consumableResources",
        newer=True,
        scoped=("DescribeConsumableResource",),
    ),
    needed_by_jobs=True,
    created_at="createdAt",
    gauge=Gauge(("inUseQuantity",), ("totalQuantity",), "in use"),
    create="CreateConsumableResource",
    update="UpdateConsumableResource",
    update_id="consumableResource",
    update_words=("operation", "quantity", "clientToken"),
    delete="DeleteConsumableResource",
    delete_id="consumableResource",
    response_only=("inUseQuantity", "availableQuantity", "createdAt"),
    source="https://docs.aws.amazon.com/batch/latest/APIReference/API_CreateConsumableResource.html",
)
