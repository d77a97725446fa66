"""Jobs that no queue of the stack can ever start, or that Spot ends for good. A job may go to another queue."""

from reconciler.model import Json
from reconciler.problems import Severity
from reconciler.rules.base import Example, Findings, Rule, Subject
from reconciler.rules.compute_environment import bodies as environments
from reconciler.rules.containers import homes
from reconciler.rules.evidence import documented, inferred
from reconciler.rules.job_definition.examples import ec2, fargate, size, windows
from reconciler.rules.job_definition.needs import (
    QUEUE,
    certain,
    everywhere,
    known,
    queue_type,
    queues,
    vcpus,
)
from reconciler.rules.job_definition.nodes import multinode
from reconciler.rules.job_definition.windows import is_windows
from reconciler.rules.job_queue.bodies import ENVIRONMENT, policy_name, queue
from reconciler.rules.job_queue.mixture import PLATFORMS

HINT = "jobs of this definition can start only in a queue outside the stack"


def _some_queue_runs_it(subject: Subject) -> Findings:
    types = everywhere(subject)
    wanted = queue_type(subject.body)
    if wanted and types and wanted not in types:
        runs = ", ".join(sorted(PLATFORMS[type_] for type_ in types))
        yield (), f"runs on {PLATFORMS[wanted]}, and the queues of the stack have {runs}"


def _some_environment_is_large_enough(subject: Subject) -> Findings:
    found = certain(subject)
    sizes = [size for each in found if isinstance(size := each.resources.get("maxvCpus"), int)]
    if not sizes or len(sizes) < len(found):  # unmanaged ones have no limit
        return
    for path, wanted in vcpus(subject.body):
        if wanted > max(sizes):
            yield path, f"needs {wanted} vCPUs, and no environment of the stack's queues has more than {max(sizes)}"


def _nodes_have_their_instances(subject: Subject) -> Findings:
    found = certain(subject)
    if subject.body["type"] == "multinode" and found and not any(each.type == "EC2" for each in found):
        yield ("type",), "is multinode, and all environments of the stack's queues are Spot, managed or unmanaged"


def _windows_is_on_demand(subject: Subject) -> Findings:
    found = certain(subject)
    if found and all(each.type == "FARGATE_SPOT" for each in found):
        for home in subject.seen(homes):
            if is_windows(home):
                path = (*home.path, "runtimePlatform", "operatingSystemFamily")
                yield path, "is Windows, and all environments of the stack's queues are FARGATE_SPOT"


def survives_spot(subject: Subject) -> Findings:
    """A job on Spot has a second attempt. Whether a condition ends it anyway, is looked at elsewhere."""
    strategy = subject.body.get("retryStrategy") or {}
    spot = next((each for each in known(subject) if each.is_spot), None)
    if spot and (strategy.get("attempts") or 1) == 1:
        why = f"is not tried again when its instance is taken back, and {spot.name} is Spot"
        yield (("retryStrategy", "attempts"), f"is 1: the job {why}") if "attempts" in strategy else ((), why)


def _priority_counts(subject: Subject) -> Findings:
    found = queues(subject)
    if "schedulingPriority" in subject.body and found and all(each and not policy_name(each) for each in found):
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
        says="A queue of the stack runs what the definition is made for.",
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
            "a status reason that begins with Host EC2 is that of an instance that was taken back",
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
