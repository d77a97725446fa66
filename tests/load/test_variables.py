"""Variables and substitution: only tagged scalars, and everything wrong at its place."""

import pytest

from reconciler.adapters.lookup.installed import read_schema
from reconciler.adapters.lookup.sources import Environment
from reconciler.kinds import KINDS
from reconciler.model import Identity, Json
from reconciler.placeholders import Unknown
from reconciler.problems import Severity
from reconciler.syntax.diagnostics import listed
from reconciler.validate import validate
from tests.load.memory import ONE_VALUE, declared, loaded, problems, spec

SOME = """\
    variables:
      text: {type: string, default: dev, enum: [dev, prod]}
      count: {type: integer, default: 012}
      share: {type: number, default: 1.50}
      flag: {type: boolean, default: true}
      names: {type: list, default: [a, b]}
      options: {type: map, default: {k: v}}
      unset: {type: string, description: Nobody sets it}
      short: 30.0
      plain: [c]
      empty:
    jobDefinitions:
      one:
        parameters: {x: %s}
    """


def value(written: str, **given: Json) -> Json:
    return declared(SOME % written, "JobDefinition", "one", **given).spec["parameters"]["x"]


def said(written: str, **given: Json) -> list[str]:
    return problems(SOME % written, **given)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("!var text", "dev"),
        ("!var count", 12),
        ("!var share", 1.5),
        ("!var flag", True),
        ("!var names", ["a", "b"]),
        ("!var options", {"k": "v"}),
        ("!var short", 30.0),
        ("!var plain", ["c"]),
        ("!var region", "us-east-1"),
        ('!sub "${text}-${count}-${share}-${flag}-${short}"', "dev-012-1.50-true-30.0"),
        ('!sub "arn:${partition}:batch:${region}:${account}:${stack}"', "arn:aws:batch:us-east-1:000000000000:risk"),
        ('!sub "${!AWS_BATCH_JOB_ARRAY_INDEX} $HOME $${text} ${!a"', "${AWS_BATCH_JOB_ARRAY_INDEX} $HOME $dev ${!a"),
        ('!sub ""', ""),
        ("!env HOME", "/root"),
        ("'${text}'", "${text}"),
        ("'!var text'", "!var text"),
    ],
)
def test_tagged_scalars_are_substituted_and_keep_their_type(written: str, expected: Json) -> None:
    result = value(written, env={"HOME": "/root"})
    assert result == expected
    assert type(result).__mro__[-2:] == type(expected).__mro__[-2:]


def test_a_map_can_be_merged() -> None:
    text = (
        "variables: {base: {default: {state: DISABLED, priority: 1}}}\njobQueues: {q: {<<: !var base, priority: 2}}\n"
    )
    assert declared(text, "JobQueue", "q").spec == {"state": "DISABLED", "priority": 2}


def test_shell_in_a_command_is_never_touched() -> None:
    body = "containerProperties: {command: [sh, -c, 'echo ${AWS_BATCH_JOB_ARRAY_INDEX} $(date) ${x:-y}']}"
    assert spec(body)["containerProperties"]["command"][2] == "echo ${AWS_BATCH_JOB_ARRAY_INDEX} $(date) ${x:-y}"


def test_the_place_of_the_stack_comes_from_the_identity() -> None:
    here = Identity("123456789012", "cn-north-1", "aws-cn")
    assert value('!sub "${account} ${region} ${partition}"', identity=here) == "123456789012 cn-north-1 aws-cn"


@pytest.mark.parametrize(
    ("region", "partition"), [("us-gov-west-1", "aws-us-gov"), ("cn-north-1", "aws-cn"), ("eu-west-1", "aws")]
)
def test_offline_the_place_of_the_stack_is_what_the_stack_says(region: str, partition: str) -> None:
    text = f"account: 012345678901\nregion: {region}\n" + "tags: {x: !sub '${account} ${region} ${partition}'}\n"
    assert loaded(text).stack.tags == {"x": f"012345678901 {region} {partition}"}


