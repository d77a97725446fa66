"""What became of many targets: a table for people, and one JSON document that can be put together from several."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reconciler.model import Json
from reconciler.problems import Exit, Stopped
from reconciler.report.documents import frame
from reconciler.report.drift import Drift
from reconciler.report.items import Applied, Item, Planned, Validation
from reconciler.report.page import Page
from reconciler.report.redaction import redacted_text
from reconciler.report.words import duration, number_of, outcome_line, plan_line

GAP = "  "
UNCHANGED = "unchanged"
MOST = 72  # columns of what one line of the table tells
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


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one target: its exit code, what was told of it, and its document."""

    name: str
    stack: str
    environment: str
    account: str
    region: str
    code: int
    seconds: float
    items: Sequence[Item]
    documents: Sequence[Json]

    @property
    def word(self) -> str:
        """What it came to, in the word by which outcomes are counted."""
        item = self.items[-1] if self.items and self.code == Exit.DONE else None
        match item:
            case Planned(plan) if plan.changes:
                return MEANINGS[Exit.CHANGES]
            case Planned() | Drift() | Applied(finish=None):
                return UNCHANGED
            case _:
                return MEANINGS[self.code]

    @property
    def told(self) -> str:
        """What the table says, in one line."""
        told = " ".join(filter(None, map(_told, self.items)))
        return redacted_text(told) or MEANINGS[self.code]


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
    widest = max((len(one.name) for one in outcomes), default=0)
    for one in outcomes:
        style = {Exit.DONE: "green", Exit.CHANGES: "yellow"}.get(Exit(one.code), "bold red")
        seconds = f"{GAP}{duration(one.seconds)}" if one.seconds >= 1 else ""
        page.line(f"{one.name:<{widest}}{GAP}", (_short(one.told), style), (seconds, "dim"))
    page.blank()
    page.whole((fleet_line([one.word for one in outcomes]), "bold"))
    return page


def fleet_line(words: Sequence[str]) -> str:
    """The last line: `Fleet: 100 targets: 97 unchanged, 2 with changes, 1 failed.`"""
    counts = Counter(words)
    told = ", ".join(f"{counts[word]} {word}" for word in WORDS if counts[word])
    return f"Fleet: {number_of(len(words), 'target')}{': ' if told else ''}{told}."


def fleet_json(outcomes: Sequence[Outcome], command: str, code: int) -> dict[str, Json]:
    """`result` is the document that the command gives for one stack; None where it was stopped before it had any."""
    return {
        **frame("fleet"),
        "command": command,
        "summary": summary([one.word for one in outcomes]),
        "exit": int(code),
        "targets": [_target(one) for one in outcomes],
    }


def summary(words: Sequence[str]) -> dict[str, int]:
    counts = Counter(words)
    return {"targets": len(words), **{word.replace(" ", "_"): counts[word] for word in WORDS}}


def _target(one: Outcome) -> dict[str, Json]:
    return {
        "target": one.name,
        "stack": one.stack,
        "environment": one.environment,
        "account": one.account or None,
        "region": one.region or None,
        "exit": int(one.code),
        "came_to": one.word,
        "told": one.told,
        "seconds": round(one.seconds, 3),
        "result": one.documents[-1] if one.documents else None,
    }


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
