"""Rules and problems for people: one with all that is known of it, or all in a table."""

from collections.abc import Iterable

from reconciler.model import Json
from reconciler.report.catalogue import Entry
from reconciler.report.page import Page
from reconciler.report.yaml_text import yaml_text

LABEL = 12  # the width of the labels' column
ID = 9  # of the ids' column
WORD = 9  # of the column that tells the severity, or that it is advice
GENERAL = "Problems, which cannot be disabled"


def entry_page(entry: Entry, width: int) -> Page:
    page = Page(width)
    page.line((entry.id, "bold"), f"  {entry.kind}" if entry.kind else "")
    page.line(entry.says, indent=2, hang=0)
    facts = {
        "severity": str(entry.severity),
        "advice": "yes: told by `validate --strict` only" if entry.advice else "",
        "hint": entry.hint,
        "source": entry.source,
        "disable": f'rules: {{disable: {{{entry.id}: "why"}}}}' if entry.kind else "",
    }
    for label, text in facts.items():
        if text:
            page.line((f"{label:<{LABEL}}", "dim"), text, indent=2, hang=LABEL)
    if entry.kind:
        _write_example(page, "breaks it", entry.fails)
        _write_example(page, "keeps it", entry.passes)
    return page


def entries_page(entries: Iterable[Entry], width: int, *, sources: bool = False) -> Page:
    """Write a row for each; below it, where `sources` are asked for, what to do and on what grounds."""
    page = Page(width)
    heading = ""
    for entry in entries:
        if heading != (entry.kind or GENERAL):
            heading = entry.kind or GENERAL
            page.blank()
            page.line((heading, "bold"))
        word = "advice" if entry.advice else str(entry.severity)
        page.line(f"{entry.id:<{ID}}", (f"{word:<{WORD}}", "dim"), entry.says, indent=2, hang=ID + WORD)
        for label, text in (("hint", entry.hint), ("source", entry.source)):
            if sources and text:
                page.line((f"{label}: {text}", "dim"), indent=2 + ID + WORD, hang=2)
    return page


def entry_json(entry: Entry) -> dict[str, Json]:
    return {
        "id": entry.id,
        "kind": entry.kind or None,
        "says": entry.says,
        "severity": str(entry.severity),
        "advice": entry.advice,
        "hint": entry.hint,
        "source": entry.source,
        "fails": entry.fails,
        "passes": entry.passes,
    }


def _write_example(page: Page, title: str, example: Json) -> None:
    page.blank()
    page.line((title, "dim"), indent=2)
    for line in yaml_text(example).splitlines():
        lead = len(line) - len(line.lstrip(" "))
        page.line(line.lstrip(" "), indent=4 + lead)
