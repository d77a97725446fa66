"""Which queues a definition's jobs may go to, and whether they can start in the environments of each."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.model import Json, Spec
from reconciler.placement.catalogue import Catalogue
from reconciler.placement.needs import QUEUE_TYPES, JobNeed
from reconciler.placement.offers import Offer, offer_of
from reconciler.placement.verdicts import Feasibility, Verdict, best, judge

NOT_DECLARED = "{0} is not declared in this stack"


@dataclass(frozen=True, slots=True)
class QueueOffer:
    """A queue with what its environments offer, in the order in which it tries them."""

    name: str
    platform: str  # empty: not known
    offers: tuple[Offer, ...]
    is_enabled: bool = True


@dataclass(frozen=True, slots=True)
class Pair:
    """The verdict on one environment of one queue."""

    queue: str
    verdict: Verdict


@dataclass(frozen=True)
class Pool:
    """What the jobs of a stack run on. `consumables` are total quantities by name; None is not known."""

    queues: tuple[QueueOffer, ...]
    consumables: Mapping[str, int | None]
    catalogue: Catalogue

    def queues_for(self, need: JobNeed, runs_on: Sequence[str] = ()) -> list[QueueOffer]:
        """Return the queues that a definition is judged on.

        They are those of `runs_on` that are known, else those of its platform, else all: it can start on none of them.
        """
        if runs_on:
            return [queue for queue in self.queues if queue.name in runs_on]
        matching = [queue for queue in self.queues if queue.platform in ("", need.platform)]
        return matching or list(self.queues)

    def pairs(self, need: JobNeed, runs_on: Sequence[str] = ()) -> Iterator[Pair]:
        """Yield the verdict on each enabled environment of each queue that a definition is judged on."""
        short = self._short_of(need)
        for queue in self.queues_for(need, runs_on):
            open_ = [offer for offer in queue.offers if offer.is_enabled and not offer.is_invalid]
            if not queue.is_enabled or not open_:
                what = "the queue is" if not queue.is_enabled else "all its environments are"
                yield Pair(queue.name, Verdict(Feasibility.UNKNOWN, f"{what} disabled or invalid"))
                continue
            for offer in open_:
                found = replace(short, environment=offer.name) if short else judge(need, offer, self.catalogue)
                yield Pair(queue.name, found)

    def verdict(self, need: JobNeed, runs_on: Sequence[str] = ()) -> Verdict:
        """Return the best verdict of a definition; unknown where no queue is known."""
        found = best(_until_fits(pair.verdict for pair in self.pairs(need, runs_on)))
        return found or Verdict(Feasibility.UNKNOWN, "the stack has no queue")

    def _short_of(self, need: JobNeed) -> Verdict | None:
        """Return the verdict on a job that takes more of a consumable resource than there is in all.

        'Resource-aware scheduling' (AWS Batch User Guide): such a job waits in RUNNABLE.
        """
        for name, quantity in need.consumables.items():
            total = self.consumables.get(name)
            if quantity is not None and total is not None and quantity > total:
                return Verdict(
                    Feasibility.NEVER,
                    f"takes {quantity} of {name}, which has {total} in all",
                    hint=f"raise totalQuantity of {name} to {quantity}, or take less of it",
                )
        return None


def _until_fits(verdicts: Iterator[Verdict]) -> Iterator[Verdict]:
    for verdict in verdicts:
        yield verdict
        if verdict.outcome is Feasibility.FITS:
            return


def pool_of(
    queues: Mapping[str, Spec],
    environments: Mapping[str, Spec | None],
    consumables: Mapping[str, Spec | None],
    catalogue: Catalogue,
) -> Pool:
    """Return the pool of a stack's queues, environments and consumable resources, by name. None is a body not known."""
    offers = {
        name: Offer(name, why_unknown=f"{name} has values that are not known")
        if body is None
        else offer_of(name, body, catalogue)
        for name, body in environments.items()
    }
    quantities = {name: _whole((body or {}).get("totalQuantity")) for name, body in consumables.items()}
    return Pool(tuple(_queue(name, body, offers) for name, body in queues.items()), quantities, catalogue)


def _queue(name: str, body: Spec, offers: Mapping[str, Offer]) -> QueueOffer:
    """Return a queue with its environments; those that are not known by their names are unknown."""
    named = [str(entry.get("computeEnvironment", "")) for entry in _entries(body.get("computeEnvironmentOrder"))]
    of_queue = tuple(offers.get(each) or Offer(each, why_unknown=NOT_DECLARED.format(each)) for each in named)
    by_type = {queue_type: platform for platform, queue_type in QUEUE_TYPES.items()}
    platforms = {offer.platform for offer in of_queue if offer.platform}
    declared = by_type.get(str(body.get("jobQueueType", "")), "")
    platform = declared or (platforms.pop() if len(platforms) == 1 else "")
    return QueueOffer(name, platform, of_queue, str(body.get("state", "ENABLED")).upper() != "DISABLED")


def _entries(value: Json) -> list[Spec]:
    """Return the entries of an order, as it is tried."""
    entries = [each for each in value if isinstance(each, Mapping)] if isinstance(value, list | tuple) else []
    return sorted(entries, key=lambda each: _whole(each.get("order")) or 0)


def _whole(value: Json) -> int | None:
    return value if isinstance(value, int) else None
