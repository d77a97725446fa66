"""The table of instance types ships with its date, says what AWS says, and expands the words of instanceTypes."""

import pytest

from reconciler.placement.catalogue import InstanceType, catalogue, expand, read
from tests.instance_types import TABLE, current, rendered


def names(*words: str) -> set[str]:
    return {each.name for each in expand(words, catalogue())}


def test_the_table_says_what_aws_says_today() -> None:
    """Types that AWS adds are no difference; a number that moved is one, and is listed."""
    today = current()
    known = catalogue().types
    moved = {name: (known[name], today[name]) for name in known.keys() & today.keys() if known[name] != today[name]}
    assert {name: pair for name, pair in moved.items() if pair[0].vcpus is not None} == {}
    assert len(known) > 1400


def test_the_file_is_what_its_table_is_rendered_as() -> None:
    text = TABLE.read_text(encoding="utf-8")
    assert rendered(read(text)) == text
    assert catalogue().date.startswith("20")
    assert "DescribeInstanceTypes" in catalogue().source


@pytest.mark.parametrize(
    ("name", "vcpus", "memory", "gpus"),
    [
        ("c6i.large", 2, 4096, 0),
        ("p3.16xlarge", 64, 488 * 1024, 8),
        ("g3s.xlarge", 4, 31232, 1),
        ("p4d.24xlarge", 96, 1152 * 1024, 8),
        ("g4dn.xlarge", 4, 16384, 1),
        ("g6f.large", 2, 8192, None),
        ("trn1.2xlarge", 8, 32768, None),
        ("dl1.24xlarge", 96, 768 * 1024, None),
        ("u-12tb1.metal", None, None, None),
    ],
)
def test_sizes_are_those_of_aws(name: str, vcpus: int | None, memory: int | None, gpus: int | None) -> None:
    each = catalogue().types[name]
    assert (each.vcpus, each.memory, each.gpus) == (vcpus, memory, gpus)


def test_a_node_has_as_many_pods_as_the_list_of_eks_says() -> None:
    pods = {name: catalogue().types[name].pods for name in ("c5.large", "m5.large", "p4d.24xlarge", "p5.48xlarge")}
    assert pods == {"c5.large": 29, "m5.large": 29, "p4d.24xlarge": 737, "p5.48xlarge": 100}


def test_a_family_is_all_its_sizes_and_a_type_is_itself() -> None:
    assert names("c5.large") == {"c5.large"}
    assert {"c5.large", "c5.18xlarge", "c5.metal"} <= names("c5")
    assert {each.partition(".")[0] for each in names("c5")} == {"c5"}


def test_a_pattern_is_all_that_match() -> None:
    assert {each.partition(".")[0] for each in names("c6g*")} == {"c6g", "c6gd", "c6gn"}


def test_a_bundle_is_a_choice_between_sets_of_families() -> None:
    found = expand(["optimal"], catalogue())
    families = [sorted({each.family for each in types}) for (sets,) in [found.bundles] for types in sets]
    assert families == [["c6i", "c7i", "m6i", "r6i"], ["c4", "m4", "r4"], ["c5", "m5", "r5"]]
    assert found.types == ()


def test_what_is_not_in_the_table_is_unknown() -> None:
    assert expand(["m99.large", "m99", "u-12tb1.metal", "c5.large"], catalogue()).unknown == (
        "m99.large",
        "m99",
        "u-12tb1.metal",
    )


def test_types_that_aws_has_described_since_are_known() -> None:
    more = catalogue().with_types([InstanceType("m99.large", 2, 8192, 0, ("x86_64",))])
    assert expand(["m99"], more).types[0].memory == 8192
