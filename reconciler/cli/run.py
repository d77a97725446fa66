"""Applying a plan, as all commands that change something do it: lock, show, refuse, ask, run, report."""

import getpass
import os
import shlex
import socket
import sys
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from reconciler.app.request import RunOptions, Session, StackRequest
from reconciler.cli.context import Read, check_patterns_of_plan, live_stack, plan_stack, with_installed_sdk
from reconciler.cli.output import Output
from reconciler.cli.saved_plans import Job, SealedPlan, seal_plan
from reconciler.cli.signals import Terminated, in_background, message_at_end
from reconciler.cli.streams import is_ci
from reconciler.model import Action, Address, Change, Cost, Plan, Stack
from reconciler.ports import UNREADABLE, UNSEEN, Clock, Holder, Locks
from reconciler.printable import harmless_text
from reconciler.problems import CloudError, Declined, Exit, Fault, Refused, Stale, Stopped, WrongUsage

if TYPE_CHECKING:
    from reconciler.app.usecases import Finish
    from reconciler.apply import Event
    from reconciler.jobs.smoke import SmokeResult
    from reconciler.plan import PlanOptions
    from reconciler.redact.presented import PresentedEvent, PresentedFinish, PresentedVerification
    from reconciler.saved_plan.sealing import Seal
    from reconciler.verify.checks import Verification


NAMED = 3  # resources that a question names


def run_stack(job: Job, options: RunOptions, out: Output) -> int:
    """Bring one stack to what is wanted of it."""
    seal = job.seal
    read, session = live_stack(job.request, out.watch, job.place)
    with hold_lock(job.request.path, read.stack, session, out, options.lock_timeout):
        return _plan_and_run(job, options, seal, read, session, out)


def _plan_and_run(job: Job, options: RunOptions, seal: "Seal", read: Read, session: Session, out: Output) -> int:
    from reconciler.app import usecases
    from reconciler.jobs.smoke import exit_of_smoke
    from reconciler.redact.presented import present_finish, present_stopped
    from reconciler.report.results import ApplyResult
    from reconciler.report.text.plan import finish_page, plan_page

    wanted = replace(job.wanted, longest_wait=options.timeout)
    plan = plan_stack(read, session, wanted)
    check_patterns_of_plan(job.request, plan, read.stack, session, out)
    shown = seal_plan(job.request, wanted, read, plan, seal)
    read = replace(read, secrets=shown.secrets)
    fingerprint = "" if wanted.destroy else shown.fingerprint
    out.publish_page(lambda width: plan_page(shown.plan, width, out.verbose, fingerprint))
    out.write_event(lambda: {"event": "planned", **shown.document})
    try:
        job.check(shown, read)
        if options.verifies and plan.changes:
            _check_verified(job, read, session, out)
        with read.secrets.kept():
            check_consent(read.stack, plan, options, _question(wanted), is_named=wanted.destroy)
    except (Stale, Refused, Declined, WrongUsage) as no:
        out.report_stopped(
            no,
            already_shown=shown.shown_refusals,
            item=ApplyResult(shown.plan, stopped=present_stopped(no)),
            plan=shown.document,
        )
        return no.exit
    if not plan.changes:
        idle = Exit.UNHEALTHY if plan.unhealthy else Exit.DONE
        smoke = _smoke(options, idle, job, read, session, out, plan, frozenset())
        idle = exit_of_smoke(smoke) or idle
        _publish_document(None, shown, idle, out, smoke)
        out.add_item(ApplyResult(shown.plan))
        return idle
    work = partial(
        usecases.run,
        plan,
        read.stack,
        session,
        options=with_installed_sdk(wanted),
        parallelism=options.parallelism,
    )
    # A plan that is applied in part is not the one that was reviewed.
    finish, code = run_watched(
        work, len(plan.changes), read, session, out, then="plan again" if job.reviewed else f"{options.command} again"
    )
    if job.reviewed:
        finish = replace(finish, way_on="The remaining work is a different plan: plan again.")
    presented = present_finish(finish, read.secrets)
    out.publish_page(lambda width: finish_page(presented, width, is_followed=out.is_followed))
    try:
        smoke = _smoke(options, code, job, read, session, out, plan, finish.outcome.touched)
        code = exit_of_smoke(smoke) or code
    except (KeyboardInterrupt, Terminated) as signal:
        smoke, code = (), Exit.TERMINATED if isinstance(signal, Terminated) else Exit.INTERRUPTED
        out.print_notice("Interrupted: the changes were applied, and the smoke tests were ended.")
    _publish_document(presented, shown, code, out, smoke)
    out.add_item(ApplyResult(shown.plan, presented))
    return code


