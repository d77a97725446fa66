"""Run a plan: changes side by side where the graph allows, each waiting for its own resource, failures kept apart."""

import math
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future
from concurrent.futures import wait as wait_for
from dataclasses import dataclass
from functools import partial
from threading import Event as Flag
from typing import assert_never

from reconciler.apply.outcome import Event, Moved, Outcome, Result, State
from reconciler.apply.perform import perform
from reconciler.apply.sight import Preconditions, check_settled
from reconciler.apply.wait import Unsettled, wait
from reconciler.kinds import KINDS
from reconciler.kinds.ailments import ailment_of
from reconciler.model import Action, Call, Change, Plan, Step, Wait
from reconciler.parallel import pool
from reconciler.plan.order import waits
from reconciler.ports import Clock, Cloud
from reconciler.problems import CloudError, Fault

Watch = Callable[[Event], None]
SIGHT = 0.1  # seconds after which a signal is seen at the latest: Python handles it when its main thread wakes up
CUT_SHORT = (State.INTERRUPTED, State.NOT_STARTED)
SLICE = 0.5  # seconds that a sleep may go on after somebody has asked to stop
PLAN_AGAIN = "nothing of theirs was overwritten; the next plan shows it"


def run(plan: Plan, cloud: Cloud, clock: Clock, *, parallelism: int, watch: Watch, stop: Flag | None = None) -> Outcome:
    """Run every change of the plan after those it waits for.

    A failure stops what depends on it; the rest goes on. When `stop` is set, changes end after the step they are in.
    """
    stop = stop or Flag()
    runner = _Runner(cloud, _LightSleeper(clock, stop), watch, Preconditions(cloud, clock, plan.changes), stop)
    waiting = list(range(len(plan.changes)))
    running: dict[Future[Result], int] = {}
    results: dict[int, Result] = {}
    before = waits(plan.changes)
    with pool(parallelism) as threads:
        while waiting or running:
            for index in [index for index in waiting if before[index] <= results.keys()]:
                waiting.remove(index)
                result = runner.unstarted(plan.changes[index], [results[other] for other in before[index]])
                if result is None:
                    running[threads.submit(runner.result, plan.changes[index])] = index
                else:
                    results[index] = result
            for future in wait_for(running, SIGHT, FIRST_COMPLETED).done if running else ():
                results[running.pop(future)] = future.result()
    told = tuple(results[index] for index in sorted(results))
    return Outcome(told, interrupted=stop.is_set() and any(result.state in CUT_SHORT for result in told))


class Interrupted(Exception):  # noqa: N818 - names what happened
    """The run is to stop."""


@dataclass(frozen=True, slots=True)
class _LightSleeper:
    """A clock whose sleep ends soon after somebody has asked to stop."""

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
    sight: Preconditions
    stop: Flag

    def unstarted(self, change: Change, needed: list[Result]) -> Result | None:
        """Return the result of a change that must not start, or None if it may."""
        if self.stop.is_set():
            return self.finished(Result(change, State.NOT_STARTED, "interrupted"))
        failed = [result.change.address for result in needed if result.state is not State.DONE]
        if failed:
            return self.finished(Result(change, State.SKIPPED, f"needs {', '.join(map(str, failed))}"))
        return None

    def result(self, change: Change) -> Result:
        start = self.clock.now()
        is_requested = False
        self.watch(Event(change, "started", change.action.name.lower().replace("_", "-")))
        try:
            for step in self.uninterrupted(change):
                is_requested = is_requested or isinstance(step, Call)
                self.step(change, step)
        except Interrupted as interrupted:
            state = State.INTERRUPTED if is_requested else State.NOT_STARTED
            return self.finished(Result(change, state, str(interrupted), seconds=self.clock.now() - start))
        except Moved as by_others:
            message = f"it moved since the plan: {by_others}; plan again"
            return self.finished(Result(change, State.FAILED, message, PLAN_AGAIN, self.clock.now() - start))
        except Unsettled as unsettled:
            state = State.UNHEALTHY if unsettled.invalid else State.TIMED_OUT
            undone = self.undone(change) if unsettled.invalid and change.undo else ""
            hint = ailment_of(str(unsettled)).remedy if unsettled.invalid else ""
            return self.finished(Result(change, state, f"{unsettled}{undone}", hint, self.clock.now() - start))
        except CloudError as error:
            hint = error.hint or (
                _why_tried(change) if error.fault is Fault.REFUSED and change.action is Action.UPDATE else ""
            )
            failed = Result(change, State.FAILED, error.told, hint, self.clock.now() - start)
            return self.finished(failed)
        return self.finished(Result(change, State.DONE, seconds=self.clock.now() - start))

    def uninterrupted(self, change: Change) -> Iterator[Step]:
        for step in change.steps:
            if self.stop.is_set():
                raise Interrupted(f"interrupted before: {step.says}")
            yield step

    def undone(self, change: Change) -> str:
        """Take back what was made, and say what has become of it."""
        try:
            for step in change.undo:
                self.step(change, step, leaving=True)
        except (CloudError, Unsettled, Interrupted) as error:
            why = error.told if isinstance(error, CloudError) else error
            return f"; {change.name} could not be removed again ({why}): the same command tries it once more"
        return f"; {change.name} was removed again, and nothing had moved to it"

    def step(self, change: Change, step: Call | Wait, *, leaving: bool = False) -> None:
        kind = KINDS[change.address.kind]
        self.watch(Event(change, "step", step.says))
        match step:
            case Call():
                tell = self.telling(change, "retrying")
                self.sight.check(change, step)
                look = partial(self.sight.check, change, step, anew=True)
                perform(step, kind, change.name, self.cloud, self.clock, tell, look)
            case Wait():
                tell = self.telling(change, "waiting")
                leaves = leaving or change.action.leaves
                settled = wait(step, kind, change.name, self.cloud, self.clock, tell, leaving=leaves)
                check_settled(change, settled, step.until)
            case _:
                assert_never(step)

    def telling(self, change: Change, stage: str) -> Callable[[str], None]:
        """Return what a step tells its patience to. Between two looks it may be interrupted, like between two steps."""
        start = self.clock.now()

        def tell(detail: str) -> None:
            if self.stop.is_set():
                raise Interrupted(f"interrupted while {detail}")
            self.watch(Event(change, stage, detail, self.clock.now() - start))

        return tell

    def finished(self, result: Result) -> Result:
        self.watch(Event(result.change, "finished", result.state, result.seconds, result))
        return result


def _why_tried(change: Change) -> str:
    """Return what the plan had to say of changes of which it is not known whether AWS refuses them."""
    return "; ".join(field.why for field in change.fields if field.why)
