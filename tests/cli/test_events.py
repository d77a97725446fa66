"""`-o jsonl`: what happens, a line an event, and the outcome as the last one in every ending."""

import json
import subprocess
import sys
from pathlib import Path
from signal import SIGINT

import pytest

from reconciler.model import Json
from tests.cli.conftest import Ran, Run, write
from tests.scenarios import world_before, written
from tests.served import ended, interrupted, served, started


def events(text: str) -> list[Json]:
    return [json.loads(line) for line in text.splitlines()]


def of(ran: Ran) -> list[Json]:
    return events(ran.out)


def test_every_event_is_a_line_and_the_last_one_is_the_outcome(run: Run) -> None:
    ran = run("apply", "risk", "--sandbox", "--yes", "-o", "jsonl")
    told = of(ran)
    assert (ran.code, told[0]["event"], told[0]["summary"]["add"], told[-1]["event"]) == (0, "planned", 3, "outcome")
    assert (told[-1]["exit"], told[-1]["outcome"], told[-1]["rest"]["is_empty"]) == (0, {"done": 3}, True)
    assert all(event["time"] and event["stack"] == "risk" for event in told)
    of_queue = [event for event in told if event.get("address") == "JobQueue/pricing"]
    assert [event["event"] for event in of_queue if event["event"] != "waiting"] == [
        "started", "step", "step", "finished"]  # fmt: skip
    assert "CREATING" in {event["detail"] for event in of_queue if event["event"] == "waiting"}
    assert of_queue[-1]["result"]["state"] == "done"


def test_without_changes_there_are_the_plan_and_the_outcome(run: Run) -> None:
    run("apply", "risk", "--sandbox", "--yes")
    told = of(run("apply", "risk", "--sandbox", "--yes", "-o", "jsonl"))
    assert [(event["event"], event.get("exit")) for event in told] == [("planned", None), ("outcome", 0)]


def test_a_destruction_is_told_too_and_so_is_each_of_several_stacks(run: Run) -> None:
    run("apply", "risk", "small", "--sandbox", "--yes")
    told = of(run("destroy", "risk", "small", "--sandbox", "--yes", "-o", "jsonl"))
    assert [(event["stack"], event["exit"]) for event in told if event["event"] == "outcome"] == [
        ("risk", 0), ("small", 0)]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "words", "code"),
    [
        ("stack: small\nnonsense: 1\n", ("--sandbox", "--yes"), 3),
        ("stack: small\naccount: '1'\n", ("--sandbox",), 3),
        ("stack: small\nschedulingPolicies: {p: {fairsharePolicy: {}}}\n", ("--sandbox",), 64),
        ("stack: small\n", ("--nope",), 64),
    ],
)
def test_what_stops_it_before_is_an_outcome_too(text: str, words: tuple[str, ...], code: int, run: Run) -> None:
    write("small", text)
    ran = run("apply", "small", "-o", "jsonl", *words)
    (last,) = [event for event in of(ran) if event["event"] == "outcome"]
    assert (ran.code, last["error"]["exit"], of(ran)[-1]) == (code, code, last)


def test_in_a_file_it_leaves_stdout_to_people(run: Run) -> None:
    Path("events.jsonl").write_text("of an earlier run\n", encoding="utf-8")
    ran = run("apply", "small", "--sandbox", "--yes", "-o", "jsonl=events.jsonl")
    assert ran.last == "Apply: 1 done, 0 failed, 0 skipped, 0 not started."
    assert [event["event"] for event in events(Path("events.jsonl").read_text(encoding="utf-8"))] == [
        "planned", "started", "step", "finished", "outcome"]  # fmt: skip


@pytest.mark.parametrize("other", ["text", "json"])
def test_nothing_stands_beside_it_on_stdout(other: str, run: Run) -> None:
    ran = run("apply", "small", "--sandbox", "--yes", "-o", other, "-o", "jsonl")
    assert (ran.code, "cannot share stdout" in ran.err) == (64, True)


def test_a_secret_is_in_no_event(run: Run) -> None:
    write(
        "small",
        "stack: small\nvariables: {pw: {type: string, secret: true}}\n"
        "schedulingPolicies: {p: {fairsharePolicy: {shareDecaySeconds: 60}, tags: {note: !var pw}}}\n",
    )
    ran = run("apply", "small", "--sandbox", "--yes", "--var", "pw=hunter2", "-o", "jsonl")
    assert (ran.code, "hunter2" in ran.out + ran.err) == (0, False)


@pytest.fixture
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("_in_a_folder_of_its_own")
def test_an_interrupted_run_ends_with_its_outcome_and_exit_code() -> None:
    scenario = written("create")
    gate = world_before(scenario, hold_operation=("createcomputeenvironment", 1), before=False)
    with served(gate) as env:
        told = events(interrupted((*scenario.words, "-o", "jsonl"), gate, env, SIGINT).out)
    assert (told[-1]["event"], told[-1]["exit"], told[-1]["interrupted"]) == ("outcome", 130, True)


@pytest.mark.usefixtures("_in_a_folder_of_its_own")
def test_a_reader_who_goes_away_does_not_stop_the_run() -> None:
    scenario = written("create")
    gate = world_before(scenario)
    with served(gate) as env:
        process = started((*scenario.words, "-o", "jsonl"), env)
        assert json.loads(process.stdout.readline())["event"] == "planned"
        process.stdout.close()
        ended(process)
        again = ended(started((*scenario.words, "-o", "jsonl"), env))
    assert [event["event"] for event in events(again.out)] == ["planned", "outcome"]


def test_help_names_it() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "reconciler", "apply", "--help"], capture_output=True, text=True, check=True
    )
    assert "jsonl" in ran.stdout


def test_in_a_pipe_what_is_waited_for_has_a_heartbeat(run: Run) -> None:
    run("sandbox", "break", "--settle", "2m")
    ran = run("apply", "risk", "--sandbox", "--yes")
    beats = [line for line in ran.err.splitlines() if line.startswith("+   JobQueue/pricing: CREATING (")]
    assert (ran.code, 2 <= len(beats) <= 4) == (0, True), ran.err
