"""What happens to jobs that wait: limits on their time, and shares."""

from collections import Counter

from reconciler.model import Json, Spec
from reconciler.problems import Severity
from reconciler.rules.base import Findings, Rule, Subject
from reconciler.rules.compute_environment.bodies import unmanaged
from reconciler.rules.evidence import documented, inferred, measured
from reconciler.rules.job_queue.bodies import (
    QUOTA_SHARES,
    SAGEMAKER,
    attached,
    is_sagemaker,
    policy_of,
    queue,
    queue_on,
    training,
    with_policy,
)

LIMITS = "jobStateTimeLimitActions"
NO_CAPACITY = "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY"
REASONS = (
    NO_CAPACITY,
    "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE",
    "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT",
)
TRAINING_REASONS = (
    NO_CAPACITY,
    "MISCONFIGURATION:SERVICE_ENVIRONMENT_MAX_RESOURCE",
    "MISCONFIGURATION:QUOTA_MANAGEMENT_LIMIT_EXCEEDED",
)
RESERVING: Spec = {"fairsharePolicy": {"computeReservation": 50}}


def _distinct_limits(subject: Subject) -> Findings:
    limits = Counter((limit["state"], limit["reason"]) for limit in subject.body.get(LIMITS, ()))
    for (state, reason), count in limits.items():
        if count > 1:
            yield (LIMITS,), f"has {count} entries for {state} and {reason}"


def _fitting_actions(subject: Subject) -> Findings:
    fitting = "TERMINATE" if is_sagemaker(subject) else "CANCEL"
    for index, limit in enumerate(subject.body.get(LIMITS, ())):
        if limit["action"] != fitting:
            yield (LIMITS, index, "action"), f"is {limit['action']}; in such a queue it is {fitting}"


def _cancel_jobs(subject: Subject) -> Findings:
    if not is_sagemaker(subject):
        yield from _fitting_actions(subject)


def _terminate_service_jobs(subject: Subject) -> Findings:
    if is_sagemaker(subject):
        yield from _fitting_actions(subject)


def _known_reasons(subject: Subject) -> Findings:
    reasons = TRAINING_REASONS if is_sagemaker(subject) else REASONS
    for index, limit in enumerate(subject.body.get(LIMITS, ())):
        if not str(limit["reason"]).startswith(reasons):
            yield (LIMITS, index, "reason"), f"is none of {', '.join(reasons)}"


def _quota_shares_for_training(subject: Subject) -> Findings:
    if not is_sagemaker(subject) and policy_of(subject, subject.body).get("quotaSharePolicy") is not None:
        yield ("schedulingPolicyArn",), f"is a quota-share policy, which is for {SAGEMAKER} queues"


def _something_to_reserve(subject: Subject) -> Findings:
    shares = policy_of(subject, subject.body).get("fairsharePolicy")
    reserves = isinstance(shares, dict) and shares.get("computeReservation")
    for each in attached(subject) if reserves else ():
        if each.body.get("type") == "UNMANAGED" and "unmanagedvCpus" not in each.body:
            yield each.path, f"is {each.name}, which does not say its unmanagedvCpus: nothing is reserved there"


def _limit(action: str, reason: str = REASONS[0]) -> Json:
    return {"state": "RUNNABLE", "reason": reason, "maxTimeSeconds": 600, "action": action}


RULES = (
    Rule(
        id="JQ201",
        says="A queue has one time limit for a state and reason.",
        check=_distinct_limits,
        evidence=measured("CreateJobQueue", "Duplicate job state limit actions are not allowed."),
        fails=queue("spot", jobStateTimeLimitActions=[_limit("CANCEL"), _limit("CANCEL")]),
        passes=queue("spot", jobStateTimeLimitActions=[_limit("CANCEL"), _limit("CANCEL", REASONS[1])]),
    ),
    Rule(
        id="JQ202",
        says="The time limits of a queue cancel jobs.",
        check=_cancel_jobs,
        evidence=measured("CreateJobQueue", "Invalid job action. Valid job actions: [CANCEL]"),
        fails=queue("spot", jobStateTimeLimitActions=[_limit("TERMINATE")]),
        passes=queue("spot", jobStateTimeLimitActions=[_limit("CANCEL")]),
    ),
    Rule(
        id="JQ203",
        says="The time limits of a SAGEMAKER_TRAINING queue terminate jobs.",
        check=_terminate_service_jobs,
        evidence=documented(
            "JobStateTimeLimitAction.action",
            "For job queues connected to a SAGEMAKER_TRAINING service environment, the only supported"
            " value is TERMINATE",
        ),
        fails=training(jobStateTimeLimitActions=[_limit("CANCEL")]),
        passes=training(jobStateTimeLimitActions=[_limit("TERMINATE")]),
    ),
    Rule(
        id="JQ204",
        says="A time limit is for one of the reasons that Batch gives for blocked jobs of such a queue.",
        check=_known_reasons,
        severity=Severity.NOTE,
        advice=True,
        evidence=inferred("AWS Batch User Guide, 'Jobs stuck in a RUNNABLE status'", "and JobDetail.statusReason"),
        fails=queue("spot", jobStateTimeLimitActions=[_limit("CANCEL", "too long")]),
        passes=queue("spot", jobStateTimeLimitActions=[_limit("CANCEL")]),
    ),
    Rule(
        id="JQ210",
        says="A quota-share policy is for SAGEMAKER_TRAINING queues.",
        check=_quota_shares_for_training,
        hint="a policy with fairsharePolicy is for all other queues",
        evidence=measured(
            "CreateJobQueue", "Quota Management feature is only supported for SageMaker Training job queues."
        ),
        fails=with_policy(queue("spot"), QUOTA_SHARES),
        passes=with_policy(training(), QUOTA_SHARES),
    ),
    Rule(
        id="JQ211",
        says="A reservation for fair shares counts unmanaged vCPUs only where they are declared.",
        check=_something_to_reserve,
        severity=Severity.NOTE,
        advice=True,
        evidence=documented("CreateComputeEnvironmentRequest.unmanagedvCpus", "no vCPU capacity is reserved"),
        fails=with_policy(queue_on(unmanaged()), RESERVING),
        passes=with_policy(queue_on(unmanaged(unmanagedvCpus=64)), RESERVING),
    ),
)
