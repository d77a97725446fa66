"""A deletion shows what goes, the jobs that are terminated with it, and whether it looks like a renaming."""

import json

import pytest

from reconciler.model import Action, Change, Json, Plan, Stack, dotted
from reconciler.plan import PlanOptions
from reconciler.redact.presented import present
from reconciler.redact.secrets import Secrets
from reconciler.report.html import html_page
from reconciler.report.json import plan_json
from reconciler.report.markdown import markdown_report
from reconciler.report.results import Planned
from reconciler.report.text.plan import plan_page
from reconciler.saved_plan.sealing import fingerprint_of
from tests.builders import (
    CE,
    CR,
    JD,
    JQ,
    QS,
    SE,
    SP,
    consumable,
    container,
    ec2,
    fair,
    planned,
    queue,
    quota,
    service,
    share,
    stack,
    training,
)  # fmt: skip
from tests.world import World

JOB = container(environment=[{"name": "DB_PASSWORD", "value": "hunter2"}, {"name": "LEVEL", "value": "info"}])
EVERYTHING = stack({
    (CE, "ce"): ec2(), (SP, "fair"): fair(), (JQ, "q"): queue("ce", schedulingPolicyArn="fair", priority=7),
    (JD, "pod"): JOB, (CR, "licences"): consumable(5), (SE, "se"): service(), (SP, "quota"): quota(),
    (JQ, "train"): training("se", schedulingPolicyArn="quota"), (QS, "share"): share("train"),
}, tags={"team": "risk"})  # fmt: skip
TELLING = {
    CE: {"type", "state", "computeResources", "tags.team"},
    JQ: {"state", "priority", "schedulingPolicyArn", "tags.team"},
    SP: {"tags.team"},
    JD: {"type", "containerProperties", "tags.team"},
    CR: {"totalQuantity", "tags.team"},
    SE: {"serviceEnvironmentType", "state", "capacityLimits", "tags.team"},
    QS: {"jobQueue", "capacityLimits", "preemptionConfiguration", "tags.team"},
}


def applied(of: Stack = EVERYTHING) -> World:
    world = World()
    world.apply(of)
    return world


def deletions(plan: Plan) -> dict[str, Change]:
    return {str(change.address): change for change in plan.changes if change.action is Action.DELETE}


@pytest.fixture(scope="module")
def destruction() -> Plan:
    return applied().plan(EVERYTHING, PlanOptions(destroy=True))


def test_a_deletion_of_any_kind_has_the_fields_that_tell_what_goes(destruction: Plan) -> None:
    found = deletions(destruction)
    assert {change.address.kind for change in found.values()} == set(TELLING)
    for change in found.values():
        paths = {dotted(field.path) for field in change.fields}
        assert paths >= TELLING[change.address.kind], change.address
        assert not [field for field in change.fields if field.before is None or field.after is not None]
        assert not paths & {"status", "statusReason", "uuid", "ecsClusterArn", "desiredvCpus"}
    assert {dotted(f.path): f.before for f in found["JobQueue/q"].fields}["priority"] == 7


def test_nothing_in_it_moves_by_itself(destruction: Plan) -> None:
    environment = next(field for field in deletions(destruction)["ComputeEnvironment/ce"].fields
                       if dotted(field.path) == "computeResources")  # fmt: skip
    assert "desiredvCpus" not in environment.before


@pytest.mark.parametrize("format_", ["text", "markdown", "html", "json"])
def test_every_format_shows_what_goes_without_its_secrets(destruction: Plan, format_: str) -> None:
    document = plan_json(present(destruction))
    text = {
        "text": plan_page(present(destruction), 120, 1).plain,
        "markdown": markdown_report([Planned(present(destruction))]),
        "html": html_page([document]).replace("<wbr>", ""),
        "json": json.dumps(document),
    }[format_]
    policy = "scheduling-policy/fair" if format_ == "json" else "SchedulingPolicy/fair"
    for word in ("priority", policy, "totalQuantity", "DB_PASSWORD", "busybox"):
        assert word in text
    assert "hunter2" not in text


def test_a_secret_of_the_stack_is_hidden_in_what_goes() -> None:
    mine = stack({(JD, "pod"): container(command=["login", "s3cr3t-value"])})
    plan = present(applied(mine).plan(mine, PlanOptions(destroy=True)), Secrets(frozenset({"s3cr3t-value"})))
    assert "s3cr3t" not in json.dumps(plan_json(plan))


