"""Jobs that are in what a plan deletes: told by status, and not lost without a word from the user."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from reconciler.kinds import KINDS
from reconciler.kinds.base import JobListing
from reconciler.live.jobs import in_words as jobs_in_words
from reconciler.live.resolve import references
from reconciler.model import Action, Call, Change, Interrupts, Live, Plan, Until, Wait
from reconciler.problems import CloudError, Fault, Problem

Held = Mapping[str, int] | CloudError  # how many by status; or why nobody knows
TERMINATED = "will be terminated"
UNKNOWN_TERMINATED = f"whatever jobs are in it {TERMINATED}: which ones is not known"
DRAINED = "its jobs go on; it is deleted when they have ended"


def holders(plan: Plan, live: Iterable[Live]) -> Iterator[tuple[int, Live, JobListing]]:
    """Yield what leaves and may have jobs in it, by the position of its change."""
    by_arn = {one.arn: one for one in live}
    for index, change in enumerate(plan.changes):
        jobs = KINDS[change.address.kind].jobs
        if change.action.leaves and jobs and any(isinstance(step, Call) for step in change.steps):
            yield index, by_arn[change.arn], jobs.listing(by_arn[change.arn].spec)


def with_jobs(plan: Plan, held: Mapping[int, Held], *, drain: bool, cancel: bool) -> Plan:
    """Return the plan with the jobs that are in what leaves; refused where the user has not said what becomes of them.

    `held` is by the position of the change.
    """
    changes = (
        _with_jobs(change, held[index], drain=drain, cancel=cancel) if index in held else change
        for index, change in enumerate(plan.changes)
    )
    return replace(plan, changes=tuple(changes))


def _with_jobs(change: Change, held: Held, *, drain: bool, cancel: bool) -> Change:
    drains = (drain or change.action is Action.RETIRE) and not cancel
    refusals: tuple[Problem, ...] = ()
    told = ""
    if isinstance(held, CloudError):
        told = UNKNOWN_TERMINATED if cancel else "which jobs are in it is not known"
        refusals = () if drains or cancel else (_unknown(change, held),)
    elif held:
        told = (
            f"{jobs_in_words(held)} {TERMINATED}"
            if cancel
            else f"{jobs_in_words(held)} in it{f': {DRAINED}' if drains else ''}"
        )
        refusals = () if drains or cancel else (_busy(change, held),)
    return replace(
        change,
        steps=change.steps if cancel else _emptied(change, patient=drains),
        reasons=(*change.reasons, told) if told else change.reasons,
        losses=(*change.losses, told) if told and cancel else change.losses,
        refusals=(*change.refusals, *refusals),
    )


def _emptied(change: Change, *, patient: bool) -> tuple[Call | Wait, ...]:
    """Put a look before the deletion: what came since the plan was made is not lost either."""
    kind = KINDS[change.address.kind]
    limit = kind.jobs.drain_timeout if kind.jobs and patient else 0.0
    wait = Wait(Until.EMPTY, limit, f"wait until no job is in {change.name}")
    operation = kind.delete.operation
    at = next(i for i, step in enumerate(change.steps) if isinstance(step, Call) and step.operation == operation)
    return (*change.steps[:at], wait, *change.steps[at:])


def _busy(change: Change, held: Mapping[str, int]) -> Problem:
    message = f"{change.address}: {jobs_in_words(held)} would be terminated with {change.name}"
    hint = "--drain waits until they have ended, --cancel-jobs terminates them, also those that run"
    return Problem("PLAN010", message, change.where, hint)


def _unknown(change: Change, error: CloudError) -> Problem:
    message = f"{change.address}: whether jobs are in {change.name} is not known ({error})"
    allow = f"allow batch:{error.operation}; or " if error.fault is Fault.DENIED else ""
    return Problem(
        "PLAN010", message, change.where, f"{allow}--cancel-jobs deletes it and terminates whatever is in it"
    )


# Jobs that an update of instances may end: told by queue, since nobody tells which jobs run on which environment.

Running = Mapping[str, int | CloudError]  # how many by the ARN of what they are in; or why nobody knows
NOWHERE = "no queue uses it"
NONE = "no job runs in its queues now"


def sources(plan: Plan, live: Iterable[Live]) -> Iterator[tuple[Live, JobListing]]:
    """Yield what jobs come from that a change of the plan may end; each once, and nothing for most plans."""
    arns = {change.arn for change in plan.changes if change.interrupts}
    for one in live if arns else ():
        jobs = KINDS[one.address.kind].jobs
        if jobs and not arns.isdisjoint(_used_by(one)):
            yield one, jobs.listing(one.spec)


def with_running(plan: Plan, live: Iterable[Live], running: Running) -> Plan:
    """Return the plan with the jobs that run in the queues of what it interrupts."""
    using = [one for one in live if one.arn in running]
    changes = (
        _with_running(change, change.interrupts, [one for one in using if change.arn in _used_by(one)], running)
        if change.interrupts
        else change
        for change in plan.changes
    )
    return replace(plan, changes=tuple(changes))


def _with_running(change: Change, before: Interrupts, using: list[Live], running: Running) -> Change:
    counts = {one.address.name: running[one.arn] for one in using}
    jobs = {name: count for name, count in counts.items() if isinstance(count, int)}
    unknown = next((str(count) for count in counts.values() if isinstance(count, CloudError)), "")
    interrupts = replace(before, jobs=jobs, unknown=unknown)
    return replace(change, interrupts=interrupts, reasons=(*change.reasons, _told(interrupts)))


def _told(interrupts: Interrupts) -> str:
    if interrupts.unknown:
        return f"how many run is not known ({interrupts.unknown})"
    if not interrupts.jobs:
        return NOWHERE
    counts = [f"{count} in {name}" for name, count in sorted(interrupts.jobs.items()) if count]
    return f"at most {in_words(interrupts.at_most)} now: {', '.join(counts)}" if counts else NONE


def in_words(count: int) -> str:
    return f"{count} running job{'' if count == 1 else 's'}"


def _used_by(live: Live) -> set[str]:
    return {arn for _, _, arn in references(KINDS[live.address.kind].rows, live.spec)}
