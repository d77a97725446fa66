"""What was done to single resources on purpose: they are INVALID, or never finish their deletion."""

from collections.abc import Callable
from dataclasses import replace

from reconciler.sandbox import environments, lifecycle, queues
from reconciler.sandbox.breakage import Breakage
from reconciler.sandbox.records import Record
from reconciler.sandbox.world import AccountState, noun_of

HEALTHY = {environments.NOUN: environments.HEALTHY, queues.NOUN: queues.HEALTHY}
Where = Callable[[str], AccountState]  # the account and region that an ARN belongs to


def remaining(broken: Breakage, where: Where) -> Breakage:
    """Return what is still broken: an update makes a resource VALID again, and what was deleted is no more."""
    mended = {sick.arn for sick in broken.invalid if not _shows(_found(where, sick.arn), sick.reason)}
    return broken.without_harm(mended | {arn for arn in broken.stuck if _found(where, arn) is None})


def inflict(before: Breakage, after: Breakage, where: Where) -> None:
    """Make the resources what `after` says that they are; it is what is kept."""
    for sick in set(after.invalid) - set(before.invalid):
        _settle(where, sick.arn, "INVALID", sick.reason)
    for arn in {sick.arn for sick in before.invalid} - {sick.arn for sick in after.invalid}:
        _settle(where, arn, "VALID", HEALTHY.get(noun_of(arn), ""))
    for arn in set(before.stuck) ^ set(after.stuck):
        record = _found(where, arn)
        if record and record.status == "DELETING":
            where(arn).put(noun_of(arn), lifecycle.leaving(where(arn), record))


def _settle(where: Where, arn: str, status: str, reason: str) -> None:
    record = _found(where, arn)
    if record:
        settled = replace(record, status=status, reason=reason, then="", then_reason="", until=0.0)
        where(arn).put(noun_of(arn), settled)


def _found(where: Where, arn: str) -> Record | None:
    return where(arn).find(noun_of(arn), arn)


def _shows(record: Record | None, reason: str) -> bool:
    return record is not None and (record.status, record.reason) == ("INVALID", reason)
