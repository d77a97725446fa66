"""What rules say of pods, tasks and nodes, and where: beyond the one example that each rule brings along."""

import pytest

from reconciler.model import Address, Json, Spec, dotted
from reconciler.rules import RULES, Subject
from reconciler.rules.base import Example
from reconciler.rules.job_definition.nodes import multinode, over
from reconciler.rules.job_definition.pods import amounts, pod, pod_container, wanting
from reconciler.rules.job_definition.tasks import container
from reconciler.rules.traversal import task

BY_ID = {rule.id: rule for rule in RULES["JobDefinition"]}


def said(rule: str, example: Example) -> list[str]:
    found = BY_ID[rule].check(Subject(Address("JobDefinition", "example"), example.body))
    return [f"{dotted(path)} {message}" for path, message in found]


def waiting(**waits: str) -> Example:
    """Return a task of containers that wait for those in the text."""
    containers = [
        container(name, dependsOn=[{"containerName": target, "condition": "START"} for target in targets.split()])
        for name, targets in waits.items()
    ]
    return task(containers=containers)


def ranges(*nodes: str, count: int = 10) -> Example:
    return multinode(*(over(each) for each in nodes), nodes=count)


def on_nodes(nodes: str, **properties: Json) -> Spec:
    return {"targetNodes": nodes, "eksProperties": {"podProperties": properties}}


@pytest.mark.parametrize("value", ["100m", "0.1", "1.3", "-1", "one", "1e3", ".5"])
def test_cpu_of_a_pod_is_a_multiple_of_a_quarter(value: str) -> None:
    path = "eksProperties.podProperties.containers[0].resources.limits.cpu"
    message = f"{path} is {value}; cpu is a number in steps of 0.25, without a unit"
    assert said("JD202", wanting(amounts(cpu=value, memory="512Mi"))) == [message]


@pytest.mark.parametrize("value", ["0.25", "0.50", "1", "1.0", "2.75", "192"])
def test_cpu_may_be_written_with_zeros(value: str) -> None:
    assert said("JD202", wanting(amounts(cpu=value, memory="512Mi"))) == []


@pytest.mark.parametrize("value", ["2Gi", "1.5Mi", "512M", "512MiB", "much"])
def test_memory_of_a_pod_has_no_other_unit_than_mi(value: str) -> None:
    path = "eksProperties.podProperties.containers[0].resources.limits.memory"
    assert said("JD204", wanting(amounts(cpu="1", memory=value))) == [
        f"{path} is {value}; memory is a whole number of Mi"
    ]


def test_equal_amounts_may_be_written_differently() -> None:
    assert said("JD203", wanting(amounts(cpu="1", memory="512Mi"), amounts(cpu="1.00"))) == []
    assert said("JD206", wanting(amounts(cpu="1", memory="512Mi"), amounts(memory="0512Mi"))) == []


def test_what_is_badly_written_is_not_compared_too() -> None:
    both = wanting(amounts(cpu="1", memory="1Gi"), amounts(cpu="2000m", memory="512Mi"))
    assert said("JD203", both) == []
    assert said("JD206", both) == []


def test_init_containers_and_pods_of_node_ranges_are_looked_at() -> None:
    hungry = pod_container(name="fetch", resources={})
    example = multinode(
        on_nodes("0", containers=[pod_container()]),
        on_nodes("1:", containers=[pod_container()], initContainers=[hungry]),
    )
    path = "nodeProperties.nodeRangeProperties[1].eksProperties.podProperties.initContainers[0].resources"
    assert said("JD215", example) == [f"{path} does not set cpu and memory"]


def test_containers_without_a_name_have_the_same_one() -> None:
    nameless = {name: value for name, value in pod_container().items() if name != "name"}
    assert said("JD211", pod(nameless, nameless)) == [
        "eksProperties.podProperties has 2 containers of the name Default, containers and initContainers together"
    ]


def test_a_mount_without_a_name_names_no_volume() -> None:
    assert said("JD220", pod(pod_container(volumeMounts=[{"mountPath": "/data"}]))) == [
        "eksProperties.podProperties.containers[0].volumeMounts[0] does not refer to a volume"
    ]


@pytest.mark.parametrize("key", ["team", "a", "example.com/team", "A.b_c-d", "n" * 63])
def test_keys_that_kubernetes_knows_are_taken(key: str) -> None:
    assert said("JD232", pod(metadata={"labels": {key: "x"}})) == []


