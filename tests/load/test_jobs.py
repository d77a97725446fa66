"""Jobs of a stack: bodies of SubmitJob by name, and the smoke beside them."""

import pytest

from reconciler.adapters.lookup.installed import read_schema
from reconciler.kinds import KINDS
from reconciler.model import Smoke, Stack
from reconciler.problems import Problem
from reconciler.validate import validate
from tests.load.memory import loaded

OUTSIDE = "which is not declared in this stack; it must exist in AWS."
STACK = """\
stack: risk
variables: {queue: {default: pricing}, share: {type: string}}
schedulingPolicies: {fair: {fairsharePolicy: {shareDecaySeconds: 60}}}
jobDefinitions: {price: {type: container, containerProperties: {image: "a:1", vcpus: 1, memory: 512}}}
defaults: {jobs: {retryStrategy: {attempts: 2}}}
jobs:
"""


def read(jobs: str, **variables: str) -> tuple[Stack, list[Problem]]:
    result = loaded({"stack.yaml": STACK + jobs}, variables=variables, root="")
    stack, problems = validate(result.stack, read_schema(), KINDS)
    return stack, [*result.problems, *problems]


def said(jobs: str) -> list[str]:
    return [f"{problem.where} {problem.code} {problem.message}" for problem in read(jobs)[1]]


def test_a_job_is_a_body_of_submitjob_with_values_types_and_defaults_as_everywhere() -> None:
    stack, problems = read(
        "  nightly: {jobQueue: !var queue, jobDefinition: price, shareIdentifier: !var share, parameters: {x: 30.0}}\n",
        share="A",
    )
    assert problems == []
    assert stack.jobs["nightly"].spec == {
        "jobQueue": "pricing",
        "jobDefinition": "price",
        "shareIdentifier": "A",
        "parameters": {"x": "30.0"},
        "retryStrategy": {"attempts": 2},
    }
    assert stack.jobs["nightly"].smoke is None
    assert "Job" not in {address.kind for address in stack.declared}


@pytest.mark.parametrize(
    ("written", "smoke"),
    [
        ("{}", Smoke()),
        ("{within: 90s}", Smoke(within=90)),
        ("{within: 600, after: [JobDefinition/price]}", Smoke(("JobDefinition/price",), 600)),
        ("{within: 2h, after: [JobDefinition/*]}", Smoke(("JobDefinition/*",), 7200)),
    ],
)
def test_smoke_says_after_what_and_within_which_time_a_job_is_run(written: str, smoke: Smoke) -> None:
    stack, problems = read(f"  check: {{jobQueue: q, jobDefinition: price, smoke: {written}}}\n")
    assert (problems, stack.jobs["check"].smoke) == ([], smoke)


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        (
            "{jobQueue: q, jobDefinition: price, smoke: {after: [JobDefinition/prise], within: soon, befor: 1}}",
            [
                "stack.yaml:7:58 SMK003 smoke.after: JobDefinition/prise matches nothing in this stack",
                "stack.yaml:7:88 SMK002 smoke.within must be a time such as 90s, 20m or 2h",
                "stack.yaml:7:94 SMK001 befor is not a field of smoke",
            ],
        ),
        ("{jobQueue: q}", ["stack.yaml:7:3 SCH004 Job/a: jobDefinition is missing"]),
        (
            "{jobQueue: q, jobDefinition: price, containerOverrides: {comand: [x]}}",
            ["stack.yaml:7:63 SCH001 Job/a: containerOverrides.comand is not a field"],
        ),
        (
            "{jobQueue: q, jobDefinition: price, arrayProperties: {size: 1}}",
            ["stack.yaml:7:66 SCH005 Job/a: arrayProperties.size must be at least 2, but is 1"],
        ),
        (
            "{jobQueue: q, jobDefinition: prise}",
            [f"stack.yaml:7:35 SJ901 Job/a: jobDefinition is prise, {OUTSIDE} Did you mean price?"],
        ),
        ("[price]", ["stack.yaml:7:6 STK005 Job/a must be a mapping, not a list"]),
    ],
)
def test_what_is_wrong_with_a_job_is_reported_at_its_place(written: str, problem: list[str]) -> None:
    assert said(f"  a: {written}\n") == problem


def test_a_job_without_a_name_and_one_that_is_declared_twice_are_reported() -> None:
    assert said("  jobQueue: q\n  jobDefinition: price\n") == [
        "stack.yaml:7:3 STK005 jobQueue and jobDefinition found where jobs requires names: the job has no name"
    ]


def test_the_jobs_of_a_workflow_are_no_jobs_of_a_stack() -> None:
    workflow = "on: push\njobs: {build: {runs-on: ubuntu, steps: [{run: make}]}}\n"
    result = loaded({"stack.yaml": STACK + "  {}\n", "ci.yaml": workflow}, root="")
    assert (result.problems, result.stack.jobs) == ((), {})
    assert [str(note.where) for note in result.notes] == ["ci.yaml"]
