"""One command over many targets: which are meant, what each adds to the arguments, and all of them side by side."""

import os
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from reconciler.cli.options import count
from reconciler.cli.output import Branch, Output
from reconciler.cli.stacks import each, each_stack, gravest
from reconciler.ports import UNOBSERVED, Observer
from reconciler.problems import Exit, InvalidStack, Severity, WrongUsage

if TYPE_CHECKING:
    from reconciler.cli.signals import Stopping
    from reconciler.fleet import Shard, Target
    from reconciler.ports import Files
    from reconciler.report.fleet import Outcome

FILE = "reconciler.yaml"
OF_ARRAY = "array"  # the share of a child of an array job
SIDE_BY_SIDE = 16  # targets: most of the time each waits for AWS
HEARTBEAT = 30.0  # seconds between two lines about what goes on
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
        return each_stack(args, out, lambda path: work(path, args, out), go_on=go_on)
    return _side_by_side(_chosen(args), args, out, work)


@dataclass(frozen=True, slots=True)
class Reached:
    """What became of one target; `out` has all that was told of it."""

    target: "Target"
    code: int
    seconds: float
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


def targets_of(args: Namespace) -> tuple["Target", ...]:
    """Return all targets of the file. Raises `WrongUsage` and `InvalidStack`."""
    from reconciler.lookup.files import DiskFiles

    if not Path(args.all).is_file():
        raise WrongUsage(f"there is no file {args.all}", hint="it names environments, and the stacks that go there")
    return _read(DiskFiles(args.all))


def stack_path(target: "Target", args: Namespace) -> str:
    """Return the path of a target's stack from the current folder."""
    return (Path(args.all).parent / target.stack).as_posix()


def _chosen(args: Namespace) -> tuple["Target", ...]:
    """Return the targets that the arguments mean. Raises `WrongUsage` and `InvalidStack`."""
    from reconciler.fleet import chosen, differing

    file, targets = Path(args.all), targets_of(args)
    stacks = () if args.stacks == ["."] else [_from(file.parent, stack) for stack in args.stacks]
    unknown = next((stack for stack in stacks if all(target.stack != stack for target in targets)), None)
    if unknown:
        raise WrongUsage(f"{file} has no stack {unknown}")
    unknown = next((name for name in args.target_env if not chosen(targets, environments=(name,))), None)
    if unknown:
        known = ", ".join(dict.fromkeys(target.environment for target in targets))
        raise WrongUsage(f"{file} has no environment {unknown}", hint=f"it has {known}")
    only = getattr(args, "only", None)
    if only is not None:
        gone = next((name for name in only if all(target.name != name for target in targets)), None)
        if gone:
            raise WrongUsage(f"{file} has no target {gone}, of which there is a plan", hint="plan again")
        targets = tuple(target for target in targets if target.name in only)
    if args.changed_since:
        targets = differing(targets, *_before(file, args.changed_since))
    return chosen(targets, environments=args.target_env, stacks=stacks, shard=args.shard)


def _read(files: "Files") -> tuple["Target", ...]:
    from reconciler.fleet import read_fleet
    from reconciler.lookup.environment import Environment

    targets, problems = read_fleet(files, Environment(os.environ), partial(_matching, Path(files.root)))
    if any(problem.severity is Severity.ERROR for problem in problems):
        raise InvalidStack(problems)
    return targets


def _before(file: Path, reference: str) -> tuple[tuple["Target", ...], tuple[str, ...]]:
    """Return the targets of then, and the files that have changed since."""
    from reconciler.lookup.git import Repository, Then

    repository = Repository(str(file.parent))
    content, changed = repository.content_at(reference, file.name), repository.changed_since(reference)
    try:
        return (() if content is None else _read(Then(str(file.parent), file.name, content))), changed
    except InvalidStack:  # nobody knows what it meant then: all of it counts as changed
        return (), changed


def _matching(root: Path, pattern: str) -> Sequence[str]:
    """Return the stacks that a glob means, from the folder of the file of targets; nothing outside of it."""
    if Path(pattern).is_absolute() or ".." in Path(pattern).parts:
        return ()
    if not any(char in pattern for char in "*?["):
        return (pattern,) if (root / pattern).exists() else ()
    found = (path for path in root.glob(pattern) if path.is_dir())
    return sorted(path.relative_to(root).as_posix() for path in found if not path.name.startswith("."))


def _from(root: Path, path: str) -> str:
    return Path(os.path.relpath(path, root)).as_posix()


def arguments(target: "Target", args: Namespace, observer: Observer = UNOBSERVED) -> Namespace:
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


def _side_by_side(targets: Sequence["Target"], args: Namespace, out: Output, work: Work) -> int:
    from reconciler.cli.signals import stopping

    notice = partial(
        out.notice, "Stopping after the steps under way; no further target is begun. Once more to stop at once."
    )
    with stopping(notice) as stop, ThreadPoolExecutor(max_workers=args.concurrency) as pool:
        waiting = [pool.submit(_reach, target, args, out.branch(target.name), work, stop) for target in targets]
        reached = list(_in_order(waiting, out, is_verbose=bool(args.verbose)))
    code = stop.code or gravest([one.code for one in reached] or [Exit.DONE])
    _tell(reached, args, out, code)
    return int(code)


def _reach(target: "Target", args: Namespace, out: Branch, work: Work, stop: "Stopping") -> Reached | None:
    """Do the work for one target; whatever goes wrong there leaves the others alone."""
    if stop.flag.is_set():
        return None
    start, observer = monotonic(), args.observer.target(target.name)
    try:
        alone = arguments(target, args, observer)
        code = each((stack_path(target, args),), out, lambda path: work(path, alone, out), go_on=False)
    except Exception as error:  # noqa: BLE001 - the last place of this target, as main is of a run
        out.crashed(error)
        code = Exit.ERROR
    observer.close(code)
    return Reached(target, code, monotonic() - start, out)


def _in_order(waiting: Sequence[Future[Reached | None]], out: Output, *, is_verbose: bool) -> Iterator[Reached]:
    """Yield what was reached in the order of the file, each told as soon as those before it have been."""
    from reconciler.report.fleet import heading_page

    done = 0
    for future in waiting:
        while not future.done():
            wait([future], timeout=HEARTBEAT)
            now = sum(one.done() for one in waiting)
            if not future.done() and now != done:
                done = now
                out.notice(f"{done} of {len(waiting)} targets done …")
        reached = future.result()
        if reached is not None:
            heading = partial(heading_page, reached.target.name)
            out.join(reached.out, heading, is_news=is_verbose or reached.is_news)
            yield reached


def _tell(reached: Sequence[Reached], args: Namespace, out: Output, code: int) -> None:
    from reconciler.report.fleet import fleet_json, fleet_page

    outcomes = [_outcome(one) for one in reached]
    out.whole(lambda width: fleet_page(outcomes, width), lambda: fleet_json(outcomes, args.called, code))


def _outcome(one: Reached) -> "Outcome":
    from reconciler.report.fleet import Outcome, came_to, told

    target, items, documents = one.target, one.out.items, one.out.documents
    return Outcome(
        target=target.name,
        stack=target.stack,
        environment=target.environment,
        account=target.account or None,
        region=target.region or None,
        exit=int(one.code),
        came_to=came_to(one.code, items),
        told=told(one.code, items),
        seconds=round(one.seconds, 3),
        result=documents[-1] if documents else None,
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
