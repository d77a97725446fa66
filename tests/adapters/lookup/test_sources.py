"""Where AWS is not asked."""

import pytest

from reconciler.adapters.lookup.sources import Sandbox
from reconciler.placeholders import Unknown


@pytest.mark.parametrize(
    "name",
    [
        "/aws/service/ecs/optimized-ami/amazon-linux-2023/gpu/recommended/image_id",
        "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64",
    ],
)
def test_the_sandbox_has_ids_of_the_images_that_aws_publishes_always_the_same(name: str) -> None:
    found = Sandbox().find("ssm", name)
    assert (found[:4], len(found)) == ("ami-", 21)
    assert Sandbox().find("ssm", name) == found != Sandbox().find("ssm", "/aws/service/a/image_id")


@pytest.mark.parametrize(
    ("tag", "name"), [("ssm", "/team/image_id"), ("cfn", "network.Subnets"), ("secret", "/aws/service/x/image_id")]
)
def test_all_else_is_unknown_to_it(tag: str, name: str) -> None:
    assert isinstance(Sandbox().find(tag, name), Unknown)
