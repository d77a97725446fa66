"""docs/schedules.md shows what is printed."""

import re
import shlex
from pathlib import Path

import pytest

from tests.cli.conftest import Run

PAGE = (Path(__file__).parents[2] / "docs" / "schedules.md").read_text(encoding="utf-8")
SHOWN = [
    (shlex.split(command)[1:], text)
    for console in re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
    for command, text in re.findall(r"^\$ (reconciler [^\n]*)\n(.*?)(?=^\$ |\Z)", console, re.DOTALL | re.MULTILINE)
]


@pytest.mark.parametrize(("command", "shown"), SHOWN)
def test_the_page_shows_what_is_printed(command: list[str], shown: str, run: Run) -> None:
    assert run(*command).out == shown
