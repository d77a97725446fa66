"""What rules of environments and queues make of names and of neighbours, beyond each rule's own examples."""

import pytest

from reconciler.model import Address, Json
from reconciler.rules import RULES, Subject
from reconciler.rules.base import Example
from reconciler.rules.compute_environment import common
from reconciler.rules.instance_names import architecture
from reconciler.rules.job_queue.environments import queue, queue_on

CE, JQ = "ComputeEnvironment", "JobQueue"


def broken(kind: str, example: Example) -> set[str]:
    mine = Address(kind, "example")
    stack = {mine: example.body, **{Address(*key): body for key, body in example.others.items()}}
    subject = Subject(mine, example.body, stack)
    return {rule.id for rule in RULES[kind] if not rule.advice and list(rule.check(subject))}


@pytest.mark.parametrize("name", ["a1.large", "m6g", "c7gn.xlarge", "im4gn", "x2gd.metal", "r8gb", "default_arm64"])
def test_graviton_is_known_by_its_name(name: str) -> None:
    assert architecture(name) == "arm64"


@pytest.mark.parametrize(
    "name", ["optimal", "default_x86_64", "m5ad.large", "g4dn", "g6f", "gr6", "p4de", "inf2", "trn1n", "c7i-flex.large"]
)
def test_a_g_before_the_generation_is_no_graviton(name: str) -> None:
    assert architecture(name) == "x86_64"


@pytest.mark.parametrize("name", ["p6e-gb200.36xlarge", "mac2.metal", "u-6tb1.metal", "zz9", ""])
def test_nothing_is_said_of_names_that_leave_a_doubt(name: str) -> None:
    assert architecture(name) is None


def test_types_in_doubt_mix_with_all() -> None:
    assert broken(CE, common.ec2(instanceTypes=["m6g", "p6e-gb200.36xlarge"])) == set()


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "text",
        {},
        {"type": "MANAGED"},
        {"type": "MANAGED", "computeResources": []},
        {"type": ["MANAGED"], "computeResources": {"type": {}}},
        {"type": "MANAGED", "computeResources": {"type": "EC2", "instanceTypes": "m6g"}},
        {"type": "MANAGED", "computeResources": {"type": "EC2", "instanceTypes": [{}, None, 1]}},
    ],
)
def test_a_queue_is_not_judged_by_an_environment_that_is_broken_itself(body: Json) -> None:
    example = Example(queue("broken", "sound").body, {(CE, "broken"): body, (CE, "sound"): common.ec2().body})
    advice = [rule for rule in RULES[JQ] if rule.advice]
    subject = Subject(Address(JQ, "q"), example.body, {Address(*key): each for key, each in example.others.items()})
    assert broken(JQ, example) == set()
    assert [finding for rule in advice for finding in rule.check(subject) if rule.id == "JQ902"] == []


def test_a_broken_provider_of_managed_instances_is_not_asked_for_spot() -> None:
    resources = {"type": "ECS_MANAGED_INSTANCES", "managedInstancesProvider": {"instanceLaunchTemplate": []}}
    odd = Example({"type": "MANAGED", "computeResources": resources})
    assert broken(JQ, queue_on(odd, common.managed_instances())) == set()


@pytest.mark.parametrize("policy", [None, [], {}, {"quotaSharePolicy": None}, {"fairsharePolicy": []}])
def test_a_queue_is_not_judged_by_a_policy_that_is_broken_itself(policy: Json) -> None:
    body = {**queue("spot").body, "schedulingPolicyArn": "shares"}
    assert broken(JQ, Example(body, {("SchedulingPolicy", "shares"): policy})) == set()


def test_an_environment_outside_the_stack_is_not_judged() -> None:
    mixed = queue_on(common.fargate(), common.ec2())
    assert broken(JQ, mixed) == {"JQ101"}
    assert broken(JQ, Example(mixed.body)) == set()


def test_each_mixture_is_told_once() -> None:
    assert broken(JQ, queue_on(common.eks(), common.fargate())) == {"JQ102"}
    assert broken(JQ, queue_on(common.eks(), common.managed_instances())) == {"JQ102"}
    assert broken(JQ, queue_on(common.managed_instances(), common.ec2())) == {"JQ103"}


def test_unmanaged_environments_count_as_ec2() -> None:
    assert broken(JQ, queue_on(common.unmanaged(), common.ec2(), jobQueueType="ECS")) == set()
    assert broken(JQ, queue_on(common.unmanaged(), common.fargate())) == {"JQ101"}


@pytest.mark.parametrize("role", [None, common.unmanaged().body["serviceRole"]])
def test_an_unmanaged_environment_may_be_on_eks_and_needs_no_role_there(role: str | None) -> None:
    assert broken(CE, common.unmanaged(eksConfiguration=common.ON_EKS, serviceRole=role)) == set()


def test_one_architecture_in_a_queue_is_minded_across_environments_only_where_it_is_certain() -> None:
    arm, x86 = common.ec2(instanceTypes=["m6g"]), common.ec2(instanceTypes=["m6i"])
    assert broken(JQ, queue_on(arm, x86)) == {"JQ104"}
    assert broken(JQ, queue_on(arm, common.ec2(instanceTypes=["p6e-gb200.36xlarge"]))) == set()


def test_a_template_override_may_be_for_a_size_of_a_family() -> None:
    def overriding(target: str, *types: str) -> Example:
        override = {"launchTemplateName": "other", "targetInstanceTypes": [target]}
        return common.ec2(instanceTypes=[*types], launchTemplate={"overrides": [override]})

    assert broken(CE, overriding("m5.large", "m5")) == set()
    assert broken(CE, overriding("m5", "m5.large")) == {"CE305"}
    assert broken(CE, overriding("m6i.large", "optimal")) == set()


def test_a_fargate_environment_with_much_of_ec2_is_told_all_of_it() -> None:
    wrong = common.fargate(minvCpus=0, instanceTypes=["optimal"], tags={"a": "b"}, launchTemplate={"overrides": []})
    assert broken(CE, wrong) == {"CE101", "CE103", "CE107", "CE111"}
    assert broken(CE, common.fargate(instanceTypes=[], ec2Configuration=[], tags={})) == set()
