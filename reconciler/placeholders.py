"""Values from outside the files: those that are not looked up yet, and those that no output may show."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from operator import is_
from typing import Any, Never, Self

from reconciler.model import Json

FINDABLE = 4  # characters: a shorter text is in many others by chance
TELLING_NUMBER = 1000  # a smaller number is a size or a count, whatever its name sounds like: `passwordLength: 12`

_SECRET = re.compile(
    r"passw(or)?d|passphrase|(?<!by)(?<!com)(?<!over)(?<!under)(pass|pwd)($|[^a-z])|secret|token(?!iz)|credential"
    r"|(api|access|account|auth|encryption|private|signing|ssh|storage)[^a-z]?key",
    re.IGNORECASE,
)
# What is a secret whatever it is called: a password inside a URL, a private key, and tokens that are made to be found.
# The forms are those that GitHub's secret scanning documents.
_SECRET_TEXT = re.compile(
    r"://[^/\s:@]*:[^/\s@]+@|-----BEGIN [A-Z ]*PRIVATE KEY"
    r"|\b(?:gh[opsur]_|github_pat_)\w{20,}|\bglpat-[\w-]{20,}|\bxox[abeoprs]-[\w-]{10,}"
    r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bnpm_\w{36}|\bpypi-[\w-]{50,}|\b[rs]k_live_\w{20,}|\bhf_[A-Za-z0-9]{30,}"
    r"|\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\."
)
_ARN = re.compile(r"arn:aws[a-z-]*:[^\s]*")  # says where a secret is, and is none


class Unknown(str):
    """Stands for a value that nobody has looked up: nothing can be said about it, and it never reaches AWS."""

    __slots__ = ()

    @classmethod
    def of(cls, tag: str, argument: str) -> Self:
        return cls(f"<unknown: !{tag} {argument}>")


class DependsOnUnknown(TypeError):  # noqa: N818 - names what happened
    """What is computed depends on a value that is not known.

    A `TypeError`, since functions of C raise that themselves where they are given a `Withheld` in place of a text.
    """


def _refuse(*_operands: object) -> Never:
    raise DependsOnUnknown


class Withheld:
    """Stands for an unknown value in a body that something is computed of: every use of it raises `DependsOnUnknown`.

    So what is computed without it holds whatever the value is. That the value is there may be seen: `is None` is False.
    """

    __slots__ = ()
    __getattr__: Any = _refuse
    __bool__ = __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __hash__ = _refuse
    __iter__ = __len__ = __contains__ = __getitem__ = _refuse
    __repr__ = __str__ = __format__ = __int__ = __float__ = __index__ = _refuse
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = __mod__ = _refuse


def withhold(value: Json) -> Json:
    """Return a value with each unknown one in it withheld; what has none is returned as it is."""
    if isinstance(value, Unknown):
        return Withheld()
    if isinstance(value, Mapping):
        mapping = {key: withhold(inner) for key, inner in value.items()}
        return value if all(map(is_, mapping.values(), value.values())) else mapping
    if isinstance(value, list | tuple):
        entries = [withhold(inner) for inner in value]
        return value if all(map(is_, entries, value)) else entries
    return value


class Secret(str):
    """A text that no output may show. What is made of one is one, too."""

    __slots__ = ()


class ExampleText(str):
    """Stands in for a text that nobody has given: what it names need not exist. What is made of one is one, too."""

    __slots__ = ()


@lru_cache(maxsize=4096)  # a stack has few names, each many times
def is_secret_name(name: str) -> bool:
    return _SECRET.search(name) is not None


def is_secret_text(text: str) -> bool:
    """Whether a text is a secret whatever it is called."""
    return _SECRET_TEXT.search(text) is not None


def is_secret(name: str, value: Json) -> bool:
    """Whether the value that a user keeps under a name is a secret by its looks."""
    leaves = tuple(_leaves(value))
    if any(isinstance(leaf, str) and is_secret_text(leaf) for leaf in leaves):
        return True
    return is_secret_name(name) and any(_can_be_secret(leaf) for leaf in leaves)


def as_secret(value: Json) -> Json:
    """Return the value with each text in it marked as secret, such that what is made of it is secret, too."""
    return _marked(value, Secret)


def as_example(value: Json) -> Json:
    """Return the value with each text in it marked as an example."""
    return _marked(value, ExampleText)


def _marked(value: Json, mark: type[Secret] | type[ExampleText]) -> Json:
    if isinstance(value, dict):
        return {key: _marked(inner, mark) for key, inner in value.items()}
    if isinstance(value, list):
        return [_marked(inner, mark) for inner in value]
    return mark(value) if type(value) in (str, ExampleText) else value


def secrets_in(value: Json) -> Iterator[str]:
    """Yield the texts in a value that no output may show."""
    yield from (str(leaf) for leaf in _leaves(value) if isinstance(leaf, Secret) and leaf)


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


def _can_be_secret(leaf: Json) -> bool:
    if isinstance(leaf, str):
        return bool(leaf) and not isinstance(leaf, Unknown) and not _ARN.fullmatch(leaf)
    return isinstance(leaf, int | float) and not isinstance(leaf, bool) and abs(leaf) >= TELLING_NUMBER


def _leaves(value: Json) -> Iterator[Json]:
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _leaves(inner)
    else:
        yield value
