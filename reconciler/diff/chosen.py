"""What the service chooses for a new resource, and keeps (`Field.filled`): the image type of a compute environment.

Nobody declares it, so a change of it shows only against what is known: what the service would choose, or what the
record of the last apply has, where it chose something else.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from reconciler.diff.canonical import canonical
from reconciler.diff.compare import FILLED, spelled
from reconciler.kinds.base import Field, Kind, Rows
from reconciler.live.ownership import AppliedRecord
from reconciler.model import Desired, Identity, Ignored, Json, Live, Spec


@dataclass(frozen=True, slots=True)
class ServiceChoice:
    """A live member that nobody declares, by its keys, and what the service would choose for either body.

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
        return _keys(self.value) in (_keys(self.for_live), _keys(self.for_desired), self.recorded)

    @property
    def proper(self) -> frozenset[str]:
        """What it was, as far as that is known."""
        return self.recorded or _keys(self.for_desired)


def choices(kind: Kind, desired: Desired, live: Live, identity: Identity) -> tuple[ServiceChoice, ...]:
    """Return what the service has chosen for a live resource."""
    rows = Rows.of(kind.rows).chosen
    if not rows:
        return ()
    shown, declared = (canonical(kind.rows, body, identity) for body in (live.spec, desired.spec))
    found = []
    for path, row in rows:
        theirs, ours = _at(shown, path), _at(declared, path)
        if ours is None and theirs and row.fills and row.filled and row.fills(theirs):
            recorded = _recorded(row, live)
            found.append(ServiceChoice(path, row, theirs, row.filled(shown), row.filled(declared), recorded))
    return tuple(found)


def with_proper_choices(desired: Desired, chosen: Iterable[ServiceChoice]) -> Desired:
    """Return the declaration with what the service had chosen, where somebody else has changed that."""
    spec = desired.spec
    for choice in chosen:
        if not choice.is_known and choice.proper:
            spec = _with(spec, choice.path, [{choice.row.key: key} for key in sorted(choice.proper)])
    return desired if spec is desired.spec else replace(desired, spec=spec)


def notes_of(chosen: Iterable[ServiceChoice], *, restores: bool) -> frozenset[str]:
    """Return what the record of an apply has to keep: what the service would not choose for what is declared."""
    found = ((one, one.proper if restores and not one.is_known else _keys(one.value)) for one in chosen)
    return frozenset(_note(one.row, keys) for one, keys in found if keys != _keys(one.for_desired))


def new_choices(chosen: Iterable[ServiceChoice]) -> Iterator[Ignored]:
    """Yield what the service has chosen otherwise than is known, and the record does not have yet."""
    return (Ignored(spelled(one.path), one.value, None, FILLED) for one in chosen if not one.is_known)


def _note(row: Field, keys: Iterable[str]) -> str:
    return f"{row.name}={'+'.join(sorted(keys))}"


def _recorded(row: Field, live: Live) -> frozenset[str]:
    prefix = _note(row, ())
    flags = (flag for flag in AppliedRecord.of(live.claims).flags if flag.startswith(prefix))
    return frozenset(key for flag in flags for key in flag.removeprefix(prefix).split("+"))


def _keys(value: Json) -> frozenset[str]:
    return frozenset(value or ())


def _at(body: Spec, path: tuple[str, ...]) -> Json:
    found: Json = body
    for step in path:
        found = (found or {}).get(step)
    return found


def _with(body: Spec, path: tuple[str, ...], value: Json) -> Spec:
    step, *rest = path
    return {**body, step: _with(body.get(step) or {}, tuple(rest), value) if rest else value}
