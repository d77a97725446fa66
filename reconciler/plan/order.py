"""The order of changes: go after what you need; if you leave, go after whoever used you."""

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from graphlib import TopologicalSorter

from reconciler.kinds import KINDS
from reconciler.live.resolve import LiveIndex, references
from reconciler.model import Action, Address, Change, Desired, Live, Step, Until, Wait
from reconciler.plan.planner import still_used
from reconciler.problems import Problem, Severity


def with_edges(changes: tuple[Change, ...], desired: Iterable[Desired], world: LiveIndex) -> tuple[Change, ...]:
    """Go after what you need; if you leave, go after whoever used you. Who goes on using it forbids the leaving."""
    needs = {one.address: one.needs for one in desired}
    staying = {one.arn: one for one in desired if one.arn}
    coming = {change.address for change in changes if not change.action.leaves}
    leaving = {change.address for change in changes if change.action.leaves}
    users = users_of(world)
    by_arn = _by_arn(changes)
    out = []
    for change in changes:
        if change.action.leaves:
            after, blocking = _leaving(change, users.get(change.arn, ()), by_arn, staying)
            after = tuple(dict.fromkeys((*after, *_holding(change, changes))))
            heirs = tuple(one.live.arn for one in staying.values() if one.live and change.address in one.needs)
            steps = _with_queues(change, (*(user.arn for user in users.get(change.arn, ())), *heirs))
            out.append(replace(change, after=after, steps=steps, refusals=(*change.refusals, *blocking)))
            continue
        room = (change.address,) if change.action is Action.REPLACE and change.address in leaving else ()
        after = (*room, *(need for need in needs.get(change.address, ()) if need in coming))
        out.append(replace(change, after=after))
    return tuple(out)


def _holding(change: Change, changes: Iterable[Change]) -> Iterator[Address]:
    """Yield what leaves with jobs in it that may need this to the end."""
    if KINDS[change.address.kind].delete.after_jobs:
        yield from (one.address for one in changes if one.action.leaves and KINDS[one.address.kind].jobs)


def _with_queues(change: Change, queues: Iterable[str]) -> tuple[Step, ...]:
    """Tell the wait for idleness whose jobs may run there: of those that used it, and that use its successor."""
    known = tuple(dict.fromkeys(queues))
    return tuple(
        replace(step, queues=known) if isinstance(step, Wait) and step.until is Until.IDLE else step
        for step in change.steps
    )


def waits(changes: Sequence[Change]) -> Mapping[int, set[int]]:
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
        found: set[int] = set()
        for need in change.after:
            moved = {coming[need]} if need in coming else set()
            is_leaving = change.action.leaves or need == change.address
            found |= (leaving.get(need) or moved) if is_leaving else moved
        if change.action.leaves and change.address in coming:
            found |= set(_needed_by_successor(changes, coming, change.address))
        out[index] = found - {index}
    return out


def _needed_by_successor(changes: Sequence[Change], coming: Mapping[Address, int], address: Address) -> Iterator[int]:
    """Yield what comes before the one that is created in the room of its namesake.

    What has to wait for room itself is left out: that is made when all that uses it has left, this one too.
    """

    def waits_for_room(index: int) -> bool:
        one = changes[index]
        needed = (coming[need] for need in one.after if need in coming and need != one.address)
        return one.action is Action.REPLACE or any(map(waits_for_room, needed))

    successor = changes[coming[address]]
    if successor.action is Action.REPLACE:
        needed = (coming[need] for need in successor.after if need in coming and need != address)
        yield from (index for index in needed if not waits_for_room(index))


def _by_arn(changes: Iterable[Change]) -> Mapping[str, Change]:
    """Return the change of each live resource; of what leaves and comes again under one ARN, the leaving."""
    found: dict[str, Change] = {}
    for change in changes:
        if change.arn and not (change.arn in found and found[change.arn].action.leaves):
            found[change.arn] = change
    return found


def users_of(world: LiveIndex) -> Mapping[str, tuple[Live, ...]]:
    """Return, for each ARN, the live resources that refer to it."""
    users: dict[str, tuple[Live, ...]] = {}
    for live in world.named.values():
        for _, row, value in references(KINDS[live.address.kind].rows, live.spec):
            named = world.named.get(Address(row.refers_to, value))
            arn = named.arn if named else value
            users[arn] = (*users.get(arn, ()), live)
    return users


def _leaving(
    change: Change, users: Iterable[Live], by_arn: Mapping[str, Change], staying: Mapping[str, Desired]
) -> tuple[tuple[Address, ...], tuple[Problem, ...]]:
    after, blocking = [], []
    for user in users:
        desired, moved = staying.get(user.arn), by_arn.get(user.arn)
        if moved is None and user.status == "DELETING":  # it lets go by itself, and the deletion waits for that
            continue
        still = desired is not None and any(
            value == change.arn for _, _, value in references(KINDS[user.address.kind].rows, desired.spec)
        )
        if moved is not None and (moved.action.leaves or not still):
            after.append(moved.address)
        else:
            blocking.append(still_used(change, user))
    return tuple(after), tuple(blocking)


def in_order(changes: tuple[Change, ...]) -> tuple[Change, ...]:
    """Sort so that everything comes after what it waits for; ties by kind and name.

    One address may stand twice: an old resource leaves while its namesake comes.
    """
    kinds = list(KINDS)
    ranked = sorted(changes, key=lambda change: (kinds.index(change.address.kind), change.address.name))
    sorter: TopologicalSorter[int] = TopologicalSorter(waits(ranked))
    sorter.prepare()
    out: list[Change] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        out.extend(ranked[index] for index in ready)
        sorter.done(*ready)
    return tuple(out)


def targeted(changes: tuple[Change, ...], targets: tuple[str, ...]) -> tuple[Change, ...]:
    """Keep the changes that match, and what they wait for."""
    if not targets:
        return changes
    kept = {c.address for c in changes if any(fnmatchcase(str(c.address), target) for target in targets)}
    for change in reversed(changes):
        if change.address in kept:
            kept.update(change.after)
    return tuple(change for change in changes if change.address in kept)


def missed(targets: Iterable[str], addresses: Iterable[Address]) -> Iterator[Problem]:
    """Warn of targets that match nothing. Of several stacks, one may have what another lacks: it is no error."""
    known = list(dict.fromkeys(map(str, addresses)))
    for target in targets:
        if not any(fnmatchcase(name, target) for name in known):
            near = difflib.get_close_matches(target, known, n=1)
            hint = f"did you mean {near[0]}?" if near else "a target is KIND/NAME, such as JobQueue/*"
            message = f"--target {target} matches nothing in this stack"
            yield Problem("PLAN009", message, hint=hint, severity=Severity.WARNING)
