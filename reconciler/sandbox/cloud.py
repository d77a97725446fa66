"""The `Cloud` port over the simulator, without a client in between."""

import json
from collections.abc import Mapping

from reconciler.model import Identity, Json
from reconciler.problems import CloudError, Fault, fault_of
from reconciler.sandbox.answers import REQUEST_ID, Refusal, Response
from reconciler.sandbox.api import HttpRoute, address
from reconciler.sandbox.simulator import Simulator

LOST = "ConnectionClosedError"


class SimulatedCloud:
    def __init__(self, simulator: Simulator, identity: Identity) -> None:
        self._simulator = simulator
        self._identity = identity

    def identity(self) -> Identity:
        return self._identity

    def call(self, operation: str, request: Mapping[str, Json]) -> Mapping[str, Json]:
        where = _address(operation, request)
        response = self._simulator.handle(
            self._identity.account, self._identity.region, where.method, where.path, where.body
        )
        if response.lost:
            raise CloudError(operation, Fault.UNKNOWN, LOST, "The connection was closed before the answer arrived")
        return _data(operation, response)


def _address(operation: str, request: Mapping[str, Json]) -> HttpRoute:
    try:
        return address(operation, request)
    except Refusal as no:
        raise CloudError(operation, Fault.REFUSED, "UnknownOperationException", str(no)) from no


def _data(operation: str, response: Response) -> Mapping[str, Json]:
    data: Mapping[str, Json] = json.loads(response.body)
    if response.status >= 400:  # noqa: PLR2004 - client and server errors
        code = response.headers["x-amzn-errortype"]
        request_id = response.headers.get(REQUEST_ID, "")
        raise CloudError(operation, fault_of(response.status, code), code, data["message"], request_id=request_id)
    return data
