"""Objects in S3, and locks in S3 or DynamoDB: what a run leaves in AWS for the next one, or for other machines."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError

from reconciler.calls import S3, pages
from reconciler.model import Json, Lock
from reconciler.ports import UNREADABLE, UNSEEN, Cloud, Holder, Locks
from reconciler.problems import CloudError, Fault, WrongUsage

SCHEME = "s3://"


@dataclass(frozen=True, slots=True)
class Objects:
    """Objects in S3 by their URLs. `cloud` is that of S3."""

    cloud: Cloud

    def put(self, url: str, content: bytes) -> None:
        self.cloud.call("PutObject", {**place_of(url), "Body": content})

    def read(self, url: str) -> Iterator[tuple[str, bytes]]:
        """Yield the object of a URL; of one that ends in a slash every JSON file below it, sorted."""
        place = place_of(url)
        keys = sorted(self._keys(place)) if url.endswith("/") else [str(place["Key"])]
        for key in keys:
            answer = self.cloud.call("GetObject", {"Bucket": place["Bucket"], "Key": key})
            yield f"{SCHEME}{place['Bucket']}/{key}", content_of(answer)

    def beginning(self, bucket: str, key: str, longest: int) -> bytes:
        """Return the first bytes of an object. Raises `CloudError`, with `InvalidRange` for an object without any."""
        request = {"Bucket": bucket, "Key": key, "Range": f"bytes=0-{longest - 1}"}
        return content_of(self.cloud.call("GetObject", request), longest)

    def _keys(self, place: Mapping[str, Json]) -> Iterator[str]:
        request = {"Bucket": place["Bucket"], "Prefix": place["Key"]}
        listed = pages(self.cloud, "ListObjectsV2", request, "Contents", S3)
        yield from (item["Key"] for item in listed if item["Key"].endswith(".json"))


def content_of(answer: Mapping[str, Json], longest: int | None = None) -> bytes:
    """Return what GetObject has found, or its first `longest` bytes. Raises `CloudError` where its end is lost."""
    try:
        content: bytes = answer["Body"].read(longest)
    except (BotoCoreError, OSError) as error:
        raise CloudError("GetObject", Fault.UNKNOWN, type(error).__name__, "the response was cut off") from error
    return content


def place_of(url: str) -> dict[str, Json]:
    """Return bucket and key as requests name them. Raises `WrongUsage`."""
    parts = urlsplit(url)
    if parts.scheme != "s3" or not parts.netloc or not parts.path.strip("/"):
        raise WrongUsage(f"{url} is not an S3 URL", hint="use a URL such as s3://bucket/folder/file.json")
    return {"Bucket": parts.netloc, "Key": parts.path.lstrip("/")}


# Locks: one object or item a stack, written on the condition that there is none. Each call may be made twice: the
# condition and the holder's id make a second write or removal harmless, so that callers repeat what was throttled or
# whose response was lost.

# PutObject with If-None-Match answers 412 where there is an object, and 409 where another write is under way.
TAKEN = ("PreconditionFailed", "ConditionalRequestConflict", "ConditionalCheckFailedException", "409", "412")
NO_OBJECT = ("NoSuchKey", "404")
HIDDEN = ("AccessDenied", "403")  # S3 says so of a missing object to callers without s3:ListBucket
NO_PLACE = ("NoSuchBucket", "ResourceNotFoundException")
KEY = "LockID"  # what Terraform calls it in its tables, so that one table may serve both
LONGEST = 65_536  # bytes of an object that are read: ours have a few hundred
DIGITS = 10  # of a process number


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
                raise self._named(error, name) from error
            return self._instead(name, holder, error)
        return self._instead(name, holder)  # an answer without any lock is no answer of S3 or DynamoDB

    def holder(self, name: str) -> Holder | None:
        try:
            return self.place.read(name)
        except CloudError as error:
            raise self._named(error, name) from error

    def release(self, name: str, holder: Holder) -> bool:
        try:
            present = self.place.read(name)
            if present is None or present.id != holder.id:
                return False
            self.place.remove(name, holder)
        except CloudError as error:
            raise self._named(error, name) from error
        return True

    def _instead(self, name: str, holder: Holder, error: CloudError | None = None) -> Holder | None:
        """Return who holds the lock after a write; None if we do. `error` is what became of the write."""
        try:
            present = self.place.read(name)
        except CloudError as unread:
            if error is None or error.code not in TAKEN or unread.code not in HIDDEN:
                raise self._named(unread, name) from unread
            return UNSEEN
        if present is not None:
            return None if present.id == holder.id else present
        if error is None or error.fault is Fault.UNKNOWN:
            lost = error or CloudError(
                "Lock", Fault.UNKNOWN, "NotWritten", "the write succeeded, but the lock does not exist"
            )
            raise self._named(lost, name)
        return UNSEEN

    def _named(self, error: CloudError, name: str) -> CloudError:
        """Return an error that says which lock it is about, and how it can be reached."""
        hint = error.hint
        if error.code in NO_PLACE:
            hint = f"create {self.place.container}, or correct `lock:` in the stack"
        elif error.operation == "GetObject" and error.code in HIDDEN:
            hint = "grant s3:GetObject and s3:ListBucket: without them, S3 also denies reading a missing lock"
        elif error.fault is Fault.DENIED:
            hint = f"{hint}; `reconciler iam-policy --for apply` prints the permissions that a lock requires"
        message = f"{error.message} (the lock is {self.place.url(name)})"
        return CloudError(error.operation, error.fault, error.code, message, hint=hint, request_id=error.request_id)


@dataclass(frozen=True, slots=True)
class _Bucket:
    cloud: Cloud
    bucket: str
    prefix: str

    @property
    def container(self) -> str:
        return f"the bucket {self.bucket}"

    def url(self, name: str) -> str:
        return f"s3://{self.bucket}/{self._key(name)}"

    def write(self, name: str, holder: Holder) -> None:
        body = json.dumps(asdict(holder), indent=2).encode()
        more = {"Body": body, "ContentType": "application/json", "IfNoneMatch": "*"}
        self.cloud.call("PutObject", {**self._object(name), **more})

    def read(self, name: str) -> Holder | None:
        try:
            answer = self.cloud.call("GetObject", self._object(name))
            content = content_of(answer, LONGEST)
        except CloudError as error:
            if error.code in NO_OBJECT:
                return None
            raise
        modified = answer.get("LastModified")
        since = modified.isoformat(timespec="seconds") if isinstance(modified, datetime) else ""
        return _holder(_parsed(content), Holder("", UNREADABLE, 0, "", since, f"{UNREADABLE} {answer.get('ETag')}"))

    def remove(self, name: str, _holder: Holder) -> None:
        """S3 has no condition for this in every region; only who holds the lock, or breaks it, comes here."""
        self.cloud.call("DeleteObject", self._object(name))

    def _object(self, name: str) -> dict[str, Json]:
        return {"Bucket": self.bucket, "Key": self._key(name)}

    def _key(self, name: str) -> str:
        return f"{self.prefix}{name}.lock"


@dataclass(frozen=True, slots=True)
class _Table:
    cloud: Cloud
    table: str

    @property
    def container(self) -> str:
        return f"the table {self.table}"

    def url(self, name: str) -> str:
        return f"{name} in the table {self.table}"

    def write(self, name: str, holder: Holder) -> None:
        item = {KEY: {"S": name}, **{member: {"S": str(value)} for member, value in asdict(holder).items()}}
        condition = f"attribute_not_exists({KEY})"
        self.cloud.call("PutItem", {"TableName": self.table, "Item": item, "ConditionExpression": condition})

    def read(self, name: str) -> Holder | None:
        request = {"TableName": self.table, "Key": {KEY: {"S": name}}, "ConsistentRead": True}
        item = self.cloud.call("GetItem", request).get("Item")
        if not item:
            return None
        members = {member: value.get("S") for member, value in item.items()}
        return _holder(members, Holder("", UNREADABLE, 0, "", str(members.get("since") or ""), UNREADABLE))

    def remove(self, name: str, holder: Holder) -> None:
        condition = "id = :id"
        values = {":id": {"S": holder.id}}
        if holder.id == UNREADABLE:  # break what has no id of ours, and nothing that somebody has taken meanwhile
            condition = "attribute_not_exists(id) OR NOT attribute_type(id, :type) OR id = :none"
            values = {":type": {"S": "S"}, ":none": {"S": ""}}
        request = {"TableName": self.table, "Key": {KEY: {"S": name}}, "ConditionExpression": condition,
                   "ExpressionAttributeValues": values}  # fmt: skip
        try:
            self.cloud.call("DeleteItem", request)
        except CloudError as error:
            if error.code not in TAKEN:  # it is removed already
                raise


def _split(place: str) -> tuple[str, str]:
    bucket, _, prefix = place.partition("/")
    return bucket, f"{prefix}/" if prefix else ""


def _parsed(content: bytes) -> Json:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):  # damaged, or not ours
        return None


def _holder(content: Json, unreadable: Holder) -> Holder:
    """Return what is written there. Without an id it is no lock of ours: it is unreadable, and held."""
    if not isinstance(content, Mapping) or not isinstance(content.get("id"), str) or not content["id"]:
        return unreadable
    texts = {name: _text(content.get(name)) for name in ("stack", "who", "command", "since", "id")}
    pid = _text(content.get("pid"))
    is_number = pid.isascii() and pid.isdecimal() and len(pid) <= DIGITS
    return Holder(**texts, pid=int(pid) if is_number else 0)


def _text(value: Json) -> str:
    """Return a text, or the number that stands for one."""
    if isinstance(value, int) and abs(value) < 10**DIGITS:
        return str(value)
    return value if isinstance(value, str) else ""
