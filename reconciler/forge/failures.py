"""Why a server cannot be reached, in our own words: those of urllib3 and http.client quote headers and addresses."""

import http.client
import os
import re
import socket
import ssl
from collections.abc import Callable, Iterator

from urllib3 import exceptions

TUNNEL = re.compile(r"Tunnel connection failed: ([0-9]{3})")  # http.client says so in the text of an OSError alone
CUT = "the answer is cut off"


def _of_certificate(error: BaseException) -> str:
    return f"its certificate is not trusted: {getattr(error, 'verify_message', '') or 'no details'}"


def _of_tls(error: BaseException) -> str:
    return f"TLS fails: {_words(getattr(error, 'reason', None))}"


def _words(text: object) -> str:
    return str(text or "no details").replace("_", " ").lower()


def _of_system(error: BaseException) -> str:
    tunnel = TUNNEL.search(str(error))
    if tunnel:
        return f"the proxy answers {tunnel[1]}"
    number = getattr(error, "errno", None)
    return os.strerror(number).lower() if number else _words(type(error).__name__)


# The first row that fits any of an error's causes counts, so the special ones come first.
REASONS: tuple[tuple[tuple[type[BaseException], ...], Callable[[BaseException], str]], ...] = (
    ((ssl.SSLCertVerificationError,), _of_certificate),
    ((ssl.SSLError,), _of_tls),
    ((socket.gaierror,), lambda _: "its name cannot be resolved"),
    ((ConnectionRefusedError,), lambda _: "connection refused"),
    ((http.client.IncompleteRead, exceptions.IncompleteRead, exceptions.InvalidChunkLength), lambda _: CUT),
    ((http.client.RemoteDisconnected,), lambda _: "the connection is closed without an answer"),
    ((ConnectionError,), lambda _: "the connection breaks off"),
    ((exceptions.ReadTimeoutError,), lambda _: "no answer in time"),
    ((TimeoutError, exceptions.ConnectTimeoutError), lambda _: "no connection in time"),
    ((exceptions.DecodeError,), lambda _: "the answer cannot be decompressed"),
    ((http.client.HTTPException, exceptions.InvalidHeader), lambda _: "the answer is not valid HTTP"),
    ((OSError,), _of_system),
)


def reason_of(error: BaseException) -> str:
    causes = list(_causes(error))
    found = (says(cause) for types, says in REASONS for cause in causes if isinstance(cause, types))
    through = "through the proxy: " if any(isinstance(cause, exceptions.ProxyError) for cause in causes) else ""
    return f"{through}{next(found, _words(type(error).__name__))}"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and everything that it wraps, the outermost first."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        one = waiting.pop(0)
        if not isinstance(one, BaseException) or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        wrapped = (getattr(one, name, None) for name in ("reason", "original_error", "__cause__", "__context__"))
        waiting += [*wrapped, *one.args]
