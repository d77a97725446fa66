"""The operations on container jobs and on service jobs: submit, read, list, cancel, terminate."""

import base64
import binascii
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from reconciler.model import Json, Spec
from reconciler.sandbox.core.model import Refusal, refuse_if, without_empty
from reconciler.sandbox.core.state import AccountState, Record
from reconciler.sandbox.jobs.requests import (
    TRAINING,
    body_of,
    consumables_of,
    definition_for,
    known_queue,
    queue_for,
    refuse_bad_job,
    refuse_bad_size,
    refuse_bad_training,
    training_of,
    waiting_of,
)
from reconciler.sandbox.jobs.scheduler import expect, needs_met
from reconciler.sandbox.jobs.timeline import (
    CANCELLED,
    INSTANCES,
    JOB,
    RUNS,
    TERMINATED,
    VCPU,
    JobRun,
    end,
    line_of,
    line_up,
    members_of,
    run_of,
    used_amounts,
)
from reconciler.sandbox.jobs.views import (
    MARK,
    STATUSES,
    WAITS,
    JobStatus,
    attempts,
    child_of,
    describe_job,
    job_id,
    job_status_of,
    node_count,
    node_named,
    nodes_of,
    progress,
    status_of,
    summarize_job,
)

# ListJobs and its like: the newest first, by status or by one filter, in pages.

PAGE = 100
LONG_PAGE = 1000  # where no filter is used (ListJobs, maxResults)
Status = Callable[[Record], str]


def in_queue(
    account_state: AccountState, noun: str, queue: str, request: Spec, status: Status, shares: Sequence[str]
) -> Iterator[Record]:
    """Yield the jobs of a queue that a request chooses, the newest first, after the page before.

    A filter makes the status meaningless, but for one by `shares`; without either, jobs that run are meant (ListJobs).
    """
    filters: Sequence[Spec] = request.get("filters", ())
    refuse_if(len(filters) > 1, "Only one filter can be used at a time.")
    requested_status = request.get("jobStatus", None if filters else "RUNNING")
    any_status = requested_status is None or any(each.get("name") not in shares for each in filters)
    chosen = filter_for(filters, status)
    for record in newest_first(account_state, noun, request):
        if record.body["jobQueue"] == queue and chosen(record) and (any_status or status(record) == requested_status):
            yield record


def newest_first(account_state: AccountState, noun: str, request: Spec) -> Iterator[Record]:
    """Yield the jobs after the page before. A table keeps the order in which its rows came."""
    rows = reversed(list(account_state.rows(noun).values()))
    return (Record.of(row) for row in _after(rows, request, lambda row: str(row["arn"])))


def oldest_first(jobs: Iterable[Record], request: Spec) -> Iterator[Record]:
    """Yield the jobs after the page before, of those that come in order."""
    return _after(jobs, request, lambda job: job.arn)


def page_of(jobs: Iterator[Record], request: Spec, most: int) -> tuple[list[Record], dict[str, str]]:
    """Return the page that is asked for, of jobs that begin with it, and the token of the next one."""
    size = request.get("maxResults", most)
    refuse_if(not 1 <= size <= most, f"maxResults must be between 1 and {most}")
    page = list(islice(jobs, size))
    more = next(jobs, None) is not None
    return page, {"nextToken": base64.urlsafe_b64encode(page[-1].arn.encode()).decode()} if more else {}


def filter_for(filters: Sequence[Spec], status: Status) -> Callable[[Record], bool]:
    """Return whether a job passes all filters; each passes what one of its values fits."""
    tests = [
        (_test(each["name"], status), each["values"]) for each in filters if each.get("name") and each.get("values")
    ]
    return lambda job: all(any(test(job, value) for value in values) for test, values in tests)


