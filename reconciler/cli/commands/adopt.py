"""`reconciler adopt`."""

from argparse import ArgumentParser, Namespace

from reconciler.cli.context import check_patterns, run_each
from reconciler.cli.options import (
    OF_REMOVALS,
    add_cloud,
    add_output,
    add_running,
    add_stacks,
    add_targets,
    add_variables,
    run_options_of,
    stacks_of,
)
from reconciler.cli.output import Output
from reconciler.cli.run import run_stack
from reconciler.cli.saved_plans import Job

EXAMPLES = """\
  reconciler adopt stacks/prod
  reconciler adopt stacks/prod --target 'JobQueue/*' --yes
  reconciler adopt stacks/prod --released old-stack     that CloudFormation stack retained and dropped them
  reconciler adopt stacks/prod --and-change             and apply the YAML; `apply --adopt` has more options

No job is affected: a resource gets three tags at most. If anything else would change, the plan is shown and refused
(exit 5); `reconciler import --live` writes YAML that changes nothing. Resources of a different stack or of
CloudFormation are refused, and the owner is named. `reconciler forget` is the reverse.
"""


def add(parser: ArgumentParser) -> None:
    add_stacks(parser)
    add_targets(parser)
    parser.add_argument("--and-change", action="store_true", help="also change resources that differ from the YAML")
    parser.add_argument(
        "--released",
        action="append",
        default=[],
        metavar="STACK",
        help="a CloudFormation stack that no longer manages these resources, although its tags remain; repeatable",
    )
    add_running(parser)
    add_variables(parser)
    add_cloud(parser)
    add_output(parser, OF_REMOVALS)


def run(args: Namespace, out: Output) -> int:
    from reconciler.plan import PlanOptions

    wanted = PlanOptions(
        adopt=True,
        tags_alone=not args.and_change,
        released=tuple(args.released),
        targets=tuple(args.target),
    )
    options, requests = run_options_of(args), stacks_of(args)
    stacks = check_patterns(requests[0].patterns, requests, out)
    return run_each(stacks, out, lambda request: run_stack(Job(request, wanted), options, out), keeps_going=False)
