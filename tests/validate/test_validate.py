"""Bodies as users write them: brought to the API's types and spelling, and refused with a place and a way out."""

import subprocess
import sys
from dataclasses import dataclass

import pytest

from reconciler.adapters.lookup.installed import read_schema
from reconciler.kinds import KINDS
from reconciler.model import Address, Declared, Json, Lifecycle, Path, Stack
from reconciler.problems import Problem, Where
from reconciler.validate import validate
from tests.builders import service

SCHEMA = read_schema()


class Written(float):
    """A number that remembers its spelling, as the loader makes them."""

    text = "30.0"


class WrittenInteger(int):
    text = "007"


@dataclass(frozen=True)
class ByDepth:
    """Places that tell a path by its length."""

    def find(self, path: Path, *, at_key: bool = False) -> Where:
        return Where("jobs.yaml", len(path) + 1, 1)


@dataclass(frozen=True)
class OnePlace:
    def find(self, path: Path, *, at_key: bool = False) -> Where:
        return Where("jobs.yaml", 7, 3)


def check(kind: str, spec: Json, tags: dict[str, Json] | None = None) -> tuple[Json, tuple[Problem, ...]]:
    address = Address(kind, "x")
    stack, problems = validate(Stack("s", {address: Declared(address, spec)}, tags=tags or {}), SCHEMA, KINDS)
    return stack.declared[address].spec, problems


ENOUGH = {"image": "busybox", "vcpus": 1, "memory": 128}


def job(**container: Json) -> Json:
    return {"type": "container", "containerProperties": {**ENOUGH, **container}}


def queue(**members: Json) -> Json:
    return {"priority": 1, "computeEnvironmentOrder": [{"order": 1, "computeEnvironment": "elsewhere"}], **members}


def found(kind: str, spec: Json) -> list[tuple[str, str, str]]:
    """Return code, message without the address, and hint."""
    return [(p.code, p.message.removeprefix(f"{kind}/x: "), p.hint) for p in check(kind, spec)[1]]


def container(**members: Json) -> Json:
    spec, problems = check("JobDefinition", job(**members))
    assert problems == ()
    return {name: spec["containerProperties"][name] for name in members if name in spec["containerProperties"]}


def test_numbers_and_booleans_become_strings_as_they_were_written() -> None:
    command = ["run", 4, True, False, 2.5, Written(30), WrittenInteger(7), 20140101]
    assert container(command=command) == {
        "command": ["run", "4", "true", "false", "2.5", "30.0", "007", "20140101"],
    }


def test_the_values_and_keys_of_free_maps_become_strings() -> None:
    spec, problems = check("JobDefinition", {**job(), "parameters": {"x": 30, 5: None, 7: True}, "tags": {"cost": 42}})
    assert problems == ()
    assert (spec["parameters"], spec["tags"]) == ({"x": "30", "7": "true"}, {"cost": "42"})


def test_numbers_lose_their_spelling_where_the_api_wants_numbers() -> None:
    coerced = container(memory=WrittenInteger(8000), vcpus=2.0)
    assert coerced == {"memory": 8000, "vcpus": 2}
    assert [type(value) for value in coerced.values()] == [int, int]


def test_enumerations_take_the_services_spelling() -> None:
    role = "arn:aws:iam::123456789012:role/batch"
    spec, problems = check("ComputeEnvironment", {"type": "Unmanaged", "state": "disabled", "serviceRole": role})
    assert (spec, problems) == ({"type": "UNMANAGED", "state": "DISABLED", "serviceRole": role}, ())
    spec, problems = check("JobDefinition", {**job(), "type": "CONTAINER", "platformCapabilities": ["ec2"]})
    assert (spec["type"], spec["platformCapabilities"], problems) == ("container", ["EC2"], ())


def test_members_without_a_value_are_dropped() -> None:
    assert container(command=None, ulimits=[], environment=[{"name": "A", "value": None}]) == {
        "ulimits": [],
        "environment": [{"name": "A"}],
    }


