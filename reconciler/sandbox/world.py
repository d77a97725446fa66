"""What an operation sees of the simulated service during one call: an account's region at one moment."""

import uuid
from collections.abc import Container, Iterator
from dataclasses import dataclass, replace
from random import Random

from reconciler.model import Json
from reconciler.sandbox.answers import Refusal
from reconciler.sandbox.clock import Timings
from reconciler.sandbox.records import GONE, Record
from reconciler.sandbox.store import Store

PARTITIONS = (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov"))


def partition_of(region: str) -> str:
    return next((partition for prefix, partition in PARTITIONS if region.startswith(prefix)), "aws")


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Tables are named by the noun that ARNs have (`job-queue`), their keys are what follows it."""

    account: str
    region: str
    now: float
    store: Store
    timings: Timings
    random: Random
    unordered: Container[str]  # the lists that a read shows in another order
    seed: int

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

    def see(self, noun: str, identifier: str) -> Record | None:
        """Return the resource as a read shows it, which may lag."""
        row = self.store.rows(self._scope, noun).get(self.key(noun, identifier))
        return self._shown(Record.of(row)) if row else None

    def see_every(self, noun: str) -> Iterator[Record]:
        for row in self.store.rows(self._scope, noun).values():
            record = self._shown(Record.of(row))
            if record:
                yield record

    def put(self, noun: str, record: Record) -> None:
        key = record.arn.removeprefix(self.arn(noun, ""))
        row = replace(record, changed=self.now, before=self._before(noun, key)).row()
        self.store.put(self._scope, noun, key, row)

    def remove(self, noun: str, record: Record) -> None:
        """Let a resource without a status machine go at once."""
        self.put(noun, replace(record, until=self.now, then=GONE))

    def fact(self, table: str, key: str, default: Json = None) -> Json:
        return self.store.rows(self._scope, table).get(key, default)

    def note(self, table: str, key: str, value: Json) -> None:
        self.store.put(self._scope, table, key, value)

    def account_fact(self, table: str, key: str, default: Json = None) -> Json:
        return self.store.rows(self.account, table).get(key, default)

    def new_id(self) -> str:
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    @property
    def _scope(self) -> str:
        return f"{self.account}/{self.region}"

    def _shown(self, record: Record) -> Record | None:
        if self.timings.read_lag and self.now < record.changed + self.timings.read_lag:
            return Record.of(record.before).at(self.now) if record.before else None
        present = record.at(self.now)
        if present is None and self.now < record.until + self.timings.deleted:
            return replace(record, status="DELETED", then="", reason="")
        return present

    def _before(self, noun: str, key: str) -> dict[str, Json] | None:
        row = self.store.rows(self._scope, noun).get(key)
        shown = self._shown(Record.of(row)) if row and self.timings.read_lag else None
        return replace(shown, before=None).row() if shown else None
