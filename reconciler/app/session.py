"""What the use cases need of the world for one stack, opened once and passed on."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from reconciler.model import Lock
from reconciler.ports import Clock, Cloud, Locks, Lookups, Observer


@dataclass(frozen=True, slots=True)
class Session:
    """The cloud of a stack, the clock that goes with it, what can be looked up there, its locks, and who watches."""

    cloud: Cloud
    clock: Clock
    lookups: Lookups
    observer: Observer
    locks: Locks | None = None  # None: nothing is locked
    locks_at: Callable[[Lock], Locks] | None = None  # None: nothing can be locked here

    def with_lock(self, lock: Lock | None) -> "Session":
        """Return it with the locks of a place, which is known once the stack has been read."""
        return replace(self, locks=self.locks_at(lock)) if lock and self.locks_at else self
