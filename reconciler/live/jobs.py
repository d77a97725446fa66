"""The jobs that are in a queue: counted by status, and those that run."""

from collections import Counter
from collections.abc import Iterator, Mapping

from reconciler.kinds.base import JobListing
from reconciler.live.read import HANDFUL, is_gone
from reconciler.model import Json
from reconciler.paging import pages
from reconciler.parallel import side_by_side
from reconciler.ports import Cloud
from reconciler.problems import CloudError

Job = Mapping[str, Json]


def count_by_status(cloud: Cloud, holding: JobListing, queue: str) -> dict[str, int]:
    """Count the live jobs of a queue by status, statuses without any left out. An array job counts as one."""
    counts = side_by_side(
        lambda status: sum(1 for _ in _list_jobs(cloud, holding, queue, status)), holding.live, HANDFUL
    )
    return {status: count for status, count in zip(holding.live, counts, strict=True) if count}


def count_by_reason(cloud: Cloud, holding: JobListing, queue: str) -> dict[str, int]:
    """Count the jobs of a queue that wait for a place by what the service says of why; by "" where it says nothing."""
    return Counter(job.get("statusReason", "") for job in _list_jobs(cloud, holding, queue, holding.waiting))


def running_job_ids(cloud: Cloud, holding: JobListing, queue: str) -> frozenset[str]:
    """Return the ids of the jobs of a queue that run, or are about to; those of an array one by one."""
    ids = {job["jobId"] for status in holding.running for job in _list_jobs(cloud, holding, queue, status)}
    if holding.parts_of:
        # The parent of an array is PENDING while its children run (AWS Batch User Guide, "Array jobs").
        arrays = [job["jobId"] for job in _list_jobs(cloud, holding, queue, "PENDING") if _has_parts(job, holding)]
        ids |= {job for array in arrays for job in _list_parts(cloud, holding, array)}
    return frozenset(ids)


def describe_jobs(held: Mapping[str, int]) -> str:
    """Say `3 RUNNING and 12 RUNNABLE jobs`, the furthest first."""
    counts = [f"{count} {status}" for status, count in reversed(tuple(held.items()))]
    head, last = counts[:-1], counts[-1]
    noun = "job" if sum(held.values()) == 1 else "jobs"
    return f"{', '.join(head)} and {last} {noun}" if head else f"{last} {noun}"


def describe_running(count: int) -> str:
    return f"{count} running job{'' if count == 1 else 's'}"


def _has_parts(job: Job, holding: JobListing) -> bool:
    parts = job.get("arrayProperties", {})
    summary = parts.get("statusSummary")
    return bool(parts.get("size")) and (summary is None or any(summary.get(status) for status in holding.running))


def _list_parts(cloud: Cloud, holding: JobListing, array: str) -> Iterator[str]:
    for status in holding.running:
        request = {holding.parts_of: array, holding.status_member: status, "maxResults": holding.page}
        yield from (job["jobId"] for job in pages(cloud, holding.operation, request, holding.result))


def _list_jobs(cloud: Cloud, holding: JobListing, queue: str, status: str) -> Iterator[Job]:
    """Yield the jobs of one status; none where the queue has gone in the meantime."""
    request = {**holding.within(queue), holding.status_member: status, "maxResults": holding.page}
    try:
        yield from pages(cloud, holding.operation, request, holding.result)
    except CloudError as error:
        if not is_gone(error):
            raise
