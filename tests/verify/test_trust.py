"""How a trust policy is read: as IAM does, and as unknown where it depends on the call."""

import json

import pytest

from reconciler.model import Json
from reconciler.verify.trust import trust_for
from tests.fakes import HERE

ASSUME = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}


def policy(*statements: Json) -> Json:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def having(**more: Json) -> Json:
    return policy({**ASSUME, **more})


@pytest.mark.parametrize(
    "document",
    [
        having(),
        json.dumps(having()),
        policy({**ASSUME, "Action": ["sts:TagSession", "sts:AssumeRole"]}),
        {"Version": "2012-10-17", "Statement": ASSUME},
        having(Principal={"Service": ["ecs.amazonaws.com", "ec2.amazonaws.com"]}),
        having(Principal={"Service": "ec2.amazonaws.com.cn"}),
        having(Principal="*"),
        having(Principal={"AWS": "*"}),
        having(Action="sts:*"),
        having(Action="*"),
        having(Action="STS:assumerole"),
        policy(
            ASSUME, {"Effect": "Deny", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
        ),
        having(Condition={"StringEquals": {"aws:SourceAccount": HERE.account}}),
        having(Condition={"StringLike": {"AWS:sourceAccount": ["999999999999", "1234*"]}}),
        having(Condition={}),
    ],
)
def test_a_role_trusts_a_service_however_its_policy_is_written(document: Json) -> None:
    assert trust_for("ec2", document, HERE).is_given is True


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (policy(), "does not trust ec2.amazonaws.com: it trusts nothing"),
        (having(Principal={"Service": "batch.amazonaws.com"}), "it trusts batch.amazonaws.com"),
        (having(Principal={"AWS": "arn:aws:iam::123456789012:root"}), "it trusts arn:aws:iam::123456789012:root"),
        (having(Action="sts:AssumeRoleWithWebIdentity"), "does not trust ec2.amazonaws.com"),
        (having(Condition={"StringEquals": {"aws:SourceAccount": "999999999999"}}), "this account is 123456789012"),
        (having(Condition={"ArnLike": {"aws:SourceArn": "arn:aws:ec2:*:999999999999:*"}}), "only if ArnLike"),
        (policy(ASSUME, {**ASSUME, "Effect": "Deny"}), "denies ec2.amazonaws.com"),
    ],
)
def test_a_role_that_a_service_cannot_assume_says_why(document: Json, why: str) -> None:
    trust = trust_for("ec2", document, HERE)
    assert trust.is_given is False
    assert why in trust.why


@pytest.mark.parametrize(
    "document",
    [
        "not JSON",
        [],
        {"Statement": "x"},
        having(Condition={"ArnLike": {"aws:SourceArn": "arn:aws:batch:*:123456789012:*"}}),
        having(Condition={"ArnLike": {"aws:SourceArn": "arn:aws:batch:*"}}),
        having(Condition={"Bool": {"aws:SecureTransport": "true"}}),
        having(Condition={"StringNotEquals": {"aws:SourceAccount": "999999999999"}}),
        having(Condition={"StringEquals": {"sts:ExternalId": "x"}}),
        having(Condition="x"),
        policy({"Effect": "Allow", "Action": "sts:AssumeRole", "NotPrincipal": {"AWS": "x"}}),
        policy(ASSUME, {**ASSUME, "Effect": "Deny", "Condition": {"Bool": {"a": "b"}}}),
    ],
)
def test_what_depends_on_the_call_is_unknown(document: Json) -> None:
    trust = trust_for("ec2", document, HERE)
    assert trust.is_given is None
    assert trust.why
