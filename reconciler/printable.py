"""Text that nothing obeys when it is printed: no terminal, no reader of a log, no runner of a CI service.

Names, tags, places and AWS's reasons come from outside, and any of them may hold what steers the place where it ends.
A runner looks for commands in all that a step prints: `##[command]` (GitHub, Azure), `##vso[command]` (Azure) and
`##teamcity[command]` anywhere in a line, `::command::` behind the blanks at the beginning of one (GitHub).

https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs
https://learn.microsoft.com/en-us/azure/devops/pipelines/scripts/logging-commands
https://www.jetbrains.com/help/teamcity/service-messages.html
"""

import json
import re
from collections.abc import Callable, Iterator

_IN_LINE = re.compile(r"(##\w*)\[")
_AT_BEGIN = re.compile(r"^( *)::", re.MULTILINE)
LINE_END = "\n"


def visible(text: str) -> str:
    """Return the text with what cannot be printed, save for ends of lines, as an escape: none of it may be lost."""
    return _escaped(text, lambda char: char.encode("unicode_escape").decode("ascii"))


def one_line(text: str) -> str:
    """Return the text as what can be part of a line."""
    return visible(text).replace(LINE_END, "\\n")


def is_obeyed(text: str) -> bool:
    """Whether something in the text would steer a terminal or a runner."""
    return visible(text) != text or _IN_LINE.search(text) is not None or _AT_BEGIN.search(text) is not None


def harmless_text(text: str) -> str:
    """Return lines that nothing obeys: commands are broken by a backslash."""
    return _broken(visible(text), "\\[", "\\:")


def harmless_line(text: str) -> str:
    """Return the text as what can be part of a line in which nothing is obeyed but what stands in front of it."""
    return _IN_LINE.sub(r"\1\\[", one_line(text))


def harmless_markup(text: str) -> str:
    """Return XML or HTML that nothing obeys, with the same meaning."""
    return _broken(visible(text), "&#91;", "&#58;")


def harmless_json(text: str) -> str:
    """Return JSON that nothing obeys, with the same meaning."""
    return _IN_LINE.sub(r"\1\\u005b", _escaped(text, lambda char: json.dumps(char)[1:-1]))


def harmless_quoted(text: str) -> str:
    """Return a text in the double quotes of YAML that nothing obeys, with the same meaning."""
    return _IN_LINE.sub(r"\1\\x5b", _escaped(text, _yaml_escape))


def breaks(line: str) -> Iterator[int]:
    """Yield where a backslash has to stand in a line of printable text so that nothing obeys it."""
    if begin := _AT_BEGIN.match(line):
        yield begin.end(1)
    yield from (found.end(1) for found in _IN_LINE.finditer(line))


def _broken(text: str, bracket: str, colon: str) -> str:
    return _IN_LINE.sub(lambda found: found[1] + bracket, _AT_BEGIN.sub(lambda found: f"{found[1]}{colon}:", text))


def _escaped(text: str, escape: Callable[[str], str]) -> str:
    return LINE_END.join(
        line if line.isprintable() else "".join(char if char.isprintable() else escape(char) for char in line)
        for line in text.split(LINE_END)
    )


def _yaml_escape(char: str) -> str:
    code = ord(char)
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004 - widths