def _test(name: str, status: Status) -> Callable[[Record, str], bool]:
    tests: Mapping[str, Callable[[Record, str], bool]] = {
        "JOB_NAME": lambda job, value: _matches(job.name.lower(), value.lower()),
        "JOB_DEFINITION": _of_definition,
        "BEFORE_CREATED_AT": lambda job, value: job.body["createdAt"] < _moment(value),
        "AFTER_CREATED_AT": lambda job, value: job.body["createdAt"] > _moment(value),
        "SHARE_IDENTIFIER": lambda job, value: job.body.get("shareIdentifier") == value,
        "QUOTA_SHARE_NAME": lambda job, value: job.body.get("quotaShareName") == value,
        "JOB_STATUS": lambda job, value: status(job) == value,
    }
    if name not in tests:
        raise Refusal(f"Unknown filter {name}, valid filters: {', '.join(tests)}")
    return tests[name]


def _matches(text: str, pattern: str) -> bool:
    return text.startswith(pattern[:-1]) if pattern.endswith("*") else text == pattern


def _of_definition(job: Record, value: str) -> bool:
    """By ARN the one revision, by name all of them."""
    revision: str = job.body.get("jobDefinition", "")
    return revision == value or _matches(revision.rsplit("/", 1)[-1].partition(":")[0], value)


def _moment(value: str) -> Json:
    refuse_if(not value.isdecimal(), f"{value} is not a number of milliseconds")
    return int(value)


def _after(listed: Iterable[Any], request: Spec, arn_of: Callable[[Any], str]) -> Iterator[Any]:
    """Skip what came before, up to the job that the token names; it need not fit the request any more."""
    remaining = iter(listed)
    if request.get("nextToken"):
        last = _arn_in_token(request["nextToken"])
        refuse_if(not any(arn_of(each) == last for each in remaining), "Invalid nextToken")
    return remaining


def _arn_in_token(token: str) -> str:
    try:
        return base64.urlsafe_b64decode(token).decode()
    except (ValueError, binascii.Error) as wrong:
        raise Refusal("Invalid nextToken") from wrong


KEPT_SECONDS = (
    7 * 86400.0
)  # seconds that a job can be read after its end, at least (AWS Batch User Guide, 'Job states')
AT_ONCE = 50  # jobs that are cancelled or terminated by one call (CancelJobs)
LISTED = ("jobQueue", "arrayJobId", "multiNodeJobId")
RECORD_MEMBERS = ("jobName", "jobQueue", "jobDefinition", "tags")


