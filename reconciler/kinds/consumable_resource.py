"""Consumable resources: licences and other tokens that jobs hold while they run, or use up."""

from collections.abc import Mapping

from reconciler.kinds.base import CreateCall, DeleteCall, Field, Form, Kind, ReadCalls, UpdateCall, Usage
from reconciler.model import Cost, Json, Spec


def _set(quantity: Json) -> Mapping[str, Json]:
    return {"operation": "SET", "quantity": quantity}


def _is_used_up(spec: Spec) -> bool:
    return str(spec.get("resourceType", "")).upper() == "NON_REPLENISHABLE"


KIND = Kind(
    name="ConsumableResource",
    section="consumableResources",
    description="A resource that jobs hold while they run, or use up: licences, connections, budgets. A job waits "
    "until enough is available.",
    noun="consumable-resource",
    name_member="consumableResourceName",
    arn_member="consumableResourceArn",
    main=("totalQuantity", "resourceType"),
    rows=(
        Field(
            name="resourceType",
            form=Form.CASELESS,
            cost=Cost.REPLACE,
            default="REPLENISHABLE",
            limits={"enum": ["REPLENISHABLE", "NON_REPLENISHABLE"]},
            description="REPLENISHABLE: free again when the job ends. NON_REPLENISHABLE: used up.",
            source="UpdateConsumableResource has no such field",
        ),
        Field(
            name="totalQuantity",
            cost=Cost.SCALING,
            update_as=_set,
            runtime_if=_is_used_up,
            limits={"minimum": 0},
            description="The total quantity. Jobs use up a NON_REPLENISHABLE resource: it is refilled only when you "
            "declare a different quantity.",
            source="AWS Batch User Guide, 'Check how many resources are in-use and available': the quantity that a job "
            "consumed is subtracted from the total, too",
        ),
    ),
    # A list shows no tags, and no other call describes more than one.
    read=ReadCalls(
        operation="DescribeConsumableResource",
        result="",
        names="consumableResource",
        listing="ListConsumableResources",
        listed="consumableResources",
        newer=True,
        scoped=("DescribeConsumableResource",),
        response_only=("inUseQuantity", "availableQuantity", "createdAt"),
        created_at="createdAt",
        usage=Usage(("inUseQuantity",), ("totalQuantity",), "in use"),
    ),
    create=CreateCall(operation="CreateConsumableResource"),
    update=UpdateCall(
        operation="UpdateConsumableResource",
        id_member="consumableResource",
        not_state=("operation", "quantity", "clientToken"),
    ),
    delete=DeleteCall(operation="DeleteConsumableResource", id_member="consumableResource", after_jobs=True),
    source="https://docs.aws.amazon.com/batch/latest/APIReference/API_CreateConsumableResource.html",
)
