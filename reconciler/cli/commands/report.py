"""`reconciler report`."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli.clients import open_objects
from reconciler.cli.context import gravest_code
from reconciler.cli.options import EVERYWHERE, add_output, parse_duration
from reconciler.cli.output import Output
from reconciler.cli.streams import IN_S3
from reconciler.ports import Observer
from reconciler.problems import Exit, Severity, WrongUsage

if TYPE_CHECKING:
    from reconciler.report.documents import Part

AHEAD = timedelta(minutes=5)  # the clocks of two runners may be apart by that
EXAMPLES = """\
  reconciler drift --all --shard 1/4 -o json=drift-1.json     on the first of four machines
  reconciler report merge drift-*.json                        one table, and the most severe exit code
  reconciler report merge s3://bucket/drift/today/            all JSON files there
  reconciler report merge drift-*.json -o json=drift.json -o html=drift.html
  reconciler report merge drift-*.json --max-age 30m          of a check that runs every hour

The newest outcome of each deployment counts, and the newest document of each share. Documents of previous runs are
omitted: those with a different number of shares, and those that are older than the newest by more than --max-age.
A missing share, or a deployment that only a previous run contains, is reported and exits 1.
"""
LONGEST = 6 * 3600.0


def add(parser: ArgumentParser) -> None:
    parser.add_argument("action", choices=("merge",), help="merge: the newest outcome of each deployment")
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="a document written by `-o json=FILE` of a run with --all"
    )
    parser.add_argument(
        "--max-age",
        type=parse_duration,
        default=LONGEST,
        metavar="TIME",
        help="omit documents that are this much older than the newest: they belong to a previous run (default: 6h)",
    )
    add_output(parser, (*EVERYWHERE, "html"))


def run(args: Namespace, out: Output) -> int:
    from reconciler.report.documents import merge
    from reconciler.report.fleet import fleet_json, fleet_page
    from reconciler.report.text.page import problems_page

    fleet = merge([_part(*named) for file in args.files for named in _read(file, out.watch)], args.max_age)
    is_incomplete = any(note.severity is Severity.ERROR for note in fleet.notes)
    codes = [outcome.exit for outcome in fleet.outcomes]
    code = gravest_code([*codes, Exit.ERROR] if is_incomplete else codes or [Exit.DONE])
    if fleet.notes:
        out.print_to_stderr(lambda width: problems_page(fleet.notes, width))
    out.publish_combined(lambda width: fleet_page(fleet.outcomes, width), lambda: fleet_json(fleet, code))
    return code


def _read(file: str, observer: Observer) -> Iterator[tuple[str, bytes]]:
    """Yield a file with its name; of a folder in S3 all that are in it."""
    if file.startswith(IN_S3):
        documents = list(open_objects(observer).read(file))
        if not documents:
            raise WrongUsage(f"there is no JSON file in {file}")
        yield from documents
        return
    try:
        yield file, Path(file).read_bytes()
    except OSError as error:
        raise WrongUsage(f"cannot read {file}: {error.strerror}") from error


def _part(file: str, content: bytes) -> "Part":
    from reconciler.adapters.machine import utc_now
    from reconciler.report.documents import Part, Unreadable, parsed, read_fleet_document

    try:
        part = Part(file, read_fleet_document(parsed(content)))
    except Unreadable as error:
        hint = "pass files written by `drift --all -o json=FILE` or a similar command"
        raise WrongUsage(f"{file} cannot be merged: {error}", hint=hint) from error
    if part.time > utc_now() + AHEAD:  # all others would be old beside it
        hint = "set the clock of this machine, or run the command that wrote it again"
        raise WrongUsage(f"{file} cannot be merged: its time, {part.fleet.time}, is in the future", hint=hint)
    return part
