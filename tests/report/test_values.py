"""Values as they are written in YAML."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from reconciler.report.text.values import block, change_in_line, diff_lines, inline, list_changes
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


def lines(before: object, after: object) -> list[str]:
    return [f"{'  ' * depth}{sign} {text}" for sign, text, depth in diff_lines(before, after)]


SCRIPT = "set -e\necho start\npython -m quant\naws s3 cp out s3://results\necho end\n"


def test_of_a_text_with_several_lines_those_that_differ_are_shown() -> None:
    assert lines(SCRIPT, SCRIPT.replace("cp out", "sync out")) == [
        "  (2 unchanged)",
        "  python -m quant",
        "- aws s3 cp out s3://results",
        "+ aws s3 sync out s3://results",
        "  echo end",
    ]


def test_a_text_in_a_list_is_shown_by_lines_too() -> None:
    assert lines(["bash", "-c", "a\nb\n"], ["bash", "-c", "a\nc\n"]) == [
        "  (2 unchanged)",
        "~ [2]",
        "    a",
        "  - b",
        "  + c",
    ]


def test_of_json_in_a_text_the_fields_that_differ_are_shown() -> None:
    before, after = (
        '{"paths": 1, "model": {"kappa": 1.2}, "old": 1}',
        '{"model": {"kappa": 1.5}, "paths": 1, "new": []}',
    )
    assert change_in_line(before, after) is None
    assert lines(before, after) == ["~ model.kappa 1.2 -> 1.5", "+ new: []", "- old: 1"]
    assert lines('{"a": 1}', '{"a":1}') == ["  (the same content, written differently)"]


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ("a\nb\n", "a\nb", ["  a", "- b", "+ b  (without a line end)"]),
        ("a\nb\n", "a\nb \n", ["  a", "- b", '+ "b "']),
        ("one", "one\ntwo\n", ["- one  (without a line end)", "+ one", "+ two"]),
    ],
)
def test_a_difference_in_blanks_is_seen(before: str, after: str, shown: list[str]) -> None:
    assert lines(before, after) == shown


def test_another_order_is_shown_as_one() -> None:
    assert change_in_line(["spot", "ondemand"], ["ondemand", "spot"]) == "[spot, ondemand] -> [ondemand, spot]"


@law(60)
@given(st.text(alphabet="ab \n", max_size=12), st.text(alphabet="ab \n", max_size=12))
def test_texts_that_differ_never_look_equal(before: str, after: str) -> None:
    if before != after:
        assert change_in_line(before, after) is not None or any(line[0] in "+-" for line in lines(before, after))


@law(60)
@given(VALUES, VALUES)
def test_every_change_has_a_form(before: object, after: object) -> None:
    if before != after and (before is not None or after is not None):
        assert change_in_line(before, after) is not None or lines(before, after)


SECRET = "hunter2hunter2"


def test_in_json_in_a_text_what_has_the_name_of_a_secret_is_hidden() -> None:
    before, after = f'{{"db": {{"password": "{SECRET}"}}, "a": 1}}', '{"db": {"password": "other"}, "a": 2}'
    assert lines(before, after) == ["~ a 1 -> 2", "~ db.password <redacted> -> <redacted, changed>"]
