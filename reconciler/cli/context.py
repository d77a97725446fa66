"""Stacks as they are requested: load, validate, go through several of them, and match patterns of the command line."""

import difflib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from reconciler.app.request import HERE, AddressGlob, Session, StackRequest
from reconciler.calls import side_by_side
from reconciler.cli.clients import session_for, settled_sandbox
from reconciler.cli.output import Output
from reconciler.cli.signals import seen_signal
from reconciler.model import Address, Identity, Plan, Stack
from reconciler.ports import Cloud, Files, Lookups, Observer
from reconciler.problems import (
    CloudError,
    Denied,
    Exit,
    Fault,
    InvalidStack,
    Problem,
    Severity,
    Stopped,
    Where,
    WrongUsage,
)

if TYPE_CHECKING:
    from reconciler.adapters.lookup.sources import Environment
    from reconciler.inspect.history import History
    from reconciler.kinds.base import Kind
    from reconciler.load import FromOutside
    from reconciler.plan import PlanOptions
    from reconciler.redact.secrets import Secrets


T = TypeVar("T")
DENIED_LOOKUP = "VAR017"
FOLDER_OF_DEPLOYMENTS = "STK017"
STANDS_IN = "VAR020"


@dataclass(frozen=True, slots=True)
class Read:
    """A stack as read from its files, all that is wrong with it, and what no output may show of it.

    `secret_variables` are names; the values are among the `secrets`. `lookups` are the tags
    and arguments of its look-ups, of which some were not made if it `has_unknown`.
    """

    stack: Stack
    problems: tuple[Problem, ...]
    secrets: "Secrets"
    secret_variables: frozenset[str] = frozenset()
    lookups: tuple[tuple[str, str], ...] = ()
    has_unknown: bool = False

    @property
    def is_valid(self) -> bool:
        return not any(problem.severity is Severity.ERROR for problem in self.problems)


def valid_stack(request: StackRequest, identity: Identity | None = None, lookups: Lookups | None = None) -> Read:
    """Return a valid stack. Raises `InvalidStack` with every problem, or `Denied` where a look-up was."""
    read = read_stack(request, identity, lookups)
    if request.tolerates:
        kept = tuple(problem for problem in read.problems if problem.code not in request.tolerates)
        read = replace(read, problems=kept)
    if any(problem.code == DENIED_LOOKUP for problem in read.problems):
        raise Denied("a value could not be looked up: access was denied", problems=read.problems)
    if not read.is_valid:
        raise InvalidStack(read.problems)
    return read


def shown_stack(request: StackRequest, out: Output) -> Read:
    """Return a valid stack that is to be shown and sent nowhere, and say for what examples stand in."""
    from reconciler.redact.presented import present_problems
    from reconciler.report.text.page import problems_page

    read = valid_stack(replace(request, has_examples=True))
    if notes := tuple(problem for problem in read.problems if problem.code == STANDS_IN):
        shown = present_problems(notes)
        out.print_to_stderr(lambda width: problems_page(shown, width))
    return read


def live_stack(
    request: StackRequest, observer: Observer, there: Identity | None = None, *, goes_on: bool = False
) -> tuple[Read, Session]:
    """Return a valid stack and its cloud. A stack that has stand-ins for its place, or look-ups, is read again there.

    Only then is anything looked up, and not before it is clear that it is the stack's account and region; and those
    that have to be `there`, if any. `goes_on`: secrets are not looked up, and what cannot be is unknown.
    """
    from reconciler.adapters.lookup.sources import ForbiddenLookups, OpenLookups
    from reconciler.plan.guards import check_place, check_same_place

    place = request.place
    with observer.phase("load"):
        read = valid_stack(request, lookups=None if place.has_lookups else ForbiddenLookups())
    session = session_for(read.stack, place, observer)
    if there:
        check_same_place(there, session.cloud.identity())
    if read.lookups or read.stack.stand_ins:
        identity = session.cloud.identity()
        check_place(read.stack, identity.account, identity.region)
        with observer.phase("load"):
            lookups = request.looked_up.setdefault(identity, session.lookups)
            read = valid_stack(request, identity, OpenLookups(lookups) if goes_on and lookups else lookups)
    if place.sandbox is not None:
        settled = partial(settled_sandbox, read.stack, place.sandbox, place.region, observer)
        read = complete_in_sandbox(read, session.cloud, settled)
    return read, session.with_lock(read.stack.lock)


