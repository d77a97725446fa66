"""Where the simulated resources are kept: rows of plain JSON by scope, table and key."""

import fcntl
import json
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Protocol

from reconciler.model import Json
from reconciler.problems import Stopped

Tables = dict[str, dict[str, dict[str, Json]]]  # scope, table, key, row


class Store(Protocol):
    """Rows are replaced, never changed in place. A table keeps the order in which its rows first came."""

    def session(self) -> AbstractContextManager[None]:
        """Hold the store for one call: nobody else writes, and what others wrote before is seen."""

    def rows(self, scope: str, table: str) -> Mapping[str, Json]: ...

    def put(self, scope: str, table: str, key: str, row: Json) -> None:
        """Keep a row; None takes it away."""

    def scopes(self) -> tuple[str, ...]:
        """Return every scope that has had a row."""

    def clear(self) -> None:
        """Forget every row."""


class Memory:
    def __init__(self) -> None:
        self._tables: Tables = {}

    def session(self) -> AbstractContextManager[None]:
        return nullcontext()

    def rows(self, scope: str, table: str) -> Mapping[str, Json]:
        return self._tables.get(scope, {}).get(table, {})

    def put(self, scope: str, table: str, key: str, row: Json) -> None:
        place(self._tables, scope, table, key, row)

    def scopes(self) -> tuple[str, ...]:
        return tuple(self._tables)

    def clear(self) -> None:
        self._tables.clear()


def place(tables: Tables, scope: str, table: str, key: str, row: Json) -> None:
    rows = tables.setdefault(scope, {}).setdefault(table, {})
    if row is None:
        rows.pop(key, None)
    else:
        rows[key] = row


# A store in a file that several processes may share: a log of rows, one JSON line for each write.

HEADER = {"format": "reconciler sandbox", "version": 1}
SLACK = 500  # lines that may be obsolete before a file is worth rewriting


class Journal:
    """Each call holds the file's lock, reads what others appended, and appends its own rows in one write.

    The cost of a write is that of its rows, not of the state. A file that is not ours is never written to. Once most
    of its lines are obsolete the file is rewritten, so that it does not grow while a server lives.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._tables: Tables = {}
        self._pending: list[str] = []
        self._descriptor = -1
        self._offset = 0
        self._lines = 0
        self._allowed = 0  # lines that the file may have before it is looked at for obsolete ones
        with self.session():
            pass

    @contextmanager
    def session(self) -> Iterator[None]:
        self._lock()
        try:
            self._catch_up()
            yield
            self._flush()
            self._compact_if_worth()
        except BaseException:
            self.close()  # also lets go of the lock; what was not written is forgotten with it
            raise
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def rows(self, scope: str, table: str) -> Mapping[str, Json]:
        return self._tables.get(scope, {}).get(table, {})

    def put(self, scope: str, table: str, key: str, row: Json) -> None:
        place(self._tables, scope, table, key, row)
        self._pending.append(json.dumps([scope, table, key, row], separators=(",", ":")))

    def scopes(self) -> tuple[str, ...]:
        return tuple(self._tables)

    def clear(self) -> None:
        self._tables.clear()
        self._pending.clear()
        self._compact()

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        self._pending.clear()

    def _lock(self) -> None:
        """Take the lock of the file that has the name now: another process may have compacted or removed it."""
        while True:
            if self._descriptor < 0:
                self._open()
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
            if self._is_current():
                return
            self.close()

    def _open(self) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as wrong:
            raise Stopped(f"the sandbox cannot use {self._path}: {wrong.strerror}") from wrong
        if not stat.S_ISREG(os.fstat(self._descriptor).st_mode):
            self.close()
            raise Stopped(f"the sandbox cannot use {self._path}: not a regular file", hint="name another file")
        self._tables, self._offset, self._lines = {}, 0, 0

    def _is_current(self) -> bool:
        try:
            return self._path.stat().st_ino == os.fstat(self._descriptor).st_ino
        except FileNotFoundError:
            return False

    def _catch_up(self) -> None:
        size = os.fstat(self._descriptor).st_size
        if size < self._offset:  # somebody emptied it
            self._tables, self._offset, self._lines = {}, 0, 0
        tail = os.pread(self._descriptor, size - self._offset, self._offset)
        lines, newline, torn = tail.rpartition(b"\n")
        for line in lines.split(b"\n") if newline else ():
            self._replay(line)
        self._offset += len(lines) + len(newline)
        if torn:
            self._forget_torn(torn)
        if not self._lines:
            self._append(json.dumps(HEADER))

    def _forget_torn(self, torn: bytes) -> None:
        """Cut off a line that its writer did not finish: nobody else holds the lock, so it died."""
        if not self._lines or not torn.startswith(b"["):
            raise self._foreign(torn)
        os.ftruncate(self._descriptor, self._offset)

    def _replay(self, line: bytes) -> None:
        self._lines += 1
        if self._lines == 1:
            self._check_header(line)
            return
        try:
            scope, table, key, row = json.loads(line)
            place(self._tables, scope, table, key, row)
        except (ValueError, TypeError) as wrong:
            raise Stopped(
                f"{self._path}:{self._lines}: the sandbox's file is damaged", hint="remove it to start afresh"
            ) from wrong

    def _check_header(self, line: bytes) -> None:
        try:
            header = json.loads(line)
        except ValueError:
            header = None
        if header != HEADER:
            raise self._foreign(line)

    def _foreign(self, line: bytes) -> Stopped:
        self._lines = 0
        beginning = line[:40].decode(errors="replace")
        return Stopped(
            f"{self._path} is not a file of this sandbox: it begins with {beginning!r}", hint="name another file"
        )

    def _flush(self) -> None:
        if self._pending:
            self._append(*self._pending)
            self._pending.clear()

    def _append(self, *lines: str) -> None:
        data = "".join(f"{line}\n" for line in lines).encode()
        written = os.pwrite(self._descriptor, data, self._offset)
        if written != len(data):
            raise Stopped(f"the sandbox cannot write to {self._path}: the disk is full")
        self._offset += written
        self._lines += len(lines)

    def _compact_if_worth(self) -> None:
        """Rewrite the file if fewer than half of its lines count. To count them costs nothing until it has doubled."""
        if self._lines <= self._allowed:
            return
        self._allowed = 2 * sum(1 for _ in self._all()) + SLACK
        if self._lines > self._allowed:
            try:
                self._compact()
            except OSError:  # the disk is full, or the folder is not ours to write: the long file serves as well
                self._allowed = 2 * self._lines

    def _compact(self) -> None:
        """Write the state into a new file and give it the name; others see that theirs lost it.

        Killed on the way, a process leaves the old file as it was, and the next one overwrites what it had begun: who
        holds the lock is alone with it.
        """
        fresh = self._path.with_name(f"{self._path.name}.new")
        fresh.unlink(missing_ok=True)
        descriptor = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", closefd=False) as file:
                file.write(json.dumps(HEADER) + "\n")
                file.writelines(json.dumps(line, separators=(",", ":")) + "\n" for line in self._all())
            os.fsync(descriptor)
            size = os.fstat(descriptor).st_size
            fresh.replace(self._path)  # from now on others append to it
        except BaseException:
            os.close(descriptor)
            fresh.unlink(missing_ok=True)
            raise
        os.close(self._descriptor)
        self._descriptor, self._offset = descriptor, size
        self._lines = 1 + sum(1 for _ in self._all())

    def _all(self) -> Iterator[list[Json]]:
        for scope, tables in self._tables.items():
            for table, rows in tables.items():
                for key, row in rows.items():
                    yield [scope, table, key, row]
