"""How a value is written in YAML so that every reader takes it for what it is: ours, and those of YAML 1.1."""

import json
import re
from functools import lru_cache

from reconciler.fmt.leaves import STEP
from reconciler.fmt.tree import Leaf, Place
from reconciler.load.scalars import plain_value, text_of
from reconciler.model import Json
from reconciler.printable import harmless_quoted, is_obeyed

NOWHERE: Place = (0, 0)
# No character in front that means something to YAML, and none inside that ends a plain scalar somewhere.
PLAIN = re.compile(r"[A-Za-z0-9_./$(+-](?:[A-Za-z0-9_./$()+@=~^%;<>\\-]|(?: |:+)(?=[A-Za-z0-9_./$()+@=~^%;<>\\-]))*")
# What YAML 1.1 reads otherwise: booleans by other words, and with digits dates, times, octal numbers and the like.
OTHER_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
LIKE_A_NUMBER = re.compile(r"[-+.]?[0-9][-+0-9_.:,eExXoOa-fA-F]*|[-+]?\.(inf|nan)", re.IGNORECASE)
LIKE_A_DATE = re.compile(r"[0-9]{4}-[0-9]")
DASHES = ("-", "--", "---", "...", "- ")


def scalar_leaf(value: Json) -> Leaf:
    """Return a plain value on one line."""
    if isinstance(value, str):
        return text_leaf(value)
    text = "null" if value is None else text_of(value)
    return Leaf(text=text, value=text, style="", place=NOWHERE)


@lru_cache(maxsize=4096)  # names of members, and much else, come again and again
def text_leaf(text: str) -> Leaf:
    if is_plain(text):
        return Leaf(text=text, value=text, style="", place=NOWHERE)
    return Leaf(text=quoted(text), value=text, style='"', place=NOWHERE)


def tagged_leaf(tag: str, text: str) -> Leaf:
    """Return a scalar that stands for something else. What it stands for is told by its text, quoted or not."""
    leaf = text_leaf(text)
    return Leaf(text=leaf.text, value=leaf.value, style=leaf.style, place=NOWHERE, props=(tag,))


def block_leaf(text: str) -> Leaf | None:
    """Return a text of several lines as such.

    None where a line could steer a terminal or a runner, or where the last one has blanks alone, which nobody sees.
    """
    bare = text.rstrip("\n")
    lines = bare.split("\n")
    if len(lines) < 2 or not lines[-1].strip() or not all(map(_is_clean, lines)):  # noqa: PLR2004 - several
        return None
    written = "\n".join(f"{' ' * STEP}{line}" if line else "" for line in lines)
    breaks = len(text) - len(bare)
    indented = STEP if text.lstrip("\n")[:1] in (" ", "\t") else ""
    chomping = ("-", "")[breaks] if breaks < 2 else "+"  # noqa: PLR2004 - none or one
    return Leaf(text=f"|{indented}{chomping}\n{written}" + "\n" * max(breaks, 1), value=text, style="|", place=NOWHERE)


def is_plain(text: str) -> bool:
    """Whether a text can stand without quotes, in braces and brackets, too."""
    return (
        PLAIN.fullmatch(text) is not None
        and plain_value(text) == text
        and isinstance(plain_value(text), str)
        and text.lower() not in OTHER_WORDS
        and not LIKE_A_NUMBER.fullmatch(text)
        and not LIKE_A_DATE.match(text)
        and not text.startswith(DASHES[2:])
        and text not in DASHES
    )


def quoted(text: str) -> str:
    """Write a text in double quotes. YAML knows the escapes of JSON, but reads no pair of halves as one character."""
    return harmless_quoted(json.dumps(text, ensure_ascii=False))


def _is_clean(line: str) -> bool:
    return not is_obeyed(line.replace("\t", " "))
