"""YAML is read strictly, and what is wrong with it is said in a way that helps."""

import pytest

from reconciler.syntax.diagnostics import Findings
from reconciler.syntax.parse import compose
from tests.load.memory import STACK, loaded, problems, spec


def test_a_duplicate_key_is_named_with_both_places() -> None:
    text = """\
        jobDefinitions:
          one:
            type: container
            timeout: {}
            type: multinode
        """
    assert problems(text) == [
        (
            "stacks/main.yaml:6:5: error[YML003]: type is written twice in one mapping; first at stacks/main.yaml:4:5\n"
            "    hint: remove one of them"
        )
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a:\n\t- b", "f:2:1: error[YML002]: YAML cannot be indented with tabs\n    hint: indent with spaces"),
        ("a: 1\n\tb: 2", "f:2:1: error[YML002]: YAML cannot be indented with tabs\n    hint: indent with spaces"),
        (
            "a: b: c",
            (
                "f:1:5: error[YML002]: a `:` is where no key is allowed\n"
                "    hint: put the string in quotes, or check the indentation"
            ),
        ),
        (
            "a: [1, 2\nb: 3",
            (
                "f:2:2: error[YML002]: the list in brackets that opens at 1:4 is not continued or closed here\n"
                "    hint: check its commas and its `]`"
            ),
        ),
        (
            "a: {b: 1",
            (
                "f:2:1: error[YML002]: the mapping in braces that opens at 1:4 is not continued or closed here\n"
                "    hint: check its commas and its `}`"
            ),
        ),
        (
            'a: "x\nb: c\n',
            (
                "f:1:4: error[YML002]: a quote is not closed\n"
                "    hint: close it; inside single quotes, double a quote: ''"
            ),
        ),
        ("a: @x", "f:1:4: error[YML002]: a value cannot begin with @\n    hint: put the string in quotes"),
        ("a: b\nc\n", "f:2:1: error[YML002]: a key has no `:`\n    hint: write `key: value`, with a space"),
        (
            "a:\n  b: 1\n c: 2",
            (
                "f:3:2: error[YML002]: this does not continue the mapping above it\n"
                "    hint: give the keys of a mapping the same indentation; check for a stray quote"
            ),
        ),
        (
            "- a\nb: c",
            (
                "f:2:1: error[YML002]: a list continues with something other than a `- ` item\n"
                "    hint: give the keys of a mapping the same indentation"
            ),
        ),
        (
            "a: - b",
            "f:1:4: error[YML002]: a `- ` is where no list can begin\n    hint: begin the list on the next line",
        ),
        (
            'a: "\\q"',
            "f:1:5: error[YML002]: a backslash in double quotes is not followed by a known escape\n    hint: use single quotes",
        ),
        (
            "a: !x!y z",
            "f:1:4: error[YML002]: a tag uses an undeclared handle\n    hint: tags have one `!`",
        ),
        ("%foo", "f:1:5: error[YML002]: found unknown directive name\n    hint: check the lines around it"),
        (
            "a: 1\nb: x\x01",
            (
                "f:2:5: error[YML002]: the text contains the control character U+0001\n"
                "    hint: remove it, or write it as an escape in double quotes"
            ),
        ),
        (
            "a: 1\n---\nb: 2",
            "f:2:1: error[YML004]: a second YAML document begins here\n    hint: move each document to its own file",
        ),
        (
            "a: !Ref b",
            (
                "f:1:4: error[YML005]: !Ref is not a supported tag\n"
                "    hint: it is a CloudFormation tag: refer to a resource by its name, and use !var, !sub or !cfn "
                "for values"
            ),
        ),
        (
            "a: !color b",
            (
                "f:1:4: error[YML005]: !color is not a supported tag\n"
                "    hint: valid tags are !var, !env, !sub, !include, !ssm, !cfn, !secret and !tfstate"
            ),
        ),
        (
            "a: !vra b",
            "f:1:4: error[YML005]: !vra is not a supported tag\n    hint: did you mean !var?",
        ),
        (
            "a: !!set {b}",
            ("f:1:4: error[YML005]: !!set is not a supported tag\n    hint: did you mean !secret?"),
        ),
        (
            "a: !var [b]",
            "f:1:4: error[YML011]: !var requires a string, not a list or mapping\n    hint: write `!var text`",
        ),
        (
            "!var a: b",
            "f:1:1: error[YML006]: !var cannot be a key: only values are substituted\n    hint: write the key without a tag",
        ),
        (
            "a: {{ image }}",
            "f:1:5: error[YML006]: a key must be a plain string\n    hint: quote a value that begins with {, [ or *",
        ),
        (
            "a: *b",
            (
                "f:1:4: error[YML007]: *b has no anchor &b above it in this file\n"
                "    hint: quote a string that begins with *"
            ),
        ),
        (
            "a: &network 1\nb: *netwrok",
            (
                "f:2:4: error[YML007]: *netwrok has no anchor &netwrok above it in this file\n"
                "    hint: did you mean *network?"
            ),
        ),
        (
            "a: &b {c: *b}",
            "f:1:11: error[YML007]: *b is inside its own anchor\n    hint: it would contain itself endlessly",
        ),
        (
            "a: " + "[" * 200 + "]" * 200,
            (
                "f:1:103: error[YML009]: this is nested deeper than 100 levels\n"
                "    hint: AWS Batch requests are less deep"
            ),
        ),
    ],
)
def test_broken_yaml_is_one_problem_with_its_place_and_a_remedy(text: str, expected: str) -> None:
    findings = Findings()
    compose("f", text, findings)
    assert [str(problem) for problem in findings.in_file_order()] == [expected]


