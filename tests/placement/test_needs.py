"""What a job needs at once is read from every form of a definition."""

from decimal import Decimal

import pytest

from reconciler.placement.needs import job_need, quantity, target_nodes
from tests.placement.bodies import container, job, multinode, pod


def sizes(body: dict) -> list[tuple[object, ...]]:
    return [(each.nodes, each.vcpus, each.memory, each.gpus) for each in job_need(body).groups]


def test_of_a_container_in_both_spellings() -> None:
    legacy = {"type": "container", "containerProperties": {"image": "a", "vcpus": 8, "memory": 1000}}
    assert sizes(job(8, 1000)) == sizes(legacy) == [(1, 8, 1000, 0)]


def test_containers_of_a_task_add_up() -> None:
    task = {"taskProperties": [{"containers": [container(1, 512, 1), container(2, 1024)]}]}
    assert sizes({"type": "container", "ecsProperties": task}) == [(1, 3, 1536, 1)]


def test_a_pod_needs_its_containers_together_or_its_largest_init_container() -> None:
    small, large = {"cpu": "250m", "memory": "512Mi"}, {"cpu": "2", "memory": "1Gi", "nvidia.com/gpu": "1"}
    assert sizes(pod(small, small)) == [(1, Decimal("0.5"), 1024, 0)]
    assert sizes(pod(small, small, first=(large,))) == [(1, 2, 1024, 1)]


def test_nodes_are_those_of_the_range_that_has_them_last() -> None:
    body = multinode(("0:9", container(4, 100)), ("4:5", container(8, 200)), nodes=10)
    assert sizes(body) == [(8, 4, 100, 0), (2, 8, 200, 0)]
    assert job_need(body).vcpus == 8 * 4 + 2 * 8


def test_an_inner_range_has_its_nodes_wherever_it_is_listed() -> None:
    assert sizes(multinode(("4:5", container(8, 200)), ("0:9", container(4, 100)), nodes=10)) == [
        (2, 8, 200, 0),
        (8, 4, 100, 0),
    ]


def test_nodes_in_no_range_are_unknown() -> None:
    assert job_need(multinode(("0:1", container(4, 100)), ("3:", container(4, 100)), nodes=5)).vcpus is None


def test_a_request_of_a_pod_comes_before_its_limit() -> None:
    both = {"limits": {"cpu": "4", "memory": "4Gi"}, "requests": {"cpu": "250m", "memory": "1Gi"}}
    body = {"eksProperties": {"podProperties": {"containers": [{"image": "a", "resources": both}]}}}
    assert sizes(body) == [(1, Decimal("0.25"), 1024, 0)]
    assert sizes({"eksProperties": {"podProperties": {"containers": [{"image": "a"}]}}}) == [(1, None, None, 0)]


def test_sizes_that_are_missing_looked_up_or_no_numbers_are_unknown() -> None:
    for body in (job(vcpus=0), job(vcpus="<unknown: !ssm size>"), job(vcpus="two")):
        (group,) = job_need(body).groups
        assert group.vcpus is None
        assert not group.is_known
    assert job_need(multinode(("0:", container()), nodes="many")).vcpus is None
    assert job_need(multinode(("0:", container()), nodes=10**9)).vcpus is None


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("500m", "0.5"),
        ("2", 2),
        ("1Ki", 1024),
        ("1.5", "1.5"),
        ("x", None),
        ("1M", 10**6),
        ("1e3", 1000),
        ("2Gi", 2**31),
        ("", None),
    ],
)
def test_quantities_of_kubernetes(text: str, amount: object) -> None:
    assert quantity(text) == (None if amount is None else Decimal(amount))


@pytest.mark.parametrize(
    ("text", "nodes"), [("2", [2]), ("1:2", [1, 2]), (":1", [0, 1]), ("2:", [2, 3]), ("0:99", [0, 1, 2, 3])]
)
def test_ranges_of_nodes(text: str, nodes: list[int]) -> None:
    assert list(target_nodes(text, 4)) == nodes
