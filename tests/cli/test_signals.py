"""Ctrl-C and SIGTERM, sent to a process: it stops between two steps, and says what is done, what is left, how to go on."""

import os
import pty
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from signal import SIGINT, SIGKILL, SIGTERM, Signals
from threading import Event

import pytest

from reconciler.model import Json
from reconciler.sandbox.core.model import Response
from reconciler.sandbox.server.http import HttpFront
from reconciler.sandbox.server.protocol import Request
from tests.forked import Forked
from tests.scenarios import FIRST, STACK, Scenario, world_before, written
from tests.served import PATIENCE, ROOT, STOPPING, Ended, Gate, ended, interrupted, served, started
from tests.stacks.read import read

ONE = """\
stack: %(name)s
jobDefinitions:
  simulate-%(name)s:
    type: container
    containerProperties:
      image: busybox:1
      resourceRequirements: [{type: VCPU, value: 1}, {type: MEMORY, value: 2048}]
"""
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
    assert "interrupted  +  ComputeEnvironment/spot" in first.out
    assert "not started  +  JobQueue/pricing" in first.out
    assert "Not converged: planning again finds" in first.out
    assert (second.code, gate.outages) == (0, [])


@both_signals
def test_a_signal_during_a_replacement_leaves_no_queue_without_an_environment(number: Signals, code: int) -> None:
    scenario = written("blue-green")
    gate, first, second = stopped_at(scenario, "updatejobqueue", number)
    assert (first.code, GO_ON in first.out) == (code, True)
    assert "done         +/-  ComputeEnvironment/spot" in first.out
    assert "not started  (-)  ComputeEnvironment/spot" in first.out
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


@both_signals
def test_a_plan_ends_while_the_service_hangs(number: Signals, code: int) -> None:
    scenario = written("create")
    gate = world_before(scenario, hold_operation=("describejobqueues", 1))
    with served(gate) as env:
        process = started(("plan", "after"), env)
        assert gate.reached.wait(PATIENCE)
        process.send_signal(number)
        end = ended(process)
        assert not gate.released.is_set()
    assert (end.code, end.err) == (code, "error: interrupted\n" if number is SIGINT else "error: terminated\n")


@pytest.mark.parametrize(
    ("words", "done", "notice"),
    [
        (("plan",), "Plan: 5 to add", "Stopping; deployments that are not done are skipped."),
        (("apply", "--yes"), "Apply: 5 done", "Stopping after the current steps; no further deployment is started."),
    ],
    ids=["plan", "apply"],
)
@both_signals
def test_a_run_over_many_ends_while_one_hangs_in_reading_and_shows_the_others(
    words: tuple[str, ...], done: str, notice: str, number: Signals, code: int
) -> None:
    fleet("plan")
    gate = Gate()
    reached, released = Event(), Event()

    def hanging(front: HttpFront, request: Request) -> Response:
        if request.region == "eu-west-1" and request.service == "batch":
            reached.set()
            released.wait(PATIENCE)
        return front(request)

    with served(gate, hanging) as env:
        process = started((*words, "--all"), env)
        assert reached.wait(PATIENCE)
        out = said_until(done, process)
        process.send_signal(number)
        end = ended(process)
        assert not released.is_set()
        released.set()
    assert (end.code, notice in end.err) == (code, True)
    assert ("== after@here" in out + end.out, "== after@there" in out + end.out) == (True, False)
    rows = [line.split() for line in end.out.splitlines()]
    assert ["after@there", "left", "out"] in rows
    assert end.out.rstrip().endswith(" left out.")


@both_signals
def test_a_signal_at_the_last_write_of_many_cuts_nothing_short(number: Signals, code: int) -> None:
    fleet("apply")
    gate = Gate(hold_operation=("registerjobdefinition", 2), before=False)
    stopping = "Stopping after the current steps; no further deployment is started."
    with served(gate) as env:
        first = interrupted(("apply", "--all", "--yes", "--concurrency", "1"), gate, env, number, notice=stopping)
        again = ended(started(("apply", "--all", "--yes"), env))
    assert (first.code, again.code, code) == (0, 0, code)


