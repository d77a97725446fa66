"""Resources of AWS Batch get names, refer to one another by them, and keep what the template says of their lives."""

import pytest

from reconciler.importers.model import LeftOut, TaggedValue
from reconciler.problems import Severity
from tests.importers.cloudformation.reading import bodies, job, messages, notes, read

QUEUES = """\
Parameters:
  Env: {Type: String, Default: dev}
  Size: {Type: String}
Conditions:
  IsProd: !Equals [!Ref Env, prod]
  IsLarge: !Equals [!Ref Size, large]
Resources:
  Spot:
    Type: AWS::Batch::ComputeEnvironment
    Properties:
      Type: MANAGED
      ComputeEnvironmentName: !Sub "${Env}-spot"
      ReplaceComputeEnvironment: false
      ComputeResources:
        Type: FARGATE
        MaxvCpus: "16"
        Subnets: [subnet-0a1b2c3d]
        SecurityGroupIds: [sg-0a1b2c3d]
        UpdateToLatestImageVersion: "true"
      UpdatePolicy: {TerminateJobsOnUpdate: "true"}
  Fair:
    Type: AWS::Batch::SchedulingPolicy
    Properties: {Name: fair, FairsharePolicy: {ShareDecaySeconds: 60.0, ShareDistribution: [{ShareIdentifier: a*, WeightFactor: "0.5"}]}}
  Queue:
    Type: AWS::Batch::JobQueue
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties:
      Priority: 1
      SchedulingPolicyArn: !GetAtt Fair.Arn
      ComputeEnvironmentOrder:
        - {Order: 1, ComputeEnvironment: !Ref Spot}
        - !If [IsProd, {Order: 2, ComputeEnvironment: other}, !Ref "AWS::NoValue"]
      Tags: {Team: risk, costCenter: 7}
  Share:
    Type: AWS::Batch::QuotaShare
    Properties: {QuotaShareName: risk, JobQueue: !Ref Queue, State: ENABLED}
"""  # fmt: skip


def test_resources_refer_to_one_another_by_name() -> None:
    found = read(QUEUES)
    assert [str(one.address) for one in found.resources] == [
        "ComputeEnvironment/dev-spot", "SchedulingPolicy/fair", "JobQueue/Queue", "QuotaShare/Queue/risk",
    ]  # fmt: skip
    assert bodies(found)["Queue"] == {
        "priority": 1,
        "schedulingPolicyArn": "fair",
        "computeEnvironmentOrder": [{"order": 1, "computeEnvironment": "dev-spot"}],
        "tags": {"Team": "risk", "costCenter": "7"},
    }
    assert [one.lifecycle for one in found.resources] == [{}, {}, {"onRemove": "orphan"}, {}]
    assert bodies(found)["Queue/risk"] == {"jobQueue": "Queue", "state": "ENABLED"}


def test_values_get_the_types_of_the_api() -> None:
    found = bodies(read(QUEUES))
    assert found["dev-spot"]["computeResources"]["maxvCpus"] == 16
    assert found["dev-spot"]["computeResources"]["updateToLatestImageVersion"] is True
    assert found["dev-spot"]["updatePolicy"] == {"terminateJobsOnUpdate": True}
    assert found["fair"]["fairsharePolicy"] == {
        "shareDecaySeconds": 60,
        "shareDistribution": [{"shareIdentifier": "a*", "weightFactor": 0.5}],
    }


def test_what_a_name_depends_on_is_noted() -> None:
    spot, _, queue, _ = read(QUEUES).resources
    assert notes(spot) == [("", 'Named !Sub "${Env}-spot" in the template; Env is dev.')]
    assert notes(queue) == [
        ("", "Unnamed in the template: its logical ID is used as its name here."),
        ("", "Its UpdateReplacePolicy is Retain: a replacement keeps the old resource."),
        ("computeEnvironmentOrder", "an entry is omitted: IsProd is false, because Env is dev"),
    ]
    assert notes(read(QUEUES, Env="prod").resources[0]) == []


