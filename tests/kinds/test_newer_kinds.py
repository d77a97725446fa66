"""Consumable resources, service environments and quota shares: what shows as a change of them, and what does not."""

import pytest

from reconciler.diff import compare_bodies
from reconciler.kinds import KINDS
from reconciler.model import Cost, Json, dotted
from tests.builders import CR, QS, SE, consumable, limits, service, share
from tests.fakes import HERE

QUEUE = "arn:aws:batch:us-east-1:123456789012:job-queue/train"


def changes(kind: str, live: Json, declared: Json) -> list[tuple[str, Cost]]:
    return [(dotted(change.path), change.cost) for change in compare_bodies(KINDS[kind], live, declared, HERE)]


@pytest.mark.parametrize(
    ("kind", "live", "declared"),
    [
        (CR, consumable(5, resourceType="REPLENISHABLE"), consumable(5)),
        (CR, consumable(5, resourceType="NON_REPLENISHABLE"), consumable(5, resourceType="non_replenishable")),
        (SE, {**service(), "state": "ENABLED"}, service()),
        (SE, {**service(), "capacityLimits": limits(m5=1, g5=2)}, {**service(), "capacityLimits": limits(g5=2, m5=1)}),
        (QS, share(QUEUE), share("train")),
        (QS, share(QUEUE, state="ENABLED"), share("train", state="enabled")),
        (QS, share(QUEUE), share("train", resourceSharingConfiguration={"strategy": "lend", "borrowLimit": -1})),
    ],
)
def test_what_the_service_makes_of_it_is_no_change(kind: str, live: Json, declared: Json) -> None:
    assert changes(kind, live, declared) == []


@pytest.mark.parametrize(
    ("kind", "live", "declared", "found"),
    [
        (CR, consumable(5), consumable(0), [("totalQuantity", Cost.SCALING)]),
        (CR, consumable(5), consumable(5, resourceType="NON_REPLENISHABLE"), [("resourceType", Cost.REPLACE)]),
        (SE, service(), {**service(), "state": "DISABLED"}, [("state", Cost.SCALING)]),
        (SE, service(m5=1), service(m5=2), [('capacityLimits["ml.m5.large"].maxCapacity', Cost.SCALING)]),
        (
            SE,
            service(m5=1),
            service(g5=1),
            [('capacityLimits["ml.g5.large"]', Cost.SCALING), ('capacityLimits["ml.m5.large"]', Cost.SCALING)],
        ),
        (QS, share(QUEUE), share("other"), [("jobQueue", Cost.REPLACE)]),
        (
            QS,
            share(QUEUE),
            share("train", preemptionConfiguration={"inSharePreemption": "DISABLED"}),
            [("preemptionConfiguration.inSharePreemption", Cost.SCALING)],
        ),
    ],
)
def test_what_a_user_changes_is_told_with_its_cost(
    kind: str, live: Json, declared: Json, found: list[tuple[str, Cost]]
) -> None:
    assert changes(kind, live, declared) == found


def test_a_share_is_named_by_its_queue_and_itself() -> None:
    kind = KINDS[QS]
    assert kind.name_within(QUEUE, "vision") == kind.name_within("train", "vision") == "train/vision"
    assert kind.arn(HERE, "train/vision") == f"{QUEUE}/quota-share/vision"
