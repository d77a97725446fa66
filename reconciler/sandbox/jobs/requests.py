"""What a job asks for, how long it runs and how it ends: nothing is executed, so its command or a parameter says it."""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from reconciler.model import Json, Spec
from reconciler.sandbox.core.model import Refusal
from reconciler.sandbox.core.state import AccountState
from reconciler.sandbox.jobs.capacity import INSTANCES, VCPU
from reconciler.sandbox.jobs.timeline import Amounts, Waiting
from reconciler.sandbox.resources.definition_checks import targets

# What a job runs: the body of its definition with the overrides of its submission.

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


# How long it runs: a parameter of a job, an environment variable of a training job.
SECONDS = "sandboxSeconds"
SLEEP = re.compile(r"\bsleep (\d+(?:\.\d+)?)([smh]?)\b")
UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}
EXIT = re.compile(r"\bexit (\d+)\b")
FAILING = ("false", "kill")  # commands that fail if nothing follows them
KILLED = 137  # SIGKILL
EXITED, TIMED_OUT = "Essential container in task exited", "Job attempt duration exceeded timeout"


def waiting_of(world: AccountState, body: Spec, definition: Spec, request: Spec, takes: Mapping[str, int]) -> Waiting:
    """Return what a container job asks for. Members of the submission come before those of the definition."""
    containers = list(containers_of(body))
    parameters = {**definition.get("parameters", {}), **request.get("parameters", {})}
    said = " ".join((*containers[0][0].get("command", ()), *containers[0][0].get("args", ())))
    seconds = _seconds(parameters.get(SECONDS), _slept(said), world.timings.job)
    code = _exit_code(said)
    reason = EXITED
    retry = request.get("retryStrategy", definition.get("retryStrategy", {}))
    timeout = request.get("timeout", definition.get("timeout", {})).get("attemptDurationSeconds")
    attempts = _attempts(retry, code)
    if timeout is not None and seconds > timeout:
        # It is not retried (AWS Batch User Guide, 'Job timeouts').
        seconds, code, reason, attempts = float(timeout), KILLED, TIMED_OUT, 1
    return Waiting(
        runnable=runnable_at(world),
        asks={VCPU: sum(vcpus_of(container) * nodes for container, nodes in containers)},
        takes=takes,
        attempts=(seconds,) * attempts,
        exit_code=code,
        reason=reason,
    )


def training_of(world: AccountState, request: Spec, share: str) -> Waiting:
    """Return what a training job asks for. The payload is SageMaker's; the service passes it on unchecked."""
    payload = _payload(request["serviceRequestPayload"])
    resources = _object(payload, "ResourceConfig")
    count = _number(resources.get("InstanceCount")) or 1
    asks: Amounts = {INSTANCES: count, str(resources.get("InstanceType")): count}
    seconds = _seconds(_object(payload, "Environment").get(SECONDS), None, world.timings.job)
    timeout = request.get("timeoutConfig", {}).get("attemptDurationSeconds", math.inf)
    in_time = seconds <= timeout
    return Waiting(
        runnable=runnable_at(world),
        asks=asks,
        share=share,
        attempts=(min(seconds, timeout),),
        exit_code=0 if in_time else None,
        reason="" if in_time else TIMED_OUT,
    )


def runnable_at(world: AccountState) -> float:
    """A job that is submitted now is evaluated with all others of this second, unless submitting takes no time."""
    return math.ceil(world.now + world.timings.submitted) if world.timings.submitted else world.now


def consumables_of(world: AccountState, definition: Spec, request: Spec) -> dict[str, int]:
    """Return the consumable resources (ARNs) that a job takes, and how much of each."""
    own, sent = (each.get(member, {}).get("consumableResourceList", ()) for each, member in (
        (definition, "consumableResourceProperties"), (request, "consumableResourcePropertiesOverride")))  # fmt: skip
    return dict(_quantities(world, (*own, *sent)))


def _quantities(world: AccountState, listed: Sequence[Spec]) -> Iterator[tuple[str, int]]:
    noun = "consumable-resource"
    for each in listed:
        yield world.arn(noun, world.key(noun, each.get("consumableResource", ""))), each.get("quantity", 1)


def _attempts(retry: Spec, code: int) -> int:
    """Return how often a job is tried; the first condition that fits decides (RetryStrategy)."""
    if code == 0:
        return 1
    seen = {"onExitCode": str(code), "onStatusReason": EXITED, "onReason": ""}
    for rule in retry.get("evaluateOnExit", ()):
        if all(fnmatchcase(text, rule[member]) for member, text in seen.items() if member in rule):
            return int(retry["attempts"]) if rule["action"].lower() == "retry" else 1
    return int(retry.get("attempts", 1))


def _slept(said: str) -> float | None:
    found = SLEEP.search(said)
    return float(found[1]) * UNITS[found[2]] if found else None


def _exit_code(said: str) -> int:
    found = EXIT.search(said)
    return int(found[1]) if found else int(said in FAILING)


def _seconds(told: Json, slept: float | None, default: float) -> float:
    number = _number(told)
    return next(seconds for seconds in (number, slept, default) if seconds is not None)


def _number(value: Json) -> float | None:
    """Return what stands there if it is a number that can be used; payloads and parameters are anybody's."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if 0 <= number < math.inf else None


def _payload(text: str) -> Spec:
    try:
        payload = json.loads(text)
    except ValueError:
        return {}
    return payload if isinstance(payload, dict) else {}


def _object(payload: Spec, member: str) -> Spec:
    found = payload.get(member)
    return found if isinstance(found, dict) else {}
