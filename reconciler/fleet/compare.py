"""How two targets of one stack differ: as one plan, from the first to the second, in which nothing is live."""

from collections.abc import Iterator, Mapping

from reconciler.diff import compare_declared
from reconciler.fleet.target import FleetTarget
from reconciler.kinds.base import Kind
from reconciler.load.resources import spelled
from reconciler.model import Action, Address, Change, Cost, Declared, FieldChange, Identity, Json, Spec, Stack

BESIDE = ("tags", "lifecycle")
ANYWHERE = Identity("000000000000", "us-east-1")  # both are shown as if they were in one place


def compare_stacks(
    sides: tuple[FleetTarget, FleetTarget], stacks: tuple[Stack, Stack], kinds: Mapping[str, Kind]
) -> tuple[Change, ...]:
    """Return what differs between two stacks that were read, resource by resource, in the order of kinds and names.

    Account and region of a target are no difference: a text that has them is shown with `${account}` and `${region}`.
    """
    first, second = (_bodies(stack, target) for stack, target in zip(stacks, sides, strict=True))
    order = {name: number for number, name in enumerate(kinds)}
    addresses = sorted({*first, *second}, key=lambda address: (order[address.kind], address.name))
    changes = (_change(kinds[address.kind], address, first.get(address), second.get(address)) for address in addresses)
    return tuple(change for change in changes if change is not None)


def _bodies(stack: Stack, target: FleetTarget) -> dict[Address, Spec]:
    return {address: _placeless(_body(stack, declared), target) for address, declared in stack.declared.items()}


def _body(stack: Stack, declared: Declared) -> Spec:
    """Return a body with what the API has beside it: tags, those of the stack too, and how it is treated."""
    tags = {**stack.tags, **declared.spec.get("tags", {})}
    return {**declared.spec, "tags": tags, "lifecycle": spelled(declared.lifecycle)}


def _placeless(value: Json, target: FleetTarget) -> Json:
    if isinstance(value, Mapping):
        return {key: _placeless(inner, target) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_placeless(inner, target) for inner in value]
    if not isinstance(value, str):
        return value
    for name, text in (("account", target.account), ("region", target.region)):
        value = value.replace(text, f"${{{name}}}") if text else value
    return value


def _change(kind: Kind, address: Address, first: Spec | None, second: Spec | None) -> Change | None:
    fields = tuple(_fields(kind, first or {}, second or {}))
    action = Action.CREATE if first is None else Action.DELETE if second is None else Action.UPDATE
    is_one = action is Action.UPDATE and not fields
    return None if is_one else Change(action=action, address=address, name=address.name, fields=fields)


def _fields(kind: Kind, first: Spec, second: Spec) -> Iterator[FieldChange]:
    before, after = ({name: value for name, value in side.items() if name not in BESIDE} for side in (first, second))
    yield from compare_declared(kind, before, after, ANYWHERE)
    for part in BESIDE:
        ours, theirs = first.get(part, {}), second.get(part, {})
        for key in sorted({*ours, *theirs}):
            if ours.get(key) != theirs.get(key):
                yield FieldChange(path=(part, key), before=ours.get(key), after=theirs.get(key), cost=Cost.METADATA)
