"""Values as people read them in YAML: on one line where it fits, as a block where it does not."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from difflib import SequenceMatcher
from io import StringIO
from typing import NamedTuple

from reconciler.model import Json, dotted
from reconciler.placeholders import Unknown
from reconciler.printable import harmless_quoted, is_obeyed
from reconciler.problems import Where
from reconciler.redact.presented import PresentedChange, json_sides

SHORT = 60  # a mapping longer than this reads better as a block, however wide the terminal is
WIDTH = 68  # of a block: it fits behind the indents of a page of 80 columns
LONGEST = 60  # a longer change is easier to compare with before above after
CONTEXT = 1  # lines of a text around those that differ
FEWEST = 2  # lines of a text that are worth to be counted instead of shown
ABSENT = "not present"  # what deepdiff has for the side that lacks something

_HIDDEN = re.compile(r"<redacted[a-z0-9, ]*>")  # with or without a mark
_LOOKS_OTHER = re.compile(r"[-+.\d][\d_.,:eExXoO+-]*|<<|=|true|false|yes|no|on|off|null|~", re.IGNORECASE)
_UNSAFE = re.compile(r"""["\[\]{},]|: |:$| #|^[\s:&*!|>'%@`#?]|^--?-?$|\s$|^- """)


def inline(value: Json) -> str:
    """Return the value on one line. A string that could be read as something else is quoted."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_scalar(str(key))}: {inline(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(inline(item) for item in value) + "]"
    return _scalar(value)


def block(value: Json, width: int = WIDTH) -> Iterator[str]:
    """Yield the lines of a value in YAML's block style, none wider than needed; `width` decides what fits."""
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from _entry(f"{_scalar(str(key))}:", item, width)
    elif isinstance(value, list | tuple) and value:
        for item in value:
            yield from _listed(item, width)
    else:
        yield inline(value)


# Changes of values. Their form depends on the values alone, and on no width.


class DiffLine(NamedTuple):
    """A line of a change: `sign` is + or -, ~ for what changes inside, or a blank for what stays."""

    sign: str
    text: str
    depth: int = 0


def change_in_line(before: Json, after: Json) -> str | None:
    """Return the change on one line; None if it is too long for that, or reads better line by line. None is absence."""
    if before is None or after is None:
        value = after if before is None else before
        text = inline(value)
        return text if len(text) <= LONGEST and not _has_lines(value) else None
    text = f"{inline(before)} -> {inline(after)}"
    if is_reordered(before, after):
        return text
    is_apart = _has_lines(before) or _has_lines(after) or json_sides(before, after) is not None
    return None if len(text) > LONGEST or is_apart else text


def is_json(before: Json, after: Json) -> bool:
    """Whether both are texts of JSON, which are compared by their content."""
    return json_sides(before, after) is not None


def diff_lines(before: Json, after: Json) -> Iterator[DiffLine]:
    """Yield what differs, with as much around it as is needed to find it. None is absence."""
    if before is None or after is None:
        sign, value = ("+", after) if before is None else ("-", before)
        yield from _whole(sign, value)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _list_lines(before, after)
    elif isinstance(before, Mapping) and isinstance(after, Mapping):
        yield from _path_lines(before, after)
    elif (sides := json_sides(before, after)) is not None:
        yield from _path_lines(*sides)
    elif isinstance(before, str) and isinstance(after, str) and (_has_lines(before) or _has_lines(after)):
        yield from _text_lines(before, after)
    else:
        yield from _whole("-", before)
        yield from _whole("+", after)


def list_changes(before: list[Json], after: list[Json]) -> Iterator[tuple[str, str]]:
    """Yield sign and value of the entries that were removed and added, in order, and how many stayed between them."""
    yield from ((line.sign, line.text) for line in _list_lines(before, after, is_nested=False))


def _list_lines(before: list[Json], after: list[Json], *, is_nested: bool = True) -> Iterator[DiffLine]:
    old, new = [inline(item) for item in before], [inline(item) for item in after]
    for tag, low, high, to_low, to_high in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            yield DiffLine(" ", f"({high - low} unchanged)")
        elif is_nested and high - low == to_high - to_low:
            for index, to_index in zip(range(low, high), range(to_low, to_high), strict=True):
                yield from _item_lines(index, before[index], after[to_index])
        else:
            yield from (DiffLine("-", text) for text in old[low:high])
            yield from (DiffLine("+", text) for text in new[to_low:to_high])


def _item_lines(index: int, before: Json, after: Json) -> Iterator[DiffLine]:
    if not _has_lines(before) and not _has_lines(after) and not is_json(before, after):
        yield from (DiffLine("-", inline(before)), DiffLine("+", inline(after)))
        return
    yield DiffLine("~", f"[{index}]{' (JSON)' if is_json(before, after) else ''}")
    yield from (line._replace(depth=line.depth + 1) for line in diff_lines(before, after))


def _text_lines(before: str, after: str) -> Iterator[DiffLine]:
    """Yield the lines that differ, each with the line in front of it and behind it."""
    old, new = _lines_of(before, after), _lines_of(after, before)
    opcodes = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    for tag, low, high, to_low, to_high in opcodes:
        if tag != "equal":
            yield from (DiffLine("-", line) for line in old[low:high])
            yield from (DiffLine("+", line) for line in new[to_low:to_high])
            continue
        start, end = low + (CONTEXT if low else 0), high - (CONTEXT if high < len(old) or to_high < len(new) else 0)
        if end - start < FEWEST:
            yield from (DiffLine(" ", line) for line in old[low:high])
            continue
        yield from (DiffLine(" ", line) for line in old[low:start])
        yield DiffLine(" ", f"({end - start} unchanged)")
        yield from (DiffLine(" ", line) for line in old[end:high])


