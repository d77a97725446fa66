"""What is refused, by whose missing word, and what is not."""

from collections.abc import Mapping

import pytest

from reconciler.kinds import batch_kinds
from reconciler.live.facts import LiveRegion
from reconciler.model import Lifecycle, Live, Stack
from reconciler.plan import Limit, PlanOptions, decide
from reconciler.plan.guards import check_place, check_refusals
from reconciler.problems import Denied, Problem, Refused
from tests.builders import (
    AS_DECLARED,
    CE,
    CR,
    JD,
    JQ,
    QS,
    SE,
    SP,
    calls,
    consumable,
    container,
    ec2,
    fair,
    live,
    owned,
    planned,
    queue,
    quota,
    service,
    share,
    stack,
    told,
    training,
)
from tests.fakes import HERE

ALL = PlanOptions(allow_destroy=("*",))
PROTECTED = Lifecycle(prevent_destroy=True)


def refusals(of: Stack, *world: Live, wanted: PlanOptions = AS_DECLARED) -> tuple[Problem, ...]:
    try:
        check_refusals(planned(of, *world, wanted=wanted, guards=True))
    except Refused as refused:
        return refused.problems
    return ()


def codes(of: Stack, *world: Live, wanted: PlanOptions = AS_DECLARED) -> list[str]:
    return [problem.code for problem in refusals(of, *world, wanted=wanted)]


def jobs(count: int, start: int = 0) -> dict[tuple[str, str], Mapping[str, object]]:
    return {(JD, f"job{number:03}"): container() for number in range(start, start + count)}


def world_of_jobs(count: int) -> list[Live]:
    of = stack(jobs(count))
    return [owned(of, live(JD, name, container(), revisions=(1, 2))) for _, name in jobs(count)]


# What jobs need


def everything() -> list[Live]:
    """One of each kind, with the resources that they need in order to exist."""
    return [
        live(CE, "spot", ec2()),
        live(JQ, "q", queue("arn:aws:batch:us-east-1:123456789012:compute-environment/spot")),
        live(SP, "fair", fair(), status=""),
        live(JD, "job", container(), revisions=(1,)),
        live(CR, "licence", consumable(), status=""),
        live(SE, "gpu", service()),
        live(JQ, "train", training("arn:aws:batch:us-east-1:123456789012:service-environment/gpu")),
        live(QS, "train/team", share("arn:aws:batch:us-east-1:123456789012:job-queue/train")),
    ]


@pytest.mark.parametrize(
    ("kind", "name", "is_needed"),
    [
        (CE, "spot", True),
        (JQ, "q", True),
        (SE, "gpu", True),
        (QS, "train/team", True),
        (SP, "fair", False),
        (JD, "job", False),
        (CR, "licence", False),
    ],
)
def test_what_jobs_run_in_or_wait_in_is_not_deleted_without_a_word(kind: str, name: str, is_needed: bool) -> None:
    (going,) = [one for one in everything() if (one.address.kind, one.address.name) == (kind, name)]
    mine = stack({(JD, "other"): container()})
    assert codes(mine, owned(mine, going)) == (["GRD001"] if is_needed else [])


def test_every_kind_is_in_that_table() -> None:
    assert {one.address.kind for one in everything()} == {kind.name for kind in batch_kinds()}


def test_the_refusal_says_what_is_lost_and_which_word_is_missing() -> None:
    mine = stack({(JD, "job"): container()})
    (problem,) = refusals(mine, owned(mine, live(JQ, "pricing", queue("x"))))
    assert (problem.message, problem.hint) == (
        "JobQueue/pricing: deleting pricing removes a place where jobs wait",
        "to allow it, use --allow-destroy=JobQueue/pricing, or --allow-destroy for all deletions",
    )


