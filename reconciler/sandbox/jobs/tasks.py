"""The ECS tasks that jobs run as: how they are called, where they run, and where their containers write logs."""

import re
import shlex
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from reconciler.model import Json, Spec
from reconciler.sandbox.core.state import AccountState, Record
from reconciler.sandbox.jobs.job_status import body_of_node, job_id, nodes_of, record_of_member
from reconciler.sandbox.jobs.requests import SLEEP, UNITS, body_of
from reconciler.sandbox.jobs.timeline import JOB, Course, course_of, members_of
from reconciler.sandbox.resources.environments import FARGATE

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


GROUP = "/aws/batch/job"  # where logs go unless the definition names another group (User Guide, 'awslogs')
DRIVER = "awslogs"
DEFAULT = "default"  # the name of the one container of a job that names none


@dataclass(frozen=True, slots=True)
class LogStream:
    """The log of one container in one attempt, as far as it is written."""

    group: str
    name: str
    events: tuple[tuple[int, str], ...]  # milliseconds since the epoch, and the message


def task_state(world: AccountState, record: Record, course: Course, attempt: int) -> dict[str, Json]:
    """Return what a description shows of the task of an attempt: each has a task of its own."""
    instance = _instance(world, course)
    return {
        "taskArn": world.arn("task", task_id(record, attempt), "ecs"),
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


def log_streams(world: AccountState) -> Iterator[LogStream]:
    """Yield the logs of all jobs that have run or run now."""
    for row in world.rows(JOB).values():
        record = Record.of(row)
        definition = world.find("job-definition", record.body["jobDefinition"])
        if definition is None:
            continue
        body = body_of(definition.body, record.body)
        for member in members_of(world, job_id(record)):
            if course := course_of(world, member):
                yield from _streams(world, record_of_member(record, member), body, course)


def _streams(world: AccountState, record: Record, body: Mapping[str, Json], course: Course) -> Iterator[LogStream]:
    for writer, container in _writers(record, body):
        for attempt, (runs, stops) in enumerate(course.attempts):
            name = stream_name(writer, container, attempt)
            if name and runs <= world.now:
                group = container.get("logConfiguration", {}).get("options", {}).get("awslogs-group", GROUP)
                yield LogStream(group, name, tuple(_events(container, runs, min(stops, world.now))))


def _events(container: Spec, runs: float, until: float) -> Iterator[tuple[int, str]]:
    for after, line in output_of(container.get("command", ())):
        if runs + after <= until:
            yield int((runs + after) * 1000), line


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


def _instance(world: AccountState, course: Course) -> str:
    """Return the instance that a task runs on, one for each environment; there is none on Fargate."""
    environment = world.find("compute-environment", course.environment)
    if environment is None or environment.body.get("computeResources", {}).get("type") in FARGATE:
        return ""
    cluster = environment.body.get("ecsClusterArn", "").rpartition("/")[2]
    instance = uuid.uuid5(uuid.NAMESPACE_URL, environment.arn).hex
    return world.arn("container-instance", f"{cluster}/{instance}", "ecs") if cluster else ""
