"""`lookups: {tfstate: …}` names where states are, and `!tfstate` reads them: in which order, and what can be wrong."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from reconciler.adapters.lookup.sources import Offline
from reconciler.load import Loaded
from reconciler.model import Address, Json, StatePlace
from reconciler.placeholders import Secret, Unknown
from reconciler.problems import CloudError, Fault
from reconciler.tfstate import find_value, parse_address, parse_state
from tests.load.memory import loaded
from tests.tfstate.states import NETWORK, raw

NET = StatePlace("s3://states/net.tfstate")
HEAD = "lookups: {tfstate: {net: s3://states/net.tfstate}}\n"
JOB = HEAD + "jobDefinitions: {one: {parameters: {x: %s}}}\n"


@dataclass
class Kept:
    """States by their places; each look-up is remembered."""

    states: Mapping[StatePlace, Json] = field(default_factory=lambda: {NET: NETWORK})
    asked: list[str] = field(default_factory=list)

    def find(self, tag: str, argument: str) -> str:
        return "looked up"

    def find_in_state(self, argument: str, place: StatePlace) -> Json:
        self.asked.append(argument)
        state = self.states[place]
        if isinstance(state, Exception):
            raise state
        return find_value(parse_state(raw(state)), parse_address(argument.partition(":")[2]))


def x_of(result: Loaded) -> Json:
    assert [str(one) for one in result.problems] == []
    return result.stack.declared[Address("JobDefinition", "one")].spec["parameters"]["x"]


def read(written: str) -> Json:
    return x_of(loaded(JOB % written, lookups=Kept()))


def places(text: str, **given: Json) -> Mapping[str, StatePlace]:
    result = loaded(text, lookups=Offline(), **given)
    assert [str(one) for one in result.problems] == []
    return result.stack.states


def said(text: str, **given: Json) -> list[str]:
    return [str(one) for one in loaded(text, lookups=given.pop("lookups", Offline()), **given).problems]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("!tfstate net:outputs.subnet_ids", ["subnet-0a1b2c30", "subnet-0a1b2c31"]),
        ("!tfstate net:outputs.max_vcpus", 64),
        ("!tfstate net:outputs.share", 0.5),
        ("!tfstate net:outputs.is_spot", False),
        ("!tfstate net:outputs.text", "0064"),
        ("!tfstate net:outputs.tags", {"team": "risk", "nested": {"n": [1, None]}}),
        ("!tfstate net:data.aws_caller_identity.me.account_id", "012345678901"),
        ("!tfstate 'net:aws_subnet.a[0].id'", "subnet-0a1b2c30"),
    ],
)
def test_a_value_has_the_type_that_it_has_in_the_state(written: str, expected: Json) -> None:
    value = read(written)
    assert (value, type(value)) == (expected, type(expected))


def test_the_secrets_of_a_state_are_handed_out_however_deep_they_are() -> None:
    text = HEAD + "jobDefinitions: {one: {parameters: {x: !tfstate net:outputs.pins, y: !tfstate net:outputs.dsn}}}\n"
    result = loaded(text, lookups=Kept())
    assert result.secrets == {"1234", "pg://hidden"}
    text = (
        HEAD + "variables: {dsn: !tfstate net:outputs.dsn}\njobDefinitions: {one: {parameters: {x: !sub 'a ${dsn}'}}}\n"
    )
    assert isinstance(x_of(loaded(text, lookups=Kept())), Secret)


def test_offline_a_value_is_unknown() -> None:
    value = x_of(loaded(JOB % "!tfstate net:outputs.subnet_ids", lookups=Offline()))
    assert (value, isinstance(value, Unknown)) == ("<unknown: !tfstate net:outputs.subnet_ids>", True)


PLACES = """\
    variables: {stage: dev}
    lookups:
      tfstate:
        a: s3://states/env:/prod/a b.tfstate
        b: !sub "s3://states-${region}/${stage}/${stack}.tfstate"
        c: {url: s3://states/c, region: eu-west-1, roleArn: "arn:aws:iam::123456789012:role/read"}
        d: https://gitlab.example/api/v4/projects/1/terraform/state/prod?ref=1
        f: ../terraform.tfstate
        g: {url: outputs.json}
    """


def test_every_form_of_a_place_is_understood() -> None:
    assert places(PLACES) == {
        "a": StatePlace("s3://states/env:/prod/a b.tfstate"),
        "b": StatePlace("s3://states-us-east-1/dev/risk.tfstate"),
        "c": StatePlace("s3://states/c", "eu-west-1", "arn:aws:iam::123456789012:role/read"),
        "d": StatePlace("https://gitlab.example/api/v4/projects/1/terraform/state/prod?ref=1"),
        "f": StatePlace("../terraform.tfstate", folder="stacks"),
        "g": StatePlace("outputs.json", folder="stacks"),
    }


def test_a_path_leads_from_the_file_in_which_it_is_written_and_several_files_name_states() -> None:
    files = {
        "main.yaml": "stack: risk\nlookups: {tfstate: {a: x.tfstate}}\n",
        "deep/er.yaml": "lookups: {tfstate: {b: ../x.tfstate, c: x.tfstate, a: ../x.tfstate}}\n",
    }
    found = loaded(files, lookups=Offline()).stack.states
    assert {name: place.url for name, place in found.items()} == {
        "a": "x.tfstate",
        "b": "x.tfstate",
        "c": "deep/x.tfstate",
    }


def test_a_variable_can_be_looked_up_in_a_state_and_a_place_can_use_variables() -> None:
    text = """\
        variables: {stage: dev, size: !tfstate net:outputs.max_vcpus}
        tags: {team: !tfstate late:outputs.tags.team}
        lookups: {tfstate: {net: &net s3://states/net.tfstate, late: !sub "s3://states/${stage}", again: *net}}
        jobDefinitions: {one: {parameters: {x: !var size, y: !tfstate again:outputs.max_vcpus}}}
        """
    kept = Kept({NET: NETWORK, StatePlace("s3://states/dev"): NETWORK})
    result = loaded(text, lookups=kept)
    assert (x_of(result), result.stack.tags) == (64, {"team": "risk"})
    late = text.replace("size: !tfstate net:", "size: !tfstate late:")
    assert said(late) == [
        (
            "stacks/main.yaml:2:31: error[VAR008]: !tfstate late:outputs.max_vcpus: the location of the state late depends "
            "on variables that are not known yet\n"
            "    hint: write the location without variables, or use the lookup where the value is needed"
        )
    ]


def test_lookups_can_be_included_and_merged() -> None:
    files = {
        "main.yaml": "stack: risk\nlookups: !include states.yaml\ntags: {a: !tfstate net:outputs.text}\n",
        "states.yaml": "tfstate: {net: s3://states/net.tfstate}\n",
    }
    result = loaded(files, lookups=Kept())
    assert (result.problems, result.stack.tags) == ((), {"a": "0064"})
    merged = "x-states: &states {net: s3://states/net.tfstate}\nlookups: {tfstate: {<<: *states}}\n"
    assert places(merged) == {"net": NET}


def test_a_value_is_looked_up_once_and_only_if_it_is_used() -> None:
    kept = Kept()
    text = HEAD + "x-a: !tfstate net:outputs.nope\ntags: {a: !tfstate net:outputs.text, b: !tfstate net:outputs.text}\n"
    assert loaded(text, lookups=kept).problems == ()
    assert kept.asked == ["net:outputs.text"]


def test_all_that_is_missing_is_told_at_once_and_at_its_place() -> None:
    text = (
        HEAD
        + "tags: {a: !tfstate net:outputs.txt, b: !tfstate nett:outputs.text, c: !tfstate 'net:aws_subnet.a[0].idd'}\n"
    )
    assert said(text, lookups=Kept()) == [
        "stacks/main.yaml:3:11: error[VAR016]: !tfstate net:outputs.txt: the output txt does not exist\n    hint: did you mean text?",
        "stacks/main.yaml:3:40: error[VAR023]: !tfstate nett:outputs.text: the state nett is not declared\n    hint: did you mean net?",
        "stacks/main.yaml:3:71: error[VAR016]: !tfstate net:aws_subnet.a[0].idd: aws_subnet.a[0] has no idd\n    hint: did you mean id?",
    ]


def test_a_state_that_is_denied_is_a_denied_look_up() -> None:
    denied = CloudError("GetObject", Fault.DENIED, "AccessDenied", "Access Denied", hint="ask for s3:GetObject")
    assert said(JOB % "!tfstate net:outputs.x", lookups=Kept({NET: denied})) == [
        "stacks/main.yaml:3:40: error[VAR017]: !tfstate net:outputs.x: AccessDenied: Access Denied\n    hint: ask for s3:GetObject"
    ]


@pytest.mark.parametrize(
    ("written", "code", "message"),
    [
        ("!tfstate net", "VAR015", "the name is missing or malformed"),
        ("!tfstate 'net:'", "VAR015", "the name is missing or malformed"),
        ("!tfstate outputs.subnet_ids", "VAR015", "the name is missing or malformed"),
        ("!tfstate net:aws_subnet.a", "VAR015", "add an attribute, such as .id or .arn"),
        ("!tfstate net:module.m.outputs.x", "VAR015", "a state has only the outputs of its root module"),
        ("!tfstate 'net:aws_subnet.a[0.id'", "VAR015", "does not continue an address"),
        ("!tfstate other:outputs.x", "VAR023", "the state other is not declared"),
    ],
)
def test_what_names_no_value_is_told_offline(written: str, code: str, message: str) -> None:
    (told,) = said(JOB % written)
    assert f"error[{code}]: " in told
    assert message in told


def test_without_any_state_the_section_is_named() -> None:
    (told,) = said("tags: {a: !tfstate net:outputs.x}\n")
    assert told.endswith("hint: declare it: `lookups: {tfstate: {NAME: s3://bucket/key}}`")


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("s3://states", "LKP002]: the state net cannot be at s3://states\n    hint: use an S3 location such as s3://bucket/key"),
        ("s3://B/key", "LKP002]: the state net cannot be at s3://B/key"),
        ("gs://states/net", "LKP002]: the state net cannot be read from gs://\n    hint: write its outputs to a file"),
        ("file://x.tfstate", "LKP002]: the state net cannot be read from file://"),
        ("/etc/passwd", "LKP002]: the state net cannot be at /etc/passwd"),
        (".terraform/terraform.tfstate", "LKP002]: the state net is in a hidden file: .terraform/terraform.tfstate"),
        ("''", "LKP002]: the state net cannot be at an empty string"),
        ("'https://x/${stage}'", 'hint: write !sub "https://x/${stage}"'),
        ("'https://a b/'", "LKP002]: the state net cannot be at https://a b/"),
        ("https://user:hush@host/x", "LKP002]: the state net has credentials in its URL\n    hint: set TF_HTTP_USERNAME"),
        ("https://host/x?private_token=hushhush", "LKP002]: the state net has credentials in its URL"),
        ("{url: x.json, region: us-east-1}", "LKP002]: region is only for states in S3"),
        ("{url: https://x/, roleArn: 'arn:aws:iam::123456789012:role/x'}", "LKP002]: roleArn is only for states in S3"),
        ("{url: s3://states/x, roleArn: read}", "LKP002]: read is not the ARN of a role"),
        ("{url: s3://states/x, region: x}", "LKP002]: x is not a valid region of a state"),
        ("{region: us-east-1}", "LKP002]: the state net has no url"),
        ("{url: s3://states/x, role: y}", "LKP001]: role is not a field of a state\n    hint: did you mean roleArn?"),
        ("[s3://states/x]", "STK005]: the state net must be a string, not a list"),
        ("", "STK005]: the state net must be a string, not nothing"),
        ("!ssm /place", "VAR018]: the state net cannot be looked up: it is required before lookups"),
        ("!var nope", "VAR001]: the variable nope is not declared"),
    ],
)  # fmt: skip
def test_a_place_that_cannot_be_right_is_told_once_and_shows_no_credentials(place: str, message: str) -> None:
    text = f"variables: {{stage: dev}}\nlookups: {{tfstate: {{net: {place}}}}}\ntags: {{a: !tfstate net:outputs.x}}\n"
    (told,) = said(text)
    assert message in told
    assert "hush" not in told


def test_a_secret_is_no_place() -> None:
    (told,) = said("lookups: {tfstate: {net: !var token}}\nvariables: {token: {default: s3://states/x}}\n")
    assert "VAR022]: the state net is a secret" in told


def test_other_members_of_lookups_and_two_places_of_one_state_are_told() -> None:
    (told,) = said("lookups: {tfstat: {net: s3://states/x}}\n")
    assert "LKP001]: tfstat is not a field of lookups\n    hint: did you mean tfstate?" in told
    files = {
        "a.yaml": "stack: risk\nlookups: {tfstate: {net: s3://states/a}}\n",
        "b.yaml": "lookups: {tfstate: {net: s3://states/b}}\n",
    }
    (told,) = said(files)
    assert told.startswith(
        "stacks/b.yaml:1:21: error[STK004]: the state net is s3://states/b here, but s3://states/a at stacks/a.yaml:2:21"
    )


@pytest.mark.parametrize("key", ["account", "region", "stack"])
def test_what_a_stack_is_cannot_be_looked_up_in_a_state(key: str) -> None:
    files = {
        "main.yaml": f"stack: risk\n{HEAD}" if key != "stack" else HEAD,
        "more.yaml": f"{key}: !tfstate net:outputs.x\ntags: {{}}\n",
    }
    assert any("VAR018" in one for one in said(files))
