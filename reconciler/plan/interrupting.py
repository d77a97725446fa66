"""Jobs that an update of instances may end: told by queue, since nobody tells which jobs run on which environment."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from reconciler.kinds import KINDS
from reconciler.kinds.base import Holding
from reconciler.model import Change, Interrupts, Live, Plan
from reconciler.problems import CloudError
from reconciler.resolve import references

Running = Mapping[str, int | CloudError]  # how many by the ARN of what they are in; or why nobody knows
NOWHERE = "no queue uses it"
NONE = "no job runs in its queues now"


def sources(plan: Plan, live: Iterable[Live]) -> Iterator[tuple[Live, Holding]]:
    """Yield what jobs come from that a change of the plan may end; each once, and nothing for most plans."""
    arns = {change.arn for change in plan.changes if change.interrupts}
    for one in live if arns else ():
        holding = KINDS[one.address.kind].holding
        if holding and not arns.isdisjoint(_used_by(one)):
            yield one, holding(one.spec)


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
