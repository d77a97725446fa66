"""Functions of CloudFormation are followed: to plain values, else to what our language substitutes."""

import pytest

from reconciler.importers.cloudformation.evaluate import PROCESSED
from reconciler.importers.model import TaggedValue
from reconciler.model import Json
from tests.importers.cloudformation.reading import image, job, messages, notes, read

PARAMETERS = """\
Parameters:
  Tag: {Type: String}
  Repo: {Type: String, Default: app}
  Parts: {Type: CommaDelimitedList, Default: "a, b"}
  Stored: {Type: "AWS::SSM::Parameter::Value<String>", Default: /image}
Mappings:
  Images:
    us-east-1: {app: east}
    eu-west-1: {app: west}
Conditions:
  IsApp: !Equals [!Ref Repo, app]
  IsOther: !Not [{Condition: IsApp}]
Resources:
"""


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("!Ref Tag", TaggedValue("!var", "Tag")),
        ("!Ref Stored", TaggedValue("!ssm", "/image")),
        ("!Ref AWS::Region", TaggedValue("!sub", "${region}")),
        ("!Ref AWS::URLSuffix", "amazonaws.com"),
        ('!Sub "app:${Tag}"', TaggedValue("!sub", "app:${Tag}")),
        ('!Sub "${Tag}"', TaggedValue("!var", "Tag")),
        ('!Sub "plain"', "plain"),
        ('!Sub "${!Kept}"', "${Kept}"),
        ('!Sub "${!Kept}${Tag}"', TaggedValue("!sub", "${!Kept}${Tag}")),
        ('!Sub ["${a}:${Tag}", {a: !Ref AWS::AccountId}]', TaggedValue("!sub", "${account}:${Tag}")),
        ('{"Fn::Join": ["/", [a, {Ref: Tag}, 1.50]]}', TaggedValue("!sub", "a/${Tag}/1.50")),
        ("!Join ['', [a, b]]", "ab"),
        ("!Join [':', !Split ['/', a/b/c]]", "a:b:c"),
        ("!Select [1, [a, !Ref Tag]]", TaggedValue("!var", "Tag")),
        ("!Select ['0', !Split [',', 'x,y']]", "x"),
        ("!Select [4, !Split [':', !Sub 'arn:${AWS::Partition}:iam::${AWS::AccountId}:role/r']]", TaggedValue("!sub", "${account}")),
        ("!Select [5, !Split [':', !Sub 'arn:${AWS::Partition}:iam::${AWS::AccountId}:role/r']]", "role/r"),
        ("!FindInMap [Images, us-east-1, app]", "east"),
        ("!FindInMap [Images, us-east-1, none, {DefaultValue: !Ref Tag}]", TaggedValue("!var", "Tag")),
        ("!Base64 hello", "aGVsbG8="),
        ("!If [IsApp, !Ref Tag, other]", TaggedValue("!var", "Tag")),
        ("!Sub '${AWS::AccountId}.dkr.ecr.${AWS::Region}.${AWS::URLSuffix}/cdk-hnb659fds-container-assets-${AWS::AccountId}-${AWS::Region}:0f'",
         TaggedValue("!sub", "${account}.dkr.ecr.${region}.amazonaws.com/cdk-hnb659fds-container-assets-${account}-${region}:0f")),
        ("'{{resolve:ssm:/image}}'", TaggedValue("!ssm", "/image")),
        ("'{{resolve:ssm:/image:3}}'", TaggedValue("!ssm", "/image:3")),
        ("'{{resolve:secretsmanager:db:SecretString:password}}'", TaggedValue("!secret", "db#password")),
        ("'{{resolve:secretsmanager:db}}'", TaggedValue("!secret", "db")),
        ("'{{resolve:secretsmanager:db:SecretString:password:AWSCURRENT}}'", TaggedValue("!secret", "db#password")),
        ("'{{resolve:secretsmanager:db:SecretString:password::}}'", TaggedValue("!secret", "db#password")),
        ("'{{resolve:secretsmanager:db:SecretString::AWSCURRENT}}'", TaggedValue("!secret", "db")),
        ('!Sub "{{resolve:ssm:/image}}"', TaggedValue("!ssm", "/image")),
        ("'echo ${AWS_BATCH_JOB_ID}'", "echo ${AWS_BATCH_JOB_ID}"),
    ],
)  # fmt: skip
def test_a_function_becomes_what_it_means(written: str, expected: Json) -> None:
    assert image(job(written, PARAMETERS)) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("!Ref Tag", "7"),
        ('!Sub "${Repo}:${Tag}"', TaggedValue("!sub", "${Repo}:7")),
        ("!Ref AWS::Region", "eu-west-1"),
        ("!FindInMap [Images, !Ref 'AWS::Region', app]", "west"),
    ],
)
def test_a_value_that_is_given_is_no_variable(written: str, expected: Json) -> None:
    assert image(job(written, PARAMETERS), Tag="7", **{"AWS::Region": "eu-west-1"}) == expected


