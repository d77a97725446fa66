"""One form for a resource's body, whatever wrote it: users, AWS's describe calls, older clients.

Missing, null, "", [] and {} are one; defaults are absence; lists that are sets are sorted, lists of named things become
mappings; names and ARNs, upper and lower case, legacy sizes and float32 meet. Equal bodies are then plainly equal,
once the live one is without what the service filled in.
"""

import hashlib
import json
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation

from reconciler.kinds import KINDS
from reconciler.kinds.base import Field, Form, Row, Rows
from reconciler.kinds.paths import position, spelled
from reconciler.model import Identity, Json, Spec

Twin = tuple[Spec, Spec]  # a different body of the same rows, and its canonical form
NO_TWIN: Twin = ({}, {})


def canonical(rows: Iterable[Row], body: Spec, identity: Identity, twin: Twin = NO_TWIN) -> dict[str, Json]:
    """Return `body` in canonical form. Fields without a row are kept, compacted: they still count.

    What is equal in `twin` has its canonical form, which both share: a live body is mostly as it was declared.
    """
    rows = Rows.of(rows)
    plain, alone = rows.plain, rows.formed_alone
    spelled_twin, formed_twin = twin
    out: dict[str, Json] = {}
    for name, value in body.items():
        if name in plain:
            formed = None if value == "" else value
        elif name in alone and name in spelled_twin and spelled_twin[name] == value:
            formed = formed_twin.get(name)
        else:
            formed = _member(rows, name, value, body, identity, twin)
        if formed or not is_absent(formed):
            out[name] = formed
    for legacy, folds in rows.legacy_aliases:
        if not is_absent(body.get(legacy.name)):
            _fold(out, folds, body[legacy.name])
    return out


def _member(rows: Rows, name: str, value: Json, body: Spec, identity: Identity, twin: Twin) -> Json:
    row = rows.compared.get(name)
    if row is None:
        return None if name in rows.by_name else compact(value)  # unmanaged, or a legacy size
    if name in rows.conditional and not row.counts_in(body):
        return None
    return canonical_member(row, value, body, identity, twin)


def is_absent(value: Json) -> bool:
    return value is None or (not value and isinstance(value, (dict, list, tuple, Mapping)))  # most hold something


def compact(value: Json) -> Json:
    """Drop what means absence, at every depth."""
    if isinstance(value, str | int):
        return value
    if isinstance(value, (dict, Mapping)):
        return {key: inner for key, item in value.items() if not is_absent(inner := compact(item))}
    if isinstance(value, list | tuple):
        return [compact(item) for item in value]
    return value


def canonical_member(row: Field, value: Json, siblings: Spec, identity: Identity, twin: Twin = NO_TWIN) -> Json:
    """Return a field in canonical form. A default is absence, but where the service may fill in something else."""
    if not value and (value == "" or is_absent(value)):
        return None
    if row.form is Form.STRUCT:
        plain: Json = canonical(row.fields, value, identity, _twin_in(twin, row.name))
    else:
        plain = FORMS[row.form](row, value, siblings, identity)
    default = row.assumed(siblings) if row.assumed else row.default
    if default is None or row.is_service_default or plain != _formed(row, default, siblings, identity):
        return plain
    return None


def _twin_in(twin: Twin, name: str) -> Twin:
    spelled_inner, formed_inner = twin[0].get(name), twin[1].get(name)
    return (spelled_inner, formed_inner or {}) if isinstance(spelled_inner, dict) else NO_TWIN


def _formed(row: Field, value: Json, siblings: Spec, identity: Identity) -> Json:
    if not value and (value == "" or is_absent(value)):
        return None
    return FORMS[row.form](row, value, siblings, identity)


def _set(row: Field, value: Json, siblings: Spec, identity: Identity) -> list[Json]:
    if row.refers_to:
        value = [_reference(row.refers_to, item, identity) for item in value]
    entries = [_entry(row, item, identity) for item in value]
    return entries if row.ordered_if and row.ordered_if(siblings) else sorted(entries, key=sort_key)


def _entry(row: Field, item: Json, identity: Identity) -> Json:
    return canonical(row.fields, item, identity) if isinstance(item, (dict, Mapping)) else item


def _keyed(row: Field, entries: Iterable[Json], identity: Identity) -> dict[str, Json]:
    rows = Rows.of(row.fields)
    key_row = rows.by_name.get(row.key)
    named: dict[str, list[Json]] = {}
    for index, entry in enumerate(entries):
        if row.drop_if and row.drop_if(entry):
            continue
        plain = canonical(rows, entry, identity)
        plain.pop(row.key, None)
        named.setdefault(_key(key_row, entry, identity) or position(index), []).append(plain)
    return {name: entry for key, namesakes in named.items() for name, entry in _numbered(key, namesakes)}


