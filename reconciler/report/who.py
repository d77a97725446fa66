"""Who changed what drifted, as CloudTrail says it: lines for people, and data for programs."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.inspect.who import Trace
from reconciler.model import Address, Identity, Json
from reconciler.redact.presented import PresentedAttribution, PresentedAuthors, PresentedEventRecord
from reconciler.report.text.page import Page

NOT_FOUND = "no event found yet: one can take minutes to appear, and is kept for 90 days"
CONSOLES = {
    "aws": "console.aws.amazon.com",
    "aws-us-gov": "console.amazonaws-us-gov.com",
    "aws-cn": "console.amazonaws.cn",
}
SHOWN = 6  # fields or resources that a line names
INDENT = 4


@dataclass(frozen=True, slots=True)
class EventSubjects:
    """What one event explains: fields of a resource, or several resources as a whole. None: no event is known."""

    subjects: tuple[str, ...]
    trace: Trace
    event: PresentedEventRecord | None


def subjects_of(authors: PresentedAuthors) -> list[EventSubjects]:
    """Return the attributions by event: what one request did is said once; found ones first."""
    events: dict[tuple[Trace, str], PresentedEventRecord | None] = {}
    fields: dict[tuple[Trace, str], dict[Address, list[str]]] = {}
    for each in authors.attributions:
        key = (each.trace, each.event.id if each.event else "")
        events[key] = each.event
        fields.setdefault(key, {}).setdefault(each.address, []).append(each.path)
    order = list(Trace)
    return [
        EventSubjects(tuple(_subject(address, paths) for address, paths in fields[key].items()), key[0], events[key])
        for key in sorted(events, key=lambda key: order.index(key[0]))
    ]


def _subject(address: Address, paths: Sequence[str]) -> str:
    named = ", ".join(filter(None, paths[:SHOWN]))
    more = f" and {len(paths) - SHOWN} more" if len(paths) > SHOWN else ""
    return f"{address} {named}{more}" if named else str(address)


def author(event: PresentedEventRecord) -> str:
    """Say who sent a request, and with which tool."""
    who = event.principal or event.invoked_by or "an unknown caller"
    through = f" through {event.invoked_by}" if event.invoked_by and event.principal else ""
    if event.is_ours:
        return f"a run of reconciler as {who}"
    return f"{who}{through}{_with(event.tool)}"


def _with(tool: str) -> str:
    article = "the " if tool.startswith("AWS ") else ""
    return f" with {article}{tool}" if tool else ""


def moment(event: PresentedEventRecord) -> str:
    """Return the time of an event for people: 2026-11-28 14:02:11 UTC."""
    return f"{event.time.removesuffix('Z').replace('T', ' ')} UTC"


def link(event: PresentedEventRecord, here: Identity) -> str:
    """Return where the console shows an event."""
    host = CONSOLES.get(here.partition, CONSOLES["aws"])
    return f"https://{here.region}.{host}/cloudtrailv2/home?region={here.region}#/events/{event.id}"


def said(found: EventSubjects) -> str:
    """Say who is behind what an event explains."""
    if found.event is None:
        return NOT_FOUND
    doing = "by" if found.trace is Trace.FOUND else "last touched, but not given this value, by"
    return f"{doing} {author(found.event)}"


def not_asked(problem: str) -> str:
    """Say why it is not known who changed what."""
    return f"CloudTrail could not be read: {problem}"


def write_authors(page: Page, authors: PresentedAuthors | None, verbose: int = 0, heading: str = "Changed by") -> None:
    """Write who changed what; nothing if it was not asked. `verbose` adds the addresses that requests came from."""
    if authors is None:
        return
    if authors.attributions or authors.problem:
        page.line((heading, "bold"))
    for found in subjects_of(authors):
        if authors.problem and found.event is None:
            continue
        named = "; ".join(found.subjects[:SHOWN])
        more = f" and {len(found.subjects) - SHOWN} more" if len(found.subjects) > SHOWN else ""
        page.line((f"{named}{more}", "bold"), indent=INDENT, hang=INDENT)
        page.line(said(found), indent=2 * INDENT, hang=INDENT)
        if found.event:
            came = f" from {found.event.source_ip}" if verbose and found.event.source_ip else ""
            about = f"{moment(found.event)}, {found.event.operation}, event {found.event.id}{came}"
            page.line(about, indent=2 * INDENT)
            page.whole((f"{' ' * 2 * INDENT}{link(found.event, authors.identity)}", "dim"))
    if authors.problem:
        page.line(not_asked(authors.problem), indent=INDENT, hang=INDENT)
    page.blank()


def authors_json(authors: PresentedAuthors | None) -> Json:
    """Return who changed what as data; null if it was not asked."""
    if authors is None:
        return None
    return {
        "problem": authors.problem,
        "findings": [_attribution(each, authors.identity) for each in authors.attributions],
    }


def _attribution(each: PresentedAttribution, here: Identity) -> dict[str, Json]:
    return {
        "address": str(each.address),
        "path": each.path or None,
        "result": str(each.trace),
        "event": _event(each.event, here) if each.event else None,
    }


def _event(event: PresentedEventRecord, here: Identity) -> dict[str, Json]:
    return {
        "id": event.id,
        "operation": event.operation,
        "time": event.time,
        "principal": event.principal,
        "session_issuer": event.session_issuer,
        "invoked_by": event.invoked_by,
        "tool": event.tool,
        "source_ip": event.source_ip,
        "is_reconciler": event.is_ours,
        "link": link(event, here),
    }


def authors_in(document: Mapping[str, Json]) -> Iterator[str]:
    """Yield who changed what as a document of `drift` says it, a line for each event that was found."""
    who = document.get("who") or {}
    told: dict[str, tuple[str, list[str]]] = {}
    for each in who.get("findings", ()):
        if each["result"] == Trace.FOUND and (event := each["event"]):
            who = f"{event['principal'] or event['invoked_by']}{_with(event['tool'])}"
            line = f"{who}, {event['time']}, {event['operation']}"
            told.setdefault(event["id"], (line, []))[1].append(_named(each))
    for line, subjects in told.values():
        yield f"{', '.join(dict.fromkeys(subjects))}: {line}"


def _named(each: Mapping[str, Json]) -> str:
    return " ".join(filter(None, (each["address"], each["path"])))


def author_rows(authors: PresentedAuthors) -> Iterable[tuple[str, str, str]]:
    """Yield what an event explains, what is said of it, and the link to it."""
    for found in subjects_of(authors):
        if found.event or not authors.problem:
            about = f", {moment(found.event)}, {found.event.operation}" if found.event else ""
            address = link(found.event, authors.identity) if found.event else ""
            yield "; ".join(found.subjects), f"{said(found)}{about}", address
