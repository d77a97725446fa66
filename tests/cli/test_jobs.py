"""Jobs on the command line, in the sandbox: submitted, waited for, logged, listed and cancelled."""

import pytest

from reconciler.adapters.aws.cloud import AwsCloud
from reconciler.model import Json
from reconciler.problems import CloudError, Exit, Fault
from reconciler.report.json import frame
from reconciler.sandbox.session import TurningClock
from tests.cli.conftest import STACK, Run, write

JOBS = """\
    retryStrategy: {attempts: 2}
  big:
    type: container
    platformCapabilities: [FARGATE]
    containerProperties:
      image: busybox:1
      command: [sh, -c, "echo begin; sleep 5; echo $secret; exit 3"]
      executionRoleArn: arn:aws:iam::123456789012:role/ecsTaskExecutionRole
      resourceRequirements: [{type: VCPU, value: 1}, {type: MEMORY, value: 2048}]
jobs:
  load: {jobQueue: pricing, jobDefinition: simulate}
  nightly:
    jobQueue: pricing
    jobDefinition: simulate
    dependsOn: [{jobId: load}]
    containerOverrides: {environment: [{name: PASSWORD, value: hunter22}], command: [echo, "\\e[31mred"]}
  failing: {jobQueue: pricing, jobDefinition: big, tags: {cost: low}}
"""


@pytest.fixture(autouse=True)
def _applied(run: Run) -> None:
    write("risk", STACK + JOBS)
    assert run("apply", "risk", "--sandbox", "--yes").code == Exit.DONE


def test_submit_prints_the_id_alone_and_the_rest_on_stderr(run: Run, made: list[str]) -> None:
    ran = run("submit", "nightly", "risk", "--sandbox")
    assert (ran.code, len(ran.out.split()), ran.out.count("\n")) == (Exit.DONE, 1, 1)
    assert [operation for operation in made if "Job" in operation] == ["SubmitJob", "SubmitJob"]  # load goes first
    assert "submitted nightly to pricing (simulate)" in ran.err
    assert "hunter22" not in ran.out + ran.err


def test_a_job_is_followed_to_its_end_and_its_log_is_harmless(run: Run) -> None:
    ran = run("submit", "nightly", "risk", "--sandbox", "--logs", "--parameter", "token=s3cr3t")
    assert ran.code == Exit.DONE
    log = ran.err.splitlines()
    assert "\\x1b[31mred" in log
    assert log[-1].endswith("SUCCEEDED, exit code 0")
    assert "s3cr3t" not in ran.err
    shown = run("logs", ran.out.strip(), "--stack", "risk", "--sandbox", "-f")
    assert (shown.code, shown.out) == (Exit.DONE, "\\x1b[31mred\n")


def test_a_failed_job_has_its_exit_code_its_attempts_and_its_reason(run: Run) -> None:
    ran = run("submit", "failing", "risk", "--sandbox", "--wait", "-o", "json")
    assert (ran.code, ran.json["exit"], ran.json["status"]) == (Exit.UNHEALTHY, 8, "FAILED")
    job = ran.json["job"]
    assert (job["exit_code"], job["status_reason"]) == (3, "Essential container in task exited")
    assert ran.json.keys() >= frame("submission").keys()
    again = run("wait", job["job_id"], "--stack", "risk", "--sandbox")
    assert (again.code, again.out) == (Exit.UNHEALTHY, f"{job['job_id']}  FAILED  exit 3\n")
    logged = run("logs", job["job_id"], "--stack", "risk", "--sandbox", "-o", "json").json
    assert [[event["message"] for event in each["events"]] for each in logged["streams"]] == [["begin", "$secret"]]


def test_what_can_never_start_is_refused_before_it_is_sent(run: Run, made: list[str]) -> None:
    words = ("--job-definition", "simulate", "--queue", "pricing", "risk", "--sandbox")
    ran = run("submit", *words, "--vcpus", "32", "--memory", "65536")
    assert (ran.code, ran.out) == (Exit.REFUSED, "")
    assert "can never start in JobQueue/pricing" in ran.err
    assert "SubmitJob" not in made


def test_a_declared_job_that_can_never_start_is_an_error_of_validate_and_refused_by_submit(run: Run) -> None:
    sizes = "{resourceRequirements: [{type: VCPU, value: 32}, {type: MEMORY, value: 65536}]}"
    huge = f"  huge: {{jobQueue: pricing, jobDefinition: simulate, containerOverrides: {sizes}}}\n"
    write("risk", STACK + JOBS + huge)
    assert "error[SJ701]: Job/huge: can never start on JobQueue/pricing" in run("validate", "risk").out
    assert run("submit", "huge", "risk", "--sandbox").code == Exit.REFUSED
    assert run("submit", "load", "risk", "--sandbox").code == Exit.DONE


