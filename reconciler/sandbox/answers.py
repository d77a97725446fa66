"""What the simulated service answers: JSON on success, an error in the form of the rest-json protocol otherwise."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from reconciler.model import Json


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP answer. `lost`: the work was done, but the answer must never reach the caller."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    lost: bool = False


REQUEST_ID = "x-amzn-requestid"


class Refusal(Exception):  # noqa: N818 - names what happened
    """AWS says no: a ClientException with this message."""


def refuse_if(wrong: object, message: str) -> None:
    if wrong:
        raise Refusal(message)


def success(data: Mapping[str, Json]) -> Response:
    return Response(200, {"content-type": "application/json"}, json.dumps(data).encode())


def refusal(message: str, request_id: str) -> Response:
    # The frame round nearly every message of the service (seen in pulumi/pulumi-aws issue 3887).
    answer = error(400, "ClientException", f"Error executing request, Exception : {message}, RequestId: {request_id}")
    return with_id(answer, request_id)


def error(status: int, code: str, message: str) -> Response:
    headers = {"content-type": "application/json", "x-amzn-errortype": code}
    return Response(status, headers, json.dumps({"message": message}).encode())


def with_id(answer: Response, request_id: str) -> Response:
    """Return the answer with the id of its request, unless it has one."""
    return replace(answer, headers={REQUEST_ID: request_id, **answer.headers})
