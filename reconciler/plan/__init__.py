"""Decide what to do, in which order, and why. Pure: no clock, no network."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from reconciler.model import Address, Desired, Identity, Live, Plan, Stack
from reconciler.ownership import other_prefixes
from reconciler.plan.change import Planner
from reconciler.plan.health import unhealthy
from reconciler.plan.order import in_order, missed, targeted, with_edges
from reconciler.plan.unread import check_unread, unread_notes
from reconciler.ports import Takes, takes_everything
from reconciler.problems import CloudError, InvalidStack, Problem, Severity
from reconciler.resolve import World, resolve, world_of


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a plan takes into account beside the stack and what is live."""

    adopt: bool = False  # consent to take resources that nobody owns
    destroy: bool = False  # remove everything that the stack owns
    targets: tuple[str, ...] = ()  # globs over addresses; empty means all
    made: frozenset[Address] = frozenset()  # created a moment ago: what nobody declared comes from the service
    takes: Takes = takes_everything  # what requests can have, as far as the installed SDK knows


ALL_READ: Mapping[str, CloudError] = MappingProxyType({})


def make_plan(
    stack: Stack,
    identity: Identity,
    live: Iterable[Live],
    wanted: Wanted = Wanted(),
    unread: Mapping[str, CloudError] = ALL_READ,
) -> Plan:
    """Return the difference as a program. `unread` are the kinds of which nothing is known, with the reason.

    Raises `InvalidStack` for references that lead nowhere, and `CloudError` if the stack needs an unread kind.
    """
    check_unread(stack, unread)
    world = world_of(live, stack)
    desired, problems = ((), ()) if wanted.destroy else resolve(stack, identity, world)
    if problems:
        raise InvalidStack(problems)
    bodies = {arn: one.spec for arn, one in world.arns.items()} | {one.arn: one.spec for one in desired if one.arn}
    planner = Planner(stack, identity, bodies, wanted.adopt, wanted.destroy, wanted.made, wanted.takes)
    changes = [change for one in desired if (change := planner.change(one))]
    removals = [planner.removal(one) for one in _unwanted(world, desired)]
    ordered = in_order(with_edges((*changes, *removals), desired, world))
    chosen = targeted(ordered, wanted.targets)
    return Plan(
        stack=stack.name,
        identity=identity,
        changes=chosen,
        unchanged=len(desired) - len(changes),
        unhealthy=tuple(unhealthy(desired, changes, world)),
        notes=(
            *stack.warnings,
            *_notes(stack, world),
            *unread_notes(stack, unread),
            *missed(wanted.targets, (*stack.declared, *(change.address for change in ordered))),
        ),
        ignored=planner.ignored,
    )


def _unwanted(world: World, desired: Iterable[Desired]) -> list[Live]:
    kept = {one.live.arn for one in desired if one.live}
    return [live for live in world.ours.values() if live.arn not in kept]


def _notes(stack: Stack, world: World) -> Iterable[Problem]:
    for prefix, count in other_prefixes(world.named.values(), stack.name, stack.name_prefix).items():
        yield Problem(
            "PLAN006",
            f"left alone: {count} of stack {stack.name} under the name prefix {prefix!r}",
            severity=Severity.NOTE,
        )