@pytest.mark.parametrize(
    ("given", "written", "expected"),
    [
        ({"text": "prod"}, "!var text", "prod"),
        ({"count": "8"}, "!var count", 8),
        ({"share": "2"}, "!var share", 2),
        ({"flag": "false"}, "!var flag", False),
        ({"names": "[x, 1]"}, "!var names", ["x", 1]),
        ({"options": '{"a": {"b": 1}}'}, "!var options", {"a": {"b": 1}}),
        ({"unset": "012"}, "!sub '${unset}'", "012"),
        ({"unset": ""}, "!var unset", ""),
        ({"short": "31.0"}, "!sub '${short}'", "31.0"),
    ],
)
def test_texts_of_the_command_line_get_the_declared_type(given: dict[str, str], written: str, expected: Json) -> None:
    assert value(written, variables=given) == expected


def test_files_of_values_are_below_the_command_line_and_the_last_one_wins() -> None:
    files = [
        ("a.yaml", b"text: prod\ncount: 1\nshare: 3\nunset: 7.0\n"),
        ("b.json", b'{"count": 2, "share": 4, "names": null}'),
        ("empty.yaml", b""),
    ]
    written = "!sub '${text} ${count} ${share} ${unset}'"
    assert value(written, variable_files=files, variables={"share": "5"}) == "prod 2 5 7.0"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (
            "!var unset",
            (
                "stacks/main.yaml:15:21: error[VAR002]: the variable unset has no value\n"
                "    hint: set it with --var unset=VALUE or --var-file, or declare a default"
            ),
        ),
        (
            "!var empty",
            (
                "stacks/main.yaml:15:21: error[VAR002]: the variable empty has no value\n"
                "    hint: set it with --var empty=VALUE or --var-file, or declare a default"
            ),
        ),
        (
            "!var tetx",
            "stacks/main.yaml:15:21: error[VAR001]: the variable tetx is not declared\n    hint: did you mean text?",
        ),
        (
            "!sub '${AWS_BATCH_JOB_ID}'",
            (
                "stacks/main.yaml:15:21: error[VAR001]: the variable AWS_BATCH_JOB_ID is not declared\n"
                "    hint: declare it under variables, or write ${!AWS_BATCH_JOB_ID} to keep the text"
            ),
        ),
        (
            "!sub 'a ${names}'",
            (
                "stacks/main.yaml:15:21: error[VAR009]: names is a list and cannot be part of a string\n"
                "    hint: use `!var names` as the whole value"
            ),
        ),
        (
            "!sub '${options}'",
            (
                "stacks/main.yaml:15:21: error[VAR009]: options is a map and cannot be part of a string\n"
                "    hint: use `!var options` as the whole value"
            ),
        ),
        (
            "!env NOPE",
            (
                "stacks/main.yaml:15:21: error[VAR010]: !env NOPE: it is not set\n"
                "    hint: set it, or use a stack variable with a default"
            ),
        ),
        (
            "!ssm /path/to/parameter",
            "stacks/main.yaml:15:21: error[VAR011]: !ssm lookups are not supported here\n    hint: use a variable",
        ),
        (
            "!cfn stack.Output",
            "stacks/main.yaml:15:21: error[VAR011]: !cfn lookups are not supported here\n    hint: use a variable",
        ),
        (
            "!var ''",
            "stacks/main.yaml:15:21: error[VAR014]: !var has no name\n    hint: write `!var name`",
        ),
    ],
)
def test_what_cannot_be_substituted_is_an_error_at_its_place(written: str, expected: str) -> None:
    assert said(written) == [expected]


def test_an_unset_variable_is_named_at_the_first_place_that_uses_it_with_the_number_of_others() -> None:
    text = """\
        variables: {image: {type: string}}
        x-shared: &shared {image: !var image}
        defaults:
          jobDefinitions: {containerProperties: {<<: *shared}}
        jobDefinitions:
          one: {parameters: {x: !var image}}
          two: {containerProperties: {<<: *shared}}
          three: {}
        """
    result = loaded(text)
    assert [(str(problem.where), problem.message) for problem in result.problems] == [
        ("stacks/main.yaml:3:27", "the variable image has no value, here and in 1 more place")
    ]