@pytest.mark.parametrize(
    ("globs", "left"),
    [
        (("*",), []),
        (("JobQueue/q",), ["ComputeEnvironment/spot"]),
        (("JobQueue/*", "*/spot"), []),
        (("q",), ["ComputeEnvironment/spot", "JobQueue/q"]),
        (("jobqueue/q",), ["ComputeEnvironment/spot", "JobQueue/q"]),
    ],
)
def test_a_word_may_be_for_some_alone(globs: tuple[str, ...], left: list[str]) -> None:
    mine = stack({(JD, "job"): container()})
    world = [owned(mine, one) for one in everything() if one.address.name in ("spot", "q")]
    problems = refusals(mine, *world, wanted=PlanOptions(allow_destroy=globs))
    assert sorted(problem.message.split(":")[0] for problem in problems) == left


def test_what_somebody_else_is_deleting_already_needs_no_word() -> None:
    mine = stack({(JD, "job"): container()})
    plan = planned(mine, owned(mine, live(JQ, "q", queue("x"), status="DELETING")))
    assert told(plan)[0] == "- JobQueue/q"
    assert codes(mine, owned(mine, live(JQ, "q", queue("x"), status="DELETING"))) == []


def test_letting_go_is_not_deleting() -> None:
    old = stack({(JQ, "q"): queue("x")}, lifecycles={(JQ, "q"): Lifecycle(on_remove="orphan")})
    environment = live(CE, "x", ec2())
    tags = planned(old, environment).changes[0].steps[0].request["tags"]
    orphan = live(JQ, "q", queue(environment.arn), tags=tags)
    plan = planned(stack(jobs(1)), environment, orphan)
    assert ". JobQueue/q" in told(plan)
    assert codes(stack(jobs(1)), environment, orphan) == []


# How much may go


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (100, 70, []),  # 30 %
        (100, 69, ["GRD002"]),
        (4, 1, []),  # 75 %, but only 3
        (4, 0, ["PLAN007"]),
        (13, 9, ["GRD002"]),  # 4 of 13 are 30.8 %
        (14, 10, []),  # 4 of 14 are 28.6 %
    ],
)
def test_more_than_usual_is_taken_for_an_accident(before: int, after: int, expected: list[str]) -> None:
    assert codes(stack(jobs(after)), *world_of_jobs(before)) == expected


def test_the_refusal_tells_how_many_of_how_many_and_what_allows_them() -> None:
    (problem,) = refusals(stack(jobs(5)), *world_of_jobs(10))
    assert (problem.message, problem.hint) == (
        "5 of 10 live resources would be deleted, more than 30% of them",
        "to allow it, use --allow-destroy, or --max-destroy 5",
    )


def test_what_is_allowed_by_name_does_not_count_as_unusual() -> None:
    half = PlanOptions(allow_destroy=("*/job00[5-7]",))
    assert codes(stack(jobs(5)), *world_of_jobs(10), wanted=half) == []
    assert codes(stack(jobs(5)), *world_of_jobs(10), wanted=PlanOptions(allow_destroy=("*/job009",))) == ["GRD002"]


def test_what_stays_is_counted_whether_it_changes_or_not() -> None:
    changed = {key: container(memory=1024) for key in jobs(10)}
    world = world_of_jobs(14)
    assert codes(stack(changed), *world) == []
    assert len(decide(stack(changed), LiveRegion(HERE, tuple(world))).index.owned) == 14


def test_targets_do_not_make_a_stack_smaller() -> None:
    wanted = PlanOptions(targets=("*/job00?",))
    assert codes(stack(jobs(5)), *world_of_jobs(20), wanted=wanted) == []
    assert codes(stack(jobs(3)), *world_of_jobs(20), wanted=wanted) == ["GRD002"]


def test_resources_of_others_do_not_make_it_larger() -> None:
    strangers = [live(JD, f"theirs{number}", container(), revisions=(1,)) for number in range(100)]
    assert codes(stack(jobs(5)), *world_of_jobs(10), *strangers) == ["GRD002"]


