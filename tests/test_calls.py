from threading import Barrier, Thread

import pytest

from reconciler.calls import READS, WRITES_AT_ONCE, ReadOnlyCloud, RetryingCloud, is_read
from reconciler.model import Identity
from reconciler.problems import CloudError
from tests.fakes import HERE, InstantClock, ScriptedCloud, lost, throttled, unreachable


@pytest.mark.parametrize("operation", ["DescribeJobQueues", "RegisterJobDefinition"])
def test_throttling_is_waited_out_for_reads_and_writes(operation: str) -> None:
    cloud = ScriptedCloud({operation: [throttled(), throttled(), {"ok": 1}]})
    clock = InstantClock()
    assert RetryingCloud(cloud, clock).call(operation, {}) == {"ok": 1}
    assert len(clock.slept) == 2


def test_who_calls_is_asked_again_as_well() -> None:
    class Busy(ScriptedCloud):
        def identity(self) -> Identity:
            self.call("GetCallerIdentity", {})
            return super().identity()

    cloud, clock = Busy({"GetCallerIdentity": [throttled(), lost(), {}]}), InstantClock()
    assert (RetryingCloud(cloud, clock).identity(), cloud.count("GetCallerIdentity"), len(clock.slept)) == (HERE, 3, 2)


def test_pauses_grow_and_stay_bounded() -> None:
    cloud = ScriptedCloud({"ListSchedulingPolicies": [*[throttled()] * 9, {}]})
    clock = InstantClock()
    RetryingCloud(cloud, clock).call("ListSchedulingPolicies", {})
    assert clock.slept[0] < 1 < clock.slept[3]
    assert max(clock.slept) <= 25


def test_a_read_of_unknown_outcome_is_repeated() -> None:
    assert RetryingCloud(ScriptedCloud({"DescribeJobQueues": [lost(), {"ok": 1}]}), InstantClock()).call(
        "DescribeJobQueues", {}
    ) == {"ok": 1}


def test_a_write_of_unknown_outcome_is_not() -> None:
    cloud = ScriptedCloud({"RegisterJobDefinition": [lost(), {}]})
    with pytest.raises(CloudError):
        RetryingCloud(cloud, InstantClock()).call("RegisterJobDefinition", {})
    assert cloud.count("RegisterJobDefinition") == 1


def test_an_endpoint_that_cannot_be_reached_is_given_up_soon() -> None:
    cloud, clock = ScriptedCloud({"DescribeJobQueues": [unreachable()]}), InstantClock()
    with pytest.raises(CloudError):
        RetryingCloud(cloud, clock).call("DescribeJobQueues", {})
    assert clock.now() < 5


def test_only_a_few_writes_are_under_way_at_once() -> None:
    together = Barrier(WRITES_AT_ONCE)
    under_way: list[int] = []
    peak: list[int] = []

    def slow(_request: object) -> dict[str, object]:
        under_way.append(1)
        peak.append(len(under_way))
        together.wait(timeout=5)
        under_way.pop()
        return {}

    patient = RetryingCloud(ScriptedCloud({"CreateJobQueue": [slow]}), InstantClock())
    threads = [Thread(target=patient.call, args=("CreateJobQueue", {})) for _ in range(WRITES_AT_ONCE * 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(peak) <= WRITES_AT_ONCE


@pytest.mark.parametrize("verb", READS)
def test_whatever_begins_with_a_verb_that_reads_is_passed_on(verb: str) -> None:
    operation = f"{verb}Things"
    cloud = ScriptedCloud({operation: [{"ok": 1}]})
    assert ReadOnlyCloud(cloud).call(operation, {"a": 1}) == {"ok": 1}
    assert ReadOnlyCloud(cloud).identity() == HERE
    assert is_read(operation)


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("PutLogEvents", {}),
        ("CreateRole", {}),
        ("Getter", {}),
        ("Listen", {}),
        ("AssumeRole", {}),
        ("GetSecretValue", {}),
        ("GetObject", {}),
        ("GetParameters", {"Names": ["a"], "WithDecryption": True}),
    ],
)
def test_nothing_that_writes_or_reads_a_secret_is_sent(operation: str, request_: dict[str, object]) -> None:
    cloud = ScriptedCloud({operation: [{}]})
    with pytest.raises(AssertionError, match=operation):
        ReadOnlyCloud(cloud).call(operation, request_)
    assert cloud.count(operation) == 0
