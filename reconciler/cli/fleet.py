"""One command over many deployments: which are meant, how each is requested, and all of them side by side."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from threading import Event
from time import monotonic
from typing import TYPE_CHECKING

from reconciler.adapters.machine import GIT, is_hidden, names_of
from reconciler.app.request import HERE, AddressGlob, FleetRequest, StackRequest
from reconciler.calls import SIGNAL_SLICE
from reconciler.cli.context import check_patterns, environment_of, from_outside, gravest_code, run_each
from reconciler.cli.options import EVERYTHING
from reconciler.cli.output import Branch, Output
from reconciler.load.sections import FLEET
from reconciler.problems import Exit, InvalidStack, Problem, Severity, WrongUsage

if TYPE_CHECKING:
    from reconciler.cli.signals import Stopping
    from reconciler.fleet import Claim, Consents, FleetTarget
    from reconciler.plan import PlanOptions
    from reconciler.ports import Files
    from reconciler.report.fleet import DeploymentOutcome, Selection


HEARTBEAT = 30.0  # seconds between two lines about what goes on
WRITERS = "Stopping after the current steps; no further deployment is started. Press Ctrl-C again to stop at once."
READERS = "Stopping; deployments that are not done are skipped."
ENDED = (Exit.INTERRUPTED, Exit.TERMINATED)
Work = Callable[[StackRequest, Output], int]


def run_fleet(fleet: FleetRequest, out: Output, work: Work) -> int:
    """Do the work for every stack, or with --all for every deployment; return the code that matters most."""
    if fleet.file is None:
        _check_alone(fleet)
        check_duplicates(fleet)
        stacks = check_patterns(fleet.stack.patterns, fleet.stacks, out)
        return run_each(stacks, out, lambda request: work(request, out))
    deployment_file = read_deployment_file(fleet)
    deployments = requested_deployments(deployment_file)
    stacks = check_patterns(
        fleet.stack.patterns, [deployment_file.request(deployment) for deployment in deployments], out
    )
    return _side_by_side(deployments, stacks, fleet, out, _refuse_duplicates(work, deployment_file, deployments))


@dataclass(frozen=True, slots=True)
class DeploymentRun:
    """What became of one deployment; `out` has everything that was printed for it."""

    deployment: "FleetTarget"
    code: int
    seconds: float
    time: datetime
    out: Branch

    @property
    def is_news(self) -> bool:
        """Whether there is more to read than a line of the table."""
        from reconciler.report.fleet import is_news

        return self.code != Exit.DONE or any(is_news(item) for item in self.out.items)


def _check_alone(fleet: FleetRequest) -> None:
    choices = {
        "--env": fleet.environments,
        "--changed-since": fleet.changed_since,
        "--shard": fleet.shard,
    }
    given = [option for option, value in choices.items() if value]
    if given:
        raise WrongUsage(f"{given[0]} chooses among the deployments of a file", hint="add --all, or --all=FILE")


def _side_by_side(
    deployments: Sequence["FleetTarget"], stacks: Sequence[StackRequest], fleet: FleetRequest, out: Output, work: Work
) -> int:
    from reconciler.cli.signals import stopping

    notice = partial(out.print_notice, READERS if out.reads_only else WRITERS)
    status = out.log.status
    if status:
        status.expect(len(deployments))
    with (
        stopping(notice) as stop,
        status.reading() if status else nullcontext(),
        _pool(fleet.concurrency, stop) as threads,
    ):
        branches = [out.branch(deployment.name) for deployment in deployments]
        waiting = [
            (branch, threads.submit(_run_deployment, deployment, request, branch, work, stop))
            for deployment, request, branch in zip(deployments, stacks, branches, strict=True)
        ]
        runs = list(_in_order(waiting, stop.flag, out))
    codes = [run.code for run in runs]
    is_cut_short = len(runs) < len(deployments) or any(code in ENDED for code in codes)
    code = stop.code if stop.code and is_cut_short else gravest_code(codes or [Exit.DONE])
    begun = {run.deployment.name for run in runs}
    _publish(runs, [deployment.name for deployment in deployments if deployment.name not in begun], fleet, out, code)
    return int(code)


def _run_deployment(
    deployment: "FleetTarget", request: StackRequest, out: Branch, work: Work, stop: "Stopping"
) -> DeploymentRun | None:
    """Do the work for one deployment; whatever goes wrong there leaves the others alone."""
    if stop.flag.is_set():
        return None
    from reconciler.adapters.machine import utc_now

    start = monotonic()
    out.begin()
    try:
        code = run_each((request,), out, lambda stack: work(stack, out), keeps_going=False)
    except Exception as error:  # noqa: BLE001 - the last place of this deployment, as main is of a run
        out.report_crash(error)
        code = Exit.ERROR
    out.watch.close(code)
    if out.log.status:
        out.log.status.advance()
    return DeploymentRun(deployment, code, monotonic() - start, utc_now(), out)


@contextmanager
def _pool(size: int, stop: "Stopping") -> Iterator[ThreadPoolExecutor]:
    """Yield threads for the deployments. After a signal, those that only read and may hang are not waited for."""
    threads = ThreadPoolExecutor(max_workers=size)
    try:
        yield threads
    finally:
        threads.shutdown(wait=not stop.flag.is_set(), cancel_futures=True)


def _in_order(
    waiting: Sequence[tuple[Branch, Future[DeploymentRun | None]]], given_up: Event, out: Output
) -> Iterator[DeploymentRun]:
    """Yield what was run in the order of the file, each shown as soon as those before it have been.

    Once the rest is `given_up`, only what has begun to change something is waited for. What begins later finds the
    flag set, and ends before its first step.
    """
    from reconciler.report.fleet import heading_page

    done, last_notice = 0, monotonic()
    printed: dict[tuple[int, str], str] = {}
    for branch, future in waiting:
        while not future.done() and (branch.has_begun or not given_up.is_set()):
            wait([future], timeout=SIGNAL_SLICE)
            if future.done() or monotonic() - last_notice < HEARTBEAT:
                continue
            last_notice, now = monotonic(), sum(run.done() for _, run in waiting)
            if now != done:
                done = now
                out.print_notice(f"{done} of {len(waiting)} deployments done …")
        if not future.done():
            continue
        run = future.result()
        if run is not None:
            same_as = "" if out.verbose else _same_plan(run, printed)
            heading = partial(heading_page, run.deployment.name, same_as)
            out.join(run.out, heading, is_news=bool(out.verbose) or run.is_news, is_printed=bool(same_as))
            yield run


def _same_plan(run: DeploymentRun, printed: dict[tuple[int, str], str]) -> str:
    """Return the deployment whose plan is the same, if one is `printed`; otherwise note this one."""
    from reconciler.report.fleet import plan_likeness

    likeness = plan_likeness(run.out.items)
    name = run.deployment.name
    return "" if not likeness or (first := printed.setdefault((run.code, likeness), name)) == name else first


def _publish(
    runs: Sequence[DeploymentRun], left_out: Sequence[str], request: FleetRequest, out: Output, code: int
) -> None:
    from reconciler.report.fleet import Fleet, ShardPosition, Targets, cut_short, fleet_json, fleet_page

    file = Path(request.file or FLEET).as_posix()
    outcomes = tuple(_outcome(run, file) for run in runs)
    items = tuple((run.deployment.name, item) for run in runs for item in run.out.items)
    shard = ShardPosition(index=request.shard.number, of=request.shard.of) if request.shard else None
    selection = None if left_out else _selection(request)
    notes = (cut_short(left_out),) if left_out else ()
    fleet = Fleet(command=request.command, file=file, selection=selection, shard=shard, outcomes=outcomes, notes=notes)
    out.publish_combined(
        lambda width: fleet_page(outcomes, width, left_out),
        lambda: fleet_json(fleet, code),
        Targets(outcomes, items, tuple(left_out)),
    )


def _selection(fleet: FleetRequest) -> "Selection":
    from reconciler.report.fleet import Selection

    return Selection(
        stacks=() if fleet.paths == (HERE,) else tuple(sorted(fleet.paths)),
        environments=tuple(sorted(fleet.environments)),
        changed_since=fleet.changed_since,
        deployments=tuple(sorted(fleet.only or ())),
    )


def _outcome(run: DeploymentRun, file: str) -> "DeploymentOutcome":
    """Where a deployment is, its own document knows better than the file, which may leave it to the stack."""
    from reconciler.report.fleet import DeploymentOutcome, describe_result, result_word
    from reconciler.report.json import instant

    deployment, items, documents = run.deployment, run.out.items, run.out.documents
    result = documents[-1] if documents else None
    known = result if isinstance(result, Mapping) else {}
    return DeploymentOutcome(
        target=deployment.name,
        file=file,
        stack=deployment.stack,
        environment=deployment.environment,
        account=known.get("account") or deployment.account or None,
        region=known.get("region") or deployment.region or None,
        time=instant(run.time),
        exit=int(run.code),
        came_to=result_word(run.code, items),
        told=describe_result(run.code, items),
        seconds=round(run.seconds, 3),
        result=result,
    )


# Which deployments a command means, and how each of them is requested.


@dataclass(frozen=True, slots=True)
class DeploymentFile:
    """All deployments of a file."""

    fleet: FleetRequest
    file: Path
    deployments: tuple["FleetTarget", ...]

    @property
    def variable_files(self) -> tuple[str, ...]:
        return tuple(
            str(self.file.parent / file) for deployment in self.deployments for file in deployment.variable_files
        )

    def path(self, deployment: "FleetTarget") -> str:
        """Return the path of a deployment's stack from the current folder."""
        return (self.file.parent / deployment.stack).as_posix()

    def request(self, deployment: "FleetTarget") -> StackRequest:
        """Return the stack of a deployment: what the command line says counts more than what the file says."""
        stack, place, folder = self.fleet.stack, self.fleet.stack.place, self.file.parent
        consented = (AddressGlob("--allow-destroy", glob) for glob in deployment.consents.allow_destroy)
        return replace(
            stack,
            path=self.path(deployment),
            place=replace(
                place,
                account=deployment.account or None,
                region=place.region or deployment.region or None,
                profile=place.profile or deployment.profile or None,
                role_arn=place.role_arn or deployment.role_arn or None,
            ),
            variable_files=(*(str(folder / file) for file in deployment.variable_files), *stack.variable_files),
            offered=deployment.offered,
            deployment=deployment,
            named_files=(*stack.named_files, *self.variable_files),
            patterns=(*stack.patterns, *(pattern for pattern in consented if pattern.glob != EVERYTHING)),
        )


