"""The live body as the declaration sees it: without what is left to the service, and why that is.

Undeclared fields without a row are set apart: the service gains new ones all the time.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.diff.canonical import canonical, canonical_member, is_absent, sort_key
from reconciler.kinds.base import Field, Form, Kind, Row, Rows, Unmanaged
from reconciler.kinds.paths import step_of
from reconciler.model import Identity, Ignored, Json, Live, Path, Spec

FILLED = "AWS Batch sets it"
HIDDEN = "responses may omit it: it is assumed to be as declared"
WITHOUT_EFFECT = "it has no effect with the other fields, and is not sent"
LISTS = (Form.SET, Form.ORDERED, Form.RANKED)


@dataclass(frozen=True, slots=True)
class LiveView:
    """A live body, ready to be compared with one declaration."""

    body: dict[str, Json]  # canonical; equal to the declared one if nothing differs
    ignored: tuple[Ignored, ...] = ()  # what is not in `body` although it is live, or the other way round
    unknown: Mapping[Path, Json] = field(default_factory=dict)  # undeclared fields without a row


def view_live(rows: Iterable[Row], live: Spec, desired: Spec, *, is_replaced: bool = False) -> LiveView:
    """Return canonical `live` as canonical `desired` sees it.

    `is_replaced`: `desired` has what the service fills in for a new resource, as far as that is known.
    """
    if live == desired:  # nothing is left to the service
        return LiveView(dict(live))
    viewer = _Viewer(is_replaced)
    body = viewer.members(rows, live, desired, ())
    return LiveView(body, tuple(viewer.ignored), viewer.unknown)


def as_created(kind: Kind, desired: Spec, live: Spec, identity: Identity) -> dict[str, Json]:
    """Return canonical `desired` with what the service fills in for a new resource, where `live` was filled in."""
    return _as_created(kind.rows, desired, live, desired, identity)


def _as_created(rows: Iterable[Row], desired: Spec, live: Spec, body: Spec, identity: Identity) -> dict[str, Json]:
    out = dict(desired)
    for row in Rows.of(rows).fields:
        ours, theirs = desired.get(row.name), live.get(row.name)
        if row.form is Form.STRUCT and ours is not None and theirs is not None:
            out[row.name] = _as_created(row.fields, ours, theirs, body, identity)
        elif ours is None and theirs is not None and row.is_service_default and row.is_service_default(theirs):
            default_for = row.service_default
            known = default_for(body) if default_for else canonical_member(row, row.default, desired, identity)
            out |= {} if is_absent(known) else {row.name: known}
    return out


def without_filled(rows: Iterable[Row], live: Spec, desired: Spec) -> dict[str, Json]:
    """Return canonical `live` without what the service fills in where canonical `desired` has nothing."""
    return view_live(rows, live, desired).body


def settings_of(kind: Kind, live: Live, identity: Identity) -> dict[str, Json]:
    """Return what a live resource was given, as far as that shows: canonical, without what the service fills in.

    A default that its description has is included: the `state` of a queue is worth a word.
    """
    body = without_filled(kind.rows, canonical(kind.rows, live.spec, identity), {})
    plain = {row.name: live.spec.get(row.name) for row in kind.fields if row.default is not None}
    return {**{name: value for name, value in plain.items() if isinstance(value, str | int) and value != ""}, **body}


def comparable_body(kind: Kind, body: Spec, identity: Identity) -> Spec:
    """Return the canonical form of a body without what the service fills in: equal for bodies that mean the same.

    What a resource is called is no part of it.
    """
    return without_filled(kind.rows, canonical(kind.rows, body, identity), {})


def uncompared(rows: Iterable[Row], live: Json, declared: Json, at: Path = ()) -> Iterator[Ignored]:
    """Yield the members of two bodies as they were written that never count, whatever they are."""
    if not isinstance(live, Mapping) or not isinstance(declared, Mapping):
        return
    for row in Rows.of(rows).partly_compared:
        theirs, ours = live.get(row.name), declared.get(row.name)
        if theirs is None and ours is None:
            continue
        path = (*at, row.name)
        if isinstance(row, Unmanaged):
            if not is_absent(theirs) or not is_absent(ours):
                yield Ignored(path, theirs, ours, row.reason)
        elif ours is not None and not row.counts_in(declared):
            yield Ignored(path, theirs, ours, _why_not(row))
        elif row.fields:
            yield from _uncompared_below(row, theirs, ours, path)


def _uncompared_below(row: Field, theirs: Json, ours: Json, path: Path) -> Iterator[Ignored]:
    if row.form is Form.STRUCT:
        yield from uncompared(row.fields, theirs or {}, ours or {}, path)
        return
    for index, entry in enumerate(theirs or ()):
        yield from uncompared(row.fields, entry, {}, (*path, index))


def _why_not(row: Field) -> str:
    riding = " and ".join(row.trigger_for)
    return f"a trigger, not a state: it is sent when {riding} changes" if riding else WITHOUT_EFFECT


@dataclass(slots=True)
class _Viewer:
    is_replaced: bool = False
    ignored: list[Ignored] = field(default_factory=list)
    unknown: dict[Path, Json] = field(default_factory=dict)

    def members(self, rows: Iterable[Row], live: Spec, desired: Spec, at: Path) -> dict[str, Json]:
        rows = Rows.of(rows)
        out = self.declared_unknown(rows, live, (desired,), at)
        for row in rows.fields:
            if row.name not in live and row.name not in desired:
                continue
            value = self.member(row, live.get(row.name), desired.get(row.name), (*at, row.name))
            if not is_absent(value):
                out[row.name] = value
        return out

    def declared_unknown(self, rows: Rows, live: Spec, desired: Iterable[Spec], at: Path) -> dict[str, Json]:
        """Return what is declared of the fields without a row; the others are set apart."""
        out = {}
        for name, value in live.items():
            if isinstance(rows.by_name.get(name), Field):
                continue
            if any(name in ours for ours in desired):
                out[name] = value
            else:
                self.unknown[(*at, name)] = value
        return out

    def member(self, row: Field, theirs: Json, ours: Json, path: Path) -> Json:
        if theirs is None and ours is None:
            return None
        is_known = self.is_replaced and row.service_default is not None  # then `ours` has it, or a new one has none
        if ours is None and not is_known and row.is_service_default and row.is_service_default(theirs):
            self.ignored.append(Ignored(path, theirs, None, FILLED))
            return None
        match row.form:
            case Form.STRUCT:
                return self.members(row.fields, theirs or {}, ours or {}, path)
            case Form.KEYED if theirs is not None:
                entries = ours or {}
                return {
                    key: self.members(row.fields, entry, entries.get(key, {}), (*path, step_of(key)))
                    for key, entry in theirs.items()
                }
            case Form.SET | Form.ORDERED | Form.RANKED if theirs is not None and row.fields:
                return self.entries(row, theirs, ours or (), path)
            case Form.ROLE | Form.PROFILE if theirs is not None and ours is not None:
                return ours if _may_be_same(theirs, ours) else theirs
        if theirs is None and (row.write_only or (row.is_service_default and ours == row.default)):
            self.ignored.append(Ignored(path, None, ours, HIDDEN))
            return ours
        return theirs

    def entries(self, row: Field, theirs: Sequence[Json], ours: Sequence[Json], path: Path) -> list[Json]:
        """Entries are compared as a whole, so an unknown field in one must not make it a different one."""
        declared = [entry for entry in ours if isinstance(entry, Mapping)]
        out = [self.entry(row, item, declared, (*path, index)) for index, item in enumerate(theirs)]
        return sorted(out, key=sort_key) if row.form is Form.SET and out != list(theirs) else out

    def entry(self, row: Field, entry: Json, ours: Sequence[Spec], at: Path) -> Json:
        if not isinstance(entry, Mapping):
            return entry
        known = self.known_part(row.fields, entry, ours, at)
        return next(iter(known.values())) if row.form is Form.RANKED and len(known) == 1 else known

    def known_part(self, rows: Iterable[Row], entry: Spec, ours: Sequence[Spec], at: Path) -> dict[str, Json]:
        rows = Rows.of(rows)
        out = self.declared_unknown(rows, entry, ours, at)
        for name, value in entry.items():
            row = rows.by_name.get(name)
            if isinstance(row, Field):
                out[name] = self.known_value(row, value, [declared.get(name) for declared in ours], (*at, name))
        return out

    def known_value(self, row: Field, value: Json, ours: Sequence[Json], path: Path) -> Json:
        if not row.fields:
            return value
        if row.form in LISTS:
            declared = [entry for entries in ours for entry in entries or () if isinstance(entry, Mapping)]
            return self.entries(row, value, declared, path)
        mappings = [declared for declared in ours if isinstance(declared, Mapping)]
        if row.form is Form.KEYED:
            return {
                key: self.known_part(
                    row.fields,
                    entry,
                    [declared[key] for declared in mappings if key in declared],
                    (*path, step_of(key)),
                )
                for key, entry in value.items()
            }
        return self.known_part(row.fields, value, mappings, path)


def _may_be_same(name: str, other: str) -> bool:
    """Whether a bare name and an ARN mean the same: names are unique in an account, whatever their paths."""
    is_named = not (name.startswith("arn:") and other.startswith("arn:"))
    return is_named and name.rsplit("/", 1)[-1] == other.rsplit("/", 1)[-1]
