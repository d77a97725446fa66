"""The text of a file between its values: where comments and blank lines are, which the parser does not tell."""

import re
from bisect import bisect_right
from collections import deque
from dataclasses import dataclass, field

from reconciler.fmt.tree import BLANK, Beside

COMMENT = re.compile("#[^\n]*")
COMMENT_OR_DASH = re.compile("#[^\n]*|-")
BEHIND = re.compile(r"[ \t,]*(#[^\n]*)")  # in brackets, a comma may stand before the comment
NEXT_LINE = re.compile(r"\n[ \t]*(#[^\n]*)")
MODELINE = "yaml-language-server:"


@dataclass(frozen=True, slots=True)
class Comment:
    text: str
    line: int
    column: int
    is_alone: bool  # nothing else is on its line


@dataclass(slots=True)
class CommentReader:
    """Reads on from `position`; comments that nobody has taken yet are `waiting`."""

    text: str
    position: int = 0
    waiting: deque[Comment] = field(default_factory=deque)
    starts: list[int] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    sealed: int = -1  # blank lines up to this one belong to a value

    def __post_init__(self) -> None:
        self.lines = self.text.split("\n")
        self.starts = [0, *(match.end() for match in re.finditer("\n", self.text))]

    def scan(self, to: int) -> None:
        """Collect the comments up to a place."""
        for match in COMMENT.finditer(self.text, self.position, to):
            self.waiting.append(self._comment(match.start(), match[0]))
        self.position = max(self.position, to)

    def scan_dash(self) -> int:
        """Collect the comments up to the `-` of an item, go behind it, and return its line."""
        for match in COMMENT_OR_DASH.finditer(self.text, self.position):
            if match[0] == "-":
                self.position = match.end()
                return self.line(match.start())
            self.waiting.append(self._comment(match.start(), match[0]))
        raise AssertionError("an item of a block list has a dash")

    def behind(self, *, is_dash: bool = False) -> Beside | None:
        """Take the comment that is next on this line, with its further lines.

        Behind a dash there are none: what begins in the same column below belongs to what is in the item.
        """
        match = BEHIND.match(self.text, self.position)
        if match is None:
            return None
        column, is_padded = self.column(match.start(1)), match[0].endswith(("  " + match[1], "\t" + match[1]))
        lines = [match[1].rstrip()]
        self.position = match.end()
        while not is_dash and (match := NEXT_LINE.match(self.text, self.position)):
            if self.column(match.start(1)) != column:
                break
            lines.append(match[1].rstrip())
            self.position = match.end()
        return Beside(tuple(lines), column, is_padded)

    def take(self, line: int) -> tuple[str, ...]:
        """Take all waiting comments: they describe what begins on this line."""
        return self._told(len(self.waiting)) + self._blank_before(line)

    def take_below(self, column: int) -> tuple[str, ...]:
        """Take the waiting comments that are not left of a column: they end what begins there."""
        first_other = next(
            (i for i, one in enumerate(self.waiting) if not one.is_alone or one.column < column), len(self.waiting)
        )
        return self._told(first_other)

    def take_head(self, line: int) -> tuple[str, ...]:
        """Take the comments about the file: those that a blank line parts from what begins on this line."""
        following = [*(one.line for one in self.waiting), line][1:]
        parted = [i for i, below in enumerate(following, 1) if self._blank_before(below)]
        if parted:
            return (*self._told(parted[-1]), BLANK)
        return self._told(1) if self.waiting and MODELINE in self.waiting[0].text else ()

    def seal(self, index: int) -> None:
        """Blank lines before this place are part of a value: they part nothing."""
        self.sealed = self.line(index) - 1

    def line(self, index: int) -> int:
        return bisect_right(self.starts, index) - 1

    def column(self, index: int) -> int:
        return index - self.starts[self.line(index)]

    def _comment(self, index: int, text: str) -> Comment:
        line = self.line(index)
        before = self.text[self.starts[line] : index]
        return Comment(text.rstrip(), line, len(before), not before.strip())

    def _told(self, count: int) -> tuple[str, ...]:
        if not count:
            return ()
        taken = [self.waiting.popleft() for _ in range(count)]
        return tuple(line for one in taken for line in (*self._blank_before(one.line), one.text))

    def _blank_before(self, line: int) -> tuple[str, ...]:
        is_blank = line > 0 and line - 1 > self.sealed and not self.lines[line - 1].strip()
        return (BLANK,) if is_blank else ()
