"""Why jobs stay RUNNABLE, told by the statusReason of the one at the head of its queue: the cause and the way out.

Sources: JobDetail and ListJobs, statusReason; AWS Batch User Guide, "Jobs stuck in a RUNNABLE status" and "Automatic
remediation with jobStateTimeLimitActions".
"""

import re
from dataclasses import dataclass

from reconciler.model import Spec

STUCK = "https://docs.aws.amazon.com/batch/latest/userguide/job_stuck_in_runnable.html"
# A verdict on the queue begins with a code. What else jobs have as a reason tells of a former attempt.
CODE = re.compile(r"([A-Z]+(?:_[A-Z]+)*(?::[A-Z0-9_]+)?)(?: - |$)")


@dataclass(frozen=True, slots=True)
class Delay:
    """`limited`: jobStateTimeLimitActions of the queue may end a job that waits for this reason."""

    code: str
    cause: str
    remedy: str
    limited: bool = True


DELAYS = (
    Delay(
        "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY",
        "AWS has no instances of these types to give at present, in none of the environments of the queue",
        "wait; or declare more instance types, sizes or subnets in other Availability Zones, or an environment of "
        "another type behind it",
    ),
    Delay(
        "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE",
        "maxvCpus of every environment is smaller than what the job asks for",
        "raise maxvCpus of an environment of the queue, or end the job and submit it with fewer vCPUs",
    ),
    Delay(
        "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT",
        "no instance type of any environment is large enough for the vCPUs, memory or GPUs of the job",
        "allow larger instance types in an environment of the queue, or end the job and submit it with less",
    ),
    Delay(
        "MISCONFIGURATION:SERVICE_ROLE_PERMISSIONS",
        "the service roles of all environments lack a permission",
        "add the permissions of the managed policy AWSBatchServiceRole to the service role",
        limited=False,
    ),
    Delay(
        "ACTION_REQUIRED",
        "every environment of the queue is INVALID",
        "repair one of them, or declare another",
        limited=False,
    ),
    Delay(
        "UNDETERMINED",
        "the job blocks the queue, and AWS Batch does not know why",
        f"compare what the job asks for with what the environments have (see {STUCK})",
        limited=False,
    ),
)
UNKNOWN = Delay("", "", f"correct what the reason names (see {STUCK})")


def delay_of(reason: str) -> Delay | None:
    """Return what is known of why a job waits; None where the statusReason is no verdict on its queue."""
    found = CODE.match(reason)
    return next((one for one in DELAYS if one.code == found[1]), UNKNOWN) if found else None


def is_ended_by(queue: Spec, code: str) -> bool:
    """Whether the queue itself ends a job that waits too long for this reason."""
    return any(str(action.get("reason", "")).startswith(code) for action in queue.get("jobStateTimeLimitActions", ()))
