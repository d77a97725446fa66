"""Values from outside the files: those that nobody has looked up yet, and those that no output may show."""

from collections.abc import Mapping
from typing import Self

from reconciler.model import Json


class Unknown(str):
    """Stands for a value that nobody has looked up: nothing can be said about it, and it never reaches AWS."""

    __slots__ = ()

    @classmethod
    def of(cls, tag: str, argument: str) -> Self:
        return cls(f"<unknown: !{tag} {argument}>")


class Secret(str):
    """A text that no output may show."""

    __slots__ = ()


def holds_unknown(value: Json) -> bool:
    if isinstance(value, Mapping):
        return any(holds_unknown(inner) for inner in value.values())
    if isinstance(value, list | tuple):
        return any(holds_unknown(inner) for inner in value)
    return isinstance(value, Unknown)
