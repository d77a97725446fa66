"""What a stack leaves alone exists, and is compared again when the time is over; by one engine for plan, apply, drift."""

from dataclasses import replace

import pytest

from reconciler.adapters.lookup.installed import read_schema
from reconciler.kinds import KINDS
from reconciler.model import Ignore, Json, Lifecycle, Stack, dotted
from reconciler.redact.presented import present
from reconciler.report.results import drift_of
from reconciler.validate import validate
from tests.builders import CE, JD, JQ, container, ec2, live, owned, planned, queue, stack
from tests.world import World

MINE = stack({(CE, "spot"): ec2(), (JQ, "q"): queue("spot"), (JD, "job"): container()}, tags={"team": "risk"})
MAXIMUM = "computeResources.maxvCpus"


def ignoring(resources: str, *members: str, expires: str = "", of: Stack = MINE) -> Stack:
    return replace(of, ignore=(*of.ignore, Ignore(resources, members, "by hand", expires)))


def checked(mine: Stack, today: str = "2027-03-31") -> tuple[Stack, list[str]]:
    typed, found = validate(mine, read_schema(), KINDS, today=today)
    return typed, [f"{one.severity}[{one.code}] {one.message} ({one.hint})" for one in found]


@pytest.mark.parametrize("expires", ["", "2027-03-31", "2027-04-01"])
def test_an_entry_holds_to_the_end_of_its_last_day(expires: str) -> None:
    mine, found = checked(ignoring("ComputeEnvironment/*", MAXIMUM, expires=expires))
    assert (len(mine.ignore), found) == (1, [])


def test_after_its_last_day_an_entry_is_told_and_counts_no_more() -> None:
    mine, found = checked(ignoring("ComputeEnvironment/*", MAXIMUM, "tags.*", expires="2027-03-30"))
    assert mine.ignore == ()
    (said,) = found
    assert said == (
        f"warning[IGN006] ignore: ComputeEnvironment/*: expired after 2027-03-30; {MAXIMUM}, tags.* are compared again "
        "(remove the entry, or set a later day)"
    )


@pytest.mark.parametrize(
    ("resources", "member", "code", "said", "hint"),
    [
        ("ComputeEnvironment/sopt", MAXIMUM, "IGN004", "matches nothing in this stack", "did you mean ComputeEnvironment/spot?"),
        ("all", MAXIMUM, "IGN004", "matches nothing in this stack", "use KIND/NAME, for example JobQueue/*"),
        ("*/spot", "computeResources.maxCpus", "IGN005", "is not a field of a compute-environment", "did you mean maxvCpus?"),
        ("JobQueue/*", "priorty", "IGN005", "is not a field of a job-queue", "did you mean priority?"),
        ("*/[sq]*", "priorty", "IGN005", "is not a field of a compute-environment or job-queue", "did you mean priority?"),
    ],
)  # fmt: skip
def test_an_entry_that_leads_nowhere_is_told(resources: str, member: str, code: str, said: str, hint: str) -> None:
    (found,) = validate(ignoring(resources, member), read_schema(), KINDS)[1]
    assert (found.code, found.hint) == (code, hint)
    assert found.message.startswith(f"ignore: {resources}")
    assert found.message.endswith(said)


def test_a_member_that_one_of_the_matching_kinds_has_is_fine() -> None:
    assert checked(ignoring("*", "priority"))[1] == []


def world(spec: dict[str, Json], tags: dict[str, str]) -> list[str]:
    """Return what is told of an environment that an outside hand has changed."""
    theirs = owned(MINE, live(CE, "spot", spec))
    theirs = replace(theirs, tags={**theirs.tags, "team": "risk", **tags})
    mine = ignoring("*/spot", MAXIMUM, "tags.cost-*")
    plan = planned(mine, theirs)
    return [dotted(field.path) for change in plan.changes for field in change.fields if change.address.name == "spot"]


def test_what_is_ignored_is_neither_told_nor_sent() -> None:
    assert world(ec2(maxvCpus=99), {"cost-center": "7"}) == []


def test_what_stands_beside_it_still_counts() -> None:
    assert world(ec2(maxvCpus=99, minvCpus=3), {"cost-center": "7", "owner": "me"}) == [
        "computeResources.minvCpus",
        "tags.owner",
    ]