def test_the_stacks_tags_become_strings() -> None:
    stack, problems = validate(Stack("s", {}, tags={"cost": 42}), SCHEMA, KINDS)
    assert (stack.tags, problems) == ({"cost": "42"}, ())


def test_what_the_user_wrote_is_not_changed() -> None:
    spec = job(command=[1], ulimits=None)
    check("JobDefinition", spec)
    assert spec == job(command=[1], ulimits=None)


@pytest.mark.parametrize("member", ["statusReason", "jobQueueArn"])
def test_a_member_of_an_answer_is_told_to_go(member: str) -> None:
    assert found("JobQueue", {"priority": 1, member: "x"}) == [
        ("SCH001", f"{member} is not a field", "it is only in API responses: remove it")
    ]


def test_an_unknown_member_like_no_other_is_shown_the_members() -> None:
    assert found("SchedulingPolicy", {"zzz": 1}) == [
        ("SCH001", "zzz is not a field", "fields here: name, quotaSharePolicy, fairsharePolicy, tags, lifecycle")
    ]


@pytest.mark.parametrize(
    ("members", "code", "message", "hint"),
    [
        (
            {"command": "run it"},
            "SCH002",
            'containerProperties.command must be a list, but is "run it"',
            "for example `command: [text]`",
        ),
        (
            {"memory": "8000"},
            "SCH002",
            'containerProperties.memory must be a whole number, but is "8000"',
            "write it without quotes: 8000",
        ),
        (
            {"privileged": "true"},
            "SCH002",
            'containerProperties.privileged must be true or false, but is "true"',
            "write it without quotes: true",
        ),
        ({"vcpus": True}, "SCH002", "containerProperties.vcpus must be a whole number, but is true", None),
        ({"user": ["a"]}, "SCH002", "containerProperties.user must be a string, but is a list", None),
        (
            {"environment": {"A": "b"}},
            "SCH002",
            "containerProperties.environment must be a list, but is a mapping",
            None,
        ),
        ({"logConfiguration": {}}, "SCH004", "containerProperties.logConfiguration.logDriver is missing", None),
        ({"vcpus": 0}, "SCH005", "containerProperties.vcpus must be at least 1, but is 0", None),
        (
            {"image": "a" * 256},
            "SCH007",
            "containerProperties.image must have at most 255 characters, but has 256",
            None,
        ),
        (
            {"environment": [{"name": "A"}, {"name": "AWS_BATCH_JOB_ID", "value": "x"}]},
            "SCH006",
            'containerProperties.environment[1].name is "AWS_BATCH_JOB_ID", which does not match ^(?!AWS_BATCH)',
            None,
        ),
        (
            {"logConfiguration": {"logDriver": "awslog"}},
            "SCH003",
            (
                'containerProperties.logConfiguration.logDriver is "awslog", which is not one of json-file, syslog, '
                "journald, gelf, fluentd, awslogs, splunk, awsfirelens"
            ),
            "did you mean awslogs?",
        ),
        ({"command": ["a", None]}, "SCH002", "containerProperties.command[1] must be a string, but is empty", None),
    ],
)
def test_a_mistake_is_told_with_its_code(members: Json, code: str, message: str, hint: str | None) -> None:
    ((own_code, own_message, own_hint),) = found("JobDefinition", job(**members))
    assert (own_code, own_message) == (code, message)
    assert hint in (None, own_hint)


def test_a_line_break_at_the_end_does_not_match() -> None:
    """In YAML it comes from a block; in Python, `$` would not mind it."""
    assert found("JobDefinition", job(environment=[{"name": "A", "value": "b\n"}])) == []
    nodes = {"numNodes": 2, "mainNode": 0, "nodeRangeProperties": [{"targetNodes": "0:1\n", "container": ENOUGH}]}
    assert found("JobDefinition", {"type": "multinode", "nodeProperties": nodes}) == [
        (
            "SCH006",
            (
                "nodeProperties.nodeRangeProperties[0].targetNodes is a string of 4 characters, which does not match "
                "^([0-9]+|[0-9]*:[0-9]*)$"
            ),
            "remove the line break at the end",
        )
    ]


