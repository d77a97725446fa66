"""The files of `schemas/`: current, valid, strict at every depth, and of use in an editor."""

import copy
import json
from collections.abc import Iterator

import pytest
from jsonschema import Draft202012Validator

from reconciler.adapters.lookup.installed import read_schema
from reconciler.kinds import KINDS, SECTIONS
from reconciler.model import Json
from reconciler.report.schemas import PUBLISHED
from tests.schemas import current, model, stale

DOCUMENTS = frozenset(f"{name}.schema.json" for name in PUBLISHED)
STACK = {
    "stack": "monte-carlo",
    "account": "123456789012",
    "x-notes": ["anything"],
    "tags": {"team": "risk", "costs": 42},
    "variables": {"image": {"type": "string", "description": "with tag"}},
    "rules": {"disable": {"SP002": "why"}},
    "schedulingPolicies": {"fair": {"fairsharePolicy": {"shareDistribution": [{"shareIdentifier": "A"}]}}},
    "computeEnvironments": {
        "spot": {
            "type": "managed",
            "updatePolicy": {"terminateJobsOnUpdate": True},
            "computeResources": {"type": "SPOT", "maxvCpus": 8, "subnets": ["subnet-a"]},
        }
    },
    "jobQueues": {"pricing": {"priority": 10, "schedulingPolicy": "fair", "computeEnvironmentOrder": ["spot"]}},
    "jobDefinitions": {
        "Job": {
            "type": "container",
            "containerProperties": {"image": "busybox", "command": ["run", 4, True], "memory": 8000},
            "lifecycle": {"retainRevisions": "all"},
        }
    },
}


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    return Draft202012Validator(read_schema())


def refused(validator: Draft202012Validator, stack: Json) -> list[str]:
    return sorted(".".join(map(str, error.absolute_path)) or "." for error in validator.iter_errors(stack))


def changed(*path: str, value: Json = None) -> Json:
    """Return the stack with a value at a path, or without the path."""
    stack: Json = copy.deepcopy(STACK)
    *parents, last = path
    target = stack
    for step in parents:
        target = target[step]
    if value is None:
        del target[last]
    else:
        target[last] = value
    return stack


def structures(schema: Json) -> Iterator[Json]:
    if isinstance(schema, dict):
        if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
            yield schema
        for inner in schema.values():
            yield from structures(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from structures(inner)


def test_the_files_are_current() -> None:
    assert stale() == [], "run: python -m tests.schemas --update"


def test_there_is_one_file_for_each_kind_for_the_stack_for_the_deployments_and_for_each_document() -> None:
    language = ["fleet.schema.json", "stack.schema.json", *(f"{kind.noun}.schema.json" for kind in SECTIONS.values())]
    assert sorted(current()) == sorted([*language, *DOCUMENTS])


@pytest.mark.parametrize("name", sorted(current()))
def test_each_file_is_a_valid_schema_without_a_dangling_reference(name: str) -> None:
    schema = json.loads(current()[name])
    Draft202012Validator.check_schema(schema)
    for reference in (line.split('"')[3] for line in current()[name].splitlines() if '"$ref"' in line):
        target = schema
        for step in reference.removeprefix("#/").split("/"):
            target = target[step]


@pytest.mark.parametrize("name", sorted(current().keys() - DOCUMENTS))  # what we write may get more members
def test_no_structure_takes_unknown_members(name: str) -> None:
    open_ones = [s for s in structures(json.loads(current()[name])) if s.get("additionalProperties") is not False]
    assert open_ones == []


def test_the_words_are_our_own() -> None:
    documented = json.dumps([shape.get("members", {}) for shape in model()["shapes"].values()])
    said = [row.description for kind in KINDS.values() for row in kind.fields]
    assert [text for text in said if text.rstrip(".") in documented] == []


def test_the_language_is_accepted(validator: Draft202012Validator) -> None:
    assert refused(validator, STACK) == []


@pytest.mark.parametrize(
    ("path", "value", "place"),
    [
        (("stak",), "x", "."),
        (("jobDefinitions", "Job", "imgae"), "x", "jobDefinitions.Job"),
        (("jobDefinitions", "Job", "containerProperties", "imgae"), "x", "jobDefinitions.Job.containerProperties"),
        (("jobDefinitions", "Job", "lifecycle", "retainRevisions"), 0, "jobDefinitions.Job.lifecycle.retainRevisions"),
        (("jobQueues", "pricing", "priority"), 1001, "jobQueues.pricing.priority"),
        (("variables", "image", "kind"), "x", "variables.image"),
        (("account",), "12", "account"),
        (("rules", "disable", "SP002"), " ", "rules.disable.SP002"),
        (("rules", "disable", "SCH001"), "why", "rules.disable"),
        (("rules", "disabled"), {}, "rules"),
        (("jobDefinitions", "Job", "type"), "array", "jobDefinitions.Job.type"),
    ],
)
def test_a_mistake_is_underlined(
    validator: Draft202012Validator, path: tuple[str, ...], value: Json, place: str
) -> None:
    # Sections are checked twice: once with all that is optional, once with what is required.
    assert set(refused(validator, changed(*path, value=value))) == {place}


def test_a_required_member_may_come_from_the_defaults(validator: Draft202012Validator) -> None:
    without = changed("computeEnvironments", "spot", "computeResources", "type")
    assert refused(validator, without) == ["computeEnvironments.spot.computeResources"]
    defaults = {"computeEnvironments": {"computeResources": {"type": "SPOT"}}}
    assert refused(validator, {**without, "defaults": defaults}) == []


def test_defaults_know_the_members_too(validator: Draft202012Validator) -> None:
    stack = {**STACK, "defaults": {"jobDefinitions": {"retryStrategy": {"attemps": 3}}}}
    assert refused(validator, stack) == ["defaults.jobDefinitions.retryStrategy"]


def test_a_body_for_the_aws_cli_names_its_resource() -> None:
    body = {"type": "container", "containerProperties": {"image": "busybox"}}
    validator = Draft202012Validator(read_schema("job-definition"))
    assert [error.message for error in validator.iter_errors(body)] == ["'jobDefinitionName' is a required property"]
    assert refused(validator, {**body, "jobDefinitionName": "Job"}) == []


def test_an_unmanaged_member_is_accepted_and_says_that_it_is_ignored() -> None:
    member = read_schema()["$defs"]["ComputeResource"]["properties"]["desiredvCpus"]
    assert member == {
        "type": "integer",
        "description": "Ignored: owned by the autoscaler: never sent and never compared.",
    }


def test_what_only_an_update_takes_can_be_written() -> None:
    properties = read_schema()["$defs"]["CreateComputeEnvironment"]["properties"]
    assert properties["updatePolicy"]["$ref"] == "#/$defs/UpdatePolicy"
    assert read_schema()["$defs"]["UpdatePolicy"]["properties"]["jobExecutionTimeoutMinutes"]["maximum"] == 7200


def test_enumerations_offer_the_services_spelling_first() -> None:
    member = read_schema()["$defs"]["CreateComputeEnvironment"]["properties"]["state"]
    assert member["enum"] == ["ENABLED", "DISABLED", "enabled", "disabled"]
