"""The complete requests and waits that make one change. Pure: the same change always gives the same program."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial

from reconciler.diff import Difference
from reconciler.diff.canonical import compact, is_absent
from reconciler.kinds.base import (
    DISABLED,
    ENABLED,
    MEMBER,
    MISSING,
    Created,
    Field,
    Form,
    Kind,
    Row,
    Rows,
    Unmanaged,
    UpdateCall,
    is_disabled,
)
from reconciler.kinds.paths import update_unit
from reconciler.live.ownership import APPLIED, PENDING, AppliedRecord, own_tags, ownership_tags, owns
from reconciler.model import Call, Cost, Desired, Json, Live, Path, Repeat, Spec, Step, Until, Wait, member_at, own_name
from reconciler.ports import Takes

# What of a body a request carries: of a declared one, and of one that the service describes.


def request_body(rows: Iterable[Row], body: Spec, *, update: bool = False) -> dict[str, Json]:
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
        return request_body(fields, value, update=update)
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
    return dict(_taken(kind.rows, described, (), partial(takes, kind.create.operation)))


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


SETTLED = ("VALID", "INVALID")
TAG, UNTAG = "TagResource", "UntagResource"
SEEN_WITHIN = 60.0  # seconds in which a new revision is described: AWS names no bound, and seconds are usual


def create_steps(
    kind: Kind, desired: Desired, tags: Mapping[str, str], applied: AppliedRecord, *, keeps: bool = False
) -> tuple[Step, ...]:
    """Create, wait, and then send what only an update can set. `tags` are all tags, ours included.

    `keeps`: some of it may be ignored. Until it is set, the tag keeps it: a run after an interrupted one would take
    what the create has left behind for the value to keep.
    """
    later = _later_members(kind, desired.spec)
    first = AppliedRecord(PENDING, applied.flags).keeping(later if keeps else {}) if later else applied
    labels = {key: str(first) if value == str(applied) else value for key, value in tags.items()}
    body = {kind.name_member: own_name(desired.name), **_create_members(kind, desired.spec), "tags": labels}
    verb = "register a revision of" if kind.revisions else "create"
    call = Call(
        operation=kind.create.operation,
        request=body,
        says=f"{verb} {kind.noun} {desired.name}",
        repeat=Repeat.LOOK_FIRST,
        after_revision=max(desired.live.revisions, default=0) if desired.live else 0,
    )
    steps = (call, *_settle(kind.create.settles_within))
    if not later or kind.update is None:
        return steps
    update = _update_call(kind, kind.update, (desired.name, desired.arn), later, desired.spec)
    return (*steps, update, *_settle(kind.update.settles_within), *tag_steps(desired.arn, tags, ()))


def update_steps(kind: Kind, live: Live, difference: Difference) -> tuple[Step, ...]:
    """Bring a live resource to the declaration: wait for it to settle, update what changed, then the tags."""
    members = _changed_members(kind, live.spec, difference) or _revalidating(kind, live)
    update: tuple[Step, ...] = ()
    if members and kind.update:
        # The policy that comes with an update holds for it already (UpdateComputeEnvironment).
        jobs = _job_timeout(kind.update, difference.spec) if _replaces_instances(difference) else 0
        call = _update_call(kind, kind.update, (live.address.name, live.arn), members, {**live.spec, **difference.spec})
        update = (call, *_settle(kind.update.settles_within, jobs))
    return (*settle_first(kind, live), *update, *tag_steps(live.arn, difference.tag, difference.untag))


def delete_steps(
    kind: Kind,
    live: Live,
    *,
    is_idle_awaited: bool = False,
    queues: Iterable[str] = (),
    kept: AppliedRecord | None = None,
    patience: float | None = None,
) -> tuple[Step, ...]:
    """Disable, wait, delete, wait until it is gone; or deregister every active revision.

    `is_idle_awaited`: wait before the deletion until nothing runs on it any more; `queues` are the ARNs of those whose
    jobs may. `kept` is the record of what it was before that, for a run after an interrupted one. `patience`: for how
    long to wait, in seconds, until no job is in it; None does not look.
    """
    if kind.revisions:
        # What nobody owns goes first: a run after an interrupted one knows the rest by its tags.
        return prune_steps(kind, live, sorted(live.revisions, key=lambda number: (number in live.owned, number)))
    within = kind.delete.gone_within
    gone = () if within is None else (Wait(Until.GONE, within, f"wait until {live.address.name} is gone"),)
    if live.status == "DELETING":
        return gone
    name = live.address.name
    ends = kind.idle.timeout if is_idle_awaited and kind.idle else 0
    idling = (Wait(Until.IDLE, ends, f"wait until nothing runs on {name}", queues=tuple(queues)),) if ends else ()
    emptying = () if patience is None else (Wait(Until.EMPTY, patience, f"wait until no job is in {name}"),)
    noting = tag_steps(live.arn, {APPLIED: str(kept)}, ()) if kept else ()
    disabling = _disable(kind, live, idle=is_idle_awaited)
    return (*settle_first(kind, live), *noting, *disabling, *idling, *emptying, _delete(kind, live), *gone)


def revision_steps(
    kind: Kind, desired: Desired, live: Live, tags: Mapping[str, str], applied: AppliedRecord
) -> tuple[Step, ...]:
    """Register a revision, and wait until AWS shows it: from then on, jobs that name no revision run it."""
    name = live.address.name
    until_seen = Wait(
        Until.SEEN, SEEN_WITHIN, f"wait until AWS shows the new revision of {name}", max(live.revisions, default=0)
    )
    return (*create_steps(kind, desired, tags, applied), until_seen)


def prune_steps(kind: Kind, live: Live, revisions: Iterable[int]) -> tuple[Step, ...]:
    return tuple(_deregister(kind, live, revision) for revision in revisions)


def forget_steps(live: Live, stack: str, prefix: str) -> tuple[Step, ...]:
    """Take our tags off; of revisions the newest last, which tells an interrupted run's successor what is wanted."""
    owned = {
        _revision_arn(live, number): tags
        for number, tags in sorted(live.owned.items())
        if owns(tags, live.address.name, stack, prefix)
    }
    return tuple(
        step for arn, tags in (owned or {live.arn: live.tags}).items() for step in tag_steps(arn, {}, own_tags(tags))
    )


