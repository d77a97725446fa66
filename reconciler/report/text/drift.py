"""Drift for people: a table of what was changed outside the stack, the details, and how to undo or to keep it."""

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.redact.presented import PresentedChange, PresentedPlan
from reconciler.report.results import Drift, drift_of
from reconciler.report.summary import (
    DRIFT_HEADINGS,
    ChangeHarm,
    DriftTier,
    Entry,
    drift_entries,
    drift_rows,
    facts_of,
    row_of,
)
from reconciler.report.text.page import Page
from reconciler.report.text.plan import (
    describe_cost,
    write_fields,
    write_heading,
    write_ignored,
    write_names,
    write_notes,
    write_rows,
)
from reconciler.report.text.values import place
from reconciler.report.who import write_authors

COLUMN = 12  # where what is said of a resource begins: behind its tier
STYLES: Mapping[str, str] = {
    DriftTier.UNHEALTHY: "bold red",
    DriftTier.MISSING: "bold red",
    DriftTier.CHANGED: "bold yellow",
    DriftTier.UNDECLARED: "bold yellow",
    DriftTier.FOREIGN: "bold yellow",
    DriftTier.PENDING: "dim",
}


@dataclass(frozen=True, slots=True)
class DriftCommands:
    """Command lines to copy: what undoes drift, and what shows that nothing is left if it was kept."""

    undo: str
    check: str


def drift_page(drift: Drift, width: int, verbose: int = 0, commands: DriftCommands | None = None) -> Page:
    """`verbose` adds names and the fields that are ignored, and why. `commands` are added where drift can be undone."""
    page = Page(width)
    drift = drift_of(drift.plan.in_short, drift.authors)
    write_heading(page, drift.plan)
    entries = drift_entries(drift.tiers, facts_of)
    write_rows(page, DRIFT_HEADINGS, drift_rows(entries, drift.statuses), STYLES)
    _write_remedies(page, drift.plan)
    for tier, entry in entries:
        _write_entry(page, tier, entry, verbose)
    if verbose:
        write_ignored(page, drift.plan)
    write_notes(page, drift.plan.notes)
    write_authors(page, drift.authors, verbose)
    if drift.is_none:
        page.line(("No drift.", "bold green"), " Live resources are as applied.")
        page.blank()
    if commands and drift.undoable:
        _write_commands(page, drift, commands)
    page.whole((drift.line, "bold"))
    return page


def _write_remedies(page: Page, plan: PresentedPlan) -> None:
    """Write what is known about unhealthy resources beyond their status."""
    for unhealthy in plan.unhealthy:
        remarks = [(word, text) for word, text in (("cause", unhealthy.cause), ("remedy", unhealthy.remedy)) if text]
        if remarks:
            _write_header(page, DriftTier.UNHEALTHY, str(unhealthy.address), unhealthy.name)
        for word, text in remarks:
            page.line((f"{word}: ", "dim"), text, indent=COLUMN, hang=len(word) + 2)
    page.blank()


def _write_entry(page: Page, tier: DriftTier, entry: Entry[PresentedChange], verbose: int) -> None:
    """Write what the row of an entry cannot say; with `verbose` each field and each name."""
    fields = entry.fields
    has_fields = bool(fields) and (bool(verbose) or not row_of(entry).is_complete)
    has_names = entry.is_group and (tier is not DriftTier.PENDING or bool(verbose))
    if not has_fields and not has_names:
        return
    first, name = entry.first, entry.numbered[0][1].name
    _write_header(page, tier, entry.resources, *(("", "") if entry.is_group else (name, place(first.where))))
    if has_fields:
        write_fields(page, first, fields, COLUMN)
    if has_names:
        write_names(page, entry, verbose, COLUMN)
    if has_fields and first.cost and first.harm <= ChangeHarm.JOBS:
        costs = "; ".join((describe_cost(first.cost, fields), *first.losses))
        page.line(("apply: ", "dim"), costs, indent=COLUMN, hang=7)
    page.blank()


def _write_header(page: Page, tier: DriftTier, resource: str, name: str, source: str = "") -> None:
    physical = f" ({name})" if name and name != resource.rpartition("/")[2] else ""
    page.line(
        (f"{tier:<{COLUMN}}", STYLES[tier]),
        (resource, "bold"),
        physical,
        (f"  {source}" if source else "", "dim"),
        hang=COLUMN,
    )


def _write_commands(page: Page, drift: Drift, commands: DriftCommands) -> None:
    page.line("To undo this, apply what the YAML declares:")
    page.whole(f"    {commands.undo}")
    if drift.changed or drift.undeclared:
        page.line("To keep it, write the live values into the YAML, or ignore the fields; then the plan is empty:")
        page.whole(f"    {commands.check}")
    page.blank()
