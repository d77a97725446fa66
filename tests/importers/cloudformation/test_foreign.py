"""What the template takes from resources that are not of AWS Batch: names that it says, live ids, else variables."""

import pytest

from reconciler.importers.cloudformation import LiveStack
from reconciler.importers.model import TaggedValue
from reconciler.model import Json
from tests.importers.cloudformation.reading import STACK_ID, bodies, image, job, notes, read, without_examples

OTHERS = """\
Parameters:
  Env: {Type: String, Default: dev}
  Hidden: {Type: String, NoEcho: true, Default: hush}
Outputs:
  Subnet: {Value: !Ref Subnet}
  Sometimes: {Condition: C, Value: !GetAtt Network.Outputs.Vpc}
Conditions: {C: !Equals [!Ref Env, dev]}
Resources:
  Named: {Type: AWS::IAM::Role, Properties: {RoleName: runner}}
  ByEnv: {Type: AWS::IAM::Role, Properties: {RoleName: !Sub "runner-${Env}", Path: /batch/}}
  ByStack: {Type: AWS::IAM::Role, Properties: {RoleName: !Sub "runner-${AWS::StackName}"}}
  Unnamed: {Type: AWS::IAM::Role}
  Repo: {Type: AWS::ECR::Repository, Properties: {RepositoryName: app}}
  Template: {Type: AWS::EC2::LaunchTemplate}
  Subnet: {Type: AWS::EC2::Subnet}
  Network: {Type: AWS::CloudFormation::Stack}
  Magic: {Type: Custom::Magic}
"""
LIVE = LiveStack(
    name="infra",
    id=STACK_ID,
    parameters={"Env": "prod", "Hidden": "****"},
    resources={
        "Unnamed": "infra-Unnamed-1A2B", "ByStack": "runner-infra", "Subnet": "subnet-1", "Template": "lt-1",
        "Network": "arn:aws:cloudformation:eu-west-1:123456789012:stack/infra-Network-9Z/77",
        "Job": "arn:aws:batch:eu-west-1:123456789012:job-definition/infra-job-5X:12",
    },
    exports={"net-prod": "subnet-1,subnet-2"},
    versions={("Template", "LatestVersionNumber"): "7"},
)  # fmt: skip
ROLE = "arn:${partition}:iam::${account}:role"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("!GetAtt Named.Arn", TaggedValue("!sub", f"{ROLE}/runner")),
        ("!Ref Named", "runner"),
        ("!GetAtt ByEnv.Arn", TaggedValue("!sub", f"{ROLE}/batch/runner-${{Env}}")),
        ("!GetAtt ByStack.Arn", TaggedValue("!var", "ByStackArn")),
        ("!GetAtt Unnamed.Arn", TaggedValue("!var", "UnnamedArn")),
        ('!Sub "${Repo.RepositoryUri}:1"', TaggedValue("!sub", "${account}.dkr.ecr.${region}.amazonaws.com/app:1")),
        ("!GetAtt Template.LatestVersionNumber", TaggedValue("!var", "TemplateLatestVersionNumber")),
        ("!GetAtt Template.DefaultVersionNumber", TaggedValue("!var", "TemplateDefaultVersionNumber")),
        ("!Ref Template", TaggedValue("!var", "Template")),
        ("!GetAtt Network.Outputs.Subnets", TaggedValue("!var", "NetworkSubnets")),
        ("!GetAtt Magic.Answer", TaggedValue("!var", "MagicAnswer")),
    ],
)
def test_what_is_named_is_written_and_the_rest_is_a_variable(written: str, expected: Json) -> None:
    assert image(job(written, OTHERS)) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("!GetAtt Unnamed.Arn", TaggedValue("!sub", f"{ROLE}/infra-Unnamed-1A2B")),
        ("!GetAtt ByStack.Arn", TaggedValue("!sub", f"{ROLE}/runner-infra")),
        ("!Ref Template", "lt-1"),
        ("!GetAtt Template.LatestVersionNumber", "7"),
        ("!GetAtt Template.DefaultVersionNumber", TaggedValue("!var", "TemplateDefaultVersionNumber")),
        ("!Ref Subnet", TaggedValue("!cfn", "infra.Subnet")),
        ("!GetAtt Network.Outputs.Subnets", TaggedValue("!cfn", "infra-Network-9Z.Subnets")),
        ("!GetAtt Network.Outputs.Vpc", TaggedValue("!cfn", "infra-Network-9Z.Vpc")),
        ("!GetAtt Magic.Answer", TaggedValue("!var", "MagicAnswer")),
        ("!Ref AWS::StackName", "infra"),
        ("!Ref AWS::StackId", STACK_ID),
        ("!Ref AWS::Region", TaggedValue("!sub", "${region}")),
        ("!If [C, a, b]", "b"),
    ],
)
def test_with_a_live_stack_ids_outputs_and_values_are_known(written: str, expected: Json) -> None:
    (found,) = read(job(written, OTHERS), live=LIVE).resources
    assert found.body["containerProperties"]["image"] == expected
    assert found.address.name == "infra-job-5X"


