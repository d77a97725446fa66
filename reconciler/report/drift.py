"""A plan seen from the other side: what somebody changed, apart from what we have not applied yet."""

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.model import Action
from reconciler.redact.presented import PresentedChange, PresentedField, PresentedPlan


@dataclass(frozen=True, slots=True)
class Drift:
    """Each change of the plan stands in exactly one place."""

    changed: tuple[PresentedChange, ...]  # a member that we applied is different now
    undeclared: tuple[PresentedChange, ...]  # only members that nobody declared
    missing: tuple[PresentedChange, ...]  # declared, and not live
    foreign: tuple[PresentedChange, ...]  # there is one of a declared name, and it is not ours
    pending: tuple[PresentedChange, ...]  # ours to change: not applied yet
    plan: PresentedPlan

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
    def line(self) -> str:
        """The last line of a report. What is rare is appended, so that the beginning stays as it is."""
        counts = dict(self.counts)
        foreign = counts.pop("foreign")
        rare = f" {foreign} foreign." if foreign else ""
        return f"Drift: {', '.join(f'{count} {word}' for word, count in counts.items())}.{rare}"


def drift_of(plan: PresentedPlan) -> Drift:
    foreign = [change for change in plan.changes if change.action is Action.ADOPT and change.refusals]
    drifted = [change for change in plan.changes if change.drift and change not in foreign]
    undeclared = [change for change in drifted if all(field.undeclared for field in drift_fields(change))]
    missing = [change for change in plan.changes if change.action is Action.CREATE]
    told = [*drifted, *missing, *foreign]
    return Drift(
        changed=tuple(change for change in drifted if change not in undeclared),
        undeclared=tuple(undeclared),
        missing=tuple(missing),
        foreign=tuple(foreign),
        pending=tuple(c for c in plan.changes if c not in told and c.action not in (Action.WAIT, Action.REPAIR)),
        plan=plan,
    )


def drift_fields(change: PresentedChange) -> tuple[PresentedField, ...]:
    return tuple(field for field in change.fields if field.drift)


def foreign_reason(change: PresentedChange) -> str:
    """Say whose a foreign resource is; the resource has been named already."""
    return "; ".join(refusal.message.removeprefix(f"{change.address}: ") for refusal in change.refusals)
