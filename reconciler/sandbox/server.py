"""The sandbox over HTTP, for any AWS client on this machine: Batch from the simulator, the rest from moto."""

import importlib
import re
import threading
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from reconciler.problems import Stopped, WrongUsage
from reconciler.sandbox.answers import Response, error
from reconciler.sandbox.simulator import ACCOUNT, Simulator
from reconciler.sandbox.sts import caller_identity

LOOPBACK = ("127.0.0.1", "localhost", "::1")
REGION = "us-east-1"  # for requests without a signature
SCOPE = re.compile(r"Credential=[^/]+/\d{8}/([^/]+)/([^/]+)/aws4_request")
Elsewhere = Callable[[str, str, Mapping[str, str], bytes], Response]


def serve(
    simulator: Simulator,
    port: int,
    *,
    host: str = "127.0.0.1",
    latency: float = 0.0,
    ready: Callable[[str], None] = lambda _url: None,
) -> None:
    """Serve until interrupted. `ready` gets the URL as soon as requests are taken; port 0 takes a free one."""
    with sandbox_server(simulator, port, host=host, latency=latency) as server:
        ready(f"http://{host}:{server.server_port}")
        server.serve_forever(poll_interval=0.1)


def sandbox_server(
    simulator: Simulator, port: int, *, host: str = "127.0.0.1", latency: float = 0.0
) -> ThreadingHTTPServer:
    """Return a server that listens and does not serve yet."""
    if host not in LOOPBACK:
        raise WrongUsage(f"the sandbox listens on this machine only, not on {host}")
    handler = type("Handler", (_Handler,), {"simulator": simulator, "latency": latency, "elsewhere": _Elsewhere()})
    server = ThreadingHTTPServer((host, port), handler)
    server.daemon_threads = True
    return server


class _Handler(BaseHTTPRequestHandler):
    """One connection. The attributes are set on a subclass, one for each server."""

    protocol_version = "HTTP/1.1"  # keeps connections open
    disable_nagle_algorithm = True
    simulator: Simulator
    latency: float
    elsewhere: Elsewhere

    def handle_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        time.sleep(self.latency)
        try:
            response = self._response(body)
        except Stopped as stopped:  # the sandbox's file is damaged or gone
            response = error(500, "SandboxStopped", stopped.message)
        if response.lost:
            self.close_connection = True
            return
        self._send(response)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = handle_any  # noqa: N815 - http.server's names

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's signature
        """Say nothing: stderr belongs to the command."""

    def _response(self, body: bytes) -> Response:
        region, service = _scope(self.headers.get("authorization", ""))
        account = self.headers.get("x-moto-account-id", ACCOUNT)
        if service == "batch" or (not service and self.path.startswith("/v1/")):
            return self.simulator.handle(account, region, self.command, self.path, body)
        if service == "sts" and parse_qs(body.decode(errors="replace")).get("Action") == ["GetCallerIdentity"]:
            return Response(200, {"content-type": "text/xml"}, caller_identity(account, region))
        return type(self).elsewhere(self.command, self.path, dict(self.headers), body)

    def _send(self, response: Response) -> None:
        self.send_response(response.status)
        for name, value in response.headers.items():
            if name.lower() not in ("content-length", "connection", "date", "server"):
                self.send_header(name, value)
        self.send_header("content-length", str(len(response.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)


class _Elsewhere:
    """All other services, from moto: loaded when first needed, one request at a time since moto has no locks."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._application: Any = None

    def __call__(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Response:
        with self._lock:
            try:
                self._application = self._application or _moto()
            except ImportError:
                return error(
                    501,
                    "NotImplemented",
                    "services other than AWS Batch need moto: pip install 'batch-reconciler[sandbox]'",
                )
            return _run(self._application, method, path, headers, body)


def _moto() -> Any:
    moto = importlib.import_module("moto.server")  # takes a second
    return moto.DomainDispatcherApplication(moto.create_backend_app)


def _run(application: Any, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Response:
    from werkzeug.test import Client  # noqa: PLC0415 - comes with moto

    answer = Client(application).open(
        path,
        method=method,
        headers=list(headers.items()),
        data=body,
        base_url=f"http://{headers.get('Host', 'localhost')}",
    )
    return Response(answer.status_code, dict(answer.headers), answer.get_data())


def _scope(authorization: str) -> tuple[str, str]:
    """Return region and service of a signature; without one, the default region and no service."""
    found = SCOPE.search(authorization)
    return (found[1], found[2]) if found else (REGION, "")
