"""docs/schedules.md shows what is printed, and its stack runs in the sandbox."""

import re
import shlex
from pathlib import Path

import pytest

from tests.cli.conftest import Run

PAGE = (Path(__file__).parents[2] / "docs" / "schedules.md").read_text(encoding="utf-8")
(STACK,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
SHOWN = [
    (shlex.split(command)[1:], text)
    for console in re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
    for command, text in re.findall(r"^\$ (reconciler [^\n]*)\n(.*?)(?=^\$ |\Z)", console, re.DOTALL | re.MULTILINE)
]


@pytest.fixture(autouse=True)
def stack(run: Run) -> None:
    Path("stack.yaml").write_text(STACK, encoding="utf-8")


@pytest.mark.parametrize(("command", "shown"), SHOWN, ids=lambda value: value[0] if isinstance(value, list) else "")
def test_the_page_shows_what_is_printed(command: list[str], shown: str, run: Run) -> None:
    assert run(*command).out == shown


def test_from_yaml_to_a_nightly_job(run: Run) -> None:
    def calls(ran: object) -> list[str]:
        return re.findall(r" (Scheduler \w+|EventBridge \w+)", str(ran))

    assert run("validate").code == 0
    assert "Apply: 5 done" in run("apply", "--sandbox", "--yes").out
    again = run("plan", "--sandbox", "--trace-calls")
    assert "No changes." in again.out
    assert sorted(calls(again.err)) == [
        "EventBridge ListRules",
        "EventBridge ListTagsForResource",
        "EventBridge ListTargetsByRule",
        "Scheduler GetSchedule",
        "Scheduler ListSchedules",
        "Scheduler ListTagsForResource",
    ]
    verbose = run("plan", "--sandbox", "-v").out
    assert re.search(r"Schedule/nightly fires next:\n(  \w{3} \d{4}-\d\d-\d\d 03:00 CES?T\n){3}", verbose)
    fired = r"\n\d{4}-\d\d-\d\d 0[12]:00 UTC schedule reconciler-\w+/nightly submitted nightly \([0-9a-f-]{36}\)\n$"
    assert re.search(fired, run("sandbox", "tick", "24h").out)
    jobs = run("jobs", "--sandbox", "-o", "json").out
    assert jobs.count('"nightly"') == 1
    changed = STACK.replace("cron(0 3", "cron(30 4").replace("action: all", "action: some")
    Path("stack.yaml").write_text(changed, encoding="utf-8")
    plan = run("plan", "--sandbox").out
    assert ("job.parameters.action" in plan, "Plan: 0 to add, 1 to change (1 in place)" in plan) == (True, True)
    assert run("apply", "--sandbox", "--yes").code == 0
    Path("stack.yaml").write_text(STACK[: STACK.index("schedules:")], encoding="utf-8")
    assert "2 to destroy: Schedule/nightly, Notice/failures" in run("plan", "--sandbox").out
    assert run("apply", "--sandbox", "--yes", "--allow-destroy").code == 0
    left = run("plan", "--sandbox", "--trace-calls")
    assert ("No changes." in left.out, sorted(calls(left.err))) == (
        True,
        ["EventBridge ListRules", "Scheduler ListTagsForResource"],
    )


def test_a_stack_without_schedules_asks_no_other_service(run: Run) -> None:
    Path("stack.yaml").write_text(STACK[: STACK.index("schedules:")], encoding="utf-8")
    assert run("apply", "--sandbox", "--yes").code == 0
    assert re.findall("Scheduler|EventBridge", run("plan", "--sandbox", "--trace-calls").err) == []


def test_the_role_of_a_schedule_is_printed_with_its_trust(run: Run) -> None:
    printed = run("iam-policy", "--for", "schedules", "--account", "123456789012").json
    (statement,) = printed["policy"]["Statement"]
    here = "arn:aws:batch:eu-central-1:123456789012"
    assert statement["Action"] == ["batch:SubmitJob"]
    assert statement["Resource"] == [
        f"{here}:job-definition/simulate",
        f"{here}:job-definition/simulate:*",
        f"{here}:job-queue/pricing",
    ]
    assert printed["trust"]["Statement"][0]["Principal"] == {"Service": "scheduler.amazonaws.com"}
    assert "scheduler:CreateSchedule" in run("iam-policy", "--for", "apply").out


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (("cron(0 3 * * ? *)", "cron(0 3 * * *)"), "SC101"),
        (("Europe/Berlin", "Europe/Berln"), "SC102"),
        (("job: nightly", "job: nighty"), "STK020"),
        (("jobQueue: pricing, jobDef", "jobQueue: elsewhere, jobDef"), ""),
    ],
)
def test_what_scheduler_would_find_out_when_it_fires_is_found_before(
    wrong: tuple[str, str], code: str, run: Run
) -> None:
    Path("stack.yaml").write_text(STACK.replace(*wrong), encoding="utf-8")
    ran = run("validate")
    assert (f"error[{code}]" in ran.out) if code else ran.code == 0
