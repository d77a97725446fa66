"""The scheduler: as time passes, jobs leave their line for an environment that has room.

It runs at each call, for every moment since its last run at which a job may have found room.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache

from reconciler.model import Spec
from reconciler.placement.catalogue import catalogue
from reconciler.placement.needs import need_from_json
from reconciler.placement.offers import offer_of
from reconciler.placement.verdicts import REQUIREMENT, Feasibility, Verdict, judge
from reconciler.sandbox.core.state import DUE, LINES, ORDERS, SCHEDULER, AccountState, Record, noun_of
from reconciler.sandbox.jobs.timeline import (
    CANCELLED,
    NEVER,
    QUANTITY,
    TERMINATED,
    Amounts,
    JobRun,
    UsagePool,
    Waiting,
    capacity_of,
    end,
    has_capacity,
    is_open,
    leave_line,
    line_of,
    outcome_of,
    save_run,
)

# Where a job finds room, what it takes up there, and why it waits if it finds none.

SCALED = ".scaled"  # by environment (ARN): the one (its uuid) that has had instances for jobs

# AWS Batch User Guide, 'Jobs stuck in a RUNNABLE status'.
ALL_INVALID = "ACTION_REQUIRED - CE(s) associated with the job queue are invalid."
TOO_SMALL = (
    "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE - CE(s) associated with the job queue cannot meet the CPU "
    "requirement of the job."
)


NO_SUCH_INSTANCE = (
    f"{REQUIREMENT} - The job resource requirement (vCPU/memory/GPU) is higher than that can be met by the CE(s) "
    "attached to the job queue."
)


class UsagePools:
    """The capacity in use, of every holder, while time passes."""

    def __init__(self) -> None:
        self._pools: dict[str, UsagePool] = {}

    def of(self, account_state: AccountState, holder: str) -> UsagePool:
        if holder not in self._pools:
            self._pools[holder] = UsagePool(account_state, holder)
        self._pools[holder].pass_time(account_state.now)
        return self._pools[holder]


def environments_in_order(account_state: AccountState, queue: Spec) -> Iterator[Record]:
    """Yield a queue's environments as it tries them."""
    for order, member in ORDERS:
        for entry in sorted(queue.get(order, ()), key=lambda each: each["order"]):
            environment = account_state.find(noun_of(entry[member]), entry[member])
            if environment:
                yield environment


def further_needs_of(account_state: AccountState, waiting: Waiting) -> Iterator[tuple[Record | None, Amounts]]:
    """Yield what else a job needs, and how much of it; None for what does not exist."""
    for arn, quantity in waiting.takes.items():
        yield account_state.find("consumable-resource", arn), {QUANTITY: quantity}
    if waiting.share:
        yield account_state.find("quota-share", waiting.share), waiting.asks


def room_for(account_state: AccountState, queue: Spec, waiting: Waiting, pools: UsagePools) -> Record | None:
    """Return the environment where a job can start now."""
    if not all(
        resource and _has_room(account_state, resource, asks, pools)
        for resource, asks in further_needs_of(account_state, waiting)
    ):
        return None
    environments = (each for each in environments_in_order(account_state, queue) if is_open(each))
    return next(
        (
            each
            for each in environments
            if _has_room(account_state, each, waiting.asks, pools)
            and verdict_on(waiting, each).outcome is not Feasibility.NEVER
        ),
        None,
    )


def reason_of(account_state: AccountState, queue: Spec, waiting: Waiting) -> str:
    """Return why a job at the head of its line cannot start, as far as the service reports it."""
    environments = [
        each for each in environments_in_order(account_state, queue) if noun_of(each.arn) == "compute-environment"
    ]
    if environments and all(each.status == "INVALID" for each in environments):
        return ALL_INVALID
    if environments and not any(
        has_capacity(waiting.asks, capacity_of(account_state, each), {}) for each in environments
    ):
        return TOO_SMALL
    verdicts = [verdict_on(waiting, each) for each in environments]
    if verdicts and all(verdict.outcome is Feasibility.NEVER for verdict in verdicts):
        return NO_SUCH_INSTANCE if any(verdict.code == REQUIREMENT for verdict in verdicts) else ""
    return ""