def _numbered(key: str, entries: list[Json]) -> Iterator[tuple[str, Json]]:
    """Namesakes differ only in their content: the service keeps all, in no order (an environment variable twice)."""
    for number, entry in enumerate(sorted(entries, key=sort_key) if len(entries) > 1 else entries, 1):
        yield key if number == 1 else f"{key}#{number}", entry


def _key(row: Row | None, entry: Spec, identity: Identity) -> str:
    """Return what identifies an entry: the value of its key, or the default of the key; empty if there is neither."""
    if not isinstance(row, Field):
        return ""
    value = entry.get(row.name, row.default)
    return "" if value is None else str(_formed(row, value, entry, identity) or "")


def _ranked(row: Field, entries: Iterable[Json], identity: Identity) -> list[Json]:
    """In sequence, without the numbers: 0, 1 and 10, 20 mean the same. A lone remaining member stands for the entry."""
    ranked = []
    for entry in sorted(entries, key=lambda entry: entry.get(row.key, 0)):
        plain = canonical(row.fields, entry, identity)
        plain.pop(row.key, None)
        ranked.append(next(iter(plain.values())) if len(plain) == 1 else plain)
    return ranked


def _number(value: Json) -> str:
    try:
        return format(Decimal(str(value)).normalize(), "f")
    except InvalidOperation:
        return str(value)


def _float32(value: float) -> float:
    """The shortest number that has the same 32 bits: 0.10000000149011612 is 0.1."""
    bits = struct.pack("f", value)
    texts = (f"{value:.{digits}g}" for digits in range(6, 10))
    return float(next((text for text in texts if struct.pack("f", float(text)) == bits), value))


def _iam(value: str, resource: str, identity: Identity) -> str:
    """A bare name stays one: which path it has, only IAM knows."""
    if value.startswith("arn:") or "/" not in value:
        return value
    return f"arn:{identity.partition}:iam::{identity.account}:{resource}/{value.lstrip('/')}"


def _reference(kind: str, value: str, identity: Identity) -> str:
    if value.startswith("arn:") or kind not in KINDS:
        return value
    return KINDS[kind].arn(identity, value)


# By form: the value of a member that holds something, in canonical form.
FORMS: Mapping[Form, Callable[[Field, Json, Spec, Identity], Json]] = {
    Form.VALUE: lambda _row, value, _siblings, _identity: value,
    Form.CASELESS: lambda row, value, _siblings, _identity: spelled(row, str(value)),
    Form.RANGE: lambda row, value, _siblings, _identity: spelled(row, str(value)),
    Form.NUMBER: lambda _row, value, _siblings, _identity: _number(value),
    Form.FLOAT32: lambda _row, value, _siblings, _identity: _float32(float(value)),
    Form.ROLE: lambda _row, value, _siblings, identity: _iam(value, "role", identity),
    Form.PROFILE: lambda _row, value, _siblings, identity: _iam(value, "instance-profile", identity),
    Form.REFERENCE: lambda row, value, _siblings, identity: _reference(row.refers_to, value, identity),
    Form.ORDERED: lambda row, value, _siblings, identity: [_entry(row, item, identity) for item in value],
    Form.SET: _set,
    Form.KEYED: lambda row, value, _siblings, identity: _keyed(row, value, identity),
    Form.RANKED: lambda row, value, _siblings, identity: _ranked(row, value, identity),
    Form.MAP: lambda _row, value, _siblings, _identity: compact(value),
    Form.STRUCT: lambda row, value, _siblings, identity: canonical(row.fields, value, identity),
}


def _fold(out: dict[str, Json], folds: tuple[str, str], value: Json) -> None:
    """Write a legacy size (`vcpus: 2`) where its modern form stands (resourceRequirements VCPU)."""
    resource, home = folds
    out[home] = {resource: {"value": _number(value)}, **out.get(home, {})}


def sort_key(value: Json) -> str:
    return json.dumps(value, sort_keys=True)


# A short fingerprint of JSON data.


COMPACT = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=str)


def digest_of(value: Json) -> str:
    """Return 20 hexadecimal digits that depend on the data alone, not on the order of its keys."""
    return hashlib.sha256(COMPACT.encode(value).encode()).hexdigest()[:20]
