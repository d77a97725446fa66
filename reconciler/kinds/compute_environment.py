"""Compute environments: EC2, Spot, Fargate, EKS, ECS managed instances and unmanaged."""

from collections.abc import Mapping

from reconciler.kinds.base import (
    ROLE,
    ChangedField,
    CreateCall,
    Created,
    DeleteCall,
    Field,
    Form,
    Idle,
    InstanceReplacement,
    Kind,
    ReadCalls,
    ReplacementMethod,
    Unmanaged,
    UpdateCall,
    Usage,
    is_disabled,
    state,
)
from reconciler.kinds.compute_resources import COMPUTE_RESOURCES
from reconciler.kinds.jobs import JOBS
from reconciler.model import Cost, Json, Spec, Vcpus

# What UpdateComputeEnvironment can do, decided from the live role, type and allocation strategy.

SERVICE_LINKED_ROLE = "AWSServiceRoleForBatch"

SERVICE_LINKED_PATH = f":role/aws-service-role/batch.amazonaws.com/{SERVICE_LINKED_ROLE}"

# ComputeResourceUpdate.allocationStrategy: "BEST_FIT isn't supported when updating a compute environment." Of no other
# strategy anything of the kind is said, nor can it be of those to come: they are tried in place.
STUCK_STRATEGY = "BEST_FIT"
MANAGED_INSTANCES = "ECS_MANAGED_INSTANCES"
FARGATE = ("FARGATE", "FARGATE_SPOT")
INSTANCES = ("EC2", "SPOT")
TYPES = {*INSTANCES, *FARGATE, MANAGED_INSTANCES}
# The members that UpdateComputeEnvironment takes for Fargate (its refusal lists all the others).
FARGATE_UPDATABLE = ("maxvCpus", "subnets", "securityGroupIds")
TYPE = "the type can only change between EC2 and SPOT (ComputeResourceUpdate)"
ORCHESTRATOR = "an environment cannot move between Amazon ECS and Amazon EKS (UpdateComputeEnvironment)"
# AWS Batch User Guide, 'Compute environments on Amazon ECS Managed Instances': "New instances use the updated
# configuration. Existing instances continue running until their jobs complete and then drain naturally."
DRAINED = "new instances are started as declared; existing ones go on until their jobs end"
INFRASTRUCTURE_PAGE = "AWS Batch User Guide, 'Updating compute environments'"


def job_timeout(spec: Spec) -> float:
    """Seconds that jobs may keep their old instances: 30 minutes unless updatePolicy says otherwise (UpdatePolicy)."""
    policy = spec.get("updatePolicy") or {}
    return 0 if policy.get("terminateJobsOnUpdate") else 60 * float(policy.get("jobExecutionTimeoutMinutes", 30))


def job_terms(spec: Spec) -> str:
    """Say what becomes of the running jobs when instances are replaced (UpdatePolicy)."""
    policy = spec.get("updatePolicy") or {}
    if policy.get("terminateJobsOnUpdate"):
        return "running jobs are ended at once (updatePolicy.terminateJobsOnUpdate)"
    minutes = policy.get("jobExecutionTimeoutMinutes", 30)
    return (
        f"running jobs keep the old instances for {minutes} minutes at most (updatePolicy.jobExecutionTimeoutMinutes)"
    )


def takes_update_policy(spec: Spec) -> bool:
    """It 'applies only to Amazon EC2 managed compute environments' (UpdatePolicy); updates of Fargate refuse it."""
    is_managed = str(spec.get("type", "MANAGED")).upper() == "MANAGED"
    return is_managed and _type(spec).upper() not in (*FARGATE, MANAGED_INSTANCES)


def is_idle(spec: Spec) -> bool | None:
    """Detached from its queues, an environment scales down as its jobs end; others than EC2 show nothing of the kind.

    UpdateComputeEnvironment: "Disconnecting job queues from compute environment will cause it to scale-down to
    minvCpus."
    """
    desired = (spec.get("computeResources") or {}).get("desiredvCpus")
    return None if desired is None else not desired