def test_a_name_that_is_not_known_says_what_would_tell_it() -> None:
    (found,) = read(job("a").replace("Name: job", "Name: !Sub '${AWS::Region}-job'")).resources
    assert (found.address.name, notes(found)) == (
        "Job", [("", 'Named !Sub "${AWS::Region}-job" in the template: set --parameter AWS::Region=VALUE.')],
    )  # fmt: skip
    (found,) = read(job("a").replace("Name: job", "Name: !Sub '${AWS::Region}-job'"), region="eu-west-1").resources
    assert found.address.name == "eu-west-1-job"


def test_a_resource_whose_condition_is_false_is_left_out_with_the_reason() -> None:
    template = QUEUES.replace("Type: AWS::Batch::QuotaShare", "Type: AWS::Batch::QuotaShare\n    Condition: IsProd")
    found = read(template)
    ((one, where),) = [(one, one.where) for one in found.left_out]
    assert (one.subject, one.reason, where and where.line) == (
        "Share (AWS::Batch::QuotaShare)", "IsProd is false, because Env is dev", 35,
    )  # fmt: skip
    assert "Queue/risk" not in bodies(found)
    assert notes(read(template.replace("[!Ref Env, prod]", "[!Ref Env, dev]")).resources[3]) == [
        ("", "Exists because IsProd is true, because Env is dev.")
    ]


def test_a_reference_to_what_is_left_out_is_a_problem_of_its_place() -> None:
    template = QUEUES.replace(
        "Type: AWS::Batch::SchedulingPolicy", "Type: AWS::Batch::SchedulingPolicy\n    Condition: IsProd"
    )
    found = read(template)
    assert messages(found) == [
        "t.yaml:31:28: CFN005: Fair is referenced, but does not exist: IsProd is false, because Env is dev"
    ]
    assert list(bodies(found)) == ["dev-spot", "Queue/risk"]


def test_a_condition_that_cannot_be_told_is_a_problem_and_hides_no_other_resource() -> None:
    template = QUEUES.replace("Type: AWS::Batch::QuotaShare", "Type: AWS::Batch::QuotaShare\n    Condition: IsLarge")
    found = read(template)
    assert messages(found) == ["t.yaml:6:3: CFN006: the condition IsLarge depends on Size, which has no value"]
    assert found.problems[0].hint == "set it: --parameter Size=VALUE"
    assert list(bodies(found)) == ["dev-spot", "fair", "Queue"]


def test_an_arn_of_a_resource_that_is_named_elsewhere_is_written_out() -> None:
    queue = "Resources:\n  Queue: {Type: AWS::Batch::JobQueue, Properties: {JobQueueName: q, Priority: 1}}\n"
    found = read(job('!Sub "x ${Queue} ${Queue.JobQueueArn}"', queue))
    arn = "arn:${partition}:batch:${region}:${account}:job-queue/q"
    assert bodies(found)["job"]["containerProperties"]["image"] == TaggedValue("!sub", f"x {arn} {arn}")


def test_an_arn_of_a_definition_has_no_revision_and_says_so() -> None:
    other = "Resources:\n  Other: {Type: AWS::Batch::JobDefinition, Properties: {Type: container}}\n"
    _, found = read(job("!Ref Other", other)).resources
    arn = "arn:${partition}:batch:${region}:${account}:job-definition/Other"
    assert found.body["containerProperties"]["image"] == TaggedValue("!sub", arn)
    assert notes(found) == [
        ("containerProperties.image", "the newest revision; the template refers to the revision that it registers")
    ]


def test_free_keys_stay_as_they_are() -> None:
    more = "Parameters: {InputFile: a, count: 3}\nTags: {Name: x}\nRetryStrategy: {}\n"
    body = bodies(read(job("a", properties=more)))["job"]
    assert (body["parameters"], body["tags"]) == ({"InputFile": "a", "count": "3"}, {"Name": "x"})


