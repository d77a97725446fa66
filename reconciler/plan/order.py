"""The order of changes: go after what you need; if you leave, go after whoever used you."""

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from graphlib import TopologicalSorter
from typing import Protocol, TypeVar

from reconciler.kinds import KINDS
from reconciler.live.resolve import LiveIndex, references, without_revision
from reconciler.model import Action, Address, Desired, Live
from reconciler.plan.decisions import Decision
from reconciler.plan.guards import still_used
from reconciler.problems import Problem, Severity


class Ordered(Protocol):
    """What has a place in the order: a decision among the others, or the change that was made of it."""

    @property
    def action(self) -> Action: ...

    @property
    def address(self) -> Address: ...

    @property
    def after(self) -> tuple[Address, ...]: ...


AnyOrdered = TypeVar("AnyOrdered", bound=Ordered)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedDecision:
    """A decision among the others: `after` are those that have to be done first."""

    decision: Decision
    after: tuple[Address, ...] = ()
    queues: tuple[str, ...] = ()  # the ARNs of those whose jobs may run on what leaves
    refusals: tuple[Problem, ...] = ()  # what the others have against it

    @property
    def action(self) -> Action:
        return self.decision.action

    @property
    def address(self) -> Address:
        return self.decision.address


def place(
    decisions: Sequence[Decision],
    desired: Sequence[Desired],
    index: LiveIndex,
    misfits: Mapping[Address, tuple[Problem, ...]],
) -> Iterator[PlacedDecision]:
    """Yield each decision with what it goes after. Who goes on using what is to leave forbids the leaving.

    `desired` has the bodies that are sent. `misfits` are refusals of what stays or comes.
    """
    needs = {resource.address: resource.needs for resource in desired}
    staying = {resource.arn: resource for resource in desired if resource.arn}
    coming = {decision.address for decision in decisions if _comes(decision)}
    leaving = {decision.address for decision in decisions if decision.action.leaves}
    users = users_of(index)
    by_arn = _by_arn(decisions)
    for decision in decisions:
        address = decision.address
        if decision.action is Action.PRUNE:
            yield PlacedDecision(decision=decision, after=(address,) if address in coming else ())
        elif decision.action.leaves:
            using = users.get(without_revision(decision.arn), ())
            after, blocking = _leaving(decision, using, by_arn, staying)
            successors = (
                resource.live.arn for resource in staying.values() if resource.live and address in resource.needs
            )
            yield PlacedDecision(
                decision=decision,
                after=tuple(dict.fromkeys((*after, *_job_holders(decision, decisions)))),
                queues=tuple(dict.fromkeys((*(user.arn for user in using), *successors))),
                refusals=blocking,
            )
        else:
            room = (address,) if decision.action is Action.REPLACE and address in leaving else ()
            after = (*room, *(need for need in needs.get(address, ()) if need in coming))
            yield PlacedDecision(decision=decision, after=after, refusals=misfits.get(address, ()))


def _comes(decision: Decision) -> bool:
    return not decision.action.leaves and decision.action is not Action.PRUNE


def _job_holders(decision: Decision, decisions: Iterable[Decision]) -> Iterator[Address]:
    """Yield what leaves with jobs in it that may need this to the end."""
    if KINDS[decision.address.kind].delete.after_jobs:
        leaving = (other for other in decisions if other.action.leaves)
        yield from (other.address for other in leaving if KINDS[other.address.kind].jobs)


def waits(changes: Sequence[Ordered]) -> Mapping[int, set[int]]:
    """Return, for each change, those that it waits for, by their positions.

    An address may stand twice, while one resource leaves and another comes. Who comes waits for those that come, and
    for its own predecessor; who leaves waits for users that leave, too, and otherwise for users that change. What makes
    room for its successor stays until that can be created: until what the successor needs is there. Nothing waits until
    a resource is pruned.
    """
    coming = {
        change.address: index
        for index, change in enumerate(changes)
        if not change.action.leaves and change.action is not Action.PRUNE
    }
    leaving: dict[Address, set[int]] = {}
    for index, change in enumerate(changes):
        if change.action.leaves:
            leaving.setdefault(change.address, set()).add(index)
    out: dict[int, set[int]] = {}
    for index, change in enumerate(changes):
        waited: set[int] = set()
        for need in change.after:
            before = {coming[need]} if need in coming else set()
            is_leaving = change.action.leaves or need == change.address
            waited |= (leaving.get(need) or before) if is_leaving else before
        if change.action.leaves and change.address in coming:
            waited |= set(_needed_by_successor(changes, coming, change.address))
        out[index] = waited - {index}
    return out