def test_a_value_that_needs_a_default_is_computed_with_it_and_says_so() -> None:
    for written, expected, why in (
        ("!Select [1, !Ref Parts]", "b", "!Select [1, !Ref Parts], with Parts is a, b"),
        ("!Join ['-', !Ref Parts]", "a-b", '!Join ["-", !Ref Parts], with Parts is a, b'),
        ("!FindInMap [Images, us-east-1, !Ref Repo]", "east", "!FindInMap [Images, us-east-1, !Ref Repo], with Repo is app"),
        ("!If [IsOther, x, y]", "y", "IsOther is false, because Repo is app"),
        ("!Sub ['a${b}', {b: !If [IsOther, x, y]}]", "ay", "IsOther is false, because Repo is app"),
    ):  # fmt: skip
        (found,) = read(job(written, PARAMETERS)).resources
        assert found.body["containerProperties"]["image"] == expected
        assert ("containerProperties.image", why) in notes(found)


def test_a_condition_that_was_decided_needs_no_note() -> None:
    (found,) = read(job("!If [IsOther, x, y]", PARAMETERS), Repo="other").resources
    assert (found.body["containerProperties"]["image"], notes(found)) == ("x", [])


def test_what_nobody_can_tell_is_a_variable_that_says_what_it_stands_for() -> None:
    for written, name, meaning in (
        ("!ImportValue images-App", "images_App", "export images-App of a different stack"),
        ('Fn::ImportValue: !Sub "${Repo}-App"', "Repo_App", 'export !Sub "${Repo}-App" of a different stack'),
        ("!Select [0, !GetAZs '']", "JobValue", '!Select [0, !GetAZs ""]'),
        ("!Select [0, !Split [',', !ImportValue x]]", "x", '!Select [0, !Split [",", !ImportValue x]]: export x of a different stack'),
        ("!Ref AWS::StackId", "StackId", "AWS::StackId"),
        ('!Sub "{{resolve:ssm:/image}}:1"', "JobValue", '!Sub "{{resolve:ssm:/image}}:1"'),
        ('!Sub "${Stored}:1"', "image", "the result of !ssm /image"),
    ):  # fmt: skip
        template = job(f"{{{written}}}" if written.startswith("Fn::") else written, PARAMETERS)
        found = read(template)
        (variable,) = found.variables
        assert found.problems == ()
        assert (variable.rpartition("_2")[0] or variable, found.variables[variable]["description"]) == (name, meaning)


def test_a_value_that_is_no_value_leaves_its_member_out() -> None:
    template = job("!If [IsApp, a, !Ref AWS::NoValue]", PARAMETERS, properties="Timeout: !Ref AWS::NoValue\n")
    (found,) = read(template, Repo="x").resources
    assert found.body == {"type": "container", "containerProperties": {"vcpus": 1, "memory": 128}}
    (found,) = read(template.replace("IsApp, a,", "IsOther, a,")).resources
    assert notes(found) == [("containerProperties", "no image: IsOther is false, because Repo is app")]


