"""Values as people read them in YAML: on one line where it fits, as a block where it does not."""

import json
import re
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher

from reconciler.model import Json
from reconciler.printable import harmless_quoted

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
