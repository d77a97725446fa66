"""status and doctor, from words to exit code, against the sandbox."""

from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.calls import is_read
from tests.cli.conftest import STACK, Run, write

Golden = Callable[[str, str], None]
HERE = "--sandbox"
SPOT = "ComputeEnvironment/spot"
WELL = "Status: 3 healthy, 0 unhealthy, 0 missing, 0 foreign; 3 in sync, 0 drifted, 0 pending."
READS = ["DescribeComputeEnvironments", "DescribeJobDefinitions", "DescribeJobQueues", "DescribeServiceEnvironments",
         "ListConsumableResources", "ListSchedulingPolicies"]  # fmt: skip


def ail(run: Run) -> None:
    """Much is wrong: an environment is INVALID, jobs wait, and somebody has changed a queue."""
    write(
        "risk",
        STACK.replace("  pricing:", "  nightly:\n    priority: 1\n    computeEnvironmentOrder: [spot]\n  pricing:"),
    )
    assert run("sandbox", "submit", "pricing", "simulate", "--count", "40", "--seconds", "1h").code == 0
    assert run("sandbox", "drift", "JobQueue/pricing", "priority=3").code == 0
    assert run("sandbox", "tick", "1m").code == 0
    assert run("sandbox", "break", SPOT, "--invalid").code == 0


@pytest.mark.parametrize("width", ["80", "200"])
def test_the_table_fits_the_page(risk: Run, golden: Golden, monkeypatch: pytest.MonkeyPatch, width: str) -> None:
    monkeypatch.setenv("COLUMNS", width)
    ail(risk)
    ran = risk("status", "risk", HERE)
    assert (ran.code, ran.err) == (8, "")
    golden(f"status-{width}.txt", ran.out)


@pytest.mark.parametrize("width", ["80", "200"])
def test_each_complaint_is_explained(risk: Run, golden: Golden, monkeypatch: pytest.MonkeyPatch, width: str) -> None:
    monkeypatch.setenv("COLUMNS", width)
    ail(risk)
    ran = risk("doctor", "risk", HERE)
    assert (ran.code, ran.err) == (8, "")
    golden(f"doctor-{width}.txt", ran.out)


def test_a_healthy_stack_exits_0_without_complaints(risk: Run) -> None:
    status, doctor = risk("status", "risk", HERE), risk("doctor", "risk", HERE)
    assert (status.code, status.last) == (0, WELL)
    assert (doctor.code, doctor.last) == (0, "Doctor: 0 problems, 3 healthy.")
    assert "No problems. All 3 resources are healthy." in doctor.out


def test_the_calls_are_those_of_a_plan_and_what_is_asked_of_queues(risk: Run, made: list[str]) -> None:
    made.clear()
    for words, jobs in ((("status",), 5), (("status", "--no-jobs"), 0), (("doctor",), 1)):
        made.clear()
        assert risk(*words, "risk", HERE).code == 0
        assert sorted(made) == sorted([*READS, *["ListJobs"] * jobs])
        assert all(map(is_read, made))


def test_a_script_gets_all_that_the_table_has(risk: Run) -> None:
    ail(risk)
    whole = risk("status", "risk", HERE, "-o", "json").json
    assert (whole["document"], whole["is_healthy"], whole["problems"]) == ("status", False, [])
    assert whole["summary"] == {"healthy": 1, "unhealthy": 2, "missing": 1, "foreign": 0,
                                "in sync": 2, "drifted": 1, "pending": 1, "not declared": 0}  # fmt: skip
    by_address = {one["address"]: one for one in whole["resources"]}
    spot, pricing = by_address[SPOT], by_address["JobQueue/pricing"]
    assert (spot["health"], spot["status"], spot["used"], spot["most"]) == ("INVALID", "INVALID", None, 16)
    assert "sts:AssumeRole" in spot["reason"]
    assert (pricing["health"], pricing["status"], pricing["sync"]) == ("BLOCKED", "VALID", "drifted")
    assert sum(pricing["jobs"].values()) == 40
    assert (by_address["JobDefinition/simulate"]["revision"], by_address["JobQueue/nightly"]["arn"]) == (1, None)
    assert risk("status", "risk", HERE, "--no-jobs", "-o", "json").json["resources"][1]["jobs"] is None


def test_what_doctor_says_is_there_for_programs_too(risk: Run) -> None:
    ail(risk)
    whole = risk("doctor", "risk", HERE, "-o", "json").json
    assert (whole["document"], whole["summary"]) == ("doctor", {"complaints": 3, "healthy": 1})
    spot, missing, blocked = whole["diagnoses"]
    assert (spot["status"], spot["file"], spot["members"][0]["member"]) == ("INVALID", "risk/stack.yaml", "serviceRole")
    assert spot["commands"][-1] == f"reconciler apply risk --sandbox=.reconciler/sandbox.json --target {SPOT}"
    assert (missing["status"], blocked["status"]) == ("missing", "BLOCKED")


def test_the_commands_that_doctor_tells_repair_the_stack(risk: Run) -> None:
    assert risk("sandbox", "break", SPOT, "--invalid").code == 0
    commands = risk("doctor", "risk", HERE, "-o", "json").json["diagnoses"][0]["commands"]
    words = commands[-1].split()[1:]
    assert risk(*words, "--yes").code == 0
    assert risk("doctor", "risk", HERE).code == 0


