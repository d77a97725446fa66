"""What all kinds share in the sandbox: pages, names, tags, the model's own checks, lagging reads."""

import pytest

from reconciler.problems import CloudError, Fault
from reconciler.sandbox.core.clock import Timings
from reconciler.sandbox.core.model import problems_of, service_model
from tests.sandbox.trainings import environment, queue

ARN = "arn:aws:batch:us-east-1:123456789012"
READS = [
    ("DescribeComputeEnvironments", "computeEnvironments", "ComputeEnvironments"),
    ("DescribeJobQueues", "jobQueues", "JobQueues"),
    ("DescribeJobDefinitions", "jobDefinitions", "JobDefinitions"),
    ("DescribeServiceEnvironments", "serviceEnvironments", "ServiceEnvironments"),
]


@pytest.mark.parametrize(("operation", "member", "label"), READS)
def test_names_and_a_page_size_exclude_each_other(lab, operation, member, label):
    words = f"{label} and MaxResults cannot both be set"
    assert lab.refused(operation, **{member: ["a"], "maxResults": 5}) == words


@pytest.mark.parametrize(("operation", "member", "_label"), READS)
def test_unknown_names_are_no_error(lab, operation, member, _label):
    assert lab.call(operation, **{member: ["nobody", f"{ARN}:job-queue/nobody"]}) == {member: []}


@pytest.mark.parametrize(("operation", "member", "_label"), READS)
def test_at_most_a_hundred_names_are_described_at_once(lab, operation, member, _label):
    names = [f"name{number}:1" for number in range(101)]
    assert lab.call(operation, **{member: names[:100]}) == {member: []}
    assert lab.refused(operation, **{member: names}) == "At most 100 names or ARNs can be described at once"


@pytest.mark.parametrize("size", [0, 101])
def test_a_page_has_between_one_and_a_hundred_entries(lab, size):
    assert lab.refused("DescribeJobQueues", maxResults=size) == "maxResults must be between 1 and 100"


def test_pages_of_a_hundred_follow_each_other_without_gap_or_overlap(lab):
    for number in range(230):
        lab.call("CreateSchedulingPolicy", name=f"p{number}")
    pages, token = [], {}
    while not pages or token:
        page = lab.call("ListSchedulingPolicies", **token)
        pages.append([each["arn"] for each in page["schedulingPolicies"]])
        token = {"nextToken": page["nextToken"]} if "nextToken" in page else {}
    assert [len(page) for page in pages] == [100, 100, 30]
    assert len({arn for page in pages for arn in page}) == 230


def test_pages_may_be_smaller_and_survive_deletions_between_them(lab):
    for name in "abcd":
        lab.call("RegisterJobDefinition", **lab.container(name))
    first = lab.call("DescribeJobDefinitions", status="ACTIVE", maxResults=2)
    lab.call("DeregisterJobDefinition", jobDefinition="b:1")
    second = lab.call("DescribeJobDefinitions", status="ACTIVE", maxResults=2, nextToken=first["nextToken"])
    names = [[each["jobDefinitionName"] for each in page["jobDefinitions"]] for page in (first, second)]
    assert names == [["a", "b"], ["c", "d"]]
    assert "nextToken" not in second


def test_a_made_up_token_is_refused(lab):
    assert lab.refused("DescribeJobQueues", nextToken="next") == "Invalid nextToken"


def test_regions_and_accounts_do_not_see_each_other(lab):
    lab.call("CreateSchedulingPolicy", name="fair")
    for account, region in (("123456789012", "eu-west-1"), ("210987654321", "us-east-1")):
        answer = lab.simulator.handle(account, region, "POST", "/v1/listschedulingpolicies", b"{}")
        assert answer.body == b'{"schedulingPolicies": []}'


def test_arns_carry_the_partition_of_the_region(lab):
    answer = lab.simulator.handle("123456789012", "cn-north-1", "POST", "/v1/createschedulingpolicy", b'{"name": "p"}')
    assert b"arn:aws-cn:batch:cn-north-1:123456789012:scheduling-policy/p" in answer.body


def test_tags_merge_and_vanish_by_key(lab):
    arn = lab.call("CreateSchedulingPolicy", name="fair", tags={"a": "1", "b": "2"})["arn"]
    assert lab.call("TagResource", resourceArn=arn, tags={"b": "3", "c d/é": "="}) == {}
    assert lab.call("UntagResource", resourceArn=arn, tagKeys=["a", "no"]) == {}
    assert lab.call("ListTagsForResource", resourceArn=arn) == {"tags": {"b": "3", "c d/é": "="}}
    assert lab.call("DescribeSchedulingPolicies", arns=[arn])["schedulingPolicies"][0]["tags"] == {
        "b": "3",
        "c d/é": "=",
    }


