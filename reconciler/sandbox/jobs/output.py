"""What a job prints: nothing is executed, so the `echo`s and `sleep`s of its command say it."""

import re
import shlex
from collections.abc import Iterator, Sequence
from itertools import pairwise

from reconciler.sandbox.jobs.demands import SLEEP, UNITS

SCRIPT = re.compile(r"-[a-z]*c")  # the option of a shell before its script
NEXT = re.compile(r"&&|\|\||;|\n")
ECHO = re.compile(r"echo(?: -[ne]+)*\s+(.*)", re.DOTALL)
SILENT = "The sandbox executes nothing"


def output_of(command: Sequence[str]) -> list[tuple[float, str]]:
    """Return the lines that a command prints, each with the seconds after which it does."""
    return list(_echoes(command)) or [(0.0, f"{SILENT}: {shlex.join(command)}" if command else SILENT)]


def _echoes(command: Sequence[str]) -> Iterator[tuple[float, str]]:
    scripts = [script for option, script in pairwise(command) if SCRIPT.fullmatch(option)]
    after = 0.0
    for statement in NEXT.split(scripts[0] if scripts else shlex.join(command)):
        if slept := SLEEP.search(statement):
            after += float(slept[1]) * UNITS[slept[2]]
        elif echoed := ECHO.fullmatch(statement.strip()):
            yield after, _unquoted(echoed[1])


def _unquoted(text: str) -> str:
    try:
        return " ".join(shlex.split(text))
    except ValueError:  # a quote that is not closed
        return text
