import pytest

from reconciler.diff.ignore import with_ignored
from reconciler.kinds import KINDS
from reconciler.model import Json
from tests.builders import CE, JD, SE, container, ec2, limits


def task(*containers: dict[str, Json]) -> dict[str, Json]:
    return {"ecsProperties": {"taskProperties": [{"containers": list(containers)}]}}


@pytest.mark.parametrize(
    ("path", "declared", "live", "sent"),
    [
        ("containerProperties.image", container(image="a"), container(image="b"), container(image="b")),
        ("parameters", {}, {"parameters": {"a": "1"}}, {"parameters": {"a": "1"}}),
        ("parameters.a", {"parameters": {"b": "2"}}, {"parameters": {"a": "1"}}, {"parameters": {"b": "2", "a": "1"}}),
        ("timeout.attemptDurationSeconds", {"timeout": {"attemptDurationSeconds": 60}}, {}, {}),
        ("retryStrategy.evaluateOnExit.0", {}, {"retryStrategy": {"evaluateOnExit": [{"action": "exit"}]}},
         {"retryStrategy": {"evaluateOnExit": [{"action": "exit"}]}}),
        ("ecsProperties.taskProperties.[0].containers.a.image", task({"name": "a", "image": "1"}, {"name": "b", "image": "1"}),
         task({"name": "b", "image": "2"}, {"name": "a", "image": "2"}),
         task({"name": "a", "image": "2"}, {"name": "b", "image": "1"})),
    ],
)  # fmt: skip
def test_an_ignored_member_is_sent_as_it_is_live(
    path: str, declared: dict[str, Json], live: dict[str, Json], sent: dict[str, Json]
) -> None:
    assert with_ignored(KINDS[JD], declared, live, [path]) == sent


@pytest.mark.parametrize(
    ("path", "most"),
    [("capacityLimits.ml.m5.large.maxCapacity", 9), ("capacityLimits.ml.m5.large", 9), ("capacityLimits.ml.m5", 1)],
)
def test_a_key_may_have_dots(path: str, most: int) -> None:
    declared, live = ({"capacityLimits": limits(m5=capacity)} for capacity in (1, 9))
    assert with_ignored(KINDS[SE], declared, live, [path]) == {"capacityLimits": limits(m5=most)}


def test_an_ignored_entry_that_is_not_live_is_not_sent() -> None:
    declared = container(environment=[{"name": "A", "value": "1"}, {"name": "B", "value": "1"}])
    sent = with_ignored(KINDS[JD], declared, container(), ["containerProperties.environment.A"])
    assert sent["containerProperties"]["environment"] == [{"name": "B", "value": "1"}]


def test_the_declaration_itself_is_left_as_it_is() -> None:
    declared = ec2(maxvCpus=1)
    with_ignored(KINDS[CE], declared, ec2(maxvCpus=2), ["computeResources.maxvCpus"])
    assert declared == ec2(maxvCpus=1)
