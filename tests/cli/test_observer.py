"""What a run tells of itself on stderr: one line at its end, with --trace-calls one line a call, and no secret in either."""

import json
import re
from datetime import datetime
from pathlib import Path

import pytest

from reconciler.model import Json
from reconciler.sandbox.core.faults import Failure, FaultRule
from tests.cli.conftest import Failing, Run, write
from tests.serving import client_of

CALL = re.compile(r"\d\d:\d\d:\d\d\.\d{3}Z (?P<what>[\w ]+?) (?P<ended>\d{3}.*|\w+) \d+ ms.*")
READS = 7  # GetCallerIdentity, and one page of each of six kinds


def traced(err: str) -> list[str]:
    found = [CALL.fullmatch(line) for line in err.splitlines()]
    return [f"{one['what']} {one['ended']}" for one in found if one]


def test_the_last_line_on_stderr_says_what_the_run_has_cost(run: Run) -> None:
    last = run("plan", "risk", "--sandbox", "--trace-calls").err.splitlines()[-1]
    assert re.fullmatch(rf"{READS} API calls in \d+\.\d s( \(.+\))?", last)


def test_unasked_a_run_without_trouble_says_nothing_of_it(run: Run) -> None:
    assert run("plan", "risk", "--sandbox").err == ""


def test_a_command_that_calls_nobody_has_no_such_line(run: Run) -> None:
    assert run("validate", "risk", "--trace-calls").err == ""


def test_retries_and_throttles_are_counted(run: Run, failing: Failing) -> None:
    failing(FaultRule(failure=Failure.THROTTLE, operation="DescribeJobQueues", first=2),
            FaultRule(failure=Failure.SERVER_ERROR, operation="ListSchedulingPolicies", first=1))  # fmt: skip
    ran = run("plan", "risk", "--sandbox")
    assert (ran.code, ran.err.startswith(f"{READS + 3} API calls in ")) == (0, True)
    assert ran.err.endswith(", 3 retries, 2 throttled\n")


def test_a_write_that_is_made_again_is_a_retry_too(run: Run, failing: Failing) -> None:
    failing(FaultRule(failure=Failure.SERVER_ERROR, operation="CreateSchedulingPolicy", first=1))
    ran = run("apply", "small", "--sandbox", "--yes")
    assert (ran.code, ran.err.splitlines()[-1].endswith(", 1 retry")) == (0, True)


def test_every_call_is_a_line_if_asked_for(run: Run, failing: Failing) -> None:
    failing(FaultRule(failure=Failure.THROTTLE, operation="DescribeJobQueues", first=1))
    ran = run("plan", "risk", "--sandbox", "--trace-calls")
    assert sorted(traced(ran.err)) == [
        "Batch DescribeComputeEnvironments 200",
        "Batch DescribeJobDefinitions 200",
        "Batch DescribeJobQueues 200",
        "Batch DescribeJobQueues 429 TooManyRequestsException",
        "Batch DescribeServiceEnvironments 200",
        "Batch ListConsumableResources 200",
        "Batch ListSchedulingPolicies 200",
        "STS GetCallerIdentity 200",
    ]
    assert len([line for line in ran.err.splitlines() if line.endswith(", attempt 2")]) == 1


def test_a_call_without_an_answer_is_told_by_what_went_wrong(run: Run, failing: Failing) -> None:
    failing(FaultRule(failure=Failure.LOST_ANSWER, operation="DescribeJobQueues", first=1))
    assert "Batch DescribeJobQueues ConnectionClosedError" in traced(
        run("plan", "risk", "--sandbox", "--trace-calls").err
    )


def test_of_many_targets_there_is_one_line_for_all_and_each_call_names_its_own(run: Run) -> None:
    Path("reconciler.yaml").write_text(
        "environments: {dev: {region: eu-west-1}, prod: {region: us-east-1}}\nstacks: {small: [dev, prod]}\n"
    )
    ran = run("plan", "--all", "--sandbox", "--trace-calls")
    lines = ran.err.splitlines()
    assert lines[-1].startswith(f"{READS * 2} API calls in ")
    assert [sum(line.startswith(f"small@{name}: ") for line in lines) for name in ("dev", "prod")] == [READS, READS]


def test_stdout_is_the_same_with_or_without(run: Run) -> None:
    plain = run("status", "small", "--sandbox", "-o", "json")
    told = run("status", "small", "--sandbox", "-o", "json", "--trace-calls")
    assert {**plain.json, "time": ""} == {**told.json, "time": ""}
    assert plain.out.count("\n") == told.out.count("\n") > 1


def test_no_secret_is_in_a_trace(run: Run) -> None:
    write(
        "small",
        "stack: small\nvariables: {pw: {type: string, secret: true}}\n"
        "schedulingPolicies: {p: {fairsharePolicy: {shareDecaySeconds: 60}, tags: {note: !var pw}}}\n",
    )
    ran = run("apply", "small", "--sandbox", "--yes", "--var", "pw=hunter2", "--trace-calls")
    assert (ran.code, "Batch CreateSchedulingPolicy 200" in traced(ran.err)) == (0, True)
    assert "hunter2" not in ran.err


