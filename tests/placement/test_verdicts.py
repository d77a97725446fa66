"""Whether a job can ever start is proved by a bound or by a witness, and is unknown otherwise."""

from decimal import Decimal

import pytest

from reconciler.model import Spec
from reconciler.placement.catalogue import Catalogue, InstanceType, catalogue
from reconciler.placement.offers import EKS, capacities, cpu_reserved, memory_reserved
from reconciler.placement.verdicts import MAX_RESOURCE, REQUIREMENT, Feasibility, Verdict, best
from tests.placement.bodies import container, environment, job, managed_instances, multinode, on_eks, pod, verdict

# Memory that the agent registered, by type: what jobs can have is between the two bounds.
# sentiatechblog.com, 'Cost efficiency while using the containers'; ASFHyP3/hyp3 issue 582; meta-pytorch/torchx 645.
REGISTERED = {
    "t2.micro": 993, "t2.small": 2001, "t2.medium": 3952, "m4.large": 7984, "m4.xlarge": 16048, "m4.4xlarge": 64417,
    "m4.16xlarge": 257953, "c4.large": 3765, "c4.xlarge": 7480, "c4.2xlarge": 15040, "c4.8xlarge": 60385,
    "r4.large": 15292, "r4.4xlarge": 122881, "r4.16xlarge": 491809, "r5d.xlarge": 31672, "c5.18xlarge": 139586,
}  # fmt: skip


@pytest.mark.parametrize(("name", "memory"), REGISTERED.items())
def test_published_memory_is_within_the_band(name: str, memory: int) -> None:
    """The two smallest are above what an image of AWS Batch leaves, which reserves 32 MiB: they are from other ones."""
    own = {"launchTemplate": {"launchTemplateName": "own"}}
    least, most = capacities(catalogue().types[name], "EC2", has_own_image=True)
    assert least.memory <= memory <= most.memory
    assert verdict(job(1, memory), environment(name, **own)).outcome in (Feasibility.TIGHT, Feasibility.FITS)


def test_eks_reserves_what_its_guide_says() -> None:
    """'Memory and vCPU considerations for AWS Batch on Amazon EKS': 70 m of 2 vCPUs, 310 m of 96, 7,074 of 7,748 MiB."""
    assert cpu_reserved(2) == Decimal("0.07")
    assert cpu_reserved(96) == Decimal("0.31")
    assert 7748 - memory_reserved(29) == 7074
    assert capacities(catalogue().types["c5.large"], EKS)[1].vcpus == Decimal("1.93")


@pytest.mark.parametrize(
    ("body", "of", "outcome", "code", "instance_type"),
    [
        (job(8, 1000), environment("c6i.large", most=4), "never", MAX_RESOURCE, ""),
        (job(8, 1000), environment("c6i.large"), "never", REQUIREMENT, "c6i.large"),
        (job(2, 4096), environment("c6i.large"), "never", REQUIREMENT, "c6i.large"),
        (job(4, 8096), environment("c4.xlarge"), "never", REQUIREMENT, "c4.xlarge"),  # spot-tagging-bot issue 1
        (job(1, 8192), environment("m4.large"), "never", REQUIREMENT, "m4.large"),  # 'Memory management'
        (job(1, 8192), environment("m4"), "fits", "", "m4.xlarge"),
        (job(2, 7600), environment("m5.large"), "tight", "", "m5.large"),
        (job(2, 7545), environment("m5.large"), "fits", "", "m5.large"),
        (job(1, 1, 1), environment("c6i.large", "m5"), "never", REQUIREMENT, "c6i.large"),
        (job(1, 1, 1), environment("optimal"), "never", REQUIREMENT, None),
        (job(1, 1, 1), environment("g4dn.xlarge"), "fits", "", "g4dn.xlarge"),
        (job(1, 1, 2), environment("g4dn.xlarge"), "never", REQUIREMENT, "g4dn.xlarge"),
        (job(1, 1, 1), environment("g6f.large"), "unknown", "", ""),
        (job(1, 1, 1), environment("trn1"), "unknown", "", ""),
        (job(1, 1, 1), environment("g5g.xlarge"), "unknown", "", ""),
        (job(65, 1000), environment("optimal"), "tight", "", None),
        (job(193, 1000), environment("optimal"), "never", REQUIREMENT, None),
        (job(2, 1000), environment("optimal", kind="SPOT"), "fits", "", None),
        (job(2, 1000), environment("m99"), "unknown", "", ""),
        (job(2, 1000), environment("m99", "c5.large"), "fits", "", "c5.large"),
        (job(8, 1000), environment("m99", "c5.large"), "unknown", "", ""),
        (job(2, 1000), environment(), "unknown", "", ""),
        (job(2, 1000), environment("c5", most="<unknown: !ssm most>"), "unknown", "", ""),
        (job("<unknown: !ssm size>", 1000), environment("c5"), "unknown", "", ""),
        (job("<unknown: !ssm size>", 9000), environment("c5.large"), "never", REQUIREMENT, "c5.large"),
        (job(2, 1000), environment("c5", most=0), "never", MAX_RESOURCE, ""),
        (job(1, 1000, on="FARGATE"), environment("c6i.large"), "never", "", ""),
        (job(1, 2048, on="FARGATE"), environment(kind="FARGATE", most=1), "fits", "", ""),
        (job(2, 4096, on="FARGATE"), environment(kind="FARGATE", most=1), "never", MAX_RESOURCE, ""),
        (job(1, 1000), {"type": "UNMANAGED"}, "unknown", "", ""),
        (job(1, 1000), {}, "unknown", "", ""),
        (job(1, 1000, on="<unknown: !ssm platform>"), environment("c5"), "unknown", "", ""),
        (pod({"cpu": "1.25", "memory": "1024Mi"}), on_eks("c5.large"), "fits", "", "c5.large"),
        (pod({"cpu": "1.75", "memory": "1024Mi"}), on_eks("c5.large"), "tight", "", "c5.large"),
        (pod({"cpu": "2", "memory": "1024Mi"}), on_eks("c5.large"), "never", REQUIREMENT, "c5.large"),
        (pod({"cpu": "1", "memory": "1024Mi"}), environment("c5.large"), "never", "", ""),
    ],
)  # fmt: skip
def test_a_job_on_an_environment(body: Spec, of: Spec, outcome: str, code: str, instance_type: str | None) -> None:
    found = verdict(body, of)
    assert (found.outcome, found.code) == (outcome, code), found
    assert instance_type in (None, found.instance_type)
    assert found.environment == "here"


