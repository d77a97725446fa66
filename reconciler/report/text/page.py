"""Lines of styled text that fit a width, and the stream that they are written to.

A line is made of texts and their styles. What draws styles is loaded where a stream shows them: most are pipes.
"""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TextIO

from reconciler.printable import breaks, one_line
from reconciler.problems import Severity
from reconciler.redact.presented import PresentedProblem, PresentedStopped

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

PIPE_WIDTH = 120  # where there is no terminal: wide enough that few lines are folded
PIPE = os.terminal_size((PIPE_WIDTH, 25))
NARROWEST = 40

Part = str | tuple[str, str]  # text, or text and style
Line = tuple[tuple[str, str], ...]  # texts with their styles


@dataclass(slots=True)
class Page:
    """Lines no wider than `width`: what is longer is folded under itself, never cut, without trailing blanks.

    `before` are the lines above `lines`, in parts, each made when it is written: of a large plan there is no copy.
    """

    width: int
    lines: list[Line] = field(default_factory=list)
    before: list[Callable[[], Iterable[Line]]] = field(default_factory=list)

    def line(self, *parts: Part, indent: int = 0, hang: int = 4) -> None:
        line = _assembled(parts)
        text = plain_text(line)
        room = max(self.width - indent, NARROWEST // 2)
        if len(text) <= room:
            self._put(line, text, indent)
            return
        folds = list(_folds(text, room, max(room - hang, NARROWEST // 2)))
        for index, folded in enumerate(_divided(line, folds)):
            lead = len(plain_text(folded)) - len(plain_text(folded).lstrip(" ")) if index else 0
            *_, shown = _divided(folded, [lead])
            self._put(shown, plain_text(shown), indent + (hang if index else 0))

    def whole(self, *parts: Part) -> None:
        """Add a line that scripts look for: it stays one line, however narrow the page."""
        self.lines.append(one_line_of(*parts))

    def blank(self) -> None:
        if self.lines and self.lines[-1]:
            self.lines.append(())

    def add(self, other: Iterable[Line]) -> None:
        self.lines.extend(other)

    def later(self, make: Callable[[], Iterable[Line]]) -> None:
        """Add lines that are made when they are written. The last of them is a blank one."""
        self.before += (self.lines.__iter__, make)
        self.lines = []

    def __iter__(self) -> Iterator[Line]:
        for part in self.before:
            yield from part()
        yield from self.lines

    @property
    def plain(self) -> str:
        return "".join(f"{plain_text(line)}\n" for line in self)

    def _put(self, line: Line, text: str, indent: int) -> None:
        end = len(text.rstrip())
        if not end:
            self.lines.append(())
            return
        shown = line if end == len(text) else next(_divided(line, [end]))
        self.lines.append(_harmless(((" " * indent, ""), *shown) if indent else shown))


def plain_text(line: Line) -> str:
    return line[0][0] if len(line) == 1 else "".join(text for text, _ in line)


def styled_text(line: Line) -> "Text":
    from rich.text import Text  # noqa: PLC0415 - only colours need it

    return Text.assemble(*line)


def write_page(make: Callable[[int], Page], stream: TextIO, *, color: bool = True) -> None:
    """Write a page that fits a stream, line by line."""
    if _may_be_colored(stream, color=color):
        console = console_for(stream, color=color)
        show(make(console.width), console)
        return
    stream.writelines(f"{plain_text(line)}\n" for line in make(_width(stream)))


def console_for(stream: TextIO, *, color: bool = True) -> "Console":
    """Return a console that honours COLUMNS, NO_COLOR, FORCE_COLOR, and pipes."""
    from rich.console import Console  # noqa: PLC0415 - only colours, and what is redrawn, need it

    return Console(
        file=stream,
        width=_width(stream),
        height=_size(stream).lines,  # both are given, since rich stumbles over a COLUMNS or LINES that is no number
        color_system="auto" if color and not os.environ.get("NO_COLOR") else None,
        highlight=False,
        emoji=False,
        markup=False,
    )


def show(page: Page, console: "Console") -> None:
    for line in page:
        if console.color_system is None:
            console.file.write(f"{plain_text(line)}\n")
        else:
            console.print(styled_text(line), soft_wrap=True)


def one_line_of(*parts: Part) -> Line:
    """Return one line that no terminal and no runner of a CI service obeys, whatever the names in it hold."""
    return _harmless(_assembled(parts))


def _assembled(parts: Iterable[Part]) -> Line:
    """Return one line, in which what cannot be printed, or would end it, stands as an escape."""
    each = ((part, "") if isinstance(part, str) else part for part in parts)
    return tuple((one_line(text), style) for text, style in each if text)


def _divided(line: Line, ends: Iterable[int]) -> Iterator[Line]:
    """Yield the parts of a line that end where it is said, and the rest."""
    rest, start = list(line), 0
    for end in ends:
        part, room = [], end - start
        while rest and len(rest[0][0]) <= room:
            part.append(rest.pop(0))
            room -= len(part[-1][0])
        if rest and room:
            text, style = rest[0]
            part.append((text[:room], style))
            rest[0] = (text[room:], style)
        yield tuple(part)
        start = end
    yield tuple(rest)


def _harmless(line: Line) -> Line:
    at = list(breaks(plain_text(line)))
    if not at:
        return line
    first, *others = _divided(line, at)
    return (*first, *(part for other in others for part in (("\\", ""), *other)))


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


def _may_be_colored(stream: TextIO, *, color: bool) -> bool:
    """Whether rich may find that the stream shows colours: it looks at more than whether that is a terminal."""
    forced = any(name in os.environ for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"))
    return color and not os.environ.get("NO_COLOR") and (forced or stream.isatty())


def _width(stream: TextIO) -> int:
    return max(_columns() or _size(stream).columns, NARROWEST)


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


def problems_page(problems: Iterable[PresentedProblem], width: int) -> Page:
    page = Page(width)
    for problem in problems:
        write_problem(page, problem)
    return page


def write_problem(page: Page, problem: PresentedProblem, indent: int = 0, word: str = "", about: str = "") -> None:
    """`word` stands for the severity where that says less (`refused`). `about` is what a line above has named."""
    place = f"{problem.where}: " if problem.where and problem.where.file != "<memory>" else ""
    label = (f"{word or problem.severity}[{problem.code}]", STYLES[problem.severity])
    message = f": {problem.message.removeprefix(f'{about}: ')}"
    if indent:
        page.line(label, message, indent=indent)
    else:
        page.whole((place, "dim"), label, message)  # editors and scripts read it: one line, however long
    if problem.hint:
        page.line(("hint: ", "dim"), problem.hint, indent=indent + 4, hang=6)
    if problem.way_out:
        page.line((problem.way_out, "dim"), indent=indent + 4, hang=6)


def stopped_page(stopped: PresentedStopped, width: int, already_shown: tuple[PresentedProblem, ...] = ()) -> Page:
    """Write every problem that is not `already_shown`, and then what stopped the command."""
    page = problems_page([problem for problem in stopped.problems if problem not in already_shown], width)
    label = () if stopped.is_declined else (("error", "bold red"), ": ")  # a no is not an error
    page.line(*label, stopped.message)
    if stopped.hint:
        page.line(("hint: ", "dim"), stopped.hint, indent=4, hang=6)
    return page
