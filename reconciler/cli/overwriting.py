"""No output overwrites a file that the run reads: `plan stack.yaml -o json=stack.yaml` would destroy the stack."""

from argparse import Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path

from reconciler.cli.lines import IN_S3
from reconciler.lookup.paths import is_inside, leaves_repository
from reconciler.problems import Stopped, WrongUsage

Inputs = Sequence[tuple[str | Path, str]]
HINT = "write it to a file of its own, as in -o json=plan.json"


def check_outputs(args: Namespace) -> None:
    """Raise `WrongUsage` for a file of -o that is read, that is part of a stack, or that is a link out of here."""
    files = [target.file for target in args.output if target.file and not target.file.startswith(IN_S3)]
    for file in (*files, *filter(None, [getattr(args, "sandbox", None)])):
        if leaves_repository(Path(file)):
            raise WrongUsage(f"{file} is a link out of the repository", hint="remove the link, or name another file")
    there = [file for file in files if Path(file).is_file() or _is_same(getattr(args, "sandbox", None) or "", file)]
    inputs = list(_inputs(args)) if there else []
    for file in there:
        what = next((what for path, what in inputs if _is_same(path, file)), "") or _part(file, inputs, args.called)
        if what:
            raise WrongUsage(f"{file} is {what}: the output would overwrite it", hint=HINT)


def _inputs(args: Namespace) -> Iterator[tuple[str | Path, str]]:
    """Yield the files that options and arguments name, with what they are."""
    for name in ("var_file", "var_files"):
        yield from ((file, "a file of values") for file in getattr(args, name, ()))
    yield getattr(args, "sandbox", None) or "", "the state of the sandbox"
    yield from ((file, "an input of this run") for file in args.stacks)
    if args.all is None:
        return
    yield args.all, "the file of deployments"
    try:
        yield from ((path, what) for path, what in _of_deployments(args))
    except Stopped:
        return  # the run itself tells what is wrong with the file


def _of_deployments(args: Namespace) -> Iterator[tuple[Path, str]]:
    from reconciler.cli.targets import stack_path, targets_of

    for target in targets_of(args):
        yield Path(stack_path(target, args)), "a stack"
        yield from ((Path(args.all).parent / file, "a file of values") for file in target.variable_files)


def _part(file: str, inputs: Inputs, command: str) -> str:
    """Return what a file is to a stack, be it one of the run or not; nothing if none needs it.

    What `render` has written before is a stack, too, and is written again.
    """
    from reconciler.load import files_used, is_of_stack
    from reconciler.lookup.files import SUFFIXES, DiskFiles

    if command != "render" and file.endswith(SUFFIXES) and is_of_stack(DiskFiles(file)):
        return "a file of a stack"
    folders = {Path(path) for path, _ in inputs if Path(path).is_dir() and is_inside(Path(file), Path(path))}
    used = (folder / name for folder in folders for name in files_used(DiskFiles(str(folder))))
    return "a file of the stack" if any(_is_same(path, file) for path in used) else ""


def _is_same(one: str | Path, other: str) -> bool:
    """Whether two paths lead to one file, be it one that the run makes, as it does of a sandbox."""
    if Path(one).exists() and Path(other).exists():
        return Path(one).samefile(other)
    return bool(one) and Path(one).resolve() == Path(other).resolve()
