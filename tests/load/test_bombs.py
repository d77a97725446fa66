"""Small files that would grow without end: memory and time stay bounded, whatever is written."""

import pkgutil
import re
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import pytest

import reconciler
from reconciler.adapters.lookup.installed import read_schema
from reconciler.model import Json
from reconciler.syntax import diagnostics, parse
from tests.load.memory import STACK, loaded, problems

PATIENCE = 60  # seconds, far beyond what anything here takes: what is longer has no end
SECONDS = 120  # of the processor, on the slowest machine: what is built before it is refused takes hours
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
    for module in (parse, parse):
        monkeypatch.setattr(module, "LARGEST", 1000)
    (problem,) = loaded({"main.yaml": STACK, name: text}).problems
    assert (problem.code, problem.hint) == ("YML009", "split the stack")


def grown(first: str, each: str, levels: int = 13) -> str:
    """Lines in which each level refers to the one below several times."""
    return "".join(
        [f"x-0: &a0 {first}\n", *(f"x-{n}: &a{n} {each.replace('*', f'*a{n - 1}')}\n" for n in range(1, levels))]
    )


def nested(each: str) -> dict[str, str]:
    """Eight files, each of which includes the next one."""
    levels = {f"inc{n}.txt.yaml": each.replace("NEXT", f"inc{n + 1}.txt.yaml") for n in range(8)}
    main = f"{STACK}jobDefinitions: {{one: {{parameters: {{a: !include inc0.txt.yaml}}}}}}\n"
    return {"main.yaml": main, **levels, "inc8.txt.yaml": "[a, b, c]\n"}


BOMBS: dict[str, dict[str, str] | str] = {
    "aliases of maps": grown("{a: 1}", "{a: *, b: *, c: *, d: *}") + "jobDefinitions: {one: {parameters: *a12}}\n",
    "aliases of lists": grown("[a, b]", "[*, *, *, *]", 20) + "jobDefinitions: {one: {parameters: {a: *a19}}}\n",
    "merges": grown("{a: 1}", "{<<: [*, *, *, *], b: *, c: *}", 20) + "jobDefinitions: {one: *a19}\n",
    "many merges of much": "x-0: &a {" + ", ".join(f"k{n}: 1" for n in range(3000)) + "}\n"
    + "x-1: &b {<<: [" + ", ".join(["*a"] * 300_000) + "]}\ntags: *b\n",
    "includes": nested("[!include NEXT, !include NEXT, !include NEXT, !include NEXT, !include NEXT, !include NEXT]\n"),
    "includes that are aliased": nested("{a: &a !include NEXT, b: *a, c: *a, d: [*a, *a, *a, *a]}\n"),
    "a variable": "variables: {v: {type: list, default: [" + "a, " * 3000 + "]}}\n"
    + "jobDefinitions:\n  one:\n    parameters: {" + ", ".join(f"k{n}: !var v" for n in range(3000)) + "}\n",
    "a text": f"variables: {{v: {'a' * 100_000}}}\njobDefinitions:\n  one:\n    parameters:\n"
    + "".join(f"      k{n}: !sub '{'${v}' * 200}'\n" for n in range(200)),
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_what_multiplies_is_refused_at_once(name: str) -> None:
    start = time.process_time()
    found = loaded(BOMBS[name])
    assert [problem.code for problem in found.problems] == ["YML009"]
    assert time.process_time() - start < SECONDS


@pytest.mark.parametrize("length", [28, 40, 5000])
@pytest.mark.parametrize(
    "pattern", ["(a+)+$", "^(a|a)*$", "(a|aa)+$", "^(([a-z])+.)+[A-Z]([a-z])+$", "(.*a){20}$", "a*a*a*a*a*a*a*b"]
)
def test_no_pattern_of_a_variable_takes_long(pattern: str, length: int) -> None:
    start = time.process_time()
    told = problems(f"variables: {{v: {{pattern: '{pattern}', default: {'a' * length}-}}}}\n")
    assert (len(told), time.process_time() - start < SECONDS) == (1, True)


@pytest.mark.parametrize("pattern", [r"^(?!x)", r"(a)\1", "(?<=a)b", "(a{1000}){1000}"])
def test_a_pattern_that_has_no_bound_is_refused(pattern: str) -> None:
    assert problems(f"variables: {{v: {{pattern: '{pattern}', default: abb}}}}\n") == [
        (
            "stacks/main.yaml:2:26: error[VAR006]: the pattern uses look-around, a back reference or a large "
            "repetition, which cannot be matched in bounded time\n"
            "    hint: put it in single quotes, and use RE2 syntax"
        )
    ]


def test_what_stands_in_many_places_is_no_bomb() -> None:
    """Ten thousand definitions of sixty values each, in one line each."""
    block = ", ".join(f"k{n}: v" for n in range(60))
    text = f"x-a: &a {{{block}}}\njobDefinitions:\n" + "".join(f"  j{n}: {{parameters: *a}}\n" for n in range(10_000))
    assert problems(text) == []


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
    diagnostics._nearest.cache_clear()
    uses = ", ".join(f"k{number}: !var imgae" for number in range(100))
    result = loaded(f"variables: {{image: x}}\njobDefinitions: {{one: {{parameters: {{{uses}}}}}}}\n")
    assert (len(result.problems), diagnostics._nearest.cache_info().misses) == (100, 1)


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


@pytest.mark.long
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
        ("stacks/one.json:1:68", "\\udc00 is half of a surrogate pair"),
        ("stacks/one.json:1:78", "\\ud800 is half of a surrogate pair"),
    ]
