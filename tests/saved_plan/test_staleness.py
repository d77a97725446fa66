"""What tells a plan from the one that was reviewed."""

import pytest
from hypothesis import given

from reconciler.model import Json, Lifecycle, Stack
from reconciler.plan import PlanOptions
from reconciler.saved_plan.document import differences
from tests.builders import CE, JD, SP, container, ec2, fair, live, owned, stack
from tests.laws import law
from tests.report.documented import KEYED, document, of
from tests.test_convergence import ALLOWED, stacks
from tests.world import World

SPOT = live(CE, "spot", ec2())


def told(reviewed: dict[str, Json], now: dict[str, Json]) -> list[tuple[str, str]]:
    return [(problem.code, problem.message) for problem in differences(reviewed, now)]


def environment(**members: Json) -> dict[str, Json]:
    """The document of a plan that changes members of an environment which is live as `SPOT`."""
    return of(stack({(CE, "spot"): ec2(**members)}), owned(stack({(CE, "spot"): ec2()}), SPOT))


def definition(**members: Json) -> dict[str, Json]:
    old = stack({(JD, "job"): container()})
    return of(stack({(JD, "job"): container(**members)}), owned(old, live(JD, "job", container(), revisions=(1,))))


@pytest.mark.parametrize(
    ("reviewed", "now", "expected"),
    [
        (environment(maxvCpus=99), environment(maxvCpus=99), []),
        (
            environment(),
            environment(maxvCpus=99),
            [("STL001", "ComputeEnvironment/spot: update was not planned (computeResources.maxvCpus 16 -> 99)")],
        ),
        (
            environment(maxvCpus=99),
            environment(),
            [
                (
                    "STL002",
                    (
                        "ComputeEnvironment/spot: update was planned, but is no longer needed "
                        "(computeResources.maxvCpus 16 -> 99)"
                    ),
                )
            ],
        ),
        (
            environment(maxvCpus=99),
            environment(maxvCpus=100),
            [("STL003", "ComputeEnvironment/spot: computeResources.maxvCpus: planned 16 -> 99, now 16 -> 100")],
        ),
        (
            environment(maxvCpus=99),
            environment(maxvCpus=99, minvCpus=1),
            [("STL003", "ComputeEnvironment/spot: computeResources.minvCpus: planned no change, now 1")],
        ),
        (
            environment(maxvCpus=99, minvCpus=1),
            environment(maxvCpus=99),
            [("STL003", "ComputeEnvironment/spot: computeResources.minvCpus: planned 1, now no change")],
        ),
        (
            definition(command=["run", "--fast"]),
            definition(command=["run", "--slow", "--safe"]),
            [
                (
                    "STL003",
                    "JobDefinition/job: containerProperties.command: planned with --fast, now with --slow, --safe",
                )
            ],
        ),
        (
            definition(command=["run"]),
            definition(command=["run", "--safe"]),
            [("STL003", "JobDefinition/job: containerProperties.command: planned without, now with --safe")],
        ),
        (
            definition(environment=[{"name": "PGPASS", "value": "one"}]),
            definition(environment=[{"name": "PGPASS", "value": "two"}]),
            [
                (
                    "STL003",
                    (
                        "JobDefinition/job: containerProperties.environment.PGPASS.value: "
                        "planned <redacted 2d>, now <redacted be>"
                    ),
                )
            ],
        ),
    ],
)
def test_a_difference_is_told_by_its_change_and_its_member(
    reviewed: dict[str, Json], now: dict[str, Json], expected: list[tuple[str, str]]
) -> None:
    assert told(reviewed, now) == expected


def test_a_live_value_that_moved_is_told() -> None:
    mine = stack({(CE, "spot"): ec2(maxvCpus=99)})
    worlds = (owned(mine, live(CE, "spot", ec2(maxvCpus=number))) for number in (16, 32))
    assert told(*(of(mine, world) for world in worlds)) == [
        ("STL003", "ComputeEnvironment/spot: computeResources.maxvCpus: planned 16 -> 99, now 32 -> 99")
    ]


