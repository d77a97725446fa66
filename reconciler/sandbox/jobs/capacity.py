"""How much jobs may take up of what they need, as things stand."""

from collections.abc import Callable, Mapping

from reconciler.sandbox.jobs.courses import Amounts
from reconciler.sandbox.jobs.holdings import taken
from reconciler.sandbox.records import Record
from reconciler.sandbox.world import AccountState, noun_of

VCPU = "vcpu"
INSTANCES = "NUM_INSTANCES"
QUANTITY = "quantity"
UNLIMITED = float("inf")


def capacity_of(world: AccountState, record: Record) -> Amounts:
    """Return how much there is in all, by unit, of an environment, quota share or consumable resource."""
    return CAPACITIES[noun_of(record.arn)](world, record)


def is_open(record: Record) -> bool:
    """Whether jobs may start there."""
    return record.status == "VALID" and record.body["state"] == "ENABLED"


def fits(asks: Amounts, capacity: Amounts, used: Amounts) -> bool:
    """Of the units that a job asks for, those count that the capacity is counted in."""
    counted = asks.keys() & capacity.keys()
    return bool(counted) and all(used.get(unit, 0) + asks[unit] <= capacity[unit] for unit in counted)


def _compute(_world: AccountState, record: Record) -> Amounts:
    """An unmanaged environment has the instances that its owner starts: nobody here knows how many."""
    resources = record.body.get("computeResources", {})
    return {VCPU: resources.get("maxvCpus", record.body.get("unmanagedvCpus", UNLIMITED))}


def _service(_world: AccountState, record: Record) -> Amounts:
    return {limit["capacityUnit"]: limit["maxCapacity"] for limit in record.body["capacityLimits"]}


def _share(world: AccountState, record: Record) -> Amounts:
    """Borrowed capacity comes on top: a percentage, or all that the environment has (borrowLimit -1)."""
    own, sharing = _service(world, record), record.body["resourceSharingConfiguration"]
    if sharing["strategy"] != "LEND_AND_BORROW":
        return own
    percent = sharing.get("borrowLimit", -1)
    return {unit: UNLIMITED if percent < 0 else most * (1 + percent / 100) for unit, most in own.items()}


def _consumable(world: AccountState, record: Record) -> Amounts:
    """What is used up is gone from the total of a NON_REPLENISHABLE resource as soon as its job starts."""
    total = record.body["totalQuantity"]
    if record.body["resourceType"] == "REPLENISHABLE":
        return {QUANTITY: total}
    return {QUANTITY: total + taken(world, record.arn)[QUANTITY]}


CAPACITIES: Mapping[str, Callable[[AccountState, Record], Amounts]] = {
    "compute-environment": _compute,
    "service-environment": _service,
    "quota-share": _share,
    "consumable-resource": _consumable,
}
