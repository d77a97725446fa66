"""What the pages of docs/ show is what works."""

import re
import shlex
from pathlib import Path

import pytest

from reconciler.cli.arguments import parse
from reconciler.fleet import read_fleet
from reconciler.lookup.environment import Environment
from tests import commands_page
from tests.load.memory import MemoryFiles

FOLDER = Path(__file__).parent.parent / "docs"
PAGES = sorted(FOLDER.glob("*.md"))


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.+?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_line_is_one_that_is_taken(page: Path) -> None:
    shell = "\n".join(blocks(page, "sh"))
    lines = re.findall(r"^(?:\S*/)?reconciler (.+?)(?: &)?(?:  +#.*)?$", shell, re.MULTILINE)
    for line in lines:
        assert parse(shlex.split(line)).run


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_file_of_targets_means_what_the_page_says() -> None:
    page = FOLDER / "targets.md"
    (text,) = blocks(page, "yaml")
    stacks = {"stacks/team-*": ("stacks/team-a", "stacks/team-b")}
    files = MemoryFiles({"reconciler.yaml": text}, root=".")
    targets, problems = read_fleet(files, Environment({}), lambda pattern: stacks.get(pattern, (pattern,)))
    assert problems == ()
    names = {target.name for target in targets}
    assert {"stacks/pricing@dev", "stacks/pricing@prod/222222222222/eu-west-1", "stacks/team-b@dev"} <= names
    assert len(names) == 11


def test_the_page_of_commands_is_what_the_command_line_says() -> None:
    assert commands_page.PAGE.read_text(encoding="utf-8") == commands_page.page(), (
        "run: python -m tests.commands_page --update"
    )
