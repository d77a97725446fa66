"""Compute environments: create, read, update, delete."""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from random import Random

from reconciler.model import Json, Spec, partition_of
from reconciler.sandbox.core import iam, state
from reconciler.sandbox.core.iam import is_service_linked, role_arn
from reconciler.sandbox.core.model import Refusal, refuse_if, without_empty
from reconciler.sandbox.core.state import (
    ORDERED_STRATEGIES,
    AccountState,
    Record,
    records_named_or_page,
    refuse_bad_name,
    refuse_bad_tags,
    refuse_used,
    shuffle_lists,
)
from reconciler.sandbox.jobs.scheduler import SCALED
from reconciler.sandbox.jobs.timeline import VCPU, evict_jobs, holders, replace_instances, used_amounts
from reconciler.sandbox.resources.defaults import default_images, environment_body, observed_body, template_body
from reconciler.service_models import model_loader

# What AWS refuses about a compute environment's shape, in its own words where they are known.
#
# Messages were measured by badmintoncryer/cdk-preflight (rules pf-batch-ce-*) unless a comment says otherwise.

# What AWS refuses about an environment's launch template (cdk-preflight, rules pf-batch-ce-launch-template-*).

VERSION = re.compile(r"(\d+|\$Default|\$Latest)?")
MAX_OVERRIDES = 10


def refuse_bad_template(template: Spec, instance_types: Sequence[str]) -> None:
    overrides = template.get("overrides", ())
    ids = _ids(template)
    refuse_if(
        ids > 1 or (not ids and not overrides),
        "One of LaunchTemplateId and LaunchTemplateName or LaunchTemplate.overrides should be provided",
    )
    _check_version(template)
    refuse_if(len(overrides) > MAX_OVERRIDES, "LaunchTemplate.overrides size cannot be greater than 10")
    targets = [target for override in overrides for target in _targets(override, instance_types)]
    refuse_if(len(targets) != len(set(targets)), "LaunchTemplate.overrides have duplicate targetInstanceTypes")


def _targets(override: Spec, instance_types: Sequence[str]) -> Sequence[str]:
    refuse_if(_ids(override) != 1, "LaunchTemplate.overrides should have either LaunchTemplateId or LaunchTemplateName")
    _check_version(override)
    targets: Sequence[str] = override.get("targetInstanceTypes", ())
    refuse_if(not targets, "LaunchTemplate.overrides.targetInstanceTypes[] is required")
    refuse_if(
        not all(_covers(instance_types, target) for target in targets),
        "LaunchTemplate.overrides have targetInstanceTypes that do not match",
    )
    return targets


def _covers(instance_types: Sequence[str], target: str) -> bool:
    return target in instance_types or target.partition(".")[0] in instance_types


def _check_version(template: Spec) -> None:
    refuse_if(
        not VERSION.fullmatch(template.get("version", "")),
        "LaunchTemplateVersion must be either empty or a number or $Default or $Latest",
    )


def _ids(template: Spec) -> int:
    return sum(bool(template.get(member)) for member in ("launchTemplateId", "launchTemplateName"))


# The instance types that exist: those of EC2 in the installed botocore, their families, and Batch's bundles.

BUNDLES = ("optimal", "default_x86_64", "default_arm64")


def refuse_unknown_types(instance_types: Iterable[str]) -> None:
    """Refuse a type, family or bundle that does not exist, as CreateComputeEnvironment does at once.

    Seen in aws/amazon-genomics-cli issue 209 and Netflix/metaflow issue 70. The service's own list is that of the types
    which Batch starts in the region; which ones these are is published nowhere.
    """
    named = set(instance_types) - set(BUNDLES)
    if named:
        known = types_and_families()
        refuse_if(named - known, f"Instance type can only be one of [{', '.join(sorted((*BUNDLES, *known)))}]")


@cache
def types_and_families() -> frozenset[str]:
    types: list[str] = model_loader().load_service_model("ec2", "service-2")["shapes"]["InstanceType"]["enum"]
    return frozenset(types) | {each.partition(".")[0] for each in types}


