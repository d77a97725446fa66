"""Time in the sandbox: the wall clock for people, a clock that tests turn, and how long things take."""

import threading
import time
from dataclasses import dataclass


class SandboxClock:
    """Seconds since the epoch: resources go on settling between two commands that share a file."""

    def now(self) -> float:
        return time.time()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class TurnableClock:
    """Stands still until `sleep` or `turn` is called."""

    def __init__(self, start: float = 1_800_000_000.0) -> None:
        self._now = start
        self._lock = threading.Lock()

    def now(self) -> float:
        with self._lock:
            return self._now

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self._now += seconds

    turn = sleep


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """How many seconds the simulated service takes. The defaults make a demo quick; AWS takes seconds to minutes."""

    create: float = 1.5
    update: float = 1.5
    infrastructure: float = 2.5  # an update that replaces instances
    delete: float = 1.5
    deleted: float = (
        2.0  # how long a deleted resource is still shown, as DELETED (the time that AWS takes is not documented)
    )
    relationship_grace: float = 1.0  # how long an environment still counts as used after a queue let go of it
    read_lag: float = 0.0  # how long reads still show what was before a write
    autoscale: float = 300.0  # how long after an update desiredvCpus moves by itself, and how often then
    submitted: float = 0.5  # how long a job is SUBMITTED, up to the next full second
    starting: float = 1.0  # how long a job is STARTING
    job: float = 60.0  # how long a job runs without a `sleep` in its command


# For the tests of other projects: whatever is created, changed or submitted is finished at the next call.
INSTANT = Timings(
    create=0, update=0, infrastructure=0, delete=0, deleted=0, relationship_grace=0, submitted=0, starting=0, job=0
)
