"""Run a plan: changes side by side where the graph allows, each waiting for its own resource, failures kept apart."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from graphlib import TopologicalSorter
from queue import Empty, SimpleQueue
from threading import Event as Flag
from threading import Lock
from typing import assert_never

from reconciler.apply.result import ConcurrentChange, Event, Outcome, Result, State
from reconciler.apply.waits import WaitFailed, wait
from reconciler.calls import back_off, pool
from reconciler.diff import concurrent_changes
from reconciler.kinds import KINDS
from reconciler.kinds.base import MEMBER as STATE
from reconciler.kinds.base import Kind
from reconciler.kinds.reasons import invalid_reason_of
from reconciler.live.ownership import APPLIED, PENDING, AppliedRecord, own_tags
from reconciler.live.read import DELETED, active_revisions, read_holder, read_one, read_some
from reconciler.model import Action, Call, Change, Json, Live, Plan, Repeat, Step, Until, Wait
from reconciler.plan.order import waits
from reconciler.ports import Clock, Cloud
from reconciler.problems import CloudError, Fault

Watch = Callable[[Event], None]
SIGNAL_WITHIN = 0.1  # seconds until a signal is handled: Python does that when its main thread wakes up
CUT_SHORT = (State.INTERRUPTED, State.NOT_STARTED)
SLICE = 0.5  # seconds that a sleep may go on after a request to stop
PLAN_AGAIN = "their changes were not overwritten; the next plan shows them"


def run(plan: Plan, cloud: Cloud, clock: Clock, *, parallelism: int, watch: Watch, stop: Flag | None = None) -> Outcome:
    """Run every change of the plan after those it waits for.

    A failure stops what depends on it; the rest goes on. When `stop` is set, changes end after the step they are in.
    """
    stop = stop or Flag()
    runner = _Runner(cloud, _InterruptibleClock(clock, stop), watch, Preconditions(cloud, clock, plan.changes), stop)
    ended: SimpleQueue[Future[Result]] = SimpleQueue()
    running: dict[Future[Result], int] = {}
    results: dict[int, Result] = {}
    before = waits(plan.changes)
    sorter: TopologicalSorter[int] = TopologicalSorter(before)
    sorter.prepare()
    with pool(parallelism) as threads:
        while sorter.is_active():
            for index in sorted(sorter.get_ready()):
                result = runner.result_if_blocked(plan.changes[index], [results[other] for other in before[index]])
                if result is None:
                    future = threads.submit(runner.run_change, plan.changes[index])
                    running[future] = index
                    future.add_done_callback(ended.put)
                else:
                    results[index] = result
                    sorter.done(index)
            if running:
                with suppress(Empty):
                    future = ended.get(timeout=SIGNAL_WITHIN)
                    index = running.pop(future)
                    results[index] = future.result()
                    sorter.done(index)
    ordered = tuple(results[index] for index in sorted(results))
    return Outcome(ordered, interrupted=stop.is_set() and any(result.state in CUT_SHORT for result in ordered))


class Interrupted(Exception):  # noqa: N818 - names what happened
    """The run is to stop."""


@dataclass(frozen=True, slots=True)
class _InterruptibleClock:
    """A clock whose sleep ends soon after a request to stop."""

    clock: Clock
    stop: Flag

    def now(self) -> float:
        return self.clock.now()

    def sleep(self, seconds: float) -> None:
        slices = max(1, math.ceil(seconds / SLICE))
        for _ in range(slices):
            self.clock.sleep(seconds / slices)
            if self.stop.is_set():
                break


@dataclass(slots=True)
class _Runner:
    cloud: Cloud
    clock: Clock
    watch: Watch
    preconditions: "Preconditions"
    stop: Flag

    def result_if_blocked(self, change: Change, needed: list[Result]) -> Result | None:
        """Return the result of a change that must not start, or None if it may."""
        if self.stop.is_set():
            return self.finish(Result(change, State.NOT_STARTED, "interrupted"))
        failed = [result.change.address for result in needed if result.state is not State.DONE]
        if failed:
            return self.finish(Result(change, State.SKIPPED, f"needs {', '.join(map(str, failed))}"))
        return None

    def run_change(self, change: Change) -> Result:
        start = self.clock.now()
        is_requested = False
        self.watch(Event(change, "started", change.action.name.lower().replace("_", "-")))
        try:
            for step in self.steps_of(change):
                is_requested = is_requested or isinstance(step, Call)
                self.run_step(change, step)
        except Interrupted as interrupted:
            state = State.INTERRUPTED if is_requested else State.NOT_STARTED
            return self.finish(Result(change, state, str(interrupted), seconds=self.clock.now() - start))
        except ConcurrentChange as by_others:
            message = f"it changed since the plan: {by_others}; plan again"
            return self.finish(Result(change, State.FAILED, message, PLAN_AGAIN, self.clock.now() - start))
        except WaitFailed as failure:
            state = State.UNHEALTHY if failure.invalid else State.TIMED_OUT
            undone = self.undo(change) if failure.invalid and change.undo else ""
            hint = invalid_reason_of(str(failure)).remedy if failure.invalid else ""
            return self.finish(Result(change, state, f"{failure}{undone}", hint, self.clock.now() - start))
        except CloudError as error:
            hint = error.hint or (
                _why_tried(change) if error.fault is Fault.REFUSED and change.action is Action.UPDATE else ""
            )
            failed = Result(change, State.FAILED, error.told, hint, self.clock.now() - start)
            return self.finish(failed)
        return self.finish(Result(change, State.DONE, seconds=self.clock.now() - start))

    def steps_of(self, change: Change) -> Iterator[Step]:
        """Yield the steps until the run is to stop. Raises `Interrupted`."""
        for step in change.steps:
            if self.stop.is_set():
                raise Interrupted(f"interrupted before: {step.says}")
            yield step

    def undo(self, change: Change) -> str:
        """Take back what was made, and say what has become of it."""
        try:
            for step in change.undo:
                self.run_step(change, step, leaving=True)
        except (CloudError, WaitFailed, Interrupted) as error:
            why = error.told if isinstance(error, CloudError) else error
            return f"; {change.name} could not be removed ({why}): run the same command to try again"
        return f"; {change.name} was removed; no queue had moved to it"

    def run_step(self, change: Change, step: Call | Wait, *, leaving: bool = False) -> None:
        kind = KINDS[change.address.kind]
        self.watch(Event(change, "step", step.says))
        match step:
            case Call():
                report = self.report_of(change, "retrying")
                self.preconditions.check(change, step)
                check = partial(self.preconditions.check, change, step, anew=True)
                send(step, kind, change.name, self.cloud, self.clock, report, check)
            case Wait():
                report = self.report_of(change, "waiting")
                leaves = leaving or change.action.leaves
                settled = wait(step, kind, change.name, self.cloud, self.clock, report, leaving=leaves)
                check_settled(change, settled, step.until)
            case _:
                assert_never(step)

    def report_of(self, change: Change, stage: str) -> Callable[[str], None]:
        """Return how a step reports that it waits. Between two looks it may be interrupted, like between two steps."""
        start = self.clock.now()

        def report(detail: str) -> None:
            if self.stop.is_set():
                raise Interrupted(f"interrupted while {detail}")
            self.watch(Event(change, stage, detail, self.clock.now() - start))

        return report

    def finish(self, result: Result) -> Result:
        self.watch(Event(result.change, "finished", result.state, result.seconds, result))
        return result


def _why_tried(change: Change) -> str:
    """Return what the plan had to say of changes of which it is not known whether AWS refuses them."""
    return "; ".join(field.why for field in change.fields if field.why)


# Before the first write of a change its resource is read again: a change must not overwrite what was done outside this
# run since the plan. AWS Batch has no conditional writes. One read serves all changes of a kind that are still to
# start, for a few seconds: changes that start together share it. A create or a registration needs none: its own
# response shows whether the resource exists. Neither do later steps: the resource was read while it settled.

FRESH = 5.0  # seconds; about what AWS takes to settle one update
ANOTHER_RUN = "a different run has applied it in the meantime"


@dataclass(slots=True)
class Preconditions:
    """`changes` are all of a run. Safe between threads."""

    cloud: Cloud
    clock: Clock
    changes: Iterable[Change]
    _kinds: dict[str, "_Looks"] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def check(self, change: Change, call: Call, *, anew: bool = False) -> None:
        """Raise `ConcurrentChange` if the call is a first write and the resource is not what the plan saw.

        `anew`: no earlier look will do. Raises `CloudError`.
        """
        if change.seen is None or call is not _first_write(change):
            return
        kind = KINDS[change.address.kind]
        now = self._looks(kind).find(change.name, anew=anew)
        if now is None or now.status == "DELETING":
            if change.action.leaves or change.seen.status == "DELETING":
                return
            raise ConcurrentChange("it no longer exists")
        paths = concurrent_changes(kind, change.seen, now, self.cloud.identity())
        if change.action.leaves:  # who leaves is disabled first; another run may have begun
            paths = tuple(path for path in paths if path != STATE)
        if paths:
            raise ConcurrentChange(", ".join(paths))

    def _looks(self, kind: Kind) -> "_Looks":
        with self._lock:
            if kind.name not in self._kinds:
                own = (change for change in self.changes if change.address.kind == kind.name)
                names = dict.fromkeys(change.name for change in own if _first_write(change))
                self._kinds[kind.name] = _Looks(names, self.clock, lambda of: self._read(kind, of))
            return self._kinds[kind.name]

    def _read(self, kind: Kind, names: list[str]) -> Mapping[str, Live]:
        return read_some(self.cloud, kind, self.cloud.identity(), names)


def check_settled(change: Change, settled: Live | None, until: Until) -> None:
    """Raises `ConcurrentChange` if what was read when our update had settled carries the record of a different run.

    Ours is written after the update, so until then the record is the one that the plan saw.
    """
    is_watched = change.seen is not None and settled is not None and not change.action.leaves and until is Until.VALID
    if is_watched and change.seen and settled and own_tags(settled.tags) != own_tags(change.seen.tags):
        raise ConcurrentChange(ANOTHER_RUN)


@dataclass(slots=True)
class _Looks:
    """The looks at one kind; `waiting` are the names that may still be asked for."""

    waiting: dict[str, None]  # in sequence
    clock: Clock
    read: Callable[[list[str]], Mapping[str, Live]]
    _taken: float = float("-inf")
    _found: Mapping[str, Live] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def find(self, name: str, *, anew: bool) -> Live | None:
        with self._lock:
            if anew or self.clock.now() - self._taken > FRESH:
                self._taken = self.clock.now()  # before the look: what it finds is at least as old as that
                self._found = self.read(list({**self.waiting, name: None}))
            self.waiting.pop(name, None)
            return self._found.get(name)


def _first_write(change: Change) -> Call | None:
    """Return the call that requires a look before it; None if there is none."""
    first = next((step for step in change.steps if isinstance(step, Call)), None)
    return first if first and change.seen and first.repeat is not Repeat.LOOK_FIRST else None


# One call, made so that a lost response neither loses nor doubles a change.

# Only the message distinguishes these cases; the texts are from public issues of other tools. Beside each, the seconds
# for which it is repeated. What has to be VALID was waited for before, so only a lagging read is bridged.
TRANSITIONS = {
    "resource is being modified": 900.0,  # hashicorp/terraform-provider-aws 2044
    "found existing JobQueue relationship": 900.0,  # 46925: lingers after the queue has let go
    "must be created and valid before attaching": 60.0,
    "must be in the VALID state": 60.0,  # CreateQuotaShare, of the queue: its documentation's words
}
EXISTS, MISSING = "already exists", "does not exist"
LEAVING = ("DELETING", DELETED)
NAME_HELD = 900.0  # seconds for which a create waits for a name that no live resource has
LOST_TRIES = 6
LAG = 8.0  # seconds that reads may lag behind a write whose answer was lost

Report = Callable[[str], None]
Check = Callable[[], None]


def check_nothing() -> None:
    """There is nothing to check."""


def send(
    call: Call, kind: Kind, name: str, cloud: Cloud, clock: Clock, report: Report, check: Check = check_nothing
) -> None:
    """Make the call, and repeat it as its nature allows. Raises `CloudError` when AWS means it, and `ConcurrentChange`.

    `check` comes before a repetition: what was in the way may have left a different resource behind.
    """
    start = clock.now()
    tries = lost = 0
    while True:
        tries += 1
        try:
            answer = cloud.call(call.operation, call.request)
        except CloudError as error:
            if _is_done(call, error, kind, name, cloud, clock):
                return
            lost += error.fault is Fault.UNKNOWN
            waited = clock.now() - start
            if not _may_repeat(error, lost, waited) and not _is_name_leaving(call, error, kind, name, cloud, waited):
                raise
            report(error.message)
            clock.sleep(back_off(tries, salt=clock.now()))
            if not lost:  # otherwise what has changed may be our own work
                check()
        else:
            if kind.revisions and call.repeat is Repeat.LOOK_FIRST:
                _give_way(call, kind, name, answer, cloud)
            return


def _give_way(call: Call, kind: Kind, name: str, answer: Mapping[str, Json], cloud: Cloud) -> None:
    """Take our revision back if a different one was registered since the plan: the first one stays.

    The API has no condition to register under. If theirs is the same as ours, two runs of one stack have met, and leave
    one revision without a word. Raises `ConcurrentChange` if it is not.
    """
    ours = int(answer.get("revision", 0))
    if ours <= call.after_revision + 1:  # no other revision came between, which is the usual case
        return
    tags = own_tags(call.request["tags"])
    theirs = {
        revision: own_tags(live.tags) == tags
        for revision, live in active_revisions(cloud, kind, name)
        if call.after_revision < revision < ours
    }
    if theirs:
        cloud.call(kind.delete.operation, {kind.delete.id_member: answer[kind.arn_member]})
    if theirs and not any(theirs.values()):
        raise ConcurrentChange(", ".join(f"revision {revision}" for revision in sorted(theirs)))


def _is_done(call: Call, error: CloudError, kind: Kind, name: str, cloud: Cloud, clock: Clock) -> bool:
    """Whether the call's purpose is met although it failed."""
    if call.repeat is Repeat.GONE_IS_DONE:
        return error.fault is Fault.REFUSED and MISSING in error.message
    if call.repeat is Repeat.LOOK_FIRST and (error.fault is Fault.UNKNOWN or EXISTS in error.message):
        return _is_proven(call, kind, name, cloud, clock)
    return False


