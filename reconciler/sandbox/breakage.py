"""What was broken on purpose, and how far the clock was turned: kept with the state, for the commands to come."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from fnmatch import fnmatchcase

from reconciler.sandbox.clock import Timings
from reconciler.sandbox.faults import Failure
from reconciler.sandbox.store import Store

EVERYWHERE = ".sandbox"  # the scope of what belongs to no account
BREAKAGE, CLOCK = "breakage", "clock"
ALL, AHEAD = "all", "ahead"


@dataclass(frozen=True, slots=True)
class Failing:
    """The next calls of some operations fail."""

    failure: Failure
    calls: int  # how many are still to fail
    operation: str = "*"  # a glob


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakage:
    """`settle`: the seconds that every transition takes; None: as usual."""

    missing_roles: tuple[str, ...] = ()
    failing: tuple[Failing, ...] = ()
    settle: float | None = None

    def slowed(self, timings: Timings) -> Timings:
        if self.settle is None:
            return timings
        return replace(timings, create=self.settle, update=self.settle, infrastructure=self.settle, delete=self.settle)

    def without_roles(self, roles: Iterable[str]) -> "Breakage":
        """Return it with more roles and instance profiles that do not exist."""
        return replace(self, missing_roles=tuple(sorted({*self.missing_roles, *roles})))


def breakage_of(store: Store) -> Breakage:
    row = store.rows(EVERYWHERE, BREAKAGE).get(ALL)
    if not row:
        return Breakage()
    failing = tuple(Failing(Failure(one["failure"]), one["calls"], one["operation"]) for one in row["failing"])
    return Breakage(missing_roles=tuple(row["missing_roles"]), failing=failing, settle=row["settle"])


def keep(store: Store, broken: Breakage) -> None:
    store.put(EVERYWHERE, BREAKAGE, ALL, asdict(broken))


def strike(store: Store, operation: str) -> frozenset[Failure]:
    """Return how this call fails, if it does, and count it. Of several failures the one asked for first comes first."""
    broken = breakage_of(store)
    struck = next((one for one in broken.failing if fnmatchcase(operation, one.operation)), None)
    if struck is None:
        return frozenset()
    left = (replace(one, calls=one.calls - 1) if one is struck else one for one in broken.failing)
    keep(store, replace(broken, failing=tuple(one for one in left if one.calls)))
    return frozenset({struck.failure})


def ahead(store: Store) -> float:
    return float(store.rows(EVERYWHERE, CLOCK).get(AHEAD, 0.0))


def turn(store: Store, seconds: float) -> float:
    """Turn the clock forward; return how far it is ahead in all."""
    total = ahead(store) + seconds
    store.put(EVERYWHERE, CLOCK, AHEAD, total)
    return total
