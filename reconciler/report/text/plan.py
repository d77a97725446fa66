"""A plan and its outcome for people: each change in the order of execution, its cost, and what became of it."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from reconciler.apply import State
from reconciler.model import Action, Cost, Json
from reconciler.redact.presented import (
    PresentedCall,
    PresentedChange,
    PresentedField,
    PresentedFinish,
    PresentedPlan,
    PresentedProblem,
    PresentedResult,
    PresentedStep,
)
from reconciler.report.json import SHOWN_DIGITS
from reconciler.report.text.page import Line, Page, Part, write_problem
from reconciler.report.text.values import (
    DESTRUCTIVE,
    block,
    duration,
    inline,
    is_greeted_by_name,
    list_changes,
    number_of,
    outcome_line,
    place,
    plan_line,
)

# The members of a change as rows: sign, path, before and after, what is remarkable, and where it was written.

STYLES = {"+": "green", "-": "red", "~": "yellow"}
GAP = "  "
Widths = tuple[int, int, int]  # of path, value and source
UNALIGNED: Widths = (0, 0, 0)
LONGEST = 60  # a longer value is easier to compare with before above after


@dataclass(frozen=True, slots=True)
class Row:
    sign: str
    path: str
    before: Json
    after: Json
    marks: str
    source: str
    why: str

    @property
    def value(self) -> str:
        if self.sign == "~":
            return f"{inline(self.before)} -> {inline(self.after)}"
        return inline(self.after if self.sign == "+" else self.before)


def write_members(
    page: Page, change: PresentedChange, indent: int, fields: Sequence[PresentedField] | None = None
) -> None:
    """Write one row a field: in columns where they fit, on a line of its own, or with its values below it.

    `fields` are those to write where it is not all of them.
    """
    rows = [_row(field, change) for field in (change.fields if fields is None else fields)]
    room = page.width - indent
    widths = _columns(rows, room)
    for row in rows:
        if not _is_short(row, room):
            _write_stacked(page, row, indent)
        else:
            _write_line(page, row, indent, widths if _length(row, widths) <= room else UNALIGNED)
        if row.why:
            page.line((row.why, "dim"), indent=indent + 4, hang=0)


def rows_of(change: PresentedChange) -> list[Row]:
    return [_row(field, change) for field in change.fields]


def _row(field: PresentedField, change: PresentedChange) -> Row:
    before, after = field.sides
    return Row(
        sign="+" if before is None else "-" if after is None else "~",
        path=field.path,
        before=before,
        after=after,
        marks=", ".join(_marks(field, change.cost)),
        source=place(field.where, change.where),
        why="" if change.refusals else field.why,  # a refusal tells it
    )


def _marks(field: PresentedField, cost_of_change: Cost | None) -> Iterator[str]:
    if cost_of_change and field.cost is not cost_of_change:
        yield str(field.cost)
    if field.undeclared:
        yield "undeclared"
    elif field.drift:
        yield "drift"


def _is_short(row: Row, room: int) -> bool:
    return len(row.value) <= LONGEST and _length(row, UNALIGNED) <= room


def _columns(rows: list[Row], room: int) -> Widths:
    """Return the widths of path, value and source that as many short rows as possible can share."""
    sharing = sorted((row for row in rows if _is_short(row, room)), key=lambda row: len(row.value))
    while sharing:
        widths = (
            max(len(row.path) for row in sharing),
            max(len(row.value) for row in sharing),
            max(len(row.source) for row in sharing),
        )
        if all(_length(row, widths) <= room for row in sharing):
            return widths
        sharing.pop()
    return UNALIGNED


def _length(row: Row, widths: Widths) -> int:
    texts = (row.path, row.value, row.source)
    path, value, source = (max(len(text), width) for text, width in zip(texts, widths, strict=True))
    tail = [length for length in (source, len(row.marks)) if length]
    return 2 + path + len(GAP) + value + sum(len(GAP) + length for length in tail)


def _write_line(page: Page, row: Row, indent: int, widths: Widths) -> None:
    path, value, source = widths
    page.line(
        *_sign(row),
        f"{row.path:<{path}}{GAP}{row.value:<{value}}",
        (f"{GAP}{row.source:<{source}}" if source or row.source else "", "dim"),
        (GAP + row.marks if row.marks else "", "yellow"),
        indent=indent,
    )


def _write_stacked(page: Page, row: Row, indent: int) -> None:
    page.line(
        *_sign(row),
        row.path,
        (GAP + row.source if row.source else "", "dim"),
        (GAP + row.marks if row.marks else "", "yellow"),
        indent=indent,
    )
    if row.sign == "~" and isinstance(row.before, list) and isinstance(row.after, list):
        for sign, text in list_changes(row.before, row.after):
            page.line((f"{sign} ", STYLES.get(sign, "dim")), (text, "" if sign.strip() else "dim"), indent=indent + 4)
        return
    for sign, value in (("-", row.before), ("+", row.after)):
        if value is not None:
            _write_value(page, sign, value, indent + 4)


def _write_value(page: Page, sign: str, value: Json, indent: int) -> None:
    for index, line in enumerate(block(value, page.width - indent - 2)):
        lead = len(line) - len(line.lstrip(" "))
        first: Part = (f"{sign} ", STYLES[sign]) if index == 0 else "  "
        page.line(first, " " * lead, line.lstrip(" "), indent=indent, hang=lead + 4)


def _sign(row: Row) -> tuple[Part, ...]:
    return ((f"{row.sign} ", STYLES[row.sign]),)


# The members that differ and are no change, for people: each with the reason, and with the resources that have it.

IGNORED_INDENT = 9


def write_ignored(page: Page, plan: PresentedPlan) -> None:
    """Write each member of a kind once, and below it the resources by what they have there."""
    members: dict[tuple[str, str, str], dict[str, list[str]]] = {}
    for address, ignored in plan.in_short.ignored.items():
        for field in ignored:
            live, declared = field.sides
            both = f"live {inline(live)}" if declared is None else f"live {inline(live)}, declared {inline(declared)}"
            values = members.setdefault((address.kind, field.path, field.why), {})
            values.setdefault(both if live is not None else f"declared {inline(declared)}", []).append(address.name)
    for (kind, path, why), values in members.items():
        page.line(("ignored  ", "dim"), (f"{kind} {path}", "bold"), (f"  {why}", "dim"), hang=IGNORED_INDENT)
        for value, names in values.items():
            page.line((f"{value}: ", "dim"), ", ".join(names), indent=IGNORED_INDENT, hang=4)
    page.blank()


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


def plan_page(plan: PresentedPlan, width: int, verbose: int = 0, fingerprint: str = "") -> Page:
    """`verbose`: 1 adds the order, requests and waits in words, and what is ignored; 2 the requests themselves.

    The last line is the one that scripts look for; a fingerprint is the line above it.
    """
    page = Page(width)
    write_heading(page, plan)
    write_changes(page, plan.in_short.changes, verbose)
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
        page.whole((f"Fingerprint: {fingerprint[:SHOWN_DIGITS]}", "dim"))
    page.whole((plan_line(plan), "bold"))
    return page


def write_changes(page: Page, changes: Sequence[PresentedChange], verbose: int = 0) -> None:
    """Write what goes before what stays, as most readers look for it; the numbers tell the order of execution."""
    numbered = sorted(enumerate(changes, 1), key=lambda one: one[1].action not in DESTRUCTIVE)
    if numbered:
        page.later(lambda: chain.from_iterable(_lines_of(page.width, *one, verbose) for one in numbered))


def _lines_of(width: int, number: int, change: PresentedChange, verbose: int) -> list[Line]:
    page = Page(width)
    _write_change(page, number, change, verbose)
    return page.lines


def write_heading(page: Page, plan: PresentedPlan) -> None:
    where = f"account {plan.identity.account}, region {plan.identity.region}"
    page.line(("Stack ", "bold"), (plan.stack, "bold"), (f"  {where}", "dim"))
    page.blank()


def write_unhealthy(page: Page, plan: PresentedPlan) -> None:
    for unhealthy in plan.unhealthy:
        reason = f": {unhealthy.reason}" if unhealthy.reason else ""
        page.line("     ", ("!", "bold red"), f"   {unhealthy.address} is {unhealthy.status}{reason}", hang=INDENT)
        for word, text in (("cause", unhealthy.cause), ("remedy", unhealthy.remedy)):
            if text:
                page.line((f"{word}: ", "dim"), text, indent=INDENT, hang=len(word) + 2)
    page.blank()


def write_notes(page: Page, notes: tuple[PresentedProblem, ...]) -> None:
    for note in notes:
        write_problem(page, note)
    page.blank()


def _write_change(page: Page, number: int, change: PresentedChange, verbose: int) -> None:
    _write_header(page, number, change)
    if change.action is Action.CREATE:
        _write_declaration(page, change)
    elif change.action is Action.DELETE:
        _write_deleted(page, change, verbose)
    else:
        write_members(page, change, INDENT)
    for refusal in change.refusals:
        write_problem(page, refusal, INDENT, word="refused", about=str(change.address))
    if verbose:
        _write_steps(page, change, verbose)
    page.blank()


def _write_header(page: Page, number: int, change: PresentedChange) -> None:
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


def _about(change: PresentedChange) -> Iterator[str]:
    cost = cost_of(change)
    first, *others = (*reasons_of(change), "")
    yield from (text for text in (f"{cost}: {first}" if cost else first, *others) if text)


def cost_of(change: PresentedChange) -> Cost | None:
    """Return the cost that is worth a word: to create has none."""
    return change.cost


def reasons_of(change: PresentedChange) -> Iterator[str]:
    """Yield what the cost of a change means, why it happens, and whether somebody else caused it."""
    cost = cost_of(change)
    if cost:
        yield cost.says + (_forced_by(change) if cost in SURPRISING else "")
    yield from change.reasons
    if change.drift:
        yield "changed outside of this stack"


def _forced_by(change: PresentedChange) -> str:
    """Name the members that make a change dearer than the others would."""
    dearest = [field.path for field in change.fields if field.cost is change.cost]
    if len(dearest) == len(change.fields):
        return ""
    more = f" and {len(dearest) - 1} more" if len(dearest) > 1 else ""
    return f" (because of {dearest[0]}{more})"


def _write_declaration(page: Page, change: PresentedChange) -> None:
    fields = {field.name: field.sides.after for field in change.fields if not field.is_of_tags}
    tags = {field.name: field.sides.after for field in change.fields if field.is_of_tags}
    for line in block({**fields, **({"tags": tags} if tags else {})}, page.width - INDENT) if fields or tags else ():
        lead = len(line) - len(line.lstrip(" "))
        page.line(line.lstrip(" "), indent=INDENT + lead)


def _write_deleted(page: Page, change: PresentedChange, verbose: int) -> None:
    """Show what goes: all of it with -v, otherwise so much that people know it again."""
    members = Page(page.width)
    write_members(members, change, INDENT)
    more = 0 if verbose else len(members.lines) - MOST
    page.add(members.lines[:MOST] if more > 1 else members.lines)  # a line that says 1 more is no shorter
    if more > 1:
        page.line((f"({more} more lines; -v shows them)", "dim"), indent=INDENT)


def _write_steps(page: Page, change: PresentedChange, verbose: int) -> None:
    if change.after:
        page.line(("after ", "dim"), ", ".join(map(str, change.after)), indent=INDENT)
    for number, step in enumerate(change.steps, 1):
        page.line((f"{number}. ", "dim"), _step_in_words(step), indent=INDENT)
        if verbose > 1 and isinstance(step, PresentedCall):
            request = json.dumps(step.request, indent=2, ensure_ascii=False, default=str)
            page.line((f"{step.operation} ", "dim"), indent=INDENT + 3)
            for line in request.splitlines():
                page.line((line.lstrip(" "), "dim"), indent=INDENT + 3 + len(line) - len(line.lstrip(" ")))


def _step_in_words(step: PresentedStep) -> str:
    return step.says if isinstance(step, PresentedCall) else f"{step.says} (at most {duration(step.timeout)})"


def _as_declared(plan: PresentedPlan) -> str:
    if plan.unchanged == 1:
        return "1 resource is as declared."
    return f"{number_of(plan.unchanged, 'resource')} are as declared."


# What became of a plan, for people: one line a change, what is left, and the line that scripts look for.

STATE_STYLES = {
    State.DONE: "green",
    State.FAILED: "bold red",
    State.UNHEALTHY: "bold red",
    State.TIMED_OUT: "bold red",
    State.SKIPPED: "yellow",
    State.INTERRUPTED: "yellow",
    State.NOT_STARTED: "yellow",
}
UNFOLDED = 100_000  # wider than any line
COLUMN = max(len(state) for state in State) + 2


def finish_page(finish: PresentedFinish, width: int) -> Page:
    page = Page(width)
    for result in finish.results:
        write_result(page, result)
    page.blank()
    _write_end(page, finish)
    page.blank()
    page.whole((outcome_line(finish.counts), "bold"))
    return page


def proof_lines(finish: PresentedFinish) -> list[str]:
    """Return what planning again has found, as lines of any length."""
    page = Page(UNFOLDED)
    _write_end(page, finish)
    return page.plain.splitlines()


def write_result(page: Page, result: PresentedResult) -> None:
    took = f"  {duration(result.seconds)}" if result.seconds >= 1 else ""
    page.line(
        (f"{result.state:<{COLUMN}}", STATE_STYLES[result.state]),
        f"{result.change.action.value:<3} {result.change.address}",
        (took, "dim"),
        hang=COLUMN,
    )
    if result.message:
        page.line(result.message, indent=COLUMN + 4, hang=2)
    if result.hint:
        page.line(("hint: ", "dim"), result.hint, indent=COLUMN + 4, hang=6)


def write_remaining_changes(page: Page, plan: PresentedPlan) -> None:
    """Tell what a plan is about, a line a change."""
    for change in plan.changes:
        paths = "" if change.action.leaves else ", ".join(field.path for field in change.fields)
        about = paths or "; ".join(change.reasons)
        page.line(f"{change.action.value:<3} {change.address}", f": {about}" if about else "", indent=4)


def _write_end(page: Page, finish: PresentedFinish) -> None:
    _write_proof(page, finish)
    write_interruption(page, finish)


def write_interruption(page: Page, finish: PresentedFinish) -> None:
    if not finish.is_interrupted:
        return
    is_done = finish.rest is not None and finish.rest.is_empty  # what was cut short had come about all the same
    page.line("Interrupted." if is_done else f"Interrupted. {finish.way_on}")


def _write_proof(page: Page, finish: PresentedFinish) -> None:
    rest = finish.rest
    if rest is None:
        page.line(("Not proven:", "bold yellow"), f" planning again failed. {finish.doubt}")
        return
    if rest.is_empty and not rest.unhealthy:
        page.line(("Converged:", "bold green"), " planning again finds nothing to do.")
        return
    if not rest.is_empty:
        left = number_of(len(rest.changes), "change")
        page.line(("Not converged:", "bold yellow"), f" planning again finds {left}.")
        write_remaining_changes(page, rest)
    for one in rest.unhealthy:
        page.line(("!", "bold red"), f"   {one.address} is {one.status}: {one.reason}", indent=4)
