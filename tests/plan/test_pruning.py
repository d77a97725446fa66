"""What `lifecycle.retainRevisions` deregisters, and what it leaves alone."""

import pytest

from reconciler.app import usecases
from reconciler.apply import State
from reconciler.kinds import KINDS, batch_kinds
from reconciler.live.read import read_all, read_uses
from reconciler.model import Action, Change, Lifecycle, Plan, Stack, Until
from reconciler.plan import PlanOptions
from reconciler.problems import CloudError, Exit, Fault, Severity
from reconciler.redact.presented import present
from reconciler.report.summary import plan_line
from reconciler.sandbox.core.clock import Timings
from tests.builders import (
    CE,
    CR,
    JD,
    JQ,
    SE,
    SP,
    calls,
    consumable,
    container,
    ec2,
    queue,
    quota,
    service,
    stack,
    told,
    training,
)
from tests.fakes import session_of
from tests.live_jobs import LiveJobs
from tests.world import World

JOB = (JD, "job")
QUEUES = {(CE, "spot"): ec2(), (JQ, "q"): queue("spot")}


def version(number: int, retain: int | None = None, *, tags: dict[str, str] | None = None, **more: object) -> Stack:
    body = {**container(command=[str(number)]), **({"tags": tags} if tags else {})}
    return stack({**QUEUES, JOB: body}, lifecycles={JOB: Lifecycle(retain_revisions=retain, **more)})


def grown(revisions: int, timings: Timings | None = None) -> World:
    """A world in which every version up to this one was applied, and all are active."""
    world = World(timings or Timings())
    for number in range(1, revisions + 1):
        assert world.apply(version(number)).exit is Exit.DONE
    return world


def active(world: World, name: str = "job") -> list[int]:
    world.clock.turn(60)
    found = world.raw.call("DescribeJobDefinitions", {"jobDefinitionName": name, "status": "ACTIVE"})
    return sorted(one["revision"] for one in found["jobDefinitions"])


def deregistered(plan: Plan) -> list[str]:
    return [request["jobDefinition"].rpartition("/")[2] for call, request in calls(plan) if "Deregister" in call]


def pruning(plan: Plan) -> Change:
    (change,) = (change for change in plan.changes if change.action is Action.PRUNE)
    return change


def notes(plan: Plan) -> list[tuple[str, str]]:
    return [(note.code, note.message) for note in plan.notes]


def test_all_revisions_stay_by_default() -> None:
    world = grown(3)
    assert active(world) == [1, 2, 3]
    assert world.plan(version(3)).is_empty


def test_fewer_that_are_retained_is_a_plan_of_its_own_that_names_what_goes() -> None:
    world = grown(10)
    since = len(world.calls)
    plan = world.plan(version(10, 3))
    assert told(plan) == ["-^ JobDefinition/job"]
    assert pruning(plan).reasons == ("deregisters revisions 1 to 7", "retainRevisions is 3")
    assert deregistered(plan) == [f"job:{number}" for number in range(1, 8)]
    assert (plan_line(present(plan)), plan.unchanged) == (
        "Plan: 0 to add, 0 to change, 0 to replace, 0 to destroy. 1 to prune.", 3)  # fmt: skip
    assert world.writes(since) == []


def test_pruning_leaves_the_newest_and_nothing_to_do() -> None:
    world = grown(5)
    finish = world.apply(version(5, 3))
    assert (finish.exit, active(world)) == (Exit.DONE, [3, 4, 5])
    assert world.plan(version(5, 3)).is_empty


def test_a_new_revision_counts_and_is_seen_before_an_older_one_goes() -> None:
    world = grown(3, Timings(read_lag=3.0))
    world.clock.turn(60)
    plan = world.plan(version(4, 2))
    assert told(plan) == ["^ JobDefinition/job", "-^ JobDefinition/job"]
    assert (pruning(plan).after, calls(plan)[1]) == ((pruning(plan).address,), ("wait", Until.SEEN))
    since = len(world.calls)
    assert world.apply(version(4, 2)).exit is Exit.DONE
    made = [operation for operation, _ in world.calls[since:]]
    looks = made[made.index("RegisterJobDefinition") : made.index("DeregisterJobDefinition")]
    assert looks.count("DescribeJobDefinitions") > 1
    assert active(world) == [3, 4]


def test_a_revision_that_is_not_seen_prunes_nothing() -> None:
    world = grown(2)
    world.clock.turn(600)
    world.simulator.timings = Timings(read_lag=600.0)
    finish = world.apply(version(3, 1))
    assert [result.state for result in finish.outcome.results] == [State.TIMED_OUT, State.SKIPPED]
    world.clock.turn(600)
    assert active(world) == [1, 2, 3]


