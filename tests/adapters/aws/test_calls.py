"""Each request of a session is told: what it was, how it ended, and nothing of what it said."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ReadTimeoutError
from botocore.session import Session

from reconciler.adapters.aws.cloud import AwsCloud
from reconciler.adapters.aws.session import observe
from reconciler.calls import RetryingCloud
from reconciler.ports import Called, Unobserved
from reconciler.problems import CloudError
from tests.adapters.aws.test_cloud import Raw
from tests.fakes import InstantClock

WHO = (
    b'<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Account>'
    b"123456789012</Account></GetCallerIdentityResult><ResponseMetadata><RequestId>id-0</RequestId></ResponseMetadata>"
    b"</GetCallerIdentityResponse>"
)
Answer = tuple[int, Mapping[str, str], bytes] | Exception
DONE: Answer = (200, {"x-amzn-requestid": "id-1"}, b'{"jobQueues": []}')
THROTTLED: Answer = (429, {"x-amzn-requestid": "id-2", "x-amzn-errortype": "TooManyRequestsException"}, b"{}")


@dataclass
class Heard(Unobserved):
    calls: list[Called] = field(default_factory=list)

    def called(self, call: Called) -> None:
        self.calls.append(call)


def cloud_of(heard: Heard, *answers: Answer) -> RetryingCloud:
    """Return a cloud that gives these answers, and of which an observer hears."""
    session = Session()
    session.set_credentials("AKIAEXAMPLE", "very-secret-key")
    left = list(answers)

    def answer(request: object, **_more: object) -> AWSResponse:
        one = left.pop(0)
        if isinstance(one, Exception):
            raise one
        status, headers, body = one
        return AWSResponse(request.url, status, dict(headers), Raw(body))

    session.register("before-send", answer)
    observe(session, heard)
    return RetryingCloud(AwsCloud(session, "us-east-1"), InstantClock())


def test_a_call_is_told_with_its_service_region_status_and_request_id() -> None:
    heard = Heard()
    cloud_of(heard, DONE).call("DescribeJobQueues", {"jobQueues": ["hush"]})
    (call,) = heard.calls
    told = (call.service, call.operation, call.region, call.status, call.error, call.request_id, call.attempt)
    assert told == ("Batch", "DescribeJobQueues", "us-east-1", 200, "", "id-1", 1)
    assert (call.seconds >= 0, "hush" in repr(call), "very-secret-key" in repr(call)) == (True, False, False)


def test_each_attempt_is_a_call_of_its_own() -> None:
    heard = Heard()
    cloud_of(heard, THROTTLED, THROTTLED, DONE).call("DescribeJobQueues", {})
    assert [(call.status, call.error, call.attempt) for call in heard.calls] == [
        (429, "TooManyRequestsException", 1), (429, "TooManyRequestsException", 2), (200, "", 3)]  # fmt: skip


def test_a_call_without_an_answer_is_told_by_the_error() -> None:
    heard = Heard()
    cloud_of(heard, ReadTimeoutError(endpoint_url="https://batch"), DONE).call("DescribeJobQueues", {})
    assert [(call.status, call.error, call.request_id) for call in heard.calls] == [
        (0, "ReadTimeoutError", ""), (200, "", "id-1")]  # fmt: skip


def test_once_the_account_is_known_calls_name_it() -> None:
    heard = Heard()
    cloud = cloud_of(heard, DONE, (200, {}, WHO), DONE)
    cloud.call("DescribeJobQueues", {})
    cloud.identity()
    cloud.call("DescribeJobQueues", {})
    assert [(call.service, call.account) for call in heard.calls] == [
        ("Batch", ""), ("STS", "123456789012"), ("Batch", "123456789012")]  # fmt: skip


def test_what_was_not_even_tried_is_no_call() -> None:
    heard = Heard()
    session = Session()
    session.set_config_variable("credentials_file", "/dev/null")
    session.register_component("credential_provider", type("Nobody", (), {"load_credentials": lambda _self: None})())
    observe(session, heard)
    with pytest.raises(CloudError):
        AwsCloud(session, "us-east-1").call("DescribeJobQueues", {})
    assert heard.calls == []


def test_an_error_names_the_request_id_once() -> None:
    denied: Answer = (
        403,
        {"x-amzn-requestid": "id-3", "x-amzn-errortype": "AccessDeniedException"},
        b'{"message": "no"}',
    )
    with pytest.raises(CloudError) as caught:
        cloud_of(Heard(), denied).call("DescribeJobQueues", {})
    assert caught.value.told == "DescribeJobQueues: AccessDeniedException: no (request id id-3)"
    assert str(caught.value) == "DescribeJobQueues: AccessDeniedException: no"


def test_an_error_whose_message_has_the_id_does_not_repeat_it() -> None:
    said = b'{"message": "Error executing request, Exception : no, RequestId: id-4"}'
    refused: Answer = (400, {"x-amzn-requestid": "id-4", "x-amzn-errortype": "ClientException"}, said)
    with pytest.raises(CloudError) as caught:
        cloud_of(Heard(), refused).call("DeleteJobQueue", {"jobQueue": "a"})
    assert (caught.value.request_id, caught.value.told.count("id-4")) == ("id-4", 1)
