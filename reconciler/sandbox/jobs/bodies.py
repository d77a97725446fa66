"""What a job runs: the body of its definition with the overrides of its submission."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reconciler.model import Json, Spec
from reconciler.sandbox.answers import Refusal
from reconciler.sandbox.definition_rules import targets

# What the lists of a container are keyed by; an override of a key replaces it, and others are added.
KEYS = {"environment": "name", "env": "name", "resourceRequirements": "type"}
REFERENCE = re.compile(r"Ref::([\w-]+)")


def body_of(definition: Spec, request: Spec) -> dict[str, Json]:
    """Return the one of `container`, `ecsProperties`, `eksProperties` and `nodeProperties` that the job has."""
    parameters = {**definition.get("parameters", {}), **request.get("parameters", {})}
    if "containerProperties" in definition:
        container = _overridden(definition["containerProperties"], request.get("containerOverrides", {}))
        return {"container": _substituted(container, parameters)}
    if "ecsProperties" in definition:
        return {"ecsProperties": _tasks(definition["ecsProperties"], request, parameters)}
    if "eksProperties" in definition:
        return {"eksProperties": _pod(definition["eksProperties"], request, parameters)}
    return {"nodeProperties": _nodes(definition["nodeProperties"], request, parameters)}


def containers_of(body: Spec) -> Iterator[tuple[Spec, int]]:
    """Yield the containers, and on how many nodes each runs; that of the main node first."""
    if "container" in body:
        yield body["container"], 1
    elif "ecsProperties" in body:
        yield from ((each, 1) for task in body["ecsProperties"]["taskProperties"] for each in task["containers"])
    elif "eksProperties" in body:
        yield from ((each, 1) for each in body["eksProperties"].get("podProperties", {}).get("containers", ()))
    else:
        yield from _containers_of_nodes(body["nodeProperties"])


def vcpus_of(container: Spec) -> float:
    for requirement in container.get("resourceRequirements", ()):
        if requirement["type"] == "VCPU":
            return float(requirement["value"])
    resources = container.get("resources", {})
    cpu = {**resources.get("limits", {}), **resources.get("requests", {})}.get("cpu")
    return float(cpu if cpu is not None else container.get("vcpus", 1))


def _overridden(container: Spec, overrides: Spec) -> dict[str, Json]:
    merged = dict(container)
    for member, value in overrides.items():
        merged[member] = _merged(container.get(member, ()), value, KEYS[member]) if member in KEYS else value
    return merged


def _merged(before: Sequence[Spec], sent: Sequence[Spec], key: str) -> list[Json]:
    return list({each.get(key): each for each in (*before, *sent)}.values())


def _substituted(container: Spec, parameters: Mapping[str, str]) -> dict[str, Json]:
    """Parameters take the place of whole words of a command."""
    words = {
        member: [_word(word, parameters) for word in container[member]]
        for member in ("command", "args")
        if member in container
    }
    return {**container, **words}


def _word(word: str, parameters: Mapping[str, str]) -> str:
    reference = REFERENCE.fullmatch(word)
    if reference and reference[1] not in parameters:
        raise Refusal(f"Unable to substitute value. No parameter found for reference {reference[1]}")
    return parameters[reference[1]] if reference else word


def _tasks(properties: Spec, request: Spec, parameters: Mapping[str, str]) -> dict[str, Json]:
    sent = request.get("ecsPropertiesOverride", {}).get("taskProperties", ())
    overrides = {each["name"]: each for task in sent for each in task.get("containers", ())}
    return {"taskProperties": [_with_containers(task, overrides, parameters) for task in properties["taskProperties"]]}


def _pod(properties: Spec, request: Spec, parameters: Mapping[str, str]) -> dict[str, Json]:
    sent = request.get("eksPropertiesOverride", {}).get("podProperties", {})
    overrides = {each.get("name", "Default"): each for each in sent.get("containers", ())}
    pod = _with_containers(properties.get("podProperties", {}), overrides, parameters)
    return {**properties, "podProperties": {**pod, **{m: sent[m] for m in ("metadata",) if m in sent}}}


def _with_containers(owner: Spec, overrides: Mapping[str, Spec], parameters: Mapping[str, str]) -> dict[str, Json]:
    containers = (_overridden(each, overrides.get(each.get("name", "Default"), {})) for each in owner["containers"])
    return {**owner, "containers": [_substituted(each, parameters) for each in containers]}


def _nodes(properties: Spec, request: Spec, parameters: Mapping[str, str]) -> dict[str, Json]:
    sent = request.get("nodeOverrides", {})
    overrides = {
        each["targetNodes"]: each.get("containerOverrides", {}) for each in sent.get("nodePropertyOverrides", ())
    }
    ranges = [
        _range(each, overrides.get(each["targetNodes"], {}), parameters) for each in properties["nodeRangeProperties"]
    ]
    return {**properties, "nodeRangeProperties": ranges, "numNodes": sent.get("numNodes", properties["numNodes"])}


def _range(each: Spec, overrides: Spec, parameters: Mapping[str, str]) -> dict[str, Json]:
    if "container" not in each:
        return dict(each)
    return {**each, "container": _substituted(_overridden(each["container"], overrides), parameters)}


def _containers_of_nodes(properties: Spec) -> Iterator[tuple[Spec, int]]:
    """Of ranges that overlap, the later one has the node (NodeRangeProperty)."""
    count: int = properties["numNodes"]
    owner: dict[int, int] = {}
    for index, each in enumerate(properties["nodeRangeProperties"]):
        owner |= dict.fromkeys(targets(each["targetNodes"], count), index)
    main: Any = owner.get(properties["mainNode"], 0)
    for index in sorted(set(owner.values()), key=lambda index: index != main):
        each = properties["nodeRangeProperties"][index]
        inner = {"container": each["container"]} if "container" in each else each
        nodes = sum(1 for node in owner.values() if node == index)
        yield from ((container, nodes) for container, _ in containers_of(inner))