def _lines_of(text: str, other: str) -> list[str]:
    """Return the lines of a text; blanks at an end are shown, and so is a missing end of line that the other has."""
    lines = [line if line == line.rstrip() else json.dumps(line, ensure_ascii=False) for line in text.split("\n")]
    if lines[-1] == "":
        lines.pop()
    elif other.endswith("\n"):
        lines[-1] += "  (without a line end)"
    return lines


def _path_lines(before: Json, after: Json) -> Iterator[DiffLine]:
    """Yield the fields that differ by their paths."""
    from deepdiff import DeepDiff  # noqa: PLC0415 - it loads slowly, and few changes need it

    found = [item for items in DeepDiff(before, after, view="tree").values() for item in items]
    lines = {dotted(tuple(item.path(output_format="list"))): (item.t1, item.t2) for item in found}
    for path, (old, new) in sorted(lines.items()):
        sign = "+" if str(old) == ABSENT else "-" if str(new) == ABSENT else "~"
        if sign == "~":
            yield DiffLine("~", f"{path} {inline(old)} -> {inline(new)}".lstrip())
        else:
            yield DiffLine(sign, f"{path}: {inline(new if sign == '+' else old)}")
    if not lines:
        yield DiffLine(" ", "(the same content, written differently)")


def _whole(sign: str, value: Json) -> Iterator[DiffLine]:
    lines = _lines_of(value, "") if isinstance(value, str) and _has_lines(value) else block(value)
    yield from (DiffLine(sign, line) for line in lines)


def _has_lines(value: Json) -> bool:
    return isinstance(value, str) and "\n" in value


def is_reordered(before: Json, after: Json) -> bool:
    if not isinstance(before, list) or not isinstance(after, list) or len(before) != len(after):
        return False
    old, new = [inline(item) for item in before], [inline(item) for item in after]
    return old != new and sorted(old) == sorted(new)


def _entry(label: str, item: Json, width: int) -> Iterator[str]:
    line = f"{label} {inline(item)}"
    if _fits(item, line, width):
        yield line
        return
    yield label
    yield from (f"  {inner}" for inner in block(item, width - 2))


def _listed(item: Json, width: int) -> Iterator[str]:
    line = f"- {inline(item)}"
    if _fits(item, line, width):
        yield line
        return
    for index, inner in enumerate(block(item, width - 2)):
        yield f"- {inner}" if index == 0 else f"  {inner}"


def _fits(item: Json, line: str, width: int) -> bool:
    if not isinstance(item, Mapping | list | tuple) or not item:
        return True
    return len(line) <= min(width, SHORT if isinstance(item, Mapping) or _is_deep(item) else width)


def _is_deep(item: Json) -> bool:
    return any(isinstance(inner, Mapping | list | tuple) for inner in item)


def _scalar(value: Json) -> str:
    if isinstance(value, str) and _HIDDEN.fullmatch(value):
        return value
    if not isinstance(value, str):
        return json.dumps(value)
    if not value or not value.isprintable() or _UNSAFE.search(value) or _LOOKS_OTHER.fullmatch(value):
        return harmless_quoted(json.dumps(value, ensure_ascii=False))
    return value


# The words that every output shares.


def is_greeted_by_name(change: PresentedChange) -> bool:
    """Whether the physical name is worth showing beside the logical one."""
    return bool(change.name) and change.name != change.address.name


def place(where: Where | None, beside: Where | None = None) -> str:
    """File and line, for people to jump to; `beside` a place in the same file the line is enough."""
    if where is None or where.file == "<memory>":
        return ""
    if beside is not None and beside.file == where.file:
        return f":{where.line}" if where.line else ""
    return f"{where.file}:{where.line}" if where.line else where.file


def duration(seconds: float) -> str:
    """5 s, 2 min 30 s, 1 h 5 min: the two largest units."""
    whole = round(seconds)
    if whole < 60:  # noqa: PLR2004 - seconds in a minute
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:  # noqa: PLR2004 - minutes in an hour
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def iso(milliseconds: int) -> str:
    """Return a moment that AWS shows in milliseconds since 1970: 2026-11-25T12:00:00Z."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def plural(count: int, noun: str) -> str:
    """Count resources by the noun of their kind: `2 scheduling policies`."""
    words = noun.replace("-", " ")
    if count == 1:
        return f"1 {words}"
    return f"{count} {words.removesuffix('y')}ies" if words.endswith("y") else f"{count} {words}s"


def number_of(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


# Values as a YAML document that can be read again.

UNFOLDED = 1 << 30
LOOKUP = re.compile(r"<unknown: (!\w+) ([^<>]+)>")


def yaml_text(document: Json) -> str:
    from ruamel.yaml import YAML  # noqa: PLC0415 - only what writes YAML loads it

    yaml = YAML()
    yaml.width = UNFOLDED
    yaml.indent(mapping=2, sequence=4, offset=2)
    text = StringIO()
    yaml.dump(_prepared(document), text)
    return harmless_quoted(text.getvalue())


def _prepared(value: Json) -> Json:
    """Write what is unknown as the look-up that it stands for, and in double quotes what a log would obey."""
    from ruamel.yaml.comments import TaggedScalar  # noqa: PLC0415
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString  # noqa: PLC0415

    if isinstance(value, dict):
        return {_prepared(key): _prepared(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_prepared(inner) for inner in value]
    if not isinstance(value, Unknown):
        return DoubleQuotedScalarString(value) if isinstance(value, str) and is_obeyed(value) else value
    found = LOOKUP.fullmatch(value)
    return TaggedScalar(found[2], tag=found[1]) if found else str(value)
