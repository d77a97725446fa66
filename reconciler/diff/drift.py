"""The whole difference of one resource: its members, its tags, and whether it is drift or ours to change."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from reconciler.diff.chosen import ServiceChoice, new_choices, notes_of
from reconciler.diff.compare import (
    NO_SUCCESSORS,
    Bodies,
    Sides,
    Successors,
    declared_digest,
    declared_value,
    digest_of_members,
    is_written,
    sides_of,
    spelled,
)
from reconciler.kinds.base import Kind
from reconciler.live.ownership import APPLIED, LEFT, NAME, OWNER, AppliedRecord, flags_of, own_tags, users_tags
from reconciler.model import Cost, Desired, FieldChange, Identity, Ignored, Json, Live, Spec
from reconciler.ports import Takes

SHOWN = "only answers of the service have it"
NOTED = "it was there when this stack was last applied, and nobody declares it"
UNHEARD = "this version does not know the member: apply takes note of its value, and leaves it"
LOST = "not declared: the new resource does not have it"
FILLED_ANEW = "not declared: the service chooses it for the new resource"
SERVICE = "nobody declared it: the service filled it in, apply takes note of its value, and leaves it"


@dataclass(frozen=True, slots=True)
class Difference:
    """`desired` and `tags` are what to send: as declared, but for ignored members, which keep their live value."""

    fields: tuple[FieldChange, ...]
    desired: Spec
    tags: Mapping[str, str]  # without ours
    tag: Mapping[str, str]  # to write
    untag: tuple[str, ...]  # to take off
    ignored: tuple[Ignored, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not self.fields and not self.tag and not self.untag


@dataclass(frozen=True, slots=True)
class Left:
    """What is left to the service: live members that nobody declared, and no update resets.

    `digest` is the record of it, with the `notes`; `fields` are told, since they are not as in the record, `ignored`
    are.
    """

    digest: str = ""
    fields: tuple[FieldChange, ...] = ()
    ignored: tuple[Ignored, ...] = ()
    notes: frozenset[str] = frozenset()


def with_choices(left: Left, chosen: tuple[ServiceChoice, ...], *, is_made: bool, restores: bool) -> Left:
    """Add what the service has chosen. Of what was made a moment ago, it is told where it is news."""
    news = new_choices(chosen) if is_made else ()
    fields = tuple(_noted(one.path, one.before, SERVICE) for one in news)
    return replace(left, fields=(*left.fields, *fields), notes=notes_of(chosen, restores=restores))


def applied_of(kind: Kind, desired: Desired, identity: Identity) -> AppliedRecord:
    """Return the record of a declaration that a resource carries when it has just been made."""
    return _applied(kind, desired, declared_digest(kind, desired, identity), "")


def applied_to(kind: Kind, desired: Desired, digest: str, left: Left) -> AppliedRecord:
    """Return the record of a declaration, by its digest, that a live resource carries once it is applied."""
    applied = _applied(kind, desired, digest, left.digest)
    return replace(applied, flags=applied.flags | left.notes)


def left_to_service(kind: Kind, desired: Desired, sides: Sides, live: Live, takes: Takes, *, is_made: bool) -> Left:
    """Tell what the service filled in, by itself, of what nobody declared.

    It is not told while it is as it was noted when the stack was last applied. `takes` tells what requests can have;
    the rest is only ever in answers. `is_made`: the resource was made a moment ago, so that all that nobody declared
    comes from the service.
    """
    unheard, shown = {}, []
    for path, value in sides.seen.unheard.items():
        if any(takes(operation, path) for operation in (kind.create, kind.update) if operation):
            unheard[spelled(path)] = value
        else:
            shown.append(Ignored(spelled(path), value, None, SHOWN))
    undeclared = {change.path: change.before for change in sides.fields if _is_undeclared(kind, desired, change)}
    everything = {**undeclared, **unheard}
    recorded = AppliedRecord.of(live.claims).left
    for kept in (everything,) if is_made else (everything, unheard):  # what else there is, is a change of its own
        if recorded == digest_of_members(kept):
            return Left(recorded, ignored=(*shown, *(Ignored(path, kept[path], None, NOTED) for path in kept)))
    kept = everything if is_made else unheard
    fields = tuple(_noted(path, value, SERVICE if path in undeclared else UNHEARD) for path, value in kept.items())
    return Left(digest_of_members(kept), fields, tuple(shown))


def difference(
    kind: Kind, desired: Desired, live: Live, sides: Sides, left: Left, ownership: Mapping[str, str]
) -> Difference:
    """Return what differs. `ownership` are the tags of ours that the resource should carry."""
    quiet = {one.path for one in left.ignored} | {change.path for change in left.fields}
    fields = (*(change for change in sides.fields if change.path not in quiet), *left.fields)
    tags = tuple(_tag_changes(users_tags(live.tags), sides.tags))
    is_drift = AppliedRecord.of(live.claims).digest == AppliedRecord.of(ownership).digest
    changed = tuple(_told(kind, change, desired, is_drift=is_drift) for change in (*fields, *tags))
    tag = {**_to_write(live.tags, ownership), **{_key(c): c.after for c in tags if c.after is not None}}
    untag = (*(_key(c) for c in tags if c.after is None), *(key for key in own_tags(live.tags) if key not in ownership))
    if not changed and (tag or untag):
        changed = (_ownership_change(live, ownership),)
    return Difference(changed, sides.body, sides.tags, tag, untag, (*sides.ignored, *left.ignored))


def replacement(
    kind: Kind,
    desired: Desired,
    live: Live,
    identity: Identity,
    bodies: Bodies,
    takes: Takes,
    successors: Successors = NO_SUCCESSORS,
) -> Difference:
    """Return all that differs between a live resource and a new one that takes its place.

    Nothing is left to the service: what only the live one has is lost, and what the service fills in for a new one
    may be something else.
    """
    sides = sides_of(kind, desired, live, identity, bodies, successors, is_replaced=True)
    lost = tuple(
        FieldChange(path=spelled(path), before=value, after=None, cost=Cost.REPLACE, why=LOST)
        for path, value in sides.seen.unheard.items()
        if takes(kind.create, path)
    )
    tags = tuple(_tag_changes(users_tags(live.tags), sides.tags))
    is_drift = AppliedRecord.of(live.claims).digest == sides.digest
    told = (_told(kind, change, desired, is_drift=is_drift) for change in (*sides.fields, *lost, *tags))
    changed = tuple(_with_source(kind, desired, change) for change in told)
    return Difference(changed, sides.body, sides.tags, {}, (), sides.ignored)


def _with_source(kind: Kind, desired: Desired, change: FieldChange) -> FieldChange:
    """Say where a value comes from that the declaration does not have, and why one goes that is not ours."""
    if change.path.startswith("tags.") or is_written(kind, desired.spec, change.path):
        return change
    if change.after is None:
        return replace(change, why=LOST) if change.undeclared else change
    return replace(change, undeclared=True, why=FILLED_ANEW)


def _applied(kind: Kind, desired: Desired, digest: str, left: str) -> AppliedRecord:
    """It keeps the declared values of members that the service moves by itself: only another value is sent again."""
    moving = {declared_value(row, desired) for row in kind.fields if row.runtime_if and row.runtime_if(desired.spec)}
    return AppliedRecord(digest, flags_of(desired.lifecycle) | moving | ({f"{LEFT}{left}"} if left else frozenset()))


def _is_undeclared(kind: Kind, desired: Desired, change: FieldChange) -> bool:
    return change.after is None and not is_written(kind, desired.spec, change.path)


def _noted(path: str, value: Json, why: str) -> FieldChange:
    return FieldChange(path=path, before=value, after=None, cost=Cost.METADATA, why=why, undeclared=True, noted=True)


def _tag_changes(live: Mapping[str, str], wanted: Mapping[str, str]) -> Iterator[FieldChange]:
    for key in sorted({*live, *wanted}):
        if live.get(key) != wanted.get(key):
            yield FieldChange(path=f"tags.{key}", before=live.get(key), after=wanted.get(key), cost=Cost.METADATA)


def _key(change: FieldChange) -> str:
    return change.path.removeprefix("tags.")


def _to_write(live: Mapping[str, str], ownership: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in ownership.items() if live.get(key) != value}


def _told(kind: Kind, change: FieldChange, desired: Desired, *, is_drift: bool) -> FieldChange:
    undeclared = change.noted or (is_drift and _is_undeclared(kind, desired, change))
    where = desired.places.find(tuple(change.path.split(".")))
    return replace(change, drift=is_drift, undeclared=undeclared, where=where)


def _ownership_change(live: Live, ownership: Mapping[str, str]) -> FieldChange:
    """Tell the tag of ours that matters most: whose it is, else under which name, else what was last applied."""
    key = next((key for key in (OWNER, NAME) if live.tags.get(key) != ownership.get(key)), APPLIED)
    before, after = live.tags.get(key), ownership.get(key)
    is_gone = key == APPLIED and AppliedRecord.of(live.tags).without_left == AppliedRecord.of(ownership).without_left
    why = "the record of what was applied is out of date" if key == APPLIED else ""
    return FieldChange(
        path=f"tags.{key}",
        before=before,
        after=after,
        cost=Cost.METADATA,
        why="a member that the service had filled in has gone" if is_gone else why,
        noted=is_gone,
    )
