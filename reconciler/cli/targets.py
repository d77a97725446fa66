"""Which targets a command means, and what each of them adds to its arguments."""

import os
from argparse import Namespace
from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli.stacks import environment_of
from reconciler.load.choose import FLEET as FILE
from reconciler.lookup.paths import GIT, is_hidden, names_of
from reconciler.ports import UNOBSERVED, Observer
from reconciler.problems import InvalidStack, Severity, WrongUsage

if TYPE_CHECKING:
    from reconciler.fleet import FleetTarget
    from reconciler.ports import Files


def targets_of(args: Namespace) -> tuple["FleetTarget", ...]:
    """Return all targets of the file, and note the variable files of all. Raises `WrongUsage` and `InvalidStack`."""
    from reconciler.lookup.files import DiskFiles

    if not Path(args.all).is_file():
        message = f"there is no file {args.all}" if args.all else "--all= names no file"
        raise WrongUsage(message, hint=_next_step(args))
    targets = _read(DiskFiles(args.all), args)
    args.var_files = tuple(Path(args.all).parent / file for target in targets for file in target.variable_files)
    return targets


def excluded_names(args: Namespace) -> tuple[str, ...]:
    """Return the names that the file of deployments excludes, as globs. Raises `InvalidStack`.

    It is the one in the current folder, or the nearest one above in the same repository: where the command is called
    does not change what is an engine's.
    """
    from reconciler.fleet import read_excluded
    from reconciler.lookup.files import DiskFiles

    here = Path.cwd()
    folders = (here, *here.parents)
    root = next((folder for folder in folders if (folder / GIT).exists()), here)
    file = next(
        (folder / FILE for folder in folders if (folder / FILE).is_file() and folder.is_relative_to(root)), None
    )
    if file is None:
        return ()
    globs, problems = read_excluded(DiskFiles(os.path.relpath(file)), environment_of(args))
    if problems:
        raise InvalidStack(problems)
    return globs


def _next_step(args: Namespace) -> str:
    """Return what to do without a file of deployments: there may be one above, or there may be one stack alone."""
    name = Path(args.all).name or FILE
    above = next(
        (folder / name for folder in Path(args.all).absolute().parent.parents if (folder / name).is_file()), None
    )
    if above:
        return f"there is one above: use --all={os.path.relpath(above)}"
    return f"name one stack, as in `reconciler {args.called} STACK`; or write {name} with `environments:` and `stacks:`"


def stack_path(target: "FleetTarget", args: Namespace) -> str:
    """Return the path of a target's stack from the current folder."""
    return (Path(args.all).parent / target.stack).as_posix()


def chosen_of(targets: tuple["FleetTarget", ...], args: Namespace) -> tuple["FleetTarget", ...]:
    """Return the targets that the arguments mean. Raises `WrongUsage` and `InvalidStack`."""
    from reconciler.fleet import chosen, differing
    from reconciler.load.findings import did_you_mean

    file = Path(args.all)
    stacks = () if args.stacks == ["."] else [_from(file.parent, stack) for stack in args.stacks]
    unknown = next((stack for stack in stacks if all(target.stack != stack for target in targets)), None)
    if unknown:
        raise WrongUsage(
            f"{file} has no stack {unknown}", hint=did_you_mean(unknown, [one.stack for one in targets], "")
        )
    unknown = next((name for name in args.target_env if not chosen(targets, environments=(name,))), None)
    if unknown:
        known = dict.fromkeys(target.environment for target in targets)
        hint = did_you_mean(unknown, known, f"it has {', '.join(known)}")
        raise WrongUsage(f"{file} has no environment {unknown}", hint=hint)
    only = getattr(args, "only", None)
    if only is not None:
        gone = next((name for name in only if all(target.name != name for target in targets)), None)
        if gone:
            raise WrongUsage(f"{file} has no target {gone}, of which there is a plan", hint="plan again")
        targets = tuple(target for target in targets if target.name in only)
    if args.changed_since:
        targets = differing(targets, *_before(file, args), cache(partial(_names, file.parent)))
    return chosen(targets, environments=args.target_env, stacks=stacks, shard=args.shard)


