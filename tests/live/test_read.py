"""Reading what is live where the API has no list of descriptions: listed by ARN, described one by one, per queue."""

import pytest

from reconciler.app import usecases
from reconciler.kinds import KINDS, batch_kinds
from reconciler.live.read import read_all, read_one
from reconciler.model import Json
from reconciler.problems import CloudError, Exit, Fault, Severity
from tests.builders import (
    CR,
    JD,
    JQ,
    QS,
    SE,
    SP,
    consumable,
    container,
    quota,
    service,
    share,
    stack,
    training,
)
from tests.fakes import HERE, ScriptedCloud, refused, session_of
from tests.world import World

ARN = "arn:aws:batch:us-east-1:123456789012:"
SHARES = {
    (SP, "quotas"): quota(),
    **{(SE, name): service() for name in "ab"},
    **{(JQ, name): training(name, schedulingPolicyArn="quotas") for name in "ab"},
    **{(QS, f"share-{n}"): share("ab"[n % 2]) for n in range(6)},
}


def denied(operation: str) -> CloudError:
    return CloudError(operation, Fault.DENIED, "AccessDeniedException", f"not authorized to perform: batch:{operation}")


def script(**answers: Json) -> ScriptedCloud:
    empty = {
        "DescribeComputeEnvironments": {"computeEnvironments": []},
        "DescribeServiceEnvironments": {"serviceEnvironments": []},
        "DescribeJobQueues": {"jobQueues": []},
        "DescribeJobDefinitions": {"jobDefinitions": []},
        "ListSchedulingPolicies": {"schedulingPolicies": []},
        "ListConsumableResources": {"consumableResources": []},
    }
    return ScriptedCloud({operation: [answer] for operation, answer in {**empty, **answers}.items()})


def test_shares_are_read_queue_by_queue_and_one_by_one() -> None:
    world = World()
    assert world.apply(stack(SHARES)).exit is Exit.DONE
    before = len(world.calls)
    assert world.plan(stack(SHARES)).is_empty
    made = [operation for operation, _ in world.calls[before:]]
    assert (made.count("ListQuotaShares"), made.count("DescribeQuotaShare")) == (2, 6)
    assert all(
        made.index(after) > made.index("DescribeJobQueues") for after in ("ListQuotaShares", "DescribeQuotaShare")
    )


def test_an_account_without_the_newer_kinds_costs_one_call_for_each_that_can_be_listed() -> None:
    world = World()
    world.plan(stack({(JD, "job"): container()}))
    assert sorted(operation for operation, _ in world.calls) == [
        "DescribeComputeEnvironments", "DescribeJobDefinitions", "DescribeJobQueues", "DescribeServiceEnvironments",
        "ListConsumableResources", "ListSchedulingPolicies"]  # fmt: skip


def test_consumable_resources_are_listed_by_pages() -> None:
    world = World()
    many = stack({(CR, f"seat-{n}"): consumable(n) for n in range(130)})
    world.apply(many)
    before = len(world.calls)
    assert world.plan(many).is_empty
    made = [operation for operation, _ in world.calls[before:]]
    assert (made.count("ListConsumableResources"), made.count("DescribeConsumableResource")) == (2, 130)


@pytest.mark.parametrize("lost", ["ListQuotaShares", "DescribeQuotaShare"])
def test_what_goes_while_it_is_read_is_not_there(lost: str) -> None:
    arn = f"{ARN}job-queue/q/quota-share/s"
    item = {"quotaShareName": "s", "quotaShareArn": arn, "jobQueueArn": f"{ARN}job-queue/q", **share("q")}
    queue = {"jobQueueName": "q", "jobQueueArn": f"{ARN}job-queue/q", **training("e")}
    answers = {"ListQuotaShares": {"quotaShares": [item]}, "DescribeQuotaShare": item}
    cloud = script(DescribeJobQueues={"jobQueues": [queue]}, **answers)
    assert [one.address.name for one in read_all(cloud, batch_kinds()).live] == ["q", "q/s"]
    gone = script(DescribeJobQueues={"jobQueues": [queue]}, **{**answers, lost: refused(f"{arn} does not exist")})
    found = read_all(gone, batch_kinds())
    assert ([one.address.name for one in found.live], found.unread) == (["q"], {})


def test_queues_that_cannot_have_shares_are_not_asked_for_them() -> None:
    queue = {"jobQueueName": "q", "jobQueueArn": f"{ARN}job-queue/q", "jobQueueType": "ECS", "priority": 1}
    cloud = script(DescribeJobQueues={"jobQueues": [queue]})
    assert len(read_all(cloud, batch_kinds()).live) == 1


def test_one_share_is_found_by_the_names_of_its_queue_and_itself() -> None:
    world = World()
    world.apply(stack(SHARES))
    found = read_one(world.raw, KINDS[QS], HERE, "a/share-0")
    assert found is not None
    assert (found.arn, found.status, found.tags["reconciler:stack"]) == (
        f"{ARN}job-queue/a/quota-share/share-0", "VALID", "risk")  # fmt: skip
    assert read_one(world.raw, KINDS[QS], HERE, "b/share-0") is None


@pytest.mark.parametrize("operation", ["ListConsumableResources", "DescribeServiceEnvironments"])
@pytest.mark.parametrize("why", [denied("x"), CloudError("x", Fault.REFUSED, "404", "Not yet implemented")])
def test_who_may_not_read_a_newer_kind_can_plan_what_does_not_need_it(operation: str, why: CloudError) -> None:
    plan = usecases.plan(stack({(JD, "job"): container()}), session_of(script(**{operation: why})))
    (note,) = plan.notes
    assert (note.code, note.severity, len(plan.changes)) == ("PLAN008", Severity.NOTE, 1)
    assert note.hint.startswith(f"grant batch:{operation}")
    assert str(why) in note.message


@pytest.mark.parametrize(
    "body",
    [
        {(CR, "seats"): consumable()},
        {(JD, "job"): {**container(), "consumableResourceProperties": {
            "consumableResourceList": [{"consumableResource": "seats", "quantity": 1}]}}},
    ],
)  # fmt: skip
def test_who_needs_a_kind_has_to_be_allowed_to_read_it(body: dict[tuple[str, str], Json]) -> None:
    with pytest.raises(CloudError, match="AccessDenied"):
        usecases.plan(stack(body), session_of(script(ListConsumableResources=denied("ListConsumableResources"))))


@pytest.mark.parametrize("fault", [Fault.UNKNOWN, Fault.THROTTLED, Fault.UNREACHABLE])
def test_a_newer_kind_that_cannot_be_read_just_now_is_an_error(fault: Fault) -> None:
    with pytest.raises(CloudError):
        read_all(script(ListConsumableResources=CloudError("x", fault, "x", "x")), batch_kinds())


def test_the_first_kinds_have_to_be_readable() -> None:
    with pytest.raises(CloudError, match="AccessDenied"):
        read_all(script(DescribeJobQueues=denied("DescribeJobQueues")), batch_kinds())
