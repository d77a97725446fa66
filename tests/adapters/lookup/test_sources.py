"""Where AWS is not asked."""

import pytest

from reconciler.adapters.lookup.sources import OpenLookups, Sandbox
from reconciler.model import StatePlace
from reconciler.placeholders import Unknown
from reconciler.problems import CloudError, Fault


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


def test_what_reads_no_secret_goes_on_without_the_values_that_are_denied() -> None:
    class Denying:
        def find(self, tag: str, argument: str) -> str:
            if argument == "denied":
                raise CloudError("GetParameter", Fault.DENIED, "AccessDenied", "no")
            assert tag != "secret"
            return f"value of {argument}"

        def find_in_state(self, argument: str, _place: StatePlace) -> str:
            raise CloudError("GetObject", Fault.THROTTLED, "SlowDown", argument)

    lookups = OpenLookups(Denying())
    assert lookups.find("ssm", "/ami") == "value of /ami"
    unknown = (
        lookups.find("ssm", "denied"), lookups.find("secret", "db#password"),
        lookups.find_in_state("net:outputs.x", StatePlace("s3://states/net")),
    )  # fmt: skip
    assert [type(each) for each in unknown] == [Unknown] * 3
