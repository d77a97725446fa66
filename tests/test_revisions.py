"""Whatever was declared, rolled back, pruned and registered by hand: after apply the plan is empty, and the newest active
revision means what the YAML means.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from hypothesis import given, note
from hypothesis import strategies as st

from reconciler.app import usecases
from reconciler.diff.canonical import canonical
from reconciler.kinds import KINDS
from reconciler.model import Json, Lifecycle, Stack
from reconciler.problems import Exit, Refused, WrongUsage
from reconciler.sandbox.core.clock import Timings
from reconciler.sandbox.core.faults import Failure, FaultRule
from tests.builders import CE, JD, JQ, container, ec2, queue, stack, told
from tests.fakes import HERE
from tests.laws import law
from tests.live_jobs import LiveJobs
from tests.world import World

JOB = (JD, "job")
KIND = KINDS[JD]
THEIRS = {"reconciler:stack": "other"}
BODIES = st.builds(
    lambda command, more: {**container(command=command), **more},
    st.sampled_from([[], ["a"], ["b"]]),
    st.fixed_dictionaries({}, optional={"timeout": st.just({"attemptDurationSeconds": 60}),
                                        "tags": st.sampled_from([{"team": "x"}, {"team": "y"}])}),
)  # fmt: skip
RETAINED = st.sampled_from([None, 1, 2, 3])


@dataclass
class Story:
    """One definition over time."""

    world: World
    jobs: LiveJobs
    body: dict[str, Json] = field(default_factory=container)
    retained: int | None = None

    @property
    def stack(self) -> Stack:
        lifecycles = {JOB: Lifecycle(retain_revisions=self.retained)}
        return stack({(CE, "spot"): ec2(), (JQ, "q"): queue("spot"), JOB: self.body}, lifecycles=lifecycles)

    def declare(self, body: dict[str, Json], retained: int | None) -> None:
        self.body, self.retained = body, retained
        self.apply()

    def apply(self) -> None:
        before, held = self.revisions(), self.held()
        finish = self.world.apply(self.stack)
        note(f"{[(r.change.action.value, r.state, r.message) for r in finish.outcome.results]}")
        assert finish.exit is Exit.DONE
        self.world.clock.turn(60)
        self.check(before, held)

    def check(self, before: Mapping[int, Json], held: set[int]) -> None:
        plan = self.world.plan(self.stack)
        assert plan.is_empty, told(plan)
        after = self.revisions()
        newest = after[max(after)]
        assert newest["tags"]["reconciler:stack"] == "risk"
        assert canonical(KIND.rows, body_of(newest), HERE) == canonical(KIND.rows, body_of(self.body), HERE)
        gone = before.keys() - after.keys()
        assert not gone & held
        assert all(before[number]["tags"].get("reconciler:stack") == "risk" for number in gone)
        own = [number for number in after if after[number]["tags"].get("reconciler:stack") == "risk"]
        assert self.retained is None or len(set(own) - held) <= self.retained
        assert self.retained is not None or not gone
        if before and canonical(KIND.rows, body_of(before[max(before)]), HERE) == canonical(
            KIND.rows, body_of(self.body), HERE
        ):
            assert max(after) == max(before)

    def roll_back(self, to: int | None) -> None:
        before = self.revisions()
        try:
            back = usecases.rollback(self.stack, self.world.session, "job", to)
        except (Refused, WrongUsage) as no:
            note(no.message)
            assert self.revisions() == before
            return
        finish = usecases.roll_back(back, self.stack, self.world.session)
        assert finish.exit is Exit.DONE
        self.world.clock.turn(60)
        assert len(self.revisions()) <= len(before) + 1
        plan = self.world.plan(self.stack)
        assert not any(change.drift for change in plan.changes if back.plan.changes)

    def meddle(self, body: dict[str, Json], theirs: bool) -> None:
        """Somebody registers a revision by hand, or under another owner's name below one of ours."""
        plain = {member: value for member, value in body.items() if member != "tags"}
        if theirs:
            self.world.hand("RegisterJobDefinition", jobDefinitionName="job", **plain, tags=THEIRS)
        self.world.hand("RegisterJobDefinition", jobDefinitionName="job", **plain, tags={"reconciler:stack": "risk"})
        if not theirs:
            self.world.hand("RegisterJobDefinition", jobDefinitionName="job", **plain)

    def submit(self, back: int) -> None:
        active = sorted(self.revisions())
        if active:
            self.jobs.run(f"job:{active[max(0, len(active) - 1 - back)]}")

    def revisions(self) -> dict[int, Json]:
        found = self.world.cloud.call("DescribeJobDefinitions", {"jobDefinitionName": "job", "status": "ACTIVE"})
        return {one["revision"]: one for one in found["jobDefinitions"]}

    def held(self) -> set[int]:
        return {int(definition.rpartition(":")[2]) for _, _, definition in self.jobs.jobs}


def body_of(described: Json) -> dict[str, Json]:
    apart = {"jobDefinitionName", "jobDefinitionArn", "tags", *KIND.read.response_only}
    return {member: value for member, value in described.items() if member not in apart}


EVENTS = st.one_of(
    st.tuples(st.just("declare"), BODIES, RETAINED),
    st.tuples(st.just("roll_back"), st.one_of(st.none(), st.integers(1, 8))),
    st.tuples(st.just("meddle"), BODIES, st.booleans()),
    st.tuples(st.just("submit"), st.integers(0, 3)),
    st.tuples(st.just("apply")),
)
RULES = st.lists(
    st.builds(
        lambda failure, operation, nth: FaultRule(failure=failure, operation=operation, nth=nth),
        st.sampled_from([Failure.THROTTLE, Failure.SERVER_ERROR, Failure.LOST_ANSWER]),
        st.sampled_from(["*", "Register*", "Deregister*", "Tag*", "List*", "Describe*"]),
        st.integers(1, 5),
    ),
    max_size=2,
)


@law(20)
@given(st.lists(EVENTS, min_size=1, max_size=8), RULES, st.sampled_from([0.0, 1.5]), st.integers(0, 9))
def test_any_history_of_a_definition_ends_as_the_yaml_says(
    jobs: LiveJobs, history: list[tuple[str, ...]], rules: list[FaultRule], lag: float, seed: int
) -> None:
    jobs.end()
    story = Story(World(Timings(read_lag=lag), seed=seed), jobs)
    story.world.apply(stack({(CE, "spot"): ec2(), (JQ, "q"): queue("spot")}))
    for event, *values in history:
        note(f"{event} {values}")
        story.world.strike(*(rules if event in ("declare", "apply", "roll_back") else ()))
        getattr(story, event)(*values)
        story.world.clock.turn(60)
    jobs.end()
    story.apply()