def test_conditions_are_decided_by_what_is_known_of_them() -> None:
    conditions = """\
        Parameters:
          Env: {Type: String, Default: dev}
          Unset: {Type: String}
        Conditions:
          IsDev: !Equals [!Ref Env, dev]
          Unknown: !Equals [!Ref Unset, x]
          Both: !And [{Condition: IsDev}, !Condition Unknown]
          Either: !Or [!Condition Unknown, !Condition IsDev]
          Neither: !And [!Condition Unknown, !Not [!Condition IsDev]]
        Resources:
        """
    for condition, expected in (("IsDev", "x"), ("Either", "x"), ("Neither", "y")):
        assert image(job(f"!If [{condition}, x, y]", conditions)) == expected
    assert messages(read(job("!If [Both, x, y]", conditions))) == [
        "t.yaml:7:3: CFN006: the condition Both depends on Unset, which has no value"
    ]
    assert image(job("!If [Both, x, y]", conditions), Unset="x") == "x"


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("!Ref Nothing", "t.yaml:20:16: CFN012: the template has no Nothing"),
        ("!Sub '${Parameter.Nothing}'", "t.yaml:20:16: CFN012: the template has no Parameter"),
        ("!If [Nothing, a, b]", "t.yaml:20:16: CFN005: the template has no condition Nothing"),
        ("!If [IsApp, a]", "t.yaml:20:16: CFN004: Fn::If requires a list of 3 items"),
        ("!Equals [a, b]", "t.yaml:20:16: CFN004: Fn::Equals is only valid in conditions"),
        ("!FindInMap [Images, us-east-1, none]", "t.yaml:20:16: CFN005: Mappings has no Images.us-east-1.none"),
        ("!FindInMap [Images]", "t.yaml:20:16: CFN004: Fn::FindInMap requires a map and two keys"),
        ("!Select [2, [a]]", "t.yaml:20:16: CFN004: Fn::Select refers to item 2, but the list has 1"),
        ("!Join ['', [{a: b}]]", "t.yaml:20:28: CFN004: a list or mapping cannot be part of a string"),
        ("{'Fn::Transform': {Name: M}}", "t.yaml:20:16: CFN003: Fn::Transform is not supported"),
        ("!GetAtt Job", "t.yaml:20:16: CFN004: Fn::GetAtt requires a resource and an attribute"),
        ("!Sub [a]", "t.yaml:20:16: CFN004: Fn::Sub requires a list of 2 items"),
        ("{'Fn::Length': a}", "t.yaml:20:16: CFN004: Fn::Length requires a list"),
        ("!Select [0, !Split ['', a]]", "t.yaml:20:28: CFN004: Fn::Split requires a delimiter that is not empty"),
        ("!Sub {a: b}", "t.yaml:20:16: CFN004: Fn::Sub requires a string"),
        ("!Nonsense a", "t.yaml:20:16: YML005: !Nonsense is not a CloudFormation tag"),
    ],
)
def test_what_cannot_be_followed_is_told_at_its_place(written: str, problem: str) -> None:
    assert messages(read(job(written, PARAMETERS)))[:1] == [problem]


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("{'Fn::Fn::GetAtt': Job.Arn}", "did you mean Fn::GetAtt?"),
        ("{'Fn::Fn::Sub': a}", "did you mean Fn::Sub?"),
        ("{'Fn:Join': [a, [b]]}", "did you mean Fn::Join?"),
        ("{'Fn::Ref': Tag}", "did you mean Ref?"),
        ("{'Fn::getatt': Job.Arn}", "did you mean Fn::GetAtt?"),
        ("{'Fn::Selct': [0, [a]]}", "did you mean Fn::Select?"),
        ("{'Fn::Transform': {Name: M}}", PROCESSED),
        ("{'Fn::ForEach::Loop': []}", PROCESSED),
    ],
)
def test_a_function_that_there_is_not_was_meant_to_be_one_that_there_is(written: str, hint: str) -> None:
    (problem,) = read(job(written, PARAMETERS)).problems
    assert (problem.code, problem.hint) == ("CFN003", hint)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Parameters: {a: !If [IsOther, x, !Ref 'AWS::NoValue'], b: c}",
         {"parameters": "no a: IsOther is false, because Repo is app"}),
        ("RetryStrategy: {EvaluateOnExit: [!If [IsOther, {Action: EXIT}, !Ref 'AWS::NoValue'], {Action: RETRY, OnReason: x}]}",
         {"retryStrategy.evaluateOnExit": "an entry is omitted: IsOther is false, because Repo is app"}),
        ("RetryStrategy: {EvaluateOnExit: [{Action: RETRY, OnReason: x}, !If [IsOther, {Action: EXIT}, !Ref 'AWS::NoValue']]}",
         {"retryStrategy.evaluateOnExit": "an entry is omitted: IsOther is false, because Repo is app"}),
        ("Tags: {a: !Sub ['x${b}', {b: !If [IsOther, y, !Ref 'AWS::NoValue']}], c: d}",
         {"tags.a": "IsOther is false, because Repo is app"}),
        ("Timeout: !If [IsOther, {AttemptDurationSeconds: 60}, !Ref 'AWS::NoValue']",
         {"": "no timeout: IsOther is false, because Repo is app"}),
        ("Tags: !If [IsApp, {a: !If [IsOther, x, !Ref 'AWS::NoValue'], b: c}, {}]",
         {"tags": "no a: IsOther is false, because Repo is app"}),
    ],
)  # fmt: skip
def test_what_is_left_out_is_said_in_the_container_that_lacks_it(written: str, expected: Json) -> None:
    (found,) = read(job("a", PARAMETERS, properties=f"{written}\n")).resources
    assert {path: text for path, text in notes(found) if "IsOther" in text} == expected


def test_conditions_in_a_circle_are_told() -> None:
    circle = "Conditions:\n  A: !Not [!Condition B]\n  B: !Not [!Condition A]\nResources:\n"
    (message,) = messages(read(job("!If [A, x, y]", circle)))
    assert message.endswith("these conditions depend on each other: A -> B -> A")
