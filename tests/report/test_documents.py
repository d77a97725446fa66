"""The JSON that programs read."""

from reconciler.app.usecases import Finish
from reconciler.apply import Outcome
from reconciler.problems import CloudError, Exit, Fault, InvalidStack, Problem, Where
from reconciler.redact.presented import (
    present,
    present_changes,
    present_failure,
    present_finish,
    present_problem,
    present_stopped,
)
from reconciler.report.json import drift_json, failed_json, finish_json, plan_json, problem_json, stopped_json
from reconciler.report.results import drift_of
from tests.report.samples import EVERYTHING, LEFT, NOTHING, PARTLY, PRICING


def test_a_plan_says_what_it_comes_to() -> None:
    assert plan_json(present(EVERYTHING))["summary"] == {
        "add": 1,
        "change": 3,
        "replace": 1,
        "destroy": 1,
        "adopt": 2,
        "forget": 1,
        "prune": 0,
        "refused": 2,
        "unchanged": 12,
    }


def test_a_change_has_everything_that_a_reviewer_needs() -> None:
    (change,) = plan_json(present(LEFT))["changes"]
    assert {key: value for key, value in change.items() if key not in ("fields", "steps")} == {
        "address": "JobQueue/pricing",
        "kind": "JobQueue",
        "name": "prod-pricing",
        "arn": "arn:aws:batch:us-east-1:123456789012:job-queue/prod-pricing",
        "action": "update",
        "sign": "~",
        "class": "scaling",
        "reasons": [],
        "losses": [],
        "interrupts": None,
        "after": ["ComputeEnvironment/spot"],
        "drift": True,
        "refusals": [],
        "file": "stacks/prod/stack.yaml",
        "line": 40,
        "column": 3,
    }


def test_a_member_has_both_values_its_class_and_its_place() -> None:
    assert plan_json(present(LEFT))["changes"][0]["fields"][0] == {
        "path": "priority",
        "before": 10,
        "after": 20,
        "class": "scaling",
        "why": "",
        "drift": False,
        "undeclared": False,
        "noted": False,
        "sensitive": False,
        "file": "stacks/prod/stack.yaml",
        "line": 41,
        "column": 5,
    }


def test_steps_are_requests_and_waits() -> None:
    assert plan_json(present(LEFT))["changes"][0]["steps"] == [
        {
            "operation": "UpdateJobQueue",
            "request": {"jobQueue": "prod-pricing", "priority": 20},
            "says": "update job-queue prod-pricing: priority",
        },
        {"wait": "VALID", "timeout": 300, "says": "wait until it is VALID"},
    ]


def test_a_hidden_member_is_marked_sensitive() -> None:
    fields = {f["path"]: f for change in plan_json(present(EVERYTHING))["changes"] for f in change["fields"]}
    password = fields["containerProperties.environment.DB_PASSWORD.value"]
    assert (password["before"], password["after"], password["sensitive"]) == (
        "<redacted>",
        "<redacted, changed>",
        True,
    )


def test_drift_and_what_is_not_applied_yet_are_told_apart() -> None:
    document = drift_json(drift_of(present(EVERYTHING)))
    tiers = ("changed", "undeclared", "missing", "foreign")
    kinds = {word: [change["address"] for change in document[word]] for word in tiers}
    assert (kinds, document["summary"]) == (
        {
            "changed": ["ComputeEnvironment/gpu"],
            "undeclared": ["JobQueue/pricing"],
            "missing": ["ComputeEnvironment/spot"],
            "foreign": ["JobQueue/shared"],
        },
        {"changed": 1, "undeclared": 1, "missing": 1, "unhealthy": 1, "foreign": 1, "pending": 5},
    )


def test_what_is_ignored_has_both_sides_and_the_reason() -> None:
    for document in (plan_json(present(EVERYTHING)), drift_json(drift_of(present(EVERYTHING)))):
        assert document["ignored"][1] == {
            "address": "ComputeEnvironment/gpu",
            "path": "computeResources.maxvCpus",
            "before": 512,
            "after": 256,
            "why": "the night shift scales by hand (until 2027-03-31)",
        }


def test_a_finish_has_results_and_what_is_left() -> None:
    document = finish_json(present(LEFT), present_finish(PARTLY))
    assert [(result["address"], result["state"]) for result in document["results"]] == [
        ("ComputeEnvironment/spot", "done"),
        ("JobQueue/pricing", "failed"),
        ("ComputeEnvironment/gpu", "unhealthy"),
        ("ComputeEnvironment/old", "skipped"),
    ]
    assert document["rest"]["summary"]["change"] == 1


def test_a_plan_without_changes_is_a_finish_of_its_own() -> None:
    document = finish_json(present(NOTHING), None)
    assert (document["document"], document["results"], document["rest"]["is_empty"]) == ("apply", [], True)


def test_an_interrupted_run_says_so() -> None:
    assert (
        finish_json(present(LEFT), present_finish(Finish(Outcome((), interrupted=True), LEFT)))["interrupted"] is True
    )


def test_a_problem_has_its_place_in_numbers() -> None:
    assert problem_json(
        present_problem(Problem("CE012", "no such type", Where("a.yaml", 14, 11), "did you mean EC2?"))
    ) == {
        "code": "CE012",
        "severity": "error",
        "message": "no such type",
        "hint": "did you mean EC2?",
        "file": "a.yaml",
        "line": 14,
        "column": 11,
    }


def test_what_stops_a_command_is_a_document_too() -> None:
    document = stopped_json(present_stopped(InvalidStack((Problem("A1", "wrong"),))))
    assert (document["document"], document["error"], document["problems"][0]["code"]) == (
        "error",
        {"kind": "InvalidStack", "exit": 3, "message": "1 problem found", "hint": ""},
        "A1",
    )


def test_a_failed_call_names_its_operation() -> None:
    error = CloudError("DescribeJobQueues", Fault.DENIED, "AccessDenied", "no", hint="ask", request_id="3c1a")
    assert failed_json(present_failure(error, Exit.DENIED))["error"] == {
        "kind": "CloudError",
        "exit": 4,
        "operation": "DescribeJobQueues",
        "code": "AccessDenied",
        "message": "no",
        "hint": "ask",
        "request_id": "3c1a",
    }


def test_documents_name_their_format() -> None:
    assert {plan_json(present(LEFT))["format_version"], drift_json(drift_of(present(LEFT)))["format_version"]} == {
        "1.0"
    }


def test_a_drifted_change_stands_in_one_place_only() -> None:
    drift = drift_of(present(LEFT))
    assert (drift.undeclared, drift.changed, drift.pending) == (present_changes([PRICING]), (), ())