def _is_name_leaving(call: Call, error: CloudError, kind: Kind, name: str, cloud: Cloud, waited: float) -> bool:
    """Whether a create is refused for the name of a resource that is on its way out, or is not shown any more.

    "Object already exists" comes until AWS has let go of the name (CloudFormation roadmap issue 2463).
    """
    if call.repeat is not Repeat.LOOK_FIRST or EXISTS not in error.message or waited >= NAME_HELD:
        return False
    holder = read_holder(cloud, kind, cloud.identity(), name)
    return holder is None or holder.status in LEAVING


def _is_proven(call: Call, kind: Kind, name: str, cloud: Cloud, clock: Clock) -> bool:
    identity = cloud.identity()
    start, looks = clock.now(), 0
    while True:
        waited = clock.now() - start  # before the look, which may take its time
        if _carries_proof(call, read_one(cloud, kind, identity, name)):
            return True
        if waited >= LAG:
            return False
        looks += 1
        clock.sleep(back_off(looks, salt=clock.now()))


def _carries_proof(call: Call, live: Live | None) -> bool:
    """Whether what is live is what the call asked for: it carries the same tags of ours, digest included.

    A pending digest is no more than a beginning: another run may have gone on from there already.
    """
    if live is None or live.status == "DELETING":
        return False
    is_newer = max(live.revisions, default=1) > call.after_revision
    ours, theirs = own_tags(call.request["tags"]), own_tags(live.tags)
    if AppliedRecord.of(ours).digest == PENDING and APPLIED in theirs:
        theirs[APPLIED] = ours[APPLIED]
    return is_newer and ours == theirs


def _may_repeat(error: CloudError, lost: int, waited: float) -> bool:
    if error.fault is Fault.UNKNOWN:
        return lost < LOST_TRIES
    patience = max((seconds for text, seconds in TRANSITIONS.items() if text in error.message), default=0.0)
    return error.fault is Fault.REFUSED and waited < patience