def with_consents(wanted: "PlanOptions", consents: "Consents") -> "PlanOptions":
    """Return what is wanted of a plan with what the file consents to; what the command line says counts more."""
    from reconciler.plan import Limit

    limit = Limit.of(consents.max_destroy) if consents.max_destroy else None
    return replace(
        wanted,
        adopt=wanted.adopt or consents.adopt,
        allow_replace=wanted.allow_replace or consents.allow_replace,
        allow_destroy=(*consents.allow_destroy, *wanted.allow_destroy),
        max_interrupted=consents.max_interrupted if wanted.max_interrupted is None else wanted.max_interrupted,
        max_destroy=wanted.max_destroy or limit,
    )


def read_deployment_file(fleet: FleetRequest) -> DeploymentFile:
    """Return all deployments of the file. Raises `WrongUsage` and `InvalidStack`."""
    from reconciler.adapters.machine import DiskFiles

    file = fleet.file or ""
    if not Path(file).is_file():
        message = f"there is no file {file}" if file else "--all= names no file"
        raise WrongUsage(message, hint=_next_step(file, fleet.command))
    return DeploymentFile(fleet, Path(file), _read(DiskFiles(file), fleet.stack))


def excluded_names(request: StackRequest) -> tuple[str, ...]:
    """Return the names that the file of deployments excludes, as globs. Raises `InvalidStack`.

    It is the one in the current folder, or the nearest one above in the same repository: where the command is called
    does not change what is an engine's.
    """
    from reconciler.adapters.machine import DiskFiles
    from reconciler.fleet import read_excluded

    here = Path.cwd()
    folders = (here, *here.parents)
    root = next((folder for folder in folders if (folder / GIT).exists()), here)
    file = next(
        (folder / FLEET for folder in folders if (folder / FLEET).is_file() and folder.is_relative_to(root)), None
    )
    if file is None:
        return ()
    globs, problems = read_excluded(DiskFiles(os.path.relpath(file)), environment_of(request))
    if problems:
        raise InvalidStack(problems)
    return globs


