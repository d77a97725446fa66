"""What a run tells while it runs."""

import io

from rich.console import Console

from reconciler.apply import Event, Result, State
from reconciler.model import Change
from reconciler.redact.presented import PresentedEvent, present_event
from reconciler.report.progress import ProgressRegion, reporting, watching
from tests.fakes import InstantClock
from tests.report.samples import PRICING, SPOT


def console() -> Console:
    return Console(file=io.StringIO(), width=80, color_system=None)


def event(
    change: Change, stage: str, detail: str, seconds: float = 0.0, result: Result | None = None
) -> PresentedEvent:
    return present_event(Event(change, stage, detail, seconds, result))


def text(of: Console) -> list[str]:
    assert isinstance(of.file, io.StringIO)
    return of.file.getvalue().splitlines()


def test_without_a_terminal_a_change_has_one_line_with_a_count_when_it_ends() -> None:
    out = console()
    with watching(out, InstantClock().now, 2, live=False) as watch:
        watch(event(SPOT, "started", "create"))
        watch(event(SPOT, "step", "create compute-environment prod-spot"))
        watch(event(SPOT, "waiting", "CREATING", 3))
        watch(event(SPOT, "finished", "done", 12, Result(SPOT, State.DONE, seconds=12)))
        watch(event(PRICING, "finished", "done", 1, Result(PRICING, State.DONE, seconds=1)))
    assert text(out) == [
        "[1/2] +   ComputeEnvironment/spot: done after 12 s", "[2/2] ~   JobQueue/pricing: done after 1 s",
    ]  # fmt: skip


def test_a_log_of_objects_has_the_start_too() -> None:
    logged: list[str] = []
    watch = reporting(lambda event: logged.append(event.stage), InstantClock().now)
    watch(event(SPOT, "started", "create"))
    watch(event(SPOT, "finished", "done", 12, Result(SPOT, State.DONE, seconds=12)))
    assert logged == ["started", "finished"]


def test_a_long_wait_has_a_heartbeat_of_thirty_seconds() -> None:
    out, clock = console(), InstantClock()
    with watching(out, clock.now, 2, live=False) as watch:
        watch(event(SPOT, "started", "create"))
        for seconds in range(0, 91, 10):
            clock.time = float(seconds)
            watch(event(SPOT, "waiting", "CREATING", seconds))
    assert text(out) == [f"+   ComputeEnvironment/spot: CREATING ({time})" for time in ("30 s", "1 min", "1 min 30 s")]


def test_changes_have_heartbeats_of_their_own() -> None:
    out, clock = console(), InstantClock()
    with watching(out, clock.now, 2, live=False) as watch:
        watch(event(SPOT, "started", "create"))
        clock.time = 20.0
        watch(event(PRICING, "started", "update"))
        clock.time = 30.0
        watch(event(SPOT, "waiting", "CREATING", 30))
        watch(event(PRICING, "waiting", "UPDATING", 10))
    assert text(out) == ["+   ComputeEnvironment/spot: CREATING (30 s)"]


def test_a_failure_is_told_with_its_reason() -> None:
    out = console()
    with watching(out, InstantClock().now, 2, live=False) as watch:
        watch(event(PRICING, "finished", "failed", 0, Result(PRICING, State.FAILED, "AccessDenied: no")))
    assert text(out) == ["[1/2] ~   JobQueue/pricing: failed: AccessDenied: no"]


def test_a_terminal_shows_a_count_and_a_line_a_running_change_that_vanishes_when_it_ends() -> None:
    out, clock = console(), InstantClock()
    with watching(out, clock.now, 13, live=True) as watch:
        region = watch.__self__
        assert isinstance(region, ProgressRegion)
        watch(event(SPOT, "started", "create"))
        watch(event(PRICING, "step", "update job-queue prod-pricing"))
        clock.time = 61.0
        running = region.__rich__().plain.splitlines()
        watch(event(SPOT, "finished", "done", 61, Result(SPOT, State.DONE, seconds=61)))
        after = region.__rich__().plain.splitlines()
    assert (running, after) == (
        [
            "0/13 done",
            "+   ComputeEnvironment/spot: create  1 min 1 s",
            "~   JobQueue/pricing: update job-queue prod-pricing  1 min 1 s",
        ],
        ["1/13 done", "~   JobQueue/pricing: update job-queue prod-pricing  1 min 1 s"],
    )
    assert "done after" not in "\n".join(text(out))  # the outcome lists it


def test_on_a_terminal_what_is_not_done_is_told_at_once() -> None:
    out = console()
    with watching(out, InstantClock().now, 2, live=True) as watch:
        watch(event(PRICING, "finished", "failed", 0, Result(PRICING, State.FAILED, "AccessDenied: no")))
    assert "~   JobQueue/pricing: failed: AccessDenied: no" in text(out)
