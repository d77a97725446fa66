"""Schedules and notices through the port of Batch, over plain moto: what it shows is what the service was sent."""

import json
from collections.abc import Iterator, Mapping
from functools import cache

import pytest
from botocore.session import Session

from reconciler.adapters.aws.cloud import AwsCloud
from reconciler.adapters.eventbridge.cloud import StackCloud
from reconciler.adapters.eventbridge.spelling import job_input, job_of
from reconciler.kinds.schedule import group_of
from reconciler.live.ownership import APPLIED, NAME, OWNER
from reconciler.model import Json
from reconciler.problems import CloudError

REGION = "us-east-1"
QUEUE = f"arn:aws:batch:{REGION}:123456789012:job-queue/pricing"
TOPIC = f"arn:aws:sns:{REGION}:123456789012:ops"
TAGS = {OWNER: "risk", APPLIED: "ab12:protect"}
JOB = {"jobName": "nightly", "jobQueue": QUEUE, "jobDefinition": "price", "parameters": {"lowerKey": "1"}}
BODY: Mapping[str, Json] = {
    "scheduleExpression": "cron(0 3 * * ? *)",
    "scheduleExpressionTimezone": "Europe/Berlin",
    "job": JOB,
    "target": {"roleArn": "scheduler", "retryPolicy": {"maximumRetryAttempts": 0}},
    "endDate": "2031-01-01T00:00:00Z",
}


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    moto = pytest.importorskip("moto")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with moto.mock_aws():
        session = Session()
        session.set_credentials("key", "secret")
        session.set_config_variable("region", REGION)
        yield session


@pytest.fixture
def cloud(session: Session) -> StackCloud:
    @cache
    def service(name: str) -> AwsCloud:
        return AwsCloud(session, REGION, service=name)

    return StackCloud(service("batch"), service, "risk")


def test_get_schedule_shows_the_target_and_the_input(session: Session, cloud: StackCloud) -> None:
    assert cloud.call("ListSchedules", {}) == {"schedules": []}
    cloud.call("CreateSchedule", {"name": "nightly", **BODY, "tags": TAGS})
    shown = session.create_client("scheduler").get_schedule(GroupName="reconciler-risk", Name="nightly")
    assert shown["Target"]["Arn"] == "arn:aws:scheduler:::aws-sdk:batch:submitJob"
    assert shown["Target"]["RoleArn"] == "arn:aws:iam::123456789012:role/scheduler"
    assert shown["Target"]["RetryPolicy"]["MaximumRetryAttempts"] == 0
    assert json.loads(shown["Target"]["Input"]) == {
        "JobName": "nightly",
        "JobQueue": QUEUE,
        "JobDefinition": "price",
        "Parameters": {"lowerKey": "1"},
    }
    (listed,) = cloud.call("ListSchedules", {})["schedules"]
    described = cloud.call("GetSchedule", {"name": listed["arn"]})
    assert (described["name"], described["tags"], described["job"]) == ("reconciler-risk/nightly", TAGS, JOB)
    assert (described["description"], described["endDate"]) == ("", "2031-01-01T00:00:00Z")


def test_an_update_keeps_what_it_is_not_given_and_the_last_deletion_takes_the_group(cloud: StackCloud) -> None:
    cloud.call("CreateSchedule", {"name": "nightly", **BODY, "description": "Every night", "tags": TAGS})
    name = "reconciler-risk/nightly"
    cloud.call("UpdateSchedule", {"name": name, "scheduleExpression": "rate(1 day)", "endDate": None})
    (listed,) = cloud.call("ListSchedules", {})["schedules"]
    cloud.call("TagResource", {"resourceArn": listed["arn"], "tags": {NAME: "dev/nightly", APPLIED: "cd34"}})
    described = cloud.call("GetSchedule", {"name": listed["arn"]})
    assert (described["scheduleExpression"], described["scheduleExpressionTimezone"], described["job"]) == (
        "rate(1 day)",
        "Europe/Berlin",
        JOB,
    )
    assert (described["description"], "endDate" in described) == ("Every night", False)
    assert described["tags"] == {OWNER: "risk", NAME: "dev/nightly", APPLIED: "cd34"}
    cloud.call("UntagResource", {"resourceArn": listed["arn"], "tagKeys": [OWNER, NAME, APPLIED]})
    assert cloud.call("GetSchedule", {"name": listed["arn"]})["tags"] == {}
    cloud.call("DeleteSchedule", {"name": name})
    assert cloud.call("ListSchedules", {}) == {"schedules": []}