def test_never_names_the_number_to_change() -> None:
    found = verdict(job(8, 1000), environment("c6i.large", most=4))
    assert found.detail == "needs 8 vCPUs, but maxvCpus of here is 4"
    assert found.hint == "raise computeResources.maxvCpus to 8 or more, or request fewer vCPUs"
    found = verdict(job(2, 4096), environment("c6i.large"))
    has = "the nearest, c6i.large, has 2 vCPUs, 4,064 MiB and no GPUs for jobs"
    assert found.detail == f"needs 4,096 MiB, which no instance type of here has; {has}"
    assert found.hint == "add a type that holds it, such as c6i.xlarge, or request less"


def test_best_fit_on_demand_never_exceeds_max_vcpus() -> None:
    """With any other strategy AWS Batch may exceed maxvCpus by one instance (ComputeResource.maxvCpus)."""
    small = {"kind": "EC2", "most": 4}
    assert verdict(job(2, 1000), environment("c5.4xlarge", **small)).outcome is Feasibility.FITS
    waiting = verdict(job(2, 1000), environment("c5.4xlarge", allocationStrategy="BEST_FIT", **small))
    assert waiting.outcome is Feasibility.TIGHT
    assert waiting.hint == "raise computeResources.maxvCpus to 16"
    assert verdict(job(2, 1000), environment("c5", allocationStrategy=None, **small)).instance_type == "c5.large"


def test_multi_node_jobs_run_on_one_type_of_on_demand_instances() -> None:
    body = multinode(("0", container(2, 30_000)), ("1:", container(16, 2000)), nodes=4)
    assert verdict(body, environment("c5.4xlarge", "r5.xlarge")).instance_type == "c5.4xlarge"
    assert verdict(body, environment("c5.2xlarge", "r5.xlarge")).outcome is Feasibility.NEVER
    assert verdict(body, environment("r5.4xlarge")).instance_type == "r5.4xlarge"
    assert verdict(body, environment("r5.4xlarge", most=49)).code == MAX_RESOURCE
    tight = verdict(body, environment("r5.4xlarge", most=60))
    assert tight.outcome is Feasibility.TIGHT
    assert tight.hint == "raise computeResources.maxvCpus to 64"
    for kind in ("SPOT", "ECS_MANAGED_INSTANCES"):
        assert verdict(body, environment("r5", kind=kind)).outcome is Feasibility.NEVER
    assert verdict(body, {"type": "UNMANAGED"}).outcome is Feasibility.NEVER


def bound(*types: str, container_type: str = "") -> Spec:
    tasks = {"ecsProperties": {"taskProperties": [{"containers": [container()]}]}, "instanceTypes": list(types)}
    old = container(instanceType=container_type)
    return multinode(("0:", tasks if types else old), nodes=2)


