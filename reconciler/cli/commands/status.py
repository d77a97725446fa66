"""`reconciler status`."""

import shlex
from argparse import ArgumentParser, Namespace
from functools import partial

from reconciler.app.request import StackRequest
from reconciler.cli.context import live_stack, with_installed_sdk
from reconciler.cli.fleet import run_fleet
from reconciler.cli.options import add_cloud, add_fleet, add_output, add_stacks, add_variables, fleet_of, words_of
from reconciler.cli.output import Output
from reconciler.problems import Exit

EXAMPLES = """\
  reconciler status stacks/*
  reconciler status stacks/prod -o json
  reconciler status stacks/prod --no-jobs     saves five calls for each queue
  reconciler status --all

health (AWS's status in capitals):
  VALID, ACTIVE, live      it works; live: AWS reports no status of this kind
  CREATING, UPDATING       a change is in progress
  INVALID, DELETING        it does not work; `reconciler doctor` explains why
  DISABLED                 declared so, or disabled outside this stack, which is unhealthy
  BLOCKED                  a queue with no working environment
  missing, foreign         declared, but not live, or not owned by this stack

sync:
  in sync                  as declared
  drifted, pending         changed outside this stack, or declared and not applied yet
  not declared             owned by this stack, and deleted by the next apply
  -                        not owned by this stack

Resources that need attention come first. Exit code 8: one of them is not healthy.
"""


def add(parser: ArgumentParser) -> None:
    add_stacks(parser)
    add_fleet(parser)
    parser.add_argument("--no-jobs", action="store_true", help="do not count the jobs in queues")
    add_variables(parser)
    add_cloud(parser)
    add_output(parser)


def run(args: Namespace, out: Output) -> int:
    return run_fleet(fleet_of(args), out, partial(_status, has_jobs=not args.no_jobs))


def _status(request: StackRequest, out: Output, *, has_jobs: bool) -> int:
    from reconciler.app import usecases
    from reconciler.plan import PlanOptions
    from reconciler.redact.presented import present_status
    from reconciler.report.json import status_json
    from reconciler.report.results import StatusShown
    from reconciler.report.text.inspect import StatusCommands, status_page

    read, session = live_stack(request, out.watch)
    with read.secrets.kept():
        status = usecases.status(read.stack, session, with_installed_sdk(PlanOptions()), jobs=has_jobs)
    shown = present_status(status, read.secrets)
    words = words_of(request)
    commands = StatusCommands(*(shlex.join(("reconciler", command, *words)) for command in ("doctor", "drift")))
    out.publish(  # `doctor` reads a deployment of a file only by its path
        lambda width: status_page(shown, width, out.verbose, None if request.deployment else commands),
        lambda: status_json(shown),
        StatusShown(shown),
    )
    return Exit.DONE if status.is_healthy else Exit.UNHEALTHY
