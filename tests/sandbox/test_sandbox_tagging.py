"""The Resource Groups Tagging API finds the resources of Batch by their tags, beside those of other services."""

import json
import urllib.request
from collections.abc import Iterator

import pytest

from reconciler.model import Json
from reconciler.sandbox.core.clock import TurnableClock
from reconciler.sandbox.core.service import Simulator
from reconciler.sandbox.server import protocol
from tests.sandbox.trainings import environment, queue, quota_policy, share
from tests.serving import client_of, running

REGION = "us-east-1"
TAGGING = "resourcegroupstaggingapi"
GROUP = f"arn:aws:logs:{REGION}:123456789012:log-group:/jobs"


def arn(path: str) -> str:
    return f"arn:aws:batch:{REGION}:123456789012:{path}"


@pytest.fixture(name="url")
def _url() -> Iterator[str]:
    """A served sandbox with two tagged resources of Batch and one without tags."""
    with running(Simulator(TurnableClock())) as url:
        batch = client_of(url, "batch", REGION)
        batch.create_scheduling_policy(name="fair", tags={"team": "risk", "reconciler:stack": "jobs"})
        batch.register_job_definition(
            jobDefinitionName="simulate",
            type="container",
            containerProperties={"image": "busybox", "vcpus": 1, "memory": 128},
            tags={"team": "ops"},
        )
        batch.create_scheduling_policy(name="plain")
        yield url


@pytest.fixture(name="tagging")
def _tagging(url: str) -> Json:
    return client_of(url, TAGGING, REGION)


@pytest.fixture
def group(url: str) -> None:
    """A tagged resource of another service."""
    pytest.importorskip("moto.server")
    client_of(url, "logs", REGION).create_log_group(logGroupName="/jobs", tags={"team": "risk", "kept": "7"})


def found(answer: Json) -> dict[str, dict[str, str]]:
    return {
        one["ResourceARN"]: {tag["Key"]: tag["Value"] for tag in one["Tags"]}
        for one in answer["ResourceTagMappingList"]
    }


FAIR, SIMULATE = arn("scheduling-policy/fair"), arn("job-definition/simulate:1")


def test_whatever_has_tags_is_found_with_them(tagging: Json) -> None:
    assert found(tagging.get_resources()) == {
        FAIR: {"team": "risk", "reconciler:stack": "jobs"},
        SIMULATE: {"team": "ops"},
    }


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"TagFilters": [{"Key": "team", "Values": ["risk", "x"]}]}, [FAIR]),
        ({"TagFilters": [{"Key": "team"}]}, [FAIR, SIMULATE]),
        ({"TagFilters": [{"Key": "team"}, {"Key": "reconciler:stack", "Values": ["jobs"]}]}, [FAIR]),
        ({"TagFilters": [{"Key": "team", "Values": ["Risk"]}]}, []),
        ({"ResourceTypeFilters": ["batch"]}, [FAIR, SIMULATE]),
        ({"ResourceTypeFilters": ["batch:job-definition", "batch:job-queue"]}, [SIMULATE]),
        ({"ResourceTypeFilters": ["ec2", "ec2:instance"]}, []),
        ({"ResourceARNList": [SIMULATE, arn("job-queue/none")]}, [SIMULATE]),
    ],
)
def test_filters_choose_by_tag_type_and_arn(tagging: Json, filters: Json, expected: list[str]) -> None:
    assert sorted(found(tagging.get_resources(**filters))) == sorted(expected)


def test_a_quota_share_is_found_by_its_own_type_and_by_that_of_its_queue(lab) -> None:
    environment(lab)
    queue(lab, schedulingPolicyArn=quota_policy(lab))
    share(lab, tags={"team": "risk"})
    with running(lab.simulator) as url:
        tagging = client_of(url, TAGGING, REGION)
        for kind in ("batch:quota-share", "batch:job-queue"):
            assert list(found(tagging.get_resources(ResourceTypeFilters=[kind]))) == [
                arn("job-queue/train/quota-share/vision")
            ]


@pytest.mark.usefixtures("group")
def test_resources_of_other_services_are_found_in_the_same_answer(tagging: Json) -> None:
    answer = tagging.get_resources(TagFilters=[{"Key": "team", "Values": ["risk"]}])
    assert found(answer) == {
        FAIR: {"team": "risk", "reconciler:stack": "jobs"},
        GROUP: {"team": "risk", "kept": "7"},
    }
    assert found(tagging.get_resources(ResourceTypeFilters=["logs"])) == {GROUP: {"team": "risk", "kept": "7"}}
    assert tagging.get_tag_keys()["TagKeys"] == ["kept", "reconciler:stack", "team"]
    assert tagging.get_tag_values(Key="team")["TagValues"] == ["ops", "risk"]


