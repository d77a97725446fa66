"""Reports that cannot be written: what was done is told as text, and 64 stays the code of a run that did nothing."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.app import usecases
from reconciler.model import Json
from reconciler.sandbox.core.faults import Failure, FaultRule
from tests.cli.conftest import Failing, Run
from tests.cli.test_run import batch

pytestmark = pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full device")
FLEET = "environments: {dev: {}}\nstacks: {risk: dev}\n"
NOWHERE = "json=s3://no-bucket/report.json"  # nothing listens there
WRITERS = (
    ("apply", "risk"),
    ("apply", "--all"),
    ("adopt", "risk"),
    ("forget", "risk"),
    ("destroy", "risk"),
    ("rollback", "simulate", "risk", "--to", "1"),
)
READERS = (("validate", "risk"), ("plan", "risk"), ("plan", "--all"), ("drift", "risk"), ("status", "risk"))
Prepare = Callable[[str], None]


@pytest.fixture
def prepare(run: Run, monkeypatch: pytest.MonkeyPatch) -> Prepare:
    """Make a world in which a command has something to do."""
    Path("reconciler.yaml").write_text(FLEET, encoding="utf-8")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")

    def prepared(command: str) -> None:
        if command in ("apply", "validate", "plan", "drift", "status"):
            return
        run("apply", "risk", "--sandbox", "--yes")
        if command == "adopt":
            run("forget", "risk", "--sandbox", "--yes")
        if command == "rollback":
            stack = Path("risk/stack.yaml")
            stack.write_text(stack.read_text(encoding="utf-8").replace("busybox:1", "busybox:2"), encoding="utf-8")
            run("apply", "risk", "--sandbox", "--yes")

    return prepared


@pytest.mark.parametrize("report", ["json=/dev/full", "text=/dev/full"])
@pytest.mark.parametrize("words", WRITERS, ids=" ".join)
def test_the_outcome_of_a_run_is_text_where_its_report_is_lost(
    words: tuple[str, ...], report: str, run: Run, prepare: Prepare
) -> None:
    prepare(words[0])
    ran = run(*words, "--sandbox", "--yes", "-o", report)
    assert (ran.code, "Traceback" in ran.err) == (1, False)
    assert f"cannot write {report.partition('=')[2]}: " in " ".join(ran.err.split())
    assert "The changes were applied; only the report is missing" in " ".join(ran.err.split())
    assert "0 failed" in ran.out
    assert run(*words, "--sandbox", "--yes").code == 0  # nothing is left to do


def test_a_report_that_s3_refuses_takes_the_report_alone(run: Run, port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("moto")
    url = f"http://127.0.0.1:{port}"
    for name, value in {"AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}.items():
        monkeypatch.setenv(name, value)
    ran = run("apply", "small", "--region", "us-east-1", "--yes", "-o", "json=s3://no-such-bucket/report.json")
    said = " ".join(ran.err.split())
    assert (ran.code, ran.last) == (1, "Apply: 1 done, 0 failed, 0 skipped, 0 not started.")
    assert "cannot write s3://no-such-bucket/report.json: PutObject: NoSuchBucket: " in said
    assert "The changes were applied; only the report is missing" in said


@pytest.mark.parametrize("format_", ["html", "markdown"])
def test_a_lost_page_of_an_apply_hides_nothing(format_: str, run: Run, prepare: Prepare) -> None:
    prepare("apply")
    ran = run("apply", "risk", "--sandbox", "--yes", "-o", f"{format_}=/dev/full", "-o", "json=kept.json")
    assert (ran.code, "The changes were applied" in ran.err) == (1, True)
    assert '"exit": 0' in Path("kept.json").read_text(encoding="utf-8")


def test_the_exit_code_of_a_failed_run_is_kept(run: Run, prepare: Prepare, failing: Failing) -> None:
    prepare("apply")
    failing(FaultRule(failure=Failure.SERVER_ERROR, operation="CreateJobQueue"))
    ran = run("apply", "risk", "--sandbox", "--yes", "-o", "json=/dev/full")
    assert (ran.code, "1 failed" in ran.out) == (7, True)
    assert "The changes were applied as far as it says" in " ".join(ran.err.split())


@pytest.mark.parametrize(
    ("words", "report"), [*((words, "json=/dev/full") for words in READERS), (("validate", "risk"), NOWHERE)]
)
def test_a_command_that_only_reads_fails_without_its_report(
    words: tuple[str, ...], report: str, run: Run, prepare: Prepare
) -> None:
    prepare(words[0])
    place = () if words[0] == "validate" else ("--sandbox",)
    ran = run(*words, *place, "-o", report)
    assert (ran.code, "Traceback" in ran.err, "applied" in ran.err) == (1, False, False)
    assert f"error: cannot write {report.partition('=')[2]}: " in " ".join(ran.err.split())


def test_a_folder_that_vanishes_during_the_run_takes_the_report_alone(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("reports").mkdir()
    original = usecases.run

    def vanishing(*given: Json, **more: Json) -> Json:
        shutil.rmtree("reports")
        return original(*given, **more)

    monkeypatch.setattr(usecases, "run", vanishing)
    ran = run("apply", "risk", "--sandbox", "--yes", "-o", "json=reports/apply.json", "-o", "jsonl=reports/events")
    assert (ran.code, ran.last) == (1, "Apply: 3 done, 0 failed, 0 skipped, 0 not started.")
    assert "cannot write reports/apply.json: No such file or directory" in ran.err
    assert "cannot write reports/events: No such file or directory" in ran.err


@pytest.mark.parametrize("report", ["jsonl=/dev/full", "json=s3://bucket-alone", "json=no/such/folder"])
def test_what_is_known_to_be_lost_before_a_change_stops_the_run(report: str, run: Run) -> None:
    ran = run("apply", "risk", "--sandbox", "--yes", "-o", report)
    assert (ran.code, batch("describe_job_queues")["jobQueues"]) == (1 if "full" in report else 64, [])


@pytest.mark.parametrize(
    "words", [("apply", "risk"), ("apply", "--all"), ("rollback", "simulate", "risk")], ids=" ".join
)
def test_json_for_a_full_disk_is_text_on_stderr(words: tuple[str, ...], run: Run, prepare: Prepare) -> None:
    prepare(words[0])
    with open("/dev/full", "w") as full:  # noqa: PTH123 - a device
        ran = process(*words, "--sandbox", "--yes", "-o", "json", stdout=full.fileno())
    assert (ran.returncode, "0 failed" in ran.stderr) == (1, True)
    said = " ".join(ran.stderr.split())
    assert said.endswith(
        "error: cannot write: No space left on device "
        "hint: the outcome is printed above. The changes were applied; only the report is missing"
    )


def test_text_for_a_full_disk_stops_a_run_before_it_changes_anything(run: Run, prepare: Prepare) -> None:
    prepare("apply")
    with open("/dev/full", "w") as full:  # noqa: PTH123 - a device
        ran = process("apply", "risk", "--sandbox", "--yes", stdout=full.fileno())
    assert (ran.returncode, ran.stderr) == (1, "error: cannot write: No space left on device\n")
    assert batch("describe_job_queues")["jobQueues"] == []


def test_a_full_disk_for_stderr_stops_nothing(run: Run, prepare: Prepare) -> None:
    prepare("apply")
    with open("/dev/full", "w") as full:  # noqa: PTH123 - a device
        ran = process("apply", "risk", "--sandbox", "--yes", stderr=full.fileno())
    assert (ran.returncode, ran.stdout.splitlines()[-1]) == (0, "Apply: 3 done, 0 failed, 0 skipped, 0 not started.")


def test_a_reader_who_has_gone_needs_no_word_of_it(run: Run) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    ran = process("plan", "risk", "--sandbox", stdout=writing)
    os.close(writing)
    assert (ran.returncode, ran.stderr) == (1, "")


def process(
    *words: str, stdout: int = subprocess.PIPE, stderr: int = subprocess.PIPE
) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "reconciler", *words]
    return subprocess.run(command, stdout=stdout, stderr=stderr, text=True, check=False)
