"""What of a body a request carries: of a declared one, and of one that the service describes."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from reconciler.diff import compact
from reconciler.kinds.base import MISSING, Field, Form, Kind, Row, Rows, Unmanaged
from reconciler.model import Cost, Json, Path, Spec
from reconciler.ports import Takes


def sendable(rows: Iterable[Row], body: Spec, *, update: bool = False) -> dict[str, Json]:
    """Return `body` without unmanaged and null members; for an update also without what an update cannot carry."""
    known = Rows.of(rows).by_name
    out = {}
    for name, value in body.items():
        row = known.get(name)
        if isinstance(row, Unmanaged) or value is None or (row and not _is_sent(row, value, body, update=update)):
            continue
        out[name] = _sendable(row.fields, value, update=update) if row and row.fields else value
    return out


def _sendable(fields: tuple[Row, ...], value: Json, *, update: bool) -> Json:
    if isinstance(value, Mapping):
        return sendable(fields, value, update=update)
    if isinstance(value, list | tuple):
        return [_sendable(fields, item, update=update) for item in value]
    return value


def _is_sent(row: Field, value: Json, body: Spec, *, update: bool) -> bool:
    if not row.counts_in(body):
        return False
    if update:
        return row.cost is not Cost.REPLACE or row.merges  # of a structure that merges, each part for itself
    return not _is_blank(row, value)


def _is_blank(row: Field, value: Json) -> bool:
    """Whether a value is nothing to say at creation: an empty list or map, or what an update sends to take it away.

    AWS refuses some empty ones ("Exactly 1 capability must be provided", "capacityTags: 0, valid range: 1-50").
    """
    if isinstance(value, Mapping) and row.form is Form.STRUCT:
        return row.unset not in (MISSING, value) and all(inner == "" for inner in value.values())
    if isinstance(value, Mapping | list | tuple):
        return not value
    return bool(value == "" and row.unset == "")


def as_request(kind: Kind, described: Spec, takes: Takes) -> dict[str, Json]:
    """Return a described body as a create request takes it.

    Without the empties that the service shows for what was never sent, and without what only descriptions have.
    """
    return taken(kind, compact(described), takes)


def taken(kind: Kind, described: Spec, takes: Takes) -> dict[str, Json]:
    """Return a described body without what only descriptions have."""
    return dict(_taken(kind.rows, described, (), partial(takes, kind.create)))


def _taken(rows: tuple[Row, ...], value: Json, path: Path, takes: Callable[[Path], bool]) -> Json:
    if isinstance(value, list | tuple):
        return [_taken(rows, item, (*path, index), takes) for index, item in enumerate(value)]
    if not isinstance(value, Mapping):
        return value
    known = {row.name: row.fields for row in Rows.of(rows).fields}
    return {
        name: _taken(known[name], inner, (*path, name), takes) if known.get(name) else inner
        for name, inner in value.items()
        if name in known or takes((*path, name))
    }
