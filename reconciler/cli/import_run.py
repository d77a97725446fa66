"""What an import does: read its source, make that a stack, check it, write it, plan it, tell."""

import gc
import re
import sys
from argparse import Namespace, _ArgumentGroup
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli.clients import Clients, sky_for
from reconciler.cli.context import Read, informed, read_files
from reconciler.cli.options import file_name
from reconciler.cli.output import Output
from reconciler.cli.patterns import check_globs
from reconciler.model import Identity, Json, Plan, Stack
from reconciler.problems import Exit, InvalidStack, Problem, Severity, Where, WrongUsage

if TYPE_CHECKING:
    from reconciler.app.usecases import LiveRegion
    from reconciler.importers.model import Imported, ImportedResource
    from reconciler.importers.writer import ImportSettings, WrittenStack
    from reconciler.model import Live
    from reconciler.report.results import Import


# Where an import reads from: a row for each source.

Group = _ArgumentGroup  # argparse has no public name for it
ReadRegion = Callable[[], "LiveRegion"]
STDIN, STDIN_NAME = "-", "<stdin>"


@dataclass(frozen=True, slots=True)
class ImportSource:
    """One way to come by resources. `add` adds the option that chooses it, whose name in the arguments is `name`.

    `read` is given the stack's name, and what reads the region, for whoever wants it. `own` are the names of options
    that mean something to this source alone.
    """

    name: str
    add: Callable[[Group], None]
    read: Callable[[Namespace, str, ReadRegion], "Imported"]
    plans: bool = False  # the region is known then: what was written is planned without being asked for
    own: tuple[str, ...] = ()


def chosen(args: Namespace) -> ImportSource:
    """Return the source that the arguments choose. Raises `WrongUsage` unless it is one, and has all their options."""
    given = [source for source in SOURCES if getattr(args, source.name)]
    options = ", ".join(f"--{source.name}" for source in SOURCES)
    if not given:
        raise WrongUsage("nothing says where to import from", hint=f"give one of {options}")
    if len(given) > 1:
        raise WrongUsage(f"one source at a time: {' and '.join(f'--{source.name}' for source in given)} are several")
    for other in SOURCES:
        for option in other.own if other is not given[0] else ():
            if getattr(args, option):
                raise WrongUsage(f"{_option(option)} is for --{other.name}, and this is --{given[0].name}")
    return given[0]


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def contents(files: list[str]) -> list[tuple[str, bytes]]:
    """Return the content of each file with the name that messages call it. Raises `WrongUsage`."""
    from reconciler.adapters.lookup.files import read_whole

    if files.count(STDIN) > 1:
        raise WrongUsage("stdin can be read once")
    found = []
    for file in files:
        try:
            found.append((STDIN_NAME, sys.stdin.buffer.read()) if file == STDIN else (file, read_whole(Path(file))))
        except OSError as error:
            raise WrongUsage(f"cannot read {file}: {error.strerror}") from error
    return found


def _add_live(group: Group) -> None:
    group.add_argument("--live", action="store_true", help="what is live in the account and region")


def _read_live(args: Namespace, stack: str, region: ReadRegion) -> "Imported":
    from reconciler.adapters.lookup.installed import takes
    from reconciler.cli.fleet import excluded_names
    from reconciler.importers import live

    asked = live.Asked(
        stack=stack,
        prefix=args.name_prefix,
        names=tuple(args.name),
        excluded=excluded_names(args),
        kinds=tuple(args.kind),
        tags=dict(args.tag),
        with_owned=args.with_owned,
        released=tuple(args.released),
    )
    seen = region()
    return live.imported(seen.live, seen.unread, asked, takes)


def _add_json(group: Group) -> None:
    group.add_argument(
        "--json",
        action="extend",
        nargs="+",
        default=[],
        metavar="FILE",
        type=file_name,
        help="what `aws batch describe-*` printed, or what --cli-input-json takes; - is stdin",
    )


def _read_json(args: Namespace, _stack: str, _region: ReadRegion) -> "Imported":
    from reconciler.adapters.lookup.installed import takes
    from reconciler.importers import json_files

    return json_files.imported(contents(args.json), takes)


def _add_cloudformation(group: Group) -> None:
    group.add_argument(
        "--cloudformation",
        action="append",
        default=[],
        metavar="FILE",
        type=file_name,
        help="a template in YAML or JSON, also of the CDK (cdk.out/*.template.json); - is stdin",
    )


def _read_cloudformation(args: Namespace, stack: str, _region: ReadRegion) -> "Imported":
    from reconciler.adapters.lookup.deployed import deployed
    from reconciler.adapters.lookup.installed import service_model
    from reconciler.cli.clients import cloudformation_for, ec2_for
    from reconciler.importers import cloudformation

    if len(args.cloudformation) > 1:
        raise WrongUsage(f"one template at a time: {' and '.join(args.cloudformation)} are several")
    ((name, raw),) = contents(args.cloudformation)
    live = None
    if args.stack_name:
        live = deployed(
            cloudformation_for(args),
            args.stack_name,
            with_exports=b"ImportValue" in raw,
            ec2=partial(ec2_for, args) if b"VersionNumber" in raw else None,
        )
    given = cloudformation.ImportInputs(
        called=stack, parameters=dict(args.parameter), region=args.region or "", live=live
    )
    return cloudformation.imported(name, raw, given, service_model())


