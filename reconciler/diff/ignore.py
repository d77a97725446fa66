"""What users leave alone: fields and tags whose live value is taken as the desired one, and not written over.

A declared body and a live one → what to send. Nothing is in it that neither of the two has: a field of an entry or of a
structure is left alone where both have that; one that only the declaration has is new, and is sent as it is declared.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from reconciler.diff.canonical import canonical, compact, is_absent
from reconciler.kinds.base import Field, Form, Kind, Row, Rows
from reconciler.kinds.paths import (
    EVERY,
    Named,
    Step,
    Steps,
    chosen,
    field_of,
    is_in,
    is_unnamed,
    named_steps,
    names_of,
    steps_of,
    tag_pattern,
    twin,
)
from reconciler.live.ownership import AppliedRecord, users_tags
from reconciler.model import TAGS, Desired, Identity, Ignored, Json, Live, Path, Spec

BY_LIFECYCLE = "lifecycle.ignoreChanges"
BY_ITSELF = "AWS Batch changes it: it is sent only when the declared value changes"
NEUTRAL = Identity("", "")  # two bodies of one resource are compared: whose they are does not matter
IN_SEQUENCE = (Form.ORDERED, Form.RANKED)

Reasons = Mapping[str, str]  # why each ignored path is ignored


def ignore_reasons(desired: Desired) -> dict[str, str]:
    """Return the paths that the user leaves alone, each with the reason."""
    return {**dict.fromkeys(desired.lifecycle.ignore_changes, BY_LIFECYCLE), **desired.ignored}


def reasons_for(kind: Kind, desired: Desired, live: Live) -> Reasons:
    """Return all paths that are left alone, each with the reason: the user's, and what the service moves by itself."""
    return {**dict.fromkeys(_left_to_runtime(kind, desired, live), BY_ITSELF), **ignore_reasons(desired)}


def with_ignored(kind: Kind, desired: Spec, live: Spec, paths: Iterable[str]) -> Spec:
    """Return `desired` with what is at `paths` as it is in `live`. A path that leads nowhere leaves nothing alone.

    Paths of tags are passed over: tags are no part of a body.
    """
    for path in paths:
        steps = None if tag_pattern(path) else steps_of(kind, path, desired, live)
        desired = _fields(kind.rows, desired, live, steps) if steps else desired
    return desired


def is_ignored(kind: Kind, paths: Iterable[str], changed: Path, *bodies: Spec) -> bool:
    """Whether one of these ignored paths covers a field of a resource that has these bodies."""
    return bool(reason_of(kind, dict.fromkeys(paths, BY_LIFECYCLE), bodies, changed))


def reason_of(kind: Kind, reasons: Reasons, bodies: tuple[Spec, ...], changed: Path) -> str:
    """Return why a field is left alone; empty if it is not."""
    at = named_steps(kind, changed)
    covering = (
        reason
        for path, reason in reasons.items()
        if not tag_pattern(path) and (steps := steps_of(kind, path, *bodies)) and _covers(kind, steps, at)
    )
    return next(covering, "")


def unmatched_paths(kind: Kind, desired: Desired, live: Live) -> tuple[str, ...]:
    """Return the ignored paths that match nothing, declared or live. A pattern of tags may match none."""
    tags = {**desired.tags, **live.tags}
    return tuple(
        path
        for path in ignore_reasons(desired)
        if not (
            _is_known_tag(pattern, tags)
            if (pattern := tag_pattern(path))
            else _matches(kind, path, desired.spec, live.spec)
        )
    )


def tags_with_ignored(desired: Desired, live: Live, reasons: Reasons) -> dict[str, str]:
    """Return the desired tags, those of users, with the live values of what is ignored."""
    if not reasons:
        return dict(desired.tags)
    changing = {key: value for key, value in desired.tags.items() if not _reason_of_tag(key, reasons)}
    return changing | {key: value for key, value in users_tags(live.tags).items() if _reason_of_tag(key, reasons)}


def ignored_tags(desired: Desired, live: Live, reasons: Reasons) -> Iterator[Ignored]:
    """Yield the tags that differ and are ignored."""
    theirs = users_tags(live.tags)
    for key in sorted({*theirs, *desired.tags}) if reasons else ():
        reason = _reason_of_tag(key, reasons)
        if reason and theirs.get(key) != desired.tags.get(key):
            yield Ignored((TAGS, key), theirs.get(key), desired.tags.get(key), reason)


def declared_value(row: Field, desired: Desired) -> str:
    """How the record of what was applied keeps a value that the service moves by itself."""
    return f"{row.name}={desired.spec.get(row.name)}"


def _left_to_runtime(kind: Kind, desired: Desired, live: Live) -> Iterator[str]:
    """Yield the fields that the service moves by itself, and whose declared value was applied once."""
    flags = AppliedRecord.of(live.claims).flags
    for row in kind.fields:
        if row.runtime_if and row.runtime_if(live.spec) and declared_value(row, desired) in flags:
            yield row.name


