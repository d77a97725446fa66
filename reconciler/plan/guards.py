"""Refuse what must not run: elsewhere than the stack is for, without ownership, or without the user's consent.

A refusal is part of the plan, which is shown first, and names the way out. Whoever runs a plan reads its refusals: what
was refused is not judged again.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from reconciler.kinds import KINDS
from reconciler.kinds.base import ReplacementMethod
from reconciler.live.facts import describe_running
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
            message = f"stack {stack.name} is for {word} {expected}, but the credentials are for {actual}"
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
            message = f"the plan is for {word} {then}, but the credentials are for {now}"
            raise Denied(message, hint=f"use credentials for {word} {then}, or plan again")


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
        return "lifecycle.replace: refuse does not allow replacing it"
    if how and not is_ours:
        return f"adopt it first with the live {paths}; only resources that the stack owns can be replaced"
    match how:
        case ReplacementMethod.BLUE_GREEN:
            return (
                "to create a new one beside it, move the queues to it and delete the old one, use --allow-replace "
                "or add `lifecycle: {replace: blue-green}`"
            )
        case ReplacementMethod.DELETE_FIRST:
            return (
                f"to delete it and create it again, use --allow-replace; or declare it under a new name, "
                f"move references to {desired.address.name} to it, and remove the old one"
            )
        case None if cost is Cost.REPLACE:
            return (
                f"declare it under a new name, move references to {desired.address.name} to it, and remove the old "
                "one; apply then creates, moves and deletes in this order"
            )
        case _:
            return ""


def unowned(desired: Desired, live: Live) -> Problem:
    return Problem(
        "PLAN002",
        f"{desired.address}: {live.address.name} already exists, and no stack owns it",
        desired.places.find(()),
        "to adopt it, use --adopt or add `lifecycle: {adopt: true}`",
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
        return "rename it here, or release it first with `reconciler forget` in its stack"
    return (
        f"rename it here, or remove it from {stack} with DeletionPolicy: Retain; afterwards use "
        f"`reconciler adopt --released {stack}`"
    )


def protected(address: Address, name: str, where: Where | None) -> Problem:
    return Problem(
        "PLAN004",
        f"{address}: preventDestroy forbids deleting {name}",
        where,
        "declare it with `lifecycle: {preventDestroy: false}`, and apply that first",
    )


def still_used(address: Address, name: str, where: Where | None, user: Live) -> Problem:
    return Problem(
        "PLAN005",
        f"{address}: {name} cannot be deleted: {user.address} uses it",
        where,
        f"remove it from {user.address.name} first" + ("" if OWNER in user.claims else ", which no stack owns"),
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
    hint = f"correct `stack:` there if it is part of {stack.name}, or run `reconciler forget` to hand it over"
    return Problem("GRD007", message, where, hint)


def _left_out(stack: Stack, change: Change) -> Problem:
    """A file that lost the line with its section reads like one of another tool."""
    where = stack.mentioned[change.address.name]
    message = f"{change.address} would be deleted, but {change.address.name} is a key in a file that is not read"
    hint = (
        f"if that file declares it, correct the file (`plan -v` shows why it is not read); otherwise use "
        f"--allow-destroy={change.address}"
    )
    return Problem("GRD008", message, where, hint)


def _is_ours_to_do(change: Change) -> bool:
    """What is on its way out already is only waited for, and what is protected is refused by the plan."""
    return any(isinstance(step, Call) for step in change.steps)


def _emptied(stack: Stack, going: int) -> Problem:
    message = f"stack {stack.name} declares nothing, and {_resources(going)} would be deleted"
    return Problem("PLAN007", message, hint="to delete them, run `reconciler destroy`")


def _is_allowed(address: Address, options: PlanOptions) -> bool:
    return any(fnmatchcase(str(address), glob) for glob in options.allow_destroy)


def _interrupting(change: Change) -> Problem:
    message = f"{change.address}: deleting {change.name} {KINDS[change.address.kind].delete.loss}"
    hint = f"to allow it, use --allow-destroy={change.address}, or --allow-destroy for all deletions"
    return Problem("GRD001", message, change.where, hint)


def _ending_jobs(changes: Sequence[Change], limit: int | None) -> Iterator[Reason]:
    """Without a limit, time for jobs to end is consent to what becomes of them; to end them at once is no default.

    A limit that was given holds for all together: AWS ends what takes longer, too.
    """
    for change in changes:
        interrupts = change.interrupts
        if not interrupts or change.refusals or (limit is None and not interrupts.at_once):
            continue
        if interrupts.unknown:
            message = (
                f"{change.address}: the number of jobs that run on {change.name} is unknown ({interrupts.unknown})"
            )
            hint = "grant permission to list jobs, or do not replace its instances now"
            yield change, Problem("GRD003", message, change.where, hint)
        elif limit is None and interrupts.at_most:
            jobs = describe_running(interrupts.at_most)
            message = f"{change.address}: up to {jobs} would be terminated immediately with its instances"
            hint = f"to allow it, use --max-interrupted {interrupts.at_most}, or set updatePolicy to give them time"
            yield change, Problem("GRD003", message, change.where, hint)
    total = sum(change.interrupts.at_most for change in changes if change.interrupts and not change.refusals)
    if limit is not None and total > limit:
        jobs = describe_running(total)
        message = f"up to {jobs} would be terminated when instances are replaced, but --max-interrupted is {limit}"
        hint = f"to allow it, use --max-interrupted {total}, or wait until they end"
        yield None, Problem("GRD003", message, hint=hint)


def _too_many(
    going: Sequence[Change], unallowed: Sequence[Change], owned: int, limit: Limit | None
) -> Iterator[Reason]:
    """A limit that was given holds for all that goes; the default one for what has no consent."""
    if limit is not None:
        if limit.is_exceeded(len(going), owned):
            message = f"{len(going)} of {_resources(owned)} would be deleted, but --max-destroy is {limit}"
            yield None, Problem("GRD002", message, hint=f"to allow it, use --max-destroy {len(going)}")
    elif FEW.is_exceeded(len(unallowed), owned) and USUAL.is_exceeded(len(unallowed), owned):
        message = f"{len(unallowed)} of {_resources(owned)} would be deleted, more than {USUAL} of them"
        hint = f"to allow it, use --allow-destroy, or --max-destroy {len(going)}"
        yield None, Problem("GRD002", message, hint=hint)


def _resources(count: int) -> str:
    return f"{count} live resource{'' if count == 1 else 's'}"


def _more_than_tags(changes: Iterable[Change]) -> Iterator[Reason]:
    """Yield the changes that go beyond an adoption. What is refused anyway is left out."""
    for change in changes:
        if not change.is_record and not change.refusals:
            message = f"{change.address}: {change.name} {_would(change)}"
            hint = (
                "write the live values in the YAML, as `import --live` does, or use --and-change to change it as well"
            )
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
    "REF001": "a resource refers to one that exists neither in the stack nor in the account",
    "REF002": "two declarations match the same live resource",
    "PLAN001": "a field cannot be changed in place",
    "PLAN002": "a resource already exists, and no stack owns it",
    "PLAN003": "a resource has a different owner",
    "PLAN004": "a protected resource would be deleted",
    "PLAN005": "a resource that is to be deleted is still in use",
    "PLAN006": "the stack owns resources under a different name prefix, and does not change them",
    "PLAN007": "a stack declares nothing, and all of its resources would be deleted",
    "PLAN008": "a kind could not be read, and the stack declares none of it",
    "PLAN009": "--target matches no resource of the stack",
    "PLAN010": "a queue that would be deleted contains jobs",
    "PLAN011": "an adoption would change more than the ownership tags",
    "PLAN012": "a tag of an adopted resource shows that a different tool manages it",
    "PLAN013": "EC2 did not describe instance types, so that verdicts are by the table of the program",
    "IGN007": "a path that is ignored matches nothing, declared or live",
    "IGN008": "an ignored live value is not valid with the declared values",
    "IGN009": "ignored live values are lost if the run stops between deleting and creating their resource",
    "REV001": "a revision is not pruned: live jobs use it",
    "REV002": "no revision is pruned: the revisions that live jobs use are unknown",
    "REV003": "the number of live jobs that use a revision is unknown",
    "STA001": "the jobs in a queue are unknown",
    "GRD001": "a resource that jobs need would be deleted without consent",
    "GRD002": "more resources would be deleted than the limit allows",
    "GRD004": "jobs of a definition can start now, and never could after the change",
    "GRD007": "a resource that would be deleted is declared by a different stack in a subfolder",
    "GRD008": "a resource that would be deleted has the name of a key in a file that is not read",
    "GRD003": "running jobs would be terminated when instances are replaced",
    "STL001": "a change is not in the reviewed plan",
    "STL002": "a change of the reviewed plan is no longer needed",
    "STL003": "a change differs from the reviewed one",
}

# The refusals that a consent lifts; the others follow from the resources.
CONSENTS = frozenset({"PLAN007", "PLAN011", "GRD001", "GRD002", "GRD003", "GRD004", "GRD007", "GRD008"})
