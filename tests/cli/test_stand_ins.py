"""In the sandbox, a stack has what it takes from elsewhere. What may be a slip is an error there, too."""

import pytest

from tests.cli.conftest import Run, write

HERE = "arn:aws:batch:us-east-1:123456789012"
QUEUE = """\
stack: queues
variables:
  environment: {type: string, example: shared}
  policy: {type: string, example: fair}
jobQueues:
  q:
    priority: 1
    schedulingPolicy: !var policy
    computeEnvironmentOrder: [ENVIRONMENT]
"""

RISK = """\
stack: risk
variables: {more: {example: more}}
computeEnvironments:
  own: {type: MANAGED, computeResources: {type: FARGATE, maxvCpus: 16, subnets: [subnet-0a1b2c3d], securityGroupIds: [sg-0a1b2c3d]}}
jobQueues:
  q: {priority: 1, computeEnvironmentOrder: [own, !var more]}
"""


@pytest.mark.parametrize(
    ("environment", "name"),
    [
        ("!var environment", "shared"),
        ('!sub "${environment}-1"', "shared-1"),
        ('!sub "arn:aws:batch:${region}:${account}:compute-environment/${environment}"', "shared"),
        (f"{HERE}:compute-environment/other", "other"),
        ("other", "other"),
        ("!cfn network.Environment", "network-Environment"),
    ],
)
def test_what_is_referred_to_is_there(run: Run, environment: str, name: str) -> None:
    write("queues", QUEUE.replace("ENVIRONMENT", environment))
    planned = run("plan", "queues", "--sandbox")
    assert planned.code == 0
    for missing in (f"compute-environment {name}", "scheduling-policy fair"):
        assert missing in planned.out
    assert run("apply", "queues", "--sandbox", "--yes").code == 0
    again = run("plan", "queues", "--sandbox", "--detailed-exitcode")
    assert (again.code, "were created there" in again.out) == (0, False)


@pytest.mark.parametrize(
    "environment",
    ["sopt", '"no name"', "arn:aws:batch:us-east-1:210987654321:compute-environment/other",
     "arn:aws:batch:eu-west-1:123456789012:compute-environment/other"],
)  # fmt: skip
def test_what_may_be_a_slip_or_is_elsewhere_is_not(run: Run, environment: str) -> None:
    write("risk", RISK.replace("  own:", "  spot:").replace("[own, !var more]", f"[{environment}]"))
    ran = run("plan", "risk", "--sandbox")
    assert (ran.code, "REF001" in ran.err) == (3, True)


def test_what_stands_in_is_like_what_is_referred_to_beside_it(run: Run) -> None:
    write("risk", RISK)
    assert run("apply", "risk", "--sandbox", "--yes").code == 0
    assert run("plan", "risk", "--sandbox", "--detailed-exitcode").code == 0


def test_what_is_there_already_stays(run: Run) -> None:
    write("queues", QUEUE.replace("ENVIRONMENT", f"{HERE}:compute-environment/spot"))
    assert run("apply", "risk", "--sandbox", "--yes").code == 0
    assert "compute-environment spot" not in run("plan", "queues", "--sandbox").out
    assert run("plan", "risk", "--sandbox", "--detailed-exitcode").code == 0
