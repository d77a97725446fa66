"""What is a state, and what is none."""

import pytest

from reconciler.model import Json
from reconciler.tfstate import NotAState, is_raw_state, parse_state
from tests.tfstate.states import NETWORK, document, instance, output, raw, resource


def test_instances_have_the_addresses_that_terraform_prints() -> None:
    addresses = [one.address for one in parse_state(raw(NETWORK)).instances]
    assert addresses[:6] == [
        "aws_vpc.main",
        "aws_subnet.a[0]",
        "aws_subnet.a[1]",
        'aws_subnet.zone["us-east-1c"]',
        'aws_subnet.zone["d.$"]',
        "data.aws_caller_identity.me",
    ]
    assert 'module.a["x.y"].module.b[0].aws_iam_role.job' in addresses


def test_an_instance_says_what_terraform_is_about_to_do_with_it() -> None:
    tainted = resource("aws_x", "y", instance({}, status="tainted"), instance({}, deposed="1a2b"))
    one, other = parse_state(raw(document(tainted))).instances
    assert (one.is_tainted, one.deposed, other.is_tainted, other.deposed) == (True, "", False, "1a2b")


def test_attributes_of_an_old_state_are_read_from_where_it_has_them() -> None:
    flat = resource("aws_x", "y", {"schema_version": 0, "attributes_flat": {"id": "x", "a.#": "1"}})
    assert parse_state(raw(document(flat))).instances[0].values["id"] == "x"


def test_what_cannot_be_understood_of_a_mark_marks_all_below() -> None:
    marks = [[{"type": "get_attr", "value": "a"}, {"type": "splat", "value": {"value": [1]}}]]
    (one,) = parse_state(raw(document(resource("aws_x", "y", instance({}, sensitive_attributes=marks))))).instances
    assert one.sensitive == (("a",),)


@pytest.mark.parametrize("prefix", [b"", b"\xef\xbb\xbf", b"\n  "])
def test_outputs_alone_are_a_state_too(prefix: bytes) -> None:
    state = parse_state(prefix + raw({"a": output(1), "b": output("x", sensitive=True)}))
    assert (state.outputs["a"].value, state.outputs["b"].is_sensitive, state.has_resources) == (1, True, False)
    assert parse_state(b"{}").outputs == {}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"null", "is empty"),
        (b"<!doctype html><html>", "is HTML"),
        (b"\x1f\x8b", "is not JSON"),
        (b"{", "is not JSON"),
        (b'{"version": NaN}', "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"9" * 5_000, "is not JSON"),
        (b"[]", "is not a Terraform state"),
        (b"4", "is not a Terraform state"),
        (b'{"AccessKeyId": "AKIA"}', "is not a Terraform state"),
        (b'{"a": {"value": 1}}', "is not a Terraform state"),
        (raw({"version": 3, "modules": []}), "has version 3; only version 4 is supported"),
        (raw({"version": 5}), "has version 5; only version 4 is supported"),
        (raw({"version": 3, "backend": {"type": "s3", "config": {"bucket": "b", "key": "k"}}}), "only refers to a state in a backend of type s3"),
        (raw({"version": 3, "backend": {"type": "remote"}}), "only refers to a state in a backend of type remote"),
        (raw({"serial": 1, "lineage": "x", "meta": {}, "encrypted_data": "AAAA", "encryption_version": "v0"}), "is encrypted by OpenTofu"),
        (raw({"format_version": "1.0", "values": {}}), "is output of `terraform show -json`"),
        (raw({**document(), "resources": 1}), "is damaged"),
        (raw({**document(), "resources": [1]}), "is damaged"),
        (raw({**document(), "resources": [{"type": "a"}]}), "is damaged"),
        (raw(document(resource("a", "b", {"attributes": 1}))), "is damaged"),
        (raw(document(resource("a", "b", {"attributes": {}, "sensitive_attributes": [1]}))), "is damaged"),
        (raw({**document(), "outputs": {"a": 1}}), "is damaged"),
        (raw({**document(), "outputs": {"a": {}}}), "is damaged"),
    ],
)  # fmt: skip
def test_what_is_no_state_is_named_with_a_way_out(content: bytes, message: str) -> None:
    with pytest.raises(NotAState) as caught:
        parse_state(content)
    assert (str(caught.value), bool(caught.value.hint)) == (message, True)


def test_a_backend_in_s3_is_named_in_the_hint() -> None:
    backend = {"version": 3, "backend": {"type": "s3", "config": {"bucket": "states", "key": "net/terraform.tfstate"}}}
    with pytest.raises(NotAState) as caught:
        parse_state(raw(backend))
    assert caught.value.hint == "use s3://states/net/terraform.tfstate"


@pytest.mark.parametrize(
    ("content", "is_one"),
    [(document(), True), ({"version": 3}, True), ({"format_version": "1.0", "version": 4}, False), ({"version": "4"}, False), ([], False)],
)  # fmt: skip
def test_a_raw_state_is_told_from_what_terraform_prints(content: Json, is_one: bool) -> None:
    assert is_raw_state(content) is is_one
