"""A plan for people: what happens to each resource, in the order of execution, and what each change costs."""

import json
from collections.abc import Iterator
from dataclasses import replace

from reconciler.model import Action, Call, Change, Cost, FieldChange, Plan, Wait
from reconciler.problems import Problem
from reconciler.report.fingerprint import SHORT
from reconciler.report.ignored_text import write_ignored
from reconciler.report.member_text import write_members
from reconciler.report.names import with_short_names
from reconciler.report.page import Page
from reconciler.report.problems_text import write_problem
from reconciler.report.redaction import redacted, redacted_change, redacted_text
from reconciler.report.values import block
from reconciler.report.words import DESTRUCTIVE, duration, is_greeted_by_name, number_of, place, plan_line

SIGN_STYLES = {
    Action.CREATE: "green",
    Action.UPDATE: "yellow",
    Action.REVISION: "yellow",
    Action.REPLACE: "red",
    Action.BLUE_GREEN: "magenta",
    Action.DELETE: "red",
    Action.RETIRE: "magenta",
    Action.ADOPT: "cyan",
    Action.FORGET: "cyan",
    Action.REPAIR: "red",
    Action.PRUNE: "cyan",
    Action.WAIT: "dim",
}
SURPRISING = (Cost.INFRASTRUCTURE, Cost.REPLACE, Cost.IMPOSSIBLE)
MOST = 6  # lines of what is deleted
INDENT = 9  # where the details of a change begin: after its number and its sign


def plan_page(plan: Plan, width: int, verbose: int = 0, fingerprint: str = "") -> Page:
    """`verbose`: 1 adds the order, requests and waits in words, and what is ignored; 2 the requests themselves.

    The last line is the one that scripts look for; a fingerprint is the line above it.
    """
    page = Page(width)
    write_heading(page, plan)
    write_changes(page, plan, verbose)
    write_unhealthy(page, plan)
    if verbose:
        write_ignored(page, plan)
    write_notes(page, plan.notes)
    for refusal in plan.refused:
        write_problem(page, refusal, word="refused")
        page.blank()
    if not plan.changes:
        page.line(("No changes.", "bold green"), f" {_as_declared(plan)}")
    elif plan.unchanged:
        page.line((_as_declared(plan), "dim"))
    page.blank()
    if fingerprint:
        page.whole((f"Fingerprint: {fingerprint[:SHORT]}", "dim"))
    page.whole((plan_line(plan), "bold"))
    return page


def write_changes(page: Page, plan: Plan, verbose: int = 0) -> None:
    """Write what goes before what stays, as most readers look for it; the numbers tell the order of execution."""
    numbered = enumerate(with_short_names(plan).changes, 1)
    for number, change in sorted(numbered, key=lambda one: one[1].action not in DESTRUCTIVE):
        _write_change(page, number, change, verbose)


def write_heading(page: Page, plan: Plan) -> None:
    where = f"account {plan.identity.account}, region {plan.identity.region}"
    page.line(("Stack ", "bold"), (plan.stack, "bold"), (f"  {where}", "dim"))
    page.blank()


def write_unhealthy(page: Page, plan: Plan) -> None:
    for one in plan.unhealthy:
        reason = f": {redacted_text(one.reason)}" if one.reason else ""
        page.line("     ", ("!", "bold red"), f"   {one.address} is {one.status}{reason}", hang=INDENT)
        for word, told in (("cause", one.cause), ("remedy", one.remedy)):
            if told:
                page.line((f"{word}: ", "dim"), told, indent=INDENT, hang=len(word) + 2)
    page.blank()


def write_notes(page: Page, notes: tuple[Problem, ...]) -> None:
    for note in notes:
        write_problem(page, note)
    page.blank()


def _write_change(page: Page, number: int, change: Change, verbose: int) -> None:
    _write_header(page, number, change)
    if change.action is Action.CREATE:
        _write_declaration(page, change)
    elif change.action is Action.DELETE:
        _write_deleted(page, change, verbose)
    else:
        write_members(page, change, INDENT)
    for refusal in change.refusals:
        _write_refusal(page, change, refusal)
    if verbose:
        _write_steps(page, change, verbose)
    page.blank()