@pytest.mark.parametrize("text", ["x" * 61, 'a"b', "a\nb"])
def test_a_text_is_shown_as_it_is_or_not_at_all(text: str) -> None:
    # Reports black out secret values by their texts: a part of one, or an escaped one, would get past them.
    ((_, message, _),) = found("JobDefinition", job(command=text))
    assert message == f"containerProperties.command must be a list, but is a string of {len(text)} characters"


def test_a_missing_member_says_what_it_is() -> None:
    assert found("JobDefinition", {}) == [("SCH004", "type is missing", "container, or multinode with nodeProperties.")]


def test_a_body_that_is_no_mapping_is_told() -> None:
    assert found("JobDefinition", ["x"]) == [
        ("SCH002", "the body must be a mapping, but is a list", "for example `{type: container}`")
    ]


def test_all_problems_of_all_resources_are_told_in_file_order() -> None:
    one, two = Address("JobDefinition", "one"), Address("JobQueue", "two")
    declared = {
        one: Declared(one, {"type": "container", "containerProperties": {"a": 1}, "b": 2}, places=ByDepth()),
        two: Declared(two, {"priority": 1, "c": 3}, places=ByDepth()),
    }
    _, problems = validate(Stack("s", declared), SCHEMA, KINDS)
    assert [(str(p.where), p.message) for p in problems] == [
        ("jobs.yaml:2:1", "JobDefinition/one: b is not a field"),
        ("jobs.yaml:2:1", "JobQueue/two: c is not a field"),
        ("jobs.yaml:3:1", "JobDefinition/one: containerProperties.a is not a field"),
    ]


def test_a_mistake_in_shared_defaults_is_told_once() -> None:
    addresses = [Address("JobDefinition", name) for name in "abc"]
    declared = {address: Declared(address, {**job(), "zzz": 1}, places=OnePlace()) for address in addresses}
    _, problems = validate(Stack("s", declared), SCHEMA, KINDS)
    assert [p.message for p in problems] == ["JobDefinition/a: zzz is not a field (and in 2 more)"]


@pytest.mark.parametrize(
    ("tags", "code", "message"),
    [
        ({"": "x"}, "SCH007", "tags has a key that must have at least 1 character, but has 0"),
        ({"k" * 129: "x"}, "SCH007", "tags has a key that must have at most 128 characters, but has 129"),
        ({"k": "v" * 257}, "SCH007", "tags.k must have at most 256 characters, but has 257"),
        ({"aws:x": "y"}, "TAG003", "the tag aws:x is reserved"),
        ({"Reconciler:stack": "y"}, "TAG006", "the tag Reconciler:stack is reserved"),
        ({f"k{n}": "x" for n in range(48)}, "TAG004", "48 tags, including those of the stack"),
    ],
)
def test_tags_that_aws_refuses_are_told(tags: Json, code: str, message: str) -> None:
    assert [(c, m) for c, m, _ in found("JobQueue", queue(tags=tags))] == [(code, message)]


def test_tags_of_stack_and_resource_share_the_room() -> None:
    tags = {f"k{n}": "x" for n in range(40)}
    assert check("JobQueue", queue(tags={f"k{n}": "x" for n in range(39, 47)}), tags)[1] == ()
    (problem,) = check("JobQueue", queue(tags={f"k{n}": "x" for n in range(40, 48)}), tags)[1]
    assert problem.message == "JobQueue/x: 48 tags, including those of the stack"


def test_the_stacks_own_tags_are_told_once() -> None:
    stack = Stack("s", {}, tags={"aws:x": "y", "": "x", "k": "v" * 257})
    assert [(p.code, p.message) for p in validate(stack, SCHEMA, KINDS)[1]] == [
        ("TAG001", "stack s: a tag key has 0 characters"),
        ("TAG002", "stack s: the value of tag k has 257 characters"),
        ("TAG003", "stack s: the tag aws:x is reserved"),
    ]


