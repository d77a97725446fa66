"""What becomes of a job: it waits in line; once it has started, its course is a function of time alone."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Self

from reconciler.model import Json
from reconciler.sandbox.core.state import LINES, AccountState

JOB = "job"
COURSES = ".courses"  # by job
CANCELLED, TERMINATED = "isCancelled", "isTerminated"

Amounts = Mapping[str, float]  # by unit: `vcpu`, an instance type, `quantity` of a consumable resource


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A job in line, with all that its start takes and leads to."""

    runnable: float  # from when on it may start
    asks: Amounts  # of an environment, and of its quota share
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


def course_of(account_state: AccountState, job: str) -> JobRun | None:
    row = account_state.fact(COURSES, job)
    return JobRun.of(row) if row else None


def members_of(account_state: AccountState, job: str) -> tuple[str, ...]:
    """Return the jobs that run for a job: the children of an array, or itself. Children have no rows of their own."""
    size = account_state.rows(JOB).get(job, {}).get("body", {}).get("arrayProperties", {}).get("size")
    return tuple(f"{job}:{index}" for index in range(size)) if size else (job,)


def outcome_of(account_state: AccountState, job: str) -> tuple[float, bool] | None:
    """Return when a job ends, and whether well; None as long as nobody knows."""
    courses = [course_of(account_state, each) for each in members_of(account_state, job)]
    known = [course for course in courses if course]
    if len(known) < len(courses):
        return None
    return max(course.ends for course in known), all(course.succeeds for course in known)


def keep(account_state: AccountState, job: str, course: JobRun) -> None:
    account_state.note(COURSES, job, asdict(course))


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
