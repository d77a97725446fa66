"""Quota shares: create, read, list, update, delete. Each is part of a queue, and is named by its ARN."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from reconciler.model import Json, Spec
from reconciler.sandbox.core import state
from reconciler.sandbox.core.model import refuse_if
from reconciler.sandbox.core.state import (
    AccountState,
    Record,
    name_key,
    page_of_records,
    refuse_bad_name,
    refuse_bad_tags,
    shuffle_lists,
)
from reconciler.sandbox.jobs.timeline import end_jobs, holders, line_of

# What AWS refuses about capacity limits, in its own words (cdk-preflight, rules pf-batch-se-*).

MAX_LIMITS = 5
INSTANCES = "NUM_INSTANCES"
INSTANCE_TYPE = re.compile(r"ml\.[a-z0-9-]+\.[a-z0-9-]+")


def refuse_bad_limits(limits: Sequence[Spec]) -> None:
    refuse_if(not limits, "Capacitylimits are required.")
    refuse_if(len(limits) > MAX_LIMITS, "Number of capacity limits exceeds 5.")
    units = [limit.get("capacityUnit", "") for limit in limits]
    for unit in units:
        refuse_if(unit != INSTANCES and not INSTANCE_TYPE.fullmatch(unit), f"{unit} is unknown capacity unit")
    refuse_if(
        INSTANCES in units and set(units) != {INSTANCES},
        "Capacity units must specify either number of instances OR instance type",
    )
    refuse_if(any(limit.get("maxCapacity", 0) < 1 for limit in limits), "Max capacity must be more than 0.")


NOUN = "quota-share"
MAX_SHARES = 20  # a queue (AWS Batch User Guide, 'Service quotas')
UNLIMITED = -1
SHARE_DELETED = "Quota share deleted"
UPDATABLE = ("capacityLimits", "resourceSharingConfiguration", "preemptionConfiguration", "state")


def create(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    name = request["quotaShareName"]
    refuse_bad_name(name, "Quota share")
    refuse_bad_tags(request.get("tags", {}))
    queue = account_state.get("job-queue", request["jobQueue"])
    _refuse_bad_queue(account_state, queue)
    arn = f"{queue.arn}/{NOUN}/{name}"
    refuse_if(account_state.is_taken(NOUN, arn), "Object already exists")
    refuse_if(
        len(list(shares_of(account_state, queue.arn))) >= MAX_SHARES,
        f"A job queue has at most {MAX_SHARES} quota shares",
    )
    _refuse_bad_members(request)
    body = {"jobQueueArn": queue.arn, "state": "ENABLED", **_members(request)}
    record = Record(name=name, arn=arn, body=body, tags=request.get("tags", {}))
    account_state.put(NOUN, state.start_creation(account_state, record, healthy=""))
    return _identity(record)


def describe(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    record = account_state.see(NOUN, request["quotaShareArn"])
    refuse_if(record is None, f"{request['quotaShareArn']} does not exist")
    return {**_shown(account_state, record), "tags": record.tags} if record else {}


def list_all(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    queue = account_state.get("job-queue", request["jobQueue"])
    seen = (record for record in account_state.see_every(NOUN) if record.body["jobQueueArn"] == queue.arn)
    records, token = page_of_records(seen, request, name_key)
    return {"quotaShares": [_shown(account_state, record) for record in records], **token}


def update(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    record = state.settled_record(account_state, NOUN, request["quotaShareArn"])
    body = {**record.body, **_members(request)}
    _refuse_bad_members(body)
    record = replace(record, body=body)
    account_state.put(NOUN, state.start_update(account_state, record, seconds=account_state.timings.update, healthy=""))
    return _identity(record)


def delete(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    record = state.settled_record(
        account_state, NOUN, request["quotaShareArn"], "Cannot delete, resource is being modified"
    )
    state.refuse_deletion_unless_disabled(record, "quota share")
    going = state.start_deletion(account_state, record)
    account_state.put(
        NOUN, replace(going, until=max(going.until, account_state.now + _end_jobs(account_state, record)))
    )
    return {}


def shares_of(account_state: AccountState, queue: str) -> Iterator[Record]:
    return (record for record in account_state.every(NOUN) if record.body["jobQueueArn"] == queue)


OPERATIONS = {
    "CreateQuotaShare": create,
    "DescribeQuotaShare": describe,
    "ListQuotaShares": list_all,
    "UpdateQuotaShare": update,
    "DeleteQuotaShare": delete,
}


def _end_jobs(account_state: AccountState, record: Record) -> float:
    """All jobs of a share end with it (DeleteQuotaShare); return how many seconds that takes."""
    queue = record.body["jobQueueArn"]
    waiting = [job for job, row in line_of(account_state, queue).items() if row["share"] == record.arn]
    return end_jobs(
        account_state, queue, [*(job for job, _ in holders(account_state, record.arn)), *waiting], SHARE_DELETED
    )


def _refuse_bad_queue(account_state: AccountState, queue: Record) -> None:
    """Source: CreateQuotaShare (jobQueue), and the User Guide, 'Create quota management resources'."""
    refuse_if(
        queue.status != "VALID",
        "A job queue must be in the VALID state before you can associate it with a quota share.",
    )
    refuse_if(
        queue.body["jobQueueType"] != "SAGEMAKER_TRAINING",
        "Quota Management feature is only supported for SageMaker Training job queues.",
    )
    policy = account_state.find("scheduling-policy", queue.body.get("schedulingPolicyArn", ""))
    refuse_if(
        policy is None or "quotaSharePolicy" not in policy.body, "The job queue has no quota-share scheduling policy."
    )


def _refuse_bad_members(body: Spec) -> None:
    limits: Sequence[Spec] = body["capacityLimits"]
    refuse_bad_limits(limits)
    sharing = body["resourceSharingConfiguration"]
    refuse_if(sharing.get("borrowLimit", UNLIMITED) < UNLIMITED, "borrowLimit should be at least -1.")
    refuse_if(
        sharing["strategy"] != "LEND_AND_BORROW" and sharing.get("borrowLimit", UNLIMITED) != UNLIMITED,
        "borrowLimit can only be applied to the strategy LEND_AND_BORROW.",
    )


def _members(request: Mapping[str, Json]) -> dict[str, Json]:
    return {member: request[member] for member in UPDATABLE if member in request}


def _shown(account_state: AccountState, record: Record) -> dict[str, Json]:
    return {**_identity(record), "status": record.status, **shuffle_lists(dict(record.body), account_state)}


def _identity(record: Record) -> dict[str, Json]:
    return {"quotaShareName": record.name, "quotaShareArn": record.arn}
