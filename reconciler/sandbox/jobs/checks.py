"""What AWS refuses about a job that is submitted, with its own words where somebody has seen them."""

import re
from collections.abc import Mapping

from reconciler.model import Json, Spec
from reconciler.sandbox.core.model import Refusal, refuse_if
from reconciler.sandbox.core.reading import refuse_bad_tags
from reconciler.sandbox.core.state import AccountState, Record
from reconciler.sandbox.jobs.requests import containers_of, vcpus_of
from reconciler.sandbox.resources.definition_checks import (
    MAX_PRIORITY,
    refuse_bad_consumables,
    refuse_bad_retry,
    refuse_bad_timeout,
)
from reconciler.sandbox.resources.definitions import newest_active

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


def queue_for(world: AccountState, request: Spec) -> Record:
    """Return the queue that takes the job."""
    queue = known_queue(world, request["jobQueue"])
    refuse_if(
        queue.status not in ("VALID", "UPDATING"), f"JobQueue {queue.name} is {queue.status}, it does not take jobs."
    )
    refuse_if(queue.body["state"] != "ENABLED", f"JobQueue {queue.name} is DISABLED, it does not take jobs.")
    return queue


def known_queue(world: AccountState, identifier: str) -> Record:
    queue = world.find("job-queue", identifier)
    if queue is None:
        raise Refusal(f"JobQueue {identifier} not found.")
    return queue


def definition_for(world: AccountState, request: Spec) -> Record:
    """Return the revision that the job runs: the newest ACTIVE one, unless another is named."""
    found = newest_active(world, request["jobDefinition"])
    if found is None:
        # Seen in aws-samples/aws-genomics-workflows issue 84.
        raise Refusal(f"JobDefinition name {request['jobDefinition']} does not exist or is not in ACTIVE status")
    return found


def refuse_bad_job(world: AccountState, request: Spec, queue: Record, definition: Spec) -> None:
    refuse_if(not NAME.fullmatch(request["jobName"]), BAD_NAME)
    refuse_bad_tags(request.get("tags", {}))
    refuse_bad_retry(request.get("retryStrategy", {}))
    refuse_bad_timeout(request.get("timeout", {}))
    refuse_bad_consumables(request.get("consumableResourcePropertiesOverride", {}))
    _check_platform(queue, definition)
    _check_overrides(request, definition)
    _check_share(world, request, queue)
    _check_array(request)
    _check_needs(world, request)


def refuse_bad_size(body: Spec) -> None:
    for container, _ in containers_of(body):
        try:
            vcpus = vcpus_of(container)
        except ValueError as wrong:
            raise Refusal(f"Value for type VCPU in resourceRequirement is not valid. {wrong}") from wrong
        refuse_if(vcpus <= 0, f"vCPU must be more than 0, got {vcpus:g}.")


def refuse_bad_training(world: AccountState, request: Spec, queue: Record) -> Record | None:
    """Return the quota share of the training job, if its queue has shares."""
    refuse_if(queue.body["jobQueueType"] != TRAINING, f"Service jobs need a job queue of type {TRAINING}.")
    refuse_if(not NAME.fullmatch(request["jobName"]), BAD_NAME)
    refuse_bad_tags(request.get("tags", {}))
    refuse_if(
        not 0 <= request.get("schedulingPriority", 0) <= MAX_PRIORITY, "Scheduling priority must be between 0 and 9999."
    )
    refuse_bad_retry(request.get("retryStrategy", {}))
    refuse_bad_timeout(request.get("timeoutConfig", {}))
    if "quotaSharePolicy" in _policy(world, queue):
        return _quota_share(world, request, queue)
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


def _check_share(world: AccountState, request: Spec, queue: Record) -> None:
    fair = "fairsharePolicy" in _policy(world, queue)
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


def _check_needs(world: AccountState, request: Spec) -> None:
    needs = request.get("dependsOn", ())
    refuse_if(len(needs) > MAX_NEEDS, f"A job can depend upon a maximum of {MAX_NEEDS} jobs.")
    for need in needs:
        if need.get("type") == "SEQUENTIAL" and "jobId" not in need:
            refuse_if("arrayProperties" not in request, "SEQUENTIAL dependencies are for array jobs.")
            continue
        job = need.get("jobId", "")
        known = world.find("job", job.partition(":")[0])
        refuse_if(known is None, f"Job {job} not found.")
        if need.get("type") == "N_TO_N":
            sizes = [each.get("arrayProperties", {}).get("size") for each in (request, known.body if known else {})]
            refuse_if(None in sizes or sizes[0] != sizes[1], "N_TO_N dependencies are for array jobs of the same size.")


def _quota_share(world: AccountState, request: Spec, queue: Record) -> Record:
    name = request.get("quotaShareName")
    refuse_if(not name, f"quotaShareName is required: JobQueue {queue.name} has quota shares.")
    share = world.find("quota-share", f"{queue.arn}/quota-share/{name}")
    if share is None or share.status == "DELETING":
        raise Refusal(f"Quota share {name} not found.")
    refuse_if(share.body["state"] != "ENABLED", f"Quota share {name} is DISABLED, it does not take jobs.")
    return share


def _policy(world: AccountState, queue: Record) -> Mapping[str, Json]:
    policy = world.find("scheduling-policy", queue.body.get("schedulingPolicyArn", ""))
    return policy.body if policy else {}
