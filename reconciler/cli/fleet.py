"""One command over many targets: which are meant, what each adds to the arguments, and all of them side by side."""

import os
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from threading import Event
from time import monotonic
from typing import TYPE_CHECKING

from reconciler.adapters.lookup.files import GIT, is_hidden, names_of
from reconciler.cli.context import each, each_stack, environment_of, gravest, named_files, read_var_files
from reconciler.cli.options import count
from reconciler.cli.output import Branch, Output
from reconciler.cli.patterns import check_all
from reconciler.load.choose import FLEET
from reconciler.parallel import SLICE
from reconciler.ports import UNOBSERVED, Observer
from reconciler.problems import Exit, InvalidStack, Problem, Severity, WrongUsage

if TYPE_CHECKING:
    from reconciler.cli.signals import Stopping
    from reconciler.fleet import Claim, FleetTarget, Shard
    from reconciler.ports import Files
    from reconciler.report.fleet import DeploymentOutcome, Selection


FILE = "reconciler.yaml"
OF_ARRAY = "array"  # the share of a child of an array job
SIDE_BY_SIDE = 16  # targets: most of the time each waits for AWS
HEARTBEAT = 30.0  # seconds between two lines about what goes on
WRITERS = "Stopping after the steps under way; no further target is begun. Once more to stop at once."
READERS = "Stopping; targets that are not done yet are left out."
ENDED = (Exit.INTERRUPTED, Exit.TERMINATED)
CHOICES = ("--target-env", "--changed-since", "--shard")
Work = Callable[[str, Namespace, Output], int]


