"""`lifecycle.retainRevisions`: of a stack's own revisions the newest few stay active, and those that are in use."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby

from reconciler.kinds import KINDS
from reconciler.kinds.base import Kind, RevisionUsers
from reconciler.live.ownership import is_ours, owns
from reconciler.model import Action, Call, Change, Desired, Live, Plan, Stack, Step, own_name
from reconciler.plan.requests import prune_steps
from reconciler.problems import CloudError, Fault, Problem, Severity
from reconciler.syntax.diagnostics import listed

Uses = Mapping[str, int] | CloudError  # how many use each revision, by `name:number`; or why nobody knows
UNTOLD = ""  # under which users are counted that do not tell what they use


def pruning(stack: Stack, desired: Desired, change: Change | None) -> Change | None:
    """Return the change that deregisters what is too much once `change`, of the same resource, is done."""
    kind, live, retained = KINDS[desired.address.kind], desired.live, desired.lifecycle.retain_revisions
    if not kind.revisions or retained is None or live is None or not is_ours(live, stack.name, stack.name_prefix):
        return None
    superseded = change is not None and change.action is Action.REVISION
    with_unowned = desired.lifecycle.unowned_revisions == "prune"
    going = _surplus(stack, live, retained, superseded=superseded, with_unowned=with_unowned)
    if not going:
        return None
    over = f"retainRevisions is {retained}{', also for revisions without an owner' if with_unowned else ''}"
    return Change(
        action=Action.PRUNE,
        address=desired.address,
        name=live.address.name,
        arn=live.arn,
        steps=prune_steps(kind, live, going),
        reasons=(deregisters(going, live), over),
        after=(desired.address,) if change else (),
        where=desired.places.find(()),
    )


def pruned_kinds(plan: Plan) -> Iterator[tuple[Kind, RevisionUsers]]:
    """Yield the kinds of which the plan prunes revisions, and how to tell what uses those."""
    for name in sorted({change.address.kind for change in plan.changes if change.action is Action.PRUNE}):
        revisions = KINDS[name].revisions
        if revisions and revisions.users:
            yield KINDS[name], revisions.users


def spared(plan: Plan, kind: Kind, using: RevisionUsers, uses: Uses, live: Iterable[Live]) -> Plan:
    """Return the plan without pruning what is in use; where that is not known, without pruning this kind at all."""
    doubt = tuple(_doubt(kind, using, uses))
    by_arn = {one.arn: one for one in live if one.address.kind == kind.name}
    changes, notes = list[Change](), list[Problem](doubt)
    for change in plan.changes:
        if change.action is not Action.PRUNE or change.address.kind != kind.name:
            changes.append(change)
        elif isinstance(uses, Mapping) and not doubt:
            held = {revision: uses[revision] for revision in _pruned(kind, change) if uses.get(revision)}
            changes += _without(kind, change, held, by_arn[change.arn])
            notes += _held(change, using, held)
    return replace(plan, changes=tuple(changes), notes=(*plan.notes, *notes))


def without_others(stack: Stack, live: Live) -> Live:
    """Return what is live without the revisions that another owner's tags are on."""
    others = {number for number, tags in live.owned.items() if not _is_own(stack, live, tags)}
    return replace(live, revisions=tuple(number for number in live.revisions if number not in others))


def unknown(using: RevisionUsers, uses: Uses) -> tuple[str, str]:
    """Return why nobody knows what is in use, and the way out; nothing if it is known."""
    if isinstance(uses, CloudError):
        return str(uses), f"allow batch:{using.operation}" if uses.fault is Fault.DENIED else ""
    if uses.get(UNTOLD):
        return f"{using.operation} does not tell the {using.member} of {_users(uses[UNTOLD], using)}", ""
    return "", ""


