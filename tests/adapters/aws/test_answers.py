"""What answers like a proxy, a login page or half a server is never taken for an answer of AWS."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

import pytest
from botocore.awsrequest import AWSResponse
from botocore.parsers import ResponseParserFactory
from botocore.session import Session
from botocore.utils import ArgumentGenerator

from reconciler.adapters.aws.answers import CheckedParsers
from reconciler.adapters.aws.cloud import AwsCloud
from reconciler.calls import BARREN, RetryingCloud, is_read, pages
from reconciler.kinds import batch_kinds
from reconciler.kinds.jobs import TRAINING
from reconciler.model import Json
from reconciler.problems import CloudError, Fault
from tests.fakes import InstantClock, ScriptedCloud

PAGE = b"<!DOCTYPE html><html><head><title>Log in</title></head><body><p>Welcome<br></body></html>"
XHTML = b'<?xml version="1.0"?><html><body><p>Welcome</p></body></html>'
GARBAGE = [
    PAGE,
    XHTML,
    b"",
    b"[]",
    b"null",
    b'"x"',
    b"7",
    b"{",
    b'{"x": [1,',
    b"\xff\xfe",
    b"{}",
    b'{"message": "hello"}',
]
OTHERS = [
    ("sts", "GetCallerIdentity"), ("ssm", "GetParameter"), ("cloudformation", "DescribeStacks"),
    ("cloudformation", "ListStackResources"), ("cloudformation", "ListExports"), ("secretsmanager", "GetSecretValue"),
    ("s3", "PutObject"), ("s3", "GetObject"), ("s3", "DeleteObject"), ("s3", "ListObjectsV2"), ("dynamodb", "GetItem"),
    ("dynamodb", "PutItem"), ("dynamodb", "DeleteItem"), ("sns", "Publish"),
]  # fmt: skip
MAY_BE_ANYTHING = {"GetObject"}  # the content of an object; its headers are AWS's
# The API reference promises an empty body where there is nothing to say, and S3 sends none.
MAY_BE_EMPTY = {"DeleteObject"}
MAY_SAY_NOTHING = {"GetItem", "PutItem", "DeleteItem"}


def operations() -> list[tuple[str, str]]:
    """Return every call that the product makes."""
    found = {"TagResource": 1, "UntagResource": 1}
    for kind in batch_kinds():
        holdings = [kind.jobs.listing(body) for body in ({}, {"jobQueueType": TRAINING})] if kind.jobs else []
        calls = (*kind.body_operations, kind.delete.operation, kind.read.operation, kind.read.listing)
        found |= dict.fromkeys([one for one in calls if one] + [one.operation for one in holdings if one], 1)
        found |= {kind.revisions.users.operation: 1} if kind.revisions and kind.revisions.users else {}
    return [("batch", operation) for operation in found] + OTHERS


class Raw:
    def __init__(self, body: bytes) -> None:
        self.body = body

    def stream(self, **_options: object) -> Iterator[bytes]:
        yield self.body

    def read(self, *_size: object) -> bytes:
        body, self.body = self.body, b""
        return body


@dataclass
class Wire:
    """What comes back for whatever is sent, and what was sent."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    sent: list[str] = field(default_factory=list)

    def answer(self, request: Json, **_more: object) -> Json:
        self.sent.append(request.url)
        headers: Json = self.headers
        return AWSResponse(request.url, self.status, headers, Raw(self.body))


@cache
def wired(service: str) -> tuple[AwsCloud, Wire]:
    """Return a cloud and its wire, one for all tests: a client takes longer to make than all that is asked of it."""
    session, wire = Session(), Wire()
    session.set_credentials("key", "secret")
    handler: Json = wire.answer
    session.register("before-send", handler)
    return AwsCloud(session, "us-east-1", service=service), wire


def answering(
    body: bytes, status: int = 200, service: str = "batch", kind: str = "text/html", headers: Json = None
) -> tuple[AwsCloud, list[str]]:
    """Return a cloud whose every request is answered so, and what is sent to it."""
    cloud, wire = wired(service)
    wire.body, wire.status, wire.headers, wire.sent = body, status, {"content-type": kind, **(headers or {})}, []
    return cloud, wire.sent


@cache
def service_model(service: str) -> Json:
    return Session().get_service_model(service)


