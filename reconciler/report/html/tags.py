"""HTML in which no value can break out of its place: whatever is put into it is escaped, unless it was made here."""

from collections.abc import Iterable
from html import escape

VOID = ("meta", "input", "br")
DRAWN = ("path", "rect", "line")  # of SVG, where an element without a slash or an end has all that follows inside of it


class Markup(str):
    """HTML that is safe already."""

    __slots__ = ()


Part = str | Iterable[str]


def tag(name: str, /, *parts: Part, **attributes: str | bool) -> Markup:
    """Return an element. In names of attributes `_` is `-`, and one at the end is dropped; False leaves one out."""
    told = "".join(_attribute(key, value) for key, value in attributes.items() if value is not False)
    if name in VOID:
        return Markup(f"<{name}{told}>")
    if name in DRAWN:
        return Markup(f"<{name}{told}/>")
    return Markup(f"<{name}{told}>{joined(*parts)}</{name}>")


def joined(*parts: Part) -> Markup:
    return Markup("".join(_safe(one) for part in parts for one in ((part,) if isinstance(part, str) else part)))


def raw(name: str, text: str) -> Markup:
    """Return an element whose text is our own: a style, or a script."""
    return Markup(f"<{name}>{text}</{name}>")


def _safe(text: str) -> str:
    return text if isinstance(text, Markup) else escape(text)


def _attribute(key: str, value: object) -> str:
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'
