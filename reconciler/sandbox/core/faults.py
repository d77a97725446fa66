"""Failures on demand: which call fails, how, and how often."""

from collections.abc import Container, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from fnmatch import fnmatchcase

from reconciler.model import Json
from reconciler.problems import WrongUsage
from reconciler.sandbox.core.clock import Timings
from reconciler.sandbox.core.store import Store


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


# What was broken on purpose, and how far the clock was advanced: stored with the state, for later commands.

YEAR = 365.25 * 86_400  # seconds
FARTHEST = 1000 * YEAR  # dates end with the year 9999
EVERYWHERE = ".sandbox"  # the scope of what belongs to no account
BREAKAGE, CLOCK = "breakage", "clock"
ALL, AHEAD = "all", "ahead"


@dataclass(frozen=True, slots=True)
class FailingCalls:
    """The next calls of some operations fail."""

    failure: Failure
    calls: int  # how many are still to fail
    operation: str = "*"  # a glob

    @classmethod
    def of(cls, row: Mapping[str, Json]) -> "FailingCalls":
        return cls(Failure(row["failure"]), row["calls"], row["operation"])


@dataclass(frozen=True, slots=True)
class ForcedInvalid:
    """A resource that was made INVALID, with the reason that it shows."""

    arn: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakage:
    """Everything that is broken. `settle`: the seconds that every transition takes; None: as usual."""

    missing_roles: tuple[str, ...] = ()
    failing: tuple[FailingCalls, ...] = ()
    settle: float | None = None
    lag: float | None = None  # the seconds for which reads show what was before a write
    trail_delay: float | None = None  # the seconds after which CloudTrail has an event
    deleted: float | None = None  # the seconds for which what is deleted is still shown, as DELETED
    invalid: tuple[ForcedInvalid, ...] = ()
    stuck: tuple[str, ...] = ()  # ARNs of what never finishes its deletion

    @classmethod
    def of(cls, row: Mapping[str, Json]) -> "Breakage":
        return cls(
            missing_roles=tuple(row["missing_roles"]),
            failing=tuple(map(FailingCalls.of, row["failing"])),
            settle=row["settle"],
            lag=row.get("lag"),
            trail_delay=row.get("trail_delay"),
            deleted=row.get("deleted"),
            invalid=tuple(ForcedInvalid(**entry) for entry in row.get("invalid", ())),
            stuck=tuple(row.get("stuck", ())),
        )

    def slow_down(self, timings: Timings) -> Timings:
        shown = timings if self.lag is None else replace(timings, read_lag=self.lag)
        shown = shown if self.deleted is None else replace(shown, deleted=self.deleted)
        if self.settle is None:
            return shown
        return replace(shown, create=self.settle, update=self.settle, infrastructure=self.settle, delete=self.settle)

    def without_roles(self, roles: Iterable[str]) -> "Breakage":
        """Return it with more roles and instance profiles that do not exist."""
        return replace(self, missing_roles=tuple(sorted({*self.missing_roles, *roles})))

    def without_forced_states(self, arns: Container[str]) -> "Breakage":
        """Return it with these resources repaired."""
        invalid = tuple(forced for forced in self.invalid if forced.arn not in arns)
        return replace(self, invalid=invalid, stuck=tuple(arn for arn in self.stuck if arn not in arns))


@dataclass(frozen=True, slots=True, kw_only=True)
class ForcedFault:
    """What is to be broken in addition, or repaired."""

    repair: bool = False  # comes first; with `arns`, only those
    roles_back: bool = False
    missing_roles: tuple[str, ...] = ()
    failing: tuple[FailingCalls, ...] = ()
    settle: float | None = None
    lag: float | None = None
    trail_delay: float | None = None
    deleted: float | None = None
    arns: tuple[str, ...] = ()
    invalid: str = ""  # the reason for which `arns` become INVALID
    stuck: bool = False  # `arns` never finish their deletion

    @classmethod
    def of(cls, row: Mapping[str, Json]) -> "ForcedFault":
        failing = tuple(map(FailingCalls.of, row["failing"]))
        return cls(**{**row, **{name: tuple(row[name]) for name in ("missing_roles", "arns")}, "failing": failing})

    def check(self) -> None:
        """Raise `ValueError` for a field of the wrong type: the request may come from any client."""
        durations = [each for each in (self.settle, self.lag, self.trail_delay) if each is not None]
        calls = [entry.calls for entry in self.failing]
        texts = (*self.missing_roles, *self.arns, self.invalid, *(entry.operation for entry in self.failing))
        if not (
            all(is_duration(each) for each in durations)
            and all(type(each) is int and each > 0 for each in calls)
            and all(isinstance(each, str) for each in texts)
            and all(isinstance(each, bool) for each in (self.repair, self.roles_back, self.stuck))
        ):
            raise ValueError("a field has the wrong type or is out of range")

    def after(self, before: Breakage) -> Breakage:
        breakage = before if not self.repair else before.without_forced_states(self.arns) if self.arns else Breakage()
        breakage = replace(breakage, missing_roles=()) if self.roles_back else breakage
        breakage = breakage.without_roles(self.missing_roles)
        forced = tuple(ForcedInvalid(arn, self.invalid) for arn in self.arns if self.invalid)
        stuck = self.arns if self.stuck else ()
        return replace(
            breakage,
            failing=(*breakage.failing, *self.failing),
            settle=breakage.settle if self.settle is None else self.settle,
            lag=breakage.lag if self.lag is None else self.lag,
            trail_delay=breakage.trail_delay if self.trail_delay is None else self.trail_delay,
            deleted=breakage.deleted if self.deleted is None else self.deleted,
            invalid=(*(entry for entry in breakage.invalid if entry.arn not in {each.arn for each in forced}), *forced),
            stuck=tuple(sorted({*breakage.stuck, *stuck})),
        )


def is_duration(value: Json) -> bool:
    """Whether a value of JSON is a number of seconds that a clock can be turned by."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= FARTHEST


def breakage_of(store: Store) -> Breakage:
    row = store.rows(EVERYWHERE, BREAKAGE).get(ALL)
    return Breakage.of(row) if row else Breakage()


def save_breakage(store: Store, broken: Breakage) -> None:
    store.put(EVERYWHERE, BREAKAGE, ALL, asdict(broken))


def strike(store: Store, operation: str) -> frozenset[Failure]:
    """Return how this call fails, if it does, and count it. Of several failures the one asked for first comes first."""
    broken = breakage_of(store)
    matching = next((entry for entry in broken.failing if fnmatchcase(operation, entry.operation)), None)
    if matching is None:
        return frozenset()
    remaining = (replace(entry, calls=entry.calls - 1) if entry is matching else entry for entry in broken.failing)
    save_breakage(store, replace(broken, failing=tuple(entry for entry in remaining if entry.calls)))
    return frozenset({matching.failure})


def seconds_ahead(store: Store) -> float:
    return float(store.rows(EVERYWHERE, CLOCK).get(AHEAD, 0.0))


def turn(store: Store, seconds: float) -> float:
    """Advance the clock; return how many seconds it is ahead in total. Raises `WrongUsage` beyond the last date."""
    total = seconds_ahead(store) + seconds
    if not total <= FARTHEST:
        raise WrongUsage(f"the sandbox's clock can be at most {FARTHEST / YEAR:g} years ahead")
    store.put(EVERYWHERE, CLOCK, AHEAD, total)
    return total
