"""The vCPUs of a stack before and after a plan."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from reconciler.kinds import KINDS
from reconciler.model import Json, Plan, Vcpus
from reconciler.placeholders import Unknown
from reconciler.plan import PlanOptions
from reconciler.redact.presented import present
from reconciler.report.ci import github_commands
from reconciler.report.html import html_page
from reconciler.report.json import plan_json
from reconciler.report.markdown import markdown_report
from reconciler.report.results import Planned
from reconciler.report.summary import capacity_in_short, capacity_line
from reconciler.report.text.plan import plan_page
from tests.builders import CE, JQ, ec2, live, owned, planned, queue, stack

ROOT = Path(__file__).parents[2]
TOLD = "Capacity: at least 4 (was 0), at most 16 vCPUs (was 0): EC2 4 to 16 (was 0, +1 instance)."


def fargate(most: int, kind: str = "FARGATE") -> dict[str, Json]:
    resources = {"type": kind, "maxvCpus": most, "subnets": ["s"], "securityGroupIds": ["g"]}
    return {"type": "MANAGED", "computeResources": resources}


def managed(most: int, option: str) -> dict[str, Json]:
    provider = {"instanceLaunchTemplate": {"capacityOptionType": option}}
    resources = {"type": "ECS_MANAGED_INSTANCES", "maxvCpus": most, "managedInstancesProvider": provider}
    return {"type": "MANAGED", "computeResources": resources}


def line(plan: Plan) -> str:
    return capacity_line(plan.capacity)


@pytest.mark.parametrize(
    ("body", "sort", "vcpus"),
    [
        (ec2(), "EC2", Vcpus(at_most=16, extra_instances=1)),
        (ec2(minvCpus=4), "EC2", Vcpus(at_least=4, at_most=16, extra_instances=1)),
        (ec2(allocationStrategy="BEST_FIT"), "EC2", Vcpus(at_most=16)),
        (ec2(allocationStrategy=None), "EC2", Vcpus(at_most=16)),
        (ec2(type="SPOT", allocationStrategy="BEST_FIT"), "EC2 Spot", Vcpus(at_most=16, extra_instances=1)),
        (ec2(type="SPOT"), "EC2 Spot", Vcpus(at_most=16, extra_instances=1)),
        (ec2(maxvCpus=0), "EC2", Vcpus()),
        ({**ec2(minvCpus=4), "state": "DISABLED"}, "EC2", Vcpus(at_least=4, at_most=4)),
        (fargate(8), "Fargate", Vcpus(at_most=8)),
        (fargate(8, "FARGATE_SPOT"), "Fargate Spot", Vcpus(at_most=8)),
        (managed(8, "ON_DEMAND"), "managed instances", Vcpus(at_most=8)),
        (managed(8, "SPOT"), "managed instances Spot", Vcpus(at_most=8)),
        ({"type": "UNMANAGED", "unmanagedvCpus": 8}, "unmanaged", Vcpus(unknown=1)),
        (ec2(maxvCpus=None), "EC2", Vcpus(unknown=1)),
        (ec2(maxvCpus="many"), "EC2", Vcpus(unknown=1)),
        (ec2(type="LUNAR"), "LUNAR", Vcpus(at_most=16)),
        ({"type": "MANAGED"}, "unknown", Vcpus(unknown=1)),
        ({"type": "MANAGED", "computeResources": Unknown.of("ssm", "/all")}, "unknown", Vcpus(unknown=1)),
        (ec2(maxvCpus=Unknown.of("ssm", "/most")), "EC2", Vcpus(unknown=1)),
    ],
)
def test_each_environment_has_a_floor_and_a_ceiling_of_one_sort(
    body: Mapping[str, Json], sort: str, vcpus: Vcpus
) -> None:
    capacity = KINDS[CE].capacity
    assert capacity
    assert capacity(body) == (sort, vcpus)


def test_a_plan_says_what_it_makes_of_floor_and_ceiling() -> None:
    new = stack({(CE, "a"): ec2(type="SPOT", maxvCpus=256), (CE, "b"): fargate(256)})
    world = owned(new, live(CE, "a", ec2(type="SPOT", maxvCpus=256)))
    assert line(planned(new, world)) == (
        "Capacity: at least 0, at most 512 vCPUs (was 256): EC2 Spot 256 (+1 instance), Fargate 256 (was 0)."
    )
    larger = stack({(CE, "a"): ec2(type="SPOT", minvCpus=16, maxvCpus=512)})
    told = "Capacity: at least 16 (was 0), at most 512 vCPUs (was 256): EC2 Spot 16 to 512 (was 256, +1 instance)."
    assert line(planned(larger, world)) == told
    assert told in (ROOT / "docs" / "plans.md").read_text(encoding="utf-8")


def test_what_is_deleted_counts_before_alone() -> None:
    old = stack({(CE, "a"): ec2(maxvCpus=64), (CE, "b"): fargate(8)})
    world = [owned(old, live(CE, "a", ec2(maxvCpus=64))), owned(old, live(CE, "b", fargate(8)))]
    plan = planned(old, *world, wanted=PlanOptions(destroy=True))
    assert line(plan) == "Capacity: at least 0, at most 0 vCPUs (was 72): EC2 0 (was 64), Fargate 0 (was 8)."
    assert capacity_in_short(plan.capacity) == "At most 0 vCPUs (was 72)."


def test_a_replaced_environment_counts_once() -> None:
    old, new = ec2(maxvCpus=64, allocationStrategy="BEST_FIT"), ec2(maxvCpus=32)
    of = stack({(CE, "a"): new})
    plan = planned(of, owned(of, live(CE, "a", old)), wanted=PlanOptions(allow_replace=True))
    assert [change.action.value for change in plan.changes] == ["+/-", "(-)"]
    assert line(plan) == "Capacity: at least 0, at most 32 vCPUs (was 64): EC2 32 (was 64, +1 instance)."


def test_what_is_not_done_changes_no_capacity() -> None:
    old, new = ec2(maxvCpus=64, allocationStrategy="BEST_FIT"), ec2(maxvCpus=32)
    of = stack({(CE, "a"): new, (CE, "b"): ec2(maxvCpus=8)})
    refused = planned(of, owned(of, live(CE, "a", old)), wanted=PlanOptions(targets=("ComputeEnvironment/a",)))
    assert refused.refusals
    assert line(refused) == ""
    assert refused.capacity.after == Vcpus(at_most=64)


def test_adopted_and_released_environments_are_there_before_and_afterwards() -> None:
    of, body = stack({(CE, "a"): ec2()}), live(CE, "a", ec2())
    adopted = planned(of, body, wanted=PlanOptions(adopt=True))
    assert [change.action.value for change in adopted.changes] == [">"]
    assert adopted.capacity.before == adopted.capacity.after == Vcpus(at_most=16, extra_instances=1)
    larger = planned(stack({(CE, "a"): ec2(maxvCpus=32)}), body, wanted=PlanOptions(adopt=True))
    assert line(larger) == "Capacity: at least 0, at most 32 vCPUs (was 16): EC2 32 (was 16, +1 instance)."
    released = planned(of, owned(of, body), wanted=PlanOptions(forget=True))
    assert released.changes
    assert line(released) == ""


def test_a_foreign_environment_does_not_count() -> None:
    of = stack({(CE, "a"): ec2()})
    theirs = live(CE, "theirs", ec2(maxvCpus=4096), tags={"reconciler:stack": "other"})
    assert planned(of, theirs, live(CE, "nobodys", ec2())).capacity.before == Vcpus()


def test_what_is_unknown_is_said_and_not_counted() -> None:
    of = stack({(CE, "a"): {"type": "UNMANAGED"}, (CE, "b"): fargate(4), (CE, "c"): fargate(4)})
    assert line(planned(of)) == (
        "Capacity: at least 0, at most 8 vCPUs (was 0): Fargate 8 (was 0); unknown: 1 unmanaged."
    )


def test_a_plan_that_leaves_the_capacity_alone_says_nothing_in_text_and_everything_in_json() -> None:
    of = stack({(CE, "a"): ec2(minvCpus=4), (JQ, "q"): queue("a")})
    plan = present(planned(of, owned(of, live(CE, "a", ec2(minvCpus=4)))))
    assert plan.changes
    assert "Capacity" not in plan_page(plan, 100).plain
    vcpus = {"at_least": 4, "at_most": 16, "extra_instances": 1, "unknown": 0}
    assert plan_json(plan)["capacity"] == {
        "before": vcpus,
        "after": vcpus,
        "sorts": [{"sort": "EC2", "before": vcpus, "after": vcpus}],
    }


def test_the_capacity_is_one_of_the_last_lines() -> None:
    page = plan_page(present(planned(stack({(CE, "a"): ec2(minvCpus=4)}))), 100, fingerprint="0" * 64)
    assert page.plain.splitlines()[-3:] == [
        TOLD,
        "Fingerprint: 0000000000000000",
        "Plan: 1 to add, 0 to change, 0 to replace, 0 to destroy.",
    ]


def test_markdown_html_and_annotations_have_it_too() -> None:
    plan = present(planned(stack({(CE, "a"): ec2(minvCpus=4)})))
    assert TOLD in markdown_report([Planned(plan)])
    assert TOLD in html_page([plan_json(plan)])
    assert TOLD in github_commands([Planned(plan)], "")
    older = {name: member for name, member in plan_json(plan).items() if name != "capacity"}
    assert "Capacity:" not in html_page([older])
