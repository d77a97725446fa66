"""Jobs as DescribeJobs and ListJobs show them."""

from collections.abc import Iterator, Mapping

from reconciler.model import Json, Spec
from reconciler.sandbox.core.state import AccountState, Record
from reconciler.sandbox.jobs.job_status import (
    JobStatus,
    body_of_node,
    job_id,
    main_node,
    node_details,
    node_summary,
    standing_of,
)
from reconciler.sandbox.jobs.requests import body_of
from reconciler.sandbox.jobs.tasks import stream_of, task_id, task_state
from reconciler.sandbox.jobs.timeline import Course

# Members of the submission, or else of the definition, that a description repeats.
REPEATED = ("retryStrategy", "timeout", "propagateTags", "platformCapabilities", "shareIdentifier")


def described(world: AccountState, record: Record) -> dict[str, Json]:
    body, standing = record.body, standing_of(world, record)
    found = world.find("job-definition", body["jobDefinition"])
    definition = found.body if found else {}
    repeated = {m: source[m] for m in REPEATED for source in (definition, body) if m in source}
    parts = _parts(world, record, definition, standing)
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
        **node_details(record),
        **progress(world, standing),
    }


def summary(world: AccountState, record: Record) -> dict[str, Json]:
    body, standing = record.body, standing_of(world, record)
    share = {"shareIdentifier": body["shareIdentifier"]} if "shareIdentifier" in body else {}
    code = _exit_code(world, standing)
    return {
        **_identity(record),
        "jobDefinition": body["jobDefinition"],
        **share,
        **({"container": code} if code else {}),
        **_array(record, standing),
        **node_summary(record),
        **progress(world, standing),
    }


def progress(world: AccountState, standing: JobStatus) -> dict[str, Json]:
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


def attempts(world: AccountState, course: Course | None) -> list[dict[str, Json]]:
    """Return the attempts that are over."""
    return list(_over(world, course)) if course else []


def _over(world: AccountState, course: Course) -> Iterator[dict[str, Json]]:
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


def _array(record: Record, standing: JobStatus) -> dict[str, Json]:
    if standing.children is None:
        _, colon, index = job_id(record).partition(":")
        return {"arrayProperties": {"index": int(index)}} if colon else {}
    size = record.body["arrayProperties"]["size"]
    return {"arrayProperties": {"size": size, "statusSummary": dict(standing.children)}}


def _attempts(world: AccountState, record: Record, parts: Mapping[str, Json], course: Course | None) -> dict[str, Json]:
    """Return the attempts that are over; those on Kubernetes have a list of their own (JobDetail).

    Of a job with nodes they are those of the main node: Airflow looks for its log there.
    """
    if "nodeProperties" in parts and not node_details(record):
        record = main_node(record)
        parts = body_of_node(record, parts["nodeProperties"])
    over = attempts(world, course)
    if course is None or not over:
        return {"attempts": [], **({"eksAttempts": []} if "eksProperties" in parts else {})}
    code = {} if course.exit_code is None else {"exitCode": course.exit_code}
    if "eksProperties" in parts:
        pod = parts["eksProperties"].get("podProperties", {})
        containers = [{"name": each.get("name", "Default"), **code} for each in pod.get("containers", ())]
        ended = [{**each, **_pod(record, n), "containers": containers} for n, each in enumerate(over)]
        return {"attempts": [], "eksAttempts": ended}
    shown = (_attempt(world, record, parts, course, number, code) for number in range(len(over)))
    return {"attempts": [{**each, **more} for each, more in zip(over, shown, strict=True)]}


def _attempt(
    world: AccountState,
    record: Record,
    parts: Mapping[str, Json],
    course: Course,
    number: int,
    code: Mapping[str, Json],
) -> dict[str, Json]:
    """Return the containers of an attempt (AttemptDetail)."""
    task = task_state(world, record, course, number)
    if "ecsProperties" in parts:
        tasks = parts["ecsProperties"]["taskProperties"]
        shown = [
            {**task, "containers": [_written(record, c, number, code) for c in each["containers"]]} for each in tasks
        ]
        return {"taskProperties": shown}
    return {"container": {**task, **_written(record, parts.get("container", {}), number, code)}}


def _written(record: Record, container: Spec, number: int, code: Mapping[str, Json]) -> dict[str, Json]:
    named = {"name": container["name"]} if "name" in container else {}
    return {**code, **named, **stream_of(record, container, number), "networkInterfaces": []}


def _parts(world: AccountState, record: Record, definition: Mapping[str, Json], standing: JobStatus) -> dict[str, Json]:
    """Return what the job runs, with what has become of it so far."""
    parts = body_of(definition, record.body) if definition else {}
    if "nodeProperties" in parts and node_details(record):
        parts = body_of_node(record, parts["nodeProperties"])
    course = standing.course
    if course is None or not course.attempts or world.now < course.starts:
        return {**parts, **({"container": _idle(parts["container"])} if "container" in parts else {})}
    begun = sum(1 for runs, _ in course.attempts if runs <= world.now)
    number, code = max(begun - 1, 0), _exit_code(world, standing)
    task = task_state(world, record, course, number)
    if "container" in parts:
        stream = stream_of(record, parts["container"], number) if begun else {}
        parts["container"] = {**_idle(parts["container"]), **task, **stream, **code}
    if "ecsProperties" in parts:
        tasks = [
            {**each, **task, "containers": [_run(record, c, number, code, begun=begun) for c in each["containers"]]}
            for each in parts["ecsProperties"]["taskProperties"]
        ]
        parts["ecsProperties"] = {**parts["ecsProperties"], "taskProperties": tasks}
    if "eksProperties" in parts:
        pod = parts["eksProperties"].get("podProperties", {})
        containers = [{**each, **code} for each in pod.get("containers", ())]
        shown = {**pod, **_pod(record, number), "containers": containers}
        parts["eksProperties"] = {**parts["eksProperties"], "podProperties": shown}
    return parts


def _idle(container: Spec) -> dict[str, Json]:
    return {**container, "networkInterfaces": []}


def _run(record: Record, container: Spec, number: int, code: Mapping[str, Json], *, begun: int) -> dict[str, Json]:
    stream = stream_of(record, container, number) if begun else {}
    return {**container, **stream, **code, "networkInterfaces": []}


def _pod(record: Record, number: int) -> dict[str, Json]:
    """Return the name of the pod of an attempt."""
    return {"podName": f"aws-batch.{task_id(record, number)}"}


def _exit_code(world: AccountState, standing: JobStatus) -> dict[str, Json]:
    course = standing.course
    if course is None or course.exit_code is None or world.now < course.ends:
        return {}
    return {"exitCode": course.exit_code}


def _consumables(record: Record) -> dict[str, Json]:
    takes = record.hidden["takes"]
    listed = [{"consumableResource": arn, "quantity": quantity} for arn, quantity in takes.items()]
    return {"consumableResourceProperties": {"consumableResourceList": listed}} if listed else {}


def _priority(definition: Mapping[str, Json], body: Mapping[str, Json]) -> dict[str, Json]:
    priority = body.get("schedulingPriorityOverride", definition.get("schedulingPriority"))
    return {} if priority is None else {"schedulingPriority": priority}


def _milliseconds(seconds: float) -> int:
    return int(seconds * 1000)