def test_a_wait_ends_in_time_and_says_why_the_job_does_not_start(run: Run) -> None:
    write("risk", (STACK + JOBS).replace("maxvCpus: 16", "maxvCpus: 1"))
    run("apply", "risk", "--sandbox", "--yes")
    ids = [
        run("submit", "load", "risk", "--sandbox", "--parameter", "sandboxSeconds=900").out.strip() for _ in range(2)
    ]
    ran = run("wait", *ids, "--stack", "risk", "--sandbox", "--timeout", "10m", "-o", "json")
    assert (ran.code, ran.json["timed_out"]) == (Exit.TIMED_OUT, True)
    assert [job["status"] for job in ran.json["jobs"]] == ["RUNNING", "RUNNABLE"]
    assert f"load ({ids[1]}) waits in RUNNABLE: it is number 1 in the queue" in ran.err


def test_jobs_are_listed_and_ended(run: Run) -> None:
    array = run("submit", "load", "risk", "--sandbox", "--array", "2", "--wait").out.strip()
    running = run("submit", "load", "risk", "--sandbox", "--parameter", "sandboxSeconds=9000").out.strip()
    run("wait", running, "--for", "running", "--stack", "risk", "--sandbox")
    waiting = run("submit", "nightly", "risk", "--sandbox", "--depends-on", running).out.strip()
    listed = run("jobs", "risk", "--sandbox", "-o", "json").json
    assert {job["job_id"]: job["status"] for job in listed["jobs"]}.items() >= {
        array: "SUCCEEDED",
        running: "RUNNING",
    }.items()
    children = run("jobs", "--children", array, "--sandbox", "-o", "json").json["jobs"]
    assert [(child["job_id"], child["exit_code"]) for child in children] == [(f"{array}:0", 0), (f"{array}:1", 0)]
    assert run("logs", f"{array}:1", "--sandbox").out.startswith("The sandbox executes nothing")
    refused = run("logs", array, "--sandbox")
    assert (refused.code, f"`reconciler logs {array}:0`" in refused.err) == (Exit.USAGE, True)
    table = run("jobs", "risk", "--sandbox", "--status", "running").out.splitlines()
    assert table[1].split()[:2] == [running, "RUNNING"]
    ended = run("cancel", running, waiting, array, "--stack", "risk", "--sandbox", "--wait")
    assert ended.out.splitlines() == [f"{running}  terminated", f"{waiting}  cancelled", f"{array}  ended before"]
    assert run("jobs", "risk", "--sandbox", "--status", "runnable").last == "No jobs."


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("submit", "nightli", "risk"), Exit.USAGE, "did you mean nightly?"),
        (("submit", "--job-definition", "simulate", "risk"), Exit.USAGE, "--job-definition requires --queue"),
        (("submit", "--job-definition", "simulate", "--queue", "none", "risk"), Exit.ERROR, "JobQueue none not found"),
        (("submit", "--job-definition", "none", "--queue", "pricing"), Exit.ERROR, "not in ACTIVE status"),
        (("wait", "876da822-4198-45f2-a252-6cea32512ea8"), Exit.ERROR, "at least 7 days"),
        (("logs", "876da822-4198-45f2-a252-6cea32512ea8"), Exit.ERROR, "no such job in us-east-1"),
        (("cancel", "876da822-4198-45f2-a252-6cea32512ea8"), Exit.ERROR, "no such job"),
    ],
)
def test_what_is_not_there_is_named(run: Run, words: tuple[str, ...], code: int, said: str) -> None:
    ran = run(*words, "--sandbox")
    assert (ran.code, ran.out) == (code, "")
    assert said in " ".join(ran.err.split())


def test_a_disabled_queue_takes_no_job_and_a_log_that_is_not_there_is_explained(run: Run) -> None:
    id_ = run("submit", "load", "risk", "--sandbox").out.strip()
    early = run("logs", id_, "--sandbox")
    assert (early.code, "has logged nothing yet" in early.err) == (Exit.ERROR, True)
    run("sandbox", "drift", "JobQueue/pricing", "state=DISABLED")
    ran = run("submit", "load", "risk", "--sandbox")
    assert (ran.code, ran.out) == (Exit.ERROR, "")
    assert "JobQueue pricing is DISABLED" in ran.err
    assert "state: ENABLED" in ran.err


