"""How a scalar is written on the lines that it takes."""

import re

from reconciler.fmt.tree import BLOCK_STYLES, Leaf

HEADER = re.compile(r"([|>])([-+0-9]*)")
STEP = 2  # spaces that one level is indented


def one_line(leaf: Leaf) -> str | None:
    """Return a scalar with its anchor and tag, or None if it takes several lines."""
    if leaf.style in BLOCK_STYLES or "\n" in leaf.text:
        return None
    return " ".join((*leaf.props, *((_requoted(leaf),) if leaf.text else ())))


def several_lines(leaf: Leaf, indent: int) -> tuple[str, tuple[str, ...]]:
    """Return the first line of a scalar, and the others as they stand in an entry that is indented so far."""
    first, *others = _block(leaf, indent + STEP) if leaf.style in BLOCK_STYLES else _folded(leaf, indent + STEP)
    return " ".join((*leaf.props, first)), tuple(others)


def _requoted(leaf: Leaf) -> str:
    """Write single quotes double, where that is all there is to change."""
    is_simple = leaf.style == "'" and not set(leaf.value) & {'"', "\\"}
    return f'"{leaf.value}"' if is_simple else leaf.text


def _folded(leaf: Leaf, indent: int) -> list[str]:
    """A line break in a plain or quoted scalar is a space, and the blanks around it are nothing.

    So the lines can be shifted; how they are indented against each other is the author's.
    """
    first, *others = [_ended(line) for line in leaf.text.split("\n")]
    shift = min((_spaces(line) for line in others if line), default=0)
    return [first, *(f"{' ' * indent}{line[shift:]}" if line else "" for line in others)]


def _ended(line: str) -> str:
    """Take the blanks from the end, but not one that a backslash makes count."""
    bare = line.rstrip(" \t")
    slashes = len(bare) - len(bare.rstrip("\\"))
    return line[: len(bare) + 1] if slashes % 2 else bare


def _block(leaf: Leaf, indent: int) -> list[str]:
    header, _, content = leaf.text.partition("\n")
    match = HEADER.match(header)
    assert match is not None
    keeps = "+" in match[2] and leaf.value.endswith("\n")
    # Without a line break at its end, as the last line of a file may be, a text is one that has its break stripped.
    strips = "-" in match[2] or (leaf.value and not leaf.value.endswith("\n"))
    chomping = "+" if keeps else "-" if strips else ""
    needs_indicator = leaf.value.lstrip("\n")[:1] in (" ", "\t")
    first = f"{match[1]}{STEP if needs_indicator else ''}{chomping}"
    lines = _content(content, leaf.value)
    if keeps:
        lines += [""] * (len(leaf.value) - len(leaf.value.rstrip("\n")) - bool(lines))
    return [first, *(f"{' ' * indent}{line}" if line else "" for line in lines)]


def _content(content: str, value: str) -> list[str]:
    """Return the lines of a block scalar without their indentation, and without those that are empty at the end."""
    lines = content.split("\n")
    shift = _indentation(lines, value)
    bare = [line[shift:] for line in lines]
    while bare and not bare[-1]:
        bare.pop()
    return bare


def _indentation(lines: list[str], value: str) -> int:
    """Return how far a block scalar is indented: the difference between its first line that is not empty, and ours."""
    empty = len(value) - len(value.lstrip("\n"))
    if empty == len(value):
        return max(map(len, lines))
    source, meant = lines[empty], value[empty:].partition("\n")[0]
    return _spaces(source) - _spaces(meant)


def _spaces(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
