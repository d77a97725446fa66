"""Jobs in what is to go, and on it: what a deletion waits for."""

from dataclasses import dataclass

from reconciler.held import held_by_status, in_words, running
from reconciler.kinds.base import Kind
from reconciler.model import Live
from reconciler.ports import Cloud
from reconciler.problems import CloudError, Fault

TRANSITIONS = ("CREATING", "UPDATING", "DELETING")


def still_held(kind: Kind, live: Live, cloud: Cloud) -> str:
    """Say which jobs are in a resource; nothing if it is empty."""
    held = held_by_status(cloud, kind.holding(live.spec), live.arn) if kind.holding else {}
    return f"not empty: {in_words(held)}" if held else ""


@dataclass(slots=True)
class Tenants:
    """The jobs that may run on a resource: those that ran, at the first look, in the queues that used it.

    The service does not tell on which environment a job runs. A job that starts later starts elsewhere: by then the
    resource is DISABLED, and no queue names it any more.
    """

    cloud: Cloud
    queues: tuple[str, ...]
    known: frozenset[str] | None = None

    def told(self, kind: Kind, live: Live) -> str:
        """Say what still runs; nothing if the resource is idle."""
        if live.status in TRANSITIONS:
            return live.status
        idle = kind.is_idle(live.spec) if kind.is_idle else True
        if idle or live.status == "INVALID":
            return ""
        left = self.left(kind)
        if left is None:  # only the description can tell, if it does
            return "not scaled down yet" if idle is False else ""
        return f"in use: {len(left)} of the jobs that ran in its queues still run" if left else ""

    def left(self, kind: Kind) -> frozenset[str] | None:
        """Return the jobs that still run; None if nobody knows."""
        if not self.queues or kind.runs is None:
            return None
        try:
            now = frozenset[str]().union(*(running(self.cloud, kind.runs, queue) for queue in self.queues))
        except CloudError as error:
            if error.fault is Fault.DENIED:
                return None
            raise
        self.known = now if self.known is None else self.known & now
        return self.known
