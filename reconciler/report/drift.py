"""A plan seen from the other side: what somebody changed, apart from what we have not applied yet."""

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.model import Action, Change, FieldChange, Plan


@dataclass(frozen=True, slots=True)
class Drift:
    """Each change of the plan stands in exactly one place."""

    changed: tuple[Change, ...]  # a member that we applied is different now
    undeclared: tuple[Change, ...]  # only members that nobody declared
    missing: tuple[Change, ...]  # declared, and not live
    pending: tuple[Change, ...]  # ours to change: not applied yet
    plan: Plan

    @property
    def counts(self) -> Mapping[str, int]:
        return {
            "changed": len(self.changed),
            "undeclared": len(self.undeclared),
            "missing": len(self.missing),
            "unhealthy": len(self.plan.unhealthy),
        }

    @property
    def is_none(self) -> bool:
        return not any(self.counts.values())

    @property
    def line(self) -> str:
        return f"Drift: {', '.join(f'{count} {word}' for word, count in self.counts.items())}."


def drift_of(plan: Plan) -> Drift:
    drifted = [change for change in plan.changes if change.drift]
    undeclared = [change for change in drifted if all(field.undeclared for field in drift_fields(change))]
    missing = [change for change in plan.changes if change.action is Action.CREATE]
    told = [*drifted, *missing]
    return Drift(
        changed=tuple(change for change in drifted if change not in undeclared),
        undeclared=tuple(undeclared),
        missing=tuple(missing),
        pending=tuple(c for c in plan.changes if c not in told and c.action is not Action.WAIT),
        plan=plan,
    )


def drift_fields(change: Change) -> tuple[FieldChange, ...]:
    return tuple(field for field in change.fields if field.drift)
