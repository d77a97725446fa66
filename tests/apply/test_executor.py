import pytest

from reconciler.apply.executor import LOST_TRIES, send
from reconciler.apply.result import ConcurrentChange
from reconciler.kinds import KINDS
from reconciler.model import Call, Repeat
from reconciler.problems import CloudError, Fault
from tests.fakes import Answer, InstantClock, ScriptedCloud, lost, refused

DEFINITION, ENVIRONMENT = KINDS["JobDefinition"], KINDS["ComputeEnvironment"]
OURS = {"reconciler:stack": "s", "reconciler:applied": "d1"}


def run(
    call: Call, script: dict[str, list[Answer]], kind: str = "ComputeEnvironment"
) -> tuple[ScriptedCloud, InstantClock]:
    cloud, clock = ScriptedCloud(script), InstantClock()
    send(call, KINDS[kind], "spot", cloud, clock, lambda _text: None)
    return cloud, clock


def create() -> Call:
    return Call("CreateComputeEnvironment", {"tags": OURS}, "create", Repeat.LOOK_FIRST)


def register(after: int = 3) -> Call:
    return Call("RegisterJobDefinition", {"tags": OURS}, "register", Repeat.LOOK_FIRST, after)


def environment(tags: dict[str, str], status: str = "CREATING") -> dict[str, object]:
    return {"computeEnvironments": [
        {"computeEnvironmentName": "spot", "computeEnvironmentArn": "arn", "status": status, "tags": tags}]}  # fmt: skip


def revisions(*numbers: int, tags: dict[str, str] = OURS) -> dict[str, object]:
    return {"jobDefinitions": [
        {"jobDefinitionName": "spot", "jobDefinitionArn": f"arn:{n}", "revision": n, "status": "ACTIVE", "tags": tags}
        for n in numbers]}  # fmt: skip


def test_a_create_whose_answer_was_lost_is_not_sent_again_when_the_resource_is_there() -> None:
    cloud, _ = run(create(), {"CreateComputeEnvironment": [lost()], "DescribeComputeEnvironments": [environment(OURS)]})
    assert cloud.count("CreateComputeEnvironment") == 1


def test_a_create_whose_request_was_lost_is_sent_again() -> None:
    script = {"CreateComputeEnvironment": [lost(), {}], "DescribeComputeEnvironments": [{"computeEnvironments": []}]}
    cloud, _ = run(create(), script)
    assert cloud.count("CreateComputeEnvironment") == 2


def test_already_exists_is_fine_when_it_is_what_we_asked_for() -> None:
    script = {
        "CreateComputeEnvironment": [refused("Object already exists")],
        "DescribeComputeEnvironments": [environment(OURS)],
    }
    cloud, _ = run(create(), script)
    assert cloud.count("CreateComputeEnvironment") == 1


@pytest.mark.parametrize(
    "there", [environment({}), environment({**OURS, "reconciler:stack": "other"}), environment(OURS, "DELETING")]
)
def test_already_exists_is_an_error_when_it_is_somebody_elses(there: dict[str, object]) -> None:
    script = {"CreateComputeEnvironment": [refused("Object already exists")], "DescribeComputeEnvironments": [there]}
    with pytest.raises(CloudError, match="Object already exists"):
        run(create(), script)


@pytest.mark.parametrize(
    "there", [environment(OURS, "DELETING"), environment(OURS, "DELETED"), {"computeEnvironments": []}]
)
def test_a_name_whose_owner_leaves_is_tried_until_it_is_free(there: dict[str, object]) -> None:
    taken = refused("Object already exists")
    script = {"CreateComputeEnvironment": [taken, taken, taken, {}], "DescribeComputeEnvironments": [there]}
    cloud, clock = run(create(), script)
    assert cloud.count("CreateComputeEnvironment") == 4
    assert clock.now() < 60


def test_a_registration_whose_answer_was_lost_makes_no_second_revision() -> None:
    cloud, _ = run(
        register(), {"RegisterJobDefinition": [lost()], "DescribeJobDefinitions": [revisions(3, 4)]}, "JobDefinition"
    )
    assert cloud.count("RegisterJobDefinition") == 1


def test_a_registration_that_shows_late_makes_no_second_revision() -> None:
    script = {
        "RegisterJobDefinition": [lost()],
        "DescribeJobDefinitions": [revisions(3), revisions(3), revisions(3, 4)],
    }
    cloud, _ = run(register(), script, "JobDefinition")
    assert cloud.count("RegisterJobDefinition") == 1


def test_a_look_that_takes_long_is_no_proof_that_nothing_was_registered() -> None:
    clock = InstantClock()

    def slow(_request: object) -> dict[str, object]:
        clock.sleep(60)
        return revisions(3)

    script = {"RegisterJobDefinition": [lost()], "DescribeJobDefinitions": [slow, revisions(3, 4)]}
    cloud = ScriptedCloud(script)
    send(register(), DEFINITION, "spot", cloud, clock, lambda _text: None)
    assert cloud.count("RegisterJobDefinition") == 1


