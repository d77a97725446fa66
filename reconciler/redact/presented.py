"""What reports accept: views of plans, results, statuses and problems through which no secret can be read.

A view computes what is shown when it is read, and keeps nothing: of a large plan there is no second copy. The
functions `present…` are the only ones that make views.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from reconciler.kinds import KINDS
from reconciler.live.ownership import AppliedRecord, without_digest
from reconciler.model import (
    Action,
    Address,
    Call,
    Change,
    Cost,
    FieldChange,
    Identity,
    Ignored,
    Interrupts,
    Json,
    Path,
    Plan,
    PlannedCapacity,
    Step,
    Unhealthy,
    Wait,
    dotted,
)
from reconciler.problems import CloudError, Declined, Exit, Problem, Severity, Stopped, Where
from reconciler.redact.secrets import CHANGED, REDACTED, Secrets, redacted, redacted_sides, redacted_text

if TYPE_CHECKING:  # each is the result of a few commands, which have loaded it
    from reconciler.app.usecases import Finish
    from reconciler.apply import Event, Result, State
    from reconciler.importers.model import LeftOut
    from reconciler.inspect.doctor import Diagnosis, Examination, Pointer
    from reconciler.inspect.history import History, Revision, Rollback
    from reconciler.inspect.status import ResourceStatus, StackStatus, Sync
    from reconciler.inspect.who import Attribution, Authors, Trace, TrailEvent
    from reconciler.live.resolve import StackReferences
    from reconciler.placement.queues import Pair, PlacedDefinition, StackPlacement
    from reconciler.placement.verdicts import Feasibility, Verdict
    from reconciler.verify.base import Finding, VerifyResult
    from reconciler.verify.checks import Verification

V = TypeVar("V")
NO_SECRETS = Secrets()


class Sides(NamedTuple):
    """What may be shown of both sides of a change; None is absence."""

    before: Json
    after: Json

    @property
    def is_redacted(self) -> bool:
        """Whether a part of them is hidden."""
        shown = repr((self.before, self.after))
        return REDACTED in shown or CHANGED in shown


@dataclass(frozen=True, slots=True)
class PresentedProblem:
    """A finding. Two that say the same are equal."""

    code: str
    message: str
    where: Where | None
    hint: str
    way_out: str
    severity: Severity

    @property
    def help(self) -> str:
        """The hint and the way out, in one line."""
        return "; ".join(filter(None, (self.hint, self.way_out)))


@dataclass(frozen=True, slots=True)
class PresentedStopped:
    """What stopped a command. `kind` is the name of its class; it `is_declined` where the user said no."""

    kind: str
    exit: Exit
    message: str
    hint: str
    problems: tuple[PresentedProblem, ...]
    is_declined: bool


@dataclass(frozen=True, slots=True)
class PresentedFailure:
    """A call to AWS that failed, and the exit code that it leads to."""

    operation: str
    code: str
    message: str
    hint: str
    request_id: str
    exit: Exit


@dataclass(frozen=True, slots=True)
class Redaction:
    """What is taken out of everything that is shown: the texts in `secrets`, and what looks like a secret.

    Values that begin with `prefix`, that of the plan's own ARNs, are shown as names: `JobQueue/urgent`.
    """

    secrets: Secrets = NO_SECRETS
    prefix: str = ""

    def text(self, text: str) -> str:
        return redacted_text(self.secrets.text(text) if self.secrets else text)

    def value(self, value: Json) -> Json:
        return redacted(self.secrets.value(value) if self.secrets else value)

    def texts(self, texts: Iterable[str]) -> tuple[str, ...]:
        return tuple(map(self.text, texts))

    def path(self, path: Path) -> str:
        return self.secrets.text(dotted(path)) if self.secrets else dotted(path)

    def last_step(self, path: Path) -> str:
        return self.secrets.text(str(path[-1])) if self.secrets else str(path[-1])

    def sides(self, change: FieldChange | Ignored) -> Sides:
        before, after = change.before, change.after
        if self.secrets:
            before, after = self.secrets.pair(before, after)
        if self.prefix:
            before, after = with_names(before, self.prefix), with_names(after, self.prefix)
        return Sides(*redacted_sides(change.path, before, after))

    def problem(self, problem: Problem) -> PresentedProblem:
        message, hint = self.text(problem.message), self.text(problem.hint)
        return PresentedProblem(problem.code, message, problem.where, hint, problem.way_out, problem.severity)

    def problems(self, problems: Iterable[Problem]) -> tuple[PresentedProblem, ...]:
        return tuple(map(self.problem, problems))

    def shortening(self, here: Identity) -> "Redaction":
        return replace(self, prefix=f"arn:{here.partition}:batch:{here.region}:{here.account}:")


def with_names(value: Json, prefix: str) -> Json:
    """Return a value with ARNs that begin with `prefix` as names: `JobQueue/urgent`."""
    if isinstance(value, Mapping):
        return {key: with_names(item, prefix) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [with_names(item, prefix) for item in value]
    if not isinstance(value, str) or not value.startswith(prefix):
        return value
    noun, _, name = value.removeprefix(prefix).partition("/")
    kind = next((kind.name for kind in KINDS.values() if kind.noun == noun and "/" not in name), noun)
    return f"{kind}/{name}"


class View:
    """What may be shown of something, attribute by attribute. Two are equal if they show the same thing."""

    __slots__ = ("_raw", "_redaction")

    def __init__(self, raw: Any, redaction: Redaction) -> None:
        self._raw = raw
        self._redaction = redaction

    def __eq__(self, other: object) -> bool:
        return isinstance(other, View) and other._raw is self._raw and other._redaction == self._redaction

    def __hash__(self) -> int:
        return hash(id(self._raw))


class Public(Generic[V]):
    """An attribute that is shown as it is: no secret can be in it. `of` is its path where it is called otherwise."""

    def __init__(self, of: str = "") -> None:
        self._of = of

    def __set_name__(self, _owner: type, name: str) -> None:
        self._read = attrgetter(f"_raw.{self._of or name}")

    def __get__(self, view: View, _owner: type | None = None) -> V:
        shown: V = self._read(view)
        return shown


class Redacted(Generic[V]):
    """An attribute of which `how` takes out what is secret."""

    def __init__(self, how: Callable[[Redaction, Any], V], of: str = "") -> None:
        self._how, self._of = how, of

    def __set_name__(self, _owner: type, name: str) -> None:
        self._read = attrgetter(f"_raw.{self._of or name}")

    def __get__(self, view: View, _owner: type | None = None) -> V:
        return self._how(view._redaction, self._read(view))  # noqa: SLF001 - a part of the view


def as_view(view: Callable[[Any, Redaction], V]) -> Callable[[Redaction, Any], V]:
    """Return how an attribute is shown by a view of its own."""
    return lambda redaction, raw: view(raw, redaction)


def as_optional_view(view: Callable[[Any, Redaction], V]) -> Callable[[Redaction, Any], V | None]:
    return lambda redaction, raw: None if raw is None else view(raw, redaction)


def as_views(view: Callable[[Any, Redaction], V]) -> Callable[[Redaction, Any], tuple[V, ...]]:
    return lambda redaction, raw: tuple(view(item, redaction) for item in raw)


class PresentedField(View):
    """A field that differs."""

    __slots__ = ()

    _raw: FieldChange
    path = Redacted(Redaction.path)
    name = Redacted(Redaction.last_step, "path")
    is_of_tags = Public[bool]()
    cost = Public[Cost]()
    why = Redacted(Redaction.text)
    drift = Public[bool]()
    undeclared = Public[bool]()
    noted = Public[bool]()
    where = Public[Where | None]()

    @property
    def sides(self) -> Sides:
        return self._redaction.sides(self._raw)


class PresentedIgnored(View):
    """A field that differs and is no change, and why."""

    __slots__ = ()

    _raw: Ignored
    path = Redacted(Redaction.path)
    why = Redacted(Redaction.text)

    @property
    def sides(self) -> Sides:
        return self._redaction.sides(self._raw)


class PresentedCall(View):
    """One complete request."""

    __slots__ = ()

    _raw: Call
    operation = Public[str]()
    request = Redacted(Redaction.value)
    says = Redacted(Redaction.text)


PresentedStep = PresentedCall | Wait


def _step(step: Step, redaction: Redaction) -> PresentedStep:
    return PresentedCall(step, redaction) if isinstance(step, Call) else step


class PresentedChange(View):
    """What happens to one resource."""

    __slots__ = ()

    _raw: Change
    action = Public[Action]()
    address = Public[Address]()
    name = Public[str]()
    arn = Public[str]()
    cost = Public[Cost | None]()
    drift = Public[bool]()
    is_record = Public[bool]()
    after = Public[tuple[Address, ...]]()
    where = Public[Where | None]()
    interrupts = Public[Interrupts | None]()
    jobs = Public[Mapping[str, int] | None]()
    fields = Redacted(as_views(PresentedField))
    steps = Redacted(as_views(_step))
    reasons = Redacted(Redaction.texts)
    losses = Redacted(Redaction.texts)
    refusals = Redacted(Redaction.problems)


class PresentedUnhealthy(View):
    """A live resource that does not work."""

    __slots__ = ()

    _raw: Unhealthy
    address = Public[Address]()
    status = Public[str]()
    name = Public[str]()
    reason = Redacted(Redaction.text)
    cause = Redacted(Redaction.text)
    remedy = Redacted(Redaction.text)


class PresentedPlan(View):
    """A plan. `in_short` has names in place of the ARNs of its own resources; requests keep these."""

    _raw: Plan
    stack = Public[str]()
    identity = Public[Identity]()
    unchanged = Public[int]()
    is_empty = Public[bool]()
    counts = Public[Mapping[Action, int]]()
    refused_count = Public[int]()
    capacity = Public[PlannedCapacity]()
    unhealthy = Redacted(as_views(PresentedUnhealthy))
    notes = Redacted(Redaction.problems)
    refused = Redacted(Redaction.problems)
    refusals = Redacted(Redaction.problems)

    @cached_property
    def changes(self) -> tuple[PresentedChange, ...]:
        return tuple(PresentedChange(change, self._redaction) for change in self._raw.changes)

    @property
    def ignored(self) -> Mapping[Address, tuple[PresentedIgnored, ...]]:
        return {
            address: tuple(PresentedIgnored(field, self._redaction) for field in fields)
            for address, fields in self._raw.ignored.items()
        }

    @cached_property
    def in_short(self) -> "PresentedPlan":
        return PresentedPlan(self._raw, self._redaction.shortening(self._raw.identity))


class PresentedResult(View):
    """What became of one change."""

    __slots__ = ()

    _raw: "Result"
    change = Redacted(as_view(PresentedChange))
    state: "Public[State]" = Public()
    seconds = Public[float]()
    message = Redacted(Redaction.text)
    hint = Redacted(Redaction.text)


class PresentedFinish(View):
    """What became of a plan, and what the closing proof still found to do."""

    __slots__ = ()

    _raw: "Finish"
    results = Redacted(as_views(PresentedResult), "outcome.results")
    counts: "Public[Mapping[State, int]]" = Public("outcome.counts")
    is_interrupted = Public[bool]("outcome.interrupted")
    rest = Redacted(as_optional_view(PresentedPlan))
    doubt = Redacted(Redaction.text)
    way_on = Redacted(Redaction.text)


class PresentedEvent(View):
    """Something that happens while a plan runs."""

    __slots__ = ()

    _raw: "Event"
    change = Redacted(as_view(PresentedChange))
    stage = Public[str]()
    seconds = Public[float]()
    detail = Redacted(Redaction.text)
    result = Redacted(as_optional_view(PresentedResult))


class PresentedResource(View):
    """The status of one resource. What AWS describes is None where nothing is live, or where it was not asked for."""

    __slots__ = ()

    _raw: "ResourceStatus"
    address = Public[Address]()
    name = Public[str]()
    health = Public[str]()
    is_healthy = Public[bool]()
    is_ours = Public[bool]()
    sync: "Public[Sync]" = Public()
    about = Redacted(Redaction.text)
    created_at = Public[int | None]()
    load = Public[tuple[Json, Json]]()

    @property
    def is_declared(self) -> bool:
        return self._raw.desired is not None

    @property
    def is_standing(self) -> bool:
        """Whether it is the one of its declaration, and not one that replaces it or that it replaces."""
        return self._raw.desired is not None and self._raw.live is not None and self.name == self._raw.desired.name

    @property
    def where(self) -> Where | None:
        return self._raw.desired.places.find(()) if self._raw.desired else None

    @property
    def arn(self) -> str | None:
        return self._raw.live.arn if self._raw.live else None

    @property
    def status(self) -> str | None:
        """Return the status that AWS shows; None also of a kind that has none."""
        return self._raw.live.status or None if self._raw.live else None

    @property
    def reason(self) -> str:
        return self._redaction.text(self._raw.live.reason) if self._raw.live else ""

    @property
    def trouble(self) -> str:
        """Why a live resource does not work, in the service's words or ours."""
        return self._redaction.text(self._raw.unhealthy.reason) if self._raw.unhealthy else ""

    @property
    def revisions(self) -> tuple[int, ...]:
        return self._raw.live.revisions if self._raw.live else ()

    @property
    def jobs(self) -> Mapping[str, int] | None:
        return self._raw.jobs if isinstance(self._raw.jobs, Mapping) else None

    @property
    def are_jobs_unknown(self) -> bool:
        """Whether AWS refused to list them."""
        return self._raw.jobs is not None and self.jobs is None


