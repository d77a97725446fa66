"""`reconciler sandbox`."""

import re
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace, RawDescriptionHelpFormatter
from pathlib import Path

from reconciler.cli import mishaps, submitting
from reconciler.cli.options import add_output, port
from reconciler.cli.output import Output
from reconciler.problems import Exit, WrongUsage

HELP = "serve the simulated AWS, keep it busy, see what goes wrong in it, or empty it"
EXAMPLES = """\
  reconciler sandbox serve --port 5055
  AWS_ENDPOINT_URL=http://127.0.0.1:5055 aws batch describe-job-queues
  reconciler sandbox drift ComputeEnvironment/spot maxvCpus=512
  reconciler sandbox submit pricing simulate --count 20 --seconds 10m
  reconciler sandbox break --missing-role ecsInstanceRole
  reconciler sandbox tick 30m
  reconciler sandbox reset
"""
DEFAULT_FILE = ".reconciler/sandbox.json"


def add(parser: ArgumentParser) -> None:
    actions = parser.add_subparsers(metavar="ACTION", title="actions", required=True)
    for name, says, arguments, work in ACTIONS:
        action = actions.add_parser(name, help=says, description=f"{says[0].upper()}{says[1:]}.", allow_abbrev=False)
        action.formatter_class = RawDescriptionHelpFormatter
        arguments(action)
        action.add_argument("--file", default=DEFAULT_FILE, help=f"where it is kept (default: {DEFAULT_FILE})")
        action.set_defaults(work=work, parser=action)


def _seconds(text: str) -> float:
    if not re.fullmatch(r"\d+(\.\d+)?", text):
        raise ArgumentTypeError(f"{text!r} is not a number of seconds")
    return float(text)


def run(args: Namespace, out: Output) -> int:
    return int(args.work(args, out))


def _add_serving(parser: ArgumentParser) -> None:
    parser.add_argument("--port", type=port, default=5055, help="0 takes a free one (default: 5055)")
    parser.add_argument("--latency", type=_seconds, default=0.0, metavar="SECONDS", help="added to every answer")


def _serve(args: Namespace, _out: Output) -> int:
    from reconciler.sandbox.opening import open_sandbox
    from reconciler.sandbox.server import serve

    def ready(url: str) -> None:
        sys.stdout.write(f"Serving AWS Batch at {url}\n")
        sys.stderr.write(f"Use it with AWS_ENDPOINT_URL={url} and any credentials. Ctrl-C ends it.\n")
        sys.stdout.flush()

    try:
        serve(open_sandbox(args.file), args.port, latency=args.latency, ready=ready)
    except KeyboardInterrupt:
        return Exit.DONE
    except OSError as error:
        raise WrongUsage(
            f"cannot listen on port {args.port}: {error.strerror}", hint="choose another --port"
        ) from error
    return Exit.DONE


def _reset(args: Namespace, out: Output) -> int:
    from reconciler.report.page import Page

    file = Path(args.file)
    known = file.exists()
    if known:
        _check_is_sandbox(args.file)
        file.unlink()

    def page(width: int) -> Page:
        lines = Page(width)
        lines.line(f"{args.file}: {'forgotten' if known else 'nothing to forget'}")
        return lines

    out.publish(page, lambda: {"file": args.file, "reset": known})
    return Exit.DONE


def _check_is_sandbox(file: str) -> None:
    """Raises `Stopped` for a file that is not a sandbox's: it must not be deleted."""
    from reconciler.sandbox.opening import open_sandbox

    open_sandbox(file)


ACTIONS = (
    ("serve", "offer the sandbox over HTTP, on this machine only", _add_serving, _serve),
    (
        "drift",
        "change a live resource as somebody else would, behind the stack's back",
        mishaps.add_drift,
        mishaps.drift,
    ),
    ("submit", "submit jobs: a queue gets busy, and drains", submitting.add_submit, submitting.submit),
    ("break", "break something on purpose: roles, calls, answers, patience", mishaps.add_break, mishaps.break_),
    ("tick", "turn the sandbox's clock forward", mishaps.add_tick, mishaps.tick),
    ("reset", "forget every resource of the sandbox", add_output, _reset),
)
