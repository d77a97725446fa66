"""What became of many deployments: a table for people, and one JSON document that can be merged from several."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from operator import attrgetter
from typing import Annotated

from reconciler.model import Json
from reconciler.problems import Exit, Problem, Severity
from reconciler.redact.presented import PresentedProblem, PresentedStopped, present_problem
from reconciler.report.json import FLEET, TIME, frame, problem_json
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
)
from reconciler.report.summary import capacity_in_short, likeness_of, outcome_line, plan_counts
from reconciler.report.text.page import Page
from reconciler.report.text.values import duration, number_of

CUT_SHORT = "FLT008"
GAP = "  "
MOST = 100  # columns of the summary in a line of the table
UNCHANGED = "unchanged"
HEALTHY = "healthy"
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
WORDS = (UNCHANGED, HEALTHY, *MEANINGS.values())
RESULT = "The document of the command for one stack, as in the schema of its `document`; null if it was stopped before."
PLACE = attrgetter("file", "stack", "environment", "account", "region")


@dataclass(frozen=True, slots=True)
class Column:
    """What a member of a document says, and what else its schema asks of it."""

    says: str
    limits: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """A stack in an account and region. What is None is not known, and may be anything.

    Its name for people changes when its environment gets another region or account; this does not.
    """

    file: str | None
    stack: str
    environment: str
    account: str | None
    region: str | None

    def is_same(self, other: "Deployment") -> bool:
        return all(None in pair or pair[0] == pair[1] for pair in zip(PLACE(self), PLACE(other), strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentOutcome:
    """What became of one deployment, as its entry in the document says it."""

    target: Annotated[str, Column("Its short name for people, as stacks/pricing@prod.")]
    file: Annotated[str | None, Column("The deployment file, as passed to `--all`; null for a single stack.")]
    stack: Annotated[str, Column("The folder or file of the stack, from the folder of that file.")]
    environment: Annotated[str, Column("The name of the environment; empty for a single stack.")]
    account: Annotated[
        str | None, Column("The AWS account, of 12 digits; null if unknown.", {"pattern": "^[0-9]{12}$"})
    ]
    region: Annotated[str | None, Column("The AWS region; null if unknown.")]
    time: Annotated[str, Column("When its check or change ended, in UTC.", {"pattern": TIME})]
    exit: Annotated[int, Column("The exit code of its stack alone.", {"enum": [int(code) for code in Exit]})]
    came_to: Annotated[str, Column("The word by which outcomes are counted.", {"enum": list(WORDS)})]
    told: Annotated[str, Column("It in one line.")]
    seconds: Annotated[float, Column("How long it took.", {"minimum": 0, "maximum": 1e9})]
    result: Annotated[Json, Column(RESULT, {"type": ["object", "null"]})] = None

    @property
    def deployment(self) -> Deployment:
        return Deployment(
            file=self.file, stack=self.stack, environment=self.environment, account=self.account, region=self.region
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardPosition:
    index: Annotated[int, Column("Which share it is, from 1.", {"minimum": 1})]
    of: Annotated[int, Column("How many shares there are.", {"minimum": 1})]

    def __str__(self) -> str:
        return f"{self.index}/{self.of}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What options left of the deployments of a file; without any of them, all are meant."""

    stacks: Annotated[tuple[str, ...], Column("The stacks that were named; empty for all.")] = ()
    environments: Annotated[tuple[str, ...], Column("The patterns of --env; empty for all.")] = ()
    changed_since: Annotated[str | None, Column("The reference of --changed-since; null for none.")] = None
    deployments: Annotated[tuple[str, ...], Column("Those of saved plans; empty for all.")] = ()

    @property
    def is_whole(self) -> bool:
        return self == Selection()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """A document of many deployments. `selection` is None where it was merged from several, or is incomplete.

    `time` is in ISO 8601 and empty until the document is written.
    """

    command: str
    file: str | None
    selection: Selection | None
    outcomes: tuple[DeploymentOutcome, ...]
    shard: ShardPosition | None = None
    time: str = ""
    notes: tuple[PresentedProblem, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether every deployment of its file is in it."""
        return self.selection is not None and self.selection.is_whole and self.shard is None


@dataclass(frozen=True, slots=True)
class Targets:
    """What became of many targets, and of each what its stack has come to, by the target's name.

    `left_out` are the names of the targets that a signal came before.
    """

    outcomes: tuple[DeploymentOutcome, ...]
    items: tuple[tuple[str, Item], ...]
    left_out: tuple[str, ...] = ()


def result_word(code: int, items: Sequence[Item]) -> str:
    item = items[-1] if items and code == Exit.DONE else None
    match item:
        case Planned(plan) if plan.changes:
            return MEANINGS[Exit.CHANGES]
        case Drift() if not item.is_none:
            return MEANINGS[Exit.CHANGES]
        case Planned() | Drift() | ApplyResult(finish=None):
            return UNCHANGED
        case StatusShown():
            return HEALTHY
        case _:
            return MEANINGS[code]


def describe_result(code: int, items: Sequence[Item]) -> str:
    """Say in one line what became of a deployment."""
    return " ".join(filter(None, map(_describe, items))) or MEANINGS[code]


def is_news(item: Item) -> bool:
    """Whether there is more to read about it than a line of a table."""
    match item:
        case Planned(plan):
            return bool(plan.changes or plan.unhealthy)
        case Drift():
            return not item.is_none
        case Validation():
            return bool(item.problems)
        case StackVerified(verification=verification):
            return bool(verification.problems)
        case ApplyResult():
            return item.finish is not None or bool(item.plan.unhealthy)
        case _:
            return True


def heading_page(name: str, same_as: str, width: int) -> Page:
    """`same_as` names the deployment whose plan, printed before, is the same; empty: there is none."""
    page = Page(width)
    page.line((f"== {name}", "bold cyan"), (f"  same plan as {same_as}" if same_as else "", "dim"))
    return page


def plan_likeness(items: Sequence[Item]) -> str:
    """Return what is equal for deployments with one and the same plan; empty for what is no plan with changes."""
    match items:
        case (Planned(plan),):
            return likeness_of(plan)
        case _:
            return ""


def fleet_page(outcomes: Sequence[DeploymentOutcome], width: int, left_out: Sequence[str] = ()) -> Page:
    """`left_out` are the names of the targets that a signal came before."""
    page = Page(width)
    page.line(("Deployments", "bold"))
    widest = max(map(len, (*(outcome.target for outcome in outcomes), *left_out)), default=0)
    for outcome in outcomes:
        style = {Exit.DONE: "green", Exit.CHANGES: "yellow"}.get(Exit(outcome.exit), "bold red")
        seconds = f"{GAP}{duration(outcome.seconds)}" if outcome.seconds >= 1 else ""
        page.line(f"{outcome.target:<{widest}}{GAP}", (_short(outcome.told), style), (seconds, "dim"))
    for name in left_out:
        page.line(f"{name:<{widest}}{GAP}", ("left out", "dim"))
    page.blank()
    page.whole((fleet_line(outcomes, len(left_out)), "bold"))
    return page


def cut_short(left_out: Sequence[str]) -> PresentedProblem:
    """Say in a document which targets a signal came before."""
    message = f"stopped by a signal: {number_of(len(left_out), 'deployment')} left out: {', '.join(left_out)}"
    return present_problem(Problem(CUT_SHORT, message, severity=Severity.WARNING))


def fleet_line(outcomes: Sequence[DeploymentOutcome], left_out: int = 0) -> str:
    """The last line: `Fleet: 100 targets: 97 unchanged, 2 with changes, 1 failed.`

    `left_out` counts the targets that a signal came before.
    """
    counts = Counter(outcome.came_to for outcome in outcomes)
    words = ", ".join(f"{counts[word]} {word}" for word in WORDS if counts[word])
    rare = f" {left_out} left out." if left_out else ""
    return f"Fleet: {number_of(len(outcomes), 'deployment')}{': ' if words else ''}{words}.{rare}"


def fleet_json(fleet: Fleet, code: int) -> dict[str, Json]:
    counts = Counter(outcome.came_to for outcome in fleet.outcomes)
    time = {"time": fleet.time} if fleet.time else {}
    return {
        **frame(FLEET),
        **time,
        "exit": int(code),
        "command": fleet.command,
        "file": fleet.file,
        "selection": asdict(fleet.selection) if fleet.selection else None,
        "shard": asdict(fleet.shard) if fleet.shard else None,
        "summary": {"targets": len(fleet.outcomes), **{word.replace(" ", "_"): counts[word] for word in WORDS}},
        "notes": [problem_json(note) for note in fleet.notes],
        "targets": [asdict(outcome) for outcome in fleet.outcomes],
    }


def fleet_of(document: Mapping[str, Json]) -> Fleet:
    """Return what a document of many deployments says. It has to be as its schema is."""
    shard, selection = document["shard"], document["selection"]
    return Fleet(
        command=document["command"],
        file=document["file"],
        selection=Selection(**{name: _frozen(value) for name, value in _known(Selection, selection).items()})
        if selection
        else None,
        outcomes=tuple(DeploymentOutcome(**_known(DeploymentOutcome, entry)) for entry in document["targets"]),
        shard=ShardPosition(**_known(ShardPosition, shard)) if shard else None,
        time=document["time"],
        notes=tuple(_note(note) for note in document["notes"]),
    )


def fleet_of_one(document: Mapping[str, Json]) -> Fleet:
    """Return what a document of `drift` says of one stack, as if it were a fleet. It has to be as its schema is."""
    counts = {tier: count for tier, count in document["summary"].items() if tier != "pending"}
    has_drift = any(counts.values())
    outcome = DeploymentOutcome(
        target=f"{document['stack']}@{document['account']}/{document['region']}",
        file=None,
        stack=document["stack"],
        environment="",
        account=document["account"],
        region=document["region"],
        time=document["time"],
        exit=int(Exit.CHANGES if has_drift else Exit.DONE),
        came_to=MEANINGS[Exit.CHANGES] if has_drift else UNCHANGED,
        told=", ".join(f"{count} {tier}" for tier, count in counts.items() if count) or "no drift",
        seconds=0.0,
        result=document,
    )
    return Fleet(command="drift", file=None, selection=None, outcomes=(outcome,), time=document["time"])


def _known(type_: type, entry: Mapping[str, Json]) -> dict[str, Json]:
    """Return the members that we know; a later version may write more."""
    return {column.name: entry[column.name] for column in fields(type_)}


def _note(entry: Mapping[str, Json]) -> PresentedProblem:
    severity = Severity(entry["severity"])
    return present_problem(Problem(entry["code"], entry["message"], hint=entry["hint"], severity=severity))


def _frozen(value: Json) -> Json:
    return tuple(value) if isinstance(value, list) else value


def _describe(item: Item) -> str:
    match item:
        case Planned(plan):
            return (
                " ".join(filter(None, (plan_counts(plan), capacity_in_short(plan.capacity))))
                if plan.changes
                else "no changes"
            )
        case Drift():
            return "no drift" if item.is_none else item.line.partition(": ")[2]
        case Validation():
            return "valid" if item.is_valid else number_of(item.errors, "problem")
        case ApplyResult(stopped=PresentedStopped() as stopped):
            return stopped.message
        case ApplyResult(finish=finish):
            return outcome_line(finish.counts).partition(": ")[2] if finish else "nothing to do"
        case StackOutputs() | Graphed() | Placed() | StackVerified() | StatusShown():
            return item.summary
        case PresentedStopped():
            return item.message


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= MOST else f"{line[: MOST - 1]}…"
