"""The whole difference of one resource: its members, its tags, and whether it is drift or ours to change."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from reconciler.diff.canonical import canonical, without_filled
from reconciler.diff.changes import Bodies, field_changes
from reconciler.diff.digest import digest_of
from reconciler.diff.ignore import with_ignored
from reconciler.kinds.base import Field, Kind
from reconciler.model import Cost, Desired, FieldChange, Identity, Live, Spec
from reconciler.ownership import APPLIED, NAME, OWNER, Applied, flags_of, own_tags, users_tags


@dataclass(frozen=True, slots=True)
class Difference:
    """`desired` and `tags` are what to send: as declared, but for ignored members, which keep their live value."""

    fields: tuple[FieldChange, ...]
    desired: Spec
    tags: Mapping[str, str]  # without ours
    tag: Mapping[str, str]  # to write
    untag: tuple[str, ...]  # to take off

    @property
    def is_empty(self) -> bool:
        return not self.fields and not self.tag and not self.untag


def declared_digest(kind: Kind, desired: Desired, identity: Identity) -> str:
    """Return the digest of a declaration: of its meaning, not of its spelling."""
    return digest_of({"spec": canonical(kind.rows, desired.spec, identity), "tags": dict(desired.tags)})


def applied_of(kind: Kind, desired: Desired, identity: Identity) -> Applied:
    """Return the record of a declaration that the resource carries once it is applied.

    It keeps the declared values of members that the service moves by itself: only another value is sent again.
    """
    moving = {_declared(row, desired) for row in kind.fields if row.runtime_if and row.runtime_if(desired.spec)}
    return Applied(declared_digest(kind, desired, identity), flags_of(desired.lifecycle) | moving)


def difference(
    kind: Kind, desired: Desired, live: Live, ownership: Mapping[str, str], identity: Identity, bodies: Bodies
) -> Difference:
    """Compare a declaration with what is live.

    `ownership` are the tags of ours that it should carry, `bodies` what it may refer to, by ARN.
    """
    ignored = (*desired.lifecycle.ignore_changes, *_left_to_runtime(kind, desired, live))
    body = with_ignored(kind, desired.spec, live.spec, [path for path in ignored if not path.startswith("tags.")])
    wanted = canonical(kind.rows, body, identity)
    full = canonical(kind.rows, live.spec, identity)
    fields = field_changes(kind, without_filled(kind.rows, full, wanted), wanted, full, bodies)
    labels = _wanted_tags(desired, live)
    tags = tuple(_tag_changes(users_tags(live.tags), labels))
    is_drift = Applied.of(live.claims).digest == Applied.of(ownership).digest
    changed = tuple(_told(change, desired, is_drift=is_drift) for change in (*fields, *tags))
    tag = {**_to_write(live.tags, ownership), **{_key(c): c.after for c in tags if c.after is not None}}
    untag = (*(_key(c) for c in tags if c.after is None), *(key for key in own_tags(live.tags) if key not in ownership))
    if not changed and (tag or untag):
        changed = (_ownership_change(live, ownership),)
    return Difference(changed, body, labels, tag, untag)


def _left_to_runtime(kind: Kind, desired: Desired, live: Live) -> Iterator[str]:
    """Yield the members that the service moves by itself, and whose declared value was applied once."""
    flags = Applied.of(live.claims).flags
    for row in kind.fields:
        if row.runtime_if and row.runtime_if(live.spec) and _declared(row, desired) in flags:
            yield row.name


def _declared(row: Field, desired: Desired) -> str:
    return f"{row.name}={desired.spec.get(row.name)}"


def _wanted_tags(desired: Desired, live: Live) -> dict[str, str]:
    kept = {path.removeprefix("tags.") for path in desired.lifecycle.ignore_changes if path.startswith("tags.")}
    wanted = {key: value for key, value in desired.tags.items() if key not in kept}
    return wanted | {key: value for key, value in users_tags(live.tags).items() if key in kept}


def _tag_changes(live: Mapping[str, str], wanted: Mapping[str, str]) -> Iterator[FieldChange]:
    for key in sorted({*live, *wanted}):
        if live.get(key) != wanted.get(key):
            yield FieldChange(path=f"tags.{key}", before=live.get(key), after=wanted.get(key), cost=Cost.METADATA)


def _key(change: FieldChange) -> str:
    return change.path.removeprefix("tags.")


def _to_write(live: Mapping[str, str], ownership: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in ownership.items() if live.get(key) != value}


def _told(change: FieldChange, desired: Desired, *, is_drift: bool) -> FieldChange:
    undeclared = is_drift and change.after is None
    where = desired.places.find(tuple(change.path.split(".")))
    return replace(change, drift=is_drift, undeclared=undeclared, where=where)


def _ownership_change(live: Live, ownership: Mapping[str, str]) -> FieldChange:
    """Tell the tag of ours that matters most: whose it is, else under which name, else what was last applied."""
    key = next((key for key in (OWNER, NAME) if live.tags.get(key) != ownership.get(key)), APPLIED)
    why = "the record of what was applied is out of date" if key == APPLIED else ""
    before, after = live.tags.get(key), ownership.get(key)
    return FieldChange(path=f"tags.{key}", before=before, after=after, cost=Cost.METADATA, why=why)
