"""A region as a source: what is asked for, and no more calls than it has pages."""

from collections import Counter

import pytest

from reconciler.app import usecases
from reconciler.importers.live import ImportFilter, NameChoice, coverage, imported
from reconciler.model import Live
from reconciler.ports import takes_everything
from reconciler.problems import CloudError, Fault
from tests.builders import CE, JD, JQ, container, ec2, live, queue
from tests.importers.importing import beyond_adoption, planned, read, tidied
from tests.world import World

CLOUDFORMATION = "aws:cloudformation:stack-name"


def names(*there: Live, **asked: object) -> list[str]:
    found = imported(there, {}, ImportFilter(stack="new", **asked), takes_everything)  # type: ignore[arg-type]
    return [one.address.name for one in found.resources]


def test_a_region_is_imported_and_planned_in_page_calls_alone() -> None:
    world = World()
    for number in range(201):
        world.raw.call("RegisterJobDefinition", {"jobDefinitionName": f"job-{number}", **container()})
    since = len(world.calls)
    seen = usecases.region(world.session)
    stack, _ = read(tidied(imported(seen.live, seen.unread, ImportFilter(stack="new"), takes_everything)))
    assert beyond_adoption(usecases.plan_in(stack, seen)) != []  # nobody has said that it may adopt
    assert beyond_adoption(planned(stack, seen.live)) == []
    calls = Counter(operation for operation, _ in world.calls[since:])
    assert calls.pop("DescribeJobDefinitions") == 3
    assert set(calls.values()) == {1}


def test_only_the_newest_active_revision_is_imported() -> None:
    world = World()
    for memory in (512, 1024, 2048):
        world.raw.call("RegisterJobDefinition", {"jobDefinitionName": "job", **container(memory=memory)})
    arn = f"{usecases.region(world.session).live[0].arn}"
    world.raw.call("DeregisterJobDefinition", {"jobDefinition": arn})
    (found,) = imported(usecases.region(world.session).live, {}, ImportFilter(stack="new"), takes_everything).resources
    assert found.body["containerProperties"]["memory"] == 1024


def test_globs_of_names_match_the_whole_name() -> None:
    there = (live(JQ, "risk-a", queue("x")), live(JQ, "risk", queue("x")), live(CE, "other", ec2()))
    assert names(*there, names=("risk-*",)) == ["risk-a"]
    assert names(*there, names=("risk", "o*")) == ["risk", "other"]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"names": ("!metaflow_*",)}, ["risk", "risk-a"]),
        ({"names": ("risk*", "!*-a")}, ["risk"]),
        ({"names": ("!metaflow_*", "!risk")}, ["risk-a"]),
        ({"excluded": ("metaflow_*", "*-a")}, ["risk"]),
        ({"names": ("metaflow_1",), "excluded": ("metaflow_*",)}, []),
    ],
)
def test_names_are_left_out_by_globs_and_told(asked: dict[str, tuple[str, ...]], expected: list[str]) -> None:
    there = [live(JQ, name, queue("spot")) for name in ("metaflow_1", "metaflow_2", "risk", "risk-a")]
    found = imported(there, {}, ImportFilter(stack="new", **asked), takes_everything)
    assert [one.address.name for one in found.resources] == expected
    assert all("its name is excluded" in one.reason for one in found.left_out)


def test_what_is_excluded_does_not_count_for_coverage() -> None:
    there = [live(JQ, name, queue("spot")) for name in ("metaflow_1", "risk")]
    found = coverage(there, NameChoice.of(("!metaflow_*",)))
    assert (found.total, found.excluded, coverage(there).total) == (1, 1, 2)


def test_what_others_own_and_what_leaves_is_left_out_with_the_reason() -> None:
    there = (
        live(JQ, "ours", queue("x")),
        live(JQ, "theirs", queue("x"), tags={"reconciler:stack": "old"}),
        live(JQ, "cloudformation", queue("x"), tags={CLOUDFORMATION: "infra"}),
        live(JQ, "leaving", queue("x"), status="DELETING"),
    )
    found = imported(there, {}, ImportFilter(stack="new"), takes_everything)
    assert [one.address.name for one in found.resources] == ["ours"]
    assert [(one.subject, one.reason.partition(";")[0]) for one in found.left_out] == [
        ("JobQueue/theirs", "it belongs to stack old"),
        ("JobQueue/cloudformation", "it belongs to CloudFormation stack infra"),
        ("JobQueue/leaving", "it is DELETING"),
    ]
    assert names(*there, with_owned=True) == ["ours", "theirs", "cloudformation"]
    assert names(*there, released=("infra",)) == ["ours", "cloudformation"]


def test_what_this_stack_owns_keeps_its_name_in_the_yaml() -> None:
    tags = {"reconciler:stack": "new", "reconciler:name": "spot"}
    there = (live(CE, "spot-57d719", ec2(), tags=tags), live(JQ, "q", queue("spot-57d719")))
    stack, _ = read(tidied(imported(there, {}, ImportFilter(stack="new"), takes_everything)))
    assert {str(address) for address in stack.declared} == {"ComputeEnvironment/spot", "JobQueue/q"}
    assert beyond_adoption(planned(stack, there)) == []


def test_kinds_that_could_not_be_read_are_told() -> None:
    denied = CloudError("ListConsumableResources", Fault.DENIED, "AccessDeniedException", "no")
    found = imported((), {"ConsumableResource": denied}, ImportFilter(stack="new"), takes_everything)
    assert [one.subject for one in found.left_out] == ["consumableResources"]
    assert not imported(
        (), {"ConsumableResource": denied}, ImportFilter(stack="new", kinds=(JD,)), takes_everything
    ).left_out


def test_with_a_prefix_only_what_is_called_so_is_imported_under_what_follows() -> None:
    there = (live(JQ, "dev-risk", queue("dev-spot")), live(CE, "dev-spot", ec2()), live(JQ, "prod-risk", queue("x")))
    found = imported(there, {}, ImportFilter(stack="new", prefix="dev-"), takes_everything)
    stack, errors = read(tidied(found))
    assert ([str(address) for address in stack.declared], stack.name_prefix, errors) == (
        ["ComputeEnvironment/spot", "JobQueue/risk"], "dev-", (),
    )  # fmt: skip
    assert [one.subject for one in found.left_out] == ["JobQueue/prod-risk"]
    assert beyond_adoption(planned(stack, there)) == []
