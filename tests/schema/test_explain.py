import pytest

from reconciler.adapters.lookup.installed import read_schema
from reconciler.kinds import KINDS
from reconciler.model import Json
from reconciler.schema import Explained, explain, nearest


@pytest.fixture(scope="module")
def schema() -> Json:
    return read_schema()


def paths(asked: str, schema: Json) -> list[str]:
    return [one.path for one in explain(asked, KINDS, schema)]


def facts(asked: str, schema: Json) -> dict[str, str]:
    (one,) = explain(asked, KINDS, schema)
    return dict(one.facts)


def test_a_member_is_explained_in_full(schema: Json) -> None:
    assert explain("jobDefinitions.retryStrategy.attempts", KINDS, schema) == (
        Explained(
            path="jobDefinitions.retryStrategy.attempts",
            says="The number of attempts, 1 to 10; 1 means no retry. A job that timed out is not retried.",
            facts=(
                ("type", "integer"),
                ("limits", "at least 1, at most 10"),
                ("changing it", "revision: running jobs keep theirs"),
                ("source", "https://docs.aws.amazon.com/batch/latest/APIReference/API_RegisterJobDefinition.html"),
            ),
        ),
    )


@pytest.mark.parametrize(
    "asked",
    [
        "jobDefinitions.containerProperties.image",
        "JobDefinition.containerProperties.image",
        "job-definition.containerproperties.IMAGE",
        "JobDefinition/containerProperties/image",
    ],
)
def test_a_member_is_found_under_every_name_of_its_kind(asked: str, schema: Json) -> None:
    assert paths(asked, schema) == ["jobDefinitions.containerProperties.image"]


def test_an_index_says_nothing_about_the_member(schema: Json) -> None:
    wanted = ["jobDefinitions.containerProperties.environment.value"]
    assert paths("jobDefinitions.containerProperties.environment[0].value", schema) == wanted
    assert paths("jobDefinitions.containerProperties.environment.3.value", schema) == wanted


def test_a_bare_member_is_explained_wherever_it_is(schema: Json) -> None:
    assert paths("minvCpus", schema) == ["computeEnvironments.computeResources.minvCpus"]
    assert paths("evaluateOnExit.action", schema) == [
        "jobDefinitions.retryStrategy.evaluateOnExit.action",
        "schedules.job.retryStrategy.evaluateOnExit.action",
    ]
    assert paths("state", schema) == [
        "computeEnvironments.state",
        "serviceEnvironments.state",
        "jobQueues.state",
        "jobQueues.jobStateTimeLimitActions.state",
        "quotaShares.state",
        "schedules.state",
        "notices.state",
    ]


def test_a_kind_is_explained_by_its_members(schema: Json) -> None:
    (one,) = explain("schedulingPolicies", KINDS, schema)
    assert (one.path, one.says) == ("schedulingPolicies", KINDS["SchedulingPolicy"].description)
    assert one.facts[0] == ("members", "quotaSharePolicy, fairsharePolicy, tags")


def test_costs_are_inherited_and_differ_for_presence(schema: Json) -> None:
    assert facts("computeEnvironments.computeResources.subnets", schema)["changing it"] == (
        "infrastructure: instances are replaced (some live settings make it more expensive)"
    )
    assert facts("jobQueues.schedulingPolicyArn", schema)["adding or removing it"] == (
        "replace: cannot be changed in place"
    )


def test_what_only_an_update_can_set_says_so(schema: Json) -> None:
    assert facts("computeEnvironments.updatePolicy", schema)["set by"] == (
        "UpdateComputeEnvironment only: create, wait, update"
    )


def test_a_trigger_has_no_cost_and_says_what_it_rides_with(schema: Json) -> None:
    told = facts("computeEnvironments.computeResources.updateToLatestImageVersion", schema)
    assert told["sent with"] == "a change of launchTemplate; where true, whenever instances are replaced"
    assert "changing it" not in told


def test_lists_say_how_they_are_compared(schema: Json) -> None:
    assert facts("jobDefinitions.containerProperties.command", schema)["compared"] == "in order"
    assert facts("jobDefinitions.containerProperties.environment", schema)["compared"] == (
        "entry by entry, in any order, identified by name"
    )


def test_choices_are_listed_in_the_services_spelling(schema: Json) -> None:
    assert facts("computeEnvironments.type", schema)["one of"] == "MANAGED, UNMANAGED"
    assert facts("jobDefinitions.platformCapabilities", schema)["one of"] == "EC2, FARGATE, MANAGED_INSTANCES"


def test_a_name_is_explained_with_what_changing_it_costs(schema: Json) -> None:
    told = facts("jobQueues.jobQueueName", schema)
    assert (told["limits"], told["changing it"]) == (
        "matches ^[a-zA-Z0-9_-]{1,128}$",
        "replace: cannot be changed in place",
    )


def test_an_unmanaged_member_is_explained_by_its_reason(schema: Json) -> None:
    assert explain("desiredvCpus", KINDS, schema) == (
        Explained(
            "computeEnvironments.computeResources.desiredvCpus",
            "Accepted and ignored: owned by the autoscaler: never sent and never compared.",
        ),
    )


def test_the_nearest_members_are_offered_for_a_typo(schema: Json) -> None:
    assert explain("jobDefinitions.containerProperties.imgae", KINDS, schema) == ()
    assert nearest("jobDefinitions.containerProperties.imgae", KINDS, schema)[0] == (
        "jobDefinitions.containerProperties.image"
    )
    assert nearest("jobQueues.prioritty", KINDS, schema) == ("jobQueues.priority",)


def test_nothing_is_offered_for_nonsense(schema: Json) -> None:
    assert nearest("zzz", KINDS, schema) == ()
    assert nearest("", KINDS, schema) == ()
    assert explain("", KINDS, schema) == ()


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_every_member_can_be_explained(kind, schema: Json) -> None:
    for row in kind.rows:
        assert paths(f"{kind.section}.{row.name}", schema) == [f"{kind.section}.{row.name}"]


def test_what_is_required_is_not_empty(schema: Json) -> None:
    assert facts("jobDefinitions.containerProperties.secrets.name", schema)["limits"] == "not empty"
