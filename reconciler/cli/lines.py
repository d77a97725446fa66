"""What happens, as JSON Lines: each written at once, so that a program can follow a run."""

import io
import json
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import TextIO

from reconciler.cli.losses import Losses, Unwritable
from reconciler.cli.options import OutputTarget
from reconciler.printable import harmless_json
from reconciler.problems import WrongUsage

UTF8 = "utf-8"
IN_S3 = "s3://"
GITHUB = "github"
OF_STEP = ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")  # files that the runner of GitHub Actions names


class LineWriter:
    """Writes to stdout (an empty name) and to files, each until it cannot be written any more. Safe between threads."""

    def __init__(self, files: Sequence[str], losses: Losses) -> None:
        self._files = list(files)
        self._losses = losses
        self._lock = Lock()
        self._is_begun = self._is_deaf = False

    def write(self, event: Mapping[str, object]) -> None:
        time = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = harmless_json(json.dumps({"time": time, **event}, ensure_ascii=False, default=str)) + "\n"
        with self._lock:
            for file in tuple(self._files):
                if file:
                    self._write_to(file, line)
                else:
                    self._say(line)
            self._is_begun = True

    def _write_to(self, file: str, line: str) -> None:
        try:
            write_to(file, "a" if self._is_begun else "w", line)
        except Unwritable as lost:
            self._files.remove(file)
            self._losses.lose(lost)

    def _say(self, line: str) -> None:
        """Whoever stops reading must not stop a run between two of its steps."""
        if self._is_deaf:
            return
        try:
            speak_utf8(sys.stdout)
            sys.stdout.write(line)
            sys.stdout.flush()
        except BrokenPipeError:
            self._is_deaf = True
        except OSError as error:
            self._is_deaf = True
            self._losses.lose_stdout(error)


class Told:
    """The lines of one part of a run: each says of which."""

    def __init__(self, lines: "LineWriter | Told", target: str) -> None:
        self._lines = lines
        self._target = target

    def write(self, event: Mapping[str, object]) -> None:
        self._lines.write({"target": self._target, **event})


class Prefixed(io.StringIO):
    """Writes whole lines to a stream, each with a prefix; what is no whole line yet waits for its end."""

    def __init__(self, stream: TextIO, prefix: str) -> None:
        self._stream = stream
        self._prefix = prefix
        self._rest = ""

    def write(self, text: str) -> int:
        *lines, self._rest = (self._rest + text).split("\n")
        if lines:  # in one call: others write to the same stream
            self._stream.write("".join(f"{self._prefix}{line}\n" for line in lines))
        return len(text)

    def flush(self) -> None:
        self._stream.flush()


def speak_utf8(stream: TextIO) -> None:
    """What programs read is UTF-8, whatever the locale says."""
    if isinstance(stream, io.TextIOWrapper) and stream.encoding.lower() != UTF8:
        stream.reconfigure(encoding=UTF8, errors="backslashreplace")


def check_stays_here(sandbox: str | None, targets: Sequence[OutputTarget]) -> None:
    """Raises `WrongUsage` for a report that would leave the machine, with real credentials, though the run must not."""
    if sandbox is None:
        return
    for format_, file in targets:
        if file.startswith(IN_S3):
            message = f"-o {format_}={file} leaves this machine, and nothing of a run with --sandbox does"
            raise WrongUsage(message, hint="write it to a file")


def check_writable(targets: Sequence[OutputTarget]) -> None:
    """Raises `WrongUsage` for a place that cannot be written. What the files hold is left alone."""
    places = [file for _, file in targets if file]
    if any(format_ == GITHUB for format_, _ in targets):
        places += filter(None, map(os.environ.get, OF_STEP))
    for place in places:
        if place.startswith(IN_S3):
            from reconciler.aws.objects import place_of

            place_of(place)
            continue
        try:
            write_to(place, "a", "")
        except Unwritable as error:
            raise WrongUsage(error.message) from error


def write_to(file: str, mode: str, text: str) -> None:
    """Raises `Unwritable`."""
    try:
        with Path(file).open(mode, encoding=UTF8, errors="backslashreplace") as opened:
            opened.write(text)
    except OSError as error:
        raise Unwritable(f"cannot write {file}: {error.strerror}") from error