class PresentedStatus(View):
    """The status of a stack."""

    __slots__ = ()

    _raw: "StackStatus"
    stack = Public[str]()
    identity = Public[Identity]()
    resources = Redacted(as_views(PresentedResource))
    is_healthy = Public[bool]()
    counts = Public[Mapping[str, int]]()
    notes = Redacted(Redaction.problems)


class PresentedDiagnosis(View):
    """One thing that is wrong with a stack."""

    __slots__ = ()

    _raw: "Diagnosis"
    address = Public[Address]()
    name = Public[str]()
    status = Public[str]()
    is_quoted = Public[bool]()
    reason = Redacted(Redaction.text)
    cause = Redacted(Redaction.text)
    remedy = Redacted(Redaction.text)
    members: "Public[tuple[Pointer, ...]]" = Public()
    notes = Redacted(Redaction.texts)
    repair = Redacted(Redaction.text)
    commands = Redacted(Redaction.texts)
    where = Public[Where | None]()


class PresentedExamination(View):
    """A stack, and all that is wrong with it."""

    __slots__ = ()

    _raw: "Examination"
    status = Redacted(as_view(PresentedStatus))
    diagnoses = Redacted(as_views(PresentedDiagnosis))
    notes = Redacted(Redaction.problems)


class PresentedRevision(View):
    """One revision of a definition, and what it changed."""

    __slots__ = ()

    _raw: "Revision"
    number = Public[int]()
    status = Public[str]("live.status")
    arn = Public[str]("live.arn")
    owner = Public[str | None]()
    users = Public[int | None]()
    is_declared = Public[bool]()
    change = Redacted(as_view(PresentedChange))

    @property
    def applied(self) -> str:
        """Return what it was registered for, without the digest; empty if the tag is not there."""
        return without_digest(str(self._raw.applied))


