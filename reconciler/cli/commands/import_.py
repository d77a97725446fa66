"""`reconciler import`: read its source, make that a stack, check it, write it, plan it, and print what was done."""

import gc
import re
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace, _ArgumentGroup
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from reconciler.app.request import Session, StackRequest
from reconciler.cli.clients import service_for, session_for
from reconciler.cli.context import Read, check_globs, read_files, with_installed_sdk
from reconciler.cli.options import (
    add_cloud,
    add_names,
    add_output,
    add_variables,
    parse_file_name,
    parse_pair,
    stack_of,
)
from reconciler.cli.output import Output
from reconciler.model import Identity, Json, Plan, Stack
from reconciler.ports import Observer
from reconciler.problems import Exit, InvalidStack, Problem, Severity, Where, WrongUsage

if TYPE_CHECKING:
    from reconciler.importers.model import Imported, ImportedResource
    from reconciler.importers.writer import ImportSettings, WrittenStack
    from reconciler.live.facts import LiveRegion
    from reconciler.load.variables import GivenValue
    from reconciler.model import Live
    from reconciler.report.results import Import

EXAMPLES = """\
  reconciler import --live --to stacks/prod
  reconciler import --live --name 'risk-*' --tag team=risk --to stacks/risk --group-by queue
  reconciler import --live --name '!metaflow_*' --to stacks/prod     without the resources of a workflow engine
  reconciler import --live --kind JobDefinition --to -      to stdout
  reconciler import --json queues.json definitions.json --to stacks/prod --stack prod
  reconciler import --terraform terraform.tfstate --to stacks/prod
  terraform show -json | reconciler import --terraform - --to stacks/prod
  aws batch describe-job-queues | reconciler import --json - --to stacks/prod
  reconciler import --cloudformation template.yaml --to stacks/prod
  reconciler import --cloudformation cdk.out/Batch.template.json --stack-name Batch --to stacks/prod
  cdk synth Batch | reconciler import --cloudformation - --parameter Stage=prod --to stacks/prod

what it does:
  The YAML reads as if written by hand: no defaults, no values filled in by AWS, references by name, and common fields
  once, under defaults. With --live, the result is planned: the plan must contain only adoptions. Nothing in AWS is
  changed; `reconciler adopt` takes ownership of the resources.

exit codes:
  0 written, and the plan contains only adoptions   2 written, but the plan would change more
  3 something cannot be imported, or is not valid   64 usage error, or a file exists already
"""
GROUPS = ("kind", "queue", "none")


def add(parser: ArgumentParser) -> None:
    sources = parser.add_argument_group("sources (one is required)")
    for source in SOURCES:
        _add_source(sources, source)
    only = parser.add_argument_group("what to import")
    add_names(only)
    only.add_argument(
        "--kind",
        action="append",
        default=[],
        metavar="KIND",
        type=_parse_kind,
        help="only resources of this kind; repeatable",
    )
    only.add_argument(
        "--tag",
        action="append",
        default=[],
        metavar="KEY[=GLOB]",
        type=_parse_tag,
        help="only resources with this tag; repeatable, all must match",
    )
    only.add_argument(
        "--with-owned", action="store_true", help="also resources that other stacks and CloudFormation own"
    )
    only.add_argument(
        "--released",
        action="append",
        default=[],
        metavar="STACK",
        help="also resources of this CloudFormation stack, for `adopt --released`; repeatable",
    )
    template = parser.add_argument_group("of a CloudFormation template")
    template.add_argument(
        "--parameter",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        type=parse_pair,
        help="value of a parameter or pseudo parameter such as AWS::Region; it does not become a variable; repeatable",
    )
    template.add_argument(
        "--stack-name", metavar="NAME", help="the deployed stack, from which names, ids and parameters are read"
    )
    stack = parser.add_argument_group("the stack")
    stack.add_argument(
        "--to", required=True, metavar="DIR", type=parse_file_name, help="the stack's folder; - is stdout"
    )
    stack.add_argument("--stack", metavar="NAME", help="the stack's name (default: the folder's)")
    stack.add_argument(
        "--name-prefix",
        default="",
        metavar="PREFIX",
        help="the stack's namePrefix: only names with it, and without it in the YAML (default: that of the "
        "resources it owns)",
    )
    stack.add_argument("--group-by", choices=GROUPS, default="kind", help="write a file for each (default: kind)")
    stack.add_argument("--with-account", action="store_true", help="also write the account, as a guard")
    stack.add_argument("--force", action="store_true", help="overwrite files that exist")
    stack.add_argument("--keep-going", action="store_true", help="write the rest if something cannot be imported")
    stack.add_argument("--prove", action="store_true", help="plan the result, as --live always does")
    add_variables(parser)
    add_cloud(parser)
    add_output(parser)


