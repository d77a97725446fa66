"""Plain scalars by the YAML 1.2 core schema (https://yaml.org/spec/1.2.2/#103-core-schema), and how they were written.

`on`, `no`, dates and `1_000` are texts there. The API wants many numbers as texts, and then the user's spelling counts:
a number whose spelling Python would not give back carries it as `.text`.
"""

import math
import re
from collections.abc import Mapping
from decimal import Decimal

from reconciler.model import Json

WORDS: Mapping[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
LONGEST_WORD = max(map(len, WORDS))
BEGINS_NUMBER = frozenset("+-.0123456789")
INTEGER = re.compile(r"[-+]?[0-9]+")
BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
LONGEST_NUMBER = 300  # int() refuses more than 4300 digits; what is this long is no number that AWS wants


class Integer(int):
    """An integer that was not written as Python writes it: `012`, `+5`, `0o14`."""

    text: str


class Number(float):
    """A number that was not written as Python writes it: `1.50`, `1e3`."""

    text: str


def plain_value(text: str) -> Json:
    """Return what an unquoted scalar means."""
    if text[:1] in BEGINS_NUMBER:
        return _number(text)
    return WORDS.get(text, text) if len(text) <= LONGEST_WORD else text


def text_of(value: Json) -> str:
    """Return a scalar as it was written; booleans in lower case, which is how JSON and AWS write them."""
    if isinstance(value, str):
        return value  # an `Unknown` stays one
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(getattr(value, "text", value))


def spellings_of_number(text: str) -> tuple[str, ...]:
    """Return how else a number can be written once it was read; nothing for other texts."""
    value = plain_value(text)
    if isinstance(value, str | bool | None):
        return ()
    return (str(value + 0), format(Decimal(str(value + 0)).normalize(), "f"))  # without the text that it carries


def _number(text: str) -> Json:
    if len(text) > LONGEST_NUMBER:
        return text
    if INTEGER.fullmatch(text):
        return _integer(int(text), text)
    if BASED.fullmatch(text):
        return _integer(int(text, 0), text)
    if not NUMBER.fullmatch(text):
        return text
    return _float(float(text), text)


def _integer(value: int, text: str) -> int:
    if str(value) == text:
        return value
    number = Integer(value)
    number.text = text
    return number


def _float(value: float, text: str) -> Json:
    if math.isinf(value):  # 1e999: JSON has no infinity
        return text
    if repr(value) == text:
        return value
    number = Number(value)
    number.text = text
    return number
