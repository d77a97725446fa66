"""A seal round this process: while it holds, nothing in it can open a connection, in whatever library or thread."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

# What Python tells its audit hooks before it happens (Python documentation, 'Audit events table'). Answers on
# connections that came in are none of these.
WAYS_OUT = (
    "socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.sendmsg",
    "socket.sendto",
)  # fmt: skip


class Sealed(PermissionError):  # noqa: N818 - names what happened
    """Somebody tried to get out."""


@dataclass(slots=True)
class _Holders:
    """How many hold the seal. The one state of a process that a hook can ask for: it can never be taken away."""

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