def test_every_kind_can_be_tagged_a_definition_by_its_revision(lab):
    lab.environment("spot")
    lab.queue("main", "spot")
    lab.call("RegisterJobDefinition", **lab.container())
    for resource in ("compute-environment/spot", "job-queue/main", "job-definition/render:1"):
        lab.call("TagResource", resourceArn=f"{ARN}:{resource}", tags={"a": "1"})
        assert lab.call("ListTagsForResource", resourceArn=f"{ARN}:{resource}") == {"tags": {"a": "1"}}
    assert lab.see("spot")["status"] == "VALID"


def test_a_new_revision_starts_without_the_tags_of_the_last(lab):
    lab.call("RegisterJobDefinition", **lab.container(), tags={"a": "1"})
    lab.call("RegisterJobDefinition", **lab.container())
    assert lab.see_definition("render")["tags"] == {}


def test_tags_do_not_outlive_their_resource(lab):
    arn = lab.call("CreateSchedulingPolicy", name="fair", tags={"a": "1"})["arn"]
    lab.call("DeleteSchedulingPolicy", arn=arn)
    lab.call("CreateSchedulingPolicy", name="fair")
    assert lab.call("ListTagsForResource", resourceArn=arn) == {"tags": {}}


@pytest.mark.parametrize("resource", ["job-queue/no", "job/no", ".last-revisions/no"])
def test_what_does_not_exist_cannot_be_tagged(lab, resource):
    arn = f"{ARN}:{resource}"
    for operation, more in (("TagResource", {"tags": {"a": "1"}}), ("ListTagsForResource", {})):
        assert lab.refused(operation, resourceArn=arn, **more) == f"{arn} does not exist"


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        ({str(n): "" for n in range(51)}, "Invalid size of parameter tags: 51, valid range: 1-50"),
        ({"k" * 129: ""}, "Invalid size of parameter tags (key): 129, valid range: 1-128"),
        ({"k": "v" * 257}, "Invalid size of parameter tags.k: 257, valid range: 0-256"),
        ({"aws:mine": "1"}, "Tag keys cannot begin with aws: aws:mine"),
    ],
)
def test_tags_that_aws_refuses_are_refused(lab, tags, words):
    assert lab.refused("CreateSchedulingPolicy", name="fair", tags=tags) == words


def test_no_resource_has_more_than_fifty_tags_however_they_came(lab):
    arn = lab.call("CreateSchedulingPolicy", name="fair", tags={str(n): "" for n in range(50)})["arn"]
    words = lab.refused("TagResource", resourceArn=arn, tags={"one more": ""})
    assert words == "A resource can have at most 50 tags"


def test_untagging_nothing_is_refused(lab):
    arn = lab.call("CreateSchedulingPolicy", name="fair")["arn"]
    words = lab.refused("UntagResource", resourceArn=arn, tagKeys=[])
    assert words == 'Missing required parameter in input: "tagKeys"'


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({}, 'Missing required parameter in input: "name"'),
        ({"name": "a", "nmae": 1}, 'Unknown parameter in input: "nmae"'),
        ({"name": 1}, "Invalid type for parameter name: int, must be a string"),
        ({"name": "a", "fairsharePolicy": []}, "Invalid type for parameter fairsharePolicy: list, must be a structure"),
        (
            {"name": "a", "fairsharePolicy": {"shareDecaySeconds": True}},
            "Invalid type for parameter fairsharePolicy.shareDecaySeconds: bool, must be a integer",
        ),
        (
            {"name": "a", "fairsharePolicy": {"shareDistribution": [{}]}},
            'Missing required parameter in fairsharePolicy.shareDistribution[0]: "shareIdentifier"',
        ),
        (
            {"name": "a", "quotaSharePolicy": {"idleResourceAssignmentStrategy": "LIFO"}},
            "Invalid value for parameter quotaSharePolicy.idleResourceAssignmentStrategy: LIFO, valid values: FIFO",
        ),
    ],
)
def test_the_services_own_model_is_enforced(lab, request_, words):
    assert lab.refused("CreateSchedulingPolicy", **request_) == words


def test_a_null_member_is_an_absent_one(lab):
    lab.call("CreateSchedulingPolicy", name="fair", fairsharePolicy=None)


def test_what_is_not_simulated_says_so(lab):
    words = lab.refused("UpdateServiceJob", jobId="j", schedulingPriority=1)
    assert words == "UpdateServiceJob is not simulated by the sandbox"
    with pytest.raises(CloudError, match="no operation Create") as caught:
        lab.call("Create")
    assert caught.value.fault is Fault.REFUSED


