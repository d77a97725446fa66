"""What an import does once its source is read: make it a stack, check that, write it, tell."""

import re
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli.output import Output
from reconciler.cli.stacks import read_files
from reconciler.model import Identity
from reconciler.problems import Exit, InvalidStack, Problem, Severity, WrongUsage

if TYPE_CHECKING:
    from reconciler.adopt.files import Written
    from reconciler.adopt.found import Imported
    from reconciler.adopt.write import Tidy
    from reconciler.report.items import Import

STDOUT = "-"
UNNAMED = "imported"
NAMES = re.compile(r"[^A-Za-z0-9_-]+")


def imported_to(args: Namespace, imported: "Imported", out: Output) -> int:
    """Write what was imported as a stack. Raises `InvalidStack` and `WrongUsage` before anything is written."""
    from reconciler.report.items import Import

    tidy = _tidied(imported, args)
    read = read_files(tidy.files, args)
    problems = (*imported.problems, *read.problems)
    is_whole = not any(problem.severity is Severity.ERROR for problem in problems)
    if not is_whole and not args.keep_going:
        raise InvalidStack(problems, _nothing_written(problems))
    written = () if args.to == STDOUT else _write(tidy.files, Path(args.to), force=args.force)
    _tell(Import(read.stack, written, (*imported.left_out, *tidy.left_out), problems), tidy.files, out)
    return Exit.DONE if is_whole else Exit.INVALID


def _tell(found: "Import", files: "Written", out: Output) -> None:
    from reconciler.cli.commands.validate import contents
    from reconciler.report.import_text import import_json, import_page, left_out_page

    out.tell(lambda width: left_out_page(found, width))
    if found.files:
        out.publish(lambda width: import_page(found, contents(found.stack), width), lambda: import_json(found))
    else:
        out.publish_text("".join(files.texts.values()), lambda: import_json(found))


def _tidied(imported: "Imported", args: Namespace) -> "Tidy":
    from reconciler.adopt.files import GroupBy
    from reconciler.adopt.write import Settings, tidy_stack
    from reconciler.cli.commands.fmt import language

    is_stdout = args.to == STDOUT
    settings = Settings(
        stack=args.stack or _stack_name(args.to),
        root="" if is_stdout else args.to,
        region=args.region or "",
        group_by=GroupBy.NONE if is_stdout else GroupBy(args.group_by),
    )
    return tidy_stack(imported, Identity("", ""), settings, language())


def _stack_name(folder: str) -> str:
    name = "" if folder == STDOUT else Path(folder).resolve().name
    return NAMES.sub("-", name).strip("-") or UNNAMED


def _nothing_written(problems: tuple[Problem, ...]) -> str:
    count = sum(problem.severity is Severity.ERROR for problem in problems)
    return f"{count} problem{'' if count == 1 else 's'}; nothing was written"


def _write(files: "Written", folder: Path, *, force: bool) -> tuple[str, ...]:
    """Write the files, and return their paths."""
    from reconciler.lookup.files import DiskFiles

    there = DiskFiles(str(folder)).names() if folder.exists() else ()
    if there and not force:
        hint = "choose another folder, or give --force to overwrite what has the same name; nothing was written"
        raise WrongUsage(f"there are files of a stack in {folder} already: {', '.join(there)}", hint=hint)
    try:
        for name, text in files.texts.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise WrongUsage(f"cannot write into {folder}: {error.strerror}", hint="choose another folder") from error
    return tuple(str(folder / name) for name in files.texts)
