"""The status of jobs now, as DescribeJobs and ListJobs show it, and the ECS tasks that they run as."""

import re
import shlex
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from reconciler.model import Json, Spec
from reconciler.sandbox.core.state import AccountState, Record
from reconciler.sandbox.jobs.requests import SLEEP, UNITS, body_of
from reconciler.sandbox.jobs.scheduler import blocked_reason, needs_met
from reconciler.sandbox.jobs.timeline import JOB, JobRun, line_of, members_of, run_of
from reconciler.sandbox.resources.definitions import targets
from reconciler.sandbox.resources.environments import FARGATE

# The nodes of multi-node parallel jobs: `<job>#<index>`, each with a container, all with the course of their job.

MARK = "#"
FORMS = ("container", "ecsProperties", "eksProperties")


def node_count(record: Record) -> int:
    """Return how many nodes a job has; none unless it is a multi-node parallel job."""
    return int(record.hidden.get("nodes", 0))


def nodes_of(record: Record) -> Iterator[Record]:
    """Yield the nodes of a job, which have no rows of their own."""
    return (_node(record, index) for index in range(node_count(record)))


def node_named(record: Record, index: str) -> Record | None:
    return _node(record, int(index)) if index.isdecimal() and int(index) < node_count(record) else None


def main_node(record: Record) -> Record:
    """Return the node that speaks for a job with nodes; of others the job itself."""
    return _node(record, record.hidden["main"]) if node_count(record) and _index(record) is None else record


def node_summary(record: Record) -> dict[str, Json]:
    """Return what ListJobs shows of a job with nodes, or of a node (NodePropertiesSummary).

    Clients distinguish a job from a node by `numNodes`, as they distinguish an array from its child by `size`.
    """
    shown = _details(record) or ({"numNodes": node_count(record)} if node_count(record) else {})
    return {"nodeProperties": shown} if shown else {}


def node_details(record: Record) -> dict[str, Json]:
    """Return what DescribeJobs shows of a node beside its container."""
    details = _details(record)
    return {"nodeDetails": details} if details else {}


def body_of_node(node: Record, properties: Spec) -> dict[str, Json]:
    """Return what a node runs: of ranges that overlap, the later one has it (NodeRangeProperty)."""
    index, count = _index(node), node_count(node)
    ranges = [each for each in properties["nodeRangeProperties"] if index in targets(each["targetNodes"], count)]
    return {form: each[form] for each in ranges[-1:] for form in FORMS if form in each}


def _node(record: Record, index: int) -> Record:
    return replace(record, arn=f"{record.arn}{MARK}{index}", tags={})


def _details(record: Record) -> dict[str, Json]:
    index = _index(record)
    return {} if index is None else {"nodeIndex": index, "isMainNode": index == record.hidden.get("main")}


def _index(record: Record) -> int | None:
    _, mark, index = record.arn.rpartition(MARK)
    return int(index) if mark else None


WAITS = ("SUBMITTED", "PENDING", "RUNNABLE")
ENDED = ("SUCCEEDED", "FAILED")
STATUSES = (*WAITS, "STARTING", "RUNNING", *ENDED)
CHILD_FAILED = "Array Child Job failed"


@dataclass(frozen=True, slots=True)
class JobStatus:
    """The status of a job now. `run`: None while it waits, and for the parent of an array."""

    status: str
    reason: str = ""
    run: JobRun | None = None
    children: Mapping[str, int] | None = None  # how many of an array have which status


def job_id(record: Record) -> str:
    return record.arn.rsplit("/", 1)[1]


def child_of(parent: Record, index: int) -> Record:
    return replace(parent, arn=f"{parent.arn}:{index}", tags={})


def record_of_member(record: Record, member: str) -> Record:
    """Return the record of a job that runs for a job: a child of the array, or itself."""
    _, colon, index = member.partition(":")
    return child_of(record, int(index)) if colon else record


def job_status_of(account_state: AccountState, record: Record) -> JobStatus:
    job = job_id(record).partition(MARK)[0]  # a node stands where its job does
    children = members_of(account_state, job)
    if children != (job,):
        return _array_status(account_state, record, children)
    return _job_status(account_state, job, record.body["jobQueue"])


def status_of(account_state: AccountState, job: str, queue: str) -> str:
    """Return the status of a job that is no array."""
    return _job_status(account_state, job, queue).status


