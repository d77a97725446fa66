"""What jobs take up until they end: of environments, consumable resources and quota shares, and in their queue."""

import heapq
from collections import Counter
from collections.abc import Iterator

from reconciler.sandbox.jobs.courses import Amounts, Course
from reconciler.sandbox.world import AccountState

NEVER = float("inf")


def hold(world: AccountState, holder: str, job: str, ends: float, amounts: Amounts) -> None:
    """Note that a job takes up amounts of `holder` (an ARN) until it ends."""
    world.note(_held(holder), job, [ends, dict(amounts)])


def shorten(world: AccountState, job: str, course: Course, ends: float) -> None:
    """Note that a job ends before its time."""
    for holder in course.holds:
        _, amounts = world.fact(_held(holder), job, (ends, {}))
        hold(world, holder, job, ends, amounts)


def holders(world: AccountState, holder: str) -> Iterator[tuple[str, float]]:
    """Yield the jobs that have not ended yet, and when they do."""
    return ((job, ends) for job, (ends, _) in world.rows(_held(holder)).items() if ends > world.now)


def taken(world: AccountState, holder: str) -> Counter[str]:
    """Return what is taken up now, by unit."""
    amounts = (amounts for ends, amounts in world.rows(_held(holder)).values() if ends > world.now)
    return _sum(amounts)


def last_end(world: AccountState, holder: str) -> float:
    """Return when the last of those that run now ends; now, if none does."""
    return max((ends for _, ends in holders(world, holder)), default=world.now)


class Pool:
    """What is taken up of one holder, while time passes. Made for one look of the scheduler; forgets what has ended."""

    def __init__(self, world: AccountState, holder: str) -> None:
        rows = world.rows(_held(holder))
        for job in [job for job, (ends, _) in rows.items() if ends <= world.now]:
            world.forget(_held(holder), job)
        self._ends = [(ends, job, amounts) for job, (ends, amounts) in rows.items()]
        heapq.heapify(self._ends)
        self._holder = holder
        self.used = _sum(amounts for _, _, amounts in self._ends)

    def pass_time(self, now: float) -> None:
        while self._ends and self._ends[0][0] <= now:
            _, _, amounts = heapq.heappop(self._ends)
            self.used.subtract(amounts)

    def take(self, world: AccountState, job: str, ends: float, amounts: Amounts) -> None:
        hold(world, self._holder, job, ends, amounts)
        heapq.heappush(self._ends, (ends, job, amounts))
        self.used.update(amounts)

    def next_release(self) -> float:
        return self._ends[0][0] if self._ends else NEVER


def _held(holder: str) -> str:
    return f".held:{holder}"


def _sum(many: Iterator[Amounts]) -> Counter[str]:
    total: Counter[str] = Counter()
    for amounts in many:
        total.update(amounts)
    return total
