"""The sandbox over HTTP, for any AWS client on this machine: Batch from the simulator, the rest from moto."""

import socketserver
import sys
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from reconciler.problems import Stopped, WrongUsage
from reconciler.sandbox.answers import Response
from reconciler.sandbox.front import Front
from reconciler.sandbox.seal import sealed
from reconciler.sandbox.simulator import Simulator
from reconciler.sandbox.wire import Request

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
        raise WrongUsage(f"the sandbox listens on this machine only, not on {host}")
    handler = type("Handler", (_Handler,), {"front": staticmethod(Front(simulator)), "latency": latency})
    server = _Server((host, port), handler)
    server.daemon_threads = True
    return server


class _Server(ThreadingHTTPServer):
    def server_bind(self) -> None:
        """Bind without asking the name service what this machine is called, as http.server does."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed is no error of the server's."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """One connection. The attributes are set on a subclass, one for each server."""

    protocol_version = "HTTP/1.1"  # keeps connections open
    disable_nagle_algorithm = True
    front: Callable[[Request], Response]
    latency: float

    def handle_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        time.sleep(self.latency)
        request = Request.of(self.command, self.path, dict(self.headers), body)
        try:
            response = self.front(request)
        except Stopped as stopped:  # the sandbox's file is damaged or gone
            response = request.error(500, "SandboxStopped", stopped.message)
        if response.lost:
            self.close_connection = True
            return
        self._send(response)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = handle_any  # noqa: N815 - http.server's names

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's signature
        """Say nothing: stderr belongs to the command."""

    def _send(self, response: Response) -> None:
        self.send_response(response.status)
        for name, value in response.headers.items():
            if name.lower() not in ("content-length", "connection", "date", "server"):
                self.send_header(name, value)
        self.send_header("content-length", str(len(response.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)
