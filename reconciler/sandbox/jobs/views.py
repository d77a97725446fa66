"""Jobs as DescribeJobs and ListJobs show them."""

import uuid
from collections.abc import Iterator, Mapping

from reconciler.model import Json
from reconciler.sandbox.jobs.bodies import body_of
from reconciler.sandbox.jobs.courses import Course
from reconciler.sandbox.jobs.standings import Standing, job_id, standing_of
from reconciler.sandbox.records import Record
from reconciler.sandbox.world import World

# Members of the submission, or else of the definition, that a description repeats.
REPEATED = ("retryStrategy", "timeout", "propagateTags", "platformCapabilities", "shareIdentifier")


def described(world: World, record: Record) -> dict[str, Json]:
    body, standing = record.body, standing_of(world, record)
    found = world.find("job-definition", body["jobDefinition"])
    definition = found.body if found else {}
    repeated = {m: source[m] for m in REPEATED for source in (definition, body) if m in source}
    parts = body_of(definition, body) if definition else {}
    if "container" in parts:
        state = _container_state(world, record, standing)
        parts["container"] = {**parts["container"], **state, "networkInterfaces": []}
    return {
        **_identity(record),
        "jobQueue": body["jobQueue"],
        "jobDefinition": body["jobDefinition"],
        **_attempts(world, record, parts, standing.course),
        "dependsOn": list(body.get("dependsOn", ())),
        "parameters": {**definition.get("parameters", {}), **body.get("parameters", {})},
        "tags": record.tags,
        **repeated,
        **_consumables(record),
        **_priority(definition, body),
        **parts,
        **_array(record, standing),
        **progress(world, standing),
    }


def summary(world: World, record: Record) -> dict[str, Json]:
    body, standing = record.body, standing_of(world, record)
    share = {"shareIdentifier": body["shareIdentifier"]} if "shareIdentifier" in body else {}
    code = _exit_code(world, standing)
    return {
        **_identity(record),
        "jobDefinition": body["jobDefinition"],
        **share,
        **({"container": code} if code else {}),
        **_array(record, standing),
        **progress(world, standing),
    }


def progress(world: World, standing: Standing) -> dict[str, Json]:
    """Return status, its reason, and when what happened."""
    shown: dict[str, Json] = {"status": standing.status}
    if standing.reason:
        shown["statusReason"] = standing.reason
    course = standing.course
    if course is None:
        return shown
    begun = [runs for runs, _ in course.attempts if runs <= world.now]
    if begun:
        shown["startedAt"] = _milliseconds(begun[-1])
    if world.now >= course.ends:
        shown["stoppedAt"] = _milliseconds(course.ends)
        # A cancellation is told once it has been accepted, by either member (JobDetail, JobSummary).
        if course.by:
            shown[course.by] = True
    return shown


def attempts(world: World, course: Course | None) -> list[dict[str, Json]]:
    """Return the attempts that are over."""
    return list(_over(world, course)) if course else []


def _over(world: World, course: Course) -> Iterator[dict[str, Json]]:
    reason = {"statusReason": course.reason} if course.reason else {}
    for runs, stops in course.attempts:
        if stops <= world.now:
            yield {"startedAt": _milliseconds(runs), "stoppedAt": _milliseconds(stops), **reason}


def _identity(record: Record) -> dict[str, Json]:
    return {
        "jobArn": record.arn,
        "jobId": job_id(record),
        "jobName": record.name,
        "createdAt": record.body["createdAt"],
    }


def _array(record: Record, standing: Standing) -> dict[str, Json]:
    if standing.children is None:
        _, colon, index = job_id(record).partition(":")
        return {"arrayProperties": {"index": int(index)}} if colon else {}
    size = record.body["arrayProperties"]["size"]
    return {"arrayProperties": {"size": size, "statusSummary": dict(standing.children)}}


def _attempts(world: World, record: Record, parts: Mapping[str, Json], course: Course | None) -> dict[str, Json]:
    """Return the attempts that are over; those on Kubernetes have a list of their own (JobDetail)."""
    over = attempts(world, course)
    if "eksProperties" in parts:
        return {"attempts": [], "eksAttempts": over}
    code = {} if course is None or course.exit_code is None else {"exitCode": course.exit_code}
    containers = ({**code, **_task(world, record, number), "networkInterfaces": []} for number in range(len(over)))
    return {"attempts": [{**each, "container": container} for each, container in zip(over, containers, strict=True)]}


def _container_state(world: World, record: Record, standing: Standing) -> dict[str, Json]:
    """Return what a container shows once it has a task, a log, an exit code (ContainerDetail)."""
    course = standing.course
    if course is None or not course.attempts or world.now < course.starts:
        return {}
    begun = sum(1 for runs, _ in course.attempts if runs <= world.now)
    shown = _task(world, record, max(begun - 1, 0))
    if not begun:
        del shown["logStreamName"]
    return {**shown, **_exit_code(world, standing)}


def _exit_code(world: World, standing: Standing) -> dict[str, Json]:
    course = standing.course
    if course is None or course.exit_code is None or world.now < course.ends:
        return {}
    return {"exitCode": course.exit_code}


def _task(world: World, record: Record, attempt: int) -> dict[str, Json]:
    """Each attempt has a task of its own."""
    task = uuid.uuid5(uuid.NAMESPACE_URL, f"{record.arn}#{attempt}").hex
    definition = record.body["jobDefinition"].rsplit("/", 1)[1].partition(":")[0]
    return {"taskArn": world.arn("task", task, "ecs"), "logStreamName": f"{definition}/default/{task}"}


def _consumables(record: Record) -> dict[str, Json]:
    takes = record.hidden["takes"]
    listed = [{"consumableResource": arn, "quantity": quantity} for arn, quantity in takes.items()]
    return {"consumableResourceProperties": {"consumableResourceList": listed}} if listed else {}


def _priority(definition: Mapping[str, Json], body: Mapping[str, Json]) -> dict[str, Json]:
    priority = body.get("schedulingPriorityOverride", definition.get("schedulingPriority"))
    return {} if priority is None else {"schedulingPriority": priority}


def _milliseconds(seconds: float) -> int:
    return int(seconds * 1000)
