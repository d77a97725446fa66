"""Processes of the command line that begin where its imports end: one process has them, and forks for each command.

What a command does then is what `python -m reconciler` does: it has its own arguments, environment, folder, streams,
signals and exit code. Python and the imports take longer than most commands, and some files start dozens.
"""

import atexit
import gc
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from threading import Lock, Thread

import reconciler
from reconciler.service_models import model_loader

ROOT = Path(__file__).parents[1]
LARGEST = 1 << 16  # bytes of a command with its environment


class Forked:
    """A command that runs, with the methods of `subprocess.Popen` that tests use."""

    def __init__(self, words: Sequence[str], environment: Mapping[str, str]) -> None:
        (out, out_there), (err, err_there), (status, status_there) = os.pipe(), os.pipe(), os.pipe()
        asked = {"words": [*words], "environment": {**environment}, "folder": str(Path.cwd())}
        there = [out_there, err_there, status_there]
        _parent().ask(json.dumps(asked).encode(), there)
        for end in there:
            os.close(end)
        self.stdout, self.stderr = os.fdopen(out, encoding="utf-8"), os.fdopen(err, encoding="utf-8")
        self._status = os.fdopen(status)
        self.pid = int(self._status.readline())
        self.returncode: int | None = None

    def poll(self) -> int | None:
        return self.wait(0)

    def wait(self, timeout: float) -> int | None:
        """Return the exit code, which is that of `Popen`, or None if it still runs then."""
        if self.returncode is None and select.select([self._status], [], [], timeout)[0]:
            self.returncode = int(self._status.readline())
            self._status.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def communicate(self, timeout: float) -> tuple[str, str]:
        """Return what it says until it ends on the streams that are open. Raises `TimeoutExpired`."""
        texts = {stream: [""] for stream in (self.stdout, self.stderr)}
        reading = [
            Thread(target=lambda stream=stream: texts[stream].append(stream.read()), daemon=True)
            for stream in texts
            if not stream.closed
        ]
        for thread in reading:
            thread.start()
        for thread in reading:
            thread.join(timeout)
        if any(thread.is_alive() for thread in reading) or self.wait(timeout) is None:
            raise subprocess.TimeoutExpired("reconciler", timeout)
        for stream in texts:
            stream.close()
        return texts[self.stdout][-1], texts[self.stderr][-1]


class _Parent:
    """The process that has the imports, as the tests see it."""

    def __init__(self) -> None:
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._lock = Lock()
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "tests.forked", str(theirs.fileno())]
        self._process = subprocess.Popen(command, env=environment, pass_fds=[theirs.fileno()], cwd=ROOT)
        theirs.close()

    def ask(self, message: bytes, ends: list[int]) -> None:
        with self._lock:
            socket.send_fds(self._line, [message], ends)

    def end(self) -> None:
        self._line.close()
        self._process.wait()


@cache
def _parent() -> _Parent:
    parent = _Parent()
    atexit.register(parent.end)
    return parent


def begin(words: Sequence[str], environment: Mapping[str, str], folder: str, out: int, err: int) -> None:
    """Become the process of a command."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for here, end in ((1, out), (2, err)):
        os.dup2(end, here)
        os.close(end)
    sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w", errors="backslashreplace")
    sys.argv = ["reconciler", *words]
    signal.signal(signal.SIGINT, signal.default_int_handler)


def serve(line: socket.socket) -> bool:
    """Fork for each command that comes; say its process and its exit code. Return whether this is such a process."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that wait
    while True:
        message, ends, _, _ = socket.recv_fds(line, LARGEST, 3)
        if not message:
            return False
        if not os.fork():
            line.close()
            return _is_command(json.loads(message), *ends)
        for end in ends:
            os.close(end)


def _is_command(asked: dict[str, list[str]], out: int, err: int, status: int) -> bool:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if not (process := os.fork()):
        os.close(status)
        begin(asked["words"], asked["environment"], asked["folder"], out, err)
        return True
    os.close(out)
    os.close(err)
    os.write(status, b"%d\n" % process)
    _, ended = os.waitpid(process, 0)
    os.write(status, b"%d\n" % os.waitstatus_to_exitcode(ended))
    os._exit(0)


def _import() -> None:
    """Import what commands import where they need it, with the models of the services that every run asks."""
    for module in walk_packages(reconciler.__path__, "reconciler."):
        if not module.name.endswith("__main__"):
            import_module(module.name)
    for service in ("batch", "sts"):
        model_loader().load_service_model(service, "service-2")
    gc.freeze()


if __name__ == "__main__":
    _import()
    if serve(socket.socket(fileno=int(sys.argv[1]))):
        runpy.run_module("reconciler", run_name="__main__")
