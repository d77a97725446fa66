"""How a stack is, for people: a table of all that it has, and what is wrong with it one by one."""

from collections.abc import Iterator, Sequence

from reconciler.inspect.doctor import Diagnosis, Examined, Pointer
from reconciler.inspect.status import ResourceStatus, StackStatus, Sync
from reconciler.kinds import KINDS
from reconciler.live.jobs import in_words
from reconciler.problems import CloudError
from reconciler.redact.patterns import redacted_text
from reconciler.report.text.page import Page
from reconciler.report.text.plan import write_notes
from reconciler.report.text.values import iso, number_of, place

HEADINGS = ("resource", "health", "sync", "holds")
NOTHING = "Nothing is declared here, and the stack owns nothing that is live."
GAP = "  "
LAST = 24  # columns that the last one needs; where there are less, what it tells stands on a line of its own
INDENT = 4
LABEL = 9  # the width of the word in front of what is told of a diagnosis
SYNC_STYLES = {Sync.DRIFTED: "yellow", Sync.PENDING: "cyan", Sync.NOT_DECLARED: "magenta"}


def status_page(found: StackStatus, width: int) -> Page:
    page = Page(width)
    _write_heading(page, found)
    rows = [_cells(one) for one in found.each]
    widths = [max(map(len, column)) for column in zip(HEADINGS[:3], *rows, strict=True)]
    room = sum(widths) + len(GAP) * len(widths)
    if rows:
        shown = _row(HEADINGS[:3], widths) + (GAP + HEADINGS[3] if page.width - room >= LAST else "")
        page.line((shown, "dim"))
    else:
        page.line(NOTHING)
    for one, cells in zip(found.each, rows, strict=True):
        _write_row(page, one, cells, widths, room)
    page.blank()
    write_notes(page, found.notes)
    page.whole((status_line(found), "bold"))
    return page


def status_line(found: StackStatus) -> str:
    """The last line. What is rare is appended, so that the beginning stays as it is."""
    counts = dict(found.counts)
    rare = counts.pop(str(Sync.NOT_DECLARED))
    words = [f"{count} {word}" for word, count in counts.items()]
    tail = f" {rare} {Sync.NOT_DECLARED}." if rare else ""
    return f"Status: {', '.join(words[:4])}; {', '.join(words[4:])}.{tail}"


def doctor_page(examined: Examined, width: int) -> Page:
    page = Page(width)
    _write_heading(page, examined.found)
    for one in examined.diagnoses:
        _write_diagnosis(page, one)
        page.blank()
    write_notes(page, examined.notes)
    if not examined.diagnoses:
        page.line(("No complaints.", "bold green"), f" {_well(len(examined.found.each))}")
        page.blank()
    page.whole((doctor_line(examined), "bold"))
    return page


def doctor_line(examined: Examined) -> str:
    healthy = examined.found.counts["healthy"]
    return f"Doctor: {number_of(len(examined.diagnoses), 'complaint')}, {healthy} healthy."


def holds(one: ResourceStatus) -> str:
    """Say what is in a resource, as far as somebody asked: `3 RUNNING and 12 RUNNABLE jobs`, `12/256 vCPUs`."""
    return "; ".join(_holds(one))


def _write_heading(page: Page, found: StackStatus) -> None:
    where = f"account {found.identity.account}, region {found.identity.region}"
    page.line(("Stack ", "bold"), (found.stack, "bold"), (f"  {where}", "dim"))
    page.blank()


def _cells(one: ResourceStatus) -> tuple[str, str, str]:
    physical = f" ({one.name})" if one.name != one.address.name else ""
    return f"{one.address}{physical}", one.health, str(one.sync)


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    return GAP.join(f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True))


def _write_row(page: Page, one: ResourceStatus, cells: Sequence[str], widths: Sequence[int], room: int) -> None:
    name, health, sync = (f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True))
    parts = (
        f"{name}{GAP}",
        (f"{health}{GAP}", "green" if one.is_healthy else "bold red"),
        (f"{sync}{GAP}", SYNC_STYLES.get(one.sync, "")),
    )
    told = redacted_text(holds(one))
    if page.width - room >= LAST:
        page.line(*parts, told, hang=room)
        return
    page.line(*parts)
    if told:
        page.line(told, indent=INDENT)


def _holds(one: ResourceStatus) -> Iterator[str]:
    if one.about:
        yield one.about
    if isinstance(one.jobs, CloudError):
        yield "jobs not known"
    elif one.jobs is not None:
        yield in_words(one.jobs) if one.jobs else "no jobs"
    yield from _load(one)
    if one.live and one.live.revisions:
        yield f"revision {one.live.revisions[-1]}, {len(one.live.revisions)} active"
    if one.created_at is not None:
        yield f"since {iso(one.created_at).partition('T')[0]}"


def _load(one: ResourceStatus) -> Iterator[str]:
    gauge = KINDS[one.address.kind].read.usage
    used, most = one.load
    if gauge and most is not None:
        yield f"at most {most} {gauge.unit}" if used is None else f"{used}/{most} {gauge.unit}"


def _write_diagnosis(page: Page, one: Diagnosis) -> None:
    physical = f" ({one.name})" if one.name != one.address.name else ""
    source = place(one.where)
    page.line(
        (str(one.address), "bold"),
        physical,
        " is ",
        (one.status, "bold red"),
        (f"  {source}" if source else "", "dim"),
    )
    for word, told in _told(one):
        page.line((f"{word:<{LABEL}}", "dim"), told, indent=INDENT, hang=LABEL)
    for number, command in enumerate(one.commands):  # never folded: they are to be copied
        page.whole((" " * INDENT + f"{'' if number else 'run':<{LABEL}}", "dim"), command)


def _told(one: Diagnosis) -> Iterator[tuple[str, str]]:
    if one.reason:
        yield "AWS says" if one.is_quoted else "why", redacted_text(one.reason)
    yield from (pair for pair in (("cause", one.cause), ("remedy", one.remedy)) if pair[1])
    for number, pointer in enumerate(one.members):
        yield "" if number else "look at", _pointer(pointer)
    yield from (("note", note) for note in one.notes)
    yield "apply", one.repair


def _pointer(pointer: Pointer) -> str:
    source = place(pointer.where)
    told = pointer.member if pointer.is_declared else f"{pointer.member} (not declared)"
    return f"{told}  {source}" if source else told


def _well(count: int) -> str:
    if not count:
        return NOTHING
    return "1 resource is healthy." if count == 1 else f"All {count} resources are healthy."
