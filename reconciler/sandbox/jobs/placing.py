"""Where a job finds room, what it takes up there, and why it waits if it finds none."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from reconciler.model import Spec
from reconciler.sandbox.jobs.capacity import QUANTITY, capacity_of, fits, is_open
from reconciler.sandbox.jobs.courses import Amounts, Course, Waiting, keep, leave_line
from reconciler.sandbox.jobs.holdings import Pool
from reconciler.sandbox.records import Record
from reconciler.sandbox.relationships import ORDERS
from reconciler.sandbox.world import AccountState, noun_of

SCALED = ".scaled"  # by environment (ARN): the one (its uuid) that has had instances for jobs

# AWS Batch User Guide, 'Jobs stuck in a RUNNABLE status'.
ALL_INVALID = "ACTION_REQUIRED - CE(s) associated with the job queue are invalid."
TOO_SMALL = (
    "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE - CE(s) associated with the job queue cannot meet the CPU "
    "requirement of the job."
)


class Pools:
    """What is taken up of everything, while time passes."""

    def __init__(self) -> None:
        self._pools: dict[str, Pool] = {}

    def of(self, world: AccountState, holder: str) -> Pool:
        if holder not in self._pools:
            self._pools[holder] = Pool(world, holder)
        self._pools[holder].pass_time(world.now)
        return self._pools[holder]


def environments_in_order(world: AccountState, queue: Spec) -> Iterator[Record]:
    """Yield a queue's environments as it tries them."""
    for order, member in ORDERS:
        for entry in sorted(queue.get(order, ()), key=lambda each: each["order"]):
            found = world.find(noun_of(entry[member]), entry[member])
            if found:
                yield found


def others_of(world: AccountState, waiting: Waiting) -> Iterator[tuple[Record | None, Amounts]]:
    """Yield what else a job needs, and how much of it; None for what does not exist."""
    for arn, quantity in waiting.takes.items():
        yield world.find("consumable-resource", arn), {QUANTITY: quantity}
    if waiting.share:
        yield world.find("quota-share", waiting.share), waiting.asks


def room_for(world: AccountState, queue: Spec, waiting: Waiting, pools: Pools) -> Record | None:
    """Return the environment where a job can start now."""
    if not all(other and _has_room(world, other, asks, pools) for other, asks in others_of(world, waiting)):
        return None
    environments = (each for each in environments_in_order(world, queue) if is_open(each))
    return next((each for each in environments if _has_room(world, each, waiting.asks, pools)), None)


def reason_of(world: AccountState, queue: Spec, waiting: Waiting) -> str:
    """Return why a job at the head of its line cannot start, as far as the service tells."""
    environments = [each for each in environments_in_order(world, queue) if noun_of(each.arn) == "compute-environment"]
    if environments and all(each.status == "INVALID" for each in environments):
        return ALL_INVALID
    if environments and not any(fits(waiting.asks, capacity_of(world, each), {}) for each in environments):
        return TOO_SMALL
    return ""


def start(world: AccountState, queue: Record, job: str, waiting: Waiting, environment: Record, pools: Pools) -> Course:
    """Start a job; return its course."""
    holdings: dict[str, Amounts] = {environment.arn: waiting.asks, queue.arn: waiting.asks}
    holdings |= {other.arn: asks for other, asks in others_of(world, waiting) if other}
    course = _course(world, waiting, environment.arn, tuple(holdings))
    leave_line(world, queue.arn, job)
    keep(world, job, course)
    for holder, amounts in holdings.items():
        pools.of(world, holder).take(world, job, course.ends, amounts)
    _use_up(world, waiting.takes)
    unique = environment.body.get("uuid")
    if unique and world.fact(SCALED, environment.arn) != unique:
        world.note(SCALED, environment.arn, unique)
    return course


def _has_room(world: AccountState, record: Record, asks: Amounts, pools: Pools) -> bool:
    return fits(asks, capacity_of(world, record), pools.of(world, record.arn).used)


def _course(world: AccountState, waiting: Waiting, environment: str, holds: tuple[str, ...]) -> Course:
    attempts, at = [], world.now
    for seconds in waiting.attempts:
        runs = at + world.timings.starting
        at = runs + seconds
        attempts.append((runs, at))
    return Course(
        starts=world.now,
        ends=at,
        attempts=tuple(attempts),
        environment=environment,
        holds=holds,
        exit_code=waiting.exit_code,
        reason=waiting.reason,
    )


def _use_up(world: AccountState, takes: Mapping[str, int]) -> None:
    """A job that starts uses up what is not replenishable: it is gone from the total (User Guide, 'Resource-aware
    scheduling').
    """
    for arn, quantity in takes.items():
        record = world.get("consumable-resource", arn)
        if record.body["resourceType"] == "NON_REPLENISHABLE":
            left = record.body["totalQuantity"] - quantity
            world.put("consumable-resource", replace(record, body={**record.body, "totalQuantity": left}))
