"""Jobs that can never start in the stack's queues: nothing is said that is not certain."""

from collections.abc import Mapping

import pytest

from reconciler.model import Address, Json, Spec, dotted
from reconciler.rules import RULES, Subject, traversal
from reconciler.rules.base import Example
from reconciler.rules.compute_environment import common
from reconciler.rules.job_definition.nodes import multinode
from reconciler.rules.job_definition.pods import pod, pod_container, resources
from reconciler.rules.job_definition.tasks import container
from reconciler.rules.traversal import size
from tests.builders import CE, JD, JQ, queue, training

Others = Mapping[tuple[str, str], Json]
LARGE = traversal.ec2(resourceRequirements=size(vcpus=32))


def said(
    job: Spec, others: Others, rules: tuple[str, ...] = ("JD4", "JD7"), runs_on: tuple[str, ...] = ()
) -> list[str]:
    mine = Address(JD, "j")
    stack = {mine: job, **{Address(*key): body for key, body in others.items()}}
    subject = Subject(mine, job, stack, runs_on=runs_on)
    found = [
        (rule.id, path, text) for rule in RULES[JD] if rule.id.startswith(rules) for path, text in rule.check(subject)
    ]
    return [f"{id_} {dotted(path)} {text}" for id_, path, text in found]


def on(*environments: Example | None, **members: Json) -> Others:
    """A queue on these environments; None is one outside the stack."""
    named = {f"e{number}": environment for number, environment in enumerate(environments, 1)}
    inside = {(CE, name): environment.body for name, environment in named.items() if environment}
    return {(JQ, "q"): queue(*named, **members), **inside}


SMALL = "(MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE). Raise computeResources.maxvCpus to {0} or more, or request fewer vCPUs"


def never(text: str, most: str = "") -> list[str]:
    """Return what is said of a job that can start nowhere."""
    return [f"JD701  can start on no queue of this stack: it {text}{f' {SMALL.format(most)}' if most else ''}"]


def test_the_largest_environment_of_any_queue_decides() -> None:
    small, large = common.ec2(maxvCpus=16), common.ec2(maxvCpus=64)
    assert said(LARGE.body, on(small, large)) == []
    one = f"needs 32 vCPUs, but maxvCpus of e1 is 16 {SMALL.format(32)}"
    other = f"needs 32 vCPUs, but maxvCpus of e2 is 16 {SMALL.format(32)}"
    assert said(LARGE.body, on(small, small)) == never(f"{one}; or it {other}")
    assert said(LARGE.body, on(*[small] * 4)) == never(f"{one}; or it {other}; and 2 more reasons")


def test_a_queue_that_a_job_is_to_run_on_decides_alone() -> None:
    others = {**on(common.ec2(maxvCpus=16)), (JQ, "large"): queue("big"), (CE, "big"): common.ec2(maxvCpus=64).body}
    assert said(LARGE.body, others) == []
    assert said(LARGE.body, others, runs_on=("large", "elsewhere")) == []
    (line,) = said(LARGE.body, others, runs_on=("large", "q"))
    assert line.startswith("JD702  can never start on JobQueue/q, which lifecycle.runsOn names: it needs 32 vCPUs")
    (line,) = said(LARGE.body, others, runs_on=("lagre",))
    assert line == "JD703  names lagre in lifecycle.runsOn, which is not declared in this stack. Did you mean large?"


@pytest.mark.parametrize(
    "others",
    [
        {},
        on(common.ec2(), None),
        {**on(common.ec2()), (JQ, "unknown"): None},
        {**on(common.ec2()), (CE, "e1"): None},
        {**on(common.ec2()), (CE, "e1"): {"type": "MANAGED", "computeResources": []}},
        on(common.ec2(), common.unmanaged()),
        {(JQ, "q"): training("gpus")},
    ],
)
def test_nothing_is_said_while_anything_is_unknown_or_without_limit(others: Others) -> None:
    assert said(LARGE.body, others) == []


def test_queues_for_training_are_for_no_job_definition() -> None:
    others = {**on(common.ec2()), (JQ, "training"): training("gpus")}
    assert [line[:5] for line in said(LARGE.body, others)] == ["JD701"]


@pytest.mark.parametrize(
    ("job", "count"),
    [
        (traversal.ec2(vcpus=17, memory=4, resourceRequirements=None), "17"),
        (
            traversal.task(containers=[container("a", resourceRequirements=size(vcpus=count)) for count in (9, 8)]),
            "17",
        ),
        (
            pod(
                pod_container(resources=resources(cpu="16.75")), pod_container(name="b", resources=resources(cpu="0.5"))
            ),
            "17.25",
        ),
        (multinode(nodes=17), "17"),
    ],
)
def test_what_starts_together_is_added_up(job: Example, count: str) -> None:
    environment = common.eks(maxvCpus=16) if "eksProperties" in job.body else common.ec2(maxvCpus=16)
    together = " on its 17 nodes together" if "nodeProperties" in job.body else ""
    assert said(job.body, on(environment)) == never(
        f"needs {count} vCPUs{together}, but maxvCpus of e1 is 16", most=count
    )


def test_init_containers_are_not_added() -> None:
    ahead = {"initContainers": [pod_container(name="init", resources=resources(cpu="16"))]}
    assert said(pod(pod_container(resources=resources(cpu="16")), **ahead).body, on(common.eks(maxvCpus=16))) == []


def test_each_platform_has_its_own_environments() -> None:
    assert said(traversal.fargate().body, on(common.ec2())) == never("runs on Fargate, but e1 is for EC2")
    assert said(pod().body, on(common.fargate())) == never("runs on Amazon EKS, but e1 is for Fargate")
    assert said(pod().body, on(common.eks())) == []


def test_a_job_with_one_attempt_is_told_of_spot_and_of_nothing_else() -> None:
    job = traversal.ec2()
    spot = on(None, common.spot())
    why = "has no retry for Spot interruptions, but runs on e2 (Spot)"
    assert said(job.body, spot) == [f"JD404  {why}"]
    assert said({**job.body, "retryStrategy": {"attempts": 1}}, spot) == [
        f"JD404 retryStrategy.attempts is 1: the job {why}"
    ]
    assert (said(job.body, spot, "JD151"), len(said(job.body, on(common.ec2()), "JD151"))) == ([], 1)
    assert said(traversal.fargate().body, spot) == []


def test_a_priority_counts_where_any_queue_may_have_a_policy() -> None:
    urgent = {**traversal.ec2().body, "schedulingPriority": 5}
    assert said(urgent, {}) == []
    assert said(urgent, {**on(common.ec2()), (JQ, "unknown"): None}) == []
    assert said(urgent, on(common.ec2(), schedulingPolicyArn="elsewhere")) == []
    assert [line[:5] for line in said(urgent, on(common.ec2()))] == ["JD405"]