@pytest.mark.parametrize(
    ("properties", "problem"),
    [
        ("Imag: a", "t.yaml:11:7: CFN007: Job: the resource has no property Imag"),
        ("Timeout: {Seconds: 3}", "t.yaml:11:17: CFN007: Job: timeout has no property Seconds"),
        ("Timeout: soon", "t.yaml:11:16: CFN008: Job: timeout must be a mapping, not soon"),
        ("RetryStrategy: {Attempts: many}", "t.yaml:11:33: CFN008: Job: retryStrategy.attempts must be a whole number, not many"),
        ("RetryStrategy: {Attempts: 1.5}", "t.yaml:11:33: CFN008: Job: retryStrategy.attempts must be a whole number, not 1.5"),
        ("RetryStrategy: {Attempts: [1]}", "t.yaml:11:33: CFN008: Job: retryStrategy.attempts must be a single value, not a list"),
        ("PropagateTags: often", "t.yaml:11:22: CFN008: Job: propagateTags must be true or false, not often"),
        ("Parameters: [a]", "t.yaml:11:19: CFN008: Job: parameters must be a mapping, not a list"),
        ("Fn::Transform: {Name: AWS::Include}", "t.yaml:11:7: CFN003: Fn::Transform is not supported here"),
        ("Tags: {a: null}", "t.yaml:11:17: CFN008: Job: tags.a must be a single value, not nothing"),
    ],
)  # fmt: skip
def test_a_property_that_does_not_fit_is_told_and_its_resource_left_out(properties: str, problem: str) -> None:
    found = read(job("a", properties=f"{properties}\n"))
    assert (messages(found), found.resources) == ([problem], ())


def test_all_problems_of_all_resources_are_told_at_once() -> None:
    template = QUEUES.replace("Priority: 1", "Priority: high\n      Colour: red").replace('"0.5"', "half")
    assert messages(read(template)) == [
        "t.yaml:23:129: CFN008: Fair: fairsharePolicy.shareDistribution[0].weightFactor must be a number, not half",
        "t.yaml:29:17: CFN008: Queue: priority must be a whole number, not high",
        "t.yaml:30:7: CFN007: Queue: the resource has no property Colour",
    ]


def test_yes_and_no_are_booleans_as_in_yaml_1_1() -> None:
    assert bodies(read(job("a", properties="PropagateTags: yes\n")))["job"]["propagateTags"] is True
    assert bodies(read(job("a", properties="Parameters: {a: off, b: 'off'}\n")))["job"]["parameters"] == {
        "a": "false",
        "b": "off",
    }


def test_anchors_and_merge_keys_are_followed() -> None:
    template = job("&image a", properties="Parameters: &p {b: *image}\nTags: {<<: *p, c: d}\n")
    assert bodies(read(template))["job"]["tags"] == {"b": "a", "c": "d"}


def test_former_revisions_are_spoken_of_where_the_template_does() -> None:
    for policy, expected in (("false", 1), ("true", 0)):
        template = job("a", properties=f"ResourceRetentionPolicy: {{SkipDeregisterOnUpdate: {policy}}}\n")
        (found,) = read(template).resources
        assert len([text for _, text in notes(found) if "retainRevisions" in text]) == expected


def test_a_note_that_several_members_share_is_written_once() -> None:
    more = "Conditions: {C: !Equals [!Ref P, x]}\nParameters: {P: {Type: String, Default: x}}\nResources:\n"
    properties = "Timeout: !If [C, {AttemptDurationSeconds: 60}, {}]\nSchedulingPriority: !If [C, 1, 2]\n"
    (found,) = read(job("a", more, properties=properties)).resources
    assert notes(found) == [("", "C is true, because P is x; this determines timeout and schedulingPriority")]


def test_what_is_not_of_batch_is_named_by_type() -> None:
    others = "Resources:\n  Role: {Type: AWS::IAM::Role}\n  Net: {Type: AWS::CloudFormation::Stack}\n  CDKMetadata: {Type: AWS::CDK::Metadata}\n"
    found = read(job("a", others))
    assert found.left_out == (
        LeftOut("Role", "AWS::IAM::Role is not an AWS Batch resource"),
        LeftOut("Net", "a nested stack has its own template: import it as well"),
    )
    assert [problem for problem in found.problems if problem.severity is Severity.ERROR] == []