def _read(files: "Files", args: Namespace) -> tuple["FleetTarget", ...]:
    from reconciler.fleet import read_fleet

    root = Path(files.root)
    targets, problems = read_fleet(files, environment_of(args), partial(_matching, root), cache(partial(_leaves, root)))
    if any(problem.severity is Severity.ERROR for problem in problems):
        raise InvalidStack(problems)
    return targets


def _before(file: Path, args: Namespace) -> tuple[tuple["FleetTarget", ...], tuple[str, ...]]:
    """Return the targets of then, and the files that have changed since."""
    from reconciler.lookup.git import Repository, Then

    repository = Repository(str(file.parent))
    content, changed = (
        repository.content_at(args.changed_since, file.name),
        repository.changed_since(args.changed_since),
    )
    try:
        return (() if content is None else _read(Then(str(file.parent), file.name, content), args)), changed
    except InvalidStack:  # nobody knows what it meant then: all of it counts as changed
        return (), changed


def _names(root: Path, path: str) -> Sequence[str]:
    """Return the names under which git may list a stack or a file of values, with what a stack of one file includes."""
    from reconciler.load import files_used
    from reconciler.lookup.files import SUFFIXES, DiskFiles

    used = [path]
    if (root / path).is_file() and path.endswith(SUFFIXES):
        used += [(Path(path).parent / name).as_posix() for name in files_used(DiskFiles(str(root / path)))]
    return sorted({name for each in used for name in names_of(root, each)})


def _matching(root: Path, pattern: str) -> Sequence[str]:
    """Return the stacks that a glob means, from the folder of the file of targets; nothing outside of it."""
    if Path(pattern).is_absolute() or ".." in Path(pattern).parts:
        return ()
    if not any(char in pattern for char in "*?["):
        return (pattern,) if (root / pattern).exists() else ()
    found = (path for path in root.glob(pattern) if path.is_dir())
    return sorted(path.relative_to(root).as_posix() for path in found if not path.name.startswith("."))


def _leaves(root: Path, path: str) -> bool:
    """Whether links in a path lead out of a folder, or to something hidden in it."""
    there, real = Path(os.path.realpath(root / path)), Path(os.path.realpath(root))
    if not there.is_relative_to(real):
        return True
    return is_hidden(there.relative_to(real)) and not is_hidden(Path(os.path.normpath(path)))


def _from(root: Path, path: str) -> str:
    return Path(os.path.relpath(path, root)).as_posix()


def arguments(target: "FleetTarget", args: Namespace, observer: Observer = UNOBSERVED) -> Namespace:
    """Return the arguments as they are for a target: what the command line says counts more than what the file says."""
    from reconciler.plan import Limit

    consents, root = target.consents, Path(args.all).parent
    beside = {
        "observer": observer,
        "region": _given(args, "region") or target.region or None,
        "role_arn": _given(args, "role_arn") or target.role_arn or None,
        "profile": _given(args, "profile") or target.profile or None,
        "account": target.account or None,
        "of_target": target.name,
        "meant": target.variables,
        "offered": target.offered,
        "var_file": [*(str(root / file) for file in target.variable_files), *args.var_file],
        "adopt": _given(args, "adopt") or consents.adopt,
        "allow_replace": _given(args, "allow_replace") or consents.allow_replace,
        "allow_destroy": [*consents.allow_destroy, *getattr(args, "allow_destroy", ())],
        "max_interrupted": consents.max_interrupted
        if _given(args, "max_interrupted") is None
        else args.max_interrupted,
        "max_destroy": _given(args, "max_destroy")
        or (Limit.of(consents.max_destroy) if consents.max_destroy else None),
    }
    return Namespace(**{**vars(args), **beside, "stacks": [target.stack]})


def _given(args: Namespace, name: str) -> object:
    return getattr(args, name, None)
