"""What an operation sees of the simulated service during one call: an account's region at one moment."""

import uuid
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from random import Random
from typing import Self

from reconciler.model import Json, Spec, partition_of
from reconciler.sandbox.core.clock import Timings
from reconciler.sandbox.core.faults import breakage_of
from reconciler.sandbox.core.model import Refusal, refuse_if
from reconciler.sandbox.core.store import Store

# One simulated resource: what it is, and what time does to it without anybody touching it.

GONE = "GONE"  # never shown: after DELETING there is nothing
MOVING = ("CREATING", "UPDATING", "DELETING")


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A resource and its next transition, which happens at `until` whether or not anybody looks."""

    name: str
    arn: str
    body: Mapping[str, Json]  # as Describe shows it, without name, ARN, tags and status
    tags: Mapping[str, str] = field(default_factory=dict)
    status: str = ""
    reason: str = ""
    until: float = 0.0
    then: str = ""
    then_reason: str = ""
    hidden: Mapping[str, Json] = field(default_factory=dict)  # what the service knows and does not show
    changed: float = 0.0
    lag: float = 0.0  # the read lag when it was changed
    before: Mapping[str, Json] | None = None  # the row that reads still show within that

    @classmethod
    def of(cls, row: Mapping[str, Json]) -> Self:
        return cls(**row)

    def row(self) -> dict[str, Json]:
        return {each.name: getattr(self, each.name) for each in fields(self)}

    def at(self, now: float) -> Self | None:
        """Return the resource as it is at `now`; None when it is gone."""
        if not self.then or now < self.until:
            return self
        return None if self.then == GONE else self.settled()

    def settled(self) -> Self:
        return replace(self, status=self.then, reason=self.then_reason, then="", then_reason="", until=0.0)

    @property
    def is_moving(self) -> bool:
        return self.status in MOVING


# The kinds whose status may be DELETED (CEStatus, JQStatus, ServiceEnvironmentStatus); QuotaShareStatus has no such.
LINGERING = ("compute-environment", "job-queue", "service-environment")
# The kinds of which few live at a time; to look through all revisions at each registration would take long.
FORGOTTEN = (*LINGERING, "consumable-resource", "quota-share", "scheduling-policy")
COUNTERS = ".counters"
LINES = ".lines"  # the queues in which jobs wait
SCHEDULER, DUE = ".scheduler", "due"  # when jobs that wait may next find room
# What a job in line may wait for.
AWAITED = ("compute-environment", "consumable-resource", "job-queue", "quota-share", "service-environment")


def noun_of(arn: str) -> str:
    """Return the noun of an ARN; a part's follows what it is part of. Empty for what is no ARN."""
    *_, noun, _name = ("", "", *arn.split(":", 5)[-1].split("/"))
    return noun if arn.startswith("arn:") else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountState:
    """Tables are named by the noun that ARNs have (`job-queue`), their keys are what follows it."""

    account: str
    region: str
    now: float
    store: Store
    timings: Timings
    random: Random
    unordered: Container[str]  # the lists that a read shows in another order
    seed: int
    restless: bool = False  # desiredvCpus moves without jobs, too

    def arn(self, noun: str, key: str, service: str = "batch") -> str:
        return f"arn:{partition_of(self.region)}:{service}:{self.region}:{self.account}:{noun}/{key}"

    def key(self, noun: str, identifier: str) -> str:
        """Return the key of a resource that is named by its name or ARN; an ARN of elsewhere is nobody's key."""
        return identifier.removeprefix(self.arn(noun, ""))

    def find(self, noun: str, identifier: str) -> Record | None:
        """Return the resource as it is, or None."""
        row = self.store.rows(self._scope, noun).get(self.key(noun, identifier))
        return Record.of(row).at(self.now) if row else None

    def get(self, noun: str, identifier: str) -> Record:
        found = self.find(noun, identifier)
        if found is None:
            raise Refusal(f"{identifier} does not exist")
        return found

    def every(self, noun: str) -> Iterator[Record]:
        """Yield the resources as they are."""
        for row in self.store.rows(self._scope, noun).values():
            record = Record.of(row).at(self.now)
            if record:
                yield record

    def is_taken(self, noun: str, identifier: str) -> bool:
        """Whether nothing new can have the name: it has an owner, or one that is still shown as DELETED.

        Source: aws-cloudformation/cloudformation-coverage-roadmap issue 2463.
        """
        row = self.store.rows(self._scope, noun).get(self.key(noun, identifier))
        return row is not None and self._present(noun, Record.of(row)) is not None

    def see(self, noun: str, identifier: str) -> Record | None:
        """Return the resource as a read shows it, which may lag."""
        row = self.store.rows(self._scope, noun).get(self.key(noun, identifier))
        return self._shown(noun, Record.of(row)) if row else None

    def see_every(self, noun: str) -> Iterator[Record]:
        for row in self.store.rows(self._scope, noun).values():
            record = self._shown(noun, Record.of(row))
            if record:
                yield record

    def put(self, noun: str, record: Record) -> None:
        key = record.arn.removeprefix(self.arn(noun, ""))
        if noun in FORGOTTEN and key not in self.store.rows(self._scope, noun):
            self._forget_gone(noun)
        row = replace(record, changed=self.now, lag=self.timings.read_lag, before=self._before(noun, key)).row()
        self.store.put(self._scope, noun, key, row)
        if noun in AWAITED:
            self.stir()

    def remove(self, noun: str, record: Record) -> None:
        """Let a resource without a status machine go at once."""
        self.put(noun, replace(record, until=self.now, then=GONE))

    def stir(self) -> None:
        """Something has changed that jobs in line may have waited for."""
        if self.rows(LINES) and self.fact(SCHEDULER, DUE) != self.now:
            self.note(SCHEDULER, DUE, self.now)

    def fact(self, table: str, key: str, default: Json = None) -> Json:
        return self.store.rows(self._scope, table).get(key, default)

    def note(self, table: str, key: str, value: Json) -> None:
        self.store.put(self._scope, table, key, value)

    def rows(self, table: str) -> Mapping[str, Json]:
        return self.store.rows(self._scope, table)

    def forget(self, table: str, key: str) -> None:
        self.store.put(self._scope, table, key, None)

    def account_fact(self, table: str, key: str, default: Json = None) -> Json:
        return self.store.rows(self.account, table).get(key, default)

    def new_id(self) -> str:
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def next_id(self, noun: str) -> str:
        """Return an identifier that nothing here has had, in no process that shares the store."""
        count = self.fact(COUNTERS, noun, 0) + 1
        self.note(COUNTERS, noun, count)
        chance = Random(f"{self.seed} {self._scope} {noun} {count}")  # noqa: S311 - nothing secret
        return str(uuid.UUID(int=chance.getrandbits(128), version=4))

    def at(self, moment: float) -> "AccountState":
        return replace(self, now=moment)

    @property
    def _scope(self) -> str:
        return f"{self.account}/{self.region}"

    def _forget_gone(self, noun: str) -> None:
        """Forget what is gone and not shown any more, so that what comes and goes for weeks takes no room."""
        shown = max(self.timings.deleted, self.timings.read_lag)
        rows = self.store.rows(self._scope, noun)
        gone = [key for key, row in rows.items() if row["then"] == GONE and row["until"] + shown < self.now]
        for key in gone:
            self.forget(noun, key)

    def _shown(self, noun: str, record: Record) -> Record | None:
        if self.now < record.changed + min(record.lag, self.timings.read_lag):
            return Record.of(record.before).at(self.now) if record.before else None
        return self._present(noun, record)

    def _present(self, noun: str, record: Record) -> Record | None:
        """Return the resource as it is; for a while also what is gone, as DELETED."""
        present = record.at(self.now)
        if present is None and noun in LINGERING and self.now < record.until + self.timings.deleted:
            return replace(record, status="DELETED", then="", reason="")
        return present

    def _before(self, noun: str, key: str) -> dict[str, Json] | None:
        row = self.store.rows(self._scope, noun).get(key)
        shown = self._shown(noun, Record.of(row)) if row and self.timings.read_lag else None
        return replace(shown, before=None).row() if shown else None


