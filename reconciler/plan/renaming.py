"""A resource that goes while its equal comes under another name: most likely it was renamed."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from reconciler.diff import canonical, digest_of, without_filled
from reconciler.kinds import KINDS
from reconciler.model import Action, Address, Change, Desired, Identity, Json


def with_former_names(
    removals: Iterable[Change], changes: Iterable[Change], desired: Iterable[Desired], identity: Identity
) -> Iterator[Change]:
    """Yield the removals, each that has an equal among what is created with a hint at `lifecycle.renamedFrom`."""
    going = list(removals)
    kinds = {change.address.kind for change in going if change.action is Action.DELETE}
    created = {c.address for c in changes if c.action is Action.CREATE and c.address.kind in kinds}
    coming = {_looks(one.address, one.spec, identity): one.address for one in desired if one.address in created}
    for change in going:
        is_deleted = coming and change.seen and change.action is Action.DELETE
        equal = coming.get(_looks(change.address, change.seen.spec, identity)) if is_deleted and change.seen else None
        yield replace(change, reasons=(*change.reasons, _hint(change, equal))) if equal else change


def _looks(address: Address, body: Mapping[str, Json], identity: Identity) -> str:
    """Return what tells bodies of one kind apart, whatever they are called."""
    kind = KINDS[address.kind]
    return digest_of([kind.name, without_filled(kind.rows, canonical(kind.rows, body, identity), {})])


def _hint(change: Change, equal: Address) -> str:
    former = f"lifecycle: {{renamedFrom: {change.address.name}}}"
    return f"{equal}, which is created, is equal: `{former}` there keeps this one instead"