def _write_header(page: Page, number: int, change: Change) -> None:
    style = SIGN_STYLES[change.action]
    physical = f" ({change.name})" if is_greeted_by_name(change) else ""
    about = [text for text in _about(change) if text not in change.losses]
    losses = "; ".join(change.losses)
    source = place(change.where)
    page.line(
        (f"{number:>3}  ", "dim"),
        (f"{change.action.value:<3} ", f"bold {style}"),
        (str(change.address), "bold"),
        physical,
        (f"  {'; '.join(about)}" if about else "", style if change.refusals else ""),
        (f"{'; ' if about else '  '}{losses}" if losses else "", "bold red"),
        (f"  {source}" if source else "", "dim"),
        hang=INDENT,
    )


def _about(change: Change) -> Iterator[str]:
    cost = cost_of(change)
    first, *rest = (*reasons_of(change), "")
    yield from (text for text in (f"{cost}: {first}" if cost else first, *rest) if text)


def cost_of(change: Change) -> Cost | None:
    """Return the cost that is worth a word: to create has none."""
    return change.cost


def reasons_of(change: Change) -> Iterator[str]:
    """Yield what the cost of a change means, why it happens, and whether somebody else caused it."""
    cost = cost_of(change)
    if cost:
        yield cost.says + (_forced_by(change) if cost in SURPRISING else "")
    yield from change.reasons
    if change.drift:
        yield "changed outside of this stack"


def _forced_by(change: Change) -> str:
    """Name the members that make a change dearer than the others would."""
    dearest = [field.path for field in change.fields if field.cost is change.cost]
    if len(dearest) == len(change.fields):
        return ""
    more = f" and {len(dearest) - 1} more" if len(dearest) > 1 else ""
    return f" (because of {dearest[0]}{more})"


def _write_refusal(page: Page, change: Change, refusal: Problem) -> None:
    """The header has named the resource and its place already."""
    message = refusal.message.removeprefix(f"{change.address}: ")
    write_problem(page, replace(refusal, message=message, where=None), INDENT, word="refused")


def _write_declaration(page: Page, change: Change) -> None:
    whole = {field.path: redacted_change(field)[1] for field in change.fields if not _is_tag(field)}
    tags = {field.path.removeprefix("tags."): redacted_change(field)[1] for field in change.fields if _is_tag(field)}
    for line in block({**whole, **({"tags": tags} if tags else {})}, page.width - INDENT) if whole or tags else ():
        lead = len(line) - len(line.lstrip(" "))
        page.line(line.lstrip(" "), indent=INDENT + lead)


def _write_deleted(page: Page, change: Change, verbose: int) -> None:
    """Show what goes: all of it with -v, otherwise so much that people know it again."""
    whole = Page(page.width)
    write_members(whole, change, INDENT)
    more = 0 if verbose else len(whole.lines) - MOST
    page.add(whole.lines[:MOST] if more > 1 else whole.lines)  # a line that says 1 more is no shorter
    if more > 1:
        page.line((f"({more} more lines; -v shows them)", "dim"), indent=INDENT)


def _is_tag(field: FieldChange) -> bool:
    return field.path.startswith("tags.")


def _write_steps(page: Page, change: Change, verbose: int) -> None:
    if change.after:
        page.line(("after ", "dim"), ", ".join(map(str, change.after)), indent=INDENT)
    for number, step in enumerate(change.steps, 1):
        page.line((f"{number}. ", "dim"), _step_in_words(step), indent=INDENT)
        if verbose > 1 and isinstance(step, Call):
            request = json.dumps(redacted(step.request), indent=2, ensure_ascii=False, default=str)
            page.line((f"{step.operation} ", "dim"), indent=INDENT + 3)
            for line in request.splitlines():
                page.line((line.lstrip(" "), "dim"), indent=INDENT + 3 + len(line) - len(line.lstrip(" ")))


def _step_in_words(step: Call | Wait) -> str:
    return step.says if isinstance(step, Call) else f"{step.says} (at most {duration(step.timeout)})"


def _as_declared(plan: Plan) -> str:
    if plan.unchanged == 1:
        return "1 resource is as declared."
    return f"{number_of(plan.unchanged, 'resource')} are as declared."
