"""Job definitions: register, read, deregister. Every register makes a revision; nothing ever changes one."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace

from reconciler.model import Json
from reconciler.sandbox.core.model import Refusal, refuse_if
from reconciler.sandbox.core.reading import SortKey, named, paged, refuse_bad_name, refuse_bad_tags, shuffled
from reconciler.sandbox.core.state import GONE, AccountState, Record
from reconciler.sandbox.resources.defaults import definition_body
from reconciler.sandbox.resources.definition_checks import refuse_bad_definition

NOUN = "job-definition"
REVISIONS = ".last-revisions"
KEPT = 180 * 86400.0  # seconds that an inactive revision can be described (DeregisterJobDefinition)
MAX_SIZE = 24 * 1024  # AWS Batch User Guide, 'Service quotas'


def register(world: AccountState, request: Mapping[str, Json]) -> Json:
    name = request["jobDefinitionName"]
    refuse_bad_name(name, "Job Definition")
    refuse_bad_tags(request.get("tags", {}))
    refuse_if(len(json.dumps(request)) > MAX_SIZE, "Job definition is larger than 24 KiB.")
    refuse_bad_definition(request)
    # The counter outlives the revisions (hashicorp/terraform-provider-aws issue 29819).
    revision = world.fact(REVISIONS, name, 0) + 1
    world.note(REVISIONS, name, revision)
    record = Record(
        name=name,
        arn=world.arn(NOUN, f"{name}:{revision}"),
        body={"revision": revision, **definition_body(request)},
        tags=request.get("tags", {}),
        status="ACTIVE",
    )
    world.put(NOUN, record)
    return _identity(record)


def describe(world: AccountState, request: Mapping[str, Json]) -> Json:
    if request.get("jobDefinitions"):
        refuse_if("maxResults" in request, "JobDefinitions and MaxResults cannot both be set")
        others = [member for member in ("jobDefinitionName", "status", "nextToken") if member in request]
        refuse_if(others, f"jobDefinitions cannot be combined with {', '.join(others)}")
        records = named(world, NOUN, request["jobDefinitions"])
        token: dict[str, str] = {}
    else:
        records, token = paged(_matching(world, request), request, _newest_first)
    return {"jobDefinitions": [_shown(world, record) for record in records], **token}


def deregister(world: AccountState, request: Mapping[str, Json]) -> Json:
    identifier = request["jobDefinition"]
    # pulumi/pulumi-aws issue 3887
    refuse_if(not identifier, "Job definition name is required.")
    record = world.find(NOUN, identifier)
    if record is None:
        raise Refusal(f"Job definition {identifier} does not exist")
    if record.status == "ACTIVE":
        world.put(NOUN, replace(record, status="INACTIVE", until=world.now + KEPT, then=GONE))
    return {}


def newest_active(world: AccountState, identifier: str) -> Record | None:
    """Return the revision that is named, by name or ARN, if it is ACTIVE; without a number the newest that is."""
    key = world.key(NOUN, identifier)
    keys = [key] if ":" in key else (f"{key}:{number}" for number in range(world.fact(REVISIONS, key, 0), 0, -1))
    revisions = (world.find(NOUN, key) for key in keys)
    return next((found for found in revisions if found and found.status == "ACTIVE"), None)


OPERATIONS = {
    "RegisterJobDefinition": register,
    "DescribeJobDefinitions": describe,
    "DeregisterJobDefinition": deregister,
}


def _matching(world: AccountState, request: Mapping[str, Json]) -> Iterator[Record]:
    name, status = request.get("jobDefinitionName"), request.get("status")
    for record in world.see_every(NOUN):
        if name in (None, record.name) and status in (None, record.status):
            yield record


def _newest_first(record: Record) -> SortKey:
    return (record.name, -record.body["revision"])


def _shown(world: AccountState, record: Record) -> dict[str, Json]:
    body = shuffled(dict(record.body), world)
    return {**_identity(record), "status": record.status, "tags": record.tags, **body}


def _identity(record: Record) -> dict[str, Json]:
    return {
        "jobDefinitionName": record.name,
        "jobDefinitionArn": record.arn,
        "revision": record.body["revision"],
    }
