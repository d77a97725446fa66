"""The status of a job now: in line, on its course, as the parent of an array, or as a node of a multi-node job."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from reconciler.model import Json, Spec
from reconciler.sandbox.core.state import AccountState, Record
from reconciler.sandbox.jobs.scheduler import blocked_reason, needs_met
from reconciler.sandbox.jobs.timeline import JobRun, course_of, line_of, members_of
from reconciler.sandbox.resources.definitions import targets

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

    Clients tell a job from a node by `numNodes`, as they tell an array from its child by `size`.
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
    """Where a job stands now. `course`: None while it waits, and for the parent of an array."""

    status: str
    reason: str = ""
    course: JobRun | None = None
    children: Mapping[str, int] | None = None  # how many of an array have which status


def job_id(record: Record) -> str:
    return record.arn.rsplit("/", 1)[1]


def child_of(parent: Record, index: int) -> Record:
    return replace(parent, arn=f"{parent.arn}:{index}", tags={})


def record_of_member(record: Record, member: str) -> Record:
    """Return the record of a job that runs for a job: a child of the array, or itself."""
    _, colon, index = member.partition(":")
    return child_of(record, int(index)) if colon else record


def standing_of(account_state: AccountState, record: Record) -> JobStatus:
    job = job_id(record).partition(MARK)[0]  # a node stands where its job does
    children = members_of(account_state, job)
    if children != (job,):
        return _array_standing(account_state, record, children)
    return _standing(account_state, job, record.body["jobQueue"])


def status_of(account_state: AccountState, job: str, queue: str) -> str:
    """Return the status of a job that is no array."""
    return _standing(account_state, job, queue).status


def _standing(account_state: AccountState, job: str, queue: str) -> JobStatus:
    course = course_of(account_state, job)
    if course:
        status = course.status(account_state.now)
        return JobStatus(status, course.reason if status in ENDED else "", course)
    waiting = line_of(account_state, queue).get(job)
    if waiting is None or account_state.now < waiting["runnable"]:
        return JobStatus("SUBMITTED")
    if not needs_met(account_state, waiting):
        return JobStatus("PENDING")
    return JobStatus("RUNNABLE", blocked_reason(account_state, queue, job))


def _array_standing(account_state: AccountState, record: Record, children: tuple[str, ...]) -> JobStatus:
    """A parent is PENDING from when a child is RUNNABLE until all have ended (AWS Batch User Guide, 'Job states')."""
    counted = Counter(status_of(account_state, child, record.body["jobQueue"]) for child in children)
    counts = {status: counted[status] for status in STATUSES}
    if counted["SUBMITTED"] == len(children):
        return JobStatus("SUBMITTED", children=counts)
    if sum(counted[status] for status in ENDED) < len(children):
        return JobStatus("PENDING", children=counts)
    failed = counted["FAILED"] > 0
    return JobStatus("FAILED" if failed else "SUCCEEDED", CHILD_FAILED if failed else "", children=counts)
