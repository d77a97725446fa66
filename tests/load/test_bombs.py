"""Small files that would grow without end: memory and time stay bounded, whatever is written."""

import pkgutil
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import pytest

import reconciler
from reconciler.load import compose, findings, json_nodes
from reconciler.lookup.schemas import read_schema
from reconciler.model import Json
from tests.load.memory import STACK, loaded, problems

PATIENCE = 60  # seconds, far beyond what anything here takes: what is longer has no end
MANY = 2_000  # characters: what is exponential, or cubic, would take hours over them
PIECES = ("a", "A", "0", "-", "_", ".", ":", "/", " ", "\n", "$", "${", "${!", "{", "}", "a-", "-a", "a.", "://", ":a",
          "a_", "e", "+", "%", "@", "!", "\\", '"', "<unknown: !a ", "`", "AKIA", "a1", "api_", "arn:", "aB", "(and in 1")  # fmt: skip


@contextmanager
def patience() -> Iterator[None]:
    """Fail instead of hanging."""

    def tired(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, tired)
    signal.alarm(PATIENCE)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("a.yaml", "x-a: [" + "b, " * 999 + "c]\n", "1:2995"),
        ("a.json", '{"stack": "x", "x-a": [' + "[], " * 998 + "1]}", "1:4012"),
    ],
)
def test_a_file_of_too_many_values_is_refused(
    name: str, text: str, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (compose, json_nodes):
        monkeypatch.setattr(module, "LARGEST", 1000)
    (problem,) = loaded({"main.yaml": STACK, name: text}).problems
    assert (problem.code, problem.hint) == ("YML009", "no stack is that large; split it if yours is")


@pytest.mark.parametrize("text", ["[" * 100_000, "x-a: " + "{a: " * 100_000, "- " * 100_000, "? " * 100_000])
def test_what_nests_without_end_is_refused(text: str) -> None:
    with patience():
        assert [problem.code for problem in loaded({"main.yaml": text}).problems][:1] in (["YML002"], ["YML009"])


def test_a_placeholder_that_is_never_closed_is_told_however_often_it_is_opened() -> None:
    text = f'jobDefinitions: {{one: {{type: !sub "{"${" * 200_000}"}}}}\n'
    with patience():
        (problem,) = problems(text)
    assert problem == (
        "stacks/main.yaml:2:30: error[VAR019]: !sub: ${ is never closed\n"
        "    hint: write ${name}, or ${!text} to keep it"
    )


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("${a", ["VAR019"]),
        ("$ {a} ${!a}", []),
        ("${a} ${", ["VAR001", "VAR019"]),
        ("}${!a", []),
        ("{}${b}", ["VAR001"]),
    ],
)
def test_only_what_is_opened_must_be_closed(written: str, found: list[str]) -> None:
    result = loaded(f"jobDefinitions: {{one: {{type: !sub '{written}'}}}}\n")
    assert [problem.code for problem in result.problems] == found


def test_what_was_meant_is_looked_for_once() -> None:
    """Looking for what is alike takes a millisecond, and a mistake in the defaults of thousands is made once."""
    findings._nearest.cache_clear()
    uses = ", ".join(f"k{number}: !var imgae" for number in range(100))
    result = loaded(f"variables: {{image: x}}\njobDefinitions: {{one: {{parameters: {{{uses}}}}}}}\n")
    assert (len(result.problems), findings._nearest.cache_info().misses) == (100, 1)


def patterns() -> Iterator[Any]:
    """Yield every pattern that a module keeps or a schema has."""
    for module in pkgutil.walk_packages(reconciler.__path__, "reconciler."):
        if not module.name.endswith("__main__"):
            yield from _patterns(list(vars(import_module(module.name)).values()), depth=3)
    yield from (re.compile(text) for text in _texts(read_schema()))


def _patterns(value: Any, depth: int) -> Iterator[Any]:
    if isinstance(value, re.Pattern):
        yield value
    elif depth and isinstance(value, dict | list | tuple):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _patterns(inner, depth - 1)


def _texts(schema: Json) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("pattern"), str):
            yield schema["pattern"]
        for inner in schema.values():
            yield from _texts(inner)


def test_no_pattern_takes_long_over_a_long_text() -> None:
    found = list({pattern.pattern: pattern for pattern in patterns()}.values())
    assert len(found) > 50
    for pattern in found:
        with patience():
            for piece in PIECES:
                text = f"a{piece * (MANY // len(piece))}\n\0"
                attack = text if isinstance(pattern.pattern, str) else text.encode()
                pattern.search(attack)
                pattern.fullmatch(attack)


def test_half_a_character_in_json_is_told() -> None:
    text = '{"jobQueueName": "q", "priority": 1, "tags": {"a": "\\ud83d\\ude00", "\\udc00": "\\ud800"}}'
    result = loaded({"main.yaml": STACK, "one.json": text})
    assert [(str(problem.where), problem.message) for problem in result.problems] == [
        ("stacks/one.json:1:68", "\\udc00 is half of a character"),
        ("stacks/one.json:1:78", "\\ud800 is half of a character"),
    ]