def _job_status(account_state: AccountState, job: str, queue: str) -> JobStatus:
    run = run_of(account_state, job)
    if run:
        status = run.status(account_state.now)
        return JobStatus(status, run.reason if status in ENDED else "", run)
    waiting = line_of(account_state, queue).get(job)
    if waiting is None or account_state.now < waiting["runnable"]:
        return JobStatus("SUBMITTED")
    if not needs_met(account_state, waiting):
        return JobStatus("PENDING")
    return JobStatus("RUNNABLE", blocked_reason(account_state, queue, job))


def _array_status(account_state: AccountState, record: Record, children: tuple[str, ...]) -> JobStatus:
    """A parent is PENDING from when a child is RUNNABLE until all have ended (AWS Batch User Guide, 'Job states')."""
    counted = Counter(status_of(account_state, child, record.body["jobQueue"]) for child in children)
    counts = {status: counted[status] for status in STATUSES}
    if counted["SUBMITTED"] == len(children):
        return JobStatus("SUBMITTED", children=counts)
    if sum(counted[status] for status in ENDED) < len(children):
        return JobStatus("PENDING", children=counts)
    failed = counted["FAILED"] > 0
    return JobStatus("FAILED" if failed else "SUCCEEDED", CHILD_FAILED if failed else "", children=counts)


# The ECS tasks that jobs run as: how they are called, where they run, and where their containers write logs.

# What a job prints: nothing is executed, so the `echo`s and `sleep`s of its command say it.

SCRIPT = re.compile(r"-[a-z]*c")  # the option of a shell before its script
NEXT = re.compile(r"&&|\|\||;|\n")
ECHO = re.compile(r"echo(?: -[ne]+)*\s+(.*)", re.DOTALL)
SILENT = "The sandbox executes nothing"


def output_of(command: Sequence[str]) -> list[tuple[float, str]]:
    """Return the lines that a command prints, each with the seconds after which it does."""
    return list(_echoes(command)) or [(0.0, f"{SILENT}: {shlex.join(command)}" if command else SILENT)]


def _echoes(command: Sequence[str]) -> Iterator[tuple[float, str]]:
    scripts = [script for option, script in pairwise(command) if SCRIPT.fullmatch(option)]
    after = 0.0
    for statement in NEXT.split(scripts[0] if scripts else shlex.join(command)):
        if slept := SLEEP.search(statement):
            after += float(slept[1]) * UNITS[slept[2]]
        elif echoed := ECHO.fullmatch(statement.strip()):
            yield after, _unquoted(echoed[1])


def _unquoted(text: str) -> str:
    try:
        return " ".join(shlex.split(text))
    except ValueError:  # a quote that is not closed
        return text


GROUP = "/aws/batch/job"  # where logs go unless the definition names a group (User Guide, 'awslogs')
DRIVER = "awslogs"
DEFAULT = "default"  # the name of the one container of a job that names none


@dataclass(frozen=True, slots=True)
class LogStream:
    """The log of one container in one attempt, as far as it is written."""

    group: str
    name: str
    events: tuple[tuple[int, str], ...]  # milliseconds since the epoch, and the message


def task_state(account_state: AccountState, record: Record, run: JobRun, attempt: int) -> dict[str, Json]:
    """Return what a description shows of the task of an attempt: each has a task of its own."""
    instance = _instance(account_state, run)
    return {
        "taskArn": account_state.arn("task", task_id(record, attempt), "ecs"),
        **({"containerInstanceArn": instance} if instance else {}),
    }


def stream_name(record: Record, container: Spec, attempt: int) -> str:
    """Return the name of a container's log stream; none with a driver that does not write to CloudWatch Logs."""
    log = container.get("logConfiguration", {})
    if log.get("logDriver", DRIVER) != DRIVER:
        return ""
    definition = record.body["jobDefinition"].rsplit("/", 1)[1].partition(":")[0]
    prefix = log.get("options", {}).get("awslogs-stream-prefix", definition)
    return f"{prefix}/{container.get('name', DEFAULT)}/{task_id(record, attempt)}"


def stream_of(record: Record, container: Spec, attempt: int) -> dict[str, Json]:
    """Return the member of a description that names the log stream."""
    name = stream_name(record, container, attempt)
    return {"logStreamName": name} if name else {}


def log_streams(account_state: AccountState) -> Iterator[LogStream]:
    """Yield the logs of all jobs that have run or run now."""
    for row in account_state.rows(JOB).values():
        record = Record.of(row)
        definition = account_state.find("job-definition", record.body["jobDefinition"])
        if definition is None:
            continue
        body = body_of(definition.body, record.body)
        for member in members_of(account_state, job_id(record)):
            if run := run_of(account_state, member):
                yield from _streams(account_state, record_of_member(record, member), body, run)