class PresentedHistory(View):
    """The history of a definition, and the revisions to show. `in_short` is as that of a plan."""

    _raw: "History"

    def __init__(self, raw: "History", redaction: Redaction, revisions: "Sequence[Revision]" = ()) -> None:
        super().__init__(raw, redaction)
        self._revisions = revisions

    stack = Public[str]()
    identity = Public[Identity]()
    address = Public[Address]()
    name = Public[str]()
    current = Public[int | None]()
    notes = Redacted(Redaction.problems)

    @property
    def is_declared(self) -> bool:
        return self._raw.desired is not None

    @property
    def is_rolled_back(self) -> bool:
        """Whether a rollback made the newest revision."""
        return bool(AppliedRecord.of(self._raw.newest.tags).rolled_back_to)

    @property
    def revisions(self) -> tuple[PresentedRevision, ...]:
        return tuple(PresentedRevision(revision, self._redaction) for revision in self._revisions)

    @property
    def in_short(self) -> "PresentedHistory":
        return PresentedHistory(self._raw, self._redaction.shortening(self.identity), self._revisions)


class PresentedEventRecord(View):
    """An event of CloudTrail, without the request."""

    __slots__ = ()

    _raw: "TrailEvent"
    id = Redacted(Redaction.text)
    operation = Redacted(Redaction.text)
    time = Redacted(Redaction.text)
    principal = Redacted(Redaction.text)
    session_issuer = Redacted(Redaction.text)
    invoked_by = Redacted(Redaction.text)
    source_ip = Redacted(Redaction.text)
    tool = Redacted(Redaction.text)
    is_ours = Public[bool]()