def test_a_merge_key_must_name_mappings() -> None:
    assert problems("x-a: &a text\njobDefinitions: {one: {<<: *a}}\n") == [
        (
            "stacks/main.yaml:3:28: error[YML008]: << does not refer to a mapping\n"
            "    hint: use *anchor, a list of anchors, or a mapping"
        )
    ]


def test_a_binary_file_is_refused() -> None:
    assert problems({"main.yaml": STACK, "image.yaml": b"\x89PNG\r\n\x00\x1a"}) == [
        (
            "stacks/image.yaml:1:1: error[YML001]: this is not UTF-8 text (byte 0x89)\n"
            "    hint: save it as UTF-8 text, or move it out of the stack's folder"
        )
    ]


def test_a_file_with_null_bytes_is_refused() -> None:
    assert problems({"main.yaml": STACK, "image.yaml": b"a\x00b"}) == [
        (
            "stacks/image.yaml: error[YML001]: this is a binary file\n"
            "    hint: save it as UTF-8 text, or move it out of the stack's folder"
        )
    ]


def test_another_encoding_is_named_at_its_line() -> None:
    assert problems({"main.yaml": b"stack: risk\ntags: {team: caf\xe9}\n"}) == [
        (
            "stacks/main.yaml:2:1: error[YML001]: this is not UTF-8 text (byte 0xe9)\n"
            "    hint: save it as UTF-8 text, or move it out of the stack's folder"
        )
    ]


def test_a_byte_order_mark_is_tolerated() -> None:
    assert loaded({"main.yaml": b"\xef\xbb\xbfstack: risk\n"}).stack.name == "risk"


def test_a_broken_file_does_not_make_others_look_incomplete() -> None:
    files = {"a.yaml": "stack: [", "b.yaml": "jobDefinitions: {one: {type: !var type}}\n"}
    assert problems(files) == [
        "stacks/a.yaml:2:1: error[YML002]: did not find expected node content\n    hint: check the lines around it"
    ]


def test_anchors_aliases_and_merge_keys_work_as_in_yaml() -> None:
    body = """\
        containerProperties: &base
          image: busybox
          vcpus: 1
        nodeProperties:
          first: *base
          second: {<<: *base, vcpus: 2}
          third: {<<: [{vcpus: 3}, *base]}
        """
    assert spec(body)["nodeProperties"] == {
        "first": {"image": "busybox", "vcpus": 1},
        "second": {"image": "busybox", "vcpus": 2},
        "third": {"image": "busybox", "vcpus": 3},
    }


def test_a_quoted_merge_key_is_a_key_like_any_other() -> None:
    assert spec("parameters: {'<<': x}") == {"parameters": {"<<": "x"}}


def test_a_key_can_be_anchored_and_a_number_or_a_word() -> None:
    body = "parameters: {&name on: 1, 012: 2, 2024-01-01: 3, true: *name}"
    assert spec(body) == {"parameters": {"on": 1, "012": 2, "2024-01-01": 3, "true": "on"}}


def test_a_billion_laughs_are_refused() -> None:
    lines = ["x-a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    lines += [f"x-a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    text = "\n".join([*lines, "jobDefinitions: {one: {parameters: *a8}}\n"])
    (problem,) = loaded(text).problems
    assert (problem.code, problem.message) == (
        "YML009",
        "aliases, includes and variables expand to more than 30,400 values",
    )


def test_merges_of_merges_do_not_multiply() -> None:
    lines = ["x-a0: &a0 {k: v}"]
    lines += [f"x-a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}], k{n}: v}}" for n in range(1, 60)]
    text = "\n".join([*lines, "jobDefinitions: {one: {parameters: {<<: *a59}}}\n"])
    (one,) = loaded(text).stack.declared.values()
    assert len(one.spec["parameters"]) == 60


def test_merges_of_merges_end_somewhere() -> None:
    lines = ["x-a0: &a0 {k: v}"]
    lines += [f"x-a{n}: &a{n} {{<<: *a{n - 1}}}" for n in range(1, 500)]
    text = "\n".join([*lines, "jobDefinitions: {one: {parameters: {<<: *a499}}}\n"])
    assert [problem.message for problem in loaded(text).problems] == ["this is nested deeper than 100 levels"]