def _streams(account_state: AccountState, record: Record, body: Mapping[str, Json], run: JobRun) -> Iterator[LogStream]:
    for writer, container in _writers(record, body):
        for attempt, (runs, stops) in enumerate(run.attempts):
            name = stream_name(writer, container, attempt)
            if name and runs <= account_state.now:
                group = container.get("logConfiguration", {}).get("options", {}).get("awslogs-group", GROUP)
                events = (*_events(container, runs, min(stops, account_state.now)), *_end(container, run, stops))
                yield LogStream(group, name, tuple(event for event in events if event[0] <= account_state.now * 1000))


def _events(container: Spec, runs: float, until: float) -> Iterator[tuple[int, str]]:
    for after, line in output_of(container.get("command", ())):
        if runs + after <= until:
            yield int((runs + after) * 1000), line


def _end(container: Spec, run: JobRun, stops: float) -> Iterator[tuple[int, str]]:
    """Yield how a command ends that prints nothing itself."""
    is_silent = not any(_echoes(container.get("command", ())))
    if is_silent and run.exit_code is not None and not run.by:
        yield int(stops * 1000), f"exit {run.exit_code}"


def _writers(record: Record, body: Mapping[str, Json]) -> Iterator[tuple[Record, Spec]]:
    """Yield the containers that write logs, each with the job or the node that it belongs to."""
    if "container" in body:
        yield record, body["container"]
    elif "ecsProperties" in body:
        yield from ((record, each) for task in body["ecsProperties"]["taskProperties"] for each in task["containers"])
    elif "nodeProperties" in body:
        for node in nodes_of(record):
            yield from _writers(node, body_of_node(node, body["nodeProperties"]))


def task_id(record: Record, attempt: int) -> str:
    return uuid.uuid5(uuid.NAMESPACE_URL, f"{record.arn}#{attempt}").hex


def _instance(account_state: AccountState, run: JobRun) -> str:
    """Return the instance that a task runs on, one for each environment; there is none on Fargate."""
    environment = account_state.find("compute-environment", run.environment)
    if environment is None or environment.body.get("computeResources", {}).get("type") in FARGATE:
        return ""
    cluster = environment.body.get("ecsClusterArn", "").rpartition("/")[2]
    instance = uuid.uuid5(uuid.NAMESPACE_URL, environment.arn).hex
    return account_state.arn("container-instance", f"{cluster}/{instance}", "ecs") if cluster else ""


# Members of the submission, or else of the definition, that a description repeats.
REPEATED = ("retryStrategy", "timeout", "propagateTags", "platformCapabilities", "shareIdentifier")


def describe_job(account_state: AccountState, record: Record) -> dict[str, Json]:
    body, job_status = record.body, job_status_of(account_state, record)
    found = account_state.find("job-definition", body["jobDefinition"])
    definition = found.body if found else {}
    repeated = {m: source[m] for m in REPEATED for source in (definition, body) if m in source}
    parts = _parts(account_state, record, definition, job_status)
    return {
        **_identity(record),
        "jobQueue": body["jobQueue"],
        "jobDefinition": body["jobDefinition"],
        **_attempts(account_state, record, parts, job_status.run),
        "dependsOn": list(body.get("dependsOn", ())),
        "parameters": {**definition.get("parameters", {}), **body.get("parameters", {})},
        "tags": record.tags,
        **repeated,
        **_consumables(record),
        **_priority(definition, body),
        **parts,
        **_array(record, job_status),
        **node_details(record),
        **progress(account_state, job_status),
    }


def summarize_job(account_state: AccountState, record: Record) -> dict[str, Json]:
    body, job_status = record.body, job_status_of(account_state, record)
    share = {"shareIdentifier": body["shareIdentifier"]} if "shareIdentifier" in body else {}
    code = _exit_code(account_state, job_status)
    return {
        **_identity(record),
        "jobDefinition": body["jobDefinition"],
        **share,
        **({"container": code} if code else {}),
        **_array(record, job_status),
        **node_summary(record),
        **progress(account_state, job_status),
    }


def progress(account_state: AccountState, job_status: JobStatus) -> dict[str, Json]:
    """Return status, its reason, and when what happened."""
    shown: dict[str, Json] = {"status": job_status.status}
    if job_status.reason:
        shown["statusReason"] = job_status.reason
    run = job_status.run
    if run is None:
        return shown
    begun = [runs for runs, _ in run.attempts if runs <= account_state.now]
    if begun:
        shown["startedAt"] = _milliseconds(begun[-1])
    if account_state.now >= run.ends:
        shown["stoppedAt"] = _milliseconds(run.ends)
        # A cancellation is shown once it has been accepted, in either field (JobDetail, JobSummary).
        if run.by:
            shown[run.by] = True
    return shown


