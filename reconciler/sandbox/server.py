"""The sandbox over HTTP, for any AWS client on this machine: Batch from the simulator, the rest from moto."""

import socket
import socketserver
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from reconciler.problems import Stopped, WrongUsage
from reconciler.sandbox.admission import LARGEST, RefusedRequest, length_of, refusal
from reconciler.sandbox.answers import Response
from reconciler.sandbox.front import Front
from reconciler.sandbox.seal import sealed
from reconciler.sandbox.simulator import Simulator
from reconciler.sandbox.wire import Request

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
        if refused := refusal(self.path, self.headers, self.connection.getsockname()[1]):
            self._refuse(refused)
            return
        length = length_of(self.headers)
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
        """Answer without having read the body: what follows on this connection cannot be told from it."""
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
        """Say nothing: stderr belongs to the command."""

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
