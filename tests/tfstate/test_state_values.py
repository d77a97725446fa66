"""Values of a state keep their types, what is sensitive is secret, and what is missing names what is near."""

import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model import Json
from reconciler.placeholders import Secret, is_secret, is_secret_name
from reconciler.ports import Missing
from reconciler.tfstate import Key, TerraformState, find_value, key_text, parse_address, parse_state
from tests.laws import law
from tests.tfstate.states import NETWORK, document, get_attr, index, instance, output, raw, resource

STATE = parse_state(raw(NETWORK))
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text("abc 0", max_size=5)
)
NAMES = st.sampled_from(["a", "b-c", "d e", "0"])
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=8
)


def found(text: str, state: TerraformState = STATE) -> Json:
    return find_value(state, parse_address(text))


def missing(text: str, state: TerraformState = STATE) -> tuple[str, str]:
    with pytest.raises(Missing) as caught:
        found(text, state)
    return str(caught.value), caught.value.hint


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("outputs.subnet_ids", ["subnet-0a1b2c30", "subnet-0a1b2c31"]),
        ("output.subnet_ids[1]", "subnet-0a1b2c31"),
        ("outputs.max_vcpus", 64),
        ("outputs.share", 0.5),
        ("outputs.is_spot", False),
        ("outputs.text", "0064"),
        ("outputs.tags", {"team": "risk", "nested": {"n": [1, None]}}),
        ("outputs.tags.nested.n[0]", 1),
        ("aws_vpc.main.id", "vpc-0a1b2c3d"),
        ('aws_vpc.main.tags["a b"]', "c"),
        ("aws_vpc.main.tags.Name", "main"),
        ("aws_subnet.a[1].id", "subnet-0a1b2c31"),
        ("aws_subnet.a[*].id", ["subnet-0a1b2c30", "subnet-0a1b2c31"]),
        ("aws_subnet.zone[*].id", ["subnet-0d", "subnet-0c"]),
        ("aws_vpc.main[*].id", ["vpc-0a1b2c3d"]),
        ('aws_subnet.zone["us-east-1c"].id', "subnet-0c"),
        ("aws_subnet.zone['d.$'].id", "subnet-0d"),
        ("data.aws_caller_identity.me.account_id", "012345678901"),
        ("module.roles.aws_iam_role.batch.arn", "arn:aws:iam::123456789012:role/b"),
        ('module.a["x.y"].module.b[0].aws_iam_role.job.id', "deep"),
        ("aws_db_instance.db.hosts[*].name", ["h"]),
        ("aws_security_group.old.id", "sg-new"),
        ("data.terraform_remote_state.up.outputs.ids", ["a", "b"]),
        ("random_password.p.id", "none"),
    ],
)
def test_a_value_is_found_in_its_type(text: str, expected: Json) -> None:
    value = found(text)
    assert (value, type(value), isinstance(value, Secret)) == (expected, type(expected), False)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("outputs.dsn", "pg://hidden"),
        ("outputs.pins", {"a": "1234", "b": [True, None]}),
        ("outputs.pins.a", "1234"),
        ("outputs.db_password", "not marked"),
        ("aws_db_instance.db.port", "5432"),
        ("aws_db_instance.db.password", "hush-hush"),
        ("aws_db_instance.db.hosts[0].pin", "12345"),
        ("aws_db_instance.db.hosts[*].pin", ["12345"]),
        ("random_password.p.result", "qwertyuiop"),
    ],
)
def test_what_is_sensitive_is_a_secret_text(text: str, expected: Json) -> None:
    value = found(text)
    assert value == expected
    assert all(isinstance(leaf, Secret) for leaf in leaves(value) if leaf is not None and leaf is not True)


