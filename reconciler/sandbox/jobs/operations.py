"""Container jobs: submit, read, list, cancel, terminate."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from reconciler.model import Json, Spec
from reconciler.sandbox.answers import Refusal, refuse_if
from reconciler.sandbox.api import without_empty
from reconciler.sandbox.jobs.bodies import body_of
from reconciler.sandbox.jobs.courses import CANCELLED, COURSES, JOB, TERMINATED, course_of, line_up, members_of
from reconciler.sandbox.jobs.demands import consumables_of, waiting_of
from reconciler.sandbox.jobs.endings import end
from reconciler.sandbox.jobs.lists import LONG_PAGE, PAGE, in_queue, oldest_first, page_of
from reconciler.sandbox.jobs.nodes import MARK, node_count, node_named, nodes_of
from reconciler.sandbox.jobs.rules import (
    definition_for,
    known_queue,
    queue_for,
    refuse_bad_job,
    refuse_bad_size,
)
from reconciler.sandbox.jobs.scheduler import expect
from reconciler.sandbox.jobs.standings import STATUSES, WAITS, child_of, job_id, standing_of, status_of
from reconciler.sandbox.jobs.views import described, summary
from reconciler.sandbox.records import Record
from reconciler.sandbox.world import AccountState

KEPT = 7 * 86400.0  # seconds that a job can be read after its end, at least (AWS Batch User Guide, 'Job states')
AT_ONCE = 50  # jobs that are cancelled or terminated by one call (CancelJobs)
LISTED = ("jobQueue", "arrayJobId", "multiNodeJobId")
OWN = ("jobName", "jobQueue", "jobDefinition", "tags")


def submit(world: AccountState, request: Mapping[str, Json]) -> Json:
    request = without_empty(request)
    queue = queue_for(world, request)
    definition = definition_for(world, request)
    refuse_bad_job(world, request, queue, definition.body)
    body = body_of(definition.body, request)
    refuse_bad_size(body)
    takes = consumables_of(world, definition.body, request)
    nodes = body.get("nodeProperties", {})
    hidden = {"takes": dict(takes), **({"nodes": nodes["numNodes"], "main": nodes["mainNode"]} if nodes else {})}
    record = _record(world, request, queue, definition, hidden)
    waiting = waiting_of(world, body, definition.body, request, takes)
    forget_old(world, JOB)
    world.put(JOB, record)
    for job in members_of(world, job_id(record)):
        line_up(world, queue.arn, job, replace(waiting, needs=tuple(_needs(request, job))))
    expect(world, waiting.runnable)
    return {"jobArn": record.arn, "jobName": record.name, "jobId": job_id(record)}


def describe(world: AccountState, request: Mapping[str, Json]) -> Json:
    jobs = request["jobs"]
    refuse_if(len(jobs) > PAGE, f"Maximum number of jobs supported is {PAGE}")
    found = (find(world, job, world.see) for job in dict.fromkeys(jobs))
    return {"jobs": [described(world, record) for record in found if record]}


def list_jobs(world: AccountState, request: Mapping[str, Json]) -> Json:
    named = [member for member in LISTED if request.get(member)]
    refuse_if(len(named) != 1, f"Exactly one of {', '.join(LISTED)} is required.")
    listed = {"jobQueue": _in_queue, "arrayJobId": _in_array, "multiNodeJobId": _in_nodes}
    jobs = listed[named[0]](world, request)
    page, token = page_of(jobs, request, PAGE if request.get("filters") else LONG_PAGE)
    return {"jobSummaryList": [summary(world, record) for record in page], **token}


def cancel(world: AccountState, request: Mapping[str, Json]) -> Json:
    """A job that has left its line goes on; so does a job that nobody knows (CancelJob, CancelJobs)."""
    _end_each(world, request["jobId"], request["reason"], CANCELLED, only=WAITS)
    return {}


def terminate(world: AccountState, request: Mapping[str, Json]) -> Json:
    _end_each(world, request["jobId"], request["reason"], TERMINATED, only=STATUSES)
    return {}


def each_of(
    operation: Callable[[AccountState, Mapping[str, Json]], Json],
) -> Callable[[AccountState, Mapping[str, Json]], Json]:
    """Return the operation on many jobs. What nobody knows counts as done (CancelJobs, TerminateJobs)."""

    def on_each(world: AccountState, request: Mapping[str, Json]) -> Json:
        jobs = request["jobs"]
        refuse_if(len(jobs) > AT_ONCE, f"Maximum number of jobs supported is {AT_ONCE}")
        for job in jobs:
            operation(world, {"jobId": job, "reason": request["reason"]})
        return {"successful": list(jobs), "errors": []}

    return on_each


def find(world: AccountState, identifier: str, look: Callable[[str, str], Record | None]) -> Record | None:
    """Return a job, the child of an array, or a node, by its identifier or ARN."""
    key, mark, node = world.key(JOB, identifier).partition(MARK)
    job, colon, index = key.partition(":")
    record = look(JOB, job)
    if record and mark:
        return node_named(record, node)
    if record is None or not colon:
        return record
    size = record.body.get("arrayProperties", {}).get("size", 0)
    return child_of(record, int(index)) if index.isdecimal() and int(index) < size else None


def forget_old(world: AccountState, noun: str) -> None:
    """Forget the oldest jobs that ended long ago, so that a sandbox that is used for weeks does not grow."""
    for job in list(_old(world, noun)):
        for member in members_of(world, job):
            world.forget(COURSES, member)
        world.forget(noun, job)


OPERATIONS = {
    "SubmitJob": submit,
    "DescribeJobs": describe,
    "ListJobs": list_jobs,
    "CancelJob": cancel,
    "CancelJobs": each_of(cancel),
    "TerminateJob": terminate,
    "TerminateJobs": each_of(terminate),
}


def _record(
    world: AccountState, request: Mapping[str, Json], queue: Record, definition: Record, hidden: Mapping[str, Json]
) -> Record:
    body = {member: value for member, value in request.items() if member not in OWN}
    body |= {"jobQueue": queue.arn, "jobDefinition": definition.arn, "createdAt": int(world.now * 1000)}
    tags = request.get("tags", {})
    arn = world.arn(JOB, world.next_id(JOB))
    return Record(name=request["jobName"], arn=arn, body=body, tags=tags, hidden=hidden)


def _needs(request: Spec, job: str) -> Iterator[str]:
    """Yield the jobs that one job, or one child of an array, depends on (SubmitJob, dependsOn)."""
    array, colon, index = job.partition(":")
    for need in request.get("dependsOn", ()):
        kind = need.get("type")
        if kind == "SEQUENTIAL" and "jobId" not in need:
            if int(index):
                yield f"{array}:{int(index) - 1}"
        else:
            yield f"{need['jobId']}:{index}" if kind == "N_TO_N" and colon else need["jobId"]


def _in_queue(world: AccountState, request: Spec) -> Iterator[Record]:
    queue = known_queue(world, request["jobQueue"])
    return in_queue(world, JOB, queue.arn, request, _status(world), ("SHARE_IDENTIFIER",))


def _in_array(world: AccountState, request: Spec) -> Iterator[Record]:
    """Filters are not for children (ListJobs)."""
    parent = find(world, request["arrayJobId"], world.find)
    size = parent.body.get("arrayProperties", {}).get("size") if parent else None
    if parent is None or not size:
        raise Refusal(f"Array job {request['arrayJobId']} not found.")
    status, wanted = _status(world), request.get("jobStatus", "RUNNING")
    children = (child_of(parent, index) for index in range(size))
    return (record for record in oldest_first(children, request) if status(record) == wanted)


def _in_nodes(world: AccountState, request: Spec) -> Iterator[Record]:
    """Filters are not for nodes (ListJobs)."""
    job = find(world, request["multiNodeJobId"], world.find)
    if job is None or not node_count(job):
        raise Refusal(f"Multi-node job {request['multiNodeJobId']} not found.")
    status, wanted = _status(world), request.get("jobStatus", "RUNNING")
    return (record for record in oldest_first(nodes_of(job), request) if status(record) == wanted)


def _status(world: AccountState) -> Callable[[Record], str]:
    return lambda record: standing_of(world, record).status


def _end_each(world: AccountState, identifier: str, reason: str, by: str, *, only: Sequence[str]) -> None:
    # The words are those that getmoto/moto has from the service (moto/batch/models.py).
    for member, value in (("jobId", identifier), ("reason", reason)):
        refuse_if(not value, f"'{member}' is a required field (cannot be an empty string)")
    record = find(world, identifier, world.find)
    if record is None:
        return
    queue = record.body["jobQueue"]
    for job in members_of(world, job_id(record).partition(MARK)[0]):  # a node does not end without its job
        if status_of(world, job, queue) in only:
            end(world, queue, job, world.now, reason, by)


def _old(world: AccountState, noun: str) -> Iterator[str]:
    for job in world.rows(noun):
        courses = (course_of(world, member) for member in members_of(world, job))
        if not all(course and course.ends + KEPT < world.now for course in courses):
            return
        yield job
