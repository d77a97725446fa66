"""What a job asks for, how long it runs and how it ends: nothing is executed, so its command or a parameter says it."""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from reconciler.model import Json, Spec
from reconciler.sandbox.jobs.bodies import containers_of, vcpus_of
from reconciler.sandbox.jobs.capacity import INSTANCES, VCPU
from reconciler.sandbox.jobs.courses import Amounts, Waiting
from reconciler.sandbox.world import AccountState

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
