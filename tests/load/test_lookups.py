"""`!ssm`, `!cfn` and `!secret`: known, unknown, secret, missing, denied."""

from dataclasses import dataclass, field

import pytest

from reconciler.adapters.lookup.sources import Offline
from reconciler.load import Loaded, Uses
from reconciler.model import Address, Json
from reconciler.placeholders import Secret, Unknown
from reconciler.ports import Missing
from reconciler.problems import CloudError, Fault
from tests.fakes import HERE
from tests.load.memory import loaded

JOB = """\
    jobDefinitions:
      one:
        parameters: {x: %s}
    """
Value = str | list[str] | Exception | None


@dataclass
class Known:
    """Look-ups that somebody has answered before; each is remembered when it is asked."""

    values: dict[tuple[str, str], Value]
    asked: list[tuple[str, str]] = field(default_factory=list)

    def find(self, tag: str, argument: str) -> str | list[str] | None:
        self.asked.append((tag, argument))
        value = self.values[tag, argument]
        if isinstance(value, Exception):
            raise value
        return value


def parameter(written: str, value: Value) -> Json:
    tag, argument = written.removeprefix("!").split(" ", 1)
    result = loaded(JOB % written, lookups=Known({(tag, argument): value}))
    assert result.problems == ()
    return x_of(result)


def x_of(result: Loaded) -> Json:
    return result.stack.declared[Address("JobDefinition", "one")].spec["parameters"]["x"]


def said(written: str, value: Value) -> list[str]:
    tag, _, argument = written.removeprefix("!").partition(" ")
    return [str(one) for one in loaded(JOB % written, lookups=Known({(tag, argument): value})).problems]


@pytest.mark.parametrize(
    ("written", "found", "expected"),
    [
        ("!ssm /image", "repo/app:1", "repo/app:1"),
        ("!ssm /subnets", ["a", "b"], ["a", "b"]),
        ("!ssm /size", "64", 64),
        ("!cfn network.Share", "0.5", 0.5),
        ("!cfn network.Flag", "true", True),
        ("!cfn network.Word", "True", "True"),
        ("!ssm /nothing", "null", "null"),
        ("!secret db#port", Secret("5432"), "5432"),
    ],
)
def test_what_was_found_has_the_type_that_it_would_have_if_it_was_written_here(
    written: str, found: Value, expected: Json
) -> None:
    value = parameter(written, found)
    assert (value, isinstance(value, type(expected))) == (expected, True)


def test_a_value_is_looked_up_once_and_only_if_it_is_used() -> None:
    text = """\
        variables: {image: !ssm /image}
        x-unused: !ssm /unused
        jobDefinitions:
          one: {parameters: {x: !ssm /image, y: !var image, z: !sub "${image}!"}}
          two: {parameters: {x: !ssm /image}}
        """
    known = Known({("ssm", "/image"): "a:1"})
    spec = loaded(text, lookups=known).stack.declared[Address("JobDefinition", "one")].spec
    assert (spec["parameters"], known.asked) == ({"x": "a:1", "y": "a:1", "z": "a:1!"}, [("ssm", "/image")])


def test_a_list_can_stand_where_names_do() -> None:
    text = "jobQueues: {q: {priority: 1, computeEnvironmentOrder: !ssm /order}}\n"
    result = loaded(text, lookups=Known({("ssm", "/order"): ["a", "b"]}))
    order = result.stack.declared[Address("JobQueue", "q")].spec["computeEnvironmentOrder"]
    assert [(one["order"], one["computeEnvironment"]) for one in order] == [(1, "a"), (2, "b")]


def test_the_texts_of_secrets_are_handed_out_and_those_of_parameters_are_not() -> None:
    text = "variables: {dsn: !secret dsn}\n" + "jobDefinitions: {one: {parameters: {x: !ssm /open, y: !ssm /empty}}}\n"
    values: dict[tuple[str, str], Value] = {
        ("secret", "dsn"): Secret("hush"),
        ("ssm", "/open"): "shown",
        ("ssm", "/empty"): Secret(""),
    }
    assert loaded(text, lookups=Known(values)).secrets == {"hush"}