@pytest.mark.parametrize(
    "key", ["", "team-", "my team", "/team", "a/b/c", "Example.com/team", "n" * 64, "p" * 254 + "/n"]
)
def test_keys_that_kubernetes_does_not_know_are_refused(key: str) -> None:
    path = dotted(("eksProperties", "podProperties", "metadata", "labels", key))
    assert said("JD232", pod(metadata={"labels": {key: "x"}})) == [f"{path} is not a valid key"]


def test_the_pod_s_user_counts_for_containers_that_choose_none() -> None:
    path = "eksProperties.podProperties.containers[0].securityContext"
    assert said("JD244", pod(pod_container(), securityContext={"runAsNonRoot": True, "runAsUser": 0})) == [
        f"{path} has runAsNonRoot and the user 0, so that it never starts"
    ]


def test_a_circle_is_named_without_those_who_only_wait_for_it() -> None:
    assert said("JD265", waiting(a="b", b="c", c="a", before="a", after="", d="after")) == [
        "ecsProperties.taskProperties[0].containers has containers that wait for each other: a, b, c"
    ]


def test_waiting_for_the_same_container_is_no_circle() -> None:
    assert said("JD265", waiting(a="b c", b="d", c="d", d="")) == []


def test_waiting_for_oneself_is_told_once() -> None:
    example = waiting(a="a", b="a")
    assert said("JD264", example) == [
        "ecsProperties.taskProperties[0].containers[0].dependsOn[0].containerName is the container itself"
    ]
    assert said("JD265", example) == []


def test_the_end_of_a_container_that_says_nothing_cannot_be_waited_for() -> None:
    ends = [{"containerName": "b", "condition": "COMPLETE"}]
    path = "ecsProperties.taskProperties[0].containers[0].dependsOn[0].condition"
    assert said("JD266", task(containers=[container("a", dependsOn=ends), container("b")])) == [
        f"{path} is COMPLETE, but b is essential: when it ends, the job ends"
    ]


@pytest.mark.parametrize(
    ("nodes", "gaps"),
    [
        (["0:4", "5:9"], ""),
        (["0:", "4:5"], ""),
        ([":"], ""),
        ([":3", "4:"], ""),
        (["9", "0:8"], ""),
        (["0:3", "5:"], "node 4"),
        (["1:"], "node 0"),
        (["2:3", "5:7"], "nodes 0:1, 4, 8:9"),
        (["0:3", "12:15"], "nodes 4:9"),
        ([], "nodes 0:9"),
    ],
)
def test_nodes_that_no_range_covers_are_named(nodes: list[str], gaps: str) -> None:
    example = ranges(*nodes)
    if not nodes:
        example.body["nodeProperties"]["nodeRangeProperties"].clear()
    expected = [f"nodeProperties.nodeRangeProperties leave out {gaps}"] if gaps else []
    assert said("JD303", example) == expected


def test_a_thousand_nodes_of_which_the_last_is_missing() -> None:
    assert said("JD303", ranges("0:998", count=1000)) == ["nodeProperties.nodeRangeProperties leave out node 999"]


def test_ranges_may_be_nested_but_not_cross() -> None:
    assert said("JD305", ranges("0:9", "4:5", "4", "0:3")) == []
    assert said("JD305", ranges("4:9", "0:5")) == [
        "nodeProperties.nodeRangeProperties[1].targetNodes is 0:5, which shares a part of its nodes with 4:9"
    ]


def test_the_same_nodes_written_differently_are_the_same() -> None:
    assert said("JD304", ranges("0:9", ":")) == [
        "nodeProperties.nodeRangeProperties[1].targetNodes is :, the same nodes as 0:9"
    ]


def test_an_instance_type_counts_wherever_it_is_written() -> None:
    tasks = {"taskProperties": [{"containers": [container("main")]}]}
    sized = {"targetNodes": "1:", "ecsProperties": tasks, "instanceTypes": ["c6i.xlarge"]}
    assert said("JD324", multinode(over("0", instanceType="c6i.large"), sized)) == [
        "nodeProperties.nodeRangeProperties have different instance types: c6i.large, c6i.xlarge"
    ]


def test_one_range_with_an_instance_type_is_enough() -> None:
    assert said("JD324", multinode(over("0", instanceType="c6i.large"), over("1:"))) == []


def test_an_image_that_nothing_can_pull_is_told_of_pods_too() -> None:
    example = pod(pod_container(image="amazonlinux = 2"))
    assert [message.split(" is ")[0].rsplit(".", 1)[1] for message in said("JD031", example)] == ["image"]


def test_of_pods_it_is_not_claimed_that_empty_variables_are_dropped() -> None:
    empty = pod(pod_container(env=[{"name": "DEBUG", "value": ""}]))
    assert [message.split(" has ")[1] for message in said("JD164", empty)] == ["no value: AWS Batch may drop DEBUG"]