def test_the_same_plan_may_run_twice() -> None:
    world = grown(4)
    of = version(4, 1)
    plan = world.plan(of)
    for _ in range(2):
        assert usecases.run(plan, of, world.session).exit is Exit.DONE
    assert active(world) == [4]


def test_what_others_registered_neither_goes_nor_counts() -> None:
    world = grown(2)
    body = {"jobDefinitionName": "job", **container(command=["by hand"])}
    world.hand("RegisterJobDefinition", **body)
    world.hand("RegisterJobDefinition", **body, tags={"reconciler:stack": "other"})
    world.hand("RegisterJobDefinition", **body, tags={"reconciler:stack": "risk", "reconciler:name": "dev-/job"})
    world.hand("RegisterJobDefinition", **body, tags={"reconciler:stack": "risk", "reconciler:applied": "0"})
    assert active(world) == [1, 2, 3, 4, 5, 6]
    assert deregistered(world.plan(version(7, 2))) == ["job:1", "job:2"]
    assert world.apply(version(7, 2)).exit is Exit.DONE
    assert active(world) == [3, 4, 5, 6, 7]


def test_a_newest_one_of_another_hand_is_superseded_and_not_pruned() -> None:
    world = grown(2)
    world.hand("RegisterJobDefinition", jobDefinitionName="job", **container(command=["by hand"]))
    plan = world.plan(version(2, 1))
    assert told(plan) == ["^ JobDefinition/job", "-^ JobDefinition/job"]
    assert deregistered(plan) == ["job:1", "job:2"]
    assert world.apply(version(2, 1)).exit is Exit.DONE
    assert active(world) == [3, 4]


def test_tags_change_on_the_newest_revision_without_a_new_one() -> None:
    world = grown(2)
    plan = world.plan(version(2, 1, tags={"team": "risk"}))
    assert told(plan) == ["~ JobDefinition/job", "-^ JobDefinition/job"]
    assert world.apply(version(2, 1, tags={"team": "risk"})).exit is Exit.DONE
    (found,) = world.raw.call("DescribeJobDefinitions", {"status": "ACTIVE"})["jobDefinitions"]
    assert (found["revision"], found["tags"]["team"]) == (2, "risk")


@pytest.mark.parametrize("status", ["SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING"])
def test_what_a_live_job_uses_stays_until_the_job_has_ended(jobs: LiveJobs, status: str) -> None:
    world = grown(4)
    jobs.run("job:2", status=status)
    plan = world.plan(version(4, 1))
    assert pruning(plan).reasons == ("deregisters revisions 1 and 3", "retainRevisions is 1")
    message = "JobDefinition/job: revision 2 is not pruned: in use by 1 live job"
    assert notes(plan) == [("REV001", message)]
    assert world.apply(version(4, 1)).exit is Exit.DONE
    assert active(world) == [2, 4]
    held = world.plan(version(4, 1))
    assert (held.is_empty, notes(held)) == (True, [("REV001", message)])
    jobs.end()
    assert deregistered(world.plan(version(4, 1))) == ["job:2"]


@pytest.mark.parametrize("status", ["SUCCEEDED", "FAILED"])
def test_a_job_that_has_ended_holds_nothing(jobs: LiveJobs, status: str) -> None:
    world = grown(2)
    jobs.run("job:1", status=status)
    assert deregistered(world.plan(version(2, 1))) == ["job:1"]


def test_every_page_of_every_queue_is_looked_at(jobs: LiveJobs) -> None:
    world = grown(3)
    jobs.page = 2
    for _ in range(5):
        jobs.run("job:3")
    jobs.run("job:1")
    jobs.run("job:1")
    plan = world.plan(version(3, 1))
    assert deregistered(plan) == ["job:2"]
    assert notes(plan) == [("REV001", "JobDefinition/job: revision 1 is not pruned: in use by 2 live jobs")]


def test_jobs_are_listed_only_where_something_would_go(jobs: LiveJobs) -> None:
    world = grown(2)
    since = len(world.calls)
    world.plan(version(2, 2))
    assert [operation for operation, _ in world.calls[since:] if operation == "ListJobs"] == []
    world.plan(version(2, 1))
    listed = [request for operation, request in world.calls[since:] if operation == "ListJobs"]
    assert len(listed) == 5
    assert {request["maxResults"] for request in listed} == {1000}


