"""Rules of jobs: what SubmitJob refuses, and what can never start where it is submitted to."""

from reconciler.model import Json, Spec, target_of
from reconciler.rules.base import Example, Findings, Rule, Subject, documented, measured
from reconciler.rules.job_queue.environments import policy_name, policy_of, queue
from reconciler.rules.shared import near_names
from reconciler.rules.traversal import ec2

DEFINITION, QUEUE, POLICY = "JobDefinition", "JobQueue", "SchedulingPolicy"
SHARED = ("shareIdentifier", "schedulingPriorityOverride")


def queue_of(subject: Subject) -> Spec | None:
    """Return the queue of the job; None if it is not in the stack, or not known."""
    return subject.referred(QUEUE, target_of(QUEUE, str(subject.body["jobQueue"])).name)


def definition_of(subject: Subject) -> Spec | None:
    """Return the definition of the job; None if it is not in the stack, or not known.

    With a revision, it is one that was registered before, of which only the name is known.
    """
    reference = str(subject.body["jobDefinition"])
    has_revision = ":" in reference.rpartition("/")[2]
    return None if has_revision else subject.referred(DEFINITION, target_of(DEFINITION, reference).name)


def _has_share(subject: Subject) -> Findings:
    job_queue = queue_of(subject)
    is_fair = job_queue is not None and "fairsharePolicy" in policy_of(subject, job_queue)
    if is_fair and not subject.body.get("shareIdentifier"):
        yield ("shareIdentifier",), f"is missing, but the queue {subject.body['jobQueue']} has a fair-share policy"


def _has_no_share(subject: Subject) -> Findings:
    job_queue = queue_of(subject)
    if job_queue is None or policy_name(job_queue):
        return
    for field in SHARED:
        if field in subject.body:
            yield (field,), f"is set, but the queue {subject.body['jobQueue']} has no scheduling policy"


def _job(**fields: Json) -> Example:
    """Return a job of one container in a plain queue."""
    others = {(QUEUE, "pricing"): queue("elsewhere").body, (DEFINITION, "price"): ec2().body}
    return Example({"jobQueue": "pricing", "jobDefinition": "price", **fields}, others)


def _in_shares(**fields: Json) -> Example:
    """Return a job in a queue with shares."""
    job = _job(**fields)
    policy = {(POLICY, "fair"): {"fairsharePolicy": {"shareDecaySeconds": 60}}}
    shares = {(QUEUE, "pricing"): queue("elsewhere", schedulingPolicyArn="fair").body}
    return Example(job.body, {**job.others, **policy, **shares})


RULES = (
    Rule(
        id="SJ101",
        says="A job in a queue with a fair-share policy has a shareIdentifier.",
        check=_has_share,
        hint="add shareIdentifier: the share that the job is counted for",
        evidence=documented(
            "SubmitJobRequest.shareIdentifier",
            "If the job queue has a fair-share scheduling policy, then this parameter must be specified.",
        ),
        fails=_in_shares(),
        passes=_in_shares(shareIdentifier="A"),
    ),
    Rule(
        id="SJ102",
        says="Only jobs in queues with a scheduling policy have a shareIdentifier or schedulingPriorityOverride.",
        check=_has_no_share,
        hint="remove it, or give the queue a scheduling policy",
        evidence=measured(
            "SubmitJob",
            "Job with shareIdentifier or schedulingPriority can onlybe submitted to job queue with fair share "
            "scheduling policy.",
        ),
        fails=_job(shareIdentifier="A"),
        passes=_in_shares(shareIdentifier="A", schedulingPriorityOverride=3),
    ),
    near_names("SJ901", fails=_job(jobQueue="pricng"), passes=_job(jobDefinition="price:3")),
)
