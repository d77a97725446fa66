"""Which queues a definition's jobs may go to, and whether they can start in the environments of each."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.kinds.reasons import INVALID
from reconciler.model import Declared, Json, Live, Spec, Stack, own_name
from reconciler.placeholders import Withheld, withhold
from reconciler.placement.catalogue import Catalogue
from reconciler.placement.needs import QUEUE_TYPES, JobNeed, job_need
from reconciler.placement.offers import ANY, LOOKED_UP, OLDER, Offer, offer_of
from reconciler.placement.verdicts import BEST_FIRST, Feasibility, Verdict, asked_of, best, judge, judge_asked

NOT_DECLARED = "{0} is not declared in this stack"


@dataclass(frozen=True, slots=True)
class QueueOffer:
    """A queue with what its environments offer, in the order in which it tries them."""

    name: str
    platform: str  # empty: not known
    offers: tuple[Offer, ...]
    is_enabled: bool | None = True  # None: not known

    @property
    def open_offers(self) -> list[Offer]:
        """The environments that jobs can be placed in."""
        return [offer for offer in self.offers if offer.is_enabled and not offer.is_invalid]


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
        short, asked = self._short_of(need), asked_of(need)
        for queue in self.queues_for(need, runs_on):
            open_ = queue.open_offers
            if why := _closed(queue, open_):
                yield Pair(queue.name, Verdict(Feasibility.UNKNOWN, why))
                continue
            for offer in open_:
                found = judge_asked(need, asked, offer, self.catalogue)
                if short and BEST_FIRST.index(found.outcome) <= BEST_FIRST.index(short.outcome):
                    found = replace(short, environment=offer.name)
                yield Pair(queue.name, found)

    def verdict(self, need: JobNeed, runs_on: Sequence[str] = ()) -> Verdict:
        """Return the best verdict of a definition; unknown where no queue is known."""
        found = best(_until_fits(pair.verdict for pair in self.pairs(need, runs_on)))
        return found or Verdict(Feasibility.UNKNOWN, "the stack has no queue")

    def unknown_words(self, need: JobNeed, runs_on: Sequence[str] = ()) -> Iterator[str]:
        """Yield the types and words that the table lacks, and on which a verdict depends."""
        for offer in self._offers_for(need, runs_on):
            if offer.unknown and judge(need, offer, self.catalogue).outcome is Feasibility.UNKNOWN:
                yield from (word for word in offer.unknown if word not in (LOOKED_UP, OLDER))

    def refuting_words(self, need: JobNeed, runs_on: Sequence[str] = ()) -> Iterator[str]:
        """Yield the words of instanceTypes of environments whose types can never hold a job."""
        for offer in self._offers_for(need, runs_on):
            found = judge(need, offer, self.catalogue)
            if found.outcome is Feasibility.NEVER and found.instance_type:  # the nearest one
                yield from (word for word in offer.words if word != ANY)

    def _offers_for(self, need: JobNeed, runs_on: Sequence[str]) -> Iterator[Offer]:
        for queue in self.queues_for(need, runs_on):
            yield from queue.open_offers

    def _short_of(self, need: JobNeed) -> Verdict | None:
        """Return the best verdict on a job that takes more of a consumable resource than there is, or than is known.

        'Resource-aware scheduling' (AWS Batch User Guide): such a job waits in RUNNABLE.
        """
        if need.consumables is None:
            return Verdict(Feasibility.UNKNOWN, "takes consumable resources that are not known")
        verdicts = (self._verdict_on(name, quantity) for name, quantity in need.consumables.items())
        found = [verdict for verdict in verdicts if verdict]
        return max(found, key=lambda verdict: BEST_FIRST.index(verdict.outcome), default=None)

    def _verdict_on(self, name: str, quantity: int | None) -> Verdict | None:
        total = self.consumables.get(own_name(name))
        if total is None or quantity is None:
            what = "how much there is of" if total is None else "how much it takes of"
            return Verdict(Feasibility.UNKNOWN, f"takes {own_name(name)}, and {what} it is not known")
        if quantity <= total:
            return None
        return Verdict(
            Feasibility.NEVER,
            f"takes {quantity} of {own_name(name)}, which has {total} in all",
            hint=f"raise totalQuantity of {own_name(name)} to {quantity}, or take less of it",
        )


def _closed(queue: QueueOffer, open_: Sequence[Offer]) -> str:
    """Return why no verdict on a queue is possible; empty if one is."""
    if queue.is_enabled is None:
        return "whether the queue is enabled is not known"
    if not queue.is_enabled:
        return "the queue is disabled"
    if not queue.offers:
        return "the queue has no environments that are known"
    return "" if open_ else "all environments of the queue are disabled or invalid"


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
    """Return the pool of queues, environments and consumable resources, by name.

    Queues may refer to environments by ARN: then these are by ARN. None is a body that is not known; values in a body
    that are not known are `Withheld`.
    """
    offers = {key: _offer(own_name(key), body, catalogue) for key, body in environments.items()}
    quantities = {own_name(key): _whole((body or {}).get("totalQuantity")) for key, body in consumables.items()}
    return Pool(tuple(_queue(name, body, offers) for name, body in queues.items()), quantities, catalogue)


def _offer(name: str, body: Spec | None, catalogue: Catalogue) -> Offer:
    if body is None:
        return Offer(name, why_unknown=f"{name} has values that are not known")
    return offer_of(name, body, catalogue)


def _queue(name: str, body: Spec, offers: Mapping[str, Offer]) -> QueueOffer:
    """Return a queue with its environments; those that are not known by their names are unknown."""
    entries = sorted(_entries(body.get("computeEnvironmentOrder")), key=lambda each: _whole(each.get("order")) or 0)
    of_queue = tuple(_in_order(entry.get("computeEnvironment", ""), offers) for entry in entries)
    by_type = {queue_type: platform for platform, queue_type in QUEUE_TYPES.items()}
    # A queue has environments of one platform, so it is as good as any that is known.
    platforms = {offer.platform for offer in of_queue if offer.platform}
    declared = by_type.get(_text(body.get("jobQueueType")), "")
    platform = declared or (platforms.pop() if len(platforms) == 1 else "")
    state = body.get("state")
    is_enabled = None if isinstance(state, Withheld) else _text(state).upper() != "DISABLED"
    return QueueOffer(name, platform, of_queue, is_enabled)


def _in_order(named: Json, offers: Mapping[str, Offer]) -> Offer:
    if isinstance(named, Withheld):
        return Offer("", why_unknown="the name of its environment is not known")
    name = own_name(str(named))
    return offers.get(str(named)) or Offer(name, why_unknown=NOT_DECLARED.format(name))


def _entries(value: Json) -> list[Spec]:
    """Return the entries of an order."""
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list | tuple) else []


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


def _whole(value: Json) -> int | None:
    return value if isinstance(value, int) else None


# A whole stack: each of its job definitions on the queues that it is judged on.

DEFINITION, QUEUE, ENVIRONMENT, CONSUMABLE = "JobDefinition", "JobQueue", "ComputeEnvironment", "ConsumableResource"
TRAINING = "SAGEMAKER_TRAINING"  # queues of service jobs, which have no job definition
NO_QUEUE = "the stack declares no queue of it"


def runs_definitions(queue: Spec) -> bool:
    """Whether the jobs of a queue have job definitions; those of service environments have none."""
    return _text(queue.get("jobQueueType")) != TRAINING and "serviceEnvironmentOrder" not in queue


@dataclass(frozen=True, slots=True)
class PlacedDefinition:
    """A job definition, its verdict and the pairs behind it; without a queue of it, there are none.

    `refused_on` are the queues of runsOn where it can never start.
    """

    name: str
    verdict: Verdict
    pairs: tuple[Pair, ...]
    refused_on: tuple[str, ...] = ()

    @property
    def is_refused(self) -> bool:
        return bool(self.refused_on)


@dataclass(frozen=True, slots=True)
class StackPlacement:
    """Whether the jobs of a stack's definitions can ever start, and of when and from where its facts are."""

    stack: str
    date: str
    source: str
    definitions: tuple[PlacedDefinition, ...]

    @property
    def is_proved_impossible(self) -> bool:
        """Whether any definition can start nowhere, or not where it is to run."""
        return any(each.is_refused or each.verdict.outcome is Feasibility.NEVER for each in self.definitions)

    def only(self, definitions: Callable[[str], bool], queues: Callable[[str], bool]) -> "StackPlacement":
        """Return what is said of some definitions and queues. The name of no queue is empty."""
        chosen = []
        for each in self.definitions:
            pairs = tuple(pair for pair in each.pairs if queues(pair.queue))
            if definitions(each.name) and (pairs or (not each.pairs and queues(""))):
                verdict = best(pair.verdict for pair in pairs) or each.verdict
                refused_on = tuple(filter(queues, each.refused_on))
                chosen.append(PlacedDefinition(each.name, verdict, pairs, refused_on))
        return replace(self, definitions=tuple(chosen))


