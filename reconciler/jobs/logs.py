"""What jobs log: the events of their streams in CloudWatch Logs, to the end, or as long as the jobs run."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from reconciler.jobs.states import JobState, LogPlace, states_of
from reconciler.ports import Clock, Cloud
from reconciler.problems import CloudError

NOT_THERE = "ResourceNotFoundException"
DRAIN, DRAIN_PAUSE = 10.0, 2.0  # seconds for which the last lines of a job may come late, and between two looks


@dataclass(frozen=True, slots=True)
class LogLine:
    """One event of a stream. `at` is in milliseconds since 1970."""

    place: LogPlace
    at: int
    text: str


@dataclass(slots=True)
class LogReader:
    """Reads the streams of a job from where it stopped before. `attempt` is one of them, or None: all."""

    cloud: Cloud
    logs: Cloud
    show: Callable[[LogLine], None]
    attempt: int | None = None
    tokens: dict[LogPlace, str] = field(default_factory=dict)
    seen: set[LogPlace] = field(default_factory=set)  # streams that exist

    def read(self, state: JobState) -> int:
        """Show what is new in the streams of a job, and return how many lines that is."""
        lines = 0
        for place in self.places(state):
            for line in self._new_lines(place):
                self.show(line)
                lines += 1
        return lines

    def drain(self, state: JobState, clock: Clock) -> None:
        """Show what a job that has just ended has still logged: events arrive some seconds late."""
        end = clock.now() + DRAIN
        while clock.now() < end:
            clock.sleep(DRAIN_PAUSE)
            self.read(state)

    def places(self, state: JobState) -> tuple[LogPlace, ...]:
        """Return the streams of a job; a job of several nodes has those of its main node, which decides how it ends."""
        if state.nodes:
            main = f"{state.id}#{state.main_node or 0}"
            state = states_of(self.cloud, [main]).get(main, state)
        return tuple(place for place in state.logs if self.attempt in (None, place.attempt))

    def _new_lines(self, place: LogPlace) -> Iterator[LogLine]:
        """Yield events up to a forward token that is the one that was sent: there the stream ends (GetLogEvents)."""
        while True:
            token = self.tokens.get(place)
            request = {"logGroupName": place.group, "logStreamName": place.stream, "startFromHead": True}
            try:
                page = self.logs.call("GetLogEvents", {**request, **({"nextToken": token} if token else {})})
            except CloudError as error:
                if error.code != NOT_THERE:
                    raise
                return
            self.seen.add(place)
            for event in page.get("events") or ():
                yield LogLine(place, int(event.get("timestamp") or 0), str(event.get("message", "")))
            following = page.get("nextForwardToken")
            if not following or following == token:
                return
            self.tokens[place] = str(following)