def run(args: Namespace, out: Output) -> int:
    own = {
        "with_owned": args.with_owned,
        "name_prefix": args.name_prefix,
        "parameter": args.parameter,
        "stack_name": args.stack_name,
    }
    source = choose_source([name for name, _ in args.sources], own)
    request = ImportRequest(
        source=source,
        files=tuple(file for _, file in args.sources if file),
        stack=stack_of(args),
        name=args.stack or stack_name(args.to),
        to=args.to,
        names=tuple(args.name),
        kinds=tuple(args.kind),
        tags=dict(args.tag),
        with_owned=args.with_owned,
        released=tuple(args.released),
        name_prefix=args.name_prefix,
        parameters=dict(args.parameter),
        deployed_as=args.stack_name,
        group_by=args.group_by,
        with_account=args.with_account,
        is_forced=args.force,
        keeps_going=args.keep_going,
        proves=args.prove,
    )
    return import_stack(request, out)


def _add_source(group: _ArgumentGroup, source: "ImportSource") -> None:
    """Add the option of a source: each use of it adds its name and a file, if any, to `sources`."""
    add = partial(group.add_argument, f"--{source.name}", dest="sources", default=[], help=source.description)
    if source.files:
        nargs = "+" if source.files == "FILE..." else 1
        add(action="extend", nargs=nargs, metavar="FILE", type=lambda text: (source.name, parse_file_name(text)))
    else:
        add(action="append_const", const=(source.name, ""))


def _parse_kind(word: str) -> str:
    from reconciler.kinds import KINDS, kind_named

    kind = kind_named(word)
    if kind is None:
        raise ArgumentTypeError(f"there is no kind {word}; there are {', '.join(KINDS)}")
    return kind.name


def _parse_tag(text: str) -> tuple[str, str]:
    key, equals, glob = text.partition("=")
    if not key:
        raise ArgumentTypeError(f"{text!r} is not KEY or KEY=VALUE")
    return key, glob if equals else "*"


# Where an import reads from: a row for each source.

ReadRegion = Callable[[], "LiveRegion"]
STDIN, STDIN_NAME = "-", "<stdin>"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRequest:
    """What is to be imported, and how it is to be written. `stack` reads the YAML that is written."""

    source: "ImportSource"
    files: tuple[str, ...]  # of the source, if it has some
    stack: StackRequest
    name: str  # of the stack
    to: str  # a folder, or - for stdout
    names: tuple[str, ...] = ()  # globs; with ! what is left out
    kinds: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)  # globs over values
    with_owned: bool = False
    released: tuple[str, ...] = ()  # CloudFormation stacks that have let go of what still has their tags
    name_prefix: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)  # of a CloudFormation template
    deployed_as: str | None = None  # the CloudFormation stack of the template
    group_by: str = "kind"
    with_account: bool = False
    is_forced: bool = False  # files that exist are overwritten
    keeps_going: bool = False  # what can be imported is written where something cannot
    proves: bool = False  # what was written is planned


@dataclass(frozen=True, slots=True)
class ImportSource:
    """One way to come by resources, chosen by the option that is called `name`.

    `read` may call the reader of the region. `own` are the names of options that mean something to
    this source alone.
    """

    name: str
    description: str
    read: Callable[[ImportRequest, Observer, ReadRegion], "Imported"]
    files: Literal["", "FILE", "FILE..."] = "FILE"  # what follows the option
    plans: bool = False  # the region is known then: what was written is planned without being asked for
    own: tuple[str, ...] = ()


def choose_source(given: Collection[str], own: Mapping[str, object]) -> ImportSource:
    """Return the source that is given. Raises `WrongUsage` unless it is one, and has all options that are its `own`."""
    sources = [source for source in SOURCES if source.name in given]
    options = ", ".join(f"--{source.name}" for source in SOURCES)
    if not sources:
        raise WrongUsage("no source is given", hint=f"give one of {options}")
    if len(sources) > 1:
        raise WrongUsage(f"only one source is accepted, not {' and '.join(f'--{source.name}' for source in sources)}")
    for other in SOURCES:
        for option in other.own if other is not sources[0] else ():
            if own[option]:
                raise WrongUsage(f"{_option(option)} is for --{other.name}, not for --{sources[0].name}")
    return sources[0]


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def read_contents(files: Sequence[str]) -> list[tuple[str, bytes]]:
    """Return the content of each file with the name that messages call it. Raises `WrongUsage`."""
    from reconciler.adapters.machine import read_whole

    if files.count(STDIN) > 1:
        raise WrongUsage("stdin can be read only once")
    contents = []
    for file in files:
        try:
            contents.append((STDIN_NAME, sys.stdin.buffer.read()) if file == STDIN else (file, read_whole(Path(file))))
        except OSError as error:
            raise WrongUsage(f"cannot read {file}: {error.strerror}") from error
    return contents