# The transitions of resources that have a status: create, update and delete take time, and nothing may interfere.


def settled(world: AccountState, noun: str, identifier: str, refusal: str = "") -> Record:
    """Return the resource, or refuse because a transition is under way."""
    record = world.get(noun, identifier)
    if record.is_moving:
        raise Refusal(refusal or f"{record.arn} resource is being modified")
    return record


def created(world: AccountState, record: Record, *, healthy: str, illness: str = "") -> Record:
    return _becoming(record, "CREATING", world.now + world.timings.create, healthy, illness)


def updated(world: AccountState, record: Record, *, seconds: float, healthy: str, illness: str = "") -> Record:
    return _becoming(record, "UPDATING", world.now + seconds, healthy, illness)


def deleted(world: AccountState, record: Record, *, illness: str = "") -> Record:
    """Start the deletion. With an illness it fails: the resource comes back as INVALID."""
    if illness:
        return _becoming(record, "DELETING", world.now + world.timings.delete, "", illness)
    return leaving(world, replace(record, status="DELETING", reason="", then_reason=""))


def leaving(world: AccountState, record: Record) -> Record:
    """Return it on its way out; what was made to be stuck never gets there."""
    stuck = record.arn in breakage_of(world.store).stuck
    return replace(record, until=max(record.until, world.now + world.timings.delete), then="" if stuck else GONE)


def refuse_deletion_unless_disabled(record: Record, kind: str) -> None:
    # The exact words are AWS's sample documentation's; the state is what a caller can rely on.
    refuse_if(
        record.body.get("state") != "DISABLED", f"Cannot delete an enabled {kind}, set the state to DISABLED first."
    )


def _becoming(record: Record, status: str, until: float, healthy: str, illness: str) -> Record:
    then = "INVALID" if illness else "VALID"
    return replace(record, status=status, reason="", until=until, then=then, then_reason=illness or healthy)


# Which environments queues use; and that the service goes on believing it for a while after a queue has let go.

RELEASED = ".released-environments"  # ARN of an environment, when it stops counting as used
ORDERS = (("computeEnvironmentOrder", "computeEnvironment"), ("serviceEnvironmentOrder", "serviceEnvironment"))


def environments_of(queue: Spec) -> set[str]:
    return {entry[member] for order, member in ORDERS for entry in queue.get(order, ())}


def queues_with(world: AccountState, environment: str) -> Iterator[str]:
    """Yield the ARNs of the queues that use an environment."""
    return (queue.arn for queue in world.every("job-queue") if environment in environments_of(queue.body))


def release(world: AccountState, environments: Iterable[str], at: float) -> None:
    """Note that a queue lets go of environments: for a while the service does not believe it.

    Source: hashicorp/terraform-provider-aws issue 46925.
    """
    for arn in sorted(environments):
        latest = max(world.fact(RELEASED, arn, 0.0), at + world.timings.relationship_grace)
        world.note(RELEASED, arn, latest)


def refuse_used(world: AccountState, environment: str) -> None:
    used = any(queues_with(world, environment)) or world.now < world.fact(RELEASED, environment, 0.0)
    refuse_if(used, "Cannot delete, found existing JobQueue relationship")
