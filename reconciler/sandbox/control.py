"""The hands that break and turn a sandbox: on the simulator itself, or over HTTP on one that is served."""

import http.client
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Protocol
from urllib.parse import urlsplit

from reconciler.model import Json
from reconciler.problems import WrongUsage
from reconciler.sandbox.answers import Response
from reconciler.sandbox.breakage import Breakage, ForcedFault, is_duration
from reconciler.sandbox.simulator import Simulator
from reconciler.sandbox.wire import Request
from reconciler.sandbox.world import noun_of

BREAK, TICK = "/_sandbox/break", "/_sandbox/tick"  # no operation of AWS Batch has such a path
# The second is where moto's server has it: what is written for that one runs on the sandbox unchanged.
RESETS = ("/_sandbox/reset", "/moto-api/reset")
SPARED = "x-sandbox-spared"  # a header
KIND = "application/json"  # what a web page of elsewhere cannot send without asking
COLONS = 5  # of an ARN
PATIENCE = 10.0  # seconds
BAD_REQUEST = 400


class Controls(Protocol):
    def break_(self, mishap: ForcedFault) -> Breakage:
        """Break or repair something; return all that is broken then."""

    def tick(self, seconds: float) -> float:
        """Turn the clock forward; return how far it is ahead in all."""


class Kept:
    """The controls of a simulator in this process."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    def break_(self, mishap: ForcedFault) -> Breakage:
        return self._simulator.break_(mishap.after)

    def tick(self, seconds: float) -> float:
        return self._simulator.tick(seconds)


class Served:
    """The controls of a sandbox that is served. Raises `WrongUsage` if none is."""

    def __init__(self, url: str) -> None:
        self._url = url

    def break_(self, mishap: ForcedFault) -> Breakage:
        return Breakage.of(self._ask(BREAK, asdict(mishap)))

    def tick(self, seconds: float) -> float:
        return float(self._ask(TICK, {"seconds": seconds})["ahead"])

    def _ask(self, path: str, data: Mapping[str, Json]) -> Json:
        connection = http.client.HTTPConnection(urlsplit(self._url).netloc, timeout=PATIENCE)
        try:
            connection.request("POST", path, json.dumps(data), {"content-type": KIND})
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise no_sandbox(self._url) from error
        finally:
            connection.close()
        if answer.status == BAD_REQUEST:
            raise WrongUsage(json.loads(body)["message"])
        if answer.status != http.client.OK:
            raise no_sandbox(self._url)
        return json.loads(body)


def no_sandbox(url: str) -> WrongUsage:
    return WrongUsage(f"no sandbox answers at {url}", hint="start it with `reconciler sandbox serve`")


def is_for(request: Request) -> bool:
    """Whether a served sandbox is to answer the request itself."""
    return request.path in (BREAK, TICK)


def is_reset(request: Request) -> bool:
    """Whether a served sandbox is to forget everything."""
    return request.method == "POST" and request.path in RESETS


def spares(request: Request) -> bool:
    """Whether it is a call of an outside hand, which meets no failure, nor uses one up."""
    return SPARED in request.headers


def answer(simulator: Simulator, request: Request) -> Response:
    """Do what a request to a served sandbox asks for."""
    if not request.headers.get("content-type", "").startswith(KIND):
        return request.error(415, "UnsupportedMediaType", f"the controls take {KIND}")
    try:
        return request.answer(_done(Kept(simulator), request.path, json.loads(request.body)))
    except WrongUsage as wrong:
        return request.error(BAD_REQUEST, "BadRequest", wrong.message)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as wrong:
        return request.error(BAD_REQUEST, "BadRequest", f"the controls cannot read that: {wrong!r}")


def _done(controls: Controls, path: str, data: Json) -> Json:
    if path == TICK:
        if not is_duration(data["seconds"]):
            raise ValueError(f"{data['seconds']} is no number of seconds")
        return {"ahead": controls.tick(float(data["seconds"]))}
    mishap = ForcedFault.of(data)
    mishap.check()
    for arn in mishap.arns:
        if arn.count(":") < COLONS or not noun_of(arn):
            raise WrongUsage(f"{arn} is not the ARN of a Batch resource")
    return asdict(controls.break_(mishap))