def _read_live(request: ImportRequest, _observer: Observer, region: ReadRegion) -> "Imported":
    from reconciler.adapters.lookup.installed import takes
    from reconciler.cli.fleet import excluded_names
    from reconciler.importers import live

    asked = live.ImportFilter(
        stack=request.name,
        prefix=request.name_prefix,
        names=request.names,
        excluded=excluded_names(request.stack),
        kinds=request.kinds,
        tags=request.tags,
        with_owned=request.with_owned,
        released=request.released,
    )
    seen = region()
    return live.imported(seen.live, seen.unread, asked, takes)


def _read_json(request: ImportRequest, _observer: Observer, _region: ReadRegion) -> "Imported":
    from reconciler.adapters.lookup.installed import takes
    from reconciler.importers import json_files

    return json_files.imported(read_contents(request.files), takes)


def _read_cloudformation(request: ImportRequest, observer: Observer, _region: ReadRegion) -> "Imported":
    from reconciler.adapters.lookup.deployed import deployed
    from reconciler.adapters.lookup.installed import service_model
    from reconciler.cli.clients import cloudformation_for
    from reconciler.importers import cloudformation

    place = request.stack.place
    if len(request.files) > 1:
        raise WrongUsage(f"only one template is accepted, not {' and '.join(request.files)}")
    ((name, raw),) = read_contents(request.files)
    live = None
    if request.deployed_as:
        live = deployed(
            cloudformation_for(place, observer),
            request.deployed_as,
            with_exports=b"ImportValue" in raw,
            ec2=partial(service_for, "ec2", place, observer) if b"VersionNumber" in raw else None,
        )
    given = cloudformation.ImportInputs(
        stack_name=request.name, parameters=request.parameters, region=place.region or "", live=live
    )
    return cloudformation.imported(name, raw, given, service_model())


def _read_terraform(request: ImportRequest, _observer: Observer, _region: ReadRegion) -> "Imported":
    from reconciler.importers import terraform

    return terraform.imported(read_contents(request.files))


SOURCES: tuple[ImportSource, ...] = (
    ImportSource(
        "live",
        "the live resources of the account and region",
        _read_live,
        files="",
        plans=True,
        own=("with_owned", "name_prefix"),
    ),
    ImportSource(
        "json",
        "output of `aws batch describe-*`, or input of --cli-input-json; - is stdin",
        _read_json,
        files="FILE...",
    ),
    ImportSource(
        "cloudformation",
        "a template in YAML or JSON, also from the CDK (cdk.out/*.template.json); - is stdin",
        _read_cloudformation,
        own=("parameter", "stack_name"),
    ),
    ImportSource(
        "terraform",
        "a state (terraform.tfstate), or output of `terraform show -json` for a state or a plan; - is stdin",
        _read_terraform,
        files="FILE...",
    ),
)


STDOUT = "-"
UNNAMED = "imported"
NAMES = re.compile(r"[^A-Za-z0-9_-]+")


def import_stack(request: ImportRequest, out: Output) -> int:
    """Write what a source has as a stack. Raises `InvalidStack` and `WrongUsage` before anything is written."""
    with _uncollected():
        return _import_stack(request, out)


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


