"""A call in one line: when, what, how it ended, and the id by which AWS support finds it. Never what it said."""

from datetime import UTC, datetime

from reconciler.model import Json
from reconciler.ports import Called

DONE = 300  # HTTP statuses below are successes


def trace(call: Called) -> str:
    """Return the line: 08:15:00.123 Batch DescribeJobQueues 200 45 ms 3c1a…, attempt 2."""
    time = datetime.fromtimestamp(call.started, UTC).strftime("%H:%M:%S.%f")[:-3]
    ended = " ".join(filter(None, (str(call.status or ""), call.error)))
    attempt = f", attempt {call.attempt}" if call.attempt > 1 else ""
    request_id = f" {call.request_id}" if call.request_id else ""
    return f"{time}Z {call.service} {call.operation} {ended} {call.seconds * 1000:.0f} ms{request_id}{attempt}"


def trace_json(call: Called) -> dict[str, Json]:
    return {
        "event": "call",
        "service": call.service,
        "operation": call.operation,
        "region": call.region,
        "account": call.account or None,
        "started": datetime.fromtimestamp(call.started, UTC).isoformat(timespec="milliseconds"),
        "seconds": round(call.seconds, 3),
        "status": call.status or None,
        "error": call.error or None,
        "request_id": call.request_id or None,
        "attempt": call.attempt,
    }
