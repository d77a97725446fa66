"""The connection of one stack to the world: `cli.clients` opens it once, and commands pass it on."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from reconciler.model import Lock
from reconciler.ports import UNOBSERVED, Clock, Cloud, Locks, Lookups, Observer


@dataclass(frozen=True, slots=True)
class Session:
    """The cloud of a stack, the clock that fits it, look-ups and locks there, and the observer of the run."""

    cloud: Cloud
    clock: Clock
    lookups: Lookups | None = None  # None: nothing can be looked up
    observer: Observer = UNOBSERVED
    locks: Locks | None = None  # None: nothing is locked
    locks_at: Callable[[Lock], Locks] | None = None  # None: nothing can be locked here

    def with_lock(self, lock: Lock | None) -> "Session":
        """Return the session with the locks of a place, which is known after the stack has been read."""
        return replace(self, locks=self.locks_at(lock)) if lock and self.locks_at else self