# Problems of a folder that is no stack, which commands about jobs can do without.
NO_STACK = frozenset({"STK001", "STK016", FOLDER_OF_DEPLOYMENTS})


def stack_or_region(request: StackRequest, observer: Observer) -> tuple[Read, Session]:
    """Return a stack and its cloud; without one in the current folder, a stack of nothing in the region."""
    if request.path != HERE or _is_stack(request):
        return live_stack(request, observer)
    return no_stack(request, observer)


def _is_stack(request: StackRequest) -> bool:
    try:
        return NO_STACK.isdisjoint(problem.code for problem in read_stack(request).problems)
    except WrongUsage:  # a folder of deployments
        return False


def no_stack(request: StackRequest, observer: Observer) -> tuple[Read, Session]:
    """Return a stack of nothing, and the cloud of the request's place; a sandbox may have only one."""
    from reconciler.cli.sandbox import only_place
    from reconciler.redact.secrets import Secrets

    account, region = only_place(request.place) if request.place.sandbox is not None else (None, None)
    nothing = Stack("", {}, account=account, region=region)
    return Read(nothing, (), Secrets()), session_for(nothing, request.place, observer)


def complete_in_sandbox(read: Read, cloud: Cloud, settled: Callable[[], Cloud]) -> Read:
    """Return a stack with all that it takes from elsewhere, as far as the sandbox in the process can have that."""
    from reconciler.cli.sandbox import with_neighbours, with_values

    known = with_values(read.stack) if read.has_unknown else read.stack
    stack = with_neighbours(known, cloud, settled)
    notes = stack.warnings[len(read.stack.warnings) :]
    return replace(read, stack=stack, problems=(*read.problems, *notes), has_unknown=False) if notes else read


def plan_stack(read: Read, session: Session, wanted: "PlanOptions") -> Plan:
    """Return the plan of a stack. Raises `InvalidStack` and `CloudError` without the stack's secrets."""
    from reconciler.app import usecases

    with read.secrets.kept():
        return usecases.plan(read.stack, session, with_installed_sdk(wanted))


def with_installed_sdk(wanted: "PlanOptions") -> "PlanOptions":
    """Return what is wanted with the knowledge of the SDK that is installed, which may be newer than we are."""
    from reconciler.adapters.lookup.installed import takes

    return replace(wanted, takes=takes)


def read_stack(
    request: StackRequest, identity: Identity | None = None, lookups: Lookups | None = None, *, strict: bool = False
) -> Read:
    """Return the stack and its problems in file order; a stack with errors must not be planned.

    Without `lookups`, AWS is not called and values from it are unknown. `strict` reports advice, too.
    """
    from reconciler.adapters.machine import DiskFiles

    return read_files(DiskFiles(request.path), request, identity, lookups, strict=strict)


