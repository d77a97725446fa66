"""Jobs that no queue of the stack can ever start, or that Spot ends for good. A job may go to another queue."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from reconciler.kinds import tasks
from reconciler.kinds.tasks import EcsTask, containers_of, ecs_tasks, platform
from reconciler.model import Json, Path, Spec
from reconciler.problems import Severity
from reconciler.rules.base import Example, Findings, Rule, Subject, documented, inferred
from reconciler.rules.compute_environment import common as environments
from reconciler.rules.job_definition.fargate import is_windows
from reconciler.rules.job_definition.nodes import multinode
from reconciler.rules.job_definition.sizes import number, wanted
from reconciler.rules.job_queue.environments import (
    ENVIRONMENT,
    PLATFORMS,
    Attached,
    environments_of,
    is_training,
    policy_name,
    queue,
)
from reconciler.rules.traversal import ec2, fargate, size, windows

# What a job needs to start: a kind of environment, and so many vCPUs at once.

QUEUE = "JobQueue"
# The jobQueueType for each platform of a definition.
_QUEUE_TYPES = {"EC2": "ECS", "FARGATE": "ECS_FARGATE", "MANAGED_INSTANCES": "ECS_MANAGED_INSTANCES"}


def queue_type(body: Spec) -> str:
    """Return the jobQueueType of queues that run a definition."""
    return "EKS" if tasks.pods(body) else _QUEUE_TYPES.get(platform(body), "")


def queues(subject: Subject) -> list[Spec]:
    """Return the queues of the stack that jobs are submitted to; an empty one is unknown."""
    return [queue for _, queue in subject.every(QUEUE) if not is_training(queue)]


def known(subject: Subject) -> list[Attached]:
    """Return the environments of the stack's queues that may run the job; those outside the stack are left out."""
    return subject.shared(_known).get(queue_type(subject.body), [])


def everywhere(subject: Subject) -> Mapping[str, list[Attached]]:
    """Return all environments of the stack's queues by jobQueueType; none if any is not known for certain."""
    return subject.shared(_certain)


def certain(subject: Subject) -> list[Attached]:
    """Return all environments of the stack's queues that may run the job; none if any is not known for certain."""
    return everywhere(subject).get(queue_type(subject.body), [])


def _known(subject: Subject) -> Mapping[str, list[Attached]]:
    by_type: dict[str, list[Attached]] = {}
    for job_queue in queues(subject):
        for each in environments_of(subject, job_queue):
            if each is not None:
                by_type.setdefault(each.queue_type, []).append(each)
    return by_type


def _certain(subject: Subject) -> Mapping[str, list[Attached]]:
    lists = [environments_of(subject, queue) for queue in queues(subject)]
    is_certain = all(attached and all(each and each.queue_type for each in attached) for attached in lists)
    return subject.shared(_known) if is_certain else {}


def vcpus(body: Spec) -> Iterator[tuple[Path, Decimal]]:
    """Yield how many vCPUs each container, task or pod needs at once, if those are numbers."""
    for ecs_task in ecs_tasks(body):
        yield from _of_ecs_task(ecs_task)
    for pod in tasks.pods(body):
        amounts = [_cpu_of(each.body) for each in tasks.containers_of_pod(pod) if "containers" in each.path]
        yield pod.path, sum(amounts, Decimal(0))


def _of_ecs_task(ecs_task: EcsTask) -> Iterator[tuple[Path, Decimal]]:
    if ecs_task.has_containers:
        amounts = [
            wanted(EcsTask(each.path, each.body, has_containers=False), "VCPU") for each in containers_of(ecs_task)
        ]
        yield ecs_task.path, sum((number(amount[1]) or Decimal(0) for amount in amounts if amount), Decimal(0))
    elif amount := wanted(ecs_task, "VCPU"):
        yield amount[0], number(amount[1]) or Decimal(0)
    elif legacy := ecs_task.body.get("vcpus"):
        yield (*ecs_task.path, "vcpus"), Decimal(legacy)


def _cpu_of(container: Spec) -> Decimal:
    resources = container.get("resources") or {}
    amounts = {**(resources.get("limits") or {}), **(resources.get("requests") or {})}
    return number(amounts.get("cpu")) or Decimal(0)


HINT = "jobs of this definition can start only in a queue outside the stack"


def _some_queue_runs_it(subject: Subject) -> Findings:
    types = everywhere(subject)
    wanted = queue_type(subject.body)
    if wanted and types and wanted not in types:
        runs = ", ".join(sorted(PLATFORMS[type_] for type_ in types))
        yield (), f"runs on {PLATFORMS[wanted]}, and the queues of the stack have {runs}"


def _some_environment_is_large_enough(subject: Subject) -> Findings:
    attached = certain(subject)
    sizes = [size for each in attached if isinstance(size := each.resources.get("maxvCpus"), int)]
    if not sizes or len(sizes) < len(attached):  # unmanaged ones have no limit
        return
    for path, count in vcpus(subject.body):
        if count > max(sizes):
            yield path, f"requires {count} vCPUs, but the environments of the stack's queues have at most {max(sizes)}"


