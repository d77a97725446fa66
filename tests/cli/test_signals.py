"""Ctrl-C and SIGTERM, sent to a process: it stops between two steps, and says what is done, what is left, how to go on."""

from pathlib import Path
from signal import SIGINT, SIGKILL, SIGTERM, Signals

import pytest

from reconciler.model import Json
from tests.scenarios import FIRST, STACK, Scenario, world_before, written
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
    assert (first.code, f"{STOPPING}apply again." in first.err, GO_ON in first.out) == (code, True, True)
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
    assert f"{STOPPING}destroy again." in first.err
    assert first.json["rest"]["is_empty"] is False
    assert not gate.plan(read(Path("after"))[0], scenario.wanted).is_empty


def grown(versions: int, **of_gate: object) -> Gate:
    """Return a world in which a definition has got so many revisions, with the last one as the stack in a folder."""
    gate = Gate(**of_gate)
    Path("stack").mkdir()
    for number in range(1, versions + 1):
        Path("stack", "stack.yaml").write_text(STACK % {**FIRST, "image": f"busybox:{number}"}, encoding="utf-8")
        gate.apply(read(Path("stack"))[0])
    return gate


@pytest.mark.parametrize(
    ("number", "before"), [(SIGINT, False), (SIGTERM, False), (SIGKILL, False), (SIGKILL, True)],
    ids=["INT", "TERM", "KILL", "KILL-before"],
)  # fmt: skip
def test_a_rollback_that_is_cut_short_and_run_again_goes_back_once(number: Signals, before: bool) -> None:
    gate = grown(4, hold_operation=("registerjobdefinition", 1), before=before)
    words = ("rollback", "simulate", "stack", "--yes")
    with served(gate) as env:
        first = interrupted(words, gate, env, number)
        again = [ended(started(words, env)) for _ in range(2)]
    assert [one.code for one in again] == [0, 0]
    images = [one["containerProperties"]["image"] for one in revisions(gate)]
    assert images == ["busybox:3", "busybox:4", "busybox:3", "busybox:2", "busybox:1"]
    if number is not SIGKILL:
        assert f"{STOPPING}run `reconciler rollback simulate --to 3 stack` again." in first.err
        assert "Interrupted. Run `reconciler rollback simulate --to 3 stack` again." in " ".join(first.out.split())


def test_the_command_that_a_rollback_names_is_one() -> None:
    gate = grown(2)
    with served(gate) as env:
        assert ended(started(("rollback", "simulate", "--to", "1", "stack", "--yes"), env)).code == 0
    assert len(revisions(gate)) == 3


def test_a_plan_that_is_applied_in_part_is_to_be_made_anew() -> None:
    scenario = written("update")
    gate = world_before(scenario, hold_operation=("updatejobqueue", 1), before=False)
    with served(gate) as env:
        assert ended(started(("plan", "after", "-o", "json=plan.json"), env)).code == 0
        first = interrupted(("apply", "plan.json", "--yes"), gate, env, SIGINT)
    assert (first.code, f"{STOPPING}plan again." in first.err) == (130, True)
    assert "Interrupted. What is left is another plan: plan again." in first.out


def revisions(gate: Gate) -> list[Json]:
    """Return every revision that there has ever been, the newest first."""
    found = gate.cloud.call("DescribeJobDefinitions", {"jobDefinitionName": "simulate"})["jobDefinitions"]
    return sorted(found, key=lambda one: -int(one["revision"]))
