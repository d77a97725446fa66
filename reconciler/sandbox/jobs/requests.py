"""What a job asks for, what AWS refuses of that, how long it runs and how it ends.

Nothing is executed, so its command or a parameter says how it ends.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from reconciler.model import Json, Spec
from reconciler.placement.needs import JobNeed, job_need, need_to_json
from reconciler.placement.submitted import as_submitted
from reconciler.sandbox.core.model import Refusal, refuse_if
from reconciler.sandbox.core.state import AccountState, Record, refuse_bad_tags
from reconciler.sandbox.jobs.timeline import INSTANCES, VCPU, Amounts, Waiting
from reconciler.sandbox.resources.definitions import (
    MAX_PRIORITY,
    newest_active,
    refuse_bad_consumables,
    refuse_bad_retry,
    refuse_bad_timeout,
    targets,
)

# What a job runs: the body of its definition with the overrides of its submission.

REFERENCE = re.compile(r"Ref::([\w-]+)")


def body_of(definition: Spec, request: Spec) -> dict[str, Json]:
    """Return the one of `container`, `ecsProperties`, `eksProperties` and `nodeProperties` that the job has."""
    parameters = {**definition.get("parameters", {}), **request.get("parameters", {})}
    submitted = as_submitted(definition, request)
    if "containerProperties" in definition:
        return {"container": _substituted(submitted["containerProperties"], parameters)}
    if "ecsProperties" in definition:
        tasks = submitted["ecsProperties"]["taskProperties"]
        return {"ecsProperties": {"taskProperties": [_with_parameters(task, parameters) for task in tasks]}}
    if "eksProperties" in definition:
        pod = _with_parameters(submitted["eksProperties"].get("podProperties", {}), parameters)
        return {"eksProperties": {**submitted["eksProperties"], "podProperties": pod}}
    nodes = submitted["nodeProperties"]
    ranges = [_range(each, parameters) for each in nodes["nodeRangeProperties"]]
    return {"nodeProperties": {**nodes, "nodeRangeProperties": ranges}}


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


def _with_parameters(owner: Spec, parameters: Mapping[str, str]) -> dict[str, Json]:
    return {**owner, "containers": [_substituted(each, parameters) for each in owner["containers"]]}


def _range(each: Spec, parameters: Mapping[str, str]) -> dict[str, Json]:
    return {**each, "container": _substituted(each["container"], parameters)} if "container" in each else dict(each)


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


def waiting_of(
    account_state: AccountState, body: Spec, definition: Spec, request: Spec, takes: Mapping[str, int]
) -> Waiting:
    """Return what a container job asks for. Members of the submission come before those of the definition."""
    containers = list(containers_of(body))
    parameters = {**definition.get("parameters", {}), **request.get("parameters", {})}
    said = " ".join((*containers[0][0].get("command", ()), *containers[0][0].get("args", ())))
    seconds = _seconds(parameters.get(SECONDS), _slept(said), account_state.timings.job)
    code = _exit_code(said)
    reason = EXITED
    retry = request.get("retryStrategy", definition.get("retryStrategy", {}))
    timeout = request.get("timeout", definition.get("timeout", {})).get("attemptDurationSeconds")
    attempts = _attempts(retry, code)
    if timeout is not None and seconds > timeout:
        # It is not retried (AWS Batch User Guide, 'Job timeouts').
        seconds, code, reason, attempts = float(timeout), KILLED, TIMED_OUT, 1
    return Waiting(
        runnable=runnable_at(account_state),
        asks={VCPU: sum(vcpus_of(container) * nodes for container, nodes in containers)},
        need=need_to_json(_need_of(body, definition)),
        takes=takes,
        attempts=(seconds,) * attempts,
        exit_code=code,
        reason=reason,
    )


def _need_of(body: Spec, definition: Spec) -> JobNeed:
    """Return what a job needs of instances: that of a definition with what its submission has overridden."""
    properties = {"containerProperties" if form == "container" else form: each for form, each in body.items()}
    return job_need({**properties, "platformCapabilities": definition.get("platformCapabilities", ())})


def training_of(account_state: AccountState, request: Spec, share: str) -> Waiting:
    """Return what a training job asks for. The payload is SageMaker's; the service passes it on unchecked."""
    payload = _payload(request["serviceRequestPayload"])
    resources = _object(payload, "ResourceConfig")
    count = _number(resources.get("InstanceCount")) or 1
    asks: Amounts = {INSTANCES: count, str(resources.get("InstanceType")): count}
    seconds = _seconds(_object(payload, "Environment").get(SECONDS), None, account_state.timings.job)
    timeout = request.get("timeoutConfig", {}).get("attemptDurationSeconds", math.inf)
    in_time = seconds <= timeout
    return Waiting(
        runnable=runnable_at(account_state),
        asks=asks,
        share=share,
        attempts=(min(seconds, timeout),),
        exit_code=0 if in_time else None,
        reason="" if in_time else TIMED_OUT,
    )


