"""Register what an older revision says once more: the way back, as a plan."""

from dataclasses import dataclass, replace

from reconciler.model import Action, Change, Desired, FieldChange, Live, Plan, Stack
from reconciler.ownership import ORPHAN, PROTECT, ROLLBACK, AppliedRecord, owner_of, owns, users_tags
from reconciler.plan.history import History, as_plan, differences
from reconciler.plan.pruning import revisions
from reconciler.ports import Takes, takes_nothing
from reconciler.problems import Refused, WrongUsage
from reconciler.sendable import as_request
from reconciler.steps import all_tags, revision_steps


@dataclass(frozen=True, slots=True)
class Rollback:
    """The plan of a rollback, and the revision that it leads back to."""

    history: History
    to: int
    plan: Plan  # empty if the newest revision says the same


def rollback_of(stack: Stack, history: History, to: int | None, takes: Takes = takes_nothing) -> Rollback:
    """Plan to register revision `to` again: by default the last one that says something else.

    By default nothing is to do where a rollback made the newest revision: its command, run again after it was cut
    short, finishes its work and does not go back once more.

    `takes` tells what requests can have beside what our tables know.

    Raises `Refused` for what is not the stack's, and where there is no way back, and `WrongUsage` for a revision that
    AWS does not have.
    """
    _check_owner(stack, history)
    made = history.current is not None and AppliedRecord.of(history.newest.tags).rolled_back_to
    if made and to is None:
        return Rollback(history, int(made), as_plan(history, ()))
    number = _last_other(stack, history) if to is None else to
    source = history.revisions.get(number)
    if source is None:
        hint = f"there {'is' if len(history.revisions) == 1 else 'are'} {revisions(history.revisions)}"
        raise WrongUsage(
            f"{history.name} has no revision {number}", hint=f"{hint}; AWS keeps inactive ones for 180 days"
        )
    if not _is_free(stack, history, source):
        raise Refused(f"{history.address}: revision {number} belongs to {owner_of(source.tags)}", hint="choose another")
    fields = differences(history, history.newest, source)
    is_so = history.current is not None and not fields
    changes = () if is_so else (_change(stack, history, number, fields, takes),)
    return Rollback(history, number, as_plan(history, changes))


def _change(stack: Stack, history: History, number: int, fields: tuple[FieldChange, ...], takes: Takes) -> Change:
    """The tags are those of the old revision, but for ours: they name the owner, and the rollback in place of a digest.

    The digest of the YAML would claim that the YAML was applied. That of the old declaration may be the same one: what
    `ignoreChanges` left alone is in the body, not in the digest. The next plan would call the difference drift.
    """
    kind, source = history.kind, history.revisions[number]
    live = replace(history.newest, revisions=tuple(sorted(history.revisions)))
    applied = AppliedRecord(f"{ROLLBACK}{number}", AppliedRecord.of(history.claims).flags & {ORPHAN, PROTECT})
    wanted = Desired(
        address=history.address,
        name=history.name,
        arn="",
        spec=as_request(kind, source.spec, takes),
        tags=users_tags(source.tags),
        live=live,
    )
    tags = all_tags(stack.name, stack.name_prefix, wanted, applied)
    return Change(
        action=Action.REVISION,
        address=history.address,
        name=history.name,
        arn=history.newest.arn,
        fields=fields,
        steps=revision_steps(kind, wanted, live, tags, applied),
        reasons=(f"registers revision {number} again",),
    )


def _check_owner(stack: Stack, history: History) -> None:
    claims = history.claims
    if owns(claims, history.name, stack.name, stack.name_prefix):
        return
    owner = owner_of(claims)
    if owner is None:
        message = f"{history.address}: no stack owns {history.name}"
        raise Refused(message, hint="take it over first: `reconciler apply --adopt`")
    whose = f"{owner}, under another name prefix" if owner == f"stack {stack.name}" else owner
    raise Refused(f"{history.address}: {history.name} belongs to {whose}", hint="roll it back where it is declared")


def _last_other(stack: Stack, history: History) -> int:
    newest, current = history.newest, history.current
    if current is None:
        return next(iter(history.revisions))
    for number, live in history.revisions.items():
        if number < current and _is_free(stack, history, live) and differences(history, newest, live):
            return number
    raise Refused(
        f"{history.address}: no revision before {current} says anything else",
        hint="choose one with --to, if there is any",
    )


def _is_free(stack: Stack, history: History, live: Live) -> bool:
    """Whether a revision may be copied: it is this stack's, or nobody's."""
    return owner_of(live.tags) is None or owns(live.tags, history.name, stack.name, stack.name_prefix)
