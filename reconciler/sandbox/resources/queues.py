"""Job queues: create, read, update, delete."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from reconciler.model import Json, Spec
from reconciler.sandbox.core import state
from reconciler.sandbox.core.model import Refusal, refuse_if
from reconciler.sandbox.core.state import (
    AccountState,
    Record,
    environments_of,
    queues_with,
    records_named_or_page,
    refuse_bad_name,
    refuse_bad_tags,
    release,
    shuffle_lists,
)
from reconciler.sandbox.jobs.timeline import end_jobs, jobs_in
from reconciler.sandbox.resources.environments import FARGATE, MANAGED_INSTANCES, is_arm
from reconciler.sandbox.resources.quota_shares import INSTANCES, shares_of

# What AWS refuses about the service environment of a queue (cdk-preflight, rules pf-batch-jq-service-env-*).


def attached_services(account_state: AccountState, order: Sequence[Json], queue: str) -> list[Json]:
    """Return the order with ARNs for names. Raises `Refusal`."""
    refuse_if(len(order) > 1, "Only 1 service environment is allowed in job queue request.")
    environments = [_service_environment(account_state, entry["serviceEnvironment"]) for entry in order]
    for environment in environments:
        _refuse_second_queue(account_state, environment, queue)
    pairs = zip(order, environments, strict=True)
    return [{"order": entry["order"], "serviceEnvironment": environment.arn} for entry, environment in pairs]


def _service_environment(account_state: AccountState, identifier: str) -> Record:
    found = account_state.find("service-environment", identifier)
    if found is None or found.status != "VALID":
        raise Refusal("Service environments must be created and valid before attaching them to a job queue.")
    return found


def _refuse_second_queue(account_state: AccountState, environment: Record, queue: str) -> None:
    """One that counts instance types is for quota management, and belongs to one queue ('Service quotas')."""
    counts_types = all(limit["capacityUnit"] != INSTANCES for limit in environment.body["capacityLimits"])
    other_items = [arn for arn in queues_with(account_state, environment.arn) if arn != queue]
    refuse_if(counts_types and other_items, "A quota management service environment can have one job queue only.")


# What AWS refuses about a job queue, in its own words where seen (cdk-preflight, rules pf-batch-jq-*).

MAX_ENVIRONMENTS = 3  # the default quota
MAX_PRIORITY = 1000
LIMIT_SECONDS = (600, 86400)
TRAINING = "SAGEMAKER_TRAINING"


def attach_environments(
    account_state: AccountState, request: Spec, queue_type: str, queue: str
) -> dict[str, list[Json]]:
    """Return the orders that the request leads to, with ARNs for names. Raises `Refusal`."""
    _refuse_wrong_orders(request, queue_type)
    if request.get("serviceEnvironmentOrder"):
        service = attached_services(account_state, request["serviceEnvironmentOrder"], queue)
        return {"computeEnvironmentOrder": [], "serviceEnvironmentOrder": service}
    return {"computeEnvironmentOrder": _attached_computers(account_state, request, queue_type)}


def _attached_computers(account_state: AccountState, request: Spec, queue_type: str) -> list[Json]:
    order = request.get("computeEnvironmentOrder", [])
    refuse_if(not order, "computeEnvironmentOrder or serviceEnvironmentOrder is required.")
    refuse_if(len(order) > MAX_ENVIRONMENTS, "Only 3 environments are allowed in job queue request.")
    refuse_if(_has_doubles(entry["order"] for entry in order), "Duplicate ComputeEnvironment order values.")
    environments = [_environment(account_state, entry["computeEnvironment"]) for entry in order]
    refuse_if(_has_doubles(each.arn for each in environments), "Duplicate ComputeEnvironments within order list.")
    _refuse_mixtures(environments, queue_type)
    pairs = zip(order, environments, strict=True)
    return [{"order": entry["order"], "computeEnvironment": environment.arn} for entry, environment in pairs]


def resulting_type(account_state: AccountState, orders: Mapping[str, Sequence[Json]]) -> str:
    """Return the type of a queue with these orders."""
    if orders.get("serviceEnvironmentOrder"):
        return TRAINING
    return _family(account_state.get("compute-environment", orders["computeEnvironmentOrder"][0]["computeEnvironment"]))


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


def refuse_bad_policy(account_state: AccountState, arn: str, queue_type: str) -> None:
    refuse_if(":scheduling-policy/" not in arn, "Only scheduling policy Arn can be allowed.")
    policy = account_state.find("scheduling-policy", arn)
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


def _environment(account_state: AccountState, identifier: str) -> Record:
    found = account_state.find("compute-environment", identifier)
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


NOUN = "job-queue"
HEALTHY = "JobQueue Healthy"
DELETED = "Job queue deleted"  # why its jobs ended; the words are ours
UPDATABLE = ("state", "priority", "jobStateTimeLimitActions", "schedulingPolicyArn")


def create(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    name = request["jobQueueName"]
    refuse_bad_name(name, "Job Queue")
    refuse_bad_tags(request.get("tags", {}))
    refuse_if(account_state.is_taken(NOUN, name), "Object already exists")
    body = _body(account_state, request)
    record = Record(name=name, arn=account_state.arn(NOUN, name), body=body, tags=request.get("tags", {}))
    record = state.start_creation(account_state, record, healthy=HEALTHY)
    account_state.put(NOUN, record)
    return _identity(record)


def describe(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    records, token = records_named_or_page(account_state, NOUN, request, "jobQueues", "JobQueues")
    return {"jobQueues": [_shown(account_state, record) for record in records], **token}


def update(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    record = state.settled_record(account_state, NOUN, request["jobQueue"])
    _refuse_bad_members(account_state, request, record.body["jobQueueType"])
    if "schedulingPolicyArn" in request:
        # A policy can be exchanged, neither added nor removed (ASFHyP3/hyp3 issue 799; UpdateJobQueue).
        refuse_if("schedulingPolicyArn" not in record.body, "Only fairshare queue can have scheduling policy")
    body = {**record.body, **{member: request[member] for member in UPDATABLE if member in request}}
    if "computeEnvironmentOrder" in request or "serviceEnvironmentOrder" in request:
        body |= _moved(account_state, request, body["jobQueueType"], record.arn)
        release(account_state, environments_of(record.body) - environments_of(body), account_state.now)
    record = state.start_update(
        account_state, replace(record, body=body), seconds=account_state.timings.update, healthy=HEALTHY
    )
    account_state.put(NOUN, record)
    return _identity(record)


def delete(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    record = state.settled_record(account_state, NOUN, request["jobQueue"], "Cannot delete, resource is being modified")
    state.refuse_deletion_unless_disabled(record, "job queue")
    # What becomes of the shares of a queue that is deleted is documented nowhere.
    refuse_if(any(shares_of(account_state, record.arn)), "Cannot delete, the job queue has quota shares.")
    going = state.start_deletion(account_state, record)
    going = replace(
        going,
        until=max(
            going.until,
            account_state.now + end_jobs(account_state, record.arn, jobs_in(account_state, record.arn), DELETED),
        ),
    )
    account_state.put(NOUN, going)
    release(account_state, environments_of(record.body), going.until)
    return {}


OPERATIONS = {
    "CreateJobQueue": create,
    "DescribeJobQueues": describe,
    "UpdateJobQueue": update,
    "DeleteJobQueue": delete,
}


def _body(account_state: AccountState, request: Mapping[str, Json]) -> dict[str, Json]:
    queue_type = request.get("jobQueueType", "")
    _refuse_bad_members(account_state, request, queue_type)
    orders = attach_environments(account_state, request, queue_type, account_state.arn(NOUN, request["jobQueueName"]))
    body = {member: value for member, value in request.items() if member not in ("jobQueueName", "tags")}
    filled = {"state": "ENABLED", "jobStateTimeLimitActions": [], **body, **orders}
    return {**filled, "jobQueueType": resulting_type(account_state, orders)}


def _moved(account_state: AccountState, request: Mapping[str, Json], kind: str, arn: str) -> dict[str, Json]:
    """Whether a queue can move between EC2, Fargate and managed instances is documented nowhere: here it can."""
    if kind in ("EKS", "SAGEMAKER_TRAINING"):
        return attach_environments(account_state, request, kind, arn)
    orders = attach_environments(account_state, request, "", arn)
    refuse_if(resulting_type(account_state, orders) == "EKS", "EKS job queue type must have EKS compute environment.")
    return {**orders, "jobQueueType": resulting_type(account_state, orders)}


def _refuse_bad_members(account_state: AccountState, request: Mapping[str, Json], kind: str) -> None:
    refuse_bad_priority(request)
    refuse_bad_limits(request.get("jobStateTimeLimitActions", ()), kind)
    if "schedulingPolicyArn" in request:
        refuse_bad_policy(account_state, request["schedulingPolicyArn"], kind)


def _shown(account_state: AccountState, record: Record) -> dict[str, Json]:
    health = {"status": record.status, **({"statusReason": record.reason} if record.reason else {})}
    return {**_identity(record), "tags": record.tags, **health, **shuffle_lists(dict(record.body), account_state)}


def _identity(record: Record) -> dict[str, Json]:
    return {"jobQueueName": record.name, "jobQueueArn": record.arn}
