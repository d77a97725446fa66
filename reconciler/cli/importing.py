"""What an import does: read its source, make that a stack, check it, write it, plan it, tell."""

import gc
import re
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli.clouds import Clients, sky_for
from reconciler.cli.output import Output
from reconciler.cli.patterns import check_globs
from reconciler.cli.sources import ImportSource, ReadRegion
from reconciler.cli.stacks import Read, informed, read_files
from reconciler.model import Identity, Json, Plan, Stack
from reconciler.problems import Exit, InvalidStack, Problem, Severity, Where, WrongUsage

if TYPE_CHECKING:
    from reconciler.adopt.files import WrittenStack
    from reconciler.adopt.found import Imported, ImportedResource
    from reconciler.adopt.write import ImportSettings
    from reconciler.model import Live
    from reconciler.report.items import Import
    from reconciler.workflow import LiveRegion

STDOUT = "-"
UNNAMED = "imported"
NAMES = re.compile(r"[^A-Za-z0-9_-]+")


def imported_to(args: Namespace, source: ImportSource, out: Output) -> int:
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


def _imported_to(args: Namespace, source: ImportSource, out: Output) -> int:
    from reconciler.adopt.declared import effective
    from reconciler.adopt.examples import with_examples
    from reconciler.adopt.write import tidy_stack
    from reconciler.cli.commands.fmt import language
    from reconciler.report.items import Import

    stack, sky = args.stack or _stack_name(args.to), cache(lambda: sky_for(Stack("", {}), args))
    region = _reader(sky, args)
    imported = source.read(args, stack, region)
    is_seen = args.prove or source.plans
    place = region().identity if is_seen else None
    _check_asked(
        region().live if source.plans else imported.found, args, "this region" if source.plans else "the source"
    )
    spoken = language()
    chosen = with_examples(effective(imported if source.plans else _chosen(imported, args)), spoken)
    tidy = tidy_stack(chosen, place or Identity("", ""), _settings(stack, args, place), spoken)
    unset = _unset(chosen, args)
    offered = _offering(args, unset, chosen)
    read = read_files(tidy.files, offered, place)
    if read.has_unknown and is_seen and not args.no_lookups:
        read = read_files(tidy.files, offered, place, sky().lookups)
    problems = (*imported.problems, *read.problems, *_secrets(read))
    is_whole = not any(problem.severity is Severity.ERROR for problem in problems)
    if not is_whole and not args.keep_going:
        raise _unwritten(problems)
    written = () if args.to == STDOUT else _write(tidy.files, Path(args.to), force=args.force)
    problems += _staying(tidy.files, Path(args.to)) if written else ()
    plan = _plan(read.stack, region(), args) if is_seen and is_whole and not unset else None
    found = Import(read.stack, written, (*imported.left_out, *tidy.left_out), problems, plan, unset)
    _tell(found, tidy.files, out)
    if not is_whole:
        return Exit.INVALID
    return Exit.CHANGES if found.changing else Exit.DONE


def _check_asked(there: Iterable["Live | ImportedResource"], args: Namespace, where: str) -> None:
    """Raise `WrongUsage` for a name or a kind that nothing has. Where nothing is there at all, all is well."""
    from reconciler.ownership import own_name

    addresses = [one.address for one in there]
    if addresses:
        names = dict.fromkeys(name for one in addresses for name in (one.name, own_name(one.name)))
        check_globs("--name", [glob for glob in args.name if not glob.startswith("!")], list(names), where)
        check_globs("--kind", args.kind, list(dict.fromkeys(one.kind for one in addresses)), where)


def _chosen(imported: "Imported", args: Namespace) -> "Imported":
    """Return what was asked for of what files describe; of a region, the source itself chooses."""
    from reconciler.adopt.found import variables_in, without_tagged
    from reconciler.adopt.live import Asked

    asked = Asked(names=tuple(args.name), kinds=tuple(args.kind), tags=dict(args.tag))

    def tags(found: "ImportedResource") -> Mapping[str, Json]:
        written = without_tagged(found.body.get("tags"))
        return written if isinstance(written, Mapping) else {}

    fitting = (one for one in imported.found if asked.fits(one.address, tags(one)))
    found = tuple(one for one in fitting if not asked.choice.excluding(one.address.name))
    used = set(variables_in([imported.name_prefix, *(one.body for one in found)]))
    variables = {name: variable for name, variable in imported.variables.items() if name in used}
    return replace(imported, found=found, variables=variables)


def _reader(sky: Callable[[], Clients], args: Namespace) -> ReadRegion:
    """Return what reads the region, once."""

    @cache
    def region() -> "LiveRegion":
        from reconciler import workflow

        return workflow.region(sky().cloud, args.observer)

    return region


def _settings(stack: str, args: Namespace, place: Identity | None) -> "ImportSettings":
    from reconciler.adopt.files import GroupBy
    from reconciler.adopt.write import ImportSettings

    is_stdout = args.to == STDOUT
    return ImportSettings(
        stack=stack,
        root="" if is_stdout else args.to,
        region=place.region if place else args.region or "",
        account=place.account if place and args.with_account else "",
        group_by=GroupBy.NONE if is_stdout else GroupBy(args.group_by),
    )


