"""What the service chooses for a new resource, and keeps: the image type of a compute environment.

Nobody declares it, so a change of it shows only against what is known: what the service would choose, or what the
record of the last apply has, where it chose something else.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from reconciler.kinds.base import Field, Kind, Rows
from reconciler.live.ownership import AppliedRecord
from reconciler.model import Desired, Json, Live, Spec, member_at


@dataclass(frozen=True, slots=True)
class ServiceChoice:
    """A live field that nobody declares, by its keys, and what the service would choose for either body.

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
        chosen, made = row.is_service_default, row.service_default
        if ours is None and theirs and chosen and made and chosen(theirs):
            choices.append(ServiceChoice(path, row, theirs, made(live), made(declared), _recorded(row, resource)))
    return tuple(choices)


def with_proper_choices(desired: Desired, choices: Iterable[ServiceChoice]) -> Desired:
    """Return the declaration with what the service had chosen, where somebody else has changed that."""
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
    step, *rest = path
    return {**body, step: _with(body.get(step) or {}, tuple(rest), value) if rest else value}
