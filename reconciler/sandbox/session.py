"""botocore sessions whose every request ends in the simulator: nothing leaves the machine, whatever is configured."""

import io
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ConnectionClosedError
from botocore.session import Session

from reconciler.ports import Clock
from reconciler.problems import Stopped
from reconciler.sandbox.core.clock import SandboxClock, Timings
from reconciler.sandbox.core.faults import Faults
from reconciler.sandbox.core.iam import caller_identity
from reconciler.sandbox.core.model import Response
from reconciler.sandbox.core.service import ACCOUNT, Simulator
from reconciler.sandbox.core.state import SEEN_UNORDERED
from reconciler.sandbox.core.store import Journal, Memory, Store
from reconciler.sandbox.core.trail import Caller
from reconciler.sandbox.server.beside import answer_beside
from reconciler.sandbox.server.moto import Services, read_log
from reconciler.sandbox.server.protocol import ACCOUNT_HEADER, Request
from reconciler.service_models import closed_session, model_loader

# Services in which Batch itself makes things, as the events of botocore call them: moto answers for them.
MADE_BY_BATCH = ("cloudwatch-logs", "ecs")
READ_LOG = "before-send.cloudwatch-logs.GetLogEvents"
SIMULATED_BESIDE = ("scheduler", "eventbridge")
UNIQUE_ID = "reconciler-sandbox"


def sandbox_session(
    simulator: Simulator,
    region: str,
    account: str = ACCOUNT,
    *,
    without_faults: bool = False,
    with_services: bool = False,
) -> Session:
    """Return a session with dummy credentials that reads neither AWS environment variables nor the user's AWS files.

    For boto3: `boto3.Session(botocore_session=sandbox_session(...))`. `without_faults`: its calls meet no failure.
    `with_services`: moto answers for all services around Batch, from the memory of this process.
    """
    session = closed_session()
    session.register_component("data_loader", model_loader())
    session.set_config_variable("region", region)
    # The hook answers whatever AWS_ENDPOINT_URL says, but a broken one would not parse.
    session.set_config_variable("ignore_configured_endpoint_urls", True)  # noqa: FBT003 - botocore's signature
    attach(session, simulator, account, region, without_faults=without_faults, with_services=with_services)
    return session


def attach(
    session: Session,
    simulator: Simulator,
    account: str,
    region: str,
    *,
    without_faults: bool = False,
    with_services: bool = False,
) -> None:
    """Answer every request of clients that this session creates from now on.

    The hook is keyed on the event, not on the host: endpoints, profiles, proxies and dual stack make no difference.
    """
    services = Services(simulator)
    answer: Any = partial(
        _answer,
        simulator=simulator,
        services=services,
        account=account,
        region=region,
        without_faults=without_faults,
        with_services=with_services,
    )
    session.register("before-send", answer, unique_id=UNIQUE_ID)


class _Raw(io.BytesIO):
    """What AWSResponse reads the body from."""

    def stream(self, **_options: Any) -> Iterator[bytes]:
        yield self.read()


def _answer(
    request: AWSPreparedRequest,
    event_name: str,
    *,
    simulator: Simulator,
    services: Services,
    account: str,
    region: str,
    without_faults: bool,
    with_services: bool,
    **_more: Any,
) -> AWSResponse:
    _, service, operation = event_name.split(".", 2)
    if service == "batch":
        path, body = _path(request.url), _bytes(request.body)
        agent = _text(request.headers.get("User-Agent") or "")
        caller = Caller(agent=agent, is_by_hand=without_faults)  # no failure strikes people who change things by hand
        response = simulator.handle(
            account, region, request.method, path, body, without_faults=without_faults, caller=caller
        )
    elif service in SIMULATED_BESIDE:
        sent = _request(request, account)
        response = answer_beside(simulator, sent, account, region, without_faults=without_faults)
    elif (service, operation) == ("sts", "GetCallerIdentity"):
        response = caller_identity(account, region)
    elif event_name == READ_LOG and not services.are_used:  # moto takes a second to load
        response = read_log(_request(request, account), simulator.log_streams(account, region))
    elif with_services or service in MADE_BY_BATCH:
        response = services(_request(request, account), account)
    else:
        raise Stopped(
            f"the sandbox does not answer {service} {operation}",
            hint="`reconciler sandbox serve` offers the services around AWS Batch",
        )
    if response.lost:
        raise ConnectionClosedError(endpoint_url=request.url)
    return AWSResponse(request.url, response.status, _headers(response), _Raw(response.body))


def _request(request: AWSPreparedRequest, account: str) -> Request:
    """Return the request as a server would get it, for an account."""
    named = {name: _text(value) for name, value in request.headers.items()}
    path, body = _path(request.url), _bytes(request.body)
    return Request.of(request.method, path, {**named, ACCOUNT_HEADER: account}, body)


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _headers(response: Response) -> HTTPHeaders:
    headers = HTTPHeaders()
    for name, value in response.headers.items():
        headers[name] = value
    return headers


def _path(url: str) -> str:
    """Return path and query, undecoded: an ARN in a path has escaped slashes."""
    return "/" + url.split("://", 1)[-1].partition("/")[2]


def _bytes(body: Any) -> bytes:
    return body.encode() if isinstance(body, str) else (body or b"")


class TurningClock:
    """The clock of a sandbox. Waiting turns it: jobs of hours end at once."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    def now(self) -> float:
        return self._simulator.now

    def sleep(self, seconds: float) -> None:
        self._simulator.tick(seconds)


# Open a sandbox as the command line asks for it: in a file that commands share, or in memory.


def open_sandbox(
    file: str | None,
    *,
    clock: Clock | None = None,
    timings: Timings | None = None,
    faults: Faults | None = None,
    seed: int = 0,
    recording: bool = False,
) -> Simulator:
    """Return a simulator whose state is in `file` (None: in memory). Raises `Stopped` for a file that is not ours.

    The clock must return the time of day if the file outlives the process: resources settle between two commands.
    """
    store: Store = Journal(Path(file)) if file else Memory()
    return Simulator(
        clock or SandboxClock(),
        store=store,
        faults=faults,
        timings=timings,
        seed=seed,
        recording=recording,
        unordered=SEEN_UNORDERED,
        restless=False,
    )
