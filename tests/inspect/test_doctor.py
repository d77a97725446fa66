"""What is told of each thing that does not work, and which commands go with it."""

from collections.abc import Mapping, Sequence

import pytest

from reconciler.inspect.doctor import KEEPS, NOT_LIMITED, Diagnosis, diagnose, place_waiting
from reconciler.inspect.status import build_status
from reconciler.kinds.reasons import (
    INVALID_REASONS,
    LOOKUP_COMMANDS,
    WAIT_REASONS,
    WaitReason,
    is_ended_by_queue,
    wait_reason_of,
)
from reconciler.live.facts import Counts
from reconciler.model import Live, Stack
from reconciler.placement.catalogue import catalogue
from reconciler.placement.queues import place_stack, pool_of_stack
from reconciler.placement.verdicts import REQUIREMENT
from reconciler.problems import CloudError, Fault
from tests.builders import CE, CR, JD, JQ, consumable, ec2, live, owned, planned, queue, stack
from tests.placement.bodies import job

SPOT = "arn:aws:batch:us-east-1:123456789012:compute-environment/spot"
QUEUE = "arn:aws:batch:us-east-1:123456789012:job-queue/q"
MINE = stack({(CE, "spot"): ec2(), (JQ, "q"): queue("spot")})
ROLE = "CLIENT_ERROR - User: batch.amazonaws.com is not authorized to perform: sts:AssumeRole"
FLEET = "CLIENT_ERROR - Parameter: SpotFleetRequestConfig.IamFleetRole is invalid."
TOO_SMALL = "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE - CE(s) associated with the job queue cannot meet it."
HERE = ("stacks/prod", "--region=us-east-1")
NONE: Mapping[str, Counts] = {}


def examine(of: Stack, *world: Live, waiting: Mapping[str, Counts] = NONE) -> tuple[Diagnosis, ...]:
    return diagnose(build_status(of, planned(of, *world), world), waiting, HERE).diagnoses


def test_a_definition_that_can_never_start_is_named_where_aws_reports_such_jobs() -> None:
    small = {**ec2(), "computeResources": {**ec2()["computeResources"], "maxvCpus": 4, "instanceTypes": ["c5.xlarge"]}}
    mine = stack(
        {(CE, "spot"): small, (JQ, "q"): queue("spot"), (JD, "large"): job(8, 100), (JD, "small"): job(1, 100)}
    )
    world = [owned(mine, live(CE, "spot", small)), owned(mine, live(JQ, "q", queue(SPOT)))]
    status = build_status(mine, planned(mine, *world), world)
    placed = place_stack(mine, pool_of_stack(mine, catalogue())).definitions
    for reason, named in ((TOO_SMALL, 1), ("UNDETERMINED - Batch job is blocked, root cause is undetermined.", 0)):
        found = diagnose(status, {QUEUE: {reason: 1}}, HERE, placed).diagnoses
        (waiting,) = (each for each in found if each.status == "WAITING")
        notes = [note for note in waiting.notes if "JobDefinition/" in note]
        assert len(notes) == named
        for note in notes:
            start = "jobs of JobDefinition/large can never start in it: a job needs 8 vCPUs, but maxvCpus of spot is 4"
            assert note.startswith(start)


def test_types_are_asked_for_only_if_a_job_waits_since_it_is_too_large() -> None:
    def describes(words: Sequence[str]) -> CloudError:
        asked.append(tuple(words))
        return CloudError("DescribeInstanceTypes", Fault.DENIED, "UnauthorizedOperation", "no")

    fits = {(CE, "own"): ec2(instanceTypes=["m5"]), (JQ, "r"): queue("own")}
    of = stack({**fits, (JQ, "q"): queue(SPOT), (JD, "large"): job(8, 100)})
    elsewhere = live(CE, "spot", ec2(instanceTypes=["c6i.large"], maxvCpus=64))
    asked: list[tuple[str, ...]] = []
    for reason, calls in (("UNDETERMINED - no", []), (f"{REQUIREMENT} - no", [("c6i.large",)])):
        placed, notes = place_waiting(of, [elsewhere], {QUEUE: {reason: 1}}, describes)
        assert (asked, [each.code for each in notes]) == (calls, ["PLAN013"] * len(calls))
        assert [[str(pair.verdict.outcome) for pair in each.pairs] for each in placed] == [["fits", "never"]] * len(
            calls
        )


def both(reason: str, status: str = "INVALID", **members: object) -> list[Live]:
    spec = {**ec2(), "serviceRole": "arn:aws:iam::123456789012:role/batch/Service", **members}
    of = stack({(CE, "spot"): spec, (JQ, "q"): queue("spot")})
    return [owned(of, live(CE, "spot", spec, status=status, reason=reason)), owned(of, live(JQ, "q", queue(SPOT)))]


def test_what_works_needs_no_explanation() -> None:
    assert examine(MINE, *both("", "VALID")[1:], owned(MINE, live(CE, "spot", ec2()))) == ()


def test_a_missing_role_is_explained_with_a_look_at_it_and_what_apply_does() -> None:
    environment, blocked = examine(stack({(CE, "spot"): {**ec2(), "serviceRole": "Service"}, (JQ, "q"): queue("spot")}),
                                   *both(ROLE))  # fmt: skip
    assert (environment.status, environment.reason, environment.is_quoted) == ("INVALID", ROLE, True)
    assert environment.cause.startswith("the service role is gone")
    assert [(one.member, one.is_declared) for one in environment.members] == [("serviceRole", True)]
    assert KEEPS in environment.notes
    assert environment.repair == "updates it, so that AWS validates it again"
    assert environment.commands == (
        "aws iam get-role --role-name Service",
        "aws batch describe-compute-environments --compute-environments spot --region us-east-1",
        "reconciler apply stacks/prod --region=us-east-1 --target ComputeEnvironment/spot",
    )
    assert (blocked.status, blocked.notes) == ("BLOCKED", (NOT_LIMITED,))
    assert f"spot is INVALID ({ROLE})" in blocked.reason
    assert blocked.commands[1] == "aws batch list-jobs --job-queue q --job-status RUNNABLE --region us-east-1"


