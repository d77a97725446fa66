"""A verdict that holds although a value is not known holds whatever the value is; else it is `unknown`."""

from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from operator import add, attrgetter, eq, itemgetter, lt, ne

import pytest

from reconciler.model import Address, Declared, Json, Lifecycle, Path, Spec, Stack
from reconciler.placeholders import DependsOnUnknown, Unknown, Withheld, withhold
from reconciler.placement.catalogue import catalogue
from reconciler.placement.needs import job_need
from reconciler.placement.offers import Offer, offer_of
from reconciler.placement.queues import place_stack, pool_of, pool_of_stack
from reconciler.placement.verdicts import Feasibility, Verdict, judge
from tests.placement.bodies import container, environment, job, managed_instances, multinode, on_eks, pod, verdict

SURE = (Feasibility.FITS, Feasibility.TIGHT)
X86 = {"runtimePlatform": {"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"}}
EFA = {"linuxParameters": {"devices": [{"hostPath": "/dev/infiniband/uverbs0"}]}}
TASK = {"ecsProperties": {"taskProperties": [{**X86, "containers": [container(1, 512), container(1, 3000)]}]}}
JOBS = {
    "container": job(2, 3000, **EFA),
    "legacy": {"type": "container", "containerProperties": {"image": "a", "vcpus": 2, "memory": 3000}},
    "gpu": job(2, 3000, 1),
    "large": job(64, 600_000),
    "fargate": job(1, 2048, on="FARGATE", **X86),
    "task": {"type": "container", **TASK},
    "managed": {"type": "container", "platformCapabilities": ["MANAGED_INSTANCES"], **TASK},
    "pod": pod({"cpu": "1", "memory": "1024Mi"}, first=({"cpu": "500m", "memory": "1Gi"},)),
    "nodes": multinode(("0:1", container(2, 100, instanceType="c5.xlarge")), ("2:", container(4, 200)), nodes=4),
    "consuming": {**job(), "consumableResourceProperties": {"consumableResourceList": [{"consumableResource": "a", "quantity": 2}]}},
}  # fmt: skip
OWN_IMAGE = {"ec2Configuration": [{"imageType": "ECS_AL2", "imageIdOverride": "ami-1"}]}
ENVIRONMENTS = {
    "small": environment("c5.large", "c5.xlarge", most=16),
    "own": environment("g4dn", "c5", launchTemplate={"launchTemplateName": "own", "version": "1"}, **OWN_IMAGE),
    "best": environment("optimal", allocationStrategy="BEST_FIT", most=8, state="ENABLED"),
    "efa": {**environment("c5n", "p4d"), "state": "ENABLED"},
    "fargate": environment(kind="FARGATE", most=4),
    "spot": environment(kind="FARGATE_SPOT", most=4),
    "managed": managed_instances("m5.large", "m6g"),
    "any": managed_instances(),
    "eks": on_eks("c5.large"),
    "unmanaged": {"type": "UNMANAGED"},
}


@cache
def offers() -> list[Offer]:
    return [offer_of(name, body, catalogue()) for name, body in ENVIRONMENTS.items()]


def places(body: Json, path: Path = ()) -> Iterator[Path]:
    """Yield every place in a body, inner and outer ones."""
    inner = body.items() if isinstance(body, Mapping) else enumerate(body) if isinstance(body, list) else ()
    for key, value in inner:
        yield (*path, key)
        yield from places(value, (*path, key))


def without(body: Json, path: Path) -> Json:
    """Return the body with the value at a path withheld."""
    if not path:
        return Withheld()
    if isinstance(body, Mapping):
        return {**body, path[0]: without(body[path[0]], path[1:])}
    return [without(each, path[1:]) if index == path[0] else each for index, each in enumerate(body)]


def holds(before: Verdict, after: Verdict) -> bool:
    """Whether what is said without a value is true with it."""
    if after.outcome is Feasibility.NEVER:
        return before.outcome is Feasibility.NEVER
    return after.outcome not in SURE or before.outcome in SURE