def _smoke(
    options: RunOptions,
    code: int,
    job: Job,
    read: Read,
    session: Session,
    out: Output,
    plan: Plan,
    changed: frozenset[Address],
) -> "tuple[SmokeResult, ...]":
    """Run the smoke tests that were asked for, if the changes themselves have gone well."""
    from reconciler.cli.smoke import ALL, run_smoke

    if options.smoke is None or code != Exit.DONE:
        return ()
    return run_smoke(read, session, out, job.request.path, plan, None if options.smoke == ALL else changed)


def _check_verified(job: Job, read: Read, session: Session, out: Output) -> None:
    """Raise `Refused` if anything that the stack refers to does not exist or cannot work, and show why."""
    from reconciler.report.verify import verify_page

    verification, shown = verify(job.request, read, session)
    out.publish_page(lambda width: verify_page(shown, width, out.verbose))
    if verification.is_refused():
        hint = f"correct it, or apply without --verify; `reconciler verify {job.request.path}` shows it again"
        raise Refused("what the stack refers to does not exist or does not fit; nothing was changed", hint=hint)


def verify(request: StackRequest, read: Read, session: Session) -> "tuple[Verification, PresentedVerification]":
    """Return what AWS says of what a stack refers to, and what may be shown of it."""
    from reconciler.app import usecases
    from reconciler.redact.presented import present_verification

    with read.secrets.kept():
        verification = usecases.verify(read.stack, session, has_everything=request.place.sandbox is None)
    return verification, present_verification(verification, read.secrets)


def _question(wanted: "PlanOptions") -> str:
    if wanted.tags_alone:
        return "Adopt resource"
    if wanted.forget:
        return "Forget resource"
    return "Destroy resource" if wanted.destroy else "Apply change"


def check_consent(stack: Stack, plan: Plan, options: RunOptions, question: str, *, is_named: bool = False) -> None:
    """Raise `Refused`, `Declined` or `WrongUsage` unless the plan may run. `question` is a verb and a noun.

    `is_named`: a yes comes easily, and the name of the stack shows that it is this one which is meant.
    """
    from reconciler.plan.guards import check_refusals

    check_refusals(plan)
    if options.is_agreed or plan.is_empty:
        return
    if not is_interactive():
        raise WrongUsage("confirmation is required, but stdin is not a terminal. Nothing was changed", hint="use --yes")
    from reconciler.report.text.values import number_of

    verb, noun = question.split()
    harm = "" if is_named else describe_harm(plan.changes)
    what = f"{harm}{verb} {number_of(len(plan.changes), noun)}"
    if is_named:
        is_meant = _ask(f"{what}? Type {stack.name} to go on: ") == stack.name
    else:
        is_meant = _ask(f"{what}? [y/N] ").lower() in ("y", "yes")
    if not is_meant:
        raise Declined("declined; nothing was changed")


def describe_harm(changes: Sequence[Change]) -> str:
    """Return a sentence on what changes delete, replace or interrupt, with a blank after it; empty if nothing."""
    from reconciler.syntax.diagnostics import listed

    deleted = [change for change in changes if change.action is Action.DELETE]
    replaced = [change for change in changes if change.action in (Action.REPLACE, Action.BLUE_GREEN)]
    renewed = [change for change in changes if change not in replaced and change.cost is Cost.INFRASTRUCTURE]
    groups = (("deletes", deleted), ("replaces", replaced), ("replaces the instances of", renewed))
    harms = [f"{verb} {_named(group)}" for verb, group in groups if group]
    return f"This {listed(harms, 'and')}. " if harms else ""


def _named(changes: Sequence[Change]) -> str:
    from reconciler.syntax.diagnostics import listed

    names = [str(change.address) for change in changes]
    shown = names if len(names) <= NAMED else [*names[: NAMED - 1], f"{len(names) - NAMED + 1} more resources"]
    return listed(shown, "and")


def _ask(question: str) -> str:
    return ask(f"\n{question}", "nothing was changed")


