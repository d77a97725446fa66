"""Texts that steer what reads them, and how to see whether one still does."""

import re

# Ends of lines of every kind, colours and titles of terminals, C1 controls, reading directions, what nobody sees, commands
# of runners and halves of them, and what means something to a format.
LINE_ENDS = ("\n", "\r", "\r\n", "\v", "\f", "\x1c", "\x85", "\u2028", "\u2029")
TERMINAL = (
    "\x1b[31m",
    "\x1b]0;title\x07",
    "\x1b]8;;http://x\x1b\\",
    "\x9b2J",
    "\x9d",
    "\x90",
    "\x07",
    "\x08",
    "\x7f",
    "\x0e",
)
DIRECTIONS = ("\u202a", "\u202d", "\u202e", "\u2066", "\u2067", "\u2069", "\u200f", "\u061c")
UNSEEN = ("\u200b", "\u200d", "\u2060", "\ufeff", "\u00ad", "\xa0", "\u3000", "\U000e0041", "\ue000", "\ufffe", "\t")
HALVES = ("\ud800", "\udc00")
RUNNER = ("##[add-mask]x", "##[", "##", "[", "##vso[task.complete]", "##teamcity[", "::stop-commands::t", "::", ":", " ", "    ",
          "%0A::error::x", "%0D", "#")  # fmt: skip
MARKUP = ("<script>", "</pre>", "&#91;", "&", '"', "'", "`", "```", "|", "@all", "[x](javascript:x)", "<!--", "\\", "{", "}", "*",
          "word", "é", "-", "> ", "0")  # fmt: skip
PIECES = (*LINE_ENDS, *TERMINAL, *DIRECTIONS, *UNSEEN, *HALVES, *RUNNER, *MARKUP)

# How the runners look: GitHub's for `##[` anywhere in a line and for `::` behind blanks, others for words before the bracket.
COMMAND = re.compile(r"##\w*\[|^\s*::", re.MULTILINE)


def steering(text: str) -> str:
    """Return what in a text is obeyed; empty if nothing is."""
    found = COMMAND.search(text)
    return found[0] if found else "".join(char for char in text if char != "\n" and not char.isprintable())
