"""Ids, ARNs and regions that name nothing in reach of the stack are said offline."""

from dataclasses import replace

import pytest

from reconciler.adapters.lookup import installed
from reconciler.adapters.lookup.installed import read_schema
from reconciler.kinds import KINDS
from reconciler.model import Json
from reconciler.problems import Severity
from reconciler.validate import validate
from tests.builders import CE, JD, JQ, QS, container, ec2, share, stack

QUEUE = {"priority": 1}


def told(kind: str, body: Json, region: str = "", *, code: str) -> list[str]:
    mine = replace(stack({(kind, "x"): body}), region=region or None)
    _, problems = validate(mine, read_schema(), KINDS, takes=installed.takes)
    assert {one.severity for one in problems if one.code == code} <= {Severity.WARNING}
    return [one.message.partition(": ")[2].split(" ", 1)[1] for one in problems if one.code == code]


@pytest.mark.parametrize("digits", [7, 9, 16, 18])
@pytest.mark.parametrize(("member", "prefix"), [("subnets", "subnet"), ("securityGroupIds", "sg")])
def test_an_id_that_lost_or_doubled_a_digit_is_told(member: str, prefix: str, digits: int) -> None:
    wrong = f"{prefix}-{'0a1b2c3d4e5f607182'[:digits]}"
    found = told(CE, ec2(**{member: [wrong]}), code="CE021")
    assert found == [f"is {wrong}; after {prefix}-, an ID has 8 or 17 digits, but this one has {digits}"]


@pytest.mark.parametrize("digits", ["1", "0a1b2c3d", "0a1b2c3d4e5f60718"])
def test_ids_of_ec2_and_those_that_people_make_up_are_none(digits: str) -> None:
    assert told(CE, ec2(subnets=[f"subnet-{digits}"]), code="CE021") == []


ROLE = "iam::123456789012:role/x"


@pytest.mark.parametrize(
    ("region", "arn", "said"),
    [
        ("cn-north-1", f"arn:aws:{ROLE}", "in the partition aws; that of the stack's region, cn-north-1, is aws-cn"),
        ("us-east-1", f"arn:aws-cn:{ROLE}", "in the partition aws-cn; that of the stack's region, us-east-1, is aws"),
        ("us-gov-west-1", f"arn:aws-us-gov:{ROLE}", ""),
        ("cn-north-1", f"arn:aws-cn:{ROLE}", ""),
        ("", f"arn:aws-us-gov:{ROLE}", ""),
        ("", f"arn:awss:{ROLE}", "and awss is not a known partition: did you mean aws?"),
        ("", f"arn:aws-gov:{ROLE}", "and aws-gov is not a known partition: did you mean aws-us-gov?"),
    ],
)
def test_an_arn_of_a_partition_where_the_stack_is_not_is_told(region: str, arn: str, said: str) -> None:
    found = told(JD, container(jobRoleArn=arn), region, code="JD046")
    assert found == ([f"is {arn}, {said}"] if said else [])


SECRET = "arn:aws:secretsmanager:{}:123456789012:secret:x-abcdef"


@pytest.mark.parametrize(
    ("region", "near"), [("us-est-1", ": did you mean us-east-1?"), ("ap-southest-2", ""), ("eu-west-3", None)]
)
def test_an_arn_or_log_option_of_no_known_region_is_told(region: str, near: str | None) -> None:
    logs = {"logDriver": "awslogs", "options": {"awslogs-region": region}}
    body = container(secrets=[{"name": "A", "valueFrom": SECRET.format(region)}], logConfiguration=logs)
    ends = [one.split(", and ")[1] for one in told(JD, body, "us-east-1", code="JD046")]
    assert ends == ([] if near is None else [f"the installed AWS SDK does not know the region {region}{near}"] * 2)


def test_without_an_sdk_nothing_is_said_of_regions() -> None:
    body = container(secrets=[{"name": "A", "valueFrom": SECRET.format("us-est-1")}])
    _, problems = validate(stack({(JD, "x"): body}), read_schema(), KINDS)
    assert "JD046" not in {one.code for one in problems}


def test_references_of_queues_and_shares_are_looked_at_too() -> None:
    order = [{"order": 1, "computeEnvironment": "arn:aws-cn:batch:us-east-1:123456789012:compute-environment/a"}]
    assert len(told(JQ, {**QUEUE, "computeEnvironmentOrder": order}, "us-east-1", code="JQ012")) == 1
    assert len(told(QS, share("arn:aws-cn:batch:us-east-1:123456789012:job-queue/a"), "us-east-1", code="QS008")) == 1
