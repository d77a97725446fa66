"""`reconciler plan`."""

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from reconciler.cli.options import (
    OF_PLANS,
    add_cloud,
    add_consents,
    add_jobs,
    add_output,
    add_stacks,
    add_targets,
    add_variables,
)
from reconciler.cli.output import Output
from reconciler.cli.stacks import each_stack, live_stack, planned, wanted_of
from reconciler.model import Plan, Stack
from reconciler.problems import Exit, Refused

if TYPE_CHECKING:
    from reconciler.plan import Wanted

HELP = "show what apply would change, and what it costs"
EXAMPLES = """\
  reconciler plan stacks/prod
  reconciler plan stacks/prod --detailed-exitcode -o json=plan.json
  reconciler plan --target 'JobDefinition/*' -vv
  reconciler plan stacks/prod --allow-destroy=JobQueue/old     the consents that apply will be given
  reconciler plan stacks/prod -o text -o markdown="$GITHUB_STEP_SUMMARY"
"""


def add(parser: ArgumentParser) -> None:
    add_stacks(parser)
    add_targets(parser)
    parser.add_argument("--detailed-exitcode", action="store_true", help="exit 2 if there are changes")
    add_consents(parser)
    add_jobs(parser)
    add_variables(parser)
    add_cloud(parser)
    add_output(parser, OF_PLANS)


def run(args: Namespace, out: Output) -> int:
    return each_stack(args, out, lambda path: _plan(path, args, out))


def _plan(path: str, args: Namespace, out: Output) -> int:
    from reconciler.report.documents import plan_json
    from reconciler.report.items import Planned
    from reconciler.report.plan_text import plan_page
    from reconciler.report.problems_text import stopped_page

    read, sky = live_stack(path, args)
    wanted = wanted_of(args)
    plan = planned(read, sky, wanted)
    shown = read.secrets.plan(plan)
    refused = _refused(read.stack, shown, wanted)
    item = Planned(shown, refused.problems if refused else ())
    out.publish(lambda width: plan_page(shown, width, args.verbose), lambda: plan_json(shown, item.refusals), item)
    if refused:
        out.tell(lambda width: stopped_page(refused, width, shown.refusals))
        return Exit.REFUSED
    return Exit.CHANGES if args.detailed_exitcode and not plan.is_empty else Exit.DONE


def _refused(stack: Stack, plan: Plan, wanted: "Wanted") -> Refused | None:
    """Return why apply would refuse this plan: better told in review than afterwards."""
    from reconciler.guard import check_plan

    try:
        check_plan(stack, plan, wanted)
    except Refused as refused:
        return Refused(f"apply would refuse this plan: {refused.message}", problems=refused.problems)
    return None
