"""Values as people read them in YAML: on one line where it fits, as a block where it does not."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from difflib import SequenceMatcher
from io import StringIO

from reconciler.model import Json
from reconciler.placeholders import Unknown
from reconciler.printable import harmless_quoted, is_obeyed
from reconciler.problems import Where
from reconciler.redact.presented import PresentedChange

SHORT = 60  # a mapping longer than this reads better as a block, however wide the terminal is

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


def block(value: Json, width: int) -> Iterator[str]:
    """Yield the lines of a value in YAML's block style, none wider than needed; `width` decides what fits."""
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from _entry(f"{_scalar(str(key))}:", item, width)
    elif isinstance(value, list | tuple) and value:
        for item in value:
            yield from _listed(item, width)
    else:
        yield inline(value)


def list_changes(before: list[Json], after: list[Json]) -> Iterator[tuple[str, str]]:
    """Yield sign and value of the entries that went and came, in order, and how many stayed between them."""
    old, new = [inline(item) for item in before], [inline(item) for item in after]
    for tag, low, high, to_low, to_high in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            yield " ", f"({high - low} unchanged)"
            continue
        yield from (("-", text) for text in old[low:high])
        yield from (("+", text) for text in new[to_low:to_high])


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
    """Return a moment that AWS tells in milliseconds since 1970: 2026-11-25T12:00:00Z."""
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

WIDTH = 1 << 30  # nothing is folded
LOOKUP = re.compile(r"<unknown: (!\w+) ([^<>]+)>")


def yaml_text(document: Json) -> str:
    from ruamel.yaml import YAML  # noqa: PLC0415 - only what writes YAML loads it

    yaml = YAML()
    yaml.width = WIDTH
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
