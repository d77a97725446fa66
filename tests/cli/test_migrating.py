"""What docs/migrating.md tells people to type is what works: its commands are run in its order, on a served sandbox."""

import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.cli.parser import parse
from reconciler.sandbox import session
from reconciler.sandbox.core.clock import SandboxClock, Timings
from tests.cli.conftest import Run, Tag, write
from tests.serving import running

Doing = Callable[[str], list[int]]
GUIDE = (Path(__file__).parents[2] / "docs" / "migrating.md").read_text(encoding="utf-8")
AT_ONCE = Timings(create=0, update=0, infrastructure=0, delete=0, relationship_grace=0)
SERVED = ".reconciler/sandbox.json"
LIVE = """\
stack: made
computeEnvironments:
  risk-spot: {type: MANAGED, computeResources: {type: FARGATE, maxvCpus: 4, subnets: [subnet-1], securityGroupIds: [sg-1]}}
jobQueues:
  risk-pricing: {priority: 1, computeEnvironmentOrder: [risk-spot], tags: {team: quant}}
  Queue-1A2B3C4D: {priority: 2, computeEnvironmentOrder: [risk-spot]}
"""


TEMPLATE = """\
Parameters: {Subnets: {Type: "List<AWS::EC2::Subnet::Id>"}}
Resources:
  Group: {Type: AWS::EC2::SecurityGroup}
  Farm:
    Type: AWS::Batch::ComputeEnvironment
    Properties:
      Type: MANAGED
      ComputeResources: {Type: FARGATE, MaxvCpus: 4, Subnets: !Ref Subnets, SecurityGroupIds: [!GetAtt Group.GroupId]}
"""


def commands(section: str) -> list[str]:
    text = GUIDE.split(f"\n## {section}\n")[1].split("\n## ")[0]
    blocks = re.findall(r"```sh\n(.+?)```", text, re.DOTALL)
    return [line.strip() for block in blocks for line in block.splitlines() if line.strip()]


@pytest.fixture
def done(run: Run, monkeypatch: pytest.MonkeyPatch, tag: Tag) -> Doing:
    """Run the commands of a section where three resources are live and nobody owns them; return the exit codes."""
    write("made", LIVE)
    assert run("apply", "made", "--sandbox", "--yes").code == 0
    assert run("forget", "made", "--sandbox", "--yes").code == 0

    def doing(section: str) -> list[int]:
        with running(session.open_sandbox(SERVED, clock=SandboxClock(), timings=AT_ONCE)) as url:
            monkeypatch.setenv("AWS_ENDPOINT_URL", url)
            for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
                monkeypatch.setenv(name, "x")
            monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
            return [typed(line) for line in commands(section)]

    def typed(line: str) -> int:
        program, *words = shlex.split(line)
        if program == "reconciler":
            return run(*words).code
        *words, into, file = words
        assert (program, into) == ("aws", ">")
        with Path(file).open("wb") as output:
            return subprocess.run(
                [Path(sys.executable).with_name("aws"), *words], stdout=output, check=False
            ).returncode

    return doing


def test_what_was_made_by_hand_is_taken_over_and_let_go_again(done: Doing) -> None:
    assert set(done("Made by hand, or by a script")) == {0}
    assert set(done("Undo an adoption")) == {0}


def test_what_cloudformation_retains_is_taken_over(done: Doing, run: Run, tag: Tag) -> None:
    for path in ("compute-environment/risk-spot", "job-queue/risk-pricing", "job-queue/Queue-1A2B3C4D"):
        tag(path, "aws:cloudformation:stack-name=batch-prod")
    Path("template.yaml").write_text(TEMPLATE)
    assert set(done("From CloudFormation or the CDK")) == {0}
    assert run("coverage", "--sandbox", "-o", "json").json["percent"] == 100


def test_what_the_aws_command_line_printed_is_imported(done: Doing) -> None:
    if not Path(sys.executable).with_name("aws").exists():
        pytest.skip("no aws command")
    assert set(done("From JSON files")) == {0}


def test_every_command_line_of_the_guide_is_one_that_is_taken() -> None:
    blocks = "\n".join(re.findall(r"```sh\n(.+?)```", GUIDE, re.DOTALL))
    lines = [line.strip() for line in blocks.splitlines() if line.strip().startswith("reconciler ")]
    assert len(lines) > 8
    assert all(parse(shlex.split(line)[1:]).run for line in lines)
