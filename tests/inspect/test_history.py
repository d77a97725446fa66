"""The way back to an older revision, and what is said about it afterwards."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.adapters.lookup.installed import takes
from reconciler.app import usecases
from reconciler.app.usecases import Finish
from reconciler.diff.canonical import canonical
from reconciler.kinds import KINDS
from reconciler.model import Action, Call, Json, Lifecycle, Live, Repeat, Stack, Until, Wait, dotted
from reconciler.plan.requests import as_request
from reconciler.ports import takes_nothing
from reconciler.problems import Exit, Refused, WrongUsage
from reconciler.redact.presented import present
from reconciler.report.results import drift_of
from reconciler.sandbox.core.faults import Failure, FaultRule
from reconciler.sandbox.core.model import problems_of, service_model
from tests.builders import JD, calls, container, stack, told
from tests.fakes import HERE, session_of
from tests.laws import law
from tests.sandbox.definitions import fargate, multinode, pod, tasks
from tests.shapes import bodies
from tests.test_noise import described
from tests.world import World

JOB = (JD, "job")
KIND = KINDS[JD]
CALM = law(30)


def version(number: int, *, prefix: str = "", name: str = "risk", **lifecycle: Json) -> Stack:
    body = container(command=[str(number)], environment=[{"name": "N", "value": str(number)}])
    lifecycles = {JOB: Lifecycle(**lifecycle)}
    return stack({JOB: body}, tags={"version": str(number)}, lifecycles=lifecycles, prefix=prefix, name=name)


def grown(revisions: int, **lifecycle: Json) -> World:
    world = World()
    for number in range(1, revisions + 1):
        assert world.apply(version(number, **lifecycle)).exit is Exit.DONE
    return world


def roll_back(world: World, of: Stack, to: int | None = None, name: str = "job") -> Finish:
    back = usecases.rollback(of, world.session, name, to)
    return usecases.roll_back(back, of, world.session)


def newest(world: World, name: str = "job") -> Json:
    return world.raw.call("DescribeJobDefinitions", {"jobDefinitionName": name, "status": "ACTIVE"})["jobDefinitions"][
        0
    ]


def history(world: World, of: Stack) -> Mapping[int, Live]:
    return usecases.history(of, world.session, "job").revisions


def registered(world: World, since: int = 0) -> list[Json]:
    return [request for operation, request in world.writes(since) if operation == "RegisterJobDefinition"]


def test_the_plan_registers_what_the_last_different_revision_says_and_waits_until_it_is_seen() -> None:
    world, of = grown(3), version(3)
    since = len(world.calls)
    back = usecases.rollback(of, world.session, "job")
    (change,) = back.plan.changes
    register, wait = change.steps
    assert isinstance(register, Call)
    assert isinstance(wait, Wait)
    assert (back.to, change.action, change.reasons) == (2, Action.REVISION, ("registers revision 2 again",))
    assert [dotted(field.path) for field in change.fields] == [
        "containerProperties.command", "containerProperties.environment.N.value"]  # fmt: skip
    assert (register.repeat, register.after_revision) == (Repeat.LOOK_FIRST, 3)
    assert register.request == {
        "jobDefinitionName": "job",
        **container(command=["2"], environment=[{"name": "N", "value": "2"}]),
        "tags": {"version": "2", "reconciler:stack": "risk", "reconciler:applied": "rollback-2"},
    }
    assert (wait.until, wait.after_revision, world.writes(since)) == (Until.SEEN, 3, [])


def test_a_rollback_makes_one_revision_and_proves_that_it_stands() -> None:
    world, of = grown(3), version(3)
    finish = roll_back(world, of)
    assert (finish.exit, finish.rest.changes if finish.rest else None) == (Exit.DONE, ())
    found = newest(world)
    assert (found["revision"], found["containerProperties"]["command"]) == (4, ["2"])
    assert usecases.rollback(of, world.session, "job", 2).plan.is_empty


def test_the_next_plan_changes_it_back_as_ours_to_change_and_says_why() -> None:
    world, of = grown(2), version(2)
    roll_back(world, of)
    plan = world.plan(of)
    (change,) = plan.changes
    assert (change.action, change.drift, change.reasons) == (
        Action.REVISION, False, ("it was rolled back to revision 1",))  # fmt: skip
    assert drift_of(present(plan)).is_none


def test_what_was_ignored_then_and_is_not_now_is_no_drift_after_a_rollback() -> None:
    """Both revisions were applied from one declaration, so that their digests are the same."""

    def of(command: str, **lifecycle: Json) -> Stack:
        return stack({JOB: container(image="ours", command=[command])}, lifecycles={JOB: Lifecycle(**lifecycle)})

    world = World()
    world.apply(of("a"))
    world.hand("RegisterJobDefinition", jobDefinitionName="job", **container(image="theirs"))
    world.apply(of("b", ignore_changes=("containerProperties.image",)))
    world.apply(of("b"))
    images = [live.spec["containerProperties"]["image"] for live in history(world, of("b")).values()]
    digests = [live.tags.get("reconciler:applied") for live in history(world, of("b")).values()]
    assert (images[:2], digests[0]) == (["ours", "theirs"], digests[1])
    roll_back(world, of("b"))
    plan = world.plan(of("b"))
    assert (told(plan), drift_of(present(plan)).is_none) == (["^ JobDefinition/job"], True)


def test_rolled_forward_it_is_a_new_revision_and_with_the_yaml_reverted_none() -> None:
    world = grown(2)
    roll_back(world, version(2))
    since = len(world.calls)
    assert world.apply(version(1)).exit is Exit.DONE
    assert registered(world, since) == []
    assert (newest(world)["revision"], newest(world)["tags"]["reconciler:stack"]) == (3, "risk")
    assert world.apply(version(2)).exit is Exit.DONE
    assert world.plan(version(2)).is_empty
    assert len(registered(world)) == 4


def test_what_says_the_same_as_the_newest_is_not_registered_again() -> None:
    world = grown(2)
    world.apply(version(1))
    for to in (1, 3):
        assert usecases.rollback(version(1), world.session, "job", to).plan.is_empty
    assert usecases.rollback(version(1), world.session, "job").to == 2


def test_a_rollback_run_again_goes_no_further_back() -> None:
    world, of = grown(4), version(4)
    roll_back(world, of)
    again = usecases.rollback(of, world.session, "job")
    assert (again.to, again.plan.is_empty, newest(world)["containerProperties"]["command"]) == (3, True, ["3"])
    assert roll_back(world, of, 1).exit is Exit.DONE
    again = usecases.rollback(of, world.session, "job")
    assert (again.to, again.plan.is_empty, newest(world)["containerProperties"]["command"]) == (1, True, ["1"])


def test_after_a_step_forward_a_rollback_goes_back_to_what_stood_before() -> None:
    world, of = grown(3), version(3)
    roll_back(world, of)
    world.apply(version(5))
    roll_back(world, version(5))
    assert newest(world)["containerProperties"]["command"] == ["2"]


def test_the_first_revision_has_nothing_before_it() -> None:
    with pytest.raises(Refused, match="no revision before 1 is different"):
        usecases.rollback(version(1), session_of(grown(1).cloud), "job")


def test_an_inactive_revision_can_be_gone_back_to_while_it_is_kept() -> None:
    world, of = grown(3, retain_revisions=1), version(3, retain_revisions=1)
    assert usecases.rollback(of, world.session, "job").to == 2
    assert roll_back(world, of, 1).exit is Exit.DONE
    assert newest(world)["containerProperties"]["command"] == ["1"]
    world.clock.turn(181 * 86400)
    with pytest.raises(WrongUsage, match="job has no revision 1") as caught:
        usecases.rollback(of, world.session, "job", 1)
    assert caught.value.hint == "existing: revisions 3 and 4; AWS keeps inactive revisions for 180 days"


def test_a_definition_of_which_somebody_deregistered_all_can_be_brought_back() -> None:
    world, of = grown(2), version(2)
    for number in (1, 2):
        world.hand("DeregisterJobDefinition", jobDefinition=f"job:{number}")
    assert usecases.rollback(of, world.session, "job").to == 2
    assert roll_back(world, of).exit is Exit.DONE
    assert newest(world)["revision"] == 3


def test_how_the_definition_is_treated_stays() -> None:
    world = grown(1)
    world.apply(version(2, prevent_destroy=True))
    roll_back(world, version(2, prevent_destroy=True))
    assert newest(world)["tags"]["reconciler:applied"] == "rollback-1:protect"
    (refusal,) = world.plan(stack({})).refusals
    assert refusal.code == "PLAN004"


def test_under_a_prefix_the_logical_and_the_physical_name_lead_there() -> None:
    world = World()
    for number in (1, 2):
        world.apply(version(number, prefix="dev-"))
    of = version(2, prefix="dev-")
    for name in ("job", "dev-job", "JobDefinition/job", "job-definition/job", "jobDefinitions/dev-job"):
        back = usecases.rollback(of, world.session, name)
        assert (str(back.history.address), back.history.name, back.to) == ("JobDefinition/job", "dev-job", 1)
    roll_back(world, of)
    assert newest(world, "dev-job")["tags"]["reconciler:name"] == "dev-/job"
    assert told(world.plan(of)) == ["^ JobDefinition/job"]


def test_what_the_stack_no_longer_declares_can_be_rolled_back_until_it_is_removed() -> None:
    world, of = grown(2), stack({})
    assert roll_back(world, of).exit is Exit.DONE
    assert told(world.plan(of)) == ["- JobDefinition/job"]


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        ({"reconciler:stack": "other"}, "JobDefinition/job: job belongs to stack other"),
        ({"aws:cloudformation:stack-name": "cfn"}, "JobDefinition/job: job belongs to CloudFormation stack cfn"),
        ({}, "JobDefinition/job: job is not owned by a stack"),
        (
            {"reconciler:stack": "risk", "reconciler:name": "dev-/job"},
            "JobDefinition/job: job belongs to stack risk, under a different name prefix",
        ),
    ],
)
def test_what_is_not_the_stacks_is_refused(tags: dict[str, str], message: str) -> None:
    world = World()
    for number in (1, 2):
        world.hand("RegisterJobDefinition", jobDefinitionName="job", **container(command=[str(number)]))
    put_tags(world, tags)
    with pytest.raises(Refused) as caught:
        usecases.rollback(version(1), world.session, "job")
    assert (caught.value.message, bool(caught.value.hint)) == (message, True)


def put_tags(world: World, tags: dict[str, str]) -> None:
    """Put tags on the newest revision: those that AWS reserves, too."""
    arn = newest(world)["jobDefinitionArn"]
    inner = world.simulator._account_state(HERE.account, HERE.region)
    with world.simulator._store.session():
        inner.put("job-definition", replace(inner.get("job-definition", arn), tags=tags))


def test_a_revision_of_another_owner_is_passed_over_and_refused_by_number() -> None:
    world = World()
    for tags in ({"reconciler:stack": "risk"}, {"reconciler:stack": "other"}, {"reconciler:stack": "risk"}):
        world.hand("RegisterJobDefinition", jobDefinitionName="job", **container(), tags=tags)
    assert world.apply(version(4)).exit is Exit.DONE
    assert usecases.rollback(version(4), world.session, "job").to == 3
    with pytest.raises(Refused, match="revision 2 belongs to stack other"):
        usecases.rollback(version(4), world.session, "job", 2)
    world.hand("DeregisterJobDefinition", jobDefinition="job:3")
    world.hand("RegisterJobDefinition", jobDefinitionName="job", **container(image="by-hand"))
    assert usecases.rollback(version(4), world.session, "job").to == 4
    assert roll_back(world, version(4)).exit is Exit.DONE
    assert usecases.rollback(version(4), world.session, "job", 5).plan.changes


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("jop", "the job-definition jop does not exist", "did you mean job?"),
        ("zzz", "the job-definition zzz does not exist", "existing: job and later"),
        ("JobQueue/q", "a job-queue has no revisions", "only jobDefinitions have revisions"),
        ("JobDef/q", "JobDef is not a kind", "did you mean JobDefinition?"),
        ("later", "JobDefinition/later has no revision yet", "`reconciler apply` registers the first revision"),
    ],
)
def test_a_name_that_leads_nowhere_is_wrong_usage(name: str, message: str, hint: str) -> None:
    world, of = grown(1), stack({JOB: container(), (JD, "later"): container()})
    with pytest.raises(WrongUsage) as caught:
        usecases.rollback(of, world.session, name)
    assert (caught.value.message, caught.value.hint) == (message, hint)


def test_a_lost_answer_makes_no_second_revision() -> None:
    world, of = grown(2), version(2)
    world.strike(FaultRule(failure=Failure.LOST_ANSWER, operation="RegisterJobDefinition", nth=1))
    assert roll_back(world, of).exit is Exit.DONE
    assert (len(registered(world)), newest(world)["revision"]) == (3, 3)


def test_two_rollbacks_at_once_leave_one_revision() -> None:
    world, of = grown(2), version(2)
    backs = [usecases.rollback(of, world.session, "job") for _ in range(2)]
    assert [usecases.roll_back(back, of, world.session).exit for back in backs] == [Exit.DONE, Exit.DONE]
    found = world.raw.call("DescribeJobDefinitions", {"status": "ACTIVE"})["jobDefinitions"]
    assert sorted(one["revision"] for one in found) == [1, 2, 3]


@pytest.mark.parametrize(
    "request_",
    [
        fargate(environment=[{"name": "EMPTY", "value": ""}]),
        multinode("0:0", "1:"),
        tasks({"name": "a", "image": "x", "essential": True}, {"name": "b", "image": "y", "essential": False}),
        pod({"name": "a", "image": "x", "resources": {"limits": {"cpu": "1", "memory": "1024Mi"}}}),
    ],
    ids=["fargate", "nodes", "tasks", "pod"],
)
def test_every_form_of_definition_can_be_rolled_back(request_: Json) -> None:
    name = request_["jobDefinitionName"]
    body = {member: value for member, value in request_.items() if member != "jobDefinitionName"}
    first, second = (stack({(JD, name): {**body, "timeout": {"attemptDurationSeconds": s}}}) for s in (60, 90))
    world = World()
    assert (world.apply(first).exit, world.apply(second).exit) == (Exit.DONE, Exit.DONE)
    assert roll_back(world, second, name=name).exit is Exit.DONE
    assert world.apply(first).exit is Exit.DONE
    assert len(registered(world)) == 3


@CALM
@given(bodies(KIND), st.integers(0, 9))
def test_whatever_a_description_says_is_a_request_that_means_the_same(body: Json, seed: int) -> None:
    live = described(JD, body, seed)
    request = as_request(KIND, live, takes)
    shape = service_model().operation_model("RegisterJobDefinition").input_shape
    assert shape is not None
    wrong = problems_of(shape, {"jobDefinitionName": "x", "type": "container", **request}, "")
    assert [one for one in wrong if not one.startswith("Missing required")] == []  # real ones have entries
    assert canonical(KIND.rows, request, HERE) == canonical(KIND.rows, live, HERE)


def test_only_what_requests_have_is_sent() -> None:
    live = {"containerProperties": {"image": "x", "command": [], "shownOnly": 1}, "schedulingPriority": 3, "news": [1]}
    assert as_request(KIND, live, takes_nothing) == {"containerProperties": {"image": "x"}, "schedulingPriority": 3}
    assert as_request(KIND, live, lambda operation, path: (operation, path) == (KIND.create.operation, ("news",)))[
        "news"
    ] == [1]


def test_what_is_made_from_a_plan_is_a_call_that_aws_takes() -> None:
    world = grown(2)
    (register, _) = calls(usecases.rollback(version(2), world.session, "job", None, takes).plan)
    assert world.raw.call(*register)["revision"] == 3
