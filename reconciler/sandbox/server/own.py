"""What moto lacks of the services around Batch, answered from the state of the sandbox: a table of operations."""

from collections.abc import Callable, Mapping

from reconciler.model import Json
from reconciler.sandbox.core.model import Response
from reconciler.sandbox.core.service import Simulator
from reconciler.sandbox.server.protocol import Request


class OwnRefusal(Exception):  # noqa: N818 - names what happened
    """The service says no: an error with this code and message."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code, self.status = code, status


OwnOperation = Callable[[Simulator, Request, str], Response]  # of an account


def answer_own(simulator: Simulator, request: Request, account: str) -> Response | None:
    """Return the answer to a request that is ours to answer, or None."""
    operation = OPERATIONS.get((request.service, request.operation))
    if operation is None:
        return None
    try:
        return operation(simulator, request, account)
    except OwnRefusal as no:
        return request.error(no.status, no.code, str(no))
    except (ValueError, TypeError, RecursionError) as wrong:
        return request.error(400, "SerializationException", f"the request cannot be read: {wrong}")


# CloudTrail: what the sandbox remembers of requests to AWS Batch (LookupEvents).

MOST_EVENTS = 50  # a page
FOUND_BY = {"EventId": "EventId", "EventName": "EventName", "EventSource": "EventSource", "Username": "Username",
            "ReadOnly": "ReadOnly"}  # fmt: skip
FINDS_NOTHING = ("AccessKeyId", "ResourceName", "ResourceType")  # the events of AWS Batch have no such thing


def lookup_events(simulator: Simulator, request: Request, account: str) -> Response:
    data: Mapping[str, Json] = request.data()
    attributes = data.get("LookupAttributes") or []
    if len(attributes) > 1:
        raise OwnRefusal("InvalidLookupAttributesException", "You can only use one lookup attribute")
    most = data.get("MaxResults", MOST_EVENTS)
    if not 1 <= most <= MOST_EVENTS:
        raise OwnRefusal("InvalidMaxResultsException", f"MaxResults must be between 1 and {MOST_EVENTS}")
    found = [event for event in simulator.trail(account, request.region) if _is_chosen(event, data)]
    for attribute in attributes:
        key, value = attribute["AttributeKey"], attribute["AttributeValue"]
        if key not in (*FOUND_BY, *FINDS_NOTHING):
            raise OwnRefusal("InvalidLookupAttributesException", f"{key} is not a lookup attribute")
        found = [event for event in found if key in FOUND_BY and event[FOUND_BY[key]] == value]
    return request.answer(_page(found, "Events", data, most))


def _is_chosen(event: Mapping[str, Json], data: Mapping[str, Json]) -> bool:
    start, end = data.get("StartTime", float("-inf")), data.get("EndTime", float("inf"))
    return bool(start <= event["EventTime"] <= end)


def _page(items: list[Mapping[str, Json]], result: str, data: Mapping[str, Json], most: int) -> Json:
    """Return a page of a list. Its token is where the next one begins."""
    token = data.get("NextToken") or "0"
    if not str(token).isdigit():
        raise OwnRefusal("InvalidNextTokenException", "The token is invalid")
    start = int(token)
    more = {"NextToken": str(start + most)} if start + most < len(items) else {}
    return {result: items[start : start + most], **more}


OPERATIONS: Mapping[tuple[str, str], OwnOperation] = {("cloudtrail", "LookupEvents"): lookup_events}
