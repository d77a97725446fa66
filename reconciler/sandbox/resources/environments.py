"""Compute environments: create, read, update, delete."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from random import Random

from reconciler.model import Json, Spec, partition_of
from reconciler.sandbox.core import iam, state
from reconciler.sandbox.core.iam import is_service_linked, role_arn
from reconciler.sandbox.core.model import refuse_if
from reconciler.sandbox.core.reading import named_or_paged, refuse_bad_name, refuse_bad_tags, shuffled
from reconciler.sandbox.core.state import AccountState, Record, refuse_used
from reconciler.sandbox.jobs.capacity import VCPU, evict, holders, replacement, taken
from reconciler.sandbox.jobs.scheduler import SCALED
from reconciler.sandbox.resources.defaults import default_images, environment_body, observed, template_body
from reconciler.sandbox.resources.environment_checks import (
    EC2,
    FARGATE,
    MANAGED_INSTANCES,
    refuse_bad_environment,
    refuse_bad_image_types,
    refuse_crowded_fargate,
    refuse_inconsistent,
)

# What UpdateComputeEnvironment takes, and what it makes of it.

# GovCloud refuses an update without one of these (hashicorp/terraform-provider-aws issue 43969); elsewhere an
# updatePolicy alone is taken (its acceptance tests, pull request 34353).
ONE_OF = ("state", "computeResources", "serviceRole", "unmanagedvCpus")
NEWER = ("ecsSettings", "eksConfiguration", "context")
# aws/aws-cdk issue 27054
NOT_ON_FARGATE = (
    "allocationStrategy", "bidPercentage", "ec2Configuration", "ec2KeyPair", "imageId", "instanceRole", "instanceTypes",
    "launchTemplate", "placementGroup", "tags", "type", "updatePolicy", "updateToLatestImageVersion",
)  # fmt: skip
# Members whose change replaces the instances (AWS Batch User Guide, 'Updating compute environments').
INFRASTRUCTURE = (
    "allocationStrategy", "bidPercentage", "ec2Configuration", "ec2KeyPair", "imageId", "instanceRole", "instanceTypes",
    "launchTemplate", "placementGroup", "securityGroupIds", "subnets", "tags", "type", "updateToLatestImageVersion",
)  # fmt: skip
# The words of the API reference about an update: "BEST_FIT isn't supported when updating a compute environment."
STUCK_STRATEGY = "BEST_FIT"


def refuse_bad_update(world: AccountState, body: Spec, request: Spec) -> None:
    enough = ONE_OF if partition_of(world.region) == "aws-us-gov" else (*ONE_OF, "updatePolicy", *NEWER)
    refuse_if(
        not any(member in request for member in enough),
        "One of [state | compute-resources | service-role | unmanaged-vcpus] is required.",
    )
    _check_unmanaged(body, request)
    _check_role(world, body, request)
    _check_resources(body, request)
    refuse_if(
        "eksConfiguration" in request and "eksConfiguration" not in body,
        "eksConfiguration is only for EKS Compute Environments.",
    )
    if body["type"] == "MANAGED":
        after = _merged_resources(body, request.get("computeResources", {}))
        refuse_inconsistent(after)
        refuse_bad_image_types(request.get("computeResources", {}), body["containerOrchestrationType"])


def is_infrastructure(body: Spec, request: Spec) -> bool:
    return body.get("computeResources", {}).get("type") not in FARGATE and bool(_infrastructure_members(request))


def merged(world: AccountState, body: Spec, request: Spec) -> dict[str, Json]:
    """Return the body after the update: only what was sent changes."""
    after = {
        **body,
        **{member: request[member] for member in ("state", "unmanagedvCpus", "context") if member in request},
    }
    if "computeResources" in request:
        after["computeResources"] = _merged_resources(body, request["computeResources"])
    if "serviceRole" in request:
        after["serviceRole"] = role_arn(world, request["serviceRole"])
    if "updatePolicy" in request:
        # Once set, both members are shown (hashicorp/terraform-provider-aws issue 34353).
        defaults = {"terminateJobsOnUpdate": False, "jobExecutionTimeoutMinutes": 30}
        after["updatePolicy"] = {**defaults, **body.get("updatePolicy", {}), **request["updatePolicy"]}
    for member in ("ecsSettings", "eksConfiguration"):
        if member in request:
            after[member] = {**body.get(member, {}), **request[member]}
    return after


def _check_unmanaged(body: Spec, request: Spec) -> None:
    managed = body["type"] == "MANAGED"
    refuse_if(
        managed and "unmanagedvCpus" in request, "unmanagedvCpus can only be set on an UNMANAGED compute environment."
    )
    refuse_if(
        not managed and "computeResources" in request,
        "computeResources is not applicable for an unmanaged compute environment.",
    )


def _check_role(world: AccountState, body: Spec, request: Spec) -> None:
    if "serviceRole" not in request:
        return
    before, after = is_service_linked(body["serviceRole"]), is_service_linked(role_arn(world, request["serviceRole"]))
    refuse_if(
        before != after,
        "The service role cannot be changed between the Batch Service Linked Role and a regular IAM role.",
    )
    refuse_if(
        body["serviceRole"] != role_arn(world, request["serviceRole"]) and is_infrastructure(body, request),
        "The service role cannot be changed together with parameters that need an infrastructure update.",
    )


def _check_resources(body: Spec, request: Spec) -> None:
    if body["type"] != "MANAGED":
        return
    resources, sent = body["computeResources"], request.get("computeResources")
    # hashicorp/terraform-provider-aws issue 19205
    refuse_if(sent == {}, "At least one compute-resources attribute must be specified")
    if resources["type"] in FARGATE:
        _check_fargate(resources, request)
    elif resources["type"] in EC2:
        _check_ec2(body, sent or {})
    else:
        refuse_if((sent or {}).get("type", MANAGED_INSTANCES) != MANAGED_INSTANCES, "The type cannot be changed.")


def _check_fargate(resources: Spec, request: Spec) -> None:
    sent = {**request.get("computeResources", {}), **{m: 1 for m in ("updatePolicy",) if m in request}}
    refuse_if(
        any(member in sent for member in NOT_ON_FARGATE),
        f"The following parameters can't be updated for Fargate compute environment: {', '.join(NOT_ON_FARGATE)}.",
    )
    for member in ("minvCpus", "desiredvCpus", "scalingPolicy", "managedInstancesProvider"):
        refuse_if(member in sent, f"{member} is not applicable for Fargate.")
    refuse_crowded_fargate({**resources, **sent})


def _check_ec2(body: Spec, sent: Spec) -> None:
    resources = body["computeResources"]
    refuse_if(sent.get("type", "EC2") not in EC2, "The type can only be changed between EC2 and SPOT.")
    refuse_if(
        sent.get("desiredvCpus", resources["desiredvCpus"]) < resources["desiredvCpus"],
        # open-apparel-registry/open-apparel-registry issue 2043
        "Manually scaling down compute environment is not supported. Disconnecting job queues from compute environment "
        "will cause it to scale-down to minvCpus.",
    )
    members = [member for member in INFRASTRUCTURE if member in sent]
    refuse_if(
        members and not is_service_linked(body["serviceRole"]),
        f"Following fields [{', '.join(members)}] can be updated only for Non-fargate Compute Environment having a "
        "Batch Service Linked Role.",
    )
    strategy = sent.get("allocationStrategy", resources.get("allocationStrategy", STUCK_STRATEGY))
    refuse_if(
        members and strategy == STUCK_STRATEGY,
        f"Following fields [{', '.join(members)}] cannot be updated with allocation strategy {strategy}.",
    )


def _infrastructure_members(request: Spec) -> list[str]:
    return [member for member in INFRASTRUCTURE if member in request.get("computeResources", {})]


def _merged_resources(body: Spec, sent: Spec) -> dict[str, Json]:
    after = dict(body["computeResources"])
    for member, value in sent.items():
        if _unsets(after["type"], member, value):
            after.pop(member, None)
        elif not _is_ignored(after["type"], member, value):
            after[member] = _taken(body, after, member, value)
    if after["type"] in EC2 and "desiredvCpus" not in sent:
        after["desiredvCpus"] = max(after.get("minvCpus", 0), min(after["desiredvCpus"], after["maxvCpus"]))
    return after


def _taken(body: Spec, after: Spec, member: str, value: Json) -> Json:
    if member == "launchTemplate":
        return template_body(value)
    if member == "ec2Configuration":
        return _images(value) or default_images(after["instanceTypes"], body["containerOrchestrationType"])
    return _deep(after.get(member, {}), value) if member == "managedInstancesProvider" else value


def _images(entries: Json) -> list[Json]:
    return [{member: value for member, value in entry.items() if member != "batchImageStatus"} for entry in entries]


def _unsets(kind: str, member: str, value: Json) -> bool:
    """The documented ways to take a member away (ComputeResourceUpdate); bidPercentage 0 is what Terraform sends."""
    if kind not in EC2:
        return False
    if member in ("ec2KeyPair", "imageId", "placementGroup"):
        return bool(value == "")
    if member == "launchTemplate":
        return "" in (value.get("launchTemplateId"), value.get("launchTemplateName"))
    if member == "scalingPolicy":
        return bool(value.get("minScaleDownDelayMinutes") == 0)
    return member == "bidPercentage" and value == 0


def _is_ignored(kind: str, member: str, value: Json) -> bool:
    """An empty list changes nothing on Fargate; the image trigger is no state and cannot be read back."""
    emptied = kind in FARGATE and member in ("subnets", "securityGroupIds") and value == []
    return emptied or member == "updateToLatestImageVersion"


def _deep(before: Mapping[str, Json], sent: Mapping[str, Json]) -> dict[str, Json]:
    inner = {m: _deep(before.get(m, {}), v) if isinstance(v, dict) else v for m, v in sent.items()}
    return {**before, **inner}


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
    record = state.created(world, record, healthy=HEALTHY, illness=iam.illness(world, body))
    world.put(NOUN, record)
    return _identity(record)


def describe(world: AccountState, request: Mapping[str, Json]) -> Json:
    records, token = named_or_paged(world, NOUN, request, "computeEnvironments", "ComputeEnvironments")
    return {"computeEnvironments": [_shown(world, record) for record in records], **token}


def update(world: AccountState, request: Mapping[str, Json]) -> Json:
    record = state.settled(world, NOUN, request["computeEnvironment"])
    body = autoscaled(world, record)
    refuse_bad_update(world, body, request)
    after = merged(world, body, request)
    record = replace(record, body=after, hidden={"scaled": world.now})
    seconds = world.timings.update
    if is_infrastructure(body, request):
        record, seconds = replacement(world, record)
    record = state.updated(world, record, seconds=seconds, healthy=HEALTHY, illness=iam.illness(world, after))
    world.put(NOUN, record)
    return _identity(record)


def delete(world: AccountState, request: Mapping[str, Json]) -> Json:
    identifier = request["computeEnvironment"]
    record = state.settled(world, NOUN, identifier, "Cannot delete, resource is being modified")
    state.refuse_deletion_unless_disabled(record, "compute environment")
    refuse_used(world, record.arn)
    illness = iam.service_role_illness(world, record.body) or _occupied(world, record)
    going = state.deleted(world, record, illness=illness)
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
        sick = iam.illness(world, record.body)
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
