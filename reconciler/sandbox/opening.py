"""Open a sandbox as the command line asks for it: in a file that commands share, or in memory."""

from pathlib import Path

from reconciler.ports import Clock
from reconciler.sandbox.clock import SandboxClock, Timings
from reconciler.sandbox.faults import Faults
from reconciler.sandbox.journal import Journal
from reconciler.sandbox.reading import SEEN_UNORDERED
from reconciler.sandbox.simulator import Simulator
from reconciler.sandbox.store import Memory, Store


def open_sandbox(
    file: str | None,
    *,
    clock: Clock | None = None,
    timings: Timings | None = None,
    faults: Faults | None = None,
    seed: int = 0,
    recording: bool = False,
) -> Simulator:
    """Return a simulator whose state is in `file` (None: in memory). Raises `Stopped` for a file that is not ours.

    The clock must tell the time of day if the file outlives the process: resources settle between two commands.
    """
    store: Store = Journal(Path(file)) if file else Memory()
    return Simulator(
        clock or SandboxClock(),
        store=store,
        faults=faults,
        timings=timings,
        seed=seed,
        recording=recording,
        unordered=SEEN_UNORDERED,
        restless=False,
    )
