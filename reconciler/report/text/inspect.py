"""The state of a stack for people: status, diagnoses, the revisions of a job definition, and a rollback."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reconciler.inspect.doctor import Pointer
from reconciler.inspect.history import ACTIVE
from reconciler.inspect.status import Sync
from reconciler.kinds import KINDS
from reconciler.live.facts import describe_jobs
from reconciler.live.ownership import APPLIED, AppliedRecord
from reconciler.model import Action
from reconciler.redact.presented import (
    PresentedDiagnosis,
    PresentedExamination,
    PresentedFinish,
    PresentedHistory,
    PresentedPlan,
    PresentedResource,
    PresentedRevision,
    PresentedRollback,
    PresentedStatus,
)
from reconciler.report.summary import facts_of, field_facts, outcome_line
from reconciler.report.text.page import Page, Part, write_problem
from reconciler.report.text.plan import (
    write_fields,
    write_interruption,
    write_notes,
    write_remaining_changes,
    write_results,
)
from reconciler.report.text.table import TableColumn, write_table
from reconciler.report.text.values import iso, number_of, place, plural

STATUS_COLUMNS = (
    TableColumn("health"),
    TableColumn("sync"),
    TableColumn("resource"),
    TableColumn("details", is_text=True),
)
MANY = 60  # rows; of more, resources about which there is nothing to say are counted by kind
NOTHING = "Nothing is declared here, and the stack owns nothing that is live."
INDENT = 4
LABEL = 9  # the width of the words in front of the facts of a diagnosis
SYNC_STYLES = {Sync.DRIFTED: "yellow", Sync.PENDING: "cyan", Sync.NOT_DECLARED: "magenta"}


@dataclass(frozen=True, slots=True)
class StatusCommands:
    """Command lines to copy: what explains unhealthy resources, and what shows the drift."""

    explain: str
    show_drift: str


def status_page(status: PresentedStatus, width: int, verbose: int = 0, commands: StatusCommands | None = None) -> Page:
    """Resources that need attention are the first rows. `commands` are added where one of them leads on."""
    page = Page(width)
    _write_heading(page, status)
    if not status.resources:
        page.line(NOTHING)
    write_table(page, STATUS_COLUMNS, _status_rows(status.resources, is_complete=bool(verbose)))
    page.blank()
    write_notes(page, status.notes)
    if commands:
        _write_status_commands(page, status, commands)
    page.whole((status_line(status), "bold"))
    return page


def _status_rows(resources: Sequence[PresentedResource], *, is_complete: bool) -> list[tuple[Part, ...]]:
    urgent_first = sorted(resources, key=_urgency)
    counted = [] if is_complete or len(resources) <= MANY else [each for each in resources if _is_unremarkable(each)]
    known = {id(resource) for resource in counted}
    rows = [_status_cells(resource) for resource in urgent_first if id(resource) not in known]
    counts = Counter((resource.health, resource.address.kind) for resource in counted)
    rows += [
        ((health, "green"), str(Sync.IN_SYNC), plural(count, KINDS[kind].noun), ("-v lists them", "dim"))
        for (health, kind), count in counts.items()
    ]
    return rows


def _urgency(resource: PresentedResource) -> int:
    if not resource.is_healthy:
        return 0
    return 1 if resource.sync is not Sync.IN_SYNC else 2


def _is_unremarkable(resource: PresentedResource) -> bool:
    return _urgency(resource) > 1 and not resource.jobs and not resource.about


def _status_cells(resource: PresentedResource) -> tuple[Part, ...]:
    physical = f" ({resource.name})" if resource.name != resource.address.name else ""
    return (
        (resource.health, "green" if resource.is_healthy else "bold red"),
        (str(resource.sync), SYNC_STYLES.get(resource.sync, "")),
        (f"{resource.address}{physical}", "" if resource.is_healthy else "bold"),
        "; ".join(_details(resource)),
    )


def _write_status_commands(page: Page, status: PresentedStatus, commands: StatusCommands) -> None:
    """Only live resources have causes and remedies."""
    if status.counts["unhealthy"]:
        page.line("Causes and remedies of what is unhealthy:")
        page.whole(f"    {commands.explain}")
    if status.counts[str(Sync.DRIFTED)]:
        page.line("What was changed outside this stack:")
        page.whole(f"    {commands.show_drift}")
    page.blank()


def status_line(status: PresentedStatus) -> str:
    """The last line. What is rare is appended, so that the beginning stays as it is."""
    counts = dict(status.counts)
    rare = counts.pop(str(Sync.NOT_DECLARED))
    words = [f"{count} {word}" for word, count in counts.items()]
    tail = f" {rare} {Sync.NOT_DECLARED}." if rare else ""
    return f"Status: {', '.join(words[:4])}; {', '.join(words[4:])}.{tail}"


def doctor_page(examined: PresentedExamination, width: int) -> Page:
    page = Page(width)
    _write_heading(page, examined.status)
    for one in examined.diagnoses:
        _write_diagnosis(page, one)
        page.blank()
    write_notes(page, examined.notes)
    if not examined.diagnoses:
        page.line(("No problems.", "bold green"), f" {_well(len(examined.status.resources))}")
        page.blank()
    page.whole((doctor_line(examined), "bold"))
    return page


def doctor_line(examined: PresentedExamination) -> str:
    healthy = examined.status.counts["healthy"]
    return f"Doctor: {number_of(len(examined.diagnoses), 'problem')}, {healthy} healthy."


def _write_heading(page: Page, status: PresentedStatus) -> None:
    where = f"account {status.identity.account}, region {status.identity.region}"
    page.line(("Stack ", "bold"), (status.stack, "bold"), (f"  {where}", "dim"))
    page.blank()


def _details(resource: PresentedResource) -> Iterator[str]:
    """Yield why a resource is not healthy, and what is in it as far as that was asked: `12/256 vCPUs`."""
    if resource.trouble:
        yield resource.trouble
    if resource.about:
        yield resource.about
    if resource.are_jobs_unknown:
        yield "jobs unknown"
    elif resource.jobs is not None:
        yield describe_jobs(resource.jobs) if resource.jobs else "no jobs"
    yield from _load(resource)
    if resource.revisions:
        yield f"revision {resource.revisions[-1]}, {len(resource.revisions)} active"
    if resource.created_at is not None:
        yield f"since {iso(resource.created_at).partition('T')[0]}"


def _load(resource: PresentedResource) -> Iterator[str]:
    gauge = KINDS[resource.address.kind].read.usage
    used, most = resource.load
    if gauge and most is not None:
        yield f"at most {most} {gauge.unit}" if used is None else f"{used}/{most} {gauge.unit}"


def _write_diagnosis(page: Page, diagnosis: PresentedDiagnosis) -> None:
    physical = f" ({diagnosis.name})" if diagnosis.name != diagnosis.address.name else ""
    source = place(diagnosis.where)
    page.line(
        (str(diagnosis.address), "bold"),
        physical,
        " is ",
        (diagnosis.status, "bold red"),
        (f"  {source}" if source else "", "dim"),
    )
    for word, text in _facts_of(diagnosis):
        page.line((f"{word:<{LABEL}}", "dim"), text, indent=INDENT, hang=LABEL)
    for number, command in enumerate(diagnosis.commands):  # never folded: they are to be copied
        page.whole((" " * INDENT + f"{'' if number else 'run':<{LABEL}}", "dim"), command)


def _facts_of(diagnosis: PresentedDiagnosis) -> Iterator[tuple[str, str]]:
    if diagnosis.reason:
        yield "AWS says" if diagnosis.is_quoted else "why", diagnosis.reason
    yield from (pair for pair in (("cause", diagnosis.cause), ("remedy", diagnosis.remedy)) if pair[1])
    for number, pointer in enumerate(diagnosis.members):
        yield "" if number else "look at", _pointer(pointer)
    yield from (("note", note) for note in diagnosis.notes)
    yield "apply", diagnosis.repair


def _pointer(pointer: Pointer) -> str:
    source = place(pointer.where)
    text = pointer.member if pointer.is_declared else f"{pointer.member} (not declared)"
    return f"{text}  {source}" if source else text


def _well(count: int) -> str:
    if not count:
        return NOTHING
    return "1 resource is healthy." if count == 1 else f"All {count} resources are healthy."


# The revisions of a job definition: a row for each, with what it changed below; and the result of a rollback.

REVISION_HEADINGS = ("revision", "status", "owner", "applied", "jobs")
REVISION_INDENT = len(REVISION_HEADINGS[0]) + 2  # where what a revision changed begins
FEW = 3  # members that a revision's row shows of what it changed

Cells = tuple[str, ...]


def history_page(history: PresentedHistory, width: int, verbose: int = 0) -> Page:
    page = Page(width)
    _write_history_heading(page, history)
    revisions = history.in_short.revisions
    rows = [_revision_cells(revision) for revision in revisions]
    widths = [max(map(len, column)) for column in zip(REVISION_HEADINGS, *rows, strict=True)]
    page.line((_revision_row(REVISION_HEADINGS, widths), "dim"))
    for cells, revision in zip(rows, revisions, strict=True):
        page.line(
            _revision_row(cells, widths),
            ("  matches the YAML" if revision.is_declared else "", "green"),
            hang=REVISION_INDENT,
        )
        fields = revision.change.fields
        few = fields if verbose else fields[:FEW]
        write_fields(page, facts_of(revision.change), map(field_facts, few), REVISION_INDENT)
        if len(few) < len(fields):
            page.line((f"and {len(fields) - len(few)} more; -v shows them", "dim"), indent=REVISION_INDENT)
    page.blank()
    _write_remarks(page, history)
    page.whole((history_line(revisions), "bold"))
    return page


def history_line(revisions: Sequence[PresentedRevision]) -> str:
    active = sum(revision.status == ACTIVE for revision in revisions)
    inactive = f", {len(revisions) - active} inactive" if len(revisions) > active else ""
    return f"Revisions: {active} active{inactive}."


def rollback_page(back: PresentedRollback, finish: PresentedFinish, next_: PresentedPlan | None, width: int) -> Page:
    """`next_` is what the next plan of the stack will show about the definition; None if unknown."""
    page = Page(width)
    write_results(page, finish)
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


def _write_history_heading(page: Page, history: PresentedHistory) -> None:
    physical = f" ({history.name})" if history.name != history.address.name else ""
    where = f"account {history.identity.account}, region {history.identity.region}"
    page.line((str(history.address), "bold"), physical, (f"  {where}", "dim"))
    page.blank()


def _revision_cells(revision: PresentedRevision) -> Cells:
    applied = AppliedRecord.of({APPLIED: revision.applied}).digest
    users = "?" if revision.users is None else str(revision.users)
    return (str(revision.number), revision.status, revision.owner or "unowned", applied or "-", users)


def _revision_row(cells: Cells, widths: Sequence[int]) -> str:
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
