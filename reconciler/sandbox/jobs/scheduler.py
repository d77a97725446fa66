"""The scheduler: as time passes, jobs leave their line for an environment that has room.

It runs when somebody calls, for all the moments since it ran last at which a job may have found room.
"""

from collections.abc import Iterator

from reconciler.model import Spec
from reconciler.sandbox.jobs.courses import CANCELLED, TERMINATED, Waiting, line_of, outcome_of
from reconciler.sandbox.jobs.endings import end
from reconciler.sandbox.jobs.holdings import NEVER
from reconciler.sandbox.jobs.placing import Pools, environments_in_order, others_of, reason_of, room_for, start
from reconciler.sandbox.records import Record
from reconciler.sandbox.world import DUE, LINES, SCHEDULER, AccountState

BLOCKED = ".blocked"  # by queue (ARN): the job at its head that finds no room, why, and since when
NEEDS_FAILED = "Dependent Job failed"
BY = {"CANCEL": ("Canceled", CANCELLED), "TERMINATE": ("Terminated", TERMINATED)}


def advance(world: AccountState) -> None:
    """Let the jobs in line have what time has brought them up to now."""
    due = world.fact(SCHEDULER, DUE)
    if due is None or due > world.now:
        return
    pools = Pools()
    while due is not None and due <= world.now:
        due = _look(world.at(due), pools)
    if due is None:
        world.forget(SCHEDULER, DUE)
    else:
        world.note(SCHEDULER, DUE, due)


def expect(world: AccountState, at: float) -> None:
    """Look no later than at this moment."""
    due = world.fact(SCHEDULER, DUE)
    if due is None or at < due:
        world.note(SCHEDULER, DUE, at)


def blocked_reason(world: AccountState, queue: str, job: str) -> str:
    blocked = world.fact(BLOCKED, queue)
    return str(blocked["reason"]) if blocked and blocked["job"] == job else ""


def needs_met(world: AccountState, waiting: Spec) -> bool | None:
    """Whether all that a job depends on has succeeded; None as long as that is open."""
    if not waiting["needs"]:
        return True
    outcomes = [outcome_of(world, need) for need in waiting["needs"]]
    ended = [outcome for outcome in outcomes if outcome and outcome[0] <= world.now]
    if len(ended) < len(outcomes):
        return None
    return all(succeeded for _, succeeded in ended)


def _look(world: AccountState, pools: Pools) -> float | None:
    """Place what can be placed at one moment; return the next moment at which more may be."""
    found = [world.get("job-queue", arn) for arn in world.rows(LINES)]
    queues = sorted(found, key=lambda queue: (-queue.body["priority"], queue.name))
    # What ends at this very moment may be what a job of a queue that was served before has waited for.
    while any(_serve(world, queue, pools) for queue in queues):
        pass
    moments = (moment for queue in queues for moment in _moments(world, queue, pools))
    return min((moment for moment in moments if world.now < moment < NEVER), default=None)


def _serve(world: AccountState, queue: Record, pools: Pools) -> bool:
    """Place the jobs that find room; return whether any job has ended at this moment."""
    ended = False
    while head := _head(world, queue.arn):
        job, waiting, needs_succeeded = head
        if not needs_succeeded:
            end(world, queue.arn, job, world.now, NEEDS_FAILED)
            ended = True
        elif environment := room_for(world, queue.body, waiting, pools):
            ended |= start(world, queue, job, waiting, environment, pools).ends <= world.now
        elif _given_up(world, queue, job, waiting):
            ended = True
        else:
            return ended
    if world.fact(BLOCKED, queue.arn):
        world.forget(BLOCKED, queue.arn)
    return ended


def _head(world: AccountState, queue: str) -> tuple[str, Waiting, bool] | None:
    """Return the first job that waits for nothing but room, or whose needs have failed. Others hold nobody up."""
    for job, row in line_of(world, queue).items():
        if row["runnable"] > world.now:
            return None
        met = needs_met(world, row)
        if met is not None:
            return job, Waiting.of(row), met
    return None


def _given_up(world: AccountState, queue: Record, job: str, waiting: Waiting) -> bool:
    """Note that a job blocks its queue, and end it if the queue says that it has done so for too long."""
    reason = reason_of(world, queue.body, waiting)
    before = world.fact(BLOCKED, queue.arn)
    since = before["since"] if before and (before["job"], before["reason"]) == (job, reason) else world.now
    for action in _limits(queue.body, reason):
        if world.now >= since + action["maxTimeSeconds"]:
            word, by = BY[action["action"]]
            text = f"{word} by JobStateTimeLimit action due to reason: {action['reason']}"
            end(world, queue.arn, job, world.now, text, by)
            return True
    after = {"job": job, "reason": reason, "since": since}
    if after != before:
        world.note(BLOCKED, queue.arn, after)
    return False


def _limits(queue: Spec, reason: str) -> Iterator[Spec]:
    code = reason.partition(" - ")[0]
    return (action for action in queue.get("jobStateTimeLimitActions", ()) if action["reason"] == code)


def _moments(world: AccountState, queue: Record, pools: Pools) -> Iterator[float]:
    """Yield when the first jobs in a line may next get on."""
    for row in line_of(world, queue.arn).values():
        if row["runnable"] > world.now:
            yield row["runnable"]
            return
        if needs_met(world, row) is None:
            yield from (outcome[0] for need in row["needs"] if (outcome := outcome_of(world, need)))
            continue
        yield from _chances(world, queue, Waiting.of(row), pools)
        return


def _chances(world: AccountState, queue: Record, waiting: Waiting, pools: Pools) -> Iterator[float]:
    """Yield when a job that is blocked may find room: something is released, becomes VALID, or it is given up."""
    for record in environments_in_order(world, queue.body):
        yield pools.of(world, record.arn).next_release()
        yield record.until
    for other, _ in others_of(world, waiting):
        if other:
            yield pools.of(world, other.arn).next_release()
            yield other.until
    blocked = world.fact(BLOCKED, queue.arn)
    if blocked:
        yield from (blocked["since"] + action["maxTimeSeconds"] for action in _limits(queue.body, blocked["reason"]))