def test_a_stack_has_room_for_47_tags() -> None:
    stack = Stack("s", {}, tags={f"k{n}": "x" for n in range(48)})
    assert [p.message for p in validate(stack, SCHEMA, KINDS)[1]] == ["stack s: 48 tags"]


def test_an_unmanaged_member_is_accepted() -> None:
    resources = {
        "type": "EC2", "minvCpus": 0, "maxvCpus": 1, "desiredvCpus": 4, "updateToLatestImageVersion": True,
        "instanceTypes": ["m6i"], "instanceRole": "ecs", "subnets": ["subnet-1"], "securityGroupIds": ["sg-1"],
    }  # fmt: skip
    assert found("ComputeEnvironment", {"type": "MANAGED", "computeResources": resources}) == []


def test_a_reference_to_nothing_in_the_stack_is_no_error_offline() -> None:
    assert found("JobQueue", queue()) == []


def test_a_valid_stack_loads_neither_jsonschema_nor_botocore() -> None:
    code = (
        "import sys\n"
        "from reconciler.kinds import KINDS\n"
        "from reconciler.adapters.lookup.installed import read_schema\n"
        "from reconciler.model import Address, Declared, Stack\n"
        "from reconciler.validate import validate\n"
        "address = Address('JobQueue', 'q')\n"
        "order = [{'order': 1, 'computeEnvironment': 'elsewhere'}]\n"
        "body = {'priority': 1, 'computeEnvironmentOrder': order}\n"
        "stack = Stack('s', {address: Declared(address, body)})\n"
        "assert validate(stack, read_schema(), KINDS)[1] == ()\n"
        "print([name for name in ('jsonschema', 'botocore', 'boto3', 'deepdiff') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-B", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("containerProperties.imgae", "did you mean image?"),
        ("containerPropertis", "did you mean containerProperties?"),
        ("containerProperties.environment.LEVEL.valu", "did you mean value?"),
    ],
)
def test_an_ignored_path_that_leads_nowhere_is_an_error(path: str, hint: str) -> None:
    problem = _of_ignored(path)
    assert problem is not None
    assert (problem.code, problem.hint) == ("LIF004", hint)
    assert problem.message == f"JobDefinition/x: lifecycle.ignoreChanges: {path} is not a field of a job-definition"


@pytest.mark.parametrize(
    "path", ["tags.owner", "parameters.a", "containerProperties.environment.LEVEL", "containerProperties.command",
             "containerProperties.environment[0].value", "retryStrategy.evaluateOnExit.0"],
)  # fmt: skip
def test_an_ignored_path_may_lead_into_lists_and_maps(path: str) -> None:
    assert _of_ignored(path) is None


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("capacityLimits.ml.m5.large.maxCapacity", None),
        ("capacityLimits.ml.m5.large.maxcap", "known are capacityUnit, maxCapacity"),
    ],
)
def test_the_key_in_an_ignored_path_may_have_dots(path: str, hint: str | None) -> None:
    problem = _of_ignored(path, "ServiceEnvironment", service())
    assert (problem.hint if problem else None) == hint


JOB = {"type": "container", "containerProperties": {"image": "i", "vcpus": 1, "memory": 4}}


def _of_ignored(path: str, kind: str = "JobDefinition", body: Json = JOB) -> Problem | None:
    address = Address(kind, "x")
    declared = Declared(address, body, Lifecycle(ignore_changes=(path,)))
    _, problems = validate(Stack("s", {address: declared}), SCHEMA, KINDS)
    return next((problem for problem in problems if problem.code == "LIF004"), None)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"name": "AWS_BATCH_X"}, 'environment[1].name is "AWS_BATCH_X", which does not match ^(?!AWS_BATCH)'),
        ({"value": "x"}, "environment[1] has no name"),
    ],
)
def test_the_schema_and_the_rules_spell_a_path_in_one_way(entry: Json, said: str) -> None:
    (problem,) = found("JobDefinition", job(environment=[{"name": "A", "value": "x"}, entry]))
    assert problem[1] == f"containerProperties.{said}"
