"""`reconciler placement`."""

from argparse import ArgumentParser, Namespace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from reconciler.app.request import StackRequest
from reconciler.cli.context import Read, read_stack, run_each
from reconciler.cli.options import (
    EVERYWHERE,
    add_ignored_sandbox,
    add_output,
    add_stacks,
    add_variables,
    stacks_of,
)
from reconciler.cli.output import Output
from reconciler.problems import Exit, InvalidStack, Severity, WrongUsage

if TYPE_CHECKING:
    from reconciler.placement.queues import StackPlacement

EXAMPLES = """\
  reconciler placement stacks/prod
  reconciler placement stacks/prod --job-definition pricing -v
  reconciler placement stacks/prod --queue "urgent*" -o json
  reconciler placement stacks/prod -o text -o markdown="$GITHUB_STEP_SUMMARY"

It is offline. Exit code 5: a definition can start on no queue of the stack, or not on one that lifecycle.runsOn names.
"""
PROVED_HERE = ("JD702", "SJ701")  # errors of `validate`, which are this command's result


def add(parser: ArgumentParser) -> None:
    add_stacks(parser)
    parser.add_argument(
        "--job-definition", metavar="NAME", default="*", help="only these job definitions; * and ? are wildcards"
    )
    parser.add_argument("--queue", metavar="NAME", default="*", help="only these queues; * and ? are wildcards")
    add_variables(parser)
    add_ignored_sandbox(parser)
    add_output(parser, (*EVERYWHERE, "markdown"))


def run(args: Namespace, out: Output) -> int:
    definitions, queues = args.job_definition, args.queue
    return run_each(stacks_of(args), out, lambda request: _placement(request, definitions, queues, out))


def _placement(request: StackRequest, definitions: str, queues: str, out: Output) -> int:
    from reconciler.placement.catalogue import catalogue
    from reconciler.placement.queues import place_stack, pool_of_stack
    from reconciler.redact.presented import present_placement
    from reconciler.report.placement import placement_json, placement_page
    from reconciler.report.results import Placed

    read = _readable(request)
    placed = place_stack(read.stack, pool_of_stack(read.stack, catalogue()))
    chosen = placed.only(lambda name: fnmatchcase(name, definitions), lambda name: fnmatchcase(name, queues))
    _check_chosen(placed, chosen, definitions, queues)
    shown = present_placement(chosen, read.secrets)
    out.publish(lambda width: placement_page(shown, width, out.verbose), lambda: placement_json(shown), Placed(shown))
    return Exit.REFUSED if chosen.is_proved_impossible else Exit.DONE


def _readable(request: StackRequest) -> Read:
    """Return a stack that is valid but for what this command proves."""
    read = read_stack(request)
    if any(each.severity is Severity.ERROR and each.code not in PROVED_HERE for each in read.problems):
        raise InvalidStack(read.problems)
    return read


def _check_chosen(placed: "StackPlacement", chosen: "StackPlacement", definitions: str, queues: str) -> None:
    if chosen.definitions or (definitions, queues) == ("*", "*"):
        return
    names = ", ".join(sorted(each.name for each in placed.definitions)) or "none"
    raise WrongUsage(
        f"no job definition {definitions} is judged on a queue {queues} of the stack", hint=f"it declares {names}"
    )
