"""Rules of quota shares: their own members, and what they need of their queue and its service environment."""

from reconciler.model import Json, Spec
from reconciler.problems import Severity
from reconciler.rules.base import Example, Findings, Rule, Subject, documented, later, measured
from reconciler.rules.job_queue.environments import (
    POLICY,
    QUOTA_SHARES,
    is_training,
    policy_name,
    policy_of,
    service_of,
)
from reconciler.rules.service_environment import TYPE, service
from reconciler.rules.shared import (
    INSTANCES,
    arn,
    astray,
    disabled,
    each_unit_once,
    forms,
    is_type,
    limit,
    limits,
    most,
    near_names,
    placeholders,
    some_limit,
)

QUEUE, SERVICE = "JobQueue", "ServiceEnvironment"
MOST_SHARES = 20
BORROWS = "LEND_AND_BORROW"
UNLIMITED = -1
RESOURCES = "AWS Batch User Guide, 'Create quota management resources'"
SHARES = "AWS Batch User Guide, 'Quota shares'"


def _queue(subject: Subject) -> Spec | None:
    return subject.referred(QUEUE, subject.body["jobQueue"])


def _sharing(subject: Subject) -> Spec:
    sharing: Spec = subject.body["resourceSharingConfiguration"]
    return sharing


def _instance_types(subject: Subject) -> Findings:
    for path, each in limits(subject.body):
        if not is_type(unit := str(each["capacityUnit"])):
            yield (*path, "capacityUnit"), f"is {unit}; it is an instance type such as {TYPE}"


def _borrows(subject: Subject) -> Findings:
    strategy, borrowed = _sharing(subject)["strategy"], _sharing(subject).get("borrowLimit", UNLIMITED)
    if strategy != BORROWS and borrowed != UNLIMITED:
        yield ("resourceSharingConfiguration", "borrowLimit"), f"is {borrowed}, and the strategy is {strategy}"


def _queue_arn(subject: Subject) -> Findings:
    if wrong := astray(subject, str(subject.body["jobQueue"]), "job-queue"):
        yield ("jobQueue",), wrong


def _for_training(subject: Subject) -> Findings:
    queue = _queue(subject)
    if queue and not is_training(queue):
        yield ("jobQueue",), f"is {subject.body['jobQueue']}, which is not a SAGEMAKER_TRAINING queue"


def _has_policy(subject: Subject) -> Findings:
    queue = _queue(subject)
    if not queue or not is_training(queue):
        return
    policy = policy_of(subject, queue)
    if not policy_name(queue):
        yield ("jobQueue",), f"is {subject.body['jobQueue']}, which has no scheduling policy"
    elif policy and policy.get("quotaSharePolicy") is None:
        yield ("jobQueue",), f"is {subject.body['jobQueue']}, whose policy {policy_name(queue)} is for fair shares"


def _few_shares(subject: Subject) -> Findings:
    queue = str(subject.body["jobQueue"])
    names = [name for name, body in subject.every(subject.address.kind) if str(body.get("jobQueue")) == queue]
    if subject.address.name in sorted(names)[MOST_SHARES:]:
        yield ("jobQueue",), f"is {queue}, which has {len(names)} quota shares; a queue supports {MOST_SHARES}"


def _there(subject: Subject) -> dict[str, int]:
    """Return what the queue's service environment may have of each instance type; nothing if that is unknown."""
    queue = _queue(subject)
    there = most(service_of(subject, queue)) if queue else {}
    return {} if INSTANCES in there else there


def _units_are_there(subject: Subject) -> Findings:
    there = _there(subject)
    for path, each in limits(subject.body):
        unit = str(each["capacityUnit"])
        if there and is_type(unit) and unit not in there:
            yield (*path, "capacityUnit"), f"is {unit}; the service environment has {', '.join(there)}"


def _not_more_than_there_is(subject: Subject) -> Findings:
    there = _there(subject)
    for path, each in limits(subject.body):
        total = there.get(each["capacityUnit"])
        if total is not None and each["maxCapacity"] > total:
            yield (*path, "maxCapacity"), f"is {each['maxCapacity']}; the service environment has {total}"


