"""Job queues: create, read, update, delete."""

from collections.abc import Mapping
from dataclasses import replace

from reconciler.model import Json
from reconciler.sandbox import lifecycle
from reconciler.sandbox.answers import refuse_if
from reconciler.sandbox.jobs.endings import end_all, jobs_in
from reconciler.sandbox.names import refuse_bad_name, refuse_bad_tags
from reconciler.sandbox.queue_rules import (
    attached,
    refuse_bad_limits,
    refuse_bad_policy,
    refuse_bad_priority,
    resulting_type,
)
from reconciler.sandbox.quota_shares import shares_of
from reconciler.sandbox.reading import named_or_paged, shuffled
from reconciler.sandbox.records import Record
from reconciler.sandbox.relationships import environments_of, release
from reconciler.sandbox.world import AccountState

NOUN = "job-queue"
HEALTHY = "JobQueue Healthy"
DELETED = "Job queue deleted"  # why its jobs ended; the words are ours
UPDATABLE = ("state", "priority", "jobStateTimeLimitActions", "schedulingPolicyArn")


def create(world: AccountState, request: Mapping[str, Json]) -> Json:
    name = request["jobQueueName"]
    refuse_bad_name(name, "Job Queue")
    refuse_bad_tags(request.get("tags", {}))
    refuse_if(world.is_taken(NOUN, name), "Object already exists")
    body = _body(world, request)
    record = Record(name=name, arn=world.arn(NOUN, name), body=body, tags=request.get("tags", {}))
    record = lifecycle.created(world, record, healthy=HEALTHY)
    world.put(NOUN, record)
    return _identity(record)


def describe(world: AccountState, request: Mapping[str, Json]) -> Json:
    records, token = named_or_paged(world, NOUN, request, "jobQueues", "JobQueues")
    return {"jobQueues": [_shown(world, record) for record in records], **token}


def update(world: AccountState, request: Mapping[str, Json]) -> Json:
    record = lifecycle.settled(world, NOUN, request["jobQueue"])
    _refuse_bad_members(world, request, record.body["jobQueueType"])
    if "schedulingPolicyArn" in request:
        # A policy can be exchanged, neither added nor removed (ASFHyP3/hyp3 issue 799; UpdateJobQueue).
        refuse_if("schedulingPolicyArn" not in record.body, "Only fairshare queue can have scheduling policy")
    body = {**record.body, **{member: request[member] for member in UPDATABLE if member in request}}
    if "computeEnvironmentOrder" in request or "serviceEnvironmentOrder" in request:
        body |= _moved(world, request, body["jobQueueType"], record.arn)
        release(world, environments_of(record.body) - environments_of(body), world.now)
    record = lifecycle.updated(world, replace(record, body=body), seconds=world.timings.update, healthy=HEALTHY)
    world.put(NOUN, record)
    return _identity(record)


def delete(world: AccountState, request: Mapping[str, Json]) -> Json:
    record = lifecycle.settled(world, NOUN, request["jobQueue"], "Cannot delete, resource is being modified")
    lifecycle.refuse_deletion_unless_disabled(record, "job queue")
    # What becomes of the shares of a queue that is deleted is documented nowhere.
    refuse_if(any(shares_of(world, record.arn)), "Cannot delete, the job queue has quota shares.")
    going = lifecycle.deleted(world, record)
    going = replace(
        going, until=max(going.until, world.now + end_all(world, record.arn, jobs_in(world, record.arn), DELETED))
    )
    world.put(NOUN, going)
    release(world, environments_of(record.body), going.until)
    return {}


OPERATIONS = {
    "CreateJobQueue": create,
    "DescribeJobQueues": describe,
    "UpdateJobQueue": update,
    "DeleteJobQueue": delete,
}


def _body(world: AccountState, request: Mapping[str, Json]) -> dict[str, Json]:
    wanted = request.get("jobQueueType", "")
    _refuse_bad_members(world, request, wanted)
    orders = attached(world, request, wanted, world.arn(NOUN, request["jobQueueName"]))
    body = {member: value for member, value in request.items() if member not in ("jobQueueName", "tags")}
    filled = {"state": "ENABLED", "jobStateTimeLimitActions": [], **body, **orders}
    return {**filled, "jobQueueType": resulting_type(world, orders)}


def _moved(world: AccountState, request: Mapping[str, Json], kind: str, arn: str) -> dict[str, Json]:
    """Whether a queue can move between EC2, Fargate and managed instances is documented nowhere: here it can."""
    if kind in ("EKS", "SAGEMAKER_TRAINING"):
        return attached(world, request, kind, arn)
    orders = attached(world, request, "", arn)
    refuse_if(resulting_type(world, orders) == "EKS", "EKS job queue type must have EKS compute environment.")
    return {**orders, "jobQueueType": resulting_type(world, orders)}


def _refuse_bad_members(world: AccountState, request: Mapping[str, Json], kind: str) -> None:
    refuse_bad_priority(request)
    refuse_bad_limits(request.get("jobStateTimeLimitActions", ()), kind)
    if "schedulingPolicyArn" in request:
        refuse_bad_policy(world, request["schedulingPolicyArn"], kind)


def _shown(world: AccountState, record: Record) -> dict[str, Json]:
    health = {"status": record.status, **({"statusReason": record.reason} if record.reason else {})}
    return {**_identity(record), "tags": record.tags, **health, **shuffled(dict(record.body), world)}


def _identity(record: Record) -> dict[str, Json]:
    return {"jobQueueName": record.name, "jobQueueArn": record.arn}
