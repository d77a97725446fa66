"""Locks in S3 and DynamoDB, against moto."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import pytest
from botocore.session import Session

from reconciler.aws.cloud import AwsCloud
from reconciler.aws.locks import locks_at
from reconciler.model import Identity, Json, Lock
from reconciler.ports import Cloud, Holder, Locks
from reconciler.problems import CloudError
from tests.fakes import HERE, lost

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