def deregisters(numbers: Iterable[int], live: Live) -> str:
    """Say which revisions go, and whose they are: callers outside this stack may use those without an owner."""
    going = sorted(numbers)
    unowned = sorted(set(going) & set(live.unowned))
    if not unowned:
        return f"deregisters {revisions(going)}"
    first = min(live.owned, default=0)
    groups = {
        "registered before the adoption": [number for number in unowned if number < first],
        "registered outside this stack": [number for number in unowned if number > first],
    }
    whose = ", ".join(f"{_numbered(numbers)} {how}" for how, numbers in groups.items() if numbers)
    have = "has" if len(unowned) == 1 else "have"
    return f"deregisters {revisions(going)}, of which {len(unowned)} {have} no owner: {whose}"


def revisions(numbers: Iterable[int]) -> str:
    """Name revisions as people do: `revision 3`, `revisions 1 to 4, 6 and 8`."""
    ordered = sorted(numbers)
    return f"revision{'s' if len(ordered) > 1 else ''} {_numbered(ordered)}"


def _numbered(ordered: Iterable[int]) -> str:
    words = list[str]()
    for _, group in groupby(enumerate(ordered), lambda one: one[1] - one[0]):
        run = [str(number) for _, number in group]
        words += [f"{run[0]} to {run[-1]}"] if len(run) > 2 else run  # noqa: PLR2004 - two are told one by one
    return listed(words, "and")


def _surplus(stack: Stack, live: Live, retained: int, *, superseded: bool, with_unowned: bool) -> Sequence[int]:
    """Return what is beyond the newest `retained` of ours. The newest of all is ours by then, whoever registered it.

    `with_unowned`: revisions without an owner, as from before an adoption, count and go like ours.
    """
    newest = max(live.revisions)
    ours = {number for number, tags in live.owned.items() if _is_own(stack, live, tags)}
    own = ours | set(live.unowned) if with_unowned else ours
    older = sorted(number for number in own if superseded or number != newest)
    return older[: max(0, len(older) + 1 - retained)]


def _is_own(stack: Stack, live: Live, tags: Mapping[str, str]) -> bool:
    return owns(tags, live.address.name, stack.name, stack.name_prefix)


def _pruned(kind: Kind, change: Change) -> Iterator[str]:
    """Yield what the change deregisters, as `name:number`."""
    yield from (_revision(kind, step) for step in change.steps if isinstance(step, Call))


def _revision(kind: Kind, step: Step) -> str:
    return own_name(step.request[kind.delete.id_member]) if isinstance(step, Call) else ""


def _numbers(named: Iterable[str]) -> list[int]:
    return [int(name.rpartition(":")[2]) for name in named]


def _without(kind: Kind, change: Change, held: Mapping[str, int], live: Live) -> Iterator[Change]:
    """Yield the change without what is held, if anything is left of it."""
    left = replace(change, steps=tuple(step for step in change.steps if _revision(kind, step) not in held))
    going = _numbers(_pruned(kind, left))
    if going:
        yield replace(left, reasons=(deregisters(going, live), *change.reasons[1:]))


def _held(change: Change, using: RevisionUsers, held: Mapping[str, int]) -> Iterator[Problem]:
    if held:
        verb = "is" if len(held) == 1 else "are"
        by = _users(sum(held.values()), using)
        message = f"{change.address}: {revisions(_numbers(held))} {verb} not pruned: in use by {by}"
        hint = "a later plan prunes what is no longer in use"
        yield Problem("REV001", message, change.where, hint, Severity.NOTE)


def _doubt(kind: Kind, using: RevisionUsers, uses: Uses) -> Iterator[Problem]:
    why, hint = unknown(using, uses)
    if why:
        message = f"no {kind.noun} is pruned: which revisions {using.noun}s use is not known ({why})"
        yield Problem("REV002", message, hint=hint, severity=Severity.WARNING)


def _users(count: int, using: RevisionUsers) -> str:
    return f"{count} {using.noun}{'' if count == 1 else 's'}"