def test_a_resource_that_is_created_otherwise_is_told_by_the_members_inside() -> None:
    before, after = ({**container(environment=[{"name": "A", "value": v}, {"name": "B", "value": "1"}])} for v in "12")
    assert told(of(stack({(JD, "job"): before})), of(stack({(JD, "job"): after}))) == [
        ("STL003", 'JobDefinition/job: containerProperties.environment.A.value: planned "1", now "2"')
    ]


def test_what_a_resource_is_created_with_is_not_told_again_when_it_is_new_or_gone() -> None:
    some, none = of(stack({(SP, "fair"): fair()})), of(stack({}))
    assert told(none, some) == [("STL001", "SchedulingPolicy/fair: create was not planned")]
    assert told(some, none) == [("STL002", "SchedulingPolicy/fair: create was planned, but is no longer needed")]


def test_another_action_is_told() -> None:
    mine = stack({(CE, "spot"): ec2(maxvCpus=99)})
    found = told(of(mine), of(mine, owned(mine, SPOT)))
    assert found[0] == ("STL003", "ComputeEnvironment/spot: action: planned create, now update")


def test_what_costs_more_now_is_told() -> None:
    cheap, dear = environment(maxvCpus=99), environment(maxvCpus=99)
    dear["changes"][0]["fields"][0]["class"] = "infrastructure"
    assert told(cheap, dear) == [
        (
            "STL003",
            (
                "ComputeEnvironment/spot: computeResources.maxvCpus: "
                "planned 16 -> 99 (scaling), now 16 -> 99 (infrastructure)"
            ),
        )
    ]


def test_requests_are_told_where_no_member_tells_them_apart() -> None:
    """Deleting has no members: another revision has to go now."""
    mine = stack({(JD, "other"): container()})
    worlds = (owned(stack({}), live(JD, "job", container(), revisions=numbers)) for numbers in ((1,), (1, 2)))
    assert told(*(of(mine, world) for world in worlds)) == [
        (
            "STL003",
            "JobDefinition/job: DeregisterJobDefinition 2.jobDefinition: planned absent, now job-definition/job:2",
        )
    ]


def test_requests_in_another_order_are_told() -> None:
    mine = stack({(JD, "other"): container()})
    first, second = (of(mine, owned(stack({}), SPOT)) for _ in range(2))
    (going,) = (change for change in second["changes"] if change["action"] == "delete")
    going["steps"].reverse()
    assert told(first, second) == [("STL003", "ComputeEnvironment/spot: the same requests in a different order")]


def test_a_namesake_that_comes_is_no_resource_that_goes() -> None:
    tags = owned(stack({(CE, "spot"): ec2()}), live(CE, "spot-old", ec2(), tags={"reconciler:name": "spot"})).tags
    going = live(CE, "spot-old", ec2(), tags={**tags, "reconciler:name": "other"})
    renamed = of(stack({(CE, "spot"): ec2()}), going)
    assert told(renamed, of(stack({(CE, "spot"): ec2()}))) == [
        ("STL002", "ComputeEnvironment/other: delete was planned, but is no longer needed")
    ]


def test_differences_stand_where_the_change_is_declared() -> None:
    now = environment(maxvCpus=99)
    now["changes"][0] |= {"file": "stacks/prod/stack.yaml", "line": 14, "column": 3}
    (problem,) = differences(environment(), now)
    assert str(problem.where) == "stacks/prod/stack.yaml:14:3"


def test_a_takeover_that_is_refused_now_is_told_by_its_requests() -> None:
    lifecycle = {(CE, "spot"): Lifecycle(adopt=True)}
    adopting = of(stack({(CE, "spot"): ec2()}, lifecycles=lifecycle), SPOT)
    refused = of(stack({(CE, "spot"): ec2()}), SPOT)
    assert {code for code, _ in told(adopting, refused)} == {"STL003"}


@law(15)
@given(stacks(), stacks(), stacks())
def test_whatever_makes_another_fingerprint_is_told(old: Stack, one: Stack, other: Stack) -> None:
    world = World()
    world.apply(old)
    plans = [
        document(world.plan(version, wanted), KEYED) for version, wanted in ((one, ALLOWED), (other, PlanOptions()))
    ]
    first, second = plans
    assert bool(differences(first, second)) is (first["fingerprint"] != second["fingerprint"])
    assert differences(first, first) == ()
