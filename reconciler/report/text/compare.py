"""How two deployments of each stack differ: a table of stacks, and for each different stack one of its resources."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from reconciler.model import Action, Json
from reconciler.redact.presented import PresentedChange
from reconciler.report.json import change_json, frame
from reconciler.report.summary import ChangeFacts, Entry, entries_of, facts_of, row_of, rows_of
from reconciler.report.text.page import Page, Part
from reconciler.report.text.plan import HARM_STYLES, write_fields, write_names, write_rows
from reconciler.report.text.table import TableColumn, write_table
from reconciler.report.text.values import number_of

ONLY = {Action.CREATE: 1, Action.DELETE: 0}  # the side that has a resource, where only one does
COLUMNS = (
    TableColumn("first"),
    TableColumn("second"),
    TableColumn("difference", is_text=True),
)
HEADINGS = ("", "resource", "difference", "only in", "", "place")
INDENT = 4


@dataclass(frozen=True, slots=True)
class Compared:
    """One stack in two deployments, by their names.

    A name is empty on the side that does not have the stack, and `only_in` says which side has it. `omitted` are
    further deployments of the stack in the second environment, which are not compared.
    """

    names: tuple[str, str]
    changes: tuple[PresentedChange, ...] = ()
    omitted: tuple[str, ...] = ()
    only_in: str = ""

    @property
    def is_different(self) -> bool:
        return bool(self.only_in or self.changes)


def compare_page(stacks: Sequence[Compared], width: int) -> Page:
    """The table names each stack; what differs in one comes below it."""
    page = Page(width)
    write_table(page, COLUMNS, [_cells(stack) for stack in stacks])
    page.blank()
    for stack in stacks:
        if stack.changes:
            _write_differences(page, stack)
    page.whole((compare_line(stacks), "bold"))
    return page


def compare_line(stacks: Sequence[Compared]) -> str:
    """The last line: `Compare: 3 stacks: 2 equal, 1 different. 6 of 7 deployments were compared.`"""
    differ = sum(bool(stack.changes) for stack in stacks)
    one_sided = sum(bool(stack.only_in) for stack in stacks)
    more = f", {one_sided} on one side only" if one_sided else ""
    equal = len(stacks) - differ - one_sided
    line = f"Compare: {number_of(len(stacks), 'stack')}: {equal} equal, {differ} different{more}."
    compared = 2 * (equal + differ)
    every = compared + one_sided + sum(len(stack.omitted) for stack in stacks)
    return line if compared == every else f"{line} {compared} of {every} deployments were compared."


def compare_json(stacks: Sequence[Compared]) -> dict[str, Json]:
    return {
        **frame("compare"),
        "summary": {
            "stacks": len(stacks),
            "different": sum(bool(stack.changes) for stack in stacks),
            "on_one_side": sum(bool(stack.only_in) for stack in stacks),
        },
        "stacks": [
            {
                "first": stack.names[0] or None,
                "second": stack.names[1] or None,
                "omitted": list(stack.omitted),
                "changes": [change_json(change) for change in stack.changes],
            }
            for stack in stacks
        ],
    }


def _cells(stack: Compared) -> tuple[Part, ...]:
    first, second = stack.names
    omitted = f"; not compared: {', '.join(stack.omitted)}" if stack.omitted else ""
    if stack.only_in:
        return first, second, (f"only in {stack.only_in}{omitted}", "yellow")
    if not stack.changes:
        return first, second, (f"none{omitted}", "green")
    return first, second, (f"{number_of(len(stack.changes), 'resource')}{omitted}", "yellow")


def _write_differences(page: Page, stack: Compared) -> None:
    page.line((stack.names[0], "bold"), (" -> ", "dim"), (stack.names[1], "bold"))
    entries = entries_of(stack.changes, _costless_facts)
    write_rows(page, HEADINGS, [replace(row, outcome=_only_in(row.sign, stack)) for row in rows_of(entries)])
    for entry in entries:
        if entry.is_group or (entry.first.action not in ONLY and not row_of(entry).is_complete):
            _write_entry(page, entry)


def _costless_facts(change: PresentedChange) -> ChangeFacts:
    """Two declarations differ, and nothing is changed: there is no cost."""
    return replace(facts_of(change), cost=None)


def _only_in(sign: str, stack: Compared) -> str:
    side = ONLY.get(Action(sign))
    return "" if side is None else stack.names[side]


def _write_entry(page: Page, entry: Entry[PresentedChange]) -> None:
    sign = (f"{entry.first.action.value:<{INDENT}}", HARM_STYLES[entry.harm])
    page.line(sign, (entry.resources, "bold"), hang=INDENT)
    write_fields(page, entry.first, entry.fields, INDENT)
    if entry.is_group:
        write_names(page, entry, 0, INDENT)
    page.blank()
