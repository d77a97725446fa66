"""The page of all commands, from the command line itself: `python -m tests.commands_page --update` writes it."""

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from reconciler.cli.commands import COMMANDS, module_of
from reconciler.cli.parser import parser_for

PAGE = Path(__file__).parents[1] / "docs" / "commands.md"
HEAD = """\
# Commands

The text of `reconciler COMMAND --help`, for all commands.

"""


def page() -> str:
    commands = parser_for().commands
    return HEAD + "\n".join(_section(name, commands[name], module_of(name).EXAMPLES) for name in COMMANDS)


def _section(name: str, parser: argparse.ArgumentParser, examples: str) -> str:
    rows = "".join(_rows(parser))
    table = f"| argument | means |\n|---|---|\n{rows}\n" if rows else ""
    return f"## {name}\n\n{_sentence(COMMANDS[name].help)}.\n\n{table}```text\n{examples.rstrip()}\n```\n"


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}"


def _rows(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from (f"| `{one.dest}` | {_cell(one.help)} |\n" for one in action._choices_actions)
        elif not isinstance(action, argparse._HelpAction):
            yield f"| {_named(action)} | {_cell(action.help)} |\n"


def _named(action: argparse.Action) -> str:
    metavar = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
    value = "" if action.nargs == 0 else "{" + ", ".join(map(str, action.choices)) + "}" if action.choices else metavar
    if not action.option_strings:
        return f"`{value}`"
    return ", ".join(
        f"`{option}{'' if value.startswith('[') else ' ' if value else ''}{value}`" for option in action.option_strings
    )


def _cell(text: str | None) -> str:
    return re.sub(r"\s+", " ", text or "").replace("%%", "%").replace("|", "\\|")


if __name__ == "__main__":
    if "--update" in sys.argv:
        PAGE.write_text(page(), encoding="utf-8")
    elif PAGE.read_text(encoding="utf-8") != page():
        sys.exit(f"{PAGE} is stale")
