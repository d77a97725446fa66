"""Values as they are written in YAML."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from reconciler.report.text.values import block, inline, list_changes
from tests.laws import law

SCALARS = st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8"))
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=8), inner), max_leaves=8
)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("plain", "plain"),
        ("1", '"1"'),
        ("true", '"true"'),
        ("", '""'),
        ("a: b", '"a: b"'),
        ("Ref::action", "Ref::action"),
        ("-b", "-b"),
        ("two\nlines", '"two\\nlines"'),
        (True, "true"),
        (0.5, "0.5"),
        (None, "null"),
        ({"a": [1, "x"]}, "{a: [1, x]}"),
        ("<redacted, changed>", "<redacted, changed>"),
    ],
)
def test_a_value_is_quoted_only_where_it_could_be_misread(value: object, shown: str) -> None:
    assert inline(value) == shown


@law(60)
@given(VALUES)
def test_a_value_on_one_line_reads_back_as_itself(value: object) -> None:
    assert YAML(typ="safe", pure=True).load(inline(value)) == value


@law(60)
@given(VALUES, st.integers(min_value=20, max_value=120))
def test_a_block_reads_back_as_itself(value: object, width: int) -> None:
    assert YAML(typ="safe", pure=True).load("\n".join(block(value, width))) == value


def test_of_a_long_list_only_what_went_and_came_is_shown() -> None:
    assert list(list_changes(["a", "b", "c", "d"], ["a", "b", "x", "d", "e"])) == [
        (" ", "(2 unchanged)"),
        ("-", "c"),
        ("+", "x"),
        (" ", "(1 unchanged)"),
        ("+", "e"),
    ]