FARGATE = ("FARGATE", "FARGATE_SPOT")
EC2 = ("EC2", "SPOT")
MANAGED_INSTANCES = "ECS_MANAGED_INSTANCES"
# Members for instances that Batch starts itself; neither Fargate nor managed instances take them.
INSTANCE_MEMBERS = (
    "minvCpus", "desiredvCpus", "instanceTypes", "imageId", "ec2KeyPair", "instanceRole", "tags", "placementGroup",
    "bidPercentage", "spotIamFleetRole", "launchTemplate", "ec2Configuration", "allocationStrategy", "scalingPolicy",
)  # fmt: skip
IMAGE_TYPES = {
    "ECS": ("ECS_AL2", "ECS_AL2_NVIDIA", "ECS_AL2023", "ECS_AL2023_NVIDIA", "ECS_AL1"),
    "EKS": ("EKS_AL2", "EKS_AL2_NVIDIA", "EKS_AL2023", "EKS_AL2023_NVIDIA"),
}
# Graviton families have a g after their generation (m6g, c7gn, im4gn), a1 has not.
ARM = re.compile(r"(a1|[a-z]+\d+[a-z]*g[a-z]*)(\..*)?|default_arm64")
SCALE_DOWN_MINUTES = (20, 10_080)  # ComputeScalingPolicy
NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")


def refuse_bad_environment(account_state: AccountState, request: Spec) -> None:
    """Check a create request."""
    refuse_if(request.get("state") == "DISABLED", "Compute Environment must be created in ENABLED state.")
    if request["type"].upper() == "UNMANAGED":
        _check_unmanaged_form(request)
        return
    refuse_if("unmanagedvCpus" in request, "unmanagedvCpus can only be set on an UNMANAGED compute environment.")
    # aws/aws-cdk issue 6615
    refuse_if(
        "computeResources" not in request,
        "computeResources is missing but required on a managed compute environment",
    )
    resources = request["computeResources"]
    if "eksConfiguration" in request:
        _check_eks(account_state, request, resources)
    _check_family(resources)
    refuse_inconsistent(resources)
    refuse_retired_images(resources)


def refuse_inconsistent(resources: Spec) -> None:
    """Check what must hold after a create and after every update."""
    if resources["type"] not in EC2:
        return
    _check_vcpus(resources)
    _check_scaling(resources)
    _check_strategy(resources)
    _check_instance_types(resources)
    if "launchTemplate" in resources:
        refuse_bad_template(resources["launchTemplate"], resources.get("instanceTypes", ()))


def refuse_bad_image_types(resources: Spec, orchestration: str) -> None:
    for entry in resources.get("ec2Configuration", ()):
        refuse_if(
            entry["imageType"] not in IMAGE_TYPES[orchestration],
            "Invalid imageType in ComputeResources.ec2Configuration",
        )
    refuse_if(len(resources.get("ec2Configuration", ())) > 2, "One or two ec2Configuration values can be provided.")  # noqa: PLR2004


def refuse_retired_images(resources: Spec) -> None:
    """Amazon Linux 2 images of AWS's own are gone; one's own image of that type is still taken (Ec2Configuration)."""
    for entry in resources.get("ec2Configuration", ()):
        own = "imageIdOverride" in entry or "imageId" in resources
        refuse_if("_AL2" in entry["imageType"] and "_AL2023" not in entry["imageType"] and not own,
                  "Amazon Linux 2 is end-of-life.")  # fmt: skip


def is_arm(instance_type: str) -> bool:
    return bool(ARM.fullmatch(instance_type))


def _check_unmanaged_form(request: Spec) -> None:
    for member in ("computeResources", "eksConfiguration"):
        refuse_if(member in request, f"{member} is not applicable for an unmanaged compute environment.")
    refuse_if("serviceRole" not in request, "serviceRole is required on an unmanaged compute environment.")


def _check_family(resources: Spec) -> None:
    checks: Mapping[str, Callable[[Spec], None]] = {
        **dict.fromkeys(FARGATE, _check_fargate_form),
        **dict.fromkeys(EC2, _check_ec2_form),
        MANAGED_INSTANCES: _check_managed_instances,
    }
    checks[resources["type"]](resources)


def _check_fargate_form(resources: Spec) -> None:
    given = without_empty(resources)
    for member in (*INSTANCE_MEMBERS, "managedInstancesProvider"):
        refuse_if(member in given, f"{member} is not applicable for Fargate.")
    _require(resources, "subnets", "Subnets are required.")
    _require(resources, "securityGroupIds", "Security group ids are required.")
    refuse_crowded_fargate(resources)