def ask(question: str, otherwise: str) -> str:
    """Ask on stderr. A signal at the question is a no: `otherwise` says what stays as it is."""
    from reconciler.cli.signals import Terminated

    sys.stderr.write(harmless_text(question))
    sys.stderr.flush()
    try:
        return sys.stdin.readline().strip()
    except (KeyboardInterrupt, Terminated) as signal:
        is_term = isinstance(signal, Terminated)
        sys.stderr.write("\n")
        no = Declined(f"{'terminated' if is_term else 'interrupted'}; {otherwise}")
        no.exit = Exit.TERMINATED if is_term else Exit.INTERRUPTED
        raise no from signal


def is_interactive() -> bool:
    """Whether a person can be asked: both ends are a terminal, and no CI runs us."""
    return not is_ci() and sys.stdin.isatty() and sys.stderr.isatty()


def run_watched(
    work: Callable[..., "Finish"], total: int, read: Read, session: Session, out: Output, *, then: str
) -> tuple["Finish", int]:
    """Do the work where its progress is shown and signals stop it; return what came of it, and the exit code.

    `total` is the number of changes; `then` says at a signal what to run next.
    """
    from reconciler.cli.signals import stopping
    from reconciler.redact.presented import present_event
    from reconciler.report.json import event_json

    notice = partial(
        out.print_notice, f"Stopping after the current steps. Press Ctrl-C again to stop at once; then {then}."
    )
    out.begin_changes()
    with (
        read.secrets.kept(),
        stopping(notice) as stop,
        _progress(read.stack.name, total, session.clock, out) as watch,
    ):

        def report_event(event: "Event") -> None:
            shown = present_event(event, read.secrets)
            with suppress(OSError):  # a stderr that is full must not stop a run
                watch(shown)
            out.watch.changed(shown)
            out.write_event(lambda: event_json(read.stack.name, shown))

        finish = work(watch=report_event, stop=stop.flag)
    interrupted = finish.outcome.interrupted and stop.code
    return finish, stop.code if interrupted and stop.code else finish.exit


@contextmanager
def _progress(stack: str, total: int, clock: Clock, out: Output) -> Iterator[Callable[["PresentedEvent"], None]]:
    from reconciler.report.json import event_json
    from reconciler.report.progress import level_of, reporting, watching

    if out.log.as_json:
        yield reporting(lambda event: out.log.write("", event_json(stack, event), level_of(event)), clock.now)
        return
    err = out.stderr
    with watching(err, clock.now, total, live=err.is_terminal and not is_ci()) as watch:
        yield watch


def _publish_document(
    finish: "PresentedFinish | None", shown: SealedPlan, code: int, out: Output, smoke: "tuple[SmokeResult, ...]" = ()
) -> None:
    from reconciler.report.jobs import smoke_json
    from reconciler.report.json import finish_json

    ran = smoke_json(smoke) if smoke else ()
    document = {"fingerprint": shown.fingerprint, "exit": code}
    out.add_document(lambda: {**finish_json(shown.plan, finish, ran), **document})


# The lock of a stack around whatever writes: taken before the plan is made, so that the plan holds when it runs.

PAUSE = 5.0  # seconds between two tries to take a lock that is held
SHORT = 1.0  # of one that comes or goes just now
GRACE = 5.0  # seconds for which such a one is tried without --lock-timeout
ANSWER = 5.0  # seconds that a request under way may take after a signal
LONGEST = 200  # characters of a text that others have written
SLACK = 60.0  # seconds by which clocks may differ


@contextmanager
def hold_lock(path: str, stack: Stack, session: Session, out: Output, patience: float | None) -> Iterator[None]:
    """Hold the stack's lock, if it has one. Raises `Refused` if a different run holds it, and `CloudError`.

    A lock that is held is waited for at most `patience` seconds. It is let go in every ending but that of a process
    that is killed, also where the ending comes while it is taken.
    """
    if session.locks is None:
        yield
        return
    lock = _Hold(session.locks, lock_name(stack, session), _myself(stack), path, out)
    left = f"The lock of stack {stack.name} may remain. Check, and remove it: `reconciler force-unlock {path}`"
    with message_at_end(left):
        try:
            lock.take(patience, session.clock)
            yield
        finally:
            lock.let_go()