def request_of(service: str, operation: str) -> Json:
    shape = service_model(service).operation_model(operation).input_shape
    whole = ArgumentGenerator(use_member_names=True).generate_skeleton(shape) if shape else {}
    asked = {name: value for name, value in whole.items() if name in shape.required_members}
    if service == "dynamodb":
        asked |= {name: {"LockID": {"S": "x"}} for name in ("Item", "Key") if name in asked}
    return {**asked, "Bucket": "bucket"} if "Bucket" in asked else asked


def is_none(operation: str, body: bytes) -> bool:
    """Whether nothing of AWS's can be this answer."""
    _, service = next((operation, service) for service, one in operations() if one == operation)
    model = service_model(service).operation_model(operation)
    has_members = bool(model.output_shape and model.output_shape.members)
    if operation in MAY_BE_ANYTHING | MAY_BE_EMPTY:
        return operation in MAY_BE_ANYTHING or bool(body.strip())
    if operation in MAY_SAY_NOTHING or not has_members:
        return not body.startswith(b'{"message"') and body != b"{}" and (has_members or bool(body))
    return True


@pytest.mark.parametrize(("service", "operation"), operations())
def test_garbage_is_an_answer_that_was_lost(service: str, operation: str) -> None:
    request = request_of(service, operation)
    for body in GARBAGE:
        if not is_none(operation, body):
            continue
        cloud, sent = answering(body, service=service)
        with pytest.raises(CloudError) as caught:
            RetryingCloud(cloud, InstantClock()).call(operation, request)
        error = caught.value
        assert (error.operation, error.fault, "may not come from AWS" in error.hint) == (
            operation,
            Fault.UNKNOWN,
            True,
        ), body
        assert "https://" in error.message
        assert "Welcome" not in error.told
        assert len(sent) == (6 if is_read(operation) else 1)  # a write is looked at, not made again


@pytest.mark.parametrize("account", ["", "12", "login", "1234567890123", "12345678901a"])
def test_an_identity_without_an_account_id_is_no_answer(account: str) -> None:
    body = f"<R><GetCallerIdentityResult><Account>{account}</Account></GetCallerIdentityResult></R>"
    cloud, _ = answering(body.encode(), service="sts")
    with pytest.raises(CloudError) as caught:
        AwsCloud.identity(cloud)
    assert (caught.value.operation, "may not come from AWS" in caught.value.hint) == ("GetCallerIdentity", True)


@pytest.mark.parametrize("body", [b"upstream connect error", b'{"a": 1}', b"[]", PAGE, XHTML, b"", b"null", b"\xff"])
@pytest.mark.parametrize("status", [500, 502, 503, 504, 599])
@pytest.mark.parametrize(
    ("service", "operation"), [("batch", "DescribeJobQueues"), ("sts", "GetCallerIdentity"), ("s3", "ListObjectsV2")]
)
def test_a_server_error_is_tried_again_whatever_it_says(service: str, operation: str, status: int, body: bytes) -> None:
    cloud, sent = answering(body, status, service)
    with pytest.raises(CloudError) as caught:
        RetryingCloud(cloud, InstantClock()).call(operation, {"Bucket": "bucket"} if service == "s3" else {})
    assert (caught.value.fault, len(sent)) == (Fault.UNKNOWN, 6)


@pytest.mark.parametrize("status", [300, 302, 307, 400, 404, 405, 418])
def test_a_refusal_without_a_code_is_none_of_aws(status: int) -> None:
    cloud, _ = answering(PAGE, status)
    with pytest.raises(CloudError) as caught:
        cloud.call("CreateJobQueue", request_of("batch", "CreateJobQueue"))
    fault = Fault.UNKNOWN if status < 400 else Fault.REFUSED  # as of an endpoint that lacks an operation
    assert (caught.value.fault, "may not come from AWS" in caught.value.hint) == (fault, True)
    assert str(status) in caught.value.message


def listed(kind: Json) -> Iterator[Json]:
    """Yield pages of a kind's listing in which one entry is not what it should be."""
    reading = kind.read
    arn = "arn:aws:batch:us-east-1:123456789012:x/n"
    good: Json = {kind.name_member: "n", kind.arn_member: arn, "revision": 1, "type": "container"}
    spoilt: list[dict[str, Json]] = [
        {kind.name_member: None},
        {kind.arn_member: None},
        {kind.name_member: 7},
        {kind.arn_member: ["x"]},
        {"tags": []},
    ]
    entries: list[Json] = [None, [], "x", 7, *({**good, **one} for one in spoilt)]
    wholes: list[Json] = [None, "x", 7, {}, {"a": {}}, True, *([entry] for entry in entries)]
    if reading.result:
        yield from ({reading.result: whole} for whole in wholes)
        yield {reading.result: [], "nextToken": 7}