def _next_step(file: str, command: str) -> str:
    """Return what to do without a file of deployments: there may be one above, or there may be one stack alone."""
    name = Path(file).name or FLEET
    above = next((folder / name for folder in Path(file).absolute().parent.parents if (folder / name).is_file()), None)
    if above:
        return f"a parent folder has one: use --all={os.path.relpath(above)}"
    return f"name one stack, as in `reconciler {command} STACK`; or write {name} with `environments:` and `stacks:`"


def requested_deployments(deployment_file: DeploymentFile) -> tuple["FleetTarget", ...]:
    """Return the deployments that the command means. Raises `WrongUsage` and `InvalidStack`."""
    from reconciler.fleet import changed_targets, choose_targets
    from reconciler.syntax.diagnostics import did_you_mean

    fleet, file, deployments = deployment_file.fleet, deployment_file.file, deployment_file.deployments
    stacks = () if fleet.paths == (HERE,) else [_path_from(file.parent, stack) for stack in fleet.paths]
    unknown = next((stack for stack in stacks if all(deployment.stack != stack for deployment in deployments)), None)
    if unknown:
        raise WrongUsage(
            f"{file} has no stack {unknown}",
            hint=did_you_mean(unknown, [deployment.stack for deployment in deployments], ""),
        )
    unknown = next((name for name in fleet.environments if not choose_targets(deployments, environments=(name,))), None)
    if unknown:
        known = dict.fromkeys(deployment.environment for deployment in deployments)
        hint = did_you_mean(unknown, known, f"it has {', '.join(known)}")
        raise WrongUsage(f"{file} has no environment {unknown}", hint=hint)
    if fleet.only is not None:
        gone = next((name for name in fleet.only if all(deployment.name != name for deployment in deployments)), None)
        if gone:
            raise WrongUsage(f"{file} has no deployment {gone}, but the file of plans does", hint="plan again")
        deployments = tuple(deployment for deployment in deployments if deployment.name in fleet.only)
    if fleet.changed_since:
        deployments = changed_targets(
            deployments, *_before(file, fleet.changed_since, fleet.stack), cache(partial(_names, file.parent))
        )
    return choose_targets(deployments, environments=fleet.environments, stacks=stacks, shard=fleet.shard)


