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
from datetime import UTC, datetime

from reconciler.cli.clouds import Sky
from reconciler.cli.output import Output
from reconciler.model import Stack
from reconciler.ports import Holder, Locks
from reconciler.problems import CloudError, Refused, Stopped

PAUSE = 5.0  # seconds between two tries to take a lock


@contextmanager
def locked(path: str, stack: Stack, sky: Sky, args: argparse.Namespace, out: Output) -> Iterator[None]:
    """Hold the stack's lock, if it has one. Raises `Refused` if somebody else holds it, and `CloudError`.

    It is let go in every ending but that of a process that is killed.
    """
    if sky.locks is None:
        yield
        return
    name, mine = lock_name(stack, sky), _myself(stack)
    _take(sky.locks, name, mine, path, sky, args.lock_timeout or 0.0, out)
    try:
        yield
    finally:
        _let_go(sky.locks, name, mine, path, out)


def lock_name(stack: Stack, sky: Sky) -> str:
    """Return what a lock is called: like a stack's resources, it is of one account, region and name prefix."""
    here = sky.cloud.identity()
    return "/".join((here.account, here.region, stack.name, *filter(None, (stack.name_prefix,))))


def told(holder: Holder) -> str:
    """Tell who holds a lock: ana@ci-7 (process 4711, `apply prod`) since 2027-03-31T08:15:00+00:00, 12 min ago."""
    return f"{holder.who} (process {holder.pid}, `{holder.command}`) since {holder.since}{_ago(holder)}"


def _take(locks: Locks, name: str, mine: Holder, path: str, sky: Sky, patience: float, out: Output) -> None:
    start, is_told = sky.clock.now(), False
    while (holder := locks.take(name, mine)) is not None:
        message = f"stack {mine.stack} is locked by {told(holder)}"
        if sky.clock.now() - start >= patience:
            hint = f"wait for it with --lock-timeout 10m; if that run is dead, `reconciler force-unlock {path}`"
            raise Refused(f"{message}; nothing was changed", hint=hint)
        if not is_told:
            out.notice(f"{message}; waiting …")
            is_told = True
        sky.clock.sleep(min(PAUSE, patience))


def _let_go(locks: Locks, name: str, mine: Holder, path: str, out: Output) -> None:
    """Release the lock. What was done is done, so that a failure is told and changes no exit code."""
    try:
        locks.release(name, mine)
    except CloudError as error:
        hint = f"remove it with `reconciler force-unlock {path}`"
        out.complain(Stopped(f"the lock of stack {mine.stack} could not be released: {error.told}", hint=hint))


def _myself(stack: Stack) -> Holder:
    command = shlex.join(["reconciler", *sys.argv[1:2]])  # further words may hold values of variables
    since = datetime.now(UTC).isoformat(timespec="seconds")
    return Holder(stack.name, f"{_user()}@{socket.gethostname()}", os.getpid(), command, since, uuid.uuid4().hex)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run as a user without a name
        return str(os.getuid()) if hasattr(os, "getuid") else "unknown"


def _ago(holder: Holder) -> str:
    from reconciler.report.words import duration

    try:
        since = datetime.fromisoformat(holder.since)
    except ValueError:  # not written by us
        return ""
    return f", {duration(max(0.0, (datetime.now(UTC) - since).total_seconds()))} ago" if since.tzinfo else ""