def without_minimum(spec: Spec) -> Mapping[str, Json]:
    """The minimum is kept running even while an environment is DISABLED (UpdateComputeEnvironmentRequest, state)."""
    has_minimum = (spec.get("computeResources") or {}).get("minvCpus")
    return {"computeResources": {"minvCpus": 0}} if has_minimum else {}


def cost_of_change(change: ChangedField) -> tuple[Cost, str]:
    """Decide from the live role, type and strategy what the API will do with a change."""
    live = change.live
    member = change.path[1] if change.path[0] == "computeResources" and len(change.path) > 1 else ""
    if change.path[0] == "serviceRole":
        return _cost_of_role(change)
    if not member:
        return change.cost, ""
    if _type(live) in FARGATE:
        if member in FARGATE_UPDATABLE:
            return _cost_on_fargate(change, member)
        return Cost.REPLACE, f"a Fargate environment can only change {', '.join(FARGATE_UPDATABLE)} and state"
    if change.cost is not Cost.INFRASTRUCTURE:
        return change.cost, DRAINED if member == "managedInstancesProvider" else ""
    return _cost_of_infrastructure(change)


def _is_on_eks(spec: Spec) -> bool:
    return bool(spec.get("eksConfiguration"))


def _cost_on_fargate(change: ChangedField, member: str) -> tuple[Cost, str]:
    if member in change.desired.get("computeResources", {}):
        return Cost.SCALING, ""
    return Cost.IMPOSSIBLE, "on Fargate an empty list changes nothing (ComputeResourceUpdate)"


def _cost_of_role(change: ChangedField) -> tuple[Cost, str]:
    roles = (change.live.get("serviceRole"), change.desired.get("serviceRole"))
    if any(role is None or is_service_linked(role) for role in roles):
        return (
            Cost.REPLACE,
            "the API cannot switch between the service-linked role and a role of your own (UpdateComputeEnvironment)",
        )
    return Cost.SCALING, ""


def _cost_of_infrastructure(change: ChangedField) -> tuple[Cost, str]:
    live, desired = change.live["computeResources"], change.desired.get("computeResources", {})
    role = change.live.get("serviceRole")
    types = {live.get("type"), desired.get("type")}
    # What else changes, changes with it: members differ by type. Of types that are newer than these nothing is known.
    if len(types) > 1 and types <= TYPES and not types <= set(INSTANCES):
        return Cost.REPLACE, TYPE
    if _is_on_eks(change.live) is not _is_on_eks(change.desired):
        return Cost.REPLACE, ORCHESTRATOR
    if live.get("type") == MANAGED_INSTANCES:
        return Cost.SCALING, DRAINED
    if role is not None and not is_service_linked(role):
        return (
            Cost.REPLACE,
            (
                f"that requires the service-linked role {SERVICE_LINKED_ROLE}, but this environment "
                f"uses {str(role).rsplit('/', 1)[-1]} ({INFRASTRUCTURE_PAGE})"
            ),
        )
    if STUCK_STRATEGY in (side.get("allocationStrategy", STUCK_STRATEGY) for side in (live, desired)):
        return Cost.REPLACE, f"not with the allocation strategy {STUCK_STRATEGY} ({INFRASTRUCTURE_PAGE})"
    return Cost.INFRASTRUCTURE, ""


def is_service_linked(role: Json) -> bool:
    """Its path is part of it: by its bare name AWS Batch finds no such role (aws/aws-cdk issue 20727)."""
    return str(role).endswith(SERVICE_LINKED_PATH)


def _type(spec: Spec) -> str:
    return str((spec.get("computeResources") or {}).get("type", ""))


# The sorts of capacity, by the type of the instances; that of managed instances by their capacityOptionType.
SORTS = {"EC2": "EC2", "SPOT": "EC2 Spot", "FARGATE": "Fargate", "FARGATE_SPOT": "Fargate Spot"}
UNMANAGED = "unmanaged"


