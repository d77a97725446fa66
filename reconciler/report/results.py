"""What a command has come to, one item a stack: what the formats for other programs are made of."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.model import Address
from reconciler.problems import Severity
from reconciler.redact.presented import (
    PresentedChange,
    PresentedFinish,
    PresentedLeftOut,
    PresentedPlan,
    PresentedProblem,
    PresentedReferences,
    PresentedStopped,
)
from reconciler.report.drift import Drift

if TYPE_CHECKING:  # each is the result of a few commands, which have loaded it
    from reconciler.fmt import Formatted
    from reconciler.report.outputs import ResourceOutputs


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
    """A plan with all that refuses it, and the fingerprint that apply can be told to expect."""

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


@dataclass(frozen=True, slots=True)
class Graphed:
    """A stack of which the references are shown."""

    graph: PresentedReferences


Item = Validation | Planned | Drift | ApplyResult | StackOutputs | Graphed | PresentedStopped
