"""Job queues: where jobs wait, and which environments take them."""

from collections.abc import Iterable

from reconciler.kinds.base import (
    ChangedField,
    CreateCall,
    DeleteCall,
    Field,
    Form,
    Jobs,
    Kind,
    ReadCalls,
    ReplacementMethod,
    UpdateCall,
    state,
)
from reconciler.kinds.jobs import listing_of_queue
from reconciler.model import Cost, Json, Spec


def _always(_value: Json) -> bool:
    return True


EKS = "EKS"
TRIED = (
    "AWS does not document whether a queue can move there, so apply tries. If AWS rejects it, nothing has changed: "
    "declare the queue under a new name, and this one is deleted"
)


def _cost_of_change(change: ChangedField) -> tuple[Cost, str]:
    """Environments of another type are tried in place, but where a refusal is known: to and from Amazon EKS."""
    if change.path[0] != "computeEnvironmentOrder":
        return change.cost, ""
    sides = (change.live, change.desired)
    before, after = (_types(change, side.get("computeEnvironmentOrder", ())) for side in sides)
    if not before or not after or after <= before:
        return change.cost, ""
    types = f"{', '.join(sorted(before))} to {', '.join(sorted(after))}"
    if (EKS in before) is not (EKS in after):
        return Cost.REPLACE, f"from {types}: 'EKS job queue type must have EKS compute environment.' (CreateJobQueue)"
    return change.cost, f"from {types}: {TRIED}"


def _types(change: ChangedField, arns: Iterable[str]) -> set[str]:
    return {_queue_type(change.bodies[arn]) for arn in arns if arn in change.bodies}


def _queue_type(environment: Spec) -> str:
    """Return the jobQueueType of queues that can use an environment."""
    type_ = str(environment.get("computeResources", {}).get("type", "")).upper()
    if environment.get("eksConfiguration"):
        return EKS
    if type_ in ("FARGATE", "FARGATE_SPOT"):
        return "ECS_FARGATE"
    return "ECS_MANAGED_INSTANCES" if type_ == "ECS_MANAGED_INSTANCES" else "ECS"


KIND = Kind(
    name="JobQueue",
    section="jobQueues",
    description="Where jobs wait, and which environments run them.",
    noun="job-queue",
    name_member="jobQueueName",
    arn_member="jobQueueArn",
    main=("priority", "computeEnvironmentOrder", "jobQueueType"),
    rows=(
        state("DISABLED accepts no new jobs; jobs in the queue continue."),
        Field(
            name="priority",
            cost=Cost.SCALING,
            limits={"minimum": 0, "maximum": 1000},
            description="Queues with a higher number are served first by an environment that they share.",
        ),
        Field(
            name="schedulingPolicyArn",
            form=Form.REFERENCE,
            refers_to="SchedulingPolicy",
            short="schedulingPolicy",
            cost=Cost.SCALING,
            presence=Cost.REPLACE,
            description="Fair share or quota shares, instead of first in, first out. It can be replaced, but neither "
            "added to a queue nor removed.",
            source="UpdateJobQueue: a policy can be exchanged, not removed; 'Only fairshare queue can have scheduling "
            "policy'",
        ),
        Field(
            name="jobQueueType",
            form=Form.CASELESS,
            cost=Cost.REPLACE,
            is_service_default=_always,
            write_only=True,  # queues from before the member was there do not show it
            description="Derived from the environments when left out; it cannot change.",
        ),
        Field(
            name="computeEnvironmentOrder",
            form=Form.RANKED,
            key="order",
            needs_one=True,
            cost=Cost.SCALING,
            description="The environments that run the jobs, tried in ascending order. Short form: a list of names.",
            source="UpdateJobQueue replaces the whole list",
            fields=(
                Field(name="order", description="Position; only the sequence matters."),
                Field(
                    name="computeEnvironment",
                    form=Form.REFERENCE,
                    refers_to="ComputeEnvironment",
                    description="Name in the stack, or name or ARN of an existing environment.",
                ),
            ),
        ),
        Field(
            name="serviceEnvironmentOrder",
            form=Form.RANKED,
            key="order",
            needs_one=True,
            cost=Cost.SCALING,
            limits={"maxItems": 1},
            description="The service environment of a SAGEMAKER_TRAINING queue; exactly one. Short: a list of its "
            "name.",
            fields=(
                Field(name="order", description="Position; only the sequence matters."),
                Field(
                    name="serviceEnvironment",
                    form=Form.REFERENCE,
                    refers_to="ServiceEnvironment",
                    description="Name in the stack, or name or ARN of an existing service environment.",
                ),
            ),
        ),
        Field(
            name="jobStateTimeLimitActions",
            form=Form.SET,
            cost=Cost.SCALING,
            unset=[],
            description="What to do with a job that blocks the head of the queue.",
            fields=(
                Field(
                    name="state",
                    form=Form.CASELESS,
                    description="The state in which a job waits too long: only RUNNABLE.",
                ),
                Field(name="reason", description="The status reason of the blocked job that this is about."),
                Field(
                    name="maxTimeSeconds",
                    limits={"minimum": 600, "maximum": 86400},
                    description="Seconds at the head of the queue before the action.",
                ),
                Field(
                    name="action", form=Form.CASELESS, description="CANCEL, or TERMINATE on SAGEMAKER_TRAINING queues."
                ),
            ),
        ),
    ),
    read=ReadCalls(
        operation="DescribeJobQueues",
        result="jobQueues",
        names="jobQueues",
        response_only=("status", "statusReason"),
    ),
    create=CreateCall(operation="CreateJobQueue", settles_within=600),
    update=UpdateCall(
        operation="UpdateJobQueue",
        id_member="jobQueue",
        settles_within=600,
        refers_to=("computeEnvironmentOrder", "schedulingPolicyArn"),
    ),
    delete=DeleteCall(
        operation="DeleteJobQueue",
        id_member="jobQueue",
        gone_within=1800,
        disable_first=True,
        explanation="AWS Batch ends the jobs in it first, about 16 a second (DeleteJobQueue)",
        loss="removes a place where jobs wait",
    ),
    jobs=Jobs(listing_of_queue, drain_timeout=86400),
    replacement=ReplacementMethod.DELETE_FIRST,
    cost_of_change=_cost_of_change,
    default_quota=50,
    source="https://docs.aws.amazon.com/batch/latest/APIReference/API_CreateJobQueue.html",
)
