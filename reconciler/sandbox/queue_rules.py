"""What AWS refuses about a job queue, in its own words where seen (cdk-preflight, rules pf-batch-jq-*)."""

from collections.abc import Mapping, Sequence

from reconciler.model import Json, Spec
from reconciler.sandbox.answers import Refusal, refuse_if
from reconciler.sandbox.environment_rules import FARGATE, MANAGED_INSTANCES, is_arm
from reconciler.sandbox.records import Record
from reconciler.sandbox.service_rules import attached_services
from reconciler.sandbox.world import AccountState

MAX_ENVIRONMENTS = 3  # the default quota
MAX_PRIORITY = 1000
LIMIT_SECONDS = (600, 86400)
TRAINING = "SAGEMAKER_TRAINING"


def attached(world: AccountState, request: Spec, queue_type: str, queue: str) -> dict[str, list[Json]]:
    """Return the orders that the request leads to, with ARNs for names. Raises `Refusal`."""
    _refuse_wrong_orders(request, queue_type)
    if request.get("serviceEnvironmentOrder"):
        service = attached_services(world, request["serviceEnvironmentOrder"], queue)
        return {"computeEnvironmentOrder": [], "serviceEnvironmentOrder": service}
    return {"computeEnvironmentOrder": _attached_computers(world, request, queue_type)}


def _attached_computers(world: AccountState, request: Spec, queue_type: str) -> list[Json]:
    order = request.get("computeEnvironmentOrder", [])
    refuse_if(not order, "computeEnvironmentOrder or serviceEnvironmentOrder is required.")
    refuse_if(len(order) > MAX_ENVIRONMENTS, "Only 3 environments are allowed in job queue request.")
    refuse_if(_has_doubles(entry["order"] for entry in order), "Duplicate ComputeEnvironment order values.")
    environments = [_environment(world, entry["computeEnvironment"]) for entry in order]
    refuse_if(_has_doubles(each.arn for each in environments), "Duplicate ComputeEnvironments within order list.")
    _refuse_mixtures(environments, queue_type)
    pairs = zip(order, environments, strict=True)
    return [{"order": entry["order"], "computeEnvironment": environment.arn} for entry, environment in pairs]


def resulting_type(world: AccountState, orders: Mapping[str, Sequence[Json]]) -> str:
    """Return the type of a queue with these orders."""
    if orders.get("serviceEnvironmentOrder"):
        return TRAINING
    return _family(world.get("compute-environment", orders["computeEnvironmentOrder"][0]["computeEnvironment"]))


def refuse_bad_priority(request: Spec) -> None:
    refuse_if(not 0 <= request.get("priority", 0) <= MAX_PRIORITY, f"Priority should be between 0 and {MAX_PRIORITY}.")


def refuse_bad_limits(actions: Sequence[Spec], queue_type: str) -> None:
    least, most = LIMIT_SECONDS
    refuse_if(
        any(not least <= each["maxTimeSeconds"] <= most for each in actions),
        f"maxTimeSeconds should be between {least} and {most}.",
    )
    valid = "TERMINATE" if queue_type == TRAINING else "CANCEL"
    refuse_if(any(each["action"] != valid for each in actions), f"Invalid job action. Valid job actions: [{valid}]")
    refuse_if(
        _has_doubles((each["state"], each["reason"]) for each in actions),
        "Duplicate job state limit actions are not allowed.",
    )


def refuse_bad_policy(world: AccountState, arn: str, queue_type: str) -> None:
    refuse_if(":scheduling-policy/" not in arn, "Only scheduling policy Arn can be allowed.")
    policy = world.find("scheduling-policy", arn)
    if policy is None:
        raise Refusal(f"SchedulingPolicy {arn} not found.")
    refuse_if(
        "quotaSharePolicy" in policy.body and queue_type != TRAINING,
        "Quota Management feature is only supported for SageMaker Training job queues.",
    )


def _refuse_wrong_orders(request: Spec, queue_type: str) -> None:
    service = request.get("serviceEnvironmentOrder")
    refuse_if(
        service and request.get("computeEnvironmentOrder"),
        "Only one of computeEnvironmentOrder and serviceEnvironmentOrder can be provided.",
    )
    refuse_if(
        queue_type == TRAINING and not service,
        "Job queues of type SAGEMAKER_TRAINING must have serviceEnvironmentOrder.",
    )
    refuse_if(
        service and queue_type != TRAINING,
        f"The jobQueueType provided is {queue_type}, which is incompatible with the provided serviceEnvironmentOrder.",
    )


def _environment(world: AccountState, identifier: str) -> Record:
    found = world.find("compute-environment", identifier)
    if found is None or found.status != "VALID":
        raise Refusal("Compute Environments must be created and valid before attaching them to a job queue")
    return found


def _refuse_mixtures(environments: Sequence[Record], queue_type: str) -> None:
    families = {_family(each) for each in environments}
    mixed_kubernetes = len(families) > 1 and "EKS" in families
    refuse_if(
        mixed_kubernetes or (queue_type == "EKS" and families != {"EKS"}),
        "EKS job queue type must have EKS compute environment.",
    )
    refuse_if(len(families) > 1, "Fargate and EC2 compute environments can not be mixed.")
    refuse_if(
        queue_type and families != {queue_type},
        f"The jobQueueType provided is {queue_type}, which is incompatible with the provided computeEnvironmentOrder.",
    )
    arms = {is_arm(each) for record in environments for each in _instance_types(record)}
    refuse_if(len(arms) > 1, "All compute environments of a job queue must have the same architecture.")


def _family(environment: Record) -> str:
    """Return the type of the queues that the environment fits."""
    if environment.body["containerOrchestrationType"] == "EKS":
        return "EKS"
    kind = environment.body.get("computeResources", {}).get("type")
    if kind == MANAGED_INSTANCES:
        return MANAGED_INSTANCES
    return "ECS_FARGATE" if kind in FARGATE else "ECS"


def _instance_types(environment: Record) -> Sequence[str]:
    types: Sequence[str] = environment.body.get("computeResources", {}).get("instanceTypes", ())
    return types


def _has_doubles(values: Json) -> bool:
    listed = list(values)
    return len(listed) != len(set(listed))
