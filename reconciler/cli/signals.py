"""Ctrl-C and SIGTERM: outside of a run they end the command; in a run they end it after the steps under way."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from reconciler.problems import Exit

Handler = Callable[[int, FrameType | None], Any]


class Terminated(BaseException):
    """SIGTERM came. Like KeyboardInterrupt, it is nobody's to catch on the way."""


@contextmanager
def terminable() -> Iterator[None]:
    """Turn SIGTERM into an exception, as Python does with Ctrl-C."""

    def terminate(_number: int, _frame: FrameType | None) -> None:
        raise Terminated

    with _handling({signal.SIGTERM: terminate}):
        yield


class Stopping:
    """A flag that the first signal sets. `code` is the exit code that the signal asks for."""

    def __init__(self, notice: Callable[[], None]) -> None:
        self.flag = threading.Event()
        self.code: Exit | None = None
        self._notice = notice

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        code = Exit.TERMINATED if number == signal.SIGTERM else Exit.INTERRUPTED
        if self.flag.is_set():
            os._exit(code)  # asked twice: threads that wait for AWS must not hold us
        self.code = code
        self.flag.set()
        self._notice()


_RUNNING: list[Stopping] = []  # of the main thread, the innermost last


@contextmanager
def stopping(notice: Callable[[], None]) -> Iterator[Stopping]:
    """Within the block, a signal stops the run after its present steps; a second one ends the process.

    Signals reach the main thread only: what runs in another thread stops with the run that the main thread is in.
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
