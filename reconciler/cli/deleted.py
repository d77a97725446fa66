"""Whether a resource that an exact KIND/NAME means has been there: a run that was cut short may have removed it.

No state file knows that. AWS shows revisions that are deregistered for 180 days (DeregisterJobDefinition), and git what
the files of a stack have declared. What AWS still describes as DELETED is among what a plan knows.
"""

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from reconciler.kinds import KINDS
from reconciler.kinds.base import Kind
from reconciler.model import Address, Stack
from reconciler.ownership import owns
from reconciler.ports import Cloud
from reconciler.problems import WrongUsage

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
    from reconciler.lookup.git import Repository

    if kind.revisions and _is_deregistered(kind, name, place):
        return "AWS shows its deregistered revisions"
    folder = place.path if Path(place.path).is_dir() else str(Path(place.path).parent)
    with suppress(WrongUsage):  # no repository, or no git: then nothing is known of what the files were
        commit = Repository(folder).last_change_of(name)
        return f"commit {commit} was the last to change it in the files of the stack" if commit else ""
    return ""


def _is_deregistered(kind: Kind, name: str, place: StackPlace) -> bool:
    from reconciler.read import all_revisions

    stack, physical = place.stack, place.stack.name_prefix + name
    found = all_revisions(place.cloud, kind, physical)
    return any(owns(live.tags, physical, stack.name, stack.name_prefix) for _, live in found)
