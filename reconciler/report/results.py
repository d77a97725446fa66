"""The result of a command, one item per stack: the input of the formats for other programs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.model import Action, Address
from reconciler.problems import Severity
from reconciler.redact.presented import (
    PresentedAuthors,
    PresentedChange,
    PresentedField,
    PresentedFinish,
    PresentedLeftOut,
    PresentedPlacement,
    PresentedPlan,
    PresentedProblem,
    PresentedReferences,
    PresentedStatus,
    PresentedStopped,
    PresentedVerification,
)
from reconciler.report.summary import DriftTier
from reconciler.report.text.values import number_of

if TYPE_CHECKING:
    from reconciler.fmt import Formatted
    from reconciler.report.outputs import ResourceOutputs


# Drift: changes made outside this stack, apart from those that are not applied yet.


@dataclass(frozen=True, slots=True)
class Drift:
    """Each change of the plan stands in exactly one place."""

    changed: tuple[PresentedChange, ...]  # a member that we applied is different now
    undeclared: tuple[PresentedChange, ...]  # only fields that are not declared
    missing: tuple[PresentedChange, ...]  # declared, and not live
    foreign: tuple[PresentedChange, ...]  # there is one of a declared name, and it is not ours
    pending: tuple[PresentedChange, ...]  # ours to change: not applied yet
    plan: PresentedPlan
    authors: PresentedAuthors | None = None  # None: CloudTrail was not asked

    @property
    def counts(self) -> Mapping[str, int]:
        return {
            "changed": len(self.changed),
            "undeclared": len(self.undeclared),
            "missing": len(self.missing),
            "unhealthy": len(self.plan.unhealthy),
            "foreign": len(self.foreign),
        }

    @property
    def is_none(self) -> bool:
        return not any(self.counts.values())

    @property
    def tiers(self) -> Mapping[DriftTier, tuple[PresentedChange, ...]]:
        """The changes by tier; what is unhealthy is in the plan."""
        return {
            DriftTier.CHANGED: self.changed,
            DriftTier.UNDECLARED: self.undeclared,
            DriftTier.MISSING: self.missing,
            DriftTier.FOREIGN: self.foreign,
            DriftTier.PENDING: self.pending,
        }

    @property
    def statuses(self) -> list[tuple[str, str]]:
        """The addresses of unhealthy resources, each with its status and the reason."""
        return [
            (str(unhealthy.address), ": ".join(filter(None, (unhealthy.status, unhealthy.reason))))
            for unhealthy in self.plan.unhealthy
        ]

    @property
    def undoable(self) -> tuple[PresentedChange, ...]:
        """What `apply` changes back, or creates again."""
        return (*self.changed, *self.undeclared, *self.missing)

    @property
    def line(self) -> str:
        """The last line of a report. What is rare is appended, so that the beginning stays as it is."""
        counts = dict(self.counts)
        foreign = counts.pop("foreign")
        rare = f" {foreign} foreign." if foreign else ""
        return f"Drift: {', '.join(f'{count} {word}' for word, count in counts.items())}.{rare}"


def drift_of(plan: PresentedPlan, authors: PresentedAuthors | None = None) -> Drift:
    foreign = [change for change in plan.changes if change.action is Action.ADOPT and change.refusals]
    drifted = [change for change in plan.changes if change.drift and change not in foreign]
    undeclared = [change for change in drifted if all(field.undeclared for field in drift_fields(change))]
    missing = [change for change in plan.changes if change.action is Action.CREATE]
    reported = [*drifted, *missing, *foreign]
    return Drift(
        changed=tuple(change for change in drifted if change not in undeclared),
        undeclared=tuple(undeclared),
        missing=tuple(missing),
        foreign=tuple(foreign),
        pending=tuple(c for c in plan.changes if c not in reported and c.action not in (Action.WAIT, Action.REPAIR)),
        plan=plan,
        authors=authors,
    )


def drift_fields(change: PresentedChange) -> tuple[PresentedField, ...]:
    return tuple(field for field in change.fields if field.drift)


def foreign_reason(change: PresentedChange) -> str:
    """Say whose a foreign resource is; the resource has been named already."""
    return "; ".join(refusal.message.removeprefix(f"{change.address}: ") for refusal in change.refusals)


@dataclass(frozen=True, slots=True)
class Silenced:
    """A rule that a stack has disabled, why, and how many findings it would have had."""

    rule: str
    reason: str
    findings: int


@dataclass(frozen=True, slots=True)
class Validation:
    """All that is wrong with a stack. With errors, the stack is good for naming its resources only."""

    path: str
    stack: str
    addresses: tuple[Address, ...]  # of what it declares
    problems: tuple[PresentedProblem, ...]
    silenced: tuple[Silenced, ...] = ()

    @property
    def errors(self) -> int:
        return sum(problem.severity is Severity.ERROR for problem in self.problems)

    @property
    def is_valid(self) -> bool:
        return not self.errors


@dataclass(frozen=True, slots=True)
class Formatting:
    """What formatting the files of a stack has come to. `is_done`: what was to be changed is changed."""

    path: str
    files: "tuple[Formatted, ...]"
    is_done: bool
    problems: tuple[PresentedProblem, ...] = ()

    @property
    def changed(self) -> "tuple[Formatted, ...]":
        return tuple(file for file in self.files if file.is_changed)


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan with everything that refuses it, and the fingerprint for `apply --expect`."""

    plan: PresentedPlan
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class ApplyResult:
    """A plan and what became of it; without a finish nothing was done: there was nothing to do, or it was stopped."""

    plan: PresentedPlan
    finish: PresentedFinish | None = None
    stopped: PresentedStopped | None = None


