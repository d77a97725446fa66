"""Read a stack from a folder as `reconciler validate` does."""

from pathlib import Path

from reconciler.adapters.lookup.installed import read_schema
from reconciler.adapters.lookup.sources import Environment
from reconciler.adapters.machine import DiskFiles
from reconciler.kinds import KINDS
from reconciler.load import load_with_problems
from reconciler.model import Stack
from reconciler.problems import Problem
from reconciler.validate import validate


def read(folder: Path) -> tuple[Stack, tuple[Problem, ...]]:
    """Return the validated stack, and everything that reading and validating it had to say, warnings included."""
    loaded = load_with_problems(DiskFiles(str(folder)), Environment({}))
    valid, more = validate(loaded.stack, read_schema(), KINDS)
    return valid, (*loaded.problems, *more)
