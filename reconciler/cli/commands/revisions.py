"""`reconciler revisions`."""

from argparse import ArgumentParser, Namespace

from reconciler.app.request import HERE, Session, StackRequest
from reconciler.cli.context import Read, live_stack, no_stack, with_former
from reconciler.cli.options import add_cloud, add_one_stack, add_output, add_variables, stack_of
from reconciler.cli.output import Output
from reconciler.problems import Exit, WrongUsage

EXAMPLES = """\
  reconciler revisions simulate stacks/prod
  reconciler revisions JobDefinition/simulate --inactive -v    also inactive ones, and everything that each changed
  reconciler revisions nightly-report --live              of any job definition, without a stack

`jobs` counts those that are SUBMITTED, PENDING, RUNNABLE, STARTING or RUNNING; an array counts as one. AWS reports no
dates of revisions. `applied` is the digest that apply wrote, or the number that a rollback restored.
"""


def add(parser: ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="name in the YAML or in AWS, or JobDefinition/NAME")
    add_one_stack(parser)
    parser.add_argument("--inactive", action="store_true", help="also inactive revisions, which AWS keeps for 180 days")
    parser.add_argument("--live", action="store_true", help="read no stack: NAME is the name in AWS")
    add_variables(parser)
    add_cloud(parser)
    add_output(parser)


def run(args: Namespace, out: Output) -> int:
    from reconciler.app import usecases
    from reconciler.inspect.history import revisions_of
    from reconciler.redact.presented import present_history
    from reconciler.report.json import history_json
    from reconciler.report.text.inspect import history_page

    request = stack_of(args)
    read, session = _unread_stack(request, out) if args.live else live_stack(request, out.watch)
    with read.secrets.kept(), session.observer.phase("read"):
        history = usecases.history(read.stack, session, args.name, inactive=args.inactive, users=True)
    shown = present_history(history, revisions_of(history), with_former(read, history).secrets)
    out.publish(lambda width: history_page(shown, width, out.verbose), lambda: history_json(shown))
    return Exit.DONE


def _unread_stack(request: StackRequest, out: Output) -> tuple[Read, Session]:
    if request.path != HERE:
        raise WrongUsage(f"--live reads no stack, but {request.path} is given", hint="drop one of them")
    return no_stack(request, out.watch)
