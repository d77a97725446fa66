"""What a plan has to know of AWS: what is live, and then what only some plans need, asked all at once.

Nothing is decided here. What AWS refuses to show is an answer, too: who reads it decides what that stops.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from reconciler.kinds import KINDS
from reconciler.kinds.base import Kind, RevisionUsers
from reconciler.live.jobs import count_by_reason, count_by_status, running_job_ids
from reconciler.live.read import read_all, read_uses
from reconciler.model import Identity, Live
from reconciler.ports import Cloud
from reconciler.problems import CloudError, Fault

T = TypeVar("T")
Counts = Mapping[str, int] | CloudError  # how many, by what they are told apart by; or why that is not known
UNTOLD = ""  # under which the users are counted that do not tell what they use


@dataclass(frozen=True, slots=True)
class LiveRegion:
    """What is live in one account and region.

    `unread` are the kinds of which nothing is known, with the reason. `taken` are deleted resources that AWS still
    shows: nothing else can have their names yet.
    """

    identity: Identity
    live: tuple[Live, ...]
    unread: Mapping[str, CloudError] = field(default_factory=dict)
    taken: tuple[Live, ...] = ()


@dataclass(frozen=True, slots=True)
class Questions:
    """What else a plan has to know; of most plans nothing."""

    uses: tuple[Kind, ...] = ()  # kinds of whose revisions it prunes: which ones jobs use
    running: tuple[Live, ...] = ()  # from which jobs come that it may interrupt: how many run
    held: tuple[Live, ...] = ()  # what it deletes: which jobs are in it


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers to `Questions`. What is None was not asked, and changes nothing in the plan."""

    uses: Mapping[str, Counts] | None = None  # by kind: how many use each revision, by `name:number`
    running: Mapping[str, int | CloudError] | None = None  # by ARN
    held: Mapping[str, Counts] | None = None  # by ARN: how many jobs, by status


UNASKED = Answers()


def read_region(cloud: Cloud) -> LiveRegion:
    """Read everything that a region has, in page calls alone."""
    read = read_all(cloud, KINDS.values())
    return LiveRegion(cloud.identity(), read.live, read.unread, read.taken)


def ask(cloud: Cloud, questions: Questions, region: LiveRegion) -> Answers:
    """Ask AWS everything that a plan has to know beside what is live."""
    return Answers(
        uses=ask_uses(cloud, questions, region).uses,
        running={live.arn: count_running(cloud, live) for live in questions.running},
        held={live.arn: count_jobs(cloud, live) for live in questions.held},
    )


def ask_uses(cloud: Cloud, questions: Questions, region: LiveRegion) -> Answers:
    """Ask which revisions are in use, and nothing of jobs."""
    uses = {
        kind.name: count_uses(cloud, kind.revision_users, region.live) for kind in questions.uses if kind.revision_users
    }
    return Answers(uses=uses)


def count_uses(cloud: Cloud, using: RevisionUsers, live: Iterable[Live]) -> Counts:
    """Return how many use each revision, by `name:number`."""
    return _or_refusal(lambda: read_uses(cloud, using, live))


def count_jobs(cloud: Cloud, live: Live) -> Counts:
    """Return how many jobs are in a resource, by status."""
    jobs = KINDS[live.address.kind].jobs
    return _or_refusal(lambda: count_by_status(cloud, jobs.listing(live.spec), live.arn)) if jobs else {}


def count_waiting(cloud: Cloud, live: Live) -> Counts:
    """Return how many jobs wait for a place in a resource, by what the service says of why."""
    jobs = KINDS[live.address.kind].jobs
    return _or_refusal(lambda: count_by_reason(cloud, jobs.listing(live.spec), live.arn)) if jobs else {}


def count_running(cloud: Cloud, live: Live) -> int | CloudError:
    """Return how many jobs of a resource run."""
    jobs = KINDS[live.address.kind].jobs
    return _or_refusal(lambda: len(running_job_ids(cloud, jobs.listing(live.spec), live.arn))) if jobs else 0


def _or_refusal(look: Callable[[], T]) -> T | CloudError:
    """Return what is found; or AWS's refusal to show it, which a run can live with. No answer at all ends the run."""
    try:
        return look()
    except CloudError as error:
        if error.fault not in (Fault.DENIED, Fault.REFUSED):
            raise
        return error
