"""Smoke tests: jobs of the stack that prove a change by running once."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase

from reconciler.jobs.states import SUCCEEDED, JobState
from reconciler.jobs.submission import JobOverrides, Submission, submission_of
from reconciler.live.resolve import references_of
from reconciler.model import Address, DeclaredJob, Smoke, Stack
from reconciler.problems import Exit

Edges = Mapping[Address, tuple[Address, ...]]
TAG = "reconciler:smoke"  # of each job: the run that it is of
LONGEST_NAME = 128  # SubmitJob, jobName
LAST_LINES = 20  # of the log of a job that failed


class SmokeOutcome(StrEnum):
    """What became of a smoke test."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed out"  # it ran, and was terminated
    NEVER_STARTED = "never started"
    NOT_SUBMITTED = "not submitted"


@dataclass(frozen=True, slots=True)
class SmokeResult:
    """A smoke test and what became of it; `reason` is why, in words. `state` is None if it was not submitted."""

    name: str
    outcome: SmokeOutcome
    reason: str = ""
    state: JobState | None = None
    lines: tuple[str, ...] = ()  # the last ones of its log
    rollback: str = ""  # the definition that is new, and can be rolled back

    @property
    def exit(self) -> Exit:
        if self.outcome is SmokeOutcome.SUCCEEDED:
            return Exit.DONE
        return Exit.TIMED_OUT if self.outcome is SmokeOutcome.TIMED_OUT else Exit.UNHEALTHY


def exit_of_smoke(results: Iterable[SmokeResult]) -> Exit:
    """Return the exit code of all tests: a failure counts for more than one that took too long."""
    codes = {result.exit for result in results}
    return next((code for code in (Exit.UNHEALTHY, Exit.TIMED_OUT) if code in codes), Exit.DONE)


def smoke_tests(stack: Stack, changed: Collection[Address] | None) -> Iterator[DeclaredJob]:
    """Yield the jobs with `smoke` of which something that they are run after has changed; None: all of them."""
    edges = references_of(stack).edges
    for job in stack.jobs.values():
        if job.smoke is None:
            continue
        if changed is None or any(_is_after(job.smoke, job.address, address, edges) for address in changed):
            yield job


def _is_after(smoke: Smoke, job: Address, changed: Address, edges: Edges) -> bool:
    if smoke.after:
        return any(fnmatchcase(str(changed), pattern) for pattern in smoke.after)
    return changed in _reached(job, edges)


def _reached(job: Address, edges: Edges) -> set[Address]:
    """Return all that a job refers to, directly or indirectly."""
    reached: set[Address] = set()
    todo = [job]
    while todo:
        new = set(edges.get(todo.pop(), ())) - reached
        reached |= new
        todo += new
    return reached


def smoke_submission(stack: Stack, job: DeclaredJob, run: str) -> Submission:
    """Return the request: named and tagged after the run, so that nobody takes it for work."""
    name = f"{stack.name_prefix}smoke-{job.address.name}"[: LONGEST_NAME - len(run) - 1]
    return submission_of(stack, job, JobOverrides(), tags={TAG: run}, name=f"{name}-{run}")


def outcome_of_smoke(state: JobState | None, *, is_timed_out: bool) -> SmokeOutcome:
    if state is not None and state.has_ended and not is_timed_out:
        return SmokeOutcome.SUCCEEDED if state.status == SUCCEEDED else SmokeOutcome.FAILED
    has_started = state is not None and (state.started is not None or bool(state.children.get("RUNNING")))
    return SmokeOutcome.TIMED_OUT if has_started else SmokeOutcome.NEVER_STARTED
