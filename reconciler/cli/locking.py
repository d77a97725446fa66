"""The lock of a stack around whatever writes: taken before the plan is made, so that the plan holds when it runs."""

import argparse
import getpass
import os
import shlex
import socket
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from reconciler.cli.clouds import Clients
from reconciler.cli.output import Output
from reconciler.cli.signals import Terminated, in_background, last_words
from reconciler.model import Stack
from reconciler.ports import UNREADABLE, UNSEEN, Clock, Holder, Locks
from reconciler.problems import CloudError, Fault, Refused, Stopped

PAUSE = 5.0  # seconds between two tries to take a lock that is held
SHORT = 1.0  # of one that comes or goes just now
GRACE = 5.0  # seconds for which such a one is tried without --lock-timeout
ANSWER = 5.0  # seconds that a request under way may take after a signal
LONGEST = 200  # characters of a text that others have written
SLACK = 60.0  # seconds by which clocks may differ


@contextmanager
def locked(path: str, stack: Stack, sky: Clients, args: argparse.Namespace, out: Output) -> Iterator[None]:
    """Hold the stack's lock, if it has one. Raises `Refused` if another run holds it, and `CloudError`.

    It is let go in every ending but that of a process that is killed, also where the ending comes while it is taken.
    """
    if sky.locks is None:
        yield
        return
    lock = _Hold(sky.locks, lock_name(stack, sky), _myself(stack), path, out)
    left = f"The lock of stack {stack.name} may be left. Look, and remove it: `reconciler force-unlock {path}`"
    with last_words(left):
        try:
            lock.take(args.lock_timeout, sky.clock)
            yield
        finally:
            lock.let_go()


@dataclass(slots=True)
class _Hold:
    """One run's hold on a lock. `is_taken`: None as long as nothing of ours can be there."""

    locks: Locks
    name: str
    mine: Holder
    path: str
    out: Output
    is_taken: bool | None = None

    def take(self, patience: float | None, clock: Clock) -> None:
        start, is_told = clock.now(), False
        while (holder := self._try()) is not None:
            is_moving = holder == UNSEEN
            message = f"stack {self.mine.stack} is locked by {told(holder)}"
            limit = GRACE if is_moving and patience is None else patience or 0.0
            if clock.now() - start >= limit:
                hint = (
                    f"wait for it with --lock-timeout 10m; if that run is dead, `reconciler force-unlock {self.path}`"
                )
                raise Refused(f"{message}; nothing was changed", hint=hint)
            if not is_told and not is_moving:
                self.out.notice(f"{message}; waiting …")
                is_told = True
            clock.sleep(min(SHORT if is_moving else PAUSE, limit))

    def _try(self) -> Holder | None:
        """Try to take the lock. A signal waits for the answer, since the request may arrive even so."""
        self.is_taken = False
        try:
            holder = in_background(lambda: self.locks.take(self.name, self.mine), ANSWER)
        except CloudError as error:
            if not error.operation.startswith("Get") and error.fault is not Fault.UNKNOWN:
                self.is_taken = None  # the write was refused, or never sent
            raise
        self.is_taken = True if holder is None else None
        return holder

    def let_go(self) -> None:
        """Release the lock. What was done is done: whatever goes wrong here is reported, and changes no exit code."""
        if self.is_taken is None:
            return
        stack = self.mine.stack
        hint = f"see who holds it, and remove it, with `reconciler force-unlock {self.path}`"
        try:
            was_held = in_background(lambda: self.locks.release(self.name, self.mine), ANSWER)
        except CloudError as error:
            self._complain(f"the lock of stack {stack} could not be released: {error.told}", hint)
        except (KeyboardInterrupt, Terminated):
            self._complain(f"the lock of stack {stack} may be left: stopped while it was released", hint)
            raise
        except Exception as error:  # noqa: BLE001 - the run is over, and its outcome must not turn into a bug
            self._complain(f"the lock of stack {stack} could not be released: {type(error).__name__}: {error}", hint)
        else:
            if self.is_taken and not was_held:
                message = f"the lock of stack {stack} was removed or replaced while this run held it"
                self._complain(f"{message}; another run may have written at the same time", "plan again to see")

    def _complain(self, message: str, hint: str) -> None:
        self.out.complain(Stopped(message, hint=hint))


def lock_name(stack: Stack, sky: Clients) -> str:
    """Return what a lock is called: like a stack's resources, it is of one account, region and name prefix."""
    here = sky.cloud.identity()
    return "/".join((here.account, here.region, stack.name, *filter(None, (stack.name_prefix,))))


def told(holder: Holder) -> str:
    """Say who holds a lock: ana@ci-7 (process 4711, `apply prod`) since 2027-03-31T08:15:00+00:00, 12 min ago."""
    if holder == UNSEEN:
        return "a run that takes or releases it at this moment"
    if holder.who == UNREADABLE:
        written = f", written {holder.since}{_ago(holder.since)}" if holder.since else ""
        return f"an unknown run: the content of the lock cannot be read{written}"
    who, command, since = (text[:LONGEST] for text in (holder.who, holder.command, holder.since))
    run = ", ".join(filter(None, (f"process {holder.pid}" if holder.pid else "", f"`{command}`" if command else "")))
    return f"{who or 'an unnamed run'}{f' ({run})' if run else ''} since {since or 'an unknown time'}{_ago(since)}"


def _myself(stack: Stack) -> Holder:
    command = shlex.join(["reconciler", *sys.argv[1:2]])  # further words may hold values of variables
    since = datetime.now(UTC).isoformat(timespec="seconds")
    return Holder(stack.name, f"{_user()}@{socket.gethostname()}", os.getpid(), command, since, uuid.uuid4().hex)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run as a user without a name
        return str(os.getuid()) if hasattr(os, "getuid") else "unknown"


def _ago(since: str) -> str:
    from reconciler.report.words import duration

    try:
        seconds = (datetime.now(UTC) - datetime.fromisoformat(since)).total_seconds()
    except (ValueError, TypeError, OverflowError):  # not written by us
        return ""
    if seconds < -SLACK:
        return f", {duration(-seconds)} ahead of this machine's clock, so it is unknown how long ago"
    return f", {duration(max(0.0, seconds))} ago"
