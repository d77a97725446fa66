"""Waiting for jobs, and why a job does not start."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.jobs.states import ENDED, FAILED, JobState, describe, state_of, states_of
from reconciler.model import Spec
from reconciler.placement.catalogue import catalogue
from reconciler.placement.needs import job_need
from reconciler.placement.queues import pool_of
from reconciler.placement.verdicts import Feasibility, best
from reconciler.ports import Clock, Cloud
from reconciler.problems import CloudError, Exit, Fault, Stopped

ORDER = ("SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING")
FIRST_PAUSE, LONGEST_PAUSE, GROWTH = 2.0, 30.0, 1.5  # seconds between two looks at jobs
UNSEEN = 30.0  # seconds for which a job that was just submitted may not be described yet
PATIENCE, REPEAT = 60.0, 300.0  # seconds until it is asked why a job does not start, and until it is asked again
KEPT = "AWS Batch keeps jobs for at least 7 days after their end"  # AWS Batch User Guide, 'Job states'


@dataclass(frozen=True, slots=True)
class WaitedJobs:
    """The jobs that were waited for, as they were last seen."""

    states: tuple[JobState, ...]
    is_timed_out: bool = False

    @property
    def exit(self) -> Exit:
        if any(state.status == FAILED for state in self.states):
            return Exit.UNHEALTHY
        return Exit.TIMED_OUT if self.is_timed_out else Exit.DONE


def known_jobs(cloud: Cloud, ids: Sequence[str]) -> dict[str, JobState]:
    """Return the states of jobs. Raises `Stopped` if one of them is not known."""
    states = states_of(cloud, ids)
    missing = [id_ for id_ in ids if id_ not in states]
    if missing:
        raise Stopped(
            f"{', '.join(missing)}: no such job in {cloud.identity().region}",
            hint=f"{KEPT}; check the id, --region and --profile",
        )
    return states


def wait_for(
    cloud: Cloud,
    clock: Clock,
    ids: Sequence[str],
    look: Callable[[Sequence[JobState]], None],
    *,
    until: str = "",
    timeout: float | None = None,
) -> WaitedJobs:
    """Look at jobs until all have ended, or have come to a status. Raises `Stopped` for a job that is not known.

    `look` gets the jobs that have not been there at the look before, each time they are looked at.
    """
    begun, pause = clock.now(), FIRST_PAUSE
    states: dict[str, JobState] = {}
    open_ = list(dict.fromkeys(ids))
    while True:
        seen = states_of(cloud, open_)
        states |= seen
        look(tuple(seen.values()))
        unseen = [id_ for id_ in open_ if id_ not in states]
        if unseen and clock.now() - begun >= UNSEEN:
            known_jobs(cloud, unseen)
        open_ = [id_ for id_ in open_ if id_ not in states or not _has_come_to(states[id_], until)]
        left = None if timeout is None else begun + timeout - clock.now()
        if not open_ or (left is not None and left <= 0):
            return WaitedJobs(tuple(states[id_] for id_ in dict.fromkeys(ids) if id_ in states), bool(open_))
        clock.sleep(pause if left is None else min(pause, left))
        pause = min(pause * GROWTH, LONGEST_PAUSE)


def _has_come_to(state: JobState, until: str) -> bool:
    if state.status in ENDED or not until:
        return state.status in ENDED
    return state.status in ORDER and until in ORDER and ORDER.index(state.status) >= ORDER.index(until)


@dataclass(slots=True)
class Transitions:
    """Tells the changes of status of jobs, and why a job does not start, which is asked for once in a while."""

    cloud: Cloud
    clock: Clock
    changed: Callable[[JobState], None]
    waits: Callable[[JobState, str], None]
    statuses: dict[str, str]
    asked: dict[str, float]  # by job: when it was last asked, or since when it has its status

    def look(self, states: Sequence[JobState]) -> None:
        now = self.clock.now()
        for state in states:
            if self.statuses.get(state.id) != state.status:
                self.statuses[state.id], self.asked[state.id] = state.status, now - REPEAT + PATIENCE
                self.changed(state)
        for state in states:
            if state.status in ("PENDING", "RUNNABLE") and now - self.asked[state.id] >= REPEAT:
                for other in states:  # one answer is enough for all that wait with it
                    self.asked[other.id] = now
                if why := why_waiting(self.cloud, state):
                    self.waits(state, why)
                break


def transitions(
    cloud: Cloud, clock: Clock, changed: Callable[[JobState], None], waits: Callable[[JobState, str], None]
) -> Transitions:
    return Transitions(cloud, clock, changed, waits, {}, {})


def why_waiting(cloud: Cloud, state: JobState) -> str:
    """Return why a job does not start: AWS's reason, its place in the queue, and whether it ever can."""
    detail = describe(cloud, [state.id]).get(state.id)
    if detail is None:
        return state.reason
    now = state_of(detail)
    if now.status == "PENDING":
        return now.reason or (_children(now) if now.children else "it waits for the jobs that it depends on")
    return "; ".join(filter(None, (now.reason, _place_of(cloud, detail), *_of_queue(cloud, detail))))


