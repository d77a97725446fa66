"""Plain scalars by YAML 1.2, and numbers that remember how they were written."""

import copy
import json

import pytest

from reconciler.load import text_of
from reconciler.model import Json
from reconciler.syntax.nodes import plain_value
from tests.load.memory import spec


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None), ("~", None), ("null", None), ("Null", None), ("NULL", None),
        ("true", True), ("True", True), ("FALSE", False),
        ("on", "on"), ("off", "off"), ("yes", "yes"), ("no", "no"), ("y", "y"), ("N", "N"), ("tRue", "tRue"),
        ("8", 8), ("-8", -8), ("+8", 8), ("012", 12), ("0o14", 12), ("0x1F", 31),
        ("1_000", "1_000"), ("1:30", "1:30"), ("0b1", "0b1"),
        ("1.5", 1.5), (".5", 0.5), ("5.", 5.0), ("1e3", 1000.0), ("-1.5E-3", -0.0015), ("30.0", 30.0),
        ("1e999", "1e999"), (".inf", ".inf"), (".nan", ".nan"), ("-", "-"), ("1.2.3", "1.2.3"),
        ("2024-01-01", "2024-01-01"), ("20140101", 20140101), ("9" * 400, "9" * 400), ("Ref::x", "Ref::x"),
    ],
)  # fmt: skip
def test_a_plain_scalar_is_what_the_core_schema_says(text: str, value: Json) -> None:
    result = plain_value(text)
    assert result == value
    assert isinstance(result, type(value))


@pytest.mark.parametrize("text", ["30.0", "20140101", "012", "0o14", "+5", "1.50", "1e3", "8", ".5", "true", "false"])
def test_a_scalar_gives_its_text_back(text: str) -> None:
    assert text_of(plain_value(text)) == text


def test_a_boolean_is_written_in_lower_case() -> None:
    assert text_of(plain_value("TRUE")) == "true"


def test_a_number_with_a_text_is_a_number_to_everybody_else() -> None:
    number = plain_value("1.50")
    assert json.dumps([number, plain_value("012")]) == "[1.5, 12]"
    assert text_of(copy.deepcopy(number)) == "1.50"
    assert {1.5: "found"}[number] == "found"


def test_quotes_and_standard_tags_decide_the_type() -> None:
    body = "parameters: {a: '8', b: \"true\", c: !!str 8, d: ! 8, e: !!int 8, f: [Ref::input, http://x:80]}"
    assert spec(body)["parameters"] == {
        "a": "8", "b": "true", "c": "8", "d": "8", "e": 8, "f": ["Ref::input", "http://x:80"]
    }  # fmt: skip
