"""What the commands about jobs share: their options, and how they show jobs and logs while they wait."""

from argparse import Action, ArgumentParser, _ActionsContainer
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reconciler.app.request import Session, StackRequest
from reconciler.cli.context import Read
from reconciler.cli.options import parse_duration, parse_path
from reconciler.cli.output import Output
from reconciler.cli.signals import Terminated
from reconciler.ports import Clock
from reconciler.printable import harmless_line
from reconciler.problems import Exit, Stopped

if TYPE_CHECKING:
    from reconciler.jobs.logs import LogLine, LogReader
    from reconciler.jobs.states import JobState
    from reconciler.jobs.waiting import WaitedJobs


def add_stack_option(parser: ArgumentParser) -> None:
    """For commands whose arguments are ids of jobs."""
    parser.add_argument(
        "--stack",
        dest="stacks",
        default=[],
        metavar="STACK",
        type=parse_path,
        help="stack in whose account and region the jobs are (default: the current folder, if it is a stack)",
    )
    parser.set_defaults(most_stacks=1)


def add_timeout(parser: _ActionsContainer) -> Action:
    return parser.add_argument(
        "--timeout", type=parse_duration, metavar="TIME", help="stop waiting after this time, such as 30m (exit 9)"
    )


def check_own_place(request: StackRequest, read: Read, session: Session) -> None:
    """Raise `Denied` where a stack is for a different account or region. AWS is asked only if it says so."""
    from reconciler.plan.guards import check_place

    if read.stack.account or (read.stack.region and request.place.region):
        identity = session.cloud.identity()
        check_place(read.stack, identity.account, identity.region)


def job_clock(session: Session) -> Clock:
    """Return the clock on which jobs are waited for."""
    return session.job_clock or session.clock


@dataclass(slots=True)
class JobTeller:
    """Prints on stderr what becomes of jobs, and their logs line by line. `logged` are the lines so far.

    `shows_logs`: at once; else they are kept, of which `print_last` prints some.
    """

    read: Read
    session: Session
    out: Output
    logs_to_stdout: bool = False
    shows_logs: bool = True
    logged: "list[LogLine]" = field(default_factory=list)
    last_stream: str = ""

    def changed(self, state: "JobState") -> None:
        from reconciler.report.jobs import job_line

        self.notice(job_line(state))

    def waits(self, state: "JobState", why: str) -> None:
        from reconciler.report.jobs import label

        self.notice(f"{label(state)} waits in {state.status}: {why}")

    def notice(self, text: str) -> None:
        self.out.print_notice(harmless_line(self.read.secrets.text(text)))

    def log(self, line: "LogLine") -> None:
        """Print a line of a log as it is, but such that no terminal and no runner obeys it."""
        self.logged.append(line)
        if not self.shows_logs:
            return
        if line.place.stream != self.last_stream:
            self.last_stream = line.place.stream
            self.notice(f"==> {line.place.stream} (attempt {line.place.attempt}) <==")
        text = harmless_line(line.text.rstrip("\r\n"))
        if self.logs_to_stdout:
            self.out.print_line(text)
        else:
            self.out.print_notice(text)

    def print_last(self, count: int) -> None:
        """Print the last lines on stdout."""
        for line in self.logged[-count:]:
            self.out.print_line(harmless_line(line.text.rstrip("\r\n")))

    def reader(self, attempt: int | None = None) -> "LogReader":
        from reconciler.jobs.logs import LogReader

        return LogReader(self.session.cloud, self.session.services("logs"), self.log, attempt)

    def wait(
        self,
        ids: Sequence[str],
        *,
        timeout: float | None = None,
        until: str = "",
        reader: "LogReader | None" = None,
    ) -> "WaitedJobs":
        """Wait for jobs, and show what becomes of them. A signal ends the wait, and the jobs go on."""
        with going_on(ids):
            return self.watch_for(ids, timeout=timeout, until=until, reader=reader)

    def watch_for(
        self,
        ids: Sequence[str],
        *,
        timeout: float | None = None,
        until: str = "",
        reader: "LogReader | None" = None,
    ) -> "WaitedJobs":
        """Wait for jobs, and show what becomes of them."""
        from reconciler.jobs.waiting import transitions, wait_for

        clock = job_clock(self.session)
        told = transitions(self.session.cloud, clock, self.changed, self.waits)

        def look(states: "Sequence[JobState]") -> None:
            for state in states:
                if reader and state.has_ended:  # its last lines come before its end
                    reader.read(state)
                    reader.drain(state, clock)
            told.look(states)
            for state in states:
                if reader and not state.has_ended:
                    reader.read(state)

        return wait_for(self.session.cloud, clock, ids, look, until=until, timeout=timeout)


@contextmanager
def going_on(ids: Sequence[str]) -> Iterator[None]:
    """Raise `Stopped` at a signal: the jobs go on, and how to go on with them."""
    try:
        yield
    except (KeyboardInterrupt, Terminated) as signal:
        is_term = isinstance(signal, Terminated)
        named = ids[0] if len(ids) == 1 else f"{len(ids)} jobs"
        verb = "goes" if len(ids) == 1 else "go"
        which, them = (ids[0], "it") if len(ids) == 1 else ("ID...", "them")
        stopped = Stopped(
            f"{'terminated' if is_term else 'interrupted'}: {named} {verb} on",
            hint=f"`reconciler wait {which}` waits again, `reconciler cancel {which}` ends {them}",
        )
        stopped.exit = Exit.TERMINATED if is_term else Exit.INTERRUPTED
        raise stopped from signal
