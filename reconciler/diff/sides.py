"""One resource from both sides, in canonical form, and all that is left out of the comparison."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from types import MappingProxyType

from reconciler.diff.canonical import canonical
from reconciler.diff.changes import Bodies, field_changes
from reconciler.diff.digest import digest_of
from reconciler.diff.ignore import covers, matches, with_ignored
from reconciler.diff.seen import Seen, as_created, seen_by, uncompared
from reconciler.kinds.base import Field, Kind
from reconciler.kinds.paths import steps_of
from reconciler.model import Desired, FieldChange, Identity, Ignored, Json, Live, Spec
from reconciler.ownership import AppliedRecord, as_kept, users_tags

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