def _is_known_tag(pattern: str, tags: Collection[str]) -> bool:
    return any(sign in pattern for sign in "*?[") or pattern in tags


def _reason_of_tag(key: str, reasons: Reasons) -> str:
    """Return the reason why a tag is left alone; empty if it is not."""
    patterns = ((tag_pattern(path), reason) for path, reason in reasons.items())
    return next((reason for pattern, reason in patterns if pattern and fnmatchcase(key, pattern)), "")


# Paths and what they mean in bodies.


def _matches(kind: Kind, path: str, *bodies: Spec) -> bool:
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


def _covers(kind: Kind, steps: Steps, path: Steps) -> bool:
    """Whether a change at `path` touches what is left alone at `steps`."""
    return _overlap(steps, path) or ((other := twin(kind, steps)) is not None and _overlap(other, path))


def _overlap(steps: Steps, path: Steps) -> bool:
    return all(_is_same_step(step, other) for step, other in zip(steps, path, strict=False))


def _is_same_step(step: Step, other: Step) -> bool:
    if isinstance(step, str) or isinstance(other, str):
        return step == other
    return isinstance(step, int) or isinstance(other, int) or bool(step.among([other.pattern.partition("#")[0]]))


# The body that is sent, from the desired and the live one.


def _fields(rows: Iterable[Row], ours: Spec, theirs: Spec, steps: Steps) -> dict[str, Json]:
    known = Rows.of(rows)
    name, *deeper = steps
    for legacy, (resource, home) in known.legacy_aliases:
        if name == legacy.name:
            return _size(known, ours, theirs, home, Named(resource))
        if name == home:
            return _size(known, ours, theirs, home, deeper[0] if deeper else EVERY)
    kept = _value(field_of(known, name), ours.get(str(name)), theirs.get(str(name)), tuple(deeper))
    return _put(ours, str(name), kept)


def _size(known: Rows, ours: Spec, theirs: Spec, home: str, step: Step) -> dict[str, Json]:
    """A size is one, whether it stands in its legacy field or in the list that replaced it: the live form is kept."""
    row = field_of(known, home)
    mine, other = list(ours.get(home) or ()), list(theirs.get(home) or ())
    kept = _entries(row, mine, other, (step,))
    names = {names_of(row, side)[index] for side in (mine, other) for index in chosen(row, side, step)}
    there = set(names_of(row, other))
    out = _put(ours, home, kept)
    for legacy, (resource, its_home) in known.legacy_aliases:
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
    if row is None or is_unnamed(row) or deeper == (row.key,):  # names that are ignored identify no entry
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
    partners = _pair_entries(row, ours, theirs, deeper)
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


def _pair_entries(row: Field | None, ours: list[Json], theirs: list[Json], deeper: Steps) -> dict[int, int]:
    """Pair the entries of a list that have no names: what is equal but for what is left alone, then the others in turn.

    Where the sequence counts, an entry as a whole is the one at its place.
    """
    if row is not None and row.form in IN_SEQUENCE and not deeper:
        return {index: index for index in range(min(len(ours), len(theirs)))}
    pairs = _pair_by_name(row, ours, theirs) if row is not None and row.form is Form.KEYED and row.key else {}
    mine, other = ([_plain(row, _without_of_entry(row, entry, deeper)) for entry in side] for side in (ours, theirs))
    free = dict.fromkeys(at for at in range(len(theirs)) if at not in pairs.values())
    for index, entry in enumerate(mine):
        same = [at for at in free if other[at] == entry]
        if same and index not in pairs:
            pairs[index] = index if index in same else same[0]
            del free[pairs[index]]
    for index in range(len(ours)):
        if index not in pairs and free:
            pairs[index] = next(iter(free))
            del free[pairs[index]]
    return pairs


def _pair_by_name(row: Field, ours: list[Json], theirs: list[Json]) -> dict[int, int]:
    """Pair the entries that have one name on both sides."""
    names, pairs = names_of(row, theirs), dict[int, int]()
    for index, name in enumerate(names_of(row, ours)):
        at = next((at for at, other in enumerate(names) if other == name and at not in pairs.values()), None)
        if at is not None:
            pairs[index] = at
    return pairs


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
        step, *deeper = steps
        meant = chosen(row, value, step)
        if not deeper:
            return [entry for index, entry in enumerate(value) if index not in meant]
        return [
            _without_of_entry(row, entry, tuple(deeper)) if index in meant else entry
            for index, entry in enumerate(value)
        ]
    if isinstance(value, Mapping) and isinstance(steps[0], Named):
        meant_keys = steps[0].among(value)
        return {key: inner for key, inner in value.items() if key not in meant_keys}
    return _without_of_entry(row, value, steps)


def _without_of_entry(row: Field | None, entry: Json, steps: Steps) -> Json:
    if not steps or not isinstance(entry, Mapping):
        return entry
    name, *deeper = steps
    inner = field_of(row.fields, name) if row else None
    left = _without(inner, entry.get(str(name)), tuple(deeper)) if deeper else None
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
