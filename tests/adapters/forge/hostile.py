"""Servers that answer byte by byte as they are told, hang, or are proxies."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

Behaviour = Callable[[socket.socket, bytes], None]


@dataclass
class Server:
    port: int
    requests: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def answering(behave: Behaviour, wrap: Callable[[socket.socket], socket.socket] = lambda one: one) -> Iterator[Server]:
    """Serve each connection in a thread of its own: read the head of one request, then behave."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = Server(listening.getsockname()[1])
    open_ones: list[socket.socket] = []

    def serve(connection: socket.socket) -> None:
        try:
            with wrap(connection) as wrapped:
                head = b""
                while b"\r\n\r\n" not in head and (got := wrapped.recv(65536)):
                    head += got
                server.requests.append(head)
                behave(wrapped, head)
        except OSError:
            pass  # the client has gone

    def accept() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            open_ones.append(connection)
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield server
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        for one in open_ones:
            one.close()


def saying(text: bytes) -> Behaviour:
    return lambda connection, _head: connection.sendall(text)


def answer(body: bytes, status: str = "200 OK", *headers: str) -> Behaviour:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return saying("\r\n".join([*lines, "", ""]).encode() + body)
