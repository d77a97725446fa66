import pytest

from reconciler.apply.waits import WaitFailed, wait
from reconciler.kinds import KINDS
from reconciler.model import Until, Wait
from tests.fakes import InstantClock, ScriptedCloud, refused


def states(*statuses: str | None, reason: str = "") -> dict[str, list[object]]:
    """One describe answer a status; None is a queue that is not there."""
    item = {"jobQueueName": "q", "jobQueueArn": "arn", "statusReason": reason}
    answers = [{"jobQueues": [{**item, "status": status}] if status else []} for status in statuses]
    return {"DescribeJobQueues": answers}


def waited(
    script: dict[str, list[object]], until: Until, timeout: float = 600
) -> tuple[ScriptedCloud, InstantClock, list[str]]:
    cloud, clock, told = ScriptedCloud(script), InstantClock(), []
    wait(Wait(until, timeout, "wait"), KINDS["JobQueue"], "q", cloud, clock, told.append)
    return cloud, clock, told


def test_it_ends_when_the_resource_is_valid() -> None:
    cloud, _, told = waited(states("CREATING", "CREATING", "VALID"), Until.VALID)
    assert (cloud.count("DescribeJobQueues"), told) == (3, ["CREATING", "CREATING"])


def test_an_invalid_resource_is_told_with_its_reason() -> None:
    with pytest.raises(WaitFailed, match="Not authorized to perform sts:AssumeRole") as caught:
        waited(states("INVALID", reason="CLIENT_ERROR - Not authorized to perform sts:AssumeRole"), Until.VALID)
    assert caught.value.invalid


def test_an_invalid_resource_is_settled() -> None:
    assert waited(states("UPDATING", "INVALID"), Until.SETTLED)[2] == ["UPDATING"]


def test_what_is_shown_as_deleted_is_not_gone_yet() -> None:
    assert waited(states("DELETING", "DELETED", None), Until.GONE)[2] == ["DELETING", "DELETED"]


@pytest.mark.parametrize(("timeout", "most"), [(600, 80), (5, 10)])
def test_what_stays_shown_as_deleted_is_gone_after_a_while(timeout: float, most: float) -> None:
    _, clock, told = waited(states("DELETING", "DELETED"), Until.GONE, timeout)
    assert (set(told), clock.now() <= most) == ({"DELETING", "DELETED"}, True)


def test_a_name_that_stays_taken_is_told_in_the_end() -> None:
    with pytest.raises(WaitFailed, match="q is DELETED after"):
        waited(states("DELETED"), Until.FREE)


def test_a_name_is_free_when_its_old_owner_is_not_shown_any_more() -> None:
    assert waited(states("DELETING", "DELETED", None), Until.FREE)[2] == ["DELETING", "DELETED"]


def test_a_name_that_somebody_took_meanwhile_is_left_to_the_create_to_tell() -> None:
    assert waited(states("DELETED", "VALID"), Until.FREE)[2] == ["DELETED"]


def test_a_deletion_that_falls_back_to_invalid_is_told() -> None:
    with pytest.raises(WaitFailed, match="role is gone"):
        waited(states("DELETING", "INVALID", reason="role is gone"), Until.GONE)


def test_a_resource_that_is_not_seen_at_once_is_waited_for() -> None:
    assert waited(states(None, None, "CREATING", "VALID"), Until.VALID)[2] == [
        "not visible yet",
        "not visible yet",
        "CREATING",
    ]


def test_a_resource_that_stays_unseen_has_vanished() -> None:
    with pytest.raises(WaitFailed, match="disappeared"):
        waited(states(None), Until.VALID)


def test_the_time_is_bounded() -> None:
    with pytest.raises(WaitFailed, match=r"q is UPDATING after 6.. s") as caught:
        waited(states("UPDATING"), Until.VALID)
    assert not caught.value.invalid


def test_a_look_is_never_much_later_than_what_it_looks_for() -> None:
    """One look in five of the time waited so far, so that apply takes little longer than AWS does."""
    clock = waited(states(*["CREATING"] * 12, "VALID"), Until.VALID)[1]
    total = 0.0
    for pause in clock.slept:
        assert pause <= max(0.5, 0.2 * total + 1e-9)
        total += pause


def test_a_look_that_takes_long_is_no_sign_that_the_resource_vanished() -> None:
    """Only what is looked at after the lag of reads is known to be gone."""
    clock = InstantClock()
    nothing, valid = states(None, "VALID")["DescribeJobQueues"]

    def slow(_request: object) -> object:
        clock.sleep(60)
        return nothing

    cloud = ScriptedCloud({"DescribeJobQueues": [slow, valid]})
    wait(Wait(Until.VALID, 600, "wait"), KINDS["JobQueue"], "q", cloud, clock, lambda _text: None)
    assert cloud.count("DescribeJobQueues") == 2


def described(*numbers: int) -> dict[str, object]:
    return {"jobDefinitions": [
        {"jobDefinitionName": "j", "jobDefinitionArn": f"arn:{n}", "revision": n, "status": "ACTIVE"} for n in numbers]}  # fmt: skip


def until_seen(*answers: object, timeout: float = 60) -> tuple[ScriptedCloud, list[str]]:
    cloud, told = ScriptedCloud({"DescribeJobDefinitions": list(answers)}), []
    wait(Wait(Until.SEEN, timeout, "wait", 3), KINDS["JobDefinition"], "j", cloud, InstantClock(), told.append)
    return cloud, told


def test_a_revision_is_waited_for_until_a_newer_one_is_described() -> None:
    cloud, told = until_seen(described(3, 2), described(), described(4, 3))
    assert (cloud.count("DescribeJobDefinitions"), told) == (3, ["no new revision is visible yet"] * 2)


def test_of_many_revisions_only_the_page_with_a_newer_one_is_read() -> None:
    cloud, _ = until_seen({**described(4, 3), "nextToken": "more"}, refused("nobody should ask"))
    assert cloud.count("DescribeJobDefinitions") == 1


def test_a_revision_that_is_never_seen_is_told() -> None:
    with pytest.raises(WaitFailed, match=r"j is no new revision is visible yet after 6. s") as caught:
        until_seen(described(3))
    assert not caught.value.invalid
