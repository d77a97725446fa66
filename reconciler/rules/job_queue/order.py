"""Which environments a queue names, and how."""

from collections import Counter
from collections.abc import Iterator

from reconciler.model import Path
from reconciler.problems import Severity
from reconciler.rules.base import Example, Findings, Rule, Subject
from reconciler.rules.compute_environment import bodies as environments
from reconciler.rules.evidence import documented, measured
from reconciler.rules.forms import forms
from reconciler.rules.job_queue.bodies import ENVIRONMENT, entries, is_sagemaker, queue, training
from reconciler.rules.near import near_names
from reconciler.rules.placeholders import placeholders
from reconciler.rules.references import arn, is_other, region_of

QUOTA = 3
_COMPUTE, _SERVICE = "computeEnvironmentOrder", "serviceEnvironmentOrder"


def _has_an_order(subject: Subject) -> Findings:
    if not subject.body.get(_COMPUTE) and not subject.body.get(_SERVICE) and not is_sagemaker(subject):
        yield (_COMPUTE,), "is missing: a queue names at least one environment"


def _has_one_order(subject: Subject) -> Findings:
    if subject.body.get(_COMPUTE) and subject.body.get(_SERVICE):
        yield (_SERVICE,), "stands beside computeEnvironmentOrder; a queue has one of them"


def _distinct_orders(subject: Subject) -> Findings:
    seen = Counter(entry["order"] for _, entry in entries(subject))
    for order, count in seen.items():
        if count > 1:
            yield (_COMPUTE,), f"has the order {order} {count} times"


def _identity(subject: Subject, name: str) -> tuple[bool, str]:
    """Tell environments apart: one of the stack by its logical name, others by name, which ends their ARN."""
    declared = subject.referred(ENVIRONMENT, name) is not None
    return declared, name if declared else name.rsplit("/", 1)[-1]


def _distinct_environments(subject: Subject) -> Findings:
    names = [_identity(subject, entry["computeEnvironment"]) for _, entry in entries(subject)]
    for (_, name), count in Counter(names).items():
        if count > 1:
            yield (_COMPUTE,), f"names the environment {name} {count} times"


def _few_environments(subject: Subject) -> Findings:
    count = len(subject.body.get(_COMPUTE, ()))
    if count > QUOTA:
        yield (_COMPUTE,), f"has {count} environments; without a raised quota a queue takes {QUOTA}"


def _references(subject: Subject) -> Iterator[tuple[Path, str, str]]:
    """Yield what the queue refers to, each with the noun that its ARN would have."""
    for path, entry in entries(subject):
        yield (*path, "computeEnvironment"), str(entry["computeEnvironment"]), "compute-environment"
    for index, entry in enumerate(subject.body.get(_SERVICE, ())):
        yield (_SERVICE, index, "serviceEnvironment"), str(entry["serviceEnvironment"]), "service-environment"
    if policy := subject.body.get("schedulingPolicyArn"):
        yield ("schedulingPolicyArn",), str(policy), "scheduling-policy"


def _environment_arns(subject: Subject) -> Findings:
    for path, name, noun in _references(subject):
        if noun != "scheduling-policy" and is_other(name, noun):
            yield path, f"is {name}, which is not the ARN of a {noun}"


def _policy_arn(subject: Subject) -> Findings:
    for path, name, noun in _references(subject):
        if noun == "scheduling-policy" and is_other(name, noun):
            yield path, f"is {name}, which is not the ARN of a {noun}"


def _one_region(subject: Subject) -> Findings:
    found = [region for _, name, _ in _references(subject) if (region := region_of(name))]
    if len(regions := list(dict.fromkeys(found))) > 1:
        yield (), f"refers to resources in {' and '.join(regions)}; a queue and what it uses are in one region"


def _own_region(subject: Subject) -> Findings:
    for path, name, _ in _references(subject):
        if subject.region and region_of(name) not in ("", subject.region):
            yield path, f"is {name}; the stack is in {subject.region}"


