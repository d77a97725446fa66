"""Products that could not be written. Once a run has changed something, a lost report must not stop it."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from reconciler.cli.signals import Terminated
from reconciler.problems import CloudError, Exit, Stopped

ENDED = (Exit.INTERRUPTED, Exit.TERMINATED)
CRASHED = "this is a bug; -v shows where"


class Unwritable(Stopped):
    """A file cannot be written."""


class StdoutLost(Exception):  # noqa: N818 - names what happened
    """Nothing reaches stdout any more: its disk is full, or its reader has gone."""

    def __init__(self, error: OSError) -> None:
        super().__init__(error.strerror)
        self.is_unread = isinstance(error, BrokenPipeError)  # `reconciler plan | head` needs no word of it


@dataclass(slots=True)
class Losses:
    """What a run could not write. All parts of a run share it. Safe between threads."""

    reads_only: bool = False  # the report is all that such a command is for
    has_changed: bool = False  # whether the run has begun to change something: from then on a loss stops nothing
    is_stdout_lost: bool = False
    is_unread: bool = False
    found: list[Stopped] = field(default_factory=list)

    def lose(self, stopped: Stopped) -> None:
        """Remember a loss. Raises it if nothing was changed yet: then the run can end here."""
        if not self.has_changed:
            raise stopped
        self.found.append(stopped)

    def lose_stdout(self, error: OSError) -> None:
        """Remember that stdout is lost. Raises `StdoutLost` if nothing was changed yet."""
        self.is_stdout_lost = True
        _discard_stdout()
        if not self.has_changed:
            raise StdoutLost(error) from error
        self.found.append(Stopped(f"cannot write: {error.strerror}"))

    @contextmanager
    def kept(self, what: str) -> Iterator[None]:
        """Remember whatever goes wrong while a product is written at the end of a run, so that the next one is written.

        `what` names the product.
        """
        try:
            yield
        except StdoutLost as lost:
            self.is_unread = lost.is_unread
            if not lost.is_unread:
                self.found.append(Stopped(f"cannot write: {lost}"))
        except Stopped as stopped:
            self.found.append(stopped)
        except CloudError as error:
            self.found.append(Stopped(f"cannot write {what}: {error.told}", hint=error.hint))
        except KeyboardInterrupt:
            self.found.append(_ended(f"interrupted before {what} was written", Exit.INTERRUPTED))
        except Terminated:
            self.found.append(_ended(f"terminated before {what} was written", Exit.TERMINATED))
        except Exception as error:  # noqa: BLE001 - the last place: the work is done, and its exit code holds
            self.found.append(Stopped(f"cannot write {what}: {type(error).__name__}: {error}", hint=CRASHED))

    def code(self, code: int) -> int:
        """Return the exit code of a run that ended with `code`: an error if its report is lost.

        What has become of the work counts for more than what has become of its report.
        """
        is_lost = bool(self.found) or self.is_unread
        if not is_lost or code in ENDED or (code != Exit.DONE and not self.reads_only):
            return code
        return int(max((stopped.exit for stopped in self.found), default=Exit.ERROR))


def _ended(message: str, code: Exit) -> Stopped:
    stopped = Stopped(message)
    stopped.exit = code
    return stopped


def _discard_stdout() -> None:
    """What is buffered for stdout must not fail once more when the process ends."""
    with suppress(OSError):  # a stream of Python alone has no number, and nothing to lose
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
