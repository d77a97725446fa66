"""`reconciler drift`."""

from argparse import ArgumentParser, Namespace

from reconciler.cli.context import live_stack, planned
from reconciler.cli.fleet import add_fleet, each_place
from reconciler.cli.options import OF_PLANS, add_cloud, add_output, add_stacks, add_targets, add_variables
from reconciler.cli.output import Output
from reconciler.cli.patterns import StackPlace, check_one
from reconciler.problems import Exit

EXAMPLES = """\
  reconciler drift stacks/*
  reconciler drift stacks/prod -o json
  reconciler drift stacks/prod -o text -o github     annotations in GitHub Actions
  reconciler drift stacks/prod -v                    also what is ignored, and why
  reconciler drift --all --shard 1/4                 a fourth of the targets of reconciler.yaml

tiers:
  changed      a member that was applied is different now
  undeclared   a member that nobody declared has appeared or moved
  missing      declared, and not live
  unhealthy    INVALID, disabled by somebody, or a queue of which no environment works
  foreign      a resource of a declared name that this stack does not own
"""


def add(parser: ArgumentParser) -> None:
    add_stacks(parser)
    add_fleet(parser)
    add_targets(parser)
    parser.add_argument(
        "--exit-zero",
        action="store_true",
        help="drift exits 0, too: for jobs that others wait for; failures keep theirs",
    )
    add_variables(parser)
    add_cloud(parser)
    add_output(parser, OF_PLANS)


def run(args: Namespace, out: Output) -> int:
    return each_place(args, out, _drift)


def _drift(path: str, args: Namespace, out: Output) -> int:
    from reconciler.plan import PlanOptions
    from reconciler.redact.presented import present
    from reconciler.report.drift import drift_of
    from reconciler.report.json import drift_json
    from reconciler.report.text.drift import drift_page

    read, sky = live_stack(path, args)
    plan = planned(read, sky, PlanOptions(targets=tuple(args.target)), args.observer)
    check_one(args, plan, StackPlace(path, read.stack, sky.cloud), out)
    drift = drift_of(present(plan, read.secrets))
    out.publish(lambda width: drift_page(drift, width, args.verbose), lambda: drift_json(drift), drift)
    return Exit.DONE if drift.is_none or args.exit_zero else Exit.CHANGES
