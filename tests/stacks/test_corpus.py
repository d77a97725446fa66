"""Requests that other projects give to the AWS CLI: what AWS takes is a stack."""

import json
import re
from pathlib import Path

import pytest

from reconciler.model import Json
from reconciler.problems import Exit
from tests.stacks.read import read
from tests.world import World

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
FILES = ("jobdef.jsonl", "ce.jsonl", "queue.jsonl", "policy.jsonl")
# What the projects' own templating fills in before the CLI sees it: texts, and a number that stands there unquoted.
TEXT = re.compile(r"\$\{\{\w+\}\}")
NUMBER = "TPL"


def filled(value: Json) -> Json:
    if isinstance(value, dict):
        return {member: filled(inner) for member, inner in value.items()}
    if isinstance(value, list):
        return [filled(item) for item in value]
    if value == NUMBER:
        return 2048
    return TEXT.sub("filled", value) if isinstance(value, str) else value


def requests() -> list[Json]:
    files = [CORPUS / name for name in FILES if (CORPUS / name).is_file()]
    lines = [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    return [entry["definition"] for entry in lines if entry["form"] == "api"]


REQUESTS = requests()
pytestmark = pytest.mark.skipif(not REQUESTS, reason="the corpus is not beside this checkout")


def write(folder: Path, *contents: Json) -> None:
    (folder / "stack.yaml").write_text("stack: corpus", encoding="utf-8")
    for number, content in enumerate(contents):
        (folder / f"request-{number}.json").write_text(json.dumps(content), encoding="utf-8")


every_request = pytest.mark.parametrize("number", range(len(REQUESTS)))


@every_request
def test_a_request_that_the_cli_takes_is_a_valid_stack(number: int, tmp_path: Path) -> None:
    write(tmp_path, filled(REQUESTS[number]))
    stack, problems = read(tmp_path)
    assert [str(problem) for problem in problems] == []
    assert len(stack.declared) == 1


@every_request
def test_applying_it_leaves_nothing_to_do(number: int, tmp_path: Path) -> None:
    write(tmp_path, *with_what_it_needs(filled(REQUESTS[number])))
    stack, _ = read(tmp_path)
    world = World()
    assert world.apply(stack).exit is Exit.DONE
    assert world.plan(stack).changes == ()


@pytest.mark.parametrize("number", [n for n, request in enumerate(REQUESTS) if filled(request) != request])
def test_placeholders_that_nobody_filled_are_found(number: int, tmp_path: Path) -> None:
    write(tmp_path, REQUESTS[number])
    _, problems = read(tmp_path)
    wrong_type = {"SCH002"} if f'"{NUMBER}"' in json.dumps(REQUESTS[number]) else set()
    assert {problem.code for problem in problems} == {"STK007", *wrong_type}


def with_what_it_needs(request: Json) -> list[Json]:
    """Return the request and those of the environments that it names; the corpus has them too."""
    named = {entry["computeEnvironment"] for entry in request.get("computeEnvironmentOrder", ())}
    return [request, *(one for one in REQUESTS if one.get("computeEnvironmentName") in named)]