def with_status(live: Live) -> Spec:
    """Return a live body that says if it is INVALID."""
    return {**live.spec, "status": INVALID} if live.status == INVALID else live.spec


def pool_of_stack(stack: Stack, catalogue: Catalogue, live: Iterable[Live] = ()) -> Pool:
    """Return the pool of a stack. What it refers to without declaring it is as it is live, or unknown."""
    live = list(live)

    def bodies(kind: str) -> dict[str, Spec]:
        return {address.name: withhold(each.spec) for address, each in stack.declared.items() if address.kind == kind}

    def with_live(kind: str) -> dict[str, Spec]:
        of_kind = [each for each in live if each.address.kind == kind]
        keys = [(key, with_status(each)) for each in of_kind for key in (each.address.name, each.arn)]
        return {**dict(keys), **bodies(kind)}

    queues = {name: body for name, body in bodies(QUEUE).items() if runs_definitions(body)}
    return pool_of(queues, with_live(ENVIRONMENT), with_live(CONSUMABLE), catalogue)


def place_stack(stack: Stack, pool: Pool) -> StackPlacement:
    """Return the verdicts of a stack on what its pool offers."""
    placed = (
        _placed(address.name, each, pool) for address, each in stack.declared.items() if address.kind == DEFINITION
    )
    return StackPlacement(stack.name, pool.catalogue.date, pool.catalogue.source, tuple(placed))


def types_in_doubt_of(stack: Stack, pool: Pool) -> tuple[str, ...]:
    """Return the words of instanceTypes that the table lacks, or by which it says that jobs can never start."""
    words: dict[str, None] = {}
    for address, each in stack.declared.items():
        if address.kind == DEFINITION:
            need, runs_on = job_need(withhold(each.spec)), each.lifecycle.runs_on
            words |= dict.fromkeys((*pool.unknown_words(need, runs_on), *pool.refuting_words(need, runs_on)))
    return tuple(words)


def _placed(name: str, definition: Declared, pool: Pool) -> PlacedDefinition:
    runs_on = definition.lifecycle.runs_on
    pairs = tuple(pool.pairs(job_need(withhold(definition.spec)), runs_on))
    verdict = best(pair.verdict for pair in pairs) or Verdict(Feasibility.UNKNOWN, NO_QUEUE)
    by_queue = {queue: best(pair.verdict for pair in pairs if pair.queue == queue) for queue in runs_on}
    refused_on = (queue for queue, found in by_queue.items() if found and found.outcome is Feasibility.NEVER)
    return PlacedDefinition(name, verdict, pairs, tuple(refused_on))