WITH_EXAMPLES = """\
    variables:
      image: {type: string, example: busybox}
      size: {type: integer, example: 8, default: 4}
      nodes: {example: [a]}
      count: {type: integer, example: 2}
    jobDefinitions: {one: {parameters: {x: %s}}}
    """


@pytest.mark.parametrize(
    ("written", "given", "expected"),
    [
        ("!var image", {}, "busybox"),
        ("!var image", {"image": "app"}, "app"),
        ("!var size", {}, 4),
        ("!var nodes", {}, ["a"]),
        ("!sub '${count}!'", {}, "2!"),
    ],
)
def test_an_example_stands_for_a_value_that_nobody_gives(written: str, given: dict[str, str], expected: Json) -> None:
    result = loaded(WITH_EXAMPLES % written, variables=given, examples=True)
    (declared_,) = result.stack.declared.values()
    assert declared_.spec["parameters"]["x"] == expected
    unset = [name for name in ("image", "nodes", "count") if name not in given]
    (told,) = result.problems
    assert (told.code, told.severity, str(told.where)) == (
        "VAR020",
        Severity.NOTE,
        f"stacks/main.yaml:{3 + 2 * (len(unset) < 3)}:3",
    )
    assert told.message == f"no value is set for {listed(unset, 'and')}: examples are used"


SECRETS = """\
    variables:
      %s
    jobDefinitions: {one: {parameters: {x: !var v}}}
    """


@pytest.mark.parametrize(
    ("variable", "sample"),
    [
        ("v: {secret: true}", "example"),
        ("v: {secret: true, enum: [a, b]}", "a"),
        ("v: {secret: true, type: integer}", 1),
        ("v: {secret: true, type: number}", 1),
        ("v: {secret: true, type: boolean}", True),
        ("v: {secret: true, type: list}", ["example"]),
        ("v: {secret: true, type: map}", {}),
        ("v: {secret: true, pattern: '^x'}", "example"),
    ],
)
def test_a_secret_without_a_value_is_unknown_and_in_the_sandbox_any_value_of_its_type(
    variable: str, sample: Json
) -> None:
    for samples in (False, True):
        result = loaded(SECRETS % variable, examples=True, samples=samples)
        (declared_,) = result.stack.declared.values()
        value = declared_.spec["parameters"]["x"]
        assert (isinstance(value, Unknown), result.secrets) == (not samples, frozenset())
        assert not samples or value == sample
        assert [problem.code for problem in result.problems] == ["VAR020"]
    assert [problem.code for problem in loaded(SECRETS % variable).problems] == ["VAR002"]


def test_an_example_of_a_secret_is_hidden_too() -> None:
    variable = "v: {secret: true, example: word}"
    assert "word" in loaded(SECRETS % variable, examples=True).secrets
    assert "given" in loaded(SECRETS % variable, examples=True, variables={"v": "given"}).secrets


@pytest.mark.parametrize(
    "default", ["!env TOKEN", "{default: !env TOKEN}", "{type: string, default: !env TOKEN, secret: true}"]
)
def test_a_default_that_is_not_set_matters_only_where_nothing_else_is_given(default: str) -> None:
    text = (
        f"variables: {{token: {default}}}\njobDefinitions: {{one: {{parameters: {{x: !var token, y: !var token}}}}}}\n"
    )
    assert [one.code for one in loaded(text).problems] == ["VAR010"]
    assert [one.code for one in loaded(text, variable_files=[("v.yaml", b"token:")]).problems] == ["VAR010"]
    for given in ({"variables": {"token": "a"}}, {"variable_files": [("v.yaml", b"token: a")]}):
        result = loaded(text, **given)
        assert result.problems == ()
        (one,) = result.stack.declared.values()
        assert one.spec["parameters"]["x"] == "a"


def test_without_leave_an_example_is_no_value() -> None:
    assert [problem.code for problem in loaded(WITH_EXAMPLES % "!var image").problems] == ["VAR002"]


