"""`reconciler plan`."""

from argparse import ArgumentParser, Namespace
from functools import partial
from typing import TYPE_CHECKING

from reconciler.app.request import StackRequest
from reconciler.cli.context import check_patterns_of_plan, live_stack, plan_stack
from reconciler.cli.fleet import run_fleet, with_consents
from reconciler.cli.options import (
    OF_PLANS,
    add_cloud,
    add_consents,
    add_fleet,
    add_jobs,
    add_output,
    add_stacks,
    add_targets,
    add_variables,
    fleet_of,
    plan_options_of,
)
from reconciler.cli.output import Output
from reconciler.cli.saved_plans import seal_of_environment, seal_plan
from reconciler.model import Stack
from reconciler.problems import Exit, Refused

if TYPE_CHECKING:
    from reconciler.plan import PlanOptions

FIRINGS = 3  # of a schedule that -v shows
EXAMPLES = """\
  reconciler plan stacks/prod
  reconciler plan stacks/prod --detailed-exitcode
  reconciler plan stacks/prod -o text -o json=plan.json        save it for `apply plan.json`
  reconciler plan stacks/prod --summary                        the table of changes alone
  reconciler plan --target 'JobDefinition/*' -vv
  reconciler plan stacks/prod --trace-calls >plan.txt          stderr: a line for each call to AWS, and their number
  reconciler plan stacks/prod --allow-destroy=JobQueue/old     the options that apply will have
  reconciler plan stacks/prod -o text -o markdown="$GITHUB_STEP_SUMMARY"
  reconciler plan --all --changed-since origin/main            the deployments of reconciler.yaml
"""


def add(parser: ArgumentParser) -> None:
    add_stacks(parser)
    add_fleet(parser)
    add_targets(parser)
    parser.add_argument("--detailed-exitcode", action="store_true", help="exit 2 if there are changes")
    parser.add_argument("--summary", action="store_true", help="print the table of changes and the last line alone")
    add_consents(parser)
    add_jobs(parser)
    add_variables(parser)
    add_cloud(parser)
    add_output(parser, OF_PLANS)


def run(args: Namespace, out: Output) -> int:
    wanted = plan_options_of(args)
    return run_fleet(
        fleet_of(args),
        out,
        partial(_plan, wanted, has_detailed_exitcode=args.detailed_exitcode, is_summary=args.summary),
    )


def _plan(
    wanted: "PlanOptions", request: StackRequest, out: Output, *, has_detailed_exitcode: bool, is_summary: bool
) -> int:
    from reconciler.report.results import Planned
    from reconciler.report.text.plan import plan_page

    seal = seal_of_environment()
    wanted = with_consents(wanted, request.deployment.consents) if request.deployment else wanted
    read, session = live_stack(request, out.watch)
    plan = plan_stack(read, session, wanted)
    check_patterns_of_plan(request, plan, read.stack, session, out)
    shown = seal_plan(request, wanted, read, plan, seal)
    item = Planned(shown.plan, shown.fingerprint)
    firings = _firings(read.stack) if out.verbose and not is_summary else {}
    out.publish(
        lambda width: plan_page(
            shown.plan, width, out.verbose, shown.fingerprint, is_summary=is_summary, firings=firings
        ),
        lambda: shown.document,
        item,
    )
    if shown.refused:  # better reported in review than afterwards
        message = f"apply would refuse this plan: {shown.refused.message}"
        out.report_problem(
            Refused(message, problems=shown.refused.problems), () if is_summary else shown.shown_refusals
        )
        return Exit.REFUSED
    return Exit.CHANGES if has_detailed_exitcode and not plan.is_empty else Exit.DONE


def _firings(stack: Stack) -> dict[str, list[str]]:
    """Return when each schedule of a stack fires next, and what surprises about it. The plan does not depend on it."""
    from reconciler.kinds import KINDS

    timed = [
        (str(address), timing)
        for address, declared in stack.declared.items()
        if (kind := KINDS[address.kind]).timing and (timing := kind.timing(declared.spec))
    ]
    if not timed:
        return {}
    from datetime import datetime

    from reconciler.adapters.machine import utc_now
    from reconciler.schedule.firings import ActivePeriod, local_text, preview

    found = {}
    for schedule, timing in timed:
        dates = (datetime.fromisoformat(date) if date else None for date in (timing.start, timing.end))
        known = preview(timing.expression, timing.zone, utc_now(), FIRINGS, ActivePeriod(*dates))
        found[schedule] = [*map(local_text, known.next_local), *(f"note: {note}" for note in known.notes)]
    return found
