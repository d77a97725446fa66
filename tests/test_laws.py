"""Laws that every implementation of the Cloud port obeys: the simulator called directly, under botocore in this
process, and over HTTP; and plain moto for the part of AWS Batch that it supports.
"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from reconciler.adapters.aws.cloud import AwsCloud
from reconciler.adapters.aws.session import open_session
from reconciler.app import usecases
from reconciler.calls import RetryingCloud
from reconciler.kinds import KINDS, batch_kinds
from reconciler.live.read import ReadResult, read_all, read_one
from reconciler.model import Json, Stack
from reconciler.plan import PlanOptions
from reconciler.ports import Clock, Cloud
from reconciler.problems import CloudError, Exit, Fault
from reconciler.sandbox.core.clock import TurnableClock
from reconciler.sandbox.core.faults import Failure, FaultRule, Faults
from reconciler.sandbox.core.service import SimulatedCloud, Simulator
from reconciler.sandbox.server.http import sandbox_server
from reconciler.sandbox.session import sandbox_session
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
    limits,
    queue,
    quota,
    service,
    share,
    stack,
    training,
)
from tests.fakes import HERE, session_of


@dataclass
class Place:
    """One implementation, with the clock that its resources settle by."""

    cloud: Cloud
    clock: Clock
    simulator: Simulator


def direct(simulator: Simulator, _patch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    yield SimulatedCloud(simulator, HERE)


def in_process(simulator: Simulator, _patch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    yield AwsCloud(sandbox_session(simulator, HERE.region), HERE.region)


def over_http(simulator: Simulator, patch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    server = sandbox_server(simulator, 0)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    for name, value in (
        ("ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}"),
        ("ACCESS_KEY_ID", "k"),
        ("SECRET_ACCESS_KEY", "s"),
    ):
        patch.setenv(f"AWS_{name}", value)
    yield AwsCloud(open_session(), HERE.region)
    server.shutdown()
    server.server_close()


@pytest.fixture(params=[direct, in_process, over_http])
def place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_BATCH"):
        monkeypatch.delenv(name, raising=False)
    clock = TurnableClock()
    simulator = Simulator(clock)
    door: Callable[[Simulator, pytest.MonkeyPatch], Iterator[Cloud]] = request.param
    for cloud in door(simulator, monkeypatch):
        yield Place(cloud, clock, simulator)


RESOURCES: dict[tuple[str, str], dict[str, Json]] = {
    (SP, "fair"): fair(shareDistribution=[{"shareIdentifier": "A", "weightFactor": 0.1}]),
    (CE, "spot"): ec2(tags={"a": "b"}),
    (JQ, "q"): queue("spot"),
    (JD, "job"): {
        **container(environment=[{"name": "A", "value": "1"}]),
        "consumableResourceProperties": {"consumableResourceList": [{"consumableResource": "seats", "quantity": 1}]},
    },
    (CR, "seats"): consumable(tags={"a": "b"}),
    (SP, "quotas"): quota(),
    (SE, "gpu"): service(m5=8, g5=4),
    (JQ, "train"): training("gpu", schedulingPolicyArn="quotas"),
    (QS, "vision"): share("train", capacityLimits=limits(m5=2, g5=1), tags={"a": "b"}),
}


def apply(place: Place, mine: Stack, wanted: PlanOptions | None = None) -> usecases.Finish:
    cloud, wanted = RetryingCloud(place.cloud, place.clock), wanted or PlanOptions()
    plan = usecases.plan(mine, session_of(cloud), wanted)
    return usecases.run(plan, mine, session_of(cloud, place.clock), options=wanted, parallelism=2)


def test_it_knows_where_it_is(place: Place) -> None:
    assert place.cloud.identity() == HERE


def test_what_is_created_reads_back_as_declared(place: Place) -> None:
    mine = stack(RESOURCES, tags={"team": "x"})
    assert apply(place, mine).exit is Exit.DONE
    assert usecases.plan(mine, session_of(place.cloud)).is_empty


def test_an_update_keeps_the_identity(place: Place) -> None:
    apply(place, stack(RESOURCES))
    before = read_one(place.cloud, KINDS[CE], HERE, "spot")
    apply(place, stack({**RESOURCES, (CE, "spot"): ec2(tags={"a": "b"}, maxvCpus=99)}))
    after = read_one(place.cloud, KINDS[CE], HERE, "spot")
    assert before
    assert after
    assert (before.arn, after.spec["computeResources"]["maxvCpus"]) == (after.arn, 99)


def test_what_is_deleted_cannot_be_read(place: Place) -> None:
    mine = stack(RESOURCES)
    apply(place, mine)
    assert apply(place, mine, PlanOptions(destroy=True)).exit is Exit.DONE
    assert read_all(place.cloud, batch_kinds()) == ReadResult(())


def test_unknown_names_read_as_nothing(place: Place) -> None:
    names = ["queue/unknown" if kind.parent else "unknown" for kind in batch_kinds()]
    assert [read_one(place.cloud, *each) for each in zip(batch_kinds(), [HERE] * 7, names, strict=True)] == [None] * 7


def test_creating_twice_is_refused_in_words(place: Place) -> None:
    request = {"name": "fair", **fair()}
    place.cloud.call("CreateSchedulingPolicy", request)
    with pytest.raises(CloudError) as caught:
        place.cloud.call("CreateSchedulingPolicy", request)
    assert (caught.value.fault, caught.value.code) == (Fault.REFUSED, "ClientException")
    assert "Object already exists" in caught.value.message


def test_updating_the_unknown_is_refused_in_words(place: Place) -> None:
    with pytest.raises(CloudError, match="does not exist"):
        place.cloud.call("UpdateJobQueue", {"jobQueue": "unknown", "priority": 1})


def test_every_registration_makes_a_revision(place: Place) -> None:
    revisions = [
        place.cloud.call("RegisterJobDefinition", {"jobDefinitionName": "j", **container()})["revision"] for _ in "abc"
    ]
    assert revisions == [1, 2, 3]
    found = read_one(place.cloud, KINDS[JD], HERE, "j")
    assert found
    assert (found.revisions, found.arn.rsplit(":", 1)[1]) == ((1, 2, 3), "3")


def test_lists_come_in_pages_and_are_read_whole(place: Place) -> None:
    for number in range(103):
        place.cloud.call("CreateSchedulingPolicy", {"name": f"p{number}", **fair()})
        place.cloud.call("RegisterJobDefinition", {"jobDefinitionName": f"j{number}", **container()})
    assert [len(read_all(place.cloud, [KINDS[kind]]).live) for kind in (SP, JD)] == [103, 103]


def submit(place: Place, queue: str, count: int) -> list[str]:
    request = {"jobName": "job", "jobQueue": queue, "jobDefinition": "sleep"}
    return [place.cloud.call("SubmitJob", request)["jobId"] for _ in range(count)]


def listed(place: Place, queue: str, status: str) -> list[str]:
    found = place.cloud.call("ListJobs", {"jobQueue": queue, "jobStatus": status})["jobSummaryList"]
    return [job["jobId"] for job in found]


def test_jobs_run_where_there_is_room_and_end(place: Place) -> None:
    sleep = container(command=["sleep", "30"])
    apply(place, stack({(CE, "spot"): ec2(maxvCpus=2), (JQ, "q"): queue("spot"), (JD, "sleep"): sleep}))
    jobs = submit(place, "q", 3)
    place.clock.sleep(3)
    assert (listed(place, "q", "RUNNING"), listed(place, "q", "RUNNABLE")) == (jobs[1::-1], jobs[2:])
    place.clock.sleep(31)
    described = place.cloud.call("DescribeJobs", {"jobs": jobs})["jobs"]
    assert [job["status"] for job in described] == ["SUCCEEDED", "SUCCEEDED", "RUNNING"]
    place.cloud.call("TerminateJob", {"jobId": jobs[2], "reason": "enough"})
    assert listed(place, "q", "FAILED") == jobs[2:]


def test_a_busy_stack_has_no_drift_and_can_be_removed(place: Place) -> None:
    mine = stack({**RESOURCES, (JD, "sleep"): container(command=["sleep", "3000"])})
    apply(place, mine)
    jobs = submit(place, "q", 20)
    place.clock.sleep(3)
    assert len(listed(place, "q", "RUNNING")) == 16
    assert usecases.plan(mine, session_of(place.cloud)).is_empty
    assert apply(place, mine, PlanOptions(destroy=True, cancel_jobs=True)).exit is Exit.DONE
    described = place.cloud.call("DescribeJobs", {"jobs": jobs})["jobs"]
    assert {job["status"] for job in described} == {"FAILED"}


def test_an_unknown_queue_takes_no_jobs(place: Place) -> None:
    with pytest.raises(CloudError, match="JobQueue nobody not found") as caught:
        submit(place, "nobody", 1)
    assert caught.value.fault is Fault.REFUSED


def test_a_throttled_call_is_told_as_such(place: Place) -> None:
    place.simulator.faults = Faults([FaultRule(failure=Failure.THROTTLE)])
    with pytest.raises(CloudError) as caught:
        place.cloud.call("DescribeJobQueues", {})
    assert caught.value.fault is Fault.THROTTLED


@pytest.mark.parametrize("failure", [Failure.LOST_ANSWER, Failure.SERVER_ERROR])
def test_a_call_of_unknown_outcome_is_told_as_such_and_made_once(place: Place, failure: Failure) -> None:
    place.simulator.faults = Faults([FaultRule(failure=failure)])
    with pytest.raises(CloudError) as caught:
        place.cloud.call("RegisterJobDefinition", {"jobDefinitionName": "j", **container()})
    assert caught.value.fault is Fault.UNKNOWN
    assert len(place.simulator.calls) == 1


def test_a_member_that_the_api_does_not_have_is_refused(place: Place) -> None:
    with pytest.raises(CloudError) as caught:
        place.cloud.call("CreateJobQueue", {"jobQueueName": "q", "priority": 1, "prioritty": 2})
    assert caught.value.fault is Fault.REFUSED
