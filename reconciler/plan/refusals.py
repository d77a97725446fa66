"""Why a change is shown but not run: the rule, and the way out."""

from reconciler.kinds import KINDS
from reconciler.kinds.base import Succession
from reconciler.model import Address, Change, Cost, Desired, FieldChange, Live
from reconciler.ownership import OWNER
from reconciler.problems import Problem


def not_in_place(desired: Desired, change: FieldChange) -> Problem:
    why = f": {change.why}" if change.why else ""
    message = f"{desired.address}: {change.path} cannot be changed in place{why}"
    return Problem("PLAN001", message, change.where, _way_out(desired, change))


def _way_out(desired: Desired, change: FieldChange) -> str:
    how, refuses = KINDS[desired.address.kind].succession, desired.lifecycle.replace == "refuse"
    if how and refuses:
        return "lifecycle.replace: refuse forbids to replace it"
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
        case None if change.cost is Cost.REPLACE:
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
        "give it another name here, or have its owner let go of it first",
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
