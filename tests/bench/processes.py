"""Processes as a user starts them, with what they cost."""

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.server import Server

RECONCILER = ("-m", "reconciler")
ALONE = """
import resource, subprocess, sys, time
start = time.perf_counter()
code = subprocess.run(sys.argv[1:]).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print("\\ntook", time.perf_counter() - start, used.ru_utime + used.ru_stime, used.ru_maxrss)
sys.exit(code)
"""


@dataclass(frozen=True)
class Cost:
    """`processor` counts the seconds of the process alone, whatever else the machine does meanwhile."""

    seconds: float
    processor: float
    memory: float  # MiB, peak


@contextmanager
def written(files: dict[str, str]) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            Path(folder, name).parent.mkdir(exist_ok=True)
            Path(folder, name).write_text(text, encoding="utf-8")
        yield folder


@contextmanager
def with_bytecode() -> Iterator[None]:
    """Let Python keep compiled modules, as an installation has them, in a folder that goes afterwards."""
    kept = dict(os.environ)
    with tempfile.TemporaryDirectory() as folder:
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = folder
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(kept)


def run(argv: list[str], server: Server | None = None, program: tuple[str, ...] = RECONCILER) -> Cost:
    """Run a program as a user would. A failure ends the benchmark."""
    environment = {**os.environ, **(server.environment if server else {}), "CI": "true"}
    # Linux counts what a process was before it became another: only a small parent shows the memory of its child.
    process = subprocess.Popen(
        [sys.executable, "-c", ALONE, sys.executable, *program, *argv],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    output: list[bytes] = []
    reader = threading.Thread(target=lambda: output.append(process.stdout.read() if process.stdout else b""))
    reader.start()
    status = process.wait()
    reader.join()
    text, _, figures = b"".join(output).decode().rpartition("\ntook ")
    seconds, processor, memory = map(float, figures.split())
    if status:
        sys.exit(f"{' '.join(argv)} failed:\n{text}")
    return Cost(seconds, processor, memory / 1024)


def applied(server: Server, folder: str, older: int = 0) -> None:
    """Bring the server to where the stack is applied, each definition with some older active revisions."""
    run(["apply", folder, "--yes"], server)
    server.register_older(older)
