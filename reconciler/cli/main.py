"""From arguments to an exit code. Whatever goes wrong ends here, as a message and a number."""

import errno
import io
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli.context import exit_of
from reconciler.cli.output import Output
from reconciler.cli.parser import Invocation, complete, parse
from reconciler.cli.signals import Terminated, terminable
from reconciler.cli.streams import StdoutLost, check_writable
from reconciler.problems import CloudError, Exit, Stopped, WrongUsage

if TYPE_CHECKING:
    from reconciler.cli.observer import Watch

COMPLETION = "_ARGCOMPLETE"  # set by the script of `completion`


def main(argv: Sequence[str] | None = None) -> int:
    if COMPLETION in os.environ:
        complete()
    given = list(sys.argv[1:] if argv is None else argv)
    _open_streams()
    try:
        invocation = parse(given)
    except WrongUsage as wrong:
        out = Output.for_arguments(given)
        out.report_stopped(wrong)
        return out.finish(wrong.exit)
    except SystemExit as done:  # argparse has printed --help or --version
        return int(done.code or 0)
    with terminable():
        return _run(invocation)


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


def _run(invocation: Invocation) -> int:
    try:
        from reconciler.cli.observer import watch_of

        watch = watch_of(
            invocation.output, invocation.fleet, calls_aws=invocation.calls_aws, reads_only=invocation.reads_only
        )
    except (KeyboardInterrupt, Terminated) as signal:  # it came while the modules were read
        return _ended(Output(invocation.output), signal)
    code = _written(invocation, watch)
    watch.end(code)
    return code


def _check_outputs(invocation: Invocation) -> None:
    """Raise `WrongUsage` for outputs that cannot be written, or that must not be."""
    targets, fleet = invocation.output.targets, invocation.fleet
    if fleet.stack.place.sandbox or any(target.file for target in targets):
        from reconciler.cli.output import check_outputs

        check_outputs(targets, fleet)
    check_writable(targets)


def _written(invocation: Invocation, watch: "Watch") -> int:
    options = invocation.output
    try:
        _check_outputs(invocation)  # before anything is changed, not after
    except Stopped as unwritable:
        there = tuple(target for target in options.targets if not target.file)
        out = Output(replace(options, targets=there, verbose=0), watch=watch)
        out.report_stopped(unwritable)
        return out.finish(unwritable.exit)
    out = Output(options, several=len(invocation.fleet.paths) > 1, watch=watch, reads_only=invocation.reads_only)
    for note in invocation.notes:
        out.print_notice(note)
    try:
        return out.finish(_guarded(invocation, out))
    except StdoutLost as lost:
        return out.report_lost_stdout(lost)


def _guarded(invocation: Invocation, out: Output) -> int:
    try:
        return int(invocation.run(out))
    except Stopped as stopped:
        out.report_stopped(stopped)
        return stopped.exit
    except CloudError as error:
        code = exit_of(error)
        out.report_cloud_error(error, code)
        return code
    except (KeyboardInterrupt, Terminated) as signal:
        return _ended(out, signal)
    except StdoutLost:
        raise
    except Exception as error:  # noqa: BLE001 - the last place: no traceback reaches a user unasked
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            out.report_stopped(Stopped(f"cannot write: {error.strerror}"))
        else:
            out.report_crash(error)
        return Exit.ERROR


def _ended(out: Output, signal: BaseException) -> Exit:
    is_term = isinstance(signal, Terminated)
    stopped = Stopped("terminated" if is_term else "interrupted")
    stopped.exit = Exit.TERMINATED if is_term else Exit.INTERRUPTED
    out.report_stopped(stopped)
    return stopped.exit
