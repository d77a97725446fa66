"""What the service chose for an environment is compared with what it would choose, and with what was noted."""

from dataclasses import replace

import pytest

from reconciler.live.ownership import APPLIED
from reconciler.model import Action, Address, Json, Lifecycle, Live, Plan, Stack, dotted
from reconciler.plan import PlanOptions
from tests.builders import CE, SLR, ec2, live, owned, planned, stack


def images(*types: str) -> list[Json]:
    return [{"imageType": name} for name in types]


def showing(declared: Json, *types: str, version: str = "") -> Live:
    """Return the environment that shows these images, as the service describes it."""
    shown = [{**image, **({"imageKubernetesVersion": version} if version else {})} for image in images(*types)]
    return live(CE, "a", {**declared, "computeResources": {**declared["computeResources"], "ec2Configuration": shown}})


def of_ours(declared: Json, *types: str) -> Plan:
    """Return the plan for an environment of ours that declares no image, and shows these."""
    mine = stack({(CE, "a"): declared})
    return planned(mine, owned(mine, showing(declared, *types)))


def record_after(plan: Plan) -> str:
    """Return the record that an apply of the plan writes."""
    (change,) = plan.changes
    return next(step.request["tags"][APPLIED] for step in change.steps if "tags" in getattr(step, "request", {}))


EC2 = {**ec2(), "serviceRole": SLR}
IMAGES = "computeResources.ec2Configuration"
CLUSTER = {"eksClusterArn": "arn:aws:eks:us-east-1:123456789012:cluster/c", "kubernetesNamespace": "batch"}
EKS = {**EC2, "eksConfiguration": CLUSTER}


def test_what_the_service_chooses_is_no_change() -> None:
    assert of_ours(EC2, "ECS_AL2023").is_empty
    assert of_ours({**ec2(instanceTypes=["g5.xlarge"]), "serviceRole": SLR}, "ECS_AL2023_NVIDIA").is_empty
    assert of_ours(EKS, "EKS_AL2023").is_empty


@pytest.mark.parametrize("types", [("ECS_AL2",), ("ECS_AL2023_NVIDIA",), ("ECS_AL2023", "ECS_AL2023_NVIDIA")])
def test_another_image_family_that_nobody_declared_is_drift_and_is_set_back(types: tuple[str, ...]) -> None:
    (change,) = of_ours(EC2, *types).changes
    assert change.action is Action.UPDATE
    assert {field.drift for field in change.fields} == {True}
    assert images_sent(of_ours(EC2, *types)) == images("ECS_AL2023")


def test_what_is_adopted_keeps_its_image_and_a_later_change_of_it_is_drift() -> None:
    mine = adopting(stack({(CE, "a"): EC2}))
    adoption = planned(mine, showing(EC2, "ECS_AL2"))
    assert [(change.action, [dotted(field.path) for field in change.fields if "Configuration" in dotted(field.path)])
            for change in adoption.changes] == [(Action.ADOPT, [])]  # fmt: skip
    noted = with_record(mine, showing(EC2, "ECS_AL2"), record_after(adoption))
    assert planned(mine, noted).is_empty
    later = with_record(mine, showing(EC2, "ECS_AL2023_NVIDIA"), record_after(adoption))
    back = planned(mine, later)
    assert {field.drift for field in back.changes[0].fields} == {True}
    assert images_sent(back) == images("ECS_AL2")
    assert planned(mine, with_record(mine, showing(EC2, "ECS_AL2"), record_after(adoption))).is_empty


def test_an_update_of_the_instances_notes_the_image_that_stays() -> None:
    before, after = (stack({(CE, "a"): {**ec2(instanceTypes=[name]), "serviceRole": SLR}}) for name in ("m6i", "g5"))
    plan = planned(after, owned(before, showing(before.declared[Address(CE, "a")].spec, "ECS_AL2023")))
    assert [dotted(field.path) for field in plan.changes[0].fields] == ["computeResources.instanceTypes"]
    updated = showing(after.declared[Address(CE, "a")].spec, "ECS_AL2023")
    assert planned(after, with_record(after, updated, record_after(plan))).is_empty


