"""`reconciler destroy`."""

from argparse import ArgumentParser, Namespace

from reconciler.cli.options import (
    OF_REMOVALS,
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

HELP = "remove what the stack owns"
EXAMPLES = """\
  reconciler destroy stacks/dev
  reconciler destroy stacks/dev --target JobQueue/old
"""


def add(parser: ArgumentParser) -> None:
    add_stacks(parser)
    add_targets(parser)
    add_running(parser)
    add_variables(parser)
    add_cloud(parser)
    add_output(parser, OF_REMOVALS)


def run(args: Namespace, out: Output) -> int:
    from reconciler.plan import Wanted

    wanted = Wanted(destroy=True, targets=tuple(args.target))
    return each_stack(args, out, lambda path: run_stack(path, args, out, wanted, "Destroy resource"), go_on=False)
