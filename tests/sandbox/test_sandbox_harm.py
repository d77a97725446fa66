"""What is done to single resources on purpose: any that has a status can be INVALID, or stay DELETING."""

import http.client
import json

import pytest

from reconciler.problems import WrongUsage
from reconciler.sandbox.actor import ServedControls, address_of, environments_behind, find_resource
from reconciler.sandbox.core.faults import Breakage, FailingCalls, Failure, ForcedFault, ForcedInvalid
from tests.sandbox.trainings import ARN, LIMITS, environment, queue, quota_policy, share
from tests.serving import running

REASON = "CLIENT_ERROR - Clusters can not be blank."
ENVIRONMENT, QUEUE = f"{ARN}:compute-environment/spot", f"{ARN}:job-queue/pricing"
SERVICE, SHARE = f"{ARN}:service-environment/gpu", f"{ARN}:job-queue/train/quota-share/vision"
UPDATES = {
    ENVIRONMENT: ("UpdateComputeEnvironment", {"computeEnvironment": "spot", "state": "ENABLED"}),
    QUEUE: ("UpdateJobQueue", {"jobQueue": "pricing", "priority": 2}),
    SERVICE: ("UpdateServiceEnvironment", {"serviceEnvironment": "gpu", "capacityLimits": LIMITS}),
    SHARE: ("UpdateQuotaShare", {"quotaShareArn": SHARE, "state": "ENABLED"}),
}


@pytest.fixture(name="full")
def _full(lab):
    """One of every kind that has a status."""
    lab.environment("spot")
    lab.queue("pricing", "spot")
    environment(lab)
    queue(lab, schedulingPolicyArn=quota_policy(lab))
    share(lab)
    return lab


def hurt(lab, *arns, **more):
    return lab.simulator.break_(ForcedFault(arns=arns, **more).after)


def seen(lab, arn):
    _, live = find_resource(lab.cloud, str(address_of(arn)))
    return live.status, live.reason


HEALTHY = {ENVIRONMENT: "ComputeEnvironment Healthy", QUEUE: "JobQueue Healthy"}


@pytest.mark.parametrize("arn", UPDATES)
def test_a_resource_is_invalid_until_it_is_updated(full, arn):
    assert hurt(full, arn, invalid=REASON).invalid == (ForcedInvalid(arn, REASON),)
    full.clock.turn(1e6)
    assert seen(full, arn) == ("INVALID", REASON if arn in HEALTHY else "")
    operation, request = UPDATES[arn]
    full.call(operation, **request)
    full.settle()
    assert seen(full, arn) == ("VALID", HEALTHY.get(arn, ""))
    assert hurt(full) == Breakage()


@pytest.mark.parametrize("arn", UPDATES)
def test_a_resource_is_invalid_until_it_is_repaired(full, arn):
    hurt(full, arn, invalid=REASON)
    assert hurt(full, repair=True) == Breakage()
    assert seen(full, arn) == ("VALID", HEALTHY.get(arn, ""))


def test_of_several_one_can_be_repaired(full):
    hurt(full, ENVIRONMENT, QUEUE, invalid=REASON, stuck=True)
    left = hurt(full, QUEUE, repair=True)
    assert (left.invalid, left.stuck) == ((ForcedInvalid(ENVIRONMENT, REASON),), (ENVIRONMENT,))
    assert (seen(full, ENVIRONMENT)[0], seen(full, QUEUE)[0]) == ("INVALID", "VALID")


def test_another_reason_takes_the_place_of_the_first(full):
    hurt(full, QUEUE, invalid="CLIENT_ERROR - first")
    assert hurt(full, QUEUE, invalid="CLIENT_ERROR - second").invalid == (
        ForcedInvalid(QUEUE, "CLIENT_ERROR - second"),
    )
    assert seen(full, QUEUE) == ("INVALID", "CLIENT_ERROR - second")


def test_what_an_update_repaired_can_be_broken_again_for_the_same_reason(full):
    for _ in range(2):
        hurt(full, QUEUE, invalid=REASON)
        assert seen(full, QUEUE) == ("INVALID", REASON)
        full.call("UpdateJobQueue", jobQueue="pricing", priority=3)
        full.settle()


def test_what_is_under_way_ends_when_it_is_broken(full):
    full.call("UpdateJobQueue", jobQueue="pricing", priority=3)
    hurt(full, QUEUE, invalid=REASON)
    full.settle()
    assert seen(full, QUEUE) == ("INVALID", REASON)