def _read(files: "Files", request: StackRequest) -> tuple["FleetTarget", ...]:
    from reconciler.fleet import read_fleet

    root = Path(files.root)
    deployments, problems = read_fleet(
        files, environment_of(request), partial(_matching, root), cache(partial(_leads_out, root))
    )
    if any(problem.severity is Severity.ERROR for problem in problems):
        raise InvalidStack(problems)
    return deployments


def _before(file: Path, revision: str, request: StackRequest) -> tuple[tuple["FleetTarget", ...], tuple[str, ...]]:
    """Return the deployments of a revision, and the files that have changed since."""
    from reconciler.adapters.lookup.git import PastFile, Repository

    repository = Repository(str(file.parent))
    content, changed = repository.content_at(revision, file.name), repository.changed_since(revision)
    try:
        return (() if content is None else _read(PastFile(str(file.parent), file.name, content), request)), changed
    except InvalidStack:  # its former deployments are not known: all of them count as changed
        return (), changed


def _names(root: Path, path: str) -> Sequence[str]:
    """Return the names under which git may list a stack or a file of values, with what a stack of one file includes."""
    from reconciler.adapters.machine import SUFFIXES, DiskFiles
    from reconciler.load import files_used

    used = [path]
    if (root / path).is_file() and path.endswith(SUFFIXES):
        used += [(Path(path).parent / name).as_posix() for name in files_used(DiskFiles(str(root / path)))]
    return sorted({name for file in used for name in names_of(root, file)})