def test_an_error_names_the_request_id_that_support_asks_for(run: Run, failing: Failing) -> None:
    failing(FaultRule(failure=Failure.THROTTLE, operation="DescribeJobQueues"))
    ran = run("plan", "risk", "--sandbox", "-o", "json")
    request_id = ran.json["error"]["request_id"]
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", request_id)
    assert f"(request id {request_id})" in " ".join(ran.err.split())
    assert ran.err.splitlines()[-1].endswith(f"{9} retries, 10 throttled")


def records(err: str) -> list[Json]:
    return [json.loads(line) for line in err.splitlines()]


def test_as_json_each_line_of_stderr_is_an_object_with_time_level_and_event(run: Run) -> None:
    ran = run("apply", "risk", "--sandbox", "--yes", "--trace-calls", "-o", "json", "--log-format", "json")
    told = records(ran.err)
    assert (ran.code, ran.json["exit"]) == (0, 0)
    assert all(datetime.fromisoformat(one["time"]).tzinfo and one["level"] and one["event"] for one in told)
    assert {one["event"] for one in told} == {"call", "message", "started", "finished", "summary"}
    created = next(one for one in told if one.get("operation") == "CreateJobQueue")
    assert (created["service"], created["status"], created["attempt"], created["level"]) == ("Batch", 200, 1, "debug")
    assert told[-1]["api_calls"] == sum(one["event"] == "call" for one in told)


def test_as_json_the_last_line_is_there_unasked(run: Run, failing: Failing) -> None:
    failing(FaultRule(failure=Failure.THROTTLE, operation="DescribeJobQueues", first=1))
    (last,) = records(run("plan", "risk", "--sandbox", "--log-format=json").err)
    told = {name: last[name] for name in ("event", "level", "api_calls", "retries", "throttled")}
    assert told == {"event": "summary", "level": "info", "api_calls": READS + 1, "retries": 1, "throttled": 1}


def test_the_environment_can_ask_for_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECONCILER_LOG_FORMAT", "json")
    assert records(run("plan", "risk", "--sandbox").err)[-1]["event"] == "summary"
    assert records(run("plan", "--nonsense").err)[-1]["event"] == "error"
    assert run("plan", "risk", "--sandbox", "--log-format", "text").err == ""


def test_a_format_that_does_not_exist_is_refused(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECONCILER_LOG_FORMAT", "xml")
    ran = run("plan", "risk", "--sandbox")
    assert (ran.code, "RECONCILER_LOG_FORMAT is 'xml'; it can be text or json" in ran.err) == (64, True)


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("plan", "nowhere"), 64, "nowhere does not exist"),
        (("plan", "--nonsense"), 64, "unrecognized arguments: --nonsense"),
        (
            ("apply", "small", "--sandbox"),
            64,
            "confirmation is required, but stdin is not a terminal. Nothing was changed",
        ),
    ],
)
def test_as_json_an_error_is_an_object_too(words: tuple[str, ...], code: int, message: str, run: Run) -> None:
    ran = run(*words, "--log-format", "json")
    error = next(one for one in records(ran.err) if one["event"] == "error")
    assert (ran.code, error["exit"], error["level"], error["message"]) == (code, code, "error", message)


def test_as_json_a_failed_call_is_a_warning_and_a_failed_change_an_error(run: Run, failing: Failing) -> None:
    failing(FaultRule(failure=Failure.SERVER_ERROR, operation="CreateSchedulingPolicy"))
    told = records(run("apply", "small", "--sandbox", "--yes", "--trace-calls", "--log-format", "json").err)
    failed = next(one for one in told if one.get("operation") == "CreateSchedulingPolicy")
    assert (failed["level"], failed["status"], failed["error"]) == ("warning", 500, "ServerException")
    ended = next(one for one in told if one["event"] == "finished")
    assert (ended["level"], ended["result"]["state"]) == ("error", "failed")


def test_as_json_each_line_names_its_target(run: Run) -> None:
    Path("reconciler.yaml").write_text(
        "environments: {dev: {region: eu-west-1}}\nstacks: {risk: [dev], small: [dev]}\n"
    )
    told = records(run("apply", "--all", "--sandbox", "--yes", "--log-format", "json").err)
    assert {one.get("target") for one in told if one["event"] != "summary"} == {"risk@dev", "small@dev"}
    assert [one["event"] for one in told if "target" not in one] == ["summary"]


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_neither_credentials_nor_what_was_looked_up_is_told(
    log_format: str, run: Run, port: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("moto")
    url = f"http://127.0.0.1:{port}"
    credentials = {"AWS_ACCESS_KEY_ID": "AKIAMINE", "AWS_SECRET_ACCESS_KEY": "my-secret-key", "AWS_ENDPOINT_URL": url}
    for name, value in credentials.items():
        monkeypatch.setenv(name, value)
    client_of(url, "secretsmanager", "us-east-1").create_secret(Name="note", SecretString="hunter2")
    write(
        "small",
        "stack: small\nregion: us-east-1\n"
        "schedulingPolicies: {p: {fairsharePolicy: {shareDecaySeconds: 60}, tags: {note: !secret note}}}\n",
    )
    role = "arn:aws:iam::123456789012:role/deploy"
    ran = run("apply", "small", "--yes", "--trace-calls", "--role-arn", role, "--log-format", log_format)
    assert ran.code == 0
    assert all(operation in ran.err for operation in ("AssumeRole", "GetSecretValue", "CreateSchedulingPolicy"))
    assert [secret for secret in ("hunter2", "AKIAMINE", "my-secret-key", "ASIA") if secret in ran.err] == []