def test_a_long_body_is_cut_with_a_count_unless_all_is_asked_for(destruction: Plan) -> None:
    brief, whole = plan_page(present(destruction), 120).plain, plan_page(present(destruction), 120, 1).plain
    assert ("more lines; -v shows them)" in brief, "more lines" in whole) == (True, False)
    assert "instanceRole" in whole


def test_what_goes_is_written_before_what_comes() -> None:
    world = applied(stack({(CE, "ce"): ec2(), (JD, "old"): container()}))
    plan = world.plan(stack({(CE, "a"): ec2(maxvCpus=4), (JD, "other"): container(vcpus=2)}))
    lines = [line.split()[1] for line in plan_page(present(plan), 120).plain.splitlines() if line[:3].strip().isdigit()]
    assert lines == ["-", "-", "+", "+"]


def test_a_deletion_and_its_reviewed_plan_do_not_depend_on_what_moves_meanwhile() -> None:
    world, gone = applied(stack({(CR, "licences"): consumable(5)})), stack({})
    before = fingerprint_of(plan_json(present(world.plan(gone))))
    world.hand("UpdateConsumableResource", consumableResource="licences", operation="SET", quantity=4)
    assert fingerprint_of(plan_json(present(world.plan(gone)))) == before


@pytest.mark.parametrize(("wanted", "said", "is_loss"), [
    (PlanOptions(destroy=True, cancel_jobs=True), "3 RUNNING jobs will be terminated", True),
    (PlanOptions(destroy=True, drain=True), "3 RUNNING jobs in it: its jobs continue; it is deleted when they have ended", False),
    (PlanOptions(destroy=True), "3 RUNNING jobs in it", False),
])  # fmt: skip
def test_jobs_that_are_terminated_stand_out(wanted: PlanOptions, said: str, is_loss: bool) -> None:
    mine = stack({(CE, "ce"): ec2(), (JQ, "q"): queue("ce"), (JD, "pod"): container()})
    world = applied(mine)
    for _ in range(3):
        world.raw.call("SubmitJob", {"jobName": "j", "jobQueue": "q", "jobDefinition": "pod"})
    world.clock.turn(5)
    plan = world.plan(mine, wanted)
    change = deletions(plan)["JobQueue/q"]
    assert (change.reasons[-1], change.losses) == (said, (said,) if is_loss else ())
    red = [text for line in plan_page(present(plan), 200) for text, style in line if style == "bold red"]
    assert any(said in text for text in red) == is_loss
    assert (f"**{said}**" in markdown_report([Planned(present(plan))])) == is_loss
    assert plan_json(present(plan))["changes"][0]["losses"] == list(change.losses)


def test_an_equal_resource_that_comes_is_named_with_the_way_to_rename() -> None:
    old = stack({(JD, "pod"): JOB, (JD, "other"): container(vcpus=8)})
    new = stack({(JD, "pod2"): JOB, (JD, "third"): container(vcpus=4)})
    found = deletions(applied(old).plan(new))
    assert found["JobDefinition/pod"].reasons[-1] == (
        "JobDefinition/pod2, which is created, is equal: add `lifecycle: {renamedFrom: pod}` there to keep this resource"
    )
    assert not [reason for reason in found["JobDefinition/other"].reasons if "renamedFrom" in reason]


def renames(old: Json, new: Json) -> list[str]:
    found = deletions(applied(stack({(JD, name): body for name, body in old.items()})).plan(
        stack({(JD, name): body for name, body in new.items()})
    ))  # fmt: skip
    return [reason for change in found.values() for reason in change.reasons if "renamedFrom" in reason]


def test_a_nearly_equal_resource_that_comes_is_named_if_it_is_the_only_candidate() -> None:
    old, newer, newest = (container(image=f"risk:{tag}", command=["run"]) for tag in (1, 2, 3))
    other = container(image="other:1", vcpus=16, memory=9000)
    (hint,) = renames({"pod": old}, {"pod2": newer, "far": other})
    assert hint == (
        "JobDefinition/pod2, which is created, differs only in containerProperties.image: "
        "if it is the same resource, add `lifecycle: {renamedFrom: pod}` there to keep it"
    )
    assert renames({"pod": old}, {"pod-far": other, "unlike": newer}) == []
    assert renames({"pod": old}, {"pod-a": newer, "pod-b": newest}) == []
    (hint,) = renames({"pod": old}, {"equal": old, "pod-near": newer})
    assert hint.startswith("JobDefinition/equal, which is created, is equal")


def test_nothing_is_renamed_where_nothing_comes(destruction: Plan) -> None:
    assert not [change for change in destruction.changes if "renamedFrom" in str(change.reasons)]
    assert planned(stack({})).changes == ()
