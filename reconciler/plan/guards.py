"""Refuse what must not run: elsewhere than the stack is for, without ownership, or without the user's consent.

A refusal is part of the plan, which is shown first, and names the way out. Whoever runs a plan reads its refusals: what
was refused is not judged again.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from reconciler.kinds import KINDS
from reconciler.kinds.base import ReplacementMethod
from reconciler.live.jobs import describe_running
from reconciler.live.ownership import CLOUDFORMATION, OWNER
from reconciler.model import (
    Action,
    Address,
    Call,
    Change,
    Cost,
    Desired,
    FieldChange,
    Identity,
    Live,
    Plan,
    Stack,
    dotted,
)
from reconciler.plan.options import Limit, PlanOptions
from reconciler.problems import Denied, Problem, Refused, Where
from reconciler.syntax.diagnostics import listed

# Where a stack may be looked at, and a plan may run.


def check_place(stack: Stack, account: str, region: str) -> None:
    """Refuse to look at, let alone touch, an account or region other than the stack names. Raises `Denied`."""
    for word, expected, actual in (("account", stack.account, account), ("region", stack.region, region)):
        if expected and expected != actual:
            message = f"stack {stack.name} is for {word} {expected}, but these credentials lead to {actual}"
            raise Denied(message, hint=f"use credentials for {word} {expected}, or correct `{word}:` in the stack")


def check_read_here(stack: Stack) -> None:
    """Stop at a stack that was read without its place: what is made of it would have the stand-ins for it, too.

    Every use case of a stack and a cloud comes by here before it makes a request. Raises `AssertionError`.
    """
    if stack.stand_ins:
        raise AssertionError(f"stack {stack.name} has stand-ins for {', '.join(sorted(stack.stand_ins))}")


def check_same_place(planned: Identity, here: Identity) -> None:
    """Refuse to run a plan elsewhere than where it was made. Raises `Denied`."""
    for word, then, now in (("account", planned.account, here.account), ("region", planned.region, here.region)):
        if then != now:
            message = f"the plan is for {word} {then}, but these credentials lead to {now}"
            raise Denied(message, hint=f"use credentials for {word} {then}, or plan again here")


def check_refusals(plan: Plan) -> None:
    """Raise `Refused` with everything that refuses a plan."""
    if plan.refusals:
        raise Refused(f"{plan.refused_count} refused; nothing was changed", problems=plan.refusals)


# Why a change is shown but not run: the rule, and the way out.


def not_in_place(desired: Desired, changes: Iterable[FieldChange], *, is_ours: bool) -> Iterator[Problem]:
    """Yield a problem for each reason, with the fields that share it.

    `is_ours`: the stack owns what is live. What it only takes over is never replaced, whatever the consents.
    """
    alike: dict[tuple[str, Cost], list[FieldChange]] = {}
    for change in changes:
        alike.setdefault((change.why, change.cost), []).append(change)
    for (why, cost), fields in alike.items():
        paths = listed((dotted(field.path) for field in fields), "and")
        message = f"{desired.address}: {paths} cannot be changed in place{f': {why}' if why else ''}"
        yield Problem("PLAN001", message, fields[0].where, _way_out(desired, paths, cost, is_ours=is_ours))


def _way_out(desired: Desired, paths: str, cost: Cost, *, is_ours: bool) -> str:
    how, refuses = KINDS[desired.address.kind].replacement, desired.lifecycle.replace == "refuse"
    if how and refuses:
        return "lifecycle.replace: refuse forbids to replace it"
    if how and not is_ours:
        return f"adopt it first with the {paths} that is live; what a stack owns can be replaced"
    match how:
        case ReplacementMethod.BLUE_GREEN:
            return (
                "to build a new one beside it, move the queues over and retire the old one, run with --allow-replace "
                "or write `lifecycle: {replace: blue-green}` beside it"
            )
        case ReplacementMethod.DELETE_FIRST:
            return (
                f"to delete it and create it again, run with --allow-replace; or declare it anew under another name, "
                f"move what uses {desired.address.name} there, and drop the old one"
            )
        case None if cost is Cost.REPLACE:
            return (
                f"declare it anew under another name, move what uses {desired.address.name} there, and drop the old "
                "one; one apply then creates, moves and deletes in that order"
            )
        case _:
            return ""


def unowned(desired: Desired, live: Live) -> Problem:
    return Problem(
        "PLAN002",
        f"{desired.address}: {live.address.name} exists already and no stack owns it",
        desired.places.find(()),
        "to take it over, or back from who took its tags off, run with --adopt or write `lifecycle: {adopt: true}`",
    )


def foreign(desired: Desired, live: Live, owner: str) -> Problem:
    return Problem(
        "PLAN003",
        f"{desired.address}: {live.address.name} belongs to {owner}",
        desired.places.find(()),
        _let_go(live),
    )


def _let_go(live: Live) -> str:
    stack = live.claims.get(CLOUDFORMATION)
    if OWNER in live.claims or stack is None:
        return "give it another name here, or have its owner let go of it first: `reconciler forget`"
    return (
        f"give it another name here, or have {stack} retain it and drop it (DeletionPolicy: Retain); if that is done, "
        f"`reconciler adopt --released {stack}`"
    )


def protected(address: Address, name: str, where: Where | None) -> Problem:
    return Problem(
        "PLAN004",
        f"{address}: preventDestroy forbids deleting {name}",
        where,
        "declare it as it is, with `lifecycle: {preventDestroy: false}`, and apply that first",
    )


def still_used(address: Address, name: str, where: Where | None, user: Live) -> Problem:
    return Problem(
        "PLAN005",
        f"{address}: {name} cannot be deleted, {user.address} uses it",
        where,
        f"take it out of {user.address.name} first" + ("" if OWNER in user.claims else ", which no stack owns"),
    )


# What needs a consent that was not given.

# Without a word from the user, more than both of them is taken for an accident: a file that is missing, say.
FEW = Limit(3)
USUAL = Limit(30, is_percentage=True)

Reason = tuple[Change | None, Problem]  # what is refused, None for the whole plan; and why


def missing_consents(
    stack: Stack, changes: Sequence[Change], owned: int, options: PlanOptions
) -> Iterator[tuple[Change | None, Problem]]:
    """Yield what refuses the plan until the user allows it: a change, None for the whole plan, and why.

    `owned` is how many live resources the stack has. Whoever destroys a stack has said that everything is to go.
    """
    if options.tags_alone:
        yield from _more_than_tags(changes)
    yield from _ending_jobs(changes, options.max_interrupted)
    going = [change for change in changes if change.action is Action.DELETE and _is_ours_to_do(change)]
    if options.destroy or not going:
        return
    yield from ((change, _declared_below(stack, change)) for change in going if change.address in stack.elsewhere)
    if not stack.declared:
        yield None, _emptied(stack, len(going))
        return
    unallowed = [change for change in going if not _is_allowed(change.address, options)]
    yield from ((change, _left_out(stack, change)) for change in unallowed if change.address.name in stack.mentioned)
    yield from ((change, _interrupting(change)) for change in unallowed if KINDS[change.address.kind].delete.loss)
    yield from _too_many(going, unallowed, owned, options.max_destroy)


def _declared_below(stack: Stack, change: Change) -> Problem:
    """A wrong `stack:` in a subfolder makes it a different stack, and then this one no longer declares what it has."""
    where = stack.elsewhere[change.address]
    message = f"{change.address} would be deleted, but a different stack in a subfolder declares it"
    hint = f"correct `stack:` in there if it is part of {stack.name}; or run `reconciler forget` to hand it over"
    return Problem("GRD007", message, where, hint)


def _left_out(stack: Stack, change: Change) -> Problem:
    """A file that lost the line with its section reads like one of another tool."""
    where = stack.mentioned[change.address.name]
    message = f"{change.address} would be deleted, but {change.address.name} is a key of a file that is not read"
    hint = (
        f"if that file declares it, correct the file (`plan -v` says why it is left out); otherwise give "
        f"--allow-destroy={change.address}"
    )
    return Problem("GRD008", message, where, hint)


def _is_ours_to_do(change: Change) -> bool:
    """What is on its way out already is only waited for, and what is protected is refused by the plan."""
    return any(isinstance(step, Call) for step in change.steps)


def _emptied(stack: Stack, going: int) -> Problem:
    message = f"stack {stack.name} declares nothing, and {_resources(going)} would be deleted"
    return Problem("PLAN007", message, hint="if that is what you want, run `reconciler destroy`")


def _is_allowed(address: Address, options: PlanOptions) -> bool:
    return any(fnmatchcase(str(address), glob) for glob in options.allow_destroy)


def _interrupting(change: Change) -> Problem:
    message = f"{change.address}: deleting {change.name} {KINDS[change.address.kind].delete.loss}"
    hint = f"to allow it, give --allow-destroy={change.address}, or --allow-destroy for all that goes"
    return Problem("GRD001", message, change.where, hint)


def _ending_jobs(changes: Sequence[Change], limit: int | None) -> Iterator[Reason]:
    """Without a limit, whoever gives jobs time to end has said what becomes of them; to end them at once is no default.

    A limit that was given holds for all together: AWS ends what takes longer, too.
    """
    for change in changes:
        interrupts = change.interrupts
        if not interrupts or change.refusals or (limit is None and not interrupts.at_once):
            continue
        if interrupts.unknown:
            message = f"{change.address}: how many jobs run on {change.name} is not known ({interrupts.unknown})"
            hint = "allow to list jobs; or let nothing replace its instances now"
            yield change, Problem("GRD003", message, change.where, hint)
        elif limit is None and interrupts.at_most:
            jobs = describe_running(interrupts.at_most)
            message = f"{change.address}: at most {jobs} would be ended at once with its instances"
            hint = f"to allow it, give --max-interrupted {interrupts.at_most}; or let updatePolicy give them time"
            yield change, Problem("GRD003", message, change.where, hint)
    total = sum(change.interrupts.at_most for change in changes if change.interrupts and not change.refusals)
    if limit is not None and total > limit:
        jobs = describe_running(total)
        message = f"at most {jobs} may be ended when instances are replaced, and --max-interrupted is {limit}"
        hint = f"to allow it, give --max-interrupted {total}; or wait until they have ended"
        yield None, Problem("GRD003", message, hint=hint)


def _too_many(
    going: Sequence[Change], unallowed: Sequence[Change], owned: int, limit: Limit | None
) -> Iterator[Reason]:
    """A limit that was given holds for all that goes; the usual one for what nobody has allowed."""
    if limit is not None:
        if limit.is_exceeded(len(going), owned):
            message = f"{len(going)} of {_resources(owned)} would be deleted, and --max-destroy is {limit}"
            yield None, Problem("GRD002", message, hint=f"to allow it, give --max-destroy {len(going)}")
    elif FEW.is_exceeded(len(unallowed), owned) and USUAL.is_exceeded(len(unallowed), owned):
        message = f"{len(unallowed)} of {_resources(owned)} would be deleted, more than {USUAL} of them"
        hint = f"to allow it, give --allow-destroy, or --max-destroy {len(going)}"
        yield None, Problem("GRD002", message, hint=hint)


def _resources(count: int) -> str:
    return f"{count} live resource{'' if count == 1 else 's'}"


def _more_than_tags(changes: Iterable[Change]) -> Iterator[Reason]:
    """Yield what keeps an adoption from being no more than that. What is refused has been told."""
    for change in changes:
        if not change.is_record and not change.refusals:
            message = f"{change.address}: {change.name} {_would(change)}"
            hint = "write in the YAML what is live, as `import --live` does; or give --and-change to change it as well"
            yield change, Problem("PLAN011", message, change.where, hint)


def _would(change: Change) -> str:
    match change.action:
        case Action.CREATE:
            return "does not exist, and would be created"
        case Action.DELETE | Action.RETIRE:
            return "would be deleted"
        case Action.PRUNE:
            return "would lose revisions"
        case _:
            paths = [dotted(field.path) for field in change.fields if not field.noted and not field.is_of_own_tags]
            return f"would be changed: {', '.join(paths) or change.action.value}"


# Every problem that a plan can have. Codes are stable; messages are not.

CODES: Mapping[str, str] = {
    "REF001": "a resource refers to one that neither the stack nor the account has",
    "REF002": "two declarations mean the same live resource",
    "PLAN001": "a member cannot be changed in place",
    "PLAN002": "a resource exists already, and no stack owns it",
    "PLAN003": "a resource belongs to somebody else",
    "PLAN004": "a protected resource would be deleted",
    "PLAN005": "a resource that is to be deleted is still in use",
    "PLAN006": "the stack owns resources under another name prefix, and leaves them alone",
    "PLAN007": "a stack that declares nothing would lose all that it has",
    "PLAN008": "a kind could not be read, and the stack declares none of it",
    "PLAN009": "a target matches none of the stack's resources",
    "PLAN010": "jobs are in what is to be deleted",
    "PLAN011": "an adoption would change more than our tags",
    "PLAN012": "a resource that is adopted says that another tool manages it",
    "IGN007": "a path that is ignored matches nothing, declared or live",
    "IGN008": "a live value that is ignored does not fit what is declared",
    "IGN009": "nothing on AWS holds a live value that is ignored while its resource is deleted and created again",
    "REV001": "a revision that is to be pruned stays: live jobs use it",
    "REV002": "no revision is pruned: which ones live jobs use is not known",
    "REV003": "how many live jobs use a revision is not known",
    "STA001": "which jobs are in a queue is not known",
    "GRD001": "what jobs need would be deleted, and nobody has allowed it",
    "GRD002": "more would be deleted than is normal, or than was allowed",
    "GRD007": "what would be deleted is declared in a subfolder, by a different stack",
    "GRD008": "what would be deleted has the name of a key in a file that is left out of the stack",
    "GRD003": "running jobs would be ended with the instances that are replaced",
    "STL001": "a change is not in the plan that was reviewed",
    "STL002": "a change of the plan that was reviewed is gone",
    "STL003": "a change is not the one that was reviewed",
}

# The refusals that a consent lifts; the others follow from the resources.
CONSENTS = frozenset({"PLAN007", "PLAN011", "GRD001", "GRD002", "GRD003", "GRD007", "GRD008"})
