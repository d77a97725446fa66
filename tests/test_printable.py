"""What is printed steers neither a terminal nor a runner of a CI service, and says the same."""

import io
import json
import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from reconciler.model import Json
from reconciler.printable import (
    harmless_json,
    harmless_line,
    harmless_markup,
    harmless_quoted,
    harmless_text,
    is_obeyed,
    one_line,
    visible,
)
from reconciler.report.text.page import Page, one_line_of, plain_text
from reconciler.report.text.values import inline, yaml_text
from tests.hostile import PIECES, steering

HOSTILE = st.lists(st.sampled_from(PIECES), max_size=6).map("".join)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb ü", "a\nb ü"),
        ("\x1b[31m\x07", "\\x1b[31m\\x07"),
        ("\u202e\ud800\ufffe\t\r", "\\u202e\\ud800\\ufffe\\t\\r"),
    ],
)
def test_what_cannot_be_seen_is_shown(text: str, shown: str) -> None:
    assert visible(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("##[add-mask]x", "##\\[add-mask]x"),
        ("a ##vso[task.setvariable]x", "a ##vso\\[task.setvariable]x"),
        ("##teamcity[x]", "##teamcity\\[x]"),
        ("::error::x", "\\::error::x"),
        ("a\n   ::error::x", "a\n   \\::error::x"),
        ("a\r\n\t::error::x", "a\\r\n\\t::error::x"),
        ("arn:aws:iam::123456789012:role/x", "arn:aws:iam::123456789012:role/x"),
        ("## [x]", "## [x]"),
    ],
)
def test_a_command_of_a_runner_is_broken(text: str, shown: str) -> None:
    assert harmless_text(text) == shown


@given(HOSTILE)
def test_no_text_is_obeyed(text: str) -> None:
    for made in (harmless_text(text), harmless_markup(text), harmless_text(harmless_line(text))):
        assert steering(made) == ""
        assert not is_obeyed(made)
    assert "\n" not in one_line(text) + harmless_line(text)
    assert harmless_text(harmless_text(text)) == harmless_text(text)


@given(st.recursive(HOSTILE, lambda inner: st.lists(inner) | st.dictionaries(HOSTILE, inner), max_leaves=5))
def test_json_and_yaml_keep_their_meaning(value: Json) -> None:
    made = harmless_json(json.dumps(value, ensure_ascii=False, indent=2))
    assert (steering(made), json.loads(made)) == ("", value)
    if not re.search("[\ud800-\udfff]", str(value)):  # no YAML can hold it, nor any XML
        document = {"x": value}
        assert steering(yaml_text(document)) == ""
        assert YAML(typ="safe").load(yaml_text(document)) == document


@given(HOSTILE)
def test_a_text_in_quotes_keeps_its_meaning(text: str) -> None:
    made = harmless_quoted(json.dumps(text, ensure_ascii=False))
    assert steering(made) == ""
    if not re.search("[\ud800-\udfff]", text):
        assert YAML(typ="safe").load(made) == text
        shown = visible(text)
        element = ET.fromstring(harmless_markup(f"<a>{shown.replace('&', '&amp;').replace('<', '&lt;')}</a>"))
        assert element.text == (shown or None)


@given(HOSTILE, HOSTILE, st.integers(min_value=1, max_value=60))
def test_no_line_of_a_page_is_obeyed_however_it_is_folded(first: str, second: str, width: int) -> None:
    page = Page(width)
    page.line((first, "red"), second, indent=3)
    page.line("x" * width, " ", first)
    page.whole(first, (second, "bold"))
    assert steering(page.plain) == ""
    assert page.plain.count("\n") == len(page.lines)


@given(HOSTILE)
def test_a_styled_line_keeps_its_text_and_its_style(text: str) -> None:
    made = one_line_of(text, ("y", "red"))
    assert plain_text(made) == harmless_text(one_line(f"{text}y"))
    assert [part for part, style in made if style == "red"] == ["y"]


@given(HOSTILE, HOSTILE)
def test_two_values_that_differ_are_shown_differently(one: str, other: str) -> None:
    assert (inline(one) == inline(other)) == (one == other)
    assert inline(one).isprintable()


def test_what_nothing_obeys_stays_as_it_is() -> None:
    for text in ("", "a b", "arn:aws:iam::1:role/x", "# [x]", "日本 é 🚀"):
        assert {harmless_text(text), harmless_markup(text), harmless_json(text), harmless_quoted(text)} == {text}
    stream = io.StringIO(yaml_text({"a": ["x: y", "é", "b\nc"], "::b": 1}))
    assert stream.getvalue().startswith("a:\n  - 'x: y'\n  - é\n")
