"""What UpdateComputeEnvironment takes, and what it makes of it."""

from collections.abc import Mapping

from reconciler.model import Json, Spec, partition_of
from reconciler.sandbox.answers import refuse_if
from reconciler.sandbox.defaults import default_images, template_body
from reconciler.sandbox.environment_rules import (
    EC2,
    FARGATE,
    MANAGED_INSTANCES,
    refuse_bad_image_types,
    refuse_crowded_fargate,
    refuse_inconsistent,
)
from reconciler.sandbox.roles import is_service_linked, role_arn
from reconciler.sandbox.world import AccountState

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
