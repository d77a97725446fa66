"""Failures on demand: which call fails, how, and how often."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase


class Failure(StrEnum):
    THROTTLE = "throttle"  # 429, nothing happened
    SERVER_ERROR = "server error"  # 500, nothing happened
    LATE_ERROR = "server error after the work"  # 500, though the work is done
    LOST_ANSWER = "lost answer"  # the work is done, the connection breaks before the answer arrives
    LATENCY = "latency"  # the answer is late


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultRule:
    """Which calls fail. Without `nth`, `first` and `every`, all that match; counting starts at 1."""

    failure: Failure
    operation: str = "*"  # a glob
    nth: int | None = None
    first: int | None = None
    every: int | None = None
    seconds: float = 0.0  # LATENCY only

    def strikes(self, count: int) -> bool:
        chosen = (
            self.nth is not None and count == self.nth,
            self.first is not None and count <= self.first,
            self.every is not None and count % self.every == 0,
        )
        return any(chosen) or (self.nth, self.first, self.every) == (None, None, None)


class Faults:
    """The rules, and how often each has matched. Not safe between threads by itself: the simulator locks."""

    def __init__(self, rules: Iterable[FaultRule] = ()) -> None:
        self._rules = tuple(rules)
        self._counts = [0] * len(self._rules)

    def strike(self, operation: str) -> tuple[FaultRule, ...]:
        """Count a call and return the rules that strike it."""
        return tuple(rule for index, rule in enumerate(self._rules) if self._counted(index, rule, operation))

    def _counted(self, index: int, rule: FaultRule, operation: str) -> bool:
        if not fnmatchcase(operation, rule.operation):
            return False
        self._counts[index] += 1
        return rule.strikes(self._counts[index])
