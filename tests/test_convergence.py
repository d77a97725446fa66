"""Whatever the history of stacks, whatever the lag and the faults: applying a plan leaves an empty plan."""

from dataclasses import replace

from hypothesis import given, note
from hypothesis import strategies as st

from reconciler.model import Json, Stack
from reconciler.plan import PlanOptions
from reconciler.problems import Exit
from reconciler.sandbox.core.clock import Timings
from reconciler.sandbox.core.faults import Failure, FaultRule
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
    limits,
    quota,
    service,
    share,
    stack,
    told,
    training,
)
from tests.laws import law
from tests.world import World

ALLOWED = PlanOptions(allow_destroy=("*",))
ENVIRONMENTS, QUEUES, POLICIES, JOBS = ("a", "b", "c"), ("q", "r"), ("p", "s"), ("j", "k")
TYPES = ("m5", "c5", "r5", "optimal")


def some(values: tuple[str, ...]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), unique=True, min_size=1)


def optional(**members: st.SearchStrategy[Json]) -> st.SearchStrategy[dict[str, Json]]:
    return st.fixed_dictionaries({}, optional=members)


TAGS = st.dictionaries(st.sampled_from(["team", "cost"]), st.sampled_from(["x", "y"]), max_size=2)
TOP = optional(
    state=st.sampled_from(["ENABLED", "DISABLED"]),
    updatePolicy=optional(terminateJobsOnUpdate=st.booleans(), jobExecutionTimeoutMinutes=st.integers(1, 60)),
    tags=TAGS,
    ecsSettings=st.fixed_dictionaries({"containerInsights": st.sampled_from(["ENABLED", "DISABLED"])}),
)
RESOURCES = optional(
    allocationStrategy=st.sampled_from(["BEST_FIT", "BEST_FIT_PROGRESSIVE"]),
    minvCpus=st.integers(0, 4),
    maxvCpus=st.integers(8, 64),
    instanceTypes=some(TYPES),
    subnets=some(("subnet-1", "subnet-2")),
    securityGroupIds=some(("sg-1", "sg-2")),
    ec2KeyPair=st.sampled_from(["key", ""]),
    imageId=st.just("ami-1"),
    placementGroup=st.just("group"),
    tags=TAGS,
    type=st.sampled_from(["EC2"]),
    launchTemplate=st.one_of(
        st.fixed_dictionaries(
            {"launchTemplateId": st.sampled_from(["lt-1", "lt-2"])}, optional={"version": st.just("$Latest")}
        ),
        st.fixed_dictionaries({"launchTemplateName": st.just("lt")}),
        st.just({"launchTemplateId": ""}),
    ),
    ec2Configuration=st.lists(
        st.fixed_dictionaries({"imageType": st.just("ECS_AL2023")}, optional={"imageIdOverride": st.just("ami-2")}),
        max_size=1,
    ),
    scalingPolicy=st.fixed_dictionaries({"minScaleDownDelayMinutes": st.sampled_from([20, 60])}),
    desiredvCpus=st.just(4),
    updateToLatestImageVersion=st.booleans(),
)
FARGATE = st.fixed_dictionaries({
    "type": st.just("MANAGED"), "computeResources": st.fixed_dictionaries({
        "type": st.just("FARGATE"), "maxvCpus": st.integers(1, 9), "subnets": some(("subnet-1", "subnet-2")),
        "securityGroupIds": some(("sg-1", "sg-2"))})},
    optional={"updatePolicy": st.just({"terminateJobsOnUpdate": True})})  # fmt: skip
ENVIRONMENT = st.builds(lambda top, resources: {**ec2(**resources), **top}, TOP, RESOURCES)
POLICY = st.fixed_dictionaries({"fairsharePolicy": optional(
    shareDecaySeconds=st.integers(0, 10), computeReservation=st.integers(0, 99),
    shareDistribution=st.lists(st.fixed_dictionaries(
        {"shareIdentifier": st.sampled_from(["A", "B", "C"])}, optional={"weightFactor": st.sampled_from([0.1, 1, 0.3, 7.7])}),
        unique_by=lambda share: share["shareIdentifier"]))})  # fmt: skip
VARIABLES = st.lists(
    st.fixed_dictionaries({"name": st.sampled_from(["A", "B", "C"]), "value": st.sampled_from(["", "1", "2"])}),
    unique_by=lambda entry: entry["name"],
)
JOB = st.builds(
    lambda members, top: {**container(**members), **top},
    optional(command=st.lists(st.sampled_from(["run", "Ref::x"])), environment=VARIABLES, memory=st.integers(4, 9),
             ulimits=st.just([{"name": "nofile", "softLimit": 1, "hardLimit": 2}]), privileged=st.booleans()),
    optional(tags=TAGS, parameters=st.just({"x": "1"}), propagateTags=st.booleans(),
             retryStrategy=st.just({"attempts": 2, "evaluateOnExit": [{"onReason": "*", "action": "RETRY"}]})),
)  # fmt: skip


