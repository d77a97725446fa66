"""Queues with quota shares, and what they and consumable resources need of their neighbours."""

from collections.abc import Mapping

import pytest

from reconciler.model import Address, Json, dotted
from reconciler.rules import RULES, Subject
from tests.builders import CR, JD, JQ, QS, SE, SP, consumable, container, fair, limits, quota, service, share, training

Others = Mapping[tuple[str, str], Json]
BY_NUMBER = {"serviceEnvironmentType": "SAGEMAKER_TRAINING",
             "capacityLimits": [{"capacityUnit": "NUM_INSTANCES", "maxCapacity": 8}]}  # fmt: skip
MANAGED = training("gpus", schedulingPolicyArn="shares")


def said(kind: str, body: Json, others: Others | None = None, region: str = "") -> list[str]:
    """Return what the rules say of a resource called x among others; advice too."""
    mine = Address(kind, "x")
    stack = {mine: body, **{Address(*key): other for key, other in (others or {}).items()}}
    subject = Subject(mine, body, stack, region)
    found = [(rule.id, path, message) for rule in RULES[kind] for path, message in rule.check(subject)]
    return [f"{id_} {dotted(path)} {message}" for id_, path, message in found]


def around(environment: Json, *, queue: Json = MANAGED, policy: Json | None = None) -> Others:
    """What a quota share of `q` needs."""
    return {(JQ, "q"): queue, (SP, "shares"): policy or quota(), (SE, "gpus"): environment}


def test_a_share_that_fits_its_queue_and_environment_is_sound() -> None:
    assert said(QS, share("q"), around(service(m5=8))) == []


def test_a_share_is_compared_with_each_unit_of_the_environment() -> None:
    wanted = share("q", capacityLimits=limits(m5=9, p4d=1))
    assert said(QS, wanted, around(service(m5=8, g6=1))) == [
        "QS013 capacityLimits[1].capacityUnit is ml.p4d.large; the service environment has ml.m5.large, ml.g6.large",
        "QS014 capacityLimits[0].maxCapacity is 9; the service environment has 8",
    ]


def test_an_environment_that_counts_instances_is_told_at_the_queue_alone() -> None:
    assert said(QS, share("q"), around(BY_NUMBER)) == []
    message = "is gpus, which has NUM_INSTANCES; quota shares require instance types"
    others = {(SP, "shares"): quota(), (SE, "gpus"): BY_NUMBER, (QS, "a"): share("x")}
    assert said(JQ, MANAGED, others) == [f"JQ212 serviceEnvironmentOrder[0].serviceEnvironment {message}"]


@pytest.mark.parametrize("strategy", ["RESERVE", "LEND"])
def test_only_who_borrows_has_a_limit_to_it(strategy: str) -> None:
    def sharing(**members: Json) -> list[str]:
        return said(QS, share("q", resourceSharingConfiguration=members))

    path = "QS004 resourceSharingConfiguration.borrowLimit"
    assert sharing(strategy=strategy, borrowLimit=0) == [f"{path} is 0, and the strategy is {strategy}"]
    assert sharing(strategy=strategy, borrowLimit=-1) == []
    assert sharing(strategy="LEND_AND_BORROW", borrowLimit=200) == []


@pytest.mark.parametrize(
    ("queue", "policy", "message"),
    [
        (training("gpus"), None, "which has no scheduling policy"),
        (MANAGED, fair(), "whose policy shares is for fair shares"),
    ],
)
def test_the_queue_of_a_share_has_the_right_policy(queue: Json, policy: Json, message: str) -> None:
    assert said(QS, share("q"), around(service(), queue=queue, policy=policy)) == [f"QS011 jobQueue is q, {message}"]


@pytest.mark.parametrize("queue", [None, [], "q", {}, {"jobQueueType": []}, {"serviceEnvironmentOrder": [3]}])
def test_a_share_is_not_compared_with_what_is_broken_itself(queue: Json) -> None:
    others = {(JQ, "q"): queue, (SE, "gpus"): {"capacityLimits": [{"maxCapacity": "many"}, 7]}}
    assert {line[:5] for line in said(QS, share("q"), others)} <= {"QS010"}
    assert said(QS, share("q"), around({"capacityLimits": {"m5": 1}})) == []
    assert said(JQ, MANAGED, {(SE, "gpus"): [], (SP, "shares"): "policy", (JQ, "other"): []}) == []


@pytest.mark.parametrize("name", ["elsewhere", "arn:aws:batch:eu-west-1:123456789012:job-queue/q"])
def test_a_queue_outside_the_stack_is_not_judged(name: str) -> None:
    assert said(QS, share(name), region="eu-west-1") == []


def test_an_arn_leads_to_a_queue_of_the_stack_s_region() -> None:
    queue = "arn:aws:batch:eu-west-1:123456789012:job-queue/q"
    assert said(QS, share(queue), region="us-east-1") == [f"QS005 jobQueue is {queue}; the stack is in us-east-1"]
    assert said(QS, share(queue)) == []


def test_twenty_shares_are_told_of_the_twenty_first_only() -> None:
    shares = {(QS, f"share-{number:02}"): share("q") for number in range(20)}
    assert said(QS, share("q"), shares) == ["QS012 jobQueue is q, which has 21 quota shares; a queue supports 20"]
    assert said(QS, share("other"), shares) == []


def test_a_service_environment_may_have_several_queues_without_quota_shares() -> None:
    others = {(JQ, "other"): training("numbers"), (SE, "numbers"): BY_NUMBER}
    assert said(JQ, training("numbers"), others) == []


def test_nobody_knows_what_an_unknown_policy_is_for() -> None:
    queue = training("gpus", schedulingPolicyArn="elsewhere")
    assert said(JQ, queue, {(SE, "gpus"): service(), (JQ, "other"): queue}) == []


def test_a_queue_may_have_shares_that_are_unknown() -> None:
    assert said(JQ, MANAGED, {**around(service()), (QS, "a"): None}) == [
        "JQ213 serviceEnvironmentOrder[0].serviceEnvironment is gpus, which is also used by the queue q"
    ]


def test_a_consumable_resource_is_looked_for_where_ranges_of_nodes_take_it() -> None:
    taken = {"consumableResourceProperties": {"consumableResourceList": [{"consumableResource": "x", "quantity": 1}]}}
    ranged = {"type": "multinode", "nodeProperties": {"nodeRangeProperties": [{"targetNodes": "0:", **taken}]}}
    assert said(CR, consumable(), {(JD, "j"): ranged}) == []
    assert said(CR, consumable(), {(JD, "j"): container()}) == ["CR902  is not used by any job definition of the stack"]


@pytest.mark.parametrize("definitions", [{}, {(JD, "j"): None}])
def test_a_consumable_resource_may_be_for_jobs_that_nobody_knows(definitions: Others) -> None:
    assert said(CR, consumable(), definitions) == []
