"""Whatever the files hold, and whatever the command line gives: problems of the catalogue, each in words, or a stack.

What has no problem can be applied, or is refused for what only AWS knows. `--hypothesis-profile=long` looks for hours.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from hypothesis import event, given
from hypothesis import strategies as st

from reconciler.adapters.lookup.installed import read_schema
from reconciler.apply import State
from reconciler.kinds import KINDS
from reconciler.model import Json, Stack
from reconciler.problems import Exit, InvalidStack, Problem, Severity
from reconciler.report.catalogue import catalogue
from reconciler.validate import validate
from tests.junk import (
    NAMES,
    Raw,
    damaged,
    encoded,
    file_of,
    parts,
    shaken,
    stacks,
    texts,
    values,
    variables,
    yaml_of,
)
from tests.laws import law
from tests.load.memory import loaded
from tests.plausible import plausible_stacks
from tests.stacks.bodies import bodies
from tests.world import World

ROOT = Path(__file__).parents[1]
SCHEMA = read_schema()
EXAMPLES = [file.read_text(encoding="utf-8") for file in sorted((ROOT / "stacks").rglob("*.yaml"))]
CALM = law(60)
NAME = "stack: risk\n"
USES = 'x-a: {a: !var a, b: !sub "${b}"}\njobQueues: {q: {priority: !var a, tags: {c: !var b}}}\n'
# What AWS refuses and nobody says to be certain offline; each is a warning, or depends on what others have.
ONLY_AWS_KNOWS = (
    "User name should match a valid pattern",  # JD032, a warning
    "Cannot have duplicate consumableResource",  # entries without a name: a warning
    "Container names must be unique",  # of pods, where one has none
    "A quota management service environment can have one job queue only",
    "Invalid imageType",  # an unknown one: a warning, since AWS adds image types
)


def checked(files: Mapping[str, str | bytes], **given: Json) -> tuple[Stack, list[Problem]]:
    """Read a stack as `validate --strict` does, and hold what is said to the laws of problems."""
    found = loaded(files, **given)
    stack, wrong = validate(found.stack, SCHEMA, KINDS, strict=True, is_whole=found.is_whole)
    for problem in (*found.problems, *wrong):
        assert problem.code in catalogue(), problem
        assert problem.message.strip(), problem
        assert problem.where is None or problem.where.file, problem
        str(problem).encode()  # no half of a character
    errors = [problem for problem in (*found.problems, *wrong) if problem.severity is Severity.ERROR]
    event("invalid" if errors else "valid")
    if not errors and stack.declared and not found.has_unknown:
        applied(stack)
    return stack, errors


def applied(stack: Stack) -> None:
    """What is valid can be done, and then nothing is left."""
    try:
        finish = World().apply(stack)
    except InvalidStack as invalid:
        assert {problem.code for problem in invalid.problems} == {"REF001"}, invalid.problems  # noqa: PT017 - a law
        return
    failed = [result.message for result in finish.outcome.results if result.state is State.FAILED]
    unknown = [message for message in failed if not any(known in message for known in ONLY_AWS_KNOWS)]
    assert unknown == []
    assert failed or finish.exit is Exit.DONE, finish


@given(main=st.binary(max_size=300), part=st.binary(max_size=100))
@CALM
def test_bytes_are_files(main: bytes, part: bytes) -> None:
    checked({"main.yaml": main, "part.json": part})


@given(main=encoded(stacks.map(file_of)), part=encoded(parts.map(file_of)), request=encoded(parts.map(json.dumps)))
@CALM
def test_yaml_of_the_languages_own_pieces(main: bytes, part: bytes, request: bytes) -> None:
    checked({"main.yaml": main, "part.yaml": part, "part.json": request})


@given(text=st.sampled_from(range(len(EXAMPLES))).flatmap(lambda number: damaged(EXAMPLES[number])))
@CALM
def test_a_file_in_which_a_few_characters_are_others(text: str) -> None:
    checked({"main.yaml": text.encode("utf-8", "surrogatepass")})


@given(content=encoded(stacks.map(json.dumps) | parts.map(json.dumps) | values.map(json.dumps) | st.text(max_size=30)))
@CALM
def test_json_of_any_kind(content: bytes) -> None:
    checked({"main.json": content, "name.yaml": NAME})


@given(data=st.data())
@CALM
def test_a_request_of_the_cli_in_which_something_is_another(data: st.DataObject) -> None:
    kind, body = bodies()[data.draw(st.integers(0, len(bodies()) - 1))]
    request = data.draw(shaken({kind.name_member: "a", **body}))
    checked({"main.json": json.dumps(request), "name.yaml": NAME})


@given(
    declared=variables,
    given_=st.dictionaries(st.sampled_from(NAMES), texts | values.map(yaml_of), max_size=3),
    plain=encoded(st.dictionaries(st.sampled_from(NAMES), values, max_size=3).map(file_of)),
    other=encoded(parts.map(json.dumps)) | st.binary(max_size=20),
)
@CALM
def test_variables_of_any_kind(declared: Json, given_: dict[str, str], plain: bytes, other: bytes) -> None:
    main = NAME + file_of({"variables": declared}) + USES
    checked({"main.yaml": main}, variables=given_, variable_files=[("v.yaml", plain), ("v.json", other), ("v", plain)])


@given(stack=plausible_stacks())
@CALM
def test_what_is_valid_can_be_applied(stack: Json) -> None:
    checked({"main.json": json.dumps(stack)})


def test_the_pieces_are_yaml_at_all() -> None:
    """The strategies would prove nothing if the parser stopped at the first character of what they make."""
    text = file_of({"stack": "a", "x-a": Raw("&a {b: 1}"), "tags": {"a": Raw("!var b"), "b": [1, None, "c"]}})
    assert text == '"stack": "a"\n"x-a": &a {b: 1}\n"tags": {"a": !var b, "b": [1, null, "c"]}\n'
    assert [problem.code for problem in loaded({"main.yaml": text}).problems] == ["VAR001", "STK005"]
