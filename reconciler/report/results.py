"""What a command has come to, one item a stack: what the formats for other programs are made of."""

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.model import Change, Plan, Stack
from reconciler.problems import Problem, Severity, Stopped
from reconciler.report.drift import Drift

if TYPE_CHECKING:  # each is the result of a few commands, which have loaded it
    from reconciler.app.usecases import Finish
    from reconciler.fmt import Formatted
    from reconciler.importers.model import LeftOut
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
    stack: Stack
    problems: tuple[Problem, ...]

    @property
    def errors(self) -> int:
        return sum(problem.severity is Severity.ERROR for problem in self.problems)

    @property
    def is_valid(self) -> bool:
        return not self.errors

    @property
    def silenced(self) -> tuple[Silenced, ...]:
        counts = Counter(problem.code for problem in self.stack.silenced)
        return tuple(Silenced(rule, reason, counts[rule]) for rule, reason in sorted(self.stack.disabled.items()))


@dataclass(frozen=True, slots=True)
class Formatting:
    """What formatting the files of a stack has come to. `is_done`: what was to be changed is changed."""

    path: str
    files: "tuple[Formatted, ...]"
    is_done: bool

    @property
    def changed(self) -> "tuple[Formatted, ...]":
        return tuple(file for file in self.files if file.is_changed)

    @property
    def problems(self) -> tuple[Problem, ...]:
        return tuple(problem for file in self.files for problem in file.problems)


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan with all that refuses it, and the fingerprint that apply can be told to expect."""

    plan: Plan
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class ApplyResult:
    """A plan and what became of it; without a finish nothing was done: there was nothing to do, or it was stopped."""

    plan: Plan
    finish: "Finish | None" = None
    stopped: Stopped | None = None


@dataclass(frozen=True, slots=True)
class Import:
    """What an import has come to. `files` are the written ones; `plan` compares them with AWS, where that was asked.

    `unset` are the variables that have no value yet.
    """

    stack: Stack
    files: tuple[str, ...]
    left_out: "tuple[LeftOut, ...]"
    problems: tuple[Problem, ...]
    plan: Plan | None = None
    unset: tuple[str, ...] = ()

    @property
    def changing(self) -> tuple[Change, ...]:
        """What an adoption would change beyond our tags."""
        changes = self.plan.changes if self.plan else ()
        return tuple(change for change in changes if change.refusals or not change.is_record)


@dataclass(frozen=True, slots=True)
class StackOutputs:
    """What is given of each live resource of a stack."""

    given: "tuple[ResourceOutputs, ...]"


@dataclass(frozen=True, slots=True)
class Graphed:
    """A stack whose references are shown; secrets are not in it."""

    stack: Stack


Item = Validation | Planned | Drift | ApplyResult | StackOutputs | Graphed | Stopped
