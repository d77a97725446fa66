"""What a run is doing, while it does it: a live region in a terminal, plain lines with a heartbeat elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock

from rich.console import Console
from rich.live import Live
from rich.text import Text

from reconciler.apply import Event, State
from reconciler.model import Change
from reconciler.report.page import Part, one_line_of
from reconciler.report.redaction import redacted_text
from reconciler.report.words import duration

HEARTBEAT = 30.0  # seconds between two lines about the same wait
Watch = Callable[[Event], None]
STYLES = {State.DONE: "green", State.SKIPPED: "yellow", State.INTERRUPTED: "yellow", State.NOT_STARTED: "yellow"}


@contextmanager
def watching(console: Console, now: Callable[[], float], *, live: bool) -> Iterator[Watch]:
    """Yield a watcher that may be called from any thread. `live`: a person looks at a terminal."""
    if not live:
        yield telling(lambda event: console.print(_line(event), soft_wrap=True), now)
        return
    with Live(console=console, refresh_per_second=8, transient=True) as region:
        yield ProgressRegion(console, region, now).watch


def telling(tell: Watch, now: Callable[[], float]) -> Watch:
    """Return a watcher, for any thread, that tells when a change starts and ends, and now and then while it waits."""
    return ProgressLines(tell, now).watch


@dataclass(slots=True)
class ProgressLines:
    """At most one line each thirty seconds about the same wait."""

    tell: Watch
    now: Callable[[], float]
    _told: dict[int, float] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def watch(self, event: Event) -> None:
        with self._lock:
            if self._is_news(event):
                self._told[id(event.change)] = self.now()
                self.tell(event)

    def _is_news(self, event: Event) -> bool:
        if event.stage in ("started", "finished"):
            return True
        if event.stage == "step":
            return False
        return self.now() - self._told.get(id(event.change), 0.0) >= HEARTBEAT


@dataclass(slots=True)
class ProgressRegion:
    """A line a running change, redrawn in place; what has ended scrolls away above it."""

    console: Console
    live: Live
    now: Callable[[], float]
    _running: dict[int, tuple[Event, float]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def watch(self, event: Event) -> None:
        with self._lock:
            key = id(event.change)
            if event.stage == "finished":
                self._running.pop(key, None)
                self.console.print(_line(event))
            else:
                self._running[key] = (event, self._running.get(key, (event, self.now()))[1])
            self.live.update(self)

    def __rich__(self) -> Text:
        """Drawn by the region's own thread several times a second, so that the seconds run on."""
        rows = [self._row(event, start) for event, start in list(self._running.values())]
        return Text("\n").join(rows)

    def _row(self, event: Event, start: float) -> Text:
        described = _described(event.change, redacted_text(event.detail))
        row = one_line_of(described, (f"  {duration(self.now() - start)}", "dim"))
        row.truncate(self.console.width - 1, overflow="ellipsis")  # one line each: the full text comes with the outcome
        return row


def level_of(event: Event) -> str:
    """Return how grave an event is, as logs call it."""
    if event.result is None:
        return "warning" if event.stage == "retrying" else "info"
    return {**dict.fromkeys(STYLES, "warning"), State.DONE: "info"}.get(event.result.state, "error")


def _line(event: Event) -> Text:
    if event.stage != "finished" or event.result is None:
        return one_line_of(_described(event.change, _detail(event)))
    result = event.result
    state: Part = (f": {result.state}", STYLES.get(result.state, "bold red"))
    after = f" after {duration(result.seconds)}" if result.seconds >= 1 else ""
    message = f": {redacted_text(result.message)}" if result.message else ""
    return one_line_of(_described(event.change, ""), state, after, message)


def _described(change: Change, detail: str) -> str:
    return f"{change.action.value:<3} {change.address}" + (f": {detail}" if detail else "")


def _detail(event: Event) -> str:
    after = f" ({duration(event.seconds)})" if event.seconds >= 1 else ""
    return redacted_text(f"{event.detail}{after}" if event.stage != "started" else f"{event.detail} …")
