"""`reconciler revisions`."""

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from reconciler.cli.context import Read, live_stack, with_former
from reconciler.cli.options import add_cloud, add_one_stack, add_output, add_variables
from reconciler.cli.output import Output
from reconciler.problems import Exit, WrongUsage

if TYPE_CHECKING:
    from reconciler.cli.clients import Clients

EXAMPLES = """\
  reconciler revisions simulate stacks/prod
  reconciler revisions JobDefinition/simulate --all -v    inactive ones, and all that each changed
  reconciler revisions nightly-report --live              of any job definition, without a stack

`jobs` counts those that are SUBMITTED, PENDING, RUNNABLE, STARTING or RUNNING; an array is one. Of revisions AWS tells
no dates. `applied` is <digest> for what apply registered, or the revision that a rollback went back to.
"""


def add(parser: ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="its name in the YAML or in AWS, or JobDefinition/NAME")
    add_one_stack(parser)
    parser.add_argument("--all", action="store_true", help="inactive ones, too, which AWS keeps for 180 days")
    parser.add_argument("--live", action="store_true", help="no stack is read, NAME is the one in AWS")
    add_variables(parser)
    add_cloud(parser)
    add_output(parser)


def run(args: Namespace, out: Output) -> int:
    from reconciler.app import usecases
    from reconciler.inspect.history import entries
    from reconciler.redact.presented import present_history
    from reconciler.report.json import history_json
    from reconciler.report.text.history import history_page

    read, sky = _no_stack(args) if args.live else live_stack(args.stacks[0], args)
    with read.secrets.kept(), args.observer.phase("read"):
        history = usecases.history(read.stack, sky.cloud, args.name, inactive=args.all, users=True)
    shown = present_history(history, entries(history), with_former(read, history).secrets)
    out.publish(lambda width: history_page(shown, width, args.verbose), lambda: history_json(shown))
    return Exit.DONE


def _no_stack(args: Namespace) -> "tuple[Read, Clients]":
    from reconciler.cli.clients import sky_for
    from reconciler.model import Stack
    from reconciler.redact.secrets import Secrets

    if args.stacks != ["."]:
        raise WrongUsage(f"--live reads no stack, but {args.stacks[0]} is given", hint="leave one of the two out")
    nobody = Stack("", {})
    return Read(nobody, (), Secrets()), sky_for(nobody, args)