def test_a_member_that_is_not_declared_is_said_to_be_so() -> None:
    assert [(one.member, one.is_declared) for one in examine(MINE, *both(ROLE))[0].members] == [("serviceRole", False)]


def test_what_an_update_cannot_cure_names_the_consent_and_no_apply() -> None:
    environment, _ = examine(MINE, *both(FLEET))
    assert environment.repair.startswith("refuses: to create a new one")
    assert "--allow-replace" in environment.repair
    assert environment.commands[-1].startswith("reconciler plan stacks/prod")


def test_what_is_not_declared_any_more_is_explained_from_what_is_live() -> None:
    (environment,) = examine(stack({}), *both(ROLE)[:1])
    assert (environment.status, environment.where) == ("INVALID", None)
    assert environment.repair == "deletes it, because it is no longer declared"
    assert environment.commands[0] == "aws iam get-role --role-name Service"


def test_a_deletion_that_goes_on_tells_what_keeps_it() -> None:
    environment, _ = examine(MINE, *both("", "DELETING"))
    assert environment.status == "DELETING"
    assert all(word in environment.cause for word in ("service role", "Fargate", "queue"))
    (known, _) = examine(MINE, *both("CLIENT_ERROR - active jobs on Fargate", "DELETING"))
    assert known.cause == "it was to be deleted while jobs ran on Fargate"


def test_what_is_missing_or_foreign_is_told_with_the_way_out() -> None:
    mine = stack({(CR, "a"): consumable(), (CR, "b"): consumable()})
    missing, foreign = examine(mine, live(CR, "b", consumable(), tags={"reconciler:stack": "other"}))
    assert (missing.status, missing.repair) == ("missing", "creates it")
    assert missing.commands == ("reconciler apply stacks/prod --region=us-east-1 --target ConsumableResource/a",)
    assert (foreign.status, foreign.reason) == ("foreign", "belongs to stack other")
    assert foreign.repair.startswith("refuses: rename it here")


def well() -> list[Live]:
    return [owned(MINE, live(CE, "spot", ec2())), owned(MINE, live(JQ, "q", queue(SPOT)))]


def test_jobs_that_wait_although_an_environment_works_are_explained_by_reason() -> None:
    (waits,) = examine(MINE, *well(), waiting={QUEUE: {"": 339, TOO_SMALL: 1}})
    assert (waits.status, waits.reason, waits.is_quoted) == ("WAITING", TOO_SMALL, True)
    assert waits.cause == "maxvCpus of every environment is smaller than the job requires"
    assert waits.notes[0] == "reported by 1 of 340 waiting jobs"
    assert "which would terminate it" in waits.notes[1]


def test_jobs_that_wait_their_turn_or_tell_of_a_former_attempt_are_no_complaint() -> None:
    waiting = {QUEUE: {"": 339, "Host EC2 (instance i-1) terminated.": 4, "Essential container in task exited": 1}}
    assert examine(MINE, *well(), waiting=waiting) == ()


def test_a_reason_that_is_not_known_is_told_as_it_is() -> None:
    (waits,) = examine(MINE, *well(), waiting={QUEUE: {"MISCONFIGURATION:SOMETHING_NEW - why": 1}})
    assert (waits.cause, waits.notes) == ("", ("reported by 1 of 1 waiting job",))
    assert "job_stuck_in_runnable" in waits.remedy


def test_a_blocked_queue_tells_how_many_jobs_wait_and_nothing_twice() -> None:
    found = examine(MINE, *both(ROLE), waiting={QUEUE: {"ACTION_REQUIRED - CE(s) are invalid.": 1, "": 49}})
    assert [one.status for one in found] == ["INVALID", "BLOCKED"]
    assert found[1].notes == (NOT_LIMITED, "50 jobs wait in it")


def test_jobs_that_nobody_may_list_are_a_note_and_no_complaint() -> None:
    denied = CloudError("ListJobs", Fault.DENIED, "AccessDeniedException", "not authorized")
    found = diagnose(build_status(MINE, planned(MINE, *well()), well()), {QUEUE: denied}, HERE)
    assert (found.diagnoses, [note.code for note in found.notes]) == ((), ["STA001"])


@pytest.mark.parametrize("known", WAIT_REASONS, ids=lambda one: one.code)
def test_each_reason_is_found_by_its_code_alone(known: WaitReason) -> None:
    code = known.code
    assert wait_reason_of(f"{code} - in words") is known
    assert wait_reason_of(code) is known


def test_a_limit_of_the_queue_ends_what_it_names() -> None:
    limited = {"jobStateTimeLimitActions": [{"reason": "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY"}]}
    assert is_ended_by_queue(limited, "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY")
    assert not is_ended_by_queue(limited, "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT")


def test_each_member_worth_a_look_can_be_looked_at() -> None:
    """All but the namespace, which is in Kubernetes."""
    members = {member for known in INVALID_REASONS for member in known.members}
    unseen = {one for one in members if not any(place[: len(one)] == one for place in LOOKUP_COMMANDS)}
    assert unseen == {("eksConfiguration", "kubernetesNamespace")}