def test_only_the_marked_part_of_a_value_is_secret() -> None:
    (host,) = found("aws_db_instance.db.hosts")
    assert (isinstance(host["name"], Secret), isinstance(host["pin"], Secret)) == (False, True)
    (secret,) = found("aws_db_instance.db.master_user_secret")
    assert not isinstance(secret["secret_arn"], Secret)


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("outputs.subnet_id", "the output subnet_id does not exist", "did you mean subnet_ids?"),
        ("outputs.x", "the output x does not exist", "its outputs are db_password, dsn, is_spot, max_vcpus, nothing, pins and 4 more"),
        ("outputs.nothing", "outputs.nothing is null", "choose a value that is set"),
        ("outputs.tags.tem", "outputs.tags has no tem", "did you mean team?"),
        ("outputs.tags[0]", "outputs.tags is a map", "select a key: nested, team"),
        ("outputs.subnet_ids[2]", "outputs.subnet_ids has no element 2", "it has 2 elements; indexes start at 0"),
        ("outputs.subnet_ids.id", "outputs.subnet_ids is a list", "select an element first, for example [0].id"),
        ("outputs.text.x", "outputs.text is a single value", "remove .x"),
        ("outputs.text[*]", "outputs.text is not a list", "remove [*]"),
        ("aws_vpc.main.idd", "aws_vpc.main has no idd", "did you mean id?"),
        ("aws_vpc.main.ipv6", "aws_vpc.main.ipv6 is null", "choose a value that is set"),
        ("aws_vpc.main.ipv6.x", "aws_vpc.main.ipv6 is null", "choose a value that is set"),
        ("aws_vpc.mian.id", "the resource aws_vpc.mian does not exist", "did you mean aws_vpc.main?"),
        ("aws_subnet.a.id", "the instance aws_subnet.a does not exist", "did you mean aws_subnet.a[0], or aws_subnet.a[*] for all?"),
        ("aws_subnet.a[7].id", "the instance aws_subnet.a[7] does not exist", "did you mean aws_subnet.a[1]?"),
        ("aws_vpc.main[0].id", "the instance aws_vpc.main[0] does not exist", "did you mean aws_vpc.main?"),
        ("aws_iam_role.batch.arn", "the resource aws_iam_role.batch does not exist", "did you mean module.roles.aws_iam_role.batch?"),
        ("aws_caller_identity.me.id", "the resource aws_caller_identity.me does not exist", "did you mean data.aws_caller_identity.me?"),
    ],
)  # fmt: skip
def test_what_is_missing_names_what_is_near(text: str, message: str, hint: str) -> None:
    assert missing(text) == (message, hint)


def test_a_state_without_anything_says_so() -> None:
    empty = parse_state(raw(document()))
    assert missing("outputs.x", empty)[1] == "it has no outputs: check that it is applied"
    assert missing("aws_vpc.x.id", empty)[1] == "it has no resources: check that it is applied"
    outputs = parse_state(raw({"x": output(1)}))
    assert "contains only outputs" in missing("aws_vpc.x.id", outputs)[1]


@law(100)
@given(VALUES.filter(lambda value: value is not None))
def test_every_value_keeps_its_type_as_output_and_as_attribute(value: Json) -> None:
    state = parse_state(raw(document(resource("aws_x", "y", instance({"v": value})), v=output(value))))
    outputs = parse_state(raw({"v": output(value)}))
    for there, text in ((state, "outputs.v"), (state, "aws_x.y.v"), (outputs, "output.v")):
        assert json.dumps(found(text, there)) == json.dumps(value)


@law(100)
@given(VALUES.filter(lambda value: value is not None), st.data())
def test_every_part_is_found_by_its_path_and_secret_as_far_as_it_is_marked(value: Json, data: st.DataObject) -> None:
    paths = list(paths_of(value))
    path, mark = data.draw(st.sampled_from(paths)), data.draw(st.sampled_from(paths))
    marks = [[get_attr("v"), *map(index, mark)]]
    state = parse_state(raw(document(resource("aws_x", "y", instance({"v": value}, sensitive_attributes=marks)))))
    try:
        part = found("aws_x.y.v" + "".join(map(key_text, path)), state)
    except Missing:
        part = None
    whole = at(value, path)
    assert (part is None) == (whole is None)
    for inner in paths_of(whole) if whole is not None else ():
        leaf = at(part, inner)
        is_marked = (*path, *inner)[: len(mark)] == mark
        if leaf is not None and not isinstance(leaf, dict | list | bool):
            assert isinstance(leaf, Secret) == is_marked


def paths_of(value: Json) -> Iterator[tuple[Key, ...]]:
    yield ()
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from ((key, *path) for path in paths_of(inner))


def at(value: Json, path: tuple[Key, ...]) -> Json:
    for step in path:
        value = value[step]
    return value


def leaves(value: Json) -> Iterator[Json]:
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from leaves(inner)
    else:
        yield value


def test_the_names_of_this_file_are_no_secrets() -> None:
    assert not any(is_secret_name(name) for name in ("a", "b-c", "d e", "0", "v"))
    assert is_secret("db_password", "not marked")