def test_plan_apply_and_drift_ignore_the_same() -> None:
    service = World()
    mine = ignoring("*/spot", MAXIMUM, of=stack({(CE, "spot"): ec2()}))
    service.apply(mine)
    service.hand("UpdateComputeEnvironment", computeEnvironment="spot", computeResources={"maxvCpus": 99})
    plan = service.plan(mine)
    assert (plan.is_empty, drift_of(present(plan)).is_none) == (True, True)
    (ignored,) = [one for ones in plan.ignored.values() for one in ones if dotted(one.path) == MAXIMUM]
    assert (ignored.before, ignored.after, ignored.why) == (99, 16, "by hand")
    changed = replace(mine, declared=stack({(CE, "spot"): ec2(minvCpus=2)}).declared)
    assert service.apply(changed).exit == 0
    (live_,) = service.raw.call("DescribeComputeEnvironments", {})["computeEnvironments"]
    assert (live_["computeResources"]["maxvCpus"], live_["computeResources"]["minvCpus"]) == (99, 2)


def test_all_tags_can_be_ignored() -> None:
    theirs = owned(MINE, live(CE, "spot", ec2()))
    theirs = replace(theirs, tags={**theirs.tags, "team": "other", "owner": "me"})
    plan = planned(ignoring("*/spot", "tags"), theirs)
    assert [str(change.address) for change in plan.changes if change.address.name == "spot"] == []


POD = {"type": "container", "eksProperties": {"podProperties": {"containers": [
    {"name": "main", "image": "a:1", "resources": {"limits": {"cpu": "1", "memory": "512Mi"}}}]}}}  # fmt: skip


def lost(path: str, body: dict[str, Json] = POD) -> list[str]:
    mine = stack({(JD, "job"): body}, lifecycles={(JD, "job"): Lifecycle(ignore_changes=(path,))})
    return [said for said in checked(mine)[1] if "LIF004" in said]


@pytest.mark.parametrize(
    ("path", "why", "hint"),
    [
        ("containerProperties.image", "containerProperties is not declared", "declare containerProperties, or ignore containerProperties as a whole"),
        ("eksProperties.podProperties.containers.typo.image", "eksProperties.podProperties.containers.typo is not declared",
         "declare eksProperties.podProperties.containers.typo, or ignore eksProperties.podProperties.containers.typo as a whole"),
        ("eksProperties.podProperties.containers[3].image", "eksProperties.podProperties.containers[3] is not declared",
         "declare eksProperties.podProperties.containers[3], or ignore eksProperties.podProperties.containers[3] as a whole"),
    ],
)  # fmt: skip
def test_a_field_below_what_is_not_declared_cannot_be_ignored(path: str, why: str, hint: str) -> None:
    assert lost(path) == [
        f"error[LIF004] JobDefinition/job: lifecycle.ignoreChanges: {path} has no effect: {why} ({hint})"
    ]


def test_a_path_into_a_list_that_names_no_entry_says_what_to_write() -> None:
    assert lost("eksProperties.podProperties.containers.image") == [
        (
            "error[LIF004] JobDefinition/job: lifecycle.ignoreChanges: eksProperties.podProperties.containers.image is not "
            "a field of a job-definition (containers is a list: write eksProperties.podProperties.containers.*.image for all "
            "of its entries; for one, main in place of *)"
        )
    ]


@pytest.mark.parametrize(
    "path",
    ["eksProperties.podProperties.containers.*.image", "eksProperties.podProperties.containers.main.env.LEVEL",
     "eksProperties.podProperties.containers.main.env.LEVEL.value", "eksProperties.podProperties.containers.sidecar",
     "eksProperties.podProperties.metadata.labels.team", "timeout", "tags.cost-*"],
)  # fmt: skip
def test_what_others_may_add_can_be_ignored_without_being_declared(path: str) -> None:
    assert lost(path) == []


def test_an_entry_of_ignore_needs_one_resource_that_has_what_its_path_is_in() -> None:
    both = stack({(JD, "pod"): POD, (JD, "job"): container()})
    pods = stack({(JD, "pod"): POD})
    assert checked(ignoring("JobDefinition/*", "containerProperties.image", of=both))[1] == []
    (said,) = [
        one for one in checked(ignoring("JobDefinition/*", "containerProperties.image", of=pods))[1] if "IGN" in one
    ]
    assert said.startswith(
        "error[IGN005] ignore: JobDefinition/*: containerProperties.image has no effect: containerProperties is not declared"
    )