def read_files(
    files: Files,
    request: StackRequest,
    identity: Identity | None = None,
    lookups: Lookups | None = None,
    *,
    strict: bool = False,
) -> Read:
    """Return the stack of some files, as `read_stack` does."""
    from reconciler.adapters.lookup.installed import partitions, read_schema, takes
    from reconciler.adapters.lookup.sources import Offline, Sources
    from reconciler.kinds import KINDS
    from reconciler.load import load_with_problems, with_forgotten_sub
    from reconciler.load.variables import unknown_region
    from reconciler.redact.secrets import Secrets
    from reconciler.rules import settle
    from reconciler.validate import validate

    place = request.place
    loaded = load_with_problems(
        files,
        Sources(environment_of(request), lookups or Offline()),
        replace(from_outside(files, request), partitions=partitions()),
        identity=identity,
    )
    for problem in loaded.problems:
        if problem.code == FOLDER_OF_DEPLOYMENTS:
            raise WrongUsage(f"{problem.message}: {problem.hint if request.can_deploy else 'name a stack'}")
    secrets = Secrets(loaded.secrets, loaded.composed)
    today = datetime.now(UTC).date().isoformat()
    stack, wrong = validate(
        loaded.stack, read_schema(), KINDS, strict=strict, takes=takes, today=today, is_whole=loaded.is_whole
    )
    notes = (note for note in loaded.notes if request.has_notes or note.severity is not Severity.NOTE)
    is_other = place.region and place.region != loaded.stack.region
    elsewhere = unknown_region(place.region, partitions(), None) if place.region and is_other else None
    of_region, off = settle((elsewhere,) if elsewhere else (), stack.disabled)
    wrong = with_forgotten_sub(wrong, loaded.unfilled)
    distinct = dict.fromkeys((*loaded.problems, *of_region, *notes, *wrong))
    in_order = sorted(distinct, key=lambda problem: problem.where or Where(""))
    problems = secrets.problems(tuple(in_order))
    warnings = tuple(problem for problem in problems if problem.severity is not Severity.ERROR)
    disabled = {rule: secrets.text(reason) for rule, reason in stack.disabled.items()}
    account = _account(stack, place.account)
    silenced = (*stack.silenced, *off)
    stack = replace(stack, warnings=warnings, disabled=disabled, silenced=silenced, account=account)
    return Read(stack, problems, secrets, loaded.secret_variables, loaded.uses.lookups, loaded.has_unknown)


def from_outside(files: Files, request: StackRequest) -> "FromOutside":
    """Return what a stack gets that is not in its files. Raises `WrongUsage` for a file that cannot be read."""
    from reconciler.load import FromOutside

    is_sandboxed = request.place.sandbox is not None
    return FromOutside(
        request.variables,
        [_read_file(file) for file in request.variable_files],
        request.meant,
        request.offered,
        examples=request.has_examples or is_sandboxed,
        samples=is_sandboxed,
        named=named_files(files, request),
    )


def environment_of(request: StackRequest) -> "Environment":
    """Return the environment as `!env` may read it."""
    from reconciler.adapters.lookup.sources import Environment

    return Environment(os.environ, request.allow_env)


def _account(stack: Stack, account: str | None) -> str | None:
    """Return the account that a stack is for: its own word, and that of its target. Raises `Denied`."""
    if account and stack.account and account != stack.account:
        message = f"stack {stack.name} is for account {stack.account}, not for {account}"
        raise Denied(message, hint="deploy it elsewhere, or remove `account:` from the stack")
    return stack.account or account


def run_each(stacks: Iterable[T], out: Output, work: Callable[[T], int], *, keeps_going: bool = True) -> int:
    """Do the work for every stack, each with its own failures, and return the code that matters most.

    `keeps_going`: also after a stack that failed. What changes the world does not: the next stack may need this one.
    """
    codes: list[int] = []
    for stack in stacks:
        if codes and (ended := seen_signal()) is not None:  # the one before was not cut short, but no other is begun
            out.print_notice("Stopped before the next stack.")
            codes.append(ended)
            break
        try:
            codes.append(work(stack))
        except Stopped as stopped:
            out.report_stopped(stopped)
            codes.append(stopped.exit)
        except CloudError as error:
            out.report_cloud_error(error, exit_of(error))
            codes.append(exit_of(error))
        out.set_exit_code(codes[-1])
        if not keeps_going and codes[-1] != Exit.DONE:
            break
    return gravest_code(codes)


def exit_of(error: CloudError) -> Exit:
    return Exit.DENIED if error.fault is Fault.DENIED else Exit.ERROR


def gravest_code(codes: Iterable[int]) -> int:
    """An error is graver than changes, changes are graver than none; of errors the first counts."""
    harmless = (Exit.DONE, Exit.CHANGES)
    return max(codes, key=lambda code: harmless.index(Exit(code)) if code in harmless else len(harmless))