@pytest.mark.parametrize(
    ("limit", "expected"),
    [("4", ["GRD002"]), ("5", []), ("49%", ["GRD002"]), ("50%", []), ("100%", []), ("0", ["GRD002"])],
)
def test_a_limit_that_is_given_holds_alone(limit: str, expected: list[str]) -> None:
    wanted = PlanOptions(max_destroy=Limit.of(limit))
    assert codes(stack(jobs(5)), *world_of_jobs(10), wanted=wanted) == expected


def test_a_limit_that_is_given_holds_for_what_is_allowed_too() -> None:
    wanted = PlanOptions(allow_destroy=("*",), max_destroy=Limit(4))
    (problem,) = refusals(stack(jobs(5)), *world_of_jobs(10), wanted=wanted)
    assert (problem.message, problem.hint) == (
        "5 of 10 live resources would be deleted, but --max-destroy is 4",
        "to allow it, use --max-destroy 5",
    )


def test_a_limit_is_no_word_for_what_jobs_need() -> None:
    mine = stack(jobs(1))
    world = owned(mine, live(JQ, "q", queue("x")))
    assert codes(mine, world, wanted=PlanOptions(max_destroy=Limit.of("100%"))) == ["GRD001"]


@pytest.mark.parametrize("text", ["", "x", "-1", "1.5", "101%", "%", "5 %", "\u0665", "1" * 10])
def test_what_is_no_limit_is_not_taken_for_one(text: str) -> None:
    with pytest.raises(ValueError):
        Limit.of(text)


@pytest.mark.parametrize("text", ["0", "3", "0%", "30%", "100%"])
def test_a_limit_is_told_as_it_was_given(text: str) -> None:
    assert str(Limit.of(text)) == text


# A stack that is empty, and one that is to go


def test_an_empty_stack_deletes_nothing_whatever_is_allowed() -> None:
    assert codes(stack({}), *world_of_jobs(1), wanted=ALL) == ["PLAN007"]
    (problem,) = refusals(stack({}), *world_of_jobs(2))
    assert problem.message == "stack risk declares nothing, and 2 live resources would be deleted"


def test_an_empty_stack_that_owns_nothing_is_fine() -> None:
    assert codes(stack({})) == []


def test_whoever_destroys_a_stack_has_said_all_that_there_is_to_say() -> None:
    mine = stack({(JD, "other"): container()})
    world = [owned(mine, one) for one in everything()]
    assert codes(mine, *world, *world_of_jobs(20), wanted=PlanOptions(destroy=True)) == []


# preventDestroy


def protected(kind: str, name: str, spec: Mapping[str, object]) -> Live:
    """What is live after a stack has created it with `preventDestroy`."""
    mine = stack({(kind, name): spec}, lifecycles={(kind, name): PROTECTED})
    tags = planned(mine).changes[0].steps[0].request["tags"]
    return live(kind, name, spec, tags=tags, revisions=(1,) if kind == JD else ())


@pytest.mark.parametrize(("kind", "spec"), [(CE, ec2()), (JD, container()), (SP, fair())])
@pytest.mark.parametrize(
    ("of", "wanted"),
    [
        (stack(jobs(1)), AS_DECLARED),
        (stack(jobs(1)), ALL),
        (stack({}), AS_DECLARED),
        (stack({}), PlanOptions(destroy=True)),
    ],
    ids=["removed", "removed and allowed", "emptied", "destroyed"],
)
def test_protection_outlives_the_declaration(
    kind: str, spec: Mapping[str, object], of: Stack, wanted: PlanOptions
) -> None:
    world = protected(kind, "mine", spec)
    assert codes(of, world, wanted=wanted) == ["PLAN004"]
    assert [(name, request) for name, request in calls(planned(of, world, wanted=wanted)) if "Dele" in name] == []