@pytest.mark.parametrize(
    ("written", "value", "expected"),
    [
        (
            "!ssm /x",
            Missing("there is no parameter /x", "check the name"),
            "stacks/main.yaml:4:21: error[VAR016]: !ssm /x: there is no parameter /x\n    hint: check the name",
        ),
        (
            "!ssm /x",
            CloudError("GetParameter", Fault.DENIED, "AccessDeniedException", "no", hint="ask for ssm:GetParameter"),
            (
                "stacks/main.yaml:4:21: error[VAR017]: !ssm /x: AccessDeniedException: no\n"
                "    hint: ask for ssm:GetParameter"
            ),
        ),
        (
            "!secret x",
            CloudError("GetSecretValue", Fault.REFUSED, "InvalidRequestException", "marked for deletion"),
            "stacks/main.yaml:4:21: error[VAR016]: !secret x: InvalidRequestException: marked for deletion",
        ),
        (
            "!cfn network",
            None,
            (
                "stacks/main.yaml:4:21: error[VAR015]: !cfn network: the name is missing or malformed\n"
                "    hint: write `!cfn stack.Output`"
            ),
        ),
        (
            "!secret '#key'",
            None,
            (
                "stacks/main.yaml:4:21: error[VAR015]: !secret #key: the name is missing or malformed\n"
                "    hint: write `!secret name or !secret name#key`"
            ),
        ),
    ],
)
def test_what_cannot_be_looked_up_is_a_problem_at_its_place(written: str, value: Value, expected: str) -> None:
    assert said(written, value) == [expected]


def test_what_may_go_better_next_time_is_no_problem_of_the_files() -> None:
    with pytest.raises(CloudError):
        said("!ssm /x", CloudError("GetParameter", Fault.UNREACHABLE, "EndpointConnectionError", "no network"))


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("!ssm /x", "<unknown: !ssm /x>"),
        ("!cfn network.Subnet", "<unknown: !cfn network.Subnet>"),
        ("!secret db#password", "<unknown: !secret db#password>"),
        ("!var image", "<unknown: !ssm /image>"),
        ("!var count", "<unknown: !ssm /count>"),
        ('!sub "${image}:${count}"', "<unknown: !ssm /image>:<unknown: !ssm /count>"),
    ],
)
def test_offline_a_value_is_unknown_whatever_its_variable_wants(written: str, expected: str) -> None:
    variables = """\
    variables:
      image: {type: string, default: !ssm /image, pattern: '^repo', enum: [repo/a, repo/b]}
      count: {type: integer, default: !ssm /count}
    """
    result = loaded(variables.rstrip(" ") + JOB % written, lookups=Offline())
    assert (result.problems, result.has_unknown) == ((), True)
    assert (x_of(result), isinstance(x_of(result), Unknown)) == (expected, True)


def test_a_stack_without_look_ups_has_nothing_unknown() -> None:
    assert not loaded(JOB % "plain", lookups=Offline()).has_unknown


@pytest.mark.parametrize(
    ("written", "uses", "stand_ins"),
    [
        ("plain account and region, ssm and ${account}", Uses(), set()),
        ("!sub 'a${!account}b'", Uses(), set()),
        ("!sub 'a${account}b'", Uses(account=True), {"account"}),
        ("!var region", Uses(region=True), set()),
        ("!sub '${partition}-${account}'", Uses(account=True, region=True), {"account"}),
        ("!ssm /team/ami", Uses(lookups=(("ssm", "/team/ami"),)), set()),
        ("!env HOME", Uses(), set()),
    ],
)
def test_what_is_taken_from_the_place_and_looked_up_is_said(written: str, uses: Uses, stand_ins: set[str]) -> None:
    result = loaded("    region: us-east-1\n" + JOB % written, lookups=Offline())
    assert (result.uses, result.stack.stand_ins) == (uses, stand_ins)
    here = loaded("    region: us-east-1\n" + JOB % written, lookups=Offline(), identity=HERE)
    assert (here.uses, here.stack.stand_ins) == (uses, frozenset())


@pytest.mark.parametrize("key", ["account", "region", "namePrefix"])
def test_where_the_stack_is_cannot_be_looked_up_there(key: str) -> None:
    assert [str(one) for one in loaded(f"{key}: !ssm /x\n" + "jobDefinitions: {}\n", lookups=Offline()).problems] == [
        (
            f"stacks/main.yaml:2:{len(key) + 3}: error[VAR018]: {key} cannot be looked up in AWS: it is required before lookups\n"
            "    hint: write the value, or use a variable that --var sets"
        )
    ]


def test_tags_and_lifecycle_may_be_unknown() -> None:
    text = """\
        tags: {team: !ssm /team}
        jobQueues: {q: {priority: 1, lifecycle: {preventDestroy: !ssm /keep, ignoreChanges: [!ssm /path]}}}
        """
    result = loaded(text, lookups=Offline())
    assert (result.problems, result.stack.tags) == ((), {"team": "<unknown: !ssm /team>"})
