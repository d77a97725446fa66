"""Service jobs, which SageMaker runs: submit, read, list, terminate."""

import json
from collections.abc import Mapping

from reconciler.model import Json
from reconciler.sandbox.core.model import Refusal, refuse_if
from reconciler.sandbox.core.state import AccountState, Record
from reconciler.sandbox.jobs.capacity import end
from reconciler.sandbox.jobs.checks import known_queue, queue_for, refuse_bad_training
from reconciler.sandbox.jobs.job_status import JobStatus, job_id, standing_of
from reconciler.sandbox.jobs.operations import PAGE, each_of, forget_old, in_queue, page_of
from reconciler.sandbox.jobs.requests import training_of
from reconciler.sandbox.jobs.scheduler import expect
from reconciler.sandbox.jobs.timeline import TERMINATED, Course, line_up
from reconciler.sandbox.jobs.views import attempts, progress

NOUN = "service-job"
TOKENS = ".service-job-tokens"  # clientToken, the request without it
SHARES = ("SHARE_IDENTIFIER", "QUOTA_SHARE_NAME")  # the filters that leave the status its meaning (ListServiceJobs)
OWN = ("jobName", "jobQueue", "tags", "clientToken")


def submit(world: AccountState, request: Mapping[str, Json]) -> Json:
    queue = queue_for(world, request)
    share = refuse_bad_training(world, request, queue)
    _refuse_repeated(world, request)
    waiting = training_of(world, request, share.arn if share else "")
    body = {member: value for member, value in request.items() if member not in OWN}
    body |= {"jobQueue": queue.arn, "createdAt": int(world.now * 1000)}
    arn = world.arn(NOUN, world.next_id(NOUN))
    record = Record(name=request["jobName"], arn=arn, body=body, tags=request.get("tags", {}))
    forget_old(world, NOUN)
    world.put(NOUN, record)
    line_up(world, queue.arn, job_id(record), waiting)
    expect(world, waiting.runnable)
    return {"jobArn": arn, "jobName": record.name, "jobId": job_id(record)}


def describe(world: AccountState, request: Mapping[str, Json]) -> Json:
    record = world.see(NOUN, request["jobId"])
    if record is None:
        raise Refusal(f"Service job {request['jobId']} not found.")
    body = {member: value for member, value in record.body.items() if member != "createdAt"}
    standing = _standing(world, record)
    return {**_shown(world, record), **body, "tags": record.tags, "attempts": _attempts(world, record, standing.course)}


def list_jobs(world: AccountState, request: Mapping[str, Json]) -> Json:
    refuse_if(not request.get("jobQueue"), "jobQueue is required.")
    queue = known_queue(world, request["jobQueue"])
    jobs = in_queue(world, NOUN, queue.arn, request, lambda record: _standing(world, record).status, SHARES)
    page, token = page_of(jobs, request, PAGE)
    return {"jobSummaryList": [_shown(world, record) for record in page], **token}


def terminate(world: AccountState, request: Mapping[str, Json]) -> Json:
    record = world.find(NOUN, request["jobId"])
    if record:
        end(world, record.body["jobQueue"], job_id(record), world.now, request["reason"], TERMINATED)
    return {}


OPERATIONS = {
    "SubmitServiceJob": submit,
    "DescribeServiceJob": describe,
    "ListServiceJobs": list_jobs,
    "TerminateServiceJob": terminate,
    "TerminateServiceJobs": each_of(terminate),
}


def _refuse_repeated(world: AccountState, request: Mapping[str, Json]) -> None:
    """The second of two equal requests with the same token is rejected (SubmitServiceJob, clientToken)."""
    token = request.get("clientToken")
    if token is None:
        return
    said = json.dumps({**request, "clientToken": None}, sort_keys=True)
    refuse_if(world.fact(TOKENS, token) == said, "A service job has been submitted with this clientToken already.")
    world.note(TOKENS, token, said)


def _standing(world: AccountState, record: Record) -> JobStatus:
    """A job is SCHEDULED while SageMaker looks for instances, in the first half of its start."""
    standing = standing_of(world, record)
    course = standing.course
    if course and standing.status == "STARTING" and world.now < course.starts + world.timings.starting / 2:
        return JobStatus("SCHEDULED", standing.reason, course)
    return standing


def _shown(world: AccountState, record: Record) -> dict[str, Json]:
    standing = _standing(world, record)
    course = standing.course
    shares = {member: record.body[member] for member in ("shareIdentifier", "quotaShareName") if member in record.body}
    shown = {
        "jobArn": record.arn,
        "jobId": job_id(record),
        "jobName": record.name,
        "createdAt": record.body["createdAt"],
        "serviceJobType": record.body["serviceJobType"],
        **shares,
        **progress(world, standing),
    }
    if course and course.attempts:
        shown |= {
            "scheduledAt": int(course.starts * 1000),
            "latestAttempt": {"serviceResourceId": _training(world, record)},
        }
    return shown


def _attempts(world: AccountState, record: Record, course: Course | None) -> list[Json]:
    return [{**each, "serviceResourceId": _training(world, record)} for each in attempts(world, course)]


def _training(world: AccountState, record: Record) -> dict[str, str]:
    job = job_id(record)
    return {"name": "TrainingJobArn", "value": world.arn("training-job", f"AWSBatch{record.name}{job}", "sagemaker")}
