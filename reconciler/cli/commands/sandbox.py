"""`reconciler sandbox`."""

import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from pathlib import Path

from reconciler.cli.output import Output
from reconciler.problems import Exit, WrongUsage

HELP = "serve the simulated AWS, or empty it"
EXAMPLES = """\
  reconciler sandbox serve --port 5055
  AWS_ENDPOINT_URL=http://127.0.0.1:5055 aws batch describe-job-queues
  reconciler sandbox reset
"""
DEFAULT_FILE = ".reconciler/sandbox.json"


def add(parser: ArgumentParser) -> None:
    actions = parser.add_subparsers(metavar="ACTION", title="actions", required=True)
    serving = actions.add_parser("serve", help="offer the sandbox over HTTP, on this machine only", allow_abbrev=False)
    serving.formatter_class = RawDescriptionHelpFormatter
    serving.add_argument("--port", type=int, default=5055, help="0 takes a free one (default: 5055)")
    serving.add_argument("--latency", type=float, default=0.0, metavar="SECONDS", help="added to every answer")
    resetting = actions.add_parser("reset", help="forget every resource of the sandbox", allow_abbrev=False)
    for action, work in ((serving, _serve), (resetting, _reset)):
        action.add_argument("--file", default=DEFAULT_FILE, help=f"where it is kept (default: {DEFAULT_FILE})")
        action.set_defaults(work=work)


def run(args: Namespace, out: Output) -> int:
    return int(args.work(args, out))


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
