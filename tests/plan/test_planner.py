"""A plan is decided, what it has to know is asked, and it is built once."""

from dataclasses import replace

import pytest

from reconciler.kinds import KINDS
from reconciler.live.facts import Answers, LiveRegion, Questions
from reconciler.model import Action, Change, Lifecycle, Live, Plan, Stack, Until, Wait
from reconciler.plan import AS_DECLARED, Decisions, PlanOptions, build, decide
from reconciler.problems import CloudError, Fault
from tests.builders import CE, JD, JQ, SLR, container, ec2, live, owned, queue, stack
from tests.fakes import HERE

ARN = "arn:aws:batch:us-east-1:123456789012:"
SPOT, PRICING = f"{ARN}compute-environment/spot", f"{ARN}job-queue/pricing"
MANAGED = {**ec2(), "serviceRole": SLR}
MINE = stack({(CE, "spot"): MANAGED, (JQ, "pricing"): queue("spot"), (JD, "job"): container()})
LIVE = (
    owned(MINE, live(CE, "spot", MANAGED)),
    owned(MINE, live(JQ, "pricing", queue(SPOT))),
    owned(MINE, live(JD, "job", container(), revisions=(1, 2))),
)
DENIED = CloudError("ListJobs", Fault.DENIED, "AccessDeniedException", "not authorized")


def deleting(options: PlanOptions = AS_DECLARED) -> Decisions:
    """Decide to delete the queue, and the environment that it uses."""
    return decided(stack({(JD, "job"): container()}), options=options)


def replacing_instances() -> Decisions:
    types = {**MANAGED, "computeResources": {**MANAGED["computeResources"], "instanceTypes": ["c7i.large"]}}
    return decided(stack({(CE, "spot"): types, (JQ, "pricing"): queue("spot"), (JD, "job"): container()}))


def decided(of: Stack, *world: Live, options: PlanOptions = AS_DECLARED) -> Decisions:
    return decide(of, LiveRegion(HERE, world or LIVE), options)


def change_of(plan: Plan, address: str) -> Change:
    return next(change for change in plan.changes if str(change.address) == address)


def waits(change: Change) -> dict[Until, float]:
    return {step.until: step.timeout for step in change.steps if isinstance(step, Wait)}


def test_a_plan_that_deletes_prunes_and_interrupts_nothing_asks_nothing() -> None:
    assert decided(MINE).questions == Questions()
    assert decided(stack({(JQ, "new"): queue(SPOT)}), live(CE, "spot", MANAGED)).questions == Questions()


def test_jobs_are_asked_for_in_what_is_deleted_and_where_those_come_from_that_may_be_ended() -> None:
    assert [one.arn for one in deleting().questions.held] == [PRICING]
    assert [one.arn for one in replacing_instances().questions.running] == [PRICING]
    assert (deleting().questions.running, replacing_instances().questions.held) == ((), ())


def test_the_uses_of_revisions_are_asked_for_where_some_are_pruned() -> None:
    keeping = stack({(JD, "job"): container()}, lifecycles={(JD, "job"): Lifecycle(retain_revisions=1)})
    two = replace(LIVE[2], owned={1: LIVE[2].tags, 2: LIVE[2].tags})
    decisions = decided(keeping, two)
    assert decisions.questions == Questions(uses=(KINDS[JD],))
    free, used = (build(decisions, Answers(uses={JD: {"job:1": count}})) for count in (0, 1))
    unasked = build(decisions)
    assert [change.action for change in free.changes] == [Action.PRUNE]
    assert (unasked.changes, unasked.notes) == (free.changes, free.notes)
    assert (used.changes, [note.code for note in used.notes]) == ((), ["REV001"])


def test_what_is_on_its_way_out_already_is_not_asked_for() -> None:
    leaving = owned(MINE, live(JQ, "pricing", queue(SPOT), status="DELETING"))
    assert decided(stack({}), leaving).questions == Questions()


@pytest.mark.parametrize(("target", "held"), [("JobDefinition/*", []), ("ComputeEnvironment/spot", [PRICING])])
def test_nothing_is_asked_but_for_the_targets_and_what_they_wait_for(target: str, held: list[str]) -> None:
    assert [one.arn for one in deleting(PlanOptions(targets=(target,))).questions.held] == held


@pytest.mark.parametrize(
    ("options", "timeout", "refused"),
    [
        (PlanOptions(), 0.0, True),
        (PlanOptions(drain=True), KINDS[JQ].jobs.drain_timeout if KINDS[JQ].jobs else None, False),
        (PlanOptions(drain=True, longest_wait=7), 7.0, False),
        (PlanOptions(cancel_jobs=True), None, False),
    ],
)
def test_a_deletion_has_its_look_for_jobs_and_its_timeout_in_it(
    options: PlanOptions, timeout: float | None, refused: bool
) -> None:
    plan = build(deleting(options), Answers(held={PRICING: {"RUNNING": 2}}))
    change = change_of(plan, "JobQueue/pricing")
    assert waits(change).get(Until.EMPTY) == timeout
    assert ("PLAN010" in {refusal.code for refusal in change.refusals}) is refused


def test_what_is_not_asked_changes_nothing() -> None:
    change = change_of(build(deleting()), "JobQueue/pricing")
    assert Until.EMPTY not in waits(change)
    assert "PLAN010" not in {refusal.code for refusal in change.refusals}


@pytest.mark.parametrize(
    ("running", "told"),
    [
        ({PRICING: 3}, "up to 3 running jobs now: 3 in pricing"),
        ({PRICING: 0}, "no job runs in its queues now"),
        ({}, "no queue uses it"),
        ({PRICING: DENIED}, f"the number of running jobs is unknown ({DENIED})"),
    ],
)
def test_an_update_says_which_jobs_it_may_end(running: dict[str, int | CloudError], told: str) -> None:
    assert (
        change_of(build(replacing_instances(), Answers(running=running)), "ComputeEnvironment/spot").reasons[1] == told
    )


def test_an_environment_waits_for_the_jobs_of_the_queues_that_used_it() -> None:
    moved = stack({(CE, "new"): MANAGED, (JQ, "pricing"): queue("new"), (JD, "job"): container()})
    change = change_of(build(decided(moved)), "ComputeEnvironment/spot")
    assert [step.queues for step in change.steps if isinstance(step, Wait) and step.until is Until.IDLE] == [(PRICING,)]


def test_missing_consents_are_in_the_plan_unless_it_is_only_looked_at() -> None:
    guarded, shown = build(deleting()), build(deleting(PlanOptions(guards=False)))
    assert (guarded.is_guarded, {refusal.code for refusal in guarded.refusals}) == (True, {"GRD001"})
    assert (shown.is_guarded, shown.refusals) == (False, ())
    assert [change.steps for change in guarded.changes] == [change.steps for change in shown.changes]


def test_equal_decisions_and_answers_make_equal_plans() -> None:
    answers = Answers(running={}, held={PRICING: {"RUNNING": 2}})
    assert build(deleting(), answers) == build(deleting(), answers)
