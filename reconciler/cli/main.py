"""From arguments to an exit code. Whatever goes wrong ends here, as a message and a number."""

import errno
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli.arguments import Namespace, parse
from reconciler.cli.lines import check_writable
from reconciler.cli.output import Output
from reconciler.cli.signals import Terminated, terminable
from reconciler.cli.stacks import exit_of
from reconciler.problems import CloudError, Exit, Stopped, WrongUsage

if TYPE_CHECKING:
    from reconciler.cli.observing import Watch


def main(argv: Sequence[str] | None = None) -> int:
    given = list(sys.argv[1:] if argv is None else argv)
    _open_streams()
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


def _open_streams() -> None:
    """Python has no stream where the shell closed it (`>&-`); what goes there must not go elsewhere.

    What the locale of a stream cannot spell is escaped.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - as long as the process
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _run(args: Namespace) -> int:
    from reconciler.cli.observing import watch_of

    args.observer = watch = watch_of(args)
    code = _written(args, watch)
    watch.end(code)
    return code


def _written(args: Namespace, watch: "Watch") -> int:
    try:
        check_writable(args.output)  # before anything is changed, not after
    except WrongUsage as unwritable:
        there = [target for target in args.output if not target.file]
        with Output(there, color=args.color, watch=watch) as out:
            out.stopped(unwritable)
        return unwritable.exit
    try:
        several = len(args.stacks) > 1
        with Output(args.output, several=several, color=args.color, verbose=args.verbose, watch=watch) as out:
            out.code = _guarded(args, out)
            return out.code
    except Stopped as unwritable:
        Output((), color=args.color, watch=watch).stopped(unwritable)
        return unwritable.exit
    except BrokenPipeError:
        return _nobody_reads()
    except OSError as full:
        Output((), color=args.color, watch=watch).stopped(Stopped(f"cannot write: {full.strerror}"))
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
        return _ended(out, "interrupted", Exit.INTERRUPTED)
    except Terminated:
        return _ended(out, "terminated", Exit.TERMINATED)
    except Exception as error:  # the last place: no traceback reaches a user unasked
        if isinstance(error, OSError) and error.errno in (errno.EPIPE, errno.ENOSPC):
            raise
        out.crashed(error)
        return Exit.ERROR


def _ended(out: Output, message: str, code: Exit) -> Exit:
    stopped = Stopped(message)
    stopped.exit = code
    out.stopped(stopped)
    return code


def _nobody_reads() -> int:
    """`reconciler plan | head`: the reader has gone; what is buffered for it must not fail at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return Exit.ERROR
