"""What AWS refuses about a job definition as a whole, with its own words where somebody has seen them.

Messages were measured by badmintoncryer/cdk-preflight (rules pf-batch-jd-*).
"""

import re
from collections.abc import Iterator, Sequence

from reconciler.model import Json, Spec
from reconciler.sandbox.answers import refuse_if
from reconciler.sandbox.container_rules import refuse_bad_container
from reconciler.sandbox.pod_rules import refuse_bad_pod
from reconciler.sandbox.task_rules import refuse_bad_tasks

MAX_RANGES = 5
MAX_NODES = 1000
MAX_PRIORITY = 9999
MAX_CONSUMABLES = 5
MIN_TIMEOUT = 60
MAX_ATTEMPTS = 10
EXIT_CODE = re.compile(r"\d*\*?")
BODIES = ("containerProperties", "ecsProperties", "eksProperties")


def refuse_bad_definition(request: Spec) -> None:
    platform = _platform(request)
    if request["type"].lower() == "multinode":
        _check_multinode(request, platform)
    else:
        _check_single(request, platform)
    refuse_bad_retry(request.get("retryStrategy", {}))
    refuse_bad_consumables(request.get("consumableResourceProperties", {}))
    refuse_if(
        not 0 <= request.get("schedulingPriority", 0) <= MAX_PRIORITY, "Scheduling priority must be between 0 and 9999."
    )
    refuse_bad_timeout(request.get("timeout", {}))


def refuse_bad_retry(retry: Spec) -> None:
    rules: Sequence[Spec] = retry.get("evaluateOnExit", ())
    attempts = retry.get("attempts")
    refuse_if(rules and attempts is None, "RetryAttempts must be provided with retry strategy.")
    refuse_if(attempts is not None and not 1 <= attempts <= MAX_ATTEMPTS, "Retry attempts must be between 1 and 10.")
    refuse_if(len(rules) > 5, "EvaluateOnExit can have at most 5 conditions.")  # noqa: PLR2004
    for rule in rules:
        patterns = list(_patterns(rule))
        refuse_if(not patterns, "EvaluateOnExit should contain at least one of onExitCode, onReason or onStatusReason")
        refuse_if(
            any(len(pattern) > 512 for pattern in patterns),  # noqa: PLR2004
            "Evaluate on exit condition cannot exceed 512 characters.",
        )
        refuse_if(
            not EXIT_CODE.fullmatch(rule.get("onExitCode", "")),
            f"onExitCode {rule.get('onExitCode')} contains restricted characters.",
        )


def refuse_bad_timeout(timeout: Spec) -> None:
    refuse_if(
        timeout.get("attemptDurationSeconds", MIN_TIMEOUT) < MIN_TIMEOUT,
        "Timeout attemptDurationSeconds must be at least 60 seconds.",
    )


def refuse_bad_consumables(properties: Spec) -> None:
    listed: Sequence[Json] = properties.get("consumableResourceList", ())
    refuse_if(len(listed) > MAX_CONSUMABLES, "Each ConsumableResourceProperty can have at most 5 consumableResources")
    names = [each.get("consumableResource") for each in listed]
    refuse_if(len(names) != len(set(names)), "Cannot have duplicate consumableResource in consumableResourceProperties")


def targets(target: str, nodes: int) -> range:
    """Return the nodes that a range stands for."""
    first, colon, last = target.partition(":")
    digits = all(part.isdigit() for part in (first, last) if part)
    refuse_if(not digits or not target, "targetNodes should contain only digits.")
    begin = int(first or 0)
    end = int(last or nodes - 1) if colon else begin
    refuse_if(end >= nodes, "targetNodes is out of range, must be less than numNodes.")
    return range(begin, end + 1)


def _platform(request: Spec) -> str:
    capabilities = request.get("platformCapabilities", ["EC2"])
    refuse_if(len(capabilities) != 1, "Exactly 1 capability must be provided.")
    return str(capabilities[0])


def _check_single(request: Spec, platform: str) -> None:
    bodies = [body for body in BODIES if body in request]
    refuse_if("nodeProperties" in request, "Node properties are only for multinode jobs.")
    refuse_if(not bodies, "ECS Container Image must be provided.")
    refuse_if(len(bodies) > 1, f"Cannot use both {_said(bodies[0])} and {bodies[-1]}")
    if "containerProperties" in request:
        refuse_if(platform == "MANAGED_INSTANCES", "Cannot use ECS containerProperties for MANAGED_INSTANCES")
        refuse_bad_container(request["containerProperties"], platform)
    elif "ecsProperties" in request:
        refuse_bad_tasks(request["ecsProperties"], platform)
    else:
        _check_kubernetes(request)


def _said(body: str) -> str:
    return "ECS containerProperties" if body == "containerProperties" else body


def _check_kubernetes(request: Spec) -> None:
    # False is taken: Terraform's provider sends it with every definition.
    for member in ("platformCapabilities", "propagateTags"):
        refuse_if(request.get(member), f"{member} is not applicable for Batch on EKS jobs.")
    refuse_bad_pod(request["eksProperties"].get("podProperties", {}))


def _check_multinode(request: Spec, platform: str) -> None:
    refuse_if("nodeProperties" not in request, "Node properties of multinode job is required.")
    refuse_if(any(body in request for body in BODIES), "Container properties are not for multinode jobs.")
    refuse_if(platform == "MANAGED_INSTANCES", "MANAGED_INSTANCES does not support MNP jobs")
    refuse_if(platform == "FARGATE", "Multinode jobs are not supported on Fargate.")
    nodes = request["nodeProperties"]
    ranges = nodes["nodeRangeProperties"]
    refuse_if(not 1 <= nodes["numNodes"] <= MAX_NODES, "Number of nodes must be between 1 and 1000.")
    refuse_if(
        not 0 <= nodes["mainNode"] < nodes["numNodes"], "Main node index is out of range, must be less than numNodes."
    )
    refuse_if(len(ranges) > MAX_RANGES, "Maximum allowed size of node range properties is 5")
    covered = {node for each in ranges for node in targets(each["targetNodes"], nodes["numNodes"])}
    refuse_if(covered != set(range(nodes["numNodes"])), "Node ranges must cover all nodes.")
    for each in ranges:
        _check_range(each)


def _check_range(each: Spec) -> None:
    refuse_if("container" in each and "ecsProperties" in each,
              "NodeRangeProperties can not use both ecsProperties and container fields")  # fmt: skip
    refuse_if(
        each.get("instanceTypes") and "ecsProperties" not in each,
        "Using instanceTypes with nodeRangeProperty is only allowed for ecsProperties jobs.",
    )
    if "ecsProperties" in each:
        refuse_bad_tasks(each["ecsProperties"], "EC2")
    elif "eksProperties" in each:
        refuse_bad_pod(each["eksProperties"].get("podProperties", {}))
    else:
        refuse_if("container" not in each, f"Must specify container for node range {each['targetNodes']}")
        refuse_bad_container(each["container"], "EC2")


def _patterns(rule: Spec) -> Iterator[str]:
    for member in ("onExitCode", "onReason", "onStatusReason"):
        if member in rule:
            yield rule[member]