def test_a_group_of_another_owner_is_refused(session: Session, cloud: StackCloud) -> None:
    session.create_client("scheduler").create_schedule_group(Name="reconciler-risk")
    with pytest.raises(CloudError, match="without the tag reconciler:stack"):
        cloud.call("ListSchedules", {})


def test_list_targets_by_rule_shows_the_topic_and_the_transformer(session: Session, cloud: StackCloud) -> None:
    name = "reconciler-risk-failures"
    queues = [f"{QUEUE}-{number:0>60}" for number in range(30)]  # more than one pattern holds
    cloud.call("PutRule", {"name": name, "topic": TOPIC, "queues": queues, "tags": TAGS})
    events = session.create_client("events")
    rules = {rule["Name"]: rule for rule in events.list_rules()["Rules"]}
    assert rules.keys() == {name, f"{name}.2"}
    for rule in rules.values():
        assert len(rule["EventPattern"]) <= 2048
        (target,) = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
        assert target["Arn"] == TOPIC
        assert target["InputTransformer"]["InputPathsMap"]["reason"] == "$.detail.statusReason"
        assert "environment" not in json.dumps(target)
    (notice,) = cloud.call("ListRules", {})["rules"]
    assert (notice["name"], notice["topic"], sorted(notice["queues"]), notice["tags"]) == (name, TOPIC, queues, TAGS)
    cloud.call("PutRule", {"name": name, "on": ["FAILED"], "queues": queues[:1]})
    (notice,) = cloud.call("ListRules", {"names": [name]})["rules"]
    assert (notice["on"], notice["queues"], notice["topic"]) == (["FAILED"], queues[:1], TOPIC)
    cloud.call("DeleteRule", {"name": name})
    assert events.list_rules()["Rules"] == []


def test_a_rule_that_somebody_changed_is_not_as_it_was(session: Session, cloud: StackCloud) -> None:
    name = "reconciler-risk-failures"
    cloud.call("PutRule", {"name": name, "topic": TOPIC, "queues": [QUEUE], "tags": TAGS})
    session.create_client("events").put_rule(Name=name, EventPattern='{"source":["aws.batch"]}')
    (notice,) = cloud.call("ListRules", {})["rules"]
    assert notice["eventPattern"] == '{"source":["aws.batch"]}'


def test_keys_of_users_keep_their_spelling_in_an_input() -> None:
    job = {
        "jobName": "n",
        "tags": {"lowerTag": "1"},
        "containerOverrides": {"environment": [{"name": "lower_NAME", "value": "v"}]},
        "eksPropertiesOverride": {"podProperties": {"metadata": {"labels": {"app": "x"}}}},
    }
    sent = json.loads(job_input(job))
    assert sent["Tags"] == {"lowerTag": "1"}
    assert sent["ContainerOverrides"] == {"Environment": [{"Name": "lower_NAME", "Value": "v"}]}
    assert sent["EksPropertiesOverride"] == {"PodProperties": {"Metadata": {"Labels": {"app": "x"}}}}
    assert job_of(job_input(job)) == job
    assert job_of("no json") is None


def test_names_of_groups_are_short_and_different() -> None:
    names = {group_of(f"{'s' * 80}{number}") for number in range(9)}
    assert (len(names), {len(name) for name in names}) == (9, {64})
