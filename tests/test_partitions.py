"""Every region belongs to a partition, as botocore knows them."""

import re

import pytest
from botocore.session import Session

from reconciler.model import Identity, Json, partition_of

PARTITIONS: list[Json] = Session().get_data("endpoints")["partitions"]


@pytest.mark.parametrize("partition", PARTITIONS, ids=lambda one: str(one["partition"]))
def test_a_region_has_the_partition_that_the_sdk_gives_it(partition: Json) -> None:
    for region in partition["regions"]:
        assert re.fullmatch(partition["regionRegex"], region)
        assert partition_of(region) == Identity("1", region).partition == partition["partition"]
