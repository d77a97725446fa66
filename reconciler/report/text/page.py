"""Lines of styled text that fit a width, and the console that they are written to."""

import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TextIO

from rich.console import Console
from rich.text import Text

from reconciler.printable import breaks, one_line
from reconciler.problems import Declined, Problem, Severity, Stopped
from reconciler.redact.patterns import redacted_text

PIPE_WIDTH = 120  # nobody's terminal: wide enough that few lines are folded
PIPE = os.terminal_size((PIPE_WIDTH, 25))
NARROWEST = 40

Part = str | tuple[str, str]  # text, or text and style


@dataclass(slots=True)
class Page:
    """Lines no wider than `width`: what is longer is folded under itself, never cut, without trailing blanks."""

    width: int
    lines: list[Text] = field(default_factory=list)

    def line(self, *parts: Part, indent: int = 0, hang: int = 4) -> None:
        text = _assembled(parts)
        room = max(self.width - indent, NARROWEST // 2)
        for index, folded in enumerate(text.divide(_folds(text.plain, room, max(room - hang, NARROWEST // 2)))):
            self._put(folded, indent + (hang if index else 0))

    def whole(self, *parts: Part) -> None:
        """Add a line that scripts look for: it stays one line, however narrow the page."""
        self.lines.append(one_line_of(*parts))

    def blank(self) -> None:
        if self.lines and self.lines[-1].plain:
            self.lines.append(Text())

    def add(self, other: Iterable[Text]) -> None:
        self.lines.extend(other)

    @property
    def plain(self) -> str:
        return "".join(f"{line.plain}\n" for line in self.lines)

    def _put(self, text: Text, indent: int) -> None:
        shown = text.copy()
        shown.rstrip()
        self.lines.append(_harmless(Text(" " * indent).append_text(shown) if shown.plain else shown))


def console_for(stream: TextIO, *, color: bool = True) -> Console:
    """Return a console that honours COLUMNS, NO_COLOR, FORCE_COLOR, and pipes."""
    plain = not color or bool(os.environ.get("NO_COLOR"))
    size = _size(stream)
    return Console(
        file=stream,
        width=max(_columns() or size.columns, NARROWEST),
        height=size.lines,  # both are given, since rich stumbles over a COLUMNS or LINES that is no number
        color_system=None if plain else "auto",
        highlight=False,
        emoji=False,
        markup=False,
    )


def show(page: Page, console: Console) -> None:
    if console.color_system is None:
        console.file.write(page.plain)
        return
    for line in page.lines:
        console.print(line, soft_wrap=True)


def one_line_of(*parts: Part) -> Text:
    """Return one line that no terminal and no runner of a CI service obeys, whatever the names in it hold."""
    return _harmless(_assembled(parts))


def _assembled(parts: Iterable[Part]) -> Text:
    """Return one line, in which what cannot be printed, or would end it, stands as an escape."""
    each = ((part, "") if isinstance(part, str) else part for part in parts)
    return Text.assemble(*((one_line(text), style) for text, style in each))


def _harmless(line: Text) -> Text:
    at = list(breaks(line.plain))
    return Text("\\").join(line.divide(at)) if at else line


def _folds(text: str, first: int, room: int) -> Iterator[int]:
    """Yield where to fold: after a blank, or inside of what is too long for any line."""
    start, limit = 0, first
    while len(text) - start > limit:
        blank = text.rfind(" ", start, start + limit + 1)
        following = text.find(" ", blank + 1)
        word = (following if following > 0 else len(text)) - blank
        at = blank + 1 if text[start : blank + 1].strip() and word <= room else start + limit
        yield at
        start, limit = at, room


def _columns() -> int:
    given = os.environ.get("COLUMNS", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < len(str(sys.maxsize)) else 0


def _size(stream: TextIO) -> os.terminal_size:
    try:
        size = os.get_terminal_size(stream.fileno())
    except (OSError, ValueError):  # no terminal, or no file at all
        return PIPE
    return size if size.columns and size.lines else PIPE  # a serial line knows neither


# Problems for people and for editors: one line with place and code, the way out below it.

STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.NOTE: "bold cyan"}


def problems_page(problems: Iterable[Problem], width: int) -> Page:
    page = Page(width)
    for problem in problems:
        write_problem(page, problem)
    return page


def write_problem(page: Page, problem: Problem, indent: int = 0, word: str = "") -> None:
    """`word` stands for the severity where that says less (`refused`)."""
    place = f"{problem.where}: " if problem.where and problem.where.file != "<memory>" else ""
    label = (f"{word or problem.severity}[{problem.code}]", STYLES[problem.severity])
    message = f": {redacted_text(problem.message)}"
    if indent:
        page.line(label, message, indent=indent)
    else:
        page.whole((place, "dim"), label, message)  # editors and scripts read it: one line, however long
    if problem.hint:
        page.line(("hint: ", "dim"), redacted_text(problem.hint), indent=indent + 4, hang=6)
    if problem.way_out:
        page.line((problem.way_out, "dim"), indent=indent + 4, hang=6)


def stopped_page(stopped: Stopped, width: int, told: tuple[Problem, ...] = ()) -> Page:
    """Every problem that has not been told, and then what stopped the command."""
    page = problems_page([problem for problem in stopped.problems if problem not in told], width)
    label = () if isinstance(stopped, Declined) else (("error", "bold red"), ": ")  # a no is not an error
    page.line(*label, redacted_text(stopped.message))
    if stopped.hint:
        page.line(("hint: ", "dim"), redacted_text(stopped.hint), indent=4, hang=6)
    return page
