"""The use cases, each a few lines: what the commands do, without arguments and without printing."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from threading import Event as Flag
from typing import TYPE_CHECKING

from reconciler.app.request import Session
from reconciler.apply import Event, Outcome, State
from reconciler.kinds import KINDS
from reconciler.live.facts import (
    LiveRegion,
    TypesAnswer,
    ask,
    ask_uses,
    count_jobs,
    count_uses,
    count_waiting,
    describe_types,
    read_region,
)
from reconciler.live.read import active_revisions, all_revisions, read_all
from reconciler.model import Json, Plan, Stack
from reconciler.placement.catalogue import catalogue
from reconciler.plan import AS_DECLARED, PlanOptions, build, decide
from reconciler.plan.guards import check_place, check_read_here, check_refusals
from reconciler.ports import Clock, Takes, takes_nothing
from reconciler.problems import CloudError, Exit, InvalidStack

if TYPE_CHECKING:
    from reconciler.calls import Paces
    from reconciler.inspect.doctor import Examination, Words
    from reconciler.inspect.history import History, Rollback
    from reconciler.inspect.status import StackStatus
    from reconciler.inspect.who import AuthorQuestion, Authors
    from reconciler.verify.checks import Verification

# Imports within a function are of what its commands alone need: most runs are of `plan`, and start the sooner.
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


def plan(stack: Stack, session: Session, options: PlanOptions = AS_DECLARED) -> Plan:
    """Compare the stack with what is live. Makes no call that writes."""
    region = _read(stack, session)
    with session.observer.phase("plan"):
        decisions = decide(stack, region, options)
        return build(decisions, ask(session.cloud, decisions.questions, region, _types_of(session)))


def _types_of(session: Session) -> Callable[[Sequence[str]], TypesAnswer] | None:
    """Return what describes instance types; None if nothing does."""
    if not session.describes_types:
        return None
    return lambda words: describe_types(session.services("ec2"), words, catalogue())


def region(session: Session) -> LiveRegion:
    """Read all that a region has, in page calls alone."""
    with session.observer.phase("read"):
        return read_region(session.cloud)


def plan_in(stack: Stack, region: LiveRegion, options: PlanOptions = AS_DECLARED) -> Plan:
    """Compare the stack with what was read a moment ago, to look at it. Asks nobody."""
    check_read_here(stack)
    check_place(stack, region.identity.account, region.identity.region)
    return build(decide(stack, region, replace(options, guards=False)))


def status(stack: Stack, session: Session, options: PlanOptions = AS_DECLARED, *, jobs: bool = True) -> "StackStatus":
    """Tell where each resource stands, and what is in it. Makes no call that writes."""
    from reconciler.inspect.status import job_holders, with_job_counts  # noqa: PLC0415

    stack_status = _status(stack, session, options)
    if not jobs:
        return stack_status
    with session.observer.phase("read"):
        counts = {live.arn: count_jobs(session.cloud, live) for live in job_holders(stack_status)}
        return with_job_counts(stack_status, counts)


def doctor(stack: Stack, session: Session, again: "Words", options: PlanOptions = AS_DECLARED) -> "Examination":
    """Explain what does not work. `again` leads to the stack, in commands. Makes no call that writes."""
    from reconciler.inspect.doctor import diagnose, place_waiting  # noqa: PLC0415
    from reconciler.inspect.status import job_holders  # noqa: PLC0415

    region = _read(stack, session)
    stack_status = _status_in(stack, session, region, options)
    with session.observer.phase("read"):
        queues = (live for live in job_holders(stack_status) if not KINDS[live.address.kind].parent)
        waiting = {live.arn: count_waiting(session.cloud, live) for live in queues}  # a part's are among them
        placed, notes = place_waiting(stack, region.live, waiting, _types_of(session))
    return diagnose(stack_status, waiting, again, placed, notes)


def verify(stack: Stack, session: Session, *, has_everything: bool = True) -> "Verification":
    """Ask AWS whether what the stack refers to exists and fits. Makes no call that writes.

    `has_everything`: if not, as in the sandbox in this process, everything beside AWS Batch is unknown.
    """
    from reconciler.verify.checks import verify_stack  # noqa: PLC0415

    with session.observer.phase("verify"):
        identity = session.cloud.identity()
        check_place(stack, identity.account, identity.region)
        return verify_stack(stack, identity, session.services, catalogue(), has_everything=has_everything)


def history(stack: Stack, session: Session, name: str, *, inactive: bool = True, users: bool = False) -> "History":
    """Read the revisions of one definition, and if asked for the number of their users. Makes no call that writes.

    Raises `WrongUsage` if there are none.
    """
    from reconciler.inspect.history import history_of, parse_definition_name, unknown_definition  # noqa: PLC0415

    check_read_here(stack)
    cloud = session.cloud
    identity = cloud.identity()
    check_place(stack, identity.account, identity.region)
    kind, logical = parse_definition_name(name)
    using = kind.revision_users if users else None
    live = read_all(cloud, [kind, *([KINDS[using.of]] if using else [])]).live
    known = history_of(stack, identity, kind, logical, live)
    numbered = (all_revisions if inactive else active_revisions)(cloud, kind, known.name)
    revisions = dict(sorted(numbered, key=lambda pair: pair[0], reverse=True))
    if not revisions:
        raise unknown_definition(known, stack, live)
    return replace(known, revisions=revisions, uses=count_uses(cloud, using, live) if using else None)


def rollback(
    stack: Stack,
    session: Session,
    name: str,
    to: int | None = None,
    takes: Takes = takes_nothing,
    longest_wait: float | None = None,
) -> "Rollback":
    """Plan the way back to an older revision. Raises `Refused` and `WrongUsage`."""
    from reconciler.inspect.history import plan_rollback  # noqa: PLC0415

    return plan_rollback(stack, history(stack, session, name), to, takes, longest_wait)


def find_authors(session: Session, questions: "Sequence[AuthorQuestion]", paces: "Paces", now: float) -> "Authors":
    """Ask CloudTrail who changed what; without the right to, the answer says so. `now`: in seconds since 1970."""
    from reconciler.inspect.who import (  # noqa: PLC0415
        DAYS,
        PAGE,
        PAGES,
        Authors,
        TrailEvent,
        attribute,
        parse_event,
        trail_problem,
    )

    identity = session.cloud.identity()
    if not questions:
        return Authors(identity)
    trail, pace = session.services("cloudtrail"), paces.at(identity)
    failed: list[CloudError] = []

    def events(operation: str) -> Iterator[TrailEvent]:
        named = [{"AttributeKey": "EventName", "AttributeValue": operation}]
        request: dict[str, Json] = {"LookupAttributes": named, "StartTime": now - DAYS * 86400, "MaxResults": PAGE}
        for _ in range(0 if failed else PAGES):
            pace.wait(session.clock)
            try:
                page = trail.call("LookupEvents", request)
            except CloudError as error:
                failed.append(error)
                return
            texts = (str(event.get("CloudTrailEvent", "")) for event in page.get("Events") or ())
            yield from filter(None, map(parse_event, texts))
            if not page.get("NextToken"):
                return
            request["NextToken"] = page["NextToken"]

    with session.observer.phase("who"):
        attributions = attribute(questions, events, identity)
    return Authors(identity, attributions, "; ".join(map(trail_problem, failed)))


def run(
    plan_: Plan,
    stack: Stack,
    session: Session,
    *,
    options: PlanOptions = AS_DECLARED,
    parallelism: int = 8,
    watch: Callable[[Event], None] = lambda _event: None,
    stop: Flag | None = None,
) -> Finish:
    """Run a plan and plan again, to prove that nothing is left. Raises `Refused` before anything is changed.

    The plan says itself what refuses it. One that was only to be looked at says less than that, and is no plan to run.
    """
    if not plan_.is_guarded:
        raise AssertionError(f"the plan of stack {stack.name} was made to be looked at, not to be run")
    check_refusals(plan_)
    work = _executor(session, parallelism, watch, stop)
    with session.observer.phase("apply"):
        outcome = work(plan_)
    with session.observer.phase("prove"):
        look = partial(plan, stack, session, replace(options, made=outcome.made, guards=False))
        return _prove(outcome, look, session.clock, work)


def roll_back(
    back: "Rollback",
    stack: Stack,
    session: Session,
    *,
    watch: Callable[[Event], None] = lambda _event: None,
    stop: Flag | None = None,
) -> Finish:
    """Run a rollback, and plan the same one again, to prove that the old revision stands."""
    work = _executor(session, 1, watch, stop)
    look = partial(rollback, stack, session, str(back.history.address), back.to)
    with session.observer.phase("apply"):
        outcome = work(back.plan)
    with session.observer.phase("prove"):
        return _prove(outcome, lambda: look().plan, session.clock, work)


def _executor(
    session: Session, parallelism: int, watch: Callable[[Event], None], stop: Flag | None
) -> Callable[[Plan], Outcome]:
    from reconciler.apply import executor  # noqa: PLC0415

    work = partial(executor.run, cloud=session.cloud, clock=session.clock)
    return partial(work, parallelism=parallelism, watch=watch, stop=stop)


def _prove(outcome: Outcome, look: Callable[[], Plan], clock: Clock, work: Callable[[Plan], Outcome]) -> Finish:
    """Plan again, and record what the service has filled in since."""
    try:
        rest = _plan_again(look, clock, patient=outcome.is_done)
        notes = tuple(change for change in rest.changes if change.is_note and change.address in outcome.touched)
        if notes and not outcome.interrupted:
            work(replace(rest, changes=notes))  # of the proof, no more than these is to be run
            rest = _plan_again(look, clock, patient=True)
        return Finish(outcome, rest)
    except CloudError as error:  # what was done is done, and has to be told
        return Finish(outcome, None, error.told)
    except InvalidStack as invalid:  # somebody took away what a resource refers to
        return Finish(outcome, None, "; ".join(problem.message for problem in invalid.problems))


def _status(stack: Stack, session: Session, options: PlanOptions) -> "StackStatus":
    return _status_in(stack, session, _read(stack, session), options)


def _status_in(stack: Stack, session: Session, region: LiveRegion, options: PlanOptions) -> "StackStatus":
    from reconciler.inspect.status import build_status  # noqa: PLC0415

    with session.observer.phase("plan"):
        decisions = decide(stack, region, replace(options, guards=False))
        plan_ = build(decisions, ask_uses(session.cloud, decisions.questions, region))
        return build_status(stack, plan_, region.live)


def _read(stack: Stack, session: Session) -> LiveRegion:
    check_read_here(stack)
    with session.observer.phase("read"):
        identity = session.cloud.identity()
        check_place(stack, identity.account, identity.region)
        return read_region(session.cloud, stack)


def _plan_again(look: Callable[[], Plan], clock: Clock, *, patient: bool) -> Plan:
    """Return the plan of what is left; `patient`: once reads have caught up with what was written."""
    rest = look()
    for looks in range(1, PROOFS if patient else 1):
        if rest.is_empty or all(change.is_note for change in rest.changes):
            break
        clock.sleep(float(looks))
        rest = look()
    return rest