def verdict_on(waiting: Waiting, environment: Record) -> Verdict:
    """Return whether an instance of an environment can hold a job, by the same facts as `validate`."""
    if not waiting.need or noun_of(environment.arn) != "compute-environment":
        return Verdict(Feasibility.UNKNOWN)
    body = {name: environment.body.get(name) for name in ("type", "computeResources", "eksConfiguration")}
    return _verdict(json.dumps([waiting.need, body], sort_keys=True))


@lru_cache(maxsize=4096)
def _verdict(texts: str) -> Verdict:
    need, body = json.loads(texts)
    return judge(need_from_json(need), offer_of("it", body, catalogue()), catalogue())


def start(
    account_state: AccountState, queue: Record, job: str, waiting: Waiting, environment: Record, pools: UsagePools
) -> JobRun:
    """Start a job; return its course."""
    holdings: dict[str, Amounts] = {environment.arn: waiting.asks, queue.arn: waiting.asks}
    holdings |= {resource.arn: asks for resource, asks in further_needs_of(account_state, waiting) if resource}
    run = _new_run(account_state, waiting, environment.arn, tuple(holdings))
    leave_line(account_state, queue.arn, job)
    save_run(account_state, job, run)
    for holder, amounts in holdings.items():
        pools.of(account_state, holder).take(account_state, job, run.ends, amounts)
    _use_up(account_state, waiting.takes)
    unique = environment.body.get("uuid")
    if unique and account_state.fact(SCALED, environment.arn) != unique:
        account_state.note(SCALED, environment.arn, unique)
    return run


def _has_room(account_state: AccountState, record: Record, asks: Amounts, pools: UsagePools) -> bool:
    return has_capacity(asks, capacity_of(account_state, record), pools.of(account_state, record.arn).used)


def _new_run(account_state: AccountState, waiting: Waiting, environment: str, holds: tuple[str, ...]) -> JobRun:
    attempts, at = [], account_state.now
    for seconds in waiting.attempts:
        runs = at + account_state.timings.starting
        at = runs + seconds
        attempts.append((runs, at))
    return JobRun(
        starts=account_state.now,
        ends=at,
        attempts=tuple(attempts),
        environment=environment,
        holds=holds,
        exit_code=waiting.exit_code,
        reason=waiting.reason,
    )


def _use_up(account_state: AccountState, takes: Mapping[str, int]) -> None:
    """A job that starts uses up what is not replenishable: it is gone from the total (User Guide, 'Resource-aware
    scheduling').
    """
    for arn, quantity in takes.items():
        record = account_state.get("consumable-resource", arn)
        if record.body["resourceType"] == "NON_REPLENISHABLE":
            remaining = record.body["totalQuantity"] - quantity
            account_state.put("consumable-resource", replace(record, body={**record.body, "totalQuantity": remaining}))


BLOCKED = ".blocked"  # by queue (ARN): the job at its head that finds no room, why, and since when
NEEDS_FAILED = "Dependent Job failed"
BY = {"CANCEL": ("Canceled", CANCELLED), "TERMINATE": ("Terminated", TERMINATED)}


def advance(account_state: AccountState) -> None:
    """Let the jobs in line have what time has brought them up to now."""
    due = account_state.fact(SCHEDULER, DUE)
    if due is None or due > account_state.now:
        return
    pools = UsagePools()
    while due is not None and due <= account_state.now:
        due = _place_jobs(account_state.at(due), pools)
    if due is None:
        account_state.forget(SCHEDULER, DUE)
    else:
        account_state.note(SCHEDULER, DUE, due)


def expect(account_state: AccountState, at: float) -> None:
    """Look no later than at this moment."""
    due = account_state.fact(SCHEDULER, DUE)
    if due is None or at < due:
        account_state.note(SCHEDULER, DUE, at)


def blocked_reason(account_state: AccountState, queue: str, job: str) -> str:
    blocked = account_state.fact(BLOCKED, queue)
    return str(blocked["reason"]) if blocked and blocked["job"] == job else ""


def needs_met(account_state: AccountState, waiting: Spec) -> bool | None:
    """Whether all that a job depends on has succeeded; None as long as that is open."""
    if not waiting["needs"]:
        return True
    outcomes = [outcome_of(account_state, need) for need in waiting["needs"]]
    ended = [outcome for outcome in outcomes if outcome and outcome[0] <= account_state.now]
    if len(ended) < len(outcomes):
        return None
    return all(succeeded for _, succeeded in ended)


