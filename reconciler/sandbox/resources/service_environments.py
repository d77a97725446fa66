"""Service environments: create, read, update, delete."""

from collections.abc import Mapping
from dataclasses import replace

from reconciler.model import Json
from reconciler.sandbox.core import state
from reconciler.sandbox.core.model import refuse_if
from reconciler.sandbox.core.state import (
    AccountState,
    Record,
    records_named_or_page,
    refuse_bad_name,
    refuse_bad_tags,
    refuse_used,
    shuffle_lists,
)
from reconciler.sandbox.resources.quota_shares import refuse_bad_limits

NOUN = "service-environment"


def create(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    name = request["serviceEnvironmentName"]
    refuse_bad_name(name, "Service environment")
    refuse_bad_tags(request.get("tags", {}))
    refuse_bad_limits(request["capacityLimits"])
    refuse_if(account_state.is_taken(NOUN, name), "Object already exists")
    body = {member: value for member, value in request.items() if member not in ("serviceEnvironmentName", "tags")}
    body = {"state": "ENABLED", **body}
    record = Record(name=name, arn=account_state.arn(NOUN, name), body=body, tags=request.get("tags", {}))
    account_state.put(NOUN, state.start_creation(account_state, record, healthy=""))
    return _identity(record)


def describe(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    records, token = records_named_or_page(account_state, NOUN, request, "serviceEnvironments", "ServiceEnvironments")
    return {"serviceEnvironments": [_shown(account_state, record) for record in records], **token}


def update(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    record = state.settled_record(account_state, NOUN, request["serviceEnvironment"])
    sent = {member: request[member] for member in ("state", "capacityLimits") if member in request}
    if "capacityLimits" in sent:
        refuse_bad_limits(sent["capacityLimits"])
    record = replace(record, body={**record.body, **sent})
    account_state.put(NOUN, state.start_update(account_state, record, seconds=account_state.timings.update, healthy=""))
    return _identity(record)


def delete(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    identifier = request["serviceEnvironment"]
    record = state.settled_record(account_state, NOUN, identifier, "Cannot delete, resource is being modified")
    state.refuse_deletion_unless_disabled(record, "service environment")
    refuse_used(account_state, record.arn)
    account_state.put(NOUN, state.start_deletion(account_state, record))
    return {}


OPERATIONS = {
    "CreateServiceEnvironment": create,
    "DescribeServiceEnvironments": describe,
    "UpdateServiceEnvironment": update,
    "DeleteServiceEnvironment": delete,
}


def _shown(account_state: AccountState, record: Record) -> dict[str, Json]:
    return {
        **_identity(record),
        "status": record.status,
        "tags": record.tags,
        **shuffle_lists(dict(record.body), account_state),
    }


def _identity(record: Record) -> dict[str, Json]:
    return {"serviceEnvironmentName": record.name, "serviceEnvironmentArn": record.arn}
