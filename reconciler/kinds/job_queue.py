"""Job queues: where jobs wait, and which environments take them."""

from collections.abc import Iterable

from reconciler.kinds.base import Field, Form, Judged, Kind, Reading, Succession, state
from reconciler.kinds.jobs import holding
from reconciler.model import Cost, Json, Spec


def _always(_value: Json) -> bool:
    return True


EKS = "EKS"
TRIED = (
    "AWS does not say whether a queue can move there, so it is tried in place. If AWS refuses, nothing has changed: "
    "declare the queue under a new name, and this one is deleted"
)


def _judge(judged: Judged) -> tuple[Cost, str]:
    """Environments of another type are tried in place, but where a refusal is known: to and from Amazon EKS."""
    if judged.path[0] != "computeEnvironmentOrder":
        return judged.cost, ""
    sides = (judged.live, judged.desired)
    before, after = (_types(judged, side.get("computeEnvironmentOrder", ())) for side in sides)
    if not before or not after or after <= before:
        return judged.cost, ""
    types = f"{', '.join(sorted(before))} to {', '.join(sorted(after))}"
    if (EKS in before) is not (EKS in after):
        return Cost.REPLACE, f"from {types}: 'EKS job queue type must have EKS compute environment.' (CreateJobQueue)"
    return judged.cost, f"from {types}: {TRIED}"


def _types(judged: Judged, arns: Iterable[str]) -> set[str]:
    return {_queue_type(judged.bodies[arn]) for arn in arns if arn in judged.bodies}


def _queue_type(environment: Spec) -> str:
    """Return the jobQueueType that goes with an environment."""
    type_ = str(environment.get("computeResources", {}).get("type", "")).upper()
    if environment.get("eksConfiguration"):
        return EKS
    if type_ in ("FARGATE", "FARGATE_SPOT"):
        return "ECS_FARGATE"
    return "ECS_MANAGED_INSTANCES" if type_ == "ECS_MANAGED_INSTANCES" else "ECS"


KIND = Kind(
    name="JobQueue",
    section="jobQueues",
    says="Where jobs wait, and which environments take them.",
    noun="job-queue",
    name_member="jobQueueName",
    arn_member="jobQueueArn",
    rows=(
        state("DISABLED takes no new jobs; those in the queue go on."),
        Field(
            name="priority",
            cost=Cost.SCALING,
            limits={"minimum": 0, "maximum": 1000},
            says="Queues with a higher number are served first by an environment that they share.",
        ),
        Field(
            name="schedulingPolicyArn",
            form=Form.REFERENCE,
            refers_to="SchedulingPolicy",
            short="schedulingPolicy",
            cost=Cost.SCALING,
            presence=Cost.REPLACE,
            says="Fair share, or quota shares, instead of first in, first out. It can be exchanged for another, but "
            "neither added to a queue nor taken away.",
            source="UpdateJobQueue: a policy can be exchanged, not removed; 'Only fairshare queue can have scheduling "
            "policy'",
        ),
        Field(
            name="jobQueueType",
            form=Form.CASELESS,
            cost=Cost.REPLACE,
            fills=_always,
            hidden=True,  # queues from before the member was there do not show it
            says="Derived from the environments when left out; it cannot change.",
        ),
        Field(
            name="computeEnvironmentOrder",
            form=Form.RANKED,
            key="order",
            needs_one=True,
            cost=Cost.SCALING,
            says="The environments that take the jobs, tried in ascending order. Short: a list of names.",
            source="UpdateJobQueue replaces the whole list",
            fields=(
                Field(name="order", says="Position; only the sequence matters."),
                Field(
                    name="computeEnvironment",
                    form=Form.REFERENCE,
                    refers_to="ComputeEnvironment",
                    says="Name in the stack, or name or ARN of an existing environment.",
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
            says="The service environment of a SAGEMAKER_TRAINING queue; exactly one. Short: a list of its name.",
            fields=(
                Field(name="order", says="Position; only the sequence matters."),
                Field(
                    name="serviceEnvironment",
                    form=Form.REFERENCE,
                    refers_to="ServiceEnvironment",
                    says="Name in the stack, or name or ARN of an existing service environment.",
                ),
            ),
        ),
        Field(
            name="jobStateTimeLimitActions",
            form=Form.SET,
            cost=Cost.SCALING,
            unset=[],
            says="What to do with a job that blocks the head of the queue.",
            fields=(
                Field(name="state", form=Form.CASELESS, says="In which state a job waits too long: RUNNABLE alone."),
                Field(name="reason", says="The status reason of the blocked job that this is about."),
                Field(
                    name="maxTimeSeconds",
                    limits={"minimum": 600, "maximum": 86400},
                    says="Seconds at the head of the queue before the action.",
                ),
                Field(name="action", form=Form.CASELESS, says="CANCEL, or TERMINATE on SAGEMAKER_TRAINING queues."),
            ),
        ),
    ),
    reading=Reading(operation="DescribeJobQueues", result="jobQueues", names="jobQueues"),
    holding=holding,
    drain_timeout=86400,
    succession=Succession.ANEW,
    create="CreateJobQueue",
    update="UpdateJobQueue",
    update_refers_to=("computeEnvironmentOrder", "schedulingPolicyArn"),
    update_id="jobQueue",
    delete="DeleteJobQueue",
    delete_id="jobQueue",
    leaving="AWS Batch ends the jobs in it first, about 16 a second (DeleteJobQueue)",
    loss="takes away a place where jobs wait",
    response_only=("status", "statusReason"),
    settles=True,
    disable_before_delete=True,
    judge=_judge,
    create_timeout=600,
    update_timeout=600,
    delete_timeout=1800,
    source="https://docs.aws.amazon.com/batch/latest/APIReference/API_CreateJobQueue.html",
)