def refuse_crowded_fargate(resources: Spec) -> None:
    refuse_if(len(resources.get("securityGroupIds", ())) > 5, "Fargate supports a maximum of 5 security groups.")  # noqa: PLR2004
    refuse_if(len(resources.get("subnets", ())) > 16, "Fargate supports a maximum of 16 subnets.")  # noqa: PLR2004


def _check_ec2_form(resources: Spec) -> None:
    refuse_if("managedInstancesProvider" in resources, f"managedInstancesProvider is only for {MANAGED_INSTANCES}.")
    # In this order, as far as it is known: moto's tests have the first two with no instance types either.
    _require(resources, "instanceRole", "Instance role is required.")
    refuse_if("minvCpus" not in resources, "Resource minvCpus is required.")
    _require(resources, "instanceTypes", "Resource instanceTypes are required.")
    _require(resources, "subnets", "Subnets are required.")
    refuse_if(
        not resources.get("securityGroupIds") and "launchTemplate" not in resources, "Security group ids are required."
    )


def _check_managed_instances(resources: Spec) -> None:
    """Networking and instance profile live in the provider (User Guide, 'ECS managed instances')."""
    given = without_empty(resources)
    for member in (*INSTANCE_MEMBERS, "subnets", "securityGroupIds"):
        refuse_if(member in given, f"{member} is not applicable for {MANAGED_INSTANCES}.")
    _require(resources, "managedInstancesProvider", "managedInstancesProvider is required.")


def _check_eks(account_state: AccountState, request: Spec, resources: Spec) -> None:
    refuse_if(resources["type"] not in EC2, "Supported compute types for EKS compute environments are [EC2, SPOT]")
    strategy = resources.get("allocationStrategy")
    refuse_if(strategy is None, "allocationStrategy is required for EKS Compute Environments.")
    refuse_if(strategy == "BEST_FIT", "BEST_FIT is not supported for EKS Compute Environments.")
    role = request.get("serviceRole")
    refuse_if(
        role and not is_service_linked(role_arn(account_state, role)),
        "EKS Compute Environments must use the Batch Service Linked Role.",
    )
    _check_cluster(account_state, request["eksConfiguration"])


def _check_cluster(account_state: AccountState, configuration: Spec) -> None:
    parts = configuration["eksClusterArn"].split(":")
    is_cluster = parts[0] == "arn" and parts[2:3] == ["eks"] and parts[-1].startswith("cluster/")
    refuse_if(not is_cluster, "eksClusterArn must be an EKS cluster ARN.")
    refuse_if(
        parts[3] != account_state.region, "eksClusterArn must be in the same AWS region as the compute environment"
    )
    namespace = configuration["kubernetesNamespace"]
    refuse_if(len(namespace) > 63, "kubernetesNamespace must less than or equal to 63 characters")  # noqa: PLR2004
    refuse_if(not NAMESPACE.fullmatch(namespace), "kubernetesNamespace must be a valid Kubernetes namespace.")
    refuse_if(namespace == "default", "kubernetesNamespace cannot be the default Kubernetes namespace.")
    refuse_if(namespace.startswith("kube-"), "kubernetesNamespace cannot be a reserved Kubernetes system namespace.")


def _check_vcpus(resources: Spec) -> None:
    least, most, desired = resources.get("minvCpus", 0), resources["maxvCpus"], resources.get("desiredvCpus")
    refuse_if(least < 0, "minvCpus should be greater than or equal to 0.")
    refuse_if(least > most, "maxvCpus should be greater than or equal to minvCpus.")
    refuse_if(
        desired is not None and not least <= desired <= most,
        "desiredvCpus should be between minvCpus and maxvCpus.",
    )


def _check_scaling(resources: Spec) -> None:
    least, most = SCALE_DOWN_MINUTES
    minutes = resources.get("scalingPolicy", {}).get("minScaleDownDelayMinutes", 0)
    refuse_if(
        minutes and not least <= minutes <= most,
        f"minScaleDownDelayMinutes should be 0, or between {least} and {most}.",
    )