def named_files(files: Files, request: StackRequest) -> frozenset[str]:
    """Return the files in a stack's folder that options name, as --var-file does: they are no part of the stack."""
    named = [file for file in (*request.variable_files, *request.named_files, request.place.sandbox) if file]
    paths = {os.path.realpath(name) for name in named}
    last = {Path(path).name for path in paths} | {Path(name).name for name in named}
    return frozenset(
        name
        for name in (files.names() if paths else ())
        if Path(name).name in last and os.path.realpath(Path(files.root, name)) in paths
    )


def _read_file(file: str) -> tuple[str, bytes]:
    from reconciler.adapters.machine import read_whole

    try:
        return file, read_whole(Path(file))
    except OSError as error:
        raise WrongUsage(f"cannot read {file}: {error.strerror}") from error


# What revisions and rollback share: a definition's history, and the secrets that may be in it.


def with_former(read: Read, history: "History") -> Read:
    """Return what was read with more secrets: what older revisions have where the YAML has one today."""
    from reconciler.diff.canonical import canonical

    if not read.secrets.texts or history.desired is None:
        return read
    rows, identity = history.kind.rows, history.identity
    declared = canonical(rows, history.desired.spec, identity)
    former = (canonical(rows, live.spec, identity) for live in history.revisions.values())
    return replace(read, secrets=read.secrets.and_former(declared, former))


# Patterns of the command line that match nothing: most are misspelt, and a pipeline must not be green for it.

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
    from reconciler.kinds import KINDS

    kind, _, name = pattern.partition("/")
    if kind not in KINDS or not NAME.fullmatch(name) or any(address.name == name for address in known):
        return ""
    return next((reason for place in places if (reason := _reason(KINDS[kind], name, place))), "")


def _reason(kind: "Kind", name: str, place: StackPlace) -> str:
    from reconciler.adapters.lookup.git import Repository

    if kind.revisions and _is_deregistered(kind, name, place):
        return "AWS shows its deregistered revisions"
    folder = place.path if Path(place.path).is_dir() else str(Path(place.path).parent)
    with suppress(WrongUsage):  # no repository, or no git: then nothing is known of what the files were
        commit = Repository(folder).last_change_of(name)
        return f"commit {commit} was the last to change it in the files of the stack" if commit else ""
    return ""


def _is_deregistered(kind: "Kind", name: str, place: StackPlace) -> bool:
    from reconciler.live.ownership import owns
    from reconciler.live.read import all_revisions

    stack, physical = place.stack, place.stack.name_prefix + name
    revisions = all_revisions(place.cloud, kind, physical)
    return any(owns(live.tags, physical, stack.name, stack.name_prefix) for _, live in revisions)


FORM = "it is KIND/NAME, such as JobQueue/*"
AT_ONCE = 8  # stacks


def check_patterns_of_plan(request: StackRequest, plan: "Plan", stack: Stack, session: Session, out: Output) -> None:
    """Raise `WrongUsage` for a pattern that matches nothing in the plan of a stack. Nothing was done by then.

    A notice says which resource is gone already: the same command, run again, finishes the work.
    """
    place = StackPlace(request.path, stack, session.cloud)
    _check(request.patterns, plan.known, "this stack", (place,), out)


def check_patterns(
    patterns: Sequence[AddressGlob], stacks: Sequence[StackRequest], out: Output
) -> tuple[StackRequest, ...]:
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
            out.print_notice(f"{option} {glob} matches nothing: it is already gone ({reason})")
            continue
        near = difflib.get_close_matches(glob, names, n=1)
        hint = f"did you mean {near[0]}?" if near else FORM
        raise WrongUsage(f"{option} {glob} matches nothing in {where}; nothing was done", hint=hint)


def _declared(request: StackRequest) -> Iterable[Address]:
    try:
        return tuple(read_stack(request).stack.declared)
    except Stopped:
        return ()


def _known(request: StackRequest, observer: Observer) -> tuple[tuple[Address, ...], StackPlace] | None:
    """Return what a stack declares or owns, and its place; None if that cannot be known."""
    from reconciler.plan import AS_DECLARED

    try:
        read, session = live_stack(request, observer)
        return plan_stack(read, session, AS_DECLARED).known, StackPlace(request.path, read.stack, session.cloud)
    except (Stopped, CloudError):
        return None
