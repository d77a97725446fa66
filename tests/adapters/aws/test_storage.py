"""Locks in S3 and DynamoDB, against moto."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import pytest
from botocore.session import Session

from reconciler.adapters.aws.cloud import AwsCloud
from reconciler.adapters.aws.storage import locks_at
from reconciler.calls import RetryingCloud
from reconciler.model import Identity, Json, Lock
from reconciler.ports import UNSEEN, Cloud, Holder, Locks
from reconciler.problems import CloudError, Fault, fault_of
from tests.fakes import HERE, InstantClock, ScriptedCloud, lost, throttled, unreachable

REGION = "us-east-1"
ANA = Holder("risk", "ana@ci-7", 4711, "reconciler apply", "2027-03-31T08:15:00+00:00", "a1")
BEN = Holder("risk", "ben@laptop", 12, "reconciler destroy", "2027-03-31T08:16:00+00:00", "b2")
PLACES = {"s3": Lock("s3", "locks/prod"), "dynamodb": Lock("dynamodb", "locks")}


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Cloud]]:
    moto = pytest.importorskip("moto")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with moto.mock_aws():
        session = Session()
        session.set_credentials("key", "secret")
        session.create_client("s3", REGION).create_bucket(Bucket="locks")
        session.create_client("dynamodb", REGION).create_table(
            TableName="locks", BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "LockID", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "LockID", "KeyType": "HASH"}],
        )  # fmt: skip
        yield lambda name: AwsCloud(session, REGION, service=name)


@pytest.fixture(params=PLACES)
def locks(request: pytest.FixtureRequest, service: Callable[[str], Cloud]) -> Locks:
    return locks_at(PLACES[request.param], service)


def test_one_holds_it_and_the_next_is_told_who(locks: Locks) -> None:
    assert (locks.take("risk", ANA), locks.take("risk", BEN), locks.holder("risk")) == (None, ANA, ANA)


def test_what_is_released_can_be_taken(locks: Locks) -> None:
    locks.take("risk", ANA)
    locks.release("risk", ANA)
    assert (locks.holder("risk"), locks.take("risk", BEN), locks.holder("risk")) == (None, None, BEN)


def test_nobody_releases_what_another_holds(locks: Locks) -> None:
    locks.take("risk", BEN)
    locks.release("risk", ANA)
    locks.release("risk", replace(BEN, id="an earlier run of hers"))
    assert locks.holder("risk") == BEN


def test_stacks_have_locks_of_their_own(locks: Locks) -> None:
    assert (locks.take("risk", ANA), locks.take("dev/risk", BEN)) == (None, None)


def test_releasing_twice_is_no_error(locks: Locks) -> None:
    locks.take("risk", ANA)
    locks.release("risk", ANA)
    locks.release("risk", ANA)
    assert locks.holder("risk") is None


@dataclass
class Forgetful:
    """The answer to the first write is lost, after the work or before."""

    cloud: Cloud
    is_done: bool
    is_lost: bool = False

    def identity(self) -> Identity:
        return HERE

    def call(self, operation: str, request: Mapping[str, Json]) -> Mapping[str, Json]:
        if self.is_lost or not operation.startswith("Put"):
            return self.cloud.call(operation, request)
        self.is_lost = True
        if self.is_done:
            self.cloud.call(operation, request)
        raise lost()


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_a_lost_answer_is_looked_after(place: Lock, service: Callable[[str], Cloud]) -> None:
    assert locks_at(place, lambda name: Forgetful(service(name), is_done=True)).take("risk", ANA) is None
    with pytest.raises(CloudError):
        locks_at(place, lambda name: Forgetful(service(name), is_done=False)).take("other", ANA)


@pytest.mark.parametrize("place", [Lock("s3", "no-such-bucket"), Lock("dynamodb", "no-such-table")])
def test_a_place_that_does_not_exist_is_an_error(place: Lock, service: Callable[[str], Cloud]) -> None:
    with pytest.raises(CloudError, match=r"NoSuchBucket|ResourceNotFound"):
        locks_at(place, service).take("risk", ANA)


def test_an_object_is_where_the_stack_says_and_can_be_read(service: Callable[[str], Cloud]) -> None:
    locks_at(PLACES["s3"], service).take("1/us-east-1/risk", ANA)
    body = service("s3").call("GetObject", {"Bucket": "locks", "Key": "prod/1/us-east-1/risk.lock"})["Body"].read()
    assert b'"who": "ana@ci-7"' in body


@dataclass
class Failing:
    """The first call of some operations fails, after the work or before."""

    cloud: Cloud
    operations: str
    error: CloudError
    is_done: bool = False
    is_over: bool = False

    def identity(self) -> Identity:
        return HERE

    def call(self, operation: str, request: Mapping[str, Json]) -> Mapping[str, Json]:
        if self.is_over or not operation.startswith(self.operations):
            return self.cloud.call(operation, request)
        self.is_over = True
        if self.is_done:
            self.cloud.call(operation, request)
        raise self.error


FAULTS = {
    "throttled": (throttled(), False),
    "unreachable": (unreachable(), False),
    "lost": (lost(), False),
    "lost after the work": (lost(), True),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("operations", ["Put", "Get", "Delete"])
@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_one_fault_of_any_call_neither_loses_a_lock_nor_leaves_it(
    place: Lock, operations: str, fault: tuple[CloudError, bool], service: Callable[[str], Cloud]
) -> None:
    def patient(name: str) -> Cloud:
        return RetryingCloud(Failing(service(name), operations, *fault), InstantClock(), is_idempotent=True)

    locks = locks_at(place, patient)
    assert (locks.take("risk", ANA), locks.take("risk", BEN)) == (None, ANA)
    assert (locks.release("risk", ANA), locks.holder("risk")) == (True, None)


@pytest.mark.parametrize("code", ["SlowDown", "ProvisionedThroughputExceededException", "ThrottlingException"])
@pytest.mark.parametrize("status", [400, 503])
def test_throttling_of_other_services_is_throttling(code: str, status: int) -> None:
    assert fault_of(status, code) is Fault.THROTTLED


DAMAGED = {
    "empty": b"",
    "garbage": b"garbage",
    "a list": b"[]",
    "null": b"null",
    "a number": b"1e999",
    "binary": bytes(range(256)),
    "many digits": b'{"pid": "' + b"9" * 5_000 + b'"}',
    "a long number": b'{"id": ' + b"9" * 5_000 + b"}",
    "deep": b"[" * 100_000,
    "of no one": b'{"who": "ana@ci-7"}',
    "wrong types": b'{"id": ["a1"], "who": {"a": 1}, "pid": null, "since": 7}',
    "huge": b'{"id": "a1", "who": "' + b"a" * 100_000 + b'"}',
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_object_is_held_and_can_be_removed(content: bytes, service: Callable[[str], Cloud]) -> None:
    service("s3").call("PutObject", {"Bucket": "locks", "Key": "prod/risk.lock", "Body": content})
    locks = locks_at(PLACES["s3"], service)
    found = locks.holder("risk")
    assert found is not None
    assert (found.who, len(found.since), locks.take("risk", ANA)) == ("unreadable", 25, found)
    assert (locks.release("risk", ANA), locks.holder("risk")) == (False, found)
    assert (locks.release("risk", found), locks.holder("risk")) == (True, None)


@pytest.mark.parametrize(
    "item",
    [{}, {"id": {"S": ""}}, {"id": {"N": "5"}, "pid": {"N": "9" * 30}}, {"id": {"L": []}, "who": {"BOOL": True}},
     {"who": {"S": "ana"}, "since": {"S": "2999-01-01T00:00:00+00:00"}}],
)  # fmt: skip
def test_a_damaged_item_is_held_and_can_be_removed(item: Json, service: Callable[[str], Cloud]) -> None:
    service("dynamodb").call("PutItem", {"TableName": "locks", "Item": {"LockID": {"S": "risk"}, **item}})
    locks = locks_at(PLACES["dynamodb"], service)
    found = locks.holder("risk")
    assert found is not None
    assert (found.who, locks.take("risk", ANA)) == ("unreadable", found)
    assert (locks.release("risk", ANA), locks.holder("risk")) == (False, found)
    assert (locks.release("risk", found), locks.holder("risk")) == (True, None)


@pytest.mark.parametrize("pid", ["null", '"9999999999999999"', "[]", "1.5", '"-1"'])
def test_a_process_number_of_another_kind_is_none(pid: str, service: Callable[[str], Cloud]) -> None:
    body = f'{{"id": "a1", "who": "ana", "pid": {pid}}}'.encode()
    service("s3").call("PutObject", {"Bucket": "locks", "Key": "prod/risk.lock", "Body": body})
    found = locks_at(PLACES["s3"], service).holder("risk")
    assert found is not None
    assert (found.id, found.who, found.pid) == ("a1", "ana", 0)


@pytest.mark.parametrize("unseen", [("NoSuchKey", 404), ("AccessDenied", 403)])
@pytest.mark.parametrize("taken", [("PreconditionFailed", 412), ("ConditionalRequestConflict", 409)])
def test_a_lock_that_a_write_has_met_and_a_read_has_not_is_moving(
    taken: tuple[str, int], unseen: tuple[str, int]
) -> None:
    def error(operation: str, code: str, status: int) -> CloudError:
        return CloudError(operation, fault_of(status, code), code, "said so")

    cloud = ScriptedCloud({"PutObject": [error("PutObject", *taken)], "GetObject": [error("GetObject", *unseen)]})
    locks = locks_at(PLACES["s3"], lambda _name: cloud)
    assert (locks.take("risk", ANA), len(cloud.calls)) == (UNSEEN, 2)


@pytest.mark.parametrize(("place", "written"), [(PLACES["s3"], "PutObject"), (PLACES["dynamodb"], "PutItem")])
def test_an_answer_without_a_lock_is_no_lock(place: Lock, written: str) -> None:
    missing = CloudError("GetObject", Fault.REFUSED, "NoSuchKey", "said so")
    cloud = ScriptedCloud({written: [{}], "GetObject": [missing], "GetItem": [{}]})
    with pytest.raises(CloudError, match="the write succeeded, but the lock does not exist"):
        locks_at(place, lambda _name: cloud).take("risk", ANA)


def test_a_missing_right_to_list_is_named() -> None:
    """Without it S3 says 403 of a lock that does not exist."""
    denied = CloudError("GetObject", Fault.DENIED, "AccessDenied", "Access Denied")
    with pytest.raises(CloudError) as caught:
        locks_at(PLACES["s3"], lambda _name: ScriptedCloud({"GetObject": [denied]})).holder("risk")
    assert caught.value.message == "Access Denied (the lock is s3://locks/prod/risk.lock)"
    assert "s3:ListBucket" in caught.value.hint


@pytest.mark.parametrize(
    ("place", "where", "hint"),
    [
        (Lock("s3", "no-such-bucket/p"), "s3://no-such-bucket/p/risk.lock", "create the bucket no-such-bucket, or"),
        (Lock("dynamodb", "none"), "risk in the table none", "create the table none, or"),
    ],
)
def test_an_error_names_the_lock(place: Lock, where: str, hint: str, service: Callable[[str], Cloud]) -> None:
    locks = locks_at(place, service)
    for call in (lambda: locks.take("risk", ANA), lambda: locks.holder("risk"), lambda: locks.release("risk", ANA)):
        with pytest.raises(CloudError) as caught:
            call()
        assert caught.value.message.endswith(f"(the lock is {where})")
        assert caught.value.hint.startswith(hint)
