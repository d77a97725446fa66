"""Questions become calls: each thing once, failures as replies, and no patience for what cannot be reached."""

from collections.abc import Mapping

import pytest

from reconciler.model import Json
from reconciler.placeholders import ExampleText, Unknown
from reconciler.placement.catalogue import catalogue
from reconciler.ports import Cloud
from reconciler.problems import CloudError, Fault
from reconciler.verify.asking import Question, ask
from reconciler.verify.base import VerifyResult
from reconciler.verify.checks import verify_stack
from reconciler.verify.containers import PARAMETER, SECRET
from reconciler.verify.images import ECR_IMAGE, EcrImage
from reconciler.verify.network import SUBNET
from reconciler.verify.roles import ROLE
from tests.builders import CE, JD, container, ec2, stack
from tests.fakes import HERE, ScriptedCloud


def services(cloud: Cloud) -> Mapping[str, Json] | Json:
    return lambda _name, _region="": cloud


def subnets(*ids: str) -> list[Question]:
    return [Question(SUBNET, (id_,)) for id_ in ids]


def test_many_things_are_asked_for_in_as_many_calls_as_fit() -> None:
    cloud = ScriptedCloud({"DescribeSubnets": [{"Subnets": [{"SubnetId": "subnet-7"}]}]})
    replies = ask(subnets(*(f"subnet-{number}" for number in range(401))), services(cloud))
    assert cloud.count("DescribeSubnets") == 3
    assert [question.key for question, reply in replies.items() if reply.is_found] == [("subnet-7",)]
    assert replies[subnets("subnet-1")[0]].absent == "DescribeSubnets does not list it"


def test_one_thing_that_is_not_accepted_does_not_spoil_the_others() -> None:
    def images(request: Mapping[str, Json]) -> Mapping[str, Json]:
        if {"imageTag": "not/a/tag"} in request["imageIds"]:
            raise CloudError("BatchGetImage", Fault.REFUSED, "InvalidParameterException", "the tag is not valid")
        return {"images": [{"imageId": id_} for id_ in request["imageIds"]]}

    cloud = ScriptedCloud({"BatchGetImage": [images]})
    keys = [("1", "job", "imageTag", tag) for tag in ("1.0", "not/a/tag", "2.0")]
    found = ask([Question(ECR_IMAGE, key) for key in keys], services(cloud))
    assert [found[Question(ECR_IMAGE, key)].is_found for key in keys] == [True, False, True]
    assert "InvalidParameterException" in found[Question(ECR_IMAGE, keys[1])].unknown


@pytest.mark.parametrize(
    ("fault", "code", "text"),
    [
        (Fault.DENIED, "AccessDenied", "access to iam:GetRole is denied (AccessDenied)"),
        (Fault.THROTTLED, "Throttling", "AWS throttled iam:GetRole (Throttling)"),
        (Fault.UNKNOWN, "InternalFailure", "iam:GetRole failed with InternalFailure: broken"),
        (Fault.REFUSED, "NotImplemented", "iam:GetRole failed with NotImplemented: broken"),
    ],
)
def test_a_call_that_fails_is_a_reply_with_the_code_of_aws(fault: Fault, code: str, text: str) -> None:
    cloud = ScriptedCloud({"GetRole": [CloudError("GetRole", fault, code, "broken")]})
    (reply,) = ask([Question(ROLE, ("job",))], services(cloud)).values()
    assert (reply.unknown, reply.is_found, reply.absent) == (text, False, "")


def test_a_service_that_cannot_be_reached_is_not_tried_for_each_thing() -> None:
    """As in a partition that does not have it."""
    error = CloudError("DescribeSecret", Fault.UNREACHABLE, "EndpointConnectionError", "no such host")
    cloud = ScriptedCloud({"DescribeSecret": [error], "DescribeParameters": [{"Parameters": []}]})
    questions = [Question(SECRET, (f"secret-{number}",), "cn-north-1") for number in range(100)]
    replies = ask([*questions, Question(PARAMETER, ("p",))], services(cloud))
    assert cloud.count("DescribeSecret") <= 16  # those that were under way together
    assert {reply.unknown for question, reply in replies.items() if question.inquiry is SECRET} == {
        "secretsmanager cannot be reached in cn-north-1 (EndpointConnectionError)"
    }
    assert replies[Question(PARAMETER, ("p",))].absent


def test_values_that_are_not_looked_up_are_unknown_and_nothing_is_asked_for_them() -> None:
    arn = Unknown.of("ssm", "/role")
    mine = stack({
        (CE, "a"): ec2(subnets=[Unknown.of("cfn", "net.A"), "subnet-1"], instanceRole=Unknown.of("ssm", "/profile"),
                       instanceTypes=[Unknown.of("ssm", "/type")], launchTemplate={
                           "launchTemplateId": Unknown.of("ssm", "/lt"), "version": "1"}),
        (JD, "a"): container(image=ExampleText("example:1"), jobRoleArn=arn, executionRoleArn=arn,
                             secrets=[{"name": "A", "valueFrom": arn}],
                             logConfiguration={"logDriver": "awslogs", "options": {"awslogs-group": arn}}),
    })  # fmt: skip
    asked: list[tuple[str, Json]] = []

    def answer(request: Mapping[str, Json]) -> Mapping[str, Json]:
        asked.append(("", request))
        return {"Subnets": [{"SubnetId": "subnet-1", "VpcId": "vpc-1", "State": "available"}]}

    def denied(request: Mapping[str, Json]) -> Mapping[str, Json]:
        asked.append(("", request))
        raise CloudError("Any", Fault.DENIED, "AccessDenied", "no")

    class Scripted(ScriptedCloud):
        def call(self, operation: str, request: Mapping[str, Json]) -> Mapping[str, Json]:
            return answer(request) if operation == "DescribeSubnets" else denied(request)

    found = verify_stack(mine, HERE, services(Scripted({})), catalogue()).findings
    assert VerifyResult.FAIL not in {each.result for each in found}
    assert "<unknown" not in repr(asked)
    unknown = {(each.check, each.path[-1]) for each in found if "not looked up" in each.message}
    assert unknown >= {
        ("instance-profile", "instanceRole"), ("subnets", 0), ("instance-types", 0), ("job-role", "jobRoleArn"),
        ("execution-role", "executionRoleArn"), ("registry", "image"), ("log-group", "awslogs-group"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "image"),
    [
        ("123456789012.dkr.ecr.us-east-1.amazonaws.com/a/b:1", ("us-east-1", "a/b", "1", "")),
        ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/job", ("cn-north-1", "job", "latest", "")),
        (
            "123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com/job@sha256:a",
            ("us-gov-west-1", "job", "", "sha256:a"),
        ),
        ("123456789012.dkr-ecr.eu-west-1.on.aws/job:1@sha256:a", ("eu-west-1", "job", "1", "sha256:a")),
    ],
)
def test_an_image_in_ecr_is_recognised_in_every_partition(text: str, image: tuple[str, ...]) -> None:
    assert EcrImage.of(text) == ("123456789012", *image)


@pytest.mark.parametrize(
    "text", ["busybox:1", "public.ecr.aws/x/y:1", "", "ghcr.io/a/b", "12.dkr.ecr.x.amazonaws.com/a"]
)
def test_other_images_are_not(text: str) -> None:
    assert EcrImage.of(text) is None