def test_a_resource_that_is_named_by_itself_is_told() -> None:
    circle = "Resources:\n  Role: {Type: AWS::IAM::Role, Properties: {RoleName: !Sub 'x-${Role}'}}\n"
    (problem,) = read(job("!GetAtt Role.Arn", circle)).problems
    assert (problem.code, problem.message) == ("CFN004", "the name of Role depends on itself")


def test_a_live_id_says_whose_it_is() -> None:
    (found,) = read(job("!Ref Template", OTHERS), live=LIVE).resources
    assert notes(found) == [("containerProperties.image", "AWS::EC2::LaunchTemplate Template of the template")]


def test_what_other_stacks_export_is_known_beside_a_live_stack() -> None:
    template = job("a", OTHERS)
    for written, expected, why in (
        ("[!ImportValue net-prod]", ["subnet-1,subnet-2"], "export net-prod of a different stack"),
        ("!Split [',', !ImportValue net-prod]", ["subnet-1", "subnet-2"], "export net-prod of a different stack"),
        ("!Split [',', Fn::ImportValue: !Sub 'net-${Env}']", ["subnet-1", "subnet-2"],
         '!ImportValue !Sub "net-${Env}", with Env is prod'),
        ("[!ImportValue other]", [TaggedValue("!var", "other")], ""),
    ):  # fmt: skip
        (found,) = read(f"{template}        Command: {written}\n", live=LIVE).resources
        assert found.body["containerProperties"]["command"] == expected
        assert [text for _, text in notes(found)] == ([why] if why else [])


def test_what_a_parameter_is_live_becomes_the_default_of_its_variable_but_no_secret_does() -> None:
    found = read(job("!Sub '${Env}${Hidden}'", OTHERS), live=LIVE)
    assert found.variables == {
        "Env": {"type": "string", "default": "prod"},
        "Hidden": {"type": "string", "secret": True},
    }


def test_a_variable_says_what_it_stands_for() -> None:
    described = {
        "!GetAtt Unnamed.Arn": "Arn of AWS::IAM::Role Unnamed of the template",
        "!Ref Subnet": "AWS::EC2::Subnet Subnet of the template",
        "!GetAtt Magic.Answer": "Answer of custom resource Magic of the template",
        "!GetAtt Network.Outputs.Subnets": "Outputs.Subnets of AWS::CloudFormation::Stack Network of the template",
    }
    for written, expected in described.items():
        (variable,) = without_examples(read(job(written, OTHERS))).values()
        assert variable == {"type": "string", "description": expected}


def test_what_stands_for_a_whole_list_is_a_list() -> None:
    template = job("a", OTHERS)
    for written, name in (
        ("!Split [',', !ImportValue commands]", "commandsList"),
        ("!GetAtt Magic.Words", "MagicWords"),
    ):
        found = read(f"{template}        Command: {written}\n")
        assert bodies(found)["job"]["containerProperties"]["command"] == TaggedValue("!var", name)
        assert found.variables[name]["type"] == "list"
    found = read(f"{template}        Command: [!GetAtt Magic.Word]\n")
    assert bodies(found)["job"]["containerProperties"]["command"] == [TaggedValue("!var", "MagicWord")]


def test_a_text_with_something_from_elsewhere_has_a_variable_inside() -> None:
    assert image(job('!Sub "${Magic.Host}/app:${Env}"', OTHERS)) == TaggedValue("!sub", "${MagicHost}/app:${Env}")
    (found,) = read(job('!Join ["", [!Ref Subnet, "-x"]]', OTHERS), live=LIVE).resources
    assert found.body["containerProperties"]["image"] == TaggedValue("!sub", "${Subnet}-x")
