"""From a template to resources on the sandbox: imported, filled in, applied."""

from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.cli.commands import import_
from tests.cli.conftest import Run, write
from tests.importers.cloudformation.test_foreign import LIVE, OTHERS
from tests.stacks.corpus import corpus

Golden = Callable[[str, str], None]
# Written by hand in the way of `cdk synth`: hashes in logical ids, ARNs by Fn::GetAtt, what is beside Batch at length.
TEMPLATE = Path(__file__).parent / "templates" / "cdk.template.json"
FOLDER = corpus()
TEMPLATES = (
    sorted(one for name in ("cloudformation", "cdk-readme") for one in (FOLDER / name).iterdir()) if FOLDER else []
)
# Templates that AWS refuses or that have nothing, and why.
REFUSED = {
    "readme-18": "JD111", "readme-20": "JD080", "readme-22": "JD080", "readme-24": "JD201", "readme-25": "JD201",
    "readme-34": "CFN001",
}  # fmt: skip
LICENCES = """\
stack: licences
consumableResources:
  license-tokens: {totalQuantity: 10, resourceType: REPLENISHABLE}
  api-calls: {totalQuantity: 10, resourceType: REPLENISHABLE}
"""


@pytest.mark.skipif(not TEMPLATES, reason="the corpus is not beside this checkout")
@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: file.stem[-40:])
def test_real_templates_are_imported_checked_and_applied_as_they_are(run: Run, file: Path) -> None:
    ran = run("import", "--cloudformation", str(file), "--to", "stack", "--stack", "real")
    expected = next((code for name, code in REFUSED.items() if file.name.startswith(name)), "")
    if ran.code:
        assert expected
        assert f"error[{expected}]" in ran.err
        return
    assert run("validate", "stack").code == (3 if expected else 0)
    if "consumable" in file.name:
        write("licences", LICENCES)
        run("apply", "licences", "--sandbox", "--yes")
    ran = run("apply", "stack", "--sandbox", "--yes")
    assert (ran.code, expected in ran.err) == (3 if expected else 0, True), ran.err


UNKNOWN_VALUES = """\
Parameters:
  Token: {Type: String, NoEcho: true}
  Other: {Type: String, NoEcho: true, Default: abcdef, AllowedValues: [abcdef, ghijkl]}
  Zone: {Type: String, AllowedPattern: '[a-z]{3}-\\d+'}
Resources:
  Policy:
    Type: AWS::Batch::SchedulingPolicy
    Properties: {Name: p, FairsharePolicy: {ShareDistribution: [{ShareIdentifier: !ImportValue share}]}}
  Environment:
    Type: AWS::Batch::ComputeEnvironment
    Properties:
      ComputeEnvironmentName: ce
      Type: MANAGED
      State: !ImportValue state
      ComputeResources:
        Type: EC2
        AllocationStrategy: !ImportValue strategy
        MinvCpus: 0
        MaxvCpus: !ImportValue most
        InstanceTypes: [m5.large]
        InstanceRole: !ImportValue profile
        LaunchTemplate: {LaunchTemplateId: !ImportValue template, Version: !ImportValue version}
        Subnets: !ImportValue subnets
        SecurityGroupIds: [!ImportValue group]
  Queue:
    Type: AWS::Batch::JobQueue
    Properties:
      JobQueueName: q
      Priority: !ImportValue priority
      ComputeEnvironmentOrder: [{Order: 1, ComputeEnvironment: !Ref Environment}]
      SchedulingPolicyArn: !Ref Policy
  Job:
    Type: AWS::Batch::JobDefinition
    Properties:
      JobDefinitionName: j
      Type: container
      RetryStrategy: {Attempts: 2, EvaluateOnExit: [{Action: !ImportValue action, OnExitCode: !ImportValue code}]}
      ContainerProperties:
        Image: !Sub "${Zone}.example.com/app:1"
        Vcpus: 1
        Memory: 128
        LogConfiguration: {LogDriver: !ImportValue driver}
        Environment: [{Name: TOKEN, Value: !Ref Token}, {Name: OTHER, Value: !Ref Other}, {Name: ZONE, Value: !Ref Zone}]
"""


def test_what_a_template_does_not_say_keeps_no_command_from_trying_the_import(run: Run) -> None:
    Path("template.yaml").write_text(UNKNOWN_VALUES, encoding="utf-8")
    assert run("import", "--cloudformation", "template.yaml", "--to", "tried").code == 0
    assert run("validate", "tried").code == 0
    for command in ("render", "graph"):
        ran = run(command, "tried")
        assert (ran.code, "note[VAR020]" in ran.err) == (0, True)
    assert run("plan", "tried", "--sandbox").code == 0
    assert run("apply", "tried", "--sandbox", "--yes").code == 0
    assert run("plan", "tried", "--sandbox", "--detailed-exitcode").code == 0


