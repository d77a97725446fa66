"""A parameter that builds names is followed by all of them, as a prefix, or its value stands wherever it is used."""

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.importers.cloudformation import LiveStack
from reconciler.importers.cloudformation.context import (
    Pieces,
    choose_names,
    fill_name,
    parse_name,
    sub_text,
    variables_of_name,
)
from reconciler.importers.model import Imported, TaggedValue, variables_in
from reconciler.model import Json
from reconciler.syntax.nodes import text_of
from tests.importers.cloudformation.reading import STACK_ID, messages, notes, read
from tests.importers.importing import tidied
from tests.laws import law

USUAL = {"Env": "prod", "System": "risk"}
names = st.dictionaries(
    st.sampled_from(("A", "B", "C")),
    st.lists(st.sampled_from(("x", "-", "yz_", "${Env}", "${System}", "${Unset}")), min_size=1, max_size=5)
    .map("".join)
    .map(parse_name),
    max_size=3,
)


def said(pieces: Pieces, values: dict[str, str]) -> str:
    return sub_text(fill_name(pieces, values))


@law(100)
@given(names)
def test_every_name_is_the_templates_for_every_value_that_a_variable_can_still_have(found: dict[str, Pieces]) -> None:
    named = choose_names(found, USUAL)
    followed = set(variables_of_name(named.prefix))
    assert not followed & named.fixed
    for values in (USUAL, {"Env": "dev", "System": "other", "Unset": "set"}):
        for logical, name in found.items():
            if logical in named.unknown:
                assert set(named.unknown[logical]) <= set(variables_of_name(name)) - USUAL.keys()
                continue
            ours = said((*named.prefix, *named.keys[logical]), values)
            assert "" not in (named.keys[logical], ours)
            if named.is_renamed:
                assert followed == {"Unset"}
                assert "Unset" in variables_of_name(name)
            else:
                assert ours == said(name, {**values, **{one: USUAL[one] for one in named.fixed}})
                assert set(variables_of_name(name)) <= followed | named.fixed


@pytest.mark.parametrize(
    ("written_names", "prefix", "keys", "fixed"),
    [
        (("risk-${Env}-fair", "risk-${Env}-job"), "risk-${Env}-", ("fair", "job"), ()),
        (("${Env}-a", "${Env}-b-${System}"), "${Env}-", ("a", "b-risk"), ("System",)),
        (("${System}-${Env}-a", "${System}-b"), "${System}-", ("prod-a", "b"), ("Env",)),
        (("spot-${Env}", "x"), "", ("spot-prod", "x"), ("Env",)),
        (("${Env}-a", "a"), "", ("prod-a", "a"), ("Env",)),
        (("${Env}-a-${Env}",), "", ("prod-a-prod",), ("Env",)),
        (("${Env}",), "", ("prod",), ("Env",)),
        (("${Unset}-a", "${Unset}-b"), "${Unset}-", ("a", "b"), ()),
        (("a-${Unset}", "b-${Unset}"), "${Unset}-", ("0", "1"), ()),
        (("${Env}-a-${Unset}",), "${Unset}-", ("0",), ("Env",)),
    ],
)
def test_what_names_share_is_the_prefix(
    written_names: tuple[str, ...], prefix: str, keys: tuple[str, ...], fixed: tuple[str, ...]
) -> None:
    named = choose_names({str(index): parse_name(name) for index, name in enumerate(written_names)}, USUAL)
    assert (sub_text(named.prefix), tuple(named.keys.values()), tuple(named.fixed)) == (prefix, keys, fixed)


def test_a_name_that_is_known_stays_beside_one_that_is_not() -> None:
    named = choose_names({"A": parse_name("a"), "B": parse_name("b-${Unset}")}, USUAL)
    assert (named.prefix, named.keys, named.unknown) == ((), {"A": "a"}, {"B": ("Unset",)})


