"""Where an import reads from: a row for each source."""

import sys
from argparse import Namespace, _ArgumentGroup
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli.options import file_name
from reconciler.problems import WrongUsage

if TYPE_CHECKING:
    from reconciler.adopt.found import Imported

Group = _ArgumentGroup  # argparse has no public name for it
STDIN, STDIN_NAME = "-", "<stdin>"


@dataclass(frozen=True, slots=True)
class Source:
    """One way to come by resources. `add` adds the option that chooses it, whose name in the arguments is `name`."""

    name: str
    add: Callable[[Group], None]
    read: Callable[[Namespace], "Imported"]


def chosen(args: Namespace) -> Source:
    """Return the source that the arguments choose. Raises `WrongUsage` unless it is one."""
    given = [source for source in SOURCES if getattr(args, source.name)]
    options = ", ".join(f"--{source.name}" for source in SOURCES)
    if not given:
        raise WrongUsage("nothing says where to import from", hint=f"give one of {options}")
    if len(given) > 1:
        raise WrongUsage(f"one source at a time: {' and '.join(f'--{source.name}' for source in given)} are several")
    return given[0]


def contents(files: list[str]) -> list[tuple[str, bytes]]:
    """Return the content of each file with the name that messages call it. Raises `WrongUsage`."""
    from reconciler.lookup.files import read_whole

    if files.count(STDIN) > 1:
        raise WrongUsage("stdin can be read once")
    found = []
    for file in files:
        try:
            found.append((STDIN_NAME, sys.stdin.buffer.read()) if file == STDIN else (file, read_whole(Path(file))))
        except OSError as error:
            raise WrongUsage(f"cannot read {file}: {error.strerror}") from error
    return found


def _add_json(group: Group) -> None:
    group.add_argument(
        "--json",
        nargs="+",
        default=[],
        metavar="FILE",
        type=file_name,
        help="what `aws batch describe-*` printed, or what --cli-input-json takes; - is stdin",
    )


def _read_json(args: Namespace) -> "Imported":
    from reconciler.adopt import json_files
    from reconciler.lookup.installed import takes

    return json_files.imported(contents(args.json), takes)


SOURCES: tuple[Source, ...] = (Source("json", _add_json, _read_json),)
