"""The record of an apply, which a tag carries, and what it says about live values that are not declared.

It has the digest of the declaration, by which a difference is drift or a change of ours, and a digest of what the
service filled in: that is no change while it is as it was.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from reconciler.diff.canonical import canonical, digest_of
from reconciler.diff.ignore import declared_value
from reconciler.kinds.base import Field, Kind, Rows
from reconciler.kinds.paths import is_written
from reconciler.live.ownership import LEFT, AppliedRecord, flags_of
from reconciler.model import Cost, Desired, FieldChange, Identity, Ignored, Json, Live, Path, Spec, dotted, member_at
from reconciler.ports import Takes

# What the service chooses for a new resource, and keeps: the image type of a compute environment.
#
# It is not declared, so a change of it shows only against what is known: what the service would choose, or what the
# record of the last apply has, where it chose something else.


@dataclass(frozen=True, slots=True)
class ServiceChoice:
    """A live field that is not declared, by its keys, and what the service would choose for either body.

    `recorded` are the keys that the record of the last apply has; none where they are the usual ones.
    """

    path: tuple[str, ...]
    row: Field
    value: Json
    for_live: Json
    for_desired: Json
    recorded: frozenset[str]

    @property
    def is_known(self) -> bool:
        """Whether it is as known: what the service would choose, or has chosen as far as the record has that."""
        return _keys(self.value) in (_keys(self.for_live), _keys(self.for_desired), self.recorded)

    @property
    def proper(self) -> frozenset[str]:
        """What it was, as far as that is known."""
        return self.recorded or _keys(self.for_desired)

    def flag(self, *, restores: bool) -> str:
        """Return what the record has to keep of it; empty if the service would choose the same for the declaration.

        `restores`: the apply sets it back to what it was.
        """
        keys = self.proper if restores and not self.is_known else _keys(self.value)
        return _flag(self.row, keys) if keys != _keys(self.for_desired) else ""


def service_choices(kind: Kind, declared: Spec, live: Spec, resource: Live) -> tuple[ServiceChoice, ...]:
    """Return what the service has chosen for a live resource, from the canonical bodies."""
    choices = []
    for path, row in Rows.of(kind.rows).service_defaults:
        theirs, ours = member_at(live, path), member_at(declared, path)
        chosen, default_for = row.is_service_default, row.service_default
        if ours is None and theirs and chosen and default_for and chosen(theirs):
            choices.append(
                ServiceChoice(path, row, theirs, default_for(live), default_for(declared), _recorded(row, resource))
            )
    return tuple(choices)


def with_proper_choices(desired: Desired, choices: Iterable[ServiceChoice]) -> Desired:
    """Return the declaration with what the service had chosen, where that was changed outside this stack."""
    spec = desired.spec
    for choice in choices:
        if not choice.is_known and choice.proper:
            spec = _with(spec, choice.path, [{choice.row.key: key} for key in sorted(choice.proper)])
    return desired if spec is desired.spec else replace(desired, spec=spec)


def _flag(row: Field, keys: Iterable[str]) -> str:
    return f"{row.name}={'+'.join(sorted(keys))}"


def _recorded(row: Field, live: Live) -> frozenset[str]:
    prefix = _flag(row, ())
    flags = (flag for flag in AppliedRecord.of(live.claims).flags if flag.startswith(prefix))
    return frozenset(key for flag in flags for key in flag.removeprefix(prefix).split("+"))


def _keys(value: Json) -> frozenset[str]:
    return frozenset(value or ())


def _with(body: Spec, path: tuple[str, ...], value: Json) -> Spec:
    step, *deeper = path
    return {**body, step: _with(body.get(step) or {}, tuple(deeper), value) if deeper else value}


SHOWN = "it is only in API responses"
NOTED = "it existed when this stack was last applied, and is not declared"
UNKNOWN = "this version does not know the field: apply records its value, and keeps it"
SERVICE = "not declared: AWS Batch set it; apply records its value, and keeps it"


def first_record(kind: Kind, desired: Desired, identity: Identity) -> AppliedRecord:
    """Return the record of a declaration that a resource carries when it has just been made."""
    digest = digest_of_declaration(canonical(kind.rows, desired.spec, identity), desired.tags)
    return record_of(kind, desired, digest, LeftToService())


def digest_of_declaration(declared: Spec, tags: Mapping[str, str]) -> str:
    """Return the digest of a canonical body and its tags: of their meaning, not of their spelling."""
    return digest_of({"spec": declared, "tags": dict(tags)})


@dataclass(frozen=True, slots=True)
class LeftToService:
    """Live values that are not declared, and that no update resets."""

    digest: str = ""  # the record of them; empty if there are none
    fields: tuple[FieldChange, ...] = ()  # those that are not as in the record: news
    ignored: tuple[Ignored, ...] = ()  # those that are
    flags: frozenset[str] = frozenset()  # what else the record has to keep: choices of the service


def left_to_service(
    kind: Kind,
    desired: Desired,
    live: Live,
    unknown: Mapping[Path, Json],
    fields: Iterable[FieldChange],
    takes: Takes,
    *,
    is_made: bool,
) -> LeftToService:
    """Return what the service filled in: `unknown` to our tables, or undeclared among the changed `fields`.

    It is no change while it is as it was noted when the stack was last applied. `takes` says which fields requests can
    contain; others are only in answers. `is_made`: the resource was created a moment ago, so that everything that is
    not declared comes from the service.
    """
    unheard, shown = {}, []
    for path, value in unknown.items():
        if any(takes(operation, path) for operation in kind.body_operations):
            unheard[path] = value
        else:
            shown.append(Ignored(path, value, None, SHOWN))
    undeclared = {change.path: change.before for change in fields if is_undeclared(kind, desired, change)}
    everything = {**undeclared, **unheard}
    recorded = AppliedRecord.of(live.claims).left
    for values in (everything,) if is_made else (everything, unheard):  # the rest is a change of its own
        if recorded == _digest_of_values(values):
            noted = (Ignored(path, value, None, NOTED) for path, value in values.items())
            return LeftToService(recorded, ignored=(*shown, *noted))
    values = everything if is_made else unheard
    news = tuple(
        noted_change(path, value, SERVICE if path in undeclared else UNKNOWN) for path, value in values.items()
    )
    return LeftToService(_digest_of_values(values), news, tuple(shown))


def with_choices(
    left: LeftToService, choices: Iterable[ServiceChoice], *, is_made: bool, restores: bool
) -> LeftToService:
    """Add what the service has chosen: news where it was made a moment ago, and the record does not have it yet."""
    choices = tuple(choices)
    if not choices:
        return left
    news = tuple(
        noted_change(choice.path, choice.value, SERVICE) for choice in choices if is_made and not choice.is_known
    )
    flags = frozenset(filter(None, (choice.flag(restores=restores) for choice in choices)))
    return replace(left, fields=(*left.fields, *news), flags=flags)


def record_of(kind: Kind, desired: Desired, digest: str, left: LeftToService) -> AppliedRecord:
    """Return the record of a declaration, by its digest, that a resource carries once it is applied.

    It keeps the declared values of fields that the service moves by itself: only another value is sent again.
    """
    moving = {declared_value(row, desired) for row in kind.fields if row.runtime_if and row.runtime_if(desired.spec)}
    noted = {f"{LEFT}{left.digest}"} if left.digest else frozenset[str]()
    return AppliedRecord(digest, flags_of(desired.lifecycle) | moving | noted | left.flags)


def is_undeclared(kind: Kind, desired: Desired, change: FieldChange) -> bool:
    """Whether a change takes away what is live, and not written in the declaration."""
    return change.after is None and not is_written(kind, desired.spec, change.path)


def noted_change(path: Path, value: Json, why: str) -> FieldChange:
    return FieldChange(path=path, before=value, after=None, cost=Cost.METADATA, why=why, undeclared=True, noted=True)


def _digest_of_values(values: Mapping[Path, Json]) -> str:
    return digest_of({dotted(path): value for path, value in values.items()}) if values else ""
