"""The one door of comparison: what a planner, a manual change and a history get of it."""

from dataclasses import replace

import pytest

from reconciler.diff import (
    Context,
    compare,
    compare_bodies,
    compare_declared,
    compare_live,
    compare_replacement,
    concurrent_changes,
    first_record,
)
from reconciler.kinds import KINDS
from reconciler.live.ownership import APPLIED, OWNER, ownership_tags
from reconciler.model import Address, Desired, Json, Lifecycle, Live, dotted
from reconciler.ports import takes_everything
from tests.builders import CE, JD, JQ, SLR, container, ec2, live, queue
from tests.fakes import HERE

ARN = "arn:aws:batch:us-east-1:123456789012:"
SPOT, GREEN = f"{ARN}compute-environment/spot", f"{ARN}compute-environment/green"
OURS = Context(identity=HERE, owner=("risk", ""), takes=takes_everything)
NOBODYS = Context(identity=HERE)
QUEUE = queue(SPOT)


def desired(kind: str, spec: dict[str, Json], tags: dict[str, str] | None = None, **more: Json) -> Desired:
    return Desired(address=Address(kind, "x"), name="x", arn="", spec=spec, tags=tags or {}, **more)


def applied(resource: Live, of: Desired) -> Live:
    """Return the resource as it is once `of` was applied."""
    kind = KINDS[resource.address.kind]
    tags = ownership_tags("risk", "", "x", "x", first_record(kind, of, HERE))
    return replace(resource, tags={**of.tags, **tags})


def test_what_is_as_declared_differs_in_nothing() -> None:
    mine = desired(JQ, QUEUE, {"team": "risk"})
    difference = compare(KINDS[JQ], mine, applied(live(JQ, "x", QUEUE), mine), OURS)
    assert (difference.is_empty, difference.spec, difference.tags) == (True, QUEUE, {"team": "risk"})
    assert difference.record == first_record(KINDS[JQ], mine, HERE)


def test_a_difference_has_everything_that_brings_the_resource_to_its_declaration() -> None:
    before, after = desired(JQ, QUEUE, {"team": "risk"}), desired(JQ, {**QUEUE, "priority": 7}, {"cost": "1"})
    difference = compare(KINDS[JQ], after, applied(live(JQ, "x", QUEUE), before), OURS)
    assert [dotted(change.path) for change in difference.fields] == ["priority", "tags.cost", "tags.team"]
    assert (difference.spec, difference.tag, difference.untag) == (
        after.spec,
        {"cost": "1", APPLIED: str(difference.record)},
        ("team",),
    )
    assert {change.drift for change in difference.fields} == {False}


def test_what_is_ignored_is_sent_as_it_is_live_and_told_apart() -> None:
    mine = desired(JQ, {**QUEUE, "priority": 7}, lifecycle=Lifecycle(ignore_changes=("priority",)))
    difference = compare(KINDS[JQ], mine, applied(live(JQ, "x", {**QUEUE, "priority": 3}), mine), OURS)
    assert (difference.is_empty, difference.spec["priority"]) == (True, 3)
    assert [(dotted(one.path), one.before, one.after) for one in difference.ignored] == [("priority", 3, 7)]


@pytest.mark.parametrize("owner", [None, ("other", "")])
def test_a_resource_without_an_owner_gets_the_tags_of_the_context(owner: tuple[str, str] | None) -> None:
    mine = desired(JQ, QUEUE)
    difference = compare(KINDS[JQ], mine, live(JQ, "x", QUEUE), replace(OURS, owner=owner))
    assert difference.tag.get(OWNER) == (owner[0] if owner else None)
    assert difference.is_empty is (owner is None)


def test_whoever_owns_nothing_changes_tags_of_ours_only_by_name() -> None:
    mine = desired(JQ, QUEUE)
    theirs = applied(live(JQ, "x", QUEUE), mine)
    same, renamed = (
        compare(KINDS[JQ], replace(mine, tags={**theirs.tags, **tags}), theirs, NOBODYS) for tags in ({}, {OWNER: "z"})
    )
    assert (same.is_empty, renamed.tag, renamed.untag) == (True, {OWNER: "z"}, ())


def test_what_is_invalid_is_to_be_repaired_by_its_owner_alone() -> None:
    mine = desired(CE, {**ec2(), "serviceRole": SLR})
    sick = applied(live(CE, "x", mine.spec, status="INVALID", reason="CLIENT_ERROR"), mine)
    ours, nobodys = (compare(KINDS[CE], replace(mine, tags=sick.tags), sick, context) for context in (OURS, NOBODYS))
    assert "status" in {dotted(change.path) for change in ours.fields}
    assert nobodys.fields == ()


def test_the_successor_of_what_an_ignored_field_refers_to_is_referred_to() -> None:
    mine = desired(JQ, queue(GREEN), lifecycle=Lifecycle(ignore_changes=("computeEnvironmentOrder",)))
    theirs = applied(live(JQ, "x", QUEUE), mine)
    moved = compare(KINDS[JQ], mine, theirs, replace(OURS, successors={SPOT: GREEN}))
    assert [entry["computeEnvironment"] for entry in moved.spec["computeEnvironmentOrder"]] == [GREEN]


def test_of_a_replacement_nothing_is_written_to_the_old_one() -> None:
    mine = desired(CE, {**ec2(allocationStrategy="BEST_FIT"), "serviceRole": SLR}, {"team": "risk"})
    difference = compare_replacement(KINDS[CE], mine, live(CE, "x", {**ec2(), "serviceRole": SLR}), OURS)
    assert (difference.tag, difference.untag, difference.tags) == ({}, (), {"team": "risk"})
    assert difference.record == first_record(KINDS[CE], mine, HERE)


def test_bodies_are_compared_by_who_has_written_them() -> None:
    """What the service may have filled in is no difference where it described the body, and one where a user wrote it."""
    filled = {**ec2(), "serviceRole": SLR}
    kind = KINDS[CE]
    assert compare_bodies(kind, filled, ec2(), HERE) == ()
    assert compare_live(kind, live(CE, "x", ec2()), live(CE, "x", filled), HERE) == ()
    assert [dotted(change.path) for change in compare_declared(kind, filled, ec2(), HERE)] == ["serviceRole"]


def test_a_concurrent_change_is_named_by_its_fields_its_tags_or_its_revisions() -> None:
    before, after = live(JQ, "x", QUEUE), live(JQ, "x", {**QUEUE, "priority": 9}, tags={"team": "a", "aws:x": "1"})
    assert concurrent_changes(KINDS[JQ], before, after, HERE) == ("priority", "tags.team")
    one, two = (live(JD, "x", container(), revisions=numbers) for numbers in ((1,), (1, 2)))
    assert concurrent_changes(KINDS[JD], one, two, HERE) == ("revision 2",)
