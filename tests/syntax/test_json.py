"""JSON: requests as the AWS CLI takes them, and parts of a stack."""

import pytest

from reconciler.model import Address, Path
from reconciler.syntax.diagnostics import Findings
from reconciler.syntax.nodes import value_of
from reconciler.syntax.parse import compose_json
from tests.load.memory import ONE_VALUE, STACK, declared, loaded, problems

JOB = """\
{
\t"jobDefinitionName": "nightly",
\t"type": "container",
\t"containerProperties": {
\t\t"image": "a\\/b:\\ud83d\\ude00",
\t\t"command": ["echo", "${HOME} !var x"],
\t\t"memory": 30.0
\t}
}
"""


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (JOB, Address("JobDefinition", "nightly")),
        ('{"computeEnvironmentName": "ce", "type": "MANAGED"}', Address("ComputeEnvironment", "ce")),
        ('{"jobQueueName": "q", "priority": 1, "tags": {"a": "b"}}', Address("JobQueue", "q")),
        ('{"name": "fair", "fairsharePolicy": {}}', Address("SchedulingPolicy", "fair")),
        ('{"name": "quota", "quotaSharePolicy": {}}', Address("SchedulingPolicy", "quota")),
        ('{"consumableResourceName": "seats", "totalQuantity": 5}', Address("ConsumableResource", "seats")),
        ('{"serviceEnvironmentName": "train", "capacityLimits": []}', Address("ServiceEnvironment", "train")),
        ('{"quotaShareName": "vision", "jobQueue": "q"}', Address("QuotaShare", "vision")),
    ],
)
def test_a_request_of_the_cli_is_a_resource(text: str, address: Address) -> None:
    result = loaded({"main.yaml": STACK, "one.json": text})
    assert list(result.stack.declared) == [address]
    assert result.problems == ()


def test_nothing_is_substituted_in_json_and_tabs_and_escapes_are_fine() -> None:
    one = declared({"main.yaml": STACK, "one.json": JOB}, "JobDefinition", "nightly")
    assert one.spec == {
        "type": "container",
        "containerProperties": {"image": "a/b:😀", "command": ["echo", "${HOME} !var x"], "memory": 30.0},
    }


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ((), "stacks/one.json:2:23"),
        (("type",), "stacks/one.json:3:10"),
        (("containerProperties", "image"), "stacks/one.json:5:12"),
        (("containerProperties", "command", 1), "stacks/one.json:6:23"),
        (("containerProperties", "nothing"), "stacks/one.json:4:2"),
    ],
)
def test_values_in_json_know_their_places(path: Path, place: str) -> None:
    one = declared({"main.yaml": STACK, "one.json": JOB}, "JobDefinition", "nightly")
    assert str(one.places.find(path)) == place


def test_defaults_of_the_stack_are_below_requests_of_the_cli() -> None:
    main = "stack: risk\ndefaults: {jobDefinitions: {retryStrategy: {attempts: 3}}}\n"
    one = declared({"main.yaml": main, "one.json": JOB}, "JobDefinition", "nightly")
    assert one.spec["retryStrategy"] == {"attempts": 3}


def test_a_json_file_can_be_a_part_of_the_stack() -> None:
    part = '{"$schema": "x", "stack": "risk", "jobQueues": {"q": {"priority": 1}}}'
    assert declared({"main.json": part}, "JobQueue", "q").spec == {"priority": 1}


def test_an_empty_json_file_is_ignored() -> None:
    assert problems({"main.yaml": STACK, "empty.json": " \n"}) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            '{"a": 1,\n "a": 2}',
            "f:2:2: error[YML003]: a is written twice in one object; first at f:1:2\n    hint: remove one of them",
        ),
        (
            '{"a": 1,}',
            (
                "f:1:9: error[YML010]: this is not JSON: expecting property name enclosed in double quotes\n"
                "    hint: check commas, brackets and double quotes"
            ),
        ),
        (
            '{"a": NaN}',
            "f: error[YML010]: this is not JSON: it has no NaN\n    hint: check commas, brackets and double quotes",
        ),
        (
            "[" * 100_000 + "]" * 100_000,
            (
                "f: error[YML010]: this is not JSON: it is nested deeper than 100 levels\n"
                "    hint: check commas, brackets and double quotes"
            ),
        ),
        (
            "[" * 150 + "]" * 150,
            (
                "f:1:101: error[YML009]: this is nested deeper than 100 levels\n"
                "    hint: AWS Batch requests are less deep"
            ),
        ),
    ],
)
def test_broken_json_is_one_problem_with_its_place(text: str, expected: str) -> None:
    findings = Findings()
    compose_json("f", text, findings)
    assert [str(problem) for problem in findings.in_file_order()] == [expected]


def test_every_json_value_is_read() -> None:
    document = compose_json("f", '[{}, [], "", "a,b:{}", -1.5e3, true, false, null, ' + "9" * 5000 + "]", Findings())
    assert document.root
    assert value_of(document.root) == [{}, [], "", "a,b:{}", -1500.0, True, False, None, "9" * 5000]


def test_the_name_in_a_request_must_be_a_text() -> None:
    assert problems({"main.yaml": STACK, "one.json": '{"jobQueueName": ["q"], "priority": 1}'}) == [
        "stacks/one.json:1:18: error[STK005]: jobQueueName must be a string, not a list" + ONE_VALUE
    ]
