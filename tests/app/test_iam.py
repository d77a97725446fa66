"""The rights that are told to be needed are enough, and none of them is too much."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest

from reconciler.app.iam import Purpose, policy, statements
from reconciler.model import Json, Lock, Stack
from reconciler.placeholders import Unknown
from reconciler.plan import PlanOptions
from reconciler.problems import CloudError, Exit
from reconciler.sandbox.core.iam import Policy
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
    queue,
    quota,
    service,
    share,
    stack,
    training,
)  # fmt: skip
from tests.fakes import HERE
from tests.world import World

ROLE = "arn:aws:iam::123456789012:role/"
ALL = PlanOptions(allow_destroy=("*",), allow_replace=True, cancel_jobs=True)


def everything(number: int = 1) -> Stack:
    """A stack of every kind, in a version of that number."""
    job = container(image=f"busybox:{number}", jobRoleArn=f"{ROLE}job")
    job["consumableResourceProperties"] = {"consumableResourceList": [{"consumableResource": "seats", "quantity": 1}]}
    return stack({
        (SP, "fair"): {**fair(shareDecaySeconds=60 * number), "tags": {f"v{number}": "x"}}, (SP, "quotas"): quota(),
        (CE, "spot"): ec2(maxvCpus=16 * number, instanceRole="ecsInstanceRole"),
        (CE, "own"): {**ec2(spotIamFleetRole=f"{ROLE}fleet{number}", maxvCpus=8), "serviceRole": f"{ROLE}batch"},
        (JQ, "q"): queue("spot", schedulingPolicyArn="fair", priority=number), (JQ, "r"): queue("own"),
        (CR, "seats"): consumable(number), (JD, "job"): job, (JD, f"of-{number}"): container(),
        (SE, "gpu"): service(m5=8 * number), (JQ, "train"): training("gpu", schedulingPolicyArn="quotas"),
        (QS, "vision"): share("train", state=("ENABLED", "DISABLED")[number - 1]),
    })  # fmt: skip


def allowed(purpose: Purpose, mine: Stack) -> dict[str, Json]:
    return policy(statements(mine, purpose, HERE))


def lives(world: World) -> list[Exit]:
    """Create, change, replace and remove: all that apply may have to do."""
    first, second = everything(), everything(2)
    exits = [world.apply(first, ALL).exit, world.apply(second, ALL).exit]
    world.simulator.policy = Policy(allowed(Purpose.APPLY, second))
    return [*exits, world.apply(second, replace(ALL, destroy=True)).exit]


def without(document: Mapping[str, Json], action: str) -> dict[str, Json]:
    kept = [{**one, "Action": [a for a in one["Action"] if a != action]} for one in document["Statement"]]
    return {**document, "Statement": [one for one in kept if one["Action"]]}


def actions(document: Mapping[str, Json]) -> list[str]:
    return sorted({action for one in document["Statement"] for action in one["Action"]})


def merged(purpose: Purpose) -> dict[str, Json]:
    """The rights for both versions of the stack: a replacement knows the names of both."""
    both = [allowed(purpose, everything(number)) for number in (1, 2)]
    return {**both[0], "Statement": [one for document in both for one in document["Statement"]]}


def test_the_rights_for_apply_are_enough_to_create_change_replace_and_remove() -> None:
    world = World()
    world.simulator.policy = Policy(merged(Purpose.APPLY))
    assert lives(world) == [Exit.DONE, Exit.DONE, Exit.DONE]


@pytest.mark.parametrize(
    "action", [one for one in actions(merged(Purpose.APPLY)) if one != "iam:CreateServiceLinkedRole"]
)
def test_without_one_of_them_something_of_that_fails(action: str) -> None:
    world = World()
    world.simulator.policy = Policy(without(merged(Purpose.APPLY), action))
    denied = False
    for number in (1, 2):
        denied = denied or fails(lambda number=number: world.apply(everything(number), ALL).exit)
    denied = denied or fails(lambda: world.apply(everything(2), replace(ALL, destroy=True)).exit)
    # Jobs are listed in queues that go; who may not list them needs another word, and goes on with it.
    assert denied or action in ("batch:ListJobs", "batch:ListServiceJobs"), action


def fails(work: object) -> bool:
    try:
        return work() is not Exit.DONE  # type: ignore[operator]
    except CloudError:
        return True


@pytest.mark.parametrize("purpose", [Purpose.PLAN, Purpose.DRIFT, Purpose.IMPORT])
def test_the_rights_to_look_are_enough_and_change_nothing(purpose: Purpose) -> None:
    world, mine = World(), everything()
    world.apply(mine, ALL)
    world.simulator.policy = Policy(allowed(purpose, mine))
    assert world.plan(mine).is_empty
    assert all(one.split(":")[1].startswith(("Describe", "List", "Lookup")) for one in actions(allowed(purpose, mine)))
    with pytest.raises(CloudError, match="not authorized to perform: batch:"):
        world.raw.call("UpdateJobQueue", {"jobQueue": "q", "priority": 9})


@pytest.mark.parametrize(
    ("purpose", "wanted", "action"),
    [
        (Purpose.ADOPT, PlanOptions(adopt=True, tags_alone=True), "batch:TagResource"),
        (Purpose.FORGET, PlanOptions(forget=True), "batch:UntagResource"),
    ],
)
def test_the_rights_to_adopt_and_to_forget_are_enough_and_for_tags_alone(
    purpose: Purpose, wanted: PlanOptions, action: str
) -> None:
    mine = everything()
    document = allowed(purpose, mine)
    assert [one for one in actions(document) if not one.split(":")[1].startswith(("Describe", "List"))] == [action]
    for policy_, is_enough in ((without(document, action), False), (document, True)):
        world = World()
        world.apply(mine, ALL)
        if purpose is Purpose.ADOPT:
            world.apply(mine, PlanOptions(forget=True))
        world.simulator.policy = Policy(policy_)
        assert fails(lambda world=world: world.apply(mine, wanted).exit) is not is_enough


@pytest.mark.parametrize("action", actions(allowed(Purpose.PLAN, everything())))
def test_without_one_of_them_not_all_can_be_seen(action: str) -> None:
    world, mine = World(), everything()
    world.apply(mine, ALL)
    world.simulator.policy = Policy(without(allowed(Purpose.PLAN, mine), action))
    gone = PlanOptions(destroy=True)
    try:
        made = world.plan(mine, gone)
    except CloudError:
        return
    told = " ".join(str(problem) for change in made.changes for problem in change.refusals)
    notes = " ".join(str(note) for note in made.notes)
    assert action.removeprefix("batch:") in told + notes


def test_the_tag_decides_what_may_be_changed() -> None:
    world, mine = World(), everything()
    world.apply(mine, ALL)
    world.raw.call("CreateSchedulingPolicy", {"name": "theirs", "fairsharePolicy": {}})
    world.simulator.policy = Policy(allowed(Purpose.APPLY, mine))
    arn = "arn:aws:batch:us-east-1:123456789012:scheduling-policy/theirs"
    with pytest.raises(CloudError, match=f"batch:DeleteSchedulingPolicy on resource: {arn}"):
        world.raw.call("DeleteSchedulingPolicy", {"arn": arn})


def test_roles_are_passed_to_whom_they_are_for_and_no_others() -> None:
    passed = {
        one["Sid"]: one for one in allowed(Purpose.APPLY, everything())["Statement"] if "iam:PassRole" in one["Action"]
    }
    assert passed["PassRoleEcsTasks"]["Condition"] == {
        "StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}
    }
    assert passed["PassRoleEcsTasks"]["Resource"] == [f"{ROLE}job"]
    assert passed["PassRole"]["Resource"] == [
        "arn:aws:iam::123456789012:instance-profile/ecsInstanceRole", f"{ROLE}batch", f"{ROLE}ecsInstanceRole", f"{ROLE}fleet1",
    ]  # fmt: skip


def test_the_rights_for_jobs_follow_them_to_their_end_and_change_nothing_else() -> None:
    document = allowed(Purpose.JOBS, everything())
    of = {one["Sid"]: one for one in document["Statement"]}
    assert of.keys() >= {"SubmitJob", "ReadJobs", "SeeQueues", "EndJobs", "ReadLogs"}
    assert of["EndJobs"]["Action"] == ["batch:CancelJob", "batch:TagResource", "batch:TerminateJob"]
    assert [arn.rpartition(":")[2] for arn in of["EndJobs"]["Resource"]] == ["job/*"]
    assert any(":log-group:/aws/batch/job:" in arn for arn in of["ReadLogs"]["Resource"])


def test_who_submits_needs_the_queues_and_the_definitions_with_and_without_revision() -> None:
    document = allowed(Purpose.SUBMIT, everything())
    arn = "arn:aws:batch:us-east-1:123456789012:"
    submit, service_ = document["Statement"]
    assert submit["Action"] == ["batch:SubmitJob"]
    assert submit["Resource"] == [
        f"{arn}job-definition/job", f"{arn}job-definition/job:*", f"{arn}job-definition/of-1",
        f"{arn}job-definition/of-1:*", f"{arn}job-queue/q", f"{arn}job-queue/r",
    ]  # fmt: skip
    assert (service_["Action"], service_["Resource"]) == (["batch:SubmitServiceJob"], [f"{arn}job-queue/train"])


def test_look_ups_and_the_lock_are_among_the_rights() -> None:
    mine = replace(everything(), lock=Lock("s3", "bucket/locks"))
    looked = [("ssm", "/team/image"), ("cfn", "net.Subnets"), ("secret", "db#password"), ("secret", "db#user")]
    found = {one.sid: one for one in statements(mine, Purpose.APPLY, HERE, looked)}
    assert found["LookUpSsm"].resources == ("arn:aws:ssm:us-east-1:123456789012:parameter/team/image",)
    assert found["LookUpCfn"].resources == ("arn:aws:cloudformation:us-east-1:123456789012:stack/net/*",)
    assert set(found["LookUpSecret"].resources) == {"arn:aws:secretsmanager:us-east-1:123456789012:secret:db-??????"}
    assert found["Lock"].resources == ("arn:aws:s3:::bucket/locks/*",)
    assert (found["SeeLocks"].actions, found["SeeLocks"].resources) == (("s3:ListBucket",), ("arn:aws:s3:::bucket",))
    assert found["SeeLocks"].condition == {"StringLike": {"s3:prefix": "locks/*"}}
    assert set(found) - {one.sid for one in statements(mine, Purpose.PLAN, HERE, looked)} >= {"Lock", "ChangeOwned"}


def test_a_role_that_is_looked_up_may_be_any() -> None:
    mine = stack({(JD, "j"): container(jobRoleArn=Unknown.of("ssm", "/role"))})
    (one,) = (one for one in statements(mine, Purpose.APPLY, HERE) if one.sid == "PassRoleEcsTasks")
    assert one.resources == ("arn:aws:iam::123456789012:role/*",)


def test_names_have_the_prefix_and_those_of_successors_are_foreseen() -> None:
    mine = replace(stack({(CE, "spot"): ec2()}), name_prefix="dev-")
    (one,) = (one for one in statements(mine, Purpose.APPLY, HERE) if one.sid == "CreateComputeEnvironment")
    arn = "arn:aws:batch:us-east-1:123456789012:compute-environment/dev-spot"
    assert one.resources == (arn, f"{arn}-??????")


def sids() -> Iterator[str]:
    for purpose in Purpose:
        for one in statements(everything(), purpose, HERE):
            yield one.sid


def test_sids_are_what_iam_takes() -> None:
    assert all(sid.isalnum() for sid in sids())
