"""Tables that fit a page: columns without lines between them, so that a row can be found by `grep`.

On a narrow page, columns that only help to find a place are left out first; then the text of a row goes below its name.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from textwrap import wrap

from reconciler.printable import one_line
from reconciler.report.text.page import Page, Part

GAP = 2
LEAST = 28  # characters a line that a text needs beside other columns
INDENT = 2  # of a text below a name
_ENDS = re.compile(r"[^./,:_-]*[./,:_-]+|[^./,:_-]+$")  # parts of a word between which it may be folded


@dataclass(frozen=True, slots=True)
class TableColumn:
    """`is_text`: it is folded where it has to be. `is_optional`: a narrow page leaves it out."""

    heading: str
    is_text: bool = False
    is_optional: bool = False


Cell = tuple[tuple[str, str], ...]  # lines, each a text and its style


@dataclass(frozen=True, slots=True)
class _Grid:
    columns: tuple[TableColumn, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def without(self, indexes: Sequence[int]) -> "_Grid":
        kept = [index for index in range(len(self.columns)) if index not in indexes]
        rows = tuple(tuple(row[index] for index in kept) for row in self.rows)
        return _Grid(tuple(self.columns[index] for index in kept), rows)

    @property
    def compact(self) -> "_Grid":
        return self.without([index for index, column in enumerate(self.columns) if column.is_optional])

    @property
    def stacked(self) -> "_Grid":
        """Each text below what is in front of it; without a text, the widest column is folded."""
        at = next((index for index, column in enumerate(self.columns) if column.is_text), None)
        if at is None:
            widest = max(range(len(self.columns)), key=lambda index: max(self._lengths(index)))
            folded = (replace(column, is_text=index == widest) for index, column in enumerate(self.columns))
            return _Grid(tuple(folded), self.rows)
        if at == 0:
            return self
        rows = tuple((*row[: at - 1], (*row[at - 1], *row[at]), *row[at:]) for row in self.rows)
        name = replace(self.columns[at - 1], is_text=True)
        return _Grid((*self.columns[: at - 1], name, *self.columns[at:]), rows).without([at])

    def room(self, width: int) -> int:
        """Return how wide the column of texts can be."""
        fixed = [index for index, column in enumerate(self.columns) if not column.is_text]
        return width - sum(max(len(self.columns[index].heading), *self._lengths(index)) + GAP for index in fixed)

    def widths(self, width: int) -> list[int]:
        """Return how wide each column is: texts share no more than the page has left."""
        room = max(self.room(width), LEAST)
        natural = [max(len(column.heading), *self._lengths(index)) for index, column in enumerate(self.columns)]
        columns = zip(self.columns, natural, strict=True)
        return [min(longest, room) if column.is_text else longest for column, longest in columns]

    def fits(self, width: int) -> bool:
        """Whether no word has to be folded, and no text into very short lines."""
        texts = [index for index, column in enumerate(self.columns) if column.is_text]
        longest = max((length for index in texts for length in self._lengths(index)), default=0)
        words = [len(word) for index in texts for row in self.rows for text, _ in row[index] for word in text.split()]
        return self.room(width) >= min(longest, max(LEAST, *words, 0))

    def _lengths(self, index: int) -> Iterator[int]:
        return (len(text) for row in self.rows for text, _ in row[index])


def write_table(page: Page, columns: Sequence[TableColumn], rows: Sequence[Sequence[Part]]) -> None:
    """Write the headings and a line or more for each row; columns without content are left out."""
    if not rows:
        return
    grid = _Grid(tuple(columns), tuple(tuple(map(_cell, row)) for row in rows))
    grid = grid.without([index for index in range(len(columns)) if not any(row[index] for row in grid.rows)])
    layouts = (grid, grid.compact, grid.compact.stacked)
    _write(page, next((each for each in layouts if each.fits(page.width)), layouts[-1]))


def _cell(part: Part) -> Cell:
    text, style = (part, "") if isinstance(part, str) else part
    return ((one_line(text), style),) if text else ()


def _write(page: Page, grid: _Grid) -> None:
    widths = grid.widths(page.width)
    _write_line(page, [(column.heading, "dim") for column in grid.columns], widths)
    for row in grid.rows:
        columns = zip(grid.columns, row, widths, strict=True)
        cells = [_folded_cell(cell, width if column.is_text else 0) for column, cell, width in columns]
        for line in zip_longest(*cells, fillvalue=("", "")):
            _write_line(page, line, widths)


def _write_line(page: Page, texts: Sequence[tuple[str, str]], widths: Sequence[int]) -> None:
    last = max((index for index, (text, _) in enumerate(texts) if text), default=-1)
    padded = ((f"{text:<{width + GAP}}", style) for (text, style), width in zip(texts[:last], widths, strict=False))
    page.line(*padded, *texts[last : last + 1])


def _folded_cell(cell: Cell, room: int) -> Cell:
    """Return the lines of a cell, those below its first text indented; without `room` none is folded."""
    if not room:
        return cell
    indents = (INDENT if index else 0 for index in range(len(cell)))
    return tuple(
        (" " * indent + line, style)
        for indent, (text, style) in zip(indents, cell, strict=True)
        for line in _folded_lines(text, room - indent)
    )


def _folded_lines(text: str, room: int) -> Iterator[str]:
    for part in _folded(text, room).split("\n"):
        yield from wrap(part, room, break_on_hyphens=False)


def _folded(text: str, room: int) -> str:
    """Return the text with words that are longer than `room` on several lines, each but the last with a dot or so."""
    return " ".join(word if len(word) <= room else _folded_word(word, room) for word in text.split(" "))


def _folded_word(word: str, room: int) -> str:
    lines = [""]
    for piece in _ENDS.findall(word):
        if lines[-1] and len(lines[-1]) + len(piece) > room:
            lines.append("")
        lines[-1] += piece
    return "\n".join(lines)
