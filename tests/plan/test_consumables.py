"""Plans of consumable resources, whose quantity is set by an operation, and may move by itself."""

import pytest

from reconciler.model import Address, Json, dotted
from reconciler.plan import PlanOptions
from reconciler.problems import Exit
from tests.builders import CR, JD, calls, consumable, container, live, owned, planned, stack, told
from tests.world import World

ARN = "arn:aws:batch:us-east-1:123456789012:"
USED_UP = {"resourceType": "NON_REPLENISHABLE"}


def holding(resource: str, quantity: int = 1) -> dict[str, Json]:
    takes = [{"consumableResource": resource, "quantity": quantity}]
    return {**container(), "consumableResourceProperties": {"consumableResourceList": takes}}


def test_what_a_job_consumes_is_created_before_its_definition() -> None:
    plan = planned(stack({(JD, "job"): holding("seats"), (CR, "seats"): consumable()}))
    assert told(plan) == ["+ ConsumableResource/seats", "+ JobDefinition/job"]
    assert plan.changes[1].after == (Address(CR, "seats"),)
    sent = plan.changes[1].steps[0].request["consumableResourceProperties"]["consumableResourceList"]
    assert sent == [{"consumableResource": f"{ARN}consumable-resource/seats", "quantity": 1}]


@pytest.mark.parametrize("shown", ["seats", f"{ARN}consumable-resource/seats"])
def test_a_consumable_resource_is_the_same_by_name_and_by_arn(shown: str) -> None:
    mine = stack({(JD, "job"): holding("seats"), (CR, "seats"): consumable()})
    there = [
        owned(mine, live(CR, "seats", consumable(resourceType="REPLENISHABLE"), status="")),
        owned(mine, live(JD, "job", holding(shown), status="ACTIVE", revisions=(1,))),
    ]
    assert planned(mine, *there).is_empty


def test_a_quantity_is_set() -> None:
    old, new = (stack({(CR, "seats"): consumable(quantity)}) for quantity in (10, 25))
    found = calls(planned(new, owned(old, live(CR, "seats", consumable(10), status=""))))
    assert found[0] == (
        "UpdateConsumableResource", {"consumableResource": "seats", "operation": "SET", "quantity": 25})  # fmt: skip
    assert [call for call, _ in found] == ["UpdateConsumableResource", "TagResource"]


def test_a_consumable_resource_keeps_its_type() -> None:
    old, new = (stack({(CR, "seats"): consumable(**more)}) for more in ({}, USED_UP))
    plan = planned(new, owned(old, live(CR, "seats", consumable(), status="")))
    assert [problem.code for problem in plan.refusals] == ["PLAN001"]


def test_what_a_live_definition_consumes_is_not_deleted() -> None:
    theirs = live(JD, "theirs", holding("seats"), status="ACTIVE", revisions=(1,))
    mine = owned(stack({}), live(CR, "seats", consumable(), status=""))
    plan = planned(stack({}), mine, theirs, wanted=PlanOptions(destroy=True))
    assert [problem.code for problem in plan.refusals] == ["PLAN005"]


def budget(quantity: int, **members: Json) -> dict[tuple[str, str], dict[str, Json]]:
    return {(CR, "budget"): consumable(quantity, **USED_UP, **members)}


@pytest.fixture
def used() -> World:
    """A world in which jobs have used up 40 of 100."""
    world = World()
    assert world.apply(stack(budget(100))).exit is Exit.DONE
    world.hand("UpdateConsumableResource", consumableResource="budget", operation="REMOVE", quantity=40)
    return world


def total(world: World) -> int:
    return int(world.raw.call("DescribeConsumableResource", {"consumableResource": "budget"})["totalQuantity"])


def test_what_jobs_use_up_is_no_drift(used: World) -> None:
    assert used.plan(stack(budget(100))).changes == ()


def test_what_jobs_used_up_is_not_filled_up_by_another_change(used: World) -> None:
    assert told(used.plan(stack(budget(100, tags={"team": "x"})))) == ["~ ConsumableResource/budget"]
    assert used.apply(stack(budget(100, tags={"team": "x"}))).exit is Exit.DONE
    assert total(used) == 60


def test_another_declared_quantity_is_set(used: World) -> None:
    assert used.apply(stack(budget(500))).exit is Exit.DONE
    assert total(used) == 500
    used.hand("UpdateConsumableResource", consumableResource="budget", operation="REMOVE", quantity=40)
    assert used.plan(stack(budget(500))).is_empty


def test_of_what_is_free_again_another_quantity_is_drift() -> None:
    world, mine = World(), stack({(CR, "seats"): consumable(100)})
    world.apply(mine)
    world.hand("UpdateConsumableResource", consumableResource="seats", operation="ADD", quantity=1)
    (change,) = world.plan(mine).changes
    assert (change.drift, [(dotted(f.path), f.before, f.after) for f in change.fields]) == (
        True, [("totalQuantity", 101, 100)])  # fmt: skip


def test_what_jobs_used_up_of_a_resource_that_nobody_owned_is_set_when_it_is_adopted() -> None:
    world = World()
    world.hand("CreateConsumableResource", consumableResourceName="budget", **consumable(60, **USED_UP))
    plan = world.plan(stack(budget(100)), PlanOptions(adopt=True))
    assert [(dotted(field.path), field.before, field.after) for field in plan.changes[0].fields] == [
        ("totalQuantity", 60, 100)
    ]
    assert world.apply(stack(budget(100)), PlanOptions(adopt=True)).exit is Exit.DONE
