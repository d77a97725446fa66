"""Plans, drift and outcomes as Markdown: a comment of a pull request, or the summary of a job."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from reconciler.model import Json
from reconciler.printable import one_line, visible
from reconciler.redact.presented import (
    PresentedChange,
    PresentedPlan,
    PresentedProblem,
    PresentedResult,
    PresentedStopped,
    PresentedVerification,
)
from reconciler.report.fleet import UNCHANGED, Targets, fleet_line, is_news, plan_likeness
from reconciler.report.graph import escaped
from reconciler.report.json import SHOWN_DIGITS
from reconciler.report.results import (
    ApplyResult,
    Drift,
    Graphed,
    Item,
    Placed,
    Planned,
    StackOutputs,
    StackVerified,
    StatusShown,
    Validation,
    drift_of,
)
from reconciler.report.summary import (
    DESTRUCTIVE,
    DRIFT_HEADINGS,
    PLAN_HEADINGS,
    ChangeHarm,
    DriftTier,
    Entry,
    SummaryRow,
    capacity_line,
    drift_entries,
    drift_rows,
    entries_of,
    facts_of,
    outcome_line,
    plan_line,
    rows_of,
)
from reconciler.report.text.plan import Row, about_change, is_in_row, proof_lines, row_of_field
from reconciler.report.text.values import block, diff_lines, duration, is_json, number_of, place
from reconciler.report.verify import RANKS, verify_line, word_of
from reconciler.report.who import author_rows, not_asked

# Markdown in which no value can break out of its place, and that ends honestly before its limit.

# Everything but what Markdown and HTML leave alone: inside of a line, and where a line or a list's entry begins.
# Entities never open or close anything.
_SPECIAL = re.compile(r"[^\w .,:;/%?=+'\"()-]|_|^[-+=]")
# GitHub looks for people and issues in what Markdown has made of the text; a comment between is enough to find none.
_CALLS = re.compile(r"&#(35|64);")
_TICKS = re.compile(r"`{3,}")
NOTE = 400  # characters that are kept for the words about what is left out


def prose(text: str) -> str:
    """Return a message as text that says nothing to Markdown; names in it notify no one."""
    return _CALLS.sub(r"&#\1;<!-- -->", _entities(text))


def code(text: str) -> str:
    """Return a name or value as code. Tags, unlike backticks, stand anything in them once it is in entities."""
    return f"<code>{_entities(text)}</code>"


def row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


def details(summary: str, lines: Iterable[str]) -> str:
    """Return a part that opens on a click, with lines of a diff in a fence that none of them can close."""
    text = "\n".join(one_line(line) for line in lines)
    fence = "`" * (max((len(run) for run in _TICKS.findall(text)), default=2) + 1)
    return f"<details><summary>{summary}</summary>\n\n{fence}diff\n{text}\n{fence}\n\n</details>\n\n"


@dataclass(slots=True)
class Sheet:
    """Parts of a report as far as they fit; what does not is counted, and said at the end."""

    limit: int
    parts: list[str] = field(default_factory=list)
    size: int = 0
    left_out: dict[str, int] = field(default_factory=dict)

    def put(self, text: str) -> None:
        """Add what must be there."""
        self.parts.append(text)
        self.size += len(text)

    def put_all(self, noun: str, parts: Sequence[str], before: str = "", after: str = "") -> None:
        """Add a list between two texts, each entry that fits; nothing if there is none."""
        if not parts:
            return
        self.put(before)
        for part in parts:
            if self.size + len(part) + len(after) + NOTE > self.limit:
                self.left_out[noun] = self.left_out.get(noun, 0) + 1
            else:
                self.put(part)
        self.put(after)

    @property
    def text(self) -> str:
        if not self.left_out:
            return "".join(self.parts)
        counts = ", ".join(f"{count} of the {noun}" for noun, count in self.left_out.items())
        return (
            "".join(self.parts)
            + f"**Not complete:** {counts} did not fit here. The text output of the same command is complete.\n\n"
        )


def _entities(text: str) -> str:
    return _SPECIAL.sub(lambda match: f"&#{ord(match[0])};", visible(text).replace("\n", " "))


LIMIT = 60_000  # characters; GitHub refuses a comment of more than 65536
LEAST = 1_000  # characters that one stack's report needs to say anything
RULE = "|---|---|---|---|\n"
SUMMARY_RULE = "|---|---|---|---|---|---|\n"
NAMED = 10  # deployments with one and the same plan
DRAWN = 40  # changes in a diagram: a larger one is unreadable


def markdown_report(items: Sequence[Item], limit: int = LIMIT) -> str:
    """Return the reports of all stacks, which share what may be written."""
    return _sections([("", item) for item in items], limit)


def targets_report(targets: Targets, limit: int = LIMIT) -> str:
    """Return the report of many targets: a table of those with news, and what is new of each; destruction first."""
    sheet = Sheet(limit // 3)
    sheet.put(f"## {fleet_line(targets.outcomes, len(targets.left_out))}\n\n")
    graver = {name for name, item in targets.items if _destroys(item)}
    changed = [outcome for outcome in targets.outcomes if outcome.came_to != UNCHANGED]
    graver_first = sorted(changed, key=lambda outcome: outcome.target not in graver)
    rows = [row((code(outcome.target), outcome.came_to, prose(outcome.told))) for outcome in graver_first]
    sheet.put_all("deployments", rows, row(("deployment", "result", "")) + "|---|---|---|\n", "\n")
    news = sorted(
        ((name, item) for name, item in targets.items if is_news(item)), key=lambda pair: pair[0] not in graver
    )
    same: dict[str, list[tuple[str, Item]]] = {}
    for name, item in news:
        same.setdefault(plan_likeness((item,)) or name, []).append((name, item))
    sections = [(_heading_of_same([name for name, _ in each]), each[0][1]) for each in same.values()]
    return sheet.text + _sections(sections, limit - len(sheet.text))


def _heading_of_same(names: Sequence[str]) -> str:
    """Name the deployments of a section: several have one and the same plan."""
    if len(names) == 1:
        return f"## {code(names[0])}\n\n"
    others = ", ".join(map(code, names[1:NAMED]))
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"## {code(names[0])}\n\nSame plan in {len(names)} deployments, also in {others}{more}.\n\n"


def _destroys(item: Item) -> bool:
    match item:
        case Planned(plan) | ApplyResult(plan):
            return any(change.action in DESTRUCTIVE for change in plan.changes)
        case _:
            return False


def _sections(parts: Sequence[tuple[str, Item]], limit: int) -> str:
    """Return reports below their headings."""
    texts: list[str] = []
    room = limit
    for index, (heading, item) in enumerate(parts):
        if room < 2 * LEAST and index < len(parts) - 1:
            left = number_of(len(parts) - index, "stack")
            texts.append(
                f"**Not complete:** {left} did not fit here. The text output of the same command is complete.\n"
            )
            break
        text = heading + _report(item, Sheet(room // (len(parts) - index) - len(heading)))
        room -= len(text)
        texts.append(text)
    return "".join(texts)


def _report(item: Item, sheet: Sheet) -> str:
    match item:
        case Planned():
            _put_plan(sheet, item.plan, item.fingerprint)
        case Drift():
            _put_drift(sheet, item)
        case ApplyResult():
            _put_applied(sheet, item)
        case StackVerified(verification=verification):
            _put_verified(sheet, verification)
        case PresentedStopped():
            _put_stopped(sheet, item)
        case Validation() | StackOutputs() | Graphed() | Placed() | StatusShown():  # have formats of their own
            pass
    return sheet.text


def _put_plan(sheet: Sheet, plan: PresentedPlan, fingerprint: str = "") -> None:
    sheet.put(_heading(plan_line(plan), plan, fingerprint))
    sheet.put_all(
        "refusals",
        [_problem(refusal) for refusal in plan.refusals],
        "**Refused: apply would change nothing.**\n\n",
        "\n",
    )
    _put_changes(sheet, plan)


def _put_changes(sheet: Sheet, plan: PresentedPlan) -> None:
    short = plan.in_short
    entries = entries_of(short.changes, facts_of)
    rows = [_summary_row(each) for each in rows_of(entries)]
    rows += [
        row(("!", code(str(unhealthy.address)), prose(unhealthy.reason), prose(unhealthy.status), "", ""))
        for unhealthy in plan.unhealthy
    ]
    sheet.put_all("rows", rows, row(PLAN_HEADINGS) + SUMMARY_RULE, "\n")
    sheet.put_all("details", [_entry_details(entry) for entry in entries if has_details(entry)])
    drawn = _drawing(short)
    sheet.put_all("drawing", [drawn] if drawn else [])
    sheet.put_all("notes", [_problem(note) for note in plan.notes], after="\n")
    if capacity := capacity_line(plan.capacity):
        sheet.put(f"{prose(capacity)}\n\n")
    if plan.changes and plan.unchanged:
        sheet.put(f"As declared: {number_of(plan.unchanged, 'resource')}.\n\n")


def _drawing(plan: PresentedPlan) -> str:
    """Return what waits for what as a diagram of Mermaid, which GitHub and GitLab draw; nothing where nothing waits."""
    drawn = plan.changes[:DRAWN]
    ids = {change.address: f"n{index}" for index, change in enumerate(drawn)}
    edges = [
        f"  {ids[need]} --> {ids[change.address]}" for change in drawn for need in change.after
        if need in ids and need != change.address
    ]  # fmt: skip
    if not edges:
        return ""
    nodes = [f'  {id_}["{escaped(str(address))}"]' for address, id_ in ids.items()]
    lines = "\n".join(("graph LR", *nodes, *dict.fromkeys(edges)))
    return f"<details><summary>What waits for what</summary>\n\n```mermaid\n{lines}\n```\n\n</details>\n\n"


def _put_drift(sheet: Sheet, drift: Drift) -> None:
    sheet.put(_heading(drift.line, drift.plan))
    drift = drift_of(drift.plan.in_short, drift.authors)
    entries = drift_entries(drift.tiers, facts_of)
    rows = [_summary_row(each) for each in drift_rows(entries, drift.statuses)]
    sheet.put_all("rows", rows, row(DRIFT_HEADINGS) + SUMMARY_RULE, "\n")
    named = [(tier, entry) for tier, entry in entries if entry.fields or entry.is_group]
    sheet.put_all("details", [_drift_details(tier, entry) for tier, entry in named])
    if drift.authors:
        told = [
            f"- {code(subject)}: {prose(sentence)}{f' ([event]({address}))' if address else ''}\n"
            for subject, sentence, address in author_rows(drift.authors)
        ]
        problem = drift.authors.problem
        told += [f"- {prose(not_asked(problem))}\n"] if problem else []
        sheet.put_all("authors", told, "**Changed by**\n\n", "\n")
    sheet.put_all("notes", [_problem(note) for note in drift.plan.notes], after="\n")


def _put_applied(sheet: Sheet, item: ApplyResult) -> None:
    if item.finish is None:
        if item.stopped:
            sheet.put(f"**Not applied:** {prose(item.stopped.message)}\n\n")
            others = [_problem(problem) for problem in item.stopped.problems if problem not in item.plan.refusals]
            sheet.put_all("problems", others, after="\n")
        _put_plan(sheet, item.plan)
        return
    sheet.put(_heading(outcome_line(item.finish.counts), item.plan))
    proof = [f"- {prose(line.strip())}\n" for line in proof_lines(item.finish)]
    sheet.put_all("lines", proof, after="\n")
    rows = [_result_row(result) for result in item.finish.results]
    sheet.put_all("rows", rows, row(("", "resource", "state", "why")) + RULE, "\n")
    entries = entries_of(item.plan.in_short.changes, facts_of)
    sheet.put_all("details", [_entry_details(entry) for entry in entries if has_details(entry)])


def _put_verified(sheet: Sheet, verification: PresentedVerification) -> None:
    here = verification.identity
    place_ = f"Stack {code(verification.stack)}, account {prose(here.account)}, region {prose(here.region)}"
    sheet.put(f"### {verify_line(verification)}\n\n{place_}\n\n")
    shown = [each for each in verification.findings if each.is_news]
    rows = [
        row(
            (
                word_of(each),
                code(str(each.address)),
                code(each.path) if each.path else "",
                prose(each.message) + (f"<br>hint: {prose(each.hint)}" if each.hint else ""),
                place(each.where),
            )
        )
        for each in sorted(shown, key=lambda each: RANKS.index(word_of(each)))
    ]
    sheet.put_all("findings", rows, row(("", "resource", "field", "", "place")) + "|---|---|---|---|---|\n", "\n")


def _put_stopped(sheet: Sheet, stopped: PresentedStopped) -> None:
    hint = f" <br>hint: {prose(stopped.hint)}" if stopped.hint else ""
    sheet.put(f"### Error\n\n**Stopped:** {prose(stopped.message)}{hint}\n\n")
    sheet.put_all("problems", [_problem(problem) for problem in stopped.problems], after="\n")


def _heading(line: str, plan: PresentedPlan, fingerprint: str = "") -> str:
    here = plan.identity
    named = f", fingerprint {code(fingerprint[:SHOWN_DIGITS])}" if fingerprint else ""
    place = f"Stack {code(plan.stack)}, account {prose(here.account)}, region {prose(here.region)}"
    return f"### {line}\n\n{place}{named}\n\n"


def _problem(problem: PresentedProblem) -> str:
    place = f" {code(str(problem.where))}" if problem.where and problem.where.file != "<memory>" else ""
    hint = f" <br>hint: {prose(problem.help)}" if problem.help else ""
    return f"- **{prose(problem.code)}**{place} {prose(problem.message)}{hint}\n"


def _summary_row(summary: SummaryRow) -> str:
    cost, source = prose(summary.outcome), place(summary.where)
    return row(
        (
            code(summary.sign) if summary.sign not in tuple(DriftTier) else summary.sign,
            code(summary.resource) if "/" in summary.resource else prose(summary.resource),
            code(summary.what) if summary.what else "",
            f"**{cost}**" if cost and summary.harm <= ChangeHarm.JOBS else cost,
            f"**{prose(summary.jobs)}**" if summary.jobs else "",
            code(source) if source else "",
        )
    )


def _result_row(result: PresentedResult) -> str:
    took = duration(result.seconds) if result.seconds >= 1 else ""
    why = "; ".join(text for text in (result.message, result.hint, took) if text)
    change = result.change
    return row((code(change.action.value), code(str(change.address)), str(result.state), prose(why)))


def has_details(entry: Entry[PresentedChange]) -> bool:
    return not is_in_row(entry) and (entry.is_group or bool(entry.fields))


def _entry_details(entry: Entry[PresentedChange]) -> str:
    losses = "".join(f"; **{prose(loss)}**" for loss in entry.first.losses)
    reasons = "; ".join(text for text in about_change(entry) if text not in entry.first.losses)
    about = prose(reasons or number_of(len(entry.fields), "field")) + losses
    sign, resource = code(entry.first.action.value), code(entry.resources)
    return details(f"{sign} {resource} {about}", _field_lines(entry))


def _drift_details(tier: DriftTier, entry: Entry[PresentedChange]) -> str:
    about = "declared is -, live is +" if entry.fields else ""
    return details(f"{tier} {code(entry.resources)} {about}".rstrip(), _field_lines(entry))


def _field_lines(entry: Entry[PresentedChange]) -> Iterator[str]:
    """Yield the lines of a diff, and the names of the resources of a group."""
    for facts in entry.fields:
        yield from _member(row_of_field(facts, entry.first))
    if entry.is_group:
        yield from (f"# {count}: {', '.join(names)}" for count, names in entry.names.items())


def _member(member: Row) -> Iterator[str]:
    if member.value is not None or member.sign != "~":
        yield from _value("-", member.path, member.before)
        yield from _value("+", member.path, member.after)
    else:
        yield f"  {member.path}{' (JSON)' if is_json(member.before, member.after) else ''}:"
        for sign, text, depth in diff_lines(member.before, member.after):
            yield f"{'!' if sign == '~' else sign} {'  ' * (depth + 1)}{text}"
    remark = "; ".join(text for text in (member.marks, member.why) if text)
    if remark:
        yield f"#   {remark}"


def _value(sign: str, path: str, value: Json) -> Iterator[str]:
    if value is not None:
        yield from (f"{sign} {line}" for line in block({path: value}))


def _status(status: str, reason: str) -> str:
    return f"{status}: {reason}" if reason else status
