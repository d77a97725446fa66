"""What became of many targets: a table for people, and one JSON document that can be put together from several."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

from reconciler.model import Json
from reconciler.problems import Exit, Stopped
from reconciler.report.documents import frame
from reconciler.report.drift import Drift
from reconciler.report.items import Applied, Item, Planned, Validation
from reconciler.report.page import Page
from reconciler.report.redaction import redacted_text
from reconciler.report.words import duration, number_of, outcome_line, plan_line

FLEET = "fleet"
GAP = "  "
MOST = 72  # columns of what one line of the table tells
UNCHANGED = "unchanged"
MEANINGS: Mapping[int, str] = {
    Exit.DONE: "done",
    Exit.ERROR: "failed",
    Exit.CHANGES: "with changes",
    Exit.INVALID: "invalid",
    Exit.DENIED: "denied",
    Exit.REFUSED: "refused",
    Exit.STALE: "stale",
    Exit.PARTLY: "partly applied",
    Exit.UNHEALTHY: "unhealthy",
    Exit.TIMED_OUT: "timed out",
    Exit.DECLINED: "declined",
    Exit.USAGE: "wrongly used",
    Exit.INTERRUPTED: "interrupted",
    Exit.TERMINATED: "terminated",
}
WORDS = (UNCHANGED, *MEANINGS.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one target, as its entry in the document says it.

    `came_to` is the word by which outcomes are counted, `told` what the table says, and `result` the document that the
    command gives for one stack: None where it was stopped before it had any.
    """

    target: str
    stack: str
    environment: str
    account: str | None
    region: str | None
    exit: int
    came_to: str
    told: str
    seconds: float
    result: Json = None


@dataclass(frozen=True, slots=True)
class Targets:
    """What became of many targets, and of each what its stack has come to, by the target's name."""

    outcomes: tuple[Outcome, ...]
    items: tuple[tuple[str, Item], ...]


def came_to(code: int, items: Sequence[Item]) -> str:
    item = items[-1] if items and code == Exit.DONE else None
    match item:
        case Planned(plan) if plan.changes:
            return MEANINGS[Exit.CHANGES]
        case Drift() if not item.is_none:
            return MEANINGS[Exit.CHANGES]
        case Planned() | Drift() | Applied(finish=None):
            return UNCHANGED
        case _:
            return MEANINGS[code]


def told(code: int, items: Sequence[Item]) -> str:
    """Say in one line what became of a target."""
    return redacted_text(" ".join(filter(None, map(_told, items)))) or MEANINGS[code]


def is_news(item: Item) -> bool:
    """Whether there is more to read about it than a line of a table."""
    match item:
        case Planned(plan):
            return bool(plan.changes or plan.unhealthy)
        case Drift():
            return not item.is_none
        case Validation():
            return bool(item.problems)
        case Applied():
            return item.finish is not None or bool(item.plan.unhealthy)
        case _:
            return True


def heading_page(name: str, width: int) -> Page:
    page = Page(width)
    page.line((f"== {name}", "bold cyan"))
    return page


def fleet_page(outcomes: Sequence[Outcome], width: int) -> Page:
    page = Page(width)
    page.line(("Targets", "bold"))
    widest = max((len(one.target) for one in outcomes), default=0)
    for one in outcomes:
        style = {Exit.DONE: "green", Exit.CHANGES: "yellow"}.get(Exit(one.exit), "bold red")
        seconds = f"{GAP}{duration(one.seconds)}" if one.seconds >= 1 else ""
        page.line(f"{one.target:<{widest}}{GAP}", (_short(one.told), style), (seconds, "dim"))
    page.blank()
    page.whole((fleet_line(outcomes), "bold"))
    return page


def several_page(names: Sequence[str], width: int) -> Page:
    page = Page(width)
    page.line(("note", "cyan"), f": several files tell of {', '.join(names)}: the last one counts")
    return page


