"""A call in one line, for people and for programs."""

from reconciler.ports import Called
from reconciler.report.progress import trace, trace_json

THROTTLED = Called(
    service="Batch",
    operation="DescribeJobQueues",
    region="us-east-1",
    started=1_700_000_000.1234,
    seconds=0.0456,
    status=429,
    error="TooManyRequestsException",
    request_id="3c1a",
    attempt=2,
    account="123456789012",
)
LOST = Called(
    service="Secrets Manager",
    operation="GetSecretValue",
    region="us-east-1",
    started=0.0,
    seconds=60.0,
    error="ReadTimeoutError",
)


def test_a_line_has_time_call_ending_duration_request_id_and_attempt() -> None:
    assert trace(THROTTLED) == (
        "22:13:20.123Z Batch DescribeJobQueues 429 TooManyRequestsException 46 ms 3c1a, attempt 2"
    )


def test_what_is_not_known_is_left_out() -> None:
    assert trace(LOST) == "00:00:00.000Z Secrets Manager GetSecretValue ReadTimeoutError 60000 ms"


def test_programs_get_a_member_for_each() -> None:
    assert trace_json(THROTTLED) == {
        "event": "call",
        "service": "Batch",
        "operation": "DescribeJobQueues",
        "region": "us-east-1",
        "account": "123456789012",
        "started": "2023-11-14T22:13:20.123+00:00",
        "seconds": 0.046,
        "status": 429,
        "error": "TooManyRequestsException",
        "request_id": "3c1a",
        "attempt": 2,
    }
    assert (trace_json(LOST)["status"], trace_json(LOST)["request_id"], trace_json(LOST)["account"]) == (None,) * 3
