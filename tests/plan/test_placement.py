"""A change after which jobs that can start now never could is refused until the user allows it."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from reconciler.app.usecases import plan
from reconciler.live.facts import Answers, LiveRegion
from reconciler.model import Json, Lifecycle, Live, Stack
from reconciler.placement.catalogue import InstanceType, catalogue
from reconciler.plan import PlanOptions, build, decide
from reconciler.problems import CloudError, Fault, Problem, Severity
from tests.builders import AS_DECLARED, CE, CR, JD, JQ, consumable, container, ec2, live, owned, planned, queue, stack
from tests.fakes import HERE, ScriptedCloud
from tests.live.test_describing_types import facts
from tests.world import World

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


def test_a_consumable_resource_that_shrinks_below_a_job_is_refused() -> None:
    taking = {"consumableResourceList": [{"consumableResource": "licence", "quantity": 4}]}
    job = {**container(), "consumableResourceProperties": taking}
    bodies = {**BEFORE, (JD, "job"): job, (CR, "licence"): consumable(totalQuantity=4)}
    (refusal,) = refusals(stack({**bodies, (CR, "licence"): consumable(totalQuantity=3)}), live_of(bodies))
    assert "a job takes 4 of licence, which has 3 in all" in refusal.message


# Instance types that the table lacks, or by which a job could never start, are asked for.

LARGE = {**BEFORE, (CE, "spot"): ec2(instanceTypes=["c6a"], maxvCpus=512), (JD, "job"): container(vcpus=150)}
SMALLER = {**LARGE, (CE, "spot"): ec2(instanceTypes=["m5.large", "m6i"], maxvCpus=512)}
NEWER = {**LARGE, (CE, "spot"): ec2(instanceTypes=["m5.large", "m99"], maxvCpus=512)}


def asked(after: Bodies, before: Bodies) -> tuple[str, ...]:
    return decide(stack(after), LiveRegion(HERE, tuple(live_of(before)))).questions.instance_types


@pytest.mark.parametrize(
    ("after", "before", "words"),
    [
        (LARGE, LARGE, ()),
        ({**LARGE, (JD, "job"): container(vcpus=149)}, LARGE, ()),
        (SMALLER, LARGE, ("m5.large", "m6i")),
        (NEWER, LARGE, ("m99",)),
        ({**NEWER, (JD, "job"): container(vcpus=1)}, LARGE, ()),
        ({**LARGE, (CE, "spot"): ec2(instanceTypes=["c6a"], maxvCpus=16)}, LARGE, ()),
    ],
    ids=["unchanged", "fits", "refuted", "lacking", "fits-another", "maxvCpus"],
)
def test_only_types_that_decide_a_refusal_are_asked_for(after: Bodies, before: Bodies, words: tuple[str, ...]) -> None:
    assert asked(after, before) == words


def test_what_ec2_says_comes_before_the_table() -> None:
    decisions = decide(stack(SMALLER), LiveRegion(HERE, tuple(live_of(LARGE))))
    larger = catalogue().with_types([InstanceType("m6i.96xlarge", 384, 1_572_864, 0, ("x86_64",))])
    assert [each.code for each in build(decisions).refusals] == ["GRD004"]
    assert build(decisions, Answers(instance_types=larger)).refusals == ()
    smaller = catalogue().with_types([InstanceType("m99.large", 2, 8192, 0, ("x86_64",))])
    newer = decide(stack(NEWER), LiveRegion(HERE, tuple(live_of(LARGE))))
    assert build(newer).refusals == ()
    assert [each.code for each in build(newer, Answers(instance_types=smaller)).refusals] == ["GRD004"]


@pytest.mark.parametrize("is_allowed", [True, False])
def test_ec2_is_asked_once_and_a_denial_is_a_note(is_allowed: bool) -> None:
    world = World()
    world.apply(stack(LARGE))
    denied = CloudError("DescribeInstanceTypes", Fault.DENIED, "UnauthorizedOperation", "You are not authorized")
    types = ScriptedCloud(
        {"DescribeInstanceTypes": [{"InstanceTypes": [facts("m99.large")]} if is_allowed else denied]}
    )
    session = replace(world.session, services=lambda _name, _region="": types, describes_types=True)
    plan(stack(LARGE), session)
    assert types.calls == []
    made = plan(stack(NEWER), session)
    notes = [each for each in made.notes if each.code == "PLAN013"]
    assert types.count("DescribeInstanceTypes") == 1
    assert [each.code for each in made.refusals] == (["GRD004"] if is_allowed else [])
    assert [each.severity for each in notes] == ([] if is_allowed else [Severity.NOTE])
