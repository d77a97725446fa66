"""The stack that a template was deployed as: against moto, and against a cloud that has pages."""

import json
from collections.abc import Iterator

import pytest
from botocore.session import Session

from reconciler.adapters.aws.cloud import AwsCloud
from reconciler.adapters.lookup.deployed import deployed
from reconciler.problems import CloudError, Fault, WrongUsage
from tests.fakes import ScriptedCloud

REGION = "us-east-1"
TEMPLATE = {
    "Parameters": {"Name": {"Type": "String", "Default": "topic"}},
    "Resources": {"T": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": {"Ref": "Name"}}}},
}
STACK = {"StackName": "infra", "StackId": "arn:aws:cloudformation:us-east-1:1:stack/infra/1"}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsCloud]:
    moto = pytest.importorskip("moto")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with moto.mock_aws():
        session = Session()
        session.set_credentials("key", "secret")
        client = session.create_client("cloudformation", REGION)
        client.create_stack(StackName="infra", TemplateBody=json.dumps(TEMPLATE))
        yield AwsCloud(session, REGION, service="cloudformation")


def test_a_stack_tells_its_parameters_and_physical_ids(aws: AwsCloud) -> None:
    stack = deployed(aws, "infra")
    assert (stack.name, stack.id.startswith("arn:aws:cloudformation:us-east-1:")) == ("infra", True)
    assert stack.parameters["Name"] == "topic"
    assert stack.resources == {"T": "arn:aws:sns:us-east-1:123456789012:topic"}


def test_a_stack_that_is_not_there_is_wrong_usage(aws: AwsCloud) -> None:
    with pytest.raises(WrongUsage, match="the CloudFormation stack nothing does not exist"):
        deployed(aws, "nothing")


def test_all_pages_are_read_and_what_has_no_id_yet_is_left_out() -> None:
    pages = [
        {"StackResourceSummaries": [{"LogicalResourceId": "A", "PhysicalResourceId": "a"}], "NextToken": "2"},
        {"StackResourceSummaries": [{"LogicalResourceId": "B"}, {"LogicalResourceId": "C", "PhysicalResourceId": "c"}]},
    ]
    cloud = ScriptedCloud({"DescribeStacks": [{"Stacks": [STACK]}], "ListStackResources": pages})
    assert deployed(cloud, "infra").resources == {"A": "a", "C": "c"}
    assert cloud.calls[-1] == ("ListStackResources", {"StackName": "infra", "NextToken": "2"})


def test_exports_are_listed_where_they_are_needed() -> None:
    pages = [{"Exports": [{"Name": "a", "Value": "1"}], "NextToken": "2"}, {"Exports": [{"Name": "b", "Value": "2"}]}]
    listed = [{"StackResourceSummaries": []}]
    cloud = ScriptedCloud({"DescribeStacks": [{"Stacks": [STACK]}], "ListStackResources": listed, "ListExports": pages})
    assert deployed(cloud, "infra").exports == {}
    assert cloud.count("ListExports") == 0
    assert deployed(cloud, "infra", with_exports=True).exports == {"a": "1", "b": "2"}


def test_versions_of_launch_templates_are_read_where_they_are_needed() -> None:
    listed = {"LogicalResourceId": "LT", "PhysicalResourceId": "lt-1", "ResourceType": "AWS::EC2::LaunchTemplate"}
    cloud = ScriptedCloud(
        {"DescribeStacks": [{"Stacks": [STACK]}], "ListStackResources": [{"StackResourceSummaries": [listed]}]}
    )
    shown = {"LaunchTemplateId": "lt-1", "LatestVersionNumber": 7, "DefaultVersionNumber": 2}
    ec2 = ScriptedCloud({"DescribeLaunchTemplates": [{"LaunchTemplates": [shown]}]})
    assert deployed(cloud, "infra").versions == {}
    assert deployed(cloud, "infra", ec2=lambda: ec2).versions == {
        ("LT", "LatestVersionNumber"): "7",
        ("LT", "DefaultVersionNumber"): "2",
    }
    denied = CloudError("DescribeLaunchTemplates", Fault.DENIED, "UnauthorizedOperation", "no")
    assert deployed(cloud, "infra", ec2=lambda: ScriptedCloud({"DescribeLaunchTemplates": [denied]})).versions == {}


def test_other_failures_are_those_of_the_cloud() -> None:
    error = CloudError("DescribeStacks", Fault.DENIED, "AccessDenied", "no")
    with pytest.raises(CloudError, match="AccessDenied"):
        deployed(ScriptedCloud({"DescribeStacks": [error]}), "infra")
