"""Which requests the served sandbox takes: those of clients on this machine, and none that a web page makes there.

A page can send requests to this machine, unseen by its user. Its browser marks them, and names the host that the page
asked for, which is not ours even where its name leads here (DNS rebinding).
https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Origin, .../Sec-Fetch-Site
"""

import re
from collections.abc import Sequence
from email.message import Message
from typing import NamedTuple

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
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


def length_of(headers: "Message[str, str]") -> int:
    """Return the length of the body of a request that is taken."""
    return int(headers.get("content-length") or 0)


def _of_its_sender(headers: "Message[str, str]", port: int) -> RefusedRequest | None:
    hosts = headers.get_all("host", [])
    if len(hosts) != 1 or hosts[0].lower() not in _hosts(port):
        told = f"it is for the host {', '.join(hosts) or 'of nobody'}"
        return RefusedRequest(FORBIDDEN, "AccessDeniedException", f"the sandbox answers at {_hosts(port)[0]}; {told}")
    for name in OF_BROWSERS:
        if headers.get_all(name, []) not in ([], [BY_HAND] if name == "sec-fetch-site" else []):
            return RefusedRequest(
                FORBIDDEN, "AccessDeniedException", f"the sandbox answers no web pages: {name} is set"
            )
    return None


def _of_its_form(path: str, headers: "Message[str, str]") -> RefusedRequest | None:
    lengths: Sequence[str] = headers.get_all("content-length", [])
    if not path.startswith("/"):
        return RefusedRequest(BAD_REQUEST, "BadRequest", "the path of a request begins with a slash")
    if headers.get_all("transfer-encoding"):
        return RefusedRequest(
            LENGTH_REQUIRED, "LengthRequired", "the sandbox takes no chunked body: send its Content-Length"
        )
    if len(lengths) > 1 or not all(map(LENGTH.fullmatch, lengths)):
        return RefusedRequest(BAD_REQUEST, "BadRequest", "Content-Length is not one number")
    if length_of(headers) > LARGEST:
        return RefusedRequest(TOO_LARGE, "RequestEntityTooLarge", f"a request has {LARGEST:,} bytes at most")
    return None


def _hosts(port: int) -> tuple[str, ...]:
    bare = LOOPBACK if port == 80 else ()  # noqa: PLR2004 - which HTTP leaves out
    return (*(f"{host}:{port}" for host in LOOPBACK), *bare)
