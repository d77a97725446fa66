"""One value of a state by its address, with what is secret in it marked; or what is missing, and what is near."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from reconciler.model import Json
from reconciler.placeholders import Secret, is_secret, is_secret_text
from reconciler.ports import Missing
from reconciler.tfstate.address import EVERY, Every, Key, StateAddress, Step, path_text
from reconciler.tfstate.state import SensitivePath, StateInstance, TerraformState

MOST = 6  # names in a hint
PASSWORDS = "_password"  # the end of types such as random_password: all that they make is one


@dataclass(frozen=True, slots=True)
class _StateValue:
    """A value on the way to the one that is meant. `sensitive` are the paths below it that are marked."""

    value: Json
    sensitive: tuple[SensitivePath, ...] = ()


def find_value(state: TerraformState, address: StateAddress) -> Json:
    """Return a value in its type. What is sensitive in it is a `Secret`: a text, whatever it was.

    Raises `Missing`, also for null.
    """
    if not address.type:
        found = _output(state, address)
        names: tuple[Step, ...] = (address.name, *address.path)
        return _shown(address, names, [_inner(found, address.path, address.resource)])
    instances = _instances(state, address)
    values = [_inner(_of(one, address), address.path, one.address) for one in instances]
    return _shown(address, address.path, values)


def _shown(address: StateAddress, names: Sequence[Step], found: list[_StateValue]) -> Json:
    """Return the values with their secrets marked: those of all instances, where all are meant."""
    values = [_marked(one, names) for one in found]
    value = values if address.key == EVERY else values[0]
    if value is None:
        raise Missing(f"{address} is null", "choose a value that is set")
    return value


def _output(state: TerraformState, address: StateAddress) -> _StateValue:
    output = state.outputs.get(address.name)
    if output is None:
        has = f"it has {_listed(state.outputs)}" if state.outputs else "it has no outputs: is it applied?"
        raise _missing(f"there is no output {address.name}", address.name, state.outputs, has)
    return _StateValue(output.value, ((),) if output.is_sensitive else ())


def _instances(state: TerraformState, address: StateAddress) -> list[StateInstance]:
    known = [one for one in state.instances if not one.deposed]
    own = [one for one in known if one.resource == address.resource]
    if address.key == EVERY and own:
        return sorted(own, key=lambda one: (isinstance(one.key, str), one.key if one.key is not None else 0))
    if exact := [one for one in own if one.key == address.key]:
        return exact[:1]
    if not state.has_resources:
        hint = "`terraform output -json` prints outputs alone: name one, as in outputs.subnet_ids"
        raise Missing(f"there is no resource {address.instance}", hint)
    if own:
        near = own[0].address if address.key is None else _nearest(address.instance, [one.address for one in own])
        every = f", or {address.resource}[*] for all" if address.key is None else ""
        raise Missing(f"there is no instance {address.instance}", f"did you mean {near or own[0].address}{every}?")
    names = dict.fromkeys(one.resource for one in known)
    has = f"it has {_listed(names)}" if names else "it has no resources: is it applied?"
    raise _missing(f"there is no resource {address.resource}", address.resource, names, has)


def _of(instance: StateInstance, address: StateAddress) -> _StateValue:
    """Return the attributes of an instance. A state need not mark what its provider takes for sensitive."""
    is_password = instance.type.endswith(PASSWORDS) and address.path[:1] != ("id",)
    return _StateValue(instance.values, ((),) if is_password else instance.sensitive)


def _inner(found: _StateValue, path: Sequence[Step], at: str) -> _StateValue:
    """Follow a path. `at` is the address of what was found so far."""
    for index, step in enumerate(path):
        if isinstance(step, Every):
            elements = found.value
            if not isinstance(elements, list):
                raise Missing(f"{at} is no list", "leave [*] out")
            each = [_inner(_below(found, i), path[index + 1 :], f"{at}[{i}]") for i in range(len(elements))]
            marks = tuple((i, *mark) for i, one in enumerate(each) for mark in one.sensitive)
            return _StateValue([one.value for one in each], marks)
        _check(found.value, step, at)
        found, at = _below(found, step), at + path_text((step,))
    return found


def _check(value: Json, step: Key, at: str) -> None:
    """Raise `Missing` unless the value has the step."""
    match value, step:
        case Mapping(), str():
            if step not in value:
                has = f"it has {_listed(value)}" if value else "it is empty"
                raise _missing(f"{at} has no {step}", step, value, has)
        case list(), int():
            if step >= len(value):
                count = f"{len(value)} element{'' if len(value) == 1 else 's'}"
                raise Missing(f"{at} has no element {step}", f"it has {count}, counted from 0")
        case list(), _:
            raise Missing(f"{at} is a list", f"name an element first, as in [0]{path_text((step,))}")
        case Mapping(), _:
            raise Missing(f"{at} is a map", f"name a key: {_listed(value)}")
        case None, _:
            raise Missing(f"{at} is null", "choose a value that is set")
        case _:
            raise Missing(f"{at} is a single value", f"leave {path_text((step,))} out")


def _below(found: _StateValue, step: Key) -> _StateValue:
    return _StateValue(found.value[step], tuple(mark[1:] for mark in found.sensitive if mark[:1] in ((), (step,))))


def _marked(found: _StateValue, names: Sequence[Step]) -> Json:
    """Return a value with its secrets: what the state marks, and what has the name or the look of one."""
    value = found.value
    is_named = any(isinstance(name, str) and is_secret(name, value) for name in names)
    if () in found.sensitive or is_named or (isinstance(value, str) and is_secret_text(value)):
        return _hidden(value)
    if isinstance(value, Mapping):
        return {key: _marked(_below(found, key), (key,)) for key in value}
    if isinstance(value, list):
        return [_marked(_below(found, index), ()) for index in range(len(value))]
    return value


def _hidden(value: Json) -> Json:
    """Return a secret value. Each single one becomes a text, which is found again wherever it would be shown.

    A boolean stays one, as in a secret variable: one of two words tells nothing, and cannot be hidden in other texts.
    """
    match value:
        case Mapping():
            return {key: _hidden(inner) for key, inner in value.items()}
        case list():
            return [_hidden(inner) for inner in value]
        case bool() | None:
            return value
    return Secret(value)


def _missing(message: str, name: str, known: Iterable[str], otherwise: str) -> Missing:
    near = _nearest(name, known)
    return Missing(message, f"did you mean {near}?" if near else otherwise)


def _nearest(name: str, known: Iterable[str]) -> str:
    return next(iter(difflib.get_close_matches(name[:200], list(known), n=1)), "")


def _listed(names: Iterable[str]) -> str:
    each = sorted(names)
    more = f" and {len(each) - MOST} more" if len(each) > MOST else ""
    return f"{', '.join(each[:MOST])}{more}"
