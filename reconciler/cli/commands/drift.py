"""`reconciler drift`."""

import shlex
from argparse import ArgumentParser, Namespace
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from reconciler.app.request import StackRequest
from reconciler.cli.context import check_patterns_of_plan, live_stack, plan_stack
from reconciler.cli.fleet import run_fleet
from reconciler.cli.options import (
    FILE,
    OF_PLANS,
    add_cloud,
    add_fleet,
    add_output,
    add_stacks,
    add_targets,
    add_variables,
    fleet_of,
    plan_options_of,
    words_of,
)
from reconciler.cli.output import Output
from reconciler.problems import Exit

if TYPE_CHECKING:
    from reconciler.calls import Paces
    from reconciler.plan import PlanOptions
    from reconciler.report.results import Drift
    from reconciler.report.text.drift import DriftCommands

TARGETS = 3  # resources that a command names
EXAMPLES = """\
  reconciler drift stacks/*
  reconciler drift stacks/prod -o json
  reconciler drift stacks/prod -o text -o github     annotations in GitHub Actions
  reconciler drift stacks/prod -v                    also ignored fields, and why
  reconciler drift stacks/prod --who                 also who changed it, when and with which tool
  reconciler drift --all --shard 1/4                 a fourth of the deployments of reconciler.yaml

tiers:
  changed      an applied field has a different value
  undeclared   a field that is not declared was added or changed
  missing      declared, and not live
  unhealthy    INVALID, disabled outside this stack, or a queue with no working environment
  foreign      a resource with a declared name that this stack does not own
"""


def add(parser: ArgumentParser) -> None:
    add_stacks(parser)
    add_fleet(parser)
    add_targets(parser)
    parser.add_argument(
        "--exit-zero",
        action="store_true",
        help="exit 0 even if drift is found; errors still fail",
    )
    parser.add_argument(
        "--who", action="store_true", help="show who changed what, from CloudTrail (requires cloudtrail:LookupEvents)"
    )
    add_variables(parser)
    add_cloud(parser)
    add_output(parser, OF_PLANS)


def run(args: Namespace, out: Output) -> int:
    from reconciler.calls import Paces
    from reconciler.inspect.who import PER_SECOND

    fleet = fleet_of(args)
    paces = Paces(PER_SECOND) if args.who else None
    work = partial(_drift, plan_options_of(args), fleet.file, exits_zero=args.exit_zero, paces=paces)
    return run_fleet(fleet, out, work)


def _drift(
    wanted: "PlanOptions",
    deployment_file: str | None,
    request: StackRequest,
    out: Output,
    *,
    exits_zero: bool,
    paces: "Paces | None",
) -> int:
    """`paces` are those of CloudTrail; None: it is not asked."""
    from reconciler.adapters.machine import utc_now
    from reconciler.app.usecases import find_authors
    from reconciler.inspect.who import drift_questions
    from reconciler.redact.presented import present, present_authors
    from reconciler.report.json import drift_json
    from reconciler.report.results import drift_of
    from reconciler.report.text.drift import drift_page

    read, session = live_stack(request, out.watch)
    plan = plan_stack(read, session, replace(wanted, guards=False))
    check_patterns_of_plan(request, plan, read.stack, session, out)
    authors = None
    if paces:
        found = find_authors(session, tuple(drift_questions(plan.changes)), paces, utc_now().timestamp())
        authors = present_authors(found, read.secrets)
    drift = drift_of(present(plan, read.secrets), authors)
    commands = _commands(drift, request, deployment_file)
    out.publish(lambda width: drift_page(drift, width, out.verbose, commands), lambda: drift_json(drift), drift)
    return Exit.DONE if drift.is_none or exits_zero else Exit.CHANGES


def _commands(drift: "Drift", request: StackRequest, deployment_file: str | None) -> "DriftCommands":
    from reconciler.report.text.drift import DriftCommands

    where = words_of(request)
    consent: tuple[str, ...] = ()
    if request.deployment and deployment_file:
        every = "--all" if deployment_file == FILE else f"--all={deployment_file}"
        sandbox = [word for word in where if word.startswith("--sandbox")]
        where = (every, f"--env={request.deployment.environment}", request.path, *sandbox)
        consent = ("--yes",)  # `apply --all` does not prompt
    addresses = [str(change.address) for change in drift.undoable]
    named = addresses if len(addresses) <= TARGETS else []  # more than that is the stack
    chosen = [word for address in named for word in ("--target", address)]
    return DriftCommands(
        undo=shlex.join(("reconciler", "apply", *where, *chosen, *consent)),
        check=shlex.join(("reconciler", "plan", *where, *chosen)),
    )
