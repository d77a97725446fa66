"""What others need to know of a stack, in forms that they read."""

import subprocess

import pytest

from reconciler.model import Address
from reconciler.report.outputs import variable_of
from tests.cli.conftest import STACK, Run, write

ARN = "arn:aws:batch:us-east-1:123456789012:"


def test_the_table_has_an_arn_for_each_resource(risk: Run) -> None:
    ran = risk("outputs", "risk", "--sandbox")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (
        "Stack risk\n\n"
        f"ComputeEnvironment/spot  {ARN}compute-environment/spot\n"
        f"JobQueue/pricing         {ARN}job-queue/pricing\n"
        f"JobDefinition/simulate   {ARN}job-definition/simulate:1\n"
    )


def test_json_has_names_and_the_arn_with_and_without_the_revision(risk: Run) -> None:
    write("risk", STACK.replace("busybox:1", "busybox:2"))
    risk("apply", "risk", "--sandbox", "--yes")
    document = risk("outputs", "risk", "--sandbox", "-o", "json").json
    assert (document["document"], document["missing"]) == ("outputs", [])
    (job,) = (one for one in document["outputs"] if one["kind"] == "JobDefinition")
    assert (job["name"], job["arn"], job["revision"], job["arn_latest"]) == (
        "simulate", f"{ARN}job-definition/simulate:2", 2, f"{ARN}job-definition/simulate",
    )  # fmt: skip
    assert job["variables"]["JOB_DEFINITION_SIMULATE_ARN"] == job["arn"]


def test_a_shell_evaluates_exports(risk: Run) -> None:
    lines = risk("outputs", "risk", "--sandbox", "-o", "export").out
    script = f'{lines}echo "$JOB_QUEUE_PRICING_ARN $JOB_DEFINITION_SIMULATE_REVISION $COMPUTE_ENVIRONMENT_SPOT_NAME"'
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == f"{ARN}job-queue/pricing 1 spot\n"


def test_dotenv_has_one_line_a_value_and_can_go_to_a_file(risk: Run, tmp_path: object) -> None:
    ran = risk("outputs", "risk", "--sandbox", "-o", "dotenv")
    assert f"JOB_QUEUE_PRICING_ARN={ARN}job-queue/pricing\n" in ran.out
    assert all(line.count("=") == 1 and " " not in line for line in ran.out.splitlines())


def test_what_is_missing_is_told_and_the_rest_is_printed(risk: Run) -> None:
    write("risk", STACK.replace("  pricing:", "  nightly: {priority: 1, computeEnvironmentOrder: [spot]}\n  pricing:"))
    ran = risk("outputs", "risk", "--sandbox", "-o", "json")
    assert ran.code == 8
    assert "not live, or not this stack's: JobQueue/nightly" in ran.err
    assert (ran.json["missing"], len(ran.json["outputs"])) == (["JobQueue/nightly"], 3)


def test_what_another_stack_owns_is_not_given(risk: Run) -> None:
    write("other", STACK.replace("stack: risk", "stack: other"))
    assert risk("outputs", "other", "--sandbox", "-o", "json").json["outputs"] == []


def test_two_resources_of_one_variable_are_refused_where_that_matters(run: Run) -> None:
    policies = "  nightly-run: {fairsharePolicy: {}}\n  nightly_run: {fairsharePolicy: {}}\n"
    write("twins", f"stack: twins\nschedulingPolicies:\n{policies}")
    run("apply", "twins", "--sandbox", "--yes")
    ran = run("outputs", "twins", "--sandbox", "-o", "dotenv")
    assert (ran.code, ran.out) == (1, "")
    assert "several resources map to SCHEDULING_POLICY_NIGHTLY_RUN_ARN" in ran.err
    assert len(run("outputs", "twins", "--sandbox", "-o", "json").json["outputs"]) == 2


def test_it_changes_nothing(risk: Run, made: list[str]) -> None:
    risk("outputs", "risk", "--sandbox")
    assert all(name.startswith(("Describe", "List")) for name in made)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("RenderingQueue", "JOB_QUEUE_RENDERING_QUEUE"),
        ("HPCQueue", "JOB_QUEUE_HPC_QUEUE"),
        ("spot-2_x", "JOB_QUEUE_SPOT_2_X"),
        ("q2Go", "JOB_QUEUE_Q2_GO"),
    ],
)
def test_names_become_words_in_capitals(name: str, expected: str) -> None:
    assert variable_of(Address("JobQueue", name)) == expected
