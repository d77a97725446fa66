"""What is ignored in a plan: it survives whatever is done to the resource, matches something, and fits what is declared."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest

from reconciler.diff.canonical import canonical
from reconciler.kinds import KINDS, batch_kinds
from reconciler.kinds.base import Field, Form, Kind, Row
from reconciler.kinds.paths import is_unnamed
from reconciler.live.ownership import AppliedRecord, ownership_tags
from reconciler.model import Address, Ignore, Json, Lifecycle, Live, Plan, Stack, dotted, member_at
from reconciler.plan import PlanOptions
from tests.builders import CE, CR, JD, JQ, QS, SE, SP, calls, container, ec2, live, owned, planned, queue, stack
from tests.diff.test_silence import Member, members
from tests.fakes import HERE

Body = dict[str, Json]
NAME = "x"
ALLOWED, ADOPTING = PlanOptions(allow_replace=True), PlanOptions(adopt=True)
# What no update can change, of the kinds that can be replaced: as it is live, and as it is declared.
FORCED: Mapping[str, tuple[Body, Body]] = {
    CE: ({"type": "MANAGED"}, {"type": "UNMANAGED"}),
    JQ: ({"jobQueueType": "ECS"}, {"jobQueueType": "EKS"}),
    SP: ({"quotaSharePolicy": {"idleResourceAssignmentStrategy": "FIFO"}}, {}),
    CR: ({"resourceType": "REPLENISHABLE"}, {"resourceType": "NON_REPLENISHABLE"}),
    SE: ({"serviceEnvironmentType": "SAGEMAKER_TRAINING"}, {"serviceEnvironmentType": "OTHER"}),
    QS: ({}, {}),
}
REFERRED = [live(kind, name, {}, status="VALID") for kind in (CE, SP, SE, JQ, CR) for name in ("aaa", "bbb", "zzz")]
REPLACED = [kind for kind in KINDS.values() if kind.replacement is not None]


def ignoring(kind: Kind, body: Body, path: str, now: Body, wanted: PlanOptions, *, is_owned: bool = True) -> Plan:
    """Return the plan of a resource that is live as `now`, and declared as `body` with a path ignored."""
    within = {kind.parent.member: "aaa"} if kind.parent else {}
    mine = stack(
        {(kind.name, "x"): {**within, **body}}, lifecycles={(kind.name, "x"): Lifecycle(ignore_changes=(path,))}
    )
    revisions = (1,) if kind.revisions else ()
    status, name = "VALID" if kind.settles else "", f"aaa/{NAME}" if kind.parent else NAME
    theirs = live(kind.name, name, {**within, **now}, status=status, revisions=revisions)
    return planned(mine, tagged(mine, theirs) if is_owned else theirs, *REFERRED, wanted=wanted)


def tagged(mine: Stack, theirs: Live) -> Live:
    tags = ownership_tags(mine.name, "", "x", theirs.address.name, AppliedRecord("0"))
    return replace(theirs, tags={**theirs.tags, **tags}, owned={1: tags} if theirs.revisions else {})


def starred(rows: tuple[Row, ...], path: str) -> str:
    """Write a path with `*` for the entries of the lists on its way."""
    steps = list[str]()
    for name in path.split("."):
        row = next(one for one in rows if isinstance(one, Field) and one.name == name)
        is_list = (row.form is Form.KEYED or is_unnamed(row)) and bool(row.fields)
        steps += [name, "*"] if is_list else [name]
        rows = row.fields
    return ".".join(steps)


def fields_of(kind: Kind) -> Iterator[tuple[Member, str, Body, Body]]:
    """Yield every field of a kind with the path that ignores it, and a live and a declared body that differ in it."""
    for member in members(kind):
        now, declared = (member.around({member.row.name: value}) for value in member.values)
        if now != declared and not (
            kind.parent and member.path == kind.parent.member
        ):  # what one is part of is in its name
            yield member, starred(kind.rows, member.path), now, declared


def same(kind: Kind, path: str, *bodies: Body) -> bool:
    """Whether bodies have the same at a path, in canonical form: below lists that have no names, the list counts."""
    whole = [canonical(kind.rows, body, HERE) for body in bodies]
    return len({repr(member_at(body, path.partition(".*")[0].split("."))) for body in whole}) == 1


@pytest.mark.parametrize("kind", REPLACED, ids=lambda kind: kind.name)
def test_every_ignored_field_keeps_its_live_value_when_its_resource_is_replaced(kind: Kind) -> None:
    before, after = FORCED[kind.name]
    lost = []
    for member, path, now, declared in fields_of(kind):
        if member.path.partition(".")[0] in before:
            continue
        theirs = {**now, **before}
        plan = ignoring(kind, {**declared, **after}, path, theirs, ALLOWED)
        created = [request for operation, request in calls(plan) if operation == kind.create.operation]
        top = member.path.partition(".")[0]
        later = [
            request
            for operation, request in calls(plan)
            if kind.update and operation == kind.update.operation and top in request
        ]
        assert len(created) == 1, path
        body = {**(later[-1] if later else {}), **created[0]}  # only an update can set some fields
        if not same(kind, path, {**body, **after}, {**now, **after}):
            lost.append((path, now, body))
    assert lost == []


@pytest.mark.parametrize("kind", REPLACED, ids=lambda kind: kind.name)
def test_a_replacement_shows_every_live_field_that_the_new_resource_does_not_have(kind: Kind) -> None:
    before, after = FORCED[kind.name]
    hidden = []
    for member in members(kind):
        top = member.path.partition(".")[0]
        is_left = (
            member.row.is_service_default and not member.row.service_default
        )  # to the service, which decides it for the new one, too
        if top in {*before, *after} or is_left:
            continue
        now = {**member.around({member.row.name: member.values[1]}), **before}
        mine, theirs = (
            stack({(kind.name, NAME): after}),
            live(kind.name, NAME, now, status="VALID" if kind.settles else ""),
        )
        plan = planned(mine, tagged(mine, theirs), *REFERRED, wanted=ALLOWED)
        shown = {dotted(field.path).partition(".")[0] for change in plan.changes for field in change.fields}
        hidden += [] if top in shown else [member.path]
    assert hidden == []


@pytest.mark.parametrize(
    ("types", "images", "changed"),
    [
        (["p3.2xlarge"], ["ECS_AL2_NVIDIA"], ["ECS_AL2023_NVIDIA", "ECS_AL2_NVIDIA"]),
        (["m5.large"], ["ECS_AL2"], ["ECS_AL2", "ECS_AL2023"]),
        (["m5.large"], ["ECS_AL2023"], []),
        (["g5.xlarge"], ["ECS_AL2023_NVIDIA"], []),
        (["g5.xlarge"], ["ECS_AL2023"], ["ECS_AL2023", "ECS_AL2023_NVIDIA"]),
    ],
)
def test_a_replacement_shows_the_image_type_that_the_service_chooses_for_the_new_environment(
    types: list[str], images: list[str], changed: list[str]
) -> None:
    fit = {"allocationStrategy": "BEST_FIT", "instanceTypes": types}
    mine = stack({(CE, "spot"): ec2(**fit, ec2KeyPair="k")})
    theirs = owned(
        stack({(CE, "spot"): ec2(**fit)}),
        live(CE, "spot", ec2(**fit, ec2Configuration=[{"imageType": image} for image in images])),
    )
    change = planned(mine, theirs, wanted=ALLOWED).changes[0]
    paths = {dotted(field.path) for field in change.fields}
    assert paths == {
        "computeResources.ec2KeyPair",
        *(f"computeResources.ec2Configuration.{image}" for image in changed),
    }
    # Left alone, it is kept, and nothing of it changes.
    kept = replace(mine, declared={address: replace(one, lifecycle=IMAGE) for address, one in mine.declared.items()})
    plan = planned(kept, theirs, wanted=ALLOWED)
    assert [dotted(field.path) for field in plan.changes[0].fields] == ["computeResources.ec2KeyPair"]
    (created,) = [request for operation, request in calls(plan) if operation == "CreateComputeEnvironment"]
    assert created["computeResources"]["ec2Configuration"] == [{"imageType": image} for image in images]


IMAGE = Lifecycle(ignore_changes=("computeResources.ec2Configuration",))


def test_a_replacement_shows_a_default_that_the_new_environment_gets() -> None:
    provider = {
        "infrastructureRoleArn": "arn:aws:iam::123456789012:role/ecs",
        "instanceLaunchTemplate": {"monitoring": "BASIC"},
    }
    now = {**provider, "instanceLaunchTemplate": {"monitoring": "BASIC", "capacityOptionType": "SPOT"}}
    before, after = FORCED[CE]
    mine = stack({(CE, NAME): {**after, "computeResources": {"managedInstancesProvider": provider}}})
    theirs = live(CE, NAME, {**before, "computeResources": {"managedInstancesProvider": now}})
    fields = {
        dotted(field.path).rpartition(".")[2]: field
        for field in planned(mine, tagged(mine, theirs), wanted=ALLOWED).changes[0].fields
    }
    changed = fields["capacityOptionType"]
    assert (changed.before, changed.after, changed.why) == (
        "SPOT", "ON_DEMAND", "not declared: AWS Batch chooses it for the new resource"
    )  # fmt: skip


def test_a_replacement_shows_a_live_field_that_no_table_knows() -> None:
    now = ec2(allocationStrategy="BEST_FIT", newer="theirs")
    plan = planned(
        stack({(CE, "spot"): ec2()}), owned(stack({(CE, "spot"): ec2()}), live(CE, "spot", now)), wanted=ALLOWED
    )
    fields = {dotted(field.path): (field.before, field.after, field.why) for field in plan.changes[0].fields}
    assert fields["computeResources.newer"] == ("theirs", None, "not declared: the new resource will not have it")


@pytest.mark.parametrize("kind", batch_kinds(), ids=lambda kind: kind.name)
@pytest.mark.parametrize("is_owned", [True, False], ids=["changed", "adopted"])
def test_an_ignored_field_that_differs_is_no_change(kind: Kind, is_owned: bool) -> None:
    """Neither of a resource of the stack, nor of one that it adopts; and `plan -v` lists it."""
    for member, path, now, declared in fields_of(kind):
        if member.row.drop_if or not member.path:
            continue
        plan = ignoring(kind, declared, path, now, ADOPTING, is_owned=is_owned)
        told = [
            dotted(field.path)
            for change in plan.changes
            for field in change.fields
            if "reconciler:" not in dotted(field.path)
        ]
        assert told == [], (path, now, declared)
        assert not any(operation in kind.body_operations for operation, _ in calls(plan)), path
        assert path.split(".")[0] in {
            dotted(one.path).split(".")[0] for one in plan.ignored.get(Address(kind.name, "x"), ())
        }, path


def test_every_ignored_field_of_a_definition_is_registered_as_it_is_live() -> None:
    kind = KINDS[JD]
    for member, path, now, declared in fields_of(kind):
        if member.path == "schedulingPriority":
            continue
        plan = ignoring(kind, {**declared, "schedulingPriority": 7}, path, now, ALLOWED)
        (registered,) = [request for operation, request in calls(plan) if operation == kind.create.operation]
        assert same(kind, path, registered, now), path


@pytest.mark.parametrize("adopted", [True, False])
def test_tags_that_are_ignored_stay(adopted: bool) -> None:
    lifecycles = {(CE, "spot"): Lifecycle(ignore_changes=("tags.cost-*",))}
    mine = stack({(CE, "spot"): ec2()}, lifecycles=lifecycles, tags={"cost-a": "ours", "team": "risk"})
    theirs = live(CE, "spot", ec2(), tags={"cost-a": "theirs", "cost-b": "theirs", "team": "other"})
    plan = planned(mine, theirs if adopted else owned(mine, theirs), wanted=ADOPTING)
    (tagged,) = [request["tags"] for operation, request in calls(plan) if operation == "TagResource"]
    assert {key: value for key, value in tagged.items() if "reconciler" not in key} == {"team": "risk"}
    assert not [operation for operation, _ in calls(plan) if operation == "UntagResource"]


def noted(path: str, body: Body, now: Body, *, is_live: bool = True, kind: str = JD) -> list[str]:
    mine = stack({(kind, "x"): body}, lifecycles={(kind, "x"): Lifecycle(ignore_changes=(path,))})
    theirs = [owned(mine, live(kind, "x", now, revisions=(1,)))] if is_live else []
    return [f"{note.severity}[{note.code}]: {note.message}" for note in planned(mine, *theirs).notes]


POD = {"type": "container", "eksProperties": {"podProperties": {"containers": [{"name": "main", "image": "a:1"}]}}}


@pytest.mark.parametrize(
    "path",
    ["eksProperties.podProperties.containers.typo.image", "eksProperties.podProperties.containers[3].image",
     "containerProperties.environment.*", "parameters.a", "tags.owner"],
)  # fmt: skip
def test_a_path_that_matches_nothing_is_reported(path: str) -> None:
    said = f"warning[IGN007]: JobDefinition/x: lifecycle.ignoreChanges: {path} matches nothing, declared or live"
    assert noted(path, POD, POD) == [said]
    assert noted(path, POD, POD, is_live=False) == []  # nothing is live yet that it could match


@pytest.mark.parametrize(
    "path",
    ["eksProperties.podProperties.containers.*.image", "eksProperties.podProperties.containers.main",
     "eksProperties.podProperties.hostNetwork", "tags.cost-*", "tags", "parameters.*", "retryStrategy.attempts"],
)  # fmt: skip
def test_a_path_that_matches_or_could_is_not_reported(path: str) -> None:
    assert noted(path, POD, POD) == []


def test_a_path_that_only_the_live_resource_has_is_not_reported() -> None:
    assert (
        noted("containerProperties.environment.A", container(), container(environment=[{"name": "A", "value": "1"}]))
        == []
    )


def test_an_entry_of_ignore_is_reported_where_no_resource_matches_it() -> None:
    both = {(JD, "a"): POD, (JD, "b"): container()}
    paths = ("eksProperties.podProperties.containers.main.image", "parameters.a")
    mine = replace(stack(both), ignore=(Ignore("JobDefinition/*", paths, "by CI"),))
    theirs = [owned(mine, live(JD, name, body, revisions=(1,))) for (_, name), body in both.items()]
    assert [note.message for note in planned(mine, *theirs).notes] == [
        "ignore: JobDefinition/*: parameters.a matches nothing, declared or live"
    ]


def misfit(path: str, declared: Body, now: Body, *more: str, disabled: Mapping[str, str] | None = None) -> list[str]:
    lifecycles = {(CE, "spot"): Lifecycle(ignore_changes=(path, *more))}
    mine = stack({(CE, "spot"): declared, (JQ, "q"): queue("spot")}, lifecycles=lifecycles)
    mine = replace(mine, disabled=disabled or {})
    environment: Live = owned(mine, live(CE, "spot", now))
    plan = planned(mine, environment, owned(mine, live(JQ, "q", queue(environment.arn))), wanted=ALLOWED)
    return [f"{problem.code} {problem.message}" for problem in plan.refusals]


def test_a_live_value_that_does_not_fit_what_is_declared_is_refused_with_the_path_that_is_ignored() -> None:
    """For an update in place, and for the body of a successor."""
    said = (
        "IGN008 ComputeEnvironment/spot: computeResources.maxvCpus is 8, less than minvCpus 12 "
        "(ignored, and kept at its live value: computeResources.minvCpus)"
    )
    for strategy in ("BEST_FIT_PROGRESSIVE", "BEST_FIT"):
        now = ec2(minvCpus=12, allocationStrategy=strategy)
        assert misfit("computeResources.minvCpus", ec2(maxvCpus=8), now, "tags.owner") == [said]


def test_a_live_value_that_does_not_fit_is_no_matter_where_nothing_is_sent_or_the_rule_is_off() -> None:
    odd = ec2(minvCpus=12, maxvCpus=8)
    assert misfit("computeResources.minvCpus", ec2(maxvCpus=8), odd) == []
    assert misfit("computeResources.minvCpus", ec2(maxvCpus=8), ec2(minvCpus=12), disabled={"CE015": "why"}) == []


def test_what_aws_has_taken_as_it_is_live_is_no_misfit() -> None:
    """It shows empty lists for what was never sent, and may have taken what a rule forbids."""
    shown = ec2(minvCpus=12, maxvCpus=8, placementGroup="", tags={}, launchTemplate={})
    assert misfit("computeResources", ec2(maxvCpus=8), {**shown, "state": "DISABLED"}) == []
    fargate = {
        "type": "MANAGED",
        "computeResources": {"type": "FARGATE", "maxvCpus": 4, "subnets": ["subnet-1"], "securityGroupIds": ["sg-1"]},
    }
    described = {
        **fargate,
        "state": "DISABLED",
        "computeResources": {**fargate["computeResources"], "instanceTypes": [], "ec2Configuration": [], "tags": {}},
    }
    assert misfit("computeResources", fargate, described) == []


def test_what_is_wrong_without_anything_ignored_is_not_said_of_what_is_ignored() -> None:
    assert misfit("computeResources.ec2KeyPair", ec2(maxvCpus=8, minvCpus=12), ec2(ec2KeyPair="k")) == []


EVERYWHERE = ("computeEnvironmentOrder", "computeEnvironmentOrder.*", "computeEnvironmentOrder[0].computeEnvironment")


@pytest.mark.parametrize("path", EVERYWHERE)
def test_an_ignored_reference_follows_what_replaces_the_one_that_it_names(path: str) -> None:
    """Otherwise the queue would be left with an environment that is deleted."""
    lifecycles = {(JQ, "q"): Lifecycle(ignore_changes=(path,))}
    old = stack({(CE, "spot"): ec2(allocationStrategy="BEST_FIT"), (JQ, "q"): queue("spot")}, lifecycles=lifecycles)
    new = stack({(CE, "spot"): ec2(), (JQ, "q"): queue("spot")}, lifecycles=lifecycles)
    environment = owned(old, live(CE, "spot", ec2(allocationStrategy="BEST_FIT")))
    shared = live(CE, "shared", ec2())
    theirs = owned(old, live(JQ, "q", queue(environment.arn, shared.arn)))
    plan = planned(new, environment, shared, theirs, wanted=ALLOWED)
    created, moved, retired = plan.changes
    (order,) = [request for operation, request in calls(plan) if operation == "UpdateJobQueue"]
    arns = [entry["computeEnvironment"] for entry in order["computeEnvironmentOrder"]]
    assert arns[0].endswith(f"/{created.name}")
    assert arns[1:] == ([] if "[0]" in path else [shared.arn])
    assert (moved.after, retired.after) == ((Address(CE, "spot"),), (Address(JQ, "q"),))


def test_an_ignored_reference_keeps_what_it_names_from_being_deleted() -> None:
    lifecycles = {(JQ, "q"): Lifecycle(ignore_changes=("computeEnvironmentOrder",))}
    old = stack({(CE, "spot"): ec2(), (CE, "more"): ec2(), (JQ, "q"): queue("spot", "more")})
    new = stack({(CE, "spot"): ec2(), (JQ, "q"): queue("spot")}, lifecycles=lifecycles)
    spot, more = (owned(old, live(CE, name, ec2())) for name in ("spot", "more"))
    plan = planned(new, spot, more, owned(old, live(JQ, "q", queue(spot.arn, more.arn))))
    assert [problem.code for problem in plan.refusals] == ["PLAN005"]
