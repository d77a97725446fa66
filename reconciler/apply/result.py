"""What became of a plan."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from reconciler.model import Action, Address, Change


class State(StrEnum):
    DONE = "done"
    FAILED = "failed"  # a call was refused or gave no answer
    UNHEALTHY = "unhealthy"  # it settled as INVALID
    TIMED_OUT = "timed out"
    SKIPPED = "skipped"  # something it needs did not get done
    INTERRUPTED = "interrupted"  # a request was made, and what follows it was not waited for
    NOT_STARTED = "not started"  # the run was interrupted before any request was made


MAKES = (Action.CREATE, Action.REVISION, Action.BLUE_GREEN, Action.REPLACE)


@dataclass(frozen=True, slots=True)
class Result:
    change: Change
    state: State
    message: str = ""
    hint: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """One result a change, in the plan's order."""

    results: tuple[Result, ...]
    interrupted: bool = False

    @property
    def counts(self) -> Mapping[State, int]:
        return Counter(result.state for result in self.results)

    @property
    def is_done(self) -> bool:
        return all(result.state is State.DONE for result in self.results)

    @property
    def touched(self) -> frozenset[Address]:
        """What was changed as planned."""
        return frozenset(result.change.address for result in self.results if result.state is State.DONE)

    @property
    def made(self) -> frozenset[Address]:
        """What was created or registered: whatever it has now comes from this run."""
        done = (result.change for result in self.results if result.state is State.DONE)
        return frozenset(change.address for change in done if change.action in MAKES)


class ConcurrentChange(Exception):  # noqa: N818 - names what happened
    """Somebody else changed the resource since the plan was made; the message says what of it."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something happened that a person watching wants to see. `detail` is a status, a reason or a request in words."""

    change: Change
    stage: str  # "started", "step", "waiting", "retrying", "finished"
    detail: str
    seconds: float = 0.0
    result: Result | None = None
