"""Writing to stdout, stderr and files: JSON Lines, logs, and outputs that cannot be written."""

import io
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from stat import S_ISFIFO
from threading import Lock, RLock
from typing import TextIO

from reconciler.app.request import OutputTarget
from reconciler.cli.signals import Terminated
from reconciler.printable import harmless_json, harmless_text, one_line
from reconciler.problems import CloudError, Exit, Stopped, WrongUsage
from reconciler.report.formats import FORMATS

# Outputs that could not be written. Once a run has changed something, a lost report must not stop it.

ENDED = (Exit.INTERRUPTED, Exit.TERMINATED)
BUG_HINT = "this is a bug; -v shows where"


class Unwritable(Stopped):
    """A file cannot be written."""


class StdoutLost(Exception):  # noqa: N818 - names what happened
    """Stdout cannot be written: its disk is full, or its reader has ended."""

    def __init__(self, error: OSError) -> None:
        super().__init__(error.strerror)
        self.is_unread = isinstance(error, BrokenPipeError)  # `reconciler plan | head` needs no message


@dataclass(slots=True)
class Losses:
    """The outputs that a run could not write. All parts of a run share it. Safe between threads."""

    reads_only: bool = False  # the command only reports
    has_changed: bool = False  # whether the run has begun to change something: from then on a loss stops nothing
    is_stdout_lost: bool = False
    is_unread: bool = False
    failures: list[Stopped] = field(default_factory=list)

    def lose(self, stopped: Stopped) -> None:
        """Remember a loss. Raises it if nothing was changed yet: then the run can end here."""
        if not self.has_changed:
            raise stopped
        self.failures.append(stopped)

    def lose_stdout(self, error: OSError) -> None:
        """Remember that stdout is lost. Raises `StdoutLost` if nothing was changed yet."""
        self.is_stdout_lost = True
        _discard_stdout()
        if not self.has_changed:
            raise StdoutLost(error) from error
        self.failures.append(Stopped(f"cannot write: {error.strerror}"))

    @contextmanager
    def collecting(self, what: str) -> Iterator[None]:
        """Remember what goes wrong while an output is written at the end of a run, so that the next one is written.

        `what` names the output.
        """
        try:
            yield
        except StdoutLost as lost:
            self.is_unread = lost.is_unread
            if not lost.is_unread:
                self.failures.append(Stopped(f"cannot write: {lost}"))
        except Stopped as stopped:
            self.failures.append(stopped)
        except CloudError as error:
            self.failures.append(Stopped(f"cannot write {what}: {error.told}", hint=error.hint))
        except KeyboardInterrupt:
            self.failures.append(_ended(f"interrupted before {what} was written", Exit.INTERRUPTED))
        except Terminated:
            self.failures.append(_ended(f"terminated before {what} was written", Exit.TERMINATED))
        except Exception as error:  # noqa: BLE001 - the last place: the work is done, and its exit code holds
            self.failures.append(Stopped(f"cannot write {what}: {type(error).__name__}: {error}", hint=BUG_HINT))

    def code(self, code: int) -> int:
        """Return the exit code of a run that ended with `code`: an error if its report is lost.

        The outcome of the work counts for more than that of its report.
        """
        is_lost = bool(self.failures) or self.is_unread
        if not is_lost or code in ENDED or (code != Exit.DONE and not self.reads_only):
            return code
        return int(max((stopped.exit for stopped in self.failures), default=Exit.ERROR))


def _ended(message: str, code: Exit) -> Stopped:
    stopped = Stopped(message)
    stopped.exit = code
    return stopped


def _discard_stdout() -> None:
    """Redirect stdout, so that its buffer does not fail again when the process ends."""
    with suppress(OSError):  # a stream without a file descriptor has nothing to lose
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


UTF8 = "utf-8"
IN_S3 = "s3://"
OF_STEP = ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")  # files that the runner of GitHub Actions names


