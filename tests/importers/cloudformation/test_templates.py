"""Files that are no templates, or that cannot be followed alone, get a clear word; and what can be read is read."""

import json

import pytest

from reconciler.adapters.lookup.installed import service_model
from reconciler.importers.cloudformation import ImportInputs, imported
from reconciler.importers.model import Imported
from reconciler.problems import Severity
from tests.importers.cloudformation.reading import bodies, job, messages, read

QUEUE = {"Resources": {"Q": {"Type": "AWS::Batch::JobQueue", "Properties": {"JobQueueName": "q", "Priority": 1}}}}


def raw(text: str | bytes, name: str = "<stdin>") -> Imported:
    content = text.encode() if isinstance(text, str) else text
    return imported(name, content, ImportInputs(stack_name="batch"), service_model())


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("<stdin>", json.dumps(QUEUE)),
        ("t.template", json.dumps(QUEUE, indent="\t")),
        ("t.yaml", json.dumps(QUEUE)),
        ("<stdin>", json.dumps({"TemplateBody": QUEUE, "StagesAvailable": ["Original"]})),
        ("<stdin>", json.dumps({"TemplateBody": json.dumps(QUEUE)})),
        ("<stdin>", json.dumps({"TemplateBody": "Resources:\n  Q:\n    Type: AWS::Batch::JobQueue\n    Properties: {JobQueueName: !Sub q, Priority: 1}\n"})),
    ],
)  # fmt: skip
def test_templates_may_be_json_or_yaml_also_as_get_template_prints_them(name: str, content: str) -> None:
    found = raw(content, name)
    assert (messages(found), bodies(found)) == ([], {"q": {"priority": 1}})


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "None: CFN001: <stdin> is empty: it is not a CloudFormation template"),
        ("[]", "<stdin>:1:1: CFN001: <stdin> is not a mapping: it is not a CloudFormation template"),
        ("a", "<stdin>:1:1: CFN001: <stdin> is not a mapping: it is not a CloudFormation template"),
        ("{}", "<stdin>:1:1: CFN001: not a CloudFormation template: it has no Resources"),
        ("Resources: []", "<stdin>:1:1: CFN001: not a CloudFormation template: it has no Resources"),
        ("service: x\nresources: {Resources: {}}", "<stdin>:1:1: CFN001: not a CloudFormation template: it is a Serverless Framework configuration: `serverless package` writes a template to .serverless/*.json"),
        ('{"terraform_version": "1"}', "<stdin>:1:1: CFN001: not a CloudFormation template: it is a Terraform state"),
        ("stack: risk", "<stdin>:1:1: CFN001: not a CloudFormation template: it is already a reconciler stack"),
        ("Resources: {A: {Type: AWS::S3::Bucket}}", "<stdin>:1:1: CFN002: the template contains no AWS Batch resources"),
        ("Resources: {A: {Properties: {}}}", "<stdin>:1:13: CFN009: A is not a resource: it has no Type"),
        ("Resources: {A: {Type: AWS::Batch::JobQeue}}", "<stdin>:1:13: CFN009: A: AWS::Batch::JobQeue is not a resource type"),
        ("Resources: {A: {Type: AWS::Batch::JobQueue, Properties: x}}", "<stdin>:1:13: CFN009: A: Properties is not a mapping"),
        ("Resources: {A: x", "<stdin>:2:1: YML002: the mapping in braces that opens at 1:12 is not continued or closed here"),
        ('{"Resources": {,}}', "<stdin>:1:16: YML010: this is not JSON: expecting property name enclosed in double quotes"),
        ("Resources: {A: {Type: AWS::Batch::JobQueue, Type: x}}", "<stdin>:1:45: YML003: Type is written twice in one mapping; first at <stdin>:1:17"),
    ],
)  # fmt: skip
def test_what_is_no_template_is_told(content: str, problem: str) -> None:
    assert problem in messages(raw(content))


