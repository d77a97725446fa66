"""The revisions of a definition for people: a row each, and below it what it changed; and what became of a rollback."""

from collections.abc import Sequence

from reconciler.inspect.history import ACTIVE
from reconciler.live.ownership import APPLIED, AppliedRecord
from reconciler.model import Action
from reconciler.redact.presented import (
    PresentedFinish,
    PresentedHistory,
    PresentedPlan,
    PresentedRevision,
    PresentedRollback,
)
from reconciler.report.text.page import Page, write_problem
from reconciler.report.text.plan import write_interruption, write_members, write_remaining_changes, write_result
from reconciler.report.text.values import outcome_line

HEADINGS = ("revision", "status", "owner", "applied", "jobs")
INDENT = len(HEADINGS[0]) + 2  # where what a revision changed begins
FEW = 3  # members that a revision's row shows of what it changed

Cells = tuple[str, ...]


def history_page(history: PresentedHistory, width: int, verbose: int = 0) -> Page:
    page = Page(width)
    _write_heading(page, history)
    revisions = history.in_short.revisions
    rows = [_cells(revision) for revision in revisions]
    widths = [max(map(len, column)) for column in zip(HEADINGS, *rows, strict=True)]
    page.line((_row(HEADINGS, widths), "dim"))
    for cells, revision in zip(rows, revisions, strict=True):
        page.line(_row(cells, widths), ("  matches the YAML" if revision.is_declared else "", "green"), hang=INDENT)
        fields = revision.change.fields
        few = fields if verbose else fields[:FEW]
        write_members(page, revision.change, INDENT, few)
        if len(few) < len(fields):
            page.line((f"and {len(fields) - len(few)} more; -v shows them", "dim"), indent=INDENT)
    page.blank()
    _write_remarks(page, history)
    page.whole((history_line(revisions), "bold"))
    return page


def history_line(revisions: Sequence[PresentedRevision]) -> str:
    active = sum(revision.status == ACTIVE for revision in revisions)
    inactive = f", {len(revisions) - active} inactive" if len(revisions) > active else ""
    return f"Revisions: {active} active{inactive}."


def rollback_page(back: PresentedRollback, finish: PresentedFinish, next_: PresentedPlan | None, width: int) -> Page:
    """`next_` is what the next plan of the stack will say of the definition; None if nobody knows."""
    page = Page(width)
    for result in finish.results:
        write_result(page, result)
    page.blank()
    _write_proof(page, back, finish)
    write_interruption(page, finish)
    if next_ is not None:
        _write_next(page, back, next_)
    page.blank()
    page.whole((outcome_line(finish.counts), "bold"))
    return page


def nothing_page(back: PresentedRollback, width: int) -> Page:
    page = Page(width)
    current = back.history.current
    same = f"revision {back.to} is the newest" if current == back.to else _says(current or 0, back.to)
    page.line(("Nothing to roll back.", "bold green"), f" {back.history.address}: {same}.")
    if back.history.is_rolled_back:
        page.line(f"A rollback made revision {current}. To go further back, choose a revision with --to.")
    return page


def _says(number: int, other: int) -> str:
    return f"revision {number}, the newest, equals revision {other}"


def _write_heading(page: Page, history: PresentedHistory) -> None:
    physical = f" ({history.name})" if history.name != history.address.name else ""
    where = f"account {history.identity.account}, region {history.identity.region}"
    page.line((str(history.address), "bold"), physical, (f"  {where}", "dim"))
    page.blank()


def _cells(revision: PresentedRevision) -> Cells:
    applied = AppliedRecord.of({APPLIED: revision.applied}).digest
    users = "?" if revision.users is None else str(revision.users)
    return (str(revision.number), revision.status, revision.owner or "unowned", applied or "-", users)


def _row(cells: Cells, widths: Sequence[int]) -> str:
    """Numbers stand to the right."""
    first, *texts, last = (f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True))
    return "  ".join((first.strip().rjust(widths[0]), *texts, last.strip().rjust(widths[-1])))


def _write_remarks(page: Page, history: PresentedHistory) -> None:
    if history.is_declared and not any(revision.is_declared for revision in history.revisions):
        page.line("The YAML differs from each of them: `reconciler plan` shows how.")
    for note in history.notes:
        write_problem(page, note)
    page.blank()


def _write_proof(page: Page, back: PresentedRollback, finish: PresentedFinish) -> None:
    if finish.rest is None:
        page.line(("Not proven:", "bold yellow"), f" looking again failed. {finish.doubt}")
    elif finish.rest.is_empty:
        page.line(("Rolled back:", "bold green"), f" the newest revision equals revision {back.to}.")
    else:
        page.line(("Not proven:", "bold yellow"), f" the newest revision differs from revision {back.to}.")


def _write_next(page: Page, back: PresentedRollback, next_: PresentedPlan) -> None:
    page.blank()
    if not next_.changes:
        page.line("The next plan of this stack will find nothing to do about it.")
        return
    page.line("The next plan of this stack will show:")
    write_remaining_changes(page, next_)
    if any(change.action is Action.REVISION for change in next_.changes):
        page.line(f"To keep it, change the YAML to match revision {back.to} before the next apply.")