@pytest.mark.parametrize(
    ("variable", "problem"),
    [
        ("{type: integer, example: x}", "VAR003: x is not of type integer (variable v)"),
        ("{enum: [a, b], example: c}", "VAR004: c is not an allowed value of the variable v"),
        ("{pattern: ^a, example: c}", "VAR005: c does not match the pattern of the variable v"),
        ("{type: integer, default: 1, example: x}", "VAR003: x is not of type integer (variable v)"),
    ],
)
def test_an_example_that_could_be_no_value_is_told_even_where_it_is_not_used(variable: str, problem: str) -> None:
    found = loaded(f"variables: {{v: {variable}}}\njobDefinitions: {{one: {{parameters: {{x: a}}}}}}\n").problems
    assert [f"{one.code}: {one.message}" for one in found] == [problem]


def test_what_cannot_be_read_leaves_a_gap_that_no_later_stage_complains_of() -> None:
    result = loaded(
        "jobDefinitions: {one: {type: kontainer, containerProperties: {image: !var image, vcpus: 1, memory: 4}}}\n"
    )
    assert [problem.code for problem in result.problems] == ["VAR001"]
    assert [problem.code for problem in validate(result.stack, read_schema(), KINDS)[1]] == ["SCH003"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            {"text": "test"},
            (
                "error[VAR004]: --var text: test is not an allowed value of the variable text\n"
                "    hint: allowed values: dev or prod"
            ),
        ),
        (
            {"count": "1.5"},
            ("error[VAR003]: --var count: 1.5 is not of type integer (variable count)\n    hint: for example 8"),
        ),
        (
            {"count": ""},
            (
                "error[VAR003]: --var count: an empty string is not of type integer (variable count)\n"
                "    hint: for example 8"
            ),
        ),
        (
            {"flag": "yes"},
            ("error[VAR003]: --var flag: yes is not of type boolean (variable flag)\n    hint: for example true"),
        ),
        (
            {"names": "[a"},
            ("error[VAR003]: --var names: [a is not of type list (variable names)\n    hint: for example [a, b]"),
        ),
        (
            {"options": "[a]"},
            (
                "error[VAR003]: --var options: a list is not of type map (variable options)\n"
                "    hint: for example {key: value}"
            ),
        ),
        (
            {"tetx": "x"},
            "error[VAR007]: --var tetx: the variable tetx is not declared\n    hint: did you mean text?",
        ),
        (
            {"zzz": "x"},
            "error[VAR007]: --var zzz: the variable zzz is not declared\n    hint: declare it under variables",
        ),
    ],
)
def test_a_value_of_the_command_line_that_does_not_fit_is_an_error(given: dict[str, str], expected: str) -> None:
    assert said("8", variables=given) == [expected]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            b"text: [x]",
            ("vars.yaml:1:7: error[VAR003]: a list is not of type string (variable text)\n    hint: for example text"),
        ),
        (
            b"\nother: x",
            "vars.yaml:2:1: error[VAR007]: the variable other is not declared\n    hint: declare it under variables",
        ),
        (
            b"- x",
            "vars.yaml:1:1: error[VAR013]: a variable file must be a mapping\n    hint: write `variable: value`",
        ),
        (
            b"text: !include x.txt",
            "vars.yaml:1:7: error[VAR008]: !include cannot be used in a variable file\n    hint: write the values in the file",
        ),
        (
            b"text: !var count",
            (
                "vars.yaml:1:7: error[VAR008]: !var cannot be used inside variables\n"
                "    hint: variables cannot depend on each other; use !env or !include"
            ),
        ),
        (
            b"text: [",
            "vars.yaml:2:1: error[YML002]: did not find expected node content\n    hint: check the lines around it",
        ),
    ],
)
def test_a_file_of_values_that_does_not_fit_is_an_error_at_its_place(content: bytes, expected: str) -> None:
    assert said("!var text" if b"!var" in content else "8", variable_files=[("vars.yaml", content)]) == [expected]


