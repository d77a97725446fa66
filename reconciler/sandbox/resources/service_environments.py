"""Service environments: create, read, update, delete."""

from collections.abc import Mapping
from dataclasses import replace

from reconciler.model import Json
from reconciler.sandbox.core import state
from reconciler.sandbox.core.model import refuse_if
from reconciler.sandbox.core.state import (
    AccountState,
    Record,
    named_or_paged,
    refuse_bad_name,
    refuse_bad_tags,
    refuse_used,
    shuffled,
)
from reconciler.sandbox.resources.quota_shares import refuse_bad_limits

NOUN = "service-environment"


def create(world: AccountState, request: Mapping[str, Json]) -> Json:
    name = request["serviceEnvironmentName"]
    refuse_bad_name(name, "Service environment")
    refuse_bad_tags(request.get("tags", {}))
    refuse_bad_limits(request["capacityLimits"])
    refuse_if(world.is_taken(NOUN, name), "Object already exists")
    body = {member: value for member, value in request.items() if member not in ("serviceEnvironmentName", "tags")}
    body = {"state": "ENABLED", **body}
    record = Record(name=name, arn=world.arn(NOUN, name), body=body, tags=request.get("tags", {}))
    world.put(NOUN, state.created(world, record, healthy=""))
    return _identity(record)


def describe(world: AccountState, request: Mapping[str, Json]) -> Json:
    records, token = named_or_paged(world, NOUN, request, "serviceEnvironments", "ServiceEnvironments")
    return {"serviceEnvironments": [_shown(world, record) for record in records], **token}


def update(world: AccountState, request: Mapping[str, Json]) -> Json:
    record = state.settled(world, NOUN, request["serviceEnvironment"])
    sent = {member: request[member] for member in ("state", "capacityLimits") if member in request}
    if "capacityLimits" in sent:
        refuse_bad_limits(sent["capacityLimits"])
    record = replace(record, body={**record.body, **sent})
    world.put(NOUN, state.updated(world, record, seconds=world.timings.update, healthy=""))
    return _identity(record)


def delete(world: AccountState, request: Mapping[str, Json]) -> Json:
    identifier = request["serviceEnvironment"]
    record = state.settled(world, NOUN, identifier, "Cannot delete, resource is being modified")
    state.refuse_deletion_unless_disabled(record, "service environment")
    refuse_used(world, record.arn)
    world.put(NOUN, state.deleted(world, record))
    return {}


OPERATIONS = {
    "CreateServiceEnvironment": create,
    "DescribeServiceEnvironments": describe,
    "UpdateServiceEnvironment": update,
    "DeleteServiceEnvironment": delete,
}


def _shown(world: AccountState, record: Record) -> dict[str, Json]:
    return {**_identity(record), "status": record.status, "tags": record.tags, **shuffled(dict(record.body), world)}


def _identity(record: Record) -> dict[str, Json]:
    return {"serviceEnvironmentName": record.name, "serviceEnvironmentArn": record.arn}
