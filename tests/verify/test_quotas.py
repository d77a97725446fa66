"""The vCPUs that environments may have, beside the quotas of the account: by classes, and whoever owns them."""

from collections.abc import Mapping

import pytest

from reconciler.model import Json
from reconciler.placement.catalogue import catalogue
from reconciler.verify.base import Finding
from reconciler.verify.checks import verify_stack
from reconciler.verify.quotas import QUOTA_CHECKS, QuotaClaim, claim_of, class_of
from tests.builders import CE, ec2, stack
from tests.fakes import HERE
from tests.verify.worlds import FakeServices, World, environment, good_world, quota


def found(resources: Mapping[tuple[str, str], Json], **world: Json) -> list[Finding]:
    whole: World = {**good_world(), **world}
    services = FakeServices(whole)
    verified = verify_stack(stack(resources, prefix="dev-"), HERE, services, catalogue(), QUOTA_CHECKS)
    return [each for each in verified.findings if each.check == "vcpu-quota"]


def spot(*types: str, most: int = 16, **members: Json) -> dict[str, Json]:
    resources = ec2(
        type="SPOT", allocationStrategy="SPOT_PRICE_CAPACITY_OPTIMIZED", instanceTypes=list(types), maxvCpus=most
    )
    return {**resources, **members}  # fmt: skip


def fargate(most: int, kind: str = "FARGATE") -> dict[str, Json]:
    return {"type": "MANAGED", "computeResources": {"type": kind, "maxvCpus": most, "subnets": ["s"]}}


@pytest.mark.parametrize(
    ("family", "name"),
    [("m5", "Standard"), ("c7i-flex", "Standard"), ("im4gn", "Standard"), ("t3", "Standard"), ("z1d", "Standard"),
     ("g5", "G"), ("gr6", "G"), ("vt1", "G"), ("p4d", "P"), ("inf2", "Inf"), ("trn1", "Trn"), ("dl1", "Dl"),
     ("x2idn", "X"), ("f2", "F"), ("hpc7a", "Hpc"), ("u-6tb1", "U")],
)  # fmt: skip
def test_a_family_counts_for_a_class_of_quotas(family: str, name: str) -> None:
    assert class_of(family) == name


@pytest.mark.parametrize(
    ("body", "claim"),
    [
        (spot("m5", "c6i.large"), QuotaClaim("ec2", frozenset(("Standard/Spot",)), 16)),
        (spot("g5", "m5"), QuotaClaim("ec2", frozenset(("G/Spot", "Standard/Spot")), 16)),
        (ec2(instanceTypes=["optimal"]), QuotaClaim("ec2", frozenset(("Standard/OnDemand",)), 16)),
        ({**ec2(minvCpus=4), "state": "DISABLED"}, QuotaClaim("ec2", frozenset(("Standard/OnDemand",)), 4)),
        (fargate(8), QuotaClaim("fargate", frozenset(("Standard/OnDemand",)), 8)),
        (fargate(8, "FARGATE_SPOT"), QuotaClaim("fargate", frozenset(("Standard/Spot",)), 8)),
        (spot("lunar9"), None),
        ({"type": "UNMANAGED"}, None),
        (ec2(maxvCpus="many"), None),
    ],
)
def test_what_an_environment_may_take_of_the_quotas(body: Json, claim: QuotaClaim | None) -> None:
    assert claim_of("e", body, catalogue()) == claim


def test_all_environments_of_the_account_count_those_of_the_stack_as_declared() -> None:
    live = [
        environment("dev-a", 9000),  # as declared from now on
        environment("theirs", 30),
        environment("on-demand", 9000, kind="EC2"),
        environment("gone", 9000, "DELETING"),
        {**environment("dev-old", 9000), "tags": {"reconciler:stack": "risk", "reconciler:name": "dev-/old"}},
    ]
    at_most = [quota("L-2", "Standard/Spot", 50)]
    (fits,) = found({(CE, "a"): spot("m5", most=20)}, environments=live, quotas={"ec2": at_most})
    assert not fits.is_news
    (exceeds,) = found({(CE, "a"): spot("m5", most=21)}, environments=live, quotas={"ec2": at_most})
    assert exceeds.is_warning
    assert "may take 51 vCPUs of ec2 Standard/Spot, and the quota is 50 (L-2)" in exceeds.message


def test_of_several_classes_the_quotas_add_up() -> None:
    quotas = {"ec2": [quota("L-2", "Standard/Spot", 10), quota("L-4", "G/Spot", 6)]}
    (fits,) = found({(CE, "a"): spot("m5", "g5", most=16)}, quotas=quotas)
    assert not fits.is_news
    mixed, own = found({(CE, "a"): spot("m5", "g5", most=16), (CE, "b"): spot("g5", most=1)}, quotas=quotas)
    assert "may take 17 vCPUs of ec2 G/Spot and Standard/Spot, and the quota is 16" in mixed.message
    assert not own.is_news


def test_fargate_has_quotas_of_its_own() -> None:
    (exceeds,) = found({(CE, "a"): fargate(8)})
    assert "8 vCPUs of fargate Standard/OnDemand, and the quota is 6 (L-3)" in exceeds.message


def test_what_counts_for_an_unknown_quota_is_unknown() -> None:
    (type_,) = found({(CE, "a"): spot("lunar9")})
    (quota_,) = found({(CE, "a"): spot("g5")})
    assert (str(type_.result), str(quota_.result)) == ("unknown", "unknown")
    assert "G/Spot" in quota_.message