def capacity(spec: Spec) -> tuple[str, Vcpus]:
    """Return the sort of capacity of an environment, and how much of it there is.

    ComputeResource: minvCpus are maintained "even if the compute environment is DISABLED", which does "not scale out"
    (UpdateComputeEnvironmentRequest, state). With any strategy but BEST_FIT on On-Demand "Batch might need to exceed
    maxvCpus", and "never exceeds maxvCpus by more than a single instance". On Fargate and managed instances, maxvCpus
    counts the vCPUs of jobs (User Guide, 'Compute environments on Amazon ECS Managed Instances').
    """
    resources = _mapping(spec.get("computeResources"))
    if str(spec.get("type", "")).upper() == "UNMANAGED":
        return UNMANAGED, Vcpus(unknown=1)
    kind = str(resources.get("type", "")).upper()
    sort = _sort_of_managed_instances(resources) if kind == MANAGED_INSTANCES else SORTS.get(kind, kind or "unknown")
    least = 0 if kind in FARGATE else resources.get("minvCpus") or 0
    most = resources.get("maxvCpus")
    if not isinstance(least, int) or not isinstance(most, int):
        return sort, Vcpus(unknown=1)
    if is_disabled(spec):
        return sort, Vcpus(at_least=least, at_most=least)
    strategy = str(resources.get("allocationStrategy") or STUCK_STRATEGY).upper()
    exceeds = kind in INSTANCES and most > 0 and (kind, strategy) != ("EC2", STUCK_STRATEGY)
    return sort, Vcpus(at_least=least, at_most=max(least, most), extra_instances=int(exceeds))


def _sort_of_managed_instances(resources: Spec) -> str:
    options = _mapping(_mapping(resources.get("managedInstancesProvider")).get("instanceLaunchTemplate"))
    is_spot = str(options.get("capacityOptionType", "")).upper() == "SPOT"
    return "managed instances Spot" if is_spot else "managed instances"


def _mapping(value: Json) -> Spec:
    """Return a structure; of one that was not looked up, nothing is known."""
    return value if isinstance(value, Mapping) else {}


MANAGEMENT = "MANAGED and UNMANAGED cannot be exchanged (UpdateComputeEnvironment)"