def test_what_is_stuck_in_its_deletion_is_explained(risk: Run) -> None:
    assert risk("sandbox", "break", "JobQueue/pricing", "--stuck-deleting").code == 0
    assert risk("destroy", "risk", HERE, "--yes", "--timeout", "1m", "--target", "JobQueue/pricing").code == 9
    assert risk("status", "risk", HERE).last.startswith("Status: 2 healthy, 1 unhealthy")
    ran = risk("doctor", "risk", HERE)
    assert (ran.code, "JobQueue/pricing is DELETING" in ran.out) == (8, True)
    assert "AWS Batch ends the jobs in it first, about 16 a second" in ran.out


def test_who_may_not_list_jobs_still_sees_the_rest(risk: Run, forbid: Callable[[str], None]) -> None:
    forbid("ListJobs")
    status, doctor = risk("status", "risk", HERE), risk("doctor", "risk", HERE)
    assert (status.code, doctor.code) == (0, 0)
    assert "jobs unknown" in status.out
    assert all("note[STA001]: the jobs in the queues are unknown" in ran.out for ran in (status, doctor))


def test_a_stack_that_declares_nothing_shows_what_it_still_owns(risk: Run) -> None:
    write("risk", "stack: risk\n")
    assert risk("status", "risk", HERE).last.endswith("0 in sync, 0 drifted, 0 pending. 3 not declared.")
    write("none", "stack: none\n")
    ran = risk("status", "none", HERE)
    assert (ran.code, "Nothing is declared here, and the stack owns nothing that is live." in ran.out) == (0, True)
    ran = risk("doctor", "none", HERE)
    assert (ran.code, "No problems. Nothing is declared here" in ran.out) == (0, True)


def test_a_folder_without_a_stack_is_told_so(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("empty").mkdir()
    monkeypatch.chdir("empty")
    for command in ("status", "doctor"):
        ran = run(command, HERE)
        assert (ran.code, ran.out) == (3, "")
        assert ". contains no .yaml, .yml or .json file" in ran.err


def test_several_stacks_are_told_one_after_the_other(risk: Run) -> None:
    ran = risk("status", "risk", "small", HERE)
    assert (ran.code, ran.last) == (
        8, "Status: 0 healthy, 0 unhealthy, 1 missing, 0 foreign; 0 in sync, 0 drifted, 1 pending.")  # fmt: skip
    assert WELL in ran.out
    documents = risk("doctor", "risk", "small", HERE, "-o", "json").json
    assert [one["stack"] for one in documents] == ["risk", "small"]


def test_variables_are_in_the_commands_and_secrets_are_not(risk: Run) -> None:
    declared = "variables:\n  most: {type: number}\n  password: {type: string}\n"
    write("risk", declared + STACK.replace("maxvCpus: 16", "maxvCpus: !var most"))
    assert risk("sandbox", "break", SPOT, "--invalid").code == 0
    ran = risk("doctor", "risk", HERE, "--var", "most=16", "--var", "password=hunter2")
    assert (ran.code, "--var=most=16" in ran.out, "hunter2" in ran.out + ran.err) == (8, True, False)


def test_secrets_are_in_no_reason(risk: Run) -> None:
    assert risk("sandbox", "break", SPOT, "--invalid", "CLIENT_ERROR - https://me:hunter2@example.com failed").code == 0
    for command in ("status", "doctor"):
        for format_ in ("text", "json"):
            assert "hunter2" not in risk(command, "risk", HERE, "-o", format_).out


def test_a_job_that_no_environment_can_hold_is_told_by_what_aws_says_of_it(risk: Run) -> None:
    write("risk", STACK.replace("{type: VCPU, value: 1}", "{type: VCPU, value: 4}").replace("2048", "8192"))
    assert risk("apply", "risk", HERE, "--yes").code == 0
    assert risk("sandbox", "drift", SPOT, "maxvCpus=2").code == 0
    assert risk("sandbox", "submit", "pricing", "simulate", "--count", "3").code == 0
    assert risk("sandbox", "tick", "1m").code == 0
    assert risk("status", "risk", HERE).code == 0
    ran = risk("doctor", "risk", HERE)
    assert (ran.code, ran.last) == (8, "Doctor: 1 problem, 3 healthy.")
    told = " ".join(ran.out.split())
    assert "JobQueue/pricing is WAITING" in told
    assert "cause maxvCpus of every environment is smaller than the job requires" in told
    assert "note reported by 1 of 3 waiting jobs" in told


def test_age_is_told_where_aws_tells_it(run: Run) -> None:
    write(
        "seats",
        "stack: seats\nconsumableResources: {licence: {totalQuantity: 5}}\nschedulingPolicies: {f: {fairsharePolicy: {}}}\n",
    )
    run("apply", "seats", "--sandbox", "--yes")
    ran = run("status", "seats", "--sandbox")
    assert "0/5 in use; since 2023-11-14" in ran.out
    told = {
        one["address"]: one["created_at"] for one in run("status", "seats", "--sandbox", "-o", "json").json["resources"]
    }
    assert (told["ConsumableResource/licence"][:10], told["SchedulingPolicy/f"]) == ("2023-11-14", None)
