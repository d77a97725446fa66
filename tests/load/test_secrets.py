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
            (
                "error[VAR003]: --var pw: the secret is not of the type integer that the variable pw has\n"
                "    hint: write it like 8"
            ),
        ),
        (
            "{type: string, secret: true, enum: [alpha, beta]}",
            "error[VAR004]: --var pw: the secret is not a value that the variable pw allows",
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
        "stacks/main.yaml:3:60: error[VAR004]: the secret is not a value that the variable pw allows"
    ]
