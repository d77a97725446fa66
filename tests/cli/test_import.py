"""`reconciler import`: from what exists to the files of a stack."""

import json
from pathlib import Path

from reconciler.model import Json
from tests.cli.conftest import Run

QUEUE = {
    "jobQueueName": "pricing",
    "jobQueueArn": "arn:aws:batch:us-east-1:123456789012:job-queue/pricing",
    "state": "ENABLED",
    "status": "VALID",
    "priority": 10,
    "computeEnvironmentOrder": [{"order": 1, "computeEnvironment": "spot"}],
    "tags": {"team": "risk"},
}


def given(name: str, document: Json) -> str:
    Path(name).write_text(json.dumps(document), encoding="utf-8")
    return name


def test_descriptions_become_a_folder_that_is_valid_and_in_style(run: Run) -> None:
    ran = run("import", "--json", given("queues.json", {"jobQueues": [QUEUE]}), "--to", "prod")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == "wrote prod/stack.yaml\nwrote prod/job-queues.yaml\nImported as stack prod: 1 job queue\n"
    assert Path("prod/stack.yaml").read_text() == "stack: prod\n"
    assert Path("prod/job-queues.yaml").read_text() == (
        "jobQueues:\n  pricing:\n    priority: 10\n    computeEnvironmentOrder: [spot]\n    tags: {team: risk}\n"
    )
    assert run("fmt", "prod", "--check").code == 0
    assert run("validate", "prod").code == 0


def test_without_a_folder_one_document_goes_to_stdout(run: Run) -> None:
    ran = run("import", "--json", given("queues.json", {"jobQueues": [QUEUE]}), "--to", "-", "--stack", "risk")
    assert (ran.code, ran.out.splitlines()[0]) == (0, "stack: risk")


def test_files_of_a_stack_are_not_overwritten_without_force(run: Run) -> None:
    words = ("import", "--json", given("queues.json", {"jobQueues": [QUEUE]}), "--to", "risk")
    before = Path("risk/stack.yaml").read_text()
    ran = run(*words)
    assert (ran.code, Path("risk/stack.yaml").read_text()) == (64, before)
    assert run(*words, "--force").code == 0


def test_one_resource_that_cannot_be_imported_keeps_all_from_being_written(run: Run) -> None:
    words = ("import", "--json", given("mixed.json", [QUEUE, {"clusters": []}]), "--to", "prod")
    assert (run(*words).code, Path("prod").exists()) == (3, False)
    assert (run(*words, "--keep-going").code, Path("prod/job-queues.yaml").exists()) == (3, True)


def test_one_source_is_needed(run: Run) -> None:
    assert run("import", "--to", "prod").code == 64
