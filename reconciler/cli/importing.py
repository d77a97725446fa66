"""What an import does: read its source, make that a stack, check it, write it, plan it, tell."""

import gc
import re
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli.clouds import sky_for
from reconciler.cli.output import Output
from reconciler.cli.sources import ReadRegion, Source
from reconciler.cli.stacks import Read, informed, read_files
from reconciler.model import Identity, Plan, Stack
from reconciler.problems import Exit, InvalidStack, Problem, Severity, WrongUsage

if TYPE_CHECKING:
    from reconciler.adopt.files import Written
    from reconciler.adopt.found import Imported
    from reconciler.adopt.write import Tidy
    from reconciler.report.items import Import
    from reconciler.workflow import Region

STDOUT = "-"
UNNAMED = "imported"
NO_VALUE = "VAR002"
NAMES = re.compile(r"[^A-Za-z0-9_-]+")


def imported_to(args: Namespace, source: Source, out: Output) -> int:
    """Write what a source has as a stack. Raises `InvalidStack` and `WrongUsage` before anything is written."""
    with _uncollected():
        return _imported_to(args, source, out)


@contextmanager
def _uncollected() -> Iterator[None]:
    """A region is a million small values without a circle, which would be looked through again and again."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _imported_to(args: Namespace, source: Source, out: Output) -> int:
    from reconciler.report.items import Import

    stack, region = args.stack or _stack_name(args.to), _reader(args)
    imported = source.read(args, stack, region)
    is_seen = args.prove or source.plans
    tidy = _tidied(imported, stack, args, region().identity if is_seen else None)
    read = read_files(tidy.files, args)
    problems = (*imported.problems, *map(_as_note, read.problems), *_secrets(read))
    is_whole = not any(problem.severity is Severity.ERROR for problem in problems)
    if not is_whole and not args.keep_going:
        raise InvalidStack(problems, _nothing_written(problems))
    written = () if args.to == STDOUT else _write(tidy.files, Path(args.to), force=args.force)
    is_known = is_whole and not any(problem.code == NO_VALUE for problem in problems)
    plan = _plan(read.stack, region(), args) if is_seen and is_known else None
    found = Import(read.stack, written, (*imported.left_out, *tidy.left_out), problems, plan)
    _tell(found, tidy.files, out)
    if not is_whole:
        return Exit.INVALID
    return Exit.CHANGES if found.changing else Exit.DONE


def _reader(args: Namespace) -> ReadRegion:
    """Return what reads the region, once."""

    @cache
    def region() -> "Region":
        from reconciler import workflow

        return workflow.region(sky_for(Stack("", {}), args).cloud)

    return region


def _tidied(imported: "Imported", stack: str, args: Namespace, place: Identity | None) -> "Tidy":
    from reconciler.adopt.files import GroupBy
    from reconciler.adopt.write import Settings, tidy_stack
    from reconciler.cli.commands.fmt import language

    is_stdout = args.to == STDOUT
    settings = Settings(
        stack=stack,
        root="" if is_stdout else args.to,
        region=place.region if place else args.region or "",
        account=place.account if place and args.with_account else "",
        group_by=GroupBy.NONE if is_stdout else GroupBy(args.group_by),
    )
    return tidy_stack(imported, place or Identity("", ""), settings, language())


def _plan(stack: Stack, seen: "Region", args: Namespace) -> Plan:
    """Return what `adopt` will find."""
    from reconciler import workflow
    from reconciler.plan import Wanted

    return workflow.plan_in(stack, seen, informed(Wanted(adopt=True, released=tuple(args.released))))


def _as_note(problem: Problem) -> Problem:
    """A parameter of another tool becomes a variable, and its value may be known to its user alone."""
    if problem.code != NO_VALUE:
        return problem
    return replace(problem, severity=Severity.NOTE, hint="give it with --var, or write a default")


def _secrets(read: Read) -> Iterator[Problem]:
    """Warn of values that look like secrets: to leave them out would be a change."""
    from reconciler.report.redaction import secret_paths

    for address, declared in read.stack.declared.items():
        for path, shown in secret_paths(declared.spec):
            message = f"{address}: {shown} looks like a secret, and stands in the YAML as it stands in AWS"
            hint = "keep it in Secrets Manager, and name it under secrets; whatever replaces it is a change"
            yield Problem("IMP004", message, declared.places.find(path), hint, Severity.WARNING)


def _tell(found: "Import", files: "Written", out: Output) -> None:
    from reconciler.cli.commands.validate import contents
    from reconciler.report.import_text import import_json, import_page, left_out_page, plan_verdict

    out.tell(lambda width: left_out_page(found, width))
    if found.files:
        out.publish(lambda width: import_page(found, contents(found.stack), width), lambda: import_json(found))
    else:
        out.publish_text("".join(files.texts.values()), lambda: import_json(found))
        out.tell(lambda width: plan_verdict(found, width))


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
