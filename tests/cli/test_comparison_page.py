"""What docs/comparison.md says of this program is so."""

from pathlib import Path

from reconciler import __version__
from tests.cli.conftest import Run, write

PAGE = (Path(__file__).parents[2] / "docs" / "comparison.md").read_text(encoding="utf-8")
MISTAKES = """\
stack: mistakes
computeEnvironments:
  serverless: {type: MANAGED, computeResources: {type: FARGATE, maxvCpus: 4, subnets: [subnet-1], securityGroupIds: [sg-1]}}
  instances: {type: MANAGED, computeResources: {type: EC2, minvCpus: 0, maxvCpus: 4, instanceTypes: [m7i],
    instanceRole: ecsInstanceRole, subnets: [subnet-1], securityGroupIds: [sg-1]}}
jobQueues:
  mixed: {priority: 1, computeEnvironmentOrder: [serverless, instances]}
  many: {priority: 1, computeEnvironmentOrder: [serverless, a, b, c]}
jobDefinitions:
  pair:
    type: container
    platformCapabilities: [FARGATE]
    containerProperties: {image: app:1, executionRoleArn: "arn:aws:iam::123456789012:role/jobs",
      resourceRequirements: [{type: VCPU, value: 1}, {type: MEMORY, value: 512}]}
  nodes:
    type: multinode
    nodeProperties: {numNodes: 4, mainNode: 0, nodeRangeProperties: [
      {targetNodes: "0:2", container: {image: app:1, vcpus: 1, memory: 512}},
      {targetNodes: "1:3", container: {image: app:1, vcpus: 1, memory: 512}}]}
  limits:
    type: container
    containerProperties: {image: app:1, vcpus: 1, memory: 512}
    retryStrategy: {attempts: 11}
    timeout: {attemptDurationSeconds: 5}
"""


def test_validate_finds_each_of_the_mistakes_that_the_page_names(run: Run) -> None:
    write("mistakes", MISTAKES)
    found = run("validate", "mistakes").out
    for said in (
        "JobQueue/mixed: computeEnvironmentOrder mixes serverless on Fargate with instances on EC2",
        "JobQueue/many: computeEnvironmentOrder has 4 environments",
        "value is 512; with 1 vCPU Fargate has 2048 to 8192 in steps of 1024 MiB, nearest 2048",
        "shares a part of its nodes with 0:2",
        "retryStrategy.attempts must be at most 10",
        "timeout.attemptDurationSeconds must be at least 60",
    ):
        assert said in found, found


def test_it_tells_how_young_this_is() -> None:
    assert f"This is version {__version__}." in PAGE
