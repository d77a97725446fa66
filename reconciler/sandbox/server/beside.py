"""Requests for the services beside Batch that the simulator answers itself: Scheduler and EventBridge."""

import json

from reconciler.sandbox.core.model import Refusal, Response, Routed, members, route
from reconciler.sandbox.core.service import Simulator
from reconciler.sandbox.server.protocol import Request

OPERATION_HEADER = "x-amz-target"


def answer_beside(
    simulator: Simulator, request: Request, account: str, region: str, *, without_faults: bool = False
) -> Response:
    """Answer a request in the protocol that it is in: by path (Scheduler), or by a header (EventBridge)."""
    try:
        routed = _routed(request)
        if routed is None:
            message = f"the sandbox does not answer {request.service} {request.operation}"
            return request.error(404, "UnknownOperationException", message)
        where = (account, region)
        response = simulator.handle_beside(
            request.service, where, routed.operation, routed.members, without_faults=without_faults
        )
    except (Refusal, ValueError) as wrong:
        return request.error(400, "SerializationException", str(wrong))
    if response.lost:
        return response
    data = json.loads(response.body)
    code = response.headers.get("x-amzn-errortype")
    made = request.error(response.status, code, data["message"]) if code else request.answer(data)
    return Response(made.status, {**response.headers, **made.headers}, made.body)


def _routed(request: Request) -> Routed | None:
    """Return the operation and its members; None if the service has no such operation."""
    if OPERATION_HEADER in request.headers or "/operation/" in request.path:
        data = request.data()
        return Routed(request.operation, data if isinstance(data, dict) else {})
    found = route(request.method, request.path, request.service)
    return Routed(found.operation, members(found, request.body)) if found else None
