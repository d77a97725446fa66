"""Which services beside Batch a stack has to be asked for, and how that is remembered.

A stack without schedules and notices must not cost a call, nor need a right. But what it no longer declares has to be
found. So one resource of Batch, which is read anyway, keeps in its record that the stack has had some: once it does,
plans go on asking, and one call finds nothing.
"""

from collections.abc import Iterable
from dataclasses import replace

from reconciler.kinds import KINDS
from reconciler.kinds.base import BATCH, Kind
from reconciler.live.ownership import ASKS, AppliedRecord, is_ours, logical_name
from reconciler.model import Address, Live, Stack

# What keeps it, by preference: tags of definitions are those of a revision, and others stay longer.
KEEPERS = ("JobQueue", "SchedulingPolicy", "ComputeEnvironment")


def kinds_beside(stack: Stack, live: Iterable[Live]) -> tuple[Kind, ...]:
    """Return the kinds of other services that have to be read; `live` is what Batch has."""
    owned = [resource for resource in live if is_ours(resource, stack.name, stack.name_prefix)]
    services = _declared(stack) | {service for resource in owned for service in _asked(resource)}
    has_keeper = any(KINDS[address.kind].service == BATCH for address in stack.declared)
    if not has_keeper and stack.declared:
        services |= {kind.service for kind in KINDS.values() if kind.service != BATCH}
    return tuple(kind for kind in KINDS.values() if kind.service != BATCH and kind.service in services)


def with_record(stack: Stack, live: Iterable[Live]) -> Stack:
    """Return the stack in which one resource keeps which services it has had resources in."""
    owned = [resource for resource in live if is_ours(resource, stack.name, stack.name_prefix)]
    known = {
        Address(resource.address.kind, logical_name(resource)): asked
        for resource in owned
        if (asked := _asked(resource))
    }
    services = _declared(stack).union(*known.values())
    keepers = [address for address in stack.declared if KINDS[address.kind].service == BATCH]
    if not services or not keepers:
        return stack
    keeper = min(keepers, key=lambda address: (address not in known, _rank(address), address.name))
    declared = stack.declared[keeper]
    kept = replace(declared, lifecycle=replace(declared.lifecycle, asks=frozenset(services)))
    return replace(stack, declared={**stack.declared, keeper: kept})


def _declared(stack: Stack) -> set[str]:
    return {KINDS[address.kind].service for address in stack.declared} - {BATCH}


def _asked(resource: Live) -> frozenset[str]:
    flags = AppliedRecord.of(resource.claims).flags
    return frozenset(flag.removeprefix(ASKS) for flag in flags if flag.startswith(ASKS))


def _rank(address: Address) -> int:
    return KEEPERS.index(address.kind) if address.kind in KEEPERS else len(KEEPERS)
