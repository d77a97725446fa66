"""A plan and its outcome for people: each change in the order of execution, its cost, and what became of it."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from reconciler.apply import State
from reconciler.model import Action, Cost, Json
from reconciler.redact.presented import (
    PresentedCall,
    PresentedChange,
    PresentedFinish,
    PresentedPlan,
    PresentedProblem,
    PresentedResult,
    PresentedStep,
)
from reconciler.report.json import SHOWN_DIGITS
from reconciler.report.summary import (
    DRIFT,
    PLAN_HEADINGS,
    UNDECLARED,
    ChangeFacts,
    ChangeHarm,
    Entry,
    FieldFacts,
    SummaryRow,
    as_declared,
    capacity_line,
    entries_of,
    facts_of,
    outcome_line,
    plan_line,
    row_of,
    rows_of,
    single_entries,
)
from reconciler.report.text.page import Line, Page, Part, write_problem
from reconciler.report.text.table import TableColumn, write_table
from reconciler.report.text.values import (
    block,
    change_in_line,
    diff_lines,
    duration,
    inline,
    is_greeted_by_name,
    is_json,
    number_of,
    place,
)

# The fields of a change as rows: sign, path, before and after, what is remarkable, and where it was written.

STYLES = {"+": "green", "-": "red", "~": "yellow"}
GAP = "  "
Widths = tuple[int, int, int]  # of path, value and source
UNALIGNED: Widths = (0, 0, 0)


@dataclass(frozen=True, slots=True)
class Row:
    sign: str
    path: str
    before: Json
    after: Json
    marks: str
    style: str  # of the marks
    source: str
    why: str

    @property
    def value(self) -> str | None:
        return change_in_line(self.before, self.after)


def write_fields(page: Page, change: ChangeFacts, fields: Iterable[FieldFacts], indent: int) -> None:
    """Write one row a field: in columns where they fit, on a line of its own, or with its values below it."""
    rows = [row_of_field(field, change) for field in fields]
    room = page.width - indent
    widths = _columns(rows, room)
    for row in rows:
        if row.value is None:
            _write_stacked(page, row, indent)
        else:
            _write_line(page, row, indent, widths if _length(row, widths) <= room else UNALIGNED)
        if row.why:
            page.line((row.why, "dim"), indent=indent + 4, hang=0)


def row_of_field(field: FieldFacts, change: ChangeFacts) -> Row:
    cost = (str(field.cost),) if change.cost and field.cost is not change.cost else ()
    return Row(
        sign=field.sign,
        path=field.path,
        before=field.before,
        after=field.after,
        marks=", ".join((*cost, *field.marks)),
        style="yellow" if field.marks else "dim",
        source=place(field.where, change.where),
        why="" if change.refusals else field.why,  # a refusal says it
    )


def _columns(rows: list[Row], room: int) -> Widths:
    """Return the widths of path, value and source that as many short rows as possible can share."""
    sharing = sorted((row for row in rows if row.value is not None), key=lambda row: len(row.value or ""))
    while sharing:
        widths = (
            max(len(row.path) for row in sharing),
            max(len(row.value or "") for row in sharing),
            max(len(row.source) for row in sharing),
        )
        if all(_length(row, widths) <= room for row in sharing):
            return widths
        sharing.pop()
    return UNALIGNED


def _length(row: Row, widths: Widths) -> int:
    texts = (row.path, row.value or "", row.source)
    path, value, source = (max(len(text), width) for text, width in zip(texts, widths, strict=True))
    tail = [length for length in (source, len(row.marks)) if length]
    return 2 + path + len(GAP) + value + sum(len(GAP) + length for length in tail)


def _write_line(page: Page, row: Row, indent: int, widths: Widths) -> None:
    path, value, source = widths
    page.line(
        *_sign(row),
        f"{row.path:<{path}}{GAP}{row.value:<{value}}",
        (f"{GAP}{row.source:<{source}}" if source or row.source else "", "dim"),
        (GAP + row.marks if row.marks else "", row.style),
        indent=indent,
    )


def _write_stacked(page: Page, row: Row, indent: int) -> None:
    page.line(
        *_sign(row),
        f"{row.path} (JSON)" if is_json(row.before, row.after) else row.path,
        (GAP + row.source if row.source else "", "dim"),
        (GAP + row.marks if row.marks else "", row.style),
        indent=indent,
    )
    for sign, text, depth in diff_lines(row.before, row.after):
        lead, quiet = len(text) - len(text.lstrip(" ")), "" if sign.strip() else "dim"
        sign_part: Part = (f"{sign} ", STYLES.get(sign, "dim"))
        page.line(sign_part, " " * lead, (text.lstrip(" "), quiet), indent=indent + 4 + 2 * depth, hang=lead + 4)


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


HARM_STYLES = {
    ChangeHarm.REFUSED: "bold red",
    ChangeHarm.DESTROYED: "bold red",
    ChangeHarm.INSTANCES: "bold red",
    ChangeHarm.JOBS: "bold red",
    ChangeHarm.REVISION: "yellow",
    ChangeHarm.FREE: "dim",
    ChangeHarm.NEW: "green",
}
NO_STYLES: Mapping[str, str] = {}
SURPRISING = (Cost.INFRASTRUCTURE, Cost.REPLACE, Cost.IMPOSSIBLE)
MOST = 6  # lines of what is deleted
NAMES = 10  # resources of a group that are all named without -v; of more, a few of each kind
FIRST_NAMES = 3
NO_FIRINGS: Mapping[str, Sequence[str]] = {}
INDENT = 9  # where the details of a change begin: after its number and its sign


def plan_page(
    plan: PresentedPlan,
    width: int,
    verbose: int = 0,
    fingerprint: str = "",
    *,
    is_summary: bool = False,
    firings: Mapping[str, Sequence[str]] = NO_FIRINGS,
) -> Page:
    """`verbose`: 1 adds the order, requests and waits in words, names and what is ignored; 2 each change by itself.

    `firings` are the next times of each schedule, and what surprises about them.

    The last line is the one that scripts look for; a fingerprint is the line above it, and above that the capacity.
    `is_summary` leaves the table, the capacity and the last line.
    """
    page = Page(width)
    write_heading(page, plan)
    entries = entries_of(plan.in_short.changes, facts_of)
    write_rows(page, PLAN_HEADINGS, rows_of(entries))
    if not is_summary:
        _write_details(page, plan, entries, verbose)
        if plan.changes and plan.unchanged:
            page.line((as_declared(plan), "dim"))
        page.blank()
    for schedule, lines in firings.items():
        page.line((schedule, "bold"), " fires next:")
        for line in lines:
            page.line(line, indent=2)
        page.blank()
    if capacity := capacity_line(plan.capacity):
        page.whole(capacity)
    if fingerprint and plan.changes and not is_summary:
        page.whole((f"Fingerprint: {fingerprint[:SHOWN_DIGITS]}", "dim"))
    page.whole((plan_line(plan), "bold" if plan.changes else "bold green"))
    return page


def _write_details(page: Page, plan: PresentedPlan, entries: Sequence[Entry[PresentedChange]], verbose: int) -> None:
    if verbose > 1:
        entries = single_entries(plan.in_short.changes, facts_of)
    write_entries(page, entries, verbose)
    write_unhealthy(page, plan)
    if verbose:
        write_ignored(page, plan)
    write_notes(page, plan.notes)
    for refusal in plan.refused:
        write_problem(page, refusal, word="refused")
        page.blank()


def write_rows(
    page: Page, headings: Sequence[str], rows: Sequence[SummaryRow], sign_styles: Mapping[str, str] = NO_STYLES
) -> None:
    """Write the table that a report begins with. Signs that `sign_styles` lacks look as their harm."""
    columns = [
        TableColumn(heading, is_text=heading == headings[2], is_optional=heading == headings[-1])
        for heading in headings
    ]
    write_table(page, columns, [_cells(row, sign_styles) for row in rows])
    page.blank()


def _cells(row: SummaryRow, sign_styles: Mapping[str, str]) -> tuple[Part, ...]:
    style = HARM_STYLES[row.harm]
    sign_style = sign_styles.get(row.sign, style)
    quiet = "dim" if sign_style == "dim" else ""
    return (
        (row.sign, sign_style),
        (row.resource, quiet or "bold"),
        (row.what, quiet),
        (row.outcome, style),
        (row.jobs, "bold red"),
        (place(row.where), "dim"),
    )


def write_changes(page: Page, changes: Sequence[PresentedChange]) -> None:
    """Write the table of some changes of a plan, and their details."""
    entries = entries_of(changes, facts_of)
    write_rows(page, PLAN_HEADINGS, rows_of(entries))
    write_entries(page, entries)


def write_entries(page: Page, entries: Sequence[Entry[PresentedChange]], verbose: int = 0) -> None:
    """Write the details of what a row of the table cannot say; the numbers are the order of execution."""
    detailed = [entry for entry in entries if verbose or not is_in_row(entry)]
    if detailed:
        page.later(lambda: chain.from_iterable(_lines_of(page.width, entry, verbose) for entry in detailed))


def is_in_row(entry: Entry[PresentedChange]) -> bool:
    """Whether the row of an entry says everything about it."""
    if entry.is_group or entry.harm <= ChangeHarm.JOBS or entry.harm is ChangeHarm.NEW:
        return False
    return row_of(entry).is_complete


def _lines_of(width: int, entry: Entry[PresentedChange], verbose: int) -> list[Line]:
    page = Page(width)
    _write_entry(page, entry, verbose)
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


def _write_entry(page: Page, entry: Entry[PresentedChange], verbose: int) -> None:
    (number, change), first = entry.numbered[0], entry.first
    _write_header(page, entry, "" if entry.is_group else str(number))
    if first.action is Action.CREATE:
        _write_declaration(page, change)
    elif first.action is Action.DELETE:
        _write_deleted(page, entry, verbose)
    else:
        write_fields(page, first, entry.fields, INDENT)
    if entry.is_group:
        write_names(page, entry, verbose, INDENT)
    for refusal in change.refusals if first.refusals else ():
        write_problem(page, refusal, INDENT, word="refused", about=str(change.address))
    if verbose and not entry.is_group:
        _write_steps(page, change, verbose)
    page.blank()


def _write_header(page: Page, entry: Entry[PresentedChange], number: str) -> None:
    first, change = entry.first, entry.numbered[0][1]
    style = HARM_STYLES[first.harm]
    physical = f" ({change.name})" if is_greeted_by_name(change) and not entry.is_group else ""
    about = [text for text in about_change(entry) if text not in first.losses]
    losses = "; ".join(first.losses)
    source = "" if entry.is_group else place(first.where)
    is_quiet = first.harm in (ChangeHarm.FREE, ChangeHarm.NEW, ChangeHarm.REVISION)
    page.line(
        (f"{number:>3}  ", "dim"),
        (f"{first.action.value:<3} ", style if "bold" in style else f"bold {style}"),
        (entry.resources, "bold"),
        physical,
        (
            f"  {'; '.join(about)}" if about else "",
            ("dim" if first.harm is ChangeHarm.FREE else "") if is_quiet else "red",
        ),
        (f"{'; ' if about else '  '}{losses}" if losses else "", "bold red"),
        (f"  {source}" if source else "", "dim"),
        hang=INDENT,
    )


def about_change(entry: Entry[Json]) -> Iterator[str]:
    """Yield what the cost of a change means, why it happens, and whether it was caused outside this stack."""
    first = entry.first
    if first.cost and first.action not in (Action.CREATE, Action.DELETE):
        yield describe_cost(first.cost, entry.fields)
    yield from first.reasons
    if any(DRIFT in field.marks or UNDECLARED in field.marks for field in entry.fields):
        yield "changed outside this stack"


def describe_cost(cost: Cost, fields: Sequence[FieldFacts]) -> str:
    """Return what a cost means; of a surprising one, also which fields force it."""
    return f"{cost}: {cost.says}{_forced_by(cost, fields) if cost in SURPRISING else ''}"


def _forced_by(cost: Cost, fields: Sequence[FieldFacts]) -> str:
    """Name the fields that make a change dearer than the others would."""
    dearest = [field.path for field in fields if field.cost is cost]
    if len(dearest) == len(fields):
        return ""
    more = f" and {len(dearest) - 1} more" if len(dearest) > 1 else ""
    return f" (because of {dearest[0]}{more})"


def write_names(page: Page, entry: Entry[PresentedChange], verbose: int, indent: int) -> None:
    """Name the resources of a group: all of them with -v, otherwise only a few."""
    for count, names in entry.names.items():
        label = f"{count}: " if len(entry.names) > 1 else ""
        if verbose or len(entry.facts) <= NAMES:
            page.line((label, "dim"), ", ".join(names), indent=indent)
        else:
            listed = ", ".join(names[:FIRST_NAMES])
            more = f" and {len(names) - FIRST_NAMES} more" if len(names) > FIRST_NAMES else ""
            page.line((label, "dim"), f"{listed}{more}", indent=indent)
    if not verbose and len(entry.facts) > NAMES:
        page.line(("-v names all of them", "dim"), indent=indent)


def _write_declaration(page: Page, change: PresentedChange) -> None:
    fields = {field.name: field.sides.after for field in change.fields if not field.is_of_tags}
    tags = {field.name: field.sides.after for field in change.fields if field.is_of_tags}
    for line in block({**fields, **({"tags": tags} if tags else {})}) if fields or tags else ():
        lead = len(line) - len(line.lstrip(" "))
        page.line(line.lstrip(" "), indent=INDENT + lead)


def _write_deleted(page: Page, entry: Entry[PresentedChange], verbose: int) -> None:
    """Show what is deleted: everything with -v, otherwise so much that people know it again."""
    fields = Page(page.width)
    write_fields(fields, entry.first, entry.fields, INDENT)
    more = 0 if verbose else len(fields.lines) - MOST
    page.add(fields.lines[:MOST] if more > 1 else fields.lines)  # a line that says 1 more is no shorter
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
RESULT_COLUMNS = (
    TableColumn("result"),
    TableColumn(""),
    TableColumn("resource"),
    TableColumn("message", is_text=True),
    TableColumn("took"),
)
DONE_ROWS = 60  # of more changes that are done, only their number is written
UNFOLDED = 100_000  # wider than any line


def finish_page(finish: PresentedFinish, width: int, *, is_followed: bool = False) -> Page:
    """`is_followed`: the page stands below a line for each change that ended, and what is done needs no other row."""
    page = Page(width)
    write_results(page, finish, is_followed=is_followed)
    _write_end(page, finish)
    page.blank()
    page.whole((outcome_line(finish.counts), "bold"))
    return page


def write_results(page: Page, finish: PresentedFinish, *, is_followed: bool = False) -> None:
    """Write a row for each result: what needs reading, and what is done unless that has been seen or is very much."""
    done = [result for result in finish.results if _is_plain(result)]
    is_counted = len(done) > DONE_ROWS and not is_followed
    rows = [
        _result_cells(result) for result in finish.results if not _is_plain(result) or not (is_counted or is_followed)
    ]
    if is_counted:
        rows.append(((str(State.DONE), STATE_STYLES[State.DONE]), "", number_of(len(done), "other resource"), "", ""))
    if rows:
        page.line("")
    write_table(page, RESULT_COLUMNS, rows)
    page.blank()


def _is_plain(result: PresentedResult) -> bool:
    return result.state is State.DONE and not result.message and not result.hint


def _result_cells(result: PresentedResult) -> tuple[Part, ...]:
    style = STATE_STYLES[result.state]
    hint = f"hint: {result.hint}" if result.hint else ""
    return (
        (str(result.state), style),
        result.change.action.value,
        (str(result.change.address), "bold" if result.state is not State.DONE else ""),
        "; ".join(filter(None, (result.message, hint))),
        (duration(result.seconds) if result.seconds >= 1 else "", "dim"),
    )


def proof_lines(finish: PresentedFinish) -> list[str]:
    """Return what planning again has found, as lines of any length."""
    page = Page(UNFOLDED)
    _write_end(page, finish)
    return page.plain.splitlines()


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