def _place_jobs(account_state: AccountState, pools: UsagePools) -> float | None:
    """Place what can be placed at one moment; return the next moment at which more may be."""
    queues_with_jobs = [account_state.get("job-queue", arn) for arn in account_state.rows(LINES)]
    queues = sorted(queues_with_jobs, key=lambda queue: (-queue.body["priority"], queue.name))
    # What ends at this very moment may be what a job of a queue that was served before has waited for.
    while any(_serve(account_state, queue, pools) for queue in queues):
        pass
    moments = (moment for queue in queues for moment in _moments(account_state, queue, pools))
    return min((moment for moment in moments if account_state.now < moment < NEVER), default=None)


def _serve(account_state: AccountState, queue: Record, pools: UsagePools) -> bool:
    """Place the jobs that find room; return whether any job has ended at this moment."""
    ended = False
    while head := _head(account_state, queue.arn):
        job, waiting, needs_succeeded = head
        if not needs_succeeded:
            end(account_state, queue.arn, job, account_state.now, NEEDS_FAILED)
            ended = True
        elif environment := room_for(account_state, queue.body, waiting, pools):
            ended |= start(account_state, queue, job, waiting, environment, pools).ends <= account_state.now
        elif _gave_up(account_state, queue, job, waiting):
            ended = True
        else:
            return ended
    if account_state.fact(BLOCKED, queue.arn):
        account_state.forget(BLOCKED, queue.arn)
    return ended


def _head(account_state: AccountState, queue: str) -> tuple[str, Waiting, bool] | None:
    """Return the first job that only waits for room, or whose needs have failed. Other jobs do not block the line."""
    for job, row in line_of(account_state, queue).items():
        if row["runnable"] > account_state.now:
            return None
        met = needs_met(account_state, row)
        if met is not None:
            return job, Waiting.of(row), met
    return None


def _gave_up(account_state: AccountState, queue: Record, job: str, waiting: Waiting) -> bool:
    """Note that a job blocks its queue, and end it if the queue says that it has done so for too long."""
    reason = reason_of(account_state, queue.body, waiting)
    before = account_state.fact(BLOCKED, queue.arn)
    since = before["since"] if before and (before["job"], before["reason"]) == (job, reason) else account_state.now
    for action in _limits(queue.body, reason):
        if account_state.now >= since + action["maxTimeSeconds"]:
            word, by = BY[action["action"]]
            text = f"{word} by JobStateTimeLimit action due to reason: {action['reason']}"
            end(account_state, queue.arn, job, account_state.now, text, by)
            return True
    after = {"job": job, "reason": reason, "since": since}
    if after != before:
        account_state.note(BLOCKED, queue.arn, after)
    return False


def _limits(queue: Spec, reason: str) -> Iterator[Spec]:
    code = reason.partition(" - ")[0]
    return (action for action in queue.get("jobStateTimeLimitActions", ()) if action["reason"] == code)


def _moments(account_state: AccountState, queue: Record, pools: UsagePools) -> Iterator[float]:
    """Yield when the first jobs in a line may next get on."""
    for row in line_of(account_state, queue.arn).values():
        if row["runnable"] > account_state.now:
            yield row["runnable"]
            return
        if needs_met(account_state, row) is None:
            yield from (outcome[0] for need in row["needs"] if (outcome := outcome_of(account_state, need)))
            continue
        yield from _chances(account_state, queue, Waiting.of(row), pools)
        return


def _chances(account_state: AccountState, queue: Record, waiting: Waiting, pools: UsagePools) -> Iterator[float]:
    """Yield when a job that is blocked may find room: something is released, becomes VALID, or it is given up."""
    for record in environments_in_order(account_state, queue.body):
        yield pools.of(account_state, record.arn).next_release()
        yield record.until
    for resource, _ in further_needs_of(account_state, waiting):
        if resource:
            yield pools.of(account_state, resource.arn).next_release()
            yield resource.until
    blocked = account_state.fact(BLOCKED, queue.arn)
    if blocked:
        yield from (blocked["since"] + action["maxTimeSeconds"] for action in _limits(queue.body, blocked["reason"]))