def test_an_app_of_the_cdk_reads_as_if_somebody_had_written_it(run: Run, golden: Golden) -> None:
    words = ("import", "--cloudformation", str(TEMPLATE), "--stack", "rendering")
    ran = run(*words, "--to", "-")
    assert ran.code == 0
    golden("import_cdk.yaml", ran.out)
    golden("import_cdk.txt", ran.err.replace(str(TEMPLATE), "cdk.template.json"))
    assert run(*words, "--to", "rendering").code == 0
    assert run("fmt", "rendering", "--check").code == 0


def test_a_template_becomes_resources_in_three_commands(run: Run) -> None:
    template = """\
        Parameters: {Image: {Type: String}, Subnets: {Type: "List<AWS::EC2::Subnet::Id>"}}
        Resources:
          Group: {Type: AWS::EC2::SecurityGroup}
          Fargate:
            Type: AWS::Batch::ComputeEnvironment
            Properties:
              Type: managed
              ComputeResources: {Type: FARGATE, MaxvCpus: 4, Subnets: !Ref Subnets, SecurityGroupIds: [!Ref Group]}
          Queue:
            Type: AWS::Batch::JobQueue
            Properties: {JobQueueName: !Sub "${AWS::StackName}-jobs", Priority: 1, ComputeEnvironmentOrder: [{Order: 1, ComputeEnvironment: !Ref Fargate}]}
        """
    Path("t.yaml").write_text(template)
    ran = run("import", "--cloudformation", "t.yaml", "--to", "jobs", "--parameter", "Subnets=subnet-1,subnet-2")
    assert (ran.code, ran.out.splitlines()[-3:]) == (
        0,
        [
            "Imported as stack jobs: 1 compute environment, 1 job queue",
            "Set these with --var, --var-file or a default: Group",
            "Until then, validate, render, graph and --sandbox use their examples.",
        ],
    )
    assert run("validate", "jobs").code == 0
    assert run("apply", "jobs", "--sandbox=tried.json", "--yes").code == 0
    assert "subnets: [subnet-1, subnet-2]" in Path("jobs/compute-environments.yaml").read_text()
    assert run("apply", "jobs", "--sandbox", "--yes", "--var", "Group=sg-1").code == 0
    assert run("plan", "jobs", "--sandbox", "--detailed-exitcode", "--var", "Group=sg-1").code == 0


def test_problems_of_a_template_keep_it_from_being_written_unless_told_otherwise(run: Run) -> None:
    Path("t.yaml").write_text(
        "Resources:\n  A: {Type: AWS::Batch::JobQueue, Properties: {Priority: x}}\n"
        "  B: {Type: AWS::Batch::SchedulingPolicy, Properties: {Name: fair, FairsharePolicy: {}}}\n"
    )
    words = ("import", "--cloudformation", "t.yaml", "--to", "new")
    ran = run(*words)
    assert (ran.code, Path("new").exists()) == (3, False)
    assert ran.err.splitlines()[0] == "t.yaml:2:58: error[CFN008]: A: priority must be a whole number, not x"
    assert run(*words, "--keep-going").code == 3
    assert "fair:" in Path("new/scheduling-policies.yaml").read_text()


def test_a_live_stack_is_asked_for_names_and_ids(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr("reconciler.cli.clients.cloudformation_for", lambda *_: None)
    monkeypatch.setattr(
        "reconciler.adapters.lookup.deployed.deployed", lambda _cloud, name, **_: asked.append(name) or LIVE
    )
    job = "  Job: {Type: AWS::Batch::JobDefinition, Properties: {Type: container, ContainerProperties: {Image: !Ref Template, Vcpus: 1, Memory: 9}}}\n"
    Path("t.yaml").write_text(OTHERS + job)
    ran = run("import", "--cloudformation", "t.yaml", "--stack-name", "infra", "--to", "-")
    assert (ran.code, asked, "infra-job-5X:" in ran.out) == (0, ["infra"], True)


def test_the_sandbox_has_no_cloudformation(run: Run) -> None:
    words = ("import", "--cloudformation", str(TEMPLATE), "--to", "-", "--stack-name", "infra", "--sandbox")
    assert run(*words).code == 64


def test_a_template_may_come_from_stdin(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_, "read_contents", lambda files: [(import_.STDIN_NAME, TEMPLATE.read_bytes())])
    assert run("import", "--cloudformation", "-", "--to", "new").code == 0
