"""What cannot be formatted without a risk stays as it is, and that is said."""

import pytest

import reconciler.fmt
from reconciler.fmt import format_file, means_the_same
from reconciler.syntax.diagnostics import Findings
from reconciler.syntax.parse import compose
from tests.fmt.formatting import LANGUAGE, done, problems


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a: [", "YML002"),
        ("a: b\na: c\n", "YML003"),
        ("a: b\n---\nc: d\n", "YML004"),
        ("a: !vra b\n", "YML005"),
        ("{a: b}: c\n", "YML006"),
        ("a: *b\n", "YML007"),
        ("a: " + "[" * 200 + "]" * 200, "YML009"),
        ("a: !var [b]\n", "YML011"),
        ("a: \x1b\n", "YML002"),
    ],
)
def test_a_broken_file_stays_and_says_what_the_loader_says(text: str, code: str) -> None:
    findings = Findings()
    compose("stack.yaml", text, findings)
    result = done(text)
    assert (result.problems, result.is_changed) == (findings.in_file_order(), False)
    assert [problem.code for problem in result.problems] == [code]


@pytest.mark.parametrize("raw", [b"a: \xff\n", b"a: b\0\n"])
def test_a_file_that_is_no_text_stays(raw: bytes) -> None:
    result = format_file("stack.yaml", raw, LANGUAGE)
    assert ([problem.code for problem in result.problems], result.after) == (["YML001"], raw)


def test_a_key_of_several_lines_is_refused_with_its_place() -> None:
    assert problems('x-a:\n  ? "b\n    c"\n  : d\n') == [
        "stack.yaml:2:5: error[FMT001]: a key that spans lines cannot be formatted\n    hint: write it on one line"
    ]
    assert problems(f"x-a:\n  ? {'b' * 1001}\n  : d\n") == [
        "stack.yaml:2:5: error[FMT001]: a key of more than 1000 characters cannot be formatted\n    hint: shorten it"
    ]


@pytest.mark.parametrize("character", ["\x85", "\u2028", "\u2029"])
def test_a_line_break_that_only_some_programs_know_is_refused_with_its_place(character: str) -> None:
    code = ord(character)
    message = f"the character U+{code:04X} ends the line in some programs and not in others"
    hint = f'write it as "\\u{code:04x}" in double quotes, or remove it'
    assert problems(f"stack: x\ntags: {{a: 'b{character}c'}}\n") == [
        f"stack.yaml:2:13: error[FMT001]: {message}\n    hint: {hint}"
    ]


@pytest.mark.parametrize("wrong", ["stack: y\n", "stack: x # no\n", "stack: [\n", "stack: 'x'\ntags: {}\n"])
def test_a_result_that_means_or_says_something_else_is_a_bug_and_not_taken(
    wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciler.fmt, "print_tree", lambda _tree: wrong)
    result = done("stack:  x\n")
    assert [str(problem).splitlines()[0] for problem in result.problems] == [
        "stack.yaml: error[FMT002]: formatting would change the meaning of this file: this is a bug in reconciler"
    ]
    assert result.is_changed is False


@pytest.mark.parametrize(
    ("before", "after", "is_same"),
    [
        ("{a: 1, b: 2}", "{b: 2, a: 1}", True),
        ("[1, 2]", "[2, 1]", False),
        ("a: 30.0", "a: 30.00", False),
        ("a: 1", 'a: "1"', False),
        ("a: true", "a: yes", False),
        ("a: !var b", "a: !env b", False),
        ("a: !var b", "a: b", False),
        ("{a: &x 1, b: *x}", "{b: &x 1, a: *x}", False),
        ("{a: &x [1], b: &y [1], c: *x}", "{a: &x [1], b: &y [1], c: *y}", False),
        ("{a: &x [1], c: *x}", "{a: &z [1], c: *z}", True),
        ("{&k a: 1, b: *k}", "{&k a: 1, b: *k}", True),
        ("{a: &x {}, b: &y {}, c: {<<: [*x, *y]}}", "{a: &x {}, b: &y {}, c: {<<: [*y, *x]}}", False),
        ("a: 1", "{a: 1, b: 2}", False),
        ("a: 1", "[a]", False),
        ("a: 1", "", False),
        ("", "# c", True),
    ],
)
def test_the_law_sees_every_difference_but_that_of_order(before: str, after: str, is_same: bool) -> None:
    one, other = (compose("f", text, Findings()).root for text in (before, after))
    assert means_the_same(one, other, {}) is is_same


def test_the_law_knows_the_words_that_are_meant_to_be_others_by_their_place() -> None:
    one, other = (compose("f", text, Findings()).root for text in ("{A: b, c: A}", "{a: b, c: A}"))
    assert means_the_same(one, other, {(0, 1): "a"}) is True
    assert means_the_same(one, other, {(0, 7): "a"}) is False
    assert means_the_same(one, other, {}) is False
