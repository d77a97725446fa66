"""Where each resource of a stack stands: its health, and whether it is as declared."""

from reconciler.inspect.status import StackStatus, Sync, build_status, job_holders, with_job_counts
from reconciler.model import Json, Live, Stack
from reconciler.problems import CloudError, Fault
from tests.builders import CE, CR, JD, JQ, SP, consumable, container, ec2, fair, live, owned, planned, queue, stack

SPOT = "arn:aws:batch:us-east-1:123456789012:compute-environment/spot"
MINE = stack({(CE, "spot"): ec2(), (JQ, "q"): queue("spot")})
OFF = {"state": "DISABLED"}
DENIED = CloudError("ListJobs", Fault.DENIED, "AccessDeniedException", "not authorized")


def stand(of: Stack, *world: Live) -> StackStatus:
    return build_status(of, planned(of, *world), world)


def told(found: StackStatus) -> list[tuple[str, str, bool, str]]:
    return [(one.name, one.health, one.is_healthy, str(one.sync)) for one in found.resources]


def both(spot: Live, order: tuple[str, ...] = (SPOT,), **members: Json) -> list[Live]:
    return [owned(MINE, spot), owned(MINE, live(JQ, "q", queue(*order, **members)))]


def test_what_is_as_declared_is_healthy_and_in_sync() -> None:
    found = stand(MINE, *both(live(CE, "spot", ec2())))
    assert told(found) == [("spot", "VALID", True, "in sync"), ("q", "VALID", True, "in sync")]
    assert found.is_healthy


def test_health_and_sync_are_two_things() -> None:
    broken = live(CE, "spot", ec2(), status="INVALID", reason="CLIENT_ERROR - role")
    assert told(stand(MINE, *both(broken, priority=7))) == [
        ("spot", "INVALID", False, "in sync"),
        ("q", "BLOCKED", False, "drifted"),
    ]


def test_what_an_update_cannot_repair_is_as_declared_all_the_same() -> None:
    broken = live(CE, "spot", ec2(), status="INVALID", reason="CLIENT_ERROR - Clusters can not be blank.")
    assert told(stand(MINE, *both(broken)))[0] == ("spot", "INVALID", False, "in sync")


def test_what_somebody_disabled_is_unhealthy_and_what_the_stack_disables_is_not() -> None:
    assert told(stand(MINE, *both(live(CE, "spot", {**ec2(), **OFF})))) == [
        ("spot", "DISABLED", False, "drifted"),
        ("q", "BLOCKED", False, "in sync"),
    ]
    quiet = stack({(CE, "spot"): {**ec2(), **OFF}})
    assert told(stand(quiet, owned(quiet, live(CE, "spot", {**ec2(), **OFF})))) == [
        ("spot", "DISABLED", True, "in sync")
    ]


def test_what_is_on_its_way_is_not_unhealthy() -> None:
    found = stand(MINE, *both(live(CE, "spot", ec2(), status="UPDATING")))
    assert told(found)[0] == ("spot", "UPDATING", True, "in sync")


def test_what_is_not_there_is_missing_and_to_be_created() -> None:
    assert told(stand(MINE)) == [("spot", "missing", False, "pending"), ("q", "missing", False, "pending")]


def test_what_the_stack_is_about_to_change_is_pending() -> None:
    before = stack({(SP, "fair"): fair()})
    after = stack({(SP, "fair"): {"fairsharePolicy": {"shareDecaySeconds": 90}}})
    assert told(stand(after, owned(before, live(SP, "fair", fair(), status="")))) == [("fair", "live", True, "pending")]


def test_what_is_not_ours_is_foreign_whatever_its_status() -> None:
    found = stand(MINE, live(CE, "spot", ec2(), tags={"reconciler:stack": "other"}), live(JQ, "q", queue(SPOT)))
    assert told(found) == [("spot", "foreign", False, "-"), ("q", "foreign", False, "-")]
    assert [one.about for one in found.resources] == ["belongs to stack other", "no stack owns it"]
    assert list(job_holders(found)) == []


def test_what_is_owned_and_no_longer_declared_comes_last() -> None:
    former = stack({(CE, "old"): ec2(), (CR, "licence"): consumable()})
    found = stand(
        MINE,
        *both(live(CE, "spot", ec2())),
        owned(former, live(CE, "old", ec2(), status="INVALID")),
        owned(former, live(CE, "going", ec2(), status="DELETING")),
    )
    assert told(found)[2:] == [("old", "INVALID", False, "not declared"), ("going", "DELETING", False, "not declared")]


def test_both_are_told_while_one_replaces_another() -> None:
    mine = stack({(CE, "spot"): ec2()})
    blue = owned(mine, live(CE, "spot", {"type": "UNMANAGED"}))
    green = live(CE, "spot-1a2b3c", ec2(), tags={**blue.tags, "reconciler:name": "spot"})
    found = stand(mine, blue, green)
    assert sorted(told(found)) == [("spot", "VALID", True, "pending"), ("spot-1a2b3c", "VALID", True, "in sync")]
    assert {str(one.address) for one in found.resources} == {"ComputeEnvironment/spot"}


def test_each_is_counted_once_by_health_and_once_by_sync() -> None:
    mine = stack({(CE, "spot"): ec2(), (JQ, "q"): queue("spot"), (JD, "job"): container()})
    broken = owned(mine, live(CE, "spot", ec2(), status="INVALID"))
    found = stand(mine, broken, live(JD, "job", container(), status="ACTIVE", revisions=(3,)))
    assert found.counts == {"healthy": 0, "unhealthy": 1, "missing": 1, "foreign": 1,
                            "in sync": 1, "drifted": 0, "pending": 1, "not declared": 0}  # fmt: skip
    assert {one.sync for one in found.resources} == {Sync.IN_SYNC, Sync.PENDING, Sync.NOT_OURS}


def test_a_gauge_shows_what_the_description_tells_and_nothing_else() -> None:
    mine = stack({(CE, "spot"): ec2(), (CE, "own"): {"type": "UNMANAGED"}})
    found = stand(mine, owned(mine, live(CE, "spot", ec2(desiredvCpus=4))),
                  owned(mine, live(CE, "own", {"type": "UNMANAGED"})))  # fmt: skip
    assert [one.load for one in found.resources] == [(4, 16), (None, None)]


def test_jobs_that_nobody_may_list_are_told_once_and_stop_nothing() -> None:
    found = stand(MINE, *both(live(CE, "spot", ec2())))
    (queue_,) = job_holders(found)
    assert with_job_counts(found, {queue_.arn: {"RUNNING": 2}}).resources[1].jobs == {"RUNNING": 2}
    unknown = with_job_counts(found, {queue_.arn: DENIED, "another": DENIED})
    assert [(note.code, note.hint) for note in unknown.notes] == [("STA001", "grant batch:ListJobs")]
