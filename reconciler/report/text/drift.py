"""Two states side by side for people: drift (declared and live), and two deployments of one stack."""

from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.model import Action, Address, Json
from reconciler.redact.presented import PresentedChange, PresentedField
from reconciler.report.json import change_json, frame
from reconciler.report.results import Drift, drift_fields, drift_of, foreign_reason
from reconciler.report.summary import ACTIONS, facts_of
from reconciler.report.text.page import Page
from reconciler.report.text.plan import write_fields, write_heading, write_ignored, write_notes
from reconciler.report.text.values import inline, number_of, place

COLUMN = 12  # the width of the word in front of a resource


@dataclass(frozen=True, slots=True)
class DriftCommands:
    """Command lines to copy: what undoes drift, and what shows that nothing is left if it was kept."""

    undo: str
    check: str


def drift_page(drift: Drift, width: int, verbose: int = 0, commands: DriftCommands | None = None) -> Page:
    """`verbose` adds what is ignored, and why. The `commands` stand at the end where there is something to undo."""
    page = Page(width)
    drift = drift_of(drift.plan.in_short)
    write_heading(page, drift.plan)
    for change in drift.changed:
        _write_change(page, "changed", change)
    for change in drift.undeclared:
        _write_change(page, "undeclared", change)
    for change in drift.missing:
        _write_resource(
            page, "missing", change.address, "declared, but not live: never applied, or deleted outside this stack"
        )
        page.blank()
    for change in drift.foreign:
        _write_resource(page, "foreign", change.address, foreign_reason(change))
        page.blank()
    _write_unhealthy(page, drift)
    _write_pending(page, drift)
    if verbose:
        write_ignored(page, drift.plan)
    write_notes(page, drift.plan.notes)
    if drift.is_none:
        page.line(("No drift.", "bold green"), " Live resources are as applied.")
        page.blank()
    if commands and drift.undoable:
        _write_commands(page, drift, commands)
    page.whole((drift.line, "bold"))
    return page


def _write_unhealthy(page: Page, drift: Drift) -> None:
    for unhealthy in drift.plan.unhealthy:
        about = f"{unhealthy.status}: {unhealthy.reason}" if unhealthy.reason else unhealthy.status
        _write_resource(page, "unhealthy", unhealthy.address, about, style="red")
        for word, text in (("cause", unhealthy.cause), ("remedy", unhealthy.remedy)):
            if text:
                page.line((f"{word}: ", "dim"), text, indent=COLUMN, hang=len(word) + 2)
    page.blank()


def _write_commands(page: Page, drift: Drift, commands: DriftCommands) -> None:
    page.line("To undo this, apply what the YAML declares:")
    page.whole(f"    {commands.undo}")
    if drift.changed or drift.undeclared:
        page.line("To keep it, write the live values into the YAML, or ignore the fields; then the plan is empty:")
        page.whole(f"    {commands.check}")
    page.blank()


def _write_pending(page: Page, drift: Drift) -> None:
    for change in drift.pending:
        _write_resource(page, "pending", change.address, f"not applied yet: {ACTIONS[change.action]}", style="dim")
    page.blank()


def _write_change(page: Page, word: str, change: PresentedChange) -> None:
    _write_resource(page, word, change.address, place(change.where), name=change.name)
    for field in drift_fields(change):
        _write_member(page, field, change)
    page.blank()


def _write_resource(
    page: Page, word: str, address: Address, about: str, *, name: str = "", style: str = "yellow"
) -> None:
    physical = f" ({name})" if name and name != address.name else ""
    page.line(
        (f"{word:<{COLUMN}}", f"bold {style}"),
        (str(address), "bold"),
        physical,
        (f"  {about}" if about else "", "dim"),
        hang=COLUMN,
    )


def _write_member(page: Page, field: PresentedField, change: PresentedChange) -> None:
    live, declared = field.sides
    source = place(field.where, change.where)
    page.line(
        field.path,
        ("  undeclared" if field.undeclared else "", "yellow"),
        (f"  {source}" if source else "", "dim"),
        indent=COLUMN,
    )
    page.line(("declared  ", "dim"), _shown(declared), indent=COLUMN + 4, hang=10)
    page.line(("live      ", "dim"), _shown(live), indent=COLUMN + 4, hang=10)


def _shown(value: Json) -> str:
    return "(absent)" if value is None else inline(value)


# How two targets differ, for people.

ONLY = {Action.CREATE: 1, Action.DELETE: 0}
STYLES = {Action.CREATE: "green", Action.DELETE: "red"}
INDENT = 6


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
    page = Page(width)
    for stack in stacks:
        _write(page, stack)
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


def _write(page: Page, stack: Compared) -> None:
    if stack.only_in:
        page.line((stack.names[0] or stack.names[1], "bold"), (f"  only in {stack.only_in}", "yellow"))
        page.blank()
        return
    verdict = "" if stack.changes else "  alike"
    page.line((stack.names[0], "bold"), (" -> ", "dim"), (stack.names[1], "bold"), (verdict, "green"))
    if stack.omitted:
        page.line("    ", (f"not compared: {', '.join(stack.omitted)}", "dim"), hang=INDENT)
    for change in stack.changes:
        only = f"  only in {stack.names[ONLY[change.action]]}" if change.action in ONLY else ""
        style = STYLES.get(change.action, "yellow")
        page.line(
            "  ",
            (f"{change.action.value:<3} ", f"bold {style}"),
            (str(change.address), "bold"),
            (only, style),
            hang=INDENT,
        )
        if not only:
            facts = facts_of(change)
            write_fields(page, facts, facts.read_fields(), INDENT)
    page.blank()
