"""The use cases, each a few lines: what the commands do, without arguments and without printing."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Event as Flag
from typing import TypeVar

from reconciler.apply import Event, Outcome, State, executor
from reconciler.inspect.doctor import Examined, Waiting, Words, examined
from reconciler.inspect.history import History, Rollback, history_of, nothing_known, revised, rollback_of
from reconciler.inspect.status import StackStatus, counted, job_holders, standings
from reconciler.kinds import KINDS
from reconciler.kinds.base import JobListing, RevisionUsers
from reconciler.live.jobs import held_by_status, running, waiting_by_reason
from reconciler.live.read import ReadResult, active_revisions, all_revisions, read_all, read_uses
from reconciler.model import Identity, Live, Plan, Stack
from reconciler.plan import AS_DECLARED, PlanOptions, make_plan
from reconciler.plan.guards import check_place, check_plan, check_read_here
from reconciler.plan.jobs import Held, holders, sources, with_jobs, with_running
from reconciler.plan.pruning import Uses, pruned_kinds, spared
from reconciler.ports import UNOBSERVED, Clock, Cloud, Observer, Takes, takes_nothing
from reconciler.problems import CloudError, Exit, Fault, InvalidStack

T = TypeVar("T")
PROOFS = 4  # looks at the world after the last step: reads may lag behind writes for a few seconds


@dataclass(frozen=True, slots=True)
class Finish:
    """What apply did, and what the closing proof still found to do; None, with a reason, if it could not be made.

    `way_on` says how to go on after an interruption.
    """

    outcome: Outcome
    rest: Plan | None
    doubt: str = ""
    way_on: str = "The same command run again finishes the work."

    @property
    def exit(self) -> Exit:
        counts = self.outcome.counts
        if self.outcome.interrupted:
            return Exit.INTERRUPTED
        if counts[State.FAILED] or counts[State.NOT_STARTED] or counts[State.INTERRUPTED]:
            return Exit.PARTLY
        if counts[State.UNHEALTHY]:
            return Exit.UNHEALTHY
        if counts[State.TIMED_OUT]:
            return Exit.TIMED_OUT
        if self.rest is None:
            return Exit.ERROR
        return Exit.DONE if self.rest.is_empty and not self.rest.unhealthy else Exit.UNHEALTHY


@dataclass(frozen=True, slots=True)
class LiveRegion:
    """What is live in one account and region, as `read.Found` has it."""

    identity: Identity
    live: tuple[Live, ...]
    unread: Mapping[str, CloudError] = field(default_factory=dict)
    taken: tuple[Live, ...] = ()


def plan(stack: Stack, cloud: Cloud, wanted: PlanOptions = AS_DECLARED, observer: Observer = UNOBSERVED) -> Plan:
    """Compare the stack with what is live. Makes no call that writes."""
    identity, found = _found(stack, cloud, observer)
    with observer.phase("plan"):
        made, live = _made(stack, cloud, wanted, identity, found), found.live
        runs = {one.arn: _running(cloud, holding, one) for one, holding in sources(made, live)}
        made = with_running(made, live, runs)
        held = {index: _held(cloud, holding, one) for index, one, holding in holders(made, live)}
        return with_jobs(made, held, drain=wanted.drain, cancel=wanted.cancel_jobs)


def region(cloud: Cloud, observer: Observer = UNOBSERVED) -> LiveRegion:
    """Read all that a region has, in page calls alone."""
    with observer.phase("read"):
        found = read_all(cloud, KINDS.values())
        return LiveRegion(cloud.identity(), found.live, found.unread, found.taken)


def plan_in(stack: Stack, seen: LiveRegion, wanted: PlanOptions = AS_DECLARED) -> Plan:
    """Compare the stack with what was read a moment ago. Asks nobody."""
    check_read_here(stack)
    check_place(stack, seen.identity.account, seen.identity.region)
    return make_plan(stack, seen.identity, seen.live, wanted, seen.unread, seen.taken)


def status(
    stack: Stack,
    cloud: Cloud,
    wanted: PlanOptions = AS_DECLARED,
    *,
    jobs: bool = True,
    observer: Observer = UNOBSERVED,
) -> StackStatus:
    """Tell where each resource stands, and what is in it. Makes no call that writes."""
    found = _standings(stack, cloud, wanted, observer)
    if not jobs:
        return found
    with observer.phase("read"):
        return counted(found, {live.arn: _held(cloud, holding, live) for live, holding in job_holders(found)})


def doctor(
    stack: Stack, cloud: Cloud, again: Words, wanted: PlanOptions = AS_DECLARED, observer: Observer = UNOBSERVED
) -> Examined:
    """Explain what does not work. `again` leads to the stack, in commands. Makes no call that writes."""
    found = _standings(stack, cloud, wanted, observer)
    with observer.phase("read"):
        whole = ((live, holding) for live, holding in job_holders(found) if not KINDS[live.address.kind].parent)
        waiting = {live.arn: _waiting(cloud, holding, live) for live, holding in whole}  # a part's are among them
    return examined(found, waiting, again)


def history(stack: Stack, cloud: Cloud, wanted: str, *, inactive: bool = True, users: bool = False) -> History:
    """Read the revisions of one definition, and if asked for the number of their users. Makes no call that writes.

    Raises `WrongUsage` if there are none.
    """
    check_read_here(stack)
    identity = cloud.identity()
    check_place(stack, identity.account, identity.region)
    kind, name = revised(wanted)
    using = kind.revisions.users if users and kind.revisions else None
    found = read_all(cloud, [kind, *([KINDS[using.of]] if using else [])])
    known = history_of(stack, identity, kind, name, found.live)
    read = (all_revisions if inactive else active_revisions)(cloud, kind, known.name)
    revisions = dict(sorted(read, key=lambda one: one[0], reverse=True))
    if not revisions:
        raise nothing_known(known, stack, found.live)
    return replace(known, revisions=revisions, uses=_uses(cloud, using, found.live) if using else None)


def rollback(stack: Stack, cloud: Cloud, wanted: str, to: int | None = None, takes: Takes = takes_nothing) -> Rollback:
    """Plan the way back to an older revision. Raises `Refused` and `WrongUsage`."""
    return rollback_of(stack, history(stack, cloud, wanted), to, takes)


def run(  # noqa: PLR0913 - what a run needs of the world, each on its own
    plan_: Plan,
    stack: Stack,
    cloud: Cloud,
    clock: Clock,
    *,
    wanted: PlanOptions = AS_DECLARED,
    parallelism: int = 8,
    watch: Callable[[Event], None] = lambda _event: None,
    stop: Flag | None = None,
    observer: Observer = UNOBSERVED,
) -> Finish:
    """Run a plan and plan again, to prove that nothing is left. Raises `Refused` before anything is changed."""
    check_plan(stack, plan_, wanted)
    work = partial(executor.run, cloud=cloud, clock=clock, parallelism=parallelism, watch=watch, stop=stop)
    with observer.phase("apply"):
        outcome = work(plan_)
    with observer.phase("prove"):
        look = partial(plan, stack, cloud, replace(wanted, made=outcome.made), observer)
        return _finish(outcome, look, clock, work)


def roll_back(
    back: Rollback,
    stack: Stack,
    cloud: Cloud,
    clock: Clock,
    *,
    watch: Callable[[Event], None] = lambda _event: None,
    stop: Flag | None = None,
    observer: Observer = UNOBSERVED,
) -> Finish:
    """Run a rollback, and plan the same one again, to prove that the old revision stands."""
    work = partial(executor.run, cloud=cloud, clock=clock, parallelism=1, watch=watch, stop=stop)
    look = partial(rollback, stack, cloud, str(back.history.address), back.to)
    with observer.phase("apply"):
        outcome = work(back.plan)
    with observer.phase("prove"):
        return _finish(outcome, lambda: look().plan, clock, work)


def _finish(outcome: Outcome, look: Callable[[], Plan], clock: Clock, work: Callable[[Plan], Outcome]) -> Finish:
    try:
        rest = _proof(look, clock, patient=outcome.is_done)
        notes = tuple(change for change in rest.changes if change.is_note and change.address in outcome.touched)
        if notes and not outcome.interrupted:
            work(replace(rest, changes=notes))
            rest = _proof(look, clock, patient=True)
        return Finish(outcome, rest)
    except CloudError as error:  # what was done is done, and has to be told
        return Finish(outcome, None, error.told)
    except InvalidStack as invalid:  # somebody took away what a resource refers to
        return Finish(outcome, None, "; ".join(problem.message for problem in invalid.problems))


def _standings(stack: Stack, cloud: Cloud, wanted: PlanOptions, observer: Observer) -> StackStatus:
    identity, found = _found(stack, cloud, observer)
    with observer.phase("plan"):
        return standings(stack, _made(stack, cloud, wanted, identity, found), found.live)


def _found(stack: Stack, cloud: Cloud, observer: Observer) -> tuple[Identity, ReadResult]:
    check_read_here(stack)
    with observer.phase("read"):
        identity = cloud.identity()
        check_place(stack, identity.account, identity.region)
        return identity, read_all(cloud, KINDS.values())


def _made(stack: Stack, cloud: Cloud, wanted: PlanOptions, identity: Identity, found: ReadResult) -> Plan:
    made = make_plan(stack, identity, found.live, wanted, found.unread, found.taken)
    for kind, using in pruned_kinds(made):  # of most plans none: what is in use is asked of no more than must be known
        made = spared(made, kind, using, _uses(cloud, using, found.live), found.live)
    return made


def _uses(cloud: Cloud, using: RevisionUsers, live: Iterable[Live]) -> Uses:
    """Return what is in use; or why that is not known, which stops nothing but the pruning."""
    return _or_refusal(lambda: read_uses(cloud, using, live))


def _held(cloud: Cloud, holding: JobListing, live: Live) -> Held:
    """Return the jobs in a resource that is to go; or why they are not known, which takes another consent."""
    return _or_refusal(lambda: held_by_status(cloud, holding, live.arn))


def _running(cloud: Cloud, holding: JobListing, live: Live) -> int | CloudError:
    return _or_refusal(lambda: len(running(cloud, holding, live.arn)))


def _waiting(cloud: Cloud, holding: JobListing, live: Live) -> Waiting:
    return _or_refusal(lambda: waiting_by_reason(cloud, holding, live.arn))


def _or_refusal(look: Callable[[], T]) -> T | CloudError:
    """Return what is found; or AWS's refusal to show it, which a run can live with. No answer at all ends the run."""
    try:
        return look()
    except CloudError as error:
        if error.fault not in (Fault.DENIED, Fault.REFUSED):
            raise
        return error


def _proof(look: Callable[[], Plan], clock: Clock, *, patient: bool) -> Plan:
    rest = look()
    for looks in range(1, PROOFS if patient else 1):
        if rest.is_empty or all(change.is_note for change in rest.changes):
            break
        clock.sleep(float(looks))
        rest = look()
    return rest
