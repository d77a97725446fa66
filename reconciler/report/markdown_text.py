"""Markdown in which no value can break out of its place, and that ends honestly before its limit."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from reconciler.printable import one_line, visible
from reconciler.report.redaction import redacted_text

# Everything but what Markdown and HTML leave alone: inside of a line, and where a line or a list's entry begins.
# Entities never open or close anything.
_SPECIAL = re.compile(r"[^\w .,:;/%?=+'\"()-]|_|^[-+=]")
# GitHub looks for people and issues in what Markdown has made of the text; a comment between is enough to find none.
_CALLS = re.compile(r"&#(35|64);")
_TICKS = re.compile(r"`{3,}")
NOTE = 400  # characters that are kept for the words about what is left out


def prose(text: str) -> str:
    """Return a message as text that says nothing to Markdown; names in it call nobody."""
    return _CALLS.sub(r"&#\1;<!-- -->", _entities(redacted_text(text)))


def code(text: str) -> str:
    """Return a name or value as code. Tags, unlike backticks, stand anything in them once it is in entities."""
    return f"<code>{_entities(text)}</code>"


def row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


def details(summary: str, lines: Iterable[str]) -> str:
    """Return a part that opens on a click, with lines of a diff in a fence that none of them can close."""
    text = "\n".join(one_line(line) for line in lines)
    fence = "`" * (max((len(run) for run in _TICKS.findall(text)), default=2) + 1)
    return f"<details><summary>{summary}</summary>\n\n{fence}diff\n{text}\n{fence}\n\n</details>\n\n"


@dataclass(slots=True)
class Sheet:
    """Parts of a report as far as they fit; what does not is counted, and said at the end."""

    limit: int
    parts: list[str] = field(default_factory=list)
    size: int = 0
    left_out: dict[str, int] = field(default_factory=dict)

    def put(self, text: str) -> None:
        """Add what must be there."""
        self.parts.append(text)
        self.size += len(text)

    def put_all(self, noun: str, parts: Sequence[str], before: str = "", after: str = "") -> None:
        """Add a list between two texts, each entry that fits; nothing if there is none."""
        if not parts:
            return
        self.put(before)
        for part in parts:
            if self.size + len(part) + len(after) + NOTE > self.limit:
                self.left_out[noun] = self.left_out.get(noun, 0) + 1
            else:
                self.put(part)
        self.put(after)

    @property
    def text(self) -> str:
        if not self.left_out:
            return "".join(self.parts)
        told = ", ".join(f"{count} of the {noun}" for noun, count in self.left_out.items())
        return (
            "".join(self.parts)
            + f"**Not complete:** {told} did not fit here. The text of the same command has all.\n\n"
        )


def _entities(text: str) -> str:
    return _SPECIAL.sub(lambda found: f"&#{ord(found[0])};", visible(text).replace("\n", " "))
