"""Compute environments: EC2, Spot, Fargate, EKS, ECS managed instances and unmanaged."""

from reconciler.kinds.base import (
    ROLE,
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
    state,
)
from reconciler.kinds.compute_environment_updates import (
    SERVICE_LINKED_ROLE,
    cost_of_change,
    is_idle,
    is_service_linked,
    job_terms,
    job_timeout,
    takes_update_policy,
    without_minimum,
)
from reconciler.kinds.compute_resources import COMPUTE_RESOURCES
from reconciler.kinds.jobs import JOBS
from reconciler.model import Cost

MANAGEMENT = "an environment stays MANAGED or UNMANAGED (UpdateComputeEnvironment cannot change it)"

KIND = Kind(
    name="ComputeEnvironment",
    section="computeEnvironments",
    description="Where jobs run.",
    noun="compute-environment",
    name_member="computeEnvironmentName",
    arn_member="computeEnvironmentArn",
    rows=(
        Field(
            name="type",
            form=Form.CASELESS,
            cost=Cost.REPLACE,
            description="MANAGED: Batch starts the instances. UNMANAGED: you do.",
            source=MANAGEMENT,
        ),
        state(
            description="DISABLED takes no new jobs; minvCpus keep running. Batch creates environments "
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
                    description="Who manages the cluster's access entry for Batch. All environments of a cluster must "
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
            description="What a MANAGED environment may start. Not allowed on UNMANAGED.",
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
            source="CreateComputeEnvironment has no such member; UpdateComputeEnvironment refuses it for Fargate "
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
            description="Settings of the ECS cluster behind the environment.",
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
        explanation="AWS Batch ends its instances and takes its cluster away, by means of the service role. What keeps "
        "it: a service role that is gone (in the end it is INVALID again), jobs that still run on Fargate, or a queue "
        "that has only just let go of it",
        loss="takes away a place where jobs run",
    ),
    replacement=ReplacementMethod.BLUE_GREEN,
    idle=Idle(is_idle=is_idle, jobs=JOBS, timeout=86400, disable_with=without_minimum),
    cost_of_change=cost_of_change,
    source="https://docs.aws.amazon.com/batch/latest/APIReference/API_CreateComputeEnvironment.html",
)