class LineWriter:
    """Writes JSON Lines to stdout (an empty name) and to files, each until it fails. Safe between threads."""

    def __init__(self, files: Sequence[str], losses: Losses) -> None:
        self._files = list(files)
        self._losses = losses
        self._lock = Lock()
        self._is_begun = self._is_stdout_closed = False

    def write(self, event: Mapping[str, object]) -> None:
        time = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = harmless_json(json.dumps({"time": time, **event}, ensure_ascii=False, default=str)) + "\n"
        with self._lock:
            for file in tuple(self._files):
                if file:
                    self._write_to(file, line)
                else:
                    self._write_stdout(line)
            self._is_begun = True

    def _write_to(self, file: str, line: str) -> None:
        try:
            write_to(file, "a" if self._is_begun else "w", (line,))
        except Unwritable as lost:
            self._files.remove(file)
            self._losses.lose(lost)

    def _write_stdout(self, line: str) -> None:
        """Write a line; a reader that ends must not stop a run between two of its steps."""
        if self._is_stdout_closed:
            return
        try:
            use_utf8(sys.stdout)
            sys.stdout.write(line)
            sys.stdout.flush()
        except BrokenPipeError:
            self._is_stdout_closed = True
        except OSError as error:
            self._is_stdout_closed = True
            self._losses.lose_stdout(error)


class DeploymentLines:
    """The lines of one deployment: each names it."""

    def __init__(self, lines: "LineWriter | DeploymentLines", target: str) -> None:
        self._lines = lines
        self._target = target

    def write(self, event: Mapping[str, object]) -> None:
        self._lines.write({"target": self._target, **event})


class PrefixedStream(io.StringIO):
    """Writes whole lines to a stream, each with a prefix; an incomplete line waits for its end."""

    def __init__(self, stream: TextIO, prefix: str) -> None:
        self._stream = stream
        self._prefix = prefix
        self._incomplete = ""

    def write(self, text: str) -> int:
        *lines, self._incomplete = (self._incomplete + text).split("\n")
        if lines:  # in one call: others write to the same stream
            self._stream.write("".join(f"{self._prefix}{line}\n" for line in lines))
        return len(text)

    def flush(self) -> None:
        self._stream.flush()


def use_utf8(stream: TextIO) -> None:
    """Set a stream that programs read to UTF-8, whatever the locale."""
    if isinstance(stream, io.TextIOWrapper) and stream.encoding.lower() != UTF8:
        stream.reconfigure(encoding=UTF8, errors="backslashreplace")


def check_stays_local(sandbox: str | None, targets: Sequence[OutputTarget]) -> None:
    """Raises `WrongUsage` for a report to S3, which needs real credentials, of a run in the sandbox."""
    if sandbox is None:
        return
    for format_, file in targets:
        if file.startswith(IN_S3):
            message = f"-o {format_}={file} would be sent to S3, but a run with --sandbox sends nothing"
            raise WrongUsage(message, hint="write it to a file")


def check_writable(targets: Sequence[OutputTarget]) -> None:
    """Raises `WrongUsage` for an output that cannot be written. The content of the files stays."""
    places = [file for _, file in targets if file]
    if any(FORMATS[format_].tells_step for format_, _ in targets):
        places += filter(None, map(os.environ.get, OF_STEP))
    for place in places:
        if place.startswith(IN_S3):
            from reconciler.adapters.aws.storage import place_of

            place_of(place)
            continue
        try:
            write_to(place, "a", ())
        except Unwritable as error:
            raise WrongUsage(error.message) from error


def write_to(file: str, mode: str, pieces: Iterable[str]) -> None:
    """Write text to a file. Raises `Unwritable`."""
    with _unwritable(file), Path(file).open(mode, encoding=UTF8, errors="backslashreplace") as opened:
        opened.writelines(pieces)


def write_whole(file: str, pieces: Iterable[str]) -> None:
    """Give a file new text, at once: if a piece cannot be made, the file stays as it is. Raises `Unwritable`.

    What is no regular file, or is in a folder that is read-only, is written piece by piece.
    """
    from reconciler.adapters.machine import replacing

    path = Path(os.path.realpath(file))
    if not path.is_file() or not os.access(path.parent, os.W_OK):
        write_to(file, "w", pieces)
        return
    with _unwritable(file), replacing(path) as opened:
        opened.writelines(piece.encode(UTF8, "backslashreplace") for piece in pieces)


