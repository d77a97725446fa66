"""Wait for a resource to settle, and report meanwhile what it is and why."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from reconciler.kinds.base import Kind
from reconciler.live.facts import count_by_status, describe_jobs, running_job_ids
from reconciler.live.read import DELETED, active_revisions, read_holder, read_one
from reconciler.model import Live, Until, Wait
from reconciler.ports import Clock, Cloud
from reconciler.problems import CloudError, Fault

# Jobs in what is to go, and on it: what a deletion waits for.

TRANSITIONS = ("CREATING", "UPDATING", "DELETING")


def describe_held_jobs(kind: Kind, live: Live, cloud: Cloud) -> str:
    """Say which jobs are in a resource; nothing if it is empty."""
    held = count_by_status(cloud, kind.jobs.listing(live.spec), live.arn) if kind.jobs else {}
    return f"not empty: {describe_jobs(held)}" if held else ""


@dataclass(slots=True)
class RunningJobs:
    """The jobs that may run on a resource: those that ran, at the first look, in the queues that used it.

    The service does not show on which environment a job runs. A job that starts later starts elsewhere: by then the
    resource is DISABLED, and no queue names it any more.
    """

    cloud: Cloud
    queues: tuple[str, ...]
    known: frozenset[str] | None = None

    def describe(self, kind: Kind, live: Live) -> str:
        """Say what still runs; nothing if the resource is idle."""
        if live.status in TRANSITIONS:
            return live.status
        idle = kind.idle.is_idle(live.spec) if kind.idle else True
        if idle or live.status == "INVALID":
            return ""
        running_jobs = self.still_running(kind)
        if running_jobs is None:  # only the description can show it, if it does
            return "not scaled down yet" if idle is False else ""
        return f"in use: {len(running_jobs)} jobs from its queues are still running" if running_jobs else ""

    def still_running(self, kind: Kind) -> frozenset[str] | None:
        """Return the jobs that still run; None if unknown."""
        if not self.queues or kind.idle is None:
            return None
        try:
            now = frozenset[str]().union(*(running_job_ids(self.cloud, kind.idle.jobs, queue) for queue in self.queues))
        except CloudError as error:
            if error.fault is Fault.DENIED:
                return None
            raise
        self.known = now if self.known is None else self.known & now
        return self.known


SOONEST, LATEST = 0.5, 15.0  # seconds between two looks
SHARE = 0.2  # of the time waited so far: a look is never much later than what it looks for
LAG = 10.0  # seconds for which a resource that was just created may not be seen yet
SHOWN = 60.0  # seconds for which what is deleted may still be shown; after that the deletion is done all the same

Report = Callable[[str], None]


class WaitFailed(Exception):  # noqa: N818 - names what happened
    """The wait ended without what it waited for."""

    def __init__(self, message: str, *, invalid: bool) -> None:
        super().__init__(message)
        self.invalid = invalid


def wait(
    step: Wait, kind: Kind, name: str, cloud: Cloud, clock: Clock, report: Report, *, leaving: bool = False
) -> Live | None:
    """Return the resource when it is as wanted. Raises `WaitFailed`: it is INVALID, vanished, or the time is over.

    `leaving`: it is to be deleted in the end, so it does not matter what deleted it.
    """
    start = clock.now()
    jobs = RunningJobs(cloud, step.queues)
    deleted = math.inf  # since when it is shown as that
    while True:
        waited = clock.now() - start  # before the look: what it shows is at least as old as that
        live = _read(step, kind, name, cloud)
        is_gone = leaving and live is None and step.until is not Until.SEEN
        status = "" if is_gone else _describe_unmet(step, kind, name, live, waited, jobs)
        if not status:
            return live
        deleted = min(deleted, waited) if status == DELETED else math.inf
        if step.until is Until.GONE and waited >= min(deleted + SHOWN, step.timeout) and status == DELETED:
            return None
        if waited >= step.timeout:
            raise WaitFailed(f"{name} is {status} after {waited:.0f} s", invalid=False)
        report(status)
        clock.sleep(min(LATEST, max(SOONEST, waited * SHARE)))


def _read(step: Wait, kind: Kind, name: str, cloud: Cloud) -> Live | None:
    if step.until is Until.SEEN:
        return None
    is_of_name = step.until in (Until.GONE, Until.FREE)
    return (read_holder if is_of_name else read_one)(cloud, kind, cloud.identity(), name)


def _describe_unmet(step: Wait, kind: Kind, name: str, live: Live | None, waited: float, jobs: RunningJobs) -> str:
    """Return what it is as long as that is not what is wanted; then nothing."""
    if step.until is Until.SEEN:
        seen = any(number > step.after_revision for number, _ in active_revisions(jobs.cloud, kind, name))
        return "" if seen else "no new revision is visible yet"
    if live and step.until is Until.EMPTY:
        return describe_held_jobs(kind, live, jobs.cloud)
    if live and step.until is Until.IDLE:
        return jobs.describe(kind, live)
    if _is_reached(step.until, live, name, waited):
        return ""
    return f"{live.status}: {live.reason}" if live and live.reason else live.status if live else "not visible yet"


def _is_reached(until: Until, live: Live | None, name: str, waited: float) -> bool:
    if live is None:
        is_wanted = until in (Until.GONE, Until.FREE)
        if not is_wanted and waited > LAG:
            raise WaitFailed(f"{name} disappeared during the wait", invalid=False)
        return is_wanted
    if live.status not in ("VALID", "INVALID"):
        return False
    if until is Until.SETTLED:
        return True
    if live.status == "INVALID":
        raise WaitFailed(live.reason or "no reason given", invalid=True)
    return until in (Until.VALID, Until.FREE)  # FREE: the name is taken again, which the create will show
