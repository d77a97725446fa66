"""Workflow commands: one line each, whatever is in them."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.problems import InvalidStack, Problem, Where
from reconciler.redact.presented import present, present_stopped
from reconciler.report.ci import github_commands
from reconciler.report.results import ApplyResult, Item, Planned, drift_of
from tests.report.findings import CLEAN, FAILED, FOUND, validation
from tests.report.samples import EVERYTHING, NOTHING

HERE = os.path.realpath(".")
ITEMS: dict[str, list[Item]] = {
    "findings": [FOUND, CLEAN, FAILED],
    "plan": [Planned(present(EVERYTHING))],
    "drift": [drift_of(present(EVERYTHING))],
}


def about(problem: Problem) -> str:
    return github_commands([validation((problem,))], HERE)


@pytest.mark.parametrize("name", ITEMS)
def test_commands_read_as_their_golden_file(name: str, golden: Callable[[str, str], None]) -> None:
    golden(f"github-{name}.txt", github_commands(ITEMS[name], HERE))


@pytest.mark.parametrize("name", ITEMS)
def test_every_line_is_a_command_and_only_data_has_colons(name: str) -> None:
    command = re.compile(r"::(error|warning|notice) (\w+=[^:,\r\n]+(,\w+=[^:,\r\n]+)*)::[^\r\n]+")
    assert [line for line in github_commands(ITEMS[name], HERE).splitlines() if not command.fullmatch(line)] == []


def test_data_and_properties_are_escaped_as_the_runner_reads_them() -> None:
    assert about(Problem("A1", "100%\r\nno: a, b", Where("a,b:c%.yaml", 3, 5), "do")) == (
        "::error file=a%2Cb%3Ac%25.yaml,line=3,col=5,title=A1::100%25%0D%0Ano: a, b%0Ahint: do\n"
    )


def test_a_file_as_a_whole_has_no_line() -> None:
    assert about(Problem("A1", "wrong", Where("a.yaml"))) == "::error file=a.yaml,title=A1::wrong\n"


def test_files_are_told_from_the_root_of_the_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "infra").mkdir()
    monkeypatch.chdir(tmp_path / "infra")
    found = validation((Problem("A1", "wrong", Where("prod/stack.yaml", 3, 1)),))
    assert github_commands([found], os.path.realpath(tmp_path)).split(",")[0] == ("::error file=infra/prod/stack.yaml")


def test_a_plan_of_an_invalid_stack_is_its_problems() -> None:
    stopped = InvalidStack((Problem("A1", "wrong", Where("a.yaml", 3, 5)),))
    assert github_commands([present_stopped(stopped)], HERE) == (
        "::error file=a.yaml,line=3,col=5,title=A1::wrong\n::error title=reconciler::1 problem found\n"
    )


def test_a_plan_without_changes_is_a_notice_alone() -> None:
    assert github_commands([Planned(present(NOTHING))], HERE) == (
        "::notice title=risk::No changes. 5 resources are as declared.\n"
    )


def test_what_github_does_not_show_is_said_to_be_there() -> None:
    def last(count: int) -> str:
        problems = tuple(Problem("A1", "wrong", Where("a.yaml", line)) for line in range(1, count + 1))
        return github_commands([validation(problems)], HERE).splitlines()[-1]

    assert last(10) == "::error file=a.yaml,line=10,title=A1::wrong"
    assert last(11) == "GitHub shows 10 of 11 errors at their lines; the text format lists all places."


def test_what_was_applied_is_no_annotation() -> None:
    assert github_commands([ApplyResult(present(EVERYTHING))], HERE) == ""
