"""What stands for something secret is secret, however it is put together."""

import pytest

from reconciler.importers.model import Imported, TaggedValue, variables_in
from reconciler.model import Json
from tests.importers.cloudformation.reading import bodies, job, messages, read

ABOVE = """\
Parameters:
  Hidden: {Type: String, NoEcho: true, Default: "hush,hush"}
  Db: {Type: String, Default: db}
  Stage: {Type: String}
  Url: {Type: String, Default: "{{resolve:secretsmanager:db:SecretString:url}}"}
Conditions: {C: !Equals [!Ref Db, db]}
Mappings: {M: {db: {url: "u:{{resolve:ssm-secure:/db/pw:1}}@h"}}}
Resources:
"""
SECRETS = (
    "{{resolve:secretsmanager:db:SecretString:password:AWSPREVIOUS}}",
    "postgres://u:{{resolve:secretsmanager:db:SecretString:password}}@h/x",
    "pw={{resolve:ssm-secure:/db/pw:1}}",
    "{{resolve:ssm:/user}}:{{resolve:ssm-secure:/db/pw:1}}",
)
FUNCTIONS = (
    "VALUE",
    "!Sub VALUE",
    "!Join ['', [a, VALUE]]",
    "!Join ['', !Split ['|', VALUE]]",
    "!Select [0, [VALUE]]",
    "!Sub ['x${a}', {a: VALUE}]",
    "!If [C, VALUE, b]",
    "!If [C, !Sub ['x${a}', {a: VALUE}], b]",
    "!Base64 VALUE",
    "{'Fn::ToJsonString': {a: VALUE}}",
)


def is_all_secret(found: Imported, value: Json) -> bool:
    names = set(variables_in(value))
    is_looked_up = isinstance(value, TaggedValue) and value.tag == "!secret"
    return is_looked_up or any(found.variables[name].get("secret") for name in names - {"account", "region"})


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize(
    "value", [*(f"'{one}'" for one in SECRETS), "{Ref: Hidden}", "{Ref: Url}", "{'Fn::FindInMap': [M, db, url]}"]
)  # fmt: skip
def test_a_secret_is_one_through_every_function(function: str, value: str) -> None:
    if not value.startswith("'") and "!Sub VALUE" in function:
        return  # Fn::Sub requires a string
    found = read(job(function.replace("VALUE", value), ABOVE))
    assert messages(found) == []
    image = bodies(found)["job"]["containerProperties"]["image"]
    assert isinstance(image, TaggedValue)
    assert is_all_secret(found, image)
    assert "hush" not in repr(found)


@pytest.mark.parametrize(
    "written",
    [
        '!Sub "{{resolve:secretsmanager:${Db}:SecretString:password}}"',
        '!Sub "x{{resolve:secretsmanager:${Stage}:SecretString:password}}"',
        "!Join ['', ['{{resolve:', 'secretsmanager', ':', !Ref Db, '}}']]",
        "!Join [':', ['x{{resolve', 'ssm-secure', '/db/pw', '1}}']]",
    ],
)
def test_a_reference_that_is_put_together_is_one(written: str) -> None:
    found = read(job(written, ABOVE))
    assert is_all_secret(found, bodies(found)["job"]["containerProperties"]["image"])


@pytest.mark.parametrize(
    "written", ["'x{{resolve:ssm:/a}}'", "!Sub '${Db}{{resolve:ssm:/a:3}}'", "!Base64 {Ref: Stage}"]
)
def test_what_is_not_secret_stays_so(written: str) -> None:
    found = read(job(written, ABOVE))
    assert not any(variable.get("secret") for variable in found.variables.values())
