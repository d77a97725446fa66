"""`reconciler sandbox`."""

import re
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace, RawDescriptionHelpFormatter
from pathlib import Path

from reconciler.cli import sandbox
from reconciler.cli.options import add_output, file_name, port
from reconciler.cli.output import Output
from reconciler.cli.sandbox import add_file, file_of
from reconciler.problems import Exit, WrongUsage

EXAMPLES = """\
  reconciler sandbox serve --port 5055
  AWS_ENDPOINT_URL=http://127.0.0.1:5055 aws batch describe-job-queues
  reconciler sandbox drift ComputeEnvironment/spot maxvCpus=512
  reconciler sandbox submit pricing simulate --count 20 --seconds 10m
  reconciler sandbox break ComputeEnvironment/spot --invalid
  reconciler sandbox tick 30m
  reconciler sandbox reset

It is kept in a file between commands, .reconciler/sandbox.json unless --file names another; it is the one that
`--sandbox` uses. `reconciler sandbox ACTION --help` has examples of each action.
"""
SERVE = """\
examples:
  reconciler sandbox serve
  AWS_ENDPOINT_URL=http://127.0.0.1:5055 AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=x aws batch describe-job-queues
  reconciler sandbox serve --port 0 --file /tmp/sandbox.json --latency 0.05
  reconciler sandbox serve --instant            for test suites: resources settle and jobs end without delay
  reconciler sandbox serve --iam apply.json     callers may do what `iam-policy -o json=apply.json` allows, and no more

AWS Batch is answered by the simulator; STS, EC2, IAM, ECR, SSM, Secrets Manager, CloudFormation, EventBridge,
CloudWatch Logs and the Resource Groups Tagging API by moto (pip install 'batch-reconciler[sandbox]'). Batch is kept in
the file, the others are gone when the server ends. What is not served is refused by name, and the server opens no
connection itself. Any credentials do; those that AssumeRole gives work in the account of the role.

`POST /_sandbox/reset` deletes everything, as `POST /moto-api/reset` does, for suites that run on moto's server.

Requests have to be for localhost, 127.0.0.1 or [::1] with the server's port. Requests of web pages are refused.
"""
RESET = """\
examples:
  reconciler sandbox reset
  reconciler sandbox reset --file other.json

A `sandbox serve` on the same file sees it. What was broken is repaired, too.
"""


def add(parser: ArgumentParser) -> None:
    actions = parser.add_subparsers(metavar="ACTION", title="actions", required=True)
    for name, says, arguments, work in ACTIONS:
        action = actions.add_parser(name, help=says, description=f"{says[0].upper()}{says[1:]}.", allow_abbrev=False)
        action.formatter_class = RawDescriptionHelpFormatter
        arguments(action)
        action.set_defaults(work=work, parser=action)


def _seconds(text: str) -> float:
    if not re.fullmatch(r"\d+(\.\d+)?", text):
        raise ArgumentTypeError(f"{text!r} is not a number of seconds")
    return float(text)


def run(args: Namespace, out: Output) -> int:
    return int(args.work(args, out))


def _add_serving(parser: ArgumentParser) -> None:
    parser.epilog = SERVE
    parser.add_argument("--port", type=port, default=5055, help="0 takes a free one (default: 5055)")
    parser.add_argument("--latency", type=_seconds, default=0.0, metavar="SECONDS", help="added to every answer")
    parser.add_argument(
        "--instant", action="store_true", help="settle resources and end jobs without delay, unless a job says how long"
    )
    parser.add_argument(
        "--iam", metavar="FILE", type=file_name, help="a policy: what it does not allow in Batch is denied"
    )
    add_file(parser)


def _add_reset(parser: ArgumentParser) -> None:
    parser.epilog = RESET
    add_file(parser)
    add_output(parser)


def _serve(args: Namespace, _out: Output) -> int:
    from reconciler.sandbox.core.clock import INSTANT
    from reconciler.sandbox.core.iam import policy_in
    from reconciler.sandbox.server.http import serve
    from reconciler.sandbox.session import open_sandbox

    def ready(url: str) -> None:
        sys.stdout.write(f"Serving AWS Batch at {url}\n")
        sys.stderr.write(f"Use it with AWS_ENDPOINT_URL={url} and any credentials. Ctrl-C ends it.\n")
        sys.stdout.flush()

    try:
        simulator = open_sandbox(file_of(args), timings=INSTANT if args.instant else None)
        simulator.policy = policy_in(args.iam) if args.iam else None
        serve(simulator, args.port, latency=args.latency, ready=ready)
    except KeyboardInterrupt:
        return Exit.DONE
    except OSError as error:
        raise WrongUsage(
            f"cannot listen on port {args.port}: {error.strerror}", hint="choose another --port"
        ) from error
    return Exit.DONE


def _reset(args: Namespace, out: Output) -> int:
    from reconciler.report.text.page import Page

    file = Path(file_of(args))
    known = file.exists()
    if known:
        _check_is_sandbox(str(file))
        file.unlink()

    def page(width: int) -> Page:
        lines = Page(width)
        lines.line(f"{file}: {'forgotten' if known else 'nothing to forget'}")
        return lines

    out.publish(page, lambda: {"file": str(file), "reset": known})
    return Exit.DONE


def _check_is_sandbox(file: str) -> None:
    """Raises `Stopped` for a file that is not a sandbox's: it must not be deleted."""
    from reconciler.sandbox.session import open_sandbox

    open_sandbox(file)


ACTIONS = (
    ("serve", "offer the sandbox over HTTP, on this machine only", _add_serving, _serve),
    (
        "drift",
        "change a live resource as somebody else would, behind the stack's back",
        sandbox.add_drift,
        sandbox.drift,
    ),
    ("submit", "submit jobs: a queue gets busy, and drains", sandbox.add_submit, sandbox.submit),
    (
        "break",
        "break something on purpose: resources, roles, calls, answers, patience",
        sandbox.add_break,
        sandbox.break_,
    ),
    ("tick", "turn the sandbox's clock forward", sandbox.add_tick, sandbox.tick),
    ("reset", "forget every resource of the sandbox", _add_reset, _reset),
)
