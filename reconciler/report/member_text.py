"""The members of a change as rows: sign, path, before and after, what is remarkable, and where it was written."""

from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.model import Change, Cost, FieldChange, Json
from reconciler.report.page import Page, Part
from reconciler.report.redaction import redacted_change
from reconciler.report.values import block, inline, list_changes
from reconciler.report.words import place

STYLES = {"+": "green", "-": "red", "~": "yellow"}
GAP = "  "
Widths = tuple[int, int, int]  # of path, value and source
UNALIGNED: Widths = (0, 0, 0)
LONGEST = 60  # a longer value is easier to compare with before above after


@dataclass(frozen=True, slots=True)
class Row:
    sign: str
    path: str
    before: Json
    after: Json
    marks: str
    source: str
    why: str

    @property
    def value(self) -> str:
        if self.sign == "~":
            return f"{inline(self.before)} -> {inline(self.after)}"
        return inline(self.after if self.sign == "+" else self.before)


def write_members(page: Page, change: Change, indent: int) -> None:
    """Write one row a member: in columns where they fit, on a line of its own, or with its values below it."""
    rows = rows_of(change)
    room = page.width - indent
    widths = _columns(rows, room)
    for row in rows:
        if not _is_short(row, room):
            _write_stacked(page, row, indent)
        else:
            _write_line(page, row, indent, widths if _length(row, widths) <= room else UNALIGNED)
        if row.why:
            page.line((row.why, "dim"), indent=indent + 4, hang=0)


def rows_of(change: Change) -> list[Row]:
    return [_row(field, change) for field in change.fields]


def _row(field: FieldChange, change: Change) -> Row:
    before, after = redacted_change(field)
    return Row(
        sign="+" if before is None else "-" if after is None else "~",
        path=field.path,
        before=before,
        after=after,
        marks=", ".join(_marks(field, change.cost)),
        source=place(field.where, change.where),
        why="" if change.refusals else field.why,  # a refusal tells it
    )


def _marks(field: FieldChange, told: Cost | None) -> Iterator[str]:
    if told and field.cost is not told:
        yield str(field.cost)
    if field.undeclared:
        yield "undeclared"
    elif field.drift:
        yield "drift"


def _is_short(row: Row, room: int) -> bool:
    return len(row.value) <= LONGEST and _length(row, UNALIGNED) <= room


def _columns(rows: list[Row], room: int) -> Widths:
    """Return the widths of path, value and source that as many short rows as possible can share."""
    sharing = sorted((row for row in rows if _is_short(row, room)), key=lambda row: len(row.value))
    while sharing:
        widths = (
            max(len(row.path) for row in sharing),
            max(len(row.value) for row in sharing),
            max(len(row.source) for row in sharing),
        )
        if all(_length(row, widths) <= room for row in sharing):
            return widths
        sharing.pop()
    return UNALIGNED


def _length(row: Row, widths: Widths) -> int:
    texts = (row.path, row.value, row.source)
    path, value, source = (max(len(text), width) for text, width in zip(texts, widths, strict=True))
    tail = [length for length in (source, len(row.marks)) if length]
    return 2 + path + len(GAP) + value + sum(len(GAP) + length for length in tail)


def _write_line(page: Page, row: Row, indent: int, widths: Widths) -> None:
    path, value, source = widths
    page.line(
        *_sign(row),
        f"{row.path:<{path}}{GAP}{row.value:<{value}}",
        (f"{GAP}{row.source:<{source}}" if source or row.source else "", "dim"),
        (GAP + row.marks if row.marks else "", "yellow"),
        indent=indent,
    )


def _write_stacked(page: Page, row: Row, indent: int) -> None:
    page.line(
        *_sign(row),
        row.path,
        (GAP + row.source if row.source else "", "dim"),
        (GAP + row.marks if row.marks else "", "yellow"),
        indent=indent,
    )
    if row.sign == "~" and isinstance(row.before, list) and isinstance(row.after, list):
        for sign, text in list_changes(row.before, row.after):
            page.line((f"{sign} ", STYLES.get(sign, "dim")), (text, "" if sign.strip() else "dim"), indent=indent + 4)
        return
    for sign, value in (("-", row.before), ("+", row.after)):
        if value is not None:
            _write_value(page, sign, value, indent + 4)


def _write_value(page: Page, sign: str, value: Json, indent: int) -> None:
    for index, line in enumerate(block(value, page.width - indent - 2)):
        lead = len(line) - len(line.lstrip(" "))
        first: Part = (f"{sign} ", STYLES[sign]) if index == 0 else "  "
        page.line(first, " " * lead, line.lstrip(" "), indent=indent, hang=lead + 4)


def _sign(row: Row) -> tuple[Part, ...]:
    return ((f"{row.sign} ", STYLES[row.sign]),)