@contextmanager
def _unwritable(file: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unwritable(f"cannot write {file}: {error.strerror}") from error


def is_ci() -> bool:
    return os.environ.get("CI", "").lower() not in ("", "0", "false")


def are_shown_together(stdout: TextIO, stderr: TextIO) -> bool:
    """Whether a reader sees both in one place: on a terminal, in one file, or in the log of a CI service."""
    if stdout.isatty() or stderr.isatty():
        return stdout.isatty() and stderr.isatty()
    try:
        out, err = os.fstat(stdout.fileno()), os.fstat(stderr.fileno())
    except (OSError, ValueError):  # no file at all
        return False
    return os.path.samestat(out, err) or (is_ci() and S_ISFIFO(out.st_mode) and S_ISFIFO(err.st_mode))


# What a run that reads for long is about: one line on a terminal, which makes room for everything else.

SHOWN_AFTER = 1.0  # seconds
ERASE = "\r\x1b[K"


@dataclass(slots=True)
class StatusLine:
    """A line about what is read. It is erased before anything else is printed. Safe between threads.

    It is about a phase, or with `expect` about the deployments of a run.
    """

    stream: TextIO
    now: Callable[[], float]
    _open: int = 0  # phases
    _since: float = 0.0
    _calls: int = 0
    _total: int = 0  # deployments
    _done: int = 0
    _is_shown: bool = False
    _lock: RLock = field(default_factory=RLock)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Show the line within the block, once it has taken a second."""
        with self._lock:
            if not self._open:
                self._since = self.now()
            self._open += 1
        try:
            yield
        finally:
            with self._lock:
                self._open -= 1
                if not self._open:
                    self.erase()

    def expect(self, total: int) -> None:
        self._total = total

    def advance(self) -> None:
        """Count a deployment that is done."""
        with self._lock:
            self._done += 1
            self.draw()

    def called(self) -> None:
        """Count a call to AWS."""
        with self._lock:
            self._calls += 1
            self.draw()

    def draw(self) -> None:
        with self._lock, suppress(OSError, ValueError):  # a stderr that cannot be written stops nothing
            seconds = self.now() - self._since
            if self._open and seconds >= SHOWN_AFTER:
                what = f"{self._done} of {self._total} deployments done" if self._total else "reading"
                calls = "1 call" if self._calls == 1 else f"{self._calls} calls"
                self.stream.write(f"{ERASE}{what} … {calls} to AWS, {seconds:.0f} s")
                self.stream.flush()
                self._is_shown = True

    @contextmanager
    def room(self) -> Iterator[None]:
        """Make room for what is printed within the block."""
        with self._lock:
            self.erase()
            yield

    def erase(self) -> None:
        with self._lock, suppress(OSError, ValueError):
            if self._is_shown:
                self.stream.write(ERASE)
                self.stream.flush()
                self._is_shown = False


# Lines on stderr beside errors and pages: text for people, or JSON objects for log collectors.

Json = object


@dataclass(frozen=True, slots=True)
class Log:
    """Writes each line at once, and as a whole. Safe between threads."""

    as_json: bool = False
    target: str = ""
    status: StatusLine | None = None

    def room(self) -> AbstractContextManager[None]:
        """Within the block, nothing but what it prints is on the terminal's last line."""
        return self.status.room() if self.status else nullcontext()

    def write(self, text: str | Sequence[str], record: Mapping[str, Json], level: str = "info") -> None:
        """Write text, one or several lines; as JSON `record` instead, which names the `event`."""
        line = self._json(record, level) if self.as_json else self._plain([text] if isinstance(text, str) else text)
        with self.room(), suppress(OSError, ValueError):  # a reader that ends must not stop a run
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()

    def _json(self, record: Mapping[str, Json], level: str) -> str:
        time = datetime.now(UTC).isoformat(timespec="milliseconds")
        target = {"target": self.target} if self.target else {}
        line = {"time": time, "level": level, **record, **target}
        return harmless_json(json.dumps(line, ensure_ascii=False, default=str))

    def _plain(self, lines: Sequence[str]) -> str:
        shown = "\n".join(map(one_line, lines))
        return harmless_text(f"{one_line(self.target)}: {shown}" if self.target else shown)
