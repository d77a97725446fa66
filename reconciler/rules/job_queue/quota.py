"""Queues with quota shares: what they need of their service environment, and what those without need of theirs."""

from collections.abc import Iterator

from reconciler.problems import Severity
from reconciler.rules.base import Example, Findings, Rule, Subject
from reconciler.rules.capacity import INSTANCES, limit, most
from reconciler.rules.evidence import documented, inferred
from reconciler.rules.job_queue.bodies import (
    QUOTA_SHARES,
    is_sagemaker,
    policy_name,
    policy_of,
    service_name,
    service_of,
    training,
    training_on,
    with_policy,
)
from reconciler.rules.service_environment import TYPE, service

SERVICE = ("serviceEnvironmentOrder", 0, "serviceEnvironment")
RESOURCES = "AWS Batch User Guide, 'Create quota management resources'"
SHARE = "QuotaShare"


def _has_quotas(subject: Subject) -> bool:
    return is_sagemaker(subject) and policy_of(subject, subject.body).get("quotaSharePolicy") is not None


def _counts_types(subject: Subject) -> Findings:
    if _has_quotas(subject) and INSTANCES in most(service_of(subject, subject.body)):
        yield SERVICE, f"is {service_name(subject.body)}, which counts {INSTANCES}; quota shares need instance types"


def _alone(subject: Subject) -> Findings:
    others = list(_others(subject)) if _has_quotas(subject) else []
    if others:
        yield SERVICE, f"is {service_name(subject.body)}, which the queue {others[0]} has too"


def _others(subject: Subject) -> Iterator[str]:
    own = service_name(subject.body)
    for name, queue in subject.every(subject.address.kind):
        if name != subject.address.name and own and service_name(queue) == own:
            yield name


def _counts_instances(subject: Subject) -> Findings:
    policy = policy_of(subject, subject.body)
    is_without = not policy_name(subject.body) or policy.get("fairsharePolicy") is not None
    types = [unit for unit in most(service_of(subject, subject.body)) if unit != INSTANCES]
    if is_sagemaker(subject) and is_without and types:
        yield (
            SERVICE,
            f"is {service_name(subject.body)}, which counts {types[0]}; without quota shares it is {INSTANCES}",
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

RULES = (
    Rule(
        id="JQ212",
        says="The service environment of a queue with quota shares counts instance types.",
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
        says=f"The service environment of a queue without quota shares counts {INSTANCES}.",
        check=_counts_instances,
        hint="with a quota-share policy, the queue would count instance types",
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