@pytest.mark.parametrize("kind", [kind for kind in batch_kinds() if kind.read.result], ids=lambda kind: str(kind.name))
def test_a_list_whose_entries_lack_something_is_none(kind: Json) -> None:
    request = request_of("batch", kind.read.operation)
    for page in listed(kind):
        if "nextToken" in page and kind.read.listing:
            continue  # a description of some has no pages
        cloud, _ = answering(json.dumps(page).encode(), kind="application/json")
        with pytest.raises(CloudError) as caught:
            cloud.call(kind.read.operation, request)
        assert caught.value.code == "NoAnswer", page


def test_an_empty_list_is_an_answer() -> None:
    cloud, _ = answering(b'{"jobQueues": [], "nextToken": null, "news": 1}', kind="application/json")
    assert cloud.call("DescribeJobQueues", {}) == {"jobQueues": []}


def test_an_object_that_breaks_off_is_no_object() -> None:
    cloud, _ = answering(b"half", service="s3", headers={"ETag": "x", "Content-Length": "100"})
    with pytest.raises(CloudError) as caught:
        cloud.call("GetObject", {"Bucket": "bucket", "Key": "key"})
    assert caught.value.fault is Fault.UNKNOWN


@pytest.mark.parametrize("tokens", [["a", "a"], ["a", "b", "a"], ["a", "b", "c", "b"]])
def test_a_page_that_is_offered_again_ends_the_list(tokens: list[str]) -> None:
    answers = [{"jobQueues": [{"n": number}], "nextToken": token} for number, token in enumerate(tokens)]
    cloud = ScriptedCloud({"DescribeJobQueues": list(answers)})
    with pytest.raises(CloudError, match="offered again"):
        list(pages(cloud, "DescribeJobQueues", {}, "jobQueues"))


@pytest.mark.parametrize(
    "names", [[], ["a"], ["a", "b"], ["a", "b", "c"]], ids=["empty", "the-same", "two-in-turn", "three-in-turn"]
)
def test_pages_without_end_that_bring_nothing_new_end(names: list[str]) -> None:
    class Endless(ScriptedCloud):
        asked = 0

        def call(self, _operation: str, _request: Json) -> Json:
            self.asked += 1
            name = names[self.asked % len(names)] if names else ""
            entries = [{"jobQueueName": name, "jobQueueArn": f"arn:{name}", "priority": self.asked}] if name else []
            return {"jobQueues": entries, "nextToken": str(self.asked)}

    cloud = Endless({})
    with pytest.raises(CloudError, match="brought nothing") as caught:
        list(pages(cloud, "DescribeJobQueues", {}, "jobQueues"))
    assert (caught.value.fault, cloud.asked <= BARREN + 1 + len(names)) == (Fault.UNKNOWN, True)


@pytest.mark.parametrize("operation", [operation for service, operation in operations() if service == "batch"])
def test_an_answer_of_aws_batch_is_read_as_botocore_reads_it(operation: str) -> None:
    """Also in the order of its model, and without what the model does not know."""
    model = Session().get_service_model("batch")
    shape = model.operation_model(operation).output_shape
    body = ArgumentGenerator(use_member_names=True).generate_skeleton(shape) if shape else {}
    answer = {"news": {"a": [1]}, **dict(reversed(dict(body).items()))}
    response = {"status_code": 200, "headers": {"X-Amzn-RequestId": "7"}, "body": json.dumps(answer).encode()}
    ours = CheckedParsers().create_parser("rest-json").parse(response, shape)
    theirs = ResponseParserFactory().create_parser("rest-json").parse(response, shape)
    assert ours == theirs
    about = ours.pop("ResponseMetadata")
    assert (about["HTTPStatusCode"], theirs.pop("ResponseMetadata")) == (200, about)
    assert json.dumps(ours) == json.dumps(theirs)


def test_whole_numbers_that_come_as_fractions_are_whole_and_null_is_absence() -> None:
    queue = {
        "jobQueueName": "q",
        "jobQueueArn": "a",
        "state": "ENABLED",
        "priority": 3.0,
        "computeEnvironmentOrder": [],
    }
    page = {"jobQueues": [{**queue, "tags": None, "statusReason": None}]}
    cloud, _ = answering(json.dumps(page).encode(), kind="application/json")
    assert json.dumps(cloud.call("DescribeJobQueues", {})["jobQueues"]) == json.dumps([{**queue, "priority": 3}])
