"""How a resource is to be treated: the `lifecycle` beside its body."""

from collections.abc import Callable
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass

from reconciler.kinds.base import Kind, Succession
from reconciler.load.findings import Findings, did_you_mean, listed
from reconciler.load.nodes import BrokenValue, Node, is_null, value_of
from reconciler.load.shape import mapping_of, refuse_secret
from reconciler.looked_up import holds_secret, holds_unknown
from reconciler.model import Json, Lifecycle
from reconciler.problems import Severity

ALL = "all"
ORDINARY = Lifecycle()
BLUE_GREEN, REFUSE = "blue-green", "refuse"


@dataclass(frozen=True, slots=True)
class _LifecycleField:
    name: str  # in the model
    takes: str
    fits: Callable[[Json], bool]
    convert: Callable[[Json], Json] = lambda value: value
    of_if: Callable[[Kind, Json], bool] = lambda _kind, _value: True  # whether a value has an effect on a kind
    beside: str = ""  # the member without which it has none


def _one_of(*words: str) -> Callable[[Json], bool]:
    return lambda value: isinstance(value, str) and value.lower() in words


def _is_bool(value: Json) -> bool:
    return isinstance(value, bool)


def _are_texts(value: Json) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_count(value: Json) -> bool:
    return value == ALL or (isinstance(value, int) and not isinstance(value, bool) and value >= 1)


def _has_succession(kind: Kind, value: Json) -> bool:
    return kind.succession is not None and (value == REFUSE or kind.succession is Succession.BLUE_GREEN)


MEMBERS: MappingABC[str, _LifecycleField] = {
    "preventDestroy": _LifecycleField("prevent_destroy", "true or false", _is_bool),
    "ignoreChanges": _LifecycleField(
        "ignore_changes", "a list of members, such as [computeResources.maxvCpus]", _are_texts, tuple
    ),
    "replace": _LifecycleField(
        "replace", "blue-green or refuse", _one_of(BLUE_GREEN, REFUSE), str.lower, of_if=_has_succession
    ),
    "retainRevisions": _LifecycleField(
        "retain_revisions",
        "a number from 1, or all",
        _is_count,
        lambda value: None if value == ALL else int(value),
        of_if=lambda kind, _value: kind.revisions,
    ),
    "unownedRevisions": _LifecycleField(
        "unowned_revisions",
        "keep or prune",
        _one_of("keep", "prune"),
        str.lower,
        of_if=lambda kind, _value: kind.revisions,
        beside="retainRevisions",
    ),
    "onRemove": _LifecycleField("on_remove", "delete or orphan", _one_of("delete", "orphan"), str.lower),
    "renamedFrom": _LifecycleField(
        "renamed_from", "the former name", lambda value: isinstance(value, str) and value != ""
    ),
    "adopt": _LifecycleField("adopt", "true or false", _is_bool),
}


def lifecycle_of(kind: Kind, node: Node, findings: Findings) -> Lifecycle:
    section = mapping_of(node, "lifecycle", findings)
    given: dict[str, Json] = {}
    for key, (mark, inner) in section.entries.items() if section else ():
        if key not in MEMBERS:
            hint = did_you_mean(key, MEMBERS, f"it has {listed(MEMBERS, 'and')}")
            findings.add("LIF001", f"{key} is no member of lifecycle", mark, hint)
        elif not is_null(inner):
            given |= _read(kind, key, inner, findings)
    lifecycle = Lifecycle(**given)
    for key, (mark, _) in section.entries.items() if section else ():
        member = MEMBERS.get(key)
        other = MEMBERS[member.beside] if member and member.beside else None
        is_set = member is not None and getattr(lifecycle, member.name) != getattr(ORDINARY, member.name)
        if member and other and is_set and getattr(lifecycle, other.name) is None:
            message = f"lifecycle.{key} has no effect without {member.beside}"
            findings.add("LIF003", message, mark, f"{member.beside} takes {other.takes}", Severity.WARNING)
    return lifecycle


def spelled(lifecycle: Lifecycle) -> dict[str, Json]:
    """Return what a lifecycle says beyond the ordinary, as users write it."""
    told = {key: getattr(lifecycle, member.name) for key, member in MEMBERS.items()}
    unusual = {key: value for key, value in told.items() if value != getattr(ORDINARY, MEMBERS[key].name)}
    return {key: list(value) if isinstance(value, tuple) else value for key, value in unusual.items()}


def _read(kind: Kind, key: str, node: Node, findings: Findings) -> dict[str, Json]:
    member = MEMBERS[key]
    try:
        value = value_of(node)
    except BrokenValue:
        return {}
    if holds_unknown(value):
        return {}
    if holds_secret(value):
        refuse_secret(f"lifecycle.{key}", node.mark, findings)
        return {}
    if not member.fits(value):
        findings.add("LIF002", f"lifecycle.{key} takes {member.takes}", node.mark)
        return {}
    if not member.of_if(kind, member.convert(value)):
        message = f"lifecycle.{key}: {value} has no effect on a {kind.noun}"
        findings.add("LIF003", message, node.mark, "leave it out", Severity.WARNING)
    return {member.name: member.convert(value)}
