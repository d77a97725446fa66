"""Jobs, as far as they matter to what they wait in and run on: what is live, and how it is listed."""

from collections.abc import Mapping
from dataclasses import replace

from reconciler.kinds.base import JobListing
from reconciler.model import Json, Spec

RUNS = ("STARTING", "RUNNING")
LIVE = ("SUBMITTED", "PENDING", "RUNNABLE", *RUNS)  # ListJobs, jobStatus: all but the final ones
TRAINING = "SAGEMAKER_TRAINING"

JOBS = JobListing(
    operation="ListJobs",
    result="jobSummaryList",
    status_member="jobStatus",
    live=LIVE,
    running=RUNS,
    parts_of="arrayJobId",
    page=1000,  # where a status is given
)
# ListServiceJobs, jobStatus
SERVICE_JOBS = JobListing(
    operation="ListServiceJobs",
    result="jobSummaryList",
    status_member="jobStatus",
    live=("SUBMITTED", "PENDING", "RUNNABLE", "SCHEDULED", *RUNS),
    running=("SCHEDULED", *RUNS),
)


def _in_share(arn: str) -> Mapping[str, Json]:
    queue, _, name = arn.partition("/quota-share/")
    return {"jobQueue": queue, "filters": [{"name": "QUOTA_SHARE_NAME", "values": [name]}]}


# A status and this filter can be used together (ListServiceJobs, filters).
SHARE_JOBS = replace(SERVICE_JOBS, place=_in_share)


def listing_of_share(_share: Spec) -> JobListing:
    return SHARE_JOBS


def listing_of_queue(queue: Spec) -> JobListing:
    """Queues for SageMaker training have service jobs, which no definition describes (SubmitServiceJob)."""
    return SERVICE_JOBS if queue.get("jobQueueType") == TRAINING else JOBS


def takes_jobs(queue: Spec) -> bool:
    return listing_of_queue(queue) is JOBS
