"""The sandbox over HTTP, for any AWS client on this machine: Batch from the simulator, the rest from moto."""

import re
import socket
import socketserver
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import Message
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from reconciler.problems import Stopped, WrongUsage
from reconciler.sandbox import actor
from reconciler.sandbox.core.iam import Roles, caller_identity
from reconciler.sandbox.core.model import Response
from reconciler.sandbox.core.service import ACCOUNT, Simulator
from reconciler.sandbox.core.trail import Caller
from reconciler.sandbox.resources.schedules import SERVICE as SCHEDULER
from reconciler.sandbox.server.beside import answer_beside
from reconciler.sandbox.server.moto import HANDLERS, Services, answer
from reconciler.sandbox.server.protocol import ACCOUNT_HEADER, Request

# The router of the served sandbox: it passes each request to the service that answers it, or refuses it by name.

NO_SIGNATURE = "the request has no signature, so the sandbox cannot determine its service"


class HttpFront:
    """Safe between threads."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._services = Services(simulator)
        self._roles = Roles()

    def __call__(self, request: Request) -> Response:
        if actor.is_control(request):
            return actor.answer(self._simulator, request)
        if actor.is_reset(request):
            return self._reset(request)
        account = request.headers.get(ACCOUNT_HEADER) or self._roles.account(request.key) or ACCOUNT
        if request.service == "batch" or (not request.service and request.path.startswith("/v1/")):
            return self._simulator.handle(
                account,
                request.region,
                request.method,
                request.path,
                request.body,
                without_faults=actor.is_without_faults(request),
                caller=Caller(
                    agent=request.headers.get("user-agent", ""),
                    role=self._roles.arn(request.key),
                    is_by_hand=actor.is_without_faults(request),
                ),
            )
        if request.service == SCHEDULER:
            return answer_beside(
                self._simulator,
                request,
                account,
                request.region,
                without_faults=actor.is_without_faults(request),
            )
        if not request.service:
            return request.error(403, "MissingAuthenticationToken", NO_SIGNATURE)
        if request.service == "sts":
            return self._sts(request, account)
        if request.service == "tagging" and request.operation in HANDLERS:
            batch = self._simulator.tagged(account, request.region)
            return answer(request, batch, self._services if self._services.are_used else None)
        return self._services(request, account)

    def _reset(self, request: Request) -> Response:
        self._simulator.reset()
        self._services.reset()
        self._roles = Roles()
        return request.answer({"status": "ok"})  # as moto's server says it

    def _sts(self, request: Request, account: str) -> Response:
        if request.operation == "GetCallerIdentity":
            return caller_identity(account, request.region, self._roles.arn(request.key))
        answer = self._services(request)
        self._roles.learn(answer)
        return answer


# A seal around this process: while it holds, no library and no thread can open a connection.

# Audit events that Python raises before it opens or uses a connection (Python documentation, 'Audit events table').
# Answers on incoming connections raise none of them.
WAYS_OUT = (
    "socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.sendmsg",
    "socket.sendto",
)  # fmt: skip


class Sealed(PermissionError):  # noqa: N818 - names what happened
    """Code in this process tried to open a connection."""


@dataclass(slots=True)
class _Holders:
    """How many callers hold the seal. An audit hook cannot be removed, so it asks this count of the process."""

    count: int = 0


_HOLDERS = _Holders()


@contextmanager
def sealed() -> Iterator[None]:
    _install()
    _HOLDERS.count += 1
    try:
        yield
    finally:
        _HOLDERS.count -= 1


@cache
def _install() -> None:
    sys.addaudithook(_refuse)


def _refuse(event: str, arguments: tuple[object, ...]) -> None:
    if _HOLDERS.count and event in WAYS_OUT:
        where = next((str(each) for each in arguments if isinstance(each, (str, tuple))), "")
        raise Sealed(f"nothing leaves the sandbox: {event} {where}".rstrip())


# Which requests the served sandbox takes: those of clients on this machine, and none that a web page makes there.
#
# A page can send requests to this machine, unseen by its user. Its browser marks them, and names the host that the page
# asked for, which is not ours even where its name leads here (DNS rebinding).
# https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Origin, .../Sec-Fetch-Site

LOCAL_NAMES = ("127.0.0.1", "localhost", "[::1]")
OF_BROWSERS = ("origin", "referer", "sec-fetch-site", "access-control-request-method")
BY_HAND = "none"  # what a browser says of an address that its user typed
LENGTH = re.compile(r"[0-9]{1,15}")
LARGEST = 64 * 1024 * 1024  # bytes of a request
BAD_REQUEST, FORBIDDEN, LENGTH_REQUIRED, TOO_LARGE = 400, 403, 411, 413


class RefusedRequest(NamedTuple):
    """Why a request is not taken."""

    status: int
    code: str
    message: str


def refusal(path: str, headers: "Message[str, str]", port: int) -> RefusedRequest | None:
    """Return why a request is not taken, or None. Nothing of its body has been read."""
    return _of_its_sender(headers, port) or _of_its_form(path, headers)


def body_length(headers: "Message[str, str]") -> int:
    """Return the length of the body of a request that is taken."""
    return int(headers.get("content-length") or 0)


def _of_its_sender(headers: "Message[str, str]", port: int) -> RefusedRequest | None:
    hosts = headers.get_all("host", [])
    if len(hosts) != 1 or hosts[0].lower() not in _hosts(port):
        reason = f"the request is for {', '.join(hosts) or 'no host'}"
        return RefusedRequest(FORBIDDEN, "AccessDeniedException", f"the sandbox answers at {_hosts(port)[0]}; {reason}")
    for name in OF_BROWSERS:
        if headers.get_all(name, []) not in ([], [BY_HAND] if name == "sec-fetch-site" else []):
            return RefusedRequest(
                FORBIDDEN, "AccessDeniedException", f"the sandbox does not answer web pages: {name} is set"
            )
    return None


def _of_its_form(path: str, headers: "Message[str, str]") -> RefusedRequest | None:
    lengths: Sequence[str] = headers.get_all("content-length", [])
    if not path.startswith("/"):
        return RefusedRequest(BAD_REQUEST, "BadRequest", "the path of a request must begin with a slash")
    if headers.get_all("transfer-encoding"):
        return RefusedRequest(
            LENGTH_REQUIRED, "LengthRequired", "the sandbox does not accept chunked bodies: send a Content-Length"
        )
    if len(lengths) > 1 or not all(map(LENGTH.fullmatch, lengths)):
        return RefusedRequest(BAD_REQUEST, "BadRequest", "Content-Length must be a single number")
    if body_length(headers) > LARGEST:
        return RefusedRequest(TOO_LARGE, "RequestEntityTooLarge", f"a request can have at most {LARGEST:,} bytes")
    return None


def _hosts(port: int) -> tuple[str, ...]:
    bare = LOCAL_NAMES if port == 80 else ()  # noqa: PLR2004 - which HTTP leaves out
    return (*(f"{host}:{port}" for host in LOCAL_NAMES), *bare)


OWN = ("content-length", "connection", "date", "server")  # headers that are the server's
FOR_BROWSERS = "access-control-"  # what would let a web page read the answer
LINGER = 1.0  # seconds
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def serve(
    simulator: Simulator,
    port: int,
    *,
    host: str = "127.0.0.1",
    latency: float = 0.0,
    ready: Callable[[str], None] = lambda _url: None,
) -> None:
    """Serve until interrupted. `ready` gets the URL as soon as requests are taken; port 0 takes a free one.

    Meanwhile nothing in this process can open a connection: not moto either, which delivers what others subscribed to.
    """
    with sandbox_server(simulator, port, host=host, latency=latency) as server, sealed():
        ready(f"http://{host}:{server.server_port}")
        server.serve_forever(poll_interval=0.1)


def sandbox_server(
    simulator: Simulator, port: int, *, host: str = "127.0.0.1", latency: float = 0.0
) -> ThreadingHTTPServer:
    """Return a server that listens and does not serve yet."""
    if host not in LOOPBACK:
        raise WrongUsage(f"the sandbox listens only on this machine, not on {host}")
    handler = type("Handler", (_Handler,), {"front": staticmethod(HttpFront(simulator)), "latency": latency})
    server = _Server((host, port), handler)
    server.daemon_threads = True
    return server


class _Server(ThreadingHTTPServer):
    def server_bind(self) -> None:
        """Bind without asking the name service what this machine is called, as http.server does."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that disconnects is not an error of the server."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """One connection. The attributes are set on a subclass, one for each server."""

    protocol_version = "HTTP/1.1"  # keeps connections open
    disable_nagle_algorithm = True
    front: Callable[[Request], Response]
    latency: float

    def handle_any(self) -> None:
        if refused := refusal(self.path, self.headers, self.connection.getsockname()[1]):
            self._refuse(refused)
            return
        length = body_length(self.headers)
        body = self.rfile.read(length)
        if len(body) < length:  # the client has gone
            self.close_connection = True
            return
        time.sleep(self.latency)
        request = Request.of(self.command, self.path, dict(self.headers), body)
        try:
            response = self.front(request)
        except Stopped as stopped:  # the sandbox's file is damaged or gone
            response = request.error(500, "SandboxStopped", stopped.message)
        except RecursionError:
            response = request.error(400, "SerializationException", "the request is nested too deeply")
        except Exception as wrong:  # noqa: BLE001 - the client has a right to an answer
            response = request.error(500, "InternalFailure", f"the sandbox failed: {type(wrong).__name__}: {wrong}")
        if response.lost:
            self.close_connection = True
            return
        self._send(response)

    def _refuse(self, refused: RefusedRequest) -> None:
        """Answer without having read the body: the rest of the connection cannot be parsed without it."""
        request = Request.of(self.command, "/", dict(self.headers), b"")
        self.close_connection = True
        self._send(request.error(*refused))
        with suppress(OSError):  # what is unread when a connection is closed may take the answer with it
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(LINGER)
            self.rfile.read(LARGEST)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = do_OPTIONS = handle_any  # noqa: N815 - http.server's names

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's signature
        """Print nothing: stderr belongs to the command."""

    def _send(self, response: Response) -> None:
        self.send_response(response.status)
        for name, value in response.headers.items():
            if name.lower() not in OWN and not name.lower().startswith(FOR_BROWSERS):
                self.send_header(name, value)
        if self.close_connection:
            self.send_header("connection", "close")
        self.send_header("content-length", str(len(response.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)
