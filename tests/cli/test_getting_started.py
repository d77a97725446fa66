"""docs/getting-started.md is done as it stands there: each command is run, and prints what the page shows."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.sandbox import session
from tests.cli.conftest import Run
from tests.consoles import Command, Edit, Shown, edited, is_as_shown, steps
from tests.serving import running

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "getting-started.md").read_text(encoding="utf-8")
TEMPLATE = (ROOT / "reconciler" / "templates" / "fargate" / "stack.yaml").read_text(encoding="utf-8")
STACK = Path("stacks/first/stack.yaml")
HERE, THERE = PAGE.split("\n## The same on AWS\n")
INSTALLING, FIRST = HERE.split("\n## Create a stack\n")


def followed(text: str, run: Run) -> list[str]:
    """Do what a part of the page says; return the commands."""
    done = []
    for step in steps(text):
        match step:
            case Edit():
                edited(STACK, step)
            case Shown(file=None):
                assert step.text in TEMPLATE
            case Shown(file=str(file)):
                Path(file).write_text(step.text, encoding="utf-8")
            case Command(line, code, prints):
                came, printed = typed(line, run)
                assert (line, came) == (line, code)
                assert is_as_shown(prints, printed), f"{line}\n{printed}"
                done.append(line)
    return done


def typed(line: str, run: Run) -> tuple[int, str]:
    line, _, file = line.partition(" > ")
    code, printed = ran(line, run)
    if file:
        Path(file).write_text(printed, encoding="utf-8")
    return code, "" if file else printed


def ran(line: str, run: Run) -> tuple[int, str]:
    program, *words = shlex.split(line)
    if program == "reconciler":
        done = run(*words)
        return done.code, done.out
    command = [str(Path(sys.executable).with_name(program)), *words]
    other = subprocess.run(command, capture_output=True, text=True, check=False)
    return other.returncode, other.stdout


def test_what_is_installed_is_what_the_gate_installs_and_says_its_version(run: Run) -> None:
    first, path, version = (step for step in steps(INSTALLING) if isinstance(step, Command))
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert first.line in readme.split("<!-- try -->")[1]
    assert first.line.replace("venv .venv", "venv --upgrade-deps .venv").replace(" -e ", " --no-compile -e ") in readme
    assert path.line == 'export PATH="$PWD/.venv/bin:$PATH"'
    assert typed(version.line, run) == (version.code, version.prints)


def test_a_first_stack_lives_and_goes_on_the_sandbox(run: Run) -> None:
    done = followed(FIRST, run)
    assert [line.split()[1] for line in done] == [
        "init", "validate", "validate", "plan", "apply", "plan", "plan", "apply", "sandbox", "drift", "apply", "status",
        "destroy",
    ]  # fmt: skip


def test_the_same_goes_on_aws(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    followed(FIRST, run)
    with running(session.open_sandbox(None)) as url:
        for name, value in {
            "AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x",
            "AWS_DEFAULT_REGION": "us-east-1",
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        done = followed(THERE, run)
    assert [line.split()[1] for line in done if not line.startswith("aws ")][-4:] == [
        "plan",
        "apply",
        "drift",
        "destroy",
    ]
    assert {file.name for file in Path().glob("*-policy.json")} == {"plan-policy.json", "apply-policy.json"}


def test_every_option_that_the_text_names_exists() -> None:
    told = set(re.findall(r"`(--[\w-]+)", PAGE))
    assert told <= set(re.findall(r"(--[\w-]+)", (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")))
