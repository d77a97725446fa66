"""Decide what to do, in which order, and why. Pure: no clock, no network."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from reconciler.kinds import KINDS
from reconciler.live.ownership import is_ours, logical_name, other_prefixes, owner_of
from reconciler.live.resolve import LiveIndex, references, resolve, world_of
from reconciler.model import Address, Change, Desired, Identity, Live, Plan, Stack
from reconciler.plan.health import unhealthy
from reconciler.plan.ignoring import passing_notes, unmatched_notes, without_misfits
from reconciler.plan.options import AS_DECLARED, Limit, PlanOptions
from reconciler.plan.order import in_order, missed, targeted, users_of, with_edges
from reconciler.plan.planner import Planner, Replacement, check_unread, marked, unread_notes, with_former_names
from reconciler.plan.pruning import pruning
from reconciler.plan.replacement import settled
from reconciler.problems import CloudError, InvalidStack, Problem, Severity

__all__ = ["AS_DECLARED", "Limit", "PlanOptions", "make_plan"]

ALL_READ: Mapping[str, CloudError] = MappingProxyType({})


def make_plan(
    stack: Stack,
    identity: Identity,
    live: Iterable[Live],
    wanted: PlanOptions = AS_DECLARED,
    unread: Mapping[str, CloudError] = ALL_READ,
    taken: Iterable[Live] = (),
) -> Plan:
    """Return the difference as a program. `unread` are the kinds of which nothing is known, with the reason.

    `taken` are deleted resources that AWS still shows: nothing else can have their names yet.

    Raises `InvalidStack` for references that lead nowhere, and `CloudError` if the stack needs an unread kind.
    """
    check_unread(stack, unread)
    names = {one.address: one for one in taken}
    world = world_of(live, stack)
    desired, problems = ((), ()) if wanted.destroy or wanted.forget else resolve(stack, identity, world)
    if problems:
        raise InvalidStack(problems)
    planner = _planner(stack, identity, world, desired, wanted, names)
    succession = settled(planner, desired, world, allowed=wanted.allow_replace)
    found = succession
    while found.heirs or found.standing:  # whoever uses what is replaced may have to be replaced with it
        world = succession.world(world)
        desired, _ = resolve(stack, identity, world)
        planner = _planner(stack, identity, world, desired, wanted, names)
        found = settled(planner, desired, world, allowed=wanted.allow_replace)
        succession = succession.and_then(found)
    users = users_of(world)
    changes = [change for one in desired if (change := _change(planner, one, succession.heirs.get(one.address)))]
    changes = without_misfits(stack, desired, planner.compared_to, changes)
    by_address = {change.address: change for change in changes}
    prunings = [change for one in desired if (change := pruning(stack, one, by_address.get(one.address)))]
    unwanted = _unwanted(world, desired)
    removals = [_removal(planner, one, desired, idle=not _goes_with_users(one, unwanted, users)) for one in unwanted]
    removals = [*with_former_names(removals, changes, desired, identity)]
    ordered = in_order((*with_edges((*changes, *removals), tuple(_as_sent(planner, desired)), world), *prunings))
    chosen = targeted(ordered, wanted.targets)
    known = tuple(
        dict.fromkeys(
            (*stack.declared, *_known(stack, world, names.values(), wanted), *(change.address for change in ordered))
        )
    )
    return Plan(
        stack=stack.name,
        identity=identity,
        changes=chosen,
        owned=len(world.owned),
        unchanged=len(desired) - len(changes),
        unhealthy=tuple(unhealthy(desired, changes, world)),
        notes=(
            *stack.warnings,
            *_notes(stack, world),
            *unmatched_notes(stack, desired, planner.compared_to),
            *passing_notes(desired, planner.ignored, chosen),
            *unread_notes(stack, unread),
            *marked(chosen),
            *missed(wanted.targets, known),
        ),
        ignored=planner.ignored,
        known=known,
    )


def _known(stack: Stack, world: LiveIndex, taken: Iterable[Live], wanted: PlanOptions) -> Iterator[Address]:
    """Yield what the stack owns, and what a run that was cut short may have deleted, or let go of."""
    let_go = (one for one in world.named.values() if owner_of(one.claims) is None) if wanted.forget else ()
    for one in (*world.owned, *taken, *let_go):
        name = logical_name(one)
        yield Address(
            one.address.kind,
            name if is_ours(one, stack.name, stack.name_prefix) else name.removeprefix(stack.name_prefix),
        )


def _planner(
    stack: Stack,
    identity: Identity,
    world: LiveIndex,
    desired: tuple[Desired, ...],
    wanted: PlanOptions,
    taken: Mapping[Address, Live],
) -> Planner:
    bodies = {arn: one.spec for arn, one in world.arns.items()} | {one.arn: one.spec for one in desired if one.arn}
    standing = {one.address: one.arn for one in desired if KINDS[one.address.kind].replacement}
    owned = ((one.arn, standing.get(Address(one.address.kind, logical_name(one)))) for one in world.owned)
    successors = {old: new for old, new in owned if new and new != old}
    return Planner(stack, identity, bodies, wanted, taken, successors)


def _as_sent(planner: Planner, desired: Iterable[Desired]) -> Iterator[Desired]:
    """Yield what is desired with the bodies that are sent: of an ignored reference, the live one is needed."""
    addresses = {one.arn: one.address for one in desired if one.arn}
    for one in desired:
        body = planner.sent.get(one.address, one.spec)
        if body is one.spec:
            yield one
            continue
        found = (addresses.get(arn) for _, _, arn in references(KINDS[one.address.kind].rows, body))
        needs = dict.fromkeys((*one.needs, *(address for address in found if address and address != one.address)))
        yield replace(one, spec=body, needs=tuple(needs))


def _change(planner: Planner, desired: Desired, heir: Replacement | None) -> Change | None:
    return planner.succession(desired, heir) if heir else planner.change(desired)


def _goes_with_users(live: Live, unwanted: Iterable[Live], users: Mapping[str, tuple[Live, ...]]) -> bool:
    """Whether all that used a resource leaves before it: then nothing can run on it any more."""
    leaving = {one.arn for one in unwanted}
    using = users.get(live.arn, ())
    return bool(using) and all(user.arn in leaving for user in using)


def _removal(planner: Planner, live: Live, desired: Iterable[Desired], *, idle: bool) -> Change:
    """A resource leaves because nobody declares it any more, or because another stands in its place."""
    address = Address(live.address.kind, logical_name(live))
    stands = next((one.name for one in desired if one.address == address), None)
    return planner.removal(live, idle=idle) if stands is None else planner.retirement(live, stands, idle=idle)


def _unwanted(world: LiveIndex, desired: Iterable[Desired]) -> list[Live]:
    kept = {one.live.arn for one in desired if one.live}
    return [live for live in world.owned if live.arn not in kept]


def _notes(stack: Stack, world: LiveIndex) -> Iterable[Problem]:
    for prefix, count in other_prefixes(world.named.values(), stack.name, stack.name_prefix).items():
        yield Problem(
            "PLAN006",
            f"left alone: {count} of stack {stack.name} under the name prefix {prefix!r}",
            severity=Severity.NOTE,
        )
