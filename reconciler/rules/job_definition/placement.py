"""Jobs that can start on no queue of the stack, and jobs that Spot ends for good."""

from collections.abc import Iterable, Mapping

from reconciler.kinds.tasks import platform, pods
from reconciler.model import Json, Spec
from reconciler.placement.catalogue import catalogue
from reconciler.placement.needs import EKS, QUEUE_TYPES, job_need
from reconciler.placement.queues import Pair, Pool, pool_of, runs_definitions
from reconciler.placement.verdicts import Feasibility, best
from reconciler.problems import Severity
from reconciler.rules.base import Example, Findings, Rule, Subject, documented, inferred, later
from reconciler.rules.compute_environment import common as environments
from reconciler.rules.job_queue.environments import (
    ENVIRONMENT,
    Attached,
    environments_of,
    policy_name,
    queue,
)
from reconciler.rules.shared import nearest
from reconciler.rules.traversal import ec2, size

QUEUE = "JobQueue"
CONSUMABLE = "ConsumableResource"
SHOWN = 2  # reasons in a message


def queues(subject: Subject) -> list[Spec]:
    """Return the queues of the stack that jobs are submitted to; an empty one is unknown."""
    return list(subject.shared(_job_queues).values())


def known(subject: Subject) -> list[Attached]:
    """Return the environments of the stack's queues that may run the job; those outside the stack are left out."""
    runs_on = EKS if pods(subject.body) else platform(subject.body)
    return subject.shared(_known).get(QUEUE_TYPES.get(runs_on, ""), [])


def _known(subject: Subject) -> Mapping[str, list[Attached]]:
    by_type: dict[str, list[Attached]] = {}
    for job_queue in queues(subject):
        for each in environments_of(subject, job_queue):
            if each is not None:
                by_type.setdefault(each.queue_type, []).append(each)
    return by_type


def _job_queues(subject: Subject) -> Mapping[str, Spec]:
    return {name: body for name, body in subject.every(QUEUE) if runs_definitions(body)}


def stack_pool(subject: Subject) -> Pool:
    """Return what the stack offers to jobs. Quantities of consumable resources have a rule of their own."""
    return pool_of(subject.shared(_job_queues), dict(subject.every(ENVIRONMENT)), {}, catalogue())


def _starts_on_some_queue(subject: Subject) -> Findings:
    if subject.runs_on or not subject.shared(_job_queues):
        return
    pool, need = subject.shared(stack_pool), subject.cached(job_need)
    if pool.verdict(need).outcome is Feasibility.NEVER:
        yield (), f"can start on no queue of this stack: it {reasons_of(pool.pairs(need))}"


def _starts_where_it_is_to_run(subject: Subject) -> Findings:
    for name in subject.runs_on:
        pairs = list(subject.shared(stack_pool).pairs(subject.cached(job_need), (name,)))
        verdict = best(pair.verdict for pair in pairs)
        if verdict and verdict.outcome is Feasibility.NEVER:
            yield (), f"can never start on JobQueue/{name}, which lifecycle.runsOn names: it {reasons_of(pairs)}"


def _gpus_are_apart(subject: Subject) -> Findings:
    if not subject.shared(_job_queues):
        return
    need = subject.cached(job_need)
    if any(group.gpus for group in need.groups):
        pairs = list(subject.shared(stack_pool).pairs(need, subject.runs_on))
        holding = [pair.verdict for pair in pairs if pair.verdict.outcome in (Feasibility.FITS, Feasibility.TIGHT)]
        if holding and all(verdict.may_wait for verdict in holding):
            yield (), f"needs a GPU, and {holding[0].detail}"


def reasons_of(pairs: Iterable[Pair]) -> str:
    """Return why a job can start in no environment, each reason once, with the number to change."""
    reasons = dict.fromkeys(pair.verdict.reason for pair in pairs)
    more = f"; and {len(reasons) - SHOWN} more reasons" if len(reasons) > SHOWN else ""
    return "; or it ".join(list(reasons)[:SHOWN]) + more


def _runs_on_what_is_declared(subject: Subject) -> Findings:
    declared = [name for name, _ in subject.every(QUEUE)]
    for name in subject.runs_on:
        if name not in declared and (near := nearest(name, declared)):
            yield (), f"names {name} in lifecycle.runsOn, which is not declared in this stack. Did you mean {near}?"


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


def _with_queue(job: Example, environment: Example, *runs_on: str, **members: Json) -> Example:
    """Return the job with a queue on this environment beside it."""
    others = {(QUEUE, "queue"): queue("only", **members).body, (ENVIRONMENT, "only"): environment.body}
    return Example(job.body, others, runs_on=runs_on)


def _retrying(attempts: int) -> Example:
    return Example({**ec2().body, "retryStrategy": {"attempts": attempts}})


def _urgent() -> Example:
    return Example({**ec2().body, "schedulingPriority": 10})


RULES = (
    Rule(
        id="JD701",
        says="Jobs of a definition can start on a queue of the stack.",
        check=_starts_on_some_queue,
        hint="`reconciler placement` shows the verdict on every environment; disable the rule for jobs of other queues",
        severity=Severity.WARNING,
        evidence=documented("JobDetail.statusReason", "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE"),
        fails=_with_queue(ec2(resourceRequirements=size(vcpus=17)), environments.ec2(maxvCpus=16)),
        passes=_with_queue(ec2(resourceRequirements=size(vcpus=16)), environments.ec2(maxvCpus=16)),
    ),
    Rule(
        id="JD702",
        says="Jobs of a definition can start on the queues that lifecycle.runsOn names.",
        check=_starts_where_it_is_to_run,
        hint="`reconciler placement` shows the verdict on every environment",
        evidence=documented("JobDetail.statusReason", "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT"),
        fails=_with_queue(ec2(resourceRequirements=size(GPU=1)), environments.ec2(), "queue"),
        passes=_with_queue(ec2(), environments.ec2(), "queue"),
    ),
    Rule(
        id="JD703",
        says="A queue in lifecycle.runsOn that is not declared is not almost the name of one that is.",
        check=_runs_on_what_is_declared,
        severity=Severity.WARNING,
        evidence=later("SubmitJob", note="jobs cannot be submitted to a queue that does not exist"),
        fails=_with_queue(ec2(), environments.ec2(), "queeu"),
        passes=_with_queue(ec2(), environments.ec2(), "elsewhere"),
    ),
    Rule(
        id="JD704",
        says="Jobs with GPUs are on environments that launch only instance types with GPUs.",
        check=_gpus_are_apart,
        hint="declare an environment of GPU families alone, and a queue for it",
        severity=Severity.WARNING,
        evidence=documented(
            "AWS Batch User Guide, 'Run GPU jobs'",
            "If this isn't done a GPU job might get stuck in the RUNNABLE status.",
        ),
        fails=_with_queue(ec2(resourceRequirements=size(GPU=1)), environments.ec2(instanceTypes=["g4dn", "m5"])),
        passes=_with_queue(ec2(resourceRequirements=size(GPU=1)), environments.ec2(instanceTypes=["g4dn", "g5"])),
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
