"""`reconciler apply`."""

from argparse import ArgumentParser, Namespace

from reconciler.cli.options import (
    OF_OUTCOMES,
    add_cloud,
    add_output,
    add_running,
    add_stacks,
    add_targets,
    add_variables,
)
from reconciler.cli.output import Output
from reconciler.cli.running import run_stack
from reconciler.cli.stacks import each_stack

HELP = "plan, ask, change, wait, and prove that nothing is left"
EXAMPLES = """\
  reconciler apply stacks/prod
  reconciler apply stacks/prod --yes --timeout 45m     in CI
  reconciler apply stacks/prod --yes -o jsonl          a line an event, for programs that follow
  reconciler apply --sandbox                           in a simulated AWS
"""


def add(parser: ArgumentParser) -> None:
    add_stacks(parser)
    add_targets(parser)
    parser.add_argument("--adopt", action="store_true", help="take over live resources that nobody owns")
    add_running(parser)
    add_variables(parser)
    add_cloud(parser)
    add_output(parser, OF_OUTCOMES)


def run(args: Namespace, out: Output) -> int:
    from reconciler.plan import Wanted

    wanted = Wanted(adopt=args.adopt, targets=tuple(args.target))
    return each_stack(args, out, lambda path: run_stack(path, args, out, wanted, "Apply change"), go_on=False)
