"""What "Where to add" of docs/architecture.md promises of an output format and of a command holds."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.cli import commands
from reconciler.cli.commands import COMMANDS, validate
from reconciler.cli.options import OF_FINDINGS
from reconciler.printable import harmless_text
from reconciler.problems import Exit
from reconciler.report.formats import FORMATS, Collected, Format, MadeOf
from tests import commands_page
from tests.cli.conftest import Run


def count(run: Collected) -> str:
    return f"{len(run.items)} stacks ##[error]\n"


@pytest.fixture
def _tally(monkeypatch: pytest.MonkeyPatch) -> None:
    """Add a format as a contributor would: one row, one function, and its name among those of a command."""
    row = Format(made_of=MadeOf.ITEMS, render=count, harmless=harmless_text, is_one_value=True, endings=(".tally",))
    monkeypatch.setitem(FORMATS, "tally", row)
    monkeypatch.setattr(validate, "OF_FINDINGS", (*OF_FINDINGS, "tally"))


@pytest.mark.usefixtures("_tally")
def test_a_format_that_is_added_is_offered_rendered_and_harmless(run: Run) -> None:
    assert "junit, tally;" in " ".join(run("validate", "--help").out.split())
    assert "| text, json, github, sarif, junit, tally;" in commands_page.page()
    ran = run("validate", "risk", "small", "-o", "tally", "-o", "text=a.txt")
    assert (ran.code, ran.out) == (Exit.DONE, "2 stacks ##\\[error]\n")
    assert run("validate", "risk", "small", "-o", "tally=a.tally").code == Exit.DONE
    assert Path("a.tally").read_text(encoding="utf-8") == ran.out


@pytest.mark.usefixtures("_tally")
def test_a_format_that_is_added_is_checked_as_its_row_says(run: Run) -> None:
    assert "tally and text cannot share stdout" in run("validate", "-o", "tally", "-o", "text").err
    assert "write -o tally=x.tally\n" in run("validate", "-o", "x.tally").err
    assert "there is no format 'tally' here" in run("plan", "-o", "tally").err


GREETING = """\
from reconciler.cli.options import add_output, add_stacks

EXAMPLES = "  reconciler say-hello stacks/prod\\n"


def add(parser):
    add_stacks(parser)
    add_output(parser)


def run(args, out):
    out.publish_text(f"hello {' '.join(args.stacks)}\\n", lambda: {"hello": args.stacks})
    return 0
"""


@pytest.fixture
def _greeting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Add a command as a contributor would: one file and one row."""
    (tmp_path / "say_hello.py").write_text(GREETING, encoding="utf-8")
    monkeypatch.setattr(commands, "__path__", [*commands.__path__, str(tmp_path)])
    monkeypatch.setitem(COMMANDS, "say-hello", "greet stacks")
    yield
    del sys.modules["reconciler.cli.commands.say_hello"]


@pytest.mark.usefixtures("_greeting")
def test_a_command_that_is_added_is_in_the_help_and_runs(run: Run) -> None:
    assert "say-hello greet stacks" in " ".join(run("--help").out.split())
    assert "examples:\n  reconciler say-hello stacks/prod\n" in run("say-hello", "--help").out
    assert "## say-hello\n\nGreet stacks.\n" in commands_page.page()
    assert run("say-helo").err.endswith("did you mean say-hello?\n")
    assert (run("say-hello", "a", "b").out, run("say-hello", "-o", "json").json) == ("hello a b\n", {"hello": ["."]})
