"""ARNs of the plan's own account and region, told as people say them: `compute-environment/spot`."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from reconciler.model import Change, FieldChange, Ignored, Json, Plan

S = TypeVar("S", FieldChange, Ignored)


def with_short_names(plan: Plan) -> Plan:
    """Return the plan with short names in what its members are and should be. Requests keep their ARNs."""
    here = plan.identity
    prefix = f"arn:{here.partition}:batch:{here.region}:{here.account}:"
    ignored = {address: tuple(_short_sides(one, prefix) for one in ones) for address, ones in plan.ignored.items()}
    return replace(plan, changes=tuple(_short_change(change, prefix) for change in plan.changes), ignored=ignored)


def _short_change(change: Change, prefix: str) -> Change:
    return replace(change, fields=tuple(_short_sides(field, prefix) for field in change.fields))


def _short_sides(sides: S, prefix: str) -> S:
    return replace(sides, before=_short(sides.before, prefix), after=_short(sides.after, prefix))


def _short(value: Json, prefix: str) -> Json:
    if isinstance(value, Mapping):
        return {key: _short(item, prefix) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_short(item, prefix) for item in value]
    return value.removeprefix(prefix) if isinstance(value, str) else value
