"""What the pages of docs/ show is what works."""

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.adapters.lookup.sources import Environment
from reconciler.cli.parser import parse
from reconciler.fleet import read_fleet
from tests import commands_page
from tests.consoles import Command, steps
from tests.load.memory import MemoryFiles

FOLDER = Path(__file__).parent.parent / "docs"
PAGES = sorted(FOLDER.glob("*.md"))
PROSE = [
    *(page for page in PAGES if page.name != "commands.md"),
    *(FOLDER.parent / f"{name}.md" for name in ("README", "CHANGELOG", "CONTRIBUTING", "SECURITY")),
]
"""The pages that are written by hand: the page of commands is generated from the help."""
UNIDIOMATIC = re.compile(
    r"\b(?:tells?|told|(?:no|some|any)body|whoever|members?|another|for ever|complaints?)\b", re.IGNORECASE
)
"""Words for which the field has a term: show or report, a condition, field, different, forever, problem."""

SOURCES = FOLDER.parent / "reconciler"
QUOTES = ("Refusal", "documented", "inferred", "measured", "refuse_if")
"""Functions whose texts are AWS's, or those of the simulated AWS."""
ROOMS = sorted(room.name for room in SOURCES.iterdir() if list(room.glob("*.py")))
SAID = re.compile(
    rf"{UNIDIOMATIC.pattern}|\b(?:anew|as it is|(?<!there )is no(?! longer)|leave \w+ out|lets? go|look-ups?|once more|stands?(?!-)|wrong usage)\b",
    re.IGNORECASE,
)
"""In messages, also what reads as a translation: "is no JSON" for "is not JSON"."""


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.+?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """Return what GitHub makes of the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_line_is_one_that_is_taken(page: Path) -> None:
    typed = [step.line for step in steps(page.read_text(encoding="utf-8")) if isinstance(step, Command)]
    shell = "\n".join([*blocks(page, "sh"), *(line.split(" > ")[0] for line in typed)])
    lines = re.findall(r"^(?:\S*/)?reconciler (?!--version)(.+?)(?: &)?(?:  +#.*)?$", shell, re.MULTILINE)
    for line in lines:
        assert parse(shlex.split(line)).run


def texts(source: Path) -> Iterator[tuple[int, str]]:
    """Yield the texts of a module that a user may read: strings of several words, but for docstrings and code in them."""
    tree = ast.parse(source.read_text(encoding="utf-8"))
    quotes = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) in QUOTES]
    apart = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    apart |= {inner for quote in quotes for inner in ast.walk(quote) if isinstance(inner, ast.Constant)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in apart:
            text = re.sub(r"`[^`]*`|\{[^}]*\}|\.\w+", "", node.value)
            if " " in text.strip():
                yield node.lineno, text


@pytest.mark.parametrize("room", ROOMS)
def test_messages_use_the_terms_of_the_field(room: str) -> None:
    found = [(source, *text) for source in sorted((SOURCES / room).rglob("*.py")) for text in texts(source)]
    assert [(str(source), line, SAID.findall(text)) for source, line, text in found if SAID.search(text)] == []


@pytest.mark.parametrize("page", PROSE, ids=lambda page: page.name)
def test_a_page_uses_the_terms_of_the_field(page: Path) -> None:
    text = re.sub(r"```.+?```|`[^`]*`|\[test_\w+\]", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert UNIDIOMATIC.findall(text) == []


@pytest.mark.parametrize("page", sorted({*PAGES, *PROSE}), ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https:)([^)#]*)(?:#([^)]+))?\)", page.read_text(encoding="utf-8"))
    assert [link for link, _ in links if not (page.parent / link).exists()] == []
    assert [(link, at) for link, at in links if at and at not in anchors(page.parent / link if link else page)] == []


def test_the_file_of_targets_means_what_the_page_says() -> None:
    page = FOLDER / "deployments.md"
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
