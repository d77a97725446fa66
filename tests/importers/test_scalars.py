"""Whatever a value is, the YAML says it: to our reader, to readers of YAML 1.1, and in the style of `fmt`."""

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from reconciler.fmt import format_file
from reconciler.fmt.printer import print_tree
from reconciler.importers.model import TaggedValue
from reconciler.importers.writer import PLAIN, document, is_plain
from reconciler.model import Json
from reconciler.syntax.diagnostics import Findings
from reconciler.syntax.nodes import value_of
from reconciler.syntax.parse import compose
from tests.importers.importing import LANGUAGE
from tests.laws import law

TEXTS = st.text(st.characters(exclude_categories=["Cs"])) | st.text("ab:# -?|>\n\t'\"\\{}[],&*!%@`~<=0.1", max_size=12)
KEYS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=9)
LEAVES = TEXTS | st.booleans() | st.integers(-(10**9), 10**9) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=8
)
FEW = law(60)


def written(value: Json) -> str:
    return print_tree(document({"x-free": value}, {}))


@FEW
@given(VALUES)
@example("a\n\n  b\n")
@example("#!/bin/bash\nset -e\necho ${AWS_BATCH_JOB_ARRAY_INDEX}\n")
@example("a\n#b")
@example("a \nb")
@example("\n  a\n\tb \n \n\n")
@example(["  a\nb", "a\n ", "\na\nb\n\n\n", " \n\n"])
@example("x\n---\ny\n")
@example({"<<": "a", "no": ["on", "1e3", "2027-03-31", "0o7", "12:30"]})
@example(["\x7f\x85\u2028\ufeff\x00"])
def test_a_value_is_read_as_what_it_is_and_in_style(value: Json) -> None:
    text, findings = written(value), Findings()
    root = compose("f.yaml", text, findings).root
    assert not findings.found, text
    assert root is not None
    assert value_of(root) == {"x-free": value}
    done = format_file("f.yaml", text.encode(), LANGUAGE)
    assert (done.problems, done.after.decode()) == ((), text)


@pytest.mark.parametrize("script", ["set -e \necho x\n", "\n\techo x\necho y\n\n", "  if a\n  then b", "a\n  \nb\n"])
@pytest.mark.parametrize("tag", ["", "!sub "])
def test_a_script_stays_readable(script: str, tag: str) -> None:
    value = TaggedValue(tag.strip(), script) if tag else script
    assert f"x-free: {tag}|" in written(value)


@FEW
@given(st.from_regex(PLAIN, fullmatch=True).filter(is_plain))
@pytest.mark.parametrize("around", ["a: {}\n", "a: [{}]\n", "a: {{b: {}}}\n", "- {}\n", "{}: a\n"])
def test_a_text_without_quotes_is_a_text_for_readers_of_yaml_1_1_too(around: str, text: str) -> None:
    read = yaml.safe_load(around.format(text))
    assert text in _scalars(read)


def _scalars(value: Json) -> list[Json]:
    if isinstance(value, dict):
        return [*value, *(inner for item in value.values() for inner in _scalars(item))]
    return [inner for item in value for inner in _scalars(item)] if isinstance(value, list) else [value]


@pytest.mark.parametrize(
    "text",
    ["no", "on", "Yes", "null", "~", "", "1", "0x1f", "1_000", "12:30:45", "2027-03-31", "1e3", ".5", "- a", "a: b",
     "a #b", "a:", "?", "[a", "{a", "*a", "&a", "!a", "@a", "`a", "%a", "'a", '"a', "a, b", " a", "a ", "a\nb"],
)  # fmt: skip
def test_what_a_reader_could_take_for_something_else_is_quoted(text: str) -> None:
    assert not is_plain(text)


@pytest.mark.parametrize(
    "text",
    ["busybox:1", "Ref::input", "s3://bucket/key", "arn:aws:iam::123456789012:role/a", "-b", "--out=x", "$HOME/x",
     "subnet-0a1b2c3d", "m5.large", "$Latest", "a b", "90%", "python3", "/usr/bin/env", "nofile"],
)  # fmt: skip
def test_what_is_common_in_stacks_needs_no_quotes(text: str) -> None:
    assert is_plain(text)
