"""What has become of jobs: a response of DescribeJobs as values that are safe to show."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.model import Json, Spec
from reconciler.ports import Cloud

AT_ONCE = 100  # jobs that one call describes (DescribeJobs, jobs)
SUCCEEDED, FAILED = "SUCCEEDED", "FAILED"
ENDED = (SUCCEEDED, FAILED)
STARTED = ("STARTING", "RUNNING")
WAITING = ("SUBMITTED", "PENDING", "RUNNABLE")
GROUP = "/aws/batch/job"  # where logs go unless the definition names a group (AWS Batch User Guide, 'awslogs')
DRIVER = "awslogs"


@dataclass(frozen=True, slots=True)
class LogPlace:
    """A log stream of one container in one attempt, the first of which is 1."""

    group: str
    stream: str
    attempt: int = 1
    container: str = ""  # its name, where a job has several


@dataclass(frozen=True, slots=True, kw_only=True)
class JobState:
    """A job as AWS describes it, without what its environment and parameters hold. Times are in milliseconds."""

    id: str
    name: str
    queue: str
    definition: str  # NAME:REVISION
    status: str
    reason: str = ""
    exit_code: int | None = None
    container_reason: str = ""
    created: int | None = None
    started: int | None = None
    stopped: int | None = None
    attempts: int = 0  # that are over
    array_size: int | None = None  # of a parent
    children: Mapping[str, int] = field(default_factory=dict)  # how many children of a parent have which status
    nodes: int | None = None
    main_node: int | None = None
    pods: tuple[str, ...] = ()
    logs: tuple[LogPlace, ...] = ()

    @property
    def has_ended(self) -> bool:
        return self.status in ENDED

    @property
    def cause(self) -> str:
        """Why it has its status, as far as AWS says: its own reason, and that of its container."""
        return "; ".join(dict.fromkeys(text for text in (self.reason, self.container_reason) if text))


def describe(cloud: Cloud, ids: Sequence[str]) -> Mapping[str, Spec]:
    """Return the responses of DescribeJobs by the identifiers that were asked for; unknown jobs are missing."""
    found: dict[str, Spec] = {}
    wanted = list(dict.fromkeys(ids))
    for start in range(0, len(wanted), AT_ONCE):
        page = wanted[start : start + AT_ONCE]
        for detail in cloud.call("DescribeJobs", {"jobs": page}).get("jobs") or ():
            names = (detail.get("jobId"), detail.get("jobArn"))
            found |= {name: detail for name in names if isinstance(name, str)}
    return {name: found[name] for name in wanted if name in found}


def states_of(cloud: Cloud, ids: Sequence[str]) -> dict[str, JobState]:
    """Return the states of jobs by the identifiers that were asked for; unknown jobs are missing."""
    return {name: state_of(detail) for name, detail in describe(cloud, ids).items()}


def state_of(detail: Spec) -> JobState:
    array, nodes = detail.get("arrayProperties") or {}, detail.get("nodeProperties") or {}
    code, why = _ending(detail)
    pods = tuple(_pods(detail))
    return JobState(
        id=str(detail["jobId"]),
        name=str(detail.get("jobName", "")),
        queue=str(detail.get("jobQueue", "")).rpartition("/")[2],
        definition=str(detail.get("jobDefinition", "")).rpartition("/")[2],
        status=str(detail.get("status", "")),
        reason=str(detail.get("statusReason") or ""),
        exit_code=code,
        container_reason=why,
        created=detail.get("createdAt"),
        started=detail.get("startedAt") or None,
        stopped=detail.get("stoppedAt") or None,
        attempts=len(detail.get("attempts") or detail.get("eksAttempts") or ()),
        array_size=array.get("size"),
        children={status: count for status, count in (array.get("statusSummary") or {}).items() if count},
        nodes=nodes.get("numNodes"),
        main_node=nodes.get("mainNode"),
        pods=pods,
        logs=tuple(_logs(detail)),
    )


def _ending(detail: Spec) -> tuple[int | None, str]:
    """Return the exit code and the reason of the container that failed, or of the last one."""
    ends = [
        (each.get("exitCode"), str(each.get("reason") or ""))
        for each in _containers(detail)
        if each.get("exitCode") is not None or each.get("reason")
    ]
    failed = [end for end in ends if end[0]]
    return next(iter(failed or ends[-1:]), (None, ""))


def _containers(detail: Spec) -> Iterator[Spec]:
    if container := detail.get("container"):
        yield container
    for task in (detail.get("ecsProperties") or {}).get("taskProperties") or ():
        yield from task.get("containers") or ()
    pod = (detail.get("eksProperties") or {}).get("podProperties") or {}
    yield from (*(pod.get("initContainers") or ()), *(pod.get("containers") or ()))


def _pods(detail: Spec) -> Iterator[str]:
    names = [each.get("podName") for each in detail.get("eksAttempts") or ()]
    names.append(((detail.get("eksProperties") or {}).get("podProperties") or {}).get("podName"))
    yield from dict.fromkeys(name for name in names if name)


def _logs(detail: Spec) -> Iterator[LogPlace]:
    """Yield the streams of all attempts in order. A definition has one group for all attempts of a container."""
    groups = {str(each.get("name") or ""): _group(each) for each in _containers(detail)}
    attempts = [list(_streams_of(attempt)) for attempt in detail.get("attempts") or ()]
    now = [
        (str(each.get("name") or ""), str(each["logStreamName"]))
        for each in _containers(detail)
        if each.get("logStreamName")
    ]
    known = {stream for attempt in attempts for _, stream in attempt}
    if any(stream not in known for _, stream in now):
        attempts.append(now)
    for number, streams in enumerate(attempts, start=1):
        for name, stream in streams:
            yield LogPlace(groups.get(name, GROUP), stream, number, name)


def _streams_of(attempt: Spec) -> Iterator[tuple[str, str]]:
    containers = [attempt.get("container") or {}]
    containers += [each for task in attempt.get("taskProperties") or () for each in task.get("containers") or ()]
    yield from (
        (str(each.get("name") or ""), str(each["logStreamName"])) for each in containers if each.get("logStreamName")
    )


def _group(container: Spec) -> str:
    log: Json = container.get("logConfiguration") or {}
    return str((log.get("options") or {}).get("awslogs-group") or GROUP)