def test_bytes_are_no_text() -> None:
    (problem,) = raw(b"\xff\xfe").problems
    assert (problem.code, str(problem.where)) == ("YML001", "<stdin>:1:1")


TWICE = {
    "t.yaml": """\
Parameters:
  A: {Type: String, Default: first}
  A: {Type: String, Default: second}
Resources:
  Role: {Type: AWS::IAM::Role, Properties: {Path: /a/, Path: /b/}}
  Q:
    Type: AWS::Batch::JobQueue
    Properties: {JobQueueName: q, Priority: 1, Priority: 2, Tags: {a: !Ref A}}
  Other: {Type: AWS::S3::Bucket, Type: AWS::S3::Bucket}
Outputs: {X: {Value: a}, X: {Value: b}}
""",
    "t.json": """\
{"Parameters": {
  "A": {"Type": "String", "Default": "first"},
  "A": {"Type": "String", "Default": "second"}}, "Resources": {
  "Role": {"Type": "AWS::IAM::Role", "Properties": {"Path": "/a/", "Path": "/b/"}},
  "Q": {"Type": "AWS::Batch::JobQueue", "Properties":
    {"JobQueueName": "q", "Priority": 1, "Priority": 2, "Tags": {"a": {"Ref": "A"}}}}}}
""",
}


@pytest.mark.parametrize("name", TWICE)
def test_the_last_of_what_is_written_twice_counts_as_in_cloudformation(name: str) -> None:
    found = raw(TWICE[name], name)
    assert bodies(found)["q"]["priority"] == 2
    assert found.variables["A"]["default"] == "second"
    assert [problem.message.partition(" is written twice")[0] for problem in found.problems] == ["A", "Priority"]
    assert {problem.severity for problem in found.problems} == {Severity.WARNING}


@pytest.mark.parametrize(
    "other",
    ["Role: {Properties: {Path: /a/}}", "Role: {Type: !Sub 'AWS::IAM::${X}'}", "Role: {Type: AWS::IAM::Role, Properties: {Path: !Nope a}}",
     "Role: x", "Role: {Type: AWS::IAM::Role, ? [a] : b}"],
)  # fmt: skip
def test_a_problem_of_what_is_not_imported_is_a_warning(other: str) -> None:
    for template in (f"Resources:\n  {other}\n", "Resources:\n"):
        found = read(job("a", template))
        assert list(bodies(found)) == ["job"]
        assert [problem.severity for problem in found.problems] == [Severity.WARNING] * ("Role" in template)
    found = read(job("a") + f"Outputs:\n  {other}\n")
    assert {problem.severity for problem in found.problems} <= {Severity.WARNING}
    assert list(bodies(found)) == ["job"]


def test_a_template_without_batch_names_its_nested_stacks() -> None:
    (problem,) = raw("Resources: {Jobs: {Type: AWS::CloudFormation::Stack}}").problems
    assert problem.hint == "import the templates of its nested stacks: Jobs"


def test_one_broken_resource_hides_no_other() -> None:
    broken = "Resources:\n  Bad: {Type: AWS::Batch::JobQueue, Properties: {Priority: !Nope 1}}\n  Worse: 3\n"
    found = read(job("a", broken))
    assert messages(found) == [
        "t.yaml:2:60: YML005: !Nope is not a CloudFormation tag",
        "t.yaml:3:3: CFN009: Worse is not a resource: it has no Type",
    ]
    assert list(bodies(found)) == ["job"]


def test_a_macro_that_has_not_run_is_warned_of_unless_it_leaves_batch_alone() -> None:
    for transform in ("AWS::Serverless-2016-10-31", "[AWS::LanguageExtensions]"):
        assert read(f"Transform: {transform}\n{job('a')}").problems == ()
    for transform in ("Mine", "[AWS::Serverless-2016-10-31, Mine]", "{Name: Mine, Parameters: {}}"):
        (problem,) = read(f"Transform: {transform}\n{job('a')}").problems
        assert (problem.code, problem.severity, problem.message) == (
            "CFN010", Severity.WARNING, "the macro Mine has not run: it may add or change resources",
        )  # fmt: skip


