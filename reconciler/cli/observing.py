"""Who watches a run, and each target of it: what is counted, traced and told at the end."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic

from reconciler.cli.logs import Log
from reconciler.ports import Called
from reconciler.report.tally import Tally, summary, summary_json
from reconciler.report.traces import trace, trace_json


@dataclass(slots=True)
class Watch:
    """An observer of one target, or of a run without targets. The tally is that of the whole run."""

    log: Log
    verbose: bool = False
    tally: Tally = field(default_factory=Tally)
    _start: float = field(default_factory=monotonic)
    _phases: list[str] = field(default_factory=list)  # those that are open, the innermost last

    @contextmanager
    def target(self, name: str) -> Iterator["Watch"]:
        yield Watch(Log(as_json=self.log.as_json, target=name), self.verbose, self.tally)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        start = monotonic()
        self._phases.append(name)
        try:
            yield
        finally:
            self._phases.pop()
            if not self._phases:
                self.tally.spent(name, monotonic() - start)

    def called(self, call: Called) -> None:
        self.tally.called(call, self.log.target)
        if self.verbose:
            self.log.write(trace(call), trace_json(call), "warning" if call.error else "debug")

    def end(self) -> None:
        """Tell what the run has cost, where somebody asked for it, or calls had to be repeated.

        Otherwise the last line on stderr is the error, and without one there is none.
        """
        is_news = self.verbose or self.log.as_json or self.tally.retries or self.tally.throttled
        if self.tally.calls and is_news:
            seconds = monotonic() - self._start
            self.log.write(summary(self.tally, seconds), summary_json(self.tally, seconds))
