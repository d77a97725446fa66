"""Members that the installed SDK knows and our tables do not: the service gains them all the time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import pytest

from reconciler.adapters.lookup import installed
from reconciler.adapters.lookup.installed import read_schema
from reconciler.kinds import KINDS, batch_kinds
from reconciler.model import Action, Address, Declared, Json, Path, Stack
from reconciler.plan import PlanOptions
from reconciler.ports import takes_everything
from reconciler.problems import Severity
from reconciler.rules import RULES
from reconciler.validate import validate
from tests.builders import CE, CR, JD, JQ, QS, SE, SP, container, ec2, live, owned, planned, stack

NEWS = {("capacityPlan",), ("computeResources", "spareCapacity"), ("containerProperties", "environment", 0, "scope")}


def takes(operation: str, path: Sequence[str | int]) -> bool:
    return operation.startswith(("Create", "Register")) and tuple(path) in NEWS


def checked(kind: str, body: dict[str, Json]) -> tuple[Declared, list[tuple[str, Severity]]]:
    mine, problems = validate(stack({(kind, "x"): body}), read_schema(), KINDS, takes=takes)
    return mine.declared[Address(kind, "x")], [(problem.code, problem.severity) for problem in problems]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (CE, {**ec2(), "capacityPlan": {"id": "p-1"}}),
        (CE, ec2(spareCapacity=7)),
        (JD, container(environment=[{"name": "A", "value": "1", "scope": "node"}])),
    ],
)
def test_what_only_the_sdk_knows_is_passed_on_as_written_with_a_warning(kind: str, body: dict[str, Json]) -> None:
    declared, found = checked(kind, body)
    assert declared.spec == body
    assert ("SCH009", Severity.WARNING) in found
    assert not [code for code, severity in found if severity is Severity.ERROR]


def test_the_rules_still_look_at_what_stands_beside_it() -> None:
    _, found = checked(CE, {**ec2(allocationStrategy="SPOT_CAPACITY_OPTIMIZED"), "capacityPlan": "p-1"})
    assert [severity for _, severity in found].count(Severity.ERROR) == 1


def test_what_nobody_knows_is_an_error_all_the_same() -> None:
    assert checked(CE, {**ec2(), "capacityPlans": "p-1"})[1] == [("SCH001", Severity.ERROR)]


def test_a_newer_member_is_created_compared_and_not_changed_blindly() -> None:
    body = {**ec2(), "capacityPlan": "p-1"}
    mine = stack({(CE, "x"): body})
    assert planned(mine).changes[0].steps[0].request["capacityPlan"] == "p-1"
    assert planned(mine, owned(mine, live(CE, "x", body))).is_empty
    theirs = owned(mine, live(CE, "x", {**body, "capacityPlan": "p-2"}))
    (change,) = planned(mine, theirs, wanted=PlanOptions(takes=takes)).changes
    assert "does not know the field" in change.refusals[0].message


def test_a_newer_member_that_an_update_can_have_is_changed_in_place() -> None:
    """Whatever its cost is: AWS says that it can be changed, and a replacement is dearer than a refusal."""
    body = {**ec2(), "capacityPlan": {"id": "p-1"}}
    mine = stack({(CE, "x"): body})
    theirs = owned(mine, live(CE, "x", {**body, "capacityPlan": {"id": "p-2"}}))
    (change,) = planned(mine, theirs, wanted=PlanOptions(takes=takes_everything)).changes
    assert (change.action, change.refusals) == (Action.UPDATE, ())
    sent = [getattr(step, "request", {}).get("capacityPlan") for step in change.steps]
    assert {"id": "p-1"} in sent
    assert "UpdateComputeEnvironment accepts it" in change.fields[0].why


@pytest.mark.parametrize(
    ("path", "known"),
    [
        (["computeResources", "launchTemplate", "overrides", 0, "launchTemplateId"], True),
        (["computeResources", "tags", "team"], True),
        (["computeResources", "spareCapacity"], False),
        (["state", "deeper"], False),
    ],
)
def test_the_installed_sdk_is_asked_without_loading_it(path: list[str | int], known: bool) -> None:
    assert installed.takes("CreateComputeEnvironment", path) is known
    assert not installed.takes("CreateNothing", path)


def test_without_an_sdk_nothing_newer_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installed, "find_spec", lambda _name: None)
    installed.service_model.cache_clear()
    try:
        assert not installed.takes("CreateComputeEnvironment", ["state"])
    finally:
        installed.service_model.cache_clear()


@pytest.mark.parametrize(
    ("kind", "member"),
    [
        (SP, "arn"),
        (CE, "computeEnvironment"),
        (JQ, "jobQueue"),
        (CR, "consumableResource"),
        (CR, "clientToken"),
        (CR, "operation"),
        (CR, "quantity"),
        (SE, "serviceEnvironment"),
        (QS, "quotaShareArn"),
    ],
)
def test_what_an_update_says_of_itself_is_no_member(kind: str, member: str) -> None:
    """As when `aws batch describe-scheduling-policies` was copied."""
    found = checked(kind, {member: "x"})[1]
    assert ("SCH009", Severity.WARNING) not in found
    assert ("SCH001", Severity.ERROR) in found


def knows(operation: str, path: Sequence[str | int]) -> bool:
    """As an SDK whose enumerations have one value more, of the same name everywhere."""
    return installed.takes(operation, path) or (bool(path) and path[-1] == BRAND_NEW)


BRAND_NEW = "BRAND_NEW"


def enumerations(kind: str) -> Iterator[tuple[Path, bool]]:
    """Yield where the body of a kind has one of several words; True where the service model leaves the set open."""
    defs, waiting = read_schema()["$defs"], [((), read_schema()["$defs"][KINDS[kind].create.operation])]
    seen: set[str] = set()
    while waiting:
        path, schema = waiting.pop()
        name = str(schema.get("$ref", "")).removeprefix("#/$defs/")
        if name in seen or (name and name.endswith("Tags")):
            continue
        seen |= {name} - {""}
        schema = defs[name] if name else schema
        if "enum" in schema or "examples" in schema:
            yield path, "examples" in schema
        waiting += [((*path, member), inner) for member, inner in schema.get("properties", {}).items()]
        waiting += [((*path, 0), schema["items"])] if "items" in schema else []


def body_at(path: Path, value: Json) -> Json:
    """Return a body that has a value at a path, and nothing else."""
    for step in reversed(path):
        value = [value] if isinstance(step, int) else {step: value}
    return value


EVERYWHERE = [(kind.name, path, is_open) for kind in batch_kinds() for path, is_open in enumerations(kind.name)]


def test_there_are_sets_of_both_sorts() -> None:
    assert {is_open for *_, is_open in EVERYWHERE} == {True, False}
    assert len(EVERYWHERE) > MANY


MANY = 30


@pytest.mark.parametrize(("kind", "path", "is_open"), EVERYWHERE)
def test_a_value_that_only_the_sdk_knows_is_passed_on_and_one_of_an_open_set_always_is(
    kind: str, path: Path, is_open: bool
) -> None:
    mine = stack({(kind, "x"): body_at(path, BRAND_NEW)})
    _, with_sdk = validate(mine, read_schema(), KINDS, takes=knows)
    _, without = validate(mine, read_schema(), KINDS)
    codes = {one.code for one in with_sdk if BRAND_NEW in one.message}
    assert codes == {"SCH009"}
    assert {one.code for one in without if BRAND_NEW in one.message} == ({"SCH009"} if is_open else {"SCH003"})
    assert {one.severity for one in with_sdk if BRAND_NEW in one.message} == {Severity.WARNING}


def with_word(value: Json, path: Path, word: str) -> Json | None:
    """Return a copy with a word at a path; None where there is nothing."""
    if not path:
        return word
    copy = dict(value) if isinstance(value, Mapping) else list(value) if isinstance(value, list) else None
    step = path[0]
    if copy is None or not (step in copy if isinstance(copy, dict) else isinstance(step, int) and step < len(copy)):
        return None
    inner = with_word(copy[step], path[1:], word)
    if inner is None:
        return None
    copy[step] = inner
    return copy


@pytest.mark.parametrize(("kind", "path"), sorted({(kind, path) for kind, path, _ in EVERYWHERE}, key=str))
def test_no_rule_makes_an_error_of_a_value_that_only_the_sdk_knows(kind: str, path: Path) -> None:
    """Whatever rules look at goes together, with all known values, in the bodies that keep them."""
    changed = {rule.id: with_word(rule.passes.body, path, BRAND_NEW) for rule in RULES[kind]}
    bodies = {id_: body for id_, body in changed.items() if body is not None}
    alone = {Address(kind, id_): Declared(Address(kind, id_), body) for id_, body in bodies.items()}
    stacks = [alone]
    for rule in RULES[kind]:
        if rule.passes.others and rule.id in bodies:
            own = {
                Address(kind, "example"): bodies[rule.id],
                **{Address(*key): b for key, b in rule.passes.others.items()},
            }
            stacks.append({one: Declared(one, body) for one, body in own.items()})
    for declared in stacks:
        _, problems = validate(Stack("s", declared), read_schema(), KINDS, takes=knows, strict=True)
        assert [one for one in problems if one.severity is Severity.ERROR] == []


@pytest.mark.parametrize("word", ["BRAND_NEW", "brand_new", "Brand_New"])
def test_a_newer_value_is_taken_in_any_case_and_sent_as_the_sdk_spells_it(word: str) -> None:
    mine = stack({(CE, "x"): ec2(allocationStrategy=word)})
    typed, problems = validate(mine, read_schema(), KINDS, takes=knows)
    assert [one.severity for one in problems if one.code.startswith("SCH")] == [Severity.WARNING]
    assert typed.declared[Address(CE, "x")].spec["computeResources"]["allocationStrategy"] == BRAND_NEW


def test_a_rule_that_a_newer_value_does_not_touch_holds() -> None:
    newer = {**ec2(allocationStrategy=BRAND_NEW, minvCpus=9, maxvCpus=8)}
    _, problems = validate(stack({(CE, "x"): newer}), read_schema(), KINDS, takes=knows)
    assert {(one.code, one.severity) for one in problems} >= {("CE015", Severity.ERROR), ("SCH009", Severity.WARNING)}


def test_an_unknown_value_that_a_stack_lets_pass_makes_no_error_elsewhere() -> None:
    queue = {
        "priority": 1,
        "jobQueueType": "ECS_LATER",
        "computeEnvironmentOrder": [{"order": 1, "computeEnvironment": "x"}],
    }
    mine = replace(stack({(CE, "x"): ec2(), (JQ, "q"): queue}), disabled={"SCH003": "it is new"})
    _, problems = validate(mine, read_schema(), KINDS)
    assert [(one.code, one.severity) for one in problems if one.severity is not Severity.NOTE] == [
        ("JQ105", Severity.WARNING)
    ]


@pytest.mark.parametrize("word", ["type", "allocationStrategy"])
def test_an_update_with_a_newer_value_is_tried_in_place(word: str) -> None:
    before, after = ec2(), ec2(**{word: BRAND_NEW})
    mine = stack({(CE, "x"): after})
    (change,) = planned(mine, owned(stack({(CE, "x"): before}), live(CE, "x", before))).changes
    assert (change.action, change.refusals) == (Action.UPDATE, ())


def test_the_installed_sdk_knows_the_values_of_its_enumerations() -> None:
    path = ("computeResources", "allocationStrategy")
    assert installed.takes("CreateComputeEnvironment", (*path, "BEST_FIT"))
    assert not installed.takes("CreateComputeEnvironment", (*path, "best"))
    assert not installed.takes("CreateComputeEnvironment", ("computeResources", "imageId", "ami-1"))


def test_a_word_of_an_open_set_that_is_almost_a_known_one_is_said() -> None:
    body = container(runtimePlatform={"cpuArchitecture": "ARM46"})
    _, problems = validate(stack({(JD, "x"): body}), read_schema(), KINDS)
    assert [one.hint for one in problems if one.code == "SCH009"] == ["did you mean ARM64?"]
