"""What a job runs: the body of its definition with the overrides of its submission."""

from collections.abc import Mapping, Sequence

from reconciler.model import Json, Spec

# What the lists of a container are keyed by; an override of a key replaces it, and others are added.
KEYS = {"environment": "name", "env": "name", "resourceRequirements": "type"}
UNNAMED = "Default"  # the name of a container of a pod that has none


def as_submitted(definition: Spec, request: Spec) -> Spec:
    """Return the definition as it is for one job. Only the overrides of the form that it has count."""
    parts: dict[str, Json] = {}
    if container := definition.get("containerProperties"):
        parts["containerProperties"] = _container(container, request.get("containerOverrides") or {})
    if task := definition.get("ecsProperties"):
        parts["ecsProperties"] = _tasks(task, request.get("ecsPropertiesOverride") or {})
    if pod := definition.get("eksProperties"):
        parts["eksProperties"] = _pod(pod, request.get("eksPropertiesOverride") or {})
    if nodes := definition.get("nodeProperties"):
        parts["nodeProperties"] = _nodes(nodes, request.get("nodeOverrides") or {})
    if consumables := request.get("consumableResourcePropertiesOverride"):
        parts["consumableResourceProperties"] = consumables
    return {**definition, **parts}


def _container(container: Spec, overrides: Spec) -> dict[str, Json]:
    merged = dict(container)
    for member, value in overrides.items():
        merged[member] = _merged(container.get(member) or (), value, KEYS[member]) if member in KEYS else value
    return merged


def _merged(before: Sequence[Spec], sent: Sequence[Spec], key: str) -> list[Json]:
    return list({each.get(key): each for each in (*before, *sent)}.values())


def _tasks(properties: Spec, sent: Spec) -> dict[str, Json]:
    overrides = {
        each.get("name"): each for task in sent.get("taskProperties") or () for each in task.get("containers") or ()
    }
    tasks = [_with_containers(task, "containers", overrides) for task in properties.get("taskProperties") or ()]
    return {**properties, "taskProperties": tasks}


def _pod(properties: Spec, sent: Spec) -> dict[str, Json]:
    overriding = sent.get("podProperties") or {}
    pod = properties.get("podProperties") or {}
    for member in ("containers", "initContainers"):
        overrides = {each.get("name", UNNAMED): each for each in overriding.get(member) or ()}
        pod = _with_containers(pod, member, overrides) if member in pod else pod
    return {**properties, "podProperties": {**pod, **{m: overriding[m] for m in ("metadata",) if m in overriding}}}


def _with_containers(owner: Spec, member: str, overrides: Mapping[str, Spec]) -> dict[str, Json]:
    containers = [_container(each, overrides.get(each.get("name", UNNAMED), {})) for each in owner.get(member) or ()]
    return {**owner, member: containers}


def _nodes(properties: Spec, sent: Spec) -> dict[str, Json]:
    overrides = {each.get("targetNodes"): each for each in sent.get("nodePropertyOverrides") or ()}
    ranges = [
        _range(each, overrides.get(each.get("targetNodes"), {})) for each in properties.get("nodeRangeProperties") or ()
    ]
    count = sent.get("numNodes", properties.get("numNodes"))
    return {**properties, "nodeRangeProperties": ranges, **({} if count is None else {"numNodes": count})}


def _range(each: Spec, sent: Spec) -> dict[str, Json]:
    parts: dict[str, Json] = {}
    if container := each.get("container"):
        parts["container"] = _container(container, sent.get("containerOverrides") or {})
    if task := each.get("ecsProperties"):
        parts["ecsProperties"] = _tasks(task, sent.get("ecsPropertiesOverride") or {})
    if pod := each.get("eksProperties"):
        parts["eksProperties"] = _pod(pod, sent.get("eksPropertiesOverride") or {})
    return {**each, **parts}
