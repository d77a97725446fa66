"""Where a job stands now: in line, on its course, or as the parent of an array."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

from reconciler.sandbox.core.state import AccountState, Record
from reconciler.sandbox.jobs.nodes import MARK
from reconciler.sandbox.jobs.scheduler import blocked_reason, needs_met
from reconciler.sandbox.jobs.timeline import Course, course_of, line_of, members_of

WAITS = ("SUBMITTED", "PENDING", "RUNNABLE")
ENDED = ("SUCCEEDED", "FAILED")
STATUSES = (*WAITS, "STARTING", "RUNNING", *ENDED)
CHILD_FAILED = "Array Child Job failed"


@dataclass(frozen=True, slots=True)
class JobStatus:
    """Where a job stands now. `course`: None while it waits, and for the parent of an array."""

    status: str
    reason: str = ""
    course: Course | None = None
    children: Mapping[str, int] | None = None  # how many of an array have which status


def job_id(record: Record) -> str:
    return record.arn.rsplit("/", 1)[1]


def child_of(parent: Record, index: int) -> Record:
    return replace(parent, arn=f"{parent.arn}:{index}", tags={})


def record_of_member(record: Record, member: str) -> Record:
    """Return the record of a job that runs for a job: a child of the array, or itself."""
    _, colon, index = member.partition(":")
    return child_of(record, int(index)) if colon else record


def standing_of(world: AccountState, record: Record) -> JobStatus:
    job = job_id(record).partition(MARK)[0]  # a node stands where its job does
    children = members_of(world, job)
    if children != (job,):
        return _array_standing(world, record, children)
    return _standing(world, job, record.body["jobQueue"])


def status_of(world: AccountState, job: str, queue: str) -> str:
    """Return the status of a job that is no array."""
    return _standing(world, job, queue).status


def _standing(world: AccountState, job: str, queue: str) -> JobStatus:
    course = course_of(world, job)
    if course:
        status = course.status(world.now)
        return JobStatus(status, course.reason if status in ENDED else "", course)
    waiting = line_of(world, queue).get(job)
    if waiting is None or world.now < waiting["runnable"]:
        return JobStatus("SUBMITTED")
    if not needs_met(world, waiting):
        return JobStatus("PENDING")
    return JobStatus("RUNNABLE", blocked_reason(world, queue, job))


def _array_standing(world: AccountState, record: Record, children: tuple[str, ...]) -> JobStatus:
    """A parent is PENDING from when a child is RUNNABLE until all have ended (AWS Batch User Guide, 'Job states')."""
    counted = Counter(status_of(world, child, record.body["jobQueue"]) for child in children)
    counts = {status: counted[status] for status in STATUSES}
    if counted["SUBMITTED"] == len(children):
        return JobStatus("SUBMITTED", children=counts)
    if sum(counted[status] for status in ENDED) < len(children):
        return JobStatus("PENDING", children=counts)
    failed = counted["FAILED"] > 0
    return JobStatus("FAILED" if failed else "SUCCEEDED", CHILD_FAILED if failed else "", children=counts)
