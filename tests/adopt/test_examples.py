"""Examples for what an import cannot know: right for the place where it is used."""

import pytest

from reconciler.adopt.examples import with_examples
from reconciler.adopt.found import Found, Imported, Tagged
from reconciler.model import Address, Json

VALUE = Tagged("!var", "v")
NAME_WITHIN = Tagged("!sub", "x-${v}")


def example(body: Json, **variable: Json) -> Json:
    found = (Found(Address("JobDefinition", "job"), body),)
    (declared,) = with_examples(
        Imported(found=found, variables={"v": {"type": "string", **variable}})
    ).variables.values()
    return declared.get("example")


@pytest.mark.parametrize(
    ("body", "variable", "expected"),
    [
        ({"jobRoleArn": VALUE}, {}, "arn:aws:iam::123456789012:role/v"),
        ({"computeResources": {"subnets": [VALUE]}}, {}, "subnet-00000000000000001"),
        ({"computeResources": {"subnets": VALUE}}, {"type": "list"}, ["subnet-00000000000000001"]),
        ({"computeResources": {"maxvCpus": VALUE}}, {"type": "integer"}, 16),
        ({"resourceRequirements": [{"type": "memory", "value": VALUE}]}, {}, "2048"),
        ({"environment": [{"name": "A", "value": VALUE}]}, {}, "v"),
        ({"jobRoleArn": NAME_WITHIN}, {}, "v"),
        ({"jobRoleArn": NAME_WITHIN, "tags": {"a": VALUE}, "image": VALUE}, {}, "public.ecr.aws/docker/library/busybox:1.36"),
        ({"image": VALUE}, {"enum": ["a", "b"]}, "a"),
        ({"image": VALUE}, {"pattern": "^public"}, "public.ecr.aws/docker/library/busybox:1.36"),
        ({"privileged": VALUE}, {"type": "boolean"}, True),
        ({"parameters": VALUE}, {"type": "map"}, {}),
    ],
)  # fmt: skip
def test_an_example_fits_its_place(body: Json, variable: dict[str, Json], expected: Json) -> None:
    assert example(body, **variable) == expected


@pytest.mark.parametrize("variable", [{"default": "a"}, {"secret": True}, {"pattern": "^[0-9]+$"}])
def test_there_is_none_for_what_has_a_value_or_is_a_secret_and_none_that_does_not_match(variable: Json) -> None:
    assert example({"image": VALUE}, **variable) is None


def test_ids_differ_from_one_another() -> None:
    body = {"subnets": [Tagged("!var", "a"), Tagged("!var", "b")]}
    imported = Imported(
        found=(Found(Address("ComputeEnvironment", "env"), body),),
        variables={name: {"type": "string"} for name in ("a", "b")},
    )
    ids = [variable["example"] for variable in with_examples(imported).variables.values()]
    assert ids == ["subnet-00000000000000001", "subnet-00000000000000002"]