def runnable_at(account_state: AccountState) -> float:
    """A job that is submitted now is evaluated with all others of this second, unless submitting takes no time."""
    return (
        math.ceil(account_state.now + account_state.timings.submitted)
        if account_state.timings.submitted
        else account_state.now
    )


def consumables_of(account_state: AccountState, definition: Spec, request: Spec) -> dict[str, int]:
    """Return the consumable resources (ARNs) that a job takes, and how much of each."""
    own, sent = (each.get(member, {}).get("consumableResourceList", ()) for each, member in (
        (definition, "consumableResourceProperties"), (request, "consumableResourcePropertiesOverride")))  # fmt: skip
    return dict(_quantities(account_state, (*own, *sent)))


def _quantities(account_state: AccountState, listed: Sequence[Spec]) -> Iterator[tuple[str, int]]:
    noun = "consumable-resource"
    for each in listed:
        yield (
            account_state.arn(noun, account_state.key(noun, each.get("consumableResource", ""))),
            each.get("quantity", 1),
        )


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


def _seconds(given: Json, slept: float | None, default: float) -> float:
    number = _number(given)
    return next(seconds for seconds in (number, slept, default) if seconds is not None)


def _number(value: Json) -> float | None:
    """Return a number of a payload or parameter, which may contain anything; None unless it is usable."""
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


# What AWS refuses about a job that is submitted, in its own words where they are known.

NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_-]{0,127}")
MAX_NEEDS = 20
ARRAY_SIZES = (2, 10_000)
TRAINING = "SAGEMAKER_TRAINING"
# The capability of the definitions that a queue takes, by its type.
CAPABILITIES = {
    "ECS": "EC2", "ECS_FARGATE": "FARGATE", "ECS_MANAGED_INSTANCES": "MANAGED_INSTANCES", "EKS": "EKS",
}  # fmt: skip
# The two were seen in users' reports of SubmitJob.
BAD_NAME = "Job name should match valid pattern"
NOT_FAIR = (
    "Job with shareIdentifier or schedulingPriority can onlybe submitted to job queue with fair share scheduling "
    "policy."
)


def queue_for(account_state: AccountState, request: Spec) -> Record:
    """Return the queue that takes the job."""
    queue = known_queue(account_state, request["jobQueue"])
    refuse_if(
        queue.status not in ("VALID", "UPDATING"), f"JobQueue {queue.name} is {queue.status}, it does not take jobs."
    )
    refuse_if(queue.body["state"] != "ENABLED", f"JobQueue {queue.name} is DISABLED, it does not take jobs.")
    return queue


def known_queue(account_state: AccountState, identifier: str) -> Record:
    queue = account_state.find("job-queue", identifier)
    if queue is None:
        raise Refusal(f"JobQueue {identifier} not found.")
    return queue


def definition_for(account_state: AccountState, request: Spec) -> Record:
    """Return the revision that the job runs: the newest ACTIVE one, unless the request names a revision."""
    found = newest_active(account_state, request["jobDefinition"])
    if found is None:
        # Seen in aws-samples/aws-genomics-workflows issue 84.
        raise Refusal(f"JobDefinition name {request['jobDefinition']} does not exist or is not in ACTIVE status")
    return found


def refuse_bad_job(account_state: AccountState, request: Spec, queue: Record, definition: Spec) -> None:
    refuse_if(not NAME.fullmatch(request["jobName"]), BAD_NAME)
    refuse_bad_tags(request.get("tags", {}))
    refuse_bad_retry(request.get("retryStrategy", {}))
    refuse_bad_timeout(request.get("timeout", {}))
    refuse_bad_consumables(request.get("consumableResourcePropertiesOverride", {}))
    _check_platform(queue, definition)
    _check_overrides(request, definition)
    _check_share(account_state, request, queue)
    _check_array(request)
    _check_needs(account_state, request)


def refuse_bad_size(body: Spec) -> None:
    for container, _ in containers_of(body):
        try:
            vcpus = vcpus_of(container)
        except ValueError as wrong:
            raise Refusal(f"Value for type VCPU in resourceRequirement is not valid. {wrong}") from wrong
        refuse_if(vcpus <= 0, f"vCPU must be more than 0, got {vcpus:g}.")


