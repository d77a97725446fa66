"""A value that nobody has looked up is never wrong; what stands beside it still can be."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.adapters.lookup.installed import read_schema
from reconciler.adapters.lookup.sources import Offline
from reconciler.kinds import KINDS
from reconciler.live.resolve import references_of
from reconciler.model import Json, Stack
from reconciler.placeholders import Unknown
from reconciler.validate import validate
from tests.load.memory import loaded
from tests.stacks.read import read

STACK = """\
    computeEnvironments:
      spot:
        type: MANAGED
        state: {state}
        computeResources:
          type: FARGATE
          maxvCpus: {cpus}
          subnets: {subnets}
          securityGroupIds: [{group}]
    jobQueues:
      queue:
        priority: {priority}
        computeEnvironmentOrder: [spot]
    """
LARGE = """\
    jobDefinitions:
      large:
        type: container
        platformCapabilities: [FARGATE]
        containerProperties:
          image: busybox:1.36
          executionRoleArn: ecsTaskExecutionRole
          resourceRequirements: [{type: VCPU, value: 32}, {type: MEMORY, value: 61440}]
"""
PLAIN = {"state": "ENABLED", "cpus": "16", "subnets": "[subnet-0a1b2c3d]", "group": "sg-0a1b2c3d", "priority": "1"}


def said(**members: str) -> list[str]:
    result = loaded(STACK.format(**PLAIN | members), lookups=Offline())
    assert result.problems == ()
    return [str(one) for one in validate(result.stack, read_schema(), KINDS)[1]]


@pytest.mark.parametrize("member", PLAIN)
def test_an_unknown_value_fits_whatever_the_type(member: str) -> None:
    assert said(**{member: "!ssm /x"}) == []


def test_what_stands_beside_an_unknown_is_still_checked() -> None:
    (problem,) = said(cpus="many", subnets="!ssm /x")
    assert "error[SCH002]: ComputeEnvironment/spot: computeResources.maxvCpus must be a whole number" in problem


def codes(text: str) -> list[str]:
    return [each.code for each in validate(loaded(text, lookups=Offline()).stack, read_schema(), KINDS)[1]]


def test_rules_check_what_does_not_depend_on_the_unknown_value() -> None:
    body = "jobQueues: {{q: {{priority: 1, computeEnvironmentOrder: [{{order: 1, computeEnvironment: {0}}}, {{order: {1}, computeEnvironment: a}}]}}}}"
    assert codes(body.format("a", "1")) == ["JQ003", "JQ004"]
    assert codes(body.format("!ssm /name", "1")) == ["JQ003"]
    assert codes(body.format("a", "!ssm /order")) == ["JQ004"]


def test_a_size_that_fargate_does_not_have_is_refused_beside_an_image_that_is_looked_up() -> None:
    body = LARGE.replace("busybox:1.36", "!ssm /image")
    assert codes(body) == []
    assert codes(body.replace("value: 32", "value: 256")) == ["JD080"]
    assert codes(body.replace("value: 32", "value: !ssm /size")) == []


def test_rules_conclude_nothing_from_an_environment_in_which_something_is_unknown() -> None:
    def told(cpus: str) -> set[str]:
        result = loaded(LARGE + STACK.format(**PLAIN | {"cpus": cpus}), lookups=Offline())
        return {one.code for one in validate(result.stack, read_schema(), KINDS, strict=True)[1]}

    assert {"JD701"} == told("16") - told("!ssm /cpus")


def test_a_long_unknown_tag_is_not_too_long() -> None:
    result = loaded(f"tags: {{team: !ssm /{'x' * 300}}}\njobDefinitions: {{}}\n", lookups=Offline())
    assert validate(result.stack, read_schema(), KINDS)[1] == ()


def with_one_unknown(value: Json) -> Iterator[Json]:
    """Yield the value once for each of its parts that a look-up can stand for."""
    keys = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        for part in (Unknown.of("ssm", "/x"), *with_one_unknown(value[key])):
            yield {**value, key: part} if isinstance(value, dict) else [*value[:key], part, *value[key + 1 :]]


def test_any_part_of_any_resource_may_be_unknown() -> None:
    stack, _ = read(Path(__file__).parents[2] / "stacks" / "features")
    schema, count = read_schema(), 0
    for address, declared in stack.declared.items():
        for spec in with_one_unknown(declared.spec):
            count += 1
            alone = Stack(stack.name, {address: replace(declared, spec=spec)})
            valid, problems = validate(alone, schema, KINDS)
            assert problems == (), (address, spec)
            assert references_of(valid).edges.keys() == {address}
    assert count > 1000
