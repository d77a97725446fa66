"""Compute environments: create, read, update, delete."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from random import Random

from reconciler.model import Json
from reconciler.sandbox import lifecycle, roles
from reconciler.sandbox.answers import refuse_if
from reconciler.sandbox.defaults import environment_body, observed
from reconciler.sandbox.environment_rules import EC2, FARGATE, refuse_bad_environment, refuse_bad_image_types
from reconciler.sandbox.environment_updates import is_infrastructure, merged, refuse_bad_update
from reconciler.sandbox.jobs.capacity import VCPU
from reconciler.sandbox.jobs.endings import evict, replacement
from reconciler.sandbox.jobs.holdings import holders, taken
from reconciler.sandbox.jobs.placing import SCALED
from reconciler.sandbox.names import refuse_bad_name, refuse_bad_tags
from reconciler.sandbox.reading import named_or_paged, shuffled
from reconciler.sandbox.records import Record
from reconciler.sandbox.relationships import refuse_used
from reconciler.sandbox.world import AccountState

NOUN = "compute-environment"
HEALTHY = "ComputeEnvironment Healthy"


def create(world: AccountState, request: Mapping[str, Json]) -> Json:
    name = request["computeEnvironmentName"]
    refuse_bad_name(name, "Compute Environment")
    refuse_bad_tags(request.get("tags", {}))
    request = _without_empty_role(request)
    refuse_bad_environment(world, request)
    refuse_bad_image_types(request.get("computeResources", {}), "EKS" if "eksConfiguration" in request else "ECS")
    refuse_if(world.is_taken(NOUN, name), "Object already exists")
    body = environment_body(world, request)
    record = Record(
        name=name, arn=world.arn(NOUN, name), body=body, tags=request.get("tags", {}), hidden={"scaled": world.now}
    )
    record = lifecycle.created(world, record, healthy=HEALTHY, illness=roles.illness(world, body))
    world.put(NOUN, record)
    return _identity(record)


def describe(world: AccountState, request: Mapping[str, Json]) -> Json:
    records, token = named_or_paged(world, NOUN, request, "computeEnvironments", "ComputeEnvironments")
    return {"computeEnvironments": [_shown(world, record) for record in records], **token}


def update(world: AccountState, request: Mapping[str, Json]) -> Json:
    record = lifecycle.settled(world, NOUN, request["computeEnvironment"])
    body = autoscaled(world, record)
    refuse_bad_update(world, body, request)
    after = merged(world, body, request)
    record = replace(record, body=after, hidden={"scaled": world.now})
    seconds = world.timings.update
    if is_infrastructure(body, request):
        record, seconds = replacement(world, record)
    record = lifecycle.updated(world, record, seconds=seconds, healthy=HEALTHY, illness=roles.illness(world, after))
    world.put(NOUN, record)
    return _identity(record)


def delete(world: AccountState, request: Mapping[str, Json]) -> Json:
    identifier = request["computeEnvironment"]
    record = lifecycle.settled(world, NOUN, identifier, "Cannot delete, resource is being modified")
    lifecycle.refuse_deletion_unless_disabled(record, "compute environment")
    refuse_used(world, record.arn)
    illness = roles.service_role_illness(world, record.body) or _occupied(world, record)
    going = lifecycle.deleted(world, record, illness=illness)
    world.put(NOUN, going)
    if not illness:
        evict(world, going, going.until)
    return {}


def autoscaled(world: AccountState, record: Record) -> dict[str, Json]:
    """Return the body with the desiredvCpus of the moment: they follow the jobs between minvCpus and maxvCpus.

    When the last job has gone they stay for a while.
    """
    resources = record.body.get("computeResources", {})
    if resources.get("type") not in EC2:
        return dict(record.body)
    least, most = resources.get("minvCpus", 0), resources["maxvCpus"]
    used = math.ceil(taken(world, record.arn)[VCPU])
    rounds = int((world.now - record.hidden.get("scaled", world.now)) // world.timings.autoscale)
    if used:
        desired = min(max(least, used), most)
    elif rounds and not record.is_moving:
        desired = _restless(world, record, rounds) if world.restless else least
    else:
        desired = resources["desiredvCpus"]
    return {**record.body, "computeResources": {**resources, "desiredvCpus": desired}}


def sicken(world: AccountState) -> None:
    """A role that disappears makes the environments INVALID that were healthy with it (User Guide, troubleshooting)."""
    for record in tuple(world.every(NOUN)):
        sick = roles.illness(world, record.body)
        if sick and record.status == "VALID":
            world.put(NOUN, replace(record, status="INVALID", reason=sick))
        elif sick and record.then == "VALID":
            world.put(NOUN, replace(record, then="INVALID", then_reason=sick))


def clusters(world: AccountState) -> Iterator[str]:
    """Yield the ARNs of the ECS clusters: each environment has one as long as it lives."""
    for record in world.every(NOUN):
        if "ecsClusterArn" in record.body:
            yield record.body["ecsClusterArn"]


OPERATIONS = {
    "CreateComputeEnvironment": create,
    "DescribeComputeEnvironments": describe,
    "UpdateComputeEnvironment": update,
    "DeleteComputeEnvironment": delete,
}


def _restless(world: AccountState, record: Record, rounds: int) -> int:
    """As if other jobs came and went, where they may: a caller must not rely on the number."""
    resources = record.body["computeResources"]
    least = int(resources.get("minvCpus", 0))
    chance = Random(f"{world.seed} {record.arn} {rounds}")  # noqa: S311 - nothing secret
    return least if record.body["state"] == "DISABLED" else chance.randint(least, resources["maxvCpus"])


def _occupied(world: AccountState, record: Record) -> str:
    """Return why an environment without instances cannot go: its jobs must be terminated before. The words are ours.

    Source: DeleteComputeEnvironment.
    """
    fargate = record.body.get("computeResources", {}).get("type") in FARGATE
    active = sum(1 for _ in holders(world, record.arn)) if fargate else 0
    return f"CLIENT_ERROR - Cannot delete, {active} active jobs run on Fargate" if active else ""


def _without_empty_role(request: Mapping[str, Json]) -> Mapping[str, Json]:
    """An empty role is none: Terraform's provider 5.100 sends one where none is configured, and reads the
    service-linked role back.
    """
    return {member: value for member, value in request.items() if (member, value) != ("serviceRole", "")}


def _shown(world: AccountState, record: Record) -> dict[str, Json]:
    health = {"status": record.status, **({"statusReason": record.reason} if record.reason else {})}
    body = autoscaled(world, record)
    scaled = bool(body.get("computeResources", {}).get("desiredvCpus")) or _has_scaled(world, record)
    body = shuffled(observed(body, scaled=scaled), world)
    return {**_identity(record), "tags": record.tags, **health, **body}


def _has_scaled(world: AccountState, record: Record) -> bool:
    return bool(world.fact(SCALED, record.arn) == record.body["uuid"])


def _identity(record: Record) -> dict[str, Json]:
    return {"computeEnvironmentName": record.name, "computeEnvironmentArn": record.arn}
