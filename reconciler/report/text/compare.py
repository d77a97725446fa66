"""How two targets differ, for people."""

from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.model import Action, Json
from reconciler.redact.presented import PresentedChange
from reconciler.report.json import change_json, frame
from reconciler.report.text.page import Page
from reconciler.report.text.plan import write_members
from reconciler.report.text.values import number_of

ONLY = {Action.CREATE: 1, Action.DELETE: 0}
STYLES = {Action.CREATE: "green", Action.DELETE: "red"}
INDENT = 6


@dataclass(frozen=True, slots=True)
class Compared:
    """One stack in two targets, by their names."""

    names: tuple[str, str]
    changes: tuple[PresentedChange, ...]


def compare_page(each: Sequence[Compared], width: int) -> Page:
    page = Page(width)
    for one in each:
        _write(page, one)
    page.whole((compare_line(each), "bold"))
    return page


def compare_line(each: Sequence[Compared]) -> str:
    """The last line: `Compare: 3 stacks: 2 alike, 1 differs.`"""
    differ = sum(bool(one.changes) for one in each)
    return f"Compare: {number_of(len(each), 'stack')}: {len(each) - differ} alike, {differ} different."


def compare_json(each: Sequence[Compared]) -> dict[str, Json]:
    return {
        **frame("compare"),
        "summary": {"stacks": len(each), "different": sum(bool(one.changes) for one in each)},
        "stacks": [
            {"first": one.names[0], "second": one.names[1], "changes": [change_json(change) for change in one.changes]}
            for one in each
        ],
    }


def _write(page: Page, one: Compared) -> None:
    told = "" if one.changes else "  alike"
    page.line((one.names[0], "bold"), (" -> ", "dim"), (one.names[1], "bold"), (told, "green"))
    for change in one.changes:
        only = f"  only in {one.names[ONLY[change.action]]}" if change.action in ONLY else ""
        style = STYLES.get(change.action, "yellow")
        page.line(
            "  ",
            (f"{change.action.value:<3} ", f"bold {style}"),
            (str(change.address), "bold"),
            (only, style),
            hang=INDENT,
        )
        if not only:
            write_members(page, change, INDENT)
    page.blank()