def fleet_line(outcomes: Sequence[Outcome]) -> str:
    """The last line: `Fleet: 100 targets: 97 unchanged, 2 with changes, 1 failed.`"""
    counts = Counter(one.came_to for one in outcomes)
    words = ", ".join(f"{counts[word]} {word}" for word in WORDS if counts[word])
    return f"Fleet: {number_of(len(outcomes), 'target')}{': ' if words else ''}{words}."


def fleet_json(outcomes: Sequence[Outcome], command: str, code: int) -> dict[str, Json]:
    counts = Counter(one.came_to for one in outcomes)
    return {
        **frame(FLEET),
        "command": command,
        "summary": {"targets": len(outcomes), **{word.replace(" ", "_"): counts[word] for word in WORDS}},
        "exit": int(code),
        "targets": [asdict(one) for one in outcomes],
    }


def outcomes_of(document: Json) -> tuple[Outcome, ...]:
    """Return what a document of ours tells. Raises `ValueError` for any other."""
    if not isinstance(document, Mapping) or document.get("document") != FLEET:
        raise ValueError("it tells of no targets")
    major, _, _ = str(document.get("format_version", "")).partition(".")
    if major != "1":
        raise ValueError(f"its format is {document.get('format_version')}, and 1 is known")
    try:
        return tuple(_outcome(one) for one in document["targets"])
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError("it is damaged") from error


def checked(document: Json) -> tuple[Outcome, ...]:
    """Return what a document of drift tells, of many targets or of one stack. Raises `ValueError` for any other."""
    if not isinstance(document, Mapping) or document.get("document") != "drift":
        return outcomes_of(document)
    try:
        name = f"{document['stack']}@{document['account']}/{document['region']}"
        counts = {tier: int(count) for tier, count in document["summary"].items() if tier != "pending"}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError("it is damaged") from error
    has_drift = any(counts.values())
    return (
        Outcome(
            target=name,
            stack=str(document["stack"]),
            environment="",
            account=str(document["account"]),
            region=str(document["region"]),
            exit=int(Exit.CHANGES if has_drift else Exit.DONE),
            came_to=MEANINGS[Exit.CHANGES] if has_drift else UNCHANGED,
            told=", ".join(f"{count} {tier}" for tier, count in counts.items() if count) or "no drift",
            seconds=0.0,
            result=document,
        ),
    )


def merged(documents: Iterable[Iterable[Outcome]]) -> tuple[tuple[Outcome, ...], tuple[str, ...]]:
    """Return all outcomes by target, sorted, and the targets that several documents tell of: the last one counts."""
    found: dict[str, Outcome] = {}
    several: dict[str, None] = {}
    for outcomes in documents:
        for one in outcomes:
            several |= {one.target: None} if one.target in found else {}
            found[one.target] = one
    return tuple(found[name] for name in sorted(found)), tuple(several)


def _outcome(entry: Mapping[str, Json]) -> Outcome:
    known = {name: entry[name] for name in Outcome.__dataclass_fields__}
    outcome = Outcome(**known)
    if outcome.came_to not in WORDS or not all(isinstance(text, str) for text in (outcome.target, outcome.told)):
        raise ValueError(outcome.came_to)
    Exit(outcome.exit)
    return outcome


def _told(item: Item) -> str:
    match item:
        case Planned(plan):
            return plan_line(plan).partition(": ")[2] if plan.changes else "no changes"
        case Drift():
            return "no drift" if item.is_none else item.line.partition(": ")[2]
        case Validation():
            return "valid" if item.is_valid else number_of(item.errors, "problem")
        case Applied(stopped=Stopped() as stopped):
            return stopped.message
        case Applied(finish=finish):
            return outcome_line(finish.outcome.counts).partition(": ")[2] if finish else "nothing to do"
        case Stopped():
            return item.message


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= MOST else f"{line[: MOST - 1]}…"