RULES = (
    Rule(
        id="JQ001",
        says="A queue names its environments.",
        check=_has_an_order,
        evidence=measured("CreateJobQueue", "computeEnvironmentOrder is required."),
        fails=queue(),
        passes=queue("spot"),
    ),
    Rule(
        id="JQ002",
        says="A queue has compute environments or a service environment, not both.",
        check=_has_one_order,
        evidence=documented(
            "CreateJobQueueRequest.serviceEnvironmentOrder",
            "A job queue can't have both a serviceEnvironmentOrder and a computeEnvironmentOrder field.",
        ),
        fails=training(computeEnvironmentOrder=[{"order": 1, "computeEnvironment": "spot"}]),
        passes=training(),
    ),
    Rule(
        id="JQ003",
        says="The environments of a queue have different orders.",
        check=_distinct_orders,
        hint="or write only their names, in the order in which they are tried",
        evidence=measured("CreateJobQueue", "Duplicate ComputeEnvironment order values."),
        fails=Example(
            {
                "priority": 1,
                "computeEnvironmentOrder": [
                    {"order": 1, "computeEnvironment": "spot"},
                    {"order": 1, "computeEnvironment": "on-demand"},
                ],
            }
        ),
        passes=queue("spot", "on-demand"),
    ),
    Rule(
        id="JQ004",
        says="A queue names an environment once.",
        check=_distinct_environments,
        evidence=measured("CreateJobQueue", "Duplicate ComputeEnvironments within order list."),
        fails=queue("spot", arn("compute-environment/spot")),
        passes=queue("spot", "on-demand"),
    ),
    Rule(
        id="JQ005",
        says="A queue has at most 3 environments, unless the account's quota is higher.",
        check=_few_environments,
        hint="ask for a higher quota, or disable this rule if you have one",
        severity=Severity.WARNING,
        evidence=measured("CreateJobQueue", "Only 3 environments are allowed in job queue request."),
        fails=queue("a", "b", "c", "d"),
        passes=queue("a", "b", "c"),
    ),
    Rule(
        id="JQ006",
        says="An ARN among the environments of a queue is that of an environment.",
        check=_environment_arns,
        evidence=measured(
            "CreateJobQueue", "Compute Environments must be created and valid before attaching them to a job queue"
        ),
        fails=queue(arn("job-queue/spot")),
        passes=queue(arn("compute-environment/spot")),
    ),
    Rule(
        id="JQ007",
        says="schedulingPolicyArn is a name, or the ARN of a scheduling policy.",
        check=_policy_arn,
        evidence=measured("CreateJobQueue", "Only scheduling policy Arn can be allowed."),
        fails=queue("spot", schedulingPolicyArn=arn("job-queue/fair")),
        passes=queue("spot", schedulingPolicyArn=arn("scheduling-policy/fair")),
    ),
    Rule(
        id="JQ008",
        says="A queue refers to resources of one region.",
        check=_one_region,
        evidence=measured(
            "CreateJobQueue",
            "Compute Environments must be created and valid before attaching them to a job queue",
            "and 'SchedulingPolicy … not found.', for those of another region",
        ),
        fails=queue(
            arn("compute-environment/spot"),
            schedulingPolicyArn=arn("scheduling-policy/fair", "us-west-2"),
        ),
        passes=queue(
            arn("compute-environment/spot"),
            schedulingPolicyArn=arn("scheduling-policy/fair"),
        ),
    ),
    Rule(
        id="JQ009",
        says="A queue refers to resources of the region that its stack names.",
        check=_own_region,
        evidence=measured(
            "CreateJobQueue",
            "Compute Environments must be created and valid before attaching them to a job queue",
            "for those of another region",
        ),
        fails=Example(queue(arn("compute-environment/spot")).body, region="eu-west-1"),
        passes=Example(queue(arn("compute-environment/spot")).body, region="us-east-1"),
    ),
    forms(
        "JQ012", queue("arn:aws:batch:us-east-1:12345678901:compute-environment/a"), queue(arn("compute-environment/a"))
    ),
    placeholders("JQ010", queue("${ENVIRONMENT}"), queue("spot")),
    near_names(
        "JQ011",
        fails=Example(queue("ondemnad").body, {(ENVIRONMENT, "ondemand"): environments.ec2().body}),
        passes=Example(queue("spot-2").body, {(ENVIRONMENT, "spot-1"): environments.ec2().body}),
    ),
)