@pytest.mark.parametrize(
    ("declaration", "expected"),
    [
        (
            "image: {type: strnig}",
            "2:27: error[VAR006]: strnig is not a variable type\n    hint: did you mean string?",
        ),
        (
            "image: {typ: string}",
            "2:21: error[VAR006]: typ is not a field of a variable\n    hint: did you mean type?",
        ),
        (
            "image: {type: integer, default: x}",
            "2:45: error[VAR003]: x is not of type integer (variable image)\n    hint: for example 8",
        ),
        (
            "image: {default: x, enum: dev}",
            "2:39: error[VAR006]: enum must be a list of values\n    hint: write `enum: [dev, prod]`",
        ),
        (
            "image: {default: x, pattern: '['}",
            (
                "2:42: error[VAR006]: the pattern is not a regular expression: unterminated character set at position 0\n"
                "    hint: put it in single quotes, and use RE2 syntax"
            ),
        ),
        (
            "image: {default: x, pattern: '^[0-9]+$'}",
            (
                "2:30: error[VAR005]: x does not match the pattern of the variable image\n"
                "    hint: the pattern is ^[0-9]+$"
            ),
        ),
        (
            "image: {default: x, secret: maybe}",
            "2:41: error[VAR006]: secret must be true or false\n    hint: write `secret: true`",
        ),
        (
            "image: {default: x, type: [string]}",
            "2:39: error[STK005]: type must be a string, not a list" + ONE_VALUE,
        ),
        (
            "account: x",
            "2:13: error[VAR006]: account is reserved\n    hint: choose a different name, of letters, digits and _",
        ),
        (
            "'a b': x",
            "2:13: error[VAR006]: a b is not a valid variable name\n    hint: choose a different name, of letters, digits and _",
        ),
        (
            "image: !var other",
            (
                "2:20: error[VAR008]: !var cannot be used inside variables\n"
                "    hint: variables cannot depend on each other; use !env or !include"
            ),
        ),
        (
            "image: {default: !sub 'x'}",
            None,
        ),
        (
            "image: {default: !sub '${x}'}",
            (
                "2:30: error[VAR008]: !sub cannot be used inside variables\n"
                "    hint: variables cannot depend on each other; use !env or !include"
            ),
        ),
    ],
)
def test_a_declaration_that_cannot_be_understood_is_an_error_and_its_uses_are_not(
    declaration: str, expected: str | None
) -> None:
    text = f"variables: {{{declaration}}}\njobDefinitions: {{one: {{parameters: {{x: !var image}}}}}}\n"
    uses_nothing = text if declaration.startswith("image") else text.replace("!var image", "x")
    assert problems(uses_nothing) == ([f"stacks/main.yaml:{expected}"] if expected else [])


def test_a_variable_of_two_files_names_both_places() -> None:
    files = {"a.yaml": "stack: x\nvariables: {image: a}\n", "b.yaml": "variables: {image: a}\n"}
    assert problems(files) == [
        (
            "stacks/b.yaml:1:13: error[VAR012]: the variable image is declared twice; first at stacks/a.yaml:2:13\n"
            "    hint: remove one of them"
        )
    ]


def test_the_type_of_a_variable_is_accepted_in_any_case() -> None:
    assert loaded("variables: {n: {type: INTEGER, default: 1}}\ntags: {n: !var n}\n").stack.tags == {"n": "1"}


def test_defaults_can_come_from_the_environment_and_from_files() -> None:
    files = {
        "main.yaml": "stack: x\nvariables: {a: {default: !env HOME}, b: !include b.txt}\ntags: {t: !sub '${a} ${b}'}\n",
        "b.txt": "seen\n",
    }
    assert loaded(files, env={"HOME": "/root"}).stack.tags == {"t": "/root seen"}


def test_the_texts_of_secret_variables_are_handed_out() -> None:
    text = """\
        variables:
          token: {default: hush, secret: true}
          keys: {default: [1.50, {a: silence, b: true, c: '', d: null}], secret: true}
          open: {default: loud}
          none: {type: string, secret: true}
        """
    assert loaded(text).secrets == {"hush", "1.50", "1.5", "silence"}


def test_every_look_up_is_made_once() -> None:
    asked = []

    class Asked(Environment):
        def find(self, tag: str, argument: str) -> str | None:
            asked.append(argument)
            return "x"

    from reconciler.load import load
    from tests.load.memory import MemoryFiles

    text = "stack: !env A\ntags: {a: !env A, b: !env B}\njobDefinitions: {one: {parameters: {a: !env A}}}\n"
    assert load(MemoryFiles({"main.yaml": text}), Asked({})).name == "x"
    assert sorted(asked) == ["A", "B"]