def test_after_a_lost_answer_the_job_may_be_there_and_is_not_submitted_twice(
    run: Run, monkeypatch: pytest.MonkeyPatch, made: list[str]
) -> None:
    call = AwsCloud.call

    def lost(self: AwsCloud, operation: str, request: Json) -> Json:
        answer = call(self, operation, request)
        if operation == "SubmitJob":
            raise CloudError(operation, Fault.UNKNOWN, "ConnectionClosedError", "closed")
        return answer

    monkeypatch.setattr(AwsCloud, "call", lost)
    ran = run("submit", "load", "risk", "--sandbox")
    assert (ran.code, ran.out, made.count("SubmitJob")) == (Exit.ERROR, "", 1)
    assert "the job may have been submitted: `reconciler jobs` shows it" in " ".join(ran.err.split())


def test_no_job_is_submitted_or_ended_elsewhere_than_the_stack_says(run: Run, made: list[str]) -> None:
    write("risk", (STACK + JOBS).replace("stack: risk", "stack: risk\nregion: us-east-1"))
    elsewhere = ("--sandbox", "--region", "eu-west-1")
    assert run("submit", "load", "risk", *elsewhere).code == Exit.DENIED
    assert run("cancel", "876da822-4198-45f2-a252-6cea32512ea8", "--stack", "risk", *elsewhere).code == Exit.DENIED
    assert not {"SubmitJob", "CancelJob", "TerminateJob"} & set(made)


def test_a_signal_ends_the_wait_and_not_the_job(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_self: TurningClock, _seconds: float) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(TurningClock, "sleep", interrupted)
        ran = run("submit", "load", "risk", "--sandbox", "--wait", "-o", "json")
    assert (ran.code, ran.json["exit"]) == (Exit.INTERRUPTED, 130)
    assert f"`reconciler wait {ran.json['job_id']}` waits again" in " ".join(ran.err.split())
    assert run("wait", ran.json["job_id"], "--sandbox").code == Exit.DONE


SMOKE = """\
  check: {jobQueue: pricing, jobDefinition: simulate, smoke: {}}
  broken: {jobQueue: pricing, jobDefinition: big, smoke: {after: [JobDefinition/big], within: 10m}}
  endless:
    jobQueue: pricing
    jobDefinition: simulate
    parameters: {sandboxSeconds: "9000"}
    smoke: {after: [JobQueue/pricing], within: 10m}
"""


def test_smoke_tests_follow_what_was_changed_and_leave_nothing_behind(run: Run) -> None:
    text = STACK + JOBS + SMOKE
    write("risk", text)
    assert "No smoke test follows" in run("apply", "risk", "--sandbox", "--yes", "--smoke").err
    write("risk", text.replace("busybox:1\n      executionRoleArn", "busybox:2\n      executionRoleArn"))
    good = run("apply", "risk", "--sandbox", "--yes", "--smoke")
    assert (good.code, good.last) == (Exit.DONE, "Smoke: 1 succeeded.")
    write("risk", text.replace("busybox:1", "busybox:2"))
    bad = run("apply", "risk", "--sandbox", "--yes", "--smoke", "-o", "json")
    assert (bad.code, bad.json["exit"]) == (Exit.UNHEALTHY, Exit.UNHEALTHY)
    (test,) = bad.json["smoke"]
    assert (test["job"], test["outcome"], test["exit_code"]) == ("broken", "failed", 3)
    assert test["last_lines"] == ["begin", "$secret"]
    assert "`reconciler rollback big risk`" in bad.err
    write("risk", text.replace("busybox:1", "busybox:2").replace("priority: 10", "priority: 11"))
    slow = run("apply", "risk", "--sandbox", "--yes", "--smoke")
    assert (slow.code, slow.last) == (Exit.TIMED_OUT, "Smoke: 1 succeeded, 1 timed out.")
    jobs = run("jobs", "risk", "--sandbox", "-o", "json").json["jobs"]
    assert {job["status"] for job in jobs} == {"SUCCEEDED", "FAILED"}
    assert all(job["job_name"].startswith("smoke-") for job in jobs)


def test_a_smoke_test_that_is_interrupted_is_terminated(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_self: TurningClock, _seconds: float) -> None:
        raise KeyboardInterrupt

    write("risk", STACK + JOBS + SMOKE)
    with monkeypatch.context() as patch:
        patch.setattr(TurningClock, "sleep", interrupted)
        ran = run("apply", "risk", "--sandbox", "--yes", "--smoke=all")
    assert ran.code == Exit.INTERRUPTED
    jobs = run("jobs", "risk", "--sandbox", "-o", "json").json["jobs"]
    assert [(job["status"], job["status_reason"]) for job in jobs] == [("FAILED", "the run was interrupted")] * 3