@pytest.mark.parametrize("name", JOBS)
def test_what_is_said_without_a_value_of_a_job_is_true_with_it(name: str) -> None:
    need = job_need(JOBS[name])
    for path in places(JOBS[name]):
        partly_known = job_need(without(JOBS[name], path))
        for offer in offers():
            before, after = (judge(each, offer, catalogue()) for each in (need, partly_known))
            assert holds(before, after), (path, offer.name, before, after)


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_what_is_said_without_a_value_of_an_environment_is_true_with_it(name: str) -> None:
    offer = offer_of("here", ENVIRONMENTS[name], catalogue())
    for path in places(ENVIRONMENTS[name]):
        partly_known = offer_of("here", without(ENVIRONMENTS[name], path), catalogue())
        for body in JOBS.values():
            before, after = (judge(job_need(body), each, catalogue()) for each in (offer, partly_known))
            assert holds(before, after), (path, body, before, after)


@pytest.mark.parametrize(
    ("body", "of", "path", "outcome"),
    [
        (job(2, 1000), environment("c5"), ("containerProperties", "image"), "fits"),
        (job(2, 9000), environment("c5.large"), ("containerProperties", "resourceRequirements", 0, "value"), "never"),
        (job(2, 1000), environment("c5"), ("containerProperties", "resourceRequirements", 1, "type"), "unknown"),
        (job(2, 1000), environment("c5"), ("containerProperties",), "unknown"),
        (job(2, 1000), environment("c5"), ("type",), "fits"),
        (JOBS["managed"], managed_instances("m6g"), ("ecsProperties", "taskProperties", 0, "runtimePlatform", "cpuArchitecture"), "unknown"),
        (JOBS["fargate"], environment(kind="FARGATE"), ("platformCapabilities", 0), "unknown"),
        (JOBS["nodes"], environment("c5.xlarge"), ("nodeProperties", "nodeRangeProperties", 0, "container", "instanceType"), "unknown"),
        (JOBS["nodes"], environment("c5.xlarge"), ("nodeProperties", "numNodes"), "unknown"),
    ],
)  # fmt: skip
def test_only_what_depends_on_the_value_is_unknown(body: Spec, of: Spec, path: Path, outcome: str) -> None:
    assert verdict(without(body, path), of).outcome == outcome


@pytest.mark.parametrize(
    ("of", "path", "outcome"),
    [
        (environment("c5.large"), ("computeResources", "instanceTypes"), "unknown"),
        (environment("c5.large", "c5.xlarge"), ("computeResources", "instanceTypes", 1), "fits"),
        (environment("c5.large"), ("computeResources", "maxvCpus"), "unknown"),
        (environment("c5.large"), ("computeResources", "allocationStrategy"), "fits"),
        (environment("c5.4xlarge", most=4), ("computeResources", "allocationStrategy"), "tight"),
        (environment("c5.large"), ("computeResources", "type"), "unknown"),
        (environment("c5.large"), ("type",), "unknown"),
        ({**environment("c5.large"), "state": "ENABLED"}, ("state",), "unknown"),
        ({**environment("c5.large"), "serviceRole": "x"}, ("serviceRole",), "fits"),
        (environment("c5.large", subnets=["subnet-1"]), ("computeResources", "subnets"), "fits"),
    ],
)
def test_of_an_environment_too(of: Spec, path: Path, outcome: str) -> None:
    assert verdict(job(2, 1000), without(of, path)).outcome == outcome


def test_types_of_managed_instances_that_are_looked_up_are_not_all_types() -> None:
    body, of = {**JOBS["managed"]}, managed_instances("m5.large")
    for path in places(of["computeResources"]["managedInstancesProvider"]):
        at = ("computeResources", "managedInstancesProvider", *path)
        assert verdict(body, without(of, at)).outcome is Feasibility.UNKNOWN


ORDER = [{"order": 1, "computeEnvironment": "only"}]
QUEUE = {"state": "ENABLED", "jobQueueType": "ECS", "priority": 1, "computeEnvironmentOrder": ORDER}
CONSUMING = JOBS["consuming"]