@pytest.mark.parametrize(
    ("body", "types", "outcome"),
    [
        (bound("m5.large"), ("c5",), "never"),
        (bound("m5.large"), ("m5",), "fits"),
        (bound(container_type="m5.large"), ("c5",), "never"),
        (bound(container_type="m5.large"), ("m5",), "fits"),
        (bound("m5"), ("m5.large", "c5"), "fits"),
        (bound("optimal"), ("optimal",), "fits"),
        (bound("m5.large"), ("optimal",), "tight"),
        (bound("m5.99xlarge"), ("m5",), "unknown"),
        (bound("m99.large"), ("m5",), "never"),
        (bound("m99.large"), ("m99", "m5"), "unknown"),
        (bound(), ("m5",), "fits"),
    ],
)
def test_nodes_that_are_bound_to_a_type_need_that_type(body: Spec, types: tuple[str, ...], outcome: str) -> None:
    found = verdict(body, environment(*types))
    assert found.outcome == outcome
    assert found.code == ""


def test_an_elastic_fabric_adapter_needs_a_type_that_has_one() -> None:
    devices = {"linuxParameters": {"devices": [{"hostPath": "/dev/infiniband/uverbs0"}]}}
    assert verdict(job(4, 1000, **devices), environment("c5.large", "c5.xlarge")).outcome is Feasibility.NEVER
    assert verdict(job(4, 1000, **devices), environment("c5n")).instance_type == "c5n.9xlarge"


def test_managed_instances_have_the_architecture_that_the_job_asks_for() -> None:
    arm = job(2, 1000, on="MANAGED_INSTANCES", runtimePlatform={"cpuArchitecture": "ARM64"})
    x86 = job(2, 1000, on="MANAGED_INSTANCES")
    assert verdict(arm, managed_instances("m5", "m6g")).instance_type == "m6g.large"
    assert verdict(x86, managed_instances("m5", "m6g")).instance_type == "m5.large"
    assert verdict(arm, managed_instances("m5")).outcome is Feasibility.NEVER
    assert verdict(x86, managed_instances()).outcome is Feasibility.FITS
    assert not catalogue().types[verdict(x86, managed_instances()).instance_type].previous
    assert verdict(job(999, 1000, on="MANAGED_INSTANCES"), managed_instances(most=1000)).outcome is Feasibility.UNKNOWN
    gpu = job(1, 1000, 1, on="MANAGED_INSTANCES")
    assert verdict(gpu, managed_instances("g4dn", "m5")).may_wait is False
    assert verdict(x86, managed_instances("m5*")).outcome is Feasibility.FITS


