"""Ctrl-C and SIGTERM: outside of a run they end the command; in a run they end it after the steps under way."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, NoReturn, TypeVar

from reconciler.calls import result_of
from reconciler.problems import Exit

Handler = Callable[[int, FrameType | None], Any]
Result = TypeVar("Result")
SHOW_CURSOR = b"\x1b[?25h"  # progress hides it


class Terminated(BaseException):
    """SIGTERM came. As with KeyboardInterrupt, only the end of the program catches it."""


_MESSAGES_AT_END: list[str] = []  # what an end at once leaves behind
_SEEN: list[Exit] = []  # the signals of this run


@contextmanager
def terminable() -> Iterator[None]:
    """Turn SIGTERM into an exception, as Python does with Ctrl-C."""

    def terminate(_number: int, _frame: FrameType | None) -> None:
        raise Terminated

    _SEEN.clear()
    handlers: dict[signal.Signals, Handler] = {signal.SIGTERM: terminate}
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:  # it ended the process up to here
        handlers[signal.SIGINT] = signal.default_int_handler
    with _handling(handlers):
        yield


@contextmanager
def message_at_end(text: str) -> Iterator[None]:
    """Within the block, say this where a second signal ends the process at once."""
    _MESSAGES_AT_END.append(text)
    try:
        yield
    finally:
        _MESSAGES_AT_END.remove(text)


def seen_signal() -> Exit | None:
    """Return the exit code of a signal that a run has seen, also of one that has not cut it short."""
    return _SEEN[0] if _SEEN else None


class Stopping:
    """A flag that the first signal sets. `code` is the exit code that the signal asks for."""

    def __init__(self, notice: Callable[[], None]) -> None:
        self.flag = threading.Event()
        self.code: Exit | None = None
        self._notice = notice

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        code = Exit.TERMINATED if number == signal.SIGTERM else Exit.INTERRUPTED
        if self.flag.is_set():
            end_at_once(code)  # asked twice: threads that wait for AWS must not hold us
        self.code = code
        _SEEN.append(code)
        self.flag.set()
        self._notice()


def end_at_once(code: int) -> NoReturn:
    """End the process without waiting for its threads. A terminal gets its cursor back."""
    with suppress(OSError, ValueError):
        if sys.stderr.isatty():
            os.write(sys.stderr.fileno(), SHOW_CURSOR)
        for text in _MESSAGES_AT_END:
            os.write(sys.stderr.fileno(), f"\n{text}\n".encode())
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, RuntimeError):  # also a stream in whose writing the signal came
            stream.flush()
    os._exit(code)


_RUNNING: list[Stopping] = []  # of the main thread, the innermost last


@contextmanager
def stopping(notice: Callable[[], None]) -> Iterator[Stopping]:
    """Within the block, a signal stops the run after its present steps; a second one ends the process.

    Signals reach the main thread only: what runs in other threads stops with the run that the main thread is in.
    """
    if _RUNNING and threading.current_thread() is not threading.main_thread():
        yield _RUNNING[-1]
        return
    handler = Stopping(notice)
    _RUNNING.append(handler)
    try:
        with _handling({signal.SIGINT: handler, signal.SIGTERM: handler}):
            yield handler
    finally:
        _RUNNING.remove(handler)


@contextmanager
def _handling(handlers: dict[signal.Signals, Handler]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():  # signals reach the main thread only
        yield
        return
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def in_background(work: Callable[[], Result], patience: float) -> Result:
    """Do work whose request may arrive even if it is no longer waited for.

    After a signal it has `patience` seconds to end. Then the signal goes on, and the thread does not hold the process.
    """
    done: Future[Result] = Future()
    thread = threading.Thread(target=lambda: _fulfil(done, work), daemon=True)
    thread.start()
    try:
        return result_of(done)
    except (KeyboardInterrupt, Terminated):
        thread.join(patience)
        raise


def _fulfil(done: "Future[Result]", work: Callable[[], Result]) -> None:
    try:
        done.set_result(work())
    except BaseException as error:  # noqa: BLE001 - raised again where the result is asked for
        done.set_exception(error)