def _check_strategy(resources: Spec) -> None:
    kind, strategy = resources["type"], resources.get("allocationStrategy", "BEST_FIT")
    wrong = strategy.startswith("SPOT_") if kind == "EC2" else strategy == "BEST_FIT_PROGRESSIVE_ORDERED"
    refuse_if(wrong, f"Invalid compute resource allocation strategy {strategy} for type {kind}")
    refuse_if(
        kind == "SPOT" and strategy == "BEST_FIT" and not resources.get("spotIamFleetRole"),
        "compute resource spotIamFleetRole is required.",
    )
    bundled = strategy in ORDERED_STRATEGIES and any(each in BUNDLES for each in resources.get("instanceTypes", ()))
    refuse_if(
        bundled,
        f"Instance type bundles (e.g. optimal, default_x86_64) are not allowed for {strategy} allocation strategy. "
        "Specify instance families or types directly.",
    )


def _check_instance_types(resources: Spec) -> None:
    refuse_unknown_types(resources.get("instanceTypes", ()))
    arms = {is_arm(each) for each in resources.get("instanceTypes", ())}
    refuse_if(len(arms) > 1, "arm-based instance type cannot be used with other instance types")


def _require(resources: Mapping[str, Json], member: str, message: str) -> None:
    if not resources.get(member):
        raise Refusal(message)


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


def refuse_bad_update(account_state: AccountState, body: Spec, request: Spec) -> None:
    enough = ONE_OF if partition_of(account_state.region) == "aws-us-gov" else (*ONE_OF, "updatePolicy", *NEWER)
    refuse_if(
        not any(member in request for member in enough),
        "One of [state | compute-resources | service-role | unmanaged-vcpus] is required.",
    )
    _check_unmanaged(body, request)
    _check_role(account_state, body, request)
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


def merge_update(account_state: AccountState, body: Spec, request: Spec) -> dict[str, Json]:
    """Return the body after the update: only what was sent changes."""
    after = {
        **body,
        **{member: request[member] for member in ("state", "unmanagedvCpus", "context") if member in request},
    }
    if "computeResources" in request:
        after["computeResources"] = _merged_resources(body, request["computeResources"])
    if "serviceRole" in request:
        after["serviceRole"] = role_arn(account_state, request["serviceRole"])
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