def test_loops_and_modules_say_how_they_can_be_followed() -> None:
    loop = "Resources:\n  Fn::ForEach::Jobs: [Name, [a, b], {'Job${Name}': {Type: AWS::Batch::JobDefinition}}]\n"
    assert messages(read(loop)) == ["t.yaml:2:22: CFN003: Fn::ForEach around AWS Batch resources is not supported"]
    harmless = "Resources:\n  Fn::ForEach::B: [Name, [a], {'B${Name}': {Type: AWS::S3::Bucket}}]\n"
    assert messages(read(job("a", harmless))) == []
    subnet = "Resources:\n  Fn::ForEach::S: [Zone, [a, b], {'Private${Zone}': {Type: AWS::EC2::Subnet}}]\n"
    found = read(job("!Ref Privatea", subnet))
    assert messages(found) == []
    assert found.variables["Privatea"]["description"] == "Privatea, created by Fn::ForEach in the template"
    assert "CFN012" in messages(read(job("!Ref Publica", subnet)))[0]
    module = "Resources:\n  M: {Type: Org::Batch::Jobs::MODULE}\n"
    assert "get-template --template-stage Processed" in read(job("a", module)).left_out[0].reason


def test_lengths_and_json_of_language_extensions_are_computed() -> None:
    above = "Parameters: {L: {Type: CommaDelimitedList, Default: 'a,b'}}\nResources:\n"
    assert bodies(read(job("{'Fn::Length': [1, 2, 3]}")))["job"]["containerProperties"]["image"] == "3"
    assert bodies(read(job("{'Fn::Length': !Ref L}", above)))["job"]["containerProperties"]["image"] == "2"
    assert bodies(read(job("{'Fn::ToJsonString': {a: [1]}}")))["job"]["containerProperties"]["image"] == '{"a":[1]}'


@pytest.mark.parametrize(
    ("name", "renderer"),
    [
        ('"#{AWS::StackName}-q"', "serverless package"),
        ('"${self:custom.q}"', "serverless package"),
        ("{{ sceptre_user_data.q }}", "sceptre generate"),
        ("{{ name }}", "jinja2 FILE"),
        ("q\n{% if x %}", "jinja2 FILE"),
        ("${NAME}-q", "envsubst"),
        ("$NAME", "envsubst"),
    ],
)
def test_a_template_in_another_language_is_told_once_with_what_renders_it(name: str, renderer: str) -> None:
    text = "Resources:\n  Q:\n    Type: AWS::Batch::JobQueue\n    Properties:\n      Priority: 1\n      JobQueueName: "
    (problem,) = raw(text + name + "\n", "t.yaml").problems
    assert (problem.code, renderer in problem.hint) == ("YML013", True)


@pytest.mark.parametrize("name", ["${Env}-q", "q-${AWS::Region}"])
def test_a_name_with_a_parameter_that_nothing_fills_in_needs_a_function(name: str) -> None:
    text = "Parameters: {Env: {Type: String}}\nResources:\n  Q:\n    Type: AWS::Batch::SchedulingPolicy\n"
    found = read(f"{text}    Properties: {{Name: '{name}', FairsharePolicy: {{}}}}\n")
    assert messages(found) == [f"t.yaml:5:24: CFN008: AWS rejects the name {name}"]
    assert "Fn::Sub" in found.problems[0].hint


def test_another_language_around_what_is_left_out_is_no_matter() -> None:
    function = {"Type": "AWS::Lambda::Function", "Properties": {"Code": {"ZipFile": "{% if x %} #{AWS::StackName}"}}}
    assert raw(json.dumps({"Resources": {**QUEUE["Resources"], "F": function}})).problems == ()
