"""ARNs of the plan's own account and region, told as people say them: `compute-environment/spot`."""

from collections.abc import Mapping
from dataclasses import replace

from reconciler.model import Change, Json, Plan


def with_short_names(plan: Plan) -> Plan:
    """Return the plan with short names in what its members were and will be. Requests keep their ARNs."""
    here = plan.identity
    prefix = f"arn:{here.partition}:batch:{here.region}:{here.account}:"
    return replace(plan, changes=tuple(_short_change(change, prefix) for change in plan.changes))


def _short_change(change: Change, prefix: str) -> Change:
    fields = (
        replace(field, before=_short(field.before, prefix), after=_short(field.after, prefix))
        for field in change.fields
    )
    return replace(change, fields=tuple(fields))


def _short(value: Json, prefix: str) -> Json:
    if isinstance(value, Mapping):
        return {key: _short(item, prefix) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_short(item, prefix) for item in value]
    return value.removeprefix(prefix) if isinstance(value, str) else value
