"""Why a change is shown but not run: the rule, and the way out."""

from collections.abc import Iterable, Iterator

from reconciler.kinds import KINDS
from reconciler.kinds.base import Succession
from reconciler.load.findings import listed
from reconciler.model import OWN_TAGS, Action, Address, Change, Cost, Desired, FieldChange, Live
from reconciler.ownership import CLOUDFORMATION, OWNER
from reconciler.problems import Problem


def not_in_place(desired: Desired, changes: Iterable[FieldChange], *, is_ours: bool) -> Iterator[Problem]:
    """Yield a problem for each reason, with the fields that share it.

    `is_ours`: the stack owns what is live. What it only takes over is never replaced, whatever the consents.
    """
    alike: dict[tuple[str, Cost], list[FieldChange]] = {}
    for change in changes:
        alike.setdefault((change.why, change.cost), []).append(change)
    for (why, cost), fields in alike.items():
        paths = listed((field.path for field in fields), "and")
        message = f"{desired.address}: {paths} cannot be changed in place{f': {why}' if why else ''}"
        yield Problem("PLAN001", message, fields[0].where, _way_out(desired, paths, cost, is_ours=is_ours))


def _way_out(desired: Desired, paths: str, cost: Cost, *, is_ours: bool) -> str:
    how, refuses = KINDS[desired.address.kind].succession, desired.lifecycle.replace == "refuse"
    if how and refuses:
        return "lifecycle.replace: refuse forbids to replace it"
    if how and not is_ours:
        return f"adopt it first with the {paths} that is live; what a stack owns can be replaced"
    match how:
        case Succession.BLUE_GREEN:
            return (
                "to build a new one beside it, move the queues over and retire the old one, run with --allow-replace "
                "or write `lifecycle: {replace: blue-green}` beside it"
            )
        case Succession.ANEW:
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


def more_than_tags(changes: Iterable[Change]) -> Iterator[tuple[Change, Problem]]:
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
            paths = [one.path for one in change.fields if not one.noted and not one.path.startswith(OWN_TAGS)]
            return f"would be changed: {', '.join(paths) or change.action.value}"


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


def protected(address: Address, change: Change) -> Problem:
    return Problem(
        "PLAN004",
        f"{address}: preventDestroy forbids deleting {change.name}",
        change.where,
        "declare it as it is, with `lifecycle: {preventDestroy: false}`, and apply that first",
    )


def still_used(change: Change, user: Live) -> Problem:
    return Problem(
        "PLAN005",
        f"{change.address}: {change.name} cannot be deleted, {user.address} uses it",
        change.where,
        f"take it out of {user.address.name} first" + ("" if OWNER in user.claims else ", which no stack owns"),
    )
