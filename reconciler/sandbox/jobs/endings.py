"""Jobs that end before their time: by hand, or because what they run on or wait in goes away."""

from collections.abc import Sequence
from dataclasses import replace

from reconciler.sandbox.jobs.courses import TERMINATED, Course, course_of, keep, leave_line, line_of
from reconciler.sandbox.jobs.holdings import holders, last_end, shorten
from reconciler.sandbox.records import Record
from reconciler.sandbox.world import AccountState

PER_SECOND = 16  # jobs that the service terminates when it deletes their queue (AWS Batch User Guide)
MINUTES = 30  # that jobs may go on by default while their instances are replaced (UpdatePolicy)
EARLIEST = "replaced"  # when an infrastructure update could be over, were it not for the jobs


def end(world: AccountState, queue: str, job: str, at: float, reason: str, by: str = "") -> None:
    """Let a job end at a moment, which may be to come, unless it ends before by itself."""
    course = course_of(world, job)
    if course is None:
        leave_line(world, queue, job)
        keep(world, job, Course(starts=at, ends=at, reason=reason, by=by))
    elif course.ends > at:
        attempts = tuple((runs, min(stops, at)) for runs, stops in course.attempts if runs < at)
        keep(world, job, replace(course, ends=at, attempts=attempts, exit_code=None, reason=reason, by=by))
        shorten(world, job, course, at)
        _hasten(world, course.environment)
    world.stir()


def jobs_in(world: AccountState, queue: str) -> list[str]:
    """Return the jobs of a queue that have not ended: those that run, and those that wait."""
    return [*(job for job, _ in holders(world, queue)), *line_of(world, queue)]


def end_all(world: AccountState, queue: str, jobs: Sequence[str], reason: str) -> float:
    """Let jobs of a queue end, one after another; return how many seconds that takes."""
    for count, job in enumerate(jobs, 1):
        end(world, queue, job, world.now + count / PER_SECOND, reason, TERMINATED)
    return len(jobs) / PER_SECOND


def evict(world: AccountState, environment: Record, at: float) -> None:
    """Take the instances away from the jobs that still run there then."""
    for job, ends in list(holders(world, environment.arn)):
        if ends > at:
            instance = world.new_id().replace("-", "")[:17]
            end(world, "", job, at, f"Host EC2 (instance i-{instance}) terminated.")


def replacement(world: AccountState, environment: Record) -> tuple[Record, float]:
    """Return the environment and the seconds of an update that replaces its instances: it waits for the jobs there.

    How long, its update policy says (UpdatePolicy).
    """
    policy = environment.body.get("updatePolicy", {})
    patience = 0 if policy.get("terminateJobsOnUpdate") else 60 * policy.get("jobExecutionTimeoutMinutes", MINUTES)
    evict(world, environment, world.now + patience)
    earliest = world.now + world.timings.infrastructure
    until = max(earliest, last_end(world, environment.arn))
    return replace(environment, hidden={**environment.hidden, EARLIEST: earliest}), until - world.now


def _hasten(world: AccountState, environment: str) -> None:
    """An update that waits for jobs is over when the last of them is."""
    found = world.find("compute-environment", environment)
    if found and found.status == "UPDATING" and EARLIEST in found.hidden:
        until = max(found.hidden[EARLIEST], last_end(world, environment))
        if until < found.until:
            world.put("compute-environment", replace(found, until=until))