class PresentedAttribution(View):
    """Who set a field, or created or deleted a resource; the path of a whole resource is empty."""

    __slots__ = ()

    _raw: "Attribution"
    address = Public[Address]()
    path = Redacted(Redaction.path)
    trace: "Public[Trace]" = Public()
    event = Redacted(as_optional_view(PresentedEventRecord))


class PresentedAuthors(View):
    """Who changed what, as far as CloudTrail says."""

    __slots__ = ()

    _raw: "Authors"
    identity = Public[Identity]()
    attributions = Redacted(as_views(PresentedAttribution))
    problem = Redacted(Redaction.text)


class PresentedReferences(View):
    """Which resources of a stack refer to which."""

    __slots__ = ()

    _raw: "StackReferences"
    stack = Public[str]()

    @property
    def edges(self) -> Mapping[Address, tuple[Address, ...]]:
        return {
            address: tuple(Address(target.kind, self._redaction.value(target.name)) for target in targets)
            for address, targets in self._raw.edges.items()
        }


class PresentedVerdict(View):
    """Whether jobs can start in an environment, and the number that decides it."""

    __slots__ = ()

    _raw: "Verdict"
    outcome: Public["Feasibility"] = Public()
    code = Public[str]()
    detail = Redacted(Redaction.text)
    hint = Redacted(Redaction.text)
    environment = Redacted(Redaction.text)
    instance_type = Redacted(Redaction.text)