def refuse_bad_training(account_state: AccountState, request: Spec, queue: Record) -> Record | None:
    """Return the quota share of the training job, if its queue has shares."""
    refuse_if(queue.body["jobQueueType"] != TRAINING, f"Service jobs need a job queue of type {TRAINING}.")
    refuse_if(not NAME.fullmatch(request["jobName"]), BAD_NAME)
    refuse_bad_tags(request.get("tags", {}))
    refuse_if(
        not 0 <= request.get("schedulingPriority", 0) <= MAX_PRIORITY, "Scheduling priority must be between 0 and 9999."
    )
    refuse_bad_retry(request.get("retryStrategy", {}))
    refuse_bad_timeout(request.get("timeoutConfig", {}))
    if "quotaSharePolicy" in _policy(account_state, queue):
        return _quota_share(account_state, request, queue)
    refuse_if("quotaShareName" in request, f"JobQueue {queue.name} has no quota-share scheduling policy.")
    return None


def _check_platform(queue: Record, definition: Spec) -> None:
    refuse_if(
        queue.body["jobQueueType"] == TRAINING,
        f"Job queues of type {TRAINING} take service jobs: use SubmitServiceJob.",
    )
    own = (
        "EKS"
        if definition["containerOrchestrationType"] == "EKS"
        else definition.get("platformCapabilities", ["EC2"])[0]
    )
    refuse_if(
        own != CAPABILITIES[queue.body["jobQueueType"]],
        f"Job Queue is attached to Compute Environment that can not run Jobs with capability {own}",
    )


def _check_overrides(request: Spec, definition: Spec) -> None:
    """Each form of definition has its own overrides. Of the messages, that for EKS is known (cdk-preflight)."""
    allowed = {
        "containerProperties": "containerOverrides",
        "ecsProperties": "ecsPropertiesOverride",
        "eksProperties": "eksPropertiesOverride",
        "nodeProperties": "nodeOverrides",
    }
    own = next(allowed[form] for form in allowed if form in definition)
    wrong = [override for override in allowed.values() if override in request and override != own]
    refuse_if(
        wrong and own == "eksPropertiesOverride",
        "Container overrides or node overrides should not be set for Batch on EKS jobs.",
    )
    refuse_if(wrong, f"{', '.join(wrong)} cannot be used with this job definition, {own} can.")


def _check_share(account_state: AccountState, request: Spec, queue: Record) -> None:
    fair = "fairsharePolicy" in _policy(account_state, queue)
    shared = "shareIdentifier" in request or "schedulingPriorityOverride" in request
    refuse_if(shared and not fair, NOT_FAIR)
    refuse_if(
        fair and "shareIdentifier" not in request,
        f"shareIdentifier is required: JobQueue {queue.name} has fair shares.",
    )


def _check_array(request: Spec) -> None:
    least, most = ARRAY_SIZES
    size = request.get("arrayProperties", {}).get("size", least)
    refuse_if(not least <= size <= most, f"Array size must be between {least} and {most}.")


def _check_needs(account_state: AccountState, request: Spec) -> None:
    needs = request.get("dependsOn", ())
    refuse_if(len(needs) > MAX_NEEDS, f"A job can depend upon a maximum of {MAX_NEEDS} jobs.")
    for need in needs:
        if need.get("type") == "SEQUENTIAL" and "jobId" not in need:
            refuse_if("arrayProperties" not in request, "SEQUENTIAL dependencies are for array jobs.")
            continue
        job = need.get("jobId", "")
        known = account_state.find("job", job.partition(":")[0])
        refuse_if(known is None, f"Job {job} not found.")
        if need.get("type") == "N_TO_N":
            sizes = [each.get("arrayProperties", {}).get("size") for each in (request, known.body if known else {})]
            refuse_if(None in sizes or sizes[0] != sizes[1], "N_TO_N dependencies are for array jobs of the same size.")


def _quota_share(account_state: AccountState, request: Spec, queue: Record) -> Record:
    name = request.get("quotaShareName")
    refuse_if(not name, f"quotaShareName is required: JobQueue {queue.name} has quota shares.")
    share = account_state.find("quota-share", f"{queue.arn}/quota-share/{name}")
    if share is None or share.status == "DELETING":
        raise Refusal(f"Quota share {name} not found.")
    refuse_if(share.body["state"] != "ENABLED", f"Quota share {name} is DISABLED, it does not take jobs.")
    return share


def _policy(account_state: AccountState, queue: Record) -> Mapping[str, Json]:
    policy = account_state.find("scheduling-policy", queue.body.get("schedulingPolicyArn", ""))
    return policy.body if policy else {}
