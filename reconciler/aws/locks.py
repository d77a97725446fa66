"""Locks in S3 or DynamoDB: one object or item a stack, written on the condition that there is none."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

from reconciler.model import Json, Lock
from reconciler.ports import Cloud, Holder, Locks
from reconciler.problems import CloudError, Fault

# PutObject with If-None-Match answers 412 where there is an object, and 409 where another write is under way.
TAKEN = ("PreconditionFailed", "ConditionalRequestConflict", "ConditionalCheckFailedException")
NO_OBJECT = ("NoSuchKey", "404")
KEY = "LockID"  # what Terraform calls it in its tables, so that one table may serve both


def locks_at(lock: Lock, service: Callable[[str], Cloud]) -> Locks:
    """Return the locks in a place. `service` gives the cloud whose calls go to a service, by botocore's name of it."""
    cloud = service(lock.service)
    return _Locks(_Bucket(cloud, *_split(lock.place)) if lock.service == "s3" else _Table(cloud, lock.place))


@dataclass(frozen=True, slots=True)
class _Locks:
    place: "_Bucket | _Table"

    def take(self, name: str, holder: Holder) -> Holder | None:
        try:
            self.place.write(name, holder)
        except CloudError as error:
            if error.code not in TAKEN and error.fault is not Fault.UNKNOWN:
                raise
            found = self.place.read(name)
            if found is None and error.fault is Fault.UNKNOWN:
                raise
            return None if found == holder else found or self.take(name, holder)  # it was let go in between
        return None

    def holder(self, name: str) -> Holder | None:
        return self.place.read(name)

    def release(self, name: str, holder: Holder) -> None:
        self.place.remove(name, holder)


@dataclass(frozen=True, slots=True)
class _Bucket:
    cloud: Cloud
    bucket: str
    prefix: str

    def write(self, name: str, holder: Holder) -> None:
        body = json.dumps(asdict(holder), indent=2).encode()
        more = {"Body": body, "ContentType": "application/json", "IfNoneMatch": "*"}
        self.cloud.call("PutObject", {**self._object(name), **more})

    def read(self, name: str) -> Holder | None:
        try:
            answer = self.cloud.call("GetObject", self._object(name))
        except CloudError as error:
            if error.code in NO_OBJECT:
                return None
            raise
        return _holder(json.loads(answer["Body"].read()))

    def remove(self, name: str, holder: Holder) -> None:
        """S3 has no condition for this in every region; only who holds the lock, or breaks it, comes here."""
        if self.read(name) == holder:
            self.cloud.call("DeleteObject", self._object(name))

    def _object(self, name: str) -> dict[str, Json]:
        return {"Bucket": self.bucket, "Key": f"{self.prefix}{name}.lock"}


@dataclass(frozen=True, slots=True)
class _Table:
    cloud: Cloud
    table: str

    def write(self, name: str, holder: Holder) -> None:
        item = {KEY: {"S": name}, **{member: {"S": str(value)} for member, value in asdict(holder).items()}}
        condition = f"attribute_not_exists({KEY})"
        self.cloud.call("PutItem", {"TableName": self.table, "Item": item, "ConditionExpression": condition})

    def read(self, name: str) -> Holder | None:
        request = {"TableName": self.table, "Key": {KEY: {"S": name}}, "ConsistentRead": True}
        item = self.cloud.call("GetItem", request).get("Item")
        return _holder({member: value.get("S", "") for member, value in item.items()}) if item else None

    def remove(self, name: str, holder: Holder) -> None:
        request = {"TableName": self.table, "Key": {KEY: {"S": name}}, "ConditionExpression": "id = :id",
                   "ExpressionAttributeValues": {":id": {"S": holder.id}}}  # fmt: skip
        try:
            self.cloud.call("DeleteItem", request)
        except CloudError as error:
            if error.code not in TAKEN:  # somebody has removed it already
                raise


def _split(place: str) -> tuple[str, str]:
    bucket, _, prefix = place.partition("/")
    return bucket, f"{prefix}/" if prefix else ""


def _holder(told: Mapping[str, Json]) -> Holder:
    """Return what is written there; what is written by others may lack some of it."""
    texts = {name: str(told.get(name, "")) for name in ("stack", "who", "command", "since", "id")}
    pid = str(told.get("pid", ""))
    return Holder(**texts, pid=int(pid) if pid.isdecimal() else 0)
