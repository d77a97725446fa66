"""One command over many targets: which are meant, what each adds to the arguments, and all of them side by side."""

import os
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from threading import Event
from time import monotonic
from typing import TYPE_CHECKING

from reconciler.cli.options import count
from reconciler.cli.output import Branch, Output
from reconciler.cli.patterns import check_all
from reconciler.cli.stacks import each, each_stack, gravest
from reconciler.parallel import SLICE
from reconciler.problems import Exit, WrongUsage

if TYPE_CHECKING:
    from reconciler.cli.signals import Stopping
    from reconciler.fleet import FleetTarget, Shard
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
    from reconciler.cli.rivals import apart, check_apart
    from reconciler.cli.targets import arguments, chosen_of, stack_path, targets_of

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
    from reconciler.aws.clock import utc_now
    from reconciler.cli.targets import arguments, stack_path

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
    from reconciler.report.documents import instant
    from reconciler.report.fleet import DeploymentOutcome, came_to, told

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
