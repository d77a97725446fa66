"""What a plan has to know of AWS: what is live, and then what only some plans need, asked all at once.

Nothing is decided here. What AWS refuses to show is an answer, too: who reads it decides what that stops.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from reconciler.calls import EC2, pages, side_by_side
from reconciler.kinds import KINDS, batch_kinds
from reconciler.kinds.base import JobListing, Kind, RevisionUsers
from reconciler.live.beside import kinds_beside
from reconciler.live.read import HANDFUL, is_gone, read_all, read_uses
from reconciler.model import Identity, Json, Live, Stack
from reconciler.placement.catalogue import Catalogue, described, patterns_of
from reconciler.ports import Cloud
from reconciler.problems import CloudError, Fault

# The jobs that are in a queue: counted by status, and those that run.

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


T = TypeVar("T")
TypesAnswer = Catalogue | CloudError
Counts = Mapping[str, int] | CloudError  # how many, by what they are told apart by; or why that is not known
UNTOLD = ""  # under which the users are counted that do not tell what they use


@dataclass(frozen=True, slots=True)
class LiveRegion:
    """What is live in one account and region.

    `unread` are the kinds of which nothing is known, with the reason. `taken` are deleted resources that AWS still
    shows: nothing else can have their names yet.
    """

    identity: Identity
    live: tuple[Live, ...]
    unread: Mapping[str, CloudError] = field(default_factory=dict)
    taken: tuple[Live, ...] = ()


@dataclass(frozen=True, slots=True)
class Questions:
    """What else a plan has to know; of most plans nothing."""

    uses: tuple[Kind, ...] = ()  # kinds of whose revisions it prunes: which ones jobs use
    running: tuple[Live, ...] = ()  # from which jobs come that it may interrupt: how many run
    held: tuple[Live, ...] = ()  # what it deletes: which jobs are in it
    instance_types: tuple[str, ...] = ()  # words of instanceTypes that decide whether jobs can start: what they are


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers to `Questions`. What is None was not asked, and changes nothing in the plan."""

    uses: Mapping[str, Counts] | None = None  # by kind: how many use each revision, by `name:number`
    running: Mapping[str, int | CloudError] | None = None  # by ARN
    held: Mapping[str, Counts] | None = None  # by ARN: how many jobs, by status
    instance_types: Catalogue | CloudError | None = None  # the table with the types that EC2 has described


UNASKED = Answers()


def read_region(cloud: Cloud, stack: Stack | None = None) -> LiveRegion:
    """Read everything that a region has of Batch, in page calls alone; and what a stack has in other services."""
    read = read_all(cloud, batch_kinds())
    beside = kinds_beside(stack, read.live) if stack else ()
    more = read_all(cloud, beside).live if beside else ()
    return LiveRegion(cloud.identity(), (*read.live, *more), read.unread, read.taken)


def ask(
    cloud: Cloud,
    questions: Questions,
    region: LiveRegion,
    describes: Callable[[Sequence[str]], TypesAnswer] | None = None,
) -> Answers:
    """Ask AWS everything that a plan has to know beside what is live. `describes` asks EC2 about instance types."""
    return Answers(
        uses=ask_uses(cloud, questions, region).uses,
        running={live.arn: count_running(cloud, live) for live in questions.running},
        held={live.arn: count_jobs(cloud, live) for live in questions.held},
        instance_types=describes(questions.instance_types) if describes and questions.instance_types else None,
    )


FILTER_VALUES = 100  # names of types in one call; a filter may have 200 (EC2 API, 'Filter')


def describe_types(ec2: Cloud, words: Sequence[str], known: Catalogue) -> TypesAnswer:
    """Return the table with the types that words of instanceTypes stand for, as EC2 describes them; or why it does not.

    A name that is no type is none of those that are described: a filter refuses none, as a list of names would.
    """
    names = patterns_of(words)
    found = []
    try:
        for start in range(0, len(names), FILTER_VALUES):
            values = names[start : start + FILTER_VALUES]
            request = {"Filters": [{"Name": "instance-type", "Values": values}], "MaxResults": 100}
            found += [described(each) for each in pages(ec2, "DescribeInstanceTypes", request, "InstanceTypes", EC2)]
    except CloudError as error:
        return error
    return known.with_types(found)


def ask_uses(cloud: Cloud, questions: Questions, region: LiveRegion) -> Answers:
    """Ask which revisions are in use, and nothing of jobs."""
    uses = {
        kind.name: count_uses(cloud, kind.revision_users, region.live) for kind in questions.uses if kind.revision_users
    }
    return Answers(uses=uses)


def count_uses(cloud: Cloud, using: RevisionUsers, live: Iterable[Live]) -> Counts:
    """Return how many use each revision, by `name:number`."""
    return _or_refusal(lambda: read_uses(cloud, using, live))


def count_jobs(cloud: Cloud, live: Live) -> Counts:
    """Return how many jobs are in a resource, by status."""
    jobs = KINDS[live.address.kind].jobs
    return _or_refusal(lambda: count_by_status(cloud, jobs.listing(live.spec), live.arn)) if jobs else {}


def count_waiting(cloud: Cloud, live: Live) -> Counts:
    """Return how many jobs wait for a place in a resource, by what the service says of why."""
    jobs = KINDS[live.address.kind].jobs
    return _or_refusal(lambda: count_by_reason(cloud, jobs.listing(live.spec), live.arn)) if jobs else {}


def count_running(cloud: Cloud, live: Live) -> int | CloudError:
    """Return how many jobs of a resource run."""
    jobs = KINDS[live.address.kind].jobs
    return _or_refusal(lambda: len(running_job_ids(cloud, jobs.listing(live.spec), live.arn))) if jobs else 0


def _or_refusal(look: Callable[[], T]) -> T | CloudError:
    """Return what is found; or AWS's refusal to show it, which a run can live with. No answer at all ends the run."""
    try:
        return look()
    except CloudError as error:
        if error.fault not in (Fault.DENIED, Fault.REFUSED):
            raise
        return error