class PresentedPair(View):
    """The verdict on one environment of one queue."""

    __slots__ = ()

    _raw: "Pair"
    queue = Redacted(Redaction.text)

    @property
    def verdict(self) -> PresentedVerdict:
        return PresentedVerdict(self._raw.verdict, self._redaction)


class PresentedDefinition(View):
    """Whether the jobs of a definition can ever start."""

    __slots__ = ()

    _raw: "PlacedDefinition"
    name = Redacted(Redaction.text)
    is_refused = Public[bool]()

    @property
    def verdict(self) -> PresentedVerdict:
        return PresentedVerdict(self._raw.verdict, self._redaction)

    @property
    def pairs(self) -> tuple[PresentedPair, ...]:
        return tuple(PresentedPair(pair, self._redaction) for pair in self._raw.pairs)


class PresentedPlacement(View):
    """Whether the jobs of a stack's definitions can ever start."""

    __slots__ = ()

    _raw: "StackPlacement"
    stack = Public[str]()
    date = Public[str]()
    source = Public[str]()
    is_proved_impossible = Public[bool]()

    @property
    def definitions(self) -> tuple[PresentedDefinition, ...]:
        return tuple(PresentedDefinition(each, self._redaction) for each in self._raw.definitions)


class PresentedFinding(View):
    """What was found at a field that refers to something outside of AWS Batch."""

    __slots__ = ()

    _raw: "Finding"
    address = Public[Address]()
    path = Redacted(Redaction.path)
    check = Public[str]()
    result = Public["VerifyResult"]()
    message = Redacted(Redaction.text)
    hint = Redacted(Redaction.text)
    is_warning = Public[bool]()
    where = Public[Where | None]()
    is_news = Public[bool]()
    severity = Public[Severity | None]()

    @property
    def problem(self) -> PresentedProblem | None:
        """The finding as the formats of CI show problems; None if all is well."""
        if self.severity is None:
            return None
        message = f"{self.address}: {f'{self.path}: ' if self.path else ''}{self.message}"
        return PresentedProblem(f"verify/{self.check}", message, self.where, self.hint, "", self.severity)


class PresentedVerification(View):
    """Whether what a stack refers to exists and fits."""

    __slots__ = ()

    _raw: "Verification"
    stack = Public[str]()
    identity = Public[Identity]()
    counts = Public[Mapping["VerifyResult", int]]()
    warnings = Public[int]()

    @property
    def findings(self) -> tuple[PresentedFinding, ...]:
        return tuple(PresentedFinding(each, self._redaction) for each in self._raw.findings)

    @property
    def problems(self) -> tuple[PresentedProblem, ...]:
        return tuple(problem for each in self.findings if (problem := each.problem))


class PresentedLeftOut(View):
    """What an import has left out, and why."""

    __slots__ = ()

    _raw: "LeftOut"
    subject = Redacted(Redaction.text)
    reason = Redacted(Redaction.text)
    where = Public[Where | None]()