@pytest.mark.usefixtures("group")
@pytest.mark.parametrize("sizes", [{"ResourcesPerPage": 1}, {"ResourcesPerPage": 2}, {"ResourcesPerPage": 100}])
def test_pages_go_over_the_resources_of_all_services(tagging: Json, sizes: dict[str, int]) -> None:
    pages = list(tagging.get_paginator("get_resources").paginate(**sizes))
    assert [name for page in pages for name in found(page)] == [SIMULATE, FAIR, GROUP]
    assert len(pages) == -(-3 // sizes["ResourcesPerPage"])


@pytest.mark.usefixtures("group")
def test_more_resources_than_one_page_of_moto_holds_are_all_found(url: str, tagging: Json) -> None:
    logs = client_of(url, "logs", REGION)
    for number in range(60):
        logs.create_log_group(logGroupName=f"/many/{number}", tags={"many": "yes"})
    answer = tagging.get_resources(TagFilters=[{"Key": "many"}], ResourcesPerPage=100)
    assert len(found(answer)) == 60


def test_a_page_has_no_more_tags_than_asked_for(url: str, tagging: Json) -> None:
    batch = client_of(url, "batch", REGION)
    for number in range(5):
        batch.create_scheduling_policy(name=f"full{number}", tags={f"k{each}": "v" for each in range(40)})
    pages = tagging.get_paginator("get_resources").paginate(TagsPerPage=100, TagFilters=[{"Key": "k1"}])
    assert [len(found(page)) for page in pages] == [2, 2, 1]


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"ResourcesPerPage": 101}, "ResourcesPerPage must be between 1 and 100"),
        ({"TagsPerPage": 99}, "TagsPerPage must be between 100 and 500"),
        (
            {"ResourceARNList": [FAIR], "ResourceTypeFilters": ["batch"]},
            "ResourceARNList cannot be combined with ResourceTypeFilters",
        ),
    ],
)
def test_what_the_api_does_not_take_is_refused(tagging: Json, request_: Json, message: str) -> None:
    with pytest.raises(tagging.exceptions.InvalidParameterException, match=message):
        tagging.get_resources(**request_)


def test_each_account_and_region_finds_its_own(url: str) -> None:
    assert found(client_of(url, TAGGING, "eu-west-1").get_resources()) == {}
    asked = {"authorization": f"Credential=x/20260101/{REGION}/tagging/aws4_request"}
    assert SIMULATE in spoken(url, asked)
    assert spoken(url, {**asked, "x-moto-account-id": "210987654321"}) == []


def spoken(url: str, headers: dict[str, str]) -> list[str]:
    """Ask in the JSON protocol, as older clients do."""
    headers = {**headers, "content-type": "application/x-amz-json-1.1"}
    headers["x-amz-target"] = "ResourceGroupsTaggingAPI_20170126.GetResources"
    with urllib.request.urlopen(urllib.request.Request(url, b"{}", headers)) as answer:
        return [one["ResourceARN"] for one in json.loads(answer.read())["ResourceTagMappingList"]]


@pytest.mark.usefixtures("group")
def test_other_services_can_be_tagged_and_batch_by_its_own_calls_alone(tagging: Json) -> None:
    failed = tagging.tag_resources(ResourceARNList=[FAIR, GROUP], Tags={"cost": "1"})["FailedResourcesMap"]
    assert list(failed) == [FAIR]
    assert found(tagging.get_resources(TagFilters=[{"Key": "cost"}])) == {
        GROUP: {"team": "risk", "kept": "7", "cost": "1"}
    }


@pytest.mark.parametrize(
    "value",
    [None, True, 0, 23, 24, 255, 256, 65536, 2**32, -1, -500, "", "é" * 300, [], [1, ["a"]], {"a": {"b": [False]}}],
)
def test_what_is_encoded_is_decoded_again(value: Json) -> None:
    assert protocol.decoded(protocol.encoded(value)) == value


def test_what_is_no_cbor_is_refused() -> None:
    with pytest.raises(ValueError, match="is not CBOR"):
        protocol.decoded(b"\x1f")
