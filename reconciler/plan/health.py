"""What does not work, whatever its members say: INVALID, disabled by somebody, or nothing left that it works with."""

from collections.abc import Iterable, Iterator, Mapping

from reconciler.kinds import KINDS
from reconciler.kinds.base import DISABLED, MEMBER, is_disabled
from reconciler.kinds.reasons import INVALID, invalid_reason_of
from reconciler.live.resolve import LiveIndex, references
from reconciler.model import Address, Live, Unhealthy, own_name
from reconciler.plan.decisions import DELETING, Comparison

BLOCKED = "BLOCKED"
ENABLES = "apply to enable it, or declare state: DISABLED"
UNBLOCKS = "repair one of them, or declare a different one"
BY_SOMEBODY = "disabled outside this stack: it accepts no new jobs"


def unhealthy(comparisons: Iterable[Comparison], index: LiveIndex) -> Iterator[Unhealthy]:
    """Yield what is wrong with the live resources of a stack; of each the first thing."""
    declared = {comparison.desired.live.arn: comparison for comparison in comparisons if comparison.desired.live}
    for comparison in declared.values():
        address, live = comparison.desired.address, comparison.desired.live
        if live is None:
            continue
        if live.status == INVALID:
            known = invalid_reason_of(live.reason)
            yield Unhealthy(address, INVALID, live.reason, known.cause, known.remedy, live.address.name)
        elif _is_disabled_by_somebody(comparison):
            yield Unhealthy(address, DISABLED, BY_SOMEBODY, remedy=ENABLES, name=live.address.name)
        elif not is_disabled(live.spec) and (why := "; ".join(_blocked(address, live, declared, index))):
            reason = f"it has no working compute environment: {why}"
            yield Unhealthy(address, BLOCKED, reason, remedy=UNBLOCKS, name=live.address.name)


def _is_disabled_by_somebody(comparison: Comparison) -> bool:
    fields = comparison.difference.fields if comparison.difference else ()
    return any(field.path == (MEMBER,) and field.drift and field.before == DISABLED for field in fields)


def _blocked(address: Address, live: Live, declared: Mapping[str, Comparison], index: LiveIndex) -> Iterator[str]:
    """Yield the reasons if none of those works of which the resource needs one.

    Those that the stack itself disables are not asked for a reason: where there are no others, it is as declared.
    """
    for row in KINDS[address.kind].fields:
        if not row.needs_one:
            continue
        named = [index.arns[arn] for _, _, arn in references((row,), live.spec) if arn in index.arns]
        if named and not any(_works(resource) for resource in named):
            yield from (_reason(resource) for resource in named if not _is_meant(resource, declared))


def _works(live: Live) -> bool:
    return live.status not in (INVALID, DELETING) and not is_disabled(live.spec)


def _is_meant(live: Live, declared: Mapping[str, Comparison]) -> bool:
    return live.arn in declared and is_disabled(declared[live.arn].desired.spec)


def _reason(live: Live) -> str:
    status = DISABLED if is_disabled(live.spec) and live.status != INVALID else live.status
    reason = f" ({live.reason})" if status == INVALID and live.reason else ""
    return f"{own_name(live.address.name)} is {status}{reason}"