def _nodes_have_their_instances(subject: Subject) -> Findings:
    attached = certain(subject)
    if subject.body["type"] == "multinode" and attached and not any(each.type == "EC2" for each in attached):
        yield ("type",), "is multinode, and all environments of the stack's queues are Spot, managed or unmanaged"


def _windows_is_on_demand(subject: Subject) -> Findings:
    attached = certain(subject)
    if attached and all(each.type == "FARGATE_SPOT" for each in attached):
        for ecs_task in subject.cached(ecs_tasks):
            if is_windows(ecs_task):
                path = (*ecs_task.path, "runtimePlatform", "operatingSystemFamily")
                yield path, "is Windows, and all environments of the stack's queues are FARGATE_SPOT"


def survives_spot(subject: Subject) -> Findings:
    """A job on Spot has a second attempt. Whether a condition ends it anyway, is looked at elsewhere."""
    strategy = subject.body.get("retryStrategy") or {}
    spot = next((each for each in known(subject) if each.is_spot), None)
    if spot and (strategy.get("attempts") or 1) == 1:
        why = f"has no retry for Spot interruptions, but runs on {spot.name} (Spot)"
        yield (("retryStrategy", "attempts"), f"is 1: the job {why}") if "attempts" in strategy else ((), why)


def _priority_counts(subject: Subject) -> Findings:
    job_queues = queues(subject)
    if (
        "schedulingPriority" in subject.body
        and job_queues
        and all(each and not policy_name(each) for each in job_queues)
    ):
        yield ("schedulingPriority",), "is without effect: no queue of the stack has a scheduling policy"


def _with_queue(job: Example, environment: Example, **members: Json) -> Example:
    """Return the job with a queue on this environment beside it."""
    others = {(QUEUE, "queue"): queue("only", **members).body, (ENVIRONMENT, "only"): environment.body}
    return Example(job.body, others)


def _retrying(attempts: int) -> Example:
    return Example({**ec2().body, "retryStrategy": {"attempts": attempts}})


def _urgent() -> Example:
    return Example({**ec2().body, "schedulingPriority": 10})


RULES = (
    Rule(
        id="JD400",
        says="A queue of the stack supports the platform of the definition.",
        check=_some_queue_runs_it,
        hint=HINT,
        severity=Severity.WARNING,
        advice=True,
        evidence=inferred(
            "RegisterJobDefinitionRequest.platformCapabilities", "and CreateJobQueueRequest.jobQueueType"
        ),
        fails=_with_queue(fargate(), environments.ec2()),
        passes=_with_queue(fargate(), environments.fargate()),
    ),
    Rule(
        id="JD401",
        says="An environment of the stack's queues has as many vCPUs as a job needs.",
        check=_some_environment_is_large_enough,
        hint=HINT,
        severity=Severity.WARNING,
        advice=True,
        evidence=documented("JobDetail.statusReason", "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE"),
        fails=_with_queue(ec2(resourceRequirements=size(vcpus=17)), environments.ec2(maxvCpus=16)),
        passes=_with_queue(ec2(resourceRequirements=size(vcpus=16)), environments.ec2(maxvCpus=16)),
    ),
    Rule(
        id="JD402",
        says="Multi-node jobs run on On-Demand EC2.",
        check=_nodes_have_their_instances,
        hint=HINT,
        severity=Severity.WARNING,
        advice=True,
        evidence=documented(
            "ComputeResource.type",
            "Multi-node parallel jobs aren't supported on Spot Instances or Amazon ECS Managed Instances.",
        ),
        fails=_with_queue(multinode(), environments.spot()),
        passes=_with_queue(multinode(), environments.ec2()),
    ),
    Rule(
        id="JD403",
        says="Windows jobs run on On-Demand Fargate.",
        check=_windows_is_on_demand,
        hint=HINT,
        severity=Severity.WARNING,
        advice=True,
        evidence=documented(
            "RuntimePlatform.operatingSystemFamily",
            "Fargate Spot is not supported on Windows-based containers on Fargate.",
        ),
        fails=_with_queue(windows(), environments.fargate(type="FARGATE_SPOT")),
        passes=_with_queue(windows(), environments.fargate()),
    ),
    Rule(
        id="JD404",
        says="A job on Spot is tried again.",
        check=survives_spot,
        hint='retryStrategy: {attempts: 3, evaluateOnExit: [{onStatusReason: "Host EC2*", action: RETRY}, '
        '{onReason: "*", action: EXIT}]} tries again only when Spot ended it',
        severity=Severity.NOTE,
        advice=True,
        evidence=inferred(
            "https://docs.aws.amazon.com/batch/latest/userguide/job_retries.html",
            "a status reason that begins with Host EC2 is a Spot interruption",
        ),
        fails=_with_queue(_retrying(1), environments.spot()),
        passes=_with_queue(_retrying(2), environments.spot()),
    ),
    Rule(
        id="JD405",
        says="schedulingPriority is for queues with a scheduling policy.",
        check=_priority_counts,
        severity=Severity.NOTE,
        advice=True,
        evidence=documented(
            "RegisterJobDefinitionRequest.schedulingPriority",
            "This only affects jobs in job queues with a fair-share policy.",
        ),
        fails=_with_queue(_urgent(), environments.ec2()),
        passes=_with_queue(_urgent(), environments.ec2(), schedulingPolicyArn="shares"),
    ),
)
