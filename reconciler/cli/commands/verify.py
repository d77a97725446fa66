"""`reconciler verify`."""

from argparse import ArgumentParser, Namespace
from functools import partial

from reconciler.app.request import StackRequest
from reconciler.cli.context import live_stack
from reconciler.cli.fleet import run_fleet
from reconciler.cli.options import OF_FINDINGS, add_cloud, add_fleet, add_output, add_stacks, add_variables, fleet_of
from reconciler.cli.output import Output
from reconciler.problems import CloudError, Denied, Exit

EXAMPLES = """\
  reconciler verify stacks/prod
  reconciler verify stacks/prod -v              also lists what is ok
  reconciler verify stacks/prod --strict        also fails for what cannot be seen
  reconciler verify --all -o text -o junit=verify.xml
  reconciler iam-policy stacks/prod --for verify

It reads from AWS and writes nothing; values of secrets and parameters are not read. Each finding is one of

  ok         AWS has it, and it fits; a warning is ok, too, and worth reading
  fail       AWS says that it does not exist or cannot work
  unknown    it cannot be seen: no permission, a different account, a registry other than ECR

Exit code 5: something fails. Exit code 4: the account of the stack cannot be reached.
"""


def add(parser: ArgumentParser) -> None:
    add_stacks(parser)
    add_fleet(parser)
    parser.add_argument("--strict", action="store_true", help="also exit 5 if something is unknown")
    add_variables(parser)
    add_cloud(parser)
    add_output(parser, (*OF_FINDINGS, "markdown"))


def run(args: Namespace, out: Output) -> int:
    return run_fleet(fleet_of(args), out, partial(_verify, strict=args.strict))


def _verify(request: StackRequest, out: Output, *, strict: bool) -> int:
    from reconciler.cli.run import verify
    from reconciler.report.results import StackVerified
    from reconciler.report.verify import verify_json, verify_page

    try:
        read, session = live_stack(request, out.watch, goes_on=True)
        verification, shown = verify(request, read, session)
    except CloudError as error:  # of the identity: all other failures are findings
        raise Denied(f"the account of the stack cannot be reached: {error.told}", hint=error.hint) from error
    out.publish(
        lambda width: verify_page(shown, width, out.verbose),
        lambda: verify_json(shown),
        StackVerified(request.path, shown),
    )
    return Exit.REFUSED if verification.is_refused(strict=strict) else Exit.DONE
