"""`lifecycle.ignoreChanges`: members whose live value is taken as the wanted one, so that nothing is sent over it."""

from collections.abc import Iterable, Mapping

from reconciler.kinds.base import Field, Form, Kind
from reconciler.model import Json, Spec


def with_ignored(kind: Kind, desired: Spec, live: Spec, paths: Iterable[str]) -> Spec:
    """Return `desired` with the members at `paths` as they are in `live`. Paths are dotted, keyed lists by key."""
    for path in paths:
        desired = _members(kind.fields, desired, live, path.split("."))
    return desired


def _members(fields: Iterable[Field], desired: Spec, live: Spec, steps: list[str]) -> dict[str, Json]:
    name, *rest = steps
    row = next((field for field in fields if field.name == name), None)
    value = _value(row, desired.get(name), live.get(name), rest)
    others = {key: item for key, item in desired.items() if key != name}
    return others if value is None else {**others, name: value}


def _value(row: Field | None, desired: Json, live: Json, rest: list[str]) -> Json:
    if not rest:
        return live
    if row is not None and row.form is Form.KEYED:
        return _keyed(row, desired or [], live or [], rest)
    return _members(row.members if row else (), desired or {}, live or {}, rest) or None


def _keyed(row: Field, desired: list[Json], live: list[Json], rest: list[str]) -> list[Json]:
    key, *deeper = rest
    ours, theirs = _entry(row, desired, key), _entry(row, live, key)
    kept: Json = _members(row.members, ours or {}, theirs or {}, deeper) if deeper else theirs
    others = [entry for entry in desired if entry is not ours]
    return others if not kept else [*others, {row.key: key, **kept}]


def _entry(row: Field, entries: list[Json], key: str) -> Json:
    return next((entry for entry in entries if isinstance(entry, Mapping) and str(entry.get(row.key)) == key), None)