def _import_stack(request: ImportRequest, out: Output) -> int:
    from reconciler.cli.commands.fmt import language
    from reconciler.importers.minimize import drop_ineffective
    from reconciler.importers.samples import add_examples
    from reconciler.importers.writer import tidy_stack
    from reconciler.redact.presented import present, present_left_out, present_problems
    from reconciler.report.results import Import

    source, observer = request.source, out.watch
    session = cache(lambda: session_for(Stack("", {}), request.stack.place, observer))
    region = _region_reader(session)
    imported = source.read(request, observer, region)
    is_seen = request.proves or source.plans
    place = region().identity if is_seen else None
    _check_asked(
        region().live if source.plans else imported.resources, request, "this region" if source.plans else "the source"
    )
    spoken = language()
    resources = add_examples(
        drop_ineffective(imported if source.plans else _choose_resources(imported, request)), spoken
    )
    tidy = tidy_stack(resources, place or Identity("", ""), _settings(request, place), spoken)
    unset = _unset_variables(resources, request.stack)
    stack = replace(request.stack, offered=_stand_ins_for(unset, resources))
    read = read_files(tidy.files, stack, place)
    if read.has_unknown and is_seen and stack.place.has_lookups:
        read = read_files(tidy.files, stack, place, session().lookups)
    problems = (*imported.problems, *read.problems, *_secrets(read))
    is_whole = not any(problem.severity is Severity.ERROR for problem in problems)
    if not is_whole and not request.keeps_going:
        raise _refusal(problems)
    written = () if request.to == STDOUT else _write(tidy.files, Path(request.to), force=request.is_forced)
    problems += _files_from_before(tidy.files, Path(request.to)) if written else ()
    plan = _plan(read.stack, region(), request.released) if is_seen and is_whole and not unset else None
    shown = present(plan, read.secrets) if plan else None
    left_out = present_left_out((*imported.left_out, *tidy.left_out), read.secrets)
    presented = present_problems(problems)
    result = Import(read.stack.name, tuple(read.stack.declared), written, left_out, presented, shown, unset)
    _publish(result, tidy.files, out)
    if not is_whole:
        return Exit.INVALID
    return Exit.CHANGES if result.changing else Exit.DONE


def _check_asked(resources: Iterable["Live | ImportedResource"], request: ImportRequest, where: str) -> None:
    """Raise `WrongUsage` for a name or a kind that nothing has. Without any resource, all are fine."""
    from reconciler.model import own_name

    addresses = [resource.address for resource in resources]
    if addresses:
        names = dict.fromkeys(name for address in addresses for name in (address.name, own_name(address.name)))
        check_globs("--name", [glob for glob in request.names if not glob.startswith("!")], list(names), where)
        check_globs("--kind", request.kinds, list(dict.fromkeys(address.kind for address in addresses)), where)


def _choose_resources(imported: "Imported", request: ImportRequest) -> "Imported":
    """Return what was asked for of what files describe; of a region, the source itself chooses."""
    from reconciler.importers.live import ImportFilter
    from reconciler.importers.model import variables_in, without_tagged

    asked = ImportFilter(names=request.names, kinds=request.kinds, tags=request.tags)

    def tags(resource: "ImportedResource") -> Mapping[str, Json]:
        written = without_tagged(resource.body.get("tags"))
        return written if isinstance(written, Mapping) else {}

    fitting = (resource for resource in imported.resources if asked.selects(resource.address, tags(resource)))
    found = tuple(resource for resource in fitting if not asked.choice.excluding(resource.address.name))
    used = set(variables_in([imported.name_prefix, *(resource.body for resource in found)]))
    variables = {name: variable for name, variable in imported.variables.items() if name in used}
    return replace(imported, resources=found, variables=variables)


def _region_reader(session: Callable[[], Session]) -> ReadRegion:
    """Return what reads the region, once."""

    @cache
    def region() -> "LiveRegion":
        from reconciler.app import usecases

        return usecases.region(session())

    return region


def _settings(request: ImportRequest, place: Identity | None) -> "ImportSettings":
    from reconciler.importers.writer import GroupBy, ImportSettings

    is_stdout = request.to == STDOUT
    return ImportSettings(
        stack=request.name,
        root="" if is_stdout else request.to,
        region=place.region if place else request.stack.place.region or "",
        account=place.account if place and request.with_account else "",
        group_by=GroupBy.NONE if is_stdout else GroupBy(request.group_by),
    )


def _unset_variables(imported: "Imported", stack: StackRequest) -> tuple[str, ...]:
    """Return the variables without a value: only its user may know a parameter of a different tool."""
    given = {*stack.variables, *(name for file in stack.variable_files for name in _names_in(file))}
    return tuple(
        name for name, variable in imported.variables.items() if variable.get("default") is None and name not in given
    )


def _names_in(file: str) -> Iterator[str]:
    """Yield what a file of values gives, as far as it can be read: reading the stack reports what is wrong with it."""
    from reconciler.adapters.machine import read_whole
    from reconciler.load.files import parse
    from reconciler.syntax.diagnostics import Findings
    from reconciler.syntax.nodes import MappingNode

    try:
        root = parse(file, read_whole(Path(file)), Findings(), is_yaml=True).root
    except OSError:
        return
    yield from root.entries if isinstance(root, MappingNode) else ()


