"""A secret that does not fit is refused without being told."""

import pytest

from tests.load.memory import problems


def said(declared: str, **given: str) -> list[str]:
    return problems(f"variables:\n  pw: {declared}\n", variables=given)


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        (
            "{type: integer, secret: true}",
            ("error[VAR003]: --var pw: the secret is not of type integer (variable pw)\n    hint: for example 8"),
        ),
        (
            "{type: string, secret: true, enum: [alpha, beta]}",
            "error[VAR004]: --var pw: the secret is not an allowed value of the variable pw",
        ),
        (
            "{type: string, secret: true, pattern: '^[0-9]+$'}",
            (
                "error[VAR005]: --var pw: the secret does not match the pattern of the variable pw\n"
                "    hint: the pattern is ^[0-9]+$"
            ),
        ),
    ],
)
def test_a_secret_of_the_command_line_that_does_not_fit_is_not_repeated(declared: str, expected: str) -> None:
    assert said(declared, pw="hunter2") == [expected]


def test_a_default_that_does_not_fit_is_not_repeated_either() -> None:
    assert said("{type: string, secret: true, enum: [alpha], default: hunter2}") == [
        "stacks/main.yaml:3:60: error[VAR004]: the secret is not an allowed value of the variable pw"
    ]


ENV = {"DB_PASSWORD": "hunter2"}
BODY = "jobDefinitions:\n  one:\n    type: container\n    "
SHOWN = {
    "stack": "stack: {}\n",
    "account": "stack: s\naccount: {}\n",
    "region": "stack: s\nregion: {}\n",
    "namePrefix": "stack: s\nnamePrefix: {}\n",
    "lock.s3": "stack: s\nlock: {{s3: {}}}\n",
    "lock.dynamodb": "stack: s\nlock: {{dynamodb: {}}}\n",
    "the reason to disable SP002": "stack: s\nrules: {{disable: {{SP002: {}}}}}\n",
    "jobQueueName": "jobQueues: {{q: {{priority: 1, jobQueueName: {}}}}}\n",
    "lifecycle.renamedFrom": f"stack: s\n{BODY}lifecycle: {{{{renamedFrom: {{}}}}}}\n",
    "lifecycle.ignoreChanges": f"stack: s\n{BODY}lifecycle: {{{{ignoreChanges: [{{}}]}}}}\n",
    "type": "stack: s\nvariables: {{a: {{type: {}}}}}\n",
    "pattern": "stack: s\nvariables: {{a: {{pattern: {}}}}}\n",
}
WAYS = {
    "itself": "!env DB_PASSWORD",
    "through a variable": "!var pw",
    "inside of a text": '!sub "a-${pw}"',
}


@pytest.mark.parametrize(
    ("what", "way"),
    [(what, way) for what in SHOWN for way in WAYS if way == "itself" or "variables" not in SHOWN[what]],
)  # no variable can depend on another one
def test_a_secret_is_refused_where_every_output_shows_it(what: str, way: str) -> None:
    variables = "stack: s\nvariables: {pw: {default: !env DB_PASSWORD}}\n"
    told = problems({"main.yaml": SHOWN[what].format(WAYS[way]), "variables.yaml": variables}, env=ENV)
    assert [one.split("error[")[1].splitlines()[0] for one in told if "VAR022" in one] == [
        f"VAR022]: {what} is a secret, but every output shows it"
    ]
    assert not any("hunter2" in one for one in told)


@pytest.mark.parametrize("declared", ["{enum: [a, b]}", "{pattern: '^[0-9]$'}", "{type: integer}", "{type: list}"])
def test_a_secret_variable_of_the_environment_that_does_not_fit_is_not_repeated(declared: str) -> None:
    text = f"variables: {{pw: {declared[:-1]}, default: !env DB_PASSWORD}}}}\n"
    (told,) = problems(text, env=ENV)
    assert "a secret" in told
    assert "hunter2" not in told


def test_a_value_that_may_be_used_is_not_repeated_either() -> None:
    (told,) = problems("variables: {a: {enum: [!env DB_PASSWORD], default: x}}\n", env=ENV)
    assert "hunter2" not in told


def test_a_variable_of_the_ci_is_refused_at_its_place() -> None:
    assert problems("tags: {a: !env GITHUB_TOKEN}\n", env={"GITHUB_TOKEN": "x"}) == [
        (
            "stacks/main.yaml:2:11: error[VAR021]: !env GITHUB_TOKEN: this variable is reserved for AWS or CI credentials, "
            "and plans show the values they read\n"
            "    hint: use a stack variable, or allow it with --allow-env GITHUB_TOKEN"
        )
    ]