def _borrows_something(subject: Subject) -> Findings:
    if _sharing(subject)["strategy"] == BORROWS and _sharing(subject).get("borrowLimit") == 0:
        yield ("resourceSharingConfiguration", "borrowLimit"), "is 0, so that nothing is borrowed"


def share(*capacity: Json, strategy: str = "LEND", borrow: int | None = None, **members: Json) -> Example:
    """Write a quota share of a queue outside the stack."""
    return Example(_share(*capacity, strategy=strategy, borrow=borrow, **members))


def share_of(queue: Spec, *capacity: Json, policy: Spec = QUOTA_SHARES, whole: Json = None) -> Example:
    """Write a quota share with its queue, policy and service environment."""
    others = {
        (QUEUE, "training"): {"priority": 1, **queue},
        (POLICY, "shares"): policy,
        (SERVICE, "gpus"): service(whole or limit(TYPE)).body,
    }
    return Example(_share(*capacity), others)


def _share(*capacity: Json, strategy: str = "LEND", borrow: int | None = None, **members: Json) -> Spec:
    limited = {} if borrow is None else {"borrowLimit": borrow}
    return {
        "jobQueue": "training",
        "capacityLimits": list(capacity) or [limit(TYPE, 4)],
        "resourceSharingConfiguration": {"strategy": strategy, **limited},
        "preemptionConfiguration": {"inSharePreemption": "ENABLED"},
        **members,
    }


TRAINING: Spec = {
    "jobQueueType": "SAGEMAKER_TRAINING",
    "serviceEnvironmentOrder": [{"order": 1, "serviceEnvironment": "gpus"}],
}
MANAGED: Spec = {**TRAINING, "schedulingPolicyArn": "shares"}
ON_COMPUTE: Spec = {"computeEnvironmentOrder": [{"order": 1, "computeEnvironment": "spot"}]}


def _crowd(count: int) -> Example:
    first = {(QUEUE, "training"): {"priority": 1, **MANAGED}, (POLICY, "shares"): QUOTA_SHARES}
    shares = {("QuotaShare", f"a-{number}"): _share(limit(TYPE, 1)) for number in range(count - 1)}
    return Example(_share(limit(TYPE, 1)), {**first, **shares})


