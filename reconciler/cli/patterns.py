"""Patterns of the command line that match nothing: most are misspelt, and a pipeline must not be green for it."""

import difflib
import re
from argparse import Namespace
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli.output import Output
from reconciler.kinds import KINDS
from reconciler.kinds.base import Kind
from reconciler.live.ownership import owns
from reconciler.model import Address, Stack
from reconciler.parallel import side_by_side
from reconciler.ports import Cloud
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
    if kind not in KINDS or not NAME.fullmatch(name) or any(one.name == name for one in known):
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
    found = all_revisions(place.cloud, kind, physical)
    return any(owns(live.tags, physical, stack.name, stack.name_prefix) for _, live in found)


OPTIONS = ("target", "allow_destroy", "allow_replace")  # those whose values are globs over KIND/NAME
EVERYTHING = "*"
FORM = "it is KIND/NAME, such as JobQueue/*"
AT_ONCE = 8  # stacks
Place = tuple[str, Namespace]  # a stack's path, and the arguments as they are for it


def check_one(args: Namespace, plan: "Plan", place: "StackPlace", out: Output) -> None:
    """Raise `WrongUsage` for a pattern that matches nothing in the one stack of a run. Nothing was done by then.

    A resource that has been there is told to be gone: the same command, run again, finishes the work.
    """
    if not getattr(args, "are_patterns_checked", False):
        _check(_patterns(args), plan.known, "this stack", (place,), out)


def check_all(args: Namespace, places: Sequence[Place], out: Output) -> None:
    """Raise `WrongUsage` for a pattern that matches in none of several stacks, before any of them is planned.

    AWS is asked only for a pattern that no declaration matches. Where a stack cannot be read, nothing is said: its own
    work reports that.
    """
    if len(places) == 1:  # its plan knows
        return
    args.are_patterns_checked = True
    for _, own in places:
        own.are_patterns_checked = True
    patterns = _patterns(args)
    declared = [address for path, own in places for address in _declared(path, own)] if patterns else []
    left = list(_unmatched(patterns, declared))
    if not left:
        return
    read = side_by_side(lambda place: _known(*place), places, AT_ONCE)
    if None not in read:
        known = [address for found in read if found for address in found[0]]
        _check(left, (*declared, *known), f"any of the {len(places)} stacks", [one[1] for one in read if one], out)


def check_globs(option: str, globs: Iterable[str], names: Sequence[str], where: str) -> None:
    """Raise `WrongUsage` for a glob that matches none of the names."""
    for glob in globs:
        if not any(fnmatchcase(name, glob) for name in names):
            near = difflib.get_close_matches(glob, names, n=1)
            hint = f"did you mean {near[0]}?" if near else ""
            raise WrongUsage(f"{option} {glob} matches nothing in {where}; nothing was done", hint=hint)


def _patterns(args: Namespace) -> list[tuple[str, str]]:
    given = {name: getattr(args, name, None) for name in OPTIONS}
    return [
        (f"--{name.replace('_', '-')}", glob)
        for name, globs in given.items()
        if isinstance(globs, list)
        for glob in globs
        if glob != EVERYTHING
    ]


def _unmatched(patterns: Iterable[tuple[str, str]], known: Iterable["Address"]) -> Iterator[tuple[str, str]]:
    names = list(map(str, known))
    yield from ((option, glob) for option, glob in patterns if not any(fnmatchcase(name, glob) for name in names))


def _check(
    patterns: Iterable[tuple[str, str]],
    known: Sequence["Address"],
    where: str,
    places: Sequence["StackPlace"],
    out: Output,
) -> None:

    names = list(dict.fromkeys(map(str, known)))
    for option, glob in _unmatched(patterns, known):
        if reason := reason_gone(glob, known, places):
            out.notice(f"{option} {glob} matches nothing: it is already gone ({reason})")
            continue
        near = difflib.get_close_matches(glob, names, n=1)
        hint = f"did you mean {near[0]}?" if near else FORM
        raise WrongUsage(f"{option} {glob} matches nothing in {where}; nothing was done", hint=hint)


def _declared(path: str, args: Namespace) -> Iterable["Address"]:
    from reconciler.cli.context import read_stack

    try:
        return tuple(read_stack(path, args).stack.declared)
    except Stopped:
        return ()


def _known(path: str, args: Namespace) -> "tuple[tuple[Address, ...], StackPlace] | None":
    """Return what a stack declares or owns, and its place; None if that cannot be known."""
    from reconciler.cli.context import live_stack, planned
    from reconciler.plan import AS_DECLARED

    try:
        read, sky = live_stack(path, args)
        return planned(read, sky, AS_DECLARED, args.observer).known, StackPlace(path, read.stack, sky.cloud)
    except (Stopped, CloudError):
        return None
