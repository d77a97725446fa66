"""Values from outside the files: those that are not looked up yet, and those that no output may show."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Self

from reconciler.model import Json

_SECRET = re.compile(
    r"passw(or)?d|passphrase|(?<!by)(?<!com)(?<!over)(?<!under)(pass|pwd)($|[^a-z])|secret|token(?!iz)|credential"
    r"|(api|access|account|auth|encryption|private|signing|ssh|storage)[^a-z]?key",
    re.IGNORECASE,
)


class Unknown(str):
    """Stands for a value that nobody has looked up: nothing can be said about it, and it never reaches AWS."""

    __slots__ = ()

    @classmethod
    def of(cls, tag: str, argument: str) -> Self:
        return cls(f"<unknown: !{tag} {argument}>")


class Secret(str):
    """A text that no output may show. What is made of one is one, too."""

    __slots__ = ()


@lru_cache(maxsize=4096)  # a stack has few names, each many times
def is_secret_name(name: str) -> bool:
    return _SECRET.search(name) is not None


def holds_unknown(value: Json) -> bool:
    return _holds(value, Unknown)


def holds_secret(value: Json) -> bool:
    return _holds(value, Secret)


def _holds(value: Json, what: type[str]) -> bool:
    if isinstance(value, Mapping):
        return any(_holds(inner, what) for inner in value.values())
    if isinstance(value, list | tuple):
        return any(_holds(inner, what) for inner in value)
    return isinstance(value, what)
