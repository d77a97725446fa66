"""`reconciler rollback`."""

import shlex
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from reconciler.app.request import RunOptions, Session
from reconciler.cli.context import Read, live_stack, plan_stack, with_former
from reconciler.cli.options import (
    OF_REMOVALS,
    add_cloud,
    add_one_stack,
    add_output,
    add_variables,
    add_waiting,
    parse_count,
    run_options_of,
    stack_of,
    words_of,
)
from reconciler.cli.output import Output
from reconciler.cli.run import check_consent, run_watched
from reconciler.problems import CloudError, Declined, Exit, InvalidStack, Refused, WrongUsage

if TYPE_CHECKING:
    from reconciler.inspect.history import Rollback
    from reconciler.redact.presented import PresentedPlan

EXAMPLES = """\
  reconciler rollback simulate stacks/prod              to the last revision that differs
  reconciler rollback simulate stacks/prod --to 12 --yes
  reconciler revisions simulate stacks/prod --inactive  the revisions to choose from; inactive ones are accepted

The YAML is not changed: the next apply rolls forward again, unless you write the older revision's fields into it.
Run again without --to, it does nothing while the revision that it registered is the newest; --to goes further back.
"""


def add(parser: ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="name in the YAML or in AWS, or JobDefinition/NAME")
    add_one_stack(parser)
    parser.add_argument("--to", type=parse_count, metavar="N", help="the revision to go back to")
    add_waiting(parser)
    add_variables(parser)
    add_cloud(parser)
    add_output(parser, OF_REMOVALS)


def run(args: Namespace, out: Output) -> int:
    from reconciler.cli.run import hold_lock

    request, options = stack_of(args), run_options_of(args)
    read, session = live_stack(request, out.watch)
    with hold_lock(request.path, read.stack, session, out, options.lock_timeout):
        back = _planned(args.name, args.to, options, read, session)
        again = ("rollback", args.name, "--to", str(back.to), *words_of(request))  # whatever is the newest by then
        return _shown_and_run(back, options, again, read, session, out)


def _planned(name: str, to: int | None, options: RunOptions, read: Read, session: Session) -> "Rollback":
    from reconciler.adapters.lookup.installed import takes
    from reconciler.app import usecases

    with read.secrets.kept(), session.observer.phase("plan"):
        return usecases.rollback(read.stack, session, name, to, takes, options.timeout)


def _shown_and_run(
    back: "Rollback", options: RunOptions, again: Sequence[str], read: Read, session: Session, out: Output
) -> int:
    from reconciler.redact.presented import present, present_rollback
    from reconciler.report.json import plan_json, rollback_json
    from reconciler.report.text.inspect import nothing_page
    from reconciler.report.text.plan import plan_page

    read = with_former(read, back.history)
    shown, shown_back = present(back.plan, read.secrets), present_rollback(back, read.secrets)
    if not back.plan.changes:
        document = rollback_json(shown_back, shown, None, None)
        out.publish(lambda width: nothing_page(shown_back, width), lambda: {**document, "exit": Exit.DONE})
        return Exit.DONE
    out.publish_page(lambda width: plan_page(shown, width, out.verbose))
    out.write_event(lambda: {"event": "planned", **plan_json(shown)})
    try:
        with read.secrets.kept():
            check_consent(read.stack, back.plan, options, "Make change")
    except (Refused, Declined, WrongUsage) as no:
        out.report_stopped(no, plan=plan_json(shown))
        return no.exit
    return _roll_back(back, again, read, session, out)


def _roll_back(back: "Rollback", again: Sequence[str], read: Read, session: Session, out: Output) -> int:
    from reconciler.app import usecases
    from reconciler.redact.presented import present, present_finish, present_rollback
    from reconciler.report.json import rollback_json
    from reconciler.report.text.inspect import rollback_page

    work = partial(usecases.roll_back, back, read.stack, session)
    command = f"`{shlex.join(['reconciler', *again])}` again"
    finish, code = run_watched(work, len(back.plan.changes), read, session, out, then=f"run {command}")
    finish = replace(finish, way_on=f"Run {command}.")
    next_ = _next(back, read, session)
    shown, done = present_rollback(back, read.secrets), present_finish(finish, read.secrets)
    document = rollback_json(shown, present(back.plan, read.secrets), done, next_)
    out.publish(lambda width: rollback_page(shown, done, next_, width), lambda: {**document, "exit": code})
    return code


def _next(back: "Rollback", read: Read, session: Session) -> "PresentedPlan | None":
    """Return what the next plan will say of the definition; None where it cannot be made: the rollback holds."""
    from reconciler.plan import PlanOptions
    from reconciler.redact.presented import present

    try:
        options = PlanOptions(targets=(str(back.history.address),), guards=False)
        return present(plan_stack(read, session, options), read.secrets)
    except (CloudError, InvalidStack):
        return None
