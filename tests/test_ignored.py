"""What others set and the stack ignores stays, from the file to AWS and back: in every shape of a definition, and in a successor."""

from collections.abc import Callable

import pytest

from reconciler.adapters.lookup.installed import read_schema
from reconciler.kinds import KINDS
from reconciler.model import Json, Lifecycle, Stack, dotted
from reconciler.plan import PlanOptions
from reconciler.problems import Exit
from reconciler.validate import validate
from tests.builders import CE, JD, JQ, SP, container, ec2, fair, queue, stack
from tests.world import World, stranded

OURS, THEIRS = "repo/app:1", "repo/app:2"
Body = dict[str, Json]


def sized(image: str, memory: int, **members: Json) -> Body:
    sizes = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": str(memory)}]
    return {"image": image, "resourceRequirements": sizes, **members}


def plain(image: str, memory: int) -> Body:
    return {"type": "container", "containerProperties": sized(image, memory)}


def tasks(image: str, memory: int) -> Body:
    containers = [sized(image, memory, name="main", essential=True), sized("log", 64, name="log", essential=False)]
    return {"type": "container", "ecsProperties": {"taskProperties": [{"containers": containers}]}}


def pod(image: str, memory: int) -> Body:
    limits = {"cpu": "1", "memory": f"{memory}Mi"}
    containers = [{"name": "main", "image": image, "resources": {"limits": limits, "requests": limits}}]
    return {"type": "container", "eksProperties": {"podProperties": {"containers": containers}}}


def nodes(image: str, memory: int) -> Body:
    ranges = [
        {"targetNodes": "0:0", "container": sized("lead", memory)},
        {"targetNodes": "1:", "container": sized(image, memory)},
    ]
    return {"type": "multinode", "nodeProperties": {"numNodes": 3, "mainNode": 0, "nodeRangeProperties": ranges}}


def nodes_of_tasks(image: str, memory: int) -> Body:
    containers = [sized(image, memory, name="main", essential=True)]
    ranges = [{"targetNodes": "0:", "ecsProperties": {"taskProperties": [{"containers": containers}]}}]
    return {"type": "multinode", "nodeProperties": {"numNodes": 2, "mainNode": 0, "nodeRangeProperties": ranges}}


SHAPES = [
    (plain, "containerProperties.image"),
    (tasks, "ecsProperties.taskProperties.*.containers.main.image"),
    (tasks, "ecsProperties.taskProperties[0].containers.*.image"),
    (tasks, "ecsProperties.taskProperties.0.containers.0.image"),
    (pod, "eksProperties.podProperties.containers.*.image"),
    (pod, "eksProperties.podProperties.containers[0].image"),
    (nodes, "nodeProperties.nodeRangeProperties.*.container.image"),
    (nodes, "nodeProperties.nodeRangeProperties.1:.container.image"),
    (nodes_of_tasks, "nodeProperties.nodeRangeProperties.*.ecsProperties.taskProperties.*.containers.main.image"),
]


@pytest.mark.parametrize(("shape", "path"), SHAPES, ids=[path for _, path in SHAPES])
def test_the_image_that_others_register_stays_in_every_shape_of_a_definition(
    shape: Callable[[str, int], Body], path: str
) -> None:
    def of(image: str, memory: int) -> Stack:
        return stack({(JD, "job"): shape(image, memory)}, lifecycles={(JD, "job"): Lifecycle(ignore_changes=(path,))})

    world = World()
    assert validate(of(OURS, 512), read_schema(), KINDS)[1] == ()
    assert world.apply(of(OURS, 512)).exit is Exit.DONE
    assert world.plan(of(OURS, 512)).is_empty
    world.hand("RegisterJobDefinition", jobDefinitionName="job", **shape(THEIRS, 512))
    for version in (of(OURS, 512), of("repo/app:3", 1024)):
        assert not [
            dotted(field.path)
            for change in world.plan(version).changes
            for field in change.fields
            if "image" in dotted(field.path)
        ]
        assert world.apply(version).exit is Exit.DONE
        assert world.plan(version).is_empty
    newest = max(world.raw.call("DescribeJobDefinitions", {})["jobDefinitions"], key=lambda one: one["revision"])
    assert THEIRS in str(newest)
    assert OURS not in str(newest)
    assert "1024" in str(newest)


