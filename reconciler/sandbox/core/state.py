"""What an operation sees of the simulated service during one call: a region at one moment, whole or in pages."""

import base64
import binascii
import json
import re
import uuid
from bisect import bisect_right
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from random import Random
from typing import Any, Self

from reconciler.model import Json, Spec, partition_of
from reconciler.sandbox.core.clock import Timings
from reconciler.sandbox.core.faults import breakage_of
from reconciler.sandbox.core.model import Refusal, refuse_if
from reconciler.sandbox.core.store import Store

# One simulated resource, and how it changes as time passes.

GONE = "GONE"  # never shown: after DELETING there is nothing
MOVING = ("CREATING", "UPDATING", "DELETING")


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A resource and its next transition, which happens at `until`, with or without a call."""

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
        return None if self.then == GONE else self.settle()

    def settle(self) -> Self:
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
    unordered: Container[str]  # the lists that a read shuffles
    seed: int
    restless: bool = False  # desiredvCpus moves without jobs, too

    def arn(self, noun: str, key: str, service: str = "batch") -> str:
        return f"arn:{partition_of(self.region)}:{service}:{self.region}:{self.account}:{noun}/{key}"

    def key(self, noun: str, identifier: str) -> str:
        """Return the key of a resource by its name or ARN; an ARN of a different account or region is not a key."""
        return identifier.removeprefix(self.arn(noun, ""))

    def find(self, noun: str, identifier: str) -> Record | None:
        """Return the resource as it is, or None."""
        row = self.store.rows(self._scope, noun).get(self.key(noun, identifier))
        return Record.of(row).at(self.now) if row else None

    def get(self, noun: str, identifier: str) -> Record:
        record = self.find(noun, identifier)
        if record is None:
            raise Refusal(f"{identifier} does not exist")
        return record

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
        """Remove a resource without a status at once."""
        self.put(noun, replace(record, until=self.now, then=GONE))

    def stir(self) -> None:
        """Wake the scheduler: something changed that jobs in line may wait for."""
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


def settled_record(account_state: AccountState, noun: str, identifier: str, refusal: str = "") -> Record:
    """Return the resource, or refuse because a transition is under way."""
    record = account_state.get(noun, identifier)
    if record.is_moving:
        raise Refusal(refusal or f"{record.arn} resource is being modified")
    return record


def start_creation(account_state: AccountState, record: Record, *, healthy: str, illness: str = "") -> Record:
    return _becoming(record, "CREATING", account_state.now + account_state.timings.create, healthy, illness)


def start_update(
    account_state: AccountState, record: Record, *, seconds: float, healthy: str, illness: str = ""
) -> Record:
    return _becoming(record, "UPDATING", account_state.now + seconds, healthy, illness)


def start_deletion(account_state: AccountState, record: Record, *, illness: str = "") -> Record:
    """Start the deletion. With an illness it fails: the resource comes back as INVALID."""
    if illness:
        return _becoming(record, "DELETING", account_state.now + account_state.timings.delete, "", illness)
    return finish_deletion(account_state, replace(record, status="DELETING", reason="", then_reason=""))


def finish_deletion(account_state: AccountState, record: Record) -> Record:
    """Return it on its way out; what was made to be stuck never gets there."""
    stuck = record.arn in breakage_of(account_state.store).stuck
    return replace(
        record, until=max(record.until, account_state.now + account_state.timings.delete), then="" if stuck else GONE
    )


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


def queues_with(account_state: AccountState, environment: str) -> Iterator[str]:
    """Yield the ARNs of the queues that use an environment."""
    return (queue.arn for queue in account_state.every("job-queue") if environment in environments_of(queue.body))


def release(account_state: AccountState, environments: Iterable[str], at: float) -> None:
    """Note that a queue lets go of environments: for a while the service does not believe it.

    Source: hashicorp/terraform-provider-aws issue 46925.
    """
    for arn in sorted(environments):
        latest = max(account_state.fact(RELEASED, arn, 0.0), at + account_state.timings.relationship_grace)
        account_state.note(RELEASED, arn, latest)


def refuse_used(account_state: AccountState, environment: str) -> None:
    used = any(queues_with(account_state, environment)) or account_state.now < account_state.fact(
        RELEASED, environment, 0.0
    )
    refuse_if(used, "Cannot delete, found existing JobQueue relationship")


# What every Describe and List has in common: by name or by page, at most 100, in no promised order.

PAGE = 100
SortKey = tuple[str | int, ...]

# Lists whose order the service does not promise to keep.
UNORDERED = (
    "allowedInstanceTypes", "capacityLimits", "computeEnvironmentOrder", "containers", "dependsOn", "devices",
    "ec2Configuration", "env", "environment", "instanceTypes", "jobStateTimeLimitActions", "mountPoints", "overrides",
    "resourceRequirements", "secretOptions", "secrets", "securityGroupIds", "securityGroups", "shareDistribution",
    "subnets", "targetInstanceTypes", "tmpfs", "ulimits", "volumeMounts", "volumes",
)  # fmt: skip
# The one that AWS was seen to reorder (hashicorp/terraform-provider-aws issue 34947); Terraform's provider relies on
# the order of others, resourceRequirements among them.
SEEN_UNORDERED = ("environment",)
ORDERED_STRATEGIES = ("BEST_FIT_PROGRESSIVE_ORDERED", "SPOT_CAPACITY_OPTIMIZED_PRIORITIZED")


def name_key(record: Record) -> SortKey:
    return (record.name,)


def records_named(account_state: AccountState, noun: str, identifiers: Sequence[str]) -> list[Record]:
    """Return those that exist; unknown identifiers are ignored."""
    refuse_if(len(identifiers) > PAGE, f"At most {PAGE} names or ARNs can be described at once")
    keys = dict.fromkeys(account_state.key(noun, identifier) for identifier in identifiers)
    records = (account_state.see(noun, key) for key in keys)
    return [record for record in records if record]


def records_named_or_page(
    account_state: AccountState, noun: str, request: Mapping[str, Json], member: str, label: str
) -> tuple[list[Record], dict[str, str]]:
    """Return the records that a Describe asks for, and the token of the next page."""
    if request.get(member):
        # Seen in k1LoW/awspec issue 563.
        refuse_if("maxResults" in request, f"{label} and MaxResults cannot both be set")
        return records_named(account_state, noun, request[member]), {}
    return page_of_records(account_state.see_every(noun), request, name_key)


def page_of_records(
    records: Iterable[Record], request: Mapping[str, Json], key: Callable[[Record], SortKey]
) -> tuple[list[Record], dict[str, str]]:
    size = request.get("maxResults", PAGE)
    refuse_if(not 1 <= size <= PAGE, f"maxResults must be between 1 and {PAGE}")
    ordered = sorted(records, key=key)
    start = bisect_right(ordered, _position(request["nextToken"]), key=key) if request.get("nextToken") else 0
    page = ordered[start : start + size]
    more = len(ordered) > start + size
    return page, {"nextToken": _token(key(page[-1]))} if more else {}


def shuffle_lists(value: Json, account_state: AccountState) -> Json:
    """Return a copy in which every list whose order is not kept is in a new one."""
    if isinstance(value, dict):
        return {member: _shuffle_member(value, member, inner, account_state) for member, inner in value.items()}
    return [shuffle_lists(inner, account_state) for inner in value] if isinstance(value, list) else value


def _shuffle_member(owner: Mapping[str, Json], member: str, inner: Json, account_state: AccountState) -> Json:
    inner = shuffle_lists(inner, account_state)
    keeps = member == "instanceTypes" and owner.get("allocationStrategy") in ORDERED_STRATEGIES
    unnamed = member == "containers" and not all("name" in each for each in inner)
    if isinstance(inner, list) and member in account_state.unordered and not keeps and not unnamed:
        account_state.random.shuffle(inner)
    return inner


def _token(key: SortKey) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode()


def _position(token: str) -> Any:
    try:
        return tuple(json.loads(base64.urlsafe_b64decode(token)))
    except (ValueError, TypeError, binascii.Error) as wrong:
        raise Refusal("Invalid nextToken") from wrong


# Names and tags: the rules that all kinds share.

NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")
MAX_TAGS = 50


def refuse_bad_name(name: str, kind: str) -> None:
    refuse_if(not NAME.fullmatch(name), f"{kind} name should match a valid pattern.")


def refuse_bad_tags(tags: Mapping[str, str]) -> None:
    """The model has checked the sizes of keys and values (AWS Batch User Guide, 'Tag restrictions')."""
    refuse_if(len(tags) > MAX_TAGS, f"A resource can have at most {MAX_TAGS} tags")
    reserved = [key for key in tags if key.lower().startswith("aws:")]
    refuse_if(reserved, f"Tag keys cannot begin with aws: {', '.join(reserved)}")