@dataclass(slots=True)
class _Hold:
    """One run's hold on a lock. `is_taken`: None as long as nothing of ours can be there."""

    locks: Locks
    name: str
    mine: Holder
    path: str
    out: Output
    is_taken: bool | None = None

    def take(self, patience: float | None, clock: Clock) -> None:
        start, is_told = clock.now(), False
        while (holder := self._try()) is not None:
            is_moving = holder == UNSEEN
            message = f"stack {self.mine.stack} is locked by {describe_holder(holder)}"
            limit = GRACE if is_moving and patience is None else patience or 0.0
            if clock.now() - start >= limit:
                unlock = f"if that run has crashed, run `reconciler force-unlock {self.path}`"
                hint = f"wait for it with --lock-timeout 10m; {unlock}"
                raise Refused(f"{message}; nothing was changed", hint=hint)
            if not is_told and not is_moving:
                self.out.print_notice(f"{message}; waiting …")
                is_told = True
            clock.sleep(min(SHORT if is_moving else PAUSE, limit))

    def _try(self) -> Holder | None:
        """Try to take the lock. A signal waits for the answer, since the request may arrive even so."""
        self.is_taken = False
        try:
            holder = in_background(lambda: self.locks.take(self.name, self.mine), ANSWER)
        except CloudError as error:
            if not error.operation.startswith("Get") and error.fault is not Fault.UNKNOWN:
                self.is_taken = None  # the write was refused, or never sent
            raise
        self.is_taken = True if holder is None else None
        return holder

    def let_go(self) -> None:
        """Release the lock. What was done is done: whatever goes wrong here is reported, and changes no exit code."""
        if self.is_taken is None:
            return
        stack = self.mine.stack
        hint = f"show its holder, and remove it, with `reconciler force-unlock {self.path}`"
        try:
            was_held = in_background(lambda: self.locks.release(self.name, self.mine), ANSWER)
        except CloudError as error:
            self._complain(f"the lock of stack {stack} could not be released: {error.told}", hint)
        except (KeyboardInterrupt, Terminated):
            self._complain(f"the lock of stack {stack} may remain: the run was stopped while it released it", hint)
            raise
        except Exception as error:  # noqa: BLE001 - the run is over, and its outcome must not turn into a bug
            self._complain(f"the lock of stack {stack} could not be released: {type(error).__name__}: {error}", hint)
        else:
            if self.is_taken and not was_held:
                message = f"the lock of stack {stack} was removed or replaced while this run held it"
                self._complain(f"{message}; a different run may have written at the same time", "plan again to see")

    def _complain(self, message: str, hint: str) -> None:
        self.out.report_problem(Stopped(message, hint=hint))


def lock_name(stack: Stack, session: Session) -> str:
    """Return what a lock is called: like a stack's resources, it is of one account, region and name prefix."""
    here = session.cloud.identity()
    return "/".join((here.account, here.region, stack.name, *filter(None, (stack.name_prefix,))))


def describe_holder(holder: Holder) -> str:
    """Say who holds a lock: ana@ci-7 (process 4711, `apply prod`) since 2027-03-31T08:15:00+00:00, 12 min ago."""
    if holder == UNSEEN:
        return "a run that is acquiring or releasing it"
    if holder.who == UNREADABLE:
        written = f", written {holder.since}{_ago(holder.since)}" if holder.since else ""
        return f"an unknown run: the content of the lock cannot be read{written}"
    who, command, since = (text[:LONGEST] for text in (holder.who, holder.command, holder.since))
    run = ", ".join(filter(None, (f"process {holder.pid}" if holder.pid else "", f"`{command}`" if command else "")))
    return f"{who or 'an unnamed run'}{f' ({run})' if run else ''} since {since or 'an unknown time'}{_ago(since)}"


def _myself(stack: Stack) -> Holder:
    command = shlex.join(["reconciler", *sys.argv[1:2]])  # further words may hold values of variables
    since = datetime.now(UTC).isoformat(timespec="seconds")
    return Holder(stack.name, f"{_user()}@{socket.gethostname()}", os.getpid(), command, since, uuid.uuid4().hex)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run as a user without a name
        return str(os.getuid()) if hasattr(os, "getuid") else "unknown"


def _ago(since: str) -> str:
    from reconciler.report.text.values import duration

    try:
        seconds = (datetime.now(UTC) - datetime.fromisoformat(since)).total_seconds()
    except (ValueError, TypeError, OverflowError):  # not written by us
        return ""
    if seconds < -SLACK:
        return f", {duration(-seconds)} ahead of this machine's clock, so it is unknown how long ago"
    return f", {duration(max(0.0, seconds))} ago"
