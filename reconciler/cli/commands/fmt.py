"""`reconciler fmt`."""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING

from reconciler.cli.context import gravest_code, run_each
from reconciler.cli.options import add_output, fleet_of
from reconciler.cli.output import Output
from reconciler.problems import Exit, Problem, Where, WrongUsage

if TYPE_CHECKING:
    from reconciler.adapters.machine import DiskFiles
    from reconciler.fmt import Formatted, Language
    from reconciler.report.results import Formatting

STDIN, STDIN_NAME = "-", "<stdin>"
BUGS = ("FMT002", "FMT003")  # nothing that the author of the file can mend in it
EXAMPLES = """\
  reconciler fmt stacks/*
  reconciler fmt stacks/prod --check       for CI and pre-commit: writes nothing, exits 2 if a file would change
  reconciler fmt stacks/prod --diff        show what would change, instead of changing it
  reconciler fmt - < stack.yaml            for editors: from stdin to stdout

what it does:
  Indents by 2, sorts fields in their usual order, and corrects unambiguous misspellings of fields and values; stderr
  lists each correction. Comments move with the lines they describe; values are not changed. A file that cannot be
  read, or that contains an ambiguous name, is not changed (exit 3). JSON files are never changed.

exit codes:
  0 done, or nothing to do   1 a file cannot be written   2 --check: files would change   3 a file has problems
"""


def add(parser: ArgumentParser) -> None:
    parser.add_argument(
        "stacks",
        nargs="*",
        metavar="STACK",
        help="folder or YAML file; - formats stdin to stdout (default: the current folder)",
    )
    parser.add_argument("--check", action="store_true", help="write nothing; exit 2 if a file would change")
    parser.add_argument("--diff", action="store_true", help="write nothing; print a unified diff")
    add_output(parser)


def run(args: Namespace, out: Output) -> int:
    paths = fleet_of(args).paths
    if STDIN in paths and len(paths) > 1:
        raise WrongUsage(
            "- cannot be combined with other files: it formats stdin to stdout", hint="name files, or only -"
        )
    return run_each(paths, out, lambda path: _format(path, out, is_check=args.check, is_diff=args.diff))


def _format(path: str, out: Output, *, is_check: bool, is_diff: bool) -> int:
    from reconciler.redact.presented import present_problems
    from reconciler.report.results import Formatting

    is_done = not (is_check or is_diff)
    files = (_from_stdin(),) if path == STDIN else tuple(_files(path, is_done=is_done))
    problems = present_problems(problem for file in files for problem in file.problems)
    formatting = Formatting(STDIN_NAME if path == STDIN else path, files, is_done, problems)
    _publish(formatting, out, is_diff=is_diff)
    codes = [Exit.ERROR if problem.code in BUGS else Exit.INVALID for problem in formatting.problems]
    return gravest_code([*codes, Exit.CHANGES if formatting.changed and is_check else Exit.DONE])


def _from_stdin() -> "Formatted":
    from reconciler.fmt import format_file

    return format_file(STDIN_NAME, sys.stdin.buffer.read(), language())


def _files(path: str, *, is_done: bool) -> Iterator["Formatted"]:
    from reconciler.adapters.machine import DiskFiles
    from reconciler.load import files_beside
    from reconciler.load.files import YAML_FILES, Library
    from reconciler.syntax.diagnostics import Findings

    files = DiskFiles(path)
    library = Library(files, Findings())
    beside = frozenset() if files.is_one_file else files_beside(files)
    for name in files.own_names():
        if name.endswith(YAML_FILES) and name not in beside:
            yield _file(files, name, library.shown(name), is_done=is_done)


def _file(files: "DiskFiles", name: str, shown: str, *, is_done: bool) -> "Formatted":
    """Format one file. What keeps us from reading or writing it is a problem of this file alone."""
    from reconciler.fmt import format_file
    from reconciler.ports import OutsideStack

    try:
        done = format_file(shown, files.read(name), language())
    except OutsideStack:
        hint = "a stack can only use files in its own folder: format the file where it is"
        return _failed(shown, "INC001", f"{name} is outside the stack's folder", hint)
    except OSError as error:
        return _failed(shown, "YML012", f"{shown} cannot be read: {error.strerror}")
    try:
        if done.is_changed and is_done:
            files.replace(name, done.after)
    except OSError as error:
        return _failed(shown, "FMT003", f"{shown} cannot be written: {error.strerror}", "the file is unchanged")
    return done


def _failed(shown: str, code: str, message: str, hint: str = "") -> "Formatted":
    from reconciler.fmt import Formatted

    return Formatted(shown, b"", b"", problems=(Problem(code, message, Where(shown), hint),))


@cache
def language() -> "Language":
    from reconciler.adapters.lookup.installed import read_schema, takes
    from reconciler.fmt import Language
    from reconciler.kinds import SECTIONS

    return Language(read_schema(), SECTIONS, takes)


def _publish(formatting: "Formatting", out: Output, *, is_diff: bool) -> None:
    from reconciler.report.json import formatting_json
    from reconciler.report.text.imports import difference, files_page, words_page
    from reconciler.report.text.page import problems_page

    is_text = formatting.path == STDIN_NAME and formatting.is_done
    texts: dict[str, Callable[[Formatted], str]] = {"diff": difference} if is_diff else {}
    texts |= {"text": lambda file: "" if file.problems else file.after.decode("utf-8")} if is_text else {}

    def document() -> object:
        return formatting_json(formatting, lambda file: {name: make(file) for name, make in texts.items()})

    if formatting.problems:
        out.print_to_stderr(lambda width: problems_page(formatting.problems, width))
    if any(file.respelled for file in formatting.changed):
        out.print_to_stderr(lambda width: words_page(formatting, width))
    if not texts:
        out.publish(lambda width: files_page(formatting, width), document)
        return
    shown = "".join(make(file) for file in formatting.files for make in texts.values())
    out.publish_text(shown, document, is_data=is_text)  # an editor takes it for the file
    if is_diff:
        out.print_to_stderr(lambda width: files_page(formatting, width))
