"""Parameters become variables: those that are used, with the types that their places have."""

import pytest

from reconciler.model import Json
from tests.importers.cloudformation.reading import bodies, job, messages, read, without_examples


def declared(parameter: str, member: str = "Image", **given: str) -> Json:
    template = job("a", f"Parameters:\n  P: {{{parameter}}}\n  Unused: {{Type: String}}\nResources:\n")
    value = {"Image": "Image: a", "Memory": "Memory: 128"}[member]
    return without_examples(read(template.replace(value, f"{member}: !Ref P"), **given))


@pytest.mark.parametrize(
    ("parameter", "expected"),
    [
        ("Type: String", {"type": "string"}),
        ("Type: String, Default: app, Description: The image.", {"type": "string", "description": "The image.", "default": "app"}),
        ("Type: String, AllowedValues: [a, b]", {"type": "string", "enum": ["a", "b"]}),
        ("Type: String, AllowedPattern: '[a-z]+'", {"type": "string", "pattern": "^[a-z]+$"}),
        ("Type: String, AllowedPattern: '^(a|b)$'", {"type": "string", "pattern": "^(?:(a|b))$"}),
        ("Type: String, AllowedPattern: '\\p{Alpha}'", {"type": "string"}),
        ("Type: String, MaxLength: 3, MinLength: 1", {"type": "string", "description": "at least 1 characters, at most 3 characters"}),
        ("Type: String, NoEcho: true, Default: hush", {"type": "string", "secret": True}),
        ("Type: Number, Default: 8, Description: GiB, MinValue: 1", {"type": "number", "description": "GiB (at least 1)", "default": 8}),
        ("Type: AWS::EC2::VPC::Id", {"type": "string"}),
    ],
)  # fmt: skip
def test_a_parameter_becomes_a_variable(parameter: str, expected: Json) -> None:
    assert declared(parameter) == {"P": expected}


@pytest.mark.parametrize(
    ("parameter", "expected"),
    [
        ("Type: String, Default: '8'", {"type": "integer", "default": 8}),
        ("Type: Number, Default: 8, AllowedValues: [8, 16]", {"type": "integer", "default": 8, "enum": [8, 16]}),
        ("Type: String", {"type": "integer"}),
        ("Type: String, Default: ''", {"type": "string", "default": ""}),
    ],
)
def test_a_variable_has_the_type_of_the_member_that_it_stands_for(parameter: str, expected: Json) -> None:
    assert declared(parameter, "Memory") == {"P": expected}


def test_lists_are_lists() -> None:
    for type_ in ("CommaDelimitedList", "List<AWS::EC2::Subnet::Id>", "List<Number>"):
        template = job("a", f"Parameters:\n  P: {{Type: {type_}, Default: 'a, b'}}\nResources:\n")
        found = read(template + "        Command: !Ref P\n")
        assert found.variables == {"P": {"type": "list", "default": ["a", "b"]}}
        assert bodies(found)["job"]["containerProperties"]["command"].text == "P"
        given = read(template + "        Command: !Ref P\n", P="x,y")
        assert bodies(given)["job"]["containerProperties"]["command"] == ["x", "y"]


def test_a_name_that_every_stack_knows_is_not_taken() -> None:
    found = read(job("!Ref region", "Parameters: {region: {Type: String}}\nResources:\n"))
    assert (list(found.variables), bodies(found)["job"]["containerProperties"]["image"].text) == (
        ["regionParameter"], "regionParameter",
    )  # fmt: skip


def test_values_that_the_template_does_not_have_or_allow_are_told() -> None:
    template = job("!Ref P", "Parameters: {P: {Type: String, AllowedValues: [a, b], NoEcho: true}}\nResources:\n")
    found = read(template, P="hush", Q="x")
    assert messages(found) == [
        "None: CFN011: the template has no parameter Q",
        "t.yaml:1:14: CFN011: the value given is not an allowed value of the parameter P",
    ]


def test_a_hidden_value_decides_conditions_and_is_written_nowhere() -> None:
    above = """\
        Parameters: {Password: {Type: String, NoEcho: true, Default: hush}}
        Conditions: {IsSet: !Not [!Equals [!Ref Password, ""]]}
        Resources:
        """
    for given in ({}, {"Password": "hush"}):
        found = read(
            job("!If [IsSet, !Ref Password, none]", above, properties="Tags: {a: !Base64 {Ref: Password}}\n"), **given
        )
        assert bodies(found)["job"]["containerProperties"]["image"].text == "Password"
        assert bodies(found)["job"]["tags"]["a"].text == "JobValue"
        assert "hush" not in repr(found)