@dataclass(frozen=True, slots=True)
class Import:
    """What an import has come to. `files` are the written ones; `plan` compares them with AWS, where that was asked.

    `unset` are the variables that have no value yet.
    """

    stack: str
    addresses: tuple[Address, ...]  # of what it declares
    files: tuple[str, ...]
    left_out: tuple[PresentedLeftOut, ...]
    problems: tuple[PresentedProblem, ...]
    plan: PresentedPlan | None = None
    unset: tuple[str, ...] = ()

    @property
    def changing(self) -> tuple[PresentedChange, ...]:
        """What an adoption would change beyond our tags."""
        changes = self.plan.in_short.changes if self.plan else ()
        return tuple(change for change in changes if change.refusals or not change.is_record)


@dataclass(frozen=True, slots=True)
class StackOutputs:
    """What is given of each live resource of a stack."""

    given: "tuple[ResourceOutputs, ...]"

    @property
    def summary(self) -> str:
        return number_of(len(self.given), "resource")


@dataclass(frozen=True, slots=True)
class Graphed:
    """A stack of which the references are shown."""

    graph: PresentedReferences

    @property
    def summary(self) -> str:
        return number_of(len(self.graph.edges), "resource")


@dataclass(frozen=True, slots=True)
class Placed:
    """A stack of which it is shown whether its jobs can start."""

    placement: PresentedPlacement

    @property
    def summary(self) -> str:
        return number_of(len(self.placement.definitions), "job definition")


@dataclass(frozen=True, slots=True)
class StackVerified:
    """A stack of which it was verified whether what it refers to exists; `path` is its folder or file."""

    path: str
    verification: PresentedVerification

    @property
    def summary(self) -> str:
        return ", ".join(f"{count} {result}" for result, count in self.verification.counts.items())


@dataclass(frozen=True, slots=True)
class StatusShown:
    """A stack of which the status is shown."""

    status: PresentedStatus

    @property
    def summary(self) -> str:
        counts = (f"{count} {word}" for word, count in self.status.counts.items() if count)
        return ", ".join(counts) or "no resources"


Item = (
    Validation
    | Planned
    | Drift
    | ApplyResult
    | StackOutputs
    | Graphed
    | Placed
    | StackVerified
    | StatusShown
    | PresentedStopped
)
