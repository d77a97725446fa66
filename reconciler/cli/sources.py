"""Where an import reads from: a row for each source."""

import sys
from argparse import Namespace, _ArgumentGroup
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli.options import file_name
from reconciler.problems import WrongUsage

if TYPE_CHECKING:
    from reconciler.adopt.found import Imported
    from reconciler.workflow import LiveRegion

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


def _add_live(group: Group) -> None:
    group.add_argument("--live", action="store_true", help="what is live in the account and region")


def _read_live(args: Namespace, stack: str, region: ReadRegion) -> "Imported":
    from reconciler.adopt import live
    from reconciler.cli.targets import excluded_names
    from reconciler.lookup.installed import takes

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
    from reconciler.adopt import json_files
    from reconciler.lookup.installed import takes

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
    from reconciler.adopt import cloudformation
    from reconciler.cli.clouds import cloudformation_for, ec2_for
    from reconciler.lookup.deployed import deployed
    from reconciler.lookup.installed import service_model

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
    from reconciler.adopt import terraform

    return terraform.imported(contents(args.terraform))


SOURCES: tuple[ImportSource, ...] = (
    ImportSource("live", _add_live, _read_live, plans=True, own=("with_owned", "name_prefix")),
    ImportSource("json", _add_json, _read_json),
    ImportSource("cloudformation", _add_cloudformation, _read_cloudformation, own=("parameter", "stack_name")),
    ImportSource("terraform", _add_terraform, _read_terraform),
)
