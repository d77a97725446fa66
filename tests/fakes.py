"""Fakes of the ports: a cloud that follows a script, a clock that turns at once."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from reconciler.app.request import Session
from reconciler.model import Identity, Json
from reconciler.ports import Clock, Cloud
from reconciler.problems import CloudError, Fault

HERE = Identity("123456789012", "us-east-1")
Answer = Mapping[str, Json] | CloudError | Callable[[Mapping[str, Json]], Mapping[str, Json]]


@dataclass
class ScriptedCloud:
    """Answers each operation from its own queue; the last answer stays. Records every call."""

    script: Mapping[str, list[Answer]]
    calls: list[tuple[str, Mapping[str, Json]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._queues = {operation: deque(answers) for operation, answers in self.script.items()}

    def identity(self) -> Identity:
        return HERE

    def call(self, operation: str, request: Mapping[str, Json]) -> Mapping[str, Json]:
        self.calls.append((operation, request))
        queue = self._queues[operation]
        answer = queue.popleft() if len(queue) > 1 else queue[0]
        if isinstance(answer, CloudError):
            raise answer
        return answer(request) if callable(answer) else answer

    def count(self, operation: str) -> int:
        return sum(called == operation for called, _ in self.calls)


def session_of(cloud: Cloud, clock: Clock | None = None) -> Session:
    """Return a session of a cloud; without a clock, waiting there takes no time."""
    return Session(cloud, clock or InstantClock())


@dataclass
class InstantClock:
    """Sleeping takes no time and is remembered."""

    time: float = 0.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


def refused(message: str) -> CloudError:
    wrapped = f"Error executing request, Exception : {message}, RequestId: 0"
    return CloudError("Any", Fault.REFUSED, "ClientException", wrapped)


def throttled() -> CloudError:
    return CloudError("Any", Fault.THROTTLED, "TooManyRequestsException", "Too Many Requests")


def lost() -> CloudError:
    return CloudError("Any", Fault.UNKNOWN, "ConnectionClosedError", "Connection was closed")


def unreachable() -> CloudError:
    return CloudError("Any", Fault.UNREACHABLE, "EndpointConnectionError", "Could not connect")
