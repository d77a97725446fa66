"""`reconciler plan`."""

from argparse import ArgumentParser, Namespace

from reconciler.cli.options import add_cloud, add_output, add_stacks, add_targets, add_variables
from reconciler.cli.output import Output
from reconciler.cli.stacks import each_stack, live_stack
from reconciler.model import Plan, Stack
from reconciler.problems import Exit, Refused

HELP = "show what apply would change, and what it costs"
EXAMPLES = """\
  reconciler plan stacks/prod
  reconciler plan stacks/prod --detailed-exitcode -o json=plan.json
  reconciler plan --target 'JobDefinition/*' -vv
"""


def add(parser: ArgumentParser) -> None:
    add_stacks(parser)
    add_targets(parser)
    parser.add_argument("--adopt", action="store_true", help="take over live resources that nobody owns")
    parser.add_argument("--detailed-exitcode", action="store_true", help="exit 2 if there are changes")
    add_variables(parser)
    add_cloud(parser)
    add_output(parser)


def run(args: Namespace, out: Output) -> int:
    return each_stack(args, out, lambda path: _plan(path, args, out))


def _plan(path: str, args: Namespace, out: Output) -> int:
    from reconciler import workflow
    from reconciler.plan import Wanted
    from reconciler.report.documents import plan_json
    from reconciler.report.plan_text import plan_page

    read, sky = live_stack(path, args)
    plan = workflow.plan(read.stack, sky.cloud, Wanted(adopt=args.adopt, targets=tuple(args.target)))
    shown = read.secrets.plan(plan)
    out.publish(lambda width: plan_page(shown, width, args.verbose), lambda: plan_json(shown))
    if _is_refused(read.stack, plan, out):
        return Exit.REFUSED
    return Exit.CHANGES if args.detailed_exitcode and not plan.is_empty else Exit.DONE


def _is_refused(stack: Stack, plan: Plan, out: Output) -> bool:
    """Whether apply would refuse this plan: better told in review than afterwards."""
    from reconciler.guard import check_plan
    from reconciler.report.problems_text import stopped_page

    try:
        check_plan(stack, plan)
    except Refused as refused:
        said = Refused(f"apply would refuse this plan: {refused.message}", problems=refused.problems)
        out.tell(lambda width: stopped_page(said, width, plan.refusals))
        return True
    return False
