"""What differs between two canonical bodies, field by field, and what each difference costs."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import takewhile

from reconciler.diff.canonical import canonical_member, compact
from reconciler.kinds.base import MISSING, ChangedField, Field, Kind
from reconciler.kinds.paths import canonical_path, update_unit, written_path
from reconciler.model import Cost, FieldChange, Identity, Json, Path, Spec, member_at
from reconciler.placeholders import Secret
from reconciler.ports import Takes

Bodies = Mapping[str, Spec]  # by ARN

NEWER = "this version of reconciler does not know the field, nor whether AWS can change it in place"
UPDATED = "newer than this version of reconciler, which does not know the cost of changing it; {} accepts it"


def field_changes(kind: Kind, live: Spec, desired: Spec, full_live: Spec, bodies: Bodies) -> tuple[FieldChange, ...]:
    """Compare two canonical bodies. `full_live` still has what the service filled in; it decides costs.

    Equal bodies cost one comparison; deepdiff is asked only for the paths of what differs.
    """
    if live == desired:
        return ()
    return tuple(_change(kind, path, (live, desired), full_live, bodies) for path in _paths(live, desired))


def with_newer_updates(kind: Kind, fields: Iterable[FieldChange], takes: Takes) -> Iterator[FieldChange]:
    """Yield the changes; a field that only the installed SDK knows is updated in place where an update can have it."""
    for change in fields:
        path = change.path
        is_newer = change.why == NEWER and change.after is not None
        update = kind.update
        if is_newer and update and path[0] not in update.not_state and takes(update.operation, path):
            yield replace(change, cost=Cost.SCALING, why=UPDATED.format(update.operation))
        else:
            yield change


def written_place(kind: Kind, body: Spec, change: FieldChange, identity: Identity) -> Path:
    """Return where a body has what a change is about: its entry, or of a list that changes the first new entry."""
    path = change.path if change.is_of_tags else written_path(kind, body, change.path)
    if not (isinstance(change.before, list) and isinstance(change.after, list)) or len(path) != len(change.path):
        return path
    *outer, name = path
    siblings: Json = body
    for step in outer:
        siblings = siblings[step]
    rows = kind.rows_on([str(step) for step in change.path])
    row = rows[-1] if rows and rows[-1].name == name else None
    for index, entry in enumerate(siblings[name]):
        plain = canonical_member(row, [entry], siblings, identity) if row else [compact(entry)]
        if plain and plain[0] not in change.before:
            return (*path, index)
    return path


def _paths(live: Spec, desired: Spec) -> Iterator[tuple[str, ...]]:
    from deepdiff import DeepDiff  # noqa: PLC0415 - most plans have no difference and never load it

    seen: dict[tuple[str, ...], None] = {}
    texts = [(str, Secret)]  # a secret text that is live is a plain one
    compared = DeepDiff(dict(live), dict(desired), view="tree", threshold_to_diff_deeper=0, ignore_type_in_groups=texts)
    for found in compared.values():
        for item in found:
            # A list is compared as a whole: its entries have nothing that tells which of them is which.
            seen.setdefault(tuple(takewhile(lambda step: isinstance(step, str), item.path(output_format="list"))))
    yield from sorted(seen)


def _change(
    kind: Kind, path: tuple[str, ...], sides: tuple[Spec, Spec], full_live: Spec, bodies: Bodies
) -> FieldChange:
    before, after = (member_at(side, path) for side in sides)
    rows = kind.rows_on(path)
    cost, why = _cost(kind, rows, (before, after), ChangedField(path, full_live, sides[1], _row_cost(rows), bodies))
    return FieldChange(
        path=canonical_path(kind, path),
        before=before,
        after=after,
        cost=cost,
        why=why,
    )


def _row_cost(rows: list[Field]) -> Cost:
    return next((row.cost for row in reversed(rows) if row.cost), Cost.REPLACE)


def _cost(kind: Kind, rows: list[Field], values: tuple[Json, Json], judged: ChangedField) -> tuple[Cost, str]:
    if kind.revisions:
        return Cost.REVISION, ""
    if None in values and rows and len(rows) == len(judged.path) and rows[-1].presence:
        return rows[-1].presence, rows[-1].source
    if judged.cost is Cost.REPLACE:
        return Cost.REPLACE, next((row.source for row in reversed(rows) if row.source), "") if rows else NEWER
    cost, why = kind.cost_of_change(judged) if kind.cost_of_change else (judged.cost, "")
    if cost is not Cost.REPLACE and not _can_send(kind, judged.path, judged.desired):
        return Cost.IMPOSSIBLE, "the API cannot unset it; declare a value"
    return cost, why


def _can_send(kind: Kind, path: tuple[str, ...], desired: Spec) -> bool:
    unit = update_unit(kind, path)
    if member_at(desired, unit) is not None:
        return True
    rows = kind.rows_on(unit)
    return len(rows) == len(unit) and rows[-1].unset is not MISSING