def submit(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    request = without_empty(request)
    queue = queue_for(account_state, request)
    definition = definition_for(account_state, request)
    refuse_bad_job(account_state, request, queue, definition.body)
    body = body_of(definition.body, request)
    refuse_bad_size(body)
    takes = consumables_of(account_state, definition.body, request)
    nodes = body.get("nodeProperties", {})
    hidden = {"takes": dict(takes), **({"nodes": nodes["numNodes"], "main": nodes["mainNode"]} if nodes else {})}
    record = _record(account_state, request, queue, definition, hidden)
    waiting = waiting_of(account_state, body, definition.body, request, takes)
    forget_old(account_state, JOB)
    account_state.put(JOB, record)
    for job in members_of(account_state, job_id(record)):
        line_up(account_state, queue.arn, job, replace(waiting, needs=tuple(_needs(request, job))))
    expect(account_state, waiting.runnable)
    return {"jobArn": record.arn, "jobName": record.name, "jobId": job_id(record)}


def describe(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    jobs = request["jobs"]
    refuse_if(len(jobs) > PAGE, f"Maximum number of jobs supported is {PAGE}")
    records = (find(account_state, job, account_state.see) for job in dict.fromkeys(jobs))
    return {"jobs": [describe_job(account_state, record) for record in records if record]}


def list_jobs(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    given = [member for member in LISTED if request.get(member)]
    refuse_if(len(given) != 1, f"Exactly one of {', '.join(LISTED)} is required.")
    listed = {"jobQueue": _in_queue, "arrayJobId": _in_array, "multiNodeJobId": _in_nodes}
    jobs = listed[given[0]](account_state, request)
    page, token = page_of(jobs, request, PAGE if request.get("filters") else LONG_PAGE)
    return {"jobSummaryList": [summarize_job(account_state, record) for record in page], **token}


def cancel(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    """A job that has left its line continues. An unknown job is ignored (CancelJob, CancelJobs)."""
    _end_each(account_state, request["jobId"], request["reason"], CANCELLED, only=WAITS)
    return {}


def terminate(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    _end_each(account_state, request["jobId"], request["reason"], TERMINATED, only=STATUSES)
    return {}


def each_of(
    operation: Callable[[AccountState, Mapping[str, Json]], Json],
) -> Callable[[AccountState, Mapping[str, Json]], Json]:
    """Return the operation on many jobs. Unknown jobs count as done (CancelJobs, TerminateJobs)."""

    def on_each(account_state: AccountState, request: Mapping[str, Json]) -> Json:
        jobs = request["jobs"]
        refuse_if(len(jobs) > AT_ONCE, f"Maximum number of jobs supported is {AT_ONCE}")
        for job in jobs:
            operation(account_state, {"jobId": job, "reason": request["reason"]})
        return {"successful": list(jobs), "errors": []}

    return on_each


def find(account_state: AccountState, identifier: str, look: Callable[[str, str], Record | None]) -> Record | None:
    """Return a job, the child of an array, or a node, by its identifier or ARN."""
    key, mark, node = account_state.key(JOB, identifier).partition(MARK)
    job, colon, index = key.partition(":")
    record = look(JOB, job)
    if record and mark:
        return node_named(record, node)
    if record is None or not colon:
        return record
    size = record.body.get("arrayProperties", {}).get("size", 0)
    return child_of(record, int(index)) if index.isdecimal() and int(index) < size else None


def forget_old(account_state: AccountState, noun: str) -> None:
    """Forget the oldest jobs that ended long ago, so that a sandbox that is used for weeks does not grow."""
    for job in list(_old(account_state, noun)):
        for member in members_of(account_state, job):
            account_state.forget(RUNS, member)
        account_state.forget(noun, job)


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
    account_state: AccountState,
    request: Mapping[str, Json],
    queue: Record,
    definition: Record,
    hidden: Mapping[str, Json],
) -> Record:
    body = {member: value for member, value in request.items() if member not in RECORD_MEMBERS}
    body |= {"jobQueue": queue.arn, "jobDefinition": definition.arn, "createdAt": int(account_state.now * 1000)}
    tags = request.get("tags", {})
    arn = account_state.arn(JOB, account_state.next_id(JOB))
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


def _in_queue(account_state: AccountState, request: Spec) -> Iterator[Record]:
    queue = known_queue(account_state, request["jobQueue"])
    return in_queue(account_state, JOB, queue.arn, request, _status(account_state), ("SHARE_IDENTIFIER",))


def _in_array(account_state: AccountState, request: Spec) -> Iterator[Record]:
    """Filters are not for children (ListJobs)."""
    parent = find(account_state, request["arrayJobId"], account_state.find)
    size = parent.body.get("arrayProperties", {}).get("size") if parent else None
    if parent is None or not size:
        raise Refusal(f"Array job {request['arrayJobId']} not found.")
    status, requested_status = _status(account_state), request.get("jobStatus", "RUNNING")
    children = (child_of(parent, index) for index in range(size))
    return (record for record in oldest_first(children, request) if status(record) == requested_status)


def _in_nodes(account_state: AccountState, request: Spec) -> Iterator[Record]:
    """Filters are not for nodes (ListJobs)."""
    job = find(account_state, request["multiNodeJobId"], account_state.find)
    if job is None or not node_count(job):
        raise Refusal(f"Multi-node job {request['multiNodeJobId']} not found.")
    status, requested_status = _status(account_state), request.get("jobStatus", "RUNNING")
    return (record for record in oldest_first(nodes_of(job), request) if status(record) == requested_status)


def _status(account_state: AccountState) -> Callable[[Record], str]:
    return lambda record: job_status_of(account_state, record).status


def _end_each(account_state: AccountState, identifier: str, reason: str, by: str, *, only: Sequence[str]) -> None:
    # The words are those that getmoto/moto has from the service (moto/batch/models.py).
    for member, value in (("jobId", identifier), ("reason", reason)):
        refuse_if(not value, f"'{member}' is a required field (cannot be an empty string)")
    record = find(account_state, identifier, account_state.find)
    if record is None:
        return
    queue = record.body["jobQueue"]
    for job in members_of(account_state, job_id(record).partition(MARK)[0]):  # a node does not end without its job
        if status_of(account_state, job, queue) in only:
            end(account_state, queue, job, account_state.now, reason, by)


def _old(account_state: AccountState, noun: str) -> Iterator[str]:
    for job in account_state.rows(noun):
        courses = (run_of(account_state, member) for member in members_of(account_state, job))
        if not all(run and run.ends + KEPT_SECONDS < account_state.now for run in courses):
            return
        yield job


# What a queue looks like at a glance: who is at its front, and how much its jobs take up; and who needs a resource.

UNITS = {"EKS": "cpu"}  # the unit by the type of the queue (QueueSnapshotCapacityUsage)


def snapshot(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    queue = known_queue(account_state, request["jobQueue"])
    kind = queue.body["jobQueueType"]
    noun = "service-job" if kind == TRAINING else JOB
    front = (
        {"jobArn": account_state.arn(noun, job), "earliestTimeAtPosition": int(row["runnable"] * 1000)}
        for job, row in line_of(account_state, queue.arn).items()
        if row["runnable"] <= account_state.now and needs_met(account_state, row)
    )
    now = int(account_state.now * 1000)
    usage = _usage(used_amounts(account_state, queue.arn), UNITS.get(kind, "VCPU"))
    return {
        "frontOfQueue": {"jobs": list(islice(front, PAGE)), "lastUpdatedAt": now},
        "queueUtilization": {"totalCapacityUsage": usage, "lastUpdatedAt": now},
    }


def list_by_consumable(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    resource = account_state.get("consumable-resource", request["consumableResource"])
    chosen = filter_for(request.get("filters", ()), lambda record: job_status_of(account_state, record).status)
    jobs = (
        each
        for each in newest_first(account_state, JOB, request)
        if resource.arn in each.hidden["takes"] and chosen(each)
    )
    page, token = page_of(jobs, request, PAGE)
    return {"jobs": [_user(account_state, record, resource) for record in page], **token}


SNAPSHOT_OPERATIONS = {"GetJobQueueSnapshot": snapshot, "ListJobsByConsumableResource": list_by_consumable}


def _usage(used: Counter[str], unit: str) -> list[Json]:
    """Return the capacity in use; instances are listed by their type alone."""
    return [
        {"capacityUnit": unit if each == VCPU else each, "quantity": float(quantity)}
        for each, quantity in sorted(used.items())
        if each != INSTANCES and quantity
    ]


def _user(account_state: AccountState, record: Record, resource: Record) -> dict[str, Json]:
    """The quantity and the time are those of the resource (ListJobsByConsumableResourceSummary)."""
    shown: Spec = progress(account_state, job_status_of(account_state, record))
    takes = [{"consumableResource": arn, "quantity": each} for arn, each in record.hidden["takes"].items()]
    share = {"shareIdentifier": record.body["shareIdentifier"]} if "shareIdentifier" in record.body else {}
    return {
        "jobArn": record.arn,
        "jobQueueArn": record.body["jobQueue"],
        "jobName": record.name,
        "jobDefinitionArn": record.body["jobDefinition"],
        "jobStatus": shown["status"],
        **share,
        **{member: shown[member] for member in ("statusReason", "startedAt") if member in shown},
        "quantity": resource.body["totalQuantity"],
        "createdAt": resource.body["createdAt"],
        "consumableResourceProperties": {"consumableResourceList": takes},
    }


# Service jobs, which SageMaker runs: submit, read, list, terminate.

NOUN = "service-job"
TOKENS = ".service-job-tokens"  # clientToken, the request without it
SHARES = ("SHARE_IDENTIFIER", "QUOTA_SHARE_NAME")  # the filters that leave the status its meaning (ListServiceJobs)
SERVICE_JOB_MEMBERS = ("jobName", "jobQueue", "tags", "clientToken")


def submit_service_job(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    queue = queue_for(account_state, request)
    share = refuse_bad_training(account_state, request, queue)
    _refuse_repeated(account_state, request)
    waiting = training_of(account_state, request, share.arn if share else "")
    body = {member: value for member, value in request.items() if member not in SERVICE_JOB_MEMBERS}
    body |= {"jobQueue": queue.arn, "createdAt": int(account_state.now * 1000)}
    arn = account_state.arn(NOUN, account_state.next_id(NOUN))
    record = Record(name=request["jobName"], arn=arn, body=body, tags=request.get("tags", {}))
    forget_old(account_state, NOUN)
    account_state.put(NOUN, record)
    line_up(account_state, queue.arn, job_id(record), waiting)
    expect(account_state, waiting.runnable)
    return {"jobArn": arn, "jobName": record.name, "jobId": job_id(record)}


def describe_service_job(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    record = account_state.see(NOUN, request["jobId"])
    if record is None:
        raise Refusal(f"Service job {request['jobId']} not found.")
    body = {member: value for member, value in record.body.items() if member != "createdAt"}
    job_status = _job_status(account_state, record)
    return {
        **_shown(account_state, record),
        **body,
        "tags": record.tags,
        "attempts": _attempts(account_state, record, job_status.run),
    }


def list_service_jobs(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    refuse_if(not request.get("jobQueue"), "jobQueue is required.")
    queue = known_queue(account_state, request["jobQueue"])
    jobs = in_queue(
        account_state, NOUN, queue.arn, request, lambda record: _job_status(account_state, record).status, SHARES
    )
    page, token = page_of(jobs, request, PAGE)
    return {"jobSummaryList": [_shown(account_state, record) for record in page], **token}


def terminate_service_job(account_state: AccountState, request: Mapping[str, Json]) -> Json:
    record = account_state.find(NOUN, request["jobId"])
    if record:
        end(account_state, record.body["jobQueue"], job_id(record), account_state.now, request["reason"], TERMINATED)
    return {}


SERVICE_JOB_OPERATIONS = {
    "SubmitServiceJob": submit_service_job,
    "DescribeServiceJob": describe_service_job,
    "ListServiceJobs": list_service_jobs,
    "TerminateServiceJob": terminate_service_job,
    "TerminateServiceJobs": each_of(terminate_service_job),
}


def _refuse_repeated(account_state: AccountState, request: Mapping[str, Json]) -> None:
    """The second of two equal requests with the same token is rejected (SubmitServiceJob, clientToken)."""
    token = request.get("clientToken")
    if token is None:
        return
    said = json.dumps({**request, "clientToken": None}, sort_keys=True)
    refuse_if(
        account_state.fact(TOKENS, token) == said, "A service job has been submitted with this clientToken already."
    )
    account_state.note(TOKENS, token, said)


def _job_status(account_state: AccountState, record: Record) -> JobStatus:
    """A job is SCHEDULED while SageMaker looks for instances, in the first half of its start."""
    job_status = job_status_of(account_state, record)
    run = job_status.run
    if run and job_status.status == "STARTING" and account_state.now < run.starts + account_state.timings.starting / 2:
        return JobStatus("SCHEDULED", job_status.reason, run)
    return job_status


def _shown(account_state: AccountState, record: Record) -> dict[str, Json]:
    job_status = _job_status(account_state, record)
    run = job_status.run
    shares = {member: record.body[member] for member in ("shareIdentifier", "quotaShareName") if member in record.body}
    shown = {
        "jobArn": record.arn,
        "jobId": job_id(record),
        "jobName": record.name,
        "createdAt": record.body["createdAt"],
        "serviceJobType": record.body["serviceJobType"],
        **shares,
        **progress(account_state, job_status),
    }
    if run and run.attempts:
        shown |= {
            "scheduledAt": int(run.starts * 1000),
            "latestAttempt": {"serviceResourceId": _training(account_state, record)},
        }
    return shown


def _attempts(account_state: AccountState, record: Record, run: JobRun | None) -> list[Json]:
    return [{**each, "serviceResourceId": _training(account_state, record)} for each in attempts(account_state, run)]


def _training(account_state: AccountState, record: Record) -> dict[str, str]:
    job = job_id(record)
    return {
        "name": "TrainingJobArn",
        "value": account_state.arn("training-job", f"AWSBatch{record.name}{job}", "sagemaker"),
    }