def test_queues_for_training_hold_no_jobs_and_are_not_asked(jobs: LiveJobs) -> None:
    others = {
        (SP, "quotas"): quota(),
        (SE, "gpu"): service(),
        (JQ, "train"): training("gpu", schedulingPolicyArn="quotas"),
    }
    world, since = World(), 0
    for number in (1, 2):
        of = stack({**others, JOB: container(command=[str(number)])}, lifecycles={JOB: Lifecycle(retain_revisions=1)})
        since = len(world.calls)
        assert world.apply(of).exit is Exit.DONE
    assert active(world) == [2]
    assert [operation for operation, _ in world.calls[since:] if operation == "ListJobs"] == []


class Denying:
    """A cloud in which one operation is not allowed."""

    def __init__(self, world: World, operation: str) -> None:
        self._cloud, self._operation, self.identity = world.cloud, operation, world.cloud.identity

    def call(self, operation: str, request: dict[str, object]) -> object:
        if operation == self._operation:
            raise CloudError(operation, Fault.DENIED, "AccessDeniedException", "not authorized")
        return self._cloud.call(operation, request)


def test_who_may_not_list_jobs_prunes_nothing_and_is_told() -> None:
    world, of = grown(3), version(4, 1)
    cloud = Denying(world, "ListJobs")
    plan = usecases.plan(of, session_of(cloud))
    assert told(plan) == ["^ JobDefinition/job"]
    (note,) = plan.notes
    assert (note.code, note.severity, note.hint) == ("REV002", Severity.WARNING, "grant batch:ListJobs")
    assert "no job-definition is pruned: the revisions that live jobs use are unknown" in note.message
    assert usecases.run(plan, of, session_of(cloud, world.clock)).exit is Exit.DONE
    assert active(world) == [1, 2, 3, 4]


def test_jobs_that_do_not_tell_what_they_use_might_use_anything(jobs: LiveJobs) -> None:
    world = grown(2)
    jobs.run("")
    plan = world.plan(version(2, 1))
    assert (plan.is_empty, [code for code, _ in notes(plan)]) == (True, ["REV002"])


def test_a_queue_that_goes_meanwhile_has_no_jobs() -> None:
    world = grown(2)
    found = read_all(world.cloud, batch_kinds())
    world.apply(version(2), PlanOptions(destroy=True))
    using = KINDS[JD].revisions.users
    assert using is not None
    assert read_uses(world.cloud, using, found.live) == {}


def test_what_cannot_be_pruned_does_not_undo_the_registration() -> None:
    world, of = grown(2), version(3, 1)
    cloud = Denying(world, "DeregisterJobDefinition")
    finish = usecases.run(usecases.plan(of, session_of(cloud)), of, session_of(cloud, world.clock))
    assert [(result.change.action, result.state) for result in finish.outcome.results] == [
        (Action.REVISION, State.DONE), (Action.PRUNE, State.FAILED)]  # fmt: skip
    assert (finish.exit, active(world)) == (Exit.PARTLY, [1, 2, 3])


def test_nobody_waits_until_a_definition_is_pruned() -> None:
    world, old = World(), {(CR, "licence"): consumable(), JOB: takes("licence")}
    assert world.apply(stack(old)).exit is Exit.DONE
    of = stack({JOB: container()}, lifecycles={JOB: Lifecycle(retain_revisions=1)})
    finish = usecases.run(
        usecases.plan(of, world.session), of, session_of(Denying(world, "DeregisterJobDefinition"), world.clock)
    )
    assert {result.change.action: result.state for result in finish.outcome.results} == {
        Action.REVISION: State.DONE, Action.DELETE: State.DONE, Action.PRUNE: State.FAILED}  # fmt: skip


def takes(consumable_: str) -> dict[str, object]:
    listed = [{"consumableResource": consumable_, "quantity": 1}]
    return {**container(), "consumableResourceProperties": {"consumableResourceList": listed}}


def test_a_registration_that_fails_prunes_nothing() -> None:
    world, of = grown(2), version(3, 1)
    cloud = Denying(world, "RegisterJobDefinition")
    finish = usecases.run(usecases.plan(of, session_of(cloud)), of, session_of(cloud, world.clock))
    assert [result.state for result in finish.outcome.results] == [State.FAILED, State.SKIPPED]
    assert active(world) == [1, 2]


