"""From arguments to an exit code. Whatever goes wrong ends here, as a message and a number."""

import sys
from collections.abc import Sequence

from reconciler.cli.arguments import Namespace, parse
from reconciler.cli.output import Output
from reconciler.cli.signals import Terminated, terminable
from reconciler.cli.stacks import exit_of
from reconciler.problems import CloudError, Exit, Stopped, WrongUsage


def main(argv: Sequence[str] | None = None) -> int:
    given = list(sys.argv[1:] if argv is None else argv)
    try:
        args = parse(given)
    except WrongUsage as wrong:
        with Output.for_arguments(given) as out:
            out.stopped(wrong)
        return wrong.exit
    except SystemExit as done:  # argparse has printed --help or --version
        return int(done.code or 0)
    with terminable():
        return _run(args)


def _run(args: Namespace) -> int:
    try:
        with Output(args.output, several=len(args.stacks) > 1, color=args.color, verbose=args.verbose) as out:
            return _guarded(args, out)
    except Stopped as unwritable:
        Output((), color=args.color).stopped(unwritable)
        return unwritable.exit
    except BrokenPipeError:
        return _nobody_reads()


def _guarded(args: Namespace, out: Output) -> int:
    try:
        return int(args.run(args, out))
    except Stopped as stopped:
        out.stopped(stopped)
        return stopped.exit
    except CloudError as error:
        code = exit_of(error)
        out.failed(error, code)
        return code
    except KeyboardInterrupt:
        out.stopped(Stopped("interrupted"))
        return Exit.INTERRUPTED
    except Terminated:
        out.stopped(Stopped("terminated"))
        return Exit.TERMINATED
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 - the last place: no traceback reaches a user unasked
        out.crashed(error)
        return Exit.ERROR


def _nobody_reads() -> int:
    """`reconciler plan | head`: the reader has gone; what is buffered for it must not fail at exit."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return Exit.ERROR
