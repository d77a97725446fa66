"""What differs between two canonical bodies, member by member, and what each difference costs."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import partial
from types import MappingProxyType

from reconciler.diff.canonical import canonical, canonical_member, compact, digest_of, is_absent, sort_key
from reconciler.kinds.base import MISSING, Field, Form, Judged, Kind, Row, Rows, Unmanaged
from reconciler.kinds.paths import (
    EVERY,
    Named,
    Step,
    Steps,
    chosen,
    field_of,
    is_in,
    is_unnamed,
    names_of,
    position,
    steps_of,
    twin,
)
from reconciler.live.ownership import AppliedRecord, as_kept, users_tags
from reconciler.model import Cost, Desired, FieldChange, Identity, Ignored, Json, Live, Path, Spec
from reconciler.placeholders import Secret
from reconciler.ports import Takes

Bodies = Mapping[str, Spec]  # by ARN

NEWER = "this version of reconciler does not know the member, nor whether AWS can change it in place"
UPDATED = "newer than this version of reconciler, which does not know what changing it costs; {} has it"
# Where a path ends for people: below, differences are told as the whole value.
WHOLE = (Form.SET, Form.ORDERED, Form.RANKED)


def field_changes(kind: Kind, live: Spec, desired: Spec, full_live: Spec, bodies: Bodies) -> tuple[FieldChange, ...]:
    """Compare two canonical bodies. `full_live` still has what the service filled in; it decides costs.

    Equal bodies cost one comparison; deepdiff is asked only for the paths of what differs.
    """
    if live == desired:
        return ()
    return tuple(_change(kind, path, (live, desired), full_live, bodies) for path in _paths(kind, live, desired))


def with_newer_updates(kind: Kind, fields: Iterable[FieldChange], takes: Takes) -> Iterator[FieldChange]:
    """Yield the changes; what only the installed SDK knows is changed in place where an update can have it."""
    for change in fields:
        path = change.path.split(".")
        is_newer = change.why == NEWER and change.after is not None
        if is_newer and kind.update and path[0] not in kind.update_words and takes(kind.update, path):
            yield replace(change, cost=Cost.SCALING, why=UPDATED.format(kind.update))
        else:
            yield change


def sent_unit(kind: Kind, path: Sequence[str]) -> tuple[str, ...]:
    """Return the member that an update sends as a whole when something at `path` changes."""
    top = kind.field(path[0])
    return tuple(path[:2]) if top is not None and top.merges and len(path) > 1 else (path[0],)


def at(body: Json, path: Iterable[str]) -> Json:
    """Return the value at a path of mappings; None where there is none."""
    for step in path:
        if not isinstance(body, Mapping) or step not in body:
            return None
        body = body[step]
    return body


def _paths(kind: Kind, live: Spec, desired: Spec) -> Iterator[tuple[str, ...]]:
    from deepdiff import DeepDiff  # noqa: PLC0415 - most plans have no difference and never load it

    seen: dict[tuple[str, ...], None] = {}
    texts = [(str, Secret)]  # a secret text that is live is a plain one
    compared = DeepDiff(dict(live), dict(desired), view="tree", threshold_to_diff_deeper=0, ignore_type_in_groups=texts)
    for found in compared.values():
        for item in found:
            seen.setdefault(_cut(kind, item.path(output_format="list")))
    yield from sorted(seen)


def _cut(kind: Kind, path: Path) -> tuple[str, ...]:
    steps = tuple(str(step) for step in path)
    for length in range(1, len(steps)):
        rows = kind.rows_on(steps[:length])
        if rows and rows[-1].form in WHOLE:
            return steps[:length]
    return steps


def _change(
    kind: Kind, path: tuple[str, ...], sides: tuple[Spec, Spec], full_live: Spec, bodies: Bodies
) -> FieldChange:
    before, after = (at(side, path) for side in sides)
    rows = kind.rows_on(path)
    cost, why = _cost(kind, rows, (before, after), Judged(path, full_live, sides[1], _row_cost(rows), bodies))
    return FieldChange(
        path=".".join(path),
        before=before,
        after=after,
        cost=cost,
        why=why,
        sensitive=any(row.sensitive for row in rows),
    )


def _row_cost(rows: list[Field]) -> Cost:
    return next((row.cost for row in reversed(rows) if row.cost), Cost.REPLACE)


def _cost(kind: Kind, rows: list[Field], values: tuple[Json, Json], judged: Judged) -> tuple[Cost, str]:
    if kind.revisions:
        return Cost.REVISION, ""
    if None in values and rows and len(rows) == len(judged.path) and rows[-1].presence:
        return rows[-1].presence, rows[-1].source
    if judged.cost is Cost.REPLACE:
        return Cost.REPLACE, next((row.source for row in reversed(rows) if row.source), "") if rows else NEWER
    cost, why = kind.judge(judged) if kind.judge else (judged.cost, "")
    if cost is not Cost.REPLACE and not _can_send(kind, judged.path, judged.desired):
        return Cost.IMPOSSIBLE, "the API has no way to unset it; declare the value it should have"
    return cost, why


def _can_send(kind: Kind, path: tuple[str, ...], desired: Spec) -> bool:
    unit = sent_unit(kind, path)
    if at(desired, unit) is not None:
        return True
    rows = kind.rows_on(unit)
    return len(rows) == len(unit) and rows[-1].unset is not MISSING


# The live body as whoever declared the other sees it: without what is left to the service, and why that is.
#
# Members that no row knows and nobody declared are set apart: the service gains new ones all the time.

FILLED = "the service fills it in by itself"
HIDDEN = "descriptions may lack it: it is taken as declared"
WITHOUT_EFFECT = "it has no effect beside the other members, and is not sent"
LISTS = (Form.SET, Form.ORDERED, Form.RANKED)


@dataclass(frozen=True, slots=True)
class Seen:
    """`unheard` are the live members that no row knows and nobody declared, by their path.

    In a path, the entry of a list is its key or, as `[0]`, its position.
    """

    body: dict[str, Json]
    ignored: tuple[Ignored, ...] = ()
    unheard: Mapping[tuple[str, ...], Json] = field(default_factory=dict)


def seen_by(rows: Iterable[Row], live: Spec, desired: Spec, *, is_replaced: bool = False) -> Seen:
    """Return canonical `live` as canonical `desired` sees it.

    `is_replaced`: `desired` has what the service fills in for a new resource, as far as that is known.
    """
    viewer = _Viewer(is_replaced)
    body = viewer.members(rows, live, desired, ())
    return Seen(body, tuple(viewer.ignored), viewer.unheard)


def as_created(kind: Kind, desired: Spec, live: Spec, identity: Identity) -> dict[str, Json]:
    """Return canonical `desired` with what the service fills in for a new resource, where `live` was filled in."""
    return _as_created(kind.rows, desired, live, desired, identity)


def _as_created(rows: Iterable[Row], desired: Spec, live: Spec, whole: Spec, identity: Identity) -> dict[str, Json]:
    out = dict(desired)
    for row in Rows.of(rows).fields:
        ours, theirs = desired.get(row.name), live.get(row.name)
        if row.form is Form.STRUCT and ours is not None and theirs is not None:
            out[row.name] = _as_created(row.fields, ours, theirs, whole, identity)
        elif ours is None and theirs is not None and row.fills and row.fills(theirs):
            known = row.filled(whole) if row.filled else canonical_member(row, row.default, desired, identity)
            out |= {} if is_absent(known) else {row.name: known}
    return out


def without_filled(rows: Iterable[Row], live: Spec, desired: Spec) -> dict[str, Json]:
    """Return the body alone."""
    return seen_by(rows, live, desired).body


def settings_of(kind: Kind, live: Live, identity: Identity) -> dict[str, Json]:
    """Return what a live resource was given, as far as that shows: canonical, without what the service fills in.

    A default that its description has is told, too: the `state` of a queue is worth a word.
    """
    body = without_filled(kind.rows, canonical(kind.rows, live.spec, identity), {})
    plain = {row.name: live.spec.get(row.name) for row in kind.fields if row.default is not None}
    return {**{name: value for name, value in plain.items() if isinstance(value, str | int) and value != ""}, **body}


def spelled(path: Iterable[str]) -> str:
    """Write a path as users do: `computeEnvironmentOrder[0].order`."""
    return ".".join(path).replace(".[", "[")


def uncompared(rows: Iterable[Row], live: Json, declared: Json, at: str = "") -> Iterator[Ignored]:
    """Yield the members of two bodies as they were written that never count, whatever they are."""
    if not isinstance(live, Mapping) or not isinstance(declared, Mapping):
        return
    for row in rows:
        theirs, ours = live.get(row.name), declared.get(row.name)
        if theirs is None and ours is None:
            continue
        path = at + row.name
        if isinstance(row, Unmanaged):
            if not is_absent(theirs) or not is_absent(ours):
                yield Ignored(path, theirs, ours, row.reason)
        elif ours is not None and not row.counts_in(declared):
            yield Ignored(path, theirs, ours, _why_not(row))
        elif row.fields:
            yield from _uncompared_below(row, theirs, ours, path)


def _uncompared_below(row: Field, theirs: Json, ours: Json, path: str) -> Iterator[Ignored]:
    if row.form is Form.STRUCT:
        yield from uncompared(row.fields, theirs or {}, ours or {}, f"{path}.")
        return
    for index, entry in enumerate(theirs or ()):
        yield from uncompared(row.fields, entry, {}, f"{path}[{index}].")


def _why_not(row: Field) -> str:
    riding = " and ".join(row.rides_with)
    return f"a trigger, no state: it rides along when {riding} changes" if riding else WITHOUT_EFFECT


@dataclass(slots=True)
class _Viewer:
    is_replaced: bool = False
    ignored: list[Ignored] = field(default_factory=list)
    unheard: dict[tuple[str, ...], Json] = field(default_factory=dict)

    def members(self, rows: Iterable[Row], live: Spec, desired: Spec, at: tuple[str, ...]) -> dict[str, Json]:
        rows = Rows.of(rows)
        out = self.unknown(rows, live, (desired,), at)
        for row in rows.fields:
            if row.name not in live and row.name not in desired:
                continue
            value = self.member(row, live.get(row.name), desired.get(row.name), (*at, row.name))
            if not is_absent(value):
                out[row.name] = value
        return out

    def unknown(self, rows: Rows, live: Spec, desired: Iterable[Spec], at: tuple[str, ...]) -> dict[str, Json]:
        """Return what somebody declared of the members without a row; the others are unheard of."""
        out = {}
        for name, value in live.items():
            if isinstance(rows.by_name.get(name), Field):
                continue
            if any(name in ours for ours in desired):
                out[name] = value
            else:
                self.unheard[(*at, name)] = value
        return out

    def member(self, row: Field, theirs: Json, ours: Json, path: tuple[str, ...]) -> Json:
        if theirs is None and ours is None:
            return None
        is_known = self.is_replaced and row.filled is not None  # then `ours` has it, or a new one has none
        if ours is None and not is_known and row.fills and row.fills(theirs):
            self.ignored.append(Ignored(spelled(path), theirs, None, FILLED))
            return None
        match row.form:
            case Form.STRUCT:
                return self.members(row.fields, theirs or {}, ours or {}, path)
            case Form.KEYED if theirs is not None:
                entries = ours or {}
                return {
                    key: self.members(row.fields, entry, entries.get(key, {}), (*path, key))
                    for key, entry in theirs.items()
                }
            case Form.SET | Form.ORDERED | Form.RANKED if theirs is not None and row.fields:
                return self.entries(row, theirs, ours or (), path)
            case Form.ROLE | Form.PROFILE if theirs is not None and ours is not None:
                return ours if _may_be_one(theirs, ours) else theirs
        if theirs is None and (row.hidden or (row.fills and ours == row.default)):
            self.ignored.append(Ignored(spelled(path), None, ours, HIDDEN))
            return ours
        return theirs

    def entries(self, row: Field, theirs: Sequence[Json], ours: Sequence[Json], path: tuple[str, ...]) -> list[Json]:
        """Entries are compared as a whole, so what is unheard of in one must not make it another."""
        declared = [entry for entry in ours if isinstance(entry, Mapping)]
        out = [self.entry(row, item, declared, (*path, position(index))) for index, item in enumerate(theirs)]
        return sorted(out, key=sort_key) if row.form is Form.SET and out != list(theirs) else out

    def entry(self, row: Field, entry: Json, ours: Sequence[Spec], at: tuple[str, ...]) -> Json:
        if not isinstance(entry, Mapping):
            return entry
        known = self.known_part(row.fields, entry, ours, at)
        return next(iter(known.values())) if row.form is Form.RANKED and len(known) == 1 else known

    def known_part(
        self, rows: Iterable[Row], entry: Spec, ours: Sequence[Spec], at: tuple[str, ...]
    ) -> dict[str, Json]:
        rows = Rows.of(rows)
        out = self.unknown(rows, entry, ours, at)
        for name, value in entry.items():
            row = rows.by_name.get(name)
            if isinstance(row, Field):
                out[name] = self.known_value(row, value, [one.get(name) for one in ours], (*at, name))
        return out

    def known_value(self, row: Field, value: Json, ours: Sequence[Json], path: tuple[str, ...]) -> Json:
        if not row.fields:
            return value
        if row.form in LISTS:
            declared = [entry for entries in ours for entry in entries or () if isinstance(entry, Mapping)]
            return self.entries(row, value, declared, path)
        mappings = [one for one in ours if isinstance(one, Mapping)]
        if row.form is Form.KEYED:
            return {
                key: self.known_part(row.fields, entry, [one[key] for one in mappings if key in one], (*path, key))
                for key, entry in value.items()
            }
        return self.known_part(row.fields, value, mappings, path)


def _may_be_one(one: str, other: str) -> bool:
    """Whether a bare name and an ARN mean the same: names are unique in an account, whatever their paths."""
    is_named = not (one.startswith("arn:") and other.startswith("arn:"))
    return is_named and one.rsplit("/", 1)[-1] == other.rsplit("/", 1)[-1]


# What users leave alone: fields whose live value is taken as the desired one, so that nothing is sent over it.
#
# A declared body and a live one → what to send. Nothing is in it that neither of the two has: a field of an entry or
# of a structure is left alone where both have that; one that only the declaration has is new, and is sent as it is
# declared.

NEUTRAL = Identity("", "")  # two bodies of one resource are compared: whose they are does not matter
IN_SEQUENCE = (Form.ORDERED, Form.RANKED)


def with_ignored(kind: Kind, desired: Spec, live: Spec, paths: Iterable[str]) -> Spec:
    """Return `desired` with what is at `paths` as it is in `live`. A path that leads nowhere leaves nothing alone."""
    for path in paths:
        steps = steps_of(kind, path, desired, live)
        desired = _fields(kind.rows, desired, live, steps) if steps else desired
    return desired


def is_written(kind: Kind, body: Spec, path: str) -> bool:
    """Whether a body has something at `path`, be it the value that the service assumes anyway."""
    steps = steps_of(kind, path, body)
    return steps is not None and is_in(kind, body, steps)


def matches(kind: Kind, path: str, *bodies: Spec) -> bool:
    """Whether the entries and keys that a path names are in one of the bodies. A pattern of keys may match none."""
    steps = steps_of(kind, path, *bodies)
    if steps is None:
        return False
    last = max((index for index, step in enumerate(steps) if not isinstance(step, str)), default=None)
    if last is None:
        return True
    step = steps[last]
    rows = kind.rows_on([step for step in steps[:last] if isinstance(step, str)])
    if isinstance(step, Named) and step.is_pattern and last == len(steps) - 1 and rows and rows[-1].form is Form.MAP:
        return True
    named = steps[: last + 1]
    other = twin(kind, named)
    return any(is_in(kind, body, named) or (other is not None and is_in(kind, body, other)) for body in bodies)


def covers(kind: Kind, steps: Steps, path: Steps) -> bool:
    """Whether a change at `path` touches what is left alone at `steps`."""
    return _meet(steps, path) or ((other := twin(kind, steps)) is not None and _meet(other, path))


def _meet(steps: Steps, path: Steps) -> bool:
    return all(_is_one(one, other) for one, other in zip(steps, path, strict=False))


def _is_one(one: Step, other: Step) -> bool:
    if isinstance(one, str) or isinstance(other, str):
        return one == other
    return isinstance(one, int) or isinstance(other, int) or bool(one.among([other.pattern.partition("#")[0]]))


def _fields(rows: Iterable[Row], ours: Spec, theirs: Spec, steps: Steps) -> dict[str, Json]:
    known = Rows.of(rows)
    name, *rest = steps
    for legacy, (resource, home) in known.folding:
        if name == legacy.name:
            return _size(known, ours, theirs, home, Named(resource))
        if name == home:
            return _size(known, ours, theirs, home, rest[0] if rest else EVERY)
    kept = _value(field_of(known, name), ours.get(str(name)), theirs.get(str(name)), tuple(rest))
    return _put(ours, str(name), kept)


def _size(known: Rows, ours: Spec, theirs: Spec, home: str, step: Step) -> dict[str, Json]:
    """A size is one, whether it stands in its legacy field or in the list that replaced it: the live form is kept."""
    row = field_of(known, home)
    mine, other = list(ours.get(home) or ()), list(theirs.get(home) or ())
    kept = _entries(row, mine, other, (step,))
    names = {names_of(row, side)[index] for side in (mine, other) for index in chosen(row, side, step)}
    there = set(names_of(row, other))
    out = _put(ours, home, kept)
    for legacy, (resource, its_home) in known.folding:
        is_meant = resource in names or (isinstance(step, Named) and bool(step.among([resource])))
        if its_home == home and is_meant:
            out = _put(out, legacy.name, None if resource in there else theirs.get(legacy.name))
    return out


def _value(row: Field | None, ours: Json, theirs: Json, steps: Steps) -> Json:
    if not steps:
        return theirs
    if isinstance(ours, list | tuple) or isinstance(theirs, list | tuple):
        return _entries(row, list(ours or ()), list(theirs or ()), steps)
    if isinstance(steps[0], Named):
        return _keys(ours or {}, theirs or {}, steps[0])
    return _structure(row, ours, theirs, steps)


def _structure(row: Field | None, ours: Json, theirs: Json, steps: Steps) -> Json:
    fields = row.fields if row else ()
    if is_absent(ours):  # it is not desired, unless all that is live in it is left alone
        return theirs if not is_absent(theirs) and _is_nothing(_without(row, theirs, steps)) else ours
    if is_absent(theirs) and not _is_assumed(row, steps) and not _is_nothing(_without(row, ours, steps)):
        return ours
    return _fields(fields, ours, theirs or {}, steps) or None


def _keys(ours: Spec, theirs: Spec, step: Named) -> Json:
    meant = step.among({**ours, **theirs})
    kept = {key: theirs.get(key) if key in meant else value for key, value in ours.items()}
    added = {key: value for key, value in theirs.items() if key in meant and key not in ours}
    return {key: value for key, value in {**kept, **added}.items() if value is not None} or None


def _entries(row: Field | None, ours: list[Json], theirs: list[Json], steps: Steps) -> list[Json]:
    step, *rest = steps
    deeper = tuple(rest)
    if row is None or is_unnamed(row) or deeper == (row.key,):  # where names are left alone, they tell nothing apart
        return _by_position(row, ours, theirs, step, deeper)
    return _by_name(row, ours, theirs, step, deeper)


def _by_name(row: Field, ours: list[Json], theirs: list[Json], step: Step, deeper: Steps) -> list[Json]:
    our_names, their_names = names_of(row, ours), names_of(row, theirs)
    meant = _names_meant(our_names, their_names, step)
    live: dict[str, list[Json]] = {}
    for name, entry in zip(their_names, theirs, strict=True):
        live.setdefault(name, []).append(entry)
    out: list[Json] = []
    for name, entry in zip(our_names, ours, strict=True):
        if name not in meant:
            out.append(entry)
        elif not deeper:
            out += live.pop(name, [])
        else:
            others = live.get(name)
            out.append(_entry(row, entry, others.pop(0), deeper) if others else entry)
    added = [entry for name in live if name in meant and name not in our_names for entry in live[name]]
    if not deeper:
        return [*out, *added]
    is_named = not (isinstance(step, Named) and step.is_pattern)
    return [*out, *(entry for entry in added if is_named and _is_bare(row, _without_of_entry(row, entry, deeper)))]


def _names_meant(ours: Sequence[str], theirs: Sequence[str], step: Step) -> set[str]:
    """A position counts among the declared entries: the order of live ones means nothing."""
    if isinstance(step, Named):
        return step.among([*ours, *theirs])
    entries = ours or theirs
    return {entries[step]} if isinstance(step, int) and step < len(entries) else set()


def _by_position(row: Field | None, ours: list[Json], theirs: list[Json], step: Step, deeper: Steps) -> list[Json]:
    if row is not None and row.form is Form.RANKED:
        ours, theirs = (sorted(entries, key=lambda entry: entry.get(row.key, 0)) for entries in (ours, theirs))
    if step == EVERY and not deeper:
        return theirs
    partners = _partners(row, ours, theirs, deeper)
    meant = chosen(row, ours, step)
    out: list[Json] = []
    for index, entry in enumerate(ours):
        partner = partners.get(index)
        if index not in meant or (partner is None and deeper):
            out.append(entry)
        elif partner is not None:
            out.append(_entry(row, entry, theirs[partner], deeper) if deeper else _at_rank(row, entry, theirs[partner]))
    if isinstance(step, int) and step >= len(ours) and not deeper:
        alone = [entry for index, entry in enumerate(theirs) if index not in partners.values()]
        out += alone[step - len(ours) :][:1]
    return out


def _partners(row: Field | None, ours: list[Json], theirs: list[Json], deeper: Steps) -> dict[int, int]:
    """Pair the entries of a list that have no names: what is equal but for what is left alone, then the others in turn.

    Where the sequence counts, an entry as a whole is the one at its place.
    """
    if row is not None and row.form in IN_SEQUENCE and not deeper:
        return {index: index for index in range(min(len(ours), len(theirs)))}
    found = _of_one_name(row, ours, theirs) if row is not None and row.form is Form.KEYED and row.key else {}
    mine, other = ([_plain(row, _without_of_entry(row, entry, deeper)) for entry in side] for side in (ours, theirs))
    free = dict.fromkeys(at for at in range(len(theirs)) if at not in found.values())
    for index, entry in enumerate(mine):
        same = [at for at in free if other[at] == entry]
        if same and index not in found:
            found[index] = index if index in same else same[0]
            del free[found[index]]
    for index in range(len(ours)):
        if index not in found and free:
            found[index] = next(iter(free))
            del free[found[index]]
    return found


def _of_one_name(row: Field, ours: list[Json], theirs: list[Json]) -> dict[int, int]:
    """Pair the entries that have one name on both sides."""
    names, found = names_of(row, theirs), dict[int, int]()
    for index, name in enumerate(names_of(row, ours)):
        at = next((at for at, other in enumerate(names) if other == name and at not in found.values()), None)
        if at is not None:
            found[index] = at
    return found


def _entry(row: Field | None, ours: Json, theirs: Json, deeper: Steps) -> Json:
    if not isinstance(ours, Mapping) or not isinstance(theirs, Mapping):
        return ours
    kept = _fields(row.fields if row else (), ours, theirs, deeper)
    is_named = row is not None and row.form is Form.KEYED and row.key in ours and deeper != (row.key,)
    return {**kept, row.key: ours[row.key]} if row and is_named else kept


def _at_rank(row: Field | None, ours: Json, theirs: Json) -> Json:
    return {**theirs, row.key: ours[row.key]} if row and row.form is Form.RANKED and row.key in ours else theirs


def _without(row: Field | None, value: Json, steps: Steps) -> Json:
    """Return a value without what is at `steps` in it."""
    if isinstance(value, list | tuple):
        step, *rest = steps
        meant = chosen(row, value, step)
        if not rest:
            return [entry for index, entry in enumerate(value) if index not in meant]
        return [
            _without_of_entry(row, entry, tuple(rest)) if index in meant else entry for index, entry in enumerate(value)
        ]
    if isinstance(value, Mapping) and isinstance(steps[0], Named):
        meant_keys = steps[0].among(value)
        return {key: inner for key, inner in value.items() if key not in meant_keys}
    return _without_of_entry(row, value, steps)


def _without_of_entry(row: Field | None, entry: Json, steps: Steps) -> Json:
    if not steps or not isinstance(entry, Mapping):
        return entry
    name, *rest = steps
    inner = field_of(row.fields, name) if row else None
    left = _without(inner, entry.get(str(name)), tuple(rest)) if rest else None
    return _put(entry, str(name), left)


def _is_assumed(row: Field | None, steps: Steps) -> bool:
    """Whether the service has a value of its own for a field that is absent: its absence is a live value, too."""
    for step in steps:
        row = field_of(row.fields, step) if row else None
    return row is not None and (row.default is not None or row.assumed is not None)


def _is_bare(row: Field, entry: Json) -> bool:
    return not isinstance(entry, Mapping) or _is_nothing({key: entry[key] for key in entry if key != row.key})


def _is_nothing(value: Json) -> bool:
    plain = compact(value)
    return is_absent(plain) or (isinstance(plain, list) and all(is_absent(entry) for entry in plain))


def _plain(row: Field | None, entry: Json) -> Json:
    return canonical(row.fields, entry, NEUTRAL) if row and row.fields and isinstance(entry, Mapping) else entry


def _put(body: Spec, name: str, value: Json) -> dict[str, Json]:
    if value is None or (is_absent(value) and name not in body):
        return {key: inner for key, inner in body.items() if key != name}
    return {**body, name: value}


# One resource from both sides, in canonical form, and all that is left out of the comparison.

BY_LIFECYCLE = "lifecycle.ignoreChanges"
BY_ITSELF = "the service moves it by itself: only another declared value is sent"
TAGS = "tags."
Successors = Mapping[str, str]
NO_SUCCESSORS: Successors = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Sides:
    """`body` is what to send: as declared, but for ignored members, which keep their live value.

    `digest` is that of the declaration, ignored members included.
    """

    body: Spec
    wanted: Spec  # canonical `body`
    live: Spec  # canonical, whole
    seen: Seen  # `live`, as whoever declared sees it
    digest: str
    tags: Mapping[str, str]  # as wanted, without ours
    ignored: tuple[Ignored, ...]
    fields: tuple[FieldChange, ...]


def declared_digest(kind: Kind, desired: Desired, identity: Identity) -> str:
    """Return the digest of a declaration: of its meaning, not of its spelling."""
    return _digest(canonical(kind.rows, desired.spec, identity), desired)


def sides_of(
    kind: Kind,
    desired: Desired,
    live: Live,
    identity: Identity,
    bodies: Bodies,
    successors: Successors = NO_SUCCESSORS,
    *,
    is_replaced: bool = False,
) -> Sides:
    """Bring a declaration and what is live together. `bodies` are what it may refer to, by ARN.

    `successors` are the ARNs of what takes the place of others, by theirs: an ignored reference follows them.
    `is_replaced`: a new resource takes the place of the live one, and gets what the service fills in for new ones.
    """
    why = {**dict.fromkeys(_left_to_runtime(kind, desired, live), BY_ITSELF), **why_ignored(desired)}
    paths = [path for path in why if not _is_of_tags(path)]
    body = with_ignored(kind, desired.spec, _following(as_kept(live), successors), paths) if paths else desired.spec
    declared = canonical(kind.rows, desired.spec, identity)
    wanted = canonical(kind.rows, body, identity) if paths else declared
    digest = _digest(declared, desired)
    full = canonical(kind.rows, live.spec, identity)
    if is_replaced:
        declared, wanted = (as_created(kind, body, full, identity) for body in (declared, wanted))
    seen = seen_by(kind.rows, full, wanted, is_replaced=is_replaced)
    fields = field_changes(kind, seen.body, wanted, full, bodies)
    told = {change.path for change in fields}
    silenced = field_changes(kind, seen.body, declared, full, bodies) if paths else ()
    reason = partial(_reason, kind, why, (desired.spec, live.spec))
    ignored = (
        *uncompared(kind.rows, live.spec, desired.spec),
        *seen.ignored,
        *(Ignored(c.path, c.before, c.after, reason(c.path)) for c in silenced if c.path not in told),
        *_ignored_tags(desired, live, why),
    )
    labels = _wanted_tags(desired, live, why)
    return Sides(body, wanted, full, seen, digest, labels, ignored, fields)


def why_ignored(desired: Desired) -> dict[str, str]:
    """Return the members that the user leaves alone, each with the reason."""
    return {**dict.fromkeys(desired.lifecycle.ignore_changes, BY_LIFECYCLE), **desired.ignored}


def is_left_alone(kind: Kind, paths: Iterable[str], changed: str, *bodies: Spec) -> bool:
    """Whether one of these ignored paths covers a field of a resource that has these bodies."""
    return bool(_reason(kind, dict.fromkeys(paths, BY_LIFECYCLE), bodies, changed))


def _following(value: Json, successors: Successors) -> Json:
    """Return a body that refers to the successors of what it refers to."""
    if not successors:
        return value
    if isinstance(value, Mapping):
        return {key: _following(inner, successors) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_following(inner, successors) for inner in value]
    return successors.get(value, value) if isinstance(value, str) else value


def unmatched(kind: Kind, desired: Desired, live: Live) -> tuple[str, ...]:
    """Return the ignored paths that match nothing, declared or live. A pattern of tags may match none."""
    tags = {**desired.tags, **live.tags}
    return tuple(
        path
        for path in why_ignored(desired)
        if not (_is_known_tag(path, tags) if _is_of_tags(path) else matches(kind, path, desired.spec, live.spec))
    )


def _is_known_tag(path: str, tags: Collection[str]) -> bool:
    key = path.removeprefix(TAGS)
    return path == "tags" or any(sign in key for sign in "*?[") or key in tags


def body_left_alone(kind: Kind, body: Spec, live: Live, paths: Iterable[str]) -> Spec:
    """Return a body with the live values of what is ignored. Tags are no part of bodies."""
    return with_ignored(kind, body, live.spec, (path for path in paths if not _is_of_tags(path)))


def digest_of_members(members: Mapping[str, Json]) -> str:
    """Return the digest of what is left to the service; empty if nothing is."""
    return digest_of(dict(members)) if members else ""


def _digest(declared: Spec, desired: Desired) -> str:
    return digest_of({"spec": declared, "tags": dict(desired.tags)})


def _left_to_runtime(kind: Kind, desired: Desired, live: Live) -> Iterator[str]:
    """Yield the members that the service moves by itself, and whose declared value was applied once."""
    flags = AppliedRecord.of(live.claims).flags
    for row in kind.fields:
        if row.runtime_if and row.runtime_if(live.spec) and declared_value(row, desired) in flags:
            yield row.name


def declared_value(row: Field, desired: Desired) -> str:
    """How the record of what was applied keeps a value that the service moves by itself."""
    return f"{row.name}={desired.spec.get(row.name)}"


def _reason(kind: Kind, why: Mapping[str, str], bodies: tuple[Spec, ...], changed: str) -> str:
    """Return why a field is left alone."""
    at = steps_of(kind, changed, *bodies) or ()
    reasons = (
        reason
        for path, reason in why.items()
        if not _is_of_tags(path) and (steps := steps_of(kind, path, *bodies)) and covers(kind, steps, at)
    )
    return next(reasons, "")


def _is_of_tags(path: str) -> bool:
    return path == "tags" or path.startswith(TAGS)


def _kept(key: str, why: Mapping[str, str]) -> str:
    """Return the reason why a tag is left alone; empty if it is not."""
    patterns = (
        (path.removeprefix(TAGS) if path != "tags" else "*", reason)
        for path, reason in why.items()
        if _is_of_tags(path)
    )
    return next((reason for pattern, reason in patterns if fnmatchcase(key, pattern)), "")


def _wanted_tags(desired: Desired, live: Live, why: Mapping[str, str]) -> dict[str, str]:
    wanted = {key: value for key, value in desired.tags.items() if not _kept(key, why)}
    return wanted | {key: value for key, value in users_tags(live.tags).items() if _kept(key, why)}


def _ignored_tags(desired: Desired, live: Live, why: Mapping[str, str]) -> Iterator[Ignored]:
    theirs = users_tags(live.tags)
    for key in sorted({*theirs, *desired.tags}) if why else ():
        reason = _kept(key, why)
        if reason and theirs.get(key) != desired.tags.get(key):
            yield Ignored(f"{TAGS}{key}", theirs.get(key), desired.tags.get(key), reason)


# What became different about a live resource between two looks, whoever did it; not what AWS moves by itself.


def moved(kind: Kind, before: Live, after: Live, identity: Identity) -> tuple[str, ...]:
    """Return what moved, by the paths that users know: `priority`, `tags.team`, `revision 4`."""
    revisions = tuple(f"revision {number}" for number in after.revisions if number not in before.revisions)
    return revisions or (*_members(kind, before, after, identity), *_tags(before, after))


def _members(kind: Kind, before: Live, after: Live, identity: Identity) -> Iterator[str]:
    was, now = (canonical(kind.rows, live.spec, identity) for live in (before, after))
    by_itself = {row.name for row in kind.fields if row.runtime_if and row.runtime_if(after.spec)}
    for change in field_changes(kind, without_filled(kind.rows, now, was), was, now, {}):
        if change.path.partition(".")[0] not in by_itself:
            yield change.path


def _tags(before: Live, after: Live) -> Iterator[str]:
    for key in sorted({*before.tags, *after.tags}):
        if before.tags.get(key) != after.tags.get(key) and not key.startswith("aws:"):
            yield f"tags.{key}"
