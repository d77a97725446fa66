"""JSON documents of earlier runs: read, checked against their published schemas, and merged."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import islice

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from reconciler.model import Json
from reconciler.problems import Exit, Problem, Severity, WrongUsage
from reconciler.redact.presented import PresentedProblem, present_problem
from reconciler.report.fleet import (
    Deployment,
    DeploymentOutcome,
    Fleet,
    Selection,
    ShardPosition,
    fleet_of,
    fleet_of_one,
)
from reconciler.report.json import FLEET, FORMAT
from reconciler.report.schemas import DOCUMENTS
from reconciler.report.text.values import duration, number_of
from reconciler.syntax.parse import whole_json

MAJOR = FORMAT.partition(".")[0]
KNOWN = (Exit.DONE, Exit.CHANGES)  # of a check: it has a result
NO_JSON = "it is not JSON"


class Unreadable(ValueError):  # noqa: N818 - names what is wrong
    """A document cannot be read. The text begins with "it"."""


def parsed(content: bytes) -> Json:
    """Return the JSON of a file. Raises `Unreadable`."""
    try:
        return whole_json(content.decode("utf-8-sig"))
    except ValueError as error:
        why = str(error)  # of JSON of which something cannot be used, `whole_json` says what
        raise Unreadable(why if why.startswith("it ") else NO_JSON) from error


def read_fleet_document(document: Json) -> Fleet:
    """Return what a document of many deployments says. Raises `Unreadable`."""
    if not isinstance(document, Mapping) or document.get("document") != FLEET:
        raise Unreadable("it contains no deployments")
    check(document)
    shard = document["shard"]
    if shard and shard["index"] > shard["of"]:
        raise Unreadable("it is damaged at $.shard.index: there are not so many shares")
    for index, entry in enumerate(document["targets"]):
        if entry["result"] is not None:
            check(entry["result"], f"$.targets[{index}].result")
    return fleet_of(document)


def read_drift(document: Json) -> Fleet:
    """Return what a document of `drift` says, of many deployments or of one stack. Raises `Unreadable`."""
    if isinstance(document, Mapping) and document.get("document") == "drift":
        check(document)
        return fleet_of_one(document)
    fleet = read_fleet_document(document)
    if fleet.command != "drift":
        raise Unreadable(f"it contains results of `{fleet.command}`")
    for index, outcome in enumerate(fleet.outcomes):
        if outcome.exit in KNOWN and (outcome.result is None or outcome.result["document"] != "drift"):
            raise Unreadable(
                f"it is damaged at $.targets[{index}].result: a finished check must contain a drift document"
            )
    return fleet


def check(document: Mapping[str, Json], path: str = "$") -> None:
    """Raise `Unreadable` unless a document is as the schema of its kind says."""
    version = document.get("format_version", FORMAT)
    if str(version).partition(".")[0] != MAJOR:
        raise Unreadable(f"its format is {version}; only {MAJOR} is supported")
    kind = document.get("document")
    if not isinstance(kind, str) or kind not in DOCUMENTS:
        raise Unreadable(f"it is damaged at {path}.document: no command writes such a document")
    wrong = next(_validator(kind).iter_errors(document), None)
    if wrong is not None:
        raise Unreadable(f"it is damaged at {path}{wrong.json_path[1:]}: {_reason(wrong)}")


@cache
def _validator(kind: str) -> Draft202012Validator:
    return Draft202012Validator(DOCUMENTS[kind])


def _reason(wrong: ValidationError) -> str:
    """Say what is wrong without the value, which may be long or secret."""
    match wrong.validator:
        case "type":
            types: Json = wrong.validator_value
            return f"it has to be of type {types if isinstance(types, str) else ' or '.join(types)}"
        case "required":
            return wrong.message
        case "enum" | "const":
            return "it is none of the values that are known"
        case _:
            return "it is not of the form that it has to have"


# Several documents of one command as one: the newest outcome of each deployment, and what is missing.

SUPERSEDED = "MRG001"
MISSING = "MRG002"
OLD = "MRG003"
FIRST = 10  # missing shares that are named


@dataclass(frozen=True, slots=True)
class Part:
    """A document and the name of the file that it was read from."""

    name: str
    fleet: Fleet

    @property
    def time(self) -> datetime:
        return datetime.fromisoformat(self.fleet.time)

    @property
    def about(self) -> tuple[str | None, Selection | str]:
        """What it is about, whichever share of that it is; what was merged before is about something of its own."""
        return self.fleet.file, self.fleet.selection or self.name

    @property
    def of(self) -> int:
        """How many shares it is one of; 0 for none."""
        return self.fleet.shard.of if self.fleet.shard else 0


def merge(parts: Sequence[Part], longest: float) -> Fleet:
    """Return what several documents say together; its notes that are errors say why it is incomplete.

    Of one share the newest document counts, and all shares are those of the newest run. What is older than the newest
    document by more than `longest` seconds belongs to a former run, and does not count. Raises `WrongUsage` for
    documents of different commands.
    """
    _check_commands(parts)
    newest = max(part.time for part in parts)
    recent = [part for part in parts if (newest - part.time).total_seconds() <= longest]
    runs = [_Run.of(group) for group in _groups(recent)]
    files = {part.fleet.file for part in recent}
    counted = [part for run in runs for part in run.parts]
    notes = [
        *(note for part in counted for note in part.fleet.notes),
        *(note for run in runs for note in run.notes()),
        *(_old(part, newest, runs) for part in parts if part not in recent),
    ]
    is_complete = not any(note.severity is Severity.ERROR for note in notes)
    selections = {Selection() if run.is_whole else run.parts[0].fleet.selection for run in runs}
    known = Selection() if Selection() in selections else next(iter(selections)) if len(selections) == 1 else None
    return Fleet(
        command=parts[0].fleet.command,
        file=next(iter(files)) if len(files) == 1 else None,
        selection=known if is_complete and len(files) == 1 else None,
        outcomes=tuple(sorted(_newest(counted), key=lambda outcome: outcome.target)),
        time=min(part.fleet.time for part in counted),
        notes=tuple(notes),
    )


@dataclass(frozen=True, slots=True)
class _Run:
    """The documents about one thing: those that count, and those that newer ones stand for."""

    parts: tuple[Part, ...]
    superseded: tuple[Part, ...]

    @classmethod
    def of(cls, group: Sequence[Part]) -> "_Run":
        newest_first = sorted(group, key=lambda part: part.time, reverse=True)
        parts: dict[ShardPosition | None, Part] = {}
        for part in newest_first:
            if part.of == newest_first[0].of:
                parts.setdefault(part.fleet.shard, part)
        return cls(tuple(parts.values()), tuple(part for part in newest_first if part not in parts.values()))

    @property
    def missing(self) -> int:
        """How many shares there are no documents of."""
        return self.parts[0].of - len(self.parts) if self.parts[0].of else 0

    def _missing_shares(self) -> Iterator[ShardPosition]:
        there = {part.fleet.shard for part in self.parts}
        shares = (ShardPosition(index=index, of=self.parts[0].of) for index in range(1, self.parts[0].of + 1))
        return (share for share in shares if share not in there)

    @property
    def is_whole(self) -> bool:
        selection = self.parts[0].fleet.selection
        return bool(selection and selection.is_whole) and not self.missing

    def notes(self) -> Iterator[PresentedProblem]:
        newest = self.parts[0]
        for part in self.superseded:
            share = f", share {part.fleet.shard}," if part.fleet.shard else ""
            message = (
                f"{part.name}{share} of {part.fleet.time} is left out: {newest.name} of {newest.fleet.time} is newer"
            )
            yield present_problem(Problem(SUPERSEDED, message, severity=Severity.WARNING))
        if self.missing:
            shares = ", ".join(map(str, islice(self._missing_shares(), FIRST)))
            more = f" and {self.missing - FIRST} more" if self.missing > FIRST else ""
            message = f"{number_of(self.missing, 'share')} of {newest.of} missing: {shares}{more}"
            hint = "their deployments are not in the result: run them again, and name their documents"
            yield present_problem(Problem(MISSING, message, hint=hint))


def _groups(parts: Iterable[Part]) -> Iterable[list[Part]]:
    groups: dict[object, list[Part]] = {}
    for part in parts:
        groups.setdefault(part.about, []).append(part)
    return groups.values()


def _old(part: Part, newest: datetime, runs: Sequence[_Run]) -> PresentedProblem:
    """A former run is no loss where a newer one has everything that it could speak of."""
    age = duration((newest - part.time).total_seconds())
    message = f"{part.name} of {part.fleet.time} is left out: it is {age} older than the newest document"
    same = [run for run in runs if run.parts[0].about == part.about or (run.is_whole and _file(run) == part.fleet.file)]
    if same:
        return present_problem(Problem(SUPERSEDED, message, severity=Severity.WARNING))
    hint = "run it again, or set --max-age to accept older documents"
    return present_problem(Problem(OLD, message, hint=hint))


def _file(run: _Run) -> str | None:
    return run.parts[0].fleet.file


def _newest(parts: Iterable[Part]) -> Iterator[DeploymentOutcome]:
    """Yield one outcome of each deployment."""
    known: dict[tuple[str, str], list[Deployment]] = {}
    outcomes = [outcome for part in parts for outcome in part.fleet.outcomes]
    for outcome in sorted(outcomes, key=lambda outcome: datetime.fromisoformat(outcome.time), reverse=True):
        newer = known.setdefault((outcome.stack, outcome.environment), [])
        if not any(outcome.deployment.is_same(other) for other in newer):
            newer.append(outcome.deployment)
            yield outcome


def _check_commands(parts: Sequence[Part]) -> None:
    by_command = {part.fleet.command: part.name for part in reversed(parts)}
    if len(by_command) > 1:
        listed = ", ".join(f"`{command}` in {name}" for command, name in sorted(by_command.items()))
        raise WrongUsage(
            f"documents of different commands cannot be merged: {listed}", hint="merge those of one command"
        )