def settle_first(kind: Kind, live: Live) -> tuple[Step, ...]:
    """AWS refuses to touch what is in transition ("resource is being modified")."""
    if live.status in SETTLED or kind.update is None or kind.update.settles_within is None:
        return ()
    jobs = _job_timeout(kind.update, live.spec) if live.status == "UPDATING" else 0
    says = f"wait until {live.address.name} is no longer {live.status}"
    return (Wait(Until.SETTLED, kind.update.settles_within + jobs, says),)


def name_first(kind: Kind, name: str) -> tuple[Step, ...]:
    """A name is free once no description has it; until then a create is refused with "Object already exists".

    Source: aws-cloudformation/cloudformation-coverage-roadmap issue 2463.
    """
    within = kind.delete.gone_within
    return () if within is None else (Wait(Until.FREE, within, f"wait until the name {name} is free"),)


def tag_steps(arn: str, tag: Mapping[str, str], untag: Iterable[str]) -> tuple[Step, ...]:
    keys = sorted(untag)  # a description has its tags in any order
    tagging = (Call(TAG, {"resourceArn": arn, "tags": dict(tag)}, f"tag {_tail(arn)}"),) if tag else ()
    untagging = (Call(UNTAG, {"resourceArn": arn, "tagKeys": keys}, f"untag {_tail(arn)}"),) if keys else ()
    return (*tagging, *untagging)


def limited(steps: Iterable[Step], longest: float | None) -> tuple[Step, ...]:
    """Return the steps, of which no wait takes longer than that, in seconds."""
    if longest is None:
        return tuple(steps)
    return tuple(
        replace(step, timeout=min(step.timeout, longest)) if isinstance(step, Wait) else step for step in steps
    )


def all_tags(stack: str, prefix: str, desired: Desired, applied: AppliedRecord) -> dict[str, str]:
    return {**desired.tags, **ownership_tags(stack, prefix, desired.address.name, desired.name, applied)}


def _create_members(kind: Kind, spec: Spec) -> dict[str, Json]:
    """What the create request carries. Of the members that come later, their default may be written all the same."""
    later = _later_members(kind, spec)
    members = request_body(kind.rows, spec)
    return {name: value for name, value in members.items() if name not in later and not _is_update_only(kind, name)}


def _is_update_only(kind: Kind, name: str) -> bool:
    row = kind.field(name)
    return row is not None and row.created is Created.LATER and row.default is None


def _later_members(kind: Kind, spec: Spec) -> dict[str, Json]:
    """What the create request cannot carry and what differs from the default that a create leaves behind."""
    names = [row.name for row in kind.fields if row.created is Created.LATER]
    members = request_body(kind.rows, spec, update=True)
    return {name: value for name, value in members.items() if name in names and not _is_default(kind, name, value)}


def _is_default(kind: Kind, name: str, value: Json) -> bool:
    row = kind.field(name)
    return row is not None and row.default is not None and str(value).upper() == str(row.default).upper()