def test_a_declared_resource_is_protected_before_its_tag_says_so() -> None:
    mine = stack({(CE, "spot"): ec2()}, lifecycles={(CE, "spot"): PROTECTED})
    untagged = owned(stack({(CE, "spot"): ec2()}), live(CE, "spot", ec2()))
    assert codes(mine, untagged, wanted=PlanOptions(destroy=True)) == ["PLAN004"]


def test_a_new_key_for_the_same_resource_does_not_lift_protection() -> None:
    renamed = stack({(CE, "new"): ec2()})
    assert told(planned(renamed, protected(CE, "old", ec2()))) == [
        "+ ComputeEnvironment/new",
        "- ComputeEnvironment/old",
    ]
    assert codes(renamed, protected(CE, "old", ec2()), wanted=ALL) == ["PLAN004"]


def test_a_renamed_resource_stays_protected_if_it_says_so() -> None:
    lifecycle = Lifecycle(renamed_from="old", prevent_destroy=True)
    renamed = stack({(CE, "new"): ec2()}, lifecycles={(CE, "new"): lifecycle})
    (tag,) = planned(renamed, protected(CE, "old", ec2())).changes[0].steps
    tags = {**protected(CE, "old", ec2()).tags, **tag.request["tags"]}
    assert codes(stack(jobs(1)), live(CE, "old", ec2(), tags=tags), wanted=ALL) == ["PLAN004"]


@pytest.mark.parametrize(
    ("kind", "before", "after", "action"),
    [(CE, ec2(), ec2(type="FARGATE"), "(-)"), (SP, fair(), quota(), "(-)")],
    ids=["with a successor beside it", "anew"],
)
def test_protection_holds_against_replacement(
    kind: str, before: Mapping[str, object], after: Mapping[str, object], action: str
) -> None:
    of, wanted = stack({(kind, "mine"): after}), PlanOptions(allow_replace=True, allow_destroy=("*",))
    assert f"{action} {kind}/mine" in told(planned(of, protected(kind, "mine", before), wanted=wanted))
    assert codes(of, protected(kind, "mine", before), wanted=wanted) == ["PLAN004"]


def test_what_is_replaced_is_not_deleted() -> None:
    of = stack({(CE, "spot"): ec2(type="FARGATE")})
    world = owned(stack({(CE, "spot"): ec2()}), live(CE, "spot", ec2()))
    assert codes(of, world, wanted=PlanOptions(allow_replace=True, max_destroy=Limit(0))) == []
    assert codes(of, world, wanted=PlanOptions(allow_destroy=("*",))) == ["PLAN001"]


def test_another_prefix_leaves_what_is_protected_alone() -> None:
    assert told(planned(stack(jobs(1), prefix="new-"), protected(CE, "spot", ec2()))) == ["+ JobDefinition/job000"]


def test_protection_is_lifted_by_applying_the_declaration_without_it() -> None:
    lifted = stack({(CE, "spot"): ec2()})
    (tag,) = planned(lifted, protected(CE, "spot", ec2())).changes[0].steps
    assert tag.operation == "TagResource"
    tags = {**protected(CE, "spot", ec2()).tags, **tag.request["tags"]}
    assert codes(stack(jobs(1)), live(CE, "spot", ec2(), tags=tags), wanted=ALL) == []


# The place


@pytest.mark.parametrize(
    ("account", "region", "expected"),
    [
        ("123456789012", "us-east-1", ""),
        ("210987654321", "us-east-1", "account"),
        ("123456789012", "eu-west-1", "region"),
    ],
)
def test_a_stack_that_names_its_place_is_not_looked_at_elsewhere(account: str, region: str, expected: str) -> None:
    tied = Stack("risk", {}, account="123456789012", region="us-east-1")
    found = ""
    try:
        check_place(tied, account, region)
    except Denied as denied:
        found = denied.hint
    assert (f"use credentials for {expected} " in found) is bool(expected)


def test_a_plan_with_nothing_against_it_passes() -> None:
    check_refusals(planned(stack({}), guards=True))
