"""What an import has written, and what it has not, for people and programs."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby

from reconciler.adopt.found import LeftOut
from reconciler.model import Json, Plan
from reconciler.report.documents import place_json, plan_json, problems_json
from reconciler.report.items import Import
from reconciler.report.page import Page
from reconciler.report.plan_text import write_changes
from reconciler.report.problems_text import problems_page
from reconciler.report.redaction import redacted_text
from reconciler.report.words import number_of

MANY = 5  # of what is left out for one reason, so many are named


def import_page(found: Import, contents: str, width: int) -> Page:
    """`contents` says what the stack holds."""
    page = Page(width)
    for file in found.files:
        page.whole(("wrote", "green"), f" {file}")
    page.line(f"Imported as stack {found.stack.name}: {contents}")
    page.add(plan_verdict(found, width).lines)
    return page


def plan_verdict(found: Import, width: int) -> Page:
    """Say what an adoption would do, and what of that keeps it from being one; or what must be given first."""
    page = Page(width)
    if found.unset:
        page.line(f"To be given by --var, --var-file or a default: {', '.join(found.unset)}")
        page.line("Until then, validate, render, graph and --sandbox use their examples.")
    plan = found.plan
    if plan is None:
        return page
    if found.changing:
        page.blank()
        write_changes(page, _only_changing(found, plan))
        what = number_of(len(found.changing), "change")
        page.whole(("The plan is not empty", "bold red"), f": {what} beyond adoption.")
    else:
        page.whole(("The plan is empty", "bold green"), f" but for adoption: {_to_adopt(plan)}.")
    return page


def left_out_page(found: Import, width: int) -> Page:
    """Name the problems, and what was left out, with the reason."""
    page = problems_page(found.problems, width)
    for what, why in _by_reason(found.left_out):
        page.line(("left out", "yellow"), f": {what}: {redacted_text(why)}")
    return page


def import_json(found: Import) -> dict[str, Json]:
    left_out = [{"what": one.what, "why": redacted_text(one.why), **place_json(one.where)} for one in found.left_out]
    return problems_json(
        found.problems,
        document="import",
        stack=found.stack.name,
        files=list(found.files),
        resources=[str(address) for address in found.stack.declared],
        left_out=left_out,
        unset=list(found.unset),
        changing=[str(change.address) for change in found.changing],
        plan=plan_json(found.plan) if found.plan else None,
    )


def _only_changing(found: Import, plan: Plan) -> Plan:
    return replace(plan, changes=found.changing)


def _to_adopt(plan: Plan) -> str:
    count = len(plan.changes)
    return f"{number_of(count, 'resource')} to tag, nothing else to change" if count else "nothing is left to adopt"


def _by_reason(left_out: tuple[LeftOut, ...]) -> Iterator[tuple[str, str]]:
    """Yield what is left out for one reason, in short, and the reason."""
    ordered = sorted(left_out, key=lambda one: one.why)
    for why, group in groupby(ordered, key=lambda one: one.why):
        named = [f"{one.where}: {one.what}" if one.where else one.what for one in group]
        more = f" and {len(named) - MANY} more" if len(named) > MANY else ""
        yield f"{', '.join(named[:MANY])}{more}", why