def test_an_older_revision_of_the_same_digest_is_not_taken_for_the_new_one() -> None:
    script = {"RegisterJobDefinition": [lost(), {}], "DescribeJobDefinitions": [revisions(3)]}
    cloud, _ = run(register(after=3), script, "JobDefinition")
    assert cloud.count("RegisterJobDefinition") == 2


def test_what_is_already_gone_is_deleted() -> None:
    call = Call("DeleteComputeEnvironment", {}, "delete", Repeat.GONE_IS_DONE)
    cloud, clock = run(call, {"DeleteComputeEnvironment": [refused("arn:x does not exist")]})
    assert (cloud.count("DeleteComputeEnvironment"), clock.slept) == (1, [])


@pytest.mark.parametrize(
    "message",
    [
        "Cannot delete, resource is being modified.",
        "Cannot delete, found existing JobQueue relationship",
        "A job queue must be in the VALID state before you can associate it with a quota share.",
    ],
)
def test_transitions_are_waited_out(message: str) -> None:
    call = Call("DeleteComputeEnvironment", {}, "delete", Repeat.GONE_IS_DONE)
    cloud, clock = run(call, {"DeleteComputeEnvironment": [refused(message), refused(message), {}]})
    assert cloud.count("DeleteComputeEnvironment") == 3
    assert len(clock.slept) == 2


MOVING = refused("Cannot update, resource is being modified.")


@pytest.mark.parametrize(
    ("answers", "looks"),
    [
        ([{}], []),
        ([MOVING, MOVING, {}], [(1, 1), (2, 2)]),
        ([lost(), {}], []),  # what has changed may be our own work
        ([MOVING, lost(), MOVING, {}], [(1, 1)]),
    ],
)
def test_a_refused_write_is_repeated_only_after_a_look_and_a_lost_one_without(
    answers: list[Answer], looks: list[tuple[int, int]]
) -> None:
    cloud, clock, seen = ScriptedCloud({"UpdateJobQueue": answers}), InstantClock(), []

    def look() -> None:
        seen.append((cloud.count("UpdateJobQueue"), len(clock.slept)))

    send(Call("UpdateJobQueue", {}, "update"), ENVIRONMENT, "q", cloud, clock, lambda _text: None, look)
    assert (seen, cloud.count("UpdateJobQueue")) == (looks, len(answers))


def test_a_write_is_not_repeated_over_what_the_look_finds() -> None:
    def look() -> None:
        raise ConcurrentChange("priority")

    cloud = ScriptedCloud({"UpdateJobQueue": [MOVING, {}]})
    with pytest.raises(ConcurrentChange, match="priority"):
        send(Call("UpdateJobQueue", {}, "update"), ENVIRONMENT, "q", cloud, InstantClock(), lambda _text: None, look)
    assert cloud.count("UpdateJobQueue") == 1


@pytest.mark.parametrize(
    ("message", "patience"),
    [("resource is being modified", 900), ("must be created and valid before attaching", 60)],
)
def test_a_transition_is_not_waited_out_for_ever(message: str, patience: float) -> None:
    cloud = ScriptedCloud({"UpdateJobQueue": [refused(message)]})
    clock = InstantClock()
    with pytest.raises(CloudError, match=message):
        send(Call("UpdateJobQueue", {}, "update"), ENVIRONMENT, "q", cloud, clock, lambda _text: None)
    assert patience <= clock.now() < patience + 60


def test_any_other_refusal_is_final() -> None:
    cloud = ScriptedCloud({"UpdateJobQueue": [refused("priority must be positive")]})
    with pytest.raises(CloudError, match="priority"):
        send(Call("UpdateJobQueue", {}, "update"), ENVIRONMENT, "q", cloud, InstantClock(), lambda _text: None)
    assert cloud.count("UpdateJobQueue") == 1


def test_a_service_that_gives_no_answer_is_asked_a_bounded_number_of_times() -> None:
    cloud = ScriptedCloud({"UpdateJobQueue": [lost()]})
    with pytest.raises(CloudError) as caught:
        send(Call("UpdateJobQueue", {}, "update"), ENVIRONMENT, "q", cloud, InstantClock(), lambda _text: None)
    assert (caught.value.fault, cloud.count("UpdateJobQueue")) == (Fault.UNKNOWN, LOST_TRIES)


def test_transitions_and_lost_answers_are_counted_apart() -> None:
    call = Call("DeleteComputeEnvironment", {}, "delete", Repeat.GONE_IS_DONE)
    moving = refused("Cannot delete, resource is being modified.")
    cloud, _ = run(call, {"DeleteComputeEnvironment": [*[moving] * (LOST_TRIES + 3), lost(), {}]})
    assert cloud.count("DeleteComputeEnvironment") == LOST_TRIES + 5
