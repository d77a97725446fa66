"""What `!env` reads under the name of a secret is in no output, whichever way it takes."""

import re
from pathlib import Path

import pytest

from reconciler.problems import Exit
from tests.cli.conftest import STACK, Run, write

VALUE = "hunter22xyz"
WAYS = {
    "itself": "!env ADMIN_PASSWORD",
    "a variable": "!var pw",
    "a text": '!sub "x-${pw}"',
    "a variable of the environment's": "!var offered",
    "a variable of the stack's": "!var meant",
    "a file of values": "!var filed",
}
VARIABLES = (
    "variables: {pw: {default: !env ADMIN_PASSWORD}, offered: {type: string}, meant: {type: string}, "
    "filed: {type: string}}\n"
)
FLEET = """\
environments:
  dev:
    variables: {offered: !env ADMIN_PASSWORD}
stacks:
  risk:
    environments: [dev]
    variables: {meant: !env ADMIN_PASSWORD}
    variableFiles: [values.yaml]
"""
BESIDE = ("-o", "text=a.text", "-o", "markdown=a.markdown", "-o", "html=a.html", "-o", "json=a.json", "-o", "github")
FINDINGS = ("-o", "text=a.text", "-o", "json=a.json", "-o", "sarif=a.sarif", "-o", "junit=a.junit", "-o", "github")


@pytest.fixture
def shown(run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command, and take all that it writes for its output."""
    monkeypatch.setenv("ADMIN_PASSWORD", VALUE)
    Path("values.yaml").write_text("filed: !env ADMIN_PASSWORD\n", encoding="utf-8")
    Path("reconciler.yaml").write_text(FLEET, encoding="utf-8")
    return run


def everything() -> str:
    return "".join(file.read_text(encoding="utf-8") for file in Path().glob("a.*"))


@pytest.mark.parametrize("way", WAYS)
def test_a_secret_of_the_environment_is_in_no_output(way: str, shown: Run) -> None:
    used = STACK.replace(
        "image: busybox:1", f"image: {WAYS[way]}\n      environment: [{{name: A, value: {WAYS[way]}}}]"
    )
    write("risk", f"{used}    tags: {{a: {WAYS[way]}}}\n{VARIABLES}")
    for words in (
        ("plan", "--all", "--sandbox", *BESIDE),
        ("validate", "--all", "-vv", *FINDINGS),
        ("apply", "--all", "--sandbox", "--yes", "-vv", "--trace-calls", "--log-format", "json", *BESIDE),
        ("drift", "--all", "--sandbox", "-vv", "--trace-calls", *BESIDE),
    ):
        ran = shown(*words)
        assert ran.code in (Exit.DONE, Exit.INVALID), ran.err
        assert VALUE not in ran.out + ran.err + everything()


@pytest.mark.parametrize(
    "words", [("render",), ("render", "-o", "json"), ("plan", "--sandbox"), ("validate", "-o", "sarif")]
)
def test_a_variable_of_the_ci_is_read_if_the_command_line_allows_it_and_is_not_shown(
    words: tuple[str, ...], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE_NAME", VALUE)
    write("small", "stack: small\ntags: {a: !env AWS_PROFILE_NAME}\n")
    refused = run(*words, "small")
    assert (refused.code, "VAR021" in refused.out + refused.err) == (Exit.INVALID, True)
    allowed = run(*words, "small", "--allow-env", "AWS_*")
    assert allowed.code == Exit.DONE
    assert VALUE not in refused.out + refused.err + allowed.out + allowed.err


def test_no_other_command_shows_it_either(shown: Run) -> None:
    """Also where AWS, rules and policies repeat it: in names of roles, groups, shares and subnets."""
    role = 'executionRoleArn: !sub "arn:aws:iam::123456789012:role/${pw}"'
    used = re.sub("executionRoleArn: .*", role, STACK).replace("subnet-0a1b2c3d", "!env ADMIN_PASSWORD")
    write("risk", f"{used}tags: {{owner: !env ADMIN_PASSWORD}}\n{VARIABLES}")
    given = ("--var", "offered=1", "--var", "meant=1", "--var", "filed=1")
    for words in (
        ("render", "risk"), ("graph", "risk"), ("graph", "risk", "-o", "mermaid"), ("apply", "risk", "--sandbox", "--yes", "-v"),
        ("status", "risk", "--sandbox"), ("doctor", "risk", "--sandbox"), ("outputs", "risk", "--sandbox"),
        ("revisions", "simulate", "risk", "--sandbox"), ("drift", "risk", "--sandbox"),
    ):  # fmt: skip
        ran = shown(*words, *given)
        assert (ran.code, VALUE in ran.out + ran.err) == (Exit.DONE, False), ran.err
    refused = shown("iam-policy", "risk", "--for", "apply", "--account", "123456789012", *given)
    assert (refused.code, VALUE in refused.out + refused.err) == (Exit.REFUSED, False)


def test_a_file_of_targets_that_shows_a_secret_is_refused(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADMIN_PASSWORD", "eu-north-1")
    for member in ("region", "regions", "account", "roleArn", "profile", "variableFiles"):
        text = f"environments: {{dev: {{{member}: !env ADMIN_PASSWORD}}}}\nstacks: {{small: dev}}\n"
        Path("reconciler.yaml").write_text(text, encoding="utf-8")
        ran = run("validate", "--all")
        assert (ran.code, "VAR022" in ran.err, "eu-north" in ran.err + ran.out) == (Exit.INVALID, True, False)
