"""The observers of a run and of each deployment: what is counted, traced, and summed up at the end."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from threading import Thread, get_ident
from time import monotonic, sleep
from typing import TYPE_CHECKING, NoReturn

from reconciler.app.request import FleetRequest, OutputOptions
from reconciler.cli.streams import Log, StatusLine, is_ci
from reconciler.ports import Called
from reconciler.problems import Exit
from reconciler.redact.secrets import redacted_text
from reconciler.report.progress import Tally, summary, summary_json, trace, trace_json

if TYPE_CHECKING:  # OpenTelemetry is optional, and loaded only where its variables are set
    from opentelemetry.trace import Span

    from reconciler.adapters.telemetry import Spans
    from reconciler.redact.presented import PresentedEvent

OTEL = ("OTEL_TRACES_EXPORTER", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
WELL = (Exit.DONE, Exit.CHANGES)
WRITING = ("apply", "prove")  # phases with progress of their own
REDRAWN = 0.5  # seconds between two looks at what is read


@dataclass(slots=True)
class Watch:
    """An observer of one deployment, or of a run without --all. The tally is that of the whole run."""

    log: Log
    traces_calls: bool = False
    spans: "Spans | None" = None
    root: "Span | None" = None
    tally: Tally = field(default_factory=Tally)
    _start: float = field(default_factory=monotonic)
    _phases: "list[Span | None]" = field(default_factory=list)  # those that are open, the innermost last
    _changes: "dict[int, Span]" = field(default_factory=dict)  # what each thread is changing

    def target(self, name: str) -> "Watch":
        """Return the observer of one deployment; `close` ends it."""
        watch = Watch(replace(self.log, target=name), self.traces_calls, self.spans, tally=self.tally)
        watch.root = self.spans.begin("target", self.root, watch._about) if self.spans else None
        return watch

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        start, error = monotonic(), ""
        status = self.log.status.reading() if self.log.status and name not in WRITING else nullcontext()
        span = self.spans.begin(name, self._parent(), self._about) if self.spans else None
        self._phases.append(span)
        try:
            with status:
                yield
        except BaseException as raised:
            error = type(raised).__name__
            raise
        finally:
            self._phases.pop()
            if self.spans and span:
                self.spans.end(span, error)
            if not self._phases:
                self.tally.spent(name, monotonic() - start)

    def called(self, call: Called) -> None:
        self.tally.called(call, self.log.target)
        if self.log.status:
            self.log.status.called()
        if self.traces_calls:
            self.log.write(trace(call), trace_json(call), "warning" if call.error else "debug")
        if self.spans:
            self.spans.called(call, self._parent(), self._about)

    def changed(self, event: "PresentedEvent") -> None:
        """Follow a change, in the thread that makes it."""
        if event.stage == "retrying":
            self.tally.repeated()
        if self.spans:
            self._follow(event, self.spans)

    def _follow(self, event: "PresentedEvent", spans: "Spans") -> None:
        change, result = event.change, event.result
        if event.stage == "started":
            action = change.action.name.lower().replace("_", "-")
            about = {"reconciler.action": action, "reconciler.address": str(change.address), **self._about}
            self._changes[get_ident()] = spans.begin(f"{action} {change.address.kind}", self._parent(), about)
        elif result and (span := self._changes.pop(get_ident(), None)):
            spans.end(span, "" if result.state == "done" else result.state, {"reconciler.state": result.state})

    def close(self, code: int) -> None:
        if self.spans and self.root:
            error = "" if code in WELL else Exit(code).name.lower()
            self.spans.end(self.root, error, {"process.exit.code": int(code)})

    def end(self, code: int) -> None:
        """Print the number of calls and their time if it is requested, or if calls had to be repeated.

        Otherwise the last line on stderr is the error, if there is one.
        """
        seconds = monotonic() - self._start
        self.close(code)
        if self.spans:
            self.spans.close()
        is_news = self.traces_calls or self.log.as_json or self.tally.retries or self.tally.throttled
        if self.tally.calls and is_news:
            self.log.write(summary(self.tally, seconds), summary_json(self.tally, seconds))

    @property
    def _about(self) -> dict[str, str | int]:
        return {"reconciler.target": self.log.target} if self.log.target else {}

    def _parent(self) -> "Span | None":
        return self._changes.get(get_ident()) or (self._phases[-1] if self._phases else self.root)


def watch_of(output: OutputOptions, fleet: FleetRequest, *, calls_aws: bool, reads_only: bool) -> Watch:
    """Return the observer of a run; with spans, if it may call AWS and OpenTelemetry's variables ask for them."""
    is_quiet = reads_only or fleet.file is None  # deployments that change something print lines at any time
    status = status_line() if calls_aws and is_quiet and not (output.logs_json or output.traces_calls) else None
    watch = Watch(Log(as_json=output.logs_json, status=status), traces_calls=output.traces_calls)
    command = fleet.command
    variable = next((name for name in OTEL if os.environ.get(name)), "")
    if variable and calls_aws and not _is_off():
        watch.spans = _spans(watch.log, variable)
    if watch.spans:
        watch.root = watch.spans.begin(f"reconciler {command}", None, {"reconciler.command": command})
    return watch


def status_line() -> StatusLine | None:
    """Return the line that a terminal shows while a run reads; None where no person looks at it."""
    if not sys.stderr.isatty() or is_ci() or os.environ.get("TERM") == "dumb":
        return None
    line = StatusLine(sys.stderr, monotonic)
    Thread(target=lambda: _redraw(line), daemon=True).start()
    return line


def _redraw(line: StatusLine) -> NoReturn:
    while True:
        sleep(REDRAWN)
        line.draw()


def _is_off() -> bool:
    is_disabled = os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
    return is_disabled or os.environ.get("OTEL_TRACES_EXPORTER", "").strip().lower() == "none"


def _spans(log: Log, variable: str) -> "Spans | None":
    def warn(message: str) -> None:
        shown = redacted_text(message)
        log.write(f"warning: {shown}", {"event": "message", "message": shown}, "warning")

    logging.getLogger("opentelemetry").addHandler(logging.NullHandler())  # what fails in its import, it logs
    try:
        from reconciler.adapters.telemetry import Spans

        return Spans(os.environ, warn)
    except ImportError:
        warn(f"{variable} is set, but OpenTelemetry is not installed: pip install 'batch-reconciler[otel]'")
    except Exception as error:  # noqa: BLE001 - the SDK reads its many variables already when it is imported
        warn(f"OpenTelemetry cannot be set up, so no spans are sent: {type(error).__name__}: {error}")
    return None