def _children(state: JobState) -> str:
    return "its children are " + ", ".join(f"{count} {status}" for status, count in state.children.items())


def _place_of(cloud: Cloud, detail: Spec) -> str:
    """Return where the job stands among the first 100 RUNNABLE jobs of its queue (GetJobQueueSnapshot)."""
    snapshot = _answer(cloud, "GetJobQueueSnapshot", {"jobQueue": detail["jobQueue"]})
    front = (snapshot.get("frontOfQueue") or {}).get("jobs") or ()
    arns = [str(each.get("jobArn", "")) for each in front]
    arn = str(detail.get("jobArn", ""))
    if arn in arns:
        return f"it is number {arns.index(arn) + 1} in the queue"
    return f"it is not among the first {len(arns)} in the queue" if arns else ""


def _of_queue(cloud: Cloud, detail: Spec) -> Iterator[str]:
    queues = _answer(cloud, "DescribeJobQueues", {"jobQueues": [detail["jobQueue"]]}).get("jobQueues") or ()
    for queue in queues:
        if queue.get("state") == "DISABLED":
            yield f"the queue {queue['jobQueueName']} is DISABLED"
        arns = [each["computeEnvironment"] for each in queue.get("computeEnvironmentOrder") or ()]
        if not arns:
            continue
        found = _answer(cloud, "DescribeComputeEnvironments", {"computeEnvironments": arns})
        environments = {each["computeEnvironmentArn"]: each for each in found.get("computeEnvironments") or ()}
        for each in environments.values():
            if each.get("state") == "DISABLED" or each.get("status") != "VALID":
                sick = each.get("status") if each.get("status") != "VALID" else "DISABLED"
                reason = f" ({each['statusReason']})" if each.get("statusReason") and sick != "DISABLED" else ""
                yield f"{each['computeEnvironmentName']} is {sick}{reason}"
        yield from _verdict(queue, environments, detail)


def _verdict(queue: Spec, environments: Mapping[str, Spec], detail: Spec) -> Iterator[str]:
    """Yield that the job can never start, and the number to change, where that is certain."""
    name = str(queue["jobQueueName"])
    pool = pool_of({name: queue}, environments, {}, catalogue())
    body = {
        "containerProperties": detail.get("container"),
        **{form: detail.get(form) for form in ("ecsProperties", "eksProperties", "nodeProperties")},
        "platformCapabilities": detail.get("platformCapabilities") or ("EC2",),
    }
    pairs = list(pool.pairs(job_need({member: value for member, value in body.items() if value}), (name,)))
    verdict = best(pair.verdict for pair in pairs)
    if verdict and verdict.outcome is Feasibility.NEVER:
        yield f"it can never start there: it {verdict.reason}"


def _answer(cloud: Cloud, operation: str, request: Spec) -> Spec:
    """Return an answer that only explains; an empty one where it is denied, or not offered by an endpoint."""
    try:
        return cloud.call(operation, request)
    except CloudError as error:
        if error.fault not in (Fault.DENIED, Fault.REFUSED):
            raise
        return {}