TEMPLATE = """\
Parameters:
  Env: {Type: String, DEFAULT}
Conditions: {IsProd: !Equals [!Ref Env, prod]}
Mappings: {Sizes: {prod: {Memory: 2048}, dev: {Memory: 128}}}
Resources:
  Role: {Type: AWS::IAM::Role, Properties: {RoleName: !Sub "runner-${Env}"}}
  Policy: {Type: AWS::Batch::SchedulingPolicy, Properties: {Name: NAME, FairsharePolicy: {}, Tags: {env: !Ref Env}}}
  Job:
    Type: AWS::Batch::JobDefinition
    Properties:
      JobDefinitionName: NAME
      Type: container
      Parameters: {stage: !Sub "s3://x/${Env}/y", plain: !Ref Env}
      ContainerProperties:
        Image: busybox:1
        Vcpus: 1
        Memory: MEMORY
        JobRoleArn: !GetAtt Role.Arn
        Environment: [{Name: STAGE, Value: !Ref Env}, {Name: ARN, Value: !Ref Policy}]
"""


def template(name: str, default: str = "Default: prod", memory: str = "128") -> Imported:
    return read(TEMPLATE.replace("NAME", name).replace("DEFAULT", default).replace("MEMORY", memory))


@pytest.mark.parametrize("default", ["Default: prod", "Default: '7'", "AllowedValues: [dev, prod]"])
@pytest.mark.parametrize(
    "name",
    ['!Sub "${Env}-x"', '!Sub "x-${Env}"', '!Sub "x-${Env}-y"', "!Ref Env", "!Join ['-', [!Ref Env, x]]",
     "!Join ['-', [x, !Ref Env]]", '!Sub ["${e}-x", {e: !Ref Env}]', "!Select [0, [!Ref Env, x]]",
     '!Join ["-", !Split ["_", !Sub "x_${Env}"]]', "!FindInMap [Sizes, !Ref Env, Memory]", "!If [IsProd, a, b]",
     '!Sub "${AWS::StackName}-${Env}-x"'],
)  # fmt: skip
def test_a_parameter_is_followed_everywhere_or_nowhere(name: str, default: str) -> None:
    found = template(name, default)
    used = {one for resource in found.resources for one in variables_in(resource.body)}
    in_prefix = set(variables_in(found.name_prefix))
    if any(problem.code in ("CFN005", "CFN006") for problem in found.problems):
        assert found.resources == ()
        return
    assert ("Env" in used) is ("Env" in in_prefix) is ("Env" in found.variables)
    assert bool(found.notes) is ("Env" not in used)


def test_a_parameter_that_anything_else_decides_is_fixed_too() -> None:
    for memory in ("!FindInMap [Sizes, !Ref Env, Memory]", "!If [IsProd, 2048, 128]"):
        found = template('!Sub "${Env}-x"', memory=memory)
        policy, job = found.resources
        assert (found.name_prefix, dict(found.variables)) == ("", {})
        assert (policy.address.name, policy.logical, policy.body["tags"]) == ("prod-x", "", {"env": "prod"})
        assert job.body["parameters"] == {"stage": "s3://x/prod/y", "plain": "prod"}
        assert job.body["containerProperties"]["jobRoleArn"].text.endswith("role/runner-prod")
        assert job.body["containerProperties"]["environment"][1]["value"].text.endswith("scheduling-policy/prod-x")
        assert ("", 'Named !Sub "${Env}-x" in the template; Env is prod.') in notes(job)
        (left_out, _) = found.left_out
        assert left_out.subject == "variable Env"
        assert left_out.reason.startswith("it is prod is written in its place, because ")
        assert left_out.reason.endswith("; use --parameter Env=VALUE for a different value")


def test_the_prefix_of_names_is_in_the_stack_and_the_references_are_keys() -> None:
    found = template('!Sub "risk-${Env}-x"')
    policy, job = found.resources
    assert (found.name_prefix, policy.logical, policy.address.name) == (
        TaggedValue("!sub", "risk-${Env}-"), "x", "risk-prod-x",
    )  # fmt: skip
    assert notes(policy) == []
    assert job.body["containerProperties"]["environment"][1]["value"].text.endswith("scheduling-policy/risk-${Env}-x")
    texts = tidied(found).files.texts
    assert texts["stack.yaml"].splitlines()[2] == 'namePrefix: !sub "risk-${Env}-"'


