"""`reconciler report`."""

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli.clouds import objects
from reconciler.cli.lines import IN_S3
from reconciler.cli.options import add_output
from reconciler.cli.output import Output
from reconciler.cli.stacks import gravest
from reconciler.ports import Observer
from reconciler.problems import Exit, WrongUsage

if TYPE_CHECKING:
    from reconciler.report.fleet import Outcome

HELP = "put together what several runs over targets have found"
EXAMPLES = """\
  reconciler drift --all --shard 1/4 -o json=drift-1.json     on the first of four machines
  reconciler report merge drift-*.json                        one table, and the exit code of the gravest
  reconciler report merge s3://bucket/drift/2026-11-25/       all JSON files there
  reconciler report merge drift-*.json -o json=drift.json -o html=drift.html
"""


def add(parser: ArgumentParser) -> None:
    parser.add_argument("action", choices=("merge",), help="merge: of each target the last document counts")
    parser.add_argument("files", nargs="+", metavar="FILE", help="what `-o json=FILE` of a run with --all has written")
    add_output(parser, ("text", "json", "html"))


def run(args: Namespace, out: Output) -> int:
    from reconciler.report.fleet import fleet_json, fleet_page, merged, several_page

    documents = [_parsed(*one) for file in args.files for one in _read(file, args.observer)]
    outcomes, several = merged(found for _, found in documents)
    code = gravest([one.exit for one in outcomes] or [Exit.DONE])
    command = ", ".join(dict.fromkeys(command for command, _ in documents))
    if several:
        out.tell(lambda width: several_page(several, width))
    out.whole(lambda width: fleet_page(outcomes, width), lambda: fleet_json(outcomes, command, code))
    return code


def _read(file: str, observer: Observer) -> Iterator[tuple[str, bytes]]:
    """Yield a file with its name; of a folder in S3 all that are in it."""
    if file.startswith(IN_S3):
        found = list(objects(observer).read(file))
        if not found:
            raise WrongUsage(f"there is no JSON file in {file}")
        yield from found
        return
    try:
        yield file, Path(file).read_bytes()
    except OSError as error:
        raise WrongUsage(f"cannot read {file}: {error.strerror}") from error


def _parsed(file: str, content: bytes) -> tuple[str, tuple["Outcome", ...]]:
    from reconciler.load.json_nodes import whole_json
    from reconciler.report.fleet import outcomes_of

    try:
        document = whole_json(content.decode("utf-8-sig"))
        return str(document.get("command", "")) if isinstance(document, dict) else "", outcomes_of(document)
    except ValueError as error:
        reason = "it is no JSON" if isinstance(error, json.JSONDecodeError | UnicodeDecodeError) else error
        hint = "it takes what `drift --all -o json=FILE` and its like write"
        raise WrongUsage(f"{file} cannot be merged: {reason}", hint=hint) from error