def test_nothing_can_be_attached_to_an_environment_that_was_made_invalid(full):
    hurt(full, ENVIRONMENT, invalid=REASON)
    order = [{"order": 1, "computeEnvironment": "spot"}]
    refused = full.refused("CreateJobQueue", jobQueueName="new", priority=1, computeEnvironmentOrder=order)
    assert refused == "Compute Environments must be created and valid before attaching them to a job queue"


def disabled(lab, name="pricing"):
    lab.call("UpdateJobQueue", jobQueue=name, state="DISABLED")
    lab.settle()


@pytest.mark.parametrize("first", ["delete", "break"])
def test_a_deletion_is_stuck_until_it_is_repaired(full, first):
    disabled(full)
    if first == "break":
        hurt(full, QUEUE, stuck=True)
        assert seen(full, QUEUE)[0] == "VALID"
    full.call("DeleteJobQueue", jobQueue="pricing")
    hurt(full, QUEUE, stuck=True)
    full.clock.turn(1e6)
    assert full.see_queue("pricing")["status"] == "DELETING"
    assert "being modified" in full.refused("UpdateJobQueue", jobQueue="pricing", priority=3)
    hurt(full, repair=True)
    assert full.see_queue("pricing")["status"] == "DELETING"
    full.settle()
    assert full.see_queue("pricing") is None


def test_what_does_not_exist_is_not_told_as_broken(full):
    hurt(full, f"{QUEUE}s", invalid=REASON, stuck=True)
    assert hurt(full) == Breakage()


def test_the_environments_behind_a_queue_are_those_of_its_order(full):
    assert environments_behind(find_resource(full.cloud, "JobQueue/pricing")[1]) == (ENVIRONMENT,)
    assert environments_behind(find_resource(full.cloud, "JobQueue/train")[1]) == (SERVICE,)
    with pytest.raises(WrongUsage, match="ComputeEnvironment/spot has no environments"):
        environments_behind(find_resource(full.cloud, "ComputeEnvironment/spot")[1])


def test_an_address_is_that_of_its_arn():
    assert [str(address_of(arn)) for arn in UPDATES] == [
        "ComputeEnvironment/spot",
        "JobQueue/pricing",
        "ServiceEnvironment/gpu",
        "QuotaShare/train/vision",
    ]


def test_a_mishap_and_what_is_broken_since_go_over_the_wire_whole(full):
    mishap = ForcedFault(
        missing_roles=("workers",),
        failing=(FailingCalls(Failure.LATE_ERROR, 2, "Create*"),),
        settle=5,
        lag=7,
        arns=(QUEUE,),
        invalid=REASON,
        stuck=True,
    )
    with running(full.simulator) as url:
        broken = ServedControls(url).break_(mishap)
        assert broken == mishap.after(Breakage()) == ServedControls(url).break_(ForcedFault())
        assert (
            ServedControls(url).break_(ForcedFault(roles_back=True)).missing_roles,
            ServedControls(url).tick(3),
        ) == ((), 3)


@pytest.mark.parametrize(
    ("path", "kind", "body", "status"),
    [
        ("/_sandbox/tick", "text/plain", b'{"seconds": 3}', 415),
        ("/_sandbox/tick", "application/json", b"{}", 400),
        ("/_sandbox/break", "application/json", b"[1]", 400),
        ("/_sandbox/break", "application/json", json.dumps({"arns": ["arn:aws:s3:::x"]}).encode(), 400),
        ("/_sandbox/else", "application/json", b"{}", 403),
    ],
)
def test_what_the_controls_cannot_read_changes_nothing(full, path, kind, body, status):
    with running(full.simulator) as url:
        connection = http.client.HTTPConnection(url.removeprefix("http://"))
        connection.request("POST", path, body, {"content-type": kind})
        with connection.getresponse() as answer:
            assert answer.status == status
        connection.close()
        assert (ServedControls(url).break_(ForcedFault()), ServedControls(url).tick(0)) == (Breakage(), 0)


def test_an_arn_of_nothing_is_refused_by_the_controls(full):
    with (
        running(full.simulator) as url,
        pytest.raises(WrongUsage, match="arn:aws:s3:::bucket is not the ARN of a Batch resource"),
    ):
        ServedControls(url).break_(ForcedFault(arns=("arn:aws:s3:::bucket",), invalid=REASON))
    assert hurt(full) == Breakage()