def add_fleet(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("targets")
    group.add_argument(
        "--all",
        metavar="[=FILE]",
        help=f"all targets that FILE names (default: {FILE}); with STACK, those of that stack",
    )
    group.add_argument(
        "--target-env",
        action="append",
        default=[],
        metavar="NAME",
        help="only this environment; * and ? match; repeatable",
    )
    group.add_argument(
        "--changed-since", metavar="REF", help="only those that have changed since REF of git, as in main"
    )
    group.add_argument(
        "--shard",
        type=_shard,
        metavar="I/N",
        help="only the I-th of N shares, always of the same targets; `array` in a child of an array job of AWS Batch",
    )
    group.add_argument(
        "--concurrency",
        type=count,
        default=SIDE_BY_SIDE,
        metavar="N",
        help=f"targets side by side (default: {SIDE_BY_SIDE})",
    )


def each_place(args: Namespace, out: Output, work: Work, *, go_on: bool = True) -> int:
    """Do the work for every stack, or with --all for every target; return the code that matters most."""
    if args.all is None:
        _check_alone(args)
        check_apart(args)
        check_all(args, [(path, args) for path in args.stacks], out)
        return each_stack(args, out, lambda path: work(path, args, out), go_on=go_on)

    targets = targets_of(args)
    chosen = chosen_of(targets, args)
    check_all(args, [(stack_path(target, args), arguments(target, args, args.observer)) for target in chosen], out)
    return _side_by_side(chosen, args, out, apart(work, targets, chosen, args))


@dataclass(frozen=True, slots=True)
class Reached:
    """What became of one target; `out` has all that was told of it."""

    target: "FleetTarget"
    code: int
    seconds: float
    time: datetime
    out: Branch

    @property
    def is_news(self) -> bool:
        """Whether there is more to read than a line of the table."""
        from reconciler.report.fleet import is_news

        return self.code != Exit.DONE or any(is_news(item) for item in self.out.items)


def _check_alone(args: Namespace) -> None:
    given = [
        option
        for option, value in zip(CHOICES, (args.target_env, args.changed_since, args.shard), strict=True)
        if value
    ]
    if given:
        raise WrongUsage(f"{given[0]} chooses among the targets of a file", hint="add --all, or --all=FILE")


def _side_by_side(targets: Sequence["FleetTarget"], args: Namespace, out: Output, work: Work) -> int:
    from reconciler.cli.signals import stopping

    reads_only = not hasattr(args, "yes")
    with stopping(partial(out.notice, READERS if reads_only else WRITERS)) as stop, _pool(args, stop) as threads:
        branches = [out.branch(target.name) for target in targets]
        waiting = [
            (branch, threads.submit(_reach, target, args, branch, work, stop))
            for target, branch in zip(targets, branches, strict=True)
        ]
        reached = list(_in_order(waiting, stop.flag, out, is_verbose=bool(args.verbose)))
    codes = [one.code for one in reached]
    is_cut_short = len(reached) < len(targets) or any(code in ENDED for code in codes)
    code = stop.code if stop.code and is_cut_short else gravest(codes or [Exit.DONE])
    begun = {one.target.name for one in reached}
    _tell(reached, [target.name for target in targets if target.name not in begun], args, out, code)
    return int(code)


def _reach(target: "FleetTarget", args: Namespace, out: Branch, work: Work, stop: "Stopping") -> Reached | None:
    """Do the work for one target; whatever goes wrong there leaves the others alone."""
    if stop.flag.is_set():
        return None
    from reconciler.adapters.aws.clock import utc_now

    start, observer = monotonic(), args.observer.target(target.name)
    try:
        alone = arguments(target, args, observer)
        code = each((stack_path(target, args),), out, lambda path: work(path, alone, out), go_on=False)
    except Exception as error:  # noqa: BLE001 - the last place of this target, as main is of a run
        out.crashed(error)
        code = Exit.ERROR
    observer.close(code)
    return Reached(target, code, monotonic() - start, utc_now(), out)


@contextmanager
def _pool(args: Namespace, stop: "Stopping") -> Iterator[ThreadPoolExecutor]:
    """Yield threads for the targets. After a signal, those that only read and may hang are not waited for."""
    threads = ThreadPoolExecutor(max_workers=args.concurrency)
    try:
        yield threads
    finally:
        threads.shutdown(wait=not stop.flag.is_set(), cancel_futures=True)


def _in_order(
    waiting: Sequence[tuple[Branch, Future[Reached | None]]], given_up: Event, out: Output, *, is_verbose: bool
) -> Iterator[Reached]:
    """Yield what was reached in the order of the file, each shown as soon as those before it have been.

    Once the rest is `given_up`, only what has begun to change something is waited for. What begins later finds the
    flag set, and ends before its first step.
    """
    from reconciler.report.fleet import heading_page

    done, beat = 0, monotonic()
    for branch, future in waiting:
        while not future.done() and (branch.has_begun or not given_up.is_set()):
            wait([future], timeout=SLICE)
            if future.done() or monotonic() - beat < HEARTBEAT:
                continue
            beat, now = monotonic(), sum(one.done() for _, one in waiting)
            if now != done:
                done = now
                out.notice(f"{done} of {len(waiting)} targets done …")
        if not future.done():
            continue
        reached = future.result()
        if reached is not None:
            heading = partial(heading_page, reached.target.name)
            out.join(reached.out, heading, is_news=is_verbose or reached.is_news)
            yield reached


def _tell(reached: Sequence[Reached], left_out: Sequence[str], args: Namespace, out: Output, code: int) -> None:
    from reconciler.report.fleet import Fleet, ShardPosition, Targets, cut_short, fleet_json, fleet_page

    file = Path(args.all).as_posix()
    outcomes = tuple(_outcome(one, file) for one in reached)
    items = tuple((one.target.name, item) for one in reached for item in one.out.items)
    shard = ShardPosition(index=args.shard.number, of=args.shard.of) if args.shard else None
    selection = None if left_out else _selection(args)
    notes = (cut_short(left_out),) if left_out else ()
    fleet = Fleet(command=args.called, file=file, selection=selection, shard=shard, outcomes=outcomes, notes=notes)
    out.whole(
        lambda width: fleet_page(outcomes, width, left_out),
        lambda: fleet_json(fleet, code),
        Targets(outcomes, items, tuple(left_out)),
    )


def _selection(args: Namespace) -> "Selection":
    from reconciler.report.fleet import Selection

    return Selection(
        stacks=() if args.stacks == ["."] else tuple(sorted(args.stacks)),
        environments=tuple(sorted(args.target_env)),
        changed_since=args.changed_since,
        deployments=tuple(sorted(getattr(args, "only", None) or ())),
    )


def _outcome(one: Reached, file: str) -> "DeploymentOutcome":
    """Where a deployment is, its own document knows better than the file, which may leave it to the stack."""
    from reconciler.report.fleet import DeploymentOutcome, came_to, told
    from reconciler.report.json import instant

    target, items, documents = one.target, one.out.items, one.out.documents
    result = documents[-1] if documents else None
    known = result if isinstance(result, Mapping) else {}
    return DeploymentOutcome(
        target=target.name,
        file=file,
        stack=target.stack,
        environment=target.environment,
        account=known.get("account") or target.account or None,
        region=known.get("region") or target.region or None,
        time=instant(one.time),
        exit=int(one.code),
        came_to=came_to(one.code, items),
        told=told(one.code, items),
        seconds=round(one.seconds, 3),
        result=result,
    )


def _of_array() -> str:
    """A child of an array job knows its index, from 0, and the size (User Guide, "Job environment variables")."""
    index, size = (os.environ.get(f"AWS_BATCH_JOB_ARRAY_{name}", "") for name in ("INDEX", "SIZE"))
    if not (index.isdecimal() and size.isdecimal()):
        raise ArgumentTypeError(f"{OF_ARRAY} is for a child of an array job of AWS Batch, and this is none")
    return f"{int(index) + 1}/{size}"


def _shard(text: str) -> "Shard":
    from reconciler.fleet import Shard

    number, slash, of = (_of_array() if text == OF_ARRAY else text).partition("/")
    if not slash or not (number.isascii() and number.isdigit() and of.isascii() and of.isdigit()):
        raise ArgumentTypeError(f"{text!r} is not a share such as 1/4")
    if not 1 <= int(number) <= int(of):
        raise ArgumentTypeError(f"{text!r}: shares count from 1 to {of}")
    return Shard(int(number), int(of))


# Which targets a command means, and what each of them adds to its arguments.


def targets_of(args: Namespace) -> tuple["FleetTarget", ...]:
    """Return all targets of the file, and note the variable files of all. Raises `WrongUsage` and `InvalidStack`."""
    from reconciler.adapters.lookup.files import DiskFiles

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
    from reconciler.adapters.lookup.files import DiskFiles
    from reconciler.fleet import read_excluded

    here = Path.cwd()
    folders = (here, *here.parents)
    root = next((folder for folder in folders if (folder / GIT).exists()), here)
    file = next(
        (folder / FLEET for folder in folders if (folder / FLEET).is_file() and folder.is_relative_to(root)), None
    )
    if file is None:
        return ()
    globs, problems = read_excluded(DiskFiles(os.path.relpath(file)), environment_of(args))
    if problems:
        raise InvalidStack(problems)
    return globs


def _next_step(args: Namespace) -> str:
    """Return what to do without a file of deployments: there may be one above, or there may be one stack alone."""
    name = Path(args.all).name or FLEET
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
    from reconciler.syntax.diagnostics import did_you_mean

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
    from reconciler.adapters.lookup.git import Repository, Then

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
    from reconciler.adapters.lookup.files import SUFFIXES, DiskFiles
    from reconciler.load import files_used

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


# Keeps targets apart that have one stack's name in one place, before any of them is looked at.

SEVERAL = 2
ReadWork = Callable[[str, Namespace, Output], int]
HINT = "give one of them another `stack:`, or another `namePrefix:`; or send it elsewhere"


def apart(
    work: ReadWork, targets: Sequence["FleetTarget"], chosen: Sequence["FleetTarget"], args: Namespace
) -> ReadWork:
    """Return the work for a target, which stops at once where another target has its stack's name in its place."""
    from reconciler.fleet import rivals

    found = rivals(targets, chosen, lambda target: _claim(stack_path(target, args), arguments(target, args)))

    def checked(path: str, alone: Namespace, out: Output) -> int:
        if alone.of_target in found:
            other, claim = found[alone.of_target]
            raise InvalidStack((_problem(alone.of_target, other, alone, claim),))
        return work(path, alone, out)

    return checked if found else work


def check_apart(args: Namespace) -> None:
    """Raise `InvalidStack` where several stacks of the command line are one and the same to AWS."""
    if len(args.stacks) < SEVERAL or not hasattr(args, "profile"):  # what asks nobody knows no place
        return
    from reconciler.fleet import FleetTarget, rivals

    named = [FleetTarget(name=path, stack=path, environment="") for path in dict.fromkeys(args.stacks)]
    found = rivals(named, named, lambda one: _claim(one.stack, args))
    told = {tuple(sorted((name, other))): claim for name, (other, claim) in found.items()}
    if told:
        raise InvalidStack(tuple(_problem(one, other, args, claim) for (one, other), claim in told.items()))


def _claim(path: str, args: Namespace) -> "Claim":
    """Return what a target claims; nothing where its files cannot be read, which its own work tells."""
    from reconciler.adapters.lookup.files import DiskFiles
    from reconciler.adapters.lookup.sources import Offline, Sources
    from reconciler.fleet import Claim
    from reconciler.load import FromOutside, settings_of
    from reconciler.problems import Stopped

    try:
        files = DiskFiles(path)
        named = named_files(files, args)
        outside = FromOutside(dict(args.var), read_var_files(args), args.meant, args.offered, named=named)
        settings = settings_of(files, Sources(environment_of(args), Offline()), outside)
    except Stopped:
        return Claim("")
    return Claim(settings.stack, settings.name_prefix, args.region or settings.region or "")


def _problem(one: str, other: str, args: Namespace, claim: "Claim") -> Problem:
    prefix = f" with the prefix {claim.name_prefix}" if claim.name_prefix else ""
    place = " and ".join(filter(None, (args.account and f"account {args.account}", claim.region))) or "the same account"
    message = f"{one} and {other} are both the stack {claim.stack}{prefix} in {place}"
    return Problem("FLT006", f"{message}: each would delete what the other has made", hint=HINT)
