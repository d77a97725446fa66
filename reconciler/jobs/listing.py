"""Jobs of queues in pages as they come, and jobs that are ended."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.calls import pages
from reconciler.jobs.states import ENDED, WAITING, JobState, state_of, states_of
from reconciler.ports import Cloud

STATUSES = ("RUNNING", "STARTING", "RUNNABLE", "PENDING", "SUBMITTED", "FAILED", "SUCCEEDED")
PAGE = 1000  # jobs, where a status is given (ListJobs, maxResults)
CANCELLED, TERMINATED, HAD_ENDED = "cancelled", "terminated", "ended before"


def queue_names(cloud: Cloud) -> list[str]:
    """Return the queues of a region that take container jobs."""
    found = pages(cloud, "DescribeJobQueues", {"maxResults": 100}, "jobQueues")
    return sorted(str(each["jobQueueName"]) for each in found if each.get("jobQueueType") != "SAGEMAKER_TRAINING")


def list_jobs(cloud: Cloud, queues: Iterable[str], statuses: Sequence[str], since: float = 0.0) -> Iterator[JobState]:
    """Yield the jobs of queues as their pages come, those that run first. `since` is in milliseconds."""
    for queue in queues:
        for status in statuses:
            request = {"jobQueue": queue, "jobStatus": status, "maxResults": PAGE}
            for summary in pages(cloud, "ListJobs", request, "jobSummaryList"):
                if (summary.get("createdAt") or 0) >= since:
                    yield state_of({**summary, "jobQueue": f"/{queue}"})


def list_children(cloud: Cloud, parent: JobState, statuses: Sequence[str]) -> Iterator[JobState]:
    """Yield the children of an array, or the nodes of a job with nodes."""
    of = {"multiNodeJobId": parent.id} if parent.nodes else {"arrayJobId": parent.id}
    for status in statuses:
        for summary in pages(cloud, "ListJobs", {**of, "jobStatus": status, "maxResults": PAGE}, "jobSummaryList"):
            yield state_of({**summary, "jobQueue": f"/{parent.queue}"})


@dataclass(frozen=True, slots=True)
class EndedJob:
    """A job and what was done to it: CANCELLED, TERMINATED or HAD_ENDED."""

    state: JobState
    done: str


def end_jobs(cloud: Cloud, states: Mapping[str, JobState], reason: str) -> Iterator[EndedJob]:
    """Cancel what has not started and terminate what runs; yield each job as it is done.

    CancelJob leaves a job alone that has started by then, although it succeeds: what it has not ended is terminated.
    """
    for name, state in states.items():
        if state.status in ENDED:
            yield EndedJob(state, HAD_ENDED)
            continue
        done = TERMINATED
        if state.status in WAITING and not _has_started_children(state):
            cloud.call("CancelJob", {"jobId": state.id, "reason": reason})
            after = states_of(cloud, [name]).get(name, state)
            done = CANCELLED if after.status in (*WAITING, *ENDED) else TERMINATED
        if done == TERMINATED:
            cloud.call("TerminateJob", {"jobId": state.id, "reason": reason})
        yield EndedJob(state, done)


def _has_started_children(state: JobState) -> bool:
    return any(status not in WAITING for status in state.children)


def summary_of(states: Iterable[JobState]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for state in states:
        counts[state.status] = counts.get(state.status, 0) + 1
    return counts