def test_a_target_prunes_no_other() -> None:
    world = grown(2)
    assert world.plan(version(2, 1), PlanOptions(targets=("JobQueue/*",))).is_empty
    assert told(world.plan(version(2, 1), PlanOptions(targets=("JobDefinition/*",)))) == ["-^ JobDefinition/job"]


def test_removing_a_definition_names_its_active_revisions() -> None:
    world = grown(3)
    world.apply(version(3, 2))
    plan = world.plan(stack(QUEUES))
    (change,) = plan.changes
    assert (change.action, change.reasons) == (
        Action.DELETE, ("no longer declared in this stack", "deregisters revisions 2 and 3"))  # fmt: skip


def test_removing_a_definition_leaves_the_revisions_of_another_owner() -> None:
    world = grown(1)
    theirs = {"reconciler:stack": "other"}
    world.hand("RegisterJobDefinition", jobDefinitionName="job", **container(), tags=theirs)
    world.hand("RegisterJobDefinition", jobDefinitionName="job", **container())
    world.hand("RegisterJobDefinition", jobDefinitionName="job", **container(), tags={"reconciler:stack": "risk"})
    assert world.apply(stack(QUEUES)).exit is Exit.DONE
    assert active(world) == [2]
    assert world.plan(stack(QUEUES)).is_empty


def test_a_removal_that_was_interrupted_is_finished_by_the_next_run() -> None:
    world = grown(1)
    world.hand("RegisterJobDefinition", jobDefinitionName="job", **container())
    first, *_ = calls(world.plan(stack(QUEUES)))
    world.raw.call(*first)
    assert world.apply(stack(QUEUES)).exit is Exit.DONE
    assert active(world) == []


def test_letting_go_of_a_definition_lets_go_of_every_revision() -> None:
    world = grown(2)
    assert world.apply(version(3, on_remove="orphan")).exit is Exit.DONE
    finish = world.apply(stack(QUEUES))
    assert (finish.exit, active(world)) == (Exit.DONE, [1, 2, 3])
    tags = [one["tags"] for one in world.raw.call("DescribeJobDefinitions", {})["jobDefinitions"]]
    assert tags == [{}, {}, {}]


def test_letting_go_that_was_interrupted_is_finished_by_the_next_run() -> None:
    world = grown(2)
    world.apply(version(2, on_remove="orphan"))
    plan = world.plan(stack(QUEUES))
    first, *_ = calls(plan)
    world.raw.call(*first)
    assert told(world.plan(stack(QUEUES))) == [". JobDefinition/job"]


def adopted_after(by_hand: int, ours: int, **lifecycle: object) -> tuple[World, Stack]:
    """A world in which a definition was registered by hand, and then adopted and applied."""
    world = World()
    assert world.apply(stack(QUEUES)).exit is Exit.DONE
    for number in range(1, by_hand + 1):
        world.raw.call("RegisterJobDefinition", {"jobDefinitionName": "job", **container(command=[str(number)])})
    for number in range(by_hand, by_hand + ours):
        assert world.apply(version(number), PlanOptions(adopt=True)).exit is Exit.DONE
    return world, version(by_hand + ours - 1, **lifecycle)


def test_a_removal_says_which_of_the_revisions_have_no_owner() -> None:
    world, _ = adopted_after(3, 2)
    (removal,) = world.plan(stack(QUEUES), PlanOptions(allow_destroy=("*",))).changes
    assert removal.reasons[-1] == (
        "deregisters revisions 1 to 4, of which 2 have no owner: 1 and 2 registered before the adoption"
    )


def test_revisions_without_an_owner_stay_unless_they_are_to_be_pruned() -> None:
    world, declared = adopted_after(3, 2, retain=2)
    assert world.plan(declared).is_empty
    _, declared = adopted_after(3, 2, retain=2, unowned_revisions="prune")
    plan = world.plan(declared)
    assert pruning(plan).reasons == (
        "deregisters revisions 1 and 2, of which 2 have no owner: 1 and 2 registered before the adoption",
        "retainRevisions is 2, also for revisions without an owner",
    )
    assert world.apply(declared).exit is Exit.DONE
    assert (active(world), world.plan(declared).is_empty) == ([3, 4], True)


def test_what_others_register_after_the_adoption_is_named_as_such() -> None:
    world, declared = adopted_after(1, 2, retain=1, unowned_revisions="prune")
    world.raw.call("RegisterJobDefinition", {"jobDefinitionName": "job", **container(command=["ci"])})
    world.clock.turn(60)
    plan = world.plan(declared)
    assert "of which 1 has no owner: 3 registered outside this stack" in pruning(plan).reasons[0]