def test_what_the_record_has_is_no_news_in_the_look_after_an_apply() -> None:
    mine = adopting(stack({(CE, "a"): EC2}))
    noted = with_record(mine, showing(EC2, "ECS_AL2"), record_after(planned(mine, showing(EC2, "ECS_AL2"))))
    assert planned(mine, noted, wanted=PlanOptions(made=frozenset(mine.declared))).is_empty


def test_what_the_service_would_choose_for_what_is_declared_stays_whatever_the_record_has() -> None:
    plain, gpus = ({**ec2(instanceTypes=[name]), "serviceRole": SLR} for name in ("m6i", "g5"))
    adopted = adopting(stack({(CE, "a"): plain}))
    record = record_after(planned(adopted, showing(plain, "ECS_AL2")))
    plan = planned(stack({(CE, "a"): gpus}), with_record(adopted, showing(plain, "ECS_AL2023_NVIDIA"), record))
    assert [dotted(field.path) for field in plan.changes[0].fields] == ["computeResources.instanceTypes"]


@pytest.mark.parametrize(
    ("image", "told"),
    [
        ({"imageType": "ECS_AL2023"}, {}),
        ({"imageType": "ECS_AL2"}, {f"{IMAGES}.ECS_AL2": None, f"{IMAGES}.ECS_AL2023": {}}),
        ({"imageType": "ECS_AL2", "imageIdOverride": "ami-1"}, {IMAGES: None}),  # somebody chose that one
    ],
)
def test_a_successor_gets_the_image_that_the_service_chooses_in_the_place_of_one_that_it_chose(
    image: Json, told: Json
) -> None:
    before = {**ec2(allocationStrategy="BEST_FIT"), "serviceRole": SLR}
    shown = {**ec2(allocationStrategy="BEST_FIT", ec2Configuration=[image]), "serviceRole": SLR}
    old = owned(stack({(CE, "a"): before}), live(CE, "a", shown))
    created = planned(stack({(CE, "a"): EC2}), old, wanted=PlanOptions(allow_replace=True)).changes[0]
    assert created.action is Action.BLUE_GREEN
    assert {
        dotted(field.path): field.after for field in created.fields if dotted(field.path).startswith(IMAGES)
    } == told


def test_a_successor_that_has_no_image_loses_the_one_that_the_service_chose() -> None:
    fargate = {"type": "FARGATE", "maxvCpus": 16, "subnets": ["subnet-1"], "securityGroupIds": ["sg-1"]}
    mine = stack({(CE, "a"): {"type": "MANAGED", "computeResources": fargate, "serviceRole": SLR}})
    old = owned(stack({(CE, "a"): EC2}), showing(EC2, "ECS_AL2023"))
    created = planned(mine, old, wanted=PlanOptions(allow_replace=True)).changes[0]
    assert created.action is Action.BLUE_GREEN
    assert [field.after for field in created.fields if dotted(field.path).startswith(IMAGES)] == [None]


@pytest.mark.parametrize(
    "declared",
    [EKS, {**EKS, "computeResources": {**EKS["computeResources"], "ec2Configuration": images("EKS_AL2023")}}],
)
@pytest.mark.parametrize("version", ["", "1.33", "1.34"])
def test_the_kubernetes_version_that_the_service_fills_in_moves_as_it_likes(declared: Json, version: str) -> None:
    mine = stack({(CE, "a"): declared})
    assert planned(mine, owned(mine, showing(declared, "EKS_AL2023", version=version))).is_empty
    assert planned(adopting(mine), showing(declared, "EKS_AL2023", version=version)).changes[0].action is Action.ADOPT


def images_sent(plan: Plan) -> Json:
    (change,) = plan.changes
    (request,) = (step.request for step in change.steps if getattr(step, "operation", "") == "UpdateComputeEnvironment")
    return request["computeResources"]["ec2Configuration"]


def adopting(of: Stack) -> Stack:
    return replace(of, declared={a: replace(one, lifecycle=Lifecycle(adopt=True)) for a, one in of.declared.items()})


def with_record(of: Stack, shown: Live, record: str) -> Live:
    mine = owned(of, shown)
    return replace(mine, tags={**mine.tags, APPLIED: record})
