"""Definitions of other projects: what AWS takes is a stack, in which nothing is wrong."""

import json
from collections import Counter
from pathlib import Path

import pytest

from reconciler.adapters.lookup.installed import read_schema
from reconciler.kinds import KINDS
from reconciler.model import Address, Declared, Json, Stack
from reconciler.problems import Exit, Problem, Severity
from reconciler.validate import validate
from tests.stacks.corpus import Entry, entries, request_of
from tests.stacks.read import read
from tests.world import World

SCHEMA = read_schema()
ENTRIES = entries()
WHOLE = [(entry, request) for entry in ENTRIES if (request := request_of(entry)) is not None]
FOR_THE_CLI = [entry for entry in ENTRIES if entry.form == "api"]
REQUESTS = [request_of(entry) for entry in FOR_THE_CLI]
TEMPLATES = [entry.definition for entry in FOR_THE_CLI if "${{" in json.dumps(entry.definition)]
# What AWS refuses, too: a page with `environment: {}`, one with a quarter of a vCPU on EC2, and a module whose blocks
# are made by loops.
REFUSED = {
    ("pypi:awscli:describe-job-definitions.rst", "SCH002"),
    ("pypi:pulumi-aws:job_definition.py", "JD019"),
    ("terraform-aws-modules/terraform-aws-batch:main.tf", "CE001"),
    ("terraform-aws-modules/terraform-aws-batch:main.tf", "JQ001"),
}
RARE = 0.05  # the part of all definitions that a warning may be about without anybody asking for advice
pytestmark = pytest.mark.skipif(not ENTRIES, reason="the corpus is not beside this checkout")


def problems(entry: Entry, request: Json) -> tuple[Problem, ...]:
    """Validate one definition, strictly."""
    address = Address(entry.kind.name, "it")
    body = {name: value for name, value in request.items() if name != entry.kind.name_member}
    _, found = validate(Stack("corpus", {address: Declared(address, body)}), SCHEMA, KINDS, strict=True)
    return found


def write(folder: Path, *contents: Json) -> None:
    (folder / "stack.yaml").write_text("stack: corpus", encoding="utf-8")
    for number, content in enumerate(contents):
        (folder / f"request-{number}.json").write_text(json.dumps(content), encoding="utf-8")


every_request = pytest.mark.parametrize("number", range(len(REQUESTS)))


@every_request
def test_a_request_that_the_cli_takes_is_a_valid_stack(number: int, tmp_path: Path) -> None:
    write(tmp_path, REQUESTS[number])
    stack, found = read(tmp_path)
    assert [str(problem) for problem in found] == []
    assert len(stack.declared) == 1


@every_request
def test_applying_it_leaves_nothing_to_do(number: int, tmp_path: Path) -> None:
    write(tmp_path, *with_what_it_needs(REQUESTS[number]))
    stack, _ = read(tmp_path)
    world = World()
    assert world.apply(stack).exit is Exit.DONE
    assert world.plan(stack).changes == ()


@pytest.mark.parametrize("number", range(len(TEMPLATES)))
def test_placeholders_that_nobody_filled_are_found(number: int, tmp_path: Path) -> None:
    write(tmp_path, TEMPLATES[number])
    _, found = read(tmp_path)
    assert {problem.code for problem in found} == {"YML013"}  # whose message names what would fill them in


def test_whatever_tool_wrote_a_definition_nothing_is_wrong_with_it() -> None:
    found = ((entry.source, problem) for entry, request in WHOLE for problem in problems(entry, request))
    assert {(source, problem.code) for source, problem in found if problem.severity is Severity.ERROR} == REFUSED


def test_warnings_that_nobody_asked_for_are_rare() -> None:
    told = Counter(
        code
        for entry, request in WHOLE
        for code in {problem.code for problem in problems(entry, request) if is_told_to_all(problem)}
    )
    assert [code for code, count in told.items() if count > RARE * len(WHOLE)] == []


def is_told_to_all(problem: Problem) -> bool:
    from reconciler.report.catalogue import catalogue

    return problem.severity is not Severity.ERROR and not catalogue()[problem.code].advice


def with_what_it_needs(request: Json) -> list[Json]:
    """Return the request and those of the environments that it names; the corpus has them too."""
    named = {entry["computeEnvironment"] for entry in request.get("computeEnvironmentOrder", ())}
    return [request, *(one for one in REQUESTS if one.get("computeEnvironmentName") in named)]
