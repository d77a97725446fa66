"""What a run is doing, while it does it: a live region in a terminal, plain lines with a heartbeat elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING

from reconciler.apply import State
from reconciler.model import Json
from reconciler.ports import Called
from reconciler.problems import Fault, fault_of
from reconciler.redact.presented import PresentedChange, PresentedEvent
from reconciler.report.text.page import Line, Part, one_line_of, styled_text
from reconciler.report.text.values import duration, number_of

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

HEARTBEAT = 30.0  # seconds between two lines about the same wait
Watch = Callable[[PresentedEvent], None]
STYLES = {State.DONE: "green", State.SKIPPED: "yellow", State.INTERRUPTED: "yellow", State.NOT_STARTED: "yellow"}


@contextmanager
def watching(console: "Console", now: Callable[[], float], total: int, *, live: bool) -> Iterator[Watch]:
    """Yield a watcher of a run of `total` changes, for any thread. `live`: a person looks at a terminal."""
    if not live:
        yield ProgressLines(_counted_printer(console, total), now, has_starts=False).watch
        return
    from rich.live import Live  # noqa: PLC0415 - only a terminal needs it

    with Live(console=console, refresh_per_second=8, transient=True) as region:
        yield ProgressRegion(console, region, now, total).watch


def _counted_printer(console: "Console", total: int) -> Watch:
    """Return what prints an event as a line; that of a change which has ended begins with the count of those."""
    ended = 0

    def print_event(event: PresentedEvent) -> None:
        nonlocal ended
        is_end = event.stage == "finished"
        ended += is_end
        count = f"[{ended}/{total}] " if is_end else ""
        console.print(styled_text(one_line_of(count, *_line(event))), soft_wrap=True)

    return print_event


def reporting(report: Watch, now: Callable[[], float]) -> Watch:
    """Return a watcher, for any thread, that reports when a change starts and ends, and now and then while it waits."""
    return ProgressLines(report, now).watch


@dataclass(slots=True)
class ProgressLines:
    """At most one line each thirty seconds about the same wait."""

    report: Watch
    now: Callable[[], float]
    has_starts: bool = True  # the start of a change is news
    _reported: dict[PresentedChange, float] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def watch(self, event: PresentedEvent) -> None:
        with self._lock:
            if self._is_news(event):
                self._reported[event.change] = self.now()
                self.report(event)

    def _is_news(self, event: PresentedEvent) -> bool:
        if event.stage == "started":
            self._reported.setdefault(event.change, self.now())
            return self.has_starts
        if event.stage == "finished":
            return True
        if event.stage == "step":
            return False
        return self.now() - self._reported.get(event.change, 0.0) >= HEARTBEAT


@dataclass(slots=True)
class ProgressRegion:
    """A count, and a line for each running change, redrawn in place.

    Of the changes that have ended, only those that are not done scroll away above it: the outcome lists all of them.
    """

    console: "Console"
    live: "Live"
    now: Callable[[], float]
    total: int
    _ended: int = 0
    _running: dict[PresentedChange, tuple[PresentedEvent, float]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def watch(self, event: PresentedEvent) -> None:
        with self._lock:
            key = event.change
            if event.stage == "finished":
                self._running.pop(key, None)
                self._ended += 1
                if event.result and event.result.state is not State.DONE:
                    self.console.print(styled_text(_line(event)))
            else:
                self._running[key] = (event, self._running.get(key, (event, self.now()))[1])
            self.live.update(self)

    def __rich__(self) -> "Text":
        """Drawn by the region's own thread several times a second, so that the seconds run on."""
        from rich.text import Text  # noqa: PLC0415

        rows = [self._row(event, start) for event, start in list(self._running.values())]
        return Text("\n").join([Text(f"{self._ended}/{self.total} done"), *rows])

    def _row(self, event: PresentedEvent, start: float) -> "Text":
        described = _described(event.change, event.detail)
        row = styled_text(one_line_of(described, (f"  {duration(self.now() - start)}", "dim")))
        row.truncate(self.console.width - 1, overflow="ellipsis")  # one line each: the full text comes with the outcome
        return row


def level_of(event: PresentedEvent) -> str:
    """Return how grave an event is, as logs call it."""
    if event.result is None:
        return "warning" if event.stage == "retrying" else "info"
    return {**dict.fromkeys(STYLES, "warning"), State.DONE: "info"}.get(event.result.state, "error")