def test_a_path_that_belongs_to_nobody_is_not_found(lab):
    assert lab.simulator.handle("1", "us-east-1", "POST", "/v2/describejobqueues", b"").status == 404
    assert lab.simulator.handle("1", "us-east-1", "GET", "/v1/describejobqueues", b"").status == 404


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff"])
def test_a_body_that_is_no_json_object_is_refused(lab, body):
    assert lab.simulator.handle("1", "us-east-1", "POST", "/v1/describejobqueues", body).status == 400


def test_reads_may_lag_behind_writes(make_lab):
    lab = make_lab(timings=Timings(create=0, update=0, read_lag=5))
    arn = lab.call("CreateSchedulingPolicy", name="fair", tags={"v": "1"})["arn"]
    assert lab.call("ListSchedulingPolicies") == {"schedulingPolicies": []}
    lab.clock.turn(6)
    lab.call("TagResource", resourceArn=arn, tags={"v": "2"})
    assert lab.call("ListTagsForResource", resourceArn=arn) == {"tags": {"v": "1"}}
    lab.clock.turn(6)
    assert lab.call("ListTagsForResource", resourceArn=arn) == {"tags": {"v": "2"}}
    lab.call("DeleteSchedulingPolicy", arn=arn)
    assert lab.call("ListSchedulingPolicies") == {"schedulingPolicies": [{"arn": arn}]}
    lab.clock.turn(6)
    assert lab.call("ListSchedulingPolicies") == {"schedulingPolicies": []}


def test_every_answer_has_the_shape_that_the_model_promises(lab):
    lab.environment("spot", **lab.ec2("spot", launchTemplate={"launchTemplateId": "lt-1"}))
    lab.environment("serverless", **lab.fargate())
    fair = lab.call("CreateSchedulingPolicy", name="fair")["arn"]
    lab.queue("main", "spot", schedulingPolicyArn=fair)
    lab.call("RegisterJobDefinition", **lab.container(environment=[{"name": "a", "value": "b"}]), timeout={})
    lab.call("CreateConsumableResource", consumableResourceName="seats", totalQuantity=1)
    needs = {"consumableResourceList": [{"consumableResource": "seats", "quantity": 1}]}
    retry = {"attempts": 2, "evaluateOnExit": [{"onReason": "*", "action": "retry"}]}
    members = {"shareIdentifier": "A", "consumableResourcePropertiesOverride": needs, "retryStrategy": retry}
    [array] = lab.submit(**members, arrayProperties={"size": 2}, containerOverrides={"command": ["false"]})
    environment(lab)
    queue(lab)
    payload = '{"ResourceConfig": {"InstanceType": "ml.m5.large"}}'
    training = {"serviceJobType": "SAGEMAKER_TRAINING", "serviceRequestPayload": payload, "tags": {"a": "b"}}
    trained = lab.call("SubmitServiceJob", jobName="t", jobQueue="train", **training)["jobId"]
    lab.clock.turn(3600)
    reads = {
        "DescribeComputeEnvironments": {},
        "DescribeJobQueues": {},
        "DescribeJobDefinitions": {},
        "DescribeSchedulingPolicies": {"arns": [fair]},
        "ListSchedulingPolicies": {},
        "ListTagsForResource": {"resourceArn": fair},
        "DescribeConsumableResource": {"consumableResource": "seats"},
        "ListConsumableResources": {},
        "DescribeJobs": {"jobs": [f"{array}:1"]},
        "ListJobs": {"arrayJobId": array, "jobStatus": "FAILED"},
        "ListJobsByConsumableResource": {"consumableResource": "seats"},
        "GetJobQueueSnapshot": {"jobQueue": "main"},
        "DescribeServiceJob": {"jobId": trained},
        "ListServiceJobs": {"jobQueue": "train", "jobStatus": "SUCCEEDED"},
    }
    for operation, request in reads.items():
        shape = service_model().operation_model(operation).output_shape
        problems = [each for each in problems_of(shape, lab.call(operation, **request), "") if "tags: 0" not in each]
        assert problems == [], operation


def test_what_has_no_status_is_gone_at_once(make_lab):
    lab = make_lab(timings=Timings(deleted=100))
    arn = lab.call("CreateSchedulingPolicy", name="fair")["arn"]
    lab.call("CreateConsumableResource", consumableResourceName="seats")
    lab.call("DeleteSchedulingPolicy", arn=arn)
    lab.call("DeleteConsumableResource", consumableResource="seats")
    assert lab.call("ListSchedulingPolicies") == {"schedulingPolicies": []}
    assert lab.call("ListConsumableResources") == {"consumableResources": []}
