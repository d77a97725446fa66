"""What users leave alone: members whose live value is taken as the wanted one, so that nothing is sent over it."""

from collections.abc import Iterable, Mapping

from reconciler.diff.canonical import key_of
from reconciler.diff.changes import WHOLE
from reconciler.kinds.base import Field, Form, Kind
from reconciler.model import Json, Spec


def with_ignored(kind: Kind, desired: Spec, live: Spec, paths: Iterable[str]) -> Spec:
    """Return `desired` with the members at `paths` as they are in `live`. Paths are dotted, keyed lists by key."""
    for path in paths:
        desired = _members(kind.fields, desired, live, path.split("."))
    return desired


def is_written(kind: Kind, body: Spec, path: str) -> bool:
    """Whether a body has the member at `path`, be it with the value that the service assumes anyway."""
    return _has(kind.fields, body, path.split("."))


def _has(fields: Iterable[Field], body: Spec, steps: list[str]) -> bool:
    name, *rest = steps
    row = next((field for field in fields if field.name == name), None)
    value = body.get(name)
    if not rest or value is None:
        return value is not None
    if row is not None and row.form is Form.KEYED:
        entries = _named(row, value)
        key, deeper = _key_and_rest(rest, set(entries))
        return key in entries and (not deeper or _has(row.members, entries[key], deeper))
    return not isinstance(value, Mapping) or _has(row.members if row else (), value, rest)


def _members(fields: Iterable[Field], desired: Spec, live: Spec, steps: list[str]) -> dict[str, Json]:
    name, *rest = steps
    row = next((field for field in fields if field.name == name), None)
    value = _value(row, desired.get(name), live.get(name), rest)
    others = {key: item for key, item in desired.items() if key != name}
    return others if value is None else {**others, name: value}


def _value(row: Field | None, desired: Json, live: Json, rest: list[str]) -> Json:
    if not rest or (row is not None and row.form in WHOLE):
        return live
    if row is not None and row.form is Form.KEYED:
        return _keyed(row, desired or [], live or [], rest)
    return _members(row.members if row else (), desired or {}, live or {}, rest) or None


def _keyed(row: Field, desired: list[Json], live: list[Json], rest: list[str]) -> list[Json]:
    """Entries keep their places: those without a key have nothing but their place."""
    ours, theirs = _named(row, desired), _named(row, live)
    name, deeper = _key_and_rest(rest, {*ours, *theirs})
    kept: Json = theirs.get(name)
    if deeper:
        kept = _members(row.members, ours.get(name, {}), theirs.get(name, {}), deeper)
        kept = {**kept, row.key: name} if row.key and kept else kept
    return [entry for entry in ({**ours, name: kept}).values() if entry]


def _key_and_rest(steps: list[str], names: set[str]) -> tuple[str, list[str]]:
    """Split a path behind a key, which may have dots of its own: ml.m5.large."""
    lengths = (length for length in range(len(steps), 1, -1) if ".".join(steps[:length]) in names)
    length = next(lengths, 1)
    return ".".join(steps[:length]), steps[length:]


def _named(row: Field, entries: list[Json]) -> dict[str, Json]:
    return {key_of(row, entry, index): entry for index, entry in enumerate(entries)}
