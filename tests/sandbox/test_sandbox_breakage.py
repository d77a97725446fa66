"""What is broken on purpose is kept with the state, and so is how far the clock was turned."""

from dataclasses import replace

import pytest

from reconciler.problems import CloudError, Fault
from reconciler.sandbox.core.clock import TurnableClock
from reconciler.sandbox.core.faults import Breakage, FailingCalls, Failure
from reconciler.sandbox.session import open_sandbox

PROFILE = "Instance profile ecsInstanceRole does not exist"


def faults(lab, operation, times):
    def one():
        try:
            lab.call(operation)
        except CloudError as error:
            return error.fault
        return None

    return [one() for _ in range(times)]


def fail(lab, *failing):
    lab.simulator.break_(lambda before: replace(before, failing=failing))


def test_the_next_calls_fail_and_then_no_more(lab):
    fail(lab, FailingCalls(Failure.THROTTLE, 2))
    assert faults(lab, "DescribeJobQueues", 3) == [Fault.THROTTLED, Fault.THROTTLED, None]


def test_only_the_named_operations_fail(lab):
    fail(lab, FailingCalls(Failure.SERVER_ERROR, 1, "Describe*"))
    assert faults(lab, "ListSchedulingPolicies", 1) == [None]
    assert faults(lab, "DescribeJobQueues", 2) == [Fault.UNKNOWN, None]


def test_a_call_fails_in_one_way_at_a_time(lab):
    fail(lab, FailingCalls(Failure.THROTTLE, 1), FailingCalls(Failure.SERVER_ERROR, 1))
    assert faults(lab, "DescribeJobQueues", 3) == [Fault.THROTTLED, Fault.UNKNOWN, None]


def test_a_lost_answer_was_work_done(lab):
    fail(lab, FailingCalls(Failure.LOST_ANSWER, 1, "Register*"))
    with pytest.raises(CloudError, match="closed before the answer"):
        lab.call("RegisterJobDefinition", **lab.container())
    assert lab.see_definition("render")["revision"] == 1


def test_a_late_error_was_work_done(lab):
    fail(lab, FailingCalls(Failure.LATE_ERROR, 1, "Register*"))
    with pytest.raises(CloudError) as caught:
        lab.call("RegisterJobDefinition", **lab.container())
    assert (caught.value.fault, caught.value.code) == (Fault.UNKNOWN, "ServerException")
    assert lab.see_definition("render")["revision"] == 1


def test_reads_lag_behind_the_writes_that_follow(lab):
    lab.environment("spot")
    lab.queue("pricing", "spot")
    lab.simulator.break_(lambda before: replace(before, lag=5))
    lab.call("UpdateJobQueue", jobQueue="pricing", priority=7)
    lab.call("CreateSchedulingPolicy", name="fair")
    for passed, expected in ((0, (1, 0)), (4.9, (1, 0)), (0.1, (7, 1))):
        lab.clock.turn(passed)
        policies = lab.call("ListSchedulingPolicies")["schedulingPolicies"]
        assert (lab.see_queue("pricing")["priority"], len(policies)) == expected


def test_a_repair_shows_reads_what_was_written(lab):
    lab.simulator.break_(lambda before: replace(before, lag=500))
    lab.call("CreateSchedulingPolicy", name="fair")
    lab.simulator.break_(lambda _before: Breakage())
    assert len(lab.call("ListSchedulingPolicies")["schedulingPolicies"]) == 1


def test_a_role_that_disappears_makes_its_environments_invalid(lab):
    lab.environment("spot")
    lab.environment("other", computeResources={**lab.ec2()["computeResources"], "instanceRole": "another"})
    lab.call("CreateComputeEnvironment", **{**lab.ec2("spot"), "computeEnvironmentName": "young"})
    lab.simulator.break_(lambda before: before.without_roles(["ecsInstanceRole"]))
    assert (lab.see("spot")["status"], lab.see("other")["status"]) == ("INVALID", "VALID")
    assert lab.see("spot")["statusReason"] == f"CLIENT_ERROR - {PROFILE}"
    lab.settle()
    assert lab.see("young")["status"] == "INVALID"


def test_an_environment_recovers_by_an_update_once_its_role_is_back(lab):
    lab.environment("spot")
    lab.simulator.break_(lambda before: before.without_roles(["ecsInstanceRole"]))
    lab.simulator.break_(lambda _before: Breakage())
    assert lab.see("spot")["status"] == "INVALID"
    lab.call("UpdateComputeEnvironment", computeEnvironment="spot", state="ENABLED")
    lab.settle()
    assert lab.see("spot")["status"] == "VALID"


def test_changes_take_as_long_as_they_are_told_to(lab):
    lab.simulator.break_(lambda before: replace(before, settle=500))
    lab.call("CreateComputeEnvironment", **lab.ec2("spot"))
    lab.clock.turn(499)
    assert lab.see("spot")["status"] == "CREATING"
    lab.clock.turn(1)
    assert lab.see("spot")["status"] == "VALID"


def test_ticks_add_up_and_let_things_settle(lab):
    lab.call("CreateComputeEnvironment", **lab.ec2("spot"))
    assert (lab.simulator.tick(4), lab.see("spot")["status"]) == (4, "CREATING")
    assert (lab.simulator.tick(6), lab.see("spot")["status"]) == (10, "VALID")


def test_a_tick_frees_the_name_of_what_is_deleted(lab):
    lab.environment("spot")
    lab.disable("spot")
    lab.call("DeleteComputeEnvironment", computeEnvironment="spot")
    assert "already exists" in lab.refused("CreateComputeEnvironment", **lab.ec2("spot"))
    lab.simulator.tick(60)
    lab.call("CreateComputeEnvironment", **lab.ec2("spot"))


def test_all_of_it_is_kept_in_the_file(tmp_path):
    file = str(tmp_path / "sandbox.json")
    broken = Breakage(
        missing_roles=("a",), failing=(FailingCalls(Failure.LOST_ANSWER, 2, "Create*"),), settle=5.0, lag=2.0
    )
    first, second = (open_sandbox(file, clock=TurnableClock()) for _ in range(2))
    first.break_(lambda _before: broken)
    first.tick(7)
    assert (second.break_(lambda before: before), second.tick(1)) == (broken, 8)


def test_places_are_where_anything_has_been(lab):
    assert lab.simulator.places() == ()
    lab.simulator.tick(1)
    lab.environment("spot")
    assert lab.simulator.places() == (("123456789012", "us-east-1"),)