def _add_terraform(group: Group) -> None:
    group.add_argument(
        "--terraform",
        action="extend",
        nargs="+",
        default=[],
        metavar="FILE",
        type=file_name,
        help="a state (terraform.tfstate), or what `terraform show -json` printed of a state or a plan; - is stdin",
    )


def _read_terraform(args: Namespace, _stack: str, _region: ReadRegion) -> "Imported":
    from reconciler.importers import terraform

    return terraform.imported(contents(args.terraform))


SOURCES: tuple[ImportSource, ...] = (
    ImportSource("live", _add_live, _read_live, plans=True, own=("with_owned", "name_prefix")),
    ImportSource("json", _add_json, _read_json),
    ImportSource("cloudformation", _add_cloudformation, _read_cloudformation, own=("parameter", "stack_name")),
    ImportSource("terraform", _add_terraform, _read_terraform),
)


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
    from reconciler.cli.commands.fmt import language
    from reconciler.importers.minimize import effective
    from reconciler.importers.samples import with_examples
    from reconciler.importers.writer import tidy_stack
    from reconciler.redact.presented import present
    from reconciler.report.results import Import

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
    shown = present(plan, read.secrets) if plan else None
    left_out = (*imported.left_out, *tidy.left_out)
    found = Import(read.stack.name, tuple(read.stack.declared), written, left_out, problems, shown, unset)
    _tell(found, tidy.files, out)
    if not is_whole:
        return Exit.INVALID
    return Exit.CHANGES if found.changing else Exit.DONE


def _check_asked(there: Iterable["Live | ImportedResource"], args: Namespace, where: str) -> None:
    """Raise `WrongUsage` for a name or a kind that nothing has. Where nothing is there at all, all is well."""
    from reconciler.model import own_name

    addresses = [one.address for one in there]
    if addresses:
        names = dict.fromkeys(name for one in addresses for name in (one.name, own_name(one.name)))
        check_globs("--name", [glob for glob in args.name if not glob.startswith("!")], list(names), where)
        check_globs("--kind", args.kind, list(dict.fromkeys(one.kind for one in addresses)), where)


def _chosen(imported: "Imported", args: Namespace) -> "Imported":
    """Return what was asked for of what files describe; of a region, the source itself chooses."""
    from reconciler.importers.live import Asked
    from reconciler.importers.model import variables_in, without_tagged

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
        from reconciler.app import usecases

        return usecases.region(sky().cloud, args.observer)

    return region


def _settings(stack: str, args: Namespace, place: Identity | None) -> "ImportSettings":
    from reconciler.importers.writer import GroupBy, ImportSettings

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
    from reconciler.adapters.lookup.files import read_whole
    from reconciler.load.files import parse
    from reconciler.syntax.diagnostics import Findings
    from reconciler.syntax.nodes import MappingNode

    try:
        root = parse(file, read_whole(Path(file)), Findings(), is_yaml=True).root
    except OSError:
        return
    yield from root.entries if isinstance(root, MappingNode) else ()


def _offering(args: Namespace, unset: Iterable[str], imported: "Imported") -> Namespace:
    """Return the arguments with values that are not known for variables that have none; in names, examples."""
    from reconciler.importers.model import variables_in
    from reconciler.load.variables import GivenValue
    from reconciler.placeholders import Unknown

    named = {name: imported.variables[name].get("example") for name in variables_in(imported.name_prefix)}
    offered = {name: GivenValue(named.get(name) or Unknown.of("var", name), None) for name in unset}
    return Namespace(**{**vars(args), "offered": offered})


def _plan(stack: Stack, seen: "LiveRegion", args: Namespace) -> Plan:
    """Return what `adopt` will find."""
    from reconciler.app import usecases
    from reconciler.plan import PlanOptions

    return usecases.plan_in(stack, seen, informed(PlanOptions(adopt=True, released=tuple(args.released))))


def _secrets(read: Read) -> Iterator[Problem]:
    """Warn of values that look like secrets: to leave them out would be a change."""
    from reconciler.placeholders import holds_unknown
    from reconciler.redact.patterns import secret_paths

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
    from reconciler.report.text.imports import import_json, import_page, left_out_page, plan_verdict

    out.tell(lambda width: left_out_page(found, width))
    if found.files:
        out.publish(lambda width: import_page(found, contents(found.addresses), width), lambda: import_json(found))
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
    from reconciler.adapters.lookup.files import DiskFiles
    from reconciler.load import files_beside

    if not folder.exists():
        return []
    files = DiskFiles(str(folder))
    beside = files_beside(files)
    return [name for name in files.names() if name not in beside]


def _write(files: "WrittenStack", folder: Path, *, force: bool) -> tuple[str, ...]:
    """Write the files, and return their paths."""
    from reconciler.adapters.lookup.files import write_below

    there = sorted({*_there(folder), *(name for name in files.texts if (folder / name).exists())})
    if there and not force:
        hint = "choose another folder, or give --force to overwrite what has the same name; nothing was written"
        raise WrongUsage(f"there are files of a stack in {folder} already: {', '.join(there)}", hint=hint)
    try:
        write_below(folder, files.texts)
    except OSError as error:
        raise WrongUsage(f"cannot write into {folder}: {error.strerror}", hint="choose another folder") from error
    return tuple(str(folder / name) for name in files.texts)