def _check_role(account_state: AccountState, body: Spec, request: Spec) -> None:
    if "serviceRole" not in request:
        return
    before, after = (
        is_service_linked(body["serviceRole"]),
        is_service_linked(role_arn(account_state, request["serviceRole"])),
    )
    refuse_if(
        before != after,
        "The service role cannot be changed between the Batch Service Linked Role and a regular IAM role.",
    )
    refuse_if(
        body["serviceRole"] != role_arn(account_state, request["serviceRole"]) and is_infrastructure(body, request),
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


def create(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    name = request["computeEnvironmentName"]
    refuse_bad_name(name, "Compute Environment")
    refuse_bad_tags(request.get("tags", {}))
    request = _without_empty_role(request)
    refuse_bad_environment(account_state, request)
    refuse_bad_image_types(request.get("computeResources", {}), "EKS" if "eksConfiguration" in request else "ECS")
    refuse_if(account_state.is_taken(NOUN, name), "Object already exists")
    body = environment_body(account_state, request)
    record = Record(
        name=name,
        arn=account_state.arn(NOUN, name),
        body=body,
        tags=request.get("tags", {}),
        hidden={"scaled": account_state.now},
    )
    record = state.start_creation(account_state, record, healthy=HEALTHY, illness=iam.illness(account_state, body))
    account_state.put(NOUN, record)
    return _identity(record)


def describe(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    records, token = records_named_or_page(account_state, NOUN, request, "computeEnvironments", "ComputeEnvironments")
    return {"computeEnvironments": [_shown(account_state, record) for record in records], **token}


def update(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    record = state.settled_record(account_state, NOUN, request["computeEnvironment"])
    body = autoscale(account_state, record)
    refuse_bad_update(account_state, body, request)
    after = merge_update(account_state, body, request)
    record = replace(record, body=after, hidden={"scaled": account_state.now})
    seconds = account_state.timings.update
    if is_infrastructure(body, request):
        record, seconds = replace_instances(account_state, record)
    record = state.start_update(
        account_state, record, seconds=seconds, healthy=HEALTHY, illness=iam.illness(account_state, after)
    )
    account_state.put(NOUN, record)
    return _identity(record)


def delete(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    identifier = request["computeEnvironment"]
    record = state.settled_record(account_state, NOUN, identifier, "Cannot delete, resource is being modified")
    state.refuse_deletion_unless_disabled(record, "compute environment")
    refuse_used(account_state, record.arn)
    illness = iam.service_role_illness(account_state, record.body) or _occupied(account_state, record)
    going = state.start_deletion(account_state, record, illness=illness)
    account_state.put(NOUN, going)
    if not illness:
        evict_jobs(account_state, going, going.until)
    return {}


def autoscale(account_state: AccountState, record: Record) -> dict[str, Json]:
    """Return the body with the desiredvCpus of the moment: they follow the jobs between minvCpus and maxvCpus.

    When the last job has gone they stay for a while.
    """
    resources = record.body.get("computeResources", {})
    if resources.get("type") not in EC2:
        return dict(record.body)
    least, most = resources.get("minvCpus", 0), resources["maxvCpus"]
    used = math.ceil(used_amounts(account_state, record.arn)[VCPU])
    rounds = int(
        (account_state.now - record.hidden.get("scaled", account_state.now)) // account_state.timings.autoscale
    )
    if used:
        desired = min(max(least, used), most)
    elif rounds and not record.is_moving:
        desired = _restless(account_state, record, rounds) if account_state.restless else least
    else:
        desired = resources["desiredvCpus"]
    return {**record.body, "computeResources": {**resources, "desiredvCpus": desired}}


def force_invalid(account_state: AccountState) -> None:
    """A role that disappears makes the environments INVALID that were healthy with it (User Guide, troubleshooting)."""
    for record in tuple(account_state.every(NOUN)):
        illness = iam.illness(account_state, record.body)
        if illness and record.status == "VALID":
            account_state.put(NOUN, replace(record, status="INVALID", reason=illness))
        elif illness and record.then == "VALID":
            account_state.put(NOUN, replace(record, then="INVALID", then_reason=illness))


def clusters(account_state: AccountState) -> Iterator[str]:
    """Yield the ARNs of the ECS clusters: each environment has one as long as it lives."""
    for record in account_state.every(NOUN):
        if "ecsClusterArn" in record.body:
            yield record.body["ecsClusterArn"]


OPERATIONS = {
    "CreateComputeEnvironment": create,
    "DescribeComputeEnvironments": describe,
    "UpdateComputeEnvironment": update,
    "DeleteComputeEnvironment": delete,
}


def _restless(account_state: AccountState, record: Record, rounds: int) -> int:
    """As if other jobs came and went, where they may: a caller must not rely on the number."""
    resources = record.body["computeResources"]
    least = int(resources.get("minvCpus", 0))
    chance = Random(f"{account_state.seed} {record.arn} {rounds}")  # noqa: S311 - nothing secret
    return least if record.body["state"] == "DISABLED" else chance.randint(least, resources["maxvCpus"])


def _occupied(account_state: AccountState, record: Record) -> str:
    """Return why an environment without instances cannot go: its jobs must be terminated before. The words are ours.

    Source: DeleteComputeEnvironment.
    """
    fargate = record.body.get("computeResources", {}).get("type") in FARGATE
    active = sum(1 for _ in holders(account_state, record.arn)) if fargate else 0
    return f"CLIENT_ERROR - Cannot delete, {active} active jobs run on Fargate" if active else ""


def _without_empty_role(request: Mapping[str, Json]) -> Mapping[str, Json]:
    """An empty role is none: Terraform's provider 5.100 sends one where none is configured, and reads the
    service-linked role back.
    """
    return {member: value for member, value in request.items() if (member, value) != ("serviceRole", "")}


def _shown(account_state: AccountState, record: Record) -> dict[str, Json]:
    health = {"status": record.status, **({"statusReason": record.reason} if record.reason else {})}
    body = autoscale(account_state, record)
    scaled = bool(body.get("computeResources", {}).get("desiredvCpus")) or _has_scaled(account_state, record)
    body = shuffle_lists(observed_body(body, scaled=scaled), account_state)
    return {**_identity(record), "tags": record.tags, **health, **body}


def _has_scaled(account_state: AccountState, record: Record) -> bool:
    return bool(account_state.fact(SCALED, record.arn) == record.body["uuid"])


def _identity(record: Record) -> dict[str, Json]:
    return {"computeEnvironmentName": record.name, "computeEnvironmentArn": record.arn}
