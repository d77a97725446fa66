"""Changes after which the jobs of a definition, which can start now, never can."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.model import Address, Call, Change, Live, Spec
from reconciler.placement.catalogue import Catalogue, catalogue
from reconciler.placement.needs import JobNeed, job_need
from reconciler.placement.queues import CONSUMABLE, DEFINITION, ENVIRONMENT, QUEUE, Pool, pool_of, with_status
from reconciler.placement.verdicts import Feasibility, Verdict
from reconciler.plan.decisions import Comparison
from reconciler.plan.guards import Reason
from reconciler.problems import CloudError, Problem, Severity

HINT = "to allow it, use --allow-unplaceable"


@dataclass(frozen=True, slots=True)
class _Outlook:
    """What a definition needs of the queues of the stack, and what they offer, before a plan and after it."""

    address: Address
    runs_on: tuple[str, ...]
    before: Pool
    after: Pool
    needs_now: JobNeed
    needs_then: JobNeed

    @property
    def now(self) -> Verdict:
        return self.before.verdict(self.needs_now, self.runs_on)

    @property
    def then(self) -> Verdict:
        return self.after.verdict(self.needs_then, self.runs_on)

    @property
    def is_lost(self) -> bool:
        can_start = self.now.outcome in (Feasibility.FITS, Feasibility.TIGHT)
        return can_start and self.then.outcome is Feasibility.NEVER

    @property
    def is_own(self) -> bool:
        """Whether the change of the definition itself is why."""
        return self.before.verdict(self.needs_then, self.runs_on).outcome is Feasibility.NEVER


def lost_placements(
    comparisons: Sequence[Comparison],
    changes: Sequence[Change],
    arns: Mapping[str, Live],
    described: Catalogue | CloudError | None = None,
) -> Iterator[Reason]:
    """Yield the definitions that have a place to run and lose it. Environments that are only referred to count as live.

    `changes` are those of the plan: what is no target stays as it is. `described` is the table of instance types with
    what EC2 says of the `types_in_doubt`.
    """
    changed = {change.address: change for change in changes if any(isinstance(step, Call) for step in change.steps)}
    types = described if isinstance(described, Catalogue) else catalogue()
    for outlook in _outlooks(comparisons, changed, arns, types):
        if outlook.is_lost:
            yield _refused(outlook, changed)


def types_in_doubt(
    comparisons: Sequence[Comparison], changed: Collection[Address], arns: Mapping[str, Live]
) -> tuple[str, ...]:
    """Return the words of instanceTypes on which a refusal depends, by the table that ships with the program.

    They are types that it lacks, and all types of environments where jobs can start no more.
    """
    words: dict[str, None] = {}
    for outlook in _outlooks(comparisons, changed, arns, catalogue()):
        words |= dict.fromkeys(outlook.before.unknown_words(outlook.needs_now, outlook.runs_on))
        words |= dict.fromkeys(outlook.after.unknown_words(outlook.needs_then, outlook.runs_on))
        if outlook.is_lost:
            words |= dict.fromkeys(outlook.after.refuting_words(outlook.needs_then, outlook.runs_on))
    return tuple(words)


def not_described(error: CloudError) -> Problem:
    """Return the note that verdicts are by the table, since EC2 has not said what is so today."""
    message = (
        f"EC2 did not describe instance types, so that they are those of the table of {catalogue().date} ({error})"
    )
    return Problem("PLAN013", message, hint="grant ec2:DescribeInstanceTypes", severity=Severity.NOTE)


def _outlooks(
    comparisons: Sequence[Comparison], changed: Collection[Address], arns: Mapping[str, Live], types: Catalogue
) -> Iterator[_Outlook]:
    """Yield the live definitions whose verdict a plan can change."""
    are_queues_changed = any(address.kind in (QUEUE, ENVIRONMENT, CONSUMABLE) for address in changed)
    definitions = [
        (comparison, comparison.live)
        for comparison in comparisons
        if comparison.desired.address.kind == DEFINITION
        and comparison.live
        and (are_queues_changed or comparison.desired.address in changed)
    ]
    if not definitions:
        return
    before, after = _pool(comparisons, arns, (), types), _pool(comparisons, arns, changed, types)
    for comparison, live in definitions:
        address = comparison.desired.address
        now = job_need(live.spec)
        then = job_need(comparison.sent) if address in changed else now
        yield _Outlook(address, comparison.desired.lifecycle.runs_on, before, after, now, then)


def _refused(outlook: _Outlook, changed: Mapping[Address, Change]) -> Reason:
    """Return what is refused: the definition if its own change is why, else what its queue or environment loses."""
    address, at = outlook.address, outlook.now.environment
    others = [change for each, change in changed.items() if each.kind in (ENVIRONMENT, QUEUE, CONSUMABLE)]
    named = [change for change in others if at in (change.name, change.address.name)]
    change = changed.get(address) if outlook.is_own else next(iter((*named, *others)), None)
    message = f"{address}: its jobs can start in {at} now, and never could afterwards: a job {outlook.then.reason}"
    return change, Problem("GRD004", message, change.where if change else None, HINT)


def _pool(
    comparisons: Sequence[Comparison], arns: Mapping[str, Live], changed: Collection[Address], types: Catalogue
) -> Pool:
    """Return the stack's queues with all that is live; what changes is as it will be."""
    environments = {arn: with_status(live) for arn, live in arns.items() if live.address.kind == ENVIRONMENT}
    consumables = {arn: live.spec for arn, live in arns.items() if live.address.kind == CONSUMABLE}
    queues: dict[str, Spec] = {}
    for comparison in comparisons:
        desired = comparison.desired
        will_be = desired.address in changed
        body = comparison.sent if will_be else comparison.live.spec if comparison.live else None
        if body is None:
            continue
        if desired.address.kind == QUEUE:
            queues[desired.address.name] = body
        elif will_be and desired.address.kind == ENVIRONMENT:
            environments[desired.arn] = body
        elif will_be and desired.address.kind == CONSUMABLE:
            consumables[desired.arn] = body
    return pool_of(queues, environments, consumables, types)
