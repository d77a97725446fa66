"""What the sandbox answers where moto has nothing: quotas, simulated policies, placement groups, access entries."""

import json
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from reconciler.model import Json
from reconciler.sandbox.core.iam import Policy
from reconciler.sandbox.core.service import Simulator
from reconciler.sandbox.session import open_sandbox
from tests.serving import client_of, running

ROLE = "arn:aws:iam::123456789012:role/execution"
TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})


@pytest.fixture
def simulator() -> Simulator:
    return open_sandbox(None)


@pytest.fixture
def url(simulator: Simulator) -> Iterator[str]:
    with running(simulator) as url:
        yield url


def refused(code: str) -> Json:
    return pytest.raises(ClientError, match=code)


def test_quotas_of_vcpus_are_found_by_their_class_and_can_be_raised(url: str) -> None:
    quotas = client_of(url, "service-quotas")
    listed = quotas.list_service_quotas(ServiceCode="ec2", MaxResults=3)
    assert "NextToken" in listed
    pages = quotas.get_paginator("list_service_quotas").paginate(ServiceCode="ec2", PaginationConfig={"PageSize": 3})
    every = [each for page in pages for each in page["Quotas"]]
    classes = {each["UsageMetric"]["MetricDimensions"]["Class"]: each for each in every}
    assert len(classes) == len(every) > 10
    standard = classes["Standard/OnDemand"]
    assert (standard["QuotaCode"], standard["Value"]) == ("L-1216C47A", 5)
    raised = quotas.request_service_quota_increase(ServiceCode="ec2", QuotaCode="L-1216C47A", DesiredValue=64)
    assert raised["RequestedQuota"]["Status"] == "APPROVED"
    assert quotas.get_service_quota(ServiceCode="ec2", QuotaCode="L-1216C47A")["Quota"]["Value"] == 64
    assert {each["Value"] for each in quotas.list_service_quotas(ServiceCode="fargate")["Quotas"]} == {6}
    with refused("IllegalArgument"):
        quotas.request_service_quota_increase(ServiceCode="ec2", QuotaCode="L-1216C47A", DesiredValue=64)
    with refused("NoSuchResource"):
        quotas.get_service_quota(ServiceCode="ec2", QuotaCode="L-0")
    assert quotas.get_service_quota(ServiceCode="vpc", QuotaCode="L-F678F1CE")["Quota"]  # as moto has it


def test_policies_are_simulated_as_those_of_the_role_say(url: str, simulator: Simulator) -> None:
    iam = client_of(url, "iam")
    iam.create_role(RoleName="execution", AssumeRolePolicyDocument=TRUST)
    statements = [
        {"Effect": "Allow", "Action": "logs:*", "Resource": "*"},
        {"Effect": "Deny", "Action": ["logs:Delete*"], "Resource": "*"},
        {"Effect": "Allow", "Action": "iam:PassRole", "Resource": ROLE,
         "Condition": {"StringEquals": {"iam:PassedToService": ["batch.amazonaws.com", "ecs-tasks.amazonaws.com"]}}},
    ]  # fmt: skip
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_role_policy(RoleName="execution", PolicyName="own", PolicyDocument=document)

    def decisions(source: str, *actions: str, **more: Json) -> list[str]:
        found = iam.simulate_principal_policy(PolicySourceArn=source, ActionNames=list(actions), **more)
        assert [each["EvalActionName"] for each in found["EvaluationResults"]] == list(actions)
        return [each["EvalDecision"] for each in found["EvaluationResults"]]

    actions = ("logs:PutLogEvents", "logs:DeleteLogGroup", "ecr:BatchGetImage")
    assert decisions(ROLE, *actions) == ["allowed", "explicitDeny", "implicitDeny"]
    passed = {"ContextKeyName": "iam:PassedToService", "ContextKeyType": "string"}
    for service, expected in (("ecs-tasks.amazonaws.com", "allowed"), ("ec2.amazonaws.com", "implicitDeny")):
        entries = [{**passed, "ContextKeyValues": [service]}]
        assert decisions(ROLE, "iam:PassRole", ResourceArns=[ROLE], ContextEntries=entries) == [expected]
    with refused("NoSuchEntity"):
        decisions("arn:aws:iam::123456789012:role/nobody", "logs:PutLogEvents")

    user = "arn:aws:iam::123456789012:user/sandbox"
    assert decisions(user, "batch:CreateJobQueue") == ["allowed"]
    allowed = {"Effect": "Allow", "Action": ["batch:Describe*", "iam:Simulate*"], "Resource": ["*"]}
    simulator.policy = Policy({"Statement": [allowed]})
    assert decisions(user, "batch:CreateJobQueue", "batch:DescribeJobQueues") == ["implicitDeny", "allowed"]
    with refused("AccessDenied"):
        client_of(url, "cloudtrail").lookup_events()


def test_the_cache_rules_of_ecr_are_kept(url: str) -> None:
    ecr = client_of(url, "ecr")
    ecr.create_pull_through_cache_rule(ecrRepositoryPrefix="hub", upstreamRegistryUrl="public.ecr.aws")
    assert [
        each["ecrRepositoryPrefix"] for each in ecr.describe_pull_through_cache_rules()["pullThroughCacheRules"]
    ] == ["hub"]


def test_placement_groups_and_access_entries_are_kept(url: str, simulator: Simulator) -> None:
    ec2, eks = client_of(url, "ec2"), client_of(url, "eks")
    for name, strategy in (("fast", "cluster"), ("apart", "spread")):
        assert ec2.create_placement_group(GroupName=name, Strategy=strategy)["PlacementGroup"]["GroupName"] == name
    assert {each["GroupName"] for each in ec2.describe_placement_groups()["PlacementGroups"]} == {"fast", "apart"}
    by_name = [{"Name": "group-name", "Values": ["fast", "none"]}]
    (found,) = ec2.describe_placement_groups(Filters=by_name)["PlacementGroups"]
    assert (found["Strategy"], found["State"]) == ("cluster", "available")
    with refused("Duplicate"):
        ec2.create_placement_group(GroupName="fast", Strategy="cluster")
    ec2.delete_placement_group(GroupName="fast")
    with refused("Unknown"):
        ec2.delete_placement_group(GroupName="fast")
    with refused("Unknown"):
        ec2.describe_placement_groups(GroupNames=["fast"])

    entry = {"clusterName": "jobs", "principalArn": ROLE}
    with refused("ResourceNotFound"):
        eks.describe_access_entry(**entry)
    eks.create_access_entry(**entry, kubernetesGroups=["batch"])
    assert eks.describe_access_entry(**entry)["accessEntry"]["kubernetesGroups"] == ["batch"]
    with refused("ResourceInUse"):
        eks.create_access_entry(**entry)
    eks.delete_access_entry(**entry)
    with refused("ResourceNotFound"):
        eks.delete_access_entry(**entry)
    simulator.reset()
    assert ec2.describe_placement_groups()["PlacementGroups"] == []
