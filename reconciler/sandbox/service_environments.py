"""Service environments: create, read, update, delete."""

from collections.abc import Mapping
from dataclasses import replace

from reconciler.model import Json
from reconciler.sandbox import lifecycle
from reconciler.sandbox.answers import refuse_if
from reconciler.sandbox.capacity_rules import refuse_bad_limits
from reconciler.sandbox.names import refuse_bad_name, refuse_bad_tags
from reconciler.sandbox.reading import named_or_paged, shuffled
from reconciler.sandbox.records import Record
from reconciler.sandbox.relationships import refuse_used
from reconciler.sandbox.world import AccountState

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
    world.put(NOUN, lifecycle.created(world, record, healthy=""))
    return _identity(record)


def describe(world: AccountState, request: Mapping[str, Json]) -> Json:
    records, token = named_or_paged(world, NOUN, request, "serviceEnvironments", "ServiceEnvironments")
    return {"serviceEnvironments": [_shown(world, record) for record in records], **token}


def update(world: AccountState, request: Mapping[str, Json]) -> Json:
    record = lifecycle.settled(world, NOUN, request["serviceEnvironment"])
    sent = {member: request[member] for member in ("state", "capacityLimits") if member in request}
    if "capacityLimits" in sent:
        refuse_bad_limits(sent["capacityLimits"])
    record = replace(record, body={**record.body, **sent})
    world.put(NOUN, lifecycle.updated(world, record, seconds=world.timings.update, healthy=""))
    return _identity(record)


def delete(world: AccountState, request: Mapping[str, Json]) -> Json:
    identifier = request["serviceEnvironment"]
    record = lifecycle.settled(world, NOUN, identifier, "Cannot delete, resource is being modified")
    lifecycle.refuse_deletion_unless_disabled(record, "service environment")
    refuse_used(world, record.arn)
    world.put(NOUN, lifecycle.deleted(world, record))
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
