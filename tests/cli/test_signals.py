"""Ctrl-C and SIGTERM, sent to a process: it stops between two steps, and says what is done, what is left, how to go on."""

from pathlib import Path
from signal import SIGINT, SIGTERM, Signals

import pytest

from tests.scenarios import Scenario, world_before, written
from tests.served import STOPPING, Ended, Gate, ended, interrupted, served, started
from tests.stacks.read import read

GO_ON = "Interrupted. The same command run again finishes the work."
both_signals = pytest.mark.parametrize(("number", "code"), [(SIGINT, 130), (SIGTERM, 143)], ids=["INT", "TERM"])


def stopped_at(
    scenario: Scenario, operation: str, number: Signals, notice: str = STOPPING
) -> tuple[Gate, Ended, Ended]:
    """Return what is there after a signal during the first call of an operation, what was said, and the next run."""
    gate = world_before(scenario, hold_operation=(operation, 1), before=False)
    with served(gate) as env:
        first = interrupted(scenario.words, gate, env, number, notice=notice)
        return gate, first, ended(started(scenario.words, env))


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@both_signals
def test_a_signal_while_it_waits_stops_the_run_there(number: Signals, code: int) -> None:
    gate, first, second = stopped_at(written("create"), "createcomputeenvironment", number)
    assert (first.code, STOPPING in first.err, GO_ON in first.out) == (code, True, True)
    assert "interrupted  +   ComputeEnvironment/spot" in first.out
    assert "not started  +   JobQueue/pricing" in first.out
    assert "Not converged: planning again finds" in first.out
    assert (second.code, gate.outages) == (0, [])


@both_signals
def test_a_signal_during_a_replacement_leaves_no_queue_without_an_environment(number: Signals, code: int) -> None:
    scenario = written("blue-green")
    gate, first, second = stopped_at(scenario, "updatejobqueue", number)
    assert (first.code, GO_ON in first.out) == (code, True)
    assert "done         +/- ComputeEnvironment/spot" in first.out
    assert "not started  (-) ComputeEnvironment/spot" in first.out
    assert (second.code, gate.outages) == (0, [])
    assert len([one for one in gate.inventory() if one.startswith("ComputeEnvironment/")]) == 1


@both_signals
def test_a_signal_before_anything_is_done_changes_nothing(number: Signals, code: int) -> None:
    gate, first, second = stopped_at(written("create"), "describejobqueues", number, notice="")
    assert first.code == code
    assert first.err.splitlines()[-1] == ("error: interrupted" if number is SIGINT else "error: terminated")
    assert (first.out, second.code, gate.outages) == ("", 0, [])


@both_signals
def test_json_tells_a_stopped_run_whole(number: Signals, code: int) -> None:
    scenario = written("destroy")
    gate = world_before(scenario, hold_operation=("updatejobqueue", 1), before=False)
    with served(gate) as env:
        first = interrupted((*scenario.words, "-o", "json"), gate, env, number)
    states = {one["address"]: one["state"] for one in first.json["results"]}
    assert (first.code, first.json["interrupted"], states["ComputeEnvironment/spot"]) == (code, True, "not started")
    assert first.json["rest"]["is_empty"] is False
    assert not gate.plan(read(Path("after"))[0], scenario.wanted).is_empty