WINDOWS = {"runtimePlatform": {"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}}


@pytest.mark.parametrize(
    ("platform", "of", "outcome"),
    [
        ("FARGATE", environment(kind="FARGATE"), "fits"),
        ("FARGATE", environment(kind="FARGATE_SPOT"), "never"),
        ("EC2", environment("m5"), "never"),
        ("EC2", environment("m5", kind="SPOT"), "never"),
        ("EC2", {"type": "UNMANAGED"}, "unknown"),
        ("MANAGED_INSTANCES", managed_instances("m5"), "never"),
    ],
)
def test_windows_runs_on_fargate_on_demand(platform: str, of: Spec, outcome: str) -> None:
    assert verdict(job(1, 2048, on=platform, **WINDOWS), of).outcome == outcome


@pytest.mark.parametrize(
    ("body", "kind", "outcome"),
    [
        (job("0.25", 512, on="FARGATE"), "FARGATE", "fits"),
        (job("0.25", 4096, on="FARGATE"), "FARGATE", "unknown"),
        (job(256, 249856, on="FARGATE"), "FARGATE", "unknown"),
        (job(32, 249856, on="FARGATE"), "FARGATE_SPOT", "fits"),
        (job(1, 2048, 1, on="FARGATE"), "FARGATE", "never"),
        (job(1, 2048, on="FARGATE", linuxParameters={"devices": [{"hostPath": "/dev/infiniband/uverbs0"}]}), "FARGATE", "never"),
        (job(1, 2048, on="FARGATE", runtimePlatform={"cpuArchitecture": "ARM64"}), "FARGATE", "fits"),
        (job(1, 2048, on="FARGATE", runtimePlatform={"cpuArchitecture": "ARM64"}), "FARGATE_SPOT", "unknown"),
    ],
)  # fmt: skip
def test_fargate_has_certain_sizes_and_no_devices(body: Spec, kind: str, outcome: str) -> None:
    """A size that is not listed may be a newer one, so it proves nothing."""
    assert verdict(body, environment(kind=kind)).outcome == outcome


def test_jobs_never_have_all_the_memory_whatever_the_image() -> None:
    own = {"launchTemplate": {"launchTemplateName": "own", "overrides": [{"targetInstanceTypes": ["m5.large"]}]}}
    for fields, most in (({}, 8192 - 32), (own, 8192 - 1)):
        assert verdict(job(1, most), environment("m5.large", **fields)).outcome is Feasibility.TIGHT
        assert verdict(job(1, most + 1), environment("m5.large", **fields)).outcome is Feasibility.NEVER


@pytest.mark.parametrize(
    ("types", "outcome"),
    [
        (("g4dn", "g5"), "fits"), (("p3dn",), "fits"), (("p5en",), "fits"), (("p6-b200",), "fits"), (("gr6",), "fits"),
        (("g3s",), "fits"), (("g3",), "fits"), (("p2",), "unknown"), (("g7e",), "unknown"), (("g5g",), "unknown"),
        (("gr6f",), "unknown"), (("inf2", "trn1"), "unknown"), (("dl1",), "unknown"), (("g4ad",), "unknown"),
        (("u7i-12tb",), "never"), (("default_arm64",), "never"), (("default_x86_64",), "never"),
    ],
)  # fmt: skip
def test_gpus_are_those_of_the_families_that_aws_names(types: tuple[str, ...], outcome: str) -> None:
    assert verdict(job(1, 1, 1), environment(*types, most=1000)).outcome == outcome


def test_a_gpu_job_may_wait_where_other_types_are_launched_too() -> None:
    assert "may wait" not in verdict(job(1, 1, 1), environment("g4dn", "p3")).detail
    mixed = verdict(job(1, 1, 1), environment("g4dn", "c5.large"))
    assert mixed.outcome is Feasibility.FITS
    assert mixed.detail.endswith("; a GPU job may wait all the same, since here also launches c5")
    assert "may wait" not in verdict(job(1, 1), environment("g4dn", "c5.large")).detail


def test_aws_says_nothing_of_what_is_no_amount() -> None:
    """JOB_RESOURCE_REQUIREMENT is about vCPUs, memory and GPUs alone."""
    devices = {"linuxParameters": {"devices": [{"hostPath": "/dev/infiniband/uverbs0"}]}}
    assert verdict(job(1, 1000, **devices), environment("c5.large")).code == ""
    assert verdict(job(4, 1000, **devices), environment("c5.large")).code == REQUIREMENT
    arm = job(2, 1000, on="MANAGED_INSTANCES", runtimePlatform={"cpuArchitecture": "ARM64"})
    assert verdict(arm, managed_instances("m5")).code == ""


def test_the_nearest_type_lacks_the_fewest_amounts() -> None:
    found = verdict(job(1, 30_000, 1), environment("m5"))
    assert (found.instance_type, found.detail.partition(",")[0]) == ("m5.2xlarge", "needs a GPU")


def test_of_two_bundles_one_is_enough() -> None:
    large = job(1, 500 * 1000)
    assert verdict(large, environment("default_arm64")).outcome is Feasibility.TIGHT
    fitting = job(1, 480_000)
    assert verdict(fitting, environment("default_arm64")).outcome is Feasibility.FITS
    assert verdict(fitting, environment("optimal")).outcome is Feasibility.TIGHT
    assert verdict(fitting, environment("default_arm64", "optimal")).outcome is Feasibility.FITS


def test_types_that_are_new_are_unknown_until_they_are_described() -> None:
    body, of = job(2, 1000), environment("m99.large")
    assert verdict(body, of).outcome is Feasibility.UNKNOWN
    more = catalogue().with_types([InstanceType("m99.large", 2, 8192, 0, ("x86_64",), 29)])
    assert verdict(body, of, more).instance_type == "m99.large"


def test_the_best_verdict_of_several_is_that_of_a_queue() -> None:
    order = [Verdict(each) for each in (Feasibility.NEVER, Feasibility.UNKNOWN, Feasibility.TIGHT, Feasibility.FITS)]
    found = best(order)
    assert found is not None
    assert found.outcome is Feasibility.FITS
    assert best(()) is None


def test_values_of_a_wrong_type_are_unknown() -> None:
    for of in (
        environment(most=[4]),
        {"type": "MANAGED", "computeResources": 7},
        {"type": ["MANAGED"], "computeResources": {"type": "EC2", "instanceTypes": "c5", "maxvCpus": 4}},
    ):
        assert verdict(job(), of).outcome is Feasibility.UNKNOWN


def test_a_catalogue_without_types_proves_nothing() -> None:
    assert verdict(job(), environment("c5"), Catalogue("2026-01-01", "none", {})).outcome is Feasibility.UNKNOWN
