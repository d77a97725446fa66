"""Consumable resources in the sandbox."""

import pytest

ARN = "arn:aws:batch:us-east-1:123456789012:consumable-resource"


def create(lab, name="seats", **members):
    return lab.call("CreateConsumableResource", **{"consumableResourceName": name, "totalQuantity": 10, **members})


def see(lab, name="seats"):
    return lab.call("DescribeConsumableResource", consumableResource=name)


def update(lab, **members):
    return lab.call("UpdateConsumableResource", consumableResource="seats", **members)["totalQuantity"]


def test_a_consumable_resource_is_described_with_its_counters(lab):
    assert create(lab, tags={"a": "b"}) == {"consumableResourceName": "seats", "consumableResourceArn": f"{ARN}/seats"}
    assert see(lab, f"{ARN}/seats") == {
        "consumableResourceName": "seats",
        "consumableResourceArn": f"{ARN}/seats",
        "totalQuantity": 10,
        "inUseQuantity": 0,
        "availableQuantity": 10,
        "resourceType": "REPLENISHABLE",
        "createdAt": 1_800_000_000_000,
        "tags": {"a": "b"},
    }


def test_a_list_shows_no_tags(lab):
    create(lab, tags={"a": "b"}, resourceType="NON_REPLENISHABLE")
    assert lab.call("ListConsumableResources")["consumableResources"] == [
        {
            "consumableResourceName": "seats",
            "consumableResourceArn": f"{ARN}/seats",
            "totalQuantity": 10,
            "inUseQuantity": 0,
            "resourceType": "NON_REPLENISHABLE",
        }
    ]


@pytest.mark.parametrize(("wanted", "found"), [("SEATS", ["seats"]), ("se*", ["seats", "servers"]), ("seat", [])])
def test_a_list_can_be_restricted_to_names(lab, wanted, found):
    for name in ("servers", "seats", "tokens"):
        create(lab, name)
    filters = [{"name": "CONSUMABLE_RESOURCE_NAME", "values": [wanted]}]
    listed = lab.call("ListConsumableResources", filters=filters)["consumableResources"]
    assert [each["consumableResourceName"] for each in listed] == found


def test_lists_come_in_pages(lab):
    for number in range(5):
        create(lab, f"r{number}")
    first = lab.call("ListConsumableResources", maxResults=3)
    second = lab.call("ListConsumableResources", maxResults=3, nextToken=first["nextToken"])
    assert [len(page["consumableResources"]) for page in (first, second)] == [3, 2]
    assert "nextToken" not in second


def test_a_quantity_is_set_added_to_and_taken_from(lab):
    create(lab)
    changes = [("SET", 20), ("ADD", 5), ("REMOVE", 15)]
    assert [update(lab, operation=name, quantity=quantity) for name, quantity in changes] == [20, 25, 10]


def test_the_same_request_with_the_same_token_happens_once_in_eight_hours(lab):
    create(lab)
    again = {"operation": "ADD", "quantity": 1, "clientToken": "t"}
    assert [update(lab, **again), update(lab, **again)] == [11, 11]
    assert update(lab, **{**again, "quantity": 2}) == 13
    lab.clock.turn(8 * 3600)
    assert update(lab, **{**again, "quantity": 2}) == 15


def test_it_is_deleted_at_once_and_tagged_by_its_arn(lab):
    create(lab)
    lab.call("TagResource", resourceArn=f"{ARN}/seats", tags={"a": "b"})
    assert lab.call("ListTagsForResource", resourceArn=f"{ARN}/seats") == {"tags": {"a": "b"}}
    lab.call("DeleteConsumableResource", consumableResource="seats")
    assert lab.call("ListConsumableResources") == {"consumableResources": []}
    for operation in ("DescribeConsumableResource", "UpdateConsumableResource", "DeleteConsumableResource"):
        assert lab.refused(operation, consumableResource="seats") == "seats does not exist"


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"totalQuantity": -1}, "The quantity of a consumable resource must be non-negative."),
        ({"consumableResourceName": "a.b"}, "Consumable resource name should match a valid pattern."),
        ({"resourceType": "LENT"}, "resourceType should be one of REPLENISHABLE, NON_REPLENISHABLE."),
        ({"consumableResourceName": "seats"}, "Object already exists"),
    ],
)
def test_a_consumable_resource_that_aws_refuses_is_refused(lab, members, words):
    create(lab)
    request = {"consumableResourceName": "other", "totalQuantity": 1, **members}
    assert lab.refused("CreateConsumableResource", **request) == words


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"operation": "REMOVE", "quantity": 11}, "The quantity of a consumable resource must be non-negative."),
        ({"operation": "TAKE", "quantity": 1}, "operation should be one of SET, ADD, REMOVE."),
    ],
)
def test_a_quantity_that_cannot_be_is_refused(lab, members, words):
    create(lab)
    assert lab.refused("UpdateConsumableResource", consumableResource="seats", **members) == words
    assert see(lab)["totalQuantity"] == 10
