"""Members that the installed SDK knows and our tables do not: the service gains them all the time."""

from collections.abc import Sequence

import pytest

from reconciler.kinds import KINDS
from reconciler.lookup import installed
from reconciler.lookup.schemas import read_schema
from reconciler.model import Address, Declared, Json
from reconciler.problems import Severity
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
    (change,) = planned(mine, owned(mine, live(CE, "x", {**body, "capacityPlan": "p-2"}))).changes
    assert "does not know the member" in change.refusals[0].message


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
