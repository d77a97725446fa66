"""Addresses: what Terraform prints reads back, and nothing else is one."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.tfstate import EVERY, NotAnAddress, StateAddress, key_text, parse_address
from tests.laws import law

NAMES = st.from_regex(r"\A[a-z_][a-z0-9_-]{0,6}\Z").filter(
    lambda name: name not in ("module", "data", "output", "outputs")
)
KEYS = st.integers(0, 99) | st.text(st.characters(codec="utf-8", exclude_categories=("Cc",)), max_size=6)
STEPS = NAMES | KEYS | st.just(EVERY)


@st.composite
def addresses(draw: st.DrawFn) -> StateAddress:
    path = tuple(draw(st.lists(STEPS, max_size=3)))
    if draw(st.booleans()):
        return StateAddress(draw(NAMES), path)
    modules = draw(st.lists(st.tuples(NAMES, st.none() | KEYS), max_size=2))
    module = ".".join(f"module.{name}{key_text(key)}" for name, key in modules)
    key = draw(st.none() | KEYS | st.just(EVERY))
    return StateAddress(draw(NAMES), (draw(NAMES), *path), draw(NAMES), module, key, draw(st.booleans()))


@law(200)
@given(addresses())
def test_an_address_reads_back_from_its_text(address: StateAddress) -> None:
    assert parse_address(str(address)) == address


@law(200)
@given(st.text("a.0[\"]'*\\module" + "data.output", max_size=14))
def test_any_text_is_an_address_that_reads_back_or_is_refused(text: str) -> None:
    with suppress(NotAnAddress):
        address = parse_address(text)
        assert parse_address(str(address)) == address


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("outputs.subnet_ids", StateAddress("subnet_ids")),
        ("output.subnet_ids", StateAddress("subnet_ids")),
        ("outputs.a[0].b", StateAddress("a", (0, "b"))),
        ("outputs.a.0", StateAddress("a", (0,))),
        ("aws_subnet.a.id", StateAddress("a", ("id",), "aws_subnet")),
        ("aws_subnet.a[0].id", StateAddress("a", ("id",), "aws_subnet", key=0)),
        ("aws_subnet.a[*].id", StateAddress("a", ("id",), "aws_subnet", key=EVERY)),
        ('aws_x.y["k.e]y"].attr', StateAddress("y", ("attr",), "aws_x", key="k.e]y")),
        ("aws_x.y['key'].attr", StateAddress("y", ("attr",), "aws_x", key="key")),
        (r'aws_x.y["a\"b"].attr', StateAddress("y", ("attr",), "aws_x", key='a"b')),
        ('aws_x.y["$${a}"].attr', StateAddress("y", ("attr",), "aws_x", key="${a}")),
        ("data.aws_vpc.main.arn", StateAddress("main", ("arn",), "aws_vpc", is_data=True)),
        ("module.m.aws_x.y.z", StateAddress("y", ("z",), "aws_x", "module.m")),
        ("module.m[0].module.n['k'].data.aws_x.y.z",
         StateAddress("y", ("z",), "aws_x", 'module.m[0].module.n["k"]', is_data=True)),
        ('aws_vpc.main.tags["a b"]', StateAddress("main", ("tags", "a b"), "aws_vpc")),
    ],
)  # fmt: skip
def test_an_address_is_read_as_terraform_means_it(text: str, expected: StateAddress) -> None:
    assert parse_address(text) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "does not continue an address"),
        ("outputs", "the name of an output is missing"),
        ("aws_subnet", "the name of a resource is missing"),
        ("aws_subnet.a", "add an attribute"),
        ("aws_subnet.a[0]", "add an attribute"),
        ("data.aws_vpc.main", "add an attribute"),
        ("module.m", "the type of a resource is missing"),
        ("module.m.outputs.x", "only the outputs of its root module"),
        ("module.m[*].aws_x.y.z", "not of a module"),
        ("aws_subnet.a[.id", "'[.id' does not continue an address"),
        ("aws_subnet.a[x].id", "does not continue an address"),
        ("aws_subnet..id", "does not continue an address"),
        (r'aws_x.y["\q"].z', "is not a quoted key"),
        ("outputs.a b", "does not continue an address"),
    ],
)
def test_what_is_no_address_is_refused_with_what_is_missing(text: str, said: str) -> None:
    with pytest.raises(NotAnAddress) as caught:
        parse_address(text)
    assert said in str(caught.value)
