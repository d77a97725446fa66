"""When jobs run and end, and the capacity that they use until then.

A job waits in line. Once it has started, its course is a function of time alone.
"""

import heapq
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Self

from reconciler.model import Json
from reconciler.sandbox.core.state import LINES, AccountState, Record, noun_of

JOB = "job"
RUNS = ".courses"  # by job
CANCELLED, TERMINATED = "isCancelled", "isTerminated"

Amounts = Mapping[str, float]  # by unit: `vcpu`, an instance type, `quantity` of a consumable resource


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A job in line, with all that its start takes and leads to."""

    runnable: float  # from when on it may start
    asks: Amounts  # of an environment, and of its quota share
    need: Mapping[str, Json] = field(default_factory=dict)  # what an instance has to hold, as `placement` reads it
    takes: Mapping[str, int] = field(default_factory=dict)  # consumable resource (ARN), quantity
    share: str = ""  # ARN of a quota share
    needs: tuple[str, ...] = ()  # jobs that must succeed before
    attempts: tuple[float, ...]  # how many seconds each runs
    exit_code: int | None = 0
    reason: str = ""

    @classmethod
    def of(cls, row: Mapping[str, Json]) -> Self:
        return cls(**{**row, "needs": tuple(row["needs"]), "attempts": tuple(row["attempts"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRun:
    """When and where a job runs and how it ends, which may be still to come."""

    starts: float  # when it leaves the line; it ends then, too, if it never ran
    ends: float
    attempts: tuple[tuple[float, float], ...] = ()  # when each begins to run and stops
    environment: str = ""  # ARN
    holds: tuple[str, ...] = ()  # ARNs of everything that it takes up until it ends
    exit_code: int | None = None
    reason: str = ""
    by: str = ""  # CANCELLED or TERMINATED: by whose hand it ends

    @classmethod
    def of(cls, row: Mapping[str, Json]) -> Self:
        attempts = tuple((runs, stops) for runs, stops in row["attempts"])
        return cls(**{**row, "attempts": attempts, "holds": tuple(row["holds"])})

    @property
    def succeeds(self) -> bool:
        return self.exit_code == 0 and not self.by

    def status(self, now: float) -> str:
        if now >= self.ends:
            return "SUCCEEDED" if self.succeeds else "FAILED"
        if now < self.starts:
            return "RUNNABLE"
        return "RUNNING" if any(runs <= now < stops for runs, stops in self.attempts) else "STARTING"


def run_of(account_state: AccountState, job: str) -> JobRun | None:
    row = account_state.fact(RUNS, job)
    return JobRun.of(row) if row else None


def members_of(account_state: AccountState, job: str) -> tuple[str, ...]:
    """Return the jobs that run for a job: the children of an array, or itself. Children have no rows of their own."""
    size = account_state.rows(JOB).get(job, {}).get("body", {}).get("arrayProperties", {}).get("size")
    return tuple(f"{job}:{index}" for index in range(size)) if size else (job,)


def outcome_of(account_state: AccountState, job: str) -> tuple[float, bool] | None:
    """Return when a job ends, and whether well; None while that is unknown."""
    runs = [run_of(account_state, each) for each in members_of(account_state, job)]
    known = [run for run in runs if run]
    if len(known) < len(runs):
        return None
    return max(run.ends for run in known), all(run.succeeds for run in known)


def save_run(account_state: AccountState, job: str, run: JobRun) -> None:
    account_state.note(RUNS, job, asdict(run))


def line_of(account_state: AccountState, queue: str) -> Mapping[str, Json]:
    """Return the jobs that wait in a queue, in the order in which they came."""
    return account_state.rows(_line(queue))


def line_up(account_state: AccountState, queue: str, job: str, waiting: Waiting) -> None:
    account_state.note(_line(queue), job, asdict(waiting))
    account_state.note(LINES, queue, 1)


def leave_line(account_state: AccountState, queue: str, job: str) -> None:
    account_state.forget(_line(queue), job)
    if not line_of(account_state, queue):
        account_state.forget(LINES, queue)


def _line(queue: str) -> str:
    return f".line:{queue}"


# The capacity that jobs use until they end: of environments, consumable resources and quota shares, and in their queue.

NEVER = float("inf")


def hold(account_state: AccountState, holder: str, job: str, ends: float, amounts: Amounts) -> None:
    """Note that a job takes up amounts of `holder` (an ARN) until it ends."""
    account_state.note(_held(holder), job, [ends, dict(amounts)])


def shorten(account_state: AccountState, job: str, run: JobRun, ends: float) -> None:
    """Note that a job ends before its time."""
    for holder in run.holds:
        _, amounts = account_state.fact(_held(holder), job, (ends, {}))
        hold(account_state, holder, job, ends, amounts)


def holders(account_state: AccountState, holder: str) -> Iterator[tuple[str, float]]:
    """Yield the jobs that have not ended yet, and when they do."""
    return ((job, ends) for job, (ends, _) in account_state.rows(_held(holder)).items() if ends > account_state.now)


def used_amounts(account_state: AccountState, holder: str) -> Counter[str]:
    """Return the capacity in use now, by unit."""
    amounts = (amounts for ends, amounts in account_state.rows(_held(holder)).values() if ends > account_state.now)
    return _total(amounts)


def last_end(account_state: AccountState, holder: str) -> float:
    """Return when the last of those that run now ends; now, if none does."""
    return max((ends for _, ends in holders(account_state, holder)), default=account_state.now)


class UsagePool:
    """The capacity in use of one holder, while time passes. Made for one run of the scheduler; drops ended jobs."""

    def __init__(self, account_state: AccountState, holder: str) -> None:
        rows = account_state.rows(_held(holder))
        for job in [job for job, (ends, _) in rows.items() if ends <= account_state.now]:
            account_state.forget(_held(holder), job)
        self._ends = [(ends, job, amounts) for job, (ends, amounts) in rows.items()]
        heapq.heapify(self._ends)
        self._holder = holder
        self.used = _total(amounts for _, _, amounts in self._ends)

    def pass_time(self, now: float) -> None:
        while self._ends and self._ends[0][0] <= now:
            _, _, amounts = heapq.heappop(self._ends)
            self.used.subtract(amounts)

    def take(self, account_state: AccountState, job: str, ends: float, amounts: Amounts) -> None:
        hold(account_state, self._holder, job, ends, amounts)
        heapq.heappush(self._ends, (ends, job, amounts))
        self.used.update(amounts)

    def next_release(self) -> float:
        return self._ends[0][0] if self._ends else NEVER


def _held(holder: str) -> str:
    return f".held:{holder}"


def _total(many: Iterator[Amounts]) -> Counter[str]:
    total: Counter[str] = Counter()
    for amounts in many:
        total.update(amounts)
    return total


VCPU = "vcpu"
INSTANCES = "NUM_INSTANCES"
QUANTITY = "quantity"
UNLIMITED = float("inf")


def capacity_of(account_state: AccountState, record: Record) -> Amounts:
    """Return how much there is in all, by unit, of an environment, quota share or consumable resource."""
    return CAPACITIES[noun_of(record.arn)](account_state, record)


def is_open(record: Record) -> bool:
    """Whether jobs may start there."""
    return record.status == "VALID" and record.body["state"] == "ENABLED"


def has_capacity(asks: Amounts, capacity: Amounts, used: Amounts) -> bool:
    """Of the units that a job asks for, those count that the capacity is counted in."""
    counted = asks.keys() & capacity.keys()
    return bool(counted) and all(used.get(unit, 0) + asks[unit] <= capacity[unit] for unit in counted)


def _compute(_account_state: AccountState, record: Record) -> Amounts:
    """An unmanaged environment has the instances that its owner starts, whose number is unknown."""
    resources = record.body.get("computeResources", {})
    return {VCPU: resources.get("maxvCpus", record.body.get("unmanagedvCpus", UNLIMITED))}


def _service(_account_state: AccountState, record: Record) -> Amounts:
    return {limit["capacityUnit"]: limit["maxCapacity"] for limit in record.body["capacityLimits"]}


def _share(account_state: AccountState, record: Record) -> Amounts:
    """Borrowed capacity comes on top: a percentage, or all that the environment has (borrowLimit -1)."""
    own, sharing = _service(account_state, record), record.body["resourceSharingConfiguration"]
    if sharing["strategy"] != "LEND_AND_BORROW":
        return own
    percent = sharing.get("borrowLimit", -1)
    return {unit: UNLIMITED if percent < 0 else most * (1 + percent / 100) for unit, most in own.items()}


def _consumable(account_state: AccountState, record: Record) -> Amounts:
    """What is used up is gone from the total of a NON_REPLENISHABLE resource as soon as its job starts."""
    total = record.body["totalQuantity"]
    if record.body["resourceType"] == "REPLENISHABLE":
        return {QUANTITY: total}
    return {QUANTITY: total + used_amounts(account_state, record.arn)[QUANTITY]}


CAPACITIES: Mapping[str, Callable[[AccountState, Record], Amounts]] = {
    "compute-environment": _compute,
    "service-environment": _service,
    "quota-share": _share,
    "consumable-resource": _consumable,
}


# Jobs that end before their time: by hand, or because what they run on or wait in goes away.

PER_SECOND = 16  # jobs that the service terminates when it deletes their queue (AWS Batch User Guide)
MINUTES = 30  # that jobs may go on by default while their instances are replaced (UpdatePolicy)
EARLIEST = "replaced"  # when an infrastructure update could be over, were it not for the jobs


def end(account_state: AccountState, queue: str, job: str, at: float, reason: str, by: str = "") -> None:
    """End a job at a moment, which may be in the future, unless it ends earlier by itself."""
    run = run_of(account_state, job)
    if run is None:
        leave_line(account_state, queue, job)
        save_run(account_state, job, JobRun(starts=at, ends=at, reason=reason, by=by))
    elif run.ends > at:
        attempts = tuple((runs, min(stops, at)) for runs, stops in run.attempts if runs < at)
        save_run(account_state, job, replace(run, ends=at, attempts=attempts, exit_code=None, reason=reason, by=by))
        shorten(account_state, job, run, at)
        _finish_update_sooner(account_state, run.environment)
    account_state.stir()


def jobs_in(account_state: AccountState, queue: str) -> list[str]:
    """Return the jobs of a queue that have not ended: those that run, and those that wait."""
    return [*(job for job, _ in holders(account_state, queue)), *line_of(account_state, queue)]


def end_jobs(account_state: AccountState, queue: str, jobs: Sequence[str], reason: str) -> float:
    """End jobs of a queue in turn; return how many seconds that takes."""
    for count, job in enumerate(jobs, 1):
        end(account_state, queue, job, account_state.now + count / PER_SECOND, reason, TERMINATED)
    return len(jobs) / PER_SECOND


def evict_jobs(account_state: AccountState, environment: Record, at: float) -> None:
    """Take the instances away from the jobs that still run there then."""
    for job, ends in list(holders(account_state, environment.arn)):
        if ends > at:
            instance = account_state.new_id().replace("-", "")[:17]
            end(account_state, "", job, at, f"Host EC2 (instance i-{instance}) terminated.")


def replace_instances(account_state: AccountState, environment: Record) -> tuple[Record, float]:
    """Return the environment and the seconds of an update that replaces its instances: it waits for the jobs there.

    How long, its update policy says (UpdatePolicy).
    """
    policy = environment.body.get("updatePolicy", {})
    patience = 0 if policy.get("terminateJobsOnUpdate") else 60 * policy.get("jobExecutionTimeoutMinutes", MINUTES)
    evict_jobs(account_state, environment, account_state.now + patience)
    earliest = account_state.now + account_state.timings.infrastructure
    until = max(earliest, last_end(account_state, environment.arn))
    return replace(environment, hidden={**environment.hidden, EARLIEST: earliest}), until - account_state.now


def _finish_update_sooner(account_state: AccountState, environment: str) -> None:
    """An update that waits for jobs is over when the last of them is."""
    record = account_state.find("compute-environment", environment)
    if record and record.status == "UPDATING" and EARLIEST in record.hidden:
        until = max(record.hidden[EARLIEST], last_end(account_state, environment))
        if until < record.until:
            account_state.put("compute-environment", replace(record, until=until))
