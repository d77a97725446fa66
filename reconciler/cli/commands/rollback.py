"""`reconciler rollback`."""

import shlex
from argparse import ArgumentParser, Namespace
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from reconciler.cli.context import Read, live_stack, planned, with_former
from reconciler.cli.options import (
    OF_REMOVALS,
    add_cloud,
    add_one_stack,
    add_output,
    add_variables,
    add_waiting,
    again,
    count,
)
from reconciler.cli.output import Output
from reconciler.cli.run import capped, consent, watched
from reconciler.ports import Observer
from reconciler.problems import CloudError, Declined, Exit, InvalidStack, Refused, WrongUsage

if TYPE_CHECKING:
    from reconciler.cli.clients import Clients
    from reconciler.inspect.history import Rollback
    from reconciler.redact.presented import PresentedPlan

EXAMPLES = """\
  reconciler rollback simulate stacks/prod              to the last revision that says something else
  reconciler rollback simulate stacks/prod --to 12 --yes
  reconciler revisions simulate stacks/prod --all       which ones there are; inactive ones will do

The YAML stays as it is: the next apply rolls forward again, unless the YAML says what the old revision says.
Run again without --to, it does nothing while the revision that it registered is the newest: --to goes further back.
"""


def add(parser: ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="its name in the YAML or in AWS, or JobDefinition/NAME")
    add_one_stack(parser)
    parser.add_argument("--to", type=count, metavar="N", help="the revision to go back to")
    add_waiting(parser)
    add_variables(parser)
    add_cloud(parser)
    add_output(parser, OF_REMOVALS)


def run(args: Namespace, out: Output) -> int:
    from reconciler.cli.run import locked

    read, sky = live_stack(args.stacks[0], args)
    with locked(args.stacks[0], read.stack, sky, args, out):
        return _planned_and_run(read, sky, args, out)


def _planned_and_run(read: Read, sky: "Clients", args: Namespace, out: Output) -> int:
    from reconciler.adapters.lookup.installed import takes
    from reconciler.app import usecases
    from reconciler.redact.presented import present, present_rollback
    from reconciler.report.json import plan_json, rollback_json
    from reconciler.report.text.history import nothing_page
    from reconciler.report.text.plan import plan_page

    with read.secrets.kept(), args.observer.phase("plan"):
        back = usecases.rollback(read.stack, sky.cloud, args.name, args.to, takes)
    back = replace(back, plan=capped(back.plan, args.timeout))
    read = with_former(read, back.history)
    shown, shown_back = present(back.plan, read.secrets), present_rollback(back, read.secrets)
    if not back.plan.changes:
        document = rollback_json(shown_back, shown, None, None)
        out.publish(lambda width: nothing_page(shown_back, width), lambda: {**document, "exit": Exit.DONE})
        return Exit.DONE
    out.show(lambda width: plan_page(shown, width, args.verbose))
    out.event(lambda: {"event": "planned", **plan_json(shown)})
    try:
        with read.secrets.kept():
            consent(read.stack, back.plan, args, "Make change")
    except (Refused, Declined, WrongUsage) as no:
        out.stopped(no, plan=plan_json(shown))
        return no.exit
    return _roll_back(back, read, sky, args, out)


def _roll_back(back: "Rollback", read: Read, sky: "Clients", args: Namespace, out: Output) -> int:
    from reconciler.app import usecases
    from reconciler.redact.presented import present, present_finish, present_rollback
    from reconciler.report.json import rollback_json
    from reconciler.report.text.history import rollback_page

    work = partial(usecases.roll_back, back, read.stack, sky.cloud, sky.clock)
    again_ = f"`{shlex.join(['reconciler', *_again(back, args)])}` again"
    finish, code = watched(work, read, sky, out, args.observer, then=f"run {again_}")
    finish = replace(finish, way_on=f"Run {again_}.")
    next_ = _next(back, read, sky, args.observer)
    shown, done = present_rollback(back, read.secrets), present_finish(finish, read.secrets)
    document = rollback_json(shown, present(back.plan, read.secrets), done, next_)
    out.publish(lambda width: rollback_page(shown, done, next_, width), lambda: {**document, "exit": code})
    return code


def _again(back: "Rollback", args: Namespace) -> tuple[str, ...]:
    """Return the words that finish this rollback: with the revision, whatever is the newest by then."""
    return ("rollback", args.name, "--to", str(back.to), *again(args.stacks[0], args))


def _next(back: "Rollback", read: Read, sky: "Clients", observer: Observer) -> "PresentedPlan | None":
    """Return what the next plan will say of the definition; None where it cannot be made: the rollback stands."""
    from reconciler.plan import PlanOptions
    from reconciler.redact.presented import present

    try:
        plan = planned(read, sky, PlanOptions(targets=(str(back.history.address),)), observer)
        return present(plan, read.secrets)
    except (CloudError, InvalidStack):
        return None