def _stand_ins_for(unset: Iterable[str], imported: "Imported") -> dict[str, "GivenValue"]:
    """Return values that are not known for variables that have none; in names, examples."""
    from reconciler.importers.model import variables_in
    from reconciler.load.variables import GivenValue
    from reconciler.placeholders import Unknown

    named = {name: imported.variables[name].get("example") for name in variables_in(imported.name_prefix)}
    return {name: GivenValue(named.get(name) or Unknown.of("var", name), None) for name in unset}


def _plan(stack: Stack, seen: "LiveRegion", released: tuple[str, ...]) -> Plan:
    """Return what `adopt` will find."""
    from reconciler.app import usecases
    from reconciler.plan import PlanOptions

    return usecases.plan_in(stack, seen, with_installed_sdk(PlanOptions(adopt=True, released=released)))


def _secrets(read: Read) -> Iterator[Problem]:
    """Warn of values that look like secrets: to leave them out would be a change."""
    from reconciler.placeholders import holds_unknown
    from reconciler.redact.secrets import secret_paths

    for address, declared in read.stack.declared.items():
        for path, shown in secret_paths(declared.spec):
            if holds_unknown(_value_at(declared.spec, path)):
                continue  # the YAML names it, and has it not
            message = f"{address}: {shown} looks like a secret, and is in the YAML with its value in AWS"
            hint = "store it in Secrets Manager, and refer to it under secrets; replacing it is a change"
            yield Problem("IMP004", message, declared.places.find(path), hint, Severity.WARNING)


def _value_at(value: Json, path: Iterable[str | int]) -> Json:
    for step in path:
        value = value[step]
    return value


def _publish(result: "Import", files: "WrittenStack", out: Output) -> None:
    from reconciler.cli.commands.validate import describe_contents
    from reconciler.report.text.imports import import_json, import_page, left_out_page, plan_verdict

    out.print_to_stderr(lambda width: left_out_page(result, width))
    if result.files:
        out.publish(
            lambda width: import_page(result, describe_contents(result.addresses), width), lambda: import_json(result)
        )
    else:
        out.publish_text("".join(files.texts.values()), lambda: import_json(result), is_data=True)
        out.print_to_stderr(lambda width: plan_verdict(result, width))


def stack_name(folder: str) -> str:
    name = "" if folder == STDOUT else Path(folder).resolve().name
    return NAMES.sub("-", name).strip("-") or UNNAMED


def _refusal(problems: tuple[Problem, ...]) -> InvalidStack:
    count = sum(problem.severity is Severity.ERROR for problem in problems)
    stopped = InvalidStack(problems, f"{count} problem{'' if count == 1 else 's'}; nothing was written")
    stopped.hint = "--keep-going writes the rest, to be corrected in the YAML"
    return stopped


def _files_from_before(files: "WrittenStack", folder: Path) -> tuple[Problem, ...]:
    """Warn of files that were there before, and are part of the stack now."""
    others = [name for name in _stack_files(folder) if name not in files.texts]
    message = "the file existed before, and is part of this stack now"
    hint = "remove it, unless that is intended"
    return tuple(Problem("IMP005", message, Where(str(folder / name)), hint, Severity.WARNING) for name in others)


def _stack_files(folder: Path) -> list[str]:
    """Return the files of stacks that are in a folder."""
    from reconciler.adapters.machine import DiskFiles
    from reconciler.load import files_beside

    if not folder.exists():
        return []
    files = DiskFiles(str(folder))
    beside = files_beside(files)
    return [name for name in files.names() if name not in beside]


def _write(files: "WrittenStack", folder: Path, *, force: bool) -> tuple[str, ...]:
    """Write the files, and return their paths."""
    from reconciler.adapters.machine import write_below

    there = sorted({*_stack_files(folder), *(name for name in files.texts if (folder / name).exists())})
    if there and not force:
        hint = "choose a different folder, or use --force to overwrite files of the same names; nothing was written"
        raise WrongUsage(f"{folder} already contains files of a stack: {', '.join(there)}", hint=hint)
    try:
        write_below(folder, files.texts)
    except OSError as error:
        raise WrongUsage(f"cannot write into {folder}: {error.strerror}", hint="choose a different folder") from error
    return tuple(str(folder / name) for name in files.texts)
