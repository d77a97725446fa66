"""SARIF: logs are as the standard and GitHub want them, and findings stay themselves."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft4Validator

from reconciler import __version__
from reconciler.model import Json
from reconciler.problems import Problem, Severity, Where
from reconciler.report import ci
from reconciler.report.catalogue import catalogue
from reconciler.report.ci import sarif_log
from reconciler.report.results import Item
from tests.report.code_scanning import flaws, official_schema
from tests.report.findings import CLEAN, FAILED, FILE, FOUND, validation

HERE = os.path.realpath(".")
ALL: list[Item] = [FOUND, CLEAN, FAILED]


def run_of(*items: Item) -> Json:
    (run,) = json.loads(sarif_log(items, HERE))["runs"]
    return run


def fingerprints(*problems: Problem) -> list[str]:
    results = run_of(validation(problems))["results"]
    return [result["partialFingerprints"]["findingHash/v1"] for result in results]


def problem(line: int, message: str = "wrong", file: str = FILE) -> Problem:
    return Problem("SP002", message, Where(file, line, 1))


def test_a_log_reads_as_its_golden_file(golden: Callable[[str, str], None]) -> None:
    golden("findings.sarif.json", sarif_log(ALL, HERE).replace(f'"{__version__}"', '"VERSION"'))


def test_the_schema_is_the_one_that_logs_name() -> None:
    Draft4Validator.check_schema(official_schema())
    assert official_schema()["id"] == ci.SCHEMA


@pytest.mark.parametrize(
    "items", [ALL, [FOUND], [CLEAN], [FAILED], []], ids=["all", "found", "clean", "failed", "none"]
)
def test_a_log_has_nothing_against_the_standard_or_code_scanning(items: list[Item]) -> None:
    assert flaws(sarif_log(items, HERE)) == []


def test_what_the_standard_or_code_scanning_does_not_take_is_found() -> None:
    log = json.loads(sarif_log([FOUND], HERE))
    result, rule = log["runs"][0]["results"][0], log["runs"][0]["tool"]["driver"]["rules"][0]
    result["places"] = result.pop("locations")
    rule["shortDescription"]["text"] = "x" * 1025
    found = flaws(json.dumps(log))
    assert ["places" in found[0], "'locations' is a required property" in found[-1], len(found)] == [True, True, 3]


def test_every_rule_and_every_problem_can_be_told() -> None:
    everything = tuple(
        Problem(entry.id, entry.says, Where(FILE, line, 1), entry.hint, entry.severity)
        for line, entry in enumerate(catalogue().values(), 1)
    )
    log = sarif_log([validation(everything)], HERE)
    assert flaws(log) == []
    assert len(json.loads(log)["runs"][0]["tool"]["driver"]["rules"]) == len(catalogue()) > 200


def test_what_is_too_much_for_one_run_loses_its_notes_first_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ci, "MOST_RESULTS", 3)
    levels = (Severity.NOTE, Severity.ERROR, Severity.WARNING, Severity.NOTE, Severity.ERROR)
    found = tuple(replace(problem(line), severity=level) for line, level in enumerate(levels, 1))
    run = run_of(validation(found))
    assert [result["level"] for result in run["results"]] == ["error", "warning", "error"]
    assert run["invocations"] == [
        {
            "executionSuccessful": True,
            "toolExecutionNotifications": [
                {
                    "level": "warning",
                    "message": {
                        "text": "2 findings are left out: a run can contain 3. Validate the stacks one by one."
                    },
                }
            ],
        }
    ]


def test_the_same_findings_make_the_same_log() -> None:
    shuffled = replace(FOUND, problems=FOUND.problems[::-1])
    assert sarif_log([shuffled, CLEAN], HERE) == sarif_log([FOUND, CLEAN], HERE)


def test_every_result_leads_to_its_rule_and_has_a_place() -> None:
    run = run_of(*ALL)
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert rules == sorted(set(rules))
    assert [result["ruleId"] for result in run["results"]] == [rules[one["ruleIndex"]] for one in run["results"]]
    assert all(one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for one in run["results"])


def test_what_has_no_place_is_at_its_stack() -> None:
    (tags,) = [one for one in run_of(FOUND)["results"] if one["ruleId"] == "TAG004"]
    assert tags["locations"] == [
        {"physicalLocation": {"artifactLocation": {"uri": "stacks/prod", "uriBaseId": "%SRCROOT%"}}}
    ]


def test_a_finding_stays_itself_when_lines_move() -> None:
    assert fingerprints(problem(3)) == fingerprints(problem(30))


def test_a_finding_stays_itself_however_many_share_it() -> None:
    assert fingerprints(problem(3, "wrong (and in 3 more)")) == fingerprints(problem(3))


def test_findings_that_say_the_same_in_one_file_are_told_apart_by_their_order() -> None:
    first, second = fingerprints(problem(3), problem(9))
    assert (first.split(":")[0], first[-2:], second[-2:]) == (second.split(":")[0], ":1", ":2")


def test_another_file_or_message_is_another_finding() -> None:
    assert (
        len({*fingerprints(problem(3)), *fingerprints(problem(3, file="b.yaml")), *fingerprints(problem(3, "bad"))})
        == 3
    )


def test_a_file_is_a_relative_uri_with_its_special_characters_escaped() -> None:
    run = run_of(validation((problem(3, file="a b/ü:#%.yaml"),)))
    location = run["results"][0]["locations"][0]["physicalLocation"]
    assert location["artifactLocation"] == {"uri": "a%20b/%C3%BC%3A%23%25.yaml", "uriBaseId": "%SRCROOT%"}


def test_a_file_outside_of_the_repository_is_an_absolute_uri(tmp_path: Path) -> None:
    file = tmp_path / "stack.yaml"
    run = run_of(validation((problem(3, file=str(file)),)))
    location = run["results"][0]["locations"][0]["physicalLocation"]
    assert location["artifactLocation"] == {"uri": file.resolve().as_uri()}


def test_a_stack_that_cannot_be_read_makes_a_run_that_failed() -> None:
    assert run_of(CLEAN, FAILED)["invocations"] == [
        {
            "executionSuccessful": False,
            "toolExecutionNotifications": [
                {
                    "level": "error",
                    "message": {"text": "nowhere does not exist\nhint: pass the folder of a stack, or its only file"},
                }
            ],
        }
    ]


def test_a_rule_says_what_it_is() -> None:
    (rule,) = [one for one in run_of(FOUND)["tool"]["driver"]["rules"] if one["id"] == "SP002"]
    assert (rule["shortDescription"]["text"], rule["defaultConfiguration"], rule["properties"]) == (
        "A share is named once.",
        {"level": "error"},
        {"tags": ["SchedulingPolicy"]},
    )
