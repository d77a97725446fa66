"""A cloud that waits out throttling and passing faults, and keeps writes few at a time."""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from contextvars import ContextVar
from threading import BoundedSemaphore
from typing import TypeVar

from reconciler.model import Identity, Json
from reconciler.ports import Clock, Cloud
from reconciler.problems import CloudError, Fault

WRITES_AT_ONCE = 5  # AWS publishes no rate for the control plane; throttling was seen on tight loops
TRIES = {Fault.THROTTLED: 10, Fault.UNKNOWN: 6, Fault.UNREACHABLE: 3}
LONGEST = 20.0
IDENTITY = "GetCallerIdentity"
Result = TypeVar("Result")
# What a thread is calling, and for the how many-th time: who sends the request does not know.
_TRYING: ContextVar[tuple[str, int]] = ContextVar("trying", default=("", 1))


class RetryingCloud:
    """Wraps a cloud. Throttled calls are repeated always, calls of unknown outcome only if they read.

    `is_idempotent`: its writes may be made twice, too, and are repeated as reads are.
    """

    def __init__(self, cloud: Cloud, clock: Clock, *, is_idempotent: bool = False) -> None:
        self._cloud = cloud
        self._clock = clock
        self._is_idempotent = is_idempotent
        self._writes = BoundedSemaphore(WRITES_AT_ONCE)

    def identity(self) -> Identity:
        return self._patiently(IDENTITY, self._cloud.identity)

    def call(self, operation: str, request: Mapping[str, Json]) -> Mapping[str, Json]:
        def once() -> Mapping[str, Json]:
            with nullcontext() if is_read(operation) else self._writes:
                return self._cloud.call(operation, request)

        return self._patiently(operation, once)

    def _patiently(self, operation: str, once: Callable[[], Result]) -> Result:
        tries = 1
        while True:
            outer = _TRYING.set((operation, tries))
            try:
                return once()
            except CloudError as error:
                repeatable = error.fault is not Fault.UNKNOWN or self._is_idempotent or is_read(operation)
                if not repeatable or tries >= TRIES.get(error.fault, 1):
                    raise
            finally:
                _TRYING.reset(outer)
            self._clock.sleep(back_off(tries, salt=self._clock.now()))
            tries += 1


def attempt_at(operation: str) -> int:
    """Return which attempt at a call this thread is making. Other calls may be made for it, as for credentials."""
    called, attempt = _TRYING.get()
    return attempt if called == operation else 1


def is_read(operation: str) -> bool:
    return operation.startswith(("Describe", "List", "Get"))


def back_off(tries: int, salt: float) -> float:
    """Seconds to wait after the n-th try: doubling from half a second, spread by half so that callers part ways.

    `salt` is any number that differs between callers; the clock's reading does.
    """
    spread = 0.75 + (hash(salt) % 1000) / 2000
    return float(min(LONGEST, 0.5 * 2 ** (tries - 1)) * spread)
