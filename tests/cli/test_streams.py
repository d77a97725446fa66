"""What goes where: one value on stdout, files that can be written, streams that are closed or full."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.app import usecases
from reconciler.cli.main import _open_streams
from reconciler.cli.signals import Terminated
from reconciler.cli.streams import are_shown_together, write_whole
from tests.cli.conftest import Run, write
from tests.cli.test_run import batch, failing

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("other", ["text", "json", "github"])
def test_nothing_stands_beside_a_json_value_on_stdout(other: str, run: Run) -> None:
    ran = run("plan", "risk", "--sandbox", "-o", other, "-o", "json")
    assert (ran.code, ran.json["error"]["exit"]) == (64, 64)
    message = f"json and {other} cannot share stdout: write one of them to a file, for example {other}=FILE"
    assert ran.json["error"]["message"] == message


def test_wrong_usage_is_json_behind_an_equals_sign_too(run: Run) -> None:
    assert run("plan", "risk", "-o=json", "--nope").json["error"]["exit"] == 64


@pytest.mark.parametrize(("error", "code"), [(KeyboardInterrupt(), 130), (Terminated(), 143)])
def test_json_tells_the_exit_code_of_an_interruption(
    error: BaseException, code: int, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usecases, "plan", failing(error))
    ran = run("plan", "risk", "--sandbox", "-o", "json")
    assert (ran.code, ran.json["error"]["exit"]) == (code, code)


def test_json_does_not_steer_a_terminal(run: Run) -> None:
    steering = "\x9b31m\u202ered\u2028\x7f"
    write("small", f'stack: small\ntags: {{a: "{steering.encode("unicode_escape").decode()}\u65e5"}}\n')
    ran = run("render", "small", "-o", "json")
    assert (ran.json["tags"]["a"], "\u65e5" in ran.out) == (f"{steering}\u65e5", True)
    assert not any(char in ran.out for char in steering if not char.isalnum())


def test_a_file_that_cannot_be_written_is_found_before_anything_is_changed(run: Run) -> None:
    ran = run("apply", "small", "--sandbox", "--yes", "-o", "json", "-o", "text=no/such/folder")
    assert (ran.code, ran.json["error"]["exit"]) == (64, 64)
    assert batch("list_scheduling_policies")["schedulingPolicies"] == []


def test_a_sandbox_without_a_name_is_not_the_real_aws(run: Run) -> None:
    ran = run("plan", "risk", "--sandbox=")
    assert (ran.code, ran.err.splitlines()[0]) == (64, "error: argument --sandbox: the file has no name")


def test_a_stack_without_a_path_is_not_the_current_folder(run: Run) -> None:
    ran = run("destroy", "", "--sandbox", "--yes")
    assert (ran.code, ran.err.splitlines()[0]) == (64, "error: the path of a stack is empty")


def test_a_reference_that_leads_nowhere_does_not_tell_a_secret(run: Run) -> None:
    write(
        "risk",
        "stack: risk\nvariables: {pw: {type: string, secret: true}}\n"
        "jobQueues: {q: {priority: 1, computeEnvironmentOrder: [!var pw]}}\n",
    )
    for command in ("plan", "drift", "apply"):
        ran = run(command, "risk", "--sandbox", "--var", "pw=hunter2", "-o", "json")
        assert (ran.code, "hunter2" in ran.out + ran.err) == (3, False)


def test_what_the_shell_closed_takes_what_goes_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    _open_streams()
    for stream in (sys.stdout, sys.stderr):
        with stream:
            assert stream.name == os.devnull


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no full device")  # noqa: PTH110
@pytest.mark.parametrize("words", [("explain", "priority"), ("explain", "priority", "-o", "json")])
def test_a_full_disk_is_said_in_words(words: tuple[str, ...]) -> None:
    with open("/dev/full", "w") as full:  # noqa: PTH123
        ran = subprocess.run(
            [sys.executable, "-m", "reconciler", *words],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            cwd=ROOT,
        )
    assert (ran.returncode, ran.stderr) == (1, "error: cannot write: No space left on device\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--port", "65536"), "argument --port: '65536' is not a port: 0 to 65535"),
        (("--port=-1",), "argument --port: '-1' is not a port: 0 to 65535"),
        (("--latency=-1",), "argument --latency: '-1' is not a number of seconds"),
    ],
)
def test_a_server_is_not_started_with_nonsense(words: tuple[str, ...], message: str, run: Run) -> None:
    ran = run("sandbox", "serve", *words)
    assert (ran.code, ran.err.splitlines()[0]) == (64, f"error: {message}")


@pytest.mark.parametrize(
    ("is_one_file", "ci", "together"), [(True, "", True), (False, "", False), (False, "true", True)]
)
def test_a_log_of_stdout_and_stderr_is_one_file_or_that_of_a_ci_service(
    is_one_file: bool, ci: str, together: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", ci)
    pipes = [os.pipe(), os.pipe()]
    with os.fdopen(pipes[0][1], "w") as out, os.fdopen(pipes[1][1], "w") as err:
        if is_one_file:
            os.dup2(out.fileno(), err.fileno())
        assert are_shown_together(out, err) is together
    for reader, _ in pipes:
        os.close(reader)


@pytest.mark.usefixtures("run")
def test_a_merged_log_names_a_change_that_is_done_once() -> None:
    command = [sys.executable, "-m", "reconciler", "apply", "small", "--yes", "--sandbox"]
    merged = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True).stdout
    assert merged.count("SchedulingPolicy/fair: done") == 1
    assert "\ndone " not in merged
    assert merged.endswith("Apply: 1 done, 0 failed, 0 skipped, 0 not started.\n")


def test_a_report_that_cannot_be_made_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    def pieces() -> Iterator[str]:
        yield "[\n"
        raise ValueError("no JSON")

    file = tmp_path / "plan.json"
    file.write_text("whole", encoding="utf-8")
    file.chmod(0o640)
    with pytest.raises(ValueError, match="no JSON"):
        write_whole(str(file), pieces())
    assert [(path, path.read_text(encoding="utf-8")) for path in tmp_path.iterdir()] == [(file, "whole")]
    link = tmp_path / "link.json"
    link.symlink_to(file)
    write_whole(str(link), ["new\n"])
    assert (link.is_symlink(), file.read_text(encoding="utf-8"), file.stat().st_mode & 0o777) == (True, "new\n", 0o640)
