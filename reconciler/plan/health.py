"""What does not work, whatever its members say: INVALID, disabled by somebody, or nothing left that it works with."""

from collections.abc import Iterable, Iterator, Mapping

from reconciler.kinds import KINDS
from reconciler.kinds.base import DISABLED, MEMBER, is_disabled
from reconciler.kinds.reasons import INVALID, invalid_reason_of
from reconciler.live.resolve import LiveIndex, references
from reconciler.model import Address, Change, Desired, Live, Unhealthy, own_name

BLOCKED = "BLOCKED"
ENABLES = "apply, which enables it; or declare state: DISABLED"
UNBLOCKS = "repair one of them, or declare another"
BY_SOMEBODY = "disabled, and this stack did not do it: it takes no new jobs"


def unhealthy(desired: Iterable[Desired], changes: Iterable[Change], world: LiveIndex) -> Iterator[Unhealthy]:
    """Yield what is wrong with the live resources of a stack; of each the first thing."""
    drifted = {change.address for change in changes if _is_disabled_by_somebody(change)}
    wanted = {one.live.arn: one for one in desired if one.live}
    for one in wanted.values():
        live = one.live
        if live is None:
            continue
        if live.status == INVALID:
            known = invalid_reason_of(live.reason)
            yield Unhealthy(one.address, INVALID, live.reason, known.cause, known.remedy, live.address.name)
        elif one.address in drifted:
            yield Unhealthy(one.address, DISABLED, BY_SOMEBODY, remedy=ENABLES, name=live.address.name)
        elif not is_disabled(live.spec) and (why := "; ".join(_blocked(one.address, live, wanted, world))):
            reason = f"nothing is left that takes its jobs: {why}"
            yield Unhealthy(one.address, BLOCKED, reason, remedy=UNBLOCKS, name=live.address.name)


def _is_disabled_by_somebody(change: Change) -> bool:
    return any(field.path == MEMBER and field.drift and field.before == DISABLED for field in change.fields)


def _blocked(address: Address, live: Live, wanted: Mapping[str, Desired], world: LiveIndex) -> Iterator[str]:
    """Yield the reasons if none of those works of which the resource needs one.

    Those that the stack itself disables are not asked for a reason: where there are no others, it is as declared.
    """
    for row in KINDS[address.kind].fields:
        if not row.needs_one:
            continue
        named = [world.arns[arn] for _, _, arn in references((row,), live.spec) if arn in world.arns]
        if named and not any(_works(one) for one in named):
            yield from (_reason(one) for one in named if not _is_meant(one, wanted))


def _works(live: Live) -> bool:
    return live.status not in (INVALID, "DELETING") and not is_disabled(live.spec)


def _is_meant(live: Live, wanted: Mapping[str, Desired]) -> bool:
    return live.arn in wanted and is_disabled(wanted[live.arn].spec)


def _reason(live: Live) -> str:
    what = DISABLED if is_disabled(live.spec) and live.status != INVALID else live.status
    reason = f" ({live.reason})" if what == INVALID and live.reason else ""
    return f"{own_name(live.address.name)} is {what}{reason}"
