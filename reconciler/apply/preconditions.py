"""Look before the first write: a change must not overwrite what somebody did since the plan was made.

Batch has no conditional writes, so a look is all there is. One look serves every change of its kind that is still to
begin, and is good for a few seconds: changes that start together share it. A create or a registration needs none: its
own answer tells whether somebody came first. Neither do later steps: between two of them the resource was read while it
settled.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from threading import Lock

from reconciler.apply.result import ConcurrentChange
from reconciler.diff import concurrent_changes
from reconciler.kinds import KINDS
from reconciler.kinds.base import MEMBER as STATE
from reconciler.kinds.base import Kind
from reconciler.live.ownership import own_tags
from reconciler.live.read import read_some
from reconciler.model import Call, Change, Live, Repeat, Until
from reconciler.ports import Clock, Cloud

FRESH = 5.0  # seconds; about what AWS takes to settle one update
ANOTHER_RUN = "a different run has applied it in the meantime"


@dataclass(slots=True)
class Preconditions:
    """`changes` are all of a run. Safe between threads."""

    cloud: Cloud
    clock: Clock
    changes: Iterable[Change]
    _kinds: dict[str, "_Looks"] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def check(self, change: Change, call: Call, *, anew: bool = False) -> None:
        """Raise `ConcurrentChange` if the call is a first write and the resource is not what the plan saw.

        `anew`: no earlier look will do. Raises `CloudError`.
        """
        if change.seen is None or call is not _first_write(change):
            return
        kind = KINDS[change.address.kind]
        now = self._looks(kind).find(change.name, anew=anew)
        if now is None or now.status == "DELETING":
            if change.action.leaves or change.seen.status == "DELETING":
                return
            raise ConcurrentChange("it no longer exists")
        paths = concurrent_changes(kind, change.seen, now, self.cloud.identity())
        if change.action.leaves:  # who leaves is disabled first; another run may have begun
            paths = tuple(path for path in paths if path != STATE)
        if paths:
            raise ConcurrentChange(", ".join(paths))

    def _looks(self, kind: Kind) -> "_Looks":
        with self._lock:
            if kind.name not in self._kinds:
                names = [
                    change.name for change in self.changes if change.address.kind == kind.name and _first_write(change)
                ]
                self._kinds[kind.name] = _Looks(names, self.clock, lambda of: self._read(kind, of))
            return self._kinds[kind.name]

    def _read(self, kind: Kind, names: list[str]) -> Mapping[str, Live]:
        return read_some(self.cloud, kind, self.cloud.identity(), names)


def check_settled(change: Change, settled: Live | None, until: Until) -> None:
    """Raises `ConcurrentChange` if what was read when our update had settled carries the record of somebody else's.

    Ours is written after the update, so until then the record is the one that the plan saw.
    """
    is_watched = change.seen is not None and settled is not None and not change.action.leaves and until is Until.VALID
    if is_watched and change.seen and settled and own_tags(settled.tags) != own_tags(change.seen.tags):
        raise ConcurrentChange(ANOTHER_RUN)


@dataclass(slots=True)
class _Looks:
    """The looks at one kind; `waiting` are the names of which somebody may still ask."""

    waiting: list[str]
    clock: Clock
    read: Callable[[list[str]], Mapping[str, Live]]
    _taken: float = float("-inf")
    _found: Mapping[str, Live] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def find(self, name: str, *, anew: bool) -> Live | None:
        with self._lock:
            if anew or self.clock.now() - self._taken > FRESH:
                self._taken = self.clock.now()  # before the look: what it finds is at least as old as that
                self._found = self.read([*self.waiting, name] if name not in self.waiting else self.waiting)
            self.waiting = [other for other in self.waiting if other != name]
            return self._found.get(name)


def _first_write(change: Change) -> Call | None:
    """Return the call before which somebody has to look; None if there is none."""
    first = next((step for step in change.steps if isinstance(step, Call)), None)
    return first if first and change.seen and first.repeat is not Repeat.LOOK_FIRST else None
