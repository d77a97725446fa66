"""Jobs that a plan touches: those in what it deletes, and those on the instances that it replaces.

They are told by status or by queue, and none is lost without a word from the user.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from reconciler.kinds import KINDS
from reconciler.live.facts import Counts, describe_jobs, describe_running
from reconciler.live.resolve import referred_arns
from reconciler.model import Action, Interrupts, Live
from reconciler.plan.decisions import DELETING, Decision, Deletion
from reconciler.plan.options import PlanOptions
from reconciler.problems import CloudError, Fault, Problem

TERMINATED = "will be terminated"
UNKNOWN_TERMINATED = f"all jobs in it {TERMINATED}: their number is unknown"
UNKNOWN = "the jobs in it are unknown"
DRAINED = "its jobs continue; it is deleted when they have ended"


def holders(decisions: Iterable[Decision]) -> Iterator[Live]:
    """Yield what is deleted and may have jobs in it. What is on its way out already is only waited for."""
    for decision in decisions:
        work = decision.work
        if isinstance(work, Deletion) and KINDS[decision.address.kind].jobs and work.live.status != DELETING:
            yield work.live


@dataclass(frozen=True, slots=True)
class JobFate:
    """What becomes of the jobs in a resource that is deleted.

    `patience`: for how many seconds the deletion waits until it is empty; 0 looks once, None does not look.
    """

    patience: float | None
    reasons: tuple[str, ...] = ()
    losses: tuple[str, ...] = ()
    refusals: tuple[Problem, ...] = ()


def fate_of_jobs(decision: Decision, held: Counts, options: PlanOptions) -> JobFate:
    """Return what becomes of the jobs; refused where the user has not said it.

    There is a look before each deletion, unless jobs are to be terminated: what came since the plan was made is not
    lost either.
    """
    drains = (options.drain or decision.action is Action.RETIRE) and not options.cancel_jobs
    jobs = KINDS[decision.address.kind].jobs
    patience = jobs.drain_timeout if jobs and drains else 0.0
    reason, refusal = "", None
    if isinstance(held, CloudError):
        reason, refusal = UNKNOWN_TERMINATED if options.cancel_jobs else UNKNOWN, _unknown(decision, held)
    elif held and options.cancel_jobs:
        reason = f"{describe_jobs(held)} {TERMINATED}"
    elif held:
        reason, refusal = f"{describe_jobs(held)} in it{f': {DRAINED}' if drains else ''}", _busy(decision, held)
    reasons = (reason,) if reason else ()
    if options.cancel_jobs:
        return JobFate(None, reasons, losses=reasons)
    return JobFate(patience, reasons, refusals=(refusal,) if refusal and not drains else ())


def _busy(decision: Decision, held: Mapping[str, int]) -> Problem:
    message = f"{decision.address}: {describe_jobs(held)} are in {decision.name}"
    hint = "choose --drain (wait until they end) or --cancel-jobs (terminate them)"
    return Problem("PLAN010", message, decision.where, hint)


def _unknown(decision: Decision, error: CloudError) -> Problem:
    message = f"{decision.address}: the jobs in {decision.name} are unknown ({error})"
    allow = f"grant batch:{error.operation}, or " if error.fault is Fault.DENIED else ""
    hint = f"{allow}use --cancel-jobs to delete it and terminate all jobs in it"
    return Problem("PLAN010", message, decision.where, hint)


# Jobs that an update of instances may end: told by queue, since nobody tells which jobs run on which environment.

NOWHERE = "no queue uses it"
NONE = "no job runs in its queues now"


def sources(decisions: Iterable[Decision], live: Iterable[Live]) -> Iterator[Live]:
    """Yield what jobs come from that a plan may interrupt; each once, and nothing for most plans."""
    arns = {decision.arn for decision in decisions if decision.interrupts}
    for resource in live if arns else ():
        if KINDS[resource.address.kind].jobs and not arns.isdisjoint(referred_arns(resource)):
            yield resource


def interrupted_jobs(
    before: Interrupts, arn: str, live: Iterable[Live], running: Mapping[str, int | CloudError]
) -> Interrupts:
    """Return the jobs that an update of the resource of this ARN may end; `running` is by the ARN of their queues."""
    using = [resource for resource in live if resource.arn in running and arn in referred_arns(resource)]
    counts = {resource.address.name: running[resource.arn] for resource in using}
    jobs = {name: count for name, count in counts.items() if isinstance(count, int)}
    unknown = next((str(count) for count in counts.values() if isinstance(count, CloudError)), "")
    return Interrupts(before.at_once, jobs, unknown)


def describe_interrupted(interrupts: Interrupts) -> str:
    """Say how many jobs an update may end."""
    if interrupts.unknown:
        return f"the number of running jobs is unknown ({interrupts.unknown})"
    if not interrupts.jobs:
        return NOWHERE
    counts = [f"{count} in {name}" for name, count in sorted(interrupts.jobs.items()) if count]
    return f"up to {describe_running(interrupts.at_most)} now: {', '.join(counts)}" if counts else NONE