def _changed_members(kind: Kind, live: Spec, difference: Difference) -> dict[str, Json]:
    """The members of an update request: only what changes, each as the whole that the API replaces."""
    members: dict[str, Json] = {}
    for change in difference.fields:
        if change.noted or change.is_of_tags or change.path[0] in kind.read.response_only:
            continue
        unit = update_unit(kind, change.path)
        value = _unit_value(kind, unit, live, difference.spec)
        row = kind.field(unit[0])
        if row is not None and row.update_as:
            members |= row.update_as(value)
        elif len(unit) == 1:
            members[unit[0]] = value
        else:
            members.setdefault(unit[0], {})[unit[1]] = value
    for row in kind.fields:
        if row.name in members and row.merges:
            members[row.name] |= _triggers(row, members[row.name], difference)
    return members


def _revalidating(kind: Kind, live: Live) -> dict[str, Json]:
    """Any update validates what is INVALID again (hashicorp/terraform-provider-aws 8549); this one changes nothing."""
    return {MEMBER: live.spec.get(MEMBER) or ENABLED} if kind.settles and live.status == "INVALID" else {}


def _triggers(row: Field, sent: Mapping[str, Json], difference: Difference) -> dict[str, Json]:
    """What rides along with the members that are sent: with some of them always, with new instances if declared."""
    declared = difference.spec.get(row.name) or {}
    out = {}
    for inner in row.members:
        wanted = declared.get(inner.name)
        is_due = wanted is not False and any(name in sent for name in inner.trigger_for)
        if is_due or (inner.trigger_for and wanted and _replaces_instances(difference)):
            out[inner.name] = True
    return out


def _unit_value(kind: Kind, unit: tuple[str, ...], live: Spec, desired: Spec) -> Json:
    """What to send for a member: what is wanted, and the unset form for what of it is not."""
    wanted = member_at(request_body(kind.rows, desired, update=True), unit)
    row = kind.field(unit[0])
    inner = row if len(unit) == 1 or row is None else next((f for f in row.members if f.name == unit[1]), None)
    unset = inner.unset if inner is not None else MISSING
    if is_absent(wanted):
        return unset(member_at(live, unit)) if callable(unset) else unset
    return {**unset, **wanted} if isinstance(unset, Mapping) else wanted


def _update_call(
    kind: Kind, update: UpdateCall, target: tuple[str, str], members: Mapping[str, Json], body: Spec
) -> Call:
    """`target` is the name and the ARN; `body` is the whole that results."""
    companion = {}
    if update.any_of and not set(members) & set(update.any_of):
        first = update.any_of[0]
        row = kind.field(first)
        companion = {first: body.get(first) or (row.default if row else None)}
    request = {**update.target(*target), **members, **companion}
    return Call(update.operation, request, f"update {kind.noun} {target[0]}: {', '.join(sorted(members))}")


def _job_timeout(update: UpdateCall, body: Spec) -> float:
    """Return the seconds that running jobs may keep instances which are replaced."""
    return update.instances.job_timeout(body) if update.instances else 0


def _replaces_instances(difference: Difference) -> bool:
    return any(change.cost is Cost.INFRASTRUCTURE for change in difference.fields)


def _settle(within: float | None, longer: float = 0, until: Until = Until.VALID) -> tuple[Step, ...]:
    return () if within is None else (Wait(until, within + longer, f"wait until it is {until}"),)


def _disable(kind: Kind, live: Live, *, idle: bool) -> tuple[Step, ...]:
    more = kind.idle.disable_with(live.spec) if idle and kind.idle else {}
    if kind.update is None or not kind.delete.disable_first or (is_disabled(live.spec) and not more):
        return ()
    request = {**kind.update.target(live.address.name, live.arn), MEMBER: DISABLED, **more}
    call = Call(kind.update.operation, request, f"disable {kind.noun} {live.address.name}", Repeat.GONE_IS_DONE)
    # INVALID will do: an environment that is beyond repair can still be deleted.
    return (call, *_settle(kind.update.settles_within, until=Until.SETTLED))


def _delete(kind: Kind, live: Live) -> Call:
    request = kind.delete.target(live.address.name, live.arn)
    return Call(kind.delete.operation, request, f"delete {kind.noun} {live.address.name}", Repeat.GONE_IS_DONE)


def _deregister(kind: Kind, live: Live, revision: int) -> Call:
    request = {kind.delete.id_member: _revision_arn(live, revision)}
    return Call(kind.delete.operation, request, f"deregister {live.address.name}:{revision}", Repeat.GONE_IS_DONE)


def _revision_arn(live: Live, revision: int) -> str:
    return f"{live.arn.rpartition(':')[0]}:{revision}"


def _tail(arn: str) -> str:
    return arn.rsplit(":", 1)[-1] if "/" in arn.rsplit(":", 1)[-1] else arn.split(":", 5)[-1]
