"""`reconciler plan`."""

from argparse import ArgumentParser, Namespace

from reconciler.cli.context import live_stack, planned, wanted_of
from reconciler.cli.fleet import add_fleet, each_place
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
from reconciler.cli.patterns import StackPlace, check_one
from reconciler.cli.saved_plans import seal_of_environment, seal_plan
from reconciler.problems import Exit, Refused

EXAMPLES = """\
  reconciler plan stacks/prod
  reconciler plan stacks/prod --detailed-exitcode
  reconciler plan stacks/prod -o text -o json=plan.json        keep it, for `apply plan.json`
  reconciler plan --target 'JobDefinition/*' -vv
  reconciler plan stacks/prod -v >plan.txt                     stderr: a line a call to AWS, and what the run has cost
  reconciler plan stacks/prod --allow-destroy=JobQueue/old     the consents that apply will be given
  reconciler plan stacks/prod -o text -o markdown="$GITHUB_STEP_SUMMARY"
  reconciler plan --all --changed-since origin/main            the targets of reconciler.yaml
"""


def add(parser: ArgumentParser) -> None:
    add_stacks(parser)
    add_fleet(parser)
    add_targets(parser)
    parser.add_argument("--detailed-exitcode", action="store_true", help="exit 2 if there are changes")
    add_consents(parser)
    add_jobs(parser)
    add_variables(parser)
    add_cloud(parser)
    add_output(parser, OF_PLANS)


def run(args: Namespace, out: Output) -> int:
    return each_place(args, out, _plan)


def _plan(path: str, args: Namespace, out: Output) -> int:
    from reconciler.report.results import Planned
    from reconciler.report.text.plan import plan_page

    wanted, seal = wanted_of(args), seal_of_environment()
    read, sky = live_stack(path, args)
    plan = planned(read, sky, wanted, args.observer)
    check_one(args, plan, StackPlace(path, read.stack, sky.cloud), out)
    shown = seal_plan(path, args, wanted, read, plan, seal)
    item = Planned(shown.plan, shown.fingerprint)
    out.publish(
        lambda width: plan_page(shown.plan, width, args.verbose, shown.fingerprint), lambda: shown.document, item
    )
    if shown.refused:  # better told in review than afterwards
        message = f"apply would refuse this plan: {shown.refused.message}"
        out.complain(Refused(message, problems=shown.refused.problems), shown.told)
        return Exit.REFUSED
    return Exit.CHANGES if args.detailed_exitcode and not plan.is_empty else Exit.DONE
