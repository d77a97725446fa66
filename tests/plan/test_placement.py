"""A change after which jobs that can start now never could is refused until the user allows it."""

from collections.abc import Mapping

from reconciler.model import Json, Lifecycle, Live, Stack
from reconciler.plan import PlanOptions
from reconciler.problems import Problem
from tests.builders import AS_DECLARED, CE, JD, JQ, container, ec2, live, owned, planned, queue, stack

Bodies = Mapping[tuple[str, str], Mapping[str, Json]]
SPOT = "arn:aws:batch:us-east-1:123456789012:compute-environment/spot"
BEFORE: Bodies = {(CE, "spot"): ec2(), (JQ, "q"): queue("spot"), (JD, "job"): container(vcpus=16)}
ALLOWED = PlanOptions(allow_unplaceable=True)


def live_of(bodies: Bodies) -> list[Live]:
    """Return what is live once a stack with an environment, a queue and a definition has been applied."""
    of = stack(bodies)
    return [
        owned(
            of,
            live(
                kind,
                name,
                {**body, **({"computeEnvironmentOrder": queue(SPOT)["computeEnvironmentOrder"]} if kind == JQ else {})},
                revisions=(1,) if kind == JD else (),
            ),
        )
        for (kind, name), body in bodies.items()
    ]


def refusals(of: Stack, world: list[Live], wanted: PlanOptions = AS_DECLARED) -> tuple[Problem, ...]:
    return tuple(each for each in planned(of, *world, wanted=wanted, guards=True).refusals if each.code == "GRD004")


def test_an_environment_that_shrinks_below_a_job_is_refused_and_may_be_allowed() -> None:
    of = stack({**BEFORE, (CE, "spot"): ec2(maxvCpus=8)})
    (refusal,) = refusals(of, live_of(BEFORE))
    now = "JobDefinition/job: its jobs can start in spot now, and never could afterwards"
    assert refusal.message.startswith(f"{now}: a job needs 16 vCPUs, but maxvCpus of spot is 8")
    assert refusal.hint == "to allow it, use --allow-unplaceable"
    assert refusals(of, live_of(BEFORE), ALLOWED) == ()


def test_a_definition_that_outgrows_its_environment_is_refused_itself() -> None:
    of = stack({**BEFORE, (JD, "job"): container(vcpus=17)})
    plan = planned(of, *live_of(BEFORE), guards=True)
    (change,) = (each for each in plan.changes if each.refusals)
    assert (change.address.kind, [each.code for each in change.refusals]) == (JD, ["GRD004"])


def test_types_that_are_taken_away_are_refused_at_the_environment() -> None:
    bodies = {**BEFORE, (CE, "spot"): ec2(instanceTypes=["m5", "g5"]), (JD, "job"): container(vcpus=4)}
    of = stack({**bodies, (CE, "spot"): ec2(instanceTypes=["m5.large"])})
    plan = planned(of, *live_of(bodies), guards=True)
    (change,) = (each for each in plan.changes if any(problem.code == "GRD004" for problem in each.refusals))
    assert change.address.kind == CE


def test_what_is_no_loss_is_not_refused() -> None:
    larger = stack({**BEFORE, (CE, "spot"): ec2(maxvCpus=64), (JD, "job"): container(vcpus=40)})
    assert refusals(larger, live_of(BEFORE)) == ()
    never = {**BEFORE, (JD, "job"): container(vcpus=40)}
    assert refusals(stack({**never, (CE, "spot"): ec2(maxvCpus=32)}), live_of(never)) == ()
    new = stack({**BEFORE, (JD, "new"): container(vcpus=40)})
    assert refusals(new, live_of(BEFORE)) == ()
    assert refusals(stack({}), live_of(BEFORE), PlanOptions(destroy=True)) == ()


def test_an_environment_that_is_only_referred_to_counts_as_it_is_live() -> None:
    elsewhere = live(CE, "spot", ec2())
    bodies = {(JQ, "q"): queue(SPOT), (JD, "job"): container(vcpus=4)}
    world = [elsewhere, *live_of(bodies)]
    (refusal,) = refusals(stack({**bodies, (JD, "job"): container(vcpus=17)}), world)
    assert "maxvCpus of spot is 16" in refusal.message


def test_a_target_leaves_the_others_as_they_are() -> None:
    of = stack({**BEFORE, (CE, "spot"): ec2(maxvCpus=8), (JD, "job"): container(vcpus=8)})
    assert refusals(of, live_of(BEFORE)) == ()
    (refusal,) = refusals(of, live_of(BEFORE), PlanOptions(targets=("ComputeEnvironment/spot",)))
    assert "needs 16 vCPUs" in refusal.message


def test_the_queue_that_a_definition_is_to_run_on_decides() -> None:
    bodies = {**BEFORE, (CE, "large"): ec2(maxvCpus=64), (JQ, "other"): queue("large")}
    world = live_of(bodies)
    smaller = {**bodies, (CE, "spot"): ec2(maxvCpus=8)}
    of = stack(smaller, lifecycles={(JD, "job"): Lifecycle(runs_on=("q",))})
    assert [each.code for each in refusals(of, world)] == ["GRD004"]