@pytest.mark.parametrize(
    "reference",
    ["!Ref Policy", "!GetAtt Policy.Arn", '!Sub "${Env}-x"', '!Join ["-", [!Ref Env, x]]',
     '!Sub "arn:aws:batch:${AWS::Region}:${AWS::AccountId}:scheduling-policy/${Env}-x"',
     '!Sub "arn:${AWS::Partition}:batch:us-east-1:123456789012:scheduling-policy/${Env}-x"'],
)  # fmt: skip
def test_whatever_builds_the_name_of_another_resource_refers_to_it(reference: str) -> None:
    found = read(f"""\
        Parameters: {{Env: {{Type: String, Default: prod}}}}
        Resources:
          Policy: {{Type: AWS::Batch::SchedulingPolicy, Properties: {{Name: !Sub "${{Env}}-x", FairsharePolicy: {{}}}}}}
          Queue:
            Type: AWS::Batch::JobQueue
            Properties:
              JobQueueName: !Sub "${{Env}}-q"
              Priority: 1
              SchedulingPolicyArn: {reference}
              ComputeEnvironmentOrder: [{{Order: 1, ComputeEnvironment: elsewhere}}]
        """)
    assert "schedulingPolicy: x\n" in tidied(found).files.texts["job-queues.yaml"]


def test_what_is_fixed_is_said_above_the_stack() -> None:
    lines = tidied(template('!Sub "x-${Env}"')).files.texts["stack.yaml"].splitlines()
    assert lines[0].startswith("# variable Env: it is prod is written in its place, because the name of Policy")
    assert lines[2] == "stack: new"


def test_a_value_that_is_given_names_everything() -> None:
    found = read(
        TEMPLATE.replace("NAME", "!Sub 'x-${Env}'").replace("DEFAULT", "Default: a").replace("MEMORY", "1"), Env="b"
    )
    assert ([one.address.name for one in found.resources], found.notes, found.name_prefix) == (["x-b", "x-b"], (), "")


def test_without_a_value_a_name_beside_one_that_is_known_has_to_be_given() -> None:
    text = (
        TEMPLATE.replace("DEFAULT", "Description: x").replace("MEMORY", "1").replace("Name: NAME, F", "Name: fair, F")
    )
    found = read(text.replace("NAME", '!Sub "job-${Env}"'))
    assert messages(found) == ["t.yaml:8:3: CFN006: the name of Job depends on Env, which has no value"]
    assert found.problems[0].hint == "set it: --parameter Env=VALUE"


@pytest.mark.parametrize(
    ("physical", "prefix"), [("prod-x", "!sub ${Env}-"), ("infra-Job-5X", ""), ("prod-x-1", "")]
)  # fmt: skip
def test_a_live_name_that_is_not_the_templates_fixes_what_builds_it(physical: str, prefix: str) -> None:
    arn = "arn:aws:batch:eu-west-1:123456789012:"
    resources = {"Job": f"{arn}job-definition/{physical}:3", "Policy": f"{arn}scheduling-policy/{physical}"}
    live = LiveStack(name="infra", id=STACK_ID, parameters={"Env": "prod"}, resources=resources)
    text = TEMPLATE.replace("DEFAULT", "Default: dev").replace("MEMORY", "1").replace("NAME", '!Sub "${Env}-x"')
    found = read(text, live=live)
    shown: Json = found.name_prefix
    assert (f"{shown.tag} {shown.text}" if isinstance(shown, TaggedValue) else shown) == prefix
    assert [one.address.name for one in found.resources] == [physical, physical]
    assert ("Env" in found.variables) is bool(prefix)


def test_a_name_that_only_the_deployment_knows_is_read_there() -> None:
    text = """\
        Parameters: {Env: {Type: String, Default: dev}, Hidden: {Type: String, NoEcho: true}}
        Resources:
          Fn: {Type: AWS::Lambda::Function}
          Policy: {Type: AWS::Batch::SchedulingPolicy, Properties: {Name: NAME, FairsharePolicy: {}, Tags: {env: !Ref Env}}}
        """
    for name in ("${Fn}-${Env}", "${Hidden}-${Env}", "${Fn.Arn}"):
        found = read(textwrap.dedent(text).replace("NAME", f'!Sub "{name}"'))
        (policy,) = found.resources
        assert notes(policy) == [
            ("", f'Named !Sub "{name}" in the template: use --stack-name to read the deployed name.')
        ]
        assert text_of(policy.address.name) == "Policy"
        assert ("Env" in found.variables) is ("Env" not in name)