def test_a_successor_and_a_queue_that_is_created_again_have_what_others_set() -> None:
    ignore = {
        (CE, "spot"): Lifecycle(ignore_changes=("computeResources.maxvCpus", "updatePolicy", "tags.cost-*")),
        (JQ, "q"): Lifecycle(ignore_changes=("priority", "jobStateTimeLimitActions")),
    }
    fit = ec2(allocationStrategy="BEST_FIT")
    old = stack({(CE, "spot"): fit, (JQ, "q"): queue("spot")}, lifecycles=ignore)
    new = stack(
        {(CE, "spot"): ec2(), (SP, "p"): fair(), (JQ, "q"): queue("spot", schedulingPolicyArn="p")}, lifecycles=ignore
    )
    world = World()
    assert world.apply(old).exit is Exit.DONE
    (environment,) = world.raw.call("DescribeComputeEnvironments", {})["computeEnvironments"]
    policy = {"terminateJobsOnUpdate": True, "jobExecutionTimeoutMinutes": 45}
    world.hand(
        "UpdateComputeEnvironment", computeEnvironment="spot", computeResources={"maxvCpus": 99}, updatePolicy=policy
    )
    world.hand(
        "TagResource", resourceArn=environment["computeEnvironmentArn"], tags={"cost-center": "7", "owner": "me"}
    )
    limit = {
        "reason": "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY",
        "state": "RUNNABLE",
        "maxTimeSeconds": 700,
        "action": "CANCEL",
    }
    world.hand("UpdateJobQueue", jobQueue="q", priority=77, jobStateTimeLimitActions=[limit])
    assert world.apply(new, PlanOptions(allow_replace=True)).exit is Exit.DONE
    world.clock.turn(3600)  # for a while, what was deleted is still described
    (environment,) = world.raw.call("DescribeComputeEnvironments", {})["computeEnvironments"]
    assert environment["computeEnvironmentName"].startswith("spot-")
    assert (environment["computeResources"]["maxvCpus"], environment["updatePolicy"]) == (99, policy)
    assert {key: environment["tags"].get(key) for key in ("cost-center", "owner")} == {
        "cost-center": "7",
        "owner": None,
    }
    (one,) = world.raw.call("DescribeJobQueues", {})["jobQueues"]
    assert (one["priority"], one["jobStateTimeLimitActions"]) == (77, [limit])
    assert world.plan(new).is_empty


def test_a_queue_whose_environments_are_ignored_is_never_left_without_one() -> None:
    ignore = {(JQ, "q"): Lifecycle(ignore_changes=("computeEnvironmentOrder",))}
    fit = ec2(allocationStrategy="BEST_FIT")
    old = stack({(CE, "spot"): fit, (CE, "more"): fit, (JQ, "q"): queue("spot")}, lifecycles=ignore)
    new = stack({(CE, "spot"): ec2(), (CE, "more"): ec2(), (JQ, "q"): queue("spot")}, lifecycles=ignore)
    world = World()
    assert world.apply(old).exit is Exit.DONE
    world.hand(
        "UpdateJobQueue", jobQueue="q", **{key: value for key, value in queue("more", "spot").items() if "Order" in key}
    )
    assert world.apply(new, PlanOptions(allow_replace=True)).exit is Exit.DONE
    assert stranded(world.raw) == []
    (one,) = world.raw.call("DescribeJobQueues", {})["jobQueues"]
    names = [entry["computeEnvironment"].rpartition("/")[2] for entry in one["computeEnvironmentOrder"]]
    assert [name.partition("-")[0] for name in names] == ["more", "spot"]
    assert all("-" in name for name in names)  # the successors
    assert world.plan(new).is_empty


def test_what_others_set_stays_through_an_adoption_with_changes() -> None:
    world = World()
    world.hand("CreateComputeEnvironment", computeEnvironmentName="spot", tags={"cost-center": "7"}, **ec2(maxvCpus=99))
    lifecycle = Lifecycle(ignore_changes=("computeResources.maxvCpus", "tags.cost-*"), adopt=True)
    mine = stack({(CE, "spot"): ec2(maxvCpus=16, minvCpus=2)}, lifecycles={(CE, "spot"): lifecycle})
    assert world.apply(mine).exit is Exit.DONE
    (one,) = world.raw.call("DescribeComputeEnvironments", {})["computeEnvironments"]
    resources = one["computeResources"]
    assert (resources["maxvCpus"], resources["minvCpus"], one["tags"]["cost-center"]) == (99, 2, "7")
    assert world.plan(mine).is_empty


def test_ignoring_below_a_list_drops_and_adds_no_entry_when_the_declaration_does() -> None:
    """The field is ignored, the entries are not."""
    path = "containerProperties.environment.*.value"

    def of(*names: str) -> Stack:
        body = container(environment=[{"name": name, "value": "ours"} for name in names])
        return stack({(JD, "job"): body}, lifecycles={(JD, "job"): Lifecycle(ignore_changes=(path,))})

    world = World()
    assert world.apply(of("A", "B")).exit is Exit.DONE
    world.hand("RegisterJobDefinition", jobDefinitionName="job",
               **container(environment=[{"name": "A", "value": "theirs"}, {"name": "X", "value": "theirs"}]))  # fmt: skip
    assert world.apply(of("A", "C")).exit is Exit.DONE
    newest = max(world.raw.call("DescribeJobDefinitions", {})["jobDefinitions"], key=lambda one: one["revision"])
    values = {one["name"]: one["value"] for one in newest["containerProperties"]["environment"]}
    assert values == {"A": "theirs", "C": "ours"}
    assert world.plan(of("A", "C")).is_empty
