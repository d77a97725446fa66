"""Instance types that the table lacks, or by which a job could never start, are asked for in one call."""

from collections.abc import Mapping

from reconciler.live.facts import describe_types
from reconciler.model import Json
from reconciler.placement.catalogue import Catalogue, catalogue, described, patterns_of
from reconciler.problems import CloudError, Fault
from tests.fakes import ScriptedCloud

DENIED = CloudError("DescribeInstanceTypes", Fault.DENIED, "UnauthorizedOperation", "You are not authorized")


def facts(name: str, vcpus: int = 2, mib: int = 8192, **more: Json) -> Mapping[str, Json]:
    """Return a type as DescribeInstanceTypes describes it."""
    network = {
        "NetworkCards": [{"MaximumNetworkInterfaces": 3}],
        "DefaultNetworkCardIndex": 0,
        "Ipv4AddressesPerInterface": 10,
    }
    return {
        "InstanceType": name,
        "VCpuInfo": {"DefaultVCpus": vcpus},
        "MemoryInfo": {"SizeInMiB": mib},
        "ProcessorInfo": {"SupportedArchitectures": ["x86_64"]},
        "NetworkInfo": {**network, "EfaSupported": True},
        "CurrentGeneration": True,
        **more,
    }  # fmt: skip


def ec2_with(*answers: Mapping[str, Json] | CloudError) -> ScriptedCloud:
    return ScriptedCloud({"DescribeInstanceTypes": list(answers)})


def test_a_description_is_a_row_of_the_table() -> None:
    row = described(facts("m99.large"))
    assert row.row == "m99.large\t2\t8192\t0\tx86_64\t29\tefa"
    gpu = {"Gpus": [{"Manufacturer": "NVIDIA", "Count": 4}]}
    assert described(facts("p99.large", GpuInfo=gpu)).gpus == 4
    assert described(facts("p99.large", GpuInfo={"Gpus": [{"Manufacturer": "NVIDIA", "Count": 0}]})).gpus is None
    assert described({"InstanceType": "m99.large"}).vcpus is None


def test_words_are_asked_for_by_name_and_families_by_all_their_sizes() -> None:
    assert patterns_of(["c5.large", "m99", "c6g*", "default_arm64", "m99"]) == [
        "c5.large", "m99.*", "c6g*", "m6g.*", "c6g.*", "r6g.*", "c7g.*",
    ]  # fmt: skip


def test_a_hundred_names_are_one_call() -> None:
    cloud = ec2_with({"InstanceTypes": [facts("m99.large")]})
    types = describe_types(cloud, [f"m99.{number}xlarge" for number in range(100)], catalogue())
    assert isinstance(types, Catalogue)
    assert types.types["m99.large"].vcpus == 2
    assert cloud.count("DescribeInstanceTypes") == 1
    describe_types(cloud, [f"m99.{number}xlarge" for number in range(101)], catalogue())
    assert cloud.count("DescribeInstanceTypes") == 3


def test_all_pages_are_read() -> None:
    cloud = ec2_with(
        {"InstanceTypes": [facts("m99.large")], "NextToken": "2"}, {"InstanceTypes": [facts("m99.xlarge", 4)]}
    )
    types = describe_types(cloud, ["m99"], catalogue())
    assert isinstance(types, Catalogue)
    assert [each.name for each in types.families["m99"]] == ["m99.large", "m99.xlarge"]
    assert cloud.calls[1][1]["NextToken"] == "2"


def test_a_refusal_is_an_answer() -> None:
    assert describe_types(ec2_with(DENIED), ["m99"], catalogue()) is DENIED