def _matching(root: Path, pattern: str) -> Sequence[str]:
    """Return the stacks that a glob means, from the folder of the file of deployments; nothing outside of it."""
    if Path(pattern).is_absolute() or ".." in Path(pattern).parts:
        return ()
    if not any(char in pattern for char in "*?["):
        return (pattern,) if (root / pattern).exists() else ()
    folders = (path for path in root.glob(pattern) if path.is_dir())
    return sorted(path.relative_to(root).as_posix() for path in folders if not path.name.startswith("."))


def _leads_out(root: Path, path: str) -> bool:
    """Whether links in a path lead out of a folder, or to something hidden in it."""
    there, real = Path(os.path.realpath(root / path)), Path(os.path.realpath(root))
    if not there.is_relative_to(real):
        return True
    return is_hidden(there.relative_to(real)) and not is_hidden(Path(os.path.normpath(path)))


def _path_from(root: Path, path: str) -> str:
    return Path(os.path.relpath(path, root)).as_posix()


# Keeps deployments apart that have one stack's name in one place, before any of them is looked at.

SEVERAL = 2
HINT = "give one of them a different `stack:` or `namePrefix:`, or deploy it elsewhere"


def _refuse_duplicates(work: Work, deployment_file: DeploymentFile, deployments: Sequence["FleetTarget"]) -> Work:
    """Return the work for a deployment, which stops at once if a different one has its stack's name in its place."""
    from reconciler.fleet import duplicate_targets

    duplicates = duplicate_targets(
        deployment_file.deployments, deployments, lambda deployment: _claim_of(deployment_file.request(deployment))
    )

    def checked(request: StackRequest, out: Output) -> int:
        name = request.deployment.name if request.deployment else ""
        if name in duplicates:
            other, claim = duplicates[name]
            raise InvalidStack((_problem(name, other, request.place.account, claim),))
        return work(request, out)

    return checked if duplicates else work


def check_duplicates(fleet: FleetRequest) -> None:
    """Raise `InvalidStack` where several stacks of the command line are one and the same to AWS."""
    if len(fleet.paths) < SEVERAL or not fleet.is_live:
        return
    from reconciler.fleet import FleetTarget, duplicate_targets

    stacks = {request.path: request for request in fleet.stacks}
    named = [FleetTarget(name=path, stack=path, environment="") for path in stacks]
    duplicates = duplicate_targets(named, named, lambda deployment: _claim_of(stacks[deployment.stack]))
    pairs = {tuple(sorted((name, other))): claim for name, (other, claim) in duplicates.items()}
    if pairs:
        account = fleet.stack.place.account
        raise InvalidStack(tuple(_problem(first, second, account, claim) for (first, second), claim in pairs.items()))


def _claim_of(request: StackRequest) -> "Claim":
    """Return what a deployment claims; nothing where its files cannot be read, which its own work reports."""
    from reconciler.adapters.lookup.sources import Offline, Sources
    from reconciler.adapters.machine import DiskFiles
    from reconciler.fleet import Claim
    from reconciler.load import settings_of
    from reconciler.problems import Stopped

    try:
        files = DiskFiles(request.path)
        outside = replace(from_outside(files, request), examples=False, samples=False)
        settings = settings_of(files, Sources(environment_of(request), Offline()), outside)
    except Stopped:
        return Claim("")
    return Claim(settings.stack, settings.name_prefix, request.place.region or settings.region or "")


def _problem(first: str, second: str, account: str | None, claim: "Claim") -> Problem:
    prefix = f" with the prefix {claim.name_prefix}" if claim.name_prefix else ""
    place = " and ".join(filter(None, (account and f"account {account}", claim.region))) or "the same account"
    message = f"{first} and {second} are both the stack {claim.stack}{prefix} in {place}"
    return Problem("FLT006", f"{message}: each would delete the other's resources", hint=HINT)
