"""One command over the targets of a file: side by side, each with its own failures, one table, one exit code."""

import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from reconciler.cli import fleet as commands
from reconciler.cli.signals import stopping
from tests.cli.conftest import SMALL, STACK, Run, write
from tests.serving import client_of

FLEET = """\
environments:
  dev: {account: "111111111111", region: us-east-1}
  prod:
    accounts: ["222222222222", "333333333333"]
    region: eu-west-1
    variables: {share: 7}
stacks:
  risk: [dev]
  small: [dev, prod]
"""
SIZED = """\
stack: sized
variables: {share: {type: integer, default: 5}}
schedulingPolicies:
  fair: {fairsharePolicy: {shareDecaySeconds: !var share}}
"""


@pytest.fixture
def fleet(run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run commands where a file of targets is, and no target takes any time."""
    monkeypatch.setattr(commands, "monotonic", lambda: 0.0)
    Path("reconciler.yaml").write_text(FLEET, encoding="utf-8")
    return run


def test_a_plan_of_all_tells_each_target_and_ends_with_a_table(fleet: Run) -> None:
    ran = fleet("plan", "--all", "--sandbox")
    assert ran.code == 0
    assert ran.err == ""
    assert [line for line in ran.out.splitlines() if line.startswith("==")] == [
        "== risk@dev", "== small@dev", "== small@prod/222222222222  same plan as small@dev",
        "== small@prod/333333333333  same plan as small@dev",
    ]  # fmt: skip
    assert ran.out.endswith(
        "Deployments\n"
        "risk@dev                 3 to add, 0 to change, 0 to replace, 0 to destroy. At most 16 vCPUs (was 0).\n"
        "small@dev                1 to add, 0 to change, 0 to replace, 0 to destroy.\n"
        "small@prod/222222222222  1 to add, 0 to change, 0 to replace, 0 to destroy.\n"
        "small@prod/333333333333  1 to add, 0 to change, 0 to replace, 0 to destroy.\n\n"
        "Fleet: 4 deployments: 4 with changes.\n"
    )


def test_targets_are_applied_in_their_own_accounts_and_regions(fleet: Run) -> None:
    assert fleet("apply", "--all", "--sandbox", "--yes").code == 0
    ran = fleet("plan", "--all", "--sandbox", "--detailed-exitcode", "-o", "json")
    assert ran.code == 0
    assert [(one["result"]["account"], one["result"]["region"]) for one in ran.json["targets"]] == [
        ("111111111111", "us-east-1"), ("111111111111", "us-east-1"), ("222222222222", "eu-west-1"),
        ("333333333333", "eu-west-1"),
    ]  # fmt: skip


def test_the_status_of_a_deployment_is_what_its_resources_are(fleet: Run) -> None:
    fleet("apply", "--all", "--sandbox", "--yes", "--env", "dev")
    lines = fleet("status", "--all", "--sandbox").out.splitlines()
    assert lines[-7:] == [
        "Deployments",
        "risk@dev                 3 healthy, 3 in sync",
        "small@dev                1 healthy, 1 in sync",
        "small@prod/222222222222  1 missing, 1 pending",
        "small@prod/333333333333  1 missing, 1 pending",
        "",
        "Fleet: 4 deployments: 2 healthy, 2 unhealthy.",
    ]


def test_what_is_unchanged_is_a_line_of_the_table_alone_unless_more_is_asked_for(fleet: Run) -> None:
    fleet("apply", "--all", "--sandbox", "--yes")
    ran = fleet("plan", "--all", "--sandbox", "--detailed-exitcode")
    assert (ran.code, ran.out.splitlines()[0], ran.last) == (0, "Deployments", "Fleet: 4 deployments: 4 unchanged.")
    assert "== small@dev" in fleet("plan", "--all", "--sandbox", "-v").out


def test_as_markdown_what_is_unchanged_is_a_number_alone(fleet: Run) -> None:
    fleet("apply", "--all", "--sandbox", "--yes")
    assert fleet("plan", "--all", "--sandbox", "-o", "markdown").out == "## Fleet: 4 deployments: 4 unchanged.\n\n"
    write("small", SMALL.replace("60", "61"))
    text = fleet("plan", "--all", "--env", "dev", "--sandbox", "-o", "markdown").out
    assert (text.count("## <code>small&#64;dev</code>"), text.count("risk")) == (1, 0)


def test_changes_exit_2_and_are_counted(fleet: Run) -> None:
    fleet("apply", "--all", "--sandbox", "--yes")
    write("small", SMALL.replace("60", "61"))
    ran = fleet("plan", "--all", "--sandbox", "--detailed-exitcode")
    assert (ran.code, ran.last) == (2, "Fleet: 4 deployments: 1 unchanged, 3 with changes.")


def test_a_target_that_fails_leaves_the_others_alone(fleet: Run) -> None:
    write("risk", STACK.replace("maxvCpus", "maxVcpus"))
    ran = fleet("apply", "--all", "--sandbox", "--yes")
    assert ran.code == 3
    assert "risk/stack.yaml:7:7: error[SCH001]" in ran.err
    assert ran.last == "Fleet: 4 deployments: 3 done, 1 invalid."


def test_a_bug_in_one_target_leaves_the_others_alone(fleet: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from reconciler.cli.commands import validate

    read = validate.read_stack
    monkeypatch.setattr(
        validate, "read_stack", lambda request, **given: 1 / 0 if request.path == "risk" else read(request, **given)
    )
    ran = fleet("validate", "--all")
    assert (ran.code, ran.last) == (1, "Fleet: 4 deployments: 3 done, 1 failed.")
    assert "ZeroDivisionError" in ran.err


def test_json_is_one_document_with_that_of_each_target(fleet: Run) -> None:
    document = fleet("plan", "--all", "--sandbox", "-o", "json").json
    assert (document["document"], document["command"], document["exit"]) == ("fleet", "plan", 0)
    assert (document["summary"]["targets"], document["summary"]["with_changes"]) == (4, 4)
    first = document["targets"][0]
    assert (first["target"], first["stack"], first["environment"]) == ("risk@dev", "risk", "dev")
    assert (first["account"], first["region"], first["exit"], first["came_to"]) == (
        "111111111111", "us-east-1", 0, "with changes",
    )  # fmt: skip
    assert first["result"]["document"] == "plan"


def test_lines_of_events_say_of_which_target_they_are(fleet: Run) -> None:
    ran = fleet("apply", "--all", "--sandbox", "--yes", "-o", "jsonl")
    events = [json.loads(line) for line in ran.out.splitlines()]
    assert {event["target"] for event in events} == {
        "risk@dev", "small@dev", "small@prod/222222222222", "small@prod/333333333333",
    }  # fmt: skip
    assert sum(event["event"] == "outcome" for event in events) == 4


def test_progress_tells_the_target(fleet: Run) -> None:
    ran = fleet("apply", "--all", "--sandbox", "--yes")
    # The clock is one for all targets: what waits in another may take its time here.
    assert re.search(r"^small@dev: \[1/1\] \+   SchedulingPolicy/fair: done( after \d+ s)?$", ran.err, re.MULTILINE)


def test_an_environment_a_stack_or_a_share_can_be_chosen(fleet: Run) -> None:
    def told(*words: str) -> list[str]:
        ran = fleet("plan", "--all", "--sandbox", "-o", "json", *words)
        return [one["target"] for one in ran.json["targets"]]

    assert told("--env", "p*") == ["small@prod/222222222222", "small@prod/333333333333"]
    assert told("risk") == ["risk@dev"]
    assert sorted(told("--shard", "1/2") + told("--shard", "2/2")) == sorted(told())


def test_the_commands_that_undo_drift_of_a_deployment_choose_it(fleet: Run) -> None:
    undo = next(line for line in fleet("drift", "--all", "--sandbox").out.splitlines() if "reconciler apply" in line)
    words = shlex.split(undo)[1:]
    assert words[:4] == ["apply", "--all", "--env=dev", "risk"]
    assert fleet(*words).last == "Fleet: 1 deployment: 1 done."


def test_the_former_name_of_env_works_with_a_note(fleet: Run) -> None:
    ran = fleet("plan", "--all", "--target-env=dev", "--sandbox", "-o", "json")
    assert [each["environment"] for each in ran.json["targets"]] == ["dev", "dev"]
    assert ran.err.splitlines()[0] == "note: --target-env is now --env"
    assert "--target-env" not in fleet("plan", "--help").out


def test_variables_reach_the_stacks_that_declare_them(fleet: Run) -> None:
    write("small", SIZED)
    document = fleet("plan", "--all", "small", "--sandbox", "-o", "json").json
    changes = [one["result"]["changes"][0] for one in document["targets"]]
    assert [change["fields"][0]["after"]["shareDecaySeconds"] for change in changes] == [5, 7, 7]


def test_the_account_of_a_target_is_a_guard(fleet: Run) -> None:
    write("small", SMALL.replace("stack: small", 'stack: small\naccount: "999999999999"'))
    ran = fleet("plan", "--all", "small", "--env", "dev", "--sandbox")
    assert ran.code == 4
    assert "stack small is for account 999999999999, not for 111111111111" in ran.err


def test_apply_does_not_prompt_and_says_so_once(fleet: Run) -> None:
    ran = fleet("apply", "--all", "--sandbox")
    assert (ran.code, ran.out) == (64, "")
    assert ran.err.splitlines()[0] == "error: `apply --all` does not prompt: pass --yes. Nothing was changed."
    assert ran.err.count("--yes") == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--all=none.yaml",), "there is no file none.yaml"),
        (("--all=",), "--all= names no file"),
        (("--shard", "1/2"), "--shard chooses among the deployments of a file"),
        (("--env", "dev"), "--env chooses among the deployments of a file"),
        (("--all", "--env", "stage"), "reconciler.yaml has no environment stage"),
        (("--all", "nothing"), "reconciler.yaml has no stack nothing"),
        (("--all", "--shard", "3/2"), "shares count from 1 to 2"),
        (("--all", "--shard", "x"), "'x' is not a share such as 1/4"),
        (("--all", "--changed-since", "main"), "git cannot list the changes"),
    ],
)
def test_a_choice_that_cannot_be_is_told_and_nothing_is_planned(fleet: Run, words: tuple[str, ...], said: str) -> None:
    ran = fleet("plan", "--sandbox", *words)
    assert ran.code == 64
    assert said in ran.err
    assert ran.out == ""


def test_a_broken_file_of_targets_is_told_at_its_place(fleet: Run) -> None:
    Path("reconciler.yaml").write_text(FLEET.replace("risk: [dev]", "risk: [dve]"), encoding="utf-8")
    ran = fleet("plan", "--all", "--sandbox")
    assert ran.code == 3
    assert "reconciler.yaml:8:10: error[FLT004]: the environment dve is not defined" in ran.err
    assert "did you mean dev?" in ran.err


def test_only_what_has_changed_since_a_commit_is_planned(fleet: Run) -> None:
    def git(*words: str) -> None:
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *words], check=True, capture_output=True)

    def told() -> list[str]:
        ran = fleet("plan", "--all", "--changed-since", "main", "--sandbox", "-o", "json")
        return [one["target"] for one in ran.json["targets"]]

    git("init", "-q", "-b", "main")
    git("add", "risk", "small", "reconciler.yaml")
    git("commit", "-q", "-m", "x")
    assert told() == []
    Path("risk", "new.yaml").write_text("jobQueues: {}\n", encoding="utf-8")
    assert told() == ["risk@dev"]
    git("add", "risk")
    git("commit", "-q", "-m", "y")
    git("checkout", "-q", "-b", "work", "HEAD^")
    Path("reconciler.yaml").write_text(FLEET.replace("share: 7", "share: 8"), encoding="utf-8")
    assert told() == ["small@prod/222222222222", "small@prod/333333333333"]


def test_what_runs_in_another_thread_stops_with_the_main_thread() -> None:
    from concurrent.futures import ThreadPoolExecutor

    def inner() -> object:
        with stopping(lambda: None) as stop:
            return stop

    with stopping(lambda: None) as outer, ThreadPoolExecutor(1) as pool:
        assert pool.submit(inner).result() is outer


def test_the_shares_of_a_run_are_put_together(fleet: Run) -> None:
    fleet("apply", "--all", "--sandbox", "--yes")
    write("small", SMALL.replace("60", "61"))
    whole = fleet("plan", "--all", "--sandbox", "--detailed-exitcode")
    for number in "12":
        fleet("plan", "--all", "--sandbox", "--detailed-exitcode", f"--shard={number}/2", "-o", f"json=p{number}.json")
    ran = fleet("report", "merge", "p1.json", "p2.json", "-o", "text", "-o", "json=all.json")
    assert (ran.code, ran.err) == (whole.code, "") == (2, "")
    assert sorted(ran.out.splitlines()) == sorted(whole.out[whole.out.index("Deployments\n") :].splitlines())
    assert fleet("report", "merge", "all.json").out == ran.out


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot read x.json: No such file or directory"),
        ("", "it is not JSON"),
        ("[" * 100_000, "it is nested deeper than 100 levels"),
        ("[]", "it contains no deployments"),
        ('{"document": "plan"}', "it contains no deployments"),
        ('{"document": "fleet", "format_version": "2.0"}', "its format is 2.0; only 1 is supported"),
        ('{"document": "fleet", "format_version": "1.0"}', "it is damaged"),
        ('{"document": "fleet", "format_version": "1.0", "targets": [{"target": 1}]}', "it is damaged at $"),
        ('{"document": "fleet", "format_version": NaN}', "it is not JSON"),
    ],
)
def test_what_is_no_document_of_targets_is_refused(fleet: Run, content: str | None, said: str) -> None:
    if content is not None:
        Path("x.json").write_text(content, encoding="utf-8")
    ran = fleet("report", "merge", "x.json")
    assert ran.code == 64
    assert said in ran.err


def test_a_child_of_an_array_job_takes_its_share_and_a_file_of_its_own(
    fleet: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet("apply", "--all", "--sandbox", "--yes")
    monkeypatch.setenv("AWS_BATCH_JOB_ARRAY_SIZE", "3")
    for index in "012":
        monkeypatch.setenv("AWS_BATCH_JOB_ARRAY_INDEX", index)
        assert fleet("drift", "--all", "--sandbox", "--shard=array", "-o", "json=drift-{shard}.json").code == 0
    ran = fleet("report", "merge", "drift-1.json", "drift-2.json", "drift-3.json")
    assert ran.last == "Fleet: 4 deployments: 4 unchanged."


def test_elsewhere_than_in_an_array_job_there_is_no_such_share(fleet: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_BATCH_JOB_ARRAY_INDEX", raising=False)
    ran = fleet("drift", "--all", "--sandbox", "--shard=array")
    assert (ran.code, "array is for a child of an array job" in ran.err) == (64, True)


def test_drift_may_exit_0_for_those_who_wait_and_is_counted_all_the_same(fleet: Run) -> None:
    fleet("apply", "--all", "risk", "--sandbox", "--yes")
    ran = fleet("drift", "--all", "--sandbox", "--exit-zero")
    assert (ran.code, ran.last) == (0, "Fleet: 4 deployments: 1 unchanged, 3 with changes.")
    assert fleet("drift", "small", "--sandbox", "--exit-zero").code == 0


def test_what_shares_have_found_is_collected_in_s3(fleet: Run, port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("moto")
    url = f"http://127.0.0.1:{port}"
    for name, value in {"AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}.items():
        monkeypatch.setenv(name, value)
    s3 = client_of(url, "s3", "us-east-1")
    s3.create_bucket(Bucket="reports")
    for number in "12":
        found = fleet("drift", "--all", "--sandbox", "--exit-zero", f"--shard={number}/2", "-o", "json").out
        s3.put_object(Bucket="reports", Key=f"drift/{number}.json", Body=found.encode())
    ran = fleet("report", "merge", "s3://reports/drift/", "-o", "text", "-o", "html=s3://reports/drift.html")
    assert (ran.code, ran.last) == (0, "Fleet: 4 deployments: 4 with changes.")
    page = client_of(url, "s3", "us-east-1").get_object(Bucket="reports", Key="drift.html")["Body"].read()
    assert page.startswith(b"<!doctype html>")
    assert fleet("report", "merge", "s3://reports/none/").code == 64
    assert "s3://reports is not an S3 URL" in fleet("report", "merge", "s3://reports").err