def _unset(imported: "Imported", args: Namespace) -> tuple[str, ...]:
    """Return the variables that nobody gives a value: a parameter of another tool may be known to its user alone."""
    given = dict(args.var) | {name: "" for file in args.var_file for name in _names_in(file)}
    return tuple(
        name for name, variable in imported.variables.items() if variable.get("default") is None and name not in given
    )


def _names_in(file: str) -> Iterator[str]:
    """Yield what a file of values gives, as far as it can be read: what is wrong with it, reading the stack tells."""
    from reconciler.load.findings import Findings
    from reconciler.load.library import parse
    from reconciler.load.nodes import MappingNode
    from reconciler.lookup.files import read_whole

    try:
        root = parse(file, read_whole(Path(file)), Findings(), is_yaml=True).root
    except OSError:
        return
    yield from root.entries if isinstance(root, MappingNode) else ()


def _offering(args: Namespace, unset: Iterable[str], imported: "Imported") -> Namespace:
    """Return the arguments with values that are not known for variables that have none; in names, examples."""
    from reconciler.adopt.found import variables_in
    from reconciler.load.values import GivenValue
    from reconciler.looked_up import Unknown

    named = {name: imported.variables[name].get("example") for name in variables_in(imported.name_prefix)}
    offered = {name: GivenValue(named.get(name) or Unknown.of("var", name), None) for name in unset}
    return Namespace(**{**vars(args), "offered": offered})


def _plan(stack: Stack, seen: "LiveRegion", args: Namespace) -> Plan:
    """Return what `adopt` will find."""
    from reconciler import workflow
    from reconciler.plan import PlanOptions

    return workflow.plan_in(stack, seen, informed(PlanOptions(adopt=True, released=tuple(args.released))))


def _secrets(read: Read) -> Iterator[Problem]:
    """Warn of values that look like secrets: to leave them out would be a change."""
    from reconciler.looked_up import holds_unknown
    from reconciler.report.redaction import secret_paths

    for address, declared in read.stack.declared.items():
        for path, shown in secret_paths(declared.spec):
            if holds_unknown(_at(declared.spec, path)):
                continue  # the YAML names it, and has it not
            message = f"{address}: {shown} looks like a secret, and stands in the YAML as it stands in AWS"
            hint = "keep it in Secrets Manager, and name it under secrets; whatever replaces it is a change"
            yield Problem("IMP004", message, declared.places.find(path), hint, Severity.WARNING)


def _at(value: Json, path: Iterable[str | int]) -> Json:
    for step in path:
        value = value[step]
    return value


def _tell(found: "Import", files: "WrittenStack", out: Output) -> None:
    from reconciler.cli.commands.validate import contents
    from reconciler.report.import_text import import_json, import_page, left_out_page, plan_verdict

    out.tell(lambda width: left_out_page(found, width))
    if found.files:
        out.publish(lambda width: import_page(found, contents(found.stack), width), lambda: import_json(found))
    else:
        out.publish_text("".join(files.texts.values()), lambda: import_json(found), is_data=True)
        out.tell(lambda width: plan_verdict(found, width))


def _stack_name(folder: str) -> str:
    name = "" if folder == STDOUT else Path(folder).resolve().name
    return NAMES.sub("-", name).strip("-") or UNNAMED


def _unwritten(problems: tuple[Problem, ...]) -> InvalidStack:
    count = sum(problem.severity is Severity.ERROR for problem in problems)
    stopped = InvalidStack(problems, f"{count} problem{'' if count == 1 else 's'}; nothing was written")
    stopped.hint = "--keep-going writes what could be imported, to be corrected in the YAML"
    return stopped


def _staying(files: "WrittenStack", folder: Path) -> tuple[Problem, ...]:
    """Warn of files that were there before, and are part of the stack now."""
    others = [name for name in _there(folder) if name not in files.texts]
    message = "it was there before, and is part of this stack now"
    hint = "remove it, unless you mean it"
    return tuple(Problem("IMP005", message, Where(str(folder / name)), hint, Severity.WARNING) for name in others)


def _there(folder: Path) -> list[str]:
    """Return the files of stacks that are in a folder."""
    from reconciler.load import files_beside
    from reconciler.lookup.files import DiskFiles

    if not folder.exists():
        return []
    files = DiskFiles(str(folder))
    beside = files_beside(files)
    return [name for name in files.names() if name not in beside]


def _write(files: "WrittenStack", folder: Path, *, force: bool) -> tuple[str, ...]:
    """Write the files, and return their paths."""
    from reconciler.lookup.files import write_below

    there = sorted({*_there(folder), *(name for name in files.texts if (folder / name).exists())})
    if there and not force:
        hint = "choose another folder, or give --force to overwrite what has the same name; nothing was written"
        raise WrongUsage(f"there are files of a stack in {folder} already: {', '.join(there)}", hint=hint)
    try:
        write_below(folder, files.texts)
    except OSError as error:
        raise WrongUsage(f"cannot write into {folder}: {error.strerror}", hint="choose another folder") from error
    return tuple(str(folder / name) for name in files.texts)
