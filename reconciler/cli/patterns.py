"""Patterns of the command line that match nothing: most are misspelt, and a pipeline must not be green for it."""

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.app.request import AddressGlob, StackRequest
from reconciler.app.session import Session
from reconciler.cli.output import Output
from reconciler.kinds import KINDS
from reconciler.kinds.base import Kind
from reconciler.live.ownership import owns
from reconciler.model import Address, Stack
from reconciler.parallel import side_by_side
from reconciler.ports import Cloud, Observer
from reconciler.problems import CloudError, Stopped, WrongUsage

if TYPE_CHECKING:
    from reconciler.model import Plan


# Whether a resource that an exact KIND/NAME means has been there: a run that was cut short may have removed it.
#
# No state file knows that. AWS shows revisions that are deregistered for 180 days (DeregisterJobDefinition), and git
# what the files of a stack have declared. What AWS still describes as DELETED is among what a plan knows.

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")  # as AWS Batch has them


@dataclass(frozen=True, slots=True)
class StackPlace:
    """A stack, where its files are, and where it is live."""

    path: str
    stack: Stack
    cloud: Cloud


def reason_gone(pattern: str, known: Iterable[Address], places: Iterable[StackPlace]) -> str:
    """Say how it is known that what a pattern means has been there; empty for what is misspelt as far as that shows.

    A glob means nothing in particular, and a name that is `known` of a different kind is a slip.
    """
    kind, _, name = pattern.partition("/")
    if kind not in KINDS or not NAME.fullmatch(name) or any(address.name == name for address in known):
        return ""
    return next((reason for place in places if (reason := _reason(KINDS[kind], name, place))), "")


def _reason(kind: Kind, name: str, place: StackPlace) -> str:
    from reconciler.adapters.lookup.git import Repository

    if kind.revisions and _is_deregistered(kind, name, place):
        return "AWS shows its deregistered revisions"
    folder = place.path if Path(place.path).is_dir() else str(Path(place.path).parent)
    with suppress(WrongUsage):  # no repository, or no git: then nothing is known of what the files were
        commit = Repository(folder).last_change_of(name)
        return f"commit {commit} was the last to change it in the files of the stack" if commit else ""
    return ""


def _is_deregistered(kind: Kind, name: str, place: StackPlace) -> bool:
    from reconciler.live.read import all_revisions

    stack, physical = place.stack, place.stack.name_prefix + name
    revisions = all_revisions(place.cloud, kind, physical)
    return any(owns(live.tags, physical, stack.name, stack.name_prefix) for _, live in revisions)


FORM = "it is KIND/NAME, such as JobQueue/*"
AT_ONCE = 8  # stacks


def check_one(request: StackRequest, plan: "Plan", stack: Stack, session: Session, out: Output) -> None:
    """Raise `WrongUsage` for a pattern that matches nothing in the plan of a stack. Nothing was done by then.

    A notice says which resource is gone already: the same command, run again, finishes the work.
    """
    place = StackPlace(request.path, stack, session.cloud)
    _check(request.patterns, plan.known, "this stack", (place,), out)


def check_all(patterns: Sequence[AddressGlob], stacks: Sequence[StackRequest], out: Output) -> tuple[StackRequest, ...]:
    """Return the stacks, of several without what their plans have to match: that is checked here.

    Raises `WrongUsage` for a pattern that matches in none of them, before any of them is planned. AWS is asked only for
    a pattern that no declaration matches. Where a stack cannot be read, nothing is said: its own work reports that.
    """
    if len(stacks) == 1:
        return tuple(stacks)
    declared = [address for request in stacks for address in _declared(request)] if patterns else []
    if list(_unmatched(patterns, declared)):
        read = side_by_side(lambda request: _known(request, out.watch), stacks, AT_ONCE)
        if None not in read:
            known = [address for addresses, _ in filter(None, read) for address in addresses]
            where, places = f"any of the {len(stacks)} stacks", [place for _, place in filter(None, read)]
            _check(patterns, (*declared, *known), where, places, out)
    return tuple(replace(request, patterns=()) for request in stacks)


def check_globs(option: str, globs: Iterable[str], names: Sequence[str], where: str) -> None:
    """Raise `WrongUsage` for a glob that matches none of the names."""
    for glob in globs:
        if not any(fnmatchcase(name, glob) for name in names):
            near = difflib.get_close_matches(glob, names, n=1)
            hint = f"did you mean {near[0]}?" if near else ""
            raise WrongUsage(f"{option} {glob} matches nothing in {where}; nothing was done", hint=hint)


def _unmatched(patterns: Iterable[AddressGlob], known: Iterable[Address]) -> Iterator[AddressGlob]:
    names = list(map(str, known))
    yield from (pattern for pattern in patterns if not any(fnmatchcase(name, pattern.glob) for name in names))


def _check(
    patterns: Iterable[AddressGlob], known: Sequence[Address], where: str, places: Sequence[StackPlace], out: Output
) -> None:
    names = list(dict.fromkeys(map(str, known)))
    for option, glob in _unmatched(patterns, known):
        if reason := reason_gone(glob, known, places):
            out.notice(f"{option} {glob} matches nothing: it is already gone ({reason})")
            continue
        near = difflib.get_close_matches(glob, names, n=1)
        hint = f"did you mean {near[0]}?" if near else FORM
        raise WrongUsage(f"{option} {glob} matches nothing in {where}; nothing was done", hint=hint)


def _declared(request: StackRequest) -> Iterable[Address]:
    from reconciler.cli.context import read_stack

    try:
        return tuple(read_stack(request).stack.declared)
    except Stopped:
        return ()


def _known(request: StackRequest, observer: Observer) -> tuple[tuple[Address, ...], StackPlace] | None:
    """Return what a stack declares or owns, and its place; None if that cannot be known."""
    from reconciler.cli.context import live_stack, plan_stack
    from reconciler.plan import AS_DECLARED

    try:
        read, session = live_stack(request, observer)
        return plan_stack(read, session, AS_DECLARED).known, StackPlace(request.path, read.stack, session.cloud)
    except (Stopped, CloudError):
        return None
