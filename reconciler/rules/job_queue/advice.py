"""Queues that work, but where jobs may wait longer than their author thinks."""

from reconciler.problems import Severity
from reconciler.rules.base import Findings, Rule, Subject
from reconciler.rules.compute_environment.bodies import beside, ec2, fargate, spot
from reconciler.rules.evidence import documented
from reconciler.rules.job_queue.bodies import attached, entries, queue, queue_on
from reconciler.rules.quotas import quota
from reconciler.rules.states import disabled

ORDER = ("computeEnvironmentOrder",)


def _only_spot(subject: Subject) -> Findings:
    found = attached(subject)
    if found and len(found) == len(list(entries(subject))) and all(each.is_spot for each in found):
        yield ORDER, "has Spot only: while there is no Spot capacity, jobs wait"


def _nowhere_to_run(subject: Subject) -> Findings:
    found = attached(subject)
    is_whole = found and len(found) == len(list(entries(subject)))
    if is_whole and all(str(each.body.get("state")).upper() == "DISABLED" for each in found):
        yield ORDER, "has DISABLED environments only: no job starts"


def _no_limits(subject: Subject) -> Findings:
    if not subject.body.get("jobStateTimeLimitActions") and subject.body.get("computeEnvironmentOrder"):
        yield ("jobStateTimeLimitActions",), "is missing: a job that can never start may block those behind it"


RULES = (
    disabled(
        "JQ901",
        "A DISABLED queue takes no jobs.",
        "no job can be submitted",
        documented("CreateJobQueueRequest.state", "new jobs can't be added to the queue"),
        queue("spot"),
    ),
    Rule(
        id="JQ902",
        says="A queue on Spot alone waits for Spot.",
        check=_only_spot,
        hint="add an On-Demand environment behind them",
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