KIND = Kind(
    name="ComputeEnvironment",
    section="computeEnvironments",
    description="Where jobs run.",
    noun="compute-environment",
    name_member="computeEnvironmentName",
    arn_member="computeEnvironmentArn",
    main=("computeResources.type", "instanceTypes", "maxvCpus"),
    rows=(
        Field(
            name="type",
            form=Form.CASELESS,
            cost=Cost.REPLACE,
            description="MANAGED: Batch starts the instances. UNMANAGED: you do.",
            source=MANAGEMENT,
        ),
        state(
            description="DISABLED accepts no new jobs; minvCpus keep running. AWS Batch creates environments "
            "ENABLED only, so DISABLED is a create and an update.",
            source="CreateComputeEnvironment: 'Compute Environment must be created in ENABLED state.'",
        ),
        Field(
            name="unmanagedvCpus",
            cost=Cost.SCALING,
            limits={"minimum": 0},
            description="vCPUs of an UNMANAGED environment, for fair-share reservations.",
        ),
        Field(
            name="serviceRole",
            example=ROLE,
            form=Form.ROLE,
            cost=Cost.SCALING,
            is_service_default=is_service_linked,
            description=f"Role with which Batch acts for you. Left out, it is the service-linked role "
            f"{SERVICE_LINKED_ROLE}, "
            "which alone allows changes in place.",
        ),
        Field(
            name="eksConfiguration",
            form=Form.STRUCT,
            cost=Cost.REPLACE,
            merges=True,
            description="The EKS cluster that the environment belongs to.",
            fields=(
                Field(
                    name="eksClusterArn",
                    example="arn:aws:eks:us-east-1:123456789012:cluster/{name}",
                    description="ARN of the cluster, in the same region.",
                ),
                Field(
                    name="kubernetesNamespace",
                    example="batch",
                    description="Namespace for the pods; not default, not kube-*.",
                ),
                Field(
                    name="accessEntry",
                    form=Form.STRUCT,
                    cost=Cost.METADATA,
                    unset={"desiredState": "INHERIT_FROM_CLUSTER"},
                    description="Whether AWS Batch manages its access entry of the cluster. All environments must "
                    "agree.",
                    fields=(
                        Field(
                            name="desiredState",
                            form=Form.CASELESS,
                            default="INHERIT_FROM_CLUSTER",
                            description="ENABLED, DISABLED or INHERIT_FROM_CLUSTER.",
                            source="EksConfiguration: left out, it behaves as INHERIT_FROM_CLUSTER",
                        ),
                        Unmanaged("status", "read-only: the state that the service observed"),
                    ),
                ),
            ),
        ),
        Field(
            name="computeResources",
            form=Form.STRUCT,
            cost=Cost.INFRASTRUCTURE,
            merges=True,
            fields=COMPUTE_RESOURCES,
            presence=Cost.REPLACE,
            description="The instances that a MANAGED environment can start. Not allowed on UNMANAGED.",
            source=MANAGEMENT,
        ),
        Field(
            name="updatePolicy",
            form=Form.STRUCT,
            cost=Cost.METADATA,
            created=Created.LATER,
            unset={"terminateJobsOnUpdate": False, "jobExecutionTimeoutMinutes": 30},
            only_if=takes_update_policy,
            description="What happens to running jobs when instances are replaced. Sent for EC2 and Spot only.",
            source="CreateComputeEnvironment has no such field; UpdateComputeEnvironment rejects it for Fargate "
            "(aws/aws-cdk issue 27054)",
            fields=(
                Field(name="terminateJobsOnUpdate", default=False, description="End the jobs at once."),
                Field(
                    name="jobExecutionTimeoutMinutes",
                    default=30,
                    description="Minutes that jobs may go on on the old instances.",
                ),
            ),
        ),
        Field(
            name="ecsSettings",
            form=Form.STRUCT,
            cost=Cost.METADATA,
            unset={"containerInsights": "DISABLED"},
            description="Settings of the ECS cluster of the environment.",
            fields=(
                Field(
                    name="containerInsights",
                    form=Form.CASELESS,
                    default="DISABLED",
                    description="CloudWatch Container Insights: ENABLED, ENHANCED or DISABLED.",
                ),
            ),
        ),
        Unmanaged("context", "reserved by AWS"),
    ),
    read=ReadCalls(
        operation="DescribeComputeEnvironments",
        result="computeEnvironments",
        names="computeEnvironments",
        response_only=("ecsClusterArn", "status", "statusReason", "uuid", "containerOrchestrationType"),
        usage=Usage(("computeResources", "desiredvCpus"), ("computeResources", "maxvCpus"), "vCPUs"),
    ),
    create=CreateCall(operation="CreateComputeEnvironment", settles_within=1200, service_linked=True),
    update=UpdateCall(
        operation="UpdateComputeEnvironment",
        id_member="computeEnvironment",
        settles_within=1200,
        # GovCloud refuses an update that has none of these (hashicorp/terraform-provider-aws 43969).
        any_of=("state", "computeResources", "serviceRole", "unmanagedvCpus"),
        instances=InstanceReplacement(job_timeout, job_terms),
    ),
    delete=DeleteCall(
        operation="DeleteComputeEnvironment",
        id_member="computeEnvironment",
        gone_within=1800,
        disable_first=True,
        # DeleteComputeEnvironment; User Guide, "INVALID compute environment"; hashicorp/terraform-provider-aws 8549,
        # 26930
        explanation="AWS Batch terminates its instances and deletes its cluster with the service role. This takes long "
        "if the service role is deleted (in the end it is INVALID again), jobs still run on Fargate, or a queue has "
        "only just been detached",
        loss="removes a place where jobs run",
    ),
    replacement=ReplacementMethod.BLUE_GREEN,
    idle=Idle(is_idle=is_idle, jobs=JOBS, timeout=86400, disable_with=without_minimum),
    cost_of_change=cost_of_change,
    capacity=capacity,
    default_quota=50,
    source="https://docs.aws.amazon.com/batch/latest/APIReference/API_CreateComputeEnvironment.html",
)