def attempts(account_state: AccountState, run: JobRun | None) -> list[dict[str, Json]]:
    """Return the attempts that are over."""
    return list(_over(account_state, run)) if run else []


def _over(account_state: AccountState, run: JobRun) -> Iterator[dict[str, Json]]:
    reason = {"statusReason": run.reason} if run.reason else {}
    for runs, stops in run.attempts:
        if stops <= account_state.now:
            yield {"startedAt": _milliseconds(runs), "stoppedAt": _milliseconds(stops), **reason}


def _identity(record: Record) -> dict[str, Json]:
    return {
        "jobArn": record.arn,
        "jobId": job_id(record),
        "jobName": record.name,
        "createdAt": record.body["createdAt"],
    }


def _array(record: Record, job_status: JobStatus) -> dict[str, Json]:
    if job_status.children is None:
        _, colon, index = job_id(record).partition(":")
        return {"arrayProperties": {"index": int(index)}} if colon else {}
    size = record.body["arrayProperties"]["size"]
    return {"arrayProperties": {"size": size, "statusSummary": dict(job_status.children)}}


def _attempts(
    account_state: AccountState, record: Record, parts: Mapping[str, Json], run: JobRun | None
) -> dict[str, Json]:
    """Return the attempts that are over; those on Kubernetes have a list of their own (JobDetail).

    Of a job with nodes they are those of the main node: Airflow looks for its log there.
    """
    if "nodeProperties" in parts and not node_details(record):
        record = main_node(record)
        parts = body_of_node(record, parts["nodeProperties"])
    over = attempts(account_state, run)
    if run is None or not over:
        return {"attempts": [], **({"eksAttempts": []} if "eksProperties" in parts else {})}
    code = {} if run.exit_code is None else {"exitCode": run.exit_code}
    if "eksProperties" in parts:
        pod = parts["eksProperties"].get("podProperties", {})
        containers = [{"name": each.get("name", "Default"), **code} for each in pod.get("containers", ())]
        ended = [{**each, **_pod(record, n), "containers": containers} for n, each in enumerate(over)]
        return {"attempts": [], "eksAttempts": ended}
    shown = (_attempt(account_state, record, parts, run, number, code) for number in range(len(over)))
    return {"attempts": [{**each, **more} for each, more in zip(over, shown, strict=True)]}


def _attempt(
    account_state: AccountState,
    record: Record,
    parts: Mapping[str, Json],
    run: JobRun,
    number: int,
    code: Mapping[str, Json],
) -> dict[str, Json]:
    """Return the containers of an attempt (AttemptDetail)."""
    task = task_state(account_state, record, run, number)
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


def _parts(
    account_state: AccountState, record: Record, definition: Mapping[str, Json], job_status: JobStatus
) -> dict[str, Json]:
    """Return what the job runs, with what has become of it so far."""
    parts = body_of(definition, record.body) if definition else {}
    if "nodeProperties" in parts and node_details(record):
        parts = body_of_node(record, parts["nodeProperties"])
    run = job_status.run
    if run is None or not run.attempts or account_state.now < run.starts:
        return {**parts, **({"container": _idle(parts["container"])} if "container" in parts else {})}
    begun = sum(1 for runs, _ in run.attempts if runs <= account_state.now)
    number, code = max(begun - 1, 0), _exit_code(account_state, job_status)
    task = task_state(account_state, record, run, number)
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


def _exit_code(account_state: AccountState, job_status: JobStatus) -> dict[str, Json]:
    run = job_status.run
    if run is None or run.exit_code is None or account_state.now < run.ends:
        return {}
    return {"exitCode": run.exit_code}


def _consumables(record: Record) -> dict[str, Json]:
    takes = record.hidden["takes"]
    listed = [{"consumableResource": arn, "quantity": quantity} for arn, quantity in takes.items()]
    return {"consumableResourceProperties": {"consumableResourceList": listed}} if listed else {}


def _priority(definition: Mapping[str, Json], body: Mapping[str, Json]) -> dict[str, Json]:
    priority = body.get("schedulingPriorityOverride", definition.get("schedulingPriority"))
    return {} if priority is None else {"schedulingPriority": priority}


def _milliseconds(seconds: float) -> int:
    return int(seconds * 1000)
