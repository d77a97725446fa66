"""The sandbox over HTTP in this process, and the command line as processes of their own, stopped at any call."""

import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from reconciler.app import usecases
from reconciler.kinds import batch_kinds
from reconciler.live.read import read_all
from reconciler.model import Json, Plan, Stack
from reconciler.plan import PlanOptions
from reconciler.problems import Exit
from reconciler.sandbox.core.clock import Timings, TurnableClock
from reconciler.sandbox.core.model import Response
from reconciler.sandbox.core.service import SimulatedCloud, Simulator
from reconciler.sandbox.core.trail import UNKNOWN, Caller
from reconciler.sandbox.server.http import HttpFront, sandbox_server
from reconciler.sandbox.server.protocol import Request
from tests.builders import AS_DECLARED
from tests.fakes import HERE, session_of
from tests.forked import Forked
from tests.world import stranded

ROOT = Path(__file__).parents[1]
TICK = 1.0  # seconds that pass with each call: a run makes the same calls on a slow machine and on a fast one
TIMINGS = Timings(create=3.0, update=3.0, infrastructure=4.0, delete=3.0, relationship_grace=2.0)
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN and threading.current_thread() is threading.main_thread():
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it, and hand that on
PATIENCE = 60.0  # seconds until a process that hangs fails its test
STOPPING = "Stopping after the current steps. Press Ctrl-C again to stop at once; then "


@dataclass
class Gate:
    """Stands before the simulator: counts calls, watches over the queues, and keeps the answer of one call back.

    `hold` is the number of that call, `hold_operation` the path of an operation and the number of its call; `before` the
    work of it is done, or after.
    """

    timings: Timings = TIMINGS
    hold: int = 0
    hold_operation: tuple[str, int] = ("", 0)
    before: bool = True
    calls: list[str] = field(default_factory=list)
    outages: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = TurnableClock()
        self.simulator = Simulator(self.clock, timings=self.timings, recording=False)
        self.cloud = SimulatedCloud(self.simulator, HERE)
        self.reached = threading.Event()
        self.released = threading.Event()
        self._lock = threading.Lock()

    def handle(
        self,
        account: str,
        region: str,
        method: str,
        path: str,
        body: bytes,
        *,
        without_faults: bool = False,
        caller: Caller = UNKNOWN,
    ) -> Response:
        with self._lock:
            self.calls.append(path.rpartition("/")[2])
            is_held = len(self.calls) == self.hold or self._is_awaited(self.calls[-1])
        if is_held and self.before:
            self._keep_back()
            return Response(500, {}, b"", lost=True)
        answer = self._handled(account, region, method, path, body, caller)
        if is_held:
            self._keep_back()
        return answer

    def open(self) -> None:
        """Keep nothing back any more, and count from the beginning."""
        self.hold, self.hold_operation = 0, ("", 0)
        self.released.set()
        self.calls = []

    def apply(self, stack: Stack) -> None:
        """Bring the stack about without a process."""
        finish = usecases.run(self.plan(stack), stack, session_of(self.cloud, self.clock), parallelism=1)
        assert finish.exit is Exit.DONE

    def plan(self, stack: Stack, wanted: PlanOptions = AS_DECLARED) -> Plan:
        return usecases.plan(stack, session_of(self.cloud, self.clock), wanted)

    def inventory(self) -> list[str]:
        """Return every resource that there is, whoever made it, and every revision that there has ever been."""
        live = read_all(self.cloud, batch_kinds()).live
        ever = self.cloud.call("DescribeJobDefinitions", {})["jobDefinitions"]
        revisions = [f"{one['jobDefinitionName']}:{one['revision']} {one['status']}" for one in ever]
        return sorted([str(one.address) for one in live] + revisions)

    def _is_awaited(self, operation: str) -> bool:
        return self.hold_operation == (operation, self.calls.count(operation))

    def _handled(self, account: str, region: str, method: str, path: str, body: bytes, caller: Caller) -> Response:
        with self._lock:
            self.clock.turn(TICK)
            self._watch(f"before {path}")
            answer = self.simulator.handle(account, region, method, path, body, caller=caller)
            self._watch(f"after {path}")
            return answer

    def _watch(self, when: str) -> None:
        self.outages += [f"{when}: {name}" for name in stranded(self.cloud)]

    def _keep_back(self) -> None:
        self.reached.set()
        self.released.wait(PATIENCE)


def undisturbed(front: HttpFront, request: Request) -> Response:
    return front(request)


@contextmanager
def served(gate: Gate, answer: Callable[[HttpFront, Request], Response] = undisturbed) -> Iterator[Mapping[str, str]]:
    """Serve on a free port; yield the environment of processes that are to work there.

    `answer` stands before everything, also what is not Batch.
    """
    server = sandbox_server(gate, 0)
    front = server.RequestHandlerClass.front
    server.RequestHandlerClass.front = staticmethod(lambda request: answer(front, request))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield environment(f"http://127.0.0.1:{server.server_port}")
    finally:
        gate.released.set()
        server.shutdown()
        server.server_close()


def environment(url: str) -> Mapping[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": HERE.region,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "COLUMNS": "100",
    }


def started(words: Sequence[str], env: Mapping[str, str]) -> Forked:
    return Forked(words, env)


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Json:
        return json.loads(self.out)


def ended(process: Forked) -> Ended:
    try:
        out, err = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    assert process.returncode is not None
    return Ended(process.returncode, out, err)


def interrupted(
    words: Sequence[str], gate: Gate, env: Mapping[str, str], number: signal.Signals, *, notice: str = STOPPING
) -> Ended:
    """Run a command to the call whose answer the gate keeps back, send it a signal there, and let that answer go.

    It goes when the command has said its `notice`: who waits less stops some steps later on a busy machine. Who is
    killed never sees it. A command that makes fewer calls ends as if nothing had been.
    """
    process = started(words, env)
    while not gate.reached.wait(0.02) and process.poll() is None:
        pass
    process.send_signal(number)
    said = ""
    if number is signal.SIGKILL:
        process.wait(PATIENCE)
    elif notice:
        said = _said_until(notice, process)
    gate.open()
    end = ended(process)
    return replace(end, err=said + end.err)


def _said_until(notice: str, process: Forked) -> str:
    """Return what a process says on stderr until its notice, or until it ends."""
    said = b""
    while notice.encode() not in said and (more := os.read(process.stderr.fileno(), 4096)):
        said += more
    return said.decode()
