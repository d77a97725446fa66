"""The published schemas of documents: what is written fits them, and has no member that they do not know."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from reconciler.adapters.lookup.installed import schema_text
from reconciler.model import Json
from reconciler.report.schemas import DOCUMENTS, PUBLISHED
from tests.cli.conftest import SMALL, STACK, Run, write
from tests.report.test_plan_schema import closed

VALIDATORS = {kind: Draft202012Validator(closed(json.loads(json.dumps(one)))) for kind, one in DOCUMENTS.items()}
JOB = "jobs: {check: {jobQueue: pricing, jobDefinition: simulate, smoke: {}}}\n"
BROKEN = SMALL.replace("60", "sixty").replace("stack: small", "stack: broken")


def wrong(document: Json) -> list[str]:
    """Return how a document differs from its schema, without room for members that it does not name."""
    found = [f"{error.json_path}: {error.message}" for error in VALIDATORS[document["document"]].iter_errors(document)]
    results = [one["result"] for one in document.get("targets", ()) if one["result"]]
    return [*found, *(error for one in results for error in wrong(one))]


def documents(run: Run) -> Iterator[Json]:
    """Yield a document of each command, kind of outcome and number of stacks."""
    write("broken", BROKEN)
    Path("reconciler.yaml").write_text("environments: {dev: {region: us-east-1}}\nstacks: {small: dev, broken: dev}\n")
    for words in (
        "plan small", "drift small", "status small", "verify risk", "placement risk", "validate small", "validate broken", "plan broken", "plan nowhere",
        "plan --all", "status --all", "validate --all", "apply --all", "apply small", "apply small --yes", "plan small",
        "apply small --yes", "drift small", "status small", "destroy small --yes", "apply --all --yes", "drift --all",
        "apply small --yes --expect 0123456789abcdef", "nonsense",
    ):  # fmt: skip
        offline = words.startswith(("validate", "placement", "nonsense"))
        found = run(*words.split(), *(() if offline else ("--sandbox",)), "-o", "json").json
        yield from found if isinstance(found, list) else [found]
    write("tested", STACK.replace("stack: risk", "stack: tested") + JOB)
    place = ("tested", "--sandbox=tested.json", "-o", "json")
    yield run("apply", *place, "--yes", "--smoke").json
    job = run("submit", "check", *place, "--wait").json
    yield job
    there = ("--stack", *place)
    yield from (run(command, job["job_id"], *there).json for command in ("wait", "logs", "cancel"))
    yield run("jobs", *place).json


def test_what_is_written_is_as_the_schema_says_and_every_member_is_owed(run: Run) -> None:
    kinds = set()
    for document in documents(run):
        kinds.add(document["document"])
        assert wrong(document) == []
        for name in document:
            less = copy.deepcopy(document)
            del less[name]
            assert name in {"plan", "document"} or wrong(less), name
    assert kinds == set(DOCUMENTS)


def test_of_several_stacks_an_array_has_the_plans_that_were_made(run: Run) -> None:
    write("broken", BROKEN)
    found = run("plan", "small", "nowhere", "risk", "broken", "--sandbox", "-o", "json").json
    assert [one["document"] for one in found] == ["plan", "error", "plan", "error"]
    assert [one["exit"] for one in found] == [0, 64, 0, 3]


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_file_is_what_is_published_and_what_the_command_prints(run: Run, name: str) -> None:
    assert json.loads(schema_text(name)) == json.loads(json.dumps(PUBLISHED[name]))
    assert run("schema", name).out == schema_text(name)


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_schema_stands_alone_and_everything_in_it_is_used_and_described(name: str) -> None:
    schema = json.loads(schema_text(name))
    Draft202012Validator.check_schema(schema)
    text = json.dumps(schema)
    assert {f'"#/$defs/{one}"' in text for one in schema["$defs"]} <= {True}
    assert all("description" in one for one in schema["properties"].values())
