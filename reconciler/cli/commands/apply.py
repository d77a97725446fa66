"""`reconciler apply`."""

from argparse import ArgumentParser, Namespace

from reconciler.cli.options import (
    OF_OUTCOMES,
    add_cloud,
    add_consents,
    add_jobs,
    add_output,
    add_running,
    add_stacks,
    add_targets,
    add_variables,
)
from reconciler.cli.output import Output
from reconciler.cli.running import run_stack
from reconciler.cli.stacks import each_stack, wanted_of

HELP = "plan, ask, change, wait, and prove that nothing is left"
EXAMPLES = """\
  reconciler apply stacks/prod
  reconciler apply stacks/prod --yes --timeout 45m     in CI
  reconciler apply stacks/prod --allow-destroy=JobQueue/old --max-destroy 2
  reconciler apply --sandbox                           in a simulated AWS
"""


def add(parser: ArgumentParser) -> None:
    add_stacks(parser)
    add_targets(parser)
    add_consents(parser)
    add_jobs(parser)
    add_running(parser)
    add_variables(parser)
    add_cloud(parser)
    add_output(parser, OF_OUTCOMES)


def run(args: Namespace, out: Output) -> int:
    wanted = wanted_of(args)
    return each_stack(args, out, lambda path: run_stack(path, args, out, wanted), go_on=False)
