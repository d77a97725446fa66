"""What happens to jobs that wait: limits on their time, and shares."""

from collections import Counter
from collections.abc import Iterator

from reconciler.model import Json, Spec
from reconciler.problems import Severity
from reconciler.rules.base import Example, Findings, Rule, Subject, documented, inferred, measured
from reconciler.rules.compute_environment.common import beside, ec2, fargate, spot, unmanaged
from reconciler.rules.job_queue.environments import (
    QUOTA_SHARES,
    SAGEMAKER,
    attached,
    entries,
    is_sagemaker,
    policy_name,
    policy_of,
    queue,
    queue_on,
    service_name,
    service_of,
    training,
    training_on,
    with_policy,
)
from reconciler.rules.service_environment import TYPE, service
from reconciler.rules.shared import INSTANCES, disabled, limit, most, quota

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
    for index, entry in enumerate(subject.body.get(LIMITS, ())):
        if entry["action"] != fitting:
            yield (LIMITS, index, "action"), f"is {entry['action']}; in such a queue it is {fitting}"


def _cancel_jobs(subject: Subject) -> Findings:
    if not is_sagemaker(subject):
        yield from _fitting_actions(subject)


def _terminate_service_jobs(subject: Subject) -> Findings:
    if is_sagemaker(subject):
        yield from _fitting_actions(subject)


def _known_reasons(subject: Subject) -> Findings:
    reasons = TRAINING_REASONS if is_sagemaker(subject) else REASONS
    for index, entry in enumerate(subject.body.get(LIMITS, ())):
        if not str(entry["reason"]).startswith(reasons):
            yield (LIMITS, index, "reason"), f"is none of {', '.join(reasons)}"


def _quota_shares_for_training(subject: Subject) -> Findings:
    if not is_sagemaker(subject) and policy_of(subject, subject.body).get("quotaSharePolicy") is not None:
        yield ("schedulingPolicyArn",), f"is a quota-share policy, which is for {SAGEMAKER} queues"


def _something_to_reserve(subject: Subject) -> Findings:
    shares = policy_of(subject, subject.body).get("fairsharePolicy")
    reserves = isinstance(shares, dict) and shares.get("computeReservation")
    for each in attached(subject) if reserves else ():
        if each.body.get("type") == "UNMANAGED" and "unmanagedvCpus" not in each.body:
            yield each.path, f"is {each.name}, which does not set unmanagedvCpus: nothing is reserved there"


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
        says="A time limit has one of the reasons that AWS Batch reports for blocked jobs of such a queue.",
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
        says="A reservation for fair shares requires unmanagedvCpus on unmanaged environments.",
        check=_something_to_reserve,
        severity=Severity.NOTE,
        advice=True,
        evidence=documented("CreateComputeEnvironmentRequest.unmanagedvCpus", "no vCPU capacity is reserved"),
        fails=with_policy(queue_on(unmanaged()), RESERVING),
        passes=with_policy(queue_on(unmanaged(unmanagedvCpus=64)), RESERVING),
    ),
)


# Queues with quota shares: what they need of their service environment, and what those without need of theirs.

SERVICE = ("serviceEnvironmentOrder", 0, "serviceEnvironment")
RESOURCES = "AWS Batch User Guide, 'Create quota management resources'"
SHARE = "QuotaShare"


def _has_quotas(subject: Subject) -> bool:
    return is_sagemaker(subject) and policy_of(subject, subject.body).get("quotaSharePolicy") is not None


def _counts_types(subject: Subject) -> Findings:
    if _has_quotas(subject) and INSTANCES in most(service_of(subject, subject.body)):
        yield SERVICE, f"is {service_name(subject.body)}, which has {INSTANCES}; quota shares require instance types"


def _alone(subject: Subject) -> Findings:
    others = list(_others(subject)) if _has_quotas(subject) else []
    if others:
        yield SERVICE, f"is {service_name(subject.body)}, which is also used by the queue {others[0]}"


def _others(subject: Subject) -> Iterator[str]:
    own = service_name(subject.body)
    for name, other in subject.every(subject.address.kind):
        if name != subject.address.name and own and service_name(other) == own:
            yield name


def _counts_instances(subject: Subject) -> Findings:
    policy = policy_of(subject, subject.body)
    is_without = not policy_name(subject.body) or policy.get("fairsharePolicy") is not None
    types = [unit for unit in most(service_of(subject, subject.body)) if unit != INSTANCES]
    if is_sagemaker(subject) and is_without and types:
        yield (
            SERVICE,
            f"is {service_name(subject.body)}, which has {types[0]}; without quota shares, it must be {INSTANCES}",
        )


def _has_shares(subject: Subject) -> Findings:
    shares = [str(body.get("jobQueue", "")) for _, body in subject.every(SHARE)]
    if _has_quotas(subject) and subject.address.name not in shares and "" not in shares:
        yield (), "has no quota share: a job is submitted to one of them"


def _is_enabled(subject: Subject) -> Findings:
    if service_of(subject, subject.body).get("state") == "DISABLED":
        yield SERVICE, f"is {service_name(subject.body)}, which is DISABLED: no job starts"


_BY_TYPE, _BY_NUMBER = service(limit(TYPE)), service(limit(INSTANCES))
_QUOTAS = with_policy(training_on(_BY_TYPE), QUOTA_SHARES)
_SHARE = {
    "jobQueue": "example",
    "capacityLimits": [limit(TYPE)],
    "resourceSharingConfiguration": {"strategy": "LEND"},
    "preemptionConfiguration": {"inSharePreemption": "DISABLED"},
}

