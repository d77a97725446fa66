"""Whatever a template says, it is read or refused: with a place, and without a traceback."""

import json

from hypothesis import given
from hypothesis import strategies as st

from reconciler.adapters.lookup.installed import service_model
from reconciler.importers.cloudformation import ImportInputs, imported
from reconciler.importers.cloudformation.template import FUNCTIONS
from reconciler.kinds import KINDS
from tests.importers.importing import tidied
from tests.laws import law

NAMES = ("Text", "List", "Stored", "Number", "Hidden", "Role", "Net", "Queue", "AWS::Region", "AWS::NoValue", "AWS::StackName",
         "Nothing", "Yes", "No", "Map")  # fmt: skip
TEXTS = (
    "x",
    "a,b",
    "",
    "16",
    "yes",
    "${Text}",
    "${Role.Arn}-${AWS::Region}",
    "${!x}",
    "${",
    "{{resolve:ssm:/a}}",
    *NAMES,
)
PROPERTIES = ("Priority", "ComputeEnvironmentOrder", "ComputeEnvironment", "Order", "JobQueueName", "Type", "Image", "Vcpus",
              "ContainerProperties", "Tags", "Parameters", "Command", "ComputeResources", "Subnets", "MaxvCpus", "Timeout",
              "SchedulingPolicyArn", "JobQueue", "QuotaShareName", "Name", "Fn::Transform")  # fmt: skip
PARAMETERS = {
    "Text": {"Type": "String", "Default": "x"},
    "List": {"Type": "CommaDelimitedList", "Default": "a,b"},
    "Stored": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/a"},
    "Number": {"Type": "Number"},
    "Hidden": {"Type": "String", "NoEcho": True, "Default": "hush"},
}
scalars = st.one_of(st.sampled_from(TEXTS), st.integers(-1, 3), st.booleans(), st.none(), st.just(1.5))
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.sampled_from(PROPERTIES), inner, max_size=4),
        st.builds(lambda name, argument: {name: argument}, st.sampled_from((*FUNCTIONS, "Fn::Nope")), inner),
        st.builds(lambda name: {"Ref": name}, st.sampled_from(NAMES)),
    ),
    max_leaves=12,
)
bodies = st.dictionaries(st.sampled_from(PROPERTIES), values, max_size=6)
resources = st.fixed_dictionaries(
    {"Type": st.sampled_from([f"AWS::Batch::{name}" for name in KINDS])},
    optional={"Properties": st.one_of(bodies, bodies, scalars), "Condition": st.sampled_from(("Yes", "No", "Nothing"))},
)


@law(100)
@given(st.lists(resources, min_size=1, max_size=3), values, values)
def test_any_template_is_read_or_refused(batch: list[object], condition: object, name: object) -> None:
    others = {
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": name}},
        "Net": {"Type": "AWS::CloudFormation::Stack"},
    }
    yes = {"Fn::Equals": [{"Ref": "Text"}, "x"]}
    template = {
        "Parameters": PARAMETERS,
        "Conditions": {"Yes": yes, "No": condition},
        "Mappings": {"Map": {"x": {"x": name}}},
        "Resources": others | {f"Batch{index}": one for index, one in enumerate(batch)},
    }
    found = imported("t.json", json.dumps(template).encode(), ImportInputs(stack_name="batch"), service_model())
    tidied(found)
    assert "hush" not in repr(found)
    assert all(problem.where and problem.where.line for problem in found.problems)