RULES = (
    Rule(
        id="QS001",
        says="A quota share has a capacity limit.",
        check=some_limit,
        hint=f"capacityLimits: [{{capacityUnit: {TYPE}, maxCapacity: 4}}]",
        evidence=documented(
            "AWS Batch User Guide, 'Quota shares'", "a quota share requires at least one capacity limit be provided"
        ),
        fails=share(capacityLimits=[]),
        passes=share(),
    ),
    Rule(
        id="QS002",
        says="A quota share uses SageMaker instance types.",
        check=_instance_types,
        hint=f"types of SageMaker begin with ml.; {INSTANCES} is for service environments without quota shares",
        evidence=documented(
            "AWS Batch User Guide, 'Quota shares'",
            "Each capacity limit should be expressed as instance limits for supported SageMaker "
            "Training job instances types.",
            "'... is unknown capacity unit' is documented for service environments",
        ),
        severity=Severity.WARNING,
        fails=share(limit(INSTANCES)),
        passes=share(limit(TYPE)),
    ),
    Rule(
        id="QS003",
        says="A quota share has one limit for an instance type.",
        check=each_unit_once,
        severity=Severity.WARNING,
        evidence=documented("QuotaShareCapacityLimit.maxCapacity", "the maximum quantity of a resource"),
        fails=share(limit(TYPE), limit(TYPE, 4)),
        passes=share(limit(TYPE), limit("ml.g6.12xlarge")),
    ),
    Rule(
        id="QS004",
        says=f"borrowLimit is for the strategy {BORROWS}.",
        check=_borrows,
        hint=f"use strategy: {BORROWS}, or remove borrowLimit",
        evidence=documented(
            "QuotaShareResourceSharingConfiguration.borrowLimit",
            "can only be applied to quota shares with a strategy of LEND_AND_BORROW",
            "whether AWS rejects it is unknown",
        ),
        severity=Severity.WARNING,
        fails=share(borrow=50),
        passes=share(strategy=BORROWS, borrow=50),
    ),
    Rule(
        id="QS005",
        says="The queue of a quota share is a name, or the ARN of a queue in the stack's region.",
        check=_queue_arn,
        severity=Severity.WARNING,
        evidence=documented(
            "CreateQuotaShareRequest.jobQueue",
            "This can be the job queue name or ARN.",
            "how AWS handles other ARNs is unknown",
        ),
        fails=share(jobQueue=arn("service-environment/gpus")),
        passes=share(jobQueue=arn("job-queue/training")),
    ),
    forms(
        "QS008",
        share(jobQueue="arn:aws:batch:us-east-1:12345678901:job-queue/a"),
        share(jobQueue="arn:aws:batch:us-east-1:123456789012:job-queue/a"),
    ),
    placeholders("QS006", share(jobQueue="${QUEUE}"), share()),
    near_names(
        "QS007",
        fails=Example(share(jobQueue="inferrence").body, {(QUEUE, "inference"): {"priority": 1, **TRAINING}}),
        passes=Example(share(jobQueue="queue-2").body, {(QUEUE, "queue-1"): {"priority": 1, **TRAINING}}),
    ),
    Rule(
        id="QS010",
        says="The queue of a quota share is of the type SAGEMAKER_TRAINING.",
        check=_for_training,
        evidence=measured(
            "CreateJobQueue", "Quota Management feature is only supported for SageMaker Training job queues."
        ),
        fails=share_of(ON_COMPUTE),
        passes=share_of(MANAGED),
    ),
    Rule(
        id="QS011",
        says="The queue of a quota share has a quota-share scheduling policy.",
        check=_has_policy,
        hint="a queue gets such a policy when it is created, or never: "
        "schedulingPolicies: {shares: {quotaSharePolicy: {idleResourceAssignmentStrategy: FIFO}}}",
        evidence=documented(
            "AWS Batch User Guide, 'Create quota management resources'",
            "A scheduling policy must be connected which contains a quotaSharePolicy.",
        ),
        fails=share_of(TRAINING, whole=limit(INSTANCES)),
        passes=share_of(MANAGED),
    ),
    Rule(
        id="QS012",
        says=f"A queue has at most {MOST_SHARES} quota shares.",
        check=_few_shares,
        evidence=documented(
            "AWS Batch User Guide, 'Quota shares'",
            "A maximum of 20 can be attached to any job queue.",
            "a quota, which AWS may raise",
        ),
        severity=Severity.WARNING,
        fails=_crowd(MOST_SHARES + 1),
        passes=_crowd(MOST_SHARES),
    ),
    Rule(
        id="QS013",
        says="A quota share uses capacity units of the service environment of its queue.",
        check=_units_are_there,
        severity=Severity.WARNING,
        evidence=documented(
            "CapacityLimit.maxCapacity",
            "jobs requiring other instance types wait until a matching capacity limit is configured",
        ),
        fails=share_of(MANAGED, limit("ml.p4d.24xlarge")),
        passes=share_of(MANAGED, limit(TYPE)),
    ),
    Rule(
        id="QS014",
        says="A quota share is not larger than the service environment of its queue.",
        check=_not_more_than_there_is,
        severity=Severity.WARNING,
        evidence=later(
            "AWS Batch User Guide, 'Jobs stuck in RUNNABLE due to misconfiguration'",
            note="what exceeds the service environment never starts",
        ),
        fails=share_of(MANAGED, limit(TYPE, 9)),
        passes=share_of(MANAGED, limit(TYPE, 8)),
    ),
    disabled(
        "QS901",
        "A DISABLED quota share does not accept jobs.",
        "no job can be submitted to it",
        documented("CreateQuotaShareRequest.state", "new jobs won't be accepted"),
        share(),
    ),
    Rule(
        id="QS902",
        says=f"What has the strategy {BORROWS} may borrow something.",
        check=_borrows_something,
        hint="strategy: LEND lends without borrowing; borrowLimit: -1 borrows without limit",
        severity=Severity.NOTE,
        advice=True,
        evidence=documented(
            "QuotaShareResourceSharingConfiguration.borrowLimit",
            "a percentage of the quota share's configured CapacityLimits",
        ),
        fails=share(strategy=BORROWS, borrow=0),
        passes=share(strategy=BORROWS, borrow=-1),
    ),
)
