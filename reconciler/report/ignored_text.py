"""The members that differ and are no change, for people: each with the reason, and with the resources that have it."""

from reconciler.model import Plan
from reconciler.report.names import with_short_names
from reconciler.report.page import Page
from reconciler.report.redaction import redacted_change, redacted_text
from reconciler.report.values import inline

INDENT = 9


def write_ignored(page: Page, plan: Plan) -> None:
    """Write each member of a kind once, and below it the resources by what they have there."""
    members: dict[tuple[str, str, str], dict[str, list[str]]] = {}
    for address, ignored in with_short_names(plan).ignored.items():
        for one in ignored:
            live, declared = redacted_change(one)
            both = f"live {inline(live)}" if declared is None else f"live {inline(live)}, declared {inline(declared)}"
            values = members.setdefault((address.kind, one.path, one.why), {})
            values.setdefault(both if live is not None else f"declared {inline(declared)}", []).append(address.name)
    for (kind, path, why), values in members.items():
        page.line(("ignored  ", "dim"), (f"{kind} {path}", "bold"), (f"  {redacted_text(why)}", "dim"), hang=INDENT)
        for value, names in values.items():
            page.line((f"{value}: ", "dim"), ", ".join(names), indent=INDENT, hang=4)
    page.blank()
