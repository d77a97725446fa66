"""What apply and destroy share: show the plan, refuse, ask, run, tell."""

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from reconciler.cli.deleted import StackPlace
from reconciler.cli.documents import Presented, present
from reconciler.cli.output import Output
from reconciler.cli.patterns import check_one
from reconciler.cli.reviewed import Job
from reconciler.cli.stacks import Read, informed, live_stack, planned
from reconciler.model import Plan, Stack, Wait
from reconciler.printable import harmless_text
from reconciler.problems import Declined, Exit, Refused, Stale, WrongUsage

if TYPE_CHECKING:
    from reconciler.apply import Event
    from reconciler.cli.clouds import Clients
    from reconciler.cli.observing import Watch
    from reconciler.plan import PlanOptions
    from reconciler.report.sealing import Seal
    from reconciler.workflow import Finish


def run_stack(job: Job, out: Output) -> int:
    """Bring one stack to what is wanted of it."""
    from reconciler.cli.locking import locked

    seal = job.seal
    read, sky = live_stack(job.path, job.args, job.place)
    with locked(job.path, read.stack, sky, job.args, out):
        return _planned_and_run(job, seal, read, sky, out)


def _planned_and_run(job: Job, seal: "Seal", read: Read, sky: "Clients", out: Output) -> int:
    from reconciler import workflow
    from reconciler.report.items import ApplyResult
    from reconciler.report.plan_text import plan_page

    args, wanted = job.args, job.wanted
    plan = capped(planned(read, sky, wanted, args.observer), args.timeout)
    check_one(args, plan, StackPlace(job.path, read.stack, sky.cloud), out)
    shown = present(job.path, args, wanted, read, plan, seal)
    fingerprint = "" if wanted.destroy else shown.fingerprint
    out.show(lambda width: plan_page(shown.plan, width, args.verbose, fingerprint))
    out.event(lambda: {"event": "planned", **shown.document})
    try:
        job.check(shown.document, read)
        consent(read.stack, shown.plan, args, _question(wanted), wanted)
    except (Stale, Refused, Declined, WrongUsage) as no:
        out.stopped(no, told=shown.told, item=ApplyResult(shown.plan, stopped=no), plan=shown.document)
        return no.exit
    if not plan.changes:
        idle = Exit.UNHEALTHY if plan.unhealthy else Exit.DONE
        _document(None, shown, idle, out)
        out.item(ApplyResult(shown.plan))
        return idle
    work = partial(
        workflow.run, plan, read.stack, sky.cloud, sky.clock, wanted=informed(wanted), parallelism=args.parallelism
    )
    finish, code = watched(work, read, sky, out, args.observer, then=_next_command(job))
    if job.reviewed:
        finish = replace(finish, way_on="What is left is another plan: plan again.")
    _tell(read.secrets.finish(finish), shown, code, out)
    return code


def _next_command(job: Job) -> str:
    """Say what to run after an interruption. A plan that is applied in part is not the one that was reviewed."""
    return "plan again" if job.reviewed else f"{job.args.called} again"


def _question(wanted: "PlanOptions") -> str:
    if wanted.tags_alone:
        return "Adopt resource"
    if wanted.forget:
        return "Forget resource"
    return "Destroy resource" if wanted.destroy else "Apply change"


def capped(plan: Plan, longest: float | None) -> Plan:
    """Let no wait of the plan take longer than that."""
    if longest is None:
        return plan
    changes = tuple(
        replace(
            change,
            steps=tuple(
                replace(step, timeout=min(step.timeout, longest)) if isinstance(step, Wait) else step
                for step in change.steps
            ),
        )
        for change in plan.changes
    )
    return replace(plan, changes=changes)


def consent(
    stack: Stack, plan: Plan, args: argparse.Namespace, question: str, wanted: "PlanOptions | None" = None
) -> None:
    """Raise `Refused`, `Declined` or `WrongUsage` unless the plan may run. `question` is a verb and a noun."""
    from reconciler.guard import check_plan
    from reconciler.plan import AS_DECLARED

    wanted = wanted or AS_DECLARED
    check_plan(stack, plan, wanted)
    if args.yes or plan.is_empty:
        return
    if not is_interactive():
        raise WrongUsage("nobody is there to say yes; nothing was changed", hint="give --yes to go on without asking")
    count = len(plan.changes)
    verb, noun = question.split()
    what = f"{verb} this {noun}" if count == 1 else f"{verb} these {count} {noun}s"
    if wanted.destroy:  # a yes comes easily: the name shows that it is this stack which is meant
        is_meant = _answer(f"{what}? Type {stack.name} to go on: ") == stack.name
    else:
        is_meant = _answer(f"{what}? [y/N] ").lower() in ("y", "yes")
    if not is_meant:
        raise Declined("declined; nothing was changed")


def _answer(question: str) -> str:
    return asked(f"\n{question}", "nothing was changed")


def asked(question: str, otherwise: str) -> str:
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


def is_ci() -> bool:
    return os.environ.get("CI", "").lower() not in ("", "0", "false")


def watched(
    work: Callable[..., "Finish"], read: Read, sky: "Clients", out: Output, observer: "Watch", *, then: str
) -> tuple["Finish", int]:
    """Do the work where its progress is shown and signals stop it; return what came of it, and the exit code.

    `then` says at a signal what to run next.
    """
    from reconciler.cli.signals import stopping
    from reconciler.report.documents import event_json

    notice = partial(out.notice, f"Stopping after the steps under way. Once more to stop at once; then {then}.")
    out.changes()
    with read.secrets.kept(), stopping(notice) as stop, _progress(read.stack.name, sky, out) as watch:

        def told(event: "Event") -> None:
            shown = read.secrets.event(event)
            with suppress(OSError):  # a stderr that is full must not stop a run
                watch(shown)
            observer.changed(shown)
            out.event(lambda: event_json(read.stack.name, shown))

        finish = work(watch=told, stop=stop.flag, observer=observer)
    interrupted = finish.outcome.interrupted and stop.code
    return finish, stop.code if interrupted and stop.code else finish.exit


@contextmanager
def _progress(stack: str, sky: "Clients", out: Output) -> Iterator[Callable[["Event"], None]]:
    from reconciler.report.documents import event_json
    from reconciler.report.progress import level_of, telling, watching

    if out.log.as_json:
        yield telling(lambda event: out.log.write("", event_json(stack, event), level_of(event)), sky.clock.now)
        return
    err = out.err
    with watching(err, sky.clock.now, live=err.is_terminal and not is_ci()) as watch:
        yield watch


def _tell(finish: "Finish", shown: Presented, code: int, out: Output) -> None:
    from reconciler.report.items import ApplyResult
    from reconciler.report.outcome_text import finish_page

    out.show(lambda width: finish_page(finish, width))
    _document(finish, shown, code, out)
    out.item(ApplyResult(shown.plan, finish))


def _document(finish: "Finish | None", shown: Presented, code: int, out: Output) -> None:
    from reconciler.report.documents import finish_json

    out.document(lambda: {**finish_json(shown.plan, finish), "fingerprint": shown.fingerprint, "exit": code})
