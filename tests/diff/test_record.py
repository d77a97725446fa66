"""What the service fills in by itself is noted when a stack is applied, and is no change until it moves."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pytest

from reconciler.adapters.lookup.installed import takes
from reconciler.app import usecases
from reconciler.app.usecases import Finish
from reconciler.live.ownership import AppliedRecord
from reconciler.model import Action, Identity, Json, Plan, Stack, dotted
from reconciler.plan import PlanOptions
from reconciler.redact.presented import present
from reconciler.report.results import drift_of
from tests.builders import AS_DECLARED, CE, JD, JQ, container, ec2, live, owned, planned, queue, stack, told
from tests.fakes import session_of
from tests.world import World

Fill = Callable[[dict[str, Json]], None]


@dataclass
class Service:
    """A cloud that fills in more than the simulator knows of: `fills` changes the answers of a describe call."""

    world: World = field(default_factory=World)
    fills: dict[str, Fill] = field(default_factory=dict)

    def identity(self) -> Identity:
        return self.world.cloud.identity()

    def call(self, operation: str, request: Mapping[str, Json]) -> Mapping[str, Json]:
        answer = self.world.cloud.call(operation, request)
        for items in answer.values() if operation in self.fills else ():
            for item in items if isinstance(items, list) else ():
                self.fills[operation](item)
        return answer

    def plan(self, of: Stack, wanted: PlanOptions = AS_DECLARED) -> Plan:
        return usecases.plan(of, session_of(self), wanted)

    def apply(self, of: Stack, wanted: PlanOptions = AS_DECLARED) -> Finish:
        return usecases.run(self.plan(of, wanted), of, session_of(self, self.world.clock), options=wanted)

    def writes(self, since: int = 0) -> list[str]:
        return [operation for operation, _ in self.world.writes(since)]


def fills_capacity(value: Json) -> dict[str, Fill]:
    return {"DescribeComputeEnvironments": lambda item: item["computeResources"].update(spareCapacity=value)}


ENVIRONMENT = stack({(CE, "spot"): ec2()})
DEFINITION = stack({(JD, "job"): container()})


def test_a_default_that_nobody_has_heard_of_is_noted_in_the_apply_that_meets_it() -> None:
    service = Service(fills=fills_capacity(7))
    finish = service.apply(ENVIRONMENT)
    assert finish.exit == 0
    assert service.writes() == ["CreateComputeEnvironment", "TagResource"]
    assert service.plan(ENVIRONMENT).changes == ()


@pytest.mark.parametrize(("image", "calls"), [("ECS_AL2023", []), ("ECS_AL2", ["TagResource"])])
def test_an_image_that_the_service_chose_for_a_new_environment_is_no_change_later(image: str, calls: list[str]) -> None:
    """The one that it usually chooses needs no note."""
    chosen = [{"imageType": image}]
    service = Service(
        fills={"DescribeComputeEnvironments": lambda item: item["computeResources"].update(ec2Configuration=chosen)}
    )
    assert service.apply(ENVIRONMENT).exit == 0
    assert service.writes() == ["CreateComputeEnvironment", *calls]
    assert service.plan(ENVIRONMENT).is_empty


def test_where_the_service_fills_in_nothing_new_there_is_no_call_more() -> None:
    service = Service()
    service.apply(ENVIRONMENT)
    assert service.writes() == ["CreateComputeEnvironment"]


def test_a_noted_member_is_told_when_it_moves_and_noted_again() -> None:
    service = Service(fills=fills_capacity(7))
    service.apply(ENVIRONMENT)
    service.fills = fills_capacity(8)
    plan = service.plan(ENVIRONMENT)
    (change,) = plan.changes
    assert [(dotted(f.path), f.before, f.after, f.undeclared) for f in change.fields] == [
        ("computeResources.spareCapacity", 8, None, True)
    ]
    assert drift_of(present(plan)).counts["undeclared"] == 1
    before = len(service.world.calls)
    assert service.apply(ENVIRONMENT).exit == 0
    assert service.writes(before) == ["TagResource"]
    assert service.plan(ENVIRONMENT).is_empty


def test_a_noted_member_that_has_gone_changes_the_record_alone() -> None:
    service = Service(fills=fills_capacity(7))
    service.apply(ENVIRONMENT)
    service.fills = {}
    before = len(service.world.calls)
    assert service.apply(ENVIRONMENT).exit == 0
    assert service.writes(before) == ["TagResource"]
    tags = service.plan(ENVIRONMENT)
    assert tags.is_empty


def test_a_member_that_the_service_fills_in_makes_no_revision_after_revision() -> None:
    """Known, undeclared, and in no table as a default: registering again would bring it again, for ever."""
    service = Service(fills={"DescribeJobDefinitions": lambda item: item.update(schedulingPriority=5)})
    assert service.apply(DEFINITION).exit == 0
    assert service.writes() == ["RegisterJobDefinition", "TagResource"]
    assert service.plan(DEFINITION).is_empty
    assert service.apply(stack({(JD, "job"): container(image="other")})).exit == 0
    assert service.writes()[2:] == ["RegisterJobDefinition"]  # the note came along


def test_what_somebody_adds_later_is_drift_all_the_same() -> None:
    service = Service(fills={"DescribeJobDefinitions": lambda item: item.update(schedulingPriority=5)})
    service.apply(DEFINITION)
    service.fills = {"DescribeJobDefinitions": lambda item: item.update(schedulingPriority=5, propagateTags=True)}
    plan = service.plan(DEFINITION)
    assert told(plan) == ["^ JobDefinition/job"]
    assert plan.changes[0].drift


def test_a_noted_member_stays_noted_whatever_else_somebody_changes() -> None:
    service = Service(fills=fills_capacity(7))
    service.apply(ENVIRONMENT)
    service.world.hand("UpdateComputeEnvironment", computeEnvironment="spot", computeResources={"ec2KeyPair": "k"})
    (change,) = service.plan(ENVIRONMENT).changes
    assert [dotted(field.path) for field in change.fields] == ["computeResources.ec2KeyPair"]


def test_a_declared_member_is_never_noted_even_where_it_is_the_default() -> None:
    """Somebody disables the environment in the moment after its creation."""
    mine = stack({(CE, "spot"): {**ec2(), "state": "ENABLED"}})
    theirs = owned(mine, live(CE, "spot", {**ec2(), "state": "DISABLED"}))
    (change,) = planned(mine, theirs, wanted=PlanOptions(made=frozenset(mine.declared))).changes
    assert [(dotted(f.path), f.noted, f.undeclared) for f in change.fields] == [("state", False, False)]
    assert change.steps[0].request["state"] == "ENABLED"


@pytest.mark.parametrize(
    ("kind", "body", "shown"),
    [
        (CE, ec2(), {**ec2(), "createdAt": 1800000000, "health": {"score": 7}}),
        (JD, container(), {**container(), "lastUsed": "yesterday"}),
    ],
)
def test_what_only_answers_have_never_counts(kind: str, body: dict[str, Json], shown: dict[str, Json]) -> None:
    mine = stack({(kind, "x"): body})
    plan = planned(
        mine, owned(mine, live(kind, "x", shown, revisions=(1,) if kind == JD else ())), wanted=PlanOptions(takes=takes)
    )
    assert plan.is_empty
    assert {one.why for ones in plan.ignored.values() for one in ones} == {"it is only in API responses"}


def test_adopting_takes_note_in_the_tags_that_it_writes_anyway() -> None:
    service = Service(fills=fills_capacity(7))
    service.world.hand("CreateComputeEnvironment", computeEnvironmentName="spot", **ec2())
    plan = service.plan(ENVIRONMENT, PlanOptions(adopt=True))
    assert [change.action for change in plan.changes] == [Action.ADOPT]
    before = len(service.world.calls)
    assert service.apply(ENVIRONMENT, PlanOptions(adopt=True)).exit == 0
    assert service.writes(before) == ["TagResource"]
    assert service.plan(ENVIRONMENT).is_empty


def test_an_entry_of_a_list_with_news_in_it_is_the_same_entry() -> None:
    mine = stack({(CE, "spot"): ec2(), (JQ, "q"): queue("spot")})
    service = Service(fills={"DescribeJobQueues": lambda item: item["computeEnvironmentOrder"][0].update(share=1)})
    assert service.apply(mine).exit == 0
    assert service.plan(mine).is_empty
    note = AppliedRecord.of(service.world.raw.call("DescribeJobQueues", {})["jobQueues"][0]["tags"])
    assert len(note.left) == 20
