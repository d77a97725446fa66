"""What an import has written, and what it has not, for people and programs."""

from reconciler.model import Json
from reconciler.report.documents import place_json, problems_json
from reconciler.report.items import Import
from reconciler.report.page import Page
from reconciler.report.problems_text import problems_page
from reconciler.report.redaction import redacted_text


def import_page(found: Import, contents: str, width: int) -> Page:
    """`contents` says what the stack holds."""
    page = Page(width)
    for file in found.files:
        page.whole(("wrote", "green"), f" {file}")
    page.line(f"Imported as stack {found.stack.name}: {contents}")
    return page


def left_out_page(found: Import, width: int) -> Page:
    """Name the problems, and what was left out, with the reason."""
    page = problems_page(found.problems, width)
    for one in found.left_out:
        place = f"{one.where}: " if one.where else ""
        page.line((place, "dim"), ("left out", "yellow"), f": {one.what}: {redacted_text(one.why)}")
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
    )
