"""The command line as a process that is killed at any of its calls; the same command run again finishes the work."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random
from signal import SIGKILL

import pytest

from tests.scenarios import SCENARIOS, Scenario, world_before, written
from tests.served import Gate, ended, interrupted, served, started
from tests.stacks.read import read

SAMPLE = 2  # kills a scenario in the gate; --every-call makes all of them
SIDE_BY_SIDE = 4
VARIES = 3  # by so many calls two undisturbed runs may differ: changes wait side by side


@dataclass(frozen=True)
class Kill:
    """At which call, and whether `before` the service has done the work."""

    call: int
    before: bool


def undisturbed(scenario: Scenario) -> Gate:
    gate = world_before(scenario)
    with served(gate) as env:
        assert ended(started(scenario.words, env)).code == 0
    assert gate.outages == []
    return gate


def wrong_after(scenario: Scenario, kill: Kill, calm: Gate) -> tuple[str, ...]:
    """Kill, run again, and return what is wrong then, in words."""
    gate = world_before(scenario, hold=kill.call, before=kill.before)
    with served(gate) as env:
        killed = interrupted(scenario.words, gate, env, SIGKILL)
        again = ended(started(scenario.words, env))
    stack = read(Path("after"))[0]
    found = {
        "it was not killed": killed.code != -SIGKILL and kill.call <= len(calm.calls) - VARIES,
        f"the second run failed: {again}": again.code != 0,
        f"it left {gate.inventory()}": gate.inventory() != calm.inventory(),
        "the next plan is not empty": not gate.plan(stack, scenario.wanted).is_empty,
        f"queues without an environment: {gate.outages}": bool(gate.outages),
    }
    return tuple(f"{kill}: {text}" for text, is_so in found.items() if is_so)


@pytest.mark.parametrize("name", SCENARIOS)
def test_killed_at_any_call_the_same_command_run_again_converges(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """Nothing double, nothing left over, no revision too many, no queue without an environment at any moment."""
    monkeypatch.chdir(tmp_path)
    scenario = written(name)
    gate = undisturbed(scenario)
    kills = [Kill(call, before) for call in range(1, len(gate.calls) + 1) for before in (True, False)]
    if not request.config.getoption("--every-call"):
        kills = Random(name).sample(kills, SAMPLE)
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        wrong = list(pool.map(lambda kill: wrong_after(scenario, kill, gate), kills))
    assert [text for texts in wrong for text in texts] == []


@pytest.mark.parametrize("name", SCENARIOS)
def test_two_processes_at_once_leave_one_of_everything(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever finds the other in the way says so; nobody fails for another reason, and one more run converges."""
    monkeypatch.chdir(tmp_path)
    scenario = written(name)
    gate = world_before(scenario)
    with served(gate) as env:
        processes = [started(scenario.words, env) for _ in range(2)]
        both = [ended(process) for process in processes]
        again = ended(started(scenario.words, env))
    assert [one.code in (0, 7, 8) and "Traceback" not in one.err for one in both] == [True, True], both
    assert (again.code, gate.outages) == (0, []), again
    assert [one for one in gate.inventory() if " INACTIVE" not in one] == [
        one for one in undisturbed(scenario).inventory() if " INACTIVE" not in one
    ]
