"""`reconciler forget`."""

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
  reconciler forget stacks/prod
  reconciler forget stacks/prod --target JobQueue/pricing --yes

Nothing is deleted and no job is affected, so preventDestroy does not matter here. Afterwards the resources have no
owner: `reconciler adopt` can take them into a stack again.
"""


def add(parser: ArgumentParser) -> None:
    add_stacks(parser)
    add_targets(parser)
    add_running(parser)
    add_variables(parser)
    add_cloud(parser)
    add_output(parser, OF_REMOVALS)


def run(args: Namespace, out: Output) -> int:
    from reconciler.plan import PlanOptions

    wanted = PlanOptions(forget=True, targets=tuple(args.target))
    options, requests = run_options_of(args), stacks_of(args)
    stacks = check_patterns(requests[0].patterns, requests, out)
    return run_each(stacks, out, lambda request: run_stack(Job(request, wanted), options, out), keeps_going=False)