class PresentedRollback(View):
    """The way back to an older revision."""

    __slots__ = ()

    _raw: "Rollback"
    history = Redacted(as_view(PresentedHistory))
    to = Public[int]()


def present(plan: Plan, secrets: Secrets = NO_SECRETS) -> PresentedPlan:
    return PresentedPlan(plan, Redaction(secrets))


def present_changes(changes: Sequence[Change], secrets: Secrets = NO_SECRETS) -> tuple[PresentedChange, ...]:
    return tuple(PresentedChange(change, Redaction(secrets)) for change in changes)


def present_fields(fields: Sequence[FieldChange]) -> tuple[PresentedField, ...]:
    return tuple(PresentedField(field, Redaction()) for field in fields)


def present_finish(finish: "Finish", secrets: Secrets = NO_SECRETS) -> PresentedFinish:
    return PresentedFinish(finish, Redaction(secrets))


def present_event(event: "Event", secrets: Secrets = NO_SECRETS) -> PresentedEvent:
    return PresentedEvent(event, Redaction(secrets))


def present_status(status: "StackStatus", secrets: Secrets = NO_SECRETS) -> PresentedStatus:
    return PresentedStatus(status, Redaction(secrets))


def present_examination(examined: "Examination", secrets: Secrets = NO_SECRETS) -> PresentedExamination:
    return PresentedExamination(examined, Redaction(secrets))


def present_history(
    history: "History", revisions: "Sequence[Revision]", secrets: Secrets = NO_SECRETS
) -> PresentedHistory:
    return PresentedHistory(history, Redaction(secrets), revisions)


def present_rollback(rollback: "Rollback", secrets: Secrets = NO_SECRETS) -> PresentedRollback:
    return PresentedRollback(rollback, Redaction(secrets))


def present_authors(authors: "Authors", secrets: Secrets = NO_SECRETS) -> PresentedAuthors:
    return PresentedAuthors(authors, Redaction(secrets))


def present_references(references: "StackReferences", secrets: Secrets = NO_SECRETS) -> PresentedReferences:
    return PresentedReferences(references, Redaction(secrets))


def present_placement(placement: "StackPlacement", secrets: Secrets = NO_SECRETS) -> PresentedPlacement:
    return PresentedPlacement(placement, Redaction(secrets))


def json_sides(before: Json, after: Json) -> Sides | None:
    """Return what may be shown of two texts as the JSON that they are; None unless both are objects or lists.

    In a text, names that sound secret are only found where it is taken apart.
    """
    old, new = (_parsed(side) for side in (before, after))
    return None if old is None or new is None else Sides(redacted(old), redacted(new, old))


def _parsed(text: Json) -> Json:
    if not isinstance(text, str) or not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def present_verification(verification: "Verification", secrets: Secrets = NO_SECRETS) -> PresentedVerification:
    return PresentedVerification(verification, Redaction(secrets))


def present_problem(problem: Problem) -> PresentedProblem:
    return Redaction().problem(problem)


def present_problems(problems: Iterable[Problem]) -> tuple[PresentedProblem, ...]:
    return Redaction().problems(problems)


def present_stopped(stopped: Stopped) -> PresentedStopped:
    shown = Redaction()
    return PresentedStopped(
        kind=type(stopped).__name__,
        exit=stopped.exit,
        message=shown.text(stopped.message),
        hint=shown.text(stopped.hint),
        problems=shown.problems(stopped.problems),
        is_declined=isinstance(stopped, Declined),
    )


def present_failure(error: CloudError, code: Exit) -> PresentedFailure:
    shown = Redaction()
    return PresentedFailure(
        operation=error.operation,
        code=error.code,
        message=shown.text(error.message),
        hint=shown.text(error.hint),
        request_id=error.request_id,
        exit=code,
    )


def present_left_out(left_out: "Iterable[LeftOut]", secrets: Secrets = NO_SECRETS) -> tuple[PresentedLeftOut, ...]:
    return tuple(PresentedLeftOut(entry, Redaction(secrets)) for entry in left_out)


def present_text(text: str, secrets: Secrets = NO_SECRETS) -> str:
    return Redaction(secrets).text(text)


def present_body(body: Json, secrets: Secrets = NO_SECRETS) -> Json:
    """Return a body that may be shown: it has no secrets."""
    return Redaction(secrets).value(body)