@both_signals
def test_a_signal_begins_no_further_target(number: Signals, code: int) -> None:
    fleet("apply")
    gate = Gate(hold_operation=("registerjobdefinition", 1), before=False)
    stopping = "Stopping after the current steps; no further deployment is started."
    with served(gate) as env:
        first = interrupted(("apply", "--all", "--yes", "--concurrency", "1"), gate, env, number, notice=stopping)
    assert (first.code, gate.calls.count("registerjobdefinition")) == (code, 0)
    assert len(revisions(gate)) == 1


@both_signals
def test_a_signal_ends_a_row_of_stacks_also_where_it_cuts_none_short(number: Signals, code: int) -> None:
    fleet("apply")
    gate = Gate(hold_operation=("registerjobdefinition", 1), before=False)
    with served(gate) as env:
        first = interrupted(("apply", "before", "after", "--yes"), gate, env, number)
    assert (first.code, "Stopped before the next stack." in first.err, len(revisions(gate))) == (code, True, 1)


def test_a_second_ctrl_c_gives_the_cursor_back() -> None:
    scenario = written("create")
    gate = world_before(scenario, hold_operation=("createcomputeenvironment", 1), before=False)
    with served(gate) as env, terminal() as (screen, stream):
        command = [sys.executable, "-m", "reconciler", *scenario.words]
        process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=stream)
        assert gate.reached.wait(PATIENCE)
        shown = shown_until(b"\x1b[?25l", screen)
        process.send_signal(SIGINT)
        shown += shown_until(STOPPING.encode(), screen)
        process.send_signal(SIGINT)
        shown += shown_until(b"\x1b[?25h", screen)
        process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert shown.rindex(b"\x1b[?25h") > shown.rindex(b"\x1b[?25l")


@contextmanager
def terminal() -> Iterator[tuple[int, int]]:
    """Yield both ends of a terminal: what is shown, and the stream of a process."""
    screen, stream = pty.openpty()
    try:
        yield screen, stream
    finally:
        os.close(screen)
        os.close(stream)


def shown_until(text: bytes, screen: int) -> bytes:
    shown = b""
    while text not in shown:
        ready, _, _ = select.select([screen], [], [], PATIENCE)
        assert ready, shown
        shown += os.read(screen, 4096)
    return shown


def said_until(text: str, process: Forked) -> str:
    """Return what a process says on stdout until then."""
    said = b""
    while text.encode() not in said and (more := os.read(process.stdout.fileno(), 4096)):
        said += more
    return said.decode()


def fleet(command: str) -> None:
    """Write two deployments of one definition, in two regions for a plan and of two stacks in one region for an apply."""
    for folder in ("before", "after"):
        Path(folder).mkdir()
        Path(folder, "stack.yaml").write_text(
            STACK % FIRST if command == "plan" else ONE % {"name": folder}, encoding="utf-8"
        )
    regions = "environments: {here: {region: us-east-1}, there: {region: eu-west-1}}\nstacks: {after: [here, there]}\n"
    apart = "environments: {here: {}}\nstacks: {before: here, after: here}\n"
    Path("reconciler.yaml").write_text(regions if command == "plan" else apart, encoding="utf-8")


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
        assert "Rolled back: the newest revision equals revision 3.\nInterrupted.\n" in first.out


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
    assert "Interrupted. The remaining work is a different plan: plan again." in first.out


def revisions(gate: Gate) -> list[Json]:
    """Return every revision that there has ever been, the newest first."""
    found = gate.cloud.call("DescribeJobDefinitions", {})["jobDefinitions"]
    return sorted(found, key=lambda one: -int(one["revision"]))


PRESSED = """\
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
class CtrlC:
    def find_spec(self, name, *_):
        if name == "reconciler.cli":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, CtrlC())
from reconciler.__main__ import main
main()
"""


def test_ctrl_c_while_modules_are_read_leaves_no_traceback() -> None:
    command = [sys.executable, "-c", PRESSED]
    done = subprocess.run(command, capture_output=True, env={"PYTHONPATH": str(ROOT)}, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (-SIGINT, b"", b"")