def _needed_by_successor(changes: Sequence[Ordered], coming: Mapping[Address, int], address: Address) -> Iterator[int]:
    """Yield what comes before the one that is created in the room of its namesake.

    What has to wait for room itself is left out: that is made when all that uses it has left, this one too.
    """

    def waits_for_room(index: int) -> bool:
        other = changes[index]
        needed = (coming[need] for need in other.after if need in coming and need != other.address)
        return other.action is Action.REPLACE or any(map(waits_for_room, needed))

    successor = changes[coming[address]]
    if successor.action is Action.REPLACE:
        needed = (coming[need] for need in successor.after if need in coming and need != address)
        yield from (index for index in needed if not waits_for_room(index))


def _by_arn(decisions: Iterable[Decision]) -> Mapping[str, Decision]:
    """Return what happens to each live resource; of what leaves and comes again under one ARN, the leaving."""
    by_arn: dict[str, Decision] = {}
    for decision in decisions:
        is_leaving = decision.arn in by_arn and by_arn[decision.arn].action.leaves
        if decision.arn and decision.action is not Action.PRUNE and not is_leaving:
            by_arn[decision.arn] = decision
    return by_arn


def users_of(index: LiveIndex) -> Mapping[str, tuple[Live, ...]]:
    """Return, for each ARN, the live resources that refer to it."""
    users: dict[str, tuple[Live, ...]] = {}
    for live in index.named.values():
        for _, row, value in references(KINDS[live.address.kind].rows, live.spec):
            named = index.named.get(Address(row.refers_to, value))
            arn = without_revision(named.arn if named else value)
            users[arn] = (*users.get(arn, ()), live)
    return users


def _leaving(
    decision: Decision, users: Iterable[Live], by_arn: Mapping[str, Decision], staying: Mapping[str, Desired]
) -> tuple[tuple[Address, ...], tuple[Problem, ...]]:
    after, blocking = [], []
    for user in users:
        desired, changed = staying.get(user.arn), by_arn.get(user.arn)
        if changed is None and user.status == "DELETING":  # it lets go by itself, and the deletion waits for that
            continue
        still = desired is not None and any(
            without_revision(value) == without_revision(decision.arn)
            for _, _, value in references(KINDS[user.address.kind].rows, desired.spec)
        )
        if changed is not None and (changed.action.leaves or not still):
            after.append(changed.address)
        else:
            blocking.append(still_used(decision.address, decision.name, decision.where, user))
    return tuple(after), tuple(blocking)


def in_order(changes: Iterable[AnyOrdered]) -> tuple[AnyOrdered, ...]:
    """Sort so that everything comes after what it waits for; ties by kind and name.

    One address may stand twice: an old resource leaves while its namesake comes.
    """
    kinds = list(KINDS)
    ranked = sorted(changes, key=lambda change: (kinds.index(change.address.kind), change.address.name))
    sorter: TopologicalSorter[int] = TopologicalSorter(waits(ranked))
    sorter.prepare()
    out: list[AnyOrdered] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        out.extend(ranked[index] for index in ready)
        sorter.done(*ready)
    return tuple(out)


def targeted(changes: tuple[AnyOrdered, ...], targets: tuple[str, ...]) -> tuple[AnyOrdered, ...]:
    """Keep the changes that match, and what they wait for."""
    if not targets:
        return changes
    chosen = {c.address for c in changes if any(fnmatchcase(str(c.address), target) for target in targets)}
    for change in reversed(changes):
        if change.address in chosen:
            chosen.update(change.after)
    return tuple(change for change in changes if change.address in chosen)


def unmatched_target_notes(targets: Iterable[str], addresses: Iterable[Address]) -> Iterator[Problem]:
    """Warn of targets that match nothing. Of several stacks, one may have what another lacks: it is no error."""
    known = list(dict.fromkeys(map(str, addresses)))
    for target in targets:
        if not any(fnmatchcase(name, target) for name in known):
            near = difflib.get_close_matches(target, known, n=1)
            hint = f"did you mean {near[0]}?" if near else "use KIND/NAME, for example JobQueue/*"
            message = f"--target {target} matches nothing in this stack"
            yield Problem("PLAN009", message, hint=hint, severity=Severity.WARNING)