@st.composite
def stacks(draw: st.DrawFn) -> Stack:
    environments = draw(st.dictionaries(st.sampled_from(ENVIRONMENTS), st.one_of(ENVIRONMENT, FARGATE), max_size=3))
    policies = draw(st.dictionaries(st.sampled_from(POLICIES), POLICY, max_size=2))
    jobs = draw(st.dictionaries(st.sampled_from(JOBS), JOB, max_size=2))
    resources: dict[tuple[str, str], dict[str, Json]] = {(JD, "always"): container()}
    resources |= {(CE, name): spec for name, spec in environments.items()}
    resources |= {(SP, name): spec for name, spec in policies.items()}
    resources |= {(JD, name): spec for name, spec in jobs.items()}
    resources |= draw(consumables(tuple(jobs)))
    if draw(st.booleans()):
        resources |= draw(trainings())
    for name in QUEUES if environments else ():
        if draw(st.booleans()):
            resources[JQ, name] = draw(queues(environments, tuple(policies)))
    return stack(resources, tags=draw(TAGS))


@st.composite
def queues(draw: st.DrawFn, environments: dict[str, Json], policies: tuple[str, ...]) -> dict[str, Json]:
    by_type: dict[str, list[str]] = {}
    for name, spec in environments.items():
        by_type.setdefault(spec["computeResources"]["type"], []).append(name)
    names = draw(some(tuple(draw(st.sampled_from(list(by_type.values()))))))
    start = draw(st.integers(0, 3))
    order = [{"order": start + 2 * n, "computeEnvironment": name} for n, name in enumerate(names)]
    body = {"priority": draw(st.integers(0, 3)), "computeEnvironmentOrder": order}
    more = draw(optional(state=st.sampled_from(["ENABLED", "DISABLED"]), tags=TAGS))
    if policies and draw(st.booleans()):
        more["schedulingPolicyArn"] = draw(st.sampled_from(policies))
    return {**body, **more}


@st.composite
def consumables(draw: st.DrawFn, jobs: tuple[str, ...]) -> dict[tuple[str, str], dict[str, Json]]:
    """Consumable resources, and jobs that take some of them. What is used up is called so."""
    types = {"free": {}, "used": {"resourceType": "NON_REPLENISHABLE"}}
    found = draw(st.dictionaries(st.sampled_from(list(types)), st.integers(0, 3)))
    resources = {(CR, name): consumable(quantity, **types[name]) for name, quantity in found.items()}
    if jobs and found and draw(st.booleans()):
        takes = [{"consumableResource": name, "quantity": 1} for name in draw(some(tuple(found)))]
        resources[JD, "takes"] = {**container(), "consumableResourceProperties": {"consumableResourceList": takes}}
    return resources


@st.composite
def trainings(draw: st.DrawFn) -> dict[tuple[str, str], dict[str, Json]]:
    """A queue for SageMaker training, with what it needs and its quota shares."""
    state = optional(state=st.sampled_from(["ENABLED", "DISABLED"]), tags=TAGS)
    capacity = st.dictionaries(st.sampled_from(["m5", "g5", "p4d"]), st.integers(1, 3), min_size=1)
    sharing = st.sampled_from([{"strategy": "RESERVE"}, {"strategy": "LEND_AND_BORROW", "borrowLimit": 5},
                               {"strategy": "LEND_AND_BORROW", "borrowLimit": -1}, {"strategy": "LEND"}])  # fmt: skip
    shares = draw(st.sets(st.sampled_from(["s", "t"])))
    return {
        (SP, "quotas"): quota(),
        (SE, "gpu"): {**service(**draw(capacity)), **draw(state)},
        (JQ, "train"): {**training("gpu", schedulingPolicyArn="quotas"), **draw(state)},
        **{
            (QS, name): share("train", capacityLimits=limits(**draw(capacity)),
                              resourceSharingConfiguration=draw(sharing), **draw(state))
            for name in sorted(shares)
        },
    }  # fmt: skip


RULES = st.lists(
    st.builds(
        lambda failure, operation, nth: FaultRule(failure=failure, operation=operation, nth=nth),
        st.sampled_from([Failure.THROTTLE, Failure.SERVER_ERROR, Failure.LOST_ANSWER]),
        st.sampled_from(["*", "Create*", "Update*", "Delete*", "Register*", "Tag*", "Untag*", "Deregister*"]),
        st.integers(1, 6),
    ),
    max_size=3,
)
TIMINGS = st.builds(
    lambda create, update, delete, grace, lag: Timings(
        create=create, update=update, delete=delete, relationship_grace=grace, read_lag=lag),
    *[st.sampled_from([0.0, 2.0, 45.0])] * 3, st.sampled_from([0.0, 30.0]), st.sampled_from([0.0, 1.5]),
)  # fmt: skip


@law(15)
@given(st.lists(stacks(), min_size=1, max_size=4), TIMINGS, RULES, st.booleans(), st.integers(0, 9))
def test_any_history_of_stacks_ends_in_an_empty_plan(
    history: list[Stack], timings: Timings, rules: list[FaultRule], replacing: bool, seed: int
) -> None:
    world = World(timings, seed=seed)
    wanted = replace(ALLOWED, allow_replace=replacing)
    for version in history:
        world.strike(*rules)
        plan = world.plan(version, wanted)
        note(f"{told(plan)} {[str(p) for p in plan.refusals]}")
        if plan.refusals:  # what needs a replacement is shown and refused
            assert not replacing or {problem.code for problem in plan.refusals} <= {"PLAN001"}
            continue
        finish = world.apply(version, wanted)
        note(str([(r.state, r.message) for r in finish.outcome.results]))
        assert finish.exit is Exit.DONE
        assert world.plan(version).is_empty
    world.strike(*rules)
    last = history[-1]
    assert world.apply(last, PlanOptions(destroy=True)).exit is Exit.DONE
    assert world.plan(stack({})).is_empty