@pytest.mark.parametrize(
    ("queue", "reason"),
    [
        (without(QUEUE, ("state",)), "whether the queue is enabled is not known"),
        (without(QUEUE, ("computeEnvironmentOrder",)), "the queue has no environments that are known"),
        (without(QUEUE, ("computeEnvironmentOrder", 0, "computeEnvironment")), "the name of its environment is not known"),
        ({**QUEUE, "computeEnvironmentOrder": [{"order": 1, "computeEnvironment": "there"}]}, "there is not declared in this stack"),
        ({**QUEUE, "computeEnvironmentOrder": []}, "the queue has no environments that are known"),
        ({**QUEUE, "state": "DISABLED"}, "the queue is disabled"),
        (without(QUEUE, ("priority",)), ""),
        (without(QUEUE, ("jobQueueType",)), ""),
        (without(QUEUE, ("computeEnvironmentOrder", 0, "order")), ""),
    ],
)  # fmt: skip
def test_a_queue_of_which_something_is_not_known(queue: Spec, reason: str) -> None:
    pool = pool_of({"queue": queue}, {"only": environment("c5")}, {}, catalogue())
    found = pool.verdict(job_need(job(1, 1024)))
    expected = (Feasibility.UNKNOWN, reason) if reason else (Feasibility.FITS, found.detail)
    assert (found.outcome, found.detail) == expected


@pytest.mark.parametrize("state", ["DISABLED", "INVALID"])
def test_environments_that_take_no_jobs_prove_nothing(state: str) -> None:
    closed = {**environment("c5"), "state" if state == "DISABLED" else "status": state}
    pool = pool_of({"queue": QUEUE}, {"only": closed}, {}, catalogue())
    found = pool.verdict(job_need(job(999, 1024)))
    assert (found.outcome, found.detail) == (
        Feasibility.UNKNOWN,
        "all environments of the queue are disabled or invalid",
    )


@pytest.mark.parametrize(
    ("known", "outcome"),
    [
        ({"a": {"totalQuantity": 1}}, "never"),
        ({"a": {"totalQuantity": 2}}, "fits"),
        ({"a": {"totalQuantity": Withheld()}}, "unknown"),
        ({"a": None}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_a_consumable_resource_of_which_there_is_too_little_or_maybe(known: Mapping[str, Spec], outcome: str) -> None:
    pool = pool_of({"queue": QUEUE}, {"only": environment("c5")}, known, catalogue())
    assert pool.verdict(job_need(CONSUMING)).outcome == outcome
    path = ("consumableResourceProperties", "consumableResourceList", 0, "quantity")
    assert pool.verdict(job_need(without(CONSUMING, path))).outcome is Feasibility.UNKNOWN


def test_unknown_values_are_withheld_wherever_they_are() -> None:
    body = {"a": [1, Unknown("x")], "b": {"c": Unknown("y")}, "d": "e"}
    out = withhold(body)
    assert (out["a"][0], out["d"]) == (1, "e")
    assert isinstance(out["a"][1], Withheld)
    assert isinstance(out["b"]["c"], Withheld)
    assert withhold(plain := {"a": [1]}) is plain


@pytest.mark.parametrize(
    "use",
    [bool, str, int, float, len, iter, hash, "{}".format, partial(eq, 1), partial(ne, 1), partial(lt, 1), partial(add, 1),
     itemgetter("a"), attrgetter("get"), lambda value: "a" in value, lambda value: sorted([value, 1]), {"a": 1}.get],
)  # fmt: skip
def test_every_use_of_a_withheld_value_says_that_it_is_not_known(use: Callable[[Json], object]) -> None:
    with pytest.raises(DependsOnUnknown):
        use(Withheld())


def test_a_definition_without_a_queue_is_unknown_and_what_is_refused_elsewhere_is_left_out() -> None:
    elsewhere = Declared(Address("JobDefinition", "elsewhere"), job(1, 1024), Lifecycle(runs_on=("there",)))
    large = Declared(Address("JobDefinition", "large"), job(999, 1024), Lifecycle(runs_on=("a", "b")))
    queues = [Declared(Address("JobQueue", name), QUEUE) for name in ("a", "b")]
    here = Declared(Address("ComputeEnvironment", "only"), environment("c5"))
    stack = Stack("s", {each.address: each for each in (elsewhere, large, here, *queues)})
    placed = place_stack(stack, pool_of_stack(stack, catalogue()))
    outcomes = {each.name: (str(each.verdict.outcome), each.refused_on) for each in placed.definitions}
    assert outcomes == {"elsewhere": ("unknown", ()), "large": ("never", ("a", "b"))}
    assert placed.only(lambda _name: True, lambda _queue: True) == placed
    (only,) = placed.only(lambda _name: True, lambda queue: queue == "a").definitions
    assert (only.name, only.refused_on, len(only.pairs)) == ("large", ("a",), 1)