QUOTA_RULES = (
    Rule(
        id="JQ212",
        says="The service environment of a queue with quota shares has capacity limits in instance types.",
        check=_counts_types,
        hint=f"capacityLimits: [{{capacityUnit: {TYPE}, maxCapacity: 8}}]",
        evidence=documented(
            "AWS Batch User Guide, 'Create quota management resources'",
            "The service environment must express capacity limits in terms of instance types, such as"
            " ml.m6i.xlarge, rather than NUM_INSTANCES.",
        ),
        fails=with_policy(training_on(_BY_NUMBER), QUOTA_SHARES),
        passes=_QUOTAS,
    ),
    Rule(
        id="JQ213",
        says="The service environment of a queue with quota shares has no other queue.",
        check=_alone,
        hint="make a service environment for each queue",
        evidence=documented(
            "AWS Batch User Guide, 'Create quota management resources'",
            "A single SAGEMAKER_TRAINING service environment must be provided which is not currently "
            "connected to another job queue.",
        ),
        fails=Example(_QUOTAS.body, {**_QUOTAS.others, ("JobQueue", "other"): _QUOTAS.body}),
        passes=Example(_QUOTAS.body, {**_QUOTAS.others, ("JobQueue", "other"): training().body}),
    ),
    Rule(
        id="JQ214",
        says=f"The service environment of a queue without quota shares has capacity limits in {INSTANCES}.",
        check=_counts_instances,
        hint="with a quota-share policy, the queue uses instance types",
        severity=Severity.WARNING,
        evidence=documented("CapacityLimit.capacityUnit", "Otherwise, use NUM_INSTANCES."),
        fails=training_on(_BY_TYPE),
        passes=training_on(_BY_NUMBER),
    ),
    Rule(
        id="JQ215",
        says="A queue with a quota-share policy has quota shares.",
        check=_has_shares,
        severity=Severity.NOTE,
        advice=True,
        evidence=documented(
            "AWS Batch User Guide, 'Submitting jobs to a quota share'",
            "require that all jobs specify a quota share at job submission",
        ),
        fails=_QUOTAS,
        passes=Example(_QUOTAS.body, {**_QUOTAS.others, (SHARE, "team"): _SHARE}),
    ),
    Rule(
        id="JQ905",
        says="The service environment of a queue is ENABLED.",
        check=_is_enabled,
        severity=Severity.WARNING,
        advice=True,
        evidence=inferred("CreateServiceEnvironmentRequest.state"),
        fails=training_on(service(state="DISABLED")),
        passes=training_on(service()),
    ),
)


# Queues that work, but where jobs may wait longer than their author thinks.

ORDER = ("computeEnvironmentOrder",)


def _only_spot(subject: Subject) -> Findings:
    environments = attached(subject)
    if environments and len(environments) == len(list(entries(subject))) and all(each.is_spot for each in environments):
        yield ORDER, "has only Spot environments: without Spot capacity, jobs wait"


def _nowhere_to_run(subject: Subject) -> Findings:
    environments = attached(subject)
    are_all_known = environments and len(environments) == len(list(entries(subject)))
    if are_all_known and all(str(each.body.get("state")).upper() == "DISABLED" for each in environments):
        yield ORDER, "has DISABLED environments only: no job starts"


def _no_limits(subject: Subject) -> Findings:
    if not subject.body.get("jobStateTimeLimitActions") and subject.body.get("computeEnvironmentOrder"):
        yield ("jobStateTimeLimitActions",), "is missing: a job that can never start may block the queue"


ADVICE_RULES = (
    disabled(
        "JQ901",
        "A DISABLED queue does not accept jobs.",
        "no job can be submitted",
        documented("CreateJobQueueRequest.state", "new jobs can't be added to the queue"),
        queue("spot"),
    ),
    Rule(
        id="JQ902",
        says="A queue on Spot alone waits for Spot.",
        check=_only_spot,
        hint="add an On-Demand environment after them",
        severity=Severity.NOTE,
        advice=True,
        evidence=documented("ComputeEnvironmentOrder", "Compute environments are tried in ascending order."),
        fails=queue_on(fargate(type="FARGATE_SPOT")),
        passes=queue_on(spot(), ec2()),
    ),
    Rule(
        id="JQ903",
        says="A queue has an environment that is ENABLED.",
        check=_nowhere_to_run,
        severity=Severity.WARNING,
        advice=True,
        evidence=documented(
            "CreateComputeEnvironmentRequest.state",
            "the Batch scheduler doesn't attempt to place jobs within the environment",
        ),
        fails=queue_on(beside(ec2(), state="DISABLED")),
        passes=queue_on(beside(ec2(), state="DISABLED"), ec2()),
    ),
    Rule(
        id="JQ904",
        says="A queue limits how long a job may block its head.",
        check=_no_limits,
        hint="see jobStateTimeLimitActions: state RUNNABLE, action CANCEL",
        severity=Severity.NOTE,
        advice=True,
        evidence=documented(
            "JobStateTimeLimitAction",
            "an action that Batch will take after the job has remained at the head of the queue",
        ),
        fails=queue("spot"),
        passes=queue(
            "spot",
            jobStateTimeLimitActions=[
                {
                    "state": "RUNNABLE",
                    "reason": "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT",
                    "maxTimeSeconds": 600,
                    "action": "CANCEL",
                }
            ],
        ),
    ),
    quota("JQ906", "JobQueue", "job queues", 50, queue("spot").body),
)
