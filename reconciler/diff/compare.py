"""The door of comparison: what differs between a declaration and a live resource, as `Difference`.

Also between what is live and what takes its place, between two bodies, and between two looks at one resource.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import takewhile

from reconciler.diff.canonical import Twin, canonical, canonical_member, compact
from reconciler.diff.ignore import ignored_tags, reason_of, reasons_for, tags_with_ignored, with_ignored
from reconciler.diff.live_view import LiveView, as_created, uncompared, view_live, without_filled
from reconciler.diff.record import (
    LeftToService,
    digest_of_declaration,
    is_undeclared,
    left_to_service,
    record_of,
    service_choices,
    with_choices,
    with_proper_choices,
)
from reconciler.kinds.base import MISSING, ChangedField, Field, Kind
from reconciler.kinds.paths import canonical_path, is_written, update_unit, written_path
from reconciler.kinds.reasons import INVALID, RepairMethod, invalid_reason_of
from reconciler.live.ownership import (
    APPLIED,
    NAME,
    OWNER,
    AppliedRecord,
    is_ours,
    own_tags,
    ownership_tags,
    users_tags,
    with_kept_fields,
)
from reconciler.model import (
    STATUS,
    TAGS,
    Address,
    Cost,
    Desired,
    FieldChange,
    Identity,
    Ignored,
    Json,
    Live,
    Path,
    Spec,
    dotted,
    member_at,
)
from reconciler.placeholders import Secret
from reconciler.ports import Takes, takes_nothing

# What differs between two canonical bodies, field by field, and what each difference costs.

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

    paths: dict[tuple[str, ...], None] = {}
    texts = [(str, Secret)]  # a secret text that is live is a plain one
    compared = DeepDiff(dict(live), dict(desired), view="tree", threshold_to_diff_deeper=0, ignore_type_in_groups=texts)
    for items in compared.values():
        for item in items:
            # A list is compared as a whole: nothing identifies its entries.
            paths.setdefault(tuple(takewhile(lambda step: isinstance(step, str), item.path(output_format="list"))))
    yield from sorted(paths)


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


LOST = "not declared: the new resource will not have it"
FILLED_ANEW = "not declared: AWS Batch chooses it for the new resource"
OUT_OF_DATE = "the record of what was applied is out of date"
FILLED_NO_MORE = "a value that AWS Batch had set is no longer there"


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a comparison depends on beside its two sides; the same for all resources of a stack."""

    identity: Identity
    # The stack's name and name prefix: the owner that the tags of ours should say. None: the caller owns nothing,
    # so that nothing is recorded or repaired, and the tags of ours are as the desired tags say.
    owner: tuple[str, str] | None = None
    bodies: Mapping[str, Spec] = field(default_factory=dict)  # by ARN, as desired, else as live: they decide costs
    successors: Mapping[str, str] = field(default_factory=dict)  # ARNs, by the ARN of what each takes the place of
    made: frozenset[Address] = frozenset()  # created a moment ago: what is not declared comes from the service
    takes: Takes = takes_nothing  # what requests can have beside what our tables know


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What brings a live resource to its declaration; empty if it is there."""

    fields: tuple[FieldChange, ...]  # for people, and for what an update sends of `spec`; tags are among them
    spec: Spec  # to send: as declared, but for ignored fields, which keep their live value
    tags: Mapping[str, str]  # all that users write, likewise
    record: AppliedRecord  # that the resource carries once it is as declared
    tag: Mapping[str, str] = field(default_factory=dict)  # to write, ours included
    untag: tuple[str, ...] = ()  # to take off, ours included
    ignored: tuple[Ignored, ...] = ()  # what differs and is no change

    @property
    def is_empty(self) -> bool:
        return not self.fields and not self.tag and not self.untag


def compare(kind: Kind, desired: Desired, live: Live, context: Context) -> Difference:
    """Return what differs between a declaration and the live resource that it means."""
    declared, shown = _canonical_pair(kind, desired.spec, live.spec, context.identity)
    digest = digest_of_declaration(declared, desired.tags)
    choices = service_choices(kind, declared, shown, live)
    is_made = desired.address in context.made
    restores = context.owner is not None and not is_made and is_ours(live, *context.owner)
    if restores and (proper := with_proper_choices(desired, choices)) is not desired:
        desired, declared = proper, canonical(kind.rows, proper.spec, context.identity)
    sides = _sides_of(kind, desired, live, declared, shown, context)
    fields = tuple(with_newer_updates(kind, sides.fields, context.takes))
    left = LeftToService()
    if context.owner:
        left = left_to_service(kind, desired, live, sides.view.unknown, fields, context.takes, is_made=is_made)
        left = with_choices(left, choices, is_made=is_made, restores=restores)
    record = record_of(kind, desired, digest, left)
    tags = _compare_tags(desired, live, sides, record, context)
    noted = {ignored.path for ignored in left.ignored} | {change.path for change in left.fields}
    changes = (*(change for change in fields if change.path not in noted), *left.fields, *tags.changes)
    is_drift = AppliedRecord.of(live.claims).digest == AppliedRecord.of(tags.ours).digest
    changes = tuple(_with_source(kind, change, desired, context.identity, is_drift=is_drift) for change in changes)
    if not changes and (tags.tag or tags.untag):
        changes = (_ownership_change(live, tags.ours),)
    if context.owner and kind.settles and live.status == INVALID:
        changes = (*changes, _repair(live))
    return Difference(
        fields=changes,
        spec=sides.spec,
        tags=sides.tags,
        tag=tags.tag,
        untag=tags.untag,
        ignored=(*sides.ignored, *left.ignored),
        record=record,
    )


def compare_replacement(kind: Kind, desired: Desired, old: Live, context: Context) -> Difference:
    """Return everything that differs between a live resource and a new one that takes its place.

    Nothing is left to the service: what only the live one has is lost, and what the service fills in for a new one
    may be something else.
    """
    declared, shown = _canonical_pair(kind, desired.spec, old.spec, context.identity)
    sides = _sides_of(kind, desired, old, declared, shown, context, is_replaced=True)
    lost = tuple(
        FieldChange(path=path, before=value, after=None, cost=Cost.REPLACE, why=LOST)
        for path, value in sides.view.unknown.items()
        if context.takes(kind.create.operation, path)
    )
    record = record_of(kind, desired, digest_of_declaration(declared, desired.tags), LeftToService())
    is_drift = AppliedRecord.of(old.claims).digest == record.digest
    tags = _tag_changes(users_tags(old.tags), sides.tags)
    changes = (
        _with_source(kind, change, desired, context.identity, is_drift=is_drift)
        for change in (*sides.fields, *lost, *tags)
    )
    fields = tuple(_with_fate(kind, change, desired) for change in changes)
    return Difference(fields=fields, spec=sides.spec, tags=sides.tags, ignored=sides.ignored, record=record)


def compare_bodies(kind: Kind, live: Spec, declared: Spec, identity: Identity) -> tuple[FieldChange, ...]:
    """Return what differs between two bodies of which the service has described the first."""
    before, after = _canonical_pair(kind, live, declared, identity)
    return field_changes(kind, without_filled(kind.rows, before, after), after, before, {})


def compare_live(kind: Kind, before: Live, after: Live, identity: Identity) -> tuple[FieldChange, ...]:
    """Return what differs between two live bodies; what the service filled into one of them alone is no difference."""
    older, newer = _canonical_pair(kind, before.spec, after.spec, identity)
    newer = without_filled(kind.rows, newer, older)
    return field_changes(kind, without_filled(kind.rows, older, newer), newer, older, {})


def compare_declared(kind: Kind, first: Spec, second: Spec, identity: Identity) -> tuple[FieldChange, ...]:
    """Return what differs between two declared bodies."""
    before, after = _canonical_pair(kind, first, second, identity)
    return field_changes(kind, before, after, before, {})


def concurrent_changes(kind: Kind, before: Live, after: Live, identity: Identity) -> tuple[str, ...]:
    """Return the fields of a live resource that changed between two reads, in any way: `priority`, `tags.team`.

    What AWS moves by itself is left out. Of a definition they are its new revisions: `revision 4`.
    """
    revisions = tuple(f"revision {number}" for number in after.revisions if number not in before.revisions)
    if revisions:
        return revisions
    by_itself = {row.name for row in kind.fields if row.runtime_if and row.runtime_if(after.spec)}
    fields = compare_bodies(kind, after.spec, before.spec, identity)
    tags = _tag_changes(
        *({key: side.tags[key] for key in side.tags if not key.startswith("aws:")} for side in (before, after))
    )
    return tuple(dotted(change.path) for change in (*fields, *tags) if change.path[0] not in by_itself)


def _canonical_pair(kind: Kind, first: Spec, second: Spec, identity: Identity) -> Twin:
    formed = canonical(kind.rows, first, identity)
    return formed, canonical(kind.rows, second, identity, (first, formed))


@dataclass(frozen=True, slots=True)
class _Sides:
    """A declaration and what is live, brought together."""

    spec: Spec  # to send
    tags: Mapping[str, str]  # to have, without ours
    view: LiveView
    fields: tuple[FieldChange, ...]
    ignored: tuple[Ignored, ...]


def _sides_of(
    kind: Kind,
    desired: Desired,
    live: Live,
    declared: Spec,
    shown: Spec,
    context: Context,
    *,
    is_replaced: bool = False,
) -> _Sides:
    """`declared` and `shown` are the canonical bodies of both sides.

    `is_replaced`: a new resource takes the place of the live one, and gets what the service fills in for new ones.
    """
    reasons = reasons_for(kind, desired, live)
    kept = _followed(with_kept_fields(live), context.successors) if reasons else live.spec
    body = with_ignored(kind, desired.spec, kept, reasons)
    wanted = canonical(kind.rows, body, context.identity) if body is not desired.spec else declared
    if is_replaced:
        declared, wanted = (as_created(kind, side, shown, context.identity) for side in (declared, wanted))
    view = view_live(kind.rows, shown, wanted, is_replaced=is_replaced)
    fields = field_changes(kind, view.body, wanted, shown, context.bodies)
    paths = {change.path for change in fields}
    silenced = field_changes(kind, view.body, declared, shown, context.bodies) if body is not desired.spec else ()
    reason = partial(reason_of, kind, reasons, (desired.spec, live.spec))
    ignored = (
        *uncompared(kind.rows, live.spec, desired.spec),
        *view.ignored,
        *(Ignored(c.path, c.before, c.after, reason(c.path)) for c in silenced if c.path not in paths),
        *ignored_tags(desired, live, reasons),
    )
    return _Sides(body, tags_with_ignored(desired, live, reasons), view, fields, ignored)


def _followed(value: Json, successors: Mapping[str, str]) -> Json:
    """Return a body that refers to the successors of what it refers to: ignored references follow them."""
    if not successors:
        return value
    if isinstance(value, Mapping):
        return {key: _followed(inner, successors) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_followed(inner, successors) for inner in value]
    return successors.get(value, value) if isinstance(value, str) else value


@dataclass(frozen=True, slots=True, kw_only=True)
class _TagDifference:
    ours: Mapping[str, str]  # that the resource should have
    changes: tuple[FieldChange, ...]  # of those that users write
    tag: Mapping[str, str]
    untag: tuple[str, ...]


def _compare_tags(
    desired: Desired, live: Live, sides: "_Sides", record: AppliedRecord, context: Context
) -> _TagDifference:
    if context.owner:
        ours = ownership_tags(*context.owner, desired.address.name, live.address.name, record)
        changes = tuple(_tag_changes(users_tags(live.tags), sides.tags))
    else:
        ours = own_tags(desired.tags)
        changes = tuple(_tag_changes(users_tags(live.tags), users_tags(sides.tags)))
    written = {str(change.path[-1]): change.after for change in changes if change.after is not None}
    gone = (str(change.path[-1]) for change in changes if change.after is None)
    return _TagDifference(
        ours=ours,
        changes=changes,
        tag={**{key: value for key, value in ours.items() if live.tags.get(key) != value}, **written},
        untag=(*gone, *(key for key in own_tags(live.tags) if key not in ours)),
    )


def _tag_changes(live: Mapping[str, str], wanted: Mapping[str, str]) -> Iterator[FieldChange]:
    for key in sorted({*live, *wanted}):
        if live.get(key) != wanted.get(key):
            yield FieldChange(path=(TAGS, key), before=live.get(key), after=wanted.get(key), cost=Cost.METADATA)


def _with_source(
    kind: Kind, change: FieldChange, desired: Desired, identity: Identity, *, is_drift: bool
) -> FieldChange:
    """Say of a change whose it is, and where its field is declared."""
    undeclared = change.noted or (is_drift and is_undeclared(kind, desired, change))
    where = desired.places.find(written_place(kind, desired.spec, change, identity))
    return replace(change, drift=is_drift, undeclared=undeclared, where=where)


def _with_fate(kind: Kind, change: FieldChange, desired: Desired) -> FieldChange:
    """Say where a value comes from that only a successor has, and why an undeclared one is dropped."""
    if change.is_of_tags or is_written(kind, desired.spec, change.path):
        return change
    if change.after is None:
        return replace(change, why=LOST) if change.undeclared else change
    return replace(change, undeclared=True, why=FILLED_ANEW)


def _ownership_change(live: Live, ours: Mapping[str, str]) -> FieldChange:
    """Return the change of the tag of ours that matters most: the owner, else the name, else the record."""
    key = next((key for key in (OWNER, NAME) if live.tags.get(key) != ours.get(key)), APPLIED)
    is_gone = key == APPLIED and AppliedRecord.of(live.tags).without_left == AppliedRecord.of(ours).without_left
    why = OUT_OF_DATE if key == APPLIED else ""
    return FieldChange(
        path=(TAGS, key),
        before=live.tags.get(key),
        after=ours.get(key),
        cost=Cost.METADATA,
        why=FILLED_NO_MORE if is_gone else why,
        noted=is_gone,
    )


def _repair(live: Live) -> FieldChange:
    """What is INVALID is to become VALID. An update validates again, but some causes need a replacement."""
    known = invalid_reason_of(live.reason)
    cost = Cost.REPLACE if known.repair is RepairMethod.REPLACE else Cost.SCALING
    return FieldChange(path=STATUS, before=INVALID, after="VALID", cost=cost, why=known.cause or live.reason)
