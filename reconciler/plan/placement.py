"""Changes after which the jobs of a definition, which can start now, never can."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from reconciler.kinds.reasons import INVALID
from reconciler.model import Address, Call, Change, Live, Spec
from reconciler.placement.catalogue import catalogue
from reconciler.placement.needs import job_need
from reconciler.placement.queues import DEFINITION, ENVIRONMENT, QUEUE, Pool, pool_of
from reconciler.placement.verdicts import Feasibility, Verdict
from reconciler.plan.decisions import Comparison
from reconciler.plan.guards import Reason
from reconciler.problems import Problem

HINT = "to allow it, use --allow-unplaceable"


def lost_placements(
    comparisons: Sequence[Comparison], changes: Sequence[Change], arns: Mapping[str, Live]
) -> Iterator[Reason]:
    """Yield the definitions that have a place to run and lose it. Environments that are only referred to count as live.

    `changes` are those of the plan: what is no target stays as it is.
    """
    changed = {change.address: change for change in changes if any(isinstance(step, Call) for step in change.steps)}
    are_queues_changed = any(address.kind in (QUEUE, ENVIRONMENT) for address in changed)
    definitions = [
        (comparison, comparison.live)
        for comparison in comparisons
        if comparison.desired.address.kind == DEFINITION
        and comparison.live
        and (are_queues_changed or comparison.desired.address in changed)
    ]
    if not definitions:
        return
    before, after = _pool(comparisons, arns, ()), _pool(comparisons, arns, changed)
    for comparison, live in definitions:
        address, runs_on = comparison.desired.address, comparison.desired.lifecycle.runs_on
        body = comparison.sent if address in changed else live.spec
        now = before.verdict(job_need(live.spec), runs_on)
        if now.outcome in (Feasibility.FITS, Feasibility.TIGHT):
            then = after.verdict(job_need(body), runs_on)
            if then.outcome is Feasibility.NEVER:
                is_own = before.verdict(job_need(body), runs_on).outcome is Feasibility.NEVER
                yield _refused(address, now, then, changed, is_own=is_own)


def _refused(
    address: Address, now: Verdict, then: Verdict, changed: Mapping[Address, Change], *, is_own: bool
) -> Reason:
    """Return what is refused: the definition if its own change is why, else what its queue or environment loses."""
    others = [change for at, change in changed.items() if at.kind in (ENVIRONMENT, QUEUE)]
    named = [change for change in others if now.environment in (change.name, change.address.name)]
    change = changed.get(address) if is_own else next(iter((*named, *others)), None)
    message = f"{address}: its jobs can start in {now.environment} now, and never could afterwards: a job {then.reason}"
    return change, Problem("GRD004", message, change.where if change else None, HINT)


def _pool(comparisons: Sequence[Comparison], arns: Mapping[str, Live], changed: Collection[Address]) -> Pool:
    """Return the stack's queues with all live environments; those that change are as they will be."""
    environments = {arn: _with_status(live) for arn, live in arns.items() if live.address.kind == ENVIRONMENT}
    queues: dict[str, Spec] = {}
    for comparison in comparisons:
        desired = comparison.desired
        will_be = desired.address in changed
        body = comparison.sent if will_be else comparison.live.spec if comparison.live else None
        if desired.address.kind == QUEUE and body is not None:
            queues[desired.address.name] = body
        elif desired.address.kind == ENVIRONMENT and will_be and body is not None:
            environments[desired.arn] = body
    return pool_of(queues, environments, {}, catalogue())


def _with_status(live: Live) -> Spec:
    return {**live.spec, "status": INVALID} if live.status == INVALID else live.spec