def _line(event: PresentedEvent) -> Line:
    if event.stage != "finished" or event.result is None:
        return one_line_of(_described(event.change, _detail(event)))
    result = event.result
    state: Part = (f": {result.state}", STYLES.get(result.state, "bold red"))
    after = f" after {duration(result.seconds)}" if result.seconds >= 1 else ""
    message = f": {result.message}" if result.message else ""
    return one_line_of(_described(event.change, ""), state, after, message)


def _described(change: PresentedChange, detail: str) -> str:
    return f"{change.action.value:<3} {change.address}" + (f": {detail}" if detail else "")


def _detail(event: PresentedEvent) -> str:
    after = f" ({duration(event.seconds)})" if event.seconds >= 1 else ""
    return f"{event.detail}{after}" if event.stage != "started" else f"{event.detail} …"


# What a run has cost: calls, retries, throttles and time, in one line at its end.

SHORTEST = 0.05  # seconds; what takes less is left out


@dataclass(slots=True)
class Tally:
    """Counts of a whole run. Safe between threads."""

    calls: int = 0
    retries: int = 0
    throttled: int = 0
    phases: dict[str, float] = field(default_factory=dict)  # seconds
    targets: set[str] = field(default_factory=set)
    _lock: Lock = field(default_factory=Lock)

    def called(self, call: Called, target: str) -> None:
        with self._lock:
            self.calls += 1
            self.retries += call.attempt > 1
            self.throttled += bool(call.error) and fault_of(call.status, call.error) is Fault.THROTTLED
            self.targets |= {target} - {""}

    def repeated(self) -> None:
        """A write whose outcome was not known, or that came too early, is made again."""
        with self._lock:
            self.retries += 1

    def spent(self, phase: str, seconds: float) -> None:
        with self._lock:
            self.phases[phase] = self.phases.get(phase, 0.0) + seconds


def summary(tally: Tally, seconds: float) -> str:
    """Return the line: 12 API calls in 1.4 s (read 0.9 s, apply 0.3 s), 2 retries, 1 throttled."""
    times = ", ".join(f"{phase} {spent:.1f} s" for phase, spent in tally.phases.items() if spent >= SHORTEST)
    side = (
        f"in {number_of(len(tally.targets), 'deployment')} side by side: " if len(tally.targets) > 1 and times else ""
    )
    counts = [
        f"{number_of(tally.calls, 'API call')} in {seconds:.1f} s" + (f" ({side}{times})" if times else ""),
        *([f"{tally.retries} {'retry' if tally.retries == 1 else 'retries'}"] if tally.retries else ()),
        *([f"{tally.throttled} throttled"] if tally.throttled else ()),
    ]
    return ", ".join(counts)


def summary_json(tally: Tally, seconds: float) -> dict[str, Json]:
    return {
        "event": "summary",
        "api_calls": tally.calls,
        "retries": tally.retries,
        "throttled": tally.throttled,
        "seconds": round(seconds, 3),
        "phases": {phase: round(spent, 3) for phase, spent in tally.phases.items()},
    }


# A call in one line: when, what, how it ended, and the id by which AWS support finds it. Never what it said.

DONE = 300  # HTTP statuses below are successes


def trace(call: Called) -> str:
    """Return the line: 08:15:00.123 Batch DescribeJobQueues 200 45 ms 3c1a…, attempt 2."""
    time = datetime.fromtimestamp(call.started, UTC).strftime("%H:%M:%S.%f")[:-3]
    ended = " ".join(filter(None, (str(call.status or ""), call.error)))
    attempt = f", attempt {call.attempt}" if call.attempt > 1 else ""
    request_id = f" {call.request_id}" if call.request_id else ""
    return f"{time}Z {call.service} {call.operation} {ended} {call.seconds * 1000:.0f} ms{request_id}{attempt}"


def trace_json(call: Called) -> dict[str, Json]:
    return {
        "event": "call",
        "service": call.service,
        "operation": call.operation,
        "region": call.region,
        "account": call.account or None,
        "started": datetime.fromtimestamp(call.started, UTC).isoformat(timespec="milliseconds"),
        "seconds": round(call.seconds, 3),
        "status": call.status or None,
        "error": call.error or None,
        "request_id": call.request_id or None,
        "attempt": call.attempt,
    }
